/* SPDX-License-Identifier: ISC */
#include "client-tui/sessions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client-tui/address_book.h"
#include "client-tui/control/incoming.h"
#include "client-tui/net/candidates.h"
#include "client-tui/peer/peer_thread.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/str.h"

enum { SENTENCE_MAX = 400 };

enum stage {
	STAGE_ASKED,   /* the server is asked to introduce us */
	STAGE_MEETING, /* both sides look for a way */
	STAGE_UP,
	STAGE_BARRED,  /* they showed another key than the one known: waits for a person's word */
};

struct session {
	LIST_ENTRY(session) entry;
	struct sessions *owner;
	uint64_t uid;
	char name[ACCOUNT_NAME_MAX + 1];
	enum stage stage;
	bool is_asked;	 /* the server's answer is still to come */
	bool is_left;	 /* and nobody wants it any more */
	bool is_ours;	 /* we called */
	uint8_t key[IDENTITY_KEY_SIZE]; /* from STAGE_MEETING on */
	/* The model counts messages from 1 in every pane; on the wire no number comes twice. */
	uint64_t first_id;
};

/* --- one session -------------------------------------------------------------------------- */

static struct session *
find(const struct sessions *self, uint64_t uid)
{
	struct session *session;

	LIST_FOREACH(session, &self->list, entry)
		if (session->uid == uid)
			return session;
	return NULL;
}

static struct session *
session_new(struct sessions *self, uint64_t uid, const char *name)
{
	struct session *session = mem_new(sizeof(*session));

	session->owner = self;
	session->uid = uid;
	snprintf(session->name, sizeof(session->name), "%s", name);
	session->first_id = crypto_random_number() << 32;
	LIST_INSERT_HEAD(&self->list, session, entry);
	self->count++;
	return session;
}

static void
session_drop(struct session *session)
{
	LIST_REMOVE(session, entry);
	session->owner->count--;
	free(session);
}

/* It is over. As long as an answer is awaited, somebody has to be there to take it. */
static void
session_finish(struct session *session)
{
	session->is_left = session->is_asked;
	if (session->is_asked)
		session->stage = STAGE_ASKED;
	else
		session_drop(session);
}

static struct bytes
name_of(const struct session *session)
{
	return bytes_of_string(session->name);
}

/* A call of ours came to nothing. "reason" is a sentence. */
static void
fail(struct session *session, const char *reason)
{
	incoming_on_down(session->owner->control, session->uid, CHAT_ROAD_REFUSED, reason);
	session_finish(session);
}

/* --- the server's part -------------------------------------------------------------------- */

static bool
has_loopback(const struct sessions *self)
{
	return server_link_is_over_loopback(self->link);
}

static size_t
own_candidates(const struct sessions *self, uint8_t field[CANDIDATES_SIZE])
{
	struct address list[CANDIDATES_MAX];
	size_t count = self->port != 0 ? candidates_find(self->port, has_loopback(self), list) : 0;

	return candidates_encode(list, count, field);
}

static bool
is_under_way(const struct session *session)
{
	return session->stage == STAGE_MEETING || session->stage == STAGE_UP;
}

/*
 * Nothing is connected with this key, until a person says so. A session with the known one is
 * not touched.
 */
static void
bar(struct session *session, const uint8_t key[IDENTITY_KEY_SIZE])
{
	bool is_told =
	    session->stage == STAGE_BARRED && memcmp(session->key, key, sizeof(session->key)) == 0;

	if (is_under_way(session)) {
		control_alert(session->owner->control, pane_chat(session->uid),
		    "The server named another key for %s meanwhile. Nothing was connected with "
		    "that one.",
		    session->name);
		return;
	}
	memcpy(session->key, key, sizeof(session->key));
	session->stage = STAGE_BARRED;
	if (!is_told)
		incoming_on_new_key(session->owner->control, session->uid, name_of(session));
}

/* What an introduction says, either way. */
struct introduction {
	struct bytes host, identity, token, candidates;
	uint16_t port;
};

static enum status
meet(struct session *session, const struct introduction *introduction)
{
	struct sessions *self = session->owner;
	struct peer_meeting meeting = { .uid = session->uid };
	enum status status;

	memcpy(meeting.identity, introduction->identity.data, sizeof(meeting.identity));
	memcpy(meeting.token, introduction->token.data, sizeof(meeting.token));
	meeting.address_count = candidates_to_dial(introduction->host, introduction->port,
	    introduction->candidates, has_loopback(self), meeting.addresses);
	status = peer_thread_meet(self->peers, &meeting);
	if (status != STATUS_OK)
		return status;
	memcpy(session->key, meeting.identity, sizeof(session->key));
	if (session->stage != STAGE_UP)
		session->stage = STAGE_MEETING;
	return STATUS_OK;
}

/* Two introductions of the same person with different keys: one of them is wrong. */
static bool
contradicts(const struct session *session, struct bytes identity)
{
	return is_under_way(session) &&
	    memcmp(session->key, identity.data, sizeof(session->key)) != 0;
}

/* --- calls that go out -------------------------------------------------------------------- */

static void
print_failure(const struct session *session, const struct answer *answer, char out[SENTENCE_MAX])
{
	const char *name = session->name;

	switch (answer->status) {
	case STATUS_DECLINED:
		snprintf(out, SENTENCE_MAX, "%s does not want to talk now.", name);
		break;
	case STATUS_NOT_ONLINE:
		snprintf(out, SENTENCE_MAX, "%s is not online any more.", name);
		break;
	case STATUS_UNREACHABLE:
		snprintf(out, SENTENCE_MAX,
		    "%s is at a server that cannot introduce you to each other.", name);
		break;
	case STATUS_TIMEOUT:
		snprintf(out, SENTENCE_MAX, "%s did not answer.", name);
		break;
	default:
		snprintf(out, SENTENCE_MAX, "%s could not be called: %s", name, answer->sentence);
	}
	if (answer->is_local)
		snprintf(out, SENTENCE_MAX,
		    "The connection to the server was lost while %s was being called.", name);
}

/* Why nobody can be met. */
static const char *
find_hindrance(const struct sessions *self, enum status status)
{
	if (self->me == 0)
		return "The key of your account is not on this computer: /logout, then /login "
		       "brings it.";
	if (self->port == 0)
		return "This computer gives no port to talk on, so nobody can be reached.";
	return status_text(status);
}

static void
take_introduction(struct session *session, const struct msg_obtain_client_addr_ok *ok)
{
	const struct introduction introduction = {
		.host = ok->host, .port = ok->port, .identity = ok->identity, .token = ok->token,
		.candidates = ok->candidates,
	};
	enum status status;

	if (address_book_judge(session->owner->book, session->uid, ok->identity.data) ==
	    KEY_HAS_CHANGED) {
		bar(session, ok->identity.data);
		return;
	}
	if (contradicts(session, ok->identity)) {
		fail(session,
		    "The server named two different keys for the same person, so nothing was "
		    "connected.");
		return;
	}
	status = meet(session, &introduction);
	if (status != STATUS_OK && session->stage == STAGE_ASKED)
		fail(session, find_hindrance(session->owner, status));
}

static void
on_introduced(void *arg, const struct answer *answer)
{
	struct session *session = arg;
	char sentence[SENTENCE_MAX];

	session->is_asked = false;
	if (session->is_left) {
		session_drop(session);
		return;
	}
	if (answer->status == STATUS_OK) {
		take_introduction(session, answer->message);
		return;
	}
	/* They called meanwhile, and that goes well. */
	if (session->stage != STAGE_ASKED)
		return;
	print_failure(session, answer, sentence);
	fail(session, sentence);
}

enum status
sessions_talk(struct sessions *self, uint64_t uid)
{
	const struct chat *chat = model_chat(self->control->model, uid);
	struct session *session = find(self, uid);
	uint8_t field[CANDIDATES_SIZE];
	enum status status;

	if (self->link == NULL)
		return STATUS_NO_SERVER;
	if (session == NULL && self->count >= SESSIONS_MAX)
		return STATUS_FULL;
	if (session == NULL)
		session = session_new(self, uid, chat != NULL ? chat->name : "");
	session->is_left = false;
	session->is_ours = true;
	if (session->stage == STAGE_BARRED)
		session->stage = STAGE_ASKED;
	if (session->stage != STAGE_ASKED || session->is_asked)
		return STATUS_OK;
	status = server_link_address(
	    self->link, uid, bytes_of(field, own_candidates(self, field)), on_introduced, session);
	if (status != STATUS_OK) {
		session_drop(session);
		return status;
	}
	session->is_asked = true;
	return STATUS_OK;
}

/* --- calls that come in ------------------------------------------------------------------- */

/* NULL: the call is taken; else why not. */
static const char *
find_objection(const struct sessions *self, const struct msg_introduce *call)
{
	if (self->me == 0 || call->uid == 0 || call->uid == self->me || !str_is_name(call->name))
		return "";
	if (find(self, call->uid) == NULL && self->count >= SESSIONS_MAX)
		return "there are too many sessions already";
	if (model_chat(self->control->model, call->uid) == NULL &&
	    self->control->model->chat_count >= SESSIONS_PANES_MAX)
		return "there are too many panes already; /close takes one away";
	if (contacts_find(&self->book->contacts, call->uid) == NULL &&
	    self->book->contacts.count >= CONTACTS_MAX)
		return "there are too many contacts already; /remove takes one out";
	return NULL;
}

static bool
take_call(struct sessions *self, const struct msg_introduce *call)
{
	const struct introduction introduction = {
		.host = call->host,
		.port = call->port,
		.identity = call->identity,
		.token = call->token,
		.candidates = call->candidates,
	};
	struct session *session = find(self, call->uid);
	bool is_new = session == NULL;

	if (is_new)
		session = session_new(self, call->uid, "");
	str_copy(call->name, session->name, sizeof(session->name));
	if (address_book_judge(self->book, call->uid, call->identity.data) == KEY_HAS_CHANGED) {
		bar(session, call->identity.data);
		return false;
	}
	if (contradicts(session, call->identity) || meet(session, &introduction) != STATUS_OK) {
		if (is_new)
			session_drop(session);
		return false;
	}
	session->is_left = false;
	return true;
}

void
sessions_on_introduce(struct sessions *self, const struct msg_introduce *call)
{
	const char *objection = find_objection(self, call);
	uint8_t field[CANDIDATES_SIZE];

	if (objection == NULL && take_call(self, call)) {
		server_link_accept(
		    self->link, call->request, bytes_of(field, own_candidates(self, field)));
		return;
	}
	server_link_decline(self->link, call->request);
	if (objection != NULL && objection[0] != '\0')
		control_alert(self->control, pane_home(),
		    "%.*s (%" PRIu64 ") wanted to talk and was declined: %s.", (int)call->name.len,
		    (const char *)call->name.data, call->uid, objection);
}

/* --- what the peer thread says ------------------------------------------------------------ */

static void
on_up(void *arg, uint64_t uid, uint32_t ms)
{
	struct sessions *self = arg;
	struct session *session = find(self, uid);
	enum status status;

	if (session == NULL || session->stage == STAGE_BARRED)
		return;
	session->stage = STAGE_UP;
	status = address_book_pin(self->book, uid, name_of(session), session->key);
	incoming_on_up(self->control, uid, name_of(session), CHAT_TRUST_SEALED, (int)ms);
	if (status != STATUS_OK)
		control_alert(self->control, pane_chat(uid),
		    "%s could not be put into the contacts, so the key is "
		    "not remembered: %s",
		    session->name, status_text(status));
}

static void
on_message(void *arg, uint64_t uid, struct bytes text)
{
	struct sessions *self = arg;

	incoming_on_message(self->control, uid, text);
}

static void
on_delivered(void *arg, uint64_t uid, uint64_t id)
{
	struct sessions *self = arg;
	const struct session *session = find(self, uid);

	if (session != NULL)
		incoming_on_delivery(
		    self->control, uid, id - session->first_id, DELIVERY_DELIVERED);
}

/* Somebody called, and no way was found; their pane may not be there. */
static void
miss(struct session *session, const char *reason)
{
	struct sessions *self = session->owner;
	bool has_pane = model_chat(self->control->model, session->uid) != NULL;

	control_alert(self->control, has_pane ? pane_chat(session->uid) : pane_home(),
	    "%s (%" PRIu64 ") called, but no connection came about: %s", session->name,
	    session->uid, reason);
	session_finish(session);
}

static void
on_down(void *arg, uint64_t uid, enum status why, const char *reason)
{
	struct sessions *self = arg;
	struct session *session = find(self, uid);
	bool was_up = session != NULL && session->stage == STAGE_UP;
	char sentence[SENTENCE_MAX];

	if (session == NULL || session->stage == STAGE_BARRED)
		return;
	if (!was_up && !session->is_ours) {
		miss(session, reason);
		return;
	}
	if (why == STATUS_LEFT)
		snprintf(sentence, sizeof(sentence), "%s left the session.", session->name);
	else if (was_up)
		snprintf(sentence, sizeof(sentence), "The session with %s is lost: %s",
		    session->name, reason);
	else
		snprintf(sentence, sizeof(sentence), "%s could not be reached: %s", session->name,
		    reason);
	incoming_on_down(self->control, uid,
	    why == STATUS_LEFT ? CHAT_ROAD_CLOSED
		: was_up       ? CHAT_ROAD_LOST
			       : CHAT_ROAD_REFUSED,
	    sentence);
	session_finish(session);
}

static const struct peer_handler handler = {
	.on_up = on_up,
	.on_message = on_message,
	.on_delivered = on_delivered,
	.on_down = on_down,
};

/* --- what a person does ------------------------------------------------------------------- */

enum status
sessions_say(struct sessions *self, uint64_t uid, uint64_t id, struct bytes text)
{
	const struct session *session = find(self, uid);

	if (session == NULL || session->stage != STAGE_UP)
		return STATUS_CLOSED;
	return peer_thread_say(self->peers, uid, session->first_id + id, text);
}

void
sessions_leave(struct sessions *self, uint64_t uid)
{
	struct session *session = find(self, uid);

	if (session == NULL)
		return;
	peer_thread_leave(self->peers, uid);
	session_finish(session);
}

enum status
sessions_accept_key(struct sessions *self, uint64_t uid)
{
	struct session *session = find(self, uid);
	enum status status;

	if (session == NULL || session->stage != STAGE_BARRED)
		return STATUS_NOT_FOUND;
	status = address_book_pin(self->book, uid, name_of(session), session->key);
	if (status == STATUS_OK)
		session_finish(session);
	return status;
}

/* --- life --------------------------------------------------------------------------------- */

static void
listen_somewhere(struct sessions *self)
{
	enum status status = peer_thread_listen(self->peers, &self->port);

	if (status == STATUS_OK)
		return;
	self->port = 0;
	control_alert(self->control, pane_home(),
	    "No port can be had to talk on, so sessions will not come about: %s",
	    status_text(status));
}

enum status
sessions_open(struct sessions *self, struct event_base *base, struct control *control,
    struct address_book *book)
{
	enum status status;

	*self = (struct sessions){ .control = control, .book = book };
	LIST_INIT(&self->list);
	status = peer_thread_start(base, &handler, self, &self->peers);
	if (status == STATUS_OK)
		listen_somewhere(self);
	return status;
}

void
sessions_close(struct sessions *self)
{
	peer_thread_stop(self->peers);
	while (!LIST_EMPTY(&self->list))
		session_drop(LIST_FIRST(&self->list));
}

uint16_t
sessions_change_port(struct sessions *self)
{
	listen_somewhere(self);
	return self->port;
}

void
sessions_set_link(struct sessions *self, struct server_link *link)
{
	struct session *session, *next;

	self->link = link;
	for (session = LIST_FIRST(&self->list); session != NULL; session = next) {
		next = LIST_NEXT(session, entry);
		session->is_asked = false;
		if (session->is_left)
			session_drop(session);
		else if (session->stage == STAGE_ASKED)
			fail(session, "Another server was chosen.");
	}
}

void
sessions_begin(struct sessions *self, const struct account *account)
{
	if (self->me == account->uid || !account->has_identity)
		return;
	self->me = account->uid;
	peer_thread_set_identity(self->peers, &account->identity);
}

void
sessions_end(struct sessions *self, const char *sentence)
{
	struct session *session, *next;

	self->me = 0;
	peer_thread_set_identity(self->peers, NULL);
	for (session = LIST_FIRST(&self->list); session != NULL; session = next) {
		next = LIST_NEXT(session, entry);
		if (session->is_left)
			continue;
		if (session->stage != STAGE_BARRED)
			incoming_on_down(self->control, session->uid, CHAT_ROAD_LEFT, sentence);
		session_finish(session);
	}
}
