/* SPDX-License-Identifier: ISC */
#include "server/supervisor/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/endpoint.h"

static int
listen_at(const char *text)
{
	struct endpoint endpoint;
	struct address address;
	const int yes = 1;
	int fd;

	if (!endpoint_parse(bytes_of_string(text), &endpoint) ||
	    endpoint_to_address(&endpoint, &address) != STATUS_OK) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Connections of an earlier run that still linger are no hindrance. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, &address.any, address.len) < 0 || listen(fd, 1) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static enum status
complain(const char *option, const char *text, int error, char *sentence)
{
	if (error == EADDRINUSE)
		snprintf(sentence, PORTS_SENTENCE_MAX,
		    "%s %s is taken by another program: stop that one, or choose another port "
		    "with -o %s=ADDRESS:PORT or in the configuration file", option, text, option);
	else if (error == EADDRNOTAVAIL)
		snprintf(sentence, PORTS_SENTENCE_MAX,
		    "%s %s is no address of this machine: set it to one that "
		    "\"ip address\" lists", option, text);
	else if (error == EACCES)
		snprintf(sentence, PORTS_SENTENCE_MAX,
		    "%s %s is not for this user: choose a port from 1024 on",
		    option, text);
	else
		snprintf(sentence, PORTS_SENTENCE_MAX, "%s %s cannot be used: %s", option, text,
		    strerror(error));
	return STATUS_BAD_CONFIG;
}

/* Clients and the two programs have to know the port beforehand. */
static bool
has_port(const char *text)
{
	struct endpoint endpoint;

	return endpoint_parse(bytes_of_string(text), &endpoint) && endpoint.port != 0;
}

enum status
ports_check(const struct settings *settings, char *sentence)
{
	const struct {
		const char *option;
		const char *text;
	} listeners[] = {
		{ "route-listen", settings->route_listen },
		{ "work-listen", settings->work_listen },
	};
	int fds[2] = { -1, -1 };
	enum status status = STATUS_OK;

	/* Both at the same time, because they may be the same. */
	for (size_t i = 0; i < 2 && status == STATUS_OK; i++) {
		if (!has_port(listeners[i].text)) {
			snprintf(sentence, PORTS_SENTENCE_MAX,
			    "%s %s has no port of its own, which is needed here",
			    listeners[i].option, listeners[i].text);
			status = STATUS_BAD_CONFIG;
			break;
		}
		fds[i] = listen_at(listeners[i].text);
		if (fds[i] < 0)
			status = complain(listeners[i].option, listeners[i].text, errno, sentence);
	}
	for (size_t i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return status;
}
