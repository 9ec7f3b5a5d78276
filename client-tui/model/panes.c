/* SPDX-License-Identifier: ISC */
#include "client-tui/model/panes.h"

#include <stdlib.h>
#include <string.h>

#include "shared/mem.h"

void
panes_init(struct panes *panes)
{
	*panes = (struct panes){ .before = pane_home() };
	panes_add(panes, pane_home());
	panes_add(panes, pane_directory());
}

void
panes_clear(struct panes *panes)
{
	free(panes->list);
	*panes = (struct panes){ .count = 0 };
}

struct pane
pane_home(void)
{
	return (struct pane){ .kind = PANE_HOME };
}

struct pane
pane_directory(void)
{
	return (struct pane){ .kind = PANE_DIRECTORY };
}

struct pane
pane_chat(uint64_t uid)
{
	return (struct pane){ .kind = PANE_CHAT, .uid = uid };
}

bool
pane_is(struct pane a, struct pane b)
{
	return a.kind == b.kind && a.uid == b.uid;
}

struct pane
panes_shown(const struct panes *panes)
{
	return panes->list[panes->shown];
}

size_t
panes_find(const struct panes *panes, struct pane pane)
{
	size_t at = 0;

	while (at < panes->count && !pane_is(panes->list[at], pane))
		at++;
	return at;
}

void
panes_add(struct panes *panes, struct pane pane)
{
	if (panes_find(panes, pane) < panes->count)
		return;
	if (panes->count == panes->room) {
		panes->room = panes->room > 0 ? 2 * panes->room : 8;
		panes->list = mem_resize(panes->list, panes->room, sizeof(panes->list[0]));
	}
	panes->list[panes->count++] = pane;
}

void
panes_remove(struct panes *panes, struct pane pane)
{
	size_t at = panes_find(panes, pane);
	struct pane shown = panes_shown(panes);

	if (at == panes->count || pane.kind != PANE_CHAT)
		return;
	if (pane_is(shown, pane))
		shown = panes->before;
	panes->count--;
	memmove(&panes->list[at], &panes->list[at + 1],
	    (panes->count - at) * sizeof(panes->list[0]));
	if (pane_is(panes->before, pane))
		panes->before = pane_home();
	at = panes_find(panes, shown);
	panes->shown = at < panes->count ? at : 0;
}

bool
panes_show(struct panes *panes, struct pane pane)
{
	size_t at = panes_find(panes, pane);

	if (at == panes->count)
		return false;
	if (at != panes->shown)
		panes->before = panes_shown(panes);
	panes->shown = at;
	return true;
}

void
panes_turn(struct panes *panes, int steps)
{
	int64_t count = (int64_t)panes->count;
	int64_t at = ((int64_t)panes->shown + steps) % count;

	panes_show(panes, panes->list[at < 0 ? at + count : at]);
}
