/* SPDX-License-Identifier: ISC */
/*
 * Keys out of the bytes that a terminal sends: text, named keys with their modifiers, and pastes
 * (bracketed paste, which arrives whole and is never anything but text). Bytes may come in any
 * pieces. Foreign bytes end here: what makes no sense is dropped. No clock of its own: whoever
 * feeds it says when nothing more came.
 *
 * Sequences as xterm sends them (xterm control sequences, "PC-style function keys"; ECMA-48 5.4
 * for what is skipped).
 */

#ifndef CLIENT_TERM_KEYS_H
#define CLIENT_TERM_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"

enum key {
	KEY_NONE,
	KEY_TEXT, /* one character, possibly of several bytes; with Ctrl a lower-case letter or one
		     of @[\]^_ */
	KEY_PASTED, /* line breaks are \n */
#define KEY(NAME, name, final, number) KEY_##NAME,
#include "client-tui/term/keys.def"
#undef KEY
};

enum key_modifier {
	KEY_SHIFT = 1 << 0,
	KEY_ALT = 1 << 1,
	KEY_CTRL = 1 << 2,
};

struct key_event {
	enum key key;
	unsigned modifiers;
	struct bytes text;	/* of TEXT and PASTED, valid UTF-8; borrowed until the next call */
};

enum {
	KEYS_PASTE_MAX = 1024 * 1024,	/* what is longer is cut there */
	/*
	 * How long to wait before keys_settle(): a lone Esc, a sequence that stopped half way, a
	 * paste whose end was lost.
	 */
	KEYS_SETTLE_MS = 40,
	KEYS_PASTE_SETTLE_MS = 1000,
};

struct keys;

struct keys *keys_new(void);
void keys_free(struct keys *keys);

/* What was read from the terminal. */
void keys_feed(struct keys *keys, struct bytes bytes);

/* The next key; false: none is whole yet. */
bool keys_next(struct keys *keys, struct key_event *out);

/* Milliseconds after which, if nothing else comes, keys_settle() is due; 0: nothing is half way. */
int keys_settle_ms(const struct keys *keys);

/*
 * Nothing more came: what is half way becomes a key (Esc, the paste so far) or is dropped; ask
 * keys_next() again.
 */
void keys_settle(struct keys *keys);

/*
 * "C-x", "M-Enter", "S-F1", "é": the name that keymaps use; static memory of the thread.
 * key_parse() reads it back.
 */
const char *key_name(const struct key_event *event);
bool key_parse(const char *name, struct key_event *out);

#endif
