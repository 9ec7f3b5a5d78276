/* SPDX-License-Identifier: ISC */
#include "client-tui/control/incoming.h"

#include <inttypes.h>

#include "client-tui/control/past.h"
#include "shared/compiler.h"

/* --- the server --------------------------------------------------------------------------- */

static const enum me_link links[] = {
	[SERVER_LINK_IDLE] = ME_LINK_NONE,
	[SERVER_LINK_CONNECTING] = ME_LINK_CONNECTING,
	[SERVER_LINK_AT_ROUTE] = ME_LINK_CONNECTING,
	[SERVER_LINK_AT_WORK] = ME_LINK_CONNECTED,
	[SERVER_LINK_ONLINE] = ME_LINK_ONLINE,
	[SERVER_LINK_OFFLINE] = ME_LINK_WAITING,
};

/*
 * The end of a connection that a person need not hear of: they wanted it, or nobody needs one
 * (a server does not wait long for somebody who does not sign in).
 */
static bool
is_no_loss(const struct control *control, enum status why)
{
	bool is_unused = control->model->me.uid == 0 && !control_is_busy(control);

	return why == STATUS_GOODBYE || why == STATUS_STOPPED ||
	    (is_unused && (why == STATUS_TIMEOUT || why == STATUS_IDLE || why == STATUS_CLOSED));
}

void
incoming_on_state(struct control *control, enum server_link_state state, const struct answer *why,
    uint64_t retry_s)
{
	struct model *model = control->model;
	enum me_link link = links[state];
	bool is_over = state == SERVER_LINK_IDLE && is_no_loss(control, why->status);
	const char *sentence = why->status != STATUS_OK && !is_over ? why->sentence : "";

	/* Each try goes through connecting; since when it is away counts from the loss. */
	if (link == ME_LINK_CONNECTED && (control_is_busy(control) || model->me.uid != 0))
		link = ME_LINK_SIGNING_IN;
	if (state == SERVER_LINK_OFFLINE && model->me.link == ME_LINK_ONLINE)
		control_alert(control, pane_home(),
		    "The server is out of reach: %s It is tried again by itself; "
		    "open sessions go on.",
		    sentence);
	if (state == SERVER_LINK_IDLE && sentence[0] != '\0')
		control_alert(control, pane_home(), "%s", sentence);
	if (link == ME_LINK_ONLINE && model->me.link != ME_LINK_ONLINE)
		control_note(control, pane_home(), "You are online.");
	if (link != ME_LINK_ONLINE)
		roster_forget_presence(model_change_roster(model));
	me_set_link(model_change_me(model), link,
	    link == model->me.link ? model->me.since_s : model->now_s, retry_s,
	    bytes_of_string(sentence));
}

void
incoming_on_account(struct control *control, const struct account *account)
{
	struct me *me = model_change_me(control->model);

	if (account->uid == 0)
		me_sign_out(me);
	else
		me_sign_in(me, account->uid, bytes_of_string(account->name));
}

void
incoming_on_warning(struct control *control, const char *sentence)
{
	control_alert(control, pane_home(), "%s", sentence);
}

void
incoming_on_presence(struct control *control, uint64_t uid, bool is_online)
{
	struct model *model = control->model;

	roster_set_presence(model_change_roster(model), uid,
	    is_online ? PRESENCE_ONLINE : PRESENCE_ABSENT, model->now_s);
	directory_set_presence(model_change_directory(model), uid, is_online);
}

/* --- sessions ----------------------------------------------------------------------------- */

static struct chat *
open_chat(struct control *control, uint64_t uid, struct bytes name)
{
	struct model *model = control->model;

	if (model_chat(model, uid) != NULL && name.len == 0)
		return model_change_chat(model, uid);
	return model_open_chat(model, uid, name);
}

void
incoming_on_calling(struct control *control, uint64_t uid, struct bytes name)
{
	chat_set_road(open_chat(control, uid, name), CHAT_ROAD_CALLING, control->model->now_s,
	    bytes_of_string(""));
}

void
incoming_on_up(
    struct control *control, uint64_t uid, struct bytes name, enum chat_trust trust, int ms)
{
	struct model *model = control->model;
	struct chat *chat = open_chat(control, uid, name);
	bool is_shown = pane_is(model_pane(model), pane_chat(uid));

	if (!is_shown && chat->road != CHAT_ROAD_CALLING)
		control_note(control, pane_home(),
		    "%s (%" PRIu64 ") opened a session with you. /talk %" PRIu64 " shows it.",
		    chat->name, uid, uid);
	chat_set_road(chat, CHAT_ROAD_DIRECT, model->now_s, bytes_of_string(""));
	chat_set_round_trip(chat, ms);
	chat_set_trust(chat, trust);
	roster_set_presence(model_change_roster(model), uid, PRESENCE_ONLINE, model->now_s);
	control_note(control, pane_chat(uid), "You are connected to %s. /close leaves the session.",
	    chat->name);
}

void
incoming_on_message(struct control *control, uint64_t uid, struct bytes text)
{
	if (model_chat(control->model, uid) != NULL)
		past_add(control, uid, TRANSCRIPT_THEIRS, text);
}

void
incoming_on_delivery(struct control *control, uint64_t uid, uint64_t id, enum delivery delivery)
{
	if (model_chat(control->model, uid) != NULL)
		past_set_delivery(control, uid, id, delivery);
}

void
incoming_on_new_key(struct control *control, uint64_t uid, struct bytes name)
{
	struct chat *chat = open_chat(control, uid, name);

	chat_set_road(chat, CHAT_ROAD_REFUSED, control->model->now_s, bytes_of_string(""));
	chat_set_trust(chat, CHAT_TRUST_CHANGED);
	control_alert(control, pane_chat(uid),
	    "%s has a new key. An account keeps its key, also on another computer, so somebody "
	    "may stand between you.\n"
	    "Nothing is connected until you decide: ask %s by another way, then /accept trusts the "
	    "new key.",
	    chat->name, chat->name);
}

void
incoming_on_down(struct control *control, uint64_t uid, enum chat_road road, const char *why)
{
	struct model *model = control->model;
	struct chat *chat = model_change_chat(model, uid);

	/* A pane that was closed here hears no more of it. */
	if (chat == NULL)
		return;
	chat_set_road(chat, road, model->now_s, bytes_of_string(why));
	past_settle(control, uid);
	transcript_settle(&chat->transcript, DELIVERY_FAILED);
	(road == CHAT_ROAD_CLOSED || road == CHAT_ROAD_LEFT ? control_note : control_alert)(
	    control, pane_chat(uid), "%s", why);
}
