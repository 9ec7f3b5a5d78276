/* SPDX-License-Identifier: ISC */
/*
 * The life of a link:
 *
 *	CONNECTING -> SECURING -> OPEN -> SHUT -> DEAD
 *
 * An accepted one starts with SECURING, or OPEN when it is plain; each state may go to DEAD.
 * "why" is set by the first who wants the end; from then on nothing is handed out and nothing
 * taken.
 */

#include "shared/link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link_parts.h"
#include "shared/mem.h"
#include "shared/protocol.h"

static void
set_deadline(struct link *link, uint32_t ms)
{
	wheel_set(link->loop->wheel, &link->timer, ms, link_on_deadline);
}

static int
link_fd(const struct link *link)
{
	return event_get_fd(&link->event);
}

bool
link_is_going(const struct link *link)
{
	return link->why == STATUS_OK;
}

/* ---- the end ---- */

/* The descriptor goes at once, the rest when on_down was called. */
static void
link_die(struct link *link)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	bool has_tls = link->tls != NULL && link->state == LINK_OPEN;

	if (link->state == LINK_DEAD)
		return;
	link->state = LINK_DEAD;
	loop_forget_ready(link);
	loop_add_agenda(link);
	wheel_clear(link->loop->wheel, &link->timer);
	if (link_fd(link) < 0)
		return;
	if (has_tls)
		tls_bye(link->tls);
	event_del(&link->event);
	if (link->skips_time_wait)
		setsockopt(link_fd(link), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(link_fd(link));
}

void
link_close(struct link *link, enum status why)
{
	assert(why != STATUS_OK);
	if (link_is_going(link))
		link->why = (uint16_t)why;
	link_die(link);
}

void
link_finish(struct link *link, enum status why)
{
	bool has_said_nothing = link->state != LINK_OPEN && link->output == NULL;

	assert(why != STATUS_OK);
	if (!link_is_going(link))
		return;
	if (has_said_nothing || link->state == LINK_CONNECTING) {
		link_close(link, why);
		return;
	}
	link->why = (uint16_t)why;
	set_deadline(link, link->limits->drain_ms);
	loop_add_agenda(link);
	if (link->readable)
		loop_add_ready(link);
}

void
link_refuse(struct link *link, enum status why, uint32_t retry_ms)
{
	struct msg_error error = {
		.status = (uint16_t)why,
		.retry_ms = retry_ms,
		.sentence = bytes_of_string(status_text(why)),
	};

	link_send(link, MSG_ERROR, &error);
	link_finish(link, why);
}

/* Nothing waits any more: the end of our stream. Not yet if there is no room for TLS's bye. */
static void
link_shut(struct link *link)
{
	int said = link->tls != NULL ? tls_bye(link->tls) : 1;

	if (said == 0)
		return;
	link->state = LINK_SHUT;
	if (said < 0 || link->ended || shutdown(link_fd(link), SHUT_WR) != 0)
		link_die(link);
}

static void
tell_down(struct link *link)
{
	if (link->handler != NULL && link->handler->on_down != NULL)
		link->handler->on_down(link, (enum status)link->why, link->arg);
}

static void
link_free(struct link *link)
{
	link->loop->count--;
	tls_free(link->tls);
	buffer_free(&link->input);
	buffer_free(&link->output);
	free(link);
}

/* ---- deadlines ---- */

/* Traffic does not touch the wheel: when the time is up this looks when something was heard. */
static void
check_idle(struct link *link)
{
	uint32_t silent_ms = (uint32_t)clock_monotonic_ms() - link->heard_ms;

	if (link->idle_ms == 0)
		return;
	if (link->paused)
		set_deadline(link, link->idle_ms);
	else if (silent_ms < link->idle_ms)
		set_deadline(link, link->idle_ms - silent_ms);
	else
		link_refuse(link, STATUS_IDLE, 0);
}

void
link_on_deadline(struct wheel_timer *timer)
{
	struct link *link = CONTAINER_OF(timer, struct link, timer);

	if (link->loop->is_ending)
		link_close(link, STATUS_STOPPED);
	else if (link_is_going(link) && link->state == LINK_OPEN)
		check_idle(link);
	else
		link_close(link, STATUS_TIMEOUT);
}

void
link_set_idle(struct link *link, uint32_t idle_ms)
{
	link->idle_ms = idle_ms;
	link->heard_ms = (uint32_t)clock_monotonic_ms();
	if (link->state != LINK_OPEN || !link_is_going(link))
		return;
	if (idle_ms > 0)
		set_deadline(link, idle_ms);
	else
		wheel_clear(link->loop->wheel, &link->timer);
}

/* ---- the beginning ---- */

static void
link_open(struct link *link)
{
	link->state = LINK_OPEN;
	if (link_is_going(link)) {
		wheel_clear(link->loop->wheel, &link->timer);
		link_set_idle(link, link->idle_ms);
	}
	loop_add_agenda(link);
}

/* An accepted plain link is open from the start, but callbacks come from the loop only. */
static void
tell_up(struct link *link)
{
	if (link->state != LINK_OPEN || link->told_up || !link_is_going(link))
		return;
	link->told_up = true;
	if (link->handler != NULL && link->handler->on_up != NULL)
		link->handler->on_up(link, link->arg);
}

static void
secure(struct link *link)
{
	int done = link_secure(link);

	if (done < 0)
		link_close(link, (enum status)-done);
	if (done <= 0)
		return;
	link_open(link);
	tell_up(link);
	link_read_leftover(link);
	link_read(link);
}

static void
start_securing(struct link *link)
{
	link->state = LINK_SECURING;
	loop_add_ready(link);
}

/* The first edge after connect(2) tells how it went. */
static void
connected(struct link *link)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(link_fd(link), SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		link_close(link, status_of_errno(error));
	else if (link->tls != NULL)
		start_securing(link);
	else
		link_open(link);
}

void
link_on_event(evutil_socket_t fd UNUSED, short what, void *arg)
{
	struct link *link = arg;

	if (link->state == LINK_CONNECTING) {
		connected(link);
	} else if (link->state == LINK_SECURING) {
		loop_add_ready(link);
		return;
	}
	tell_up(link);
	if ((what & EV_WRITE) != 0 && (link->output != NULL || !link_is_going(link)))
		loop_add_agenda(link);
	if ((what & EV_READ) != 0)
		link_read(link);
}

void
link_proceed(struct link *link)
{
	if (link->state == LINK_SECURING) {
		secure(link);
		return;
	}
	link_read_backlog(link);
	link_read(link);
}

void
link_settle(struct link *link)
{
	tell_up(link);
	if (link->state == LINK_OPEN)
		link_flush(link);
	if (link->state == LINK_OPEN && link->output == NULL && !link_is_going(link))
		link_shut(link);
	if (link->state != LINK_DEAD)
		return;
	if (link->on_agenda)
		return;
	tell_down(link);
	link_free(link);
}

static struct link *
link_new(struct link_loop *loop, const struct link_limits *limits,
    const struct link_handler *handler, void *arg)
{
	struct link *link = mem_new(sizeof(*link));

	link->loop = loop;
	link->limits = limits;
	link->handler = handler;
	link->arg = arg;
	link->idle_ms = limits->idle_ms;
	loop->count++;
	return link;
}

/* Hands the descriptor to the link and to epoll. */
static enum status
link_start(struct link *link, int fd, struct tls_context *context, const uint8_t *pin)
{
	const int on = 1;

	event_assign(&link->event, link->loop->base, fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST,
	    link_on_event, link);
	if (fd < 0)
		return STATUS_SYSTEM;
	/* Other families than TCP refuse this, and need none. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (event_add(&link->event, NULL) != 0)
		return STATUS_SYSTEM;
	return context != NULL ? tls_new(context, fd, pin, &link->tls) : STATUS_OK;
}

struct link *
link_accept(struct link_loop *loop, int fd, struct tls_context *tls,
    const struct link_limits *limits, const struct link_handler *handler, void *arg)
{
	return link_adopt(loop, fd, tls, NULL, limits, handler, arg);
}

struct link *
link_adopt(struct link_loop *loop, int fd, struct tls_context *tls, const uint8_t *pin,
    const struct link_limits *limits, const struct link_handler *handler, void *arg)
{
	struct link *link = link_new(loop, limits, handler, arg);
	enum status status = link_start(link, fd, tls, pin);

	if (status == STATUS_OK && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
		status = status_of_errno(errno);
	if (status != STATUS_OK) {
		link_close(link, status);
	} else if (tls != NULL) {
		link->state = LINK_SECURING;
		set_deadline(link, limits->handshake_ms);
	} else {
		link_open(link);
	}
	return link;
}

/* Before bind(2). What the system does not know it does not need. */
static void
set_local_options(int fd, const struct link_target *target)
{
	const int on = 1;

	if (target->share_port) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	}
	/* A port of 0 is chosen at connect(2) only: then it may serve for many targets. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
}

/* A socket on its way to the target; -1 and errno. */
static int
dial(const struct link_target *target)
{
	int fd = socket(target->address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	set_local_options(fd, target);
	if (target->local == NULL || bind(fd, target->local, target->local_len) == 0) {
		if (connect(fd, target->address, target->address_len) == 0 || errno == EINPROGRESS)
			return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

struct link *
link_connect(struct link_loop *loop, const struct link_target *target,
    const struct link_limits *limits, const struct link_handler *handler, void *arg)
{
	struct link *link = link_new(loop, limits, handler, arg);
	int fd = dial(target);
	enum status status = fd < 0 ? status_of_errno(errno) : STATUS_OK;
	enum status started = link_start(link, fd, target->tls, target->pin);

	link->skips_time_wait = target->skip_time_wait;
	if (status == STATUS_OK)
		status = started;
	if (status != STATUS_OK)
		link_close(link, status);
	else
		set_deadline(link, limits->handshake_ms);
	return link;
}

/* ---- what owners ask for ---- */

void
link_set_handler(struct link *link, const struct link_handler *handler, void *arg)
{
	link->handler = handler;
	link->arg = arg;
}

void *
link_arg(const struct link *link)
{
	return link->arg;
}

void
link_pause(struct link *link)
{
	link->paused = true;
}

void
link_resume(struct link *link)
{
	if (!link->paused)
		return;
	link->paused = false;
	link->heard_ms = (uint32_t)clock_monotonic_ms();
	if (link->state == LINK_OPEN && (link->readable || link->input != NULL))
		loop_add_ready(link);
}

void
link_set_read_budget(struct link *link, uint32_t bytes)
{
	link->read_budget = bytes < UINT32_MAX && bytes != LINK_NO_BUDGET ? bytes + 1 : bytes;
}

bool
link_is_up(const struct link *link)
{
	return link->state == LINK_OPEN && link->told_up && link_is_going(link);
}

bool
link_is_tls(const struct link *link)
{
	return link->tls != NULL;
}

uint64_t
link_bytes_read(const struct link *link)
{
	return link->bytes_read;
}

static enum status
ask_address(const struct link *link, int ask(int, struct sockaddr *, socklen_t *),
    struct sockaddr_storage *out)
{
	socklen_t len = sizeof(*out);

	if (link->state == LINK_DEAD)
		return STATUS_CLOSED;
	if (ask(link_fd(link), (struct sockaddr *)out, &len) != 0)
		return status_of_errno(errno);
	return STATUS_OK;
}

enum status
link_peer_address(const struct link *link, struct sockaddr_storage *out)
{
	return ask_address(link, getpeername, out);
}

enum status
link_local_address(const struct link *link, struct sockaddr_storage *out)
{
	return ask_address(link, getsockname, out);
}

enum status
link_binding(const struct link *link, uint8_t out[TLS_BINDING_SIZE])
{
	if (link->tls == NULL || !link->told_up)
		return STATUS_WRONG_STATE;
	return tls_binding(link->tls, out);
}

enum status
link_peer_pin(const struct link *link, uint8_t out[TLS_PIN_SIZE])
{
	if (link->tls == NULL || !link->told_up)
		return STATUS_WRONG_STATE;
	return tls_peer_pin(link->tls, out);
}

void
link_own_pin(const struct link *link, uint8_t out[TLS_PIN_SIZE])
{
	if (link->tls != NULL)
		tls_own_pin(link->tls, out);
	else
		memset(out, 0, TLS_PIN_SIZE);
}

const char *
link_problem(const struct link *link)
{
	return link->tls != NULL ? tls_problem(link->tls) : "";
}
