/* SPDX-License-Identifier: ISC */
/* What a connection is about before anybody logs in: hello, ping, and which work server to use. */

#include "server/proc/child.h"
#include "server/work/dispatch.h"
#include "server/work/introduce.h"
#include "server/work/session.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/str.h"

#define PROGRAM "tingyu-work " PACKAGE_VERSION

enum { RETRY_WHEN_DRAINING_MS = 2000 };

void
handle_hello(struct session *session, const struct msg_hello *message)
{
	struct msg_hello_ok answer = {
		.request = message->request,
		.version = PROTOCOL_VERSION,
		.program = bytes_of_string(PROGRAM),
	};
	struct endpoint address;
	uint8_t nonce[32];

	if (message->version != PROTOCOL_VERSION) {
		session_refuse(session, STATUS_BAD_VERSION, 0);
		return;
	}
	if (!session_address(session, &address))
		return;
	session_nonce(session, nonce);
	answer.host = bytes_of_string(address.host);
	answer.port = address.port;
	answer.nonce = bytes_of(nonce, sizeof(nonce));
	session->state = IN_GREETED;
	session_send(session, MSG_HELLO_OK, &answer);
}

void
handle_ping(struct session *session, const struct msg_ping *message)
{
	struct msg_ping_ok answer = { .request = message->request };

	session_send(session, MSG_PING_OK, &answer);
}

/* That it came is all there is to know: the link has heard something. */
void
handle_ping_ok(struct session *session UNUSED, const struct msg_ping_ok *message UNUSED)
{
}

/*
 * The one request of ours that a client may refuse is an introduction; all else it complains about
 * is the connection. Once is enough: nobody shall fill our log.
 */
void
handle_error(struct session *session, const struct msg_error *message)
{
	char sentence[512];

	if (message->request != 0 && session->uid != 0) {
		introduce_refused(session, message->request);
		return;
	}
	if (session->has_complained)
		return;
	session->has_complained = true;
	str_escape(message->sentence, sentence, sizeof(sentence));
	log_info("session %08x: the client reports status %u: %s", session->id, message->status,
	    sentence);
}

/* One work server knows only itself; choosing is what route servers are for. */
void
handle_obtain_server_addr(struct session *session, const struct msg_obtain_server_addr *message)
{
	struct worker *worker = session->worker;
	struct msg_obtain_server_addr_ok end = { .request = message->request, .count = 1 };
	struct msg_server_addr item = {
		.request = message->request,
		.host = bytes_of_string(worker->advertised.host),
		.port = worker->advertised.port,
		.pin = bytes_of(worker->credentials.pin, sizeof(worker->credentials.pin)),
	};

	if (proc_child_server_is_draining(worker->child)) {
		session_error(
		    session, message->request, STATUS_NO_SERVER, RETRY_WHEN_DRAINING_MS, NULL);
		return;
	}
	session_send(session, MSG_SERVER_ADDR, &item);
	session_send(session, MSG_OBTAIN_SERVER_ADDR_OK, &end);
}
