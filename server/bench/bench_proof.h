/* SPDX-License-Identifier: ISC */
/*
 * The three ways in which a client says who it is. Each sends one request numbered
 * BENCH_CLIENT_REQUEST.
 */

#ifndef SERVER_BENCH_BENCH_PROOF_H
#define SERVER_BENCH_BENCH_PROOF_H

#include "shared/bytes.h"

struct bench_client;

/* A new account: bench000001 and so on, with an empty bundle; "nonce" is the one of HELLO_OK. */
void bench_proof_send_register(const struct bench_client *client, struct bytes nonce);

/* By authentication secret. */
void bench_proof_send_login(const struct bench_client *client);

/* By the token of the last LOGIN_OK or RESUME_OK. */
void bench_proof_send_resume(const struct bench_client *client);

#endif
