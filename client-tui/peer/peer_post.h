/* SPDX-License-Identifier: ISC */
/*
 * What crosses between the owner of a peer thread and the thread: orders to it, events from it, and
 * the calls that both are about. Whoever takes an order or event from its queue frees it.
 */

#ifndef CLIENT_PEER_PEER_POST_H
#define CLIENT_PEER_PEER_POST_H

#include <stdatomic.h>
#include <sys/queue.h>

#include "client-tui/peer/peer_door.h"
#include "client-tui/peer/peer_thread.h"
#include "shared/mqueue.h"

struct peer_call;
struct peer_session;
struct peer_worker;

/* So few texts are left unread when a session that waits for the owner goes on. */
enum { PEER_UNREAD_LOW = 32 };

enum peer_order_kind {
	PEER_ORDER_DOOR,
	PEER_ORDER_IDENTITY,
	PEER_ORDER_MEET,
	PEER_ORDER_SAY,
	PEER_ORDER_LEAVE,
	PEER_ORDER_RESUME,
	PEER_ORDER_STOP,
};

struct peer_order {
	struct mqueue_item item;
	enum peer_order_kind kind;
	struct peer_call *call; /* a holder of it; NULL: about none */
};

struct peer_door_order {
	struct peer_order order;
	struct peer_door door;
};

struct peer_identity_order {
	struct peer_order order;
	bool is_nobody;
	struct identity identity;
};

struct peer_meet_order {
	struct peer_order order;
	struct peer_meeting meeting;
};

/* A message on its way; an order first, then in the hands of the session until it is delivered. */
struct peer_letter {
	struct peer_order order;
	STAILQ_ENTRY(peer_letter) entry;
	uint64_t id;     /* the owner's */
	uint64_t number; /* the wire's */
	size_t len;
	char text[];
};

/*
 * A session as both threads know it. It begins with the owner's first meeting; the thread's last
 * word about it is PEER_EVENT_DOWN, whoever ended it. Orders that come later find no session and
 * fall.
 */
struct peer_call {
	atomic_uint holders;

	/* The owner's. */
	LIST_ENTRY(peer_call) entry;
	uint64_t uid;
	uint8_t identity[IDENTITY_KEY_SIZE];
	bool is_open;
	bool is_left;        /* and on no list: the owner wants to hear nothing more of it */
	unsigned letters;    /* not delivered yet */
	size_t letter_bytes; /* of them */

	/*
	 * Both sides': texts that the owner has not looked at yet, and whether the thread waits for
	 * it to do so.
	 */
	atomic_uint unread;
	atomic_bool is_waiting;

	/* Orders that never fail for want of anything; each is under way once at most. */
	struct peer_order leave, resume;

	/* The thread's. */
	struct peer_worker *worker;
	struct peer_session *session; /* NULL: none yet, or over */
};

enum peer_event_kind {
	PEER_EVENT_UP,
	PEER_EVENT_TEXT,
	PEER_EVENT_DELIVERED,
	PEER_EVENT_DOWN,
};

struct peer_event {
	struct mqueue_item item;
	enum peer_event_kind kind;
	struct peer_call *call; /* a holder of it */
	uint64_t id;            /* DELIVERED */
	uint32_t ms;            /* UP */
	enum status why;        /* DOWN */
	size_t len;             /* of the text, or of the one that was delivered */
	char text[];            /* TEXT, or DOWN's sentence with its end mark */
};

/* One holder more, returns it; one less, the last one frees it. */
struct peer_call *peer_call_ref(struct peer_call *call);
void peer_call_unref(struct peer_call *call);

/* On the heap, with "extra" bytes behind it. */
struct peer_event *peer_event_new(enum peer_event_kind kind, struct peer_call *call, size_t extra);

/* Wipes what is secret, closes what is open. */
void peer_order_free(struct peer_order *order);
void peer_event_free(struct peer_event *event);

#endif
