/* SPDX-License-Identifier: ISC */
#include "client-tui/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-tui/net/account_file.h"
#include "client-tui/net/whole_file.h"
#include "shared/mem.h"

struct keep {
	char *folder;	/* ".../tingyu" */
	char *accounts; /* ".../tingyu/accounts" */
	int lock;
};

static char *
find_folder(void)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return mem_format("%s/tingyu", xdg);
	if (home != NULL && home[0] == '/')
		return mem_format("%s/.local/state/tingyu", home);
	return NULL;
}

/* The folder with those above it. Those that are there stay as they are. */
static bool
make_folder(const char *path)
{
	char *part = mem_string(path);
	bool is_made = true;

	for (char *slash = strchr(part + 1, '/'); slash != NULL && is_made;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		is_made = mkdir(part, 0700) == 0 || errno == EEXIST;
		*slash = '/';
	}
	is_made = is_made && (mkdir(part, 0700) == 0 || errno == EEXIST);
	free(part);
	return is_made;
}

static bool
take_lock(struct keep *keep, char *why)
{
	char *path = mem_format("%s/lock", keep->accounts);

	keep->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (keep->lock >= 0 && flock(keep->lock, LOCK_EX | LOCK_NB) == 0) {
		free(path);
		return true;
	}
	if (keep->lock >= 0 && errno == EWOULDBLOCK)
		snprintf(why, KEEP_WHY_ROOM,
		    "Another tingyu of yours runs already and uses the accounts in %s. Leave that "
		    "one first; or, for a "
		    "second person, set XDG_STATE_HOME to another folder.",
		    keep->accounts);
	else
		snprintf(why, KEEP_WHY_ROOM, "%s cannot be locked: %s", path, strerror(errno));
	free(path);
	return false;
}

bool
keep_open(struct keep **out, char why[KEEP_WHY_ROOM])
{
	struct keep *keep = mem_new(sizeof(*keep));

	keep->lock = -1;
	keep->folder = find_folder();
	if (keep->folder == NULL) {
		snprintf(why, KEEP_WHY_ROOM,
		    "Neither HOME nor XDG_STATE_HOME is set: there is no place for accounts.");
		keep_close(keep);
		return false;
	}
	keep->accounts = mem_format("%s/accounts", keep->folder);
	if (!make_folder(keep->accounts)) {
		snprintf(why, KEEP_WHY_ROOM, "The folder %s cannot be made: %s", keep->accounts,
		    strerror(errno));
		keep_close(keep);
		return false;
	}
	if (!take_lock(keep, why)) {
		keep_close(keep);
		return false;
	}
	*out = keep;
	return true;
}

void
keep_close(struct keep *keep)
{
	if (keep == NULL)
		return;
	if (keep->lock >= 0)
		close(keep->lock);
	free(keep->accounts);
	free(keep->folder);
	free(keep);
}

/* --- accounts ----------------------------------------------------------------------------- */

/* A name of a file: an IPv6 address has colons, no host has a slash. */
static char *
account_path(const struct keep *keep, const struct invite *server)
{
	char where[ENDPOINT_TEXT_SIZE];

	endpoint_print(&server->server, where);
	return mem_format("%s/%s.account", keep->accounts, where);
}

enum status
keep_load(const struct keep *keep, const struct invite *server, struct account *out)
{
	char *path = account_path(keep, server);
	enum status status = account_file_load(path, out);

	free(path);
	return status;
}

enum status
keep_save(const struct keep *keep, const struct invite *server, const struct account *account)
{
	char *path = account_path(keep, server);
	enum status status = account_file_save(path, account);

	free(path);
	return status;
}

static char *
path_of(const struct keep *keep, const struct invite *server, uint64_t uid, const char *what)
{
	char where[ENDPOINT_TEXT_SIZE];

	endpoint_print(&server->server, where);
	return mem_format("%s/%s.%" PRIu64 ".%s", keep->accounts, where, uid, what);
}

char *
keep_contacts_path(const struct keep *keep, const struct invite *server, uint64_t uid)
{
	return path_of(keep, server, uid, "contacts");
}

char *
keep_history_path(const struct keep *keep, const struct invite *server, uint64_t uid)
{
	return path_of(keep, server, uid, "history");
}

/* --- servers ------------------------------------------------------------------------------ */

static bool
read_invite(const char *folder, const char *name, struct invite *out)
{
	char *path = mem_format("%s/%s", folder, name);
	char line[ENDPOINT_INVITE_SIZE + 2] = "";
	FILE *file = fopen(path, "re");

	free(path);
	if (file == NULL)
		return false;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return endpoint_parse_invite(bytes_of_string(line), out);
}

bool
keep_last_server(const struct keep *keep, struct invite *out)
{
	return read_invite(keep->accounts, "last-server", out);
}

enum status
keep_set_last_server(const struct keep *keep, const struct invite *server)
{
	char *path = mem_format("%s/last-server", keep->accounts);
	char line[ENDPOINT_INVITE_SIZE + 1];
	enum status status;

	endpoint_print_invite(server, line);
	strcat(line, "\n");
	status = whole_file_write(path, bytes_of_string(line));
	free(path);
	return status;
}

bool
keep_find_server(const struct keep *keep, struct invite *out)
{
	return read_invite(keep->folder, "invite", out) ||
	    read_invite(TINGYU_STATEDIR, "invite", out);
}
