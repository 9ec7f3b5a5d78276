/* SPDX-License-Identifier: ISC */
/* Jobs run elsewhere, in order, and come home, whatever happens to the helper. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client-tui/net/helper.h"
#include "shared/compiler.h"
#include "tests/support/stage.h"

struct scene {
	struct stage stage;
	struct helper *helper;
	unsigned ran; /* by the helper thread until it is stopped */
	unsigned done, not_run;
	pthread_t thread;
	pthread_mutex_t gate;
};

struct work {
	struct helper_job job;
	struct scene *scene;
	unsigned number;
};

static int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	stage_open(&scene->stage, false);
	pthread_mutex_init(&scene->gate, NULL);
	assert_int_equal(helper_start(scene->stage.base, &scene->helper), STATUS_OK);
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	helper_stop(scene->helper);
	stage_close(&scene->stage);
	pthread_mutex_destroy(&scene->gate);
	free(scene);
	return 0;
}

static void
run(struct helper_job *job)
{
	struct work *work = CONTAINER_OF(job, struct work, job);

	pthread_mutex_lock(&work->scene->gate);
	work->scene->thread = pthread_self();
	work->number = work->scene->ran++;
	pthread_mutex_unlock(&work->scene->gate);
}

static void
done(struct helper_job *job)
{
	struct work *work = CONTAINER_OF(job, struct work, job);

	if (job->did_run)
		assert_int_equal(work->number, work->scene->done);
	else
		work->scene->not_run++;
	work->scene->done++;
	free(work);
}

static enum status
post(struct scene *scene)
{
	struct work *work = calloc(1, sizeof(*work));
	enum status status;

	work->scene = scene;
	work->job.run = run;
	work->job.done = done;
	status = helper_post(scene->helper, &work->job);
	if (status != STATUS_OK)
		free(work);
	return status;
}

static void
jobs_run_elsewhere_and_in_order(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 100; i++)
		assert_int_equal(post(scene), STATUS_OK);
	stage_until(&scene->stage, scene->done == 100);
	assert_int_equal(scene->not_run, 0);
	assert_false(pthread_equal(scene->thread, pthread_self()));
}

static void
too_many_are_refused(void **state)
{
	struct scene *scene = *state;
	unsigned taken = 0;

	pthread_mutex_lock(&scene->gate);
	while (post(scene) == STATUS_OK)
		taken++;
	pthread_mutex_unlock(&scene->gate);
	assert_in_range(taken, 100, 1000);
	stage_until(&scene->stage, scene->done == taken);
	assert_int_equal(post(scene), STATUS_OK);
}

/* Stopped with jobs waiting: none is lost, and those that did not run know it. */
static void
stopping_brings_all_jobs_home(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 200; i++)
		assert_int_equal(post(scene), STATUS_OK);
	helper_stop(scene->helper);
	scene->helper = NULL;
	assert_int_equal(scene->done, 200);
	assert_int_equal(scene->ran + scene->not_run, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jobs_run_elsewhere_and_in_order),
		TEST(too_many_are_refused),
		TEST(stopping_brings_all_jobs_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
