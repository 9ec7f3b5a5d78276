/* SPDX-License-Identifier: ISC */
/* From a frame to its handler: the rows of dispatch.def, and what each of them may rely on. */

#ifndef SERVER_WORK_DISPATCH_H
#define SERVER_WORK_DISPATCH_H

#include "shared/frame.h"
#include "shared/protocol.h"

struct session;

/*
 * Takes a frame from a client: known type, allowed in this state, whole, and within the rate;
 * then its handler is called. Otherwise the client gets an ERROR. One for text or sizes that are
 * out of bounds answers the request and the connection goes on; after anything else the stream
 * cannot be trusted, and it ends. Unknown optional types are skipped.
 */
void dispatch_frame(struct session *session, const struct frame *frame);

/*
 * The handlers: the state is right, every field is within its bounds, texts are clean. The
 * message is borrowed.
 */
#define HANDLE(NAME, name, states, rate) \
	void handle_##name(struct session *session, const struct msg_##name *message);
#include "server/work/dispatch.def"
#undef HANDLE

#endif
