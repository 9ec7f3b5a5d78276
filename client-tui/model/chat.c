/* SPDX-License-Identifier: ISC */
#include "client-tui/model/chat.h"

#include <stdlib.h>

#include "shared/mem.h"

struct chat *
chat_new(uint64_t uid, struct bytes name, struct draft_clip *clip)
{
	struct chat *chat = mem_new(sizeof(*chat));

	chat->uid = uid;
	chat->road_ms = -1;
	chat_set_name(chat, name);
	transcript_init(&chat->transcript);
	draft_init(&chat->draft, clip, TEXT_MESSAGE_MAX, DRAFT_TEXT);
	return chat;
}

void
chat_free(struct chat *chat)
{
	if (chat == NULL)
		return;
	transcript_clear(&chat->transcript);
	draft_clear(&chat->draft);
	free(chat);
}

void
chat_set_name(struct chat *chat, struct bytes name)
{
	text_clean_line(name, chat->name, sizeof(chat->name));
}

void
chat_set_road(struct chat *chat, enum chat_road road, uint64_t now_s, struct bytes why)
{
	chat->road = road;
	chat->road_since_s = now_s;
	chat->road_ms = -1;
	text_clean_line(why, chat->road_why, sizeof(chat->road_why));
}

void
chat_set_round_trip(struct chat *chat, int ms)
{
	chat->road_ms = ms;
}

void
chat_set_trust(struct chat *chat, enum chat_trust trust)
{
	chat->trust = trust;
}

bool
chat_has_ended(const struct chat *chat)
{
	switch (chat->road) {
	case CHAT_ROAD_CLOSED:
	case CHAT_ROAD_LEFT:
	case CHAT_ROAD_LOST:
	case CHAT_ROAD_REFUSED:
		return true;
	case CHAT_ROAD_NONE:
	case CHAT_ROAD_CALLING:
	case CHAT_ROAD_DIRECT:
		break;
	}
	return false;
}

const char *
chat_road_words(enum chat_road road)
{
	static const char *const words[] = {
		[CHAT_ROAD_NONE] = "not connected",
		[CHAT_ROAD_CALLING] = "calling",
		[CHAT_ROAD_DIRECT] = "direct",
		[CHAT_ROAD_CLOSED] = "closed by the other side",
		[CHAT_ROAD_LEFT] = "closed",
		[CHAT_ROAD_LOST] = "connection lost",
		[CHAT_ROAD_REFUSED] = "not reached",
	};

	return words[road];
}

const char *
chat_trust_words(enum chat_trust trust)
{
	static const char *const words[] = {
		[CHAT_TRUST_NONE] = "",
		[CHAT_TRUST_SEALED] = "not verified",
		[CHAT_TRUST_VERIFIED] = "verified",
		[CHAT_TRUST_CHANGED] = "KEY CHANGED",
	};

	return words[trust];
}
