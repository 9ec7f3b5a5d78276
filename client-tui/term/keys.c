/* SPDX-License-Identifier: ISC */
#include "client-tui/term/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/str.h"

enum {
	ESC = 0x1b,
	DEL = 0x7f,
	SEQUENCE_MAX = 64, /* no terminal sends longer ones for a key */
	PASTE_BEGIN = 200, /* CSI 200 ~ */
	MODIFIER_ALT_BIT =
	    2, /* of xterm's modifier parameter minus one: 1 Shift, 2 Alt, 4 Ctrl, 8 Meta */
	ROOM_AT_START = 256,
};

static const char paste_end[] = "\033[201~";

static const struct named_key {
	enum key key;
	const char *name;
	char final;
	unsigned char number;
} named_keys[] = {
#define KEY(NAME, name, final, number) { KEY_##NAME, name, final, number },
#include "client-tui/term/keys.def"
#undef KEY
};

struct keys {
	uint8_t *bytes;		/* not used up yet: from "start" to "end" */
	size_t start, end, room;
	bool is_pasting;
	bool is_settled;	/* nothing more will come for what is half way */
	char *paste;		/* the last one given out */
};

struct keys *
keys_new(void)
{
	return mem_new(sizeof(struct keys));
}

void
keys_free(struct keys *keys)
{
	if (keys == NULL)
		return;
	free(keys->bytes);
	free(keys->paste);
	free(keys);
}

static size_t
left(const struct keys *keys)
{
	return keys->end - keys->start;
}

void
keys_feed(struct keys *keys, struct bytes bytes)
{
	size_t kept = left(keys);

	if (bytes.len == 0)
		return;
	if (kept > 0 && keys->start > 0)
		memmove(keys->bytes, keys->bytes + keys->start, kept);
	if (kept + bytes.len > keys->room) {
		keys->room = (kept + bytes.len) * 2 + ROOM_AT_START;
		keys->bytes = mem_resize(keys->bytes, keys->room, 1);
	}
	memcpy(keys->bytes + kept, bytes.data, bytes.len);
	keys->start = 0;
	keys->end = kept + bytes.len;
	keys->is_settled = false;
}

/* --- pieces -------------------------------------------------------------------------- */

/* What a look at the first bytes gave. */
enum look {
	LOOK_KEY,
	LOOK_SKIP,	/* used up, but no key */
	LOOK_MORE,	/* not whole yet */
};

static size_t
character_len(uint8_t first)
{
	return first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* A control character: Ctrl with a letter, but for those that have keys of their own. */
static enum look
look_control(uint8_t byte, struct key_event *out)
{
	static const char letters[] = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

	if (byte == '\r')
		out->key = KEY_ENTER;
	else if (byte == '\t')
		out->key = KEY_TAB;
	else if (byte == DEL)
		out->key = KEY_BACKSPACE;
	else {
		out->key = KEY_TEXT;
		out->modifiers |= KEY_CTRL;
		out->text = bytes_of(&letters[byte], 1);
	}
	return LOOK_KEY;
}

static enum look
look_character(
    const struct keys *keys, const uint8_t *at, size_t len, size_t *used, struct key_event *out)
{
	size_t need = character_len(at[0]);

	*used = 1;
	if (at[0] < 0x20 || at[0] == DEL)
		return look_control(at[0], out);
	if (need > len && !keys->is_settled)
		return LOOK_MORE;
	if (need > len || !str_is_clean(bytes_of(at, need)))
		return LOOK_SKIP;
	*used = need;
	out->key = KEY_TEXT;
	out->text = bytes_of(at, need);
	return LOOK_KEY;
}

static void
set_modifiers(struct key_event *out, unsigned parameter)
{
	unsigned bits = parameter > 0 ? parameter - 1 : 0;

	if (bits & 1)
		out->modifiers |= KEY_SHIFT;
	if (bits & MODIFIER_ALT_BIT)
		out->modifiers |= KEY_ALT;
	if (bits & 4)
		out->modifiers |= KEY_CTRL;
}

static enum look
find_named(char final, unsigned number, struct key_event *out)
{
	for (size_t i = 0; i < ARRAY_LEN(named_keys); i++) {
		const struct named_key *row = &named_keys[i];

		if (final == '~' ? row->number != number || number == 0 : row->final != final)
			continue;
		out->key = row->key;
		return LOOK_KEY;
	}
	return LOOK_SKIP;
}

/* "27;5;13~" (modifyOtherKeys) and "13;5u" (CSI u) both name a character by its code. */
static enum look
look_code(unsigned code, unsigned modifiers, struct key_event *out)
{
	static _Thread_local char character;

	set_modifiers(out, modifiers);
	if (code == ESC) {
		out->key = KEY_ESCAPE;
		return LOOK_KEY;
	}
	if (code == '\r' || code == '\t' || code == DEL)
		return look_control((uint8_t)code, out);
	if (code < ' ' || code > '~')
		return LOOK_SKIP;
	character = (char)code;
	out->key = KEY_TEXT;
	out->text = bytes_of(&character, 1);
	return LOOK_KEY;
}

/* Behind "ESC [" or "ESC O": parameters, then the final byte at "end". */
static enum look
look_parameters(struct keys *keys, const uint8_t *at, const uint8_t *end, struct key_event *out)
{
	unsigned parameters[3] = { 0 };
	size_t count = 0;

	for (; at < end && *at >= '0' && *at <= ';'; at++) {
		if (*at == ';' && count < ARRAY_LEN(parameters) - 1)
			count++;
		else if (*at >= '0' && *at <= '9' && parameters[count] < 10000)
			parameters[count] = parameters[count] * 10 + (*at - '0');
	}
	if (at != end)
		return LOOK_SKIP; /* a private or intermediate byte: an answer of the terminal, no
				     key */
	if (*end == '~' && parameters[0] == PASTE_BEGIN) {
		keys->is_pasting = true;
		return LOOK_SKIP;
	}
	if (*end == '~' && parameters[0] == 27)
		return look_code(parameters[2], parameters[1], out);
	if (*end == 'u')
		return look_code(parameters[0], parameters[1], out);
	set_modifiers(out, parameters[1]);
	return find_named((char)*end, parameters[0], out);
}

static enum look
look_sequence(struct keys *keys, const uint8_t *at, size_t len, size_t *used, struct key_event *out)
{
	size_t i = 2;

	while (i < len && i < SEQUENCE_MAX && at[i] >= 0x20 && at[i] <= 0x3f)
		i++;
	if (i == len && i < SEQUENCE_MAX && !keys->is_settled)
		return LOOK_MORE;
	if (i == len || at[i] < 0x40 || at[i] > 0x7e) {
		*used = i;
		return LOOK_SKIP;
	}
	*used = i + 1;
	return look_parameters(keys, at + 2, at + i, out);
}

/* Esc, a sequence, or Alt with a key: terminals send Alt as an Esc in front. */
static enum look
look_escape(struct keys *keys, const uint8_t *at, size_t len, size_t *used, struct key_event *out)
{
	enum look look;

	if (len == 1 && !keys->is_settled)
		return LOOK_MORE;
	if (len == 1 || at[1] == ESC) {
		*used = 1;
		out->key = KEY_ESCAPE;
		return LOOK_KEY;
	}
	/* Alt-[ and Alt-O cannot be told from the start of a sequence but by what follows. */
	if ((at[1] == '[' || at[1] == 'O') && !(len == 2 && keys->is_settled))
		return look_sequence(keys, at, len, used, out);
	look = look_character(keys, at + 1, len - 1, used, out);
	*used += 1;
	out->modifiers |= KEY_ALT;
	return look;
}

/* --- pastes -------------------------------------------------------------------------- */

/* Line breaks arrive as CR, LF or both; one kind leaves. */
static size_t
copy_paste(char *to, const uint8_t *from, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '\r') {
			to[used++] = '\n';
			i += i + 1 < len && from[i + 1] == '\n';
		} else {
			to[used++] = (char)from[i];
		}
	}
	return used;
}

static enum look
look_paste(struct keys *keys, const uint8_t *at, size_t len, size_t *used, struct key_event *out)
{
	const uint8_t *end = memmem(at, len, paste_end, strlen(paste_end));
	size_t text_len = end != NULL ? (size_t)(end - at) : len;

	if (end == NULL && !keys->is_settled)
		return LOOK_MORE;
	*used = text_len + (end != NULL ? strlen(paste_end) : 0);
	if (text_len > KEYS_PASTE_MAX)
		text_len = KEYS_PASTE_MAX;
	free(keys->paste);
	keys->paste = mem_new(text_len + 1);
	out->key = KEY_PASTED;
	out->text = bytes_of(keys->paste, copy_paste(keys->paste, at, text_len));
	keys->is_pasting = false;
	return LOOK_KEY;
}

/* --- the way out --------------------------------------------------------------------- */

static enum look
look_first(struct keys *keys, size_t *used, struct key_event *out)
{
	const uint8_t *at = keys->bytes + keys->start;
	size_t len = left(keys);

	*out = (struct key_event){ .key = KEY_NONE };
	if (keys->is_pasting)
		return look_paste(keys, at, len, used, out);
	if (at[0] == ESC)
		return look_escape(keys, at, len, used, out);
	return look_character(keys, at, len, used, out);
}

bool
keys_next(struct keys *keys, struct key_event *out)
{
	enum look look = LOOK_SKIP;
	size_t used;

	while (look == LOOK_SKIP && left(keys) > 0) {
		look = look_first(keys, &used, out);
		if (look != LOOK_MORE)
			keys->start += used;
	}
	if (left(keys) == 0)
		keys->is_settled = false;
	return look == LOOK_KEY;
}

int
keys_settle_ms(const struct keys *keys)
{
	if (keys->is_pasting)
		return KEYS_PASTE_SETTLE_MS;
	return left(keys) > 0 ? KEYS_SETTLE_MS : 0;
}

void
keys_settle(struct keys *keys)
{
	if (left(keys) > 0)
		keys->is_settled = true;
	else
		keys->is_pasting = false;
}

/* --- names --------------------------------------------------------------------------- */

static const char *
name_of(enum key key)
{
	for (size_t i = 0; i < ARRAY_LEN(named_keys); i++)
		if (named_keys[i].key == key)
			return named_keys[i].name;
	return "none";
}

const char *
key_name(const struct key_event *event)
{
	static _Thread_local char name[64];
	const char *ctrl = event->modifiers & KEY_CTRL ? "C-" : "";
	const char *alt = event->modifiers & KEY_ALT ? "M-" : "";
	const char *shift = event->modifiers & KEY_SHIFT ? "S-" : "";

	if (event->key == KEY_TEXT)
		snprintf(name, sizeof(name), "%s%s%s%.*s", ctrl, alt, shift, (int)event->text.len,
		    (const char *)event->text.data);
	else
		snprintf(name, sizeof(name), "%s%s%s%s", ctrl, alt, shift, name_of(event->key));
	return name;
}

static const char *
skip_modifiers(const char *name, unsigned *modifiers)
{
	static const struct {
		char letter;
		enum key_modifier modifier;
	} rows[] = { { 'C', KEY_CTRL }, { 'M', KEY_ALT }, { 'S', KEY_SHIFT } };

	while (name[0] != '\0' && name[1] == '-' && name[2] != '\0') {
		unsigned found = 0;

		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			if (rows[i].letter == name[0])
				found = rows[i].modifier;
		if (found == 0)
			break;
		*modifiers |= found;
		name += 2;
	}
	return name;
}

bool
key_parse(const char *name, struct key_event *out)
{
	*out = (struct key_event){ .key = KEY_NONE };
	name = skip_modifiers(name, &out->modifiers);
	for (size_t i = 0; i < ARRAY_LEN(named_keys); i++) {
		if (strcmp(named_keys[i].name, name) == 0) {
			out->key = named_keys[i].key;
			return true;
		}
	}
	if (name[0] == '\0' || strlen(name) != character_len((uint8_t)name[0]) ||
	    !str_is_clean(bytes_of_string(name)))
		return false;
	out->key = KEY_TEXT;
	out->text = bytes_of_string(name);
	return true;
}
