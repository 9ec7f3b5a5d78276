/* SPDX-License-Identifier: ISC */
/* Two people talk without a server: real threads, real sockets, several addresses of loopback. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/talker.h"

enum { ANN = 1001, BEN = 1002, CAI = 1003 };

struct scene {
	struct stage stage;
	struct talker ann, ben, cai;
	struct heard *ben_of_ann, *ann_of_ben; /* what Ann heard of Ben, and Ben of Ann */
};

static int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	stage_open(&scene->stage, false);
	talker_open(&scene->ann, &scene->stage, ANN, NULL);
	talker_open(&scene->ben, &scene->stage, BEN, NULL);
	talkers_order(&scene->ann, &scene->ben);
	scene->ben_of_ann = heard_of(&scene->ann, BEN);
	scene->ann_of_ben = heard_of(&scene->ben, ANN);
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	talker_close(&scene->ann);
	talker_close(&scene->ben);
	talker_close(&scene->cai);
	stage_close(&scene->stage);
	free(scene);
	return 0;
}

static void
connect_both(struct scene *scene, bool ann_dials, bool ben_dials)
{
	unsigned ups = scene->ben_of_ann->ups, other = scene->ann_of_ben->ups;

	introduce(&scene->ann, &scene->ben, ann_dials, ben_dials);
	stage_until(&scene->stage, scene->ben_of_ann->ups > ups && scene->ann_of_ben->ups > other);
}

static void
both_type(struct scene *scene)
{
	unsigned delivered = scene->ben_of_ann->delivered, texts = scene->ben_of_ann->texts;

	talker_say(&scene->ann, BEN, 7, "hello \xe5\x90\xac\xe9\x9b\xa8\nsecond line");
	talker_say(&scene->ben, ANN, 8, "hi");
	stage_until(&scene->stage,
	    scene->ben_of_ann->delivered > delivered && scene->ben_of_ann->texts > texts &&
		scene->ann_of_ben->delivered > 0 && scene->ann_of_ben->texts > 0);
	assert_string_equal(scene->ann_of_ben->text, "hello \xe5\x90\xac\xe9\x9b\xa8\nsecond line");
	assert_string_equal(scene->ben_of_ann->text, "hi");
	assert_int_equal(scene->ben_of_ann->last_id, 7);
	assert_int_equal(scene->ann_of_ben->last_id, 8);
}

static void
both_dial_and_both_type(void **state)
{
	connect_both(*state, true, true);
	both_type(*state);
}

static void
the_greater_key_dials_alone(void **state)
{
	connect_both(*state, true, false);
	both_type(*state);
}

static void
the_lesser_key_dials_alone(void **state)
{
	connect_both(*state, false, true);
	both_type(*state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_dial_and_both_type),
		TEST(the_greater_key_dials_alone),
		TEST(the_lesser_key_dials_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
