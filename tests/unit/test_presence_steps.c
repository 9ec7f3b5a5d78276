/* SPDX-License-Identifier: ISC */
/*
 * The presence table, one step at a time. Its code is compiled here once more with a hook before
 * every atomic operation, which are the only places where processes can meet: so what happens
 * when a process is stopped or killed at any instruction can be tried without chance, for all of
 * them. Where two or three have to go on in turns, they are coroutines (makecontext(3)).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

static void on_step(void);

#undef atomic_load
#undef atomic_store
#undef atomic_compare_exchange_strong
#define ORDER memory_order_seq_cst
#define atomic_load(object) (on_step(), atomic_load_explicit(object, ORDER))
#define atomic_store(object, value) (on_step(), atomic_store_explicit(object, value, ORDER))
#define atomic_compare_exchange_strong(object, expected, desired) \
	(on_step(), \
	    atomic_compare_exchange_strong_explicit(object, expected, desired, ORDER, ORDER))

#include "server/bus/presence.c"

#undef atomic_load
#define atomic_load(object) atomic_load_explicit(object, ORDER)

#include "shared/compiler.h"

enum {
	ENTRIES = PRESENCE_SIZE_MIN / 16,
	SLEEPER = 9,	/* child number of the process that is stopped */
	US = 1,
	ALICE = 200,	/* the uid that it is about; others are 1 to ENTRIES */
};

struct lab {
	struct presence_entry table[ENTRIES];
	struct presence presence;
	uint32_t sessions;

	/* What the sleeper got. */
	enum status status;
	bool was_online, was_found, has_left;
	struct presence_holder other;

	/* What we got. */
	struct presence_holder ours;
	bool we_took_over;
	struct presence_holder our_previous;
	bool is_theirs[ENTRIES + 1];	/* other uids that are online with us */
};

/* A ticket that tells its uid. */
static struct presence_holder
ticket(struct lab *lab, uint32_t child, uint64_t uid)
{
	return (struct presence_holder){ .child = child, .generation = 1,
		.session = ++lab->sessions << 8 | (uint32_t)uid };
}

static bool
are_same(const struct presence_holder *a, const struct presence_holder *b)
{
	return a->child == b->child && a->generation == b->generation && a->session == b->session;
}

static enum status
join_alice(struct lab *lab)
{
	lab->ours = ticket(lab, US, ALICE);
	return presence_join(&lab->presence, ALICE, &lab->ours, &lab->our_previous,
	    &lab->we_took_over);
}

/* Everybody else comes, as long as there is room. */
static void
fill(struct lab *lab)
{
	for (uint64_t uid = 1; uid <= ENTRIES; uid++) {
		struct presence_holder own = ticket(lab, US, uid);

		if (lab->is_theirs[uid])
			continue;
		if (presence_join(&lab->presence, uid, &own, NULL, NULL) == STATUS_OK)
			lab->is_theirs[uid] = true;
	}
}

static void
empty(struct lab *lab)
{
	struct presence_holder holder;

	for (uint64_t uid = 1; uid <= ENTRIES; uid++)
		if (lab->is_theirs[uid] && presence_find(&lab->presence, uid, &holder))
			lab->is_theirs[uid] = !presence_leave(&lab->presence, uid, &holder);
}

/* --- what may be said of the table at any time -------------------------- */

static void
check_table(struct lab *lab)
{
	unsigned seen[256] = { 0 };

	for (size_t i = 0; i < ENTRIES; i++) {
		uint64_t value = atomic_load(&lab->table[i].value);
		uint64_t uid = atomic_load(&lab->table[i].uid);

		if (state_of(value) != HELD)
			continue;
		assert_int_equal(value & 0xff, uid);
		assert_int_equal(++seen[uid], 1);
	}
	for (uint64_t uid = 1; uid <= ENTRIES; uid++)
		assert_int_equal(seen[uid], lab->is_theirs[uid]);
}

/* --- scenarios ---------------------------------------------------------- */

struct scenario {
	void (*prepare)(struct lab *lab);
	/* In the sleeper. */
	void (*act)(struct lab *lab);
	/* While it sleeps. */
	void (*disturb)(struct lab *lab);
	/* After it is done. */
	void (*check)(struct lab *lab);
	bool is_killed;		/* … and swept, instead of going on */
};

/* All entries free, but with uids of others in them. */
static void
prepare_used_table(struct lab *lab)
{
	fill(lab);
	empty(lab);
}

static void
prepare_alice_with_us(struct lab *lab)
{
	prepare_used_table(lab);
	assert_int_equal(join_alice(lab), STATUS_OK);
}

static void
prepare_alice_with_sleeper(struct lab *lab)
{
	prepare_used_table(lab);
	lab->other = ticket(lab, SLEEPER, ALICE);
	assert_int_equal(presence_join(&lab->presence, ALICE, &lab->other, NULL, NULL), STATUS_OK);
}

static void
act_join(struct lab *lab)
{
	struct presence_holder own = { .child = SLEEPER, .generation = 1,
	    .session = 0xffffff00u | ALICE };

	lab->status = presence_join(&lab->presence, ALICE, &own, &lab->other, &lab->was_online);
}

static void
act_leave(struct lab *lab)
{
	struct presence_holder own = lab->other;

	lab->has_left = presence_leave(&lab->presence, ALICE, &own);
}

static void
act_find(struct lab *lab)
{
	lab->was_found = presence_find(&lab->presence, ALICE, &lab->other);
}

static void
disturb_by_a_crowd(struct lab *lab)
{
	enum status status = join_alice(lab);

	assert_int_equal(status, STATUS_OK);
	presence_leave(&lab->presence, ALICE, &lab->ours);
	fill(lab);
}

static void
disturb_by_alice(struct lab *lab)
{
	assert_int_equal(join_alice(lab), STATUS_OK);
}

static void
disturb_by_leaving(struct lab *lab)
{
	presence_leave(&lab->presence, ALICE, &lab->ours);
	fill(lab);
}

static void
disturb_not(struct lab *lab UNUSED)
{
}

static void
check_only_the_table(struct lab *lab UNUSED)
{
}

/* Both have joined Alice: one has taken over the other, and both know who. */
static void
check_one_took_over(struct lab *lab)
{
	struct presence_holder now;
	bool is_ours;

	assert_int_equal(lab->status, STATUS_OK);
	assert_true(presence_find(&lab->presence, ALICE, &now));
	is_ours = are_same(&now, &lab->ours);
	if (is_ours) {
		assert_true(lab->we_took_over);
		assert_int_equal(lab->our_previous.child, SLEEPER);
	} else {
		assert_int_equal(now.child, SLEEPER);
		assert_true(lab->was_online);
		assert_true(are_same(&lab->other, &lab->ours));
	}
}

static void
check_we_stay(struct lab *lab)
{
	struct presence_holder now;

	assert_true(presence_find(&lab->presence, ALICE, &now));
	assert_true(are_same(&now, &lab->ours));
	assert_int_equal(lab->has_left, !lab->we_took_over);
}

/* Nothing is left of the dead one: everybody finds room. */
static void
check_room_for_all(struct lab *lab)
{
	fill(lab);
	assert_int_equal(presence_count(&lab->presence), ENTRIES);
}

/* For a reader: an entry changes from another uid's to Alice's. */
static void
prepare_full_table(struct lab *lab)
{
	fill(lab);
}

static uint64_t leaving_uid;

static void
disturb_reader(struct lab *lab)
{
	struct presence_holder holder;

	assert_true(presence_find(&lab->presence, leaving_uid, &holder));
	assert_true(presence_leave(&lab->presence, leaving_uid, &holder));
	lab->is_theirs[leaving_uid] = false;
	assert_int_equal(join_alice(lab), STATUS_OK);
}

static void
check_found(struct lab *lab)
{
	if (lab->was_found)
		assert_true(are_same(&lab->other, &lab->ours));
}

/* --- stopping one ------------------------------------------------------- */

/* What happens at the next steps: nothing, or in so many of them the scenario's worst. */
static struct {
	const struct scenario *scenario;
	struct lab *lab;
	unsigned steps_left;
	unsigned steps;
	jmp_buf death;
} stage;

static void yield_coroutine(void);

static void
on_step(void)
{
	const struct scenario *scenario = stage.scenario;

	yield_coroutine();
	stage.steps++;
	if (scenario == NULL || stage.steps_left-- > 0)
		return;
	stage.scenario = NULL;
	scenario->disturb(stage.lab);
	check_table(stage.lab);
	if (scenario->is_killed)
		longjmp(stage.death, 1);
}

static void
reset(struct lab *lab)
{
	memset(lab, 0, sizeof(*lab));
	assert_true(presence_init(&lab->presence, lab->table, sizeof(lab->table)));
}

/* Steps that it takes undisturbed. */
static unsigned
count_steps(const struct scenario *scenario)
{
	struct lab lab;

	reset(&lab);
	scenario->prepare(&lab);
	stage.steps = 0;
	scenario->act(&lab);
	return stage.steps;
}

/* False: it was killed on the way. */
static bool
is_survived(const struct scenario *scenario, struct lab *lab)
{
	if (setjmp(stage.death) != 0)
		return false;
	scenario->act(lab);
	return true;
}

static void
stop_there(const struct scenario *scenario, unsigned after)
{
	struct lab lab;

	reset(&lab);
	scenario->prepare(&lab);
	stage.lab = &lab;
	stage.steps_left = after;
	stage.scenario = scenario;
	if (!is_survived(scenario, &lab))
		presence_sweep(&lab.presence, SLEEPER, 1);
	stage.scenario = NULL;
	check_table(&lab);
	scenario->check(&lab);
	check_table(&lab);
}

static void
stop_everywhere(const struct scenario *scenario)
{
	unsigned steps = count_steps(scenario);

	assert_true(steps > 1);
	for (unsigned after = 0; after < steps; after++)
		stop_there(scenario, after);
}

static void
a_joiner_wakes_in_a_crowd(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_used_table, .act = act_join,
		.disturb = disturb_by_a_crowd, .check = check_only_the_table };

	stop_everywhere(&scenario);
}

static void
two_join_the_same(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_used_table, .act = act_join,
		.disturb = disturb_by_alice, .check = check_one_took_over };

	stop_everywhere(&scenario);
}

static void
a_joiner_is_killed(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_used_table, .act = act_join,
		.disturb = disturb_not, .check = check_room_for_all, .is_killed = true };

	stop_everywhere(&scenario);
}

static void
who_is_to_be_taken_over_leaves(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_alice_with_us, .act = act_join,
		.disturb = disturb_by_leaving, .check = check_only_the_table };

	stop_everywhere(&scenario);
}

static void
two_take_over(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_alice_with_us, .act = act_join,
		.disturb = disturb_by_alice, .check = check_one_took_over };

	stop_everywhere(&scenario);
}

static void
who_leaves_is_taken_over(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_alice_with_sleeper,
	    .act = act_leave,
		.disturb = disturb_by_alice, .check = check_we_stay };

	stop_everywhere(&scenario);
}

static void
who_leaves_wakes_in_a_crowd(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_alice_with_sleeper,
	    .act = act_leave,
		.disturb = disturb_by_a_crowd, .check = check_only_the_table };

	stop_everywhere(&scenario);
}

static void
who_leaves_is_killed(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_alice_with_sleeper,
	    .act = act_leave,
		.disturb = disturb_not, .check = check_room_for_all, .is_killed = true };

	stop_everywhere(&scenario);
}

static void
an_entry_changes_under_a_reader(void **state UNUSED)
{
	static const struct scenario scenario = { .prepare = prepare_full_table, .act = act_find,
		.disturb = disturb_reader, .check = check_found };

#ifdef __SANITIZE_THREAD__
	enum { EVERY = 13 }; /* slow, and of no use here */
#else
	enum { EVERY = 1 };
#endif

	for (leaving_uid = 1; leaving_uid <= ENTRIES; leaving_uid += EVERY)
		stop_everywhere(&scenario);
}

/* --- several in turns --------------------------------------------------- */

enum { ACTORS = 3, STACK = 64 * 1024 };

struct actor {
	ucontext_t context;
	_Alignas(16) uint8_t stack[STACK];
	struct presence_holder own, previous;
	enum status status;
	bool was_online, has_left;
	bool leaves;		/* again, at once */
	bool is_done;
	unsigned steps;		/* until it is stopped */
};

static struct {
	ucontext_t director;
	struct actor actors[ACTORS];
	struct actor *now;	/* NULL: no coroutine runs */
	struct lab lab, empty_lab;
} play;

static void
yield_coroutine(void)
{
	if (play.now != NULL && play.now->steps-- == 0)
		swapcontext(&play.now->context, &play.director);
}

static void
act_in_turns(void)
{
	struct actor *actor = play.now;

	actor->status = presence_join(&play.lab.presence, ALICE, &actor->own, &actor->previous,
	    &actor->was_online);
	if (actor->leaves)
		actor->has_left = presence_leave(&play.lab.presence, ALICE, &actor->own);
	actor->is_done = true;
	swapcontext(&actor->context, &play.director);
}

/* getcontext(3) returns twice, as far as the compiler knows: so no loop is around it. */
static void __attribute__((noinline))
start_actor(struct actor *actor)
{
	getcontext(&actor->context);
	actor->context.uc_stack.ss_sp = actor->stack;
	actor->context.uc_stack.ss_size = sizeof(actor->stack);
	actor->context.uc_link = NULL;
	makecontext(&actor->context, act_in_turns, 0);
}

static void
start_play(unsigned actors, unsigned leavers)
{
	play.lab = play.empty_lab;
	play.lab.presence.entries = play.lab.table;
	for (unsigned i = 0; i < actors; i++) {
		struct actor *actor = &play.actors[i];

		start_actor(actor);
		actor->own = ticket(&play.lab, i, ALICE);
		actor->leaves = leavers >> i & 1;
		actor->is_done = actor->has_left = false;
	}
}

static void
prepare_plays(void)
{
#ifdef __SANITIZE_THREAD__
	skip(); /* it cannot follow makecontext(3), and there are no threads here anyway */
#endif
	reset(&play.empty_lab);
	prepare_used_table(&play.empty_lab);
}

/* Lets one go on for so many steps; true when it was done before. */
static bool
go_on(unsigned number, unsigned steps)
{
	struct actor *actor = &play.actors[number];

	if (actor->is_done)
		return true;
	actor->steps = steps;
	play.now = actor;
	swapcontext(&play.director, &actor->context);
	play.now = NULL;
	return actor->is_done;
}

/*
 * Whatever the order was: all have joined, and each who did was ended once, by a takeover or by
 * itself, but for the one who is online now, if anybody is. No entry is left in use but that
 * one's.
 */
static void
check_play(unsigned actors)
{
	struct presence_holder now = { .child = UINT32_MAX };
	bool is_online = presence_find(&play.lab.presence, ALICE, &now);
	unsigned used = 0;

	check_table(&play.lab);
	for (size_t i = 0; i < ENTRIES; i++)
		used += atomic_load(&play.lab.table[i].value) != 0;
	assert_int_equal(used, is_online);
	for (unsigned i = 0; i < actors; i++) {
		const struct actor *actor = &play.actors[i];
		unsigned ends = actor->has_left;

		assert_int_equal(actor->status, STATUS_OK);
		for (unsigned j = 0; j < actors; j++)
			ends += play.actors[j].was_online && are_same(&play.actors[j].previous,
			    &actor->own);
		ends += is_online && are_same(&now, &actor->own);
		assert_int_equal(ends, 1);
	}
}

/*
 * One is stopped after "a" steps, the other after "b", then both go on: for all a and b, and
 * whoever leaves again.
 */
static void
two_join_in_turns(void **state UNUSED)
{
	unsigned plays = 0;

	prepare_plays();
	for (unsigned leavers = 0; leavers < 4; leavers++) {
		bool first_is_done = false;

		for (unsigned a = 0; !first_is_done; a++) {
			bool second_is_done = false;

			for (unsigned b = 0; !second_is_done; b++) {
				start_play(2, leavers);
				first_is_done = go_on(0, a);
				second_is_done = go_on(1, b);
				check_table(&play.lab);
				go_on(0, UINT32_MAX);
				go_on(1, UINT32_MAX);
				check_play(2);
				plays++;
			}
		}
	}
	print_message("%u orders\n", plays);
}

/* Three in an order that a number makes, long runs and short ones. */
static void
three_join_in_turns(void **state UNUSED)
{
	enum { PLAYS = 20000 };
	uint64_t seed = 1;

	prepare_plays();
	for (unsigned i = 0; i < PLAYS; i++) {
		unsigned left = ACTORS;

		start_play(ACTORS, i % (1 << ACTORS));
		while (left > 0) {
			unsigned number, steps;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			number = (unsigned)(seed >> 40) % ACTORS;
			steps = 1 + (unsigned)(seed >> 50) % (i % 3 == 0 ? 8 : 90);
			if (play.actors[number].is_done)
				continue;
			left -= go_on(number, steps);
			check_table(&play.lab);
		}
		check_play(ACTORS);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_joiner_wakes_in_a_crowd),
		cmocka_unit_test(two_join_the_same),
		cmocka_unit_test(a_joiner_is_killed),
		cmocka_unit_test(who_is_to_be_taken_over_leaves),
		cmocka_unit_test(two_take_over),
		cmocka_unit_test(who_leaves_is_taken_over),
		cmocka_unit_test(who_leaves_wakes_in_a_crowd),
		cmocka_unit_test(who_leaves_is_killed),
		cmocka_unit_test(an_entry_changes_under_a_reader),
		cmocka_unit_test(two_join_in_turns),
		cmocka_unit_test(three_join_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
