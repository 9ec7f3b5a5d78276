/* SPDX-License-Identifier: ISC */
#include "server/proc/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/str.h"

enum { FIRST_INHERITED = 3 };

void
listener_describe(const struct proc_address *address, char text[LISTENER_TEXT_SIZE])
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool is_v6 = address->address.ss_family == AF_INET6;

	if (getnameinfo((const struct sockaddr *)&address->address, address->len, host,
	    sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(text, LISTENER_TEXT_SIZE, "an address of family %d",
		    address->address.ss_family);
	else
		snprintf(text, LISTENER_TEXT_SIZE, "%s%.60s%s:%.6s", is_v6 ? "[" : "", host,
		    is_v6 ? "]" : "", port);
}

static bool
read_address(int fd, struct proc_address *out)
{
	out->len = sizeof(out->address);
	return getsockname(fd, (struct sockaddr *)&out->address, &out->len) == 0;
}

static bool
bind_and_listen(int fd, const struct proc_address *address)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return bind(fd, (const struct sockaddr *)&address->address, address->len) == 0 &&
	    listen(fd, LISTENER_BACKLOG) == 0;
}

enum status
listener_open(const struct proc_address *address, struct listener *out)
{
	int fd = socket(address->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char text[LISTENER_TEXT_SIZE];
	enum status status;

	if (fd >= 0 && bind_and_listen(fd, address) && read_address(fd, &out->address)) {
		out->fd = fd;
		return STATUS_OK;
	}
	status = status_of_errno(errno);
	listener_describe(address, text);
	log_error("cannot listen on %s: %s", text,
	    errno == EADDRINUSE ? "another program listens there already" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return status;
}

static bool
number_from_environment(const char *name, uint64_t max, uint64_t *out)
{
	const char *value = getenv(name);

	return value != NULL && str_to_number(bytes_of_string(value), max, out);
}

unsigned
listener_inherit(struct listener *out, unsigned room)
{
	uint64_t pid, count;
	unsigned found = 0;

	if (!number_from_environment("LISTEN_PID", INT32_MAX, &pid) || (pid_t)pid != getpid() ||
	    !number_from_environment("LISTEN_FDS", 1024, &count))
		return 0;
	for (unsigned i = 0; i < count && found < room; i++) {
		int fd = FIRST_INHERITED + (int)i;

		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, O_NONBLOCK);
		if (!read_address(fd, &out[found].address))
			continue;
		out[found++].fd = fd;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return found;
}

void
listener_close(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}
