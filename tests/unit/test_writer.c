/* SPDX-License-Identifier: ISC */
/*
 * The writer: many jobs become few commits, and one bad row does not hurt the others; on both
 * engines.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/writer.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/database.h"

struct scene {
	struct writer *writer;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t done;
};

struct task {
	struct writer_job job;
	struct scene *scene;
	struct sample sample;
	struct verb_account_add_ok out;
	unsigned runs;
	enum status status;
};

static enum status
run(void *arg UNUSED, struct store *store, struct writer_job *job)
{
	struct task *task = CONTAINER_OF(job, struct task, job);

	task->runs++;
	return store_account_add(store, &task->sample.add, &task->out);
}

static void
done(void *arg, struct store *store UNUSED, struct writer_job *job, enum status status)
{
	struct scene *scene = arg;

	pthread_mutex_lock(&scene->lock);
	CONTAINER_OF(job, struct task, job)->status = status;
	scene->done++;
	pthread_cond_signal(&scene->changed);
	pthread_mutex_unlock(&scene->lock);
}

static void
open_scene(struct scene *scene, const struct database *database, size_t queue_max)
{
	const struct writer_options options = { .queue_max = queue_max, .run = run, .done = done,
	    .arg = scene };

	memset(scene, 0, sizeof(*scene));
	pthread_mutex_init(&scene->lock, NULL);
	pthread_cond_init(&scene->changed, NULL);
	scene->writer = writer_new(&options, store_new(&database->config, NULL));
}

static void
close_scene(struct scene *scene)
{
	writer_free(scene->writer);
	pthread_cond_destroy(&scene->changed);
	pthread_mutex_destroy(&scene->lock);
}

static struct task *
post_all(struct scene *scene, size_t count)
{
	struct task *tasks = mem_new_array(count, sizeof(*tasks));

	for (size_t i = 0; i < count; i++) {
		sample_fill(&tasks[i].sample, i + 1, "lin");
		assert_int_equal(writer_post(scene->writer, &tasks[i].job, false), STATUS_OK);
	}
	return tasks;
}

static void
wait_for(struct scene *scene, size_t count)
{
	pthread_mutex_lock(&scene->lock);
	while (scene->done < count)
		pthread_cond_wait(&scene->changed, &scene->lock);
	pthread_mutex_unlock(&scene->lock);
}

static void
many_jobs_are_few_commits(void **state)
{
	struct database *database = *state;
	struct writer_figures figures;
	struct scene scene;
	struct task *tasks;

	open_scene(&scene, database, 1000);
	tasks = post_all(&scene, 2 * WRITER_BATCH_MAX + 10);
	writer_figures(scene.writer, &figures);
	assert_int_equal(figures.waiting, 2 * WRITER_BATCH_MAX + 10);
	writer_start(scene.writer);
	wait_for(&scene, 2 * WRITER_BATCH_MAX + 10);
	writer_figures(scene.writer, &figures);
	assert_int_equal(figures.commits, 3);
	assert_int_equal(figures.jobs, 2 * WRITER_BATCH_MAX + 10);
	assert_int_equal(figures.split, 0);
	assert_int_equal(figures.waiting, 0);
	for (size_t i = 0; i < 2 * WRITER_BATCH_MAX + 10; i++) {
		assert_int_equal(tasks[i].status, STATUS_OK);
		assert_int_equal(tasks[i].runs, 1);
		assert_int_equal(tasks[i].out.uid, i + 1);
	}
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"),
	    2 * WRITER_BATCH_MAX + 10);
	close_scene(&scene);
	free(tasks);
}

static void
forbid_poison(const struct database *database)
{
	database_say(database, database->mariadb != NULL ?
	    "CREATE TRIGGER no_poison BEFORE INSERT ON account FOR EACH ROW BEGIN "
	    "IF NEW.name = 'poison' THEN "
	    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF; END" :
	    "CREATE TRIGGER no_poison BEFORE INSERT ON account WHEN NEW.name = 'poison' BEGIN "
	    "SELECT RAISE(ABORT, 'poison'); END");
}

static void
one_bad_row_does_not_hurt_the_others(void **state)
{
	enum { COUNT = 100, BAD = 57 };
	struct database *database = *state;
	struct writer_figures figures;
	struct scene scene;
	struct task *tasks;

	forbid_poison(database);
	open_scene(&scene, database, 1000);
	tasks = post_all(&scene, COUNT);
	tasks[BAD].sample.add.name = bytes_of_string("poison");
	writer_start(scene.writer);
	wait_for(&scene, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(tasks[i].status, i == BAD ? STATUS_STORE_FAILED : STATUS_OK);
	writer_figures(scene.writer, &figures);
	assert_int_equal(figures.split, 1);
	assert_int_equal(figures.commits, COUNT - 1);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), COUNT - 1);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), COUNT - 1);
	close_scene(&scene);
	free(tasks);
}

/* Refused, but no failure of the database: nothing is rolled back or repeated for it. */
static void
a_row_that_is_refused_stays_in_the_batch(void **state)
{
	struct database *database = *state;
	struct writer_figures figures;
	struct scene scene;
	struct task *tasks;

	open_scene(&scene, database, 1000);
	tasks = post_all(&scene, 10);
	tasks[4].sample.add.name = bytes_of_string("no name");
	memcpy(tasks[7].sample.identity, tasks[2].sample.identity, 32);
	writer_start(scene.writer);
	wait_for(&scene, 10);
	writer_figures(scene.writer, &figures);
	assert_int_equal(figures.commits, 1);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(tasks[i].status, i == 4 ? STATUS_BAD_NAME :
		    i == 7 ? STATUS_IDENTITY_TAKEN : STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 8);
	close_scene(&scene);
	free(tasks);
}

static void
a_full_queue_refuses(void **state)
{
	struct database *database = *state;
	struct scene scene;
	struct task *tasks, late;

	memset(&late, 0, sizeof(late));
	sample_fill(&late.sample, 99, "late");
	open_scene(&scene, database, 5);
	tasks = post_all(&scene, 5);
	assert_int_equal(writer_post(scene.writer, &late.job, false), STATUS_BUSY);
	assert_int_equal(writer_post(scene.writer, &late.job, true), STATUS_OK);
	writer_start(scene.writer);
	close_scene(&scene);
	assert_int_equal(scene.done, 6);
	assert_int_equal(late.status, STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 6);
	free(tasks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_jobs_are_few_commits),
		cmocka_unit_test(one_bad_row_does_not_hurt_the_others),
		cmocka_unit_test(a_row_that_is_refused_stays_in_the_batch),
		cmocka_unit_test(a_full_queue_refuses),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
