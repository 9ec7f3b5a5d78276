/* SPDX-License-Identifier: ISC */
#include "client-tui/view/form_page.h"

#include "client-tui/model/text.h"
#include "client-tui/view/bar.h"
#include "client-tui/view/input.h"
#include "client-tui/view/status_line.h"

enum {
	WIDTH = 78,
	LABEL_X = 2,
	VALUE_X = 12,
	LABEL_FROM = 24,  /* columns that are worth a label */
	HINT_X = 23,	  /* where a hint stands behind a short value */
	TALL = 14,	  /* rows that are worth blanks between */
	TITLE_ROWS = 6,
	WORDS_ROWS = 2,	  /* of what is usually said below the fields */
	WORDS_ROOM = 800,
	CHOICE_GAP = 3,
};

static const char *
label_of(const struct model *model, enum form_field field)
{
	static const char *const labels[] = { "Server", "Name", "Password", "I am" };

	return field == FORM_PASSWORD && form_is_again(&model->form) ? "Again" : labels[field];
}

static void
draw_centred(const struct painter *painter, struct canvas_rect in, int y, enum canvas_style style,
    const char *text)
{
	int width = text_width(bytes_of_string(text));

	paint_short(painter, in, width < in.columns ? (in.columns - width) / 2 : 0, y, in.columns,
	    style, text);
}

/* The value of a field stands behind its label, where there is room for one. */
static struct canvas_rect
draw_label(const struct painter *painter, struct canvas_rect in, int y, enum form_field field)
{
	bool is_here = painter->model->form.field == field;

	if (in.columns < LABEL_FROM)
		return paint_part(in, 0, y, in.columns, 1);
	if (is_here)
		paint_sign(painter, in, 0, y, STYLE_BOLD, GLYPH_PROMPT);
	canvas_print(painter->canvas, in, LABEL_X, y, is_here ? STYLE_BOLD : STYLE_NORMAL,
	    label_of(painter->model, field));
	return paint_part(in, VALUE_X, y, in.columns - VALUE_X, 1);
}

static void
draw_value(const struct painter *painter, struct canvas_rect value, enum form_field field)
{
	const struct form *form = &painter->model->form;
	const struct draft *draft = &form->drafts[field];
	bool is_here = form->field == field && !form->is_busy;
	int hint_x = text_width(draft_bytes(draft)) + CHOICE_GAP;

	if (hint_x < HINT_X)
		hint_x = HINT_X;
	if (field == FORM_SERVER)
		paint_short(painter, value, hint_x, 0, value.columns - hint_x, STYLE_DIM,
		    form->hint);
	input_draw_field(painter, value, draft, is_here);
}

static const char *
choice_sign(const struct painter *painter, bool is_chosen)
{
	return paint_glyph(painter, is_chosen ? GLYPH_CHOSEN : GLYPH_NOT_CHOSEN);
}

/* The two answers, in as many words as there is room for. */
static void
draw_choice(const struct painter *painter, struct canvas_rect value)
{
	static const struct {
		int columns;
		const char *is_new, *is_back;
	} words[] = {
		{ 52, "new here: make me an account", "back: sign in" },
		{ 24, "new here", "back" },
		{ 0, "new", "back" },
	};
	const struct form *form = &painter->model->form;
	bool is_here = form->field == FORM_CHOICE && !form->is_busy;
	size_t i = 0;
	int x, back;

	while (value.columns < words[i].columns)
		i++;
	x = canvas_print(painter->canvas, value, 0, 0, STYLE_NORMAL, choice_sign(painter,
	    form->is_new));
	back = CHOICE_GAP - (words[i].columns == 0 ? 2 : 0) +
	    canvas_print(painter->canvas, value, x + 1, 0, STYLE_NORMAL, words[i].is_new);
	x = canvas_print(painter->canvas, value, back, 0, STYLE_NORMAL, choice_sign(painter,
	    !form->is_new));
	canvas_print(painter->canvas, value, x + 1, 0, STYLE_NORMAL, words[i].is_back);
	if (is_here)
		canvas_set_cursor(painter->canvas, value, (form->is_new ? 0 : back) + 1, 0);
}

static void
draw_field(const struct painter *painter, struct canvas_rect in, int y, enum form_field field)
{
	struct canvas_rect value = draw_label(painter, in, y, field);

	if (field == FORM_CHOICE)
		draw_choice(painter, value);
	else
		draw_value(painter, value, field);
}

/* What is wrong or going on, or else what is good to know. */
static enum canvas_style
find_words(const struct painter *painter, char *out, size_t room)
{
	const struct model *model = painter->model;
	const struct form *form = &model->form;
	char link[WORDS_ROOM / 2];

	status_full_words(model_draft(model), out, room);
	if (out[0] != '\0')
		return STYLE_ALERT;
	if (form->say[0] == '\0') {
		text_format(out, room,
		    "The password never leaves this computer; it also seals your keys. "
		    "Nobody can reset it for you. Digits as a name are taken for a uid.");
		return STYLE_DIM;
	}
	text_format(out, room, "%s", form->say);
	if (form->is_busy && model->me.link == ME_LINK_WAITING) {
		status_link_words(model, true, link, sizeof(link));
		text_format(out, room, "%s %s (%s)", form->say, model->me.why, link);
	}
	return form->is_wrong ? STYLE_ALERT : STYLE_BOLD;
}

/* The keys keep their row whatever is said above them. */
static void
draw_foot(const struct painter *painter, struct canvas_rect in)
{
	struct bar bar = { .count = 0 };
	char words[WORDS_ROOM];
	enum canvas_style style = find_words(painter, words, sizeof(words));
	int rows = paint_wrapped(painter, in, style, words);
	int y = rows < WORDS_ROWS ? WORDS_ROWS : rows;

	if (y + 1 < in.rows)
		y++;
	in = paint_part(in, 0, y, in.columns, in.rows - y);
	if (painter->model->form.is_busy) {
		bar_add(&bar, BAR_LEFT, 0, STYLE_DIM, " · ", "Esc stops");
	} else {
		bar_add(&bar, BAR_LEFT, 1, STYLE_DIM, " · ", "Tab next field");
		bar_add(&bar, BAR_LEFT, 2, STYLE_DIM, " · ", "Space changes the choice");
		bar_add(&bar, BAR_LEFT, 0, STYLE_DIM, " · ", "Enter goes on");
		bar_add(&bar, BAR_LEFT, 3, STYLE_DIM, " · ", "Esc closes");
	}
	bar_draw(&bar, painter, in, 0);
}

/* One field, its label above it where it has no room beside it, and below it what is wrong. */
static void
draw_low(const struct painter *painter, struct canvas_rect in)
{
	const struct form *form = &painter->model->form;
	char words[WORDS_ROOM];
	enum canvas_style style = find_words(painter, words, sizeof(words));
	int y = 0;

	if (in.columns < LABEL_FROM && in.rows > (style != STYLE_DIM ? 2 : 1))
		paint_short(painter, in, 0, y++, in.columns, STYLE_DIM,
		    label_of(painter->model, form->field));
	draw_field(painter, in, y++, form->field);
	if (style != STYLE_DIM)
		paint_wrapped(painter, paint_part(in, 0, y, in.columns, in.rows - y), style, words);
}

void
form_page_draw(const struct painter *painter)
{
	const struct canvas *canvas = painter->canvas;
	struct canvas_rect in = { .columns = canvas->columns, .rows = canvas->rows };
	bool is_tall = in.rows >= TALL;
	int y = 0;

	if (in.columns > WIDTH) {
		in.x = (in.columns - WIDTH) / 2;
		in.columns = WIDTH;
	}
	if (in.rows < FORM_FIELDS) {
		draw_low(painter, in);
		return;
	}
	if (is_tall) {
		in.y = (in.rows - TALL) / 3;
		in.rows -= in.y;
		y++;
	}
	if (in.rows >= TITLE_ROWS)
		draw_centred(painter, in, y++, STYLE_BOLD, "tingyu");
	if (is_tall) {
		draw_centred(painter, in, y++, STYLE_DIM,
		    "Messages that go straight from you to them.");
		y++;
	}
	for (int field = 0; field < FORM_FIELDS; field++)
		draw_field(painter, in, y++, (enum form_field)field);
	y += is_tall;
	draw_foot(painter,
	    paint_part(in, in.columns >= LABEL_FROM ? LABEL_X : 0, y, in.columns - LABEL_X,
		in.rows - y));
}
