/* SPDX-License-Identifier: ISC */
/*
 * What was said in one pane: messages and local notes in the order in which they came, the newest
 * 2000 of them and at most 4 MiB of text. What was asked in a pane is answered in it, by a note.
 * Entries have ids that count up by one, so an entry is found at once and keeps its name while
 * older ones go.
 *
 * Where messages are kept on disk, this is a window onto them: older ones are put in above when the
 * reader gets there, and then the newest have to leave, until the reader comes back.
 */

#ifndef CLIENT_MODEL_TRANSCRIPT_H
#define CLIENT_MODEL_TRANSCRIPT_H

#include <stdbool.h>

#include "shared/bytes.h"

enum {
	TRANSCRIPT_MOST = 2000,
	TRANSCRIPT_BYTES_MOST = 4 * 1024 * 1024,
};

/* The first id: below it there is room for what is older. */
#define TRANSCRIPT_FIRST_ID ((uint64_t)1 << 40)

enum transcript_kind {
	TRANSCRIPT_THEIRS,
	TRANSCRIPT_MINE,
	TRANSCRIPT_NOTE,  /* local: an answer, "bob left the session" */
	TRANSCRIPT_ALERT, /* local: a refusal, a warning */
};

/* What became of a message of mine. */
enum delivery {
	DELIVERY_QUEUED,
	DELIVERY_STORED,
	DELIVERY_DELIVERED,
	DELIVERY_READ,
	DELIVERY_FAILED,
};

/* What a message is called where it is kept; epoch 0: it is not kept. */
struct transcript_key {
	uint64_t epoch, sequence;
};

struct transcript_entry {
	uint64_t id;
	struct transcript_key key;
	uint64_t time_s; /* wall clock */
	enum transcript_kind kind;
	enum delivery delivery; /* of TRANSCRIPT_MINE */
	char *text;		/* clean: line breaks and tabs are the only controls */
	size_t len;
};

/*
 * The line at the top of what is shown: a line of an entry, in the view's wrapping. id 0: the end
 * is shown.
 */
struct transcript_place {
	uint64_t id;
	size_t line;
};

struct transcript {
	/* To be read. */
	struct transcript_entry *entries; /* a ring */
	size_t count;
	uint64_t first_id;   /* of the oldest entry kept */
	bool has_lost;	     /* older entries than the oldest were here once, and had to go */
	bool has_older;	     /* older messages can be had from the disk */
	bool has_newer;	     /* newer ones, too: the window does not reach the end */
	size_t resets;	     /* how often all of it was forgotten */
	size_t skipped;	     /* messages that came while it did not */
	uint64_t epoch;	     /* of the keys of new messages; 0: they are not kept */
	uint64_t new_id;     /* the first entry nobody saw; 0: no mark */
	size_t unseen;	     /* entries nobody saw */
	size_t unread;	     /* messages of others among them */
	struct transcript_place place;

	/* Inside. */
	uint64_t next_id;
	size_t room, start, bytes;
};

void transcript_init(struct transcript *transcript);
void transcript_clear(struct transcript *transcript);

/* Forgets the entries (/clear); ids count on. */
void transcript_forget(struct transcript *transcript);

/* The entry at a position, 0 the oldest; or by its id, NULL when it is gone or not there yet. */
const struct transcript_entry *transcript_at(const struct transcript *transcript, size_t position);
const struct transcript_entry *transcript_find(const struct transcript *transcript, uint64_t id);

/*
 * Adds an entry, cleaned; returns its id. "is_seen" says whether its pane is on the screen: a
 * message that is not seen, or comes while the reader looks at older ones, counts as unread. Mine
 * are seen, and lead back to the end. While the window does not reach the end, messages of others
 * are only counted (they are on the disk), and notes are refused: 0.
 */
uint64_t transcript_add(struct transcript *transcript, enum transcript_kind kind, uint64_t time_s,
    struct bytes text, bool is_seen);

/*
 * From now on messages are kept on disk: new ones by the keys (epoch, id). Those of before may be
 * there. Epoch 0: not any more.
 */
void transcript_keep(struct transcript *transcript, uint64_t epoch);

/* A message that comes from the disk. */
struct transcript_kept {
	struct transcript_key key;
	enum transcript_kind kind; /* TRANSCRIPT_MINE or _THEIRS */
	enum delivery delivery;
	uint64_t time_s;
	struct bytes text;
};

/*
 * Messages next above the oldest message, or next below the newest one; in the order in which they
 * were said. "has_more": the disk has more of them in that direction. A reader at the end loses
 * nothing there.
 */
void transcript_add_older(struct transcript *transcript, const struct transcript_kept *messages,
    size_t count, bool has_more);
void transcript_add_newer(struct transcript *transcript, const struct transcript_kept *messages,
    size_t count, bool has_more);

/* The oldest and the newest message here that is on the disk; NULL: there is none. */
const struct transcript_entry *transcript_oldest_kept(const struct transcript *transcript);
const struct transcript_entry *transcript_newest_kept(const struct transcript *transcript);

/*
 * Leads the reader to the end, where all is read. A window that does not reach it becomes empty,
 * for the newest messages.
 */
void transcript_to_end(struct transcript *transcript);

/* False when that message is gone, or not mine. */
bool transcript_set_delivery(struct transcript *transcript, uint64_t id, enum delivery delivery);

/*
 * Every message of mine that is still queued becomes "delivery" (the session ended). Returns how
 * many.
 */
size_t transcript_settle(struct transcript *transcript, enum delivery delivery);

/* The pane came onto the screen: what its end shows is read. */
void transcript_enter(struct transcript *transcript);

/* The pane left the screen: the mark above what was new goes, if all was read. */
void transcript_leave(struct transcript *transcript);

/* Where the reader went (view_scroll says where that is); at the end everything is read. */
void transcript_scroll(struct transcript *transcript, struct transcript_place place);

/* The word for a state: "queued", "stored", "delivered", "read", "failed". */
const char *delivery_word(enum delivery delivery);

#endif
