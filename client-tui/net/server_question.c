/* SPDX-License-Identifier: ISC */
/*
 * Questions of somebody who is online. An answer has to be about what was asked, or it is none.
 */

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "client-tui/net/server_link_parts.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/str.h"

enum { PER_PAGE_USUAL = 20, PER_PAGE_MAX = 100 };

/* One that is under way, and what its answer has to say. */
struct question {
	LIST_ENTRY(question)
	entry;
	struct server_link *link;
	bool (*fits)(const struct question *question, const void *message);
	call_on_item *on_item;
	call_on_answer *on_answer;
	void *arg;
	uint64_t uid; /* 0: any */
	uint32_t page, per_page, items;
	uint64_t version;
	struct bundle *bundle; /* that was put; NULL for anything else */
};

static void
question_free(struct question *question)
{
	LIST_REMOVE(question, entry);
	if (question->bundle != NULL) {
		bundle_clear(question->bundle);
		free(question->bundle);
	}
	free(question);
}

void
questions_forget(struct server_link *self)
{
	while (!LIST_EMPTY(&self->questions))
		question_free(LIST_FIRST(&self->questions));
}

enum status
server_link_ask(struct server_link *self, uint16_t type, void *message, call_on_item *on_item,
    call_on_answer *on_answer, void *arg)
{
	assert(on_answer != NULL);
	if (!server_link_is_at_work(self))
		return STATUS_CLOSED;
	if (self->state != SERVER_LINK_ONLINE)
		return STATUS_WRONG_STATE;
	if (self->is_proving)
		return STATUS_BUSY;
	return calls_start(self->calls, self->link, type, message, self->times.answer, on_item,
	    on_answer, arg);
}

static void
question_on_item(void *arg, const void *message)
{
	struct question *question = arg;

	/* More than were asked for: the end of the list will be refused. */
	if (question->items++ < question->per_page && question->on_item != NULL)
		question->on_item(question->arg, message);
}

/* What the server says cannot be: the connection goes with it. */
static void
distrust(struct server_link *self, struct reason *reason)
{
	reason_set(reason, STATUS_BAD_VALUE,
	    "The server answered something else than was asked.");
	server_link_lose(self, reason);
}

static void
question_on_answer(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	struct operation_end end = { .on_answer = question->on_answer, .arg = question->arg };
	struct server_link *self = question->link;
	bool fits = answer->status != STATUS_OK || question->fits(question, answer->message);
	struct reason reason;
	struct answer refused;

	question_free(question);
	if (fits) {
		end.on_answer(end.arg, answer);
		return;
	}
	distrust(self, &reason);
	refused = reason_to_answer(&reason);
	end.on_answer(end.arg, &refused);
}

static struct question *
question_new(struct server_link *self, call_on_answer *on_answer, void *arg)
{
	struct question *question = mem_new(sizeof(*question));

	question->link = self;
	question->on_answer = on_answer;
	question->arg = arg;
	LIST_INSERT_HEAD(&self->questions, question, entry);
	return question;
}

/* A question that cannot be asked is gone, and nobody is told later. */
static enum status
ask(struct question *question, uint16_t type, void *message)
{
	enum status status = server_link_ask(question->link, type, message,
	    question->per_page > 0 ? question_on_item : NULL, question_on_answer, question);

	if (status != STATUS_OK)
		question_free(question);
	return status;
}

/* --- the directory ------------------------------------------------------------------------ */

static bool
users_fit(const struct question *question, const void *message)
{
	const struct msg_user_list_ok *ok = message;

	return ok->page == question->page && question->items <= question->per_page;
}

enum status
server_link_users(struct server_link *self, uint32_t page, uint8_t per_page, bool online_only,
    const char *prefix, call_on_item *on_item, call_on_answer *on_answer, void *arg)
{
	struct msg_user_list list = { .page = page,
		.per_page = per_page,
		.online_only = online_only,
		.prefix = bytes_of_string(prefix) };
	struct question *question;

	if (page == 0 || per_page > PER_PAGE_MAX)
		return STATUS_BAD_VALUE;
	if (list.prefix.len > 0 && !str_is_name(list.prefix))
		return STATUS_BAD_NAME;
	question = question_new(self, on_answer, arg);
	question->fits = users_fit;
	question->on_item = on_item;
	question->page = page;
	question->per_page = per_page != 0 ? per_page : PER_PAGE_USUAL;
	return ask(question, MSG_USER_LIST, &list);
}

static bool
find_fits(const struct question *question, const void *message)
{
	const struct msg_find_user_ok *ok = message;

	return ok->uid != 0 && (question->uid == 0 || ok->uid == question->uid);
}

enum status
server_link_find(struct server_link *self, uint64_t uid, const char *name,
    call_on_answer *on_answer, void *arg)
{
	struct msg_find_user find = { .uid = uid, .name = bytes_of_string(uid == 0 ? name : "") };
	struct question *question;

	if (uid == 0 && !str_is_name(find.name))
		return STATUS_BAD_NAME;
	question = question_new(self, on_answer, arg);
	question->fits = find_fits;
	question->uid = uid;
	return ask(question, MSG_FIND_USER, &find);
}

static bool
address_fits(const struct question *question, const void *message)
{
	return ((const struct msg_obtain_client_addr_ok *)message)->uid == question->uid;
}

enum status
server_link_address(struct server_link *self, uint64_t uid, struct bytes candidates,
    call_on_answer *on_answer, void *arg)
{
	struct msg_obtain_client_addr obtain = { .uid = uid, .candidates = candidates };
	struct question *question = question_new(self, on_answer, arg);

	question->fits = address_fits;
	question->uid = uid;
	return ask(question, MSG_OBTAIN_CLIENT_ADDR, &obtain);
}

void
server_link_accept(struct server_link *self, uint32_t call, struct bytes candidates)
{
	struct msg_introduce_ok ok = { .request = call, .candidates = candidates };

	if (self->state == SERVER_LINK_ONLINE)
		link_send(self->link, MSG_INTRODUCE_OK, &ok);
}

void
server_link_decline(struct server_link *self, uint32_t call)
{
	struct msg_error error = { .request = call,
		.status = STATUS_DECLINED,
		.sentence = bytes_of_string(status_text(STATUS_DECLINED)) };

	if (self->state == SERVER_LINK_ONLINE)
		link_send(self->link, MSG_ERROR, &error);
}

static bool
keys_fit(const struct question *question, const void *message)
{
	return ((const struct msg_keys_ok *)message)->uid == question->uid;
}

enum status
server_link_keys(struct server_link *self, uint64_t uid, call_on_answer *on_answer, void *arg)
{
	struct msg_keys keys = { .uid = uid };
	struct question *question = question_new(self, on_answer, arg);

	question->fits = keys_fit;
	question->uid = uid;
	return ask(question, MSG_KEYS, &keys);
}

/* --- the bundle --------------------------------------------------------------------------- */

static bool
bundle_fits(const struct question *question, const void *message)
{
	return ((const struct msg_bundle_ok *)message)->version == question->version;
}

/* Somebody else was first: a login with the key brings theirs. */
static void
fetch_bundle(struct server_link *self)
{
	struct reason reason;

	reason_set(&reason, STATUS_CONFLICT, NULL);
	account_set_token(&self->account, bytes_of("", 0));
	backoff_reset(&self->backoff);
	server_link_lose(self, &reason);
}

static void
bundle_on_answer(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	struct server_link *self = question->link;
	bool is_conflict = answer->status == STATUS_CONFLICT;

	self->is_proving = false;
	if (answer->status == STATUS_OK && bundle_fits(question, answer->message)) {
		account_set_bundle(&self->account, question->bundle, question->version);
		server_link_tell_account(self);
	}
	question_on_answer(question, answer);
	if (is_conflict && server_link_is_at_work(self))
		fetch_bundle(self);
}

static struct bundle *
copy_bundle(const struct bundle *bundle)
{
	struct account copy = { 0 };
	struct bundle *out = mem_new(sizeof(*out));

	account_set_bundle(&copy, bundle, 0);
	*out = copy.bundle;
	return out;
}

enum status
server_link_put_bundle(struct server_link *self, const struct bundle *bundle,
    call_on_answer *on_answer, void *arg)
{
	const struct account *account = &self->account;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE], *sealed;
	struct msg_bundle put = { .version = account->bundle_version,
		.wrapped_key = bytes_of(account->wrapped_key, sizeof(account->wrapped_key)),
		.signature = bytes_of(signature, sizeof(signature)) };
	struct question *question;
	enum status status;

	if (self->state != SERVER_LINK_ONLINE || !account->has_bundle)
		return self->state != SERVER_LINK_ONLINE ? STATUS_WRONG_STATE : STATUS_NOT_FOUND;
	if (!crypto_equal(bundle->seed, account->identity.secret_key, sizeof(bundle->seed)))
		return STATUS_BAD_VALUE;
	sealed = mem_new(BUNDLE_SEALED_MAX);
	put.bundle.data = sealed;
	status = bundle_seal(bundle, account->bundle_key, put.version + 1, sealed,
	    &put.bundle.len);
	if (status == STATUS_OK) {
		identity_sign_bundle(&account->identity, &self->channel, account->uid, &put,
		    signature);
		question = question_new(self, on_answer, arg);
		question->fits = bundle_fits;
		question->version = put.version + 1;
		question->bundle = copy_bundle(bundle);
		status = server_link_ask(self, MSG_BUNDLE, &put, NULL, bundle_on_answer,
		    question);
		if (status == STATUS_OK)
			self->is_proving = true;
		else
			question_free(question);
	}
	free(sealed);
	return status;
}
