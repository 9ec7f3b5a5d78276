/* SPDX-License-Identifier: ISC */
/*
 * The one thread that writes. What waits becomes one change with one commit (at most
 * WRITER_BATCH_MAX jobs), and while that runs the next ones gather: many writers cost few
 * commits, and a lonely one does not wait for company. A change that fails is rolled back and
 * repeated job by job, so one bad row does not hurt the others.
 */

#ifndef SERVER_STORE_WRITER_H
#define SERVER_STORE_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "shared/compiler.h"
#include "shared/status.h"

struct store;
struct writer;

enum { WRITER_BATCH_MAX = 256 };

/*
 * Embedded in what is to be written; the fields are the writer's from writer_post() until
 * done().
 */
struct writer_job {
	struct writer_job *next;
	enum status status;
};

struct writer_options {
	size_t queue_max;
	/*
	 * Within a change, perhaps several times until it is committed. Its status goes to
	 * done() after the commit.
	 */
	enum status (*run)(void *arg, struct store *store, struct writer_job *job);
	/*
	 * Once, after the commit (STATUS_OK or why the job itself was refused) or when there is
	 * none. Gives the job back.
	 */
	void (*done)(void *arg, struct store *store, struct writer_job *job, enum status status);
	void *arg;
};

/* The handle belongs to the writer from here on; it is used and closed by the thread alone. */
struct writer *writer_new(const struct writer_options *options, struct store *store);

/* From now on what waits is written. */
void writer_start(struct writer *writer);

/*
 * What waits is still written (a writer that was not started forgets it), then the thread ends.
 * Blocks so long. NULL is fine.
 */
void writer_free(struct writer *writer);

/*
 * Any thread. STATUS_BUSY: too many wait already; "urgent" is taken all the same. Jobs are
 * written in the order of posting.
 */
enum status writer_post(struct writer *writer, struct writer_job *job, bool urgent) MUST_USE;

struct writer_figures {
	size_t waiting;
	uint64_t jobs;		/* done */
	uint64_t commits;
	uint64_t split;		/* changes that failed and were repeated job by job */
};

void writer_figures(struct writer *writer, struct writer_figures *out);

#endif
