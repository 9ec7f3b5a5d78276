/* SPDX-License-Identifier: ISC */
/*
 * What comes from outside becomes changes of the model: the connection to the servers, and
 * sessions.
 */

#ifndef CLIENT_CONTROL_INCOMING_H
#define CLIENT_CONTROL_INCOMING_H

#include "client-tui/control/control.h"
#include "client-tui/net/server_link.h"

/*
 * The connection is in another state; "retry_s" is the wall clock of the next try, 0 when there
 * is none. "is_waiting" says whether somebody waits to be signed in.
 */
void incoming_on_state(struct control *control, enum server_link_state state,
    const struct answer *why, uint64_t retry_s);

/* Another account, or none (uid 0). */
void incoming_on_account(struct control *control, const struct account *account);

/* A sentence that a person should know. */
void incoming_on_warning(struct control *control, const char *sentence);

/* Somebody came, or went. */
void incoming_on_presence(struct control *control, uint64_t uid, bool is_online);

/* Sessions. Somebody calls, or a call of ours is under way. */
void incoming_on_calling(struct control *control, uint64_t uid, struct bytes name);

/* It is open; "ms" is the round trip, -1 not measured. */
void incoming_on_up(
    struct control *control, uint64_t uid, struct bytes name, enum chat_trust trust, int ms);
void incoming_on_message(struct control *control, uint64_t uid, struct bytes text);

/* What became of a message that went out by that id. */
void incoming_on_delivery(
    struct control *control, uint64_t uid, uint64_t id, enum delivery delivery);

/* They showed another key than the one known; nothing was connected. */
void incoming_on_new_key(struct control *control, uint64_t uid, struct bytes name);

/* It is over, or never was: CHAT_ROAD_CLOSED, _LOST, _REFUSED, with a sentence. */
void incoming_on_down(struct control *control, uint64_t uid, enum chat_road road, const char *why);

#endif
