/* SPDX-License-Identifier: ISC */
/*
 * What a link costs its server: bytes per idle session, CPU per connect, CPU per frame that is
 * echoed or goes to everybody; and the same for the least that epoll and the TLS library allow,
 * as a yardstick of the same run. The other side is a process of its own.
 *
 *	tests/bench/link_cost [SESSIONS [ROUNDS]]
 */

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/event.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/mem.h"

enum { PAYLOAD = 96, TALKERS = 100, AT_ONCE = 64, DEPTH = 8, TICK_MS = 250 };

/* A frame at a time per talker; several; or one talker whose frames go to all. */
enum way { WAY_ONE, WAY_BURSTS, WAY_FAN };

static const struct link_limits limits = {
	.handshake_ms = 60000,
	.idle_ms = 90000,
	.drain_ms = 2000,
	.output_low = 1 << 16,
	.output_high = 1 << 20,
};

struct plan {
	const char *name;
	const char *way;
	bool tls;
	bool bare;	/* the yardstick instead of links */
	bool fan;	/* one talks, and each frame goes to everybody */
	size_t sessions;
	size_t talkers;
	size_t rounds;	/* frames each talker sends */
	size_t depth;	/* frames sent at once */
	char *certificate;
	char *key;
	struct sockaddr_in address;
	int listener;
};

static double
cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static size_t
heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static size_t
private_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	size_t kib = 0, value;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Private_Dirty: %zu kB", &value) == 1)
			kib += value;
	if (file != NULL)
		fclose(file);
	return kib * 1024;
}

static void
listen_somewhere(struct plan *plan)
{
	socklen_t len = sizeof(plan->address);

	plan->address = (struct sockaddr_in){ .sin_family = AF_INET };
	plan->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	plan->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(plan->listener, (struct sockaddr *)&plan->address, len) != 0 ||
	    listen(plan->listener, 4096) != 0 ||
	    getsockname(plan->listener, (struct sockaddr *)&plan->address, &len) != 0)
		log_fatal("no listener");
}

/* ---- the clients, in a process of their own ---- */

struct talker;

struct crowd {
	const struct plan *plan;
	struct event_base *base;
	struct link_loop *loop;
	struct tls_context *context;
	struct talker *talkers;
	size_t started, up, done, heard;
};

struct talker {
	struct crowd *crowd;
	struct link *link;
	size_t rounds;
	size_t pending;
};

static void
say(struct talker *talker)
{
	static const uint8_t payload[PAYLOAD];
	uint8_t frame[FRAME_HEADER_SIZE + PAYLOAD];

	frame_put_header(frame, 7, PAYLOAD);
	memcpy(frame + FRAME_HEADER_SIZE, payload, PAYLOAD);
	while (talker->pending < talker->crowd->plan->depth && talker->rounds > 0) {
		link_send_frame(talker->link, bytes_of(frame, sizeof(frame)));
		talker->pending++;
		talker->rounds--;
	}
}

static void
talker_on_frame(struct link *link UNUSED, const struct frame *frame UNUSED, void *arg)
{
	struct talker *talker = arg;
	struct crowd *crowd = talker->crowd;

	if (crowd->plan->fan && ++crowd->heard == crowd->plan->rounds * crowd->plan->sessions)
		event_base_loopbreak(crowd->base);
	if (talker->pending == 0 || --talker->pending > 0)
		return;
	say(talker);
	if (!crowd->plan->fan && talker->pending == 0 && ++crowd->done == crowd->plan->talkers)
		event_base_loopbreak(crowd->base);
}

static void dial(struct crowd *crowd);

static void
talker_on_up(struct link *link UNUSED, void *arg)
{
	struct talker *talker = arg;
	struct crowd *crowd = talker->crowd;

	crowd->up++;
	if (crowd->up == crowd->plan->sessions)
		event_base_loopbreak(crowd->base);
	else if (crowd->started < crowd->plan->sessions)
		dial(crowd);
}

static void
talker_on_down(struct link *link UNUSED, enum status why, void *arg UNUSED)
{
	log_fatalx("client: %s", status_text(why));
}

static const struct link_handler talker_handler = {
	.on_up = talker_on_up,
	.on_frame = talker_on_frame,
	.on_down = talker_on_down,
};

static void
dial(struct crowd *crowd)
{
	struct talker *talker = &crowd->talkers[crowd->started++];
	struct link_target target = {
		.address = (const struct sockaddr *)&crowd->plan->address,
		.address_len = sizeof(crowd->plan->address),
		.tls = crowd->context,
	};

	talker->crowd = crowd;
	talker->link = link_connect(crowd->loop, &target, &limits, &talker_handler, talker);
}

static void
meet(int gate)
{
	char byte = 0;

	if (write(gate, &byte, 1) != 1 || read(gate, &byte, 1) != 1)
		log_fatalx("the other process is gone");
}

static void
run_clients(const struct plan *plan, int gate)
{
	struct crowd crowd = { .plan = plan };

	crowd.talkers = mem_new_array(plan->sessions, sizeof(struct talker));
	crowd.base = link_base_new();
	crowd.loop = link_loop_new(crowd.base, TICK_MS);
	if (plan->tls)
		tls_context_new_client(bytes_of(NULL, 0), bytes_of(NULL, 0), &crowd.context);
	while (crowd.started < AT_ONCE)
		dial(&crowd);
	event_base_dispatch(crowd.base);
	meet(gate);
	for (size_t i = 0; i < plan->talkers; i++) {
		crowd.talkers[i].rounds = plan->rounds;
		say(&crowd.talkers[i]);
	}
	event_base_dispatch(crowd.base);
	_exit(write(gate, "", 1) == 1 ? 0 : 1);
}

/* ---- the server as links ---- */

struct server {
	struct plan *plan;
	struct link **links;
	size_t count;
	struct event_base *base;
	struct link_loop *loop;
	struct tls_context *context;
};

static void
session_on_frame(struct link *link, const struct frame *frame, void *arg)
{
	/* A frame that came is whole in memory, its header in front of it. */
	const uint8_t *start = (const uint8_t *)frame->payload.data - FRAME_HEADER_SIZE;
	struct bytes whole = bytes_of(start, frame->payload.len + FRAME_HEADER_SIZE);
	struct server *server = arg;

	if (!server->plan->fan)
		link_send_frame(link, whole);
	for (size_t i = 0; server->plan->fan && i < server->count; i++)
		link_send_frame(server->links[i], whole);
}

static void
session_on_down(struct link *link UNUSED, enum status why UNUSED, void *arg UNUSED)
{
}

static const struct link_handler session_handler = {
	.on_frame = session_on_frame,
	.on_down = session_on_down,
};

static void
server_on_connection(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct server *server = arg;
	int peer;

	while ((peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		server->links[server->count++] = link_accept(
		    server->loop, peer, server->context, &limits, &session_handler, server);
}

static void
server_on_gate(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct server *server = arg;
	char byte;

	if (read(fd, &byte, 1) == 1)
		event_base_loopbreak(server->base);
}

static void
report(const struct plan *plan, double cpu_before, double cpu_up, double cpu_end, size_t heap,
    size_t dirty)
{
	double n = (double)plan->sessions;
	double frames = (double)plan->rounds * (double)(plan->fan ? plan->sessions : plan->talkers);

	printf("%-10s %-7s %7.0f B heap %7.0f B dirty", plan->name, plan->way, (double)heap / n,
	    (double)dirty / n);
	printf(" %7.1f us/connect %7.2f us/frame %8.0f frames/s/core\n", (cpu_up - cpu_before) / n,
	    (cpu_end - cpu_up) / frames, 1e6 * frames / (cpu_end - cpu_up));
	fflush(stdout);
}

static void
run_links(struct plan *plan, int gate)
{
	struct server server = { .plan = plan, .base = link_base_new() };
	struct event *listening, *gating;
	size_t heap, dirty;
	double before, up;
	char byte = 0;

	server.loop = link_loop_new(server.base, TICK_MS);
	server.links = mem_new_array(plan->sessions, sizeof(struct link *));
	if (plan->tls)
		tls_context_new_server(bytes_of_string(plan->certificate),
		    bytes_of_string(plan->key), false, &server.context);
	listening = event_new(
	    server.base, plan->listener, EV_READ | EV_PERSIST, server_on_connection, &server);
	gating = event_new(server.base, gate, EV_READ | EV_PERSIST, server_on_gate, &server);
	event_add(listening, NULL);
	event_add(gating, NULL);
	heap = heap_bytes();
	dirty = private_bytes();
	before = cpu_us();
	event_base_dispatch(server.base);
	up = cpu_us();
	heap = heap_bytes() - heap;
	dirty = private_bytes() - dirty;
	if (write(gate, &byte, 1) == 1)
		event_base_dispatch(server.base);
	report(plan, before, up, cpu_us(), heap, dirty);
}

/* ---- the least that is possible ---- */

struct bare {
	struct bare *next;
	gnutls_session_t session;
	int fd;
	bool secure;
};

static gnutls_certificate_credentials_t bare_credentials;
static struct bare *everybody;

static void
bare_start(struct bare *bare, const struct plan *plan)
{
	static const gnutls_datum_t alpn = { (unsigned char *)"tingyu/1", 8 };
	const int on = 1;

	setsockopt(bare->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bare->secure = !plan->tls;
	if (!plan->tls)
		return;
	gnutls_init(
	    &bare->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);
	gnutls_priority_set_direct(bare->session, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL);
	gnutls_credentials_set(bare->session, GNUTLS_CRD_CERTIFICATE, bare_credentials);
	gnutls_alpn_set_protocols(bare->session, &alpn, 1, 0);
	gnutls_transport_set_int(bare->session, bare->fd);
}

static ssize_t
bare_read(struct bare *bare, void *room, size_t size)
{
	return bare->session != NULL ? gnutls_record_recv(bare->session, room, size)
				     : recv(bare->fd, room, size, 0);
}

static void
bare_write(struct bare *bare, const void *room, size_t size)
{
	ssize_t sent;

	if (bare->session != NULL)
		sent = gnutls_record_send(bare->session, room, size);
	else
		sent = send(bare->fd, room, size, MSG_NOSIGNAL);
	if (sent != (ssize_t)size)
		log_fatalx("bare: a socket is full");
}

static void
bare_turn(struct bare *bare, const struct plan *plan)
{
	static char room[65536];
	ssize_t got;

	if (!bare->secure)
		bare->secure = gnutls_handshake(bare->session) == 0;
	while (bare->secure && (got = bare_read(bare, room, sizeof(room))) > 0) {
		if (!plan->fan)
			bare_write(bare, room, (size_t)got);
		for (struct bare *one = everybody; plan->fan && one != NULL; one = one->next)
			bare_write(one, room, (size_t)got);
	}
}

static void
bare_accept(int epoll, const struct plan *plan)
{
	int fd;

	while ((fd = accept4(plan->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct bare *bare = mem_new(sizeof(*bare));
		struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = bare };

		bare->fd = fd;
		bare->next = everybody;
		everybody = bare;
		bare_start(bare, plan);
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

/* Until the gate has a byte. */
static void
bare_run(int epoll, const struct plan *plan, int gate)
{
	struct epoll_event events[256];
	char byte;

	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < count; i++) {
			struct bare *bare = events[i].data.ptr;

			if (bare == NULL && recv(gate, &byte, 1, MSG_DONTWAIT) >= 0)
				return;
			if (bare == NULL)
				bare_accept(epoll, plan);
			else
				bare_turn(bare, plan);
		}
	}
}

static void
run_bare(struct plan *plan, int gate)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	gnutls_datum_t crt = { (unsigned char *)plan->certificate,
		(unsigned)strlen(plan->certificate) };
	gnutls_datum_t key = { (unsigned char *)plan->key, (unsigned)strlen(plan->key) };
	size_t heap = heap_bytes(), dirty = private_bytes();
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	double before = cpu_us(), up;
	char byte = 0;

	gnutls_certificate_allocate_credentials(&bare_credentials);
	gnutls_certificate_set_x509_key_mem(bare_credentials, &crt, &key, GNUTLS_X509_FMT_PEM);
	epoll_ctl(epoll, EPOLL_CTL_ADD, plan->listener, &event);
	epoll_ctl(epoll, EPOLL_CTL_ADD, gate, &event);
	bare_run(epoll, plan, gate);
	up = cpu_us();
	heap = heap_bytes() - heap;
	dirty = private_bytes() - dirty;
	if (write(gate, &byte, 1) == 1)
		bare_run(epoll, plan, gate);
	report(plan, before, up, cpu_us(), heap, dirty);
}

/* Each plan has a fresh process on both sides, so that memory is not a former one's. */
static void
run_plan(struct plan plan)
{
	int gates[2], status;
	pid_t server, clients;

	listen_somewhere(&plan);
	if (tls_make_certificate(&plan.certificate, &plan.key) != STATUS_OK ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, gates) != 0)
		log_fatalx("nothing to begin with");
	server = fork();
	if (server == 0) {
		close(gates[1]);
		(plan.bare ? run_bare : run_links)(&plan, gates[0]);
		_exit(0);
	}
	clients = fork();
	if (clients == 0) {
		close(gates[0]);
		run_clients(&plan, gates[1]);
	}
	close(gates[0]);
	close(gates[1]);
	close(plan.listener);
	if (waitpid(server, &status, 0) != server || status != 0 ||
	    waitpid(clients, &status, 0) != clients || status != 0)
		log_fatalx("%s: one of the two processes failed, wait status 0x%x", plan.name,
		    (unsigned)status);
	free(plan.certificate);
	free(plan.key);
}

int
main(int argc, char **argv)
{
	size_t sessions = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000;
	static const char *const ways[] = {
		[WAY_ONE] = "one",
		[WAY_BURSTS] = "bursts",
		[WAY_FAN] = "fan",
	};
	static const struct plan plans[] = {
		{ .name = "bare plain", .bare = true },
		{ .name = "link plain" },
		{ .name = "bare TLS", .bare = true, .tls = true },
		{ .name = "link TLS", .tls = true },
	};

	log_open("link_cost");
	if (sessions < TALKERS || rounds < DEPTH)
		log_fatalx("at least %d sessions and %d rounds", TALKERS, DEPTH);
	for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
		for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
			struct plan plan = plans[i];

			plan.way = ways[way];
			plan.fan = way == WAY_FAN;
			plan.depth = way == WAY_BURSTS ? DEPTH : 1;
			plan.sessions = sessions;
			plan.talkers = plan.fan ? 1 : TALKERS;
			plan.rounds = plan.fan ? 1 + rounds * TALKERS / sessions : rounds;
			run_plan(plan);
		}
	}
	return 0;
}
