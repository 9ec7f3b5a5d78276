/* SPDX-License-Identifier: ISC */
/*
 * The secrets of a server and how they reach its children: certificate and key, and (work
 * servers) the cluster key. Missing files are made on the first start.
 */

#ifndef SERVER_PROC_CREDENTIALS_H
#define SERVER_PROC_CREDENTIALS_H

#include <stdint.h>

#include "server/proc/settings.h"
#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/status.h"

enum {
	CREDENTIALS_KEY_SIZE = 32,
	CREDENTIALS_PIN_SIZE = 32,
	CREDENTIALS_SENTENCE_MAX = 256,
};

/* Texts are PEM on the heap. Starts as { 0 }; credentials_clear() wipes it. */
struct credentials {
	char *certificate;
	char *key;
	uint8_t pin[CREDENTIALS_PIN_SIZE];	/* of the certificate */
	uint8_t cluster_key[CREDENTIALS_KEY_SIZE];	/* zeros: was not asked for */
};

/*
 * Reads what the settings name and checks that certificate and key belong together. What does not
 * exist is made (mode 0600, state-dir itself 0700); several programs may do so at once. A secret
 * that everybody on this machine can read is a warning in the log. With insecure-plaintext there
 * is no certificate. Anything but STATUS_OK: "sentence"
 * (CREDENTIALS_SENTENCE_MAX) says which file and what to do, *out is untouched.
 */
enum status credentials_load(const struct settings *settings, bool with_cluster_key,
    struct credentials *out, char *sentence);

/*
 * Before a reload: the cluster key has to be there still. Else another one would be made, and no
 * password would be right any more. STATUS_NOT_FOUND: "sentence" says so.
 */
enum status credentials_keep_cluster_key(const struct settings *settings, char *sentence);

void credentials_clear(struct credentials *credentials);

/* Settings and credentials as one blob for proc_plan.settings; free(3) its data. */
struct bytes credentials_pack(
    const struct settings *settings, const struct credentials *credentials) MUST_USE;

/* The same back, in a child. STATUS_BAD_FRAME: made by another build. Clear both later. */
enum status credentials_unpack(
    struct bytes blob, struct settings *settings, struct credentials *credentials);

#endif
