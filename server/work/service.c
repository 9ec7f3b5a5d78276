/* SPDX-License-Identifier: ISC */
#include "server/work/service.h"

#include <stdatomic.h>

#include "server/bus/presence.h"
#include "server/work/heartbeat.h"
#include "server/work/master.h"
#include "server/work/store_role.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/crypto.h"

static const struct proc_role roles[WORK_ROLES] = {
	[WORK_SESSION] = { .name = "session", .takes_clients = true, .run = worker_run },
	[WORK_STORE] = { .name = "store", .run = store_role_run },
};

static const struct proc_link links[] = {
	{ WORK_SESSION, WORK_SESSION },
	{ WORK_SESSION, WORK_STORE },
};

static const char *const memories[WORK_MEMORIES] = {
	[WORK_PRESENCE] = "presence",
	[WORK_FACTS] = "facts",
	[WORK_LIMITS] = "limits",
};

const struct proc_service work_service = {
	.name = "work",
	.roles = roles,
	.role_count = ARRAY_LEN(roles),
	.links = links,
	.link_count = ARRAY_LEN(links),
	.memories = memories,
	.memory_count = ARRAY_LEN(memories),
	.on_started = master_on_started,
	.on_drain = master_on_drain,
	.on_stop = master_on_stop,
	.on_member_died = master_on_member_died,
	.reload = master_reload,
};

uint64_t
work_server_id(struct work_facts *facts)
{
	uint64_t id = atomic_load(&facts->server_id), fresh;

	while (id == 0) {
		fresh = crypto_random_number();
		if (atomic_compare_exchange_strong(&facts->server_id, &id, fresh))
			id = fresh;
	}
	return id;
}
