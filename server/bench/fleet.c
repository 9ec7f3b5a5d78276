/* SPDX-License-Identifier: ISC */
#include "server/bench/fleet.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"

enum { WAIT_MS = 100 };

uint32_t
fleet_size(uint32_t clients, uint32_t wanted)
{
	uint32_t needed = (clients + FLEET_CLIENTS_PER_SWARM - 1) / FLEET_CLIENTS_PER_SWARM;

	if (wanted == 0)
		wanted = 2;
	if (wanted < needed)
		wanted = needed;
	return wanted < clients ? wanted : clients;
}

/* The child: nothing of the other ships stays open in it, and it does not outlive its parent. */
static void NO_RETURN
sail(struct fleet *fleet, const struct bench_options *options, const struct invite *invite,
    uint32_t number, int socket)
{
	char name[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint32_t i = 0; i < number; i++)
		close(fleet->ships[i].socket);
	free(fleet->ships);
	snprintf(name, sizeof(name), "tingyu-bench/%u", number);
	log_open(name);
	exit(swarm_run(options, invite, fleet->board, number, socket));
}

static uint32_t
count_busy(const struct fleet *fleet)
{
	uint32_t busy = 0;

	for (uint32_t i = 0; i < fleet->count; i++)
		busy += fleet->ships[i].is_busy;
	return busy;
}

static void
fill_polls(const struct fleet *fleet, struct pollfd *polls)
{
	for (uint32_t i = 0; i < fleet->count; i++)
		polls[i] = (struct pollfd){ .fd = fleet->ships[i].socket, .events = POLLIN };
}

/* Takes the "done" of those who said it. False: one is dead. */
static bool
hear(struct fleet *fleet, const struct pollfd *polls)
{
	for (uint32_t i = 0; i < fleet->count; i++) {
		struct ship *ship = &fleet->ships[i];
		char done;

		if (polls[i].revents == 0)
			continue;
		if (recv(ship->socket, &done, sizeof(done), MSG_DONTWAIT) != sizeof(done)) {
			log_error("process %d of the benchmark is gone", (int)ship->pid);
			return false;
		}
		ship->is_busy = false;
	}
	return true;
}

static bool
wait_for_all(struct fleet *fleet, void (*on_wait)(void *arg), void *arg)
{
	struct pollfd *polls = mem_new_array(fleet->count, sizeof(*polls));
	uint64_t next_ms = clock_monotonic_ms();
	bool alive = true;

	while (alive && count_busy(fleet) > 0) {
		fill_polls(fleet, polls);
		if (poll(polls, fleet->count, WAIT_MS) > 0)
			alive = hear(fleet, polls);
		if (on_wait != NULL && clock_monotonic_ms() >= next_ms) {
			on_wait(arg);
			next_ms = clock_monotonic_ms() + WAIT_MS;
		}
	}
	free(polls);
	return alive;
}

static void
launch(struct fleet *fleet, const struct bench_options *options, const struct invite *invite,
    uint32_t number)
{
	struct ship *ship = &fleet->ships[number];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		log_fatal("no sockets for a process");
	fflush(NULL);
	ship->socket = ends[0];
	ship->is_busy = true;
	ship->pid = fork();
	if (ship->pid < 0)
		log_fatal("no process");
	if (ship->pid == 0) {
		close(ends[0]);
		sail(fleet, options, invite, number, ends[1]);
	}
	close(ends[1]);
}

bool
fleet_start(struct fleet *fleet, const struct bench_options *options, const struct invite *invite,
    struct scoreboard *board)
{
	fleet->board = board;
	fleet->count = board->row_count;
	fleet->ships = mem_new_array(fleet->count, sizeof(*fleet->ships));
	for (uint32_t i = 0; i < fleet->count; i++)
		launch(fleet, options, invite, i);
	return wait_for_all(fleet, NULL, NULL);
}

bool
fleet_order(struct fleet *fleet, const struct order *order, uint32_t count,
    void (*on_wait)(void *arg), void *arg)
{
	for (uint32_t i = 0; i < count; i++) {
		struct ship *ship = &fleet->ships[i];

		if (send(ship->socket, order, sizeof(*order), MSG_NOSIGNAL) != sizeof(*order)) {
			log_error("process %d of the benchmark is gone", (int)ship->pid);
			return false;
		}
		ship->is_busy = true;
	}
	return wait_for_all(fleet, on_wait, arg);
}

bool
fleet_stop(struct fleet *fleet)
{
	bool well = true;

	for (uint32_t i = 0; i < fleet->count; i++) {
		int status = 0;

		close(fleet->ships[i].socket);
		while (waitpid(fleet->ships[i].pid, &status, 0) < 0 && errno == EINTR)
			continue;
		well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	free(fleet->ships);
	return well;
}
