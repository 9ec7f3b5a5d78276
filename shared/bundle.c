/* SPDX-License-Identifier: ISC */
#include "shared/bundle.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "shared/mem.h"
#include "shared/wire.h"

enum {
	BUNDLE_FORMAT = 1,
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	HEADER_SIZE = 1 + IDENTITY_KEY_SIZE + NONCE_SIZE,
	STEP = 256, /* the size tells no more than this */
	CONTENT_MAX = (BUNDLE_SEALED_MAX - HEADER_SIZE - TAG_SIZE) / STEP * STEP,
	ENTRY_HEADER_SIZE = 4,
};
_Static_assert(BUNDLE_WRAPPED_SIZE == NONCE_SIZE + CRYPTO_KEY_SIZE + TAG_SIZE, "nonce, key, tag");
_Static_assert((int)CRYPTO_KEY_SIZE == (int)crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    "size of a key");

enum entry_kind {
	ENTRY_PADDING = 0,
	ENTRY_SEED = 1,
};

/* What is bound into a seal without being in it. */
struct binding {
	uint8_t bytes[64];
	size_t len;
};

static void
binding_init(struct binding *binding, const char *context,
    const uint8_t public_key[IDENTITY_KEY_SIZE], const uint64_t *version)
{
	struct wire wire = wire_writer(binding->bytes, sizeof(binding->bytes));

	wire_put_raw(&wire, bytes_of_string(context));
	wire_put_raw(&wire, bytes_of(public_key, IDENTITY_KEY_SIZE));
	if (version != NULL)
		wire_put_u64(&wire, *version);
	assert(wire_is_good(&wire));
	binding->len = wire.position;
}

static void
seal(struct bytes plain, const struct binding *binding, const uint8_t key[CRYPTO_KEY_SIZE],
    const uint8_t nonce[NONCE_SIZE], uint8_t *out)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.len,
	    binding->bytes, binding->len, NULL, nonce, key);
}

static bool
unseal(struct bytes sealed, const struct binding *binding, const uint8_t key[CRYPTO_KEY_SIZE],
    const uint8_t *nonce, uint8_t *out)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data,
		   sealed.len, binding->bytes, binding->len, nonce, key) == 0;
}

void
bundle_init(struct bundle *bundle, const uint8_t seed[IDENTITY_SEED_SIZE])
{
	memset(bundle, 0, sizeof(*bundle));
	memcpy(bundle->seed, seed, IDENTITY_SEED_SIZE);
}

void
bundle_clear(struct bundle *bundle)
{
	if (bundle->others != NULL)
		mem_wipe(bundle->others, bundle->others_len);
	free(bundle->others);
	mem_wipe(bundle, sizeof(*bundle));
}

void
bundle_wrap_key(const uint8_t key[CRYPTO_KEY_SIZE], const uint8_t wrapping_key[CRYPTO_KEY_SIZE],
    const uint8_t public_key[IDENTITY_KEY_SIZE], uint8_t out[BUNDLE_WRAPPED_SIZE])
{
	struct binding binding;

	binding_init(&binding, "tingyu/1 bundle key", public_key, NULL);
	crypto_random(out, NONCE_SIZE);
	seal(bytes_of(key, CRYPTO_KEY_SIZE), &binding, wrapping_key, out, out + NONCE_SIZE);
}

/* The parts of a sealed bundle, borrowed from it. */
struct header {
	const uint8_t *public_key;
	const uint8_t *nonce;
	struct bytes content;
};

static bool
read_header(struct bytes sealed, struct header *out)
{
	struct wire wire = wire_reader(sealed);
	uint8_t format = wire_get_u8(&wire);

	out->public_key = wire_get_raw(&wire, IDENTITY_KEY_SIZE).data;
	out->nonce = wire_get_raw(&wire, NONCE_SIZE).data;
	out->content = wire_get_raw(&wire, wire_left(&wire));
	return wire_is_good(&wire) && format == BUNDLE_FORMAT && out->content.len >= TAG_SIZE &&
	    out->content.len - TAG_SIZE <= CONTENT_MAX;
}

enum status
bundle_unwrap_key(struct bytes wrapped, struct bytes sealed,
    const uint8_t wrapping_key[CRYPTO_KEY_SIZE], uint8_t key[CRYPTO_KEY_SIZE])
{
	const uint8_t *nonce = wrapped.data;
	struct binding binding;
	struct header header;

	memset(key, 0, CRYPTO_KEY_SIZE);
	if (wrapped.len != BUNDLE_WRAPPED_SIZE || !read_header(sealed, &header))
		return STATUS_BAD_VALUE;
	crypto_start();
	binding_init(&binding, "tingyu/1 bundle key", header.public_key, NULL);
	if (!unseal(bytes_of(nonce + NONCE_SIZE, wrapped.len - NONCE_SIZE), &binding,
		wrapping_key, nonce, key))
		return STATUS_WRONG_PROOF;
	return STATUS_OK;
}

static void
put_entry(struct wire *wire, uint16_t kind, struct bytes value)
{
	wire_put_u16(wire, kind);
	wire_put_blob(wire, value);
}

/* Entries and the padding that fills the last step; 0 when that is too much. */
static size_t
write_content(const struct bundle *bundle, uint8_t content[CONTENT_MAX])
{
	struct wire wire = wire_writer(content, CONTENT_MAX);
	size_t size;

	put_entry(&wire, ENTRY_SEED, bytes_of(bundle->seed, sizeof(bundle->seed)));
	wire_put_raw(&wire, bytes_of(bundle->others, bundle->others_len));
	if (!wire_is_good(&wire) || wire_left(&wire) < ENTRY_HEADER_SIZE)
		return 0;
	size = (wire.position + ENTRY_HEADER_SIZE + STEP - 1) / STEP * STEP;
	wire_put_u16(&wire, ENTRY_PADDING);
	wire_put_u16(&wire, (uint16_t)(size - wire.position - 2));
	memset(content + wire.position, 0, size - wire.position);
	return size;
}

enum status
bundle_seal(const struct bundle *bundle, const uint8_t key[CRYPTO_KEY_SIZE], uint64_t version,
    uint8_t *out, size_t *len)
{
	struct wire wire = wire_writer(out, HEADER_SIZE);
	uint8_t nonce[NONCE_SIZE], *content = mem_new(CONTENT_MAX);
	size_t size = write_content(bundle, content);
	struct identity identity;
	struct binding binding;

	*len = 0;
	if (size > 0) {
		identity_init_from_seed(&identity, bundle->seed);
		crypto_random(nonce, sizeof(nonce));
		wire_put_u8(&wire, BUNDLE_FORMAT);
		wire_put_raw(&wire, bytes_of(identity.public_key, sizeof(identity.public_key)));
		wire_put_raw(&wire, bytes_of(nonce, sizeof(nonce)));
		binding_init(&binding, "tingyu/1 bundle", identity.public_key, &version);
		identity_clear(&identity);
		seal(bytes_of(content, size), &binding, key, nonce, out + HEADER_SIZE);
		*len = HEADER_SIZE + size + TAG_SIZE;
	}
	mem_wipe(content, CONTENT_MAX);
	free(content);
	return size > 0 ? STATUS_OK : STATUS_TOO_LONG;
}

/*
 * One entry at the cursor; false when it cannot be one. Those of newer versions go to "others".
 */
static bool
read_entry(struct wire *wire, struct bundle *out, struct wire *others, unsigned *seeds)
{
	uint16_t kind = wire_get_u16(wire);
	struct bytes value = wire_get_blob(wire);

	if (!wire_is_good(wire))
		return false;
	if (kind == ENTRY_SEED) {
		if (value.len != sizeof(out->seed))
			return false;
		memcpy(out->seed, value.data, value.len);
		(*seeds)++;
	} else if (kind != ENTRY_PADDING) {
		put_entry(others, kind, value);
	}
	return true;
}

/* Exactly one seed that fits "public_key". */
static bool
read_content(struct bytes content, const uint8_t *public_key, struct bundle *out)
{
	struct wire wire = wire_reader(content), others;
	struct identity identity;
	unsigned seeds = 0;
	bool fits;

	out->others = mem_new(content.len);
	others = wire_writer(out->others, content.len);
	while (wire_left(&wire) > 0)
		if (!read_entry(&wire, out, &others, &seeds))
			return false;
	out->others_len = others.position;
	if (seeds != 1)
		return false;
	identity_init_from_seed(&identity, out->seed);
	fits = crypto_equal(identity.public_key, public_key, IDENTITY_KEY_SIZE);
	identity_clear(&identity);
	return fits;
}

enum status
bundle_open(struct bytes sealed, const uint8_t key[CRYPTO_KEY_SIZE], uint64_t version,
    struct bundle *out)
{
	uint8_t *content;
	struct binding binding;
	struct header header;
	bool good;

	memset(out, 0, sizeof(*out));
	if (!read_header(sealed, &header))
		return STATUS_BAD_VALUE;
	crypto_start();
	binding_init(&binding, "tingyu/1 bundle", header.public_key, &version);
	content = mem_new(CONTENT_MAX);
	good = unseal(header.content, &binding, key, header.nonce, content) &&
	    read_content(bytes_of(content, header.content.len - TAG_SIZE), header.public_key,
		out);
	mem_wipe(content, CONTENT_MAX);
	free(content);
	return good ? STATUS_OK : STATUS_BAD_VALUE;
}
