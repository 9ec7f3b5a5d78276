/* SPDX-License-Identifier: ISC */
#include "client-tui/view/view.h"

#include "client-tui/view/contact_list.h"
#include "client-tui/view/directory_page.h"
#include "client-tui/view/form_page.h"
#include "client-tui/view/help_page.h"
#include "client-tui/view/input.h"
#include "client-tui/view/layout.h"
#include "client-tui/view/painter.h"
#include "client-tui/view/status_line.h"
#include "client-tui/view/story.h"

/* What a person reads who has nobody to talk to yet. */
static void
draw_welcome(const struct painter *painter, struct canvas_rect in, int margin)
{
	in = paint_part(in, margin, 0, in.columns - 2 * margin, in.rows);
	int y = paint_wrapped(painter, in, STYLE_BOLD, "Messages go straight from you to them.");

	in = paint_part(in, 0, y + 1, in.columns, in.rows - y - 1);
	paint_wrapped(painter, in, STYLE_NORMAL,
	    "F3 shows everybody; Enter there opens a session.\n"
	    "/talk UID opens one with somebody whose number you know.\n"
	    "/help lists what else there is.");
}

static void
draw_body(const struct painter *painter, const struct layout *layout)
{
	struct pane pane = model_pane(painter->model);
	struct story story;

	if (!layout_has(layout->body))
		return;
	if (pane.kind == PANE_DIRECTORY) {
		directory_page_draw(painter, layout);
		return;
	}
	if (pane.kind == PANE_HOME && painter->model->home.count == 0) {
		draw_welcome(painter, layout->body, layout->margin);
		return;
	}
	story = story_of(painter->model, layout);
	story_draw(&story, painter);
}

static void
draw_panes(const struct painter *painter)
{
	struct layout layout = layout_of(painter->model, painter->canvas->columns,
	    painter->canvas->rows);
	struct canvas_rect input = layout.input;

	status_draw(painter, &layout);
	contact_list_draw(painter, &layout);
	if (model_pane(painter->model).kind != PANE_DIRECTORY)
		status_draw_title(painter, &layout);
	draw_body(painter, &layout);
	status_draw_say(painter, &layout);
	if (layout_has(layout.body))
		input = paint_part(input, layout.margin, 0, input.columns - layout.margin,
		    input.rows);
	input_draw(painter, input);
}

void
view_draw(const struct model *model, struct canvas *canvas)
{
	struct painter painter = { .model = model, .canvas = canvas };

	if (model->help.is_open)
		help_page_draw(&painter);
	else if (model->form.is_open)
		form_page_draw(&painter);
	else
		draw_panes(&painter);
}

static struct story
story_on(const struct model *model, int columns, int rows)
{
	struct layout layout = layout_of(model, columns, rows);

	return story_of(model, &layout);
}

struct transcript_place
view_scroll(const struct model *model, int columns, int rows, int lines)
{
	struct story story = story_on(model, columns, rows);

	return story_scroll(&story, lines);
}

struct transcript_place
view_top(const struct model *model, int columns, int rows)
{
	struct story story = story_on(model, columns, rows);

	return story_top(&story);
}

struct transcript_place
view_first_new(const struct model *model, int columns, int rows)
{
	struct story story = story_on(model, columns, rows);

	return story_first_new(&story);
}

int
view_page(const struct model *model, int columns, int rows)
{
	struct layout layout = layout_of(model, columns, rows);
	int seen = layout.body.rows - !layout_has(layout.say);

	return seen > 2 ? seen - 1 : 1;
}

size_t
view_help_end(const struct model *model, int columns, int rows)
{
	return help_page_end(&model->help, columns, rows);
}
