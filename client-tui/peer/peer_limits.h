/* SPDX-License-Identifier: ISC */
/*
 * How long direct sessions wait, and how much they take. Tests bring shorter times; people get
 * peer_limits_usual.
 */

#ifndef CLIENT_PEER_PEER_LIMITS_H
#define CLIENT_PEER_PEER_LIMITS_H

#include <stdint.h>

struct peer_limits {
	uint32_t preface_ms;   /* who stands at the door shows a token within this */
	uint32_t handshake_ms; /* TLS of one connection */
	uint32_t redial_ms;    /* after a refusal; half of it more or less */
	uint32_t round_ms;     /* what is still silent then is dialled anew */
	uint32_t rounds;       /* so often; then nothing is dialled any more */
	uint32_t meet_ms;      /* a meeting that has led to no session by then is over */
	uint32_t ping_ms; /* of silence, then the other side is asked for a sign of life, ... */
	uint32_t ping_skew_ms; /* ... later by the lesser key, so that one question serves both */
	uint32_t lost_ms;  /* of silence, or with a message not acknowledged: the session is lost */
	uint32_t drain_ms; /* last words may take so long */
	uint32_t frame_burst;  /* frames of the other side at once, and ... */
	uint32_t frame_rate;   /* ... in a second for long; more ends the session */
	uint32_t letter_burst; /* our own messages, well below that; more has to wait */
	uint32_t letter_rate;
};

extern const struct peer_limits peer_limits_usual;

#endif
