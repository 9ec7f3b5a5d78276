/* SPDX-License-Identifier: ISC */
/*
 * The presence table: what it says, and that it stays right while processes that write it are
 * stopped and killed.
 */

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/bus/presence.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/process.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { EFFORT = 1 };
#else
enum { EFFORT = 4 };
#endif

/* The table as it lies in memory, seen from outside. */
struct raw {
	_Atomic uint64_t uid;
	_Atomic uint64_t value;
};

enum raw_state { RAW_RESERVED = 1, RAW_CLAIMED = 2, RAW_HELD = 3 };

static uint64_t
raw_value(enum raw_state state, uint32_t child, uint32_t generation, uint32_t session)
{
	return (uint64_t)state << 62 | (uint64_t)child << 52 | (uint64_t)generation << 32 | session;
}

static void *
new_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static struct presence_holder
holder(uint32_t child, uint32_t generation, uint32_t session)
{
	return (struct presence_holder){ child, generation, session };
}

static void
assert_holder(const struct presence_holder *actual, const struct presence_holder *expected)
{
	assert_int_equal(actual->child, expected->child);
	assert_int_equal(actual->generation, expected->generation);
	assert_int_equal(actual->session, expected->session);
}

static struct presence
new_table(void **memory, size_t size)
{
	struct presence presence;

	*memory = new_memory(size);
	assert_true(presence_init(&presence, *memory, size));
	return presence;
}

/* --- what it says ------------------------------------------------------- */

static void
who_joins_is_found_until_he_leaves(void **state UNUSED)
{
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	struct presence_holder found;
	struct presence_holder first = holder(PRESENCE_CHILD_MAX, PRESENCE_GENERATION_MASK,
	    UINT32_MAX);
	bool was_online = true;

	assert_false(presence_find(&presence, 7, NULL));
	assert_int_equal(presence_join(&presence, 7, &first, NULL, &was_online), STATUS_OK);
	assert_false(was_online);
	assert_true(presence_find(&presence, 7, &found));
	assert_holder(&found, &first);
	assert_false(presence_find(&presence, 8, NULL));
	assert_int_equal(presence_count(&presence), 1);
	assert_true(presence_leave(&presence, 7, &first));
	assert_false(presence_leave(&presence, 7, &first));
	assert_false(presence_find(&presence, 7, NULL));
	assert_int_equal(presence_count(&presence), 0);
	munmap(memory, PRESENCE_SIZE_MIN);
}

static void
a_takeover_says_whose_it_was(void **state UNUSED)
{
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	struct presence_holder first = holder(1, 1, 1), second = holder(2, 5, 1), previous, found;
	bool was_online = false;

	assert_int_equal(presence_join(&presence, 7, &first, NULL, NULL), STATUS_OK);
	assert_int_equal(presence_join(&presence, 7, &second, &previous, &was_online), STATUS_OK);
	assert_true(was_online);
	assert_holder(&previous, &first);
	assert_int_equal(presence_count(&presence), 1);
	/* The one before has nothing to leave any more. */
	assert_false(presence_leave(&presence, 7, &first));
	assert_true(presence_find(&presence, 7, &found));
	assert_holder(&found, &second);
	munmap(memory, PRESENCE_SIZE_MIN);
}

static void
a_full_table_says_so_and_free_entries_serve_anybody(void **state UNUSED)
{
	enum { ENTRIES = PRESENCE_SIZE_MIN / 16 };
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	struct presence_holder own = holder(3, 1, 0);

	for (uint64_t round = 0; round < 5; round++) {
		for (uint64_t uid = 1000 * round + 1; uid <= 1000 * round + ENTRIES; uid++) {
			enum status status;

			own.session++;
			status = presence_join(&presence, uid, &own, NULL, NULL);
			assert_int_equal(status, STATUS_OK);
		}
		own.session++;
		assert_int_equal(presence_join(&presence, 1000 * round + 999, &own, NULL, NULL),
		    STATUS_FULL);
		assert_false(presence_find(&presence, 1000 * round + 999, NULL));
		assert_int_equal(presence_count(&presence), ENTRIES);
		for (uint64_t i = 1; i <= ENTRIES; i++) {
			struct presence_holder found;

			assert_true(presence_find(&presence, 1000 * round + i, &found));
			assert_true(presence_leave(&presence, 1000 * round + i, &found));
		}
	}
	munmap(memory, PRESENCE_SIZE_MIN);
}

static void
a_table_holds_what_it_was_made_for(void **state UNUSED)
{
	enum { USERS = 20000 };
	size_t size = presence_size(USERS);
	void *memory;
	struct presence presence = new_table(&memory, size);
	struct presence_holder found;

	/* Uids as a store counts them, and then as nobody would. */
	for (uint32_t i = 1; i <= USERS; i++) {
		struct presence_holder own = holder(0, 1, i);
		uint64_t uid = i % 2 == 0 ? i : (uint64_t)i << 40;

		assert_int_equal(presence_join(&presence, uid, &own, NULL, NULL), STATUS_OK);
	}
	for (uint32_t i = 1; i <= USERS; i++) {
		assert_true(presence_find(&presence, i % 2 == 0 ? i : (uint64_t)i << 40, &found));
		assert_int_equal(found.session, i);
	}
	munmap(memory, size);
}

static void
a_sweep_takes_one_life_of_one_child(void **state UNUSED)
{
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	struct presence_holder dead = holder(2, 7, 0), next = holder(2, 8, 0);
	struct presence_holder other = holder(3, 7, 0);

	for (uint64_t uid = 1; uid <= 30; uid += 3) {
		dead.session = next.session = other.session = (uint32_t)uid;
		assert_int_equal(presence_join(&presence, uid, &dead, NULL, NULL), STATUS_OK);
		assert_int_equal(presence_join(&presence, uid + 1, &next, NULL, NULL), STATUS_OK);
		assert_int_equal(presence_join(&presence, uid + 2, &other, NULL, NULL), STATUS_OK);
	}
	assert_int_equal(presence_sweep(&presence, 2, 7), 10);
	assert_int_equal(presence_sweep(&presence, 2, 7), 0);
	assert_int_equal(presence_count(&presence), 20);
	for (uint64_t uid = 1; uid <= 30; uid++)
		assert_int_equal(presence_find(&presence, uid, NULL), uid % 3 != 1);
	munmap(memory, PRESENCE_SIZE_MIN);
}

static bool
stop_at_three(void *arg, uint64_t uid, const struct presence_holder *who)
{
	unsigned *count = arg;

	assert_int_equal(uid, who->session);
	return ++*count < 3;
}

static void
a_walk_can_be_ended(void **state UNUSED)
{
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	unsigned count = 0;

	for (uint32_t i = 1; i <= 10; i++) {
		struct presence_holder own = holder(0, 1, i);

		assert_int_equal(presence_join(&presence, i, &own, NULL, NULL), STATUS_OK);
	}
	presence_each(&presence, stop_at_three, &count);
	assert_int_equal(count, 3);
	munmap(memory, PRESENCE_SIZE_MIN);
}

static void
too_little_memory_is_refused(void **state UNUSED)
{
	_Alignas(16) static uint8_t memory[PRESENCE_SIZE_MIN];
	struct presence presence;

	assert_false(presence_init(&presence, memory, PRESENCE_SIZE_MIN - 1));
	assert_true(presence_init(&presence, memory, PRESENCE_SIZE_MIN));
	assert_int_equal(presence_size(0), PRESENCE_SIZE_MIN);
	assert_true(presence_size(1000000) >= 64 * 1000000ul);
	assert_true(presence_size(1000000) <= 128 * 1000000ul);
}

/* --- who was stopped in the middle -------------------------------------- */

/* Somebody sleeps with uid 7 claimed in every entry of the table but one. */
static void
a_sleeping_claim_gives_way(void **state UNUSED)
{
	enum { ENTRIES = PRESENCE_SIZE_MIN / 16 };
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	struct raw *raw = memory;
	struct presence_holder own = holder(1, 1, 1), found;

	for (uint32_t i = 0; i < ENTRIES - 1; i++) {
		atomic_store(&raw[i].uid, 7);
		atomic_store(&raw[i].value, raw_value(RAW_CLAIMED, 5, 1, 100 + i));
	}
	assert_false(presence_find(&presence, 7, NULL));
	assert_int_equal(presence_join(&presence, 7, &own, NULL, NULL), STATUS_OK);
	for (uint32_t i = 0; i < ENTRIES - 1; i++)
		assert_true(atomic_load(&raw[i].value) == 0);
	assert_true(presence_find(&presence, 7, &found));
	assert_holder(&found, &own);
	munmap(memory, PRESENCE_SIZE_MIN);
}

/* Claims of others are nobody else's business. */
static void
a_sleeping_claim_of_another_uid_stays(void **state UNUSED)
{
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	struct raw *raw = memory;
	struct presence_holder own = holder(1, 1, 1);

	atomic_store(&raw[0].uid, 8);
	atomic_store(&raw[0].value, raw_value(RAW_CLAIMED, 5, 1, 1));
	assert_int_equal(presence_join(&presence, 7, &own, NULL, NULL), STATUS_OK);
	assert_true(atomic_load(&raw[0].value) == raw_value(RAW_CLAIMED, 5, 1, 1));
	munmap(memory, PRESENCE_SIZE_MIN);
}

/*
 * A reserved entry says nothing about the uid that still stands in it, and only a sweep frees it.
 */
static void
a_reserved_entry_is_left_alone(void **state UNUSED)
{
	void *memory;
	struct presence presence = new_table(&memory, PRESENCE_SIZE_MIN);
	struct raw *raw = memory;
	struct presence_holder own = holder(1, 1, 1), found;

	for (size_t i = 0; i < 32; i++) {
		atomic_store(&raw[i].uid, 7);
		atomic_store(&raw[i].value, raw_value(RAW_RESERVED, 5, 1, 1));
	}
	assert_false(presence_find(&presence, 7, NULL));
	assert_int_equal(presence_join(&presence, 7, &own, NULL, NULL), STATUS_OK);
	assert_true(presence_find(&presence, 7, &found));
	assert_holder(&found, &own);
	assert_true(atomic_load(&raw[0].value) == raw_value(RAW_RESERVED, 5, 1, 1));
	assert_int_equal(presence_sweep(&presence, 5, 1), 32);
	assert_int_equal(presence_count(&presence), 1);
	munmap(memory, PRESENCE_SIZE_MIN);
}

/* --- many at once ------------------------------------------------------- */

/*
 * Workers join, find and leave a few uids as fast as they can, in a table with hardly any room. A
 * session number says to which uid it belongs, so whoever finds another's session under a uid
 * knows it. A verifier looks for a uid that is held twice.
 */
enum {
	WORKERS = 4,
	UIDS = 40,	/* of a table with 64 entries: many of them in use, few windows alike */
	UID_BITS = 8,
};

struct arena {
	_Atomic bool is_over;
	_Atomic uint64_t wrong;		/* sessions seen under another uid */
	_Atomic uint64_t work[WORKERS];	/* joins that each has done */
	_Atomic uint64_t taken[WORKERS];	/* takeovers by each */
	_Alignas(64) uint8_t table[PRESENCE_SIZE_MIN];
};

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void
check_session(struct arena *arena, uint64_t uid, const struct presence_holder *who)
{
	if ((who->session & ((1u << UID_BITS) - 1)) != uid)
		atomic_fetch_add(&arena->wrong, 1);
}

static void
work_once(struct arena *arena, const struct presence *presence, struct presence_holder *own,
    uint64_t *seed, uint32_t *sessions)
{
	uint64_t uid = 1 + next_random(seed) % UIDS;
	struct presence_holder other;
	bool was_online;

	own->session = ++*sessions << UID_BITS | (uint32_t)uid;
	if (presence_join(presence, uid, own, &other, &was_online) == STATUS_OK) {
		atomic_fetch_add(&arena->work[own->child], 1);
		atomic_fetch_add(&arena->taken[own->child], was_online);
		if (was_online)
			check_session(arena, uid, &other);
	}
	for (unsigned i = 0; i < 2; i++) {
		uint64_t sought = 1 + next_random(seed) % UIDS;

		if (presence_find(presence, sought, &other))
			check_session(arena, sought, &other);
	}
	/* Some stay, for others to take over. */
	if (next_random(seed) % 4 != 0)
		presence_leave(presence, uid, own);
}

static void
work(struct arena *arena, uint32_t child, uint32_t generation)
{
	struct presence presence;
	struct presence_holder own = holder(child, generation, 0);
	uint64_t seed = (uint64_t)child << 32 | generation;
	uint32_t sessions = 0;

	presence_init(&presence, arena->table, sizeof(arena->table));
	while (!atomic_load(&arena->is_over))
		work_once(arena, &presence, &own, &seed, &sessions);
}

/*
 * One look at everything. Tickets are never used again, so an entry whose value is the same
 * before and after was held all the time in between: a second one with the same uid in that time
 * is one too many.
 */
static void
verify(struct arena *arena)
{
	enum { ENTRIES = PRESENCE_SIZE_MIN / 16 };
	struct raw *raw = (struct raw *)arena->table;
	uint64_t values[UIDS + 1] = { 0 };
	unsigned places[UIDS + 1] = { 0 };

	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t value = atomic_load(&raw[i].value);
		uint64_t uid = atomic_load(&raw[i].uid);

		if (value >> 62 != RAW_HELD || atomic_load(&raw[i].value) != value)
			continue;
		assert_in_range(uid, 1, UIDS);
		assert_int_equal(value & ((1u << UID_BITS) - 1), uid);
		if (values[uid] != 0)
			assert_true(atomic_load(&raw[places[uid]].value) != values[uid]);
		values[uid] = value;
		places[uid] = i;
	}
}

static pid_t
start_worker(struct arena *arena, uint32_t child, uint32_t generation)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* A test that fails must not leave anybody at work. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(arena, child, generation);
		_exit(0);
	}
	return pid;
}

static uint64_t
work_done(struct arena *arena)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		sum += atomic_load(&arena->work[i]);
	return sum;
}

/*
 * Looks again and again until the workers have done some more: nobody that was stopped or killed
 * has blocked them.
 */
static void
verify_while_they_work(struct arena *arena, uint64_t more)
{
	uint64_t goal = work_done(arena) + more;
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;

	do {
		verify(arena);
		assert_true(clock_monotonic_ms() < deadline);
	} while (work_done(arena) < goal);
	assert_int_equal(atomic_load(&arena->wrong), 0);
}

static void
processes_are_killed_and_stopped_at_any_instruction(void **state UNUSED)
{
	struct arena *arena = new_memory(sizeof(*arena));
	uint32_t generations[WORKERS];
	pid_t pids[WORKERS];
	uint64_t seed = 1, swept = 0, taken = 0;
	struct presence presence;

	assert_true(presence_init(&presence, arena->table, sizeof(arena->table)));
	for (uint32_t i = 0; i < WORKERS; i++)
		pids[i] = start_worker(arena, i, generations[i] = 1);
	for (unsigned round = 0; round < 30 * EFFORT; round++) {
		unsigned victim = next_random(&seed) % WORKERS, sleeper = (victim + 1) % WORKERS;

		verify_while_they_work(arena, 1 + next_random(&seed) % 500);
		kill(pids[sleeper], SIGSTOP);
		kill(pids[victim], SIGKILL);
		assert_int_equal(waitpid(pids[victim], NULL, 0), pids[victim]);
		/* Swept at once, or while others have met what the dead one left. */
		if (round % 2 == 0)
			verify_while_they_work(arena, 1 + next_random(&seed) % 500);
		swept += presence_sweep(&presence, victim, generations[victim]);
		pids[victim] = start_worker(arena, victim, ++generations[victim]);
		kill(pids[sleeper], SIGCONT);
	}
	atomic_store(&arena->is_over, true);
	for (uint32_t i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		swept += presence_sweep(&presence, i, generations[i]);
		taken += atomic_load(&arena->taken[i]);
	}
	/* Every entry had an owner that the sweeps knew. */
	for (size_t i = 0; i < sizeof(arena->table) / 16; i++)
		assert_true(atomic_load(&((struct raw *)arena->table)[i].value) == 0);
	print_message("%u kills: %" PRIu64 " joins, %" PRIu64 " takeovers, %" PRIu64
	    " entries swept\n", 30 * EFFORT, work_done(arena), taken, swept);
	assert_true(swept > 0 && taken > 0);
	munmap(arena, sizeof(*arena));
}

struct worker {
	pthread_t thread;
	struct arena *arena;
	uint32_t child;
};

static void *
work_in_thread(void *arg)
{
	const struct worker *worker = arg;

	work(worker->arena, worker->child, 1);
	return NULL;
}

/* The same in one process, for the thread sanitizer. */
static void
threads_at_once(void **state UNUSED)
{
	struct arena *arena = new_memory(sizeof(*arena));
	struct worker workers[WORKERS];
	struct presence presence;
	size_t left = 0;

	for (uint32_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .arena = arena, .child = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work_in_thread,
		    &workers[i]), 0);
	}
	verify_while_they_work(arena, 20000 * EFFORT);
	atomic_store(&arena->is_over, true);
	for (uint32_t i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	verify(arena);
	assert_true(presence_init(&presence, arena->table, sizeof(arena->table)));
	left = presence_count(&presence);
	for (uint32_t i = 0; i < WORKERS; i++)
		left -= presence_sweep(&presence, i, 1);
	assert_int_equal(left, 0);
	munmap(arena, sizeof(*arena));
}

/* --- how fast ----------------------------------------------------------- */

static void
report(const char *what, uint64_t start, uint64_t count)
{
	uint64_t took = clock_monotonic_us() - start + 1;

	print_message("%s: %.2f million a second\n", what, (double)count / (double)took);
}

static void
figures(void **state UNUSED)
{
	enum { USERS = 20000 * EFFORT };
	size_t size = presence_size(USERS);
	void *memory;
	struct presence presence = new_table(&memory, size);
	uint64_t start;
	size_t found = 0;

	for (uint32_t round = 0; round < 2; round++) {
		start = clock_monotonic_us();
		for (uint32_t i = 1; i <= USERS; i++) {
			struct presence_holder own = holder(0, 1 + round, i);

			presence_join(&presence, i, &own, NULL, NULL);
		}
		report(round == 0 ? "join" : "take over", start, USERS);
	}
	start = clock_monotonic_us();
	for (uint64_t i = 1; i <= USERS; i++)
		found += presence_find(&presence, i * 7919 % USERS + 1, NULL);
	report("find who is online", start, USERS);
	start = clock_monotonic_us();
	for (uint64_t i = 1; i <= USERS; i++)
		found += presence_find(&presence, USERS + i * 7919, NULL);
	report("find who is not", start, USERS);
	assert_int_equal(found, USERS);
	start = clock_monotonic_us();
	assert_int_equal(presence_count(&presence), USERS);
	report("walk, entries", start, size / 16);
	start = clock_monotonic_us();
	for (uint32_t i = 1; i <= USERS; i++) {
		struct presence_holder own = holder(0, 2, i);

		presence_leave(&presence, i, &own);
	}
	report("leave", start, USERS);
	munmap(memory, size);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_joins_is_found_until_he_leaves),
		cmocka_unit_test(a_takeover_says_whose_it_was),
		cmocka_unit_test(a_full_table_says_so_and_free_entries_serve_anybody),
		cmocka_unit_test(a_table_holds_what_it_was_made_for),
		cmocka_unit_test(a_sweep_takes_one_life_of_one_child),
		cmocka_unit_test(a_walk_can_be_ended),
		cmocka_unit_test(too_little_memory_is_refused),
		cmocka_unit_test(a_sleeping_claim_gives_way),
		cmocka_unit_test(a_sleeping_claim_of_another_uid_stays),
		cmocka_unit_test(a_reserved_entry_is_left_alone),
		cmocka_unit_test(threads_at_once),
		cmocka_unit_test(processes_are_killed_and_stopped_at_any_instruction),
		cmocka_unit_test(figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
