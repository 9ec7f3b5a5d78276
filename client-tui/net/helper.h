/* SPDX-License-Identifier: ISC */
/*
 * One thread for what could block or takes long: Argon2id, looking up names. Jobs are handed
 * over and come back through queues, in order; nothing else is shared.
 */

#ifndef CLIENT_NET_HELPER_H
#define CLIENT_NET_HELPER_H

#include <stdbool.h>

#include "shared/compiler.h"
#include "shared/mqueue.h"
#include "shared/status.h"

struct event_base;
struct helper;

/* Embedded in what belongs to the job. The poster's until helper_post(), and from done() on. */
struct helper_job {
	struct mqueue_item item; /* the helper's */
	/* On the helper thread; sees nothing but its job. */
	void (*run)(struct helper_job *job);
	/* On the thread of the base that the helper was started with. */
	void (*done)(struct helper_job *job);
	bool did_run; /* false in done(): the helper was stopped before */
};

/* STATUS_NO_DESCRIPTORS, STATUS_NO_MEMORY, STATUS_SYSTEM: there is no thread to be had. */
enum status helper_start(struct event_base *base, struct helper **out);

/* STATUS_BUSY: too many wait already; the job is still the caller's. */
enum status helper_post(struct helper *helper, struct helper_job *job) MUST_USE;

/*
 * Waits for the job that runs now (up to two seconds for the dearest Argon2id), then calls
 * done() for all that are left. NULL is fine.
 */
void helper_stop(struct helper *helper);

#endif
