/* SPDX-License-Identifier: ISC */
#include "tests/bench/yardstick.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/str.h"

enum { PER_SOURCE = 8000, PATIENCE_S = 120 };

/* Of a child: it says that it is ready on one pipe, and waits for the end of the other. */
static int ready_pipe[2], start_pipe[2];

void
yardstick_require(int condition, const char *what)
{
	if (!condition)
		log_fatal("%s", what);
}

static void
listen_anywhere(struct yardstick *yardstick)
{
	socklen_t len = sizeof(yardstick->address);

	yardstick->address.sin_family = AF_INET;
	yardstick->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	yardstick->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	yardstick_require(bind(yardstick->listener, (struct sockaddr *)&yardstick->address,
	    len) == 0 &&
	    listen(yardstick->listener, 4096) == 0 &&
	    getsockname(yardstick->listener, (struct sockaddr *)&yardstick->address, &len) == 0,
	    "no socket to listen on");
}

static void
read_options(struct yardstick *yardstick, int argc, char **argv)
{
	const struct {
		char letter;
		uint32_t *value;
	} options[] = {
		{ 'n', &yardstick->connections },
		{ 'm', &yardstick->messages },
		{ 'o', &yardstick->at_once },
		{ 's', &yardstick->servers },
		{ 'c', &yardstick->clients },
	};
	int letter;

	while ((letter = getopt(argc, argv, "n:m:o:s:c:")) != -1) {
		uint64_t value;

		if (letter == '?' || !str_to_number(bytes_of_string(optarg), UINT32_MAX, &value) ||
		    value == 0)
			log_fatalx("usage: %s [-n connections] [-m messages] [-o at-once] "
			    "[-s servers] [-c clients]", argv[0]);
		for (size_t i = 0; i < ARRAY_LEN(options); i++)
			if (options[i].letter == letter)
				*options[i].value = (uint32_t)value;
	}
	if (yardstick->servers > YARDSTICK_HALF_MAX || yardstick->clients > YARDSTICK_HALF_MAX)
		log_fatalx("at most %d processes each", YARDSTICK_HALF_MAX);
}

struct yardstick *
yardstick_open(int argc, char **argv, uint32_t connections, uint32_t messages)
{
	struct yardstick *yardstick = mmap(NULL, sizeof(*yardstick), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	yardstick_require(yardstick != MAP_FAILED, "no shared memory");
	*yardstick = (struct yardstick){
		.connections = connections,
		.messages = messages,
		.at_once = UINT32_MAX,
		.servers = 2,
		.clients = 2,
	};
	read_options(yardstick, argc, argv);
	listen_anywhere(yardstick);
	return yardstick;
}

int
yardstick_connect(const struct yardstick *yardstick, uint32_t number)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	source.sin_addr.s_addr = htonl(0x7f020001 + number / PER_SOURCE);
	yardstick_require(fd >= 0, "socket");
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	yardstick_require(bind(fd, (struct sockaddr *)&source, sizeof(source)) == 0, "bind");
	yardstick_require(connect(fd, (const struct sockaddr *)&yardstick->address,
	    sizeof(yardstick->address)) == 0 || errno == EINPROGRESS, "connect");
	return fd;
}

uint32_t
yardstick_share(const struct yardstick *yardstick, uint32_t number, uint32_t *first)
{
	*first = yardstick->connections / yardstick->clients * number;
	if (number + 1 == yardstick->clients)
		return yardstick->connections - *first;
	return yardstick->connections / yardstick->clients;
}

void
yardstick_print(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
}

double
yardstick_cpu_us(const struct procstat reading[2])
{
	return (double)(reading[1].cpu_ns - reading[0].cpu_ns) / 1000;
}

static void
wait_for_start(void)
{
	char byte = 0;

	yardstick_require(write(ready_pipe[1], &byte, 1) == 1, "a pipe");
	yardstick_require(read(start_pipe[0], &byte, 1) == 0, "a pipe");
}

static void
start_half(struct yardstick *yardstick, struct half *half)
{
	for (uint32_t i = 0; i < half->count; i++) {
		half->pids[i] = fork();
		yardstick_require(half->pids[i] >= 0, "fork");
		if (half->pids[i] > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(start_pipe[1]);
		half->run(yardstick, i, wait_for_start);
		for (;;)
			pause();
	}
}

static void
read_half(const struct half *half, struct procstat *out)
{
	*out = (struct procstat){ 0 };
	for (uint32_t i = 0; i < half->count; i++) {
		struct procstat one;

		if (procstat_read("/proc", half->pids[i], NULL, &one) != STATUS_OK)
			log_fatalx("a process of the yardstick died");
		out->pss_kib += one.pss_kib;
		out->private_kib += one.private_kib;
		out->cpu_ns += one.cpu_ns;
	}
}

static void
end_half(const struct half *half)
{
	for (uint32_t i = 0; i < half->count; i++) {
		kill(half->pids[i], SIGKILL);
		waitpid(half->pids[i], NULL, 0);
	}
}

static void
read_all(const struct half *server, const struct half *client, struct measurement *out, int when)
{
	read_half(server, &out->server[when]);
	read_half(client, &out->client[when]);
	kernstat_read("/proc", &out->kernel[when]);
}

void
yardstick_measure(struct yardstick *yardstick, struct half *server, struct half *client,
    uint64_t (*counter)(const struct yardstick *), uint64_t goal, struct measurement *out)
{
	uint32_t waiting = server->count + client->count;
	uint64_t start_us;
	char byte;

	yardstick_require(pipe(ready_pipe) == 0 && pipe(start_pipe) == 0, "no pipes");
	start_half(yardstick, server);
	start_half(yardstick, client);
	while (waiting > 0 && read(ready_pipe[0], &byte, 1) == 1)
		waiting--;
	read_all(server, client, out, 0);
	start_us = clock_monotonic_us();
	close(start_pipe[1]);
	while (counter(yardstick) < goal) {
		poll(NULL, 0, 20);
		if (clock_monotonic_us() - start_us > PATIENCE_S * UINT64_C(1000000))
			log_fatalx("%d s and not done", PATIENCE_S);
	}
	read_all(server, client, out, 1);
	out->seconds = (double)(yardstick->last_us - start_us) / 1e6;
	end_half(server);
	end_half(client);
}
