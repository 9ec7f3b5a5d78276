/* SPDX-License-Identifier: ISC */
/*
 * The first 16 bytes of a direct connection, in each direction: the token of the introduction.
 * Nothing behind them is read here.
 */

#ifndef CLIENT_PEER_PEER_PREFACE_H
#define CLIENT_PEER_PEER_PREFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-tui/peer/peer_thread.h"

enum peer_preface_result {
	PEER_PREFACE_WHOLE,   /* token[] is there */
	PEER_PREFACE_PARTIAL, /* more has to come */
	PEER_PREFACE_ENDED,   /* closed, or broken */
};

/* All zero is the start. */
struct peer_preface {
	uint8_t token[PEER_TOKEN_SIZE];
	size_t len;
};

/* Reads what is there of it from a non-blocking socket. */
enum peer_preface_result peer_preface_receive(struct peer_preface *preface, int fd);

/* Says a token on a fresh socket; false: it broke. */
bool peer_preface_send(int fd, const uint8_t token[PEER_TOKEN_SIZE]);

#endif
