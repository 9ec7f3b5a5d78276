/* SPDX-License-Identifier: ISC */
/* Who a server is: its certificate and key in PEM, and the pin that follows from them. */

#ifndef SERVER_PROC_CERTIFICATE_H
#define SERVER_PROC_CERTIFICATE_H

#include "server/proc/settings.h"
#include "shared/tls.h"

enum { CERTIFICATE_FILE_MAX = 64 * 1024, CERTIFICATE_SENTENCE_MAX = 1200 };

struct certificate {
	struct bytes certificate;
	struct bytes key;
	uint8_t pin[TLS_PIN_SIZE];
};

/*
 * Reads the two files that the settings name and proves that they belong together. Not STATUS_OK: "sentence" says which
 * file and why, *out is untouched.
 */
enum status certificate_read(const struct settings *settings, struct certificate *out,
    char sentence[CERTIFICATE_SENTENCE_MAX]);

/*
 * The same at a start: when neither file is there both are made first (the key with mode 0600), in folders that are made
 * where they are missing. Several programs may do so at once: one makes them, all read the same.
 */
enum status certificate_open(const struct settings *settings, struct certificate *out,
    char sentence[CERTIFICATE_SENTENCE_MAX]);

/* Wipes the key and frees. */
void certificate_clear(struct certificate *certificate);

#endif
