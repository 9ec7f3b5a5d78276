/* SPDX-License-Identifier: ISC */
/* Whose history is kept, and the helper thread that waits for its disk. */

#include <stdio.h>
#include <stdlib.h>

#include "client-tui/app.h"
#include "client-tui/control/past.h"
#include "client-tui/keep.h"
#include "client-tui/net/helper.h"
#include "shared/mem.h"

/* A piece of work on its way to the helper and back. */
struct errand {
	struct helper_job job;
	struct history_work *work;
};

static void
run_errand(struct helper_job *job)
{
	struct errand *errand = CONTAINER_OF(job, struct errand, job);

	errand->work->run(errand->work);
}

/* When the helper ended before, it is the time to wait for the disk: nothing may be lost. */
static void
finish_errand(struct helper_job *job)
{
	struct errand *errand = CONTAINER_OF(job, struct errand, job);
	struct history_work *work = errand->work;

	if (!job->did_run)
		work->run(work);
	free(errand);
	work->done(work);
}

static void
run(void *arg, struct history_work *work)
{
	struct app *app = arg;
	struct errand *errand = mem_new(sizeof(*errand));

	errand->job = (struct helper_job){ .run = run_errand, .done = finish_errand };
	errand->work = work;
	if (helper_post(app->helper, &errand->job) != STATUS_OK)
		finish_errand(&errand->job);
}

/* While the client ends there is no pane any more to say it in. */
static void
on_trouble(void *arg, const char *sentence)
{
	struct app *app = arg;

	if (app->is_closing)
		fprintf(stderr, "tingyu: %s\n", sentence);
	else
		control_alert(app->control, pane_home(), "%s", sentence);
}

static const struct history_host host = { .run = run, .on_trouble = on_trouble };

void
app_keep_history(struct app *app, uint64_t uid)
{
	char *path;

	if (uid == app->history_uid)
		return;
	past_end(app->control);
	app->history_uid = uid;
	if (uid == 0 || !app->keeps_history)
		return;
	path = keep_history_path(app->keep, &app->server, uid);
	past_begin(app->control, history_new(path, &host, app));
	free(path);
}
