/* SPDX-License-Identifier: ISC */
#include "server/proc/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/tls.h"
#include "shared/wire.h"

enum { FILE_SIZE_MAX = 64 * 1024 };

static enum status
complain(char *sentence, int error, const char *path, const char *what)
{
	snprintf(sentence, CREDENTIALS_SENTENCE_MAX, "%s: %s: %s", path, what, strerror(error));
	return status_of_errno(error);
}

/*
 * The whole file on the heap, ended by a zero; STATUS_NOT_FOUND without a sentence when there is
 * none.
 */
static enum status
read_file(const char *path, char **out, size_t *len, char *sentence)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t got;
	char *text;

	if (fd < 0 && errno == ENOENT)
		return STATUS_NOT_FOUND;
	if (fd < 0)
		return complain(sentence, errno, path, "cannot be read");
	text = mem_new(FILE_SIZE_MAX + 1);
	got = read(fd, text, FILE_SIZE_MAX);
	close(fd);
	if (got < 0) {
		free(text);
		return complain(sentence, errno, path, "cannot be read");
	}
	*out = text;
	*len = (size_t)got;
	return STATUS_OK;
}

/* Appears whole or not at all: written beside its place, then renamed. */
static enum status
write_file(const char *path, struct bytes content, char *sentence)
{
	char *beside = mem_format("%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum status status = STATUS_OK;

	if (fd < 0 || write(fd, content.data, content.len) != (ssize_t)content.len ||
	    fsync(fd) < 0 || rename(beside, path) < 0)
		status = complain(sentence, errno, path, "cannot be made");
	if (fd >= 0)
		close(fd);
	free(beside);
	return status;
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
	/* The key first: a certificate without its key would stop every later start. */
	status = write_file(settings->private_key, bytes_of_string(key), sentence);
	if (status == STATUS_OK)
		status = write_file(settings->certificate, bytes_of_string(certificate), sentence);
	mem_wipe(key, strlen(key));
	free(key);
	free(certificate);
	return status;
}

static enum status
require(enum status status, const char *path, char *sentence)
{
	if (status == STATUS_NOT_FOUND)
		snprintf(sentence, CREDENTIALS_SENTENCE_MAX,
		    "%s does not exist, but the other half of it does", path);
	return status;
}

static enum status
load_certificate(const struct settings *settings, struct credentials *out, char *sentence)
{
	struct tls_context *context;
	enum status status;
	size_t len;

	if (access(settings->certificate, F_OK) < 0 && access(settings->private_key, F_OK) < 0) {
		status = make_certificate(settings, sentence);
		if (status != STATUS_OK)
			return status;
	}
	status = require(read_file(settings->certificate, &out->certificate, &len, sentence),
	    settings->certificate, sentence);
	if (status == STATUS_OK)
		status = require(read_file(settings->private_key, &out->key, &len, sentence),
		    settings->private_key, sentence);
	if (status != STATUS_OK)
		return status;
	status = tls_context_new_server(
	    bytes_of_string(out->certificate), bytes_of_string(out->key), false, &context);
	if (status == STATUS_OK) {
		tls_context_unref(context);
		status = tls_pin_of_certificate(bytes_of_string(out->certificate), out->pin);
	}
	if (status != STATUS_OK)
		snprintf(sentence, CREDENTIALS_SENTENCE_MAX,
		    "%s and %s cannot be used together as certificate and key",
		    settings->certificate, settings->private_key);
	return status;
}

static enum status
load_cluster_key(const struct settings *settings, struct credentials *out, char *sentence)
{
	char *text = NULL;
	size_t len = 0;
	enum status status = read_file(settings->cluster_key, &text, &len, sentence);

	if (status == STATUS_NOT_FOUND) {
		crypto_random(out->cluster_key, sizeof(out->cluster_key));
		return write_file(settings->cluster_key,
		    bytes_of(out->cluster_key, sizeof(out->cluster_key)), sentence);
	}
	if (status != STATUS_OK)
		return status;
	if (len == sizeof(out->cluster_key)) {
		memcpy(out->cluster_key, text, len);
	} else {
		snprintf(sentence, CREDENTIALS_SENTENCE_MAX,
		    "%s has %zu bytes, a cluster key has %d", settings->cluster_key, len,
		    CREDENTIALS_KEY_SIZE);
		status = STATUS_BAD_KEY;
	}
	mem_wipe(text, len);
	free(text);
	return status;
}

/* Makes the folder and locks it, so that programs which start together make one set of files. */
static int
lock_state_dir(const struct settings *settings)
{
	int fd;

	if (mkdir(settings->state_dir, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = open(settings->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

enum status
credentials_load(
    const struct settings *settings, bool with_cluster_key, struct credentials *out, char *sentence)
{
	struct credentials fresh = { 0 };
	enum status status = STATUS_OK;
	int lock = lock_state_dir(settings);

	if (lock < 0)
		return complain(sentence, errno, settings->state_dir, "this folder cannot be used");
	if (!settings->insecure_plaintext)
		status = load_certificate(settings, &fresh, sentence);
	if (status == STATUS_OK && with_cluster_key)
		status = load_cluster_key(settings, &fresh, sentence);
	close(lock);
	if (status == STATUS_OK)
		*out = fresh;
	else
		credentials_clear(&fresh);
	return status;
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
