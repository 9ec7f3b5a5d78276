/* SPDX-License-Identifier: ISC */
/*
 * One framed connection, plain or TLS, connecting or accepted: the only thing that our programs
 * know of a socket.
 *
 * A loop and its links belong to one thread. Nothing blocks. Callbacks come from the event loop
 * only, never from inside a call below, so every call is allowed in every callback. Frames that
 * are sent during a turn of the loop leave together at its end, in one TLS record where they
 * fit.
 *
 * The life of a link: on_up, any number of on_frame and on_drained, on_down. on_down comes
 * exactly once, whoever ended the link, also if it never was up; the link is freed when it
 * returns. A link that was closed stays a valid pointer until then; calls on it do nothing.
 *
 * Reading is edge-triggered: until the socket is empty, at most 64 KiB a turn and link, then the
 * others have their turn. Buffers exist only while they hold something.
 */

#ifndef SHARED_LINK_H
#define SHARED_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/frame.h"
#include "shared/status.h"
#include "shared/tls.h"

struct event_base;
struct wheel;
struct link_loop;
struct link;

/* What a link does to its owner. A table for many links; NULL members are left out. */
struct link_handler {
	/* Connected, and TLS is done with the expected key. */
	void (*on_up)(struct link *link, void *arg);
	/* A whole frame, borrowed until the callback returns. */
	void (*on_frame)(struct link *link, const struct frame *frame, void *arg);
	/* What waited to be sent was more than limits->output_low, and is no longer. */
	void (*on_drained)(struct link *link, void *arg);
	/* The end; "why" is never STATUS_OK. link_problem() may say more. */
	void (*on_down)(struct link *link, enum status why, void *arg);
};

/* Kept by reference: it lives as long as the links that got it. */
struct link_limits {
	uint32_t handshake_ms;	/* connecting and TLS together; then STATUS_TIMEOUT */
	uint32_t idle_ms;	/* nothing heard for so long: STATUS_IDLE; 0 waits for ever */
	uint32_t drain_ms;	/* what link_finish() has left may take so long */
	uint32_t output_low;	/* bytes; see on_drained */
	uint32_t output_high;	/* bytes; more than this waiting: STATUS_SLOW_READER */
};

/* Where to, from where, and whom to expect there. Used during link_connect() only. */
struct link_target {
	const struct sockaddr *address;
	socklen_t address_len;
	const struct sockaddr *local;	/* NULL: the system chooses */
	socklen_t local_len;
	bool share_port;	/* SO_REUSEADDR and SO_REUSEPORT: others use the local port, too */
	bool skip_time_wait;	/* closed by a reset: the same two ports may be used again at once */
	struct tls_context *tls;	/* NULL: plain */
	const uint8_t *pin;	/* TLS_PIN_SIZE bytes; NULL: any key, see link_peer_pin() */
};

/*
 * An event base as links need it: epoll, edge-triggered, without locks (it belongs to one
 * thread). Make it after exec or fork. NULL when the system refuses. event_base_free() frees it.
 */
struct event_base *link_base_new(void);

/*
 * What the links of one thread share. Deadlines are kept to "tick_ms" (a server: 250). The base
 * stays the caller's and lives longer.
 */
struct link_loop *link_loop_new(struct event_base *base, uint32_t tick_ms);

/*
 * All links must have been closed or finished before. Those that still finish are cut, and
 * on_downs that are due come now. NULL is fine.
 */
void link_loop_free(struct link_loop *loop);

/* The loop's deadlines, for the owner's own use. */
struct wheel *link_loop_wheel(struct link_loop *loop);

/* Links whose on_down has not come yet. */
size_t link_loop_count(const struct link_loop *loop);

/*
 * Takes over a connected stream socket. "tls" NULL: plain. Never fails: what goes wrong is told
 * by on_down.
 */
struct link *link_accept(struct link_loop *loop, int fd, struct tls_context *tls,
    const struct link_limits *limits, const struct link_handler *handler, void *arg);

/*
 * The same for a socket on which TLS was agreed before, in whichever role "tls" has; "pin"
 * (TLS_PIN_SIZE bytes, copied; or NULL) is the only key accepted from the other side.
 */
struct link *link_adopt(struct link_loop *loop, int fd, struct tls_context *tls, const uint8_t *pin,
    const struct link_limits *limits, const struct link_handler *handler, void *arg);

/*
 * Connects, without waiting. Never fails: STATUS_REFUSED, STATUS_UNREACHABLE, STATUS_TIMEOUT
 * (limits->handshake_ms), STATUS_WRONG_PIN, STATUS_HANDSHAKE_FAILED, STATUS_PORT_TAKEN (the
 * local address), ... are told by on_down.
 */
struct link *link_connect(struct link_loop *loop, const struct link_target *target,
    const struct link_limits *limits, const struct link_handler *handler, void *arg);

/* From now on another handler and argument; NULL: nobody listens any more, not even to on_down. */
void link_set_handler(struct link *link, const struct link_handler *handler, void *arg);
void *link_arg(const struct link *link);

/*
 * Encodes a message of protocol.def ("message" is its struct) and queues it, also before on_up.
 * Its fields must fit their schema: assert. Not STATUS_OK: the link is ending, and this is why;
 * the message is dropped. STATUS_SLOW_READER: too much waits already, the link is cut by this
 * call.
 */
enum status link_send(struct link *link, uint16_t type, const void *message);

/* The same for whole frames that somebody encoded before; they are copied. */
enum status link_send_frame(struct link *link, struct bytes frame);

/*
 * Ends it at once: what waits is dropped, the socket is closed (with TLS's bye if there is
 * room). The first "why" counts.
 */
void link_close(struct link *link, enum status why);

/*
 * Ends it in peace: nothing more is read or taken for sending, what waits is sent, then TLS's
 * bye and the end of the stream; on_down comes when the other side closed, too, or after
 * limits->drain_ms.
 */
void link_finish(struct link *link, enum status why);

/*
 * The other side did wrong or has to go: ERROR (request 0, "why", its sentence, "retry_ms"),
 * then link_finish(). The link itself does so for broken frames, too many bytes and silence.
 */
void link_refuse(struct link *link, enum status why, uint32_t retry_ms);

/*
 * No on_frame until link_resume(); the frame that is being handled counts as handled. Silence is
 * not counted meanwhile.
 */
void link_pause(struct link *link);
void link_resume(struct link *link);

/*
 * At most so many bytes more are read, then STATUS_TOO_CHATTY; LINK_NO_BUDGET: any number (that
 * is the start).
 */
enum { LINK_NO_BUDGET = 0 };
void link_set_read_budget(struct link *link, uint32_t bytes);

/* Another idle time than limits->idle_ms, counted from now; 0 waits for ever. */
void link_set_idle(struct link *link, uint32_t idle_ms);

/* on_up was called, and nothing has ended the link since. */
bool link_is_up(const struct link *link);
bool link_is_tls(const struct link *link);

/* Bytes that wait to be sent. */
size_t link_output_pending(const struct link *link);

/* Bytes of frames that were read, without TLS's own. */
uint64_t link_bytes_read(const struct link *link);

/*
 * The addresses of both ends (asked of the system each time). Status of errno; STATUS_CLOSED
 * after the end.
 */
enum status link_peer_address(const struct link *link, struct sockaddr_storage *out);
enum status link_local_address(const struct link *link, struct sockaddr_storage *out);

/* See tls.h. STATUS_WRONG_STATE: plain, or not up. */
enum status link_binding(const struct link *link, uint8_t out[TLS_BINDING_SIZE]);
enum status link_peer_pin(const struct link *link, uint8_t out[TLS_PIN_SIZE]);

/*
 * The pin that this side has shown the other one: it stays that of the certificate with which the
 * link was made, whatever its owner shows by now. Zeros: plain, or no certificate.
 */
void link_own_pin(const struct link *link, uint8_t out[TLS_PIN_SIZE]);

/*
 * A hint for logs beside the status of on_down ("The TLS handshake: no ALPN in common"), or "";
 * until on_down returns.
 */
const char *link_problem(const struct link *link);

#endif
