/* SPDX-License-Identifier: ISC */
#include "server/bench/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"

static const char headline[] = "tingyu-bench accounts 1";

void
account_name(uint32_t index, char out[ACCOUNT_NAME_ROOM])
{
	snprintf(out, ACCOUNT_NAME_ROOM, "bench%06" PRIu32, index + 1);
}

static void
fill_random(uint8_t *key)
{
	/* Up to 256 bytes come whole, getrandom(2). */
	if (getrandom(key, ACCOUNT_KEY_SIZE, 0) != ACCOUNT_KEY_SIZE)
		log_fatal("no random numbers from the system");
}

void
accounts_make(struct account *accounts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		accounts[i].uid = 0;
		fill_random(accounts[i].seed);
		fill_random(accounts[i].secret);
	}
}

/* "uid seed secret" without the line break. */
static bool
parse_line(const char *text, struct account *out)
{
	const char *seed = strchr(text, ' ');
	const char *secret = seed == NULL ? NULL : strchr(seed + 1, ' ');
	struct account account;

	if (secret == NULL)
		return false;
	if (!str_to_number(bytes_of(text, (size_t)(seed - text)), UINT64_MAX, &account.uid) ||
	    !str_from_hex(bytes_of(seed + 1, (size_t)(secret - seed - 1)), account.seed,
	        ACCOUNT_KEY_SIZE) ||
	    !str_from_hex(bytes_of_string(secret + 1), account.secret, ACCOUNT_KEY_SIZE))
		return false;
	if (account.uid == 0)
		return false;
	*out = account;
	return true;
}

static bool
read_line(FILE *file, char *text, int room)
{
	if (fgets(text, room, file) == NULL)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static enum status
load_lines(FILE *file, struct account *accounts, size_t count, size_t *loaded, size_t *line)
{
	char text[256];

	*line = 1;
	if (!read_line(file, text, sizeof(text)) || strcmp(text, headline) != 0)
		return STATUS_BAD_VALUE;
	while (*loaded < count && read_line(file, text, sizeof(text))) {
		++*line;
		if (!parse_line(text, &accounts[*loaded]))
			return STATUS_BAD_VALUE;
		++*loaded;
	}
	mem_wipe(text, sizeof(text));
	return STATUS_OK;
}

enum status
accounts_load(const char *path, struct account *accounts, size_t count, size_t *loaded,
    size_t *line)
{
	FILE *file = fopen(path, "re");
	size_t somewhere;
	enum status status;

	*loaded = 0;
	if (file == NULL)
		return errno == ENOENT ? STATUS_OK : status_of_errno(errno);
	status = load_lines(file, accounts, count, loaded, line != NULL ? line : &somewhere);
	fclose(file);
	return status;
}

static bool
write_lines(FILE *file, const struct account *accounts, size_t count)
{
	char seed[2 * ACCOUNT_KEY_SIZE + 1], secret[2 * ACCOUNT_KEY_SIZE + 1];

	fprintf(file, "%s\n", headline);
	for (size_t i = 0; i < count; i++) {
		if (accounts[i].uid == 0)
			continue;
		str_to_hex(bytes_of(accounts[i].seed, ACCOUNT_KEY_SIZE), seed);
		str_to_hex(bytes_of(accounts[i].secret, ACCOUNT_KEY_SIZE), secret);
		fprintf(file, "%" PRIu64 " %s %s\n", accounts[i].uid, seed, secret);
	}
	return fflush(file) == 0 && !ferror(file);
}

enum status
accounts_save(const char *path, const struct account *accounts, size_t count)
{
	char *fresh = mem_format("%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	enum status status = STATUS_OK;

	if (file == NULL || !write_lines(file, accounts, count) || rename(fresh, path) < 0)
		status = status_of_errno(errno);
	if (file != NULL)
		fclose(file);
	free(fresh);
	return status;
}
