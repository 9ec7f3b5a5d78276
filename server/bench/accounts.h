/* SPDX-License-Identifier: ISC */
/*
 * The accounts of a benchmark: number i is called bench000000 + i. Their keys are random:
 * Argon2id is the cost of a client who types a password, the server sees 32 bytes either way.
 *
 * The file: "tingyu-bench accounts 1", then a line for every account: uid, seed, secret, the
 * latter in hexadecimal.
 */

#ifndef SERVER_BENCH_ACCOUNTS_H
#define SERVER_BENCH_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/status.h"

enum { ACCOUNT_KEY_SIZE = 32, ACCOUNT_NAME_ROOM = 17 };

struct account {
	uint64_t uid;			/* 0: not registered yet */
	uint8_t seed[ACCOUNT_KEY_SIZE];	/* of its Ed25519 identity key */
	uint8_t secret[ACCOUNT_KEY_SIZE];
};

/* The name of account "index", from 0 on: "bench000001" is the first. */
void account_name(uint32_t index, char out[ACCOUNT_NAME_ROOM]);

/* Fresh keys, no uid. */
void accounts_make(struct account *accounts, size_t count);

/*
 * Reads at most "count" accounts; *loaded of them were there, the others are left alone. A file
 * that does not exist has none. STATUS_BAD_VALUE: this is no such file, *line (may be NULL) is
 * where it goes wrong.
 */
enum status accounts_load(const char *path, struct account *accounts, size_t count, size_t *loaded,
    size_t *line);

/* Writes those that have a uid; the old file is replaced at once, mode 0600. */
enum status accounts_save(const char *path, const struct account *accounts, size_t count);

#endif
