/* SPDX-License-Identifier: ISC */
/*
 * What TLS costs without any network: CPU of a handshake on either side, and of one record,
 * written and read. The least of many runs, since other programs make the rest.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/tls.h"

enum { SERVER, CLIENT, SIDES, HANDSHAKES = 500, RECORDS = 300, RUNS = 40 };

struct side {
	struct tls *tls;
	int fd;
	bool done;
	double us;
};

static double
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void
side_step(struct side *side)
{
	static uint8_t room[65536];
	ssize_t got = recv(side->fd, room, sizeof(room), MSG_DONTWAIT);

	if (got > 0)
		tls_feed(side->tls, bytes_of(room, (size_t)got));
	if (!side->done)
		side->done = tls_handshake(side->tls) > 0;
}

static void
shake_hands(struct side sides[SIDES], struct tls_context *contexts[SIDES])
{
	int fds[SIDES];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
		log_fatal("no sockets");
	for (int i = 0; i < SIDES; i++) {
		double before = cpu_us();

		sides[i] = (struct side){ .fd = fds[i] };
		if (tls_new(contexts[i], fds[i], NULL, &sides[i].tls) != STATUS_OK)
			log_fatalx("no session");
		sides[i].us = cpu_us() - before;
	}
	while (!sides[SERVER].done || !sides[CLIENT].done) {
		for (int i = 0; i < SIDES; i++) {
			double before = cpu_us();

			side_step(&sides[i]);
			sides[i].us += cpu_us() - before;
		}
	}
}

static void
part(struct side sides[SIDES])
{
	for (int i = 0; i < SIDES; i++) {
		tls_free(sides[i].tls);
		close(sides[i].fd);
	}
}

static double
record_us(struct side sides[SIDES], size_t size)
{
	static uint8_t text[16384], wire[32768];
	double before = cpu_us();

	for (int i = 0; i < RECORDS; i++) {
		ssize_t got;

		if (tls_write(sides[SERVER].tls, bytes_of(text, size)) != (ssize_t)size)
			log_fatalx("a record was not sent");
		got = recv(sides[CLIENT].fd, wire, sizeof(wire), 0);
		tls_feed(sides[CLIENT].tls, bytes_of(wire, (size_t)got));
		if (tls_read(sides[CLIENT].tls, text, sizeof(text)) != (ssize_t)size)
			log_fatalx("a record was not read");
	}
	return (cpu_us() - before) / RECORDS;
}

int
main(void)
{
	static const size_t sizes[] = { 100, 1000, 16000 };
	double least[SIDES] = { 1e9, 1e9 };
	struct bytes nothing = bytes_of(NULL, 0), own, secret;
	struct tls_context *contexts[SIDES];
	struct side sides[SIDES];
	char *certificate, *key;

	log_open("tls_cost");
	if (tls_make_certificate(&certificate, &key) != STATUS_OK)
		log_fatalx("no certificate");
	own = bytes_of_string(certificate);
	secret = bytes_of_string(key);
	if (tls_context_new_server(own, secret, false, &contexts[SERVER]) != STATUS_OK ||
	    tls_context_new_client(nothing, nothing, &contexts[CLIENT]) != STATUS_OK)
		log_fatalx("no contexts");
	for (int run = 0; run < HANDSHAKES; run++) {
		if (run > 0)
			part(sides);
		shake_hands(sides, contexts);
		for (int i = 0; i < SIDES; i++)
			least[i] = sides[i].us < least[i] ? sides[i].us : least[i];
	}
	printf("handshake: server %.0f us, client %.0f us\n", least[SERVER], least[CLIENT]);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		double best = 1e9;

		for (int run = 0; run < RUNS; run++) {
			double us = record_us(sides, sizes[i]);

			best = us < best ? us : best;
		}
		printf("record of %5zu bytes, written and read: %.2f us\n", sizes[i], best);
	}
	part(sides);
	for (int i = 0; i < SIDES; i++)
		tls_context_unref(contexts[i]);
	free(certificate);
	free(key);
	return 0;
}
