/* SPDX-License-Identifier: ISC */
#include "client-tui/net/account_file.h"

#include <stdlib.h>
#include <string.h>

#include "client-tui/net/whole_file.h"
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
	wire_put_u8(wire,
	    (uint8_t)((account->has_identity ? HAS_IDENTITY : 0) |
		(account->has_bundle ? HAS_BUNDLE : 0) | (account->has_cost ? HAS_COST : 0)));
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
	return wire_is_good(wire) && wire_left(wire) == 0 && account->uid != 0 ? STATUS_OK
									       : STATUS_BAD_VALUE;
}

/* --- the file ----------------------------------------------------------------------------- */

enum status
account_file_load(const char *path, struct account *out)
{
	uint8_t *data;
	size_t len;
	struct wire wire;
	enum status status = whole_file_read(path, FILE_MAX, &data, &len);

	if (status != STATUS_OK)
		return status;
	wire = wire_reader(bytes_of(data, len));
	status = decode(&wire, out);
	if (status != STATUS_OK)
		account_clear(out);
	mem_wipe(data, len);
	free(data);
	return status;
}

enum status
account_file_save(const char *path, const struct account *account)
{
	uint8_t *data;
	struct wire wire;
	enum status status = STATUS_TOO_LONG;

	if (account->uid == 0)
		return whole_file_remove(path);
	data = mem_new(FILE_MAX);
	wire = wire_writer(data, FILE_MAX);
	encode(&wire, account);
	if (wire_is_good(&wire))
		status = whole_file_write(path, bytes_of(data, wire.position));
	mem_wipe(data, FILE_MAX);
	free(data);
	return status;
}
