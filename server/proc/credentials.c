/* SPDX-License-Identifier: ISC */
#include "server/proc/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/proc/files.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/tls.h"
#include "shared/wire.h"

enum { FILE_SIZE_MAX = 64 * 1024 };

static enum status
complain(char *sentence, const char *path, const char *what, enum status status)
{
	snprintf(sentence, CREDENTIALS_SENTENCE_MAX, "%s: %s: %s", path, what, status_text(status));
	return status;
}

/* What came of reading a file. STATUS_NOT_FOUND gets no sentence: it may be fine. */
static enum status
judge(enum status status, const char *path, char *sentence)
{
	if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		return complain(sentence, path, "cannot be read", status);
	return status;
}

static enum status
read_file(const char *path, struct bytes *out, char *sentence)
{
	return judge(files_read(path, FILE_SIZE_MAX, out), path, sentence);
}

static enum status
read_secret(const char *path, struct bytes *out, char *sentence)
{
	return judge(files_read_secret(path, FILE_SIZE_MAX, out), path, sentence);
}

static enum status
write_file(const char *path, struct bytes content, char *sentence)
{
	enum status status = files_write(path, 0600, content);

	return status == STATUS_OK ? status : complain(sentence, path, "cannot be made", status);
}

static enum status
make_certificate(const struct settings *settings, char *sentence)
{
	char *certificate = NULL, *key = NULL;
	enum status status = tls_make_certificate(&certificate, &key);

	if (status != STATUS_OK) {
		snprintf(sentence, CREDENTIALS_SENTENCE_MAX, "a certificate could not be made");
		return status;
	}
	status = write_file(settings->private_key, bytes_of_string(key), sentence);
	if (status == STATUS_OK) {
		status = write_file(settings->certificate, bytes_of_string(certificate), sentence);
		/* One half alone would stop every later start. */
		if (status != STATUS_OK)
			unlink(settings->private_key);
	}
	mem_wipe(key, strlen(key));
	free(key);
	free(certificate);
	return status;
}

static enum status
require(enum status status, const char *path, const char *other, char *sentence)
{
	if (status == STATUS_NOT_FOUND)
		snprintf(sentence, CREDENTIALS_SENTENCE_MAX, "%s does not exist, but %s does: "
		    "bring it back, or move the other away and both are made anew", path, other);
	return status;
}

/* Both halves, which have to be there. */
static enum status
read_pair(const struct settings *settings, struct credentials *out, char *sentence)
{
	struct bytes certificate, key;
	enum status status = require(read_file(settings->certificate, &certificate, sentence),
	    settings->certificate, settings->private_key, sentence);

	if (status != STATUS_OK)
		return status;
	out->certificate = (char *)(uintptr_t)certificate.data;
	status = require(read_secret(settings->private_key, &key, sentence),
	    settings->private_key, settings->certificate, sentence);
	if (status == STATUS_OK)
		out->key = (char *)(uintptr_t)key.data;
	return status;
}

static enum status
check_pair(struct credentials *credentials)
{
	struct tls_context *context;
	enum status status = tls_context_new_server(bytes_of_string(credentials->certificate),
	    bytes_of_string(credentials->key), false, &context);

	if (status != STATUS_OK)
		return status;
	tls_context_unref(context);
	return tls_pin_of_certificate(bytes_of_string(credentials->certificate), credentials->pin);
}

static enum status
load_certificate(const struct settings *settings, struct credentials *out, char *sentence)
{
	enum status status = STATUS_OK;

	if (!files_exist(settings->certificate) && !files_exist(settings->private_key))
		status = make_certificate(settings, sentence);
	if (status == STATUS_OK)
		status = read_pair(settings, out, sentence);
	if (status != STATUS_OK)
		return status;
	status = check_pair(out);
	if (status != STATUS_OK)
		snprintf(sentence, CREDENTIALS_SENTENCE_MAX,
		    "%s and %s cannot be used together as certificate and key",
		    settings->certificate, settings->private_key);
	return status;
}

static enum status
make_cluster_key(const struct settings *settings, struct credentials *out, char *sentence)
{
	crypto_random(out->cluster_key, sizeof(out->cluster_key));
	return write_file(settings->cluster_key,
	    bytes_of(out->cluster_key, sizeof(out->cluster_key)), sentence);
}

static enum status
load_cluster_key(const struct settings *settings, struct credentials *out, char *sentence)
{
	struct bytes key;
	enum status status = read_secret(settings->cluster_key, &key, sentence);

	if (status == STATUS_NOT_FOUND)
		return make_cluster_key(settings, out, sentence);
	if (status != STATUS_OK)
		return status;
	if (key.len == sizeof(out->cluster_key)) {
		memcpy(out->cluster_key, key.data, key.len);
	} else {
		snprintf(sentence, CREDENTIALS_SENTENCE_MAX,
		    "%s has %zu bytes, a cluster key has %d", settings->cluster_key, key.len,
		    CREDENTIALS_KEY_SIZE);
		status = STATUS_BAD_KEY;
	}
	mem_wipe((void *)(uintptr_t)key.data, key.len);
	free((void *)(uintptr_t)key.data);
	return status;
}

/* Makes the folder and holds it, so that programs which start together make one set of files. */
static enum status
hold_state_dir(const struct settings *settings, int *lock, char *sentence)
{
	enum status status = files_make_folder(settings->state_dir);

	if (status == STATUS_OK)
		status = files_lock_folder(settings->state_dir, lock);
	if (status == STATUS_OK)
		return status;
	return complain(sentence, settings->state_dir, "this folder cannot be used", status);
}

enum status
credentials_load(
    const struct settings *settings, bool with_cluster_key, struct credentials *out, char *sentence)
{
	struct credentials fresh = { 0 };
	int lock;
	enum status status = hold_state_dir(settings, &lock, sentence);

	if (status != STATUS_OK)
		return status;
	if (!settings->insecure_plaintext)
		status = load_certificate(settings, &fresh, sentence);
	if (status == STATUS_OK && with_cluster_key)
		status = load_cluster_key(settings, &fresh, sentence);
	files_unlock(lock);
	if (status == STATUS_OK)
		*out = fresh;
	else
		credentials_clear(&fresh);
	return status;
}

enum status
credentials_keep_cluster_key(const struct settings *settings, char *sentence)
{
	if (files_exist(settings->cluster_key))
		return STATUS_OK;
	snprintf(sentence, CREDENTIALS_SENTENCE_MAX, "%s is gone: bring it back",
	    settings->cluster_key);
	return STATUS_NOT_FOUND;
}

void
credentials_clear(struct credentials *credentials)
{
	if (credentials->key != NULL)
		mem_wipe(credentials->key, strlen(credentials->key));
	free(credentials->key);
	free(credentials->certificate);
	mem_wipe(credentials, sizeof(*credentials));
}

static struct bytes
text_or_nothing(const char *text)
{
	return text != NULL ? bytes_of_string(text) : bytes_of("", 0);
}

struct bytes
credentials_pack(const struct settings *settings, const struct credentials *credentials)
{
	struct bytes head = settings_encode(settings);
	struct bytes certificate = text_or_nothing(credentials->certificate);
	struct bytes key = text_or_nothing(credentials->key);
	size_t len = 3 * 4 + head.len + certificate.len + key.len + CREDENTIALS_PIN_SIZE +
	    CREDENTIALS_KEY_SIZE;
	uint8_t *blob = mem_new(len);
	struct wire wire = wire_writer(blob, len);

	wire_put_u32(&wire, (uint32_t)head.len);
	wire_put_raw(&wire, head);
	wire_put_u32(&wire, (uint32_t)certificate.len);
	wire_put_raw(&wire, certificate);
	wire_put_u32(&wire, (uint32_t)key.len);
	wire_put_raw(&wire, key);
	wire_put_raw(&wire, bytes_of(credentials->pin, CREDENTIALS_PIN_SIZE));
	wire_put_raw(&wire, bytes_of(credentials->cluster_key, CREDENTIALS_KEY_SIZE));
	free((void *)head.data);
	return bytes_of(blob, len);
}

static struct bytes
get_part(struct wire *wire)
{
	size_t len = wire_get_u32(wire);

	return wire_get_raw(wire, len);
}

static char *
copy_text(struct bytes text)
{
	return text.len > 0 ? mem_string_of(text) : NULL;
}

enum status
credentials_unpack(struct bytes blob, struct settings *settings, struct credentials *credentials)
{
	struct wire wire = wire_reader(blob);
	struct bytes head = get_part(&wire);
	struct bytes certificate = get_part(&wire);
	struct bytes key = get_part(&wire);
	struct bytes pin = wire_get_raw(&wire, CREDENTIALS_PIN_SIZE);
	struct bytes cluster_key = wire_get_raw(&wire, CREDENTIALS_KEY_SIZE);
	enum status status;

	if (!wire_is_good(&wire) || wire_left(&wire) != 0)
		return STATUS_BAD_FRAME;
	status = settings_decode(head, settings);
	if (status != STATUS_OK)
		return status;
	credentials->certificate = copy_text(certificate);
	credentials->key = copy_text(key);
	memcpy(credentials->pin, pin.data, pin.len);
	memcpy(credentials->cluster_key, cluster_key.data, cluster_key.len);
	return STATUS_OK;
}
