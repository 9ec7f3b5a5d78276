/* SPDX-License-Identifier: ISC */
/* What tingyu-security(7) says of secrets: looked up in files and memory of a work server. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/work_server.h"

enum {
	PROCESSES_MAX = 8,
	/* Larger maps (the presence table) hold numbers only. */
	MAP_MAX = 64 << 20,
};

/* --- memory ---------------------------------------------------------------------------------- */

/* Whether the bytes stand in this part of a process; false, too, for a part that cannot be read. */
static bool
part_has(int memory, uint64_t from, uint64_t to, struct bytes secret)
{
	uint8_t *copy = mem_new(to - from);
	ssize_t len = pread(memory, copy, to - from, (off_t)from);
	bool has = len > 0 && memmem(copy, (size_t)len, secret.data, secret.len) != NULL;

	free(copy);
	return has;
}

static bool
memory_has(pid_t pid, struct bytes secret)
{
	char path[64], line[512];
	bool has = false;
	FILE *maps;
	int memory;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	if (maps == NULL || memory < 0) {
		print_message("%s: %s: this test needs to look there\n", path, strerror(errno));
		skip();
	}
	while (!has && fgets(line, sizeof(line), maps) != NULL) {
		uint64_t from, to;
		char mode[8];

		assert_int_equal(sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, mode), 3);
		has = mode[0] == 'r' && to - from <= MAP_MAX && part_has(memory, from, to, secret);
	}
	fclose(maps);
	close(memory);
	return has;
}

static size_t
count_processes_with(const struct work_server *server, struct bytes secret)
{
	pid_t pids[PROCESSES_MAX];
	size_t count = process_children(process_pid(server->process), NULL, pids, PROCESSES_MAX);
	size_t found = 0;

	assert_in_range(count, 3, PROCESSES_MAX);
	for (size_t i = 0; i < count; i++)
		found += memory_has(pids[i], secret);
	return found;
}

/* Without TLS, so that only our own copies count; what came is handled the same in both cases. */
static void
authentication_secrets__are_wiped__when_they_were_looked_at(void **state UNUSED)
{
	struct work_server server;
	struct account alice, bob;
	struct peer *a, *b;

	work_server_start(&server, "insecure-plaintext yes\n");
	a = work_server_login(&server, &alice, "alice");
	b = work_server_login(&server, &bob, "bob");
	/* What is there is found: the folder stands in the settings of each. */
	assert_in_range(count_processes_with(&server, bytes_of_string(server.folder)), 3,
	    PROCESSES_MAX);
	assert_int_equal(count_processes_with(&server, bytes_of(alice.secret, 32)), 0);
	assert_int_equal(count_processes_with(&server, bytes_of(bob.secret, 32)), 0);
	peer_free(a);
	peer_free(b);
	work_server_end(&server);
}

/* --- files ----------------------------------------------------------------------------------- */

/* nftw(3) has no argument for its callback. */
static struct {
	const struct account *account;
	unsigned files;
} looked;

static bool
file_has(const char *path, size_t size, struct bytes secret)
{
	char *content = mem_new(size + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, content, size);
	bool has = len > 0 && memmem(content, (size_t)len, secret.data, secret.len) != NULL;

	assert_true(fd >= 0);
	close(fd);
	free(content);
	return has;
}

static int
look_at(const char *path, const struct stat *info, int type, struct FTW *place UNUSED)
{
	const struct account *account = looked.account;
	size_t size = (size_t)info->st_size;

	if (strcmp(path + strlen(path) - strlen("/conf"), "/conf") == 0)
		return 0; /* the test's own */
	assert_int_equal(info->st_mode & 077, 0);
	if (type != FTW_F)
		return 0;
	looked.files++;
	assert_false(file_has(path, size, bytes_of(account->secret, sizeof(account->secret))));
	assert_false(file_has(path, size, bytes_of(account->token, account->token_len)));
	return 0;
}

/* Neither secret nor token; and nobody else on this machine can look. */
static void
what_is_written__is_for_us_alone__and_opens_nothing(void **state UNUSED)
{
	struct work_server server;
	struct account alice;
	struct peer *a;

	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	looked.account = &alice;
	looked.files = 0;
	assert_int_equal(nftw(server.folder, look_at, 8, FTW_PHYS), 0);
	/* Database, certificate, two keys, and what SQLite and the lock need. */
	assert_true(looked.files >= 5);
	peer_free(a);
	work_server_end(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authentication_secrets__are_wiped__when_they_were_looked_at),
		cmocka_unit_test(what_is_written__is_for_us_alone__and_opens_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
