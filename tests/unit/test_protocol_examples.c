/* SPDX-License-Identifier: ISC */
/*
 * tingyu-protocol(7) taken at its word: its tables of fields are the ones of protocol.def, its
 * example frames are what the codec reads and writes, and its keys, signatures and seals are
 * what the programs compute. They were made by another implementation, from that page alone.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "shared/bundle.h"
#include "shared/compiler.h"
#include "shared/identity.h"
#include "shared/mem.h"
#include "shared/password.h"
#include "shared/protocol.h"
#include "shared/str.h"

enum { PAGE_MAX = 256 * 1024, TEXT_MAX = 8192, EXAMPLES_LEAST = 12 };

/* The page as it stands in the source, lines ended by zeros. */
struct page {
	char text[PAGE_MAX];
	char *lines[8192];
	size_t count;
};

static int
set_up(void **state)
{
	const char *root = getenv("top_srcdir");
	char *path = mem_format("%s/man/tingyu-protocol.7", root != NULL ? root : ".");
	FILE *file = fopen(path, "r");
	struct page *page = mem_new(sizeof(*page));
	char *rest = page->text;
	size_t len;

	assert_non_null(file);
	len = fread(page->text, 1, sizeof(page->text) - 1, file);
	assert_in_range(len, 1, sizeof(page->text) - 2);
	fclose(file);
	free(path);
	while (page->count < ARRAY_LEN(page->lines) && rest != NULL && *rest != '\0')
		page->lines[page->count++] = strsep(&rest, "\n");
	*state = page;
	return 0;
}

static int
tear_down(void **state)
{
	free(*state);
	return 0;
}

/* --- the tables of fields ----------------------------------------------------------------- */

static void
print_kind(const struct field *field, char *out, size_t room)
{
	static const char *const numbers[] = {
		[FIELD_U8] = "u8",
		[FIELD_U16] = "u16",
		[FIELD_U32] = "u32",
		[FIELD_U64] = "u64",
		[FIELD_STR] = "str",
		[FIELD_BLOB] = "blob",
	};
	const char *word = numbers[field->kind];

	if (field->kind != FIELD_STR && field->kind != FIELD_BLOB)
		snprintf(out, room, "%s", word);
	else if (field->min == field->max)
		snprintf(out, room, "%s %u", word, field->max);
	else
		snprintf(out, room, "%s %u-%u", word, field->min, field->max);
}

static size_t
find_line(const struct page *page, const char *wanted)
{
	for (size_t i = 0; i < page->count; i++)
		if (strcmp(page->lines[i], wanted) == 0)
			return i;
	fail_msg("the page has no line \"%s\"", wanted);
	return 0;
}

/* From the heading on: exactly its fields, in their order, with their kinds and bounds. */
static void
check_message(const struct page *page, const struct schema *schema)
{
	char wanted[128], kind[32];
	size_t i;

	snprintf(wanted, sizeof(wanted), ".Ss 0x%04x %s", schema->type, schema->name);
	i = find_line(page, wanted) + 1;
	while (strncmp(page->lines[i], ".Bl -column", 11) != 0)
		i++;
	for (size_t j = 0; j < schema->field_count; j++) {
		print_kind(&schema->fields[j], kind, sizeof(kind));
		snprintf(wanted, sizeof(wanted), ".It Va %s Ta %s Ta ", schema->fields[j].name,
		    kind);
		if (strncmp(page->lines[++i], wanted, strlen(wanted)) != 0)
			fail_msg("%s: \"%s\" where \"%s\" has to be", schema->name,
			    page->lines[i], wanted);
	}
	assert_string_equal(page->lines[i + 1], ".El");
}

static void
fields_are_those_of_the_table(void **state)
{
	size_t count;
	const struct schema *table = protocol_table(&count);

	for (size_t i = 0; i < count; i++)
		check_message(*state, &table[i]);
}

/* --- the example frames ------------------------------------------------------------------- */

/* A block between .Bd and .Ed; false: there is none any more. */
struct block {
	char *const *lines;
	size_t count;
};

static bool
next_block(const struct page *page, size_t *at, struct block *out)
{
	size_t i = *at;

	while (i < page->count && strcmp(page->lines[i], ".Bd -literal -offset 2n") != 0)
		i++;
	if (i >= page->count)
		return false;
	out->lines = &page->lines[++i];
	out->count = 0;
	while (i < page->count && strcmp(page->lines[i], ".Ed") != 0)
		i++, out->count++;
	assert_true(i < page->count);
	*at = i;
	return true;
}

static void
append(char *text, const char *more)
{
	assert_true(strlen(text) + strlen(more) < TEXT_MAX);
	strcat(text, more);
}

/*
 * The words of an example are its lines up to the empty one, joined; the bytes come after it.
 */
static size_t
read_example(const struct block *block, char words[TEXT_MAX], uint8_t frame[TEXT_MAX])
{
	char hex[TEXT_MAX] = "";
	size_t i = 0;

	words[0] = '\0';
	for (; i < block->count && block->lines[i][0] != '\0'; i++) {
		append(words, i > 0 ? " " : "");
		append(words, block->lines[i] + strspn(block->lines[i], " "));
	}
	for (; i < block->count; i++)
		for (const char *digit = block->lines[i]; *digit != '\0'; digit++)
			if (*digit != ' ')
				append(hex, (char[]){ *digit, '\0' });
	assert_int_equal(strlen(hex) % 2, 0);
	assert_true(str_from_hex(bytes_of_string(hex), frame, strlen(hex) / 2));
	return strlen(hex) / 2;
}

static const struct schema *
decode_frame(const uint8_t *bytes, size_t len, union codec_room *room)
{
	const struct schema *schema;
	struct frame frame;
	size_t used;

	assert_int_equal(frame_parse(bytes_of(bytes, len), &frame, &used), FRAME_WHOLE);
	assert_int_equal(used, len);
	schema = protocol_schema(frame.type);
	assert_non_null(schema);
	assert_int_equal(codec_decode(schema, frame.payload, room, NULL), STATUS_OK);
	return schema;
}

static void
check_example(const struct block *block)
{
	uint8_t frame[TEXT_MAX], again[TEXT_MAX];
	char words[TEXT_MAX], said[TEXT_MAX];
	size_t len = read_example(block, words, frame);
	const struct schema *schema;
	union codec_room room;

	schema = decode_frame(frame, len, &room);
	codec_describe(schema, &room, said, sizeof(said));
	assert_string_equal(said, words);
	assert_int_equal(codec_encode(schema, &room, again), len);
	assert_memory_equal(again, frame, len);
}

static bool
is_example(const struct block *block)
{
	return block->count > 0 && strstr(block->lines[0], " request=") != NULL;
}

static void
examples_are_what_the_codec_says(void **state)
{
	struct block block;
	unsigned count = 0;
	size_t at = 0;

	while (next_block(*state, &at, &block))
		if (is_example(&block)) {
			check_example(&block);
			count++;
		}
	assert_in_range(count, EXAMPLES_LEAST, 1000);
}

/* --- keys and signatures ------------------------------------------------------------------ */

/* The value of a name in the last block; it goes on in lines that begin with a blank. */
static const char *
value_of(const struct page *page, const char *name)
{
	static char value[TEXT_MAX];
	struct block block = { 0 };
	size_t at = 0, i = 0, len = strlen(name);

	while (next_block(page, &at, &block))
		continue;
	while (i < block.count &&
	    (strncmp(block.lines[i], name, len) != 0 || block.lines[i][len] != ' '))
		i++;
	if (i == block.count)
		fail_msg("the page has no value for %s", name);
	value[0] = '\0';
	append(value, block.lines[i] + len + strspn(block.lines[i] + len, " "));
	while (++i < block.count && block.lines[i][0] == ' ')
		append(value, block.lines[i] + strspn(block.lines[i], " "));
	return value;
}

static size_t
bytes_value(const struct page *page, const char *name, uint8_t *out)
{
	const char *hex = value_of(page, name);

	assert_true(str_from_hex(bytes_of_string(hex), out, strlen(hex) / 2));
	return strlen(hex) / 2;
}

static uint64_t
number_value(const struct page *page, const char *name)
{
	uint64_t number = 0;

	assert_true(str_to_number(bytes_of_string(value_of(page, name)), UINT64_MAX, &number));
	return number;
}

static void
check_value(const struct page *page, const char *name, const void *computed, size_t len)
{
	uint8_t said[TEXT_MAX];

	assert_int_equal(bytes_value(page, name, said), len);
	if (memcmp(said, computed, len) != 0)
		fail_msg("%s is not what is computed", name);
}

static struct password_keys
derive(const struct page *page)
{
	char *password = mem_string(value_of(page, "password"));
	struct password_keys keys;
	struct password_cost cost = { .ops = (uint32_t)number_value(page, "passes"),
		.memory_kib = (uint32_t)number_value(page, "memory_kib") };

	assert_int_equal(bytes_value(page, "salt", cost.salt), sizeof(cost.salt));
	assert_int_equal(password_derive(bytes_of_string(password), &cost, &keys), STATUS_OK);
	free(password);
	return keys;
}

static void
passwords_become_these_keys(void **state)
{
	struct password_keys keys = derive(*state);

	check_value(*state, "secret", keys.secret, sizeof(keys.secret));
	check_value(*state, "wrapping_key", keys.wrapping_key, sizeof(keys.wrapping_key));
}

static struct identity
identity_of(const struct page *page)
{
	uint8_t seed[IDENTITY_SEED_SIZE];
	struct identity identity;

	assert_int_equal(bytes_value(page, "seed", seed), sizeof(seed));
	identity_init_from_seed(&identity, seed);
	return identity;
}

static struct identity_channel
channel_of(const struct page *page)
{
	struct identity_channel channel;

	assert_int_equal(bytes_value(page, "pin", channel.pin), sizeof(channel.pin));
	assert_int_equal(bytes_value(page, "binding", channel.binding), sizeof(channel.binding));
	return channel;
}

static void
signatures_are_these(void **state)
{
	struct page *page = *state;
	struct identity identity = identity_of(page);
	struct identity_channel channel = channel_of(page);
	uint8_t signature[IDENTITY_SIGNATURE_SIZE], wrapped[TEXT_MAX], bundle[TEXT_MAX];
	uint8_t digest[crypto_hash_sha512_BYTES];
	struct msg_bundle put = { .version = 1 };
	uint64_t uid = number_value(page, "uid");

	check_value(page, "identity", identity.public_key, sizeof(identity.public_key));
	identity_sign_login(&identity, &channel, uid, signature);
	check_value(page, "login_signature", signature, sizeof(signature));
	assert_int_equal(bytes_value(page, "login_digest", digest), sizeof(digest));
	assert_int_equal(crypto_sign_verify_detached(signature, digest, sizeof(digest),
			     identity.public_key),
	    0);
	identity_sign_delete(&identity, &channel, uid, signature);
	check_value(page, "delete_signature", signature, sizeof(signature));
	put.wrapped_key = bytes_of(wrapped, bytes_value(page, "wrapped_key", wrapped));
	put.bundle = bytes_of(bundle, bytes_value(page, "bundle_2", bundle));
	identity_sign_bundle(&identity, &channel, uid, &put, signature);
	check_value(page, "bundle_signature", signature, sizeof(signature));
}

static void
check_bundle(const struct page *page, const char *name, uint64_t version)
{
	struct identity identity = identity_of(page);
	struct password_keys keys = derive(page);
	uint8_t wrapped[TEXT_MAX], sealed[TEXT_MAX], key[CRYPTO_KEY_SIZE];
	struct bytes bytes = bytes_of(sealed, bytes_value(page, name, sealed));
	struct bundle bundle;

	assert_int_equal(bytes_value(page, "wrapped_key", wrapped), BUNDLE_WRAPPED_SIZE);
	assert_int_equal(bundle_unwrap_key(bytes_of(wrapped, BUNDLE_WRAPPED_SIZE), bytes,
			     keys.wrapping_key, key),
	    STATUS_OK);
	check_value(page, "bundle_key", key, sizeof(key));
	assert_int_equal(bundle_open(bytes, key, version, &bundle), STATUS_OK);
	assert_memory_equal(bundle.seed, identity.secret_key, sizeof(bundle.seed));
	bundle_clear(&bundle);
}

static void
bundles_open_with_the_password(void **state)
{
	check_bundle(*state, "bundle_1", 1);
	check_bundle(*state, "bundle_2", 2);
}

/* The registration among the examples is one that a server would take. */
static void
the_registration_is_signed(void **state)
{
	struct identity_channel channel = channel_of(*state);
	uint8_t frame[TEXT_MAX];
	char words[TEXT_MAX];
	union codec_room room;
	struct block block;
	size_t at = 0;

	while (next_block(*state, &at, &block))
		if (strncmp(block.lines[0], "REGISTER ", 9) == 0) {
			decode_frame(frame, read_example(&block, words, frame), &room);
			assert_true(identity_verify_register(&channel, (void *)&room));
			return;
		}
	fail_msg("the page has no example of REGISTER");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_those_of_the_table),
		cmocka_unit_test(examples_are_what_the_codec_says),
		cmocka_unit_test(passwords_become_these_keys),
		cmocka_unit_test(signatures_are_these),
		cmocka_unit_test(bundles_open_with_the_password),
		cmocka_unit_test(the_registration_is_signed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
