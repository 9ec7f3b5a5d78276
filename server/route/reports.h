/* SPDX-License-Identifier: ISC */
/* Reports of work servers: who may, what is believed, and what the log says about it. */

#ifndef SERVER_ROUTE_REPORTS_H
#define SERVER_ROUTE_REPORTS_H

#include "server/route/visitor.h"
#include "shared/protocol.h"

/* A report came: into the table with it, or the connection ends with an ERROR. */
void reports_take(struct visitor *visitor, const struct msg_report_connect *message);

/* The connection of a work server is gone: so is the work server. */
void reports_end(struct visitor *visitor, enum status why);

/* Ends the connection of a work server whose pin is no longer in allow-work. */
void reports_check(struct visitor *visitor);

#endif
