/* SPDX-License-Identifier: ISC */
#include "tests/support/parrot.h"

#include <event2/event.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/proc/child.h"
#include "server/proc/counters.h"
#include "server/proc/proc.h"
#include "shared/channel.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum role { SESSION, STORE, ROLES };
enum { PEERS_MAX = 64, TEXT_MAX = 512 };

/* In shared memory. */
struct switches {
	_Atomic bool stores_die;
};

struct parrot_options {
	unsigned children, stores, clients, descriptors, drain, inherit;
	char file[256], log[256];

	pthread_t thread;
	int thread_ends;	/* eventfd */
	struct proc_parent *parent;
};

struct peer {
	struct proc_member who;
	struct channel *channel;
};

struct bird;

struct client {
	struct client *next;
	struct bird *bird;
	struct event *event;
	int fd;
};

/* A child of ours, of either role. */
struct bird {
	struct proc_child *child;
	struct switches *switches;
	struct client *clients;
	struct peer peers[PEERS_MAX];
	bool is_draining;
};

/* --- children ----------------------------------------------------------- */

static void PRINTF_LIKE(2, 3)
say(int fd, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) < 0)
		return; /* its end will be seen */
}

static void
drop_client(struct client *client)
{
	struct bird *bird = client->bird;
	struct client **at = &bird->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	event_free(client->event);
	close(client->fd);
	free(client);
	proc_child_client_gone(bird->child);
	if (bird->is_draining && bird->clients == NULL)
		proc_child_leave(bird->child, 0);
}

static void
tell_peers(struct client *client)
{
	static const char *const names[] = { [SESSION] = "session", [STORE] = "store" };
	char text[TEXT_MAX] = "peers";
	size_t len = strlen(text);

	for (unsigned i = 0; i < PEERS_MAX; i++) {
		const struct peer *peer = &client->bird->peers[i];

		if (peer->channel != NULL)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s/%u.%u",
			    names[peer->who.role], peer->who.index, peer->who.generation);
	}
	say(client->fd, "%s\n", text);
}

static void
tell_counts(struct client *client)
{
	unsigned rows;
	const struct counters *counters = proc_child_all_counters(client->bird->child, &rows);

	say(client->fd, "counts %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u\n",
	    counters_sum(counters, rows, COUNTER_accepted),
	    counters_sum(counters, rows, COUNTER_refused),
	    counters_sum(counters, rows, COUNTER_deaths),
	    proc_child_server_capacity(client->bird->child),
	    proc_child_server_sessions(client->bird->child));
}

static void
tell_parent(struct bird *bird)
{
	uint8_t frame[FRAME_HEADER_SIZE];

	frame_put_header(frame, 1, 0);
	proc_child_send(bird->child, bytes_of(frame, sizeof(frame)));
}

static void
parrot_on_parent_frame(void *arg, const struct frame *frame)
{
	struct bird *bird = arg;

	if (frame->type != 1)
		log_fatalx("the parent said something strange");
	for (struct client *client = bird->clients; client != NULL; client = client->next)
		say(client->fd, "heard\n");
}

static void
parrot_on_reopen(void *arg UNUSED)
{
	log_info("reopened");
}

static void
obey(struct client *client, char letter)
{
	struct bird *bird = client->bird;

	switch (letter) {
	case 'p':
		tell_peers(client);
		break;
	case 'c':
		tell_counts(client);
		break;
	case 'd':
	case 'D':
		atomic_store(&bird->switches->stores_die, letter == 'd');
		say(client->fd, "done\n");
		break;
	case 'a':
		tell_parent(bird);
		break;
	case 'k':
		counter_set(&proc_child_counters(bird->child)->last_request, MSG_LOGIN + 1);
		kill(getpid(), SIGKILL);
		break;
	default:
		break;
	}
}

static void
parrot_on_readable(evutil_socket_t fd, short what UNUSED, void *arg)
{
	char letter;
	ssize_t len = recv(fd, &letter, 1, 0);

	if (len > 0)
		obey(arg, letter);
	else
		drop_client(arg);
}

static void
parrot_on_client(void *arg, int fd, unsigned listener, const struct proc_address *from)
{
	struct bird *bird = arg;
	const struct proc_member *self = proc_child_self(bird->child);
	struct bytes settings = proc_child_settings(bird->child);
	struct client *client = mem_new(sizeof(*client));

	if (listener != 0 || from->address.ss_family != AF_INET)
		log_fatalx("a client came from nowhere");
	client->bird = bird;
	client->fd = fd;
	client->next = bird->clients;
	client->event = event_new(proc_child_base(bird->child), fd, EV_READ | EV_PERSIST,
	    parrot_on_readable, client);
	bird->clients = client;
	event_add(client->event, NULL);
	say(fd, "hello %u %u %d %.*s\n", self->index, self->generation, getpid(), (int)settings.len,
	    (const char *)settings.data);
}

static void
parrot_on_frame(struct channel *channel UNUSED, const struct frame *frame UNUSED, int fd UNUSED,
    void *arg UNUSED)
{
	log_fatalx("parrots do not talk to each other");
}

static void
parrot_on_closed(struct channel *channel, void *arg)
{
	struct peer *peer = arg;

	channel_free(channel);
	peer->channel = NULL;
}

static const struct channel_events peer_events = {
	.on_frame = parrot_on_frame,
	.on_closed = parrot_on_closed,
};

static void
parrot_on_peer(void *arg, const struct proc_member *who, int fd)
{
	struct bird *bird = arg;
	struct peer *peer = &bird->peers[who->number];

	channel_free(peer->channel);
	peer->who = *who;
	peer->channel = channel_new(proc_child_base(bird->child), fd, &peer_events, peer);
}

static void
parrot_on_drain(void *arg)
{
	struct bird *bird = arg;

	bird->is_draining = true;
	for (struct client *client = bird->clients; client != NULL; client = client->next)
		say(client->fd, "move\n");
	if (bird->clients == NULL)
		proc_child_leave(bird->child, 0);
}

static const struct proc_handlers handlers = {
	.on_client = parrot_on_client,
	.on_peer = parrot_on_peer,
	.on_drain = parrot_on_drain,
	.on_reopen = parrot_on_reopen,
	.on_parent_frame = parrot_on_parent_frame,
};

static int
live(struct proc_child *child)
{
	const struct proc_member *self = proc_child_self(child);
	struct bird bird = { .child = child, .switches = proc_child_memory(child, 0, NULL) };
	int status;

	log_info("up as %u/%u generation %u", self->role, self->index, self->generation);
	status = proc_child_run(child, &handlers, &bird);
	log_info("leaving as %u/%u", self->role, self->index);
	bird.is_draining = false;
	while (bird.clients != NULL)
		drop_client(bird.clients);
	for (unsigned i = 0; i < PEERS_MAX; i++)
		channel_free(bird.peers[i].channel);
	return status;
}

static int
live_as_store(struct proc_child *child)
{
	const struct switches *switches = proc_child_memory(child, 0, NULL);

	if (bytes_equal(proc_child_settings(child), bytes_of_string("hopeless")))
		return PROC_EXIT_HOPELESS;
	if (atomic_load(&switches->stores_die))
		return 1;
	return live(child);
}

/* --- parent ------------------------------------------------------------- */

static struct bytes
read_settings(const struct parrot_options *options)
{
	char *text = mem_new_array(TEXT_MAX, 1);
	FILE *file = options->file[0] != '\0' ? fopen(options->file, "re") : NULL;

	if (file == NULL || fgets(text, TEXT_MAX / 2, file) == NULL)
		strcpy(text, "none");
	text[strcspn(text, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
	return bytes_of_string(text);
}

/*
 * Holds locks all the time that a child forked from here would inherit, and reads what a heartbeat
 * reads.
 */
static void *
never_rest(void *arg)
{
	struct parrot_options *options = arg;
	struct pollfd end = { .fd = options->thread_ends, .events = POLLIN };

	while (poll(&end, 1, 1) == 0)
		for (unsigned i = 0; i < 100; i++)
			free(mem_format("%u of %u, %d", proc_parent_sessions(options->parent),
			    proc_parent_capacity(options->parent),
			    proc_parent_is_draining(options->parent)));
	return NULL;
}

static void
parrot_on_started(struct proc_parent *parent, void *arg)
{
	struct parrot_options *options = arg;
	struct sockaddr_in address;

	options->parent = parent;
	options->thread_ends = eventfd(0, EFD_CLOEXEC);
	if (pthread_create(&options->thread, NULL, never_rest, options) != 0)
		log_fatalx("no thread");

	memcpy(&address, &proc_parent_address(parent, 0)->address, sizeof(address));
	log_info("started on port %u", ntohs(address.sin_port));
	if (options->log[0] == '\0')
		return;
	if (log_to_file(options->log) != STATUS_OK)
		log_fatalx("%s cannot be opened", options->log);
	log_info("the log goes on here");
}

static void
parrot_on_draining(struct proc_parent *parent, void *arg UNUSED)
{
	log_info("draining is announced with %u clients", proc_parent_sessions(parent));
}

static void
parrot_on_stop(struct proc_parent *parent, void *arg)
{
	struct parrot_options *options = arg;

	eventfd_write(options->thread_ends, 1);
	pthread_join(options->thread, NULL);
	close(options->thread_ends);
	log_info("last call, draining %d", proc_parent_is_draining(parent));
}

static void
parrot_on_member_died(struct proc_parent *parent UNUSED, const struct proc_member *who,
    void *arg UNUSED)
{
	log_info("swept %u/%u generation %u", who->role, who->index, who->generation);
}

static void
parrot_on_child_frame(struct proc_parent *parent, const struct proc_member *who,
    const struct frame *frame, void *arg UNUSED)
{
	uint8_t room[FRAME_HEADER_SIZE];

	if (who->role != SESSION || frame->type != 1 || frame->payload.len != 0)
		log_fatalx("a child said something strange");
	frame_put_header(room, frame->type, 0);
	proc_parent_send_all(parent, SESSION, bytes_of(room, sizeof(room)));
}

static enum status
parrot_reload(struct proc_parent *parent UNUSED, struct bytes *settings, char *sentence, void *arg)
{
	struct bytes fresh = read_settings(arg);

	if (strncmp(fresh.data, "bad", 3) == 0) {
		snprintf(sentence, PROC_SENTENCE_MAX, "line 1 is bad");
		free((void *)fresh.data);
		return STATUS_BAD_CONFIG;
	}
	*settings = fresh;
	return STATUS_OK;
}

static const struct proc_role roles[] = {
	[SESSION] = { .name = "session", .takes_clients = true, .run = live },
	[STORE] = { .name = "store", .run = live_as_store },
};
static const struct proc_link links[] = { { SESSION, SESSION }, { SESSION, STORE } };
static const char *const memories[] = { "switches" };

static const struct proc_service parrot = {
	.name = "parrot",
	.roles = roles,
	.role_count = ROLES,
	.links = links,
	.link_count = ARRAY_LEN(links),
	.memories = memories,
	.memory_count = ARRAY_LEN(memories),
	.on_started = parrot_on_started,
	.on_drain = parrot_on_draining,
	.on_stop = parrot_on_stop,
	.on_member_died = parrot_on_member_died,
	.reload = parrot_reload,
	.on_child_frame = parrot_on_child_frame,
};

static const char *
find_option(const char *options, const char *name)
{
	const char *at = strstr(options, name);

	return at != NULL ? at + strlen(name) : NULL;
}

static unsigned
number_option(const char *options, const char *name, unsigned fallback)
{
	const char *value = find_option(options, name);

	return value != NULL ? (unsigned)strtoul(value, NULL, 10) : fallback;
}

static void
text_option(const char *options, const char *name, char *out, size_t room)
{
	const char *value = find_option(options, name);

	if (value != NULL)
		snprintf(out, room, "%.*s", (int)strcspn(value, " "), value);
}

static void
read_options(const char *text, struct parrot_options *out)
{
	*out = (struct parrot_options){
		.children = number_option(text, "children=", 4),
		.stores = number_option(text, "stores=", 1),
		.clients = number_option(text, "clients=", 0),
		.descriptors = number_option(text, "descriptors=", 0),
		.drain = number_option(text, "drain=", 0),
		.inherit = number_option(text, "inherit=", 0),
	};
	text_option(text, "file=", out->file, sizeof(out->file));
	text_option(text, "log=", out->log, sizeof(out->log));
}

/* What a service manager does before it executes us. */
static void
pretend_inheritance(const struct sockaddr_in *address)
{
	char number[16];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(fd, 16) < 0 || dup2(fd, 3) < 0)
		log_fatal("a socket to hand in");
	if (fd != 3)
		close(fd);
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDS", "1", 1);
}

static int
run_parrot(const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct parrot_options options;
	struct proc_plan plan = { .listener_count = 1,
		.memory_sizes = { sizeof(struct switches) } };
	int status;

	read_options(text, &options);
	if (options.descriptors != 0)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ options.descriptors, options.descriptors });
	if (options.inherit != 0)
		pretend_inheritance(&address);
	plan.counts[SESSION] = options.children;
	plan.counts[STORE] = options.stores;
	plan.clients_max[SESSION] = options.clients;
	plan.drain_seconds = options.drain;
	plan.arg = &options;
	plan.settings = read_settings(&options);
	/* An address in use when the socket was handed in: so it has to be that one. */
	memcpy(&plan.listeners[0].address, &address, sizeof(address));
	plan.listeners[0].len = options.inherit != 0 ? 1 : sizeof(address);
	status = proc_parent_run(&parrot, &plan);
	free((void *)plan.settings.data);
	return status;
}

void
parrot_enter(int argc, char **argv)
{
	static const struct proc_service *const services[] = { &parrot };

	proc_enter(services, ARRAY_LEN(services), argc, argv);
	if (argc != 3 || strcmp(argv[1], "--parrot") != 0)
		return;
	log_open("parrot");
	exit(run_parrot(argv[2]));
}

/* --- the test ----------------------------------------------------------- */

struct process *
parrot_spawn(const char *options)
{
	const char *const argv[] = { "/proc/self/exe", "--parrot", options, NULL };

	return process_start("parrot", argv);
}

struct process *
parrot_start(const char *options, uint16_t *port)
{
	struct process *process = parrot_spawn(options);
	const char *line;

	assert_true(process_wait_line(process, "started on port ", PROCESS_PATIENCE_MS));
	line = strstr(process_log(process), "started on port ");
	*port = (uint16_t)strtoul(line + strlen("started on port "), NULL, 10);
	return process;
}
