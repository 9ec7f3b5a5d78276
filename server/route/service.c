/* SPDX-License-Identifier: ISC */
#include "server/route/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/proc/credentials.h"
#include "server/proc/limiter.h"
#include "server/route/route.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"

/* What the hooks of the parent know. */
struct service {
	const struct arguments *arguments;
	struct settings *settings;
	struct credentials credentials;
};

/* --- hooks ---------------------------------------------------------------- */

/* The line that people need to give to clients. */
static void
on_started(struct proc_parent *parent, void *arg)
{
	const struct proc_address *bound = proc_parent_address(parent, 0);
	struct service *service = arg;
	struct invite invite = { .has_pin = !service->settings->insecure_plaintext };
	char line[ENDPOINT_INVITE_SIZE];

	if (!endpoint_of_sockaddr((const struct sockaddr *)&bound->address, &invite.server))
		return;
	memcpy(invite.pin, service->credentials.pin, sizeof(invite.pin));
	endpoint_print_invite(&invite, line);
	log_info("clients and work servers reach this route server at %s", line);
	if (service->settings->allowed_work.count == 0)
		log_warn("allow-work is empty: no work server can report, "
		    "so no client can be helped");
}

static void
on_member_died(struct proc_parent *parent, const struct proc_member *who, void *arg UNUSED)
{
	nodes_orphan(proc_parent_memory(parent, ROUTE_MEMORY_NODES), who->number, who->generation,
	    clock_monotonic_ms());
}

/* On a copy: the running settings stay as they are until all is known to be good. */
static enum status
load_again(const struct service *service, struct settings *settings,
    struct credentials *credentials, char *sentence)
{
	enum status status;

	settings_copy(service->settings, settings);
	status = arguments_reload(service->arguments, settings);
	if (status == STATUS_OK)
		status = credentials_load(settings, false, credentials, sentence);
	else
		snprintf(sentence, PROC_SENTENCE_MAX, "the configuration has mistakes");
	if (status != STATUS_OK)
		settings_clear(settings);
	return status;
}

static enum status
reload(struct proc_parent *parent UNUSED, struct bytes *blob, char *sentence, void *arg)
{
	struct service *service = arg;
	struct credentials credentials = { 0 };
	struct settings settings;
	enum status status = load_again(service, &settings, &credentials, sentence);

	if (status != STATUS_OK)
		return status;
	*blob = credentials_pack(&settings, &credentials);
	credentials_clear(&service->credentials);
	settings_clear(service->settings);
	service->credentials = credentials;
	*service->settings = settings;
	settings_start_log(service->settings);
	return STATUS_OK;
}

/* --- the service ---------------------------------------------------------- */

static const struct proc_role roles[] = {
	{ .name = "route", .takes_clients = true, .run = route_run },
};

static const char *const memories[] = {
	[ROUTE_MEMORY_NODES] = "nodes",
	[ROUTE_MEMORY_LIMITS] = "limits",
};

const struct proc_service route_service = {
	.name = "route",
	.roles = roles,
	.role_count = ARRAY_LEN(roles),
	.memories = memories,
	.memory_count = ARRAY_LEN(memories),
	.on_started = on_started,
	.on_member_died = on_member_died,
	.reload = reload,
};

static enum status
read_listener(const struct settings *settings, struct proc_address *out)
{
	struct endpoint endpoint;
	struct address address;
	enum status status;

	if (!endpoint_parse(bytes_of_string(settings->route_listen), &endpoint))
		return STATUS_BAD_VALUE;
	status = endpoint_to_address(&endpoint, &address);
	if (status != STATUS_OK)
		return status;
	memcpy(&out->address, &address.any, address.len);
	out->len = address.len;
	return STATUS_OK;
}

int
route_service_run(const struct arguments *arguments, struct settings *settings)
{
	struct service service = { .arguments = arguments, .settings = settings };
	struct proc_plan plan = {
		.counts = { settings_child_count(settings) },
		.clients_max = { settings->clients_per_child },
		.memory_sizes = {
			[ROUTE_MEMORY_NODES] = nodes_size(),
			[ROUTE_MEMORY_LIMITS] = limiter_size(LIMITER_SLOTS),
		},
		.listener_count = 1,
		.arg = &service,
	};
	char sentence[CREDENTIALS_SENTENCE_MAX];
	int exit_status;

	settings_start_log(settings);
	if (read_listener(settings, &plan.listeners[0]) != STATUS_OK) {
		log_error("route-listen %s cannot be used here", settings->route_listen);
		return 1;
	}
	if (credentials_load(settings, false, &service.credentials, sentence) != STATUS_OK) {
		log_error("%s", sentence);
		return 1;
	}
	plan.settings = credentials_pack(settings, &service.credentials);
	exit_status = proc_parent_run(&route_service, &plan);
	mem_wipe((void *)(uintptr_t)plan.settings.data, plan.settings.len);
	free((void *)(uintptr_t)plan.settings.data);
	credentials_clear(&service.credentials);
	return exit_status;
}
