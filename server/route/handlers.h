/* SPDX-License-Identifier: ISC */
/* One function for each row of dispatch.def. */

#ifndef SERVER_ROUTE_HANDLERS_H
#define SERVER_ROUTE_HANDLERS_H

#include "server/route/visitor.h"
#include "shared/protocol.h"

#define ON(MESSAGE, name, states, price) \
	void route_handle_##name(struct visitor *visitor, const struct msg_##name *message);
#include "server/route/dispatch.def"
#undef ON

#endif
