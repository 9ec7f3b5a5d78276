/* SPDX-License-Identifier: ISC */
#include "server/work/store_role.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/bus/presence.h"
#include "server/proc/child.h"
#include "server/proc/credentials.h"
#include "server/proc/files.h"
#include "server/store/store_service.h"
#include "server/work/service.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"

enum { PASSWORD_FILE_MAX = 1024 };

struct store_role {
	struct proc_child *child;
	struct settings settings;
	struct presence presence;
	struct store_service *service;
};

/* --- who is online here, for pages of the directory ---------------------------------- */

struct snapshot {
	uint64_t *uids;
	size_t room;
	size_t count;
};

static bool
note_uid(void *arg, uint64_t uid, const struct presence_holder *holder)
{
	struct snapshot *snapshot = arg;

	(void)holder;
	if (snapshot->count < snapshot->room)
		snapshot->uids[snapshot->count] = uid;
	snapshot->count++;
	return true;
}

static size_t
take_snapshot(void *arg, uint64_t *uids, size_t room)
{
	struct store_role *role = arg;
	struct snapshot snapshot = { .uids = uids, .room = room };

	presence_each(&role->presence, note_uid, &snapshot);
	return snapshot.count;
}

/* --- configuration ------------------------------------------------------------------- */

static enum status
read_password(const char *path, struct store_config *config, char *why, size_t room)
{
	struct bytes text;
	enum status status;
	char *end;

	if (path[0] == '\0')
		return STATUS_OK;
	status = files_read_secret(path, PASSWORD_FILE_MAX, &text);
	if (status != STATUS_OK) {
		snprintf(why, room, "%s: %s", path, status_text(status));
		return STATUS_BAD_CONFIG;
	}
	end = strchr(text.data, '\n');
	if (end != NULL)
		*end = '\0';
	status = store_config_set_password(config, text.data);
	if (status != STATUS_OK)
		snprintf(why, room, "%s: the password is too long", path);
	mem_wipe((void *)text.data, text.len);
	free((void *)text.data);
	return status;
}

static enum status
make_config(struct store_role *role, struct store_config *config, char *why, size_t room)
{
	const struct settings *settings = &role->settings;
	struct endpoint listener = { .port = 0 }, advertised;
	enum status status = store_config_parse(settings->database, config, why, room);

	if (status != STATUS_OK)
		return status;
	endpoint_of_sockaddr(
	    (const struct sockaddr *)&proc_child_address(role->child, 0)->address, &listener);
	settings_advertised(settings, listener.port, &advertised);
	config->threads_min = settings->store_threads_min;
	config->threads_max = settings->store_threads_max;
	config->queue_max = settings->store_queue;
	config->server_id = work_server_id(proc_child_memory(role->child, WORK_FACTS, NULL));
	config->server_port = advertised.port;
	str_copy(
	    bytes_of_string(advertised.host), config->server_host, sizeof(config->server_host));
	return read_password(settings->database_password_file, config, why, room);
}

/* --- the process --------------------------------------------------------------------- */

static void
on_peer(void *arg, const struct proc_member *who, int fd)
{
	struct store_role *role = arg;

	store_service_add_child(role->service, (uint16_t)who->index, who->generation, fd);
}

/*
 * The session children need the store until the last of them has left; then the parent says stop.
 */
static void
on_drain(void *arg)
{
	(void)arg;
}

static void
on_stop(void *arg)
{
	struct store_role *role = arg;

	proc_child_leave(role->child, 0);
}

static const struct proc_handlers handlers = {
	.on_peer = on_peer,
	.on_drain = on_drain,
	.on_stop = on_stop,
};

static int
serve(struct store_role *role)
{
	struct store_config config;
	char why[256] = "";
	enum status status = make_config(role, &config, why, sizeof(why));
	int exit_status;

	if (status == STATUS_OK)
		status = store_service_new(proc_child_base(role->child), &config, take_snapshot,
		    role, &role->service, why, sizeof(why));
	store_config_clear(&config);
	if (status != STATUS_OK) {
		log_error("the store cannot start: %s", why);
		return PROC_EXIT_HOPELESS;
	}
	exit_status = proc_child_run(role->child, &handlers, role);
	store_service_free(role->service);
	return exit_status;
}

int
store_role_run(struct proc_child *child)
{
	struct store_role role = { .child = child };
	struct credentials credentials = { 0 };
	size_t size;
	void *memory = proc_child_memory(child, WORK_PRESENCE, &size);
	int exit_status;

	if (credentials_unpack(proc_child_settings(child), &role.settings, &credentials) !=
	    STATUS_OK)
		return PROC_EXIT_HOPELESS;
	credentials_clear(&credentials);
	settings_start_log(&role.settings);
	exit_status =
	    presence_init(&role.presence, memory, size) ? serve(&role) : PROC_EXIT_HOPELESS;
	settings_clear(&role.settings);
	return exit_status;
}
