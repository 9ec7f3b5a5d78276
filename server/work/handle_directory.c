/* SPDX-License-Identifier: ISC */
/* The directory of everybody, and who of them is online. */

#include "server/bus/bus.h"
#include "server/store/store_client.h"
#include "server/work/answer.h"
#include "server/work/dispatch.h"
#include "server/work/session.h"
#include "server/work/worker.h"
#include "shared/str.h"

static uint8_t
is_online(const struct session *session, uint64_t uid, uint8_t is_remote)
{
	return is_remote != 0 || bus_find(session->worker->bus, uid, NULL);
}

static void
send_item(struct session *session, uint32_t request, const struct verb_page_item *item)
{
	struct msg_user_item message = {
		.request = request,
		.uid = item->uid,
		.online = is_online(session, item->uid, item->remote_online),
		.name = item->name,
		.display = item->display,
	};

	session_send(session, MSG_USER_ITEM, &message);
}

static void
send_end(struct session *session, uint32_t request, const struct verb_page_end *end)
{
	struct msg_user_list_ok message = {
		.request = request,
		.page = end->page,
		.pages = end->pages,
		.total = end->total,
		.more = end->more,
	};

	session_send(session, MSG_USER_LIST_OK, &message);
}

static void
on_page(void *arg, const struct store_answer *answer)
{
	if (!answer_is_good(arg, answer))
		return;
	if (answer->verb == VERB_PAGE_ITEM)
		send_item(arg, answer->tag, answer->message);
	else
		send_end(arg, answer->tag, answer->message);
}

/* A prefix that no name can have is a mistake rather than an empty list. */
static bool
is_prefix(struct bytes prefix)
{
	return prefix.len == 0 || str_is_name(prefix);
}

void
handle_user_list(struct session *session, const struct msg_user_list *message)
{
	struct verb_account_page ask = {
		.page = message->page,
		.per_page = message->per_page,
		.online_only = message->online_only,
		.prefix = message->prefix,
	};

	if (!is_prefix(message->prefix))
		session_error(session, message->request, STATUS_BAD_NAME, 0, NULL);
	else
		answer_ask(session, message->request, VERB_ACCOUNT_PAGE, &ask, on_page);
}

static void
on_find(void *arg, const struct store_answer *answer)
{
	const struct verb_account_find_ok *account = answer->message;
	struct msg_find_user_ok message = { .request = answer->tag };

	if (!answer_is_good(arg, answer))
		return;
	message.uid = account->uid;
	message.online = is_online(arg, account->uid, account->remote_online);
	message.name = account->name;
	message.display = account->display;
	session_send(arg, MSG_FIND_USER_OK, &message);
}

void
handle_find_user(struct session *session, const struct msg_find_user *message)
{
	struct verb_account_find ask = { .uid = message->uid, .name = message->name };

	if (message->uid == 0 && !str_is_name(message->name))
		session_error(session, message->request, STATUS_BAD_NAME, 0, NULL);
	else
		answer_ask(session, message->request, VERB_ACCOUNT_FIND, &ask, on_find);
}
