/* SPDX-License-Identifier: ISC */
/* What the files of the store process share; nobody else includes it. */

#ifndef SERVER_STORE_STORE_SERVICE_PARTS_H
#define SERVER_STORE_STORE_SERVICE_PARTS_H

#include "server/store/breaker.h"
#include "server/store/elsewhere.h"
#include "server/store/job.h"
#include "server/store/store_service.h"
#include "shared/channel.h"

struct child {
	struct store_service *service;
	struct channel *channel;	/* NULL: gone */
	struct store_child who;		/* generation 0: nobody now */
	uint32_t said_again;
	bool needs_sweep;	/* sessions of a dead one may still be in the database */
	bool asks_elsewhere;	/* and is told of changes */
};

struct store_service {
	struct event_base *base;
	struct store_config config;
	struct breaker breaker;
	int lock;
	struct store *idle;		/* never connects; for verbs that have nothing to do */
	struct online *online;
	struct pool *pool;
	struct writer *writer;
	struct mqueue *done;
	struct event *tick;
	unsigned ticks;
	bool is_renewing, is_asking, is_listing;
	struct elsewhere elsewhere;
	STAILQ_HEAD(, job) waiting;	/* until that is known */
	bool was_new;			/* the others did not know us at the start */
	struct child **children;	/* by index */
	size_t child_count;
	size_t bytes;
	uint64_t reads, refused;
};

/* NULL: that process is gone. */
struct child *service_find_child(const struct store_service *service,
    const struct store_child *who);

/* Starts a job; "urgent": also when the queues are full. */
void service_post(struct store_service *service, struct job *job, bool urgent);

/* Ends a job on the loop: its frames go to whom they are for, if that process is still there. */
void service_deliver(struct store_service *service, struct job *job);

/* store_elsewhere.c */

extern const struct job_kind service_list_elsewhere;

/* A question of a child; a list has come; it is time for a newer one; for ever. */
void service_take_elsewhere(struct store_service *service, struct job *job);
void service_end_listing(struct store_service *service, struct job *job);
void service_list_again(struct store_service *service);
void service_forget_elsewhere(struct store_service *service);

#endif
