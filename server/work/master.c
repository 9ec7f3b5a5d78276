/* SPDX-License-Identifier: ISC */
#include "server/work/master.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "server/bus/presence.h"
#include "server/proc/arguments.h"
#include "server/proc/board.h"
#include "server/proc/credentials.h"
#include "server/proc/limiter.h"
#include "server/proc/memory.h"
#include "server/work/heartbeat.h"
#include "server/work/service.h"
#include "server/work/whisper.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"

struct master {
	struct arguments arguments;
	struct settings settings;
	struct credentials credentials;
	struct heartbeat *heartbeat;
	size_t presence_size;
};

/* --- hooks --------------------------------------------------------------------------- */

static void
log_start(struct proc_parent *parent, const struct master *master)
{
	struct endpoint listener = { .port = 0 }, advertised;
	char text[ENDPOINT_TEXT_SIZE], pin[2 * CREDENTIALS_PIN_SIZE + 1];

	endpoint_of_sockaddr(
	    (const struct sockaddr *)&proc_parent_address(parent, 0)->address, &listener);
	settings_advertised(&master->settings, listener.port, &advertised);
	endpoint_print(&advertised, text);
	str_to_hex(bytes_of(master->credentials.pin, sizeof(master->credentials.pin)), pin);
	log_info("clients reach this work server at %s, pin %s; it can hold %u", text, pin,
	    proc_parent_capacity(parent));
}

void
master_on_started(struct proc_parent *parent, void *arg)
{
	struct master *master = arg;
	uint64_t id = work_server_id(proc_parent_memory(parent, WORK_FACTS));

	master->heartbeat = heartbeat_start(parent, id, &master->settings, &master->credentials);
	log_start(parent, master);
}

void
master_on_drain(struct proc_parent *parent, void *arg)
{
	struct master *master = arg;

	(void)parent;
	heartbeat_hurry(master->heartbeat);
}

void
master_on_stop(struct proc_parent *parent, void *arg)
{
	struct master *master = arg;

	(void)parent;
	heartbeat_stop(master->heartbeat);
	master->heartbeat = NULL;
}

/* Whoever watches those who went with a child is with another one. */
static void
say_look(struct proc_parent *parent)
{
	const struct whisper_changed changed = { .uids = bytes_of("", 0) };
	uint8_t frame[16];
	size_t size = codec_encode(whisper_schema(WHISPER_CHANGED), &changed, frame);

	proc_parent_send_all(parent, WORK_SESSION, bytes_of(frame, size));
}

void
master_on_member_died(struct proc_parent *parent, const struct proc_member *who, void *arg)
{
	struct master *master = arg;
	struct presence presence;
	size_t gone;

	if (who->role != WORK_SESSION)
		return;
	if (!presence_init(
		&presence, proc_parent_memory(parent, WORK_PRESENCE), master->presence_size))
		return;
	gone = presence_sweep(&presence, who->index, who->generation);
	if (gone > 0)
		log_info("%s/%u: %zu users went offline with it",
		    work_service.roles[who->role].name, who->index, gone);
	say_look(parent);
	heartbeat_hurry(master->heartbeat);
}

enum status
master_reload(struct proc_parent *parent, struct bytes *blob, char *sentence, void *arg)
{
	struct master *master = arg;
	struct credentials credentials = { 0 };
	struct settings settings;
	enum status status;

	(void)parent;
	settings_copy(&master->settings, &settings);
	status = arguments_reload(&master->arguments, &settings);
	if (status != STATUS_OK)
		snprintf(sentence, PROC_SENTENCE_MAX, "the configuration has mistakes");
	else
		status = credentials_keep_cluster_key(&settings, sentence);
	if (status == STATUS_OK)
		status = credentials_load(&settings, true, &credentials, sentence);
	if (status != STATUS_OK) {
		settings_clear(&settings);
		return status;
	}
	settings_clear(&master->settings);
	credentials_clear(&master->credentials);
	master->settings = settings;
	master->credentials = credentials;
	settings_start_log(&master->settings);
	*blob = credentials_pack(&master->settings, &master->credentials);
	heartbeat_reload(master->heartbeat, &master->settings, &master->credentials);
	return STATUS_OK;
}

/* --- start --------------------------------------------------------------------------- */

/* Most clients that all children together could ever hold. */
static size_t
most_clients(const struct settings *settings, unsigned children)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	return (size_t)children * board_clients_max(settings->clients_per_child, limit.rlim_max,
	    memory_of_machine(), children);
}

static enum status
fill_plan(struct master *master, struct proc_plan *plan)
{
	const struct settings *settings = &master->settings;
	unsigned children = settings_child_count(settings);
	struct endpoint listen;
	struct address address;
	enum status status = STATUS_BAD_CONFIG;

	if (endpoint_parse(bytes_of_string(settings->work_listen), &listen))
		status = endpoint_to_address(&listen, &address);
	if (status != STATUS_OK) {
		log_error("work-listen %s: %s", settings->work_listen, status_text(status));
		return status;
	}
	memcpy(&plan->listeners[0].address, &address.any, address.len);
	plan->listeners[0].len = address.len;
	plan->listener_count = 1;
	plan->counts[WORK_SESSION] = children;
	plan->counts[WORK_STORE] = 1;
	plan->clients_max[WORK_SESSION] = settings->clients_per_child;
	master->presence_size = presence_size(most_clients(settings, children));
	plan->memory_sizes[WORK_PRESENCE] = master->presence_size;
	plan->memory_sizes[WORK_FACTS] = sizeof(struct work_facts);
	plan->memory_sizes[WORK_LIMITS] = limiter_size(LIMITER_SLOTS);
	plan->settings = credentials_pack(settings, &master->credentials);
	plan->arg = master;
	return STATUS_OK;
}

static int
serve(struct master *master)
{
	struct proc_plan plan = { 0 };
	char sentence[CREDENTIALS_SENTENCE_MAX];
	int exit_status;

	if (credentials_load(&master->settings, true, &master->credentials, sentence) !=
	    STATUS_OK) {
		log_error("%s", sentence);
		return EXIT_FAILURE;
	}
	if (fill_plan(master, &plan) != STATUS_OK)
		return EXIT_FAILURE;
	exit_status = proc_parent_run(&work_service, &plan);
	mem_wipe((void *)plan.settings.data, plan.settings.len);
	free((void *)plan.settings.data);
	credentials_clear(&master->credentials);
	return exit_status;
}

int
master_run(int argc, char **argv)
{
	struct master master = { 0 };
	int exit_status;

	log_open("tingyu-work");
	switch (arguments_start(argc, argv, "the server that people are registered and online with",
	    &master.arguments, &master.settings)) {
	case ARGUMENTS_DONE:
		return EXIT_SUCCESS;
	case ARGUMENTS_WRONG:
		return 2;
	case ARGUMENTS_RUN:
		break;
	}
	settings_start_log(&master.settings);
	exit_status = serve(&master);
	settings_clear(&master.settings);
	arguments_clear(&master.arguments);
	return exit_status;
}
