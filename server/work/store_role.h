/* SPDX-License-Identifier: ISC */
/* The store process of a work server: the only holder of database handles. */

#ifndef SERVER_WORK_STORE_ROLE_H
#define SERVER_WORK_STORE_ROLE_H

struct proc_child;

/* Its whole life; the exit status. */
int store_role_run(struct proc_child *child);

#endif
