/* SPDX-License-Identifier: ISC */
/*
 * The elastic pool: it grows when jobs wait, shrinks when they do not, refuses what is too
 * much, and does all it took.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/pool.h"
#include "shared/compiler.h"
#include "shared/mem.h"

/* What the threads and the test tell each other. */
struct scene {
	struct pool *pool;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned alive, started, stopped;	/* threads */
	unsigned running, ran;			/* jobs */
	unsigned order[64];
	bool gate_is_open;
};

struct task {
	struct pool_job job;
	unsigned number;
};

static void *
on_start(void *arg)
{
	struct scene *scene = arg;

	pthread_mutex_lock(&scene->lock);
	scene->alive++;
	scene->started++;
	pthread_cond_broadcast(&scene->changed);
	pthread_mutex_unlock(&scene->lock);
	return mem_new(1);
}

static void
on_stop(void *arg, void *tool)
{
	struct scene *scene = arg;

	free(tool);
	pthread_mutex_lock(&scene->lock);
	scene->alive--;
	scene->stopped++;
	pthread_cond_broadcast(&scene->changed);
	pthread_mutex_unlock(&scene->lock);
}

static void
run(void *arg, void *tool, struct pool_job *job)
{
	struct scene *scene = arg;
	struct task *task = CONTAINER_OF(job, struct task, job);

	assert_non_null(tool);
	pthread_mutex_lock(&scene->lock);
	scene->order[scene->ran++ % ARRAY_LEN(scene->order)] = task->number;
	scene->running++;
	pthread_cond_broadcast(&scene->changed);
	while (!scene->gate_is_open)
		pthread_cond_wait(&scene->changed, &scene->lock);
	scene->running--;
	pthread_cond_broadcast(&scene->changed);
	pthread_mutex_unlock(&scene->lock);
	free(task);
}

/* Under the lock; a test that waits for what never comes is ended by its time limit. */
#define wait_until(scene, condition) \
	do { \
		pthread_mutex_lock(&(scene)->lock); \
		while (!(condition)) \
			pthread_cond_wait(&(scene)->changed, &(scene)->lock); \
		pthread_mutex_unlock(&(scene)->lock); \
	} while (0)

static void
open_scene(struct scene *scene, unsigned minimum, unsigned maximum, size_t queue_max,
    unsigned grow_ms, unsigned idle_ms)
{
	const struct pool_options options = {
		.minimum = minimum, .maximum = maximum, .queue_max = queue_max, .grow_ms = grow_ms,
		    .idle_ms = idle_ms,
		.on_start = on_start, .on_stop = on_stop, .run = run, .arg = scene,
	};

	memset(scene, 0, sizeof(*scene));
	pthread_mutex_init(&scene->lock, NULL);
	pthread_cond_init(&scene->changed, NULL);
	scene->pool = pool_new(&options);
}

static void
open_gate(struct scene *scene, bool open)
{
	pthread_mutex_lock(&scene->lock);
	scene->gate_is_open = open;
	pthread_cond_broadcast(&scene->changed);
	pthread_mutex_unlock(&scene->lock);
}

static enum status
post(struct scene *scene, unsigned number, bool urgent)
{
	struct task *task = mem_new(sizeof(*task));
	enum status status;

	task->number = number;
	status = pool_post(scene->pool, &task->job, urgent);
	if (status != STATUS_OK)
		free(task);
	return status;
}

static void
close_scene(struct scene *scene)
{
	pool_free(scene->pool);
	assert_int_equal(scene->alive, 0);
	assert_int_equal(scene->started, scene->stopped);
	pthread_cond_destroy(&scene->changed);
	pthread_mutex_destroy(&scene->lock);
}

static void
it_grows_to_the_maximum_and_shrinks_to_the_minimum(void **state UNUSED)
{
	struct scene scene;
	struct pool_figures figures;

	open_scene(&scene, 2, 5, 100, 1, 20);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(post(&scene, i, false), STATUS_OK);
	wait_until(&scene, scene.running == 5);
	pool_figures(scene.pool, &figures);
	assert_int_equal(figures.threads, 5);
	assert_int_equal(figures.waiting, 5);
	open_gate(&scene, true);
	wait_until(&scene, scene.ran == 10 && scene.running == 0);
	wait_until(&scene, scene.alive == 2);
	pool_figures(scene.pool, &figures);
	assert_int_equal(figures.threads, 2);
	assert_int_equal(figures.waiting, 0);

	/* And again. */
	open_gate(&scene, false);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(post(&scene, i, false), STATUS_OK);
	wait_until(&scene, scene.running == 4);
	open_gate(&scene, true);
	wait_until(&scene, scene.alive == 2);
	/* One more when those that idled are slow to wake up. */
	assert_in_range(scene.started, 7, 8);
	close_scene(&scene);
}

static void
jobs_that_do_not_wait_long_are_no_reason_to_grow(void **state UNUSED)
{
	struct scene scene;

	open_scene(&scene, 1, 8, 100, 60000, 1000);
	open_gate(&scene, true);
	for (unsigned i = 1; i <= 200; i++) {
		assert_int_equal(post(&scene, i, false), STATUS_OK);
		wait_until(&scene, scene.ran == i && scene.running == 0);
	}
	assert_int_equal(scene.started, 1);
	close_scene(&scene);
}

static void
a_full_queue_refuses_but_not_what_is_urgent(void **state UNUSED)
{
	struct scene scene;

	open_scene(&scene, 1, 1, 3, 1, 1000);
	assert_int_equal(post(&scene, 0, false), STATUS_OK);
	wait_until(&scene, scene.running == 1);
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(post(&scene, i, false), STATUS_OK);
	assert_int_equal(post(&scene, 4, false), STATUS_BUSY);
	assert_int_equal(post(&scene, 5, true), STATUS_OK);
	open_gate(&scene, true);
	wait_until(&scene, scene.ran == 5 && scene.running == 0);
	for (unsigned i = 0; i < 5; i++) {
		static const unsigned order[] = { 0, 5, 1, 2, 3 };

		assert_int_equal(scene.order[i], order[i]);
	}
	assert_int_equal(post(&scene, 6, false), STATUS_OK);
	close_scene(&scene);
}

static void
what_was_taken_is_done_before_it_ends(void **state UNUSED)
{
	struct scene scene;

	open_scene(&scene, 2, 3, 1000, 1, 1);
	open_gate(&scene, true);
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(post(&scene, i, false), STATUS_OK);
	close_scene(&scene);
	assert_int_equal(scene.ran, 500);
}

static void
it_comes_and_goes_quickly(void **state UNUSED)
{
	struct scene scene;

	for (unsigned round = 0; round < 50; round++) {
		open_scene(&scene, 1 + round % 3, 4, 10, 1, 1);
		open_gate(&scene, true);
		for (unsigned i = 0; i < round % 7; i++)
			assert_int_equal(post(&scene, i, false), STATUS_OK);
		close_scene(&scene);
		assert_int_equal(scene.ran, round % 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_to_the_maximum_and_shrinks_to_the_minimum),
		cmocka_unit_test(jobs_that_do_not_wait_long_are_no_reason_to_grow),
		cmocka_unit_test(a_full_queue_refuses_but_not_what_is_urgent),
		cmocka_unit_test(what_was_taken_is_done_before_it_ends),
		cmocka_unit_test(it_comes_and_goes_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
