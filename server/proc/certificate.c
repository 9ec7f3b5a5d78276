/* SPDX-License-Identifier: ISC */
#include "server/proc/certificate.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/proc/files.h"
#include "shared/mem.h"

static void
free_secret(struct bytes secret)
{
	if (secret.data != NULL)
		mem_wipe((void *)(uintptr_t)secret.data, secret.len);
	free((void *)(uintptr_t)secret.data);
}

void
certificate_clear(struct certificate *certificate)
{
	free((void *)(uintptr_t)certificate->certificate.data);
	free_secret(certificate->key);
	*certificate = (struct certificate){ 0 };
}

static enum status
read_file(const char *what, const char *path, struct bytes *out, char *sentence)
{
	enum status status = files_read(path, CERTIFICATE_FILE_MAX, out);

	if (status != STATUS_OK)
		snprintf(sentence, CERTIFICATE_SENTENCE_MAX, "The %s %s cannot be read: %s", what, path, status_text(status));
	return status;
}

/* Only the library can tell whether a key belongs to a certificate. */
static enum status
prove_pair(const struct settings *settings, struct certificate *pair, char *sentence)
{
	struct tls_context *context;
	enum status status = tls_pin_of_certificate(pair->certificate, pair->pin);

	if (status == STATUS_OK)
		status = tls_context_new_server(pair->certificate, pair->key, false, &context);
	if (status == STATUS_OK)
		tls_context_unref(context);
	else
		snprintf(sentence, CERTIFICATE_SENTENCE_MAX,
		    "The certificate %s and the private key %s cannot be used together: %s",
		    settings->certificate, settings->private_key, status_text(status));
	return status;
}

enum status
certificate_read(const struct settings *settings, struct certificate *out, char sentence[CERTIFICATE_SENTENCE_MAX])
{
	struct certificate fresh = { 0 };
	enum status status;

	status = read_file("certificate", settings->certificate, &fresh.certificate, sentence);
	if (status == STATUS_OK)
		status = read_file("private key", settings->private_key, &fresh.key, sentence);
	if (status == STATUS_OK)
		status = prove_pair(settings, &fresh, sentence);
	if (status == STATUS_OK)
		*out = fresh;
	else
		certificate_clear(&fresh);
	return status;
}

/* The key first: without it the certificate is worth nothing, and a half made pair is told at the next start. */
static enum status
write_pair(const struct settings *settings, const char *certificate, const char *key)
{
	enum status status = files_write(settings->private_key, 0600, bytes_of_string(key));

	if (status == STATUS_OK)
		status = files_write(settings->certificate, 0644, bytes_of_string(certificate));
	return status;
}

static enum status
make_pair(const struct settings *settings)
{
	char *certificate, *key;
	enum status status = tls_make_certificate(&certificate, &key);

	if (status != STATUS_OK)
		return status;
	status = write_pair(settings, certificate, key);
	free(certificate);
	free_secret(bytes_of_string(key));
	return status;
}

static enum status
make_folder_of(const char *path)
{
	char *folder = files_folder_of(path);
	enum status status = files_make_folder(folder);

	free(folder);
	return status;
}

/* Under the lock of the key's folder: who comes second finds the files. */
static enum status
make_missing(const struct settings *settings)
{
	char *folder = files_folder_of(settings->private_key);
	enum status status;
	int lock;

	status = make_folder_of(settings->private_key);
	if (status == STATUS_OK)
		status = make_folder_of(settings->certificate);
	if (status == STATUS_OK)
		status = files_lock_folder(folder, &lock);
	if (status == STATUS_OK) {
		if (!files_exist(settings->private_key) && !files_exist(settings->certificate))
			status = make_pair(settings);
		files_unlock(lock);
	}
	free(folder);
	return status;
}

enum status
certificate_open(const struct settings *settings, struct certificate *out, char sentence[CERTIFICATE_SENTENCE_MAX])
{
	enum status status;

	if (!files_exist(settings->certificate) || !files_exist(settings->private_key)) {
		status = make_missing(settings);
		if (status != STATUS_OK) {
			snprintf(sentence, CERTIFICATE_SENTENCE_MAX,
			    "The certificate %s and its private key cannot be made: %s",
			    settings->certificate, status_text(status));
			return status;
		}
	}
	return certificate_read(settings, out, sentence);
}
