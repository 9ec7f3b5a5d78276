/* SPDX-License-Identifier: ISC */
#include "server/supervisor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/proc/files.h"
#include "shared/conf_value.h"
#include "shared/mem.h"

char *
state_default_folder(void)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (geteuid() == 0 || access(TINGYU_STATEDIR, W_OK) == 0)
		return mem_string(TINGYU_STATEDIR);
	if (xdg != NULL && xdg[0] == '/')
		return mem_format("%s/tingyu", xdg);
	if (home != NULL && home[0] == '/')
		return mem_format("%s/.local/state/tingyu", home);
	return NULL;
}

/* --- the lock ------------------------------------------------------------- */

static void
tell_owner(const struct state *state, int fd, char *sentence)
{
	char pid[16] = "";
	ssize_t got = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[got > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	snprintf(sentence, STATE_SENTENCE_MAX,
	    "another tingyu-server%s%s uses %s already: stop it first, or name another "
	    "folder with -o state-dir=FOLDER", pid[0] != '\0' ? ", pid " : "", pid, state->folder);
}

/*
 * Who had the lock before may have removed the file between our open and our lock: then it is
 * not the file any more.
 */
static bool
is_in_place(const struct state *state, int fd)
{
	struct stat open_file, named_file;

	return fstat(fd, &open_file) == 0 && stat(state->pid_path, &named_file) == 0 &&
	    open_file.st_dev == named_file.st_dev && open_file.st_ino == named_file.st_ino;
}

static enum status
lock_once(struct state *state, int fd, char *sentence)
{
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (fd >= 0 && errno == EWOULDBLOCK) {
			tell_owner(state, fd, sentence);
			return STATUS_BUSY;
		}
		snprintf(sentence, STATE_SENTENCE_MAX, "%s: %s", state->pid_path, strerror(errno));
		return STATUS_SYSTEM;
	}
	state->lock = fd;
	return STATUS_OK;
}

/* STATUS_BUSY: somebody else has it. */
static enum status
take_lock(struct state *state, char *sentence)
{
	enum status status;
	int fd;

	do {
		fd = open(state->pid_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		status = lock_once(state, fd, sentence);
		if (status == STATUS_OK && is_in_place(state, fd))
			return STATUS_OK;
		if (fd >= 0)
			close(fd);
	} while (status == STATUS_OK);
	return status;
}

static enum status
write_pid(const struct state *state, char *sentence)
{
	char pid[16];
	int len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());

	if (ftruncate(state->lock, 0) == 0 && pwrite(state->lock, pid, (size_t)len, 0) == len)
		return STATUS_OK;
	snprintf(sentence, STATE_SENTENCE_MAX, "%s: %s", state->pid_path, strerror(errno));
	return STATUS_SYSTEM;
}

/* --- life ----------------------------------------------------------------- */

static void
free_paths(struct state *state)
{
	free(state->folder);
	free(state->pid_path);
	free(state->invite_path);
	free(state->conf_path);
}

enum status
state_open(const char *folder, struct state *out, char sentence[STATE_SENTENCE_MAX])
{
	enum status status = files_make_folder(folder);

	if (status != STATUS_OK) {
		snprintf(sentence, STATE_SENTENCE_MAX, "the folder %s cannot be made: %s",
		    folder, status_text(status));
		return status;
	}
	*out = (struct state){
		.folder = mem_string(folder),
		.pid_path = mem_format("%s/server.pid", folder),
		.invite_path = mem_format("%s/invite", folder),
		.conf_path = mem_format("%s/running.conf", folder),
		.lock = -1,
	};
	status = take_lock(out, sentence);
	if (status != STATUS_OK) {
		free_paths(out);
		return status;
	}
	/* A killed predecessor leaves its invite: nobody may take that for ours. */
	unlink(out->invite_path);
	status = write_pid(out, sentence);
	if (status != STATUS_OK)
		state_close(out);
	return status;
}

void
state_close(struct state *state)
{
	unlink(state->invite_path);
	unlink(state->conf_path);
	/* Last, and while the lock is held: from here on the folder is somebody else's. */
	unlink(state->pid_path);
	close(state->lock);
	free_paths(state);
}

/* --- files ---------------------------------------------------------------- */

enum status
state_write_invite(const struct state *state, const char *line)
{
	char *text = mem_format("%s\n", line);
	enum status status = files_write(state->invite_path, 0644, bytes_of_string(text));

	free(text);
	return status;
}

static void
print_quoted(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s \"", name);
	for (; *value != '\0'; value++)
		fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
	fputs("\"\n", out);
}

enum status
state_write_conf(const struct state *state, const struct settings *settings)
{
	const struct conf_table *table = settings_table();
	enum status status;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return status_of_errno(errno);
	fputs("# What tingyu-server tells its two programs; written anew at a reload.\n", out);
	for (size_t i = 0; i < table->count; i++) {
		for (size_t item = 0; item < conf_value_count(&table->options[i], settings);
		    item++) {
			char *value = conf_value_print(&table->options[i], settings, item);

			print_quoted(out, table->options[i].name, value);
			free(value);
		}
	}
	fclose(out);
	status = files_write(state->conf_path, 0600, bytes_of(text, len));
	free(text);
	return status;
}
