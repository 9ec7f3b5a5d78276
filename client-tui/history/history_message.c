/* SPDX-License-Identifier: ISC */
#include "client-tui/history/history_message.h"

#include <stdlib.h>

void
history_page_clear(struct history_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free((void *)page->messages[i].text.data);
	free(page->messages);
	*page = (struct history_page){ .messages = NULL };
}

void
history_list_clear(struct history_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((void *)list->conversations[i].last.text.data);
	free(list->conversations);
	*list = (struct history_list){ .conversations = NULL };
}

const char *
history_state_word(enum history_state state)
{
	static const char *const words[] = {
		[HISTORY_QUEUED] = "queued",
		[HISTORY_FAILED] = "failed",
		[HISTORY_STORED] = "stored",
		[HISTORY_DELIVERED] = "delivered",
		[HISTORY_READ] = "read",
	};

	return words[state];
}
