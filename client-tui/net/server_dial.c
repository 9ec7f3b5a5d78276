/* SPDX-License-Identifier: ISC */
/* How the link reaches one server: its name is looked up, its addresses are tried in turn. */

#include "client-tui/net/server_link_parts.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/mem.h"

/* A name that the helper looks up. */
struct look_up {
	struct helper_job job;
	struct server_link *self; /* NULL: nobody waits for it any more */
	struct endpoint server;
	struct address addresses[SERVER_LINK_ADDRESSES_MAX];
	size_t count;
};

static struct address
any_address(int family, uint16_t port)
{
	struct address address = { .len = sizeof(address.v4) };

	if (family == AF_INET6) {
		address.len = sizeof(address.v6);
		address.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	} else {
		address.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	}
	return address;
}

void
server_link_dial_next(struct server_link *self)
{
	struct address local;
	const struct address *to = &self->addresses[self->address_next++];
	const struct invite *invite = &self->stop.invite;
	struct link_target target = {
		.address = &to->any,
		.address_len = to->len,
		.tls = self->tls,
		.pin = invite->has_pin && self->tls != NULL ? invite->pin : NULL,
	};

	if (self->tls == NULL && !endpoint_is_loopback(&to->any)) {
		server_link_lose_for(self, STATUS_NOT_ALLOWED,
		    "Without TLS only this machine can be reached.");
		return;
	}
	if (self->local_port != 0) {
		local = any_address(to->any.sa_family, self->local_port);
		target.local = &local.any;
		target.local_len = local.len;
		target.share_port = true;
		target.skip_time_wait = true;
	}
	self->link = link_connect(self->loop, &target, &self->limits,
	    &server_link_events, self);
}

static void
keep_address(struct look_up *look_up, const struct addrinfo *found)
{
	struct address *to = &look_up->addresses[look_up->count];

	if (look_up->count == SERVER_LINK_ADDRESSES_MAX ||
	    found->ai_addrlen > sizeof(*to) - offsetof(struct address, any))
		return;
	memcpy(&to->any, found->ai_addr, found->ai_addrlen);
	to->len = found->ai_addrlen;
	look_up->count++;
}

static void
look_up_run(struct helper_job *job)
{
	struct look_up *look_up = CONTAINER_OF(job, struct look_up, job);
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found;
	char port[8];

	snprintf(port, sizeof(port), "%u", look_up->server.port);
	if (getaddrinfo(look_up->server.host, port, &hints, &found) != 0)
		return;
	for (const struct addrinfo *i = found; i != NULL; i = i->ai_next)
		keep_address(look_up, i);
	freeaddrinfo(found);
}

static void
look_up_done(struct helper_job *job)
{
	struct look_up *look_up = CONTAINER_OF(job, struct look_up, job);
	struct server_link *self = look_up->self;

	if (self != NULL) {
		self->look_up = NULL;
		memcpy(self->addresses, look_up->addresses, sizeof(self->addresses));
		self->address_count = look_up->count;
		if (look_up->count > 0)
			server_link_dial_next(self);
		else
			server_link_lose_for(self, STATUS_UNREACHABLE, "This name has no address.");
	}
	free(look_up);
}

static void
start_look_up(struct server_link *self)
{
	struct look_up *look_up = mem_new(sizeof(*look_up));

	look_up->job.run = look_up_run;
	look_up->job.done = look_up_done;
	look_up->self = self;
	look_up->server = self->stop.invite.server;
	if (helper_post(self->helper, &look_up->job) == STATUS_OK) {
		self->look_up = look_up;
		return;
	}
	free(look_up);
	server_link_lose_for(self, STATUS_BUSY, "This program has too much to do to look up a name.");
}

void
server_link_forget_look_up(struct server_link *self)
{
	if (self->look_up != NULL)
		self->look_up->self = NULL;
	self->look_up = NULL;
}

void
server_link_dial(struct server_link *self)
{
	self->address_next = 0;
	self->address_count = 1;
	if (endpoint_to_address(&self->stop.invite.server, &self->addresses[0]) == STATUS_OK)
		server_link_dial_next(self);
	else
		start_look_up(self);
}
