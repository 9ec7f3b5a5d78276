/* SPDX-License-Identifier: ISC */
/*
 * What the two programs are told so that they work together: the settings that somebody gave to
 * the supervisor, and that the route server takes reports of this one key, and the work server
 * reports to this one route server.
 */

#ifndef SERVER_SUPERVISOR_TEAM_H
#define SERVER_SUPERVISOR_TEAM_H

#include "server/proc/arguments.h"
#include "server/proc/credentials.h"
#include "shared/endpoint.h"

enum { TEAM_SENTENCE_MAX = 1400 };

struct team {
	struct settings settings;
	struct credentials credentials;
	char *override;		/* the state folder that nobody named, as "state-dir=…" */
};

/* arguments_start(), and a state folder for those who may not write to the one of the system. */
enum arguments_verdict team_start(int argc, char **argv, struct arguments *arguments,
    struct team *out);
void team_clear(struct team *team);

/* Loads or makes the keys, and tells each about the other. Not STATUS_OK: "sentence" says why. */
enum status team_meet(struct team *team, char sentence[TEAM_SENTENCE_MAX]);

/* Both again, for a reload: all of it is good and taken, or nothing changes. */
enum status team_reload(struct team *team, const struct arguments *arguments,
    char sentence[TEAM_SENTENCE_MAX]);

/* The line for people: where clients reach the route server. */
void team_invite(const struct team *team, char out[ENDPOINT_INVITE_SIZE]);

/* Where this machine reaches the route server. */
void team_route_address(const struct team *team, struct address *out);

/* The key of both; NULL with insecure-plaintext. */
const uint8_t *team_pin(const struct team *team);

#endif
