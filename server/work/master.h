/* SPDX-License-Identifier: ISC */
/*
 * The parent of a work server beyond the skeleton: options, credentials, the heartbeat, and
 * sweeping up after dead children. It is never on the path of a request.
 */

#ifndef SERVER_WORK_MASTER_H
#define SERVER_WORK_MASTER_H

#include "server/proc/proc.h"

/* Reads the command line and runs the server; the exit status of the program. */
int master_run(int argc, char **argv);

/* Hooks of proc_service. */
void master_on_started(struct proc_parent *parent, void *arg);
void master_on_drain(struct proc_parent *parent, void *arg);
void master_on_stop(struct proc_parent *parent, void *arg);
void master_on_member_died(struct proc_parent *parent, const struct proc_member *who, void *arg);
enum status master_reload(
    struct proc_parent *parent, struct bytes *settings, char *sentence, void *arg);

#endif
