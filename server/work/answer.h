/* SPDX-License-Identifier: ISC */
/* A client's request that only the store can answer: asked, counted, and its failures passed on. */

#ifndef SERVER_WORK_ANSWER_H
#define SERVER_WORK_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "server/store/store_client.h"

struct session;

/*
 * Asks the store for the session; "on_answer" gets the session as its argument and the request as
 * its tag. Nothing comes when the session ends before. When the client has too many questions
 * open it gets an ERROR, and on_answer is called with that status, as if the store had said so.
 */
void answer_ask(struct session *session, uint32_t request, uint16_t verb, const void *message,
    store_on_answer *on_answer);

/*
 * First thing in every such on_answer: true when there is a message to work with. Otherwise the
 * client has got an ERROR already (or is on its way out), and all that is left is to tidy up.
 */
bool answer_is_good(struct session *session, const struct store_answer *answer);

#endif
