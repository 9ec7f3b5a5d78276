/* SPDX-License-Identifier: ISC */
#include "client-tui/model/me.h"

void
me_init(struct me *me)
{
	*me = (struct me){ .link = ME_LINK_NONE };
}

void
me_sign_in(struct me *me, uint64_t uid, struct bytes name)
{
	me->uid = uid;
	text_clean_line(name, me->name, sizeof(me->name));
}

void
me_sign_out(struct me *me)
{
	me->uid = 0;
}

void
me_set_server(struct me *me, struct bytes server)
{
	text_clean_line(server, me->server, sizeof(me->server));
}

void
me_set_link(struct me *me, enum me_link link, uint64_t since_s, uint64_t retry_s, struct bytes why)
{
	me->link = link;
	me->since_s = since_s;
	me->retry_s = retry_s;
	text_clean_line(why, me->why, sizeof(me->why));
}

const char *
me_link_words(enum me_link link)
{
	static const char *const words[] = {
		[ME_LINK_NONE] = "not connected",
		[ME_LINK_CONNECTING] = "connecting",
		[ME_LINK_SIGNING_IN] = "signing in",
		[ME_LINK_CONNECTED] = "signed out",
		[ME_LINK_ONLINE] = "online",
		[ME_LINK_WAITING] = "offline",
	};

	return words[link];
}
