/* SPDX-License-Identifier: ISC */
#include "tests/support/screen.h"

#include <stdio.h>
#include <stdlib.h>

#include "client-tui/model/text.h"
#include "client-tui/view/view.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "tests/support/require.h"

enum {
	FILE_MOST = 256 * 1024,
};

char *
screen_text(const struct model *model, int columns, int rows)
{
	struct canvas canvas;
	char *drawn, *text;

	canvas_init(&canvas);
	canvas_resize(&canvas, columns, rows);
	view_draw(model, &canvas);
	screen_require_sound(&canvas);
	drawn = canvas_to_text(&canvas);
	if (canvas.cursor_is_shown)
		text = mem_format("%s-- cursor at column %d, row %d\n", drawn, canvas.cursor_x,
		    canvas.cursor_y);
	else
		text = mem_format("%s-- no cursor\n", drawn);
	free(drawn);
	canvas_clear(&canvas);
	return text;
}

static char *
path_of(const char *name, int columns, int rows)
{
	const char *root = getenv("top_srcdir");

	return mem_format("%s/tests/screens/%s-%dx%d.screen", root != NULL ? root : "..", name,
	    columns, rows);
}

static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = mem_new(FILE_MOST + 1);

	if (file == NULL) {
		perror(path);
	} else {
		text[fread(text, 1, FILE_MOST, file)] = '\0';
		fclose(file);
	}
	return text;
}

static bool
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) {
		perror(path);
		return false;
	}
	return true;
}

bool
screen_is(const struct model *model, const char *name, int columns, int rows)
{
	const char *wish = getenv("TINGYU_SCREENS");
	char *path = path_of(name, columns, rows), *shown = screen_text(model, columns, rows),
	     *expected;
	bool is_equal;

	if (wish != NULL && strcmp(wish, "write") == 0)
		write_file(path, shown);
	expected = read_file(path);
	is_equal = strcmp(shown, expected) == 0;
	if (!is_equal)
		fprintf(stderr, "%s: expected\n%sbut the screen is\n%s", path, expected, shown);
	free(expected);
	free(shown);
	free(path);
	return is_equal;
}

/* Neither control characters nor what turns text around. */
static void
require_clean(const struct canvas_cell *cell)
{
	struct bytes text = bytes_of_string(cell->text);

	REQUIRE(cell->text[CANVAS_CLUSTER_MOST] == '\0');
	REQUIRE(str_is_clean(text));
	REQUIRE(strstr(cell->text, "\u202e") == NULL && strstr(cell->text, "\u2066") == NULL);
	REQUIRE(text.len > 0 && text_cluster_first(text).len == text.len);
	REQUIRE(text_cluster_first(text).width == cell->width);
}

void
screen_require_sound(const struct canvas *canvas)
{
	for (int y = 0; y < canvas->rows; y++)
		for (int x = 0; x < canvas->columns;) {
			const struct canvas_cell *cell = canvas_at(canvas, x, y);

			REQUIRE(cell->style < STYLE_COUNT);
			REQUIRE(cell->width == 1 || cell->width == 2);
			require_clean(cell);
			if (cell->width == 2) {
				REQUIRE(x + 1 < canvas->columns);
				REQUIRE(canvas_at(canvas, x + 1, y)->width == 0);
				REQUIRE(canvas_at(canvas, x + 1, y)->text[0] == '\0');
			}
			x += cell->width;
		}
	REQUIRE(canvas->cursor_x >= 0 && canvas->cursor_x < canvas->columns);
	REQUIRE(canvas->cursor_y >= 0 && canvas->cursor_y < canvas->rows);
}
