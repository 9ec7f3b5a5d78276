/* SPDX-License-Identifier: ISC */
/* What the files of watch share; nobody else includes it. */

#ifndef SERVER_WORK_WATCH_PARTS_H
#define SERVER_WORK_WATCH_PARTS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "server/work/watch.h"
#include "shared/wheel.h"

enum {
	WATCH_UIDS_MAX = 256,		/* of one session; the protocol allows no more */
	WATCH_CHANGES_MAX = 1024,	/* told to the siblings at once */
};

/* One session watches one user. */
struct subscription {
	LIST_ENTRY(subscription) next;	/* of the user's */
	struct watched *watched;
	struct session *session;
};

/* All that one session watches. */
struct watcher {
	size_t count;
	struct subscription items[];
};

enum watched_as { WATCHED_UNTOLD, WATCHED_ABSENT, WATCHED_ONLINE };

/* A user whom somebody here watches. */
struct watched {
	SLIST_ENTRY(watched) next;	/* in the bucket */
	LIST_HEAD(, subscription) subscriptions;
	uint64_t uid;
	enum watched_as told;	/* to those who watch */
	bool is_in_doubt;	/* not here now; whether that is worth a word is seen later */
	bool is_elsewhere;	/* with another work server, as far as we know */
	bool is_known;		/* we do know that */
};

SLIST_HEAD(bucket, watched);

/* By uid: the user may not be watched any more when it is due. */
struct doubt {
	STAILQ_ENTRY(doubt) next;
	uint64_t uid;
	uint64_t due;
};

struct watch {
	struct worker *worker;
	struct bucket *buckets;
	size_t bucket_count;	/* a power of two */
	size_t watched_count;

	uint64_t changes[WATCH_CHANGES_MAX];	/* that the siblings do not know of yet */
	size_t change_count;
	bool is_incomplete;	/* a sibling missed some: it has to look at everybody */
	struct wheel_timer gather;

	STAILQ_HEAD(, doubt) doubts;	/* the oldest first */
	struct wheel_timer doubt;

	size_t look_next, look_left;	/* buckets, while everybody is looked at */
	struct wheel_timer look;

	bool asks_again;	/* while looking: the store has to be asked about everybody */
	size_t batch_count;	/* of such a question */
	uint64_t batch[WATCH_UIDS_MAX];
};

/* watch.c */

/* NULL: nobody watches this user. */
struct watched *watch_find(const struct watch *watch, uint64_t uid);

/* Something may be different about this user: those who watch are told what is true now. */
void watch_look(struct watch *watch, struct watched *watched);
void watch_look_at_everybody(struct watch *watch, uint32_t delay_ms);

/* watch_elsewhere.c */

/* Nobody else has the database: nobody is elsewhere. */
bool watch_is_alone(const struct watch *watch);

/*
 * Asks the store about those of a session's list of whom it is not known whether they are
 * elsewhere; then the session gets its WATCH_OK. False: all is known.
 */
bool watch_ask_for_session(struct session *session, uint32_t request);

/* Everybody is asked about, a part at a time: one more, and the last ones of a part. */
void watch_ask_again(struct watch *watch, uint64_t uid);
void watch_flush_asked(struct watch *watch);

#endif
