/* SPDX-License-Identifier: ISC */
#include "server/work/worker.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/bus/bus.h"
#include "server/proc/admission.h"
#include "server/proc/child.h"
#include "server/proc/counters.h"
#include "server/proc/limiter.h"
#include "server/store/store_client.h"
#include "server/store/store_config.h"
#include "server/work/drain.h"
#include "server/work/introduce.h"
#include "server/work/reach.h"
#include "server/work/registrar.h"
#include "server/work/service.h"
#include "server/work/session.h"
#include "server/work/session_table.h"
#include "server/work/watch.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/log.h"
#include "shared/mem.h"

enum {
	TICK_MS = 250,		/* how exact deadlines are */
	DRAIN_MS = 5000,	/* for the last words to a client */
};

/* --- what comes from the parent ------------------------------------------------------ */

static void
on_enter(void *arg, int fd)
{
	struct worker *worker = arg;

	if (session_start(worker, fd) != STATUS_OK) {
		admission_settle(worker->admission);
		proc_child_client_gone(worker->child);
	}
}

static void
on_lost(void *arg)
{
	struct worker *worker = arg;

	proc_child_client_gone(worker->child);
}

/*
 * Some milliseconds of handshakes a turn; as many at the door as are through in a fraction of a
 * second.
 */
static const struct admission_limits admission_limits = {
	.per_turn = 16,
	.inside = 1024,
	.per_second = 20,
	.patience_ms = 4000,
};

static const struct admission_events admission_events = {
	.on_enter = on_enter,
	.on_lost = on_lost,
};

static void
on_client(void *arg, int fd, unsigned listener UNUSED, const struct proc_address *from)
{
	struct worker *worker = arg;
	struct counters *counters = proc_child_counters(worker->child);

	if (limiter_take_address(worker->limiter, RATE_CONNECTIONS,
		(const struct sockaddr *)&from->address, clock_monotonic_ms(), NULL) == STATUS_OK) {
		admission_queue(worker->admission, fd);
		return;
	}
	/* No handshake for a flood: that would cost more than the flood itself. */
	counter_add(&counters->cut_limit, 1);
	close(fd);
	proc_child_client_gone(worker->child);
}

static void
on_peer(void *arg, const struct proc_member *who, int fd)
{
	struct worker *worker = arg;

	if (who->role == WORK_STORE) {
		store_client_attach(worker->store, fd);
		registrar_repeat(worker->registrar);
		watch_on_store(worker);
	} else {
		bus_add_peer(worker->bus, who->index, who->generation, fd);
		watch_on_sibling(worker);
	}
}

static void
on_drain(void *arg)
{
	drain_start(arg);
}

static void
on_stop(void *arg)
{
	drain_stop(arg);
}

/* --- settings ------------------------------------------------------------------------ */

static void
apply_settings(struct worker *worker)
{
	const struct settings *settings = &worker->settings;

	worker->limits = (struct link_limits){
		.handshake_ms = settings->handshake_seconds * 1000,
		.idle_ms = settings->idle_seconds * 1000,
		.drain_ms = DRAIN_MS,
		.output_low = settings->output_limit * 1024 / 4,
		.output_high = settings->output_limit * 1024,
	};
	settings_start_log(settings);
}

/* False: the parent checked it, so this build and the parent's differ. */
static bool
take_settings(struct worker *worker, struct bytes blob)
{
	struct settings settings;
	struct credentials credentials = { 0 };
	struct tls_context *tls = NULL;

	if (credentials_unpack(blob, &settings, &credentials) != STATUS_OK)
		return false;
	if (!settings.insecure_plaintext &&
	    tls_context_new_server(bytes_of_string(credentials.certificate),
		bytes_of_string(credentials.key), false, &tls) != STATUS_OK) {
		settings_clear(&settings);
		credentials_clear(&credentials);
		return false;
	}
	settings_clear(&worker->settings);
	credentials_clear(&worker->credentials);
	tls_context_unref(worker->tls);
	worker->settings = settings;
	worker->credentials = credentials;
	worker->tls = tls;
	apply_settings(worker);
	return true;
}

static void
on_reload(void *arg, struct bytes blob)
{
	struct worker *worker = arg;

	if (!take_settings(worker, blob))
		log_error("the new settings cannot be read by this build; the old ones stay");
	else
		limiter_configure(worker->limiter, &worker->settings);
}

static void
on_parent_frame(void *arg, const struct frame *frame)
{
	reach_on_announce(arg, frame);
}

static const struct proc_handlers handlers = {
	.on_client = on_client,
	.on_peer = on_peer,
	.on_drain = on_drain,
	.on_stop = on_stop,
	.on_reload = on_reload,
	.on_parent_frame = on_parent_frame,
};

/* --- what comes from the store and from the siblings --------------------------------- */

static void
store_on_word(void *arg, uint16_t verb, const void *message)
{
	struct worker *worker = arg;

	if (worker->registrar == NULL)
		return;
	if (verb == VERB_SESSION_TAKEN)
		registrar_on_taken(worker->registrar, message);
	else if (verb == VERB_LETTER)
		reach_on_letter(worker, message);
	else if (verb == VERB_ELSEWHERE_CHANGED)
		watch_on_elsewhere(worker, message);
	else if (verb == VERB_SESSION_AGAIN)
		registrar_repeat(worker->registrar);
}

static void
bus_on_frame(void *arg, uint64_t uid, uint32_t session, struct bytes frame)
{
	reach_on_frame(arg, uid, session, frame);
}

static void
bus_on_taken_over(void *arg, uint64_t uid, uint32_t id)
{
	struct worker *worker = arg;
	struct session *session = session_table_find(worker->sessions, id);
	struct counters *counters = proc_child_counters(worker->child);

	if (session == NULL || session->uid != uid || session->state == IN_LEAVING)
		return;
	counter_add(&counters->takeovers, 1);
	session_refuse(session, STATUS_TAKEN_OVER, 0);
}

static void
bus_on_announce(void *arg, struct bytes bytes)
{
	struct frame frame;
	size_t used;

	if (frame_parse(bytes, &frame, &used) == FRAME_WHOLE)
		reach_on_announce(arg, &frame);
}

static const struct bus_events bus_events = {
	.on_frame = bus_on_frame,
	.on_taken_over = bus_on_taken_over,
	.on_announce = bus_on_announce,
};

/* --- the process --------------------------------------------------------------------- */

void
worker_note_request(struct worker *worker, uint16_t type)
{
	struct counters *counters = proc_child_counters(worker->child);

	counter_add(&counters->requests, 1);
	counter_set(&counters->last_request, type + 1U);
}

static bool
is_database_shared(const struct settings *settings)
{
	struct store_config config;
	char why[256];
	bool is_shared =
	    store_config_parse(settings->database, &config, why, sizeof(why)) == STATUS_OK &&
	    config.engine != STORE_SQLITE;

	store_config_clear(&config);
	return is_shared;
}

static void
find_advertised(struct worker *worker)
{
	const struct proc_address *address = proc_child_address(worker->child, 0);
	struct endpoint listener = { .port = 0 };

	endpoint_of_sockaddr((const struct sockaddr *)&address->address, &listener);
	settings_advertised(&worker->settings, listener.port, &worker->advertised);
}

static struct bus *
make_bus(struct worker *worker)
{
	const struct proc_member *self = proc_child_self(worker->child);
	struct presence_holder holder = { .child = self->index, .generation = self->generation };
	size_t size;
	void *memory = proc_child_memory(worker->child, WORK_PRESENCE, &size);
	struct presence presence;

	if (!presence_init(&presence, memory, size))
		log_fatalx("the presence table is too small for this build");
	return bus_local_new(
	    proc_child_base(worker->child), &presence, &holder, &bus_events, worker);
}

static struct limiter *
make_limiter(const struct worker *worker)
{
	size_t size;
	void *memory = proc_child_memory(worker->child, WORK_LIMITS, &size);

	return limiter_new(memory, size, &worker->settings);
}

static void
worker_start(struct worker *worker)
{
	struct event_base *base = proc_child_base(worker->child);

	crypto_random(worker->nonce_key, sizeof(worker->nonce_key));
	find_advertised(worker);
	worker->loop = link_loop_new(base, TICK_MS);
	worker->wheel = link_loop_wheel(worker->loop);
	worker->admission = admission_new(base, &admission_limits, &admission_events, worker);
	worker->sessions = session_table_new();
	worker->store = store_client_new(base, STORE_CLIENT_TIMEOUT_MS, store_on_word, worker);
	worker->bus = make_bus(worker);
	worker->introduce = introduce_new();
	worker->limiter = make_limiter(worker);
	worker->watch = watch_new(worker);
	if (is_database_shared(&worker->settings))
		worker->registrar = registrar_new(worker);
}

static void
worker_stop(struct worker *worker)
{
	struct session *session;
	size_t cursor = 0;

	while ((session = session_table_next(worker->sessions, &cursor)) != NULL)
		link_close(session->link, STATUS_STOPPED);
	/*
	 * What has deadlines goes before the loop; what the end of a session needs goes after it.
	 */
	drain_free(worker);
	registrar_free(worker->registrar);
	worker->registrar = NULL;
	introduce_free(worker->introduce);
	worker->introduce = NULL;
	link_loop_free(worker->loop);
	admission_free(worker->admission);
	watch_free(worker->watch);
	bus_free(worker->bus);
	store_client_free(worker->store);
	limiter_free(worker->limiter);
	session_table_free(worker->sessions);
	tls_context_unref(worker->tls);
	credentials_clear(&worker->credentials);
	settings_clear(&worker->settings);
}

int
worker_run(struct proc_child *child)
{
	struct worker worker = { .child = child };
	int exit_status;

	settings_init(&worker.settings);
	if (!take_settings(&worker, proc_child_settings(child))) {
		log_error("the settings cannot be read by this build; was the package replaced? "
			  "Restart the server");
		return PROC_EXIT_HOPELESS;
	}
	worker_start(&worker);
	exit_status = proc_child_run(child, &handlers, &worker);
	worker_stop(&worker);
	return exit_status;
}
