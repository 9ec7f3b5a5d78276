/* SPDX-License-Identifier: ISC */
#include "client-tui/model/help.h"

#include <stdlib.h>

#include "client-tui/model/text.h"
#include "shared/mem.h"

void
help_init(struct help *help)
{
	*help = (struct help){ .is_open = false };
}

void
help_clear(struct help *help)
{
	for (size_t i = 0; i < help->count; i++)
		free(help->lines[i]);
	free(help->lines);
	help_init(help);
}

void
help_open(struct help *help, struct bytes title, const char *const *lines, size_t count)
{
	size_t len;

	help_clear(help);
	text_clean_line(title, help->title, sizeof(help->title));
	help->lines = mem_new_array(count, sizeof(help->lines[0]));
	for (size_t i = 0; i < count; i++)
		help->lines[i] = text_clean(bytes_of_string(lines[i]), &len);
	help->count = count;
	help->is_open = true;
}

void
help_close(struct help *help)
{
	help_clear(help);
}

void
help_scroll(struct help *help, int rows, size_t end)
{
	int64_t top = (int64_t)help->top + rows;

	help->top = top < 0 ? 0 : (uint64_t)top > end ? end : (size_t)top;
}
