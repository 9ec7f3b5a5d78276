/* SPDX-License-Identifier: ISC */
/* The route server from above: its plan, and what its parent does. */

#ifndef SERVER_ROUTE_SERVICE_H
#define SERVER_ROUTE_SERVICE_H

#include "server/proc/arguments.h"
#include "server/proc/proc.h"

extern const struct proc_service route_service;

/*
 * Runs the route server with these settings until it is told to stop; returns the exit status
 * for main(). Both belong to the caller; a reload changes the settings.
 */
int route_service_run(const struct arguments *arguments, struct settings *settings);

#endif
