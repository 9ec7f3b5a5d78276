/* SPDX-License-Identifier: ISC */
/*
 * What the supervisor keeps in the state folder: server.pid, which is also the lock that makes
 * it the only one there; invite, the line that people give to their clients; and running.conf,
 * what both programs are told.
 */

#ifndef SERVER_SUPERVISOR_STATE_H
#define SERVER_SUPERVISOR_STATE_H

#include "server/proc/settings.h"
#include "shared/endpoint.h"
#include "shared/status.h"

struct state {
	char *folder;
	char *pid_path;
	char *invite_path;
	char *conf_path;
	int lock;	/* server.pid, open and locked */
};

enum { STATE_SENTENCE_MAX = 1200 };

/*
 * The folder where nobody named one: TINGYU_STATEDIR if this user may write there (or make it:
 * root), else tingyu under $XDG_STATE_HOME or ~/.local/state (XDG Base Directory
 * Specification). On the heap; NULL: there is no home either.
 */
char *state_default_folder(void);

/*
 * Makes the folder, takes the lock and writes our pid. Not STATUS_OK: "sentence" says why
 * (another supervisor: which), and there is nothing to close.
 */
enum status state_open(const char *folder, struct state *out, char sentence[STATE_SENTENCE_MAX]);

/* Removes all three files and lets go of the lock. */
void state_close(struct state *state);

/* Writes the invite line, with a line end behind it. */
enum status state_write_invite(const struct state *state, const char *line);

/* Writes all settings as a configuration file. */
enum status state_write_conf(const struct state *state, const struct settings *settings);

#endif
