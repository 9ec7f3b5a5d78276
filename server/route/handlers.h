/* SPDX-License-Identifier: ISC */
/* One function for each row of dispatch.def. */

#ifndef SERVER_ROUTE_HANDLERS_H
#define SERVER_ROUTE_HANDLERS_H

#include "server/route/session.h"
#include "shared/protocol.h"

#define ON(MESSAGE, name, states, price) \
	void handle_##name(struct session *session, const struct msg_##name *message);
#include "server/route/dispatch.def"
#undef ON

#endif
