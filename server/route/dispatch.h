/* SPDX-License-Identifier: ISC */
/* From a frame to the handler of dispatch.def, or to the reason why not. */

#ifndef SERVER_ROUTE_DISPATCH_H
#define SERVER_ROUTE_DISPATCH_H

#include "server/route/visitor.h"
#include "shared/frame.h"
#include "shared/status.h"

enum dispatch_price {
	FREE,
	EACH_AFTER_FIRST,
};

struct dispatch_row {
	uint16_t type;
	unsigned states;	/* enum visitor_state, one bit each */
	enum dispatch_price price;
	/* "message" is the struct of that type, valid until the handler returns. */
	void (*handle)(struct visitor *visitor, const void *message);
};

/*
 * STATUS_OK: *out is the row, or NULL for a type that may be skipped. STATUS_UNKNOWN_TYPE,
 * STATUS_WRONG_STATE: the connection has to end with that.
 */
enum status route_dispatch_find(uint16_t type, enum visitor_state state,
    const struct dispatch_row **out);

/*
 * Looks the frame up, decodes it and calls its handler; or refuses, which ends the visitor's
 * link.
 */
void route_dispatch_frame(struct visitor *visitor, const struct frame *frame);

#endif
