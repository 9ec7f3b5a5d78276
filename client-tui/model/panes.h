/* SPDX-License-Identifier: ISC */
/*
 * Which panes there are, in the order of their numbers, and which one is on the screen. Home and
 * directory are always there.
 */

#ifndef CLIENT_MODEL_PANES_H
#define CLIENT_MODEL_PANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pane_kind {
	PANE_HOME,
	PANE_DIRECTORY,
	PANE_CHAT,
};

/*
 * The name of a pane; uid is 0 but for a chat. Kept by whoever asks something, so the answer finds
 * its way.
 */
struct pane {
	enum pane_kind kind;
	uint64_t uid;
};

struct panes {
	struct pane *list; /* home, directory, then chats as they were opened */
	size_t count;
	size_t shown;	   /* position */
	struct pane before; /* shown before this one */
	bool is_folded;	   /* the list on the left is folded away */

	size_t room;
};

void panes_init(struct panes *panes);
void panes_clear(struct panes *panes);

struct pane pane_home(void);
struct pane pane_directory(void);
struct pane pane_chat(uint64_t uid);
bool pane_is(struct pane a, struct pane b);

struct pane panes_shown(const struct panes *panes);

/* Position of a pane; panes->count when it is not there. */
size_t panes_find(const struct panes *panes, struct pane pane);

void panes_add(struct panes *panes, struct pane pane);

/* Takes a chat's pane away; if it was shown, the one before is, or home. */
void panes_remove(struct panes *panes, struct pane pane);

/* False when there is no such pane. */
bool panes_show(struct panes *panes, struct pane pane);

/* So many panes on, round the corner. */
void panes_turn(struct panes *panes, int steps);

#endif
