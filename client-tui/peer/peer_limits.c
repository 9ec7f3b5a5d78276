/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_limits.h"

/*
 * A side gets the other's messages and the answers to its own: both together stay below the frame
 * rate.
 */
const struct peer_limits peer_limits_usual = {
	.preface_ms = 3000,
	.handshake_ms = 5000,
	.redial_ms = 10,
	.round_ms = 3000,
	.rounds = 3,
	.meet_ms = 10 * 1000,
	.ping_ms = 60 * 1000,
	.ping_skew_ms = 5 * 1000,
	.lost_ms = 85 * 1000,
	.drain_ms = 2000,
	.frame_burst = 3000,
	.frame_rate = 1000,
	.letter_burst = 1000,
	.letter_rate = 400,
};
