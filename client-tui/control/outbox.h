/* SPDX-License-Identifier: ISC */
/*
 * Everything that leaves the client, as a table of functions: what is asked of a server, and
 * what goes to people directly. Commands act through it, so that tests look at what would have
 * been sent. What one of them cannot do is said by its status, and then no answer comes.
 */

#ifndef CLIENT_CONTROL_OUTBOX_H
#define CLIENT_CONTROL_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-tui/net/calls.h"
#include "shared/bytes.h"
#include "shared/status.h"

enum { OUTBOX_WHY_ROOM = 300 };

struct outbox {
	void *arg; /* first argument of every function */

	/*
	 * From now on this server: an invite line, or "host:port". False, and a sentence in
	 * "why" (OUTBOX_WHY_ROOM bytes), when that is none, or cannot be used.
	 */
	bool (*use_server)(void *arg, struct bytes server, char *why);

	/*
	 * As the functions of server_link.h with the same names; STATUS_NO_SERVER: none was
	 * chosen yet.
	 */
	enum status (*register_account)(void *arg, const char *name, const char *password,
	    call_on_answer *on_answer, void *who);
	enum status (*login)(void *arg, uint64_t uid, const char *name, const char *password,
	    call_on_answer *on_answer, void *who);
	enum status (*logout)(void *arg, call_on_answer *on_answer, void *who);
	enum status (*delete_account)(
	    void *arg, uint64_t uid, const char *password, call_on_answer *on_answer, void *who);
	enum status (*users)(void *arg, uint32_t page, bool online_only, const char *prefix,
	    call_on_item *on_item, call_on_answer *on_answer, void *who);
	enum status (*find)(
	    void *arg, uint64_t uid, const char *name, call_on_answer *on_answer, void *who);
	enum status (*reconnect)(void *arg);

	/*
	 * Gives up the connection and what is being asked about an account, which is answered by
	 * STATUS_STOPPED.
	 */
	void (*stop)(void *arg);

	/*
	 * Sessions. talk: calls somebody who is online; what becomes of it comes as events
	 * (incoming.h). say: a text into an open session; "id" names it in the event of its
	 * delivery. leave: hangs up, if there is a session.
	 */
	enum status (*talk)(void *arg, uint64_t uid);
	enum status (*say)(void *arg, uint64_t uid, uint64_t id, struct bytes text);
	void (*leave)(void *arg, uint64_t uid);

	/*
	 * Contacts, which are then in the model, too. add: STATUS_FULL. accept_key: from now on
	 * the new key that somebody showed is theirs; STATUS_NOT_FOUND: they showed none.
	 */
	enum status (*add_contact)(void *arg, uint64_t uid, struct bytes name);
	void (*remove_contact)(void *arg, uint64_t uid);
	enum status (*accept_key)(void *arg, uint64_t uid);
};

#endif
