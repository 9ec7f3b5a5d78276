/* SPDX-License-Identifier: ISC */
#include "client-tui/net/account_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/mem.h"
#include "shared/wire.h"

enum {
	FILE_MAX = 2 * BUNDLE_SEALED_MAX,
	HAS_IDENTITY = 1 << 0,
	HAS_BUNDLE = 1 << 1,
	HAS_COST = 1 << 2,
};

/* Another layout gets another first line. */
static const char head[] = "tingyu account 1\n";

/* --- the layout --------------------------------------------------------------------------- */

static void
put_string(struct wire *wire, const char *string)
{
	wire_put_blob(wire, bytes_of_string(string));
}

static void
encode(struct wire *wire, const struct account *account)
{
	wire_put_raw(wire, bytes_of_string(head));
	wire_put_u64(wire, account->uid);
	put_string(wire, account->name);
	put_string(wire, account->display);
	wire_put_blob(wire, bytes_of(account->token, account->token_len));
	wire_put_u8(wire, (uint8_t)((account->has_identity ? HAS_IDENTITY : 0) | (account->has_bundle ? HAS_BUNDLE : 0) |
			      (account->has_cost ? HAS_COST : 0)));
	if (account->has_identity)
		wire_put_raw(wire, bytes_of(account->identity.secret_key, IDENTITY_SEED_SIZE));
	if (account->has_bundle) {
		wire_put_u64(wire, account->bundle_version);
		wire_put_raw(wire, bytes_of(account->bundle_key, sizeof(account->bundle_key)));
		wire_put_raw(wire, bytes_of(account->wrapped_key, sizeof(account->wrapped_key)));
		wire_put_raw(wire, bytes_of(account->bundle.seed, sizeof(account->bundle.seed)));
		wire_put_blob(wire, bytes_of(account->bundle.others, account->bundle.others_len));
	}
	if (account->has_cost) {
		wire_put_raw(wire, bytes_of(account->cost.salt, sizeof(account->cost.salt)));
		wire_put_u32(wire, account->cost.ops);
		wire_put_u32(wire, account->cost.memory_kib);
	}
}

/* A text that has to fit into "room" with its end mark; else the cursor fails. */
static void
get_string(struct wire *wire, char *out, size_t room)
{
	struct bytes text = wire_get_blob(wire);

	if (text.len >= room || memchr(text.len > 0 ? text.data : "", '\0', text.len) != NULL) {
		wire->failed = true;
		return;
	}
	memcpy(out, text.len > 0 ? text.data : "", text.len);
	out[text.len] = '\0';
}

static void
get_raw(struct wire *wire, void *out, size_t len)
{
	struct bytes raw = wire_get_raw(wire, len);

	if (wire_is_good(wire))
		memcpy(out, raw.data, len);
}

static void
get_bundle(struct wire *wire, struct account *account)
{
	struct bytes others;

	account->bundle_version = wire_get_u64(wire);
	get_raw(wire, account->bundle_key, sizeof(account->bundle_key));
	get_raw(wire, account->wrapped_key, sizeof(account->wrapped_key));
	get_raw(wire, account->bundle.seed, sizeof(account->bundle.seed));
	others = wire_get_blob(wire);
	if (!wire_is_good(wire))
		return;
	account->has_bundle = true;
	if (others.len == 0)
		return;
	account->bundle.others = mem_new(others.len);
	account->bundle.others_len = others.len;
	memcpy(account->bundle.others, others.data, others.len);
}

static void
get_parts(struct wire *wire, struct account *account)
{
	uint8_t seed[IDENTITY_SEED_SIZE];
	uint8_t parts = wire_get_u8(wire);

	if (parts & HAS_IDENTITY) {
		get_raw(wire, seed, sizeof(seed));
		if (wire_is_good(wire))
			identity_init_from_seed(&account->identity, seed);
		account->has_identity = wire_is_good(wire);
		mem_wipe(seed, sizeof(seed));
	}
	if (parts & HAS_BUNDLE)
		get_bundle(wire, account);
	if (parts & HAS_COST) {
		get_raw(wire, account->cost.salt, sizeof(account->cost.salt));
		account->cost.ops = wire_get_u32(wire);
		account->cost.memory_kib = wire_get_u32(wire);
		account->has_cost = password_cost_is_allowed(&account->cost);
	}
}

static enum status
decode(struct wire *wire, struct account *account)
{
	struct bytes first = wire_get_raw(wire, strlen(head)), token;

	if (!wire_is_good(wire) || !bytes_equal(first, bytes_of_string(head)))
		return STATUS_BAD_VALUE;
	account->uid = wire_get_u64(wire);
	get_string(wire, account->name, sizeof(account->name));
	get_string(wire, account->display, sizeof(account->display));
	token = wire_get_blob(wire);
	if (token.len > ACCOUNT_TOKEN_MAX)
		return STATUS_BAD_VALUE;
	account_set_token(account, token);
	get_parts(wire, account);
	return wire_is_good(wire) && wire_left(wire) == 0 && account->uid != 0 ? STATUS_OK : STATUS_BAD_VALUE;
}

/* --- the file ----------------------------------------------------------------------------- */

/* Reads up to "room" bytes; -1 as read(2). */
static ssize_t
read_all(int fd, uint8_t *data, size_t room)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, data + len, room - len);
		if (got > 0)
			len += (size_t)got;
	} while ((got > 0 && len < room) || (got < 0 && errno == EINTR));
	return got < 0 ? -1 : (ssize_t)len;
}

static enum status
load_open(int fd, struct account *out)
{
	uint8_t *data;
	struct wire wire;
	struct stat stat;
	enum status status;
	ssize_t len;

	if (fstat(fd, &stat) != 0)
		return status_of_errno(errno);
	if (!S_ISREG(stat.st_mode) || (stat.st_mode & 077) != 0)
		return STATUS_NOT_ALLOWED;
	data = mem_new(FILE_MAX);
	len = read_all(fd, data, FILE_MAX);
	if (len < 0) {
		status = status_of_errno(errno);
	} else {
		wire = wire_reader(bytes_of(data, (size_t)len));
		status = decode(&wire, out);
	}
	if (status != STATUS_OK)
		account_clear(out);
	mem_wipe(data, FILE_MAX);
	free(data);
	return status;
}

enum status
account_file_load(const char *path, struct account *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum status status;

	if (fd < 0)
		return errno == ENOENT ? STATUS_NOT_FOUND : status_of_errno(errno);
	status = load_open(fd, out);
	close(fd);
	return status;
}

static bool
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		data += put;
		len -= (size_t)put;
	}
	return true;
}

/* Written beside it, on disk, and only then in its place. */
static enum status
replace(const char *path, const uint8_t *data, size_t len)
{
	char *beside = mem_format("%s.new", path);
	enum status status = STATUS_OK;
	int fd;

	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, data, len) || fsync(fd) != 0 || rename(beside, path) != 0) {
		status = status_of_errno(errno);
		unlink(beside);
	}
	if (fd >= 0)
		close(fd);
	free(beside);
	return status;
}

enum status
account_file_save(const char *path, const struct account *account)
{
	uint8_t *data;
	struct wire wire;
	enum status status = STATUS_TOO_LONG;

	if (account->uid == 0)
		return unlink(path) == 0 || errno == ENOENT ? STATUS_OK : status_of_errno(errno);
	data = mem_new(FILE_MAX);
	wire = wire_writer(data, FILE_MAX);
	encode(&wire, account);
	if (wire_is_good(&wire))
		status = replace(path, data, wire.position);
	mem_wipe(data, FILE_MAX);
	free(data);
	return status;
}
