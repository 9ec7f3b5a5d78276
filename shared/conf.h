/* SPDX-License-Identifier: ISC */
/*
 * Configuration from a table. A file has one "name value" a line, in UTF-8:
 *
 *	# comment
 *	idle-seconds 90		# also here, after a blank
 *	log-file "/var/log/with # in it"	\" and \\ inside the quotes
 *	route-server tingyu://a:7400	a list: one line for each item
 *	route-server tingyu://b:7400
 *
 * A table of options says what may stand there; the values go into a plain struct. Every mistake is
 * found and told as a sentence, so read into a fresh struct and use it only when there is none.
 */

#ifndef SHARED_CONF_H
#define SHARED_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/status.h"

enum {
	CONF_FILE_MAX = 256 * 1024,
	CONF_LINE_MAX = 4096,
	CONF_NAME_MAX = 63,
	CONF_OPTIONS_MAX = 128,	/* rows of a table */
	CONF_MISTAKES_MAX = 50,	/* sentences kept; later ones are only counted */
};

/* What an option is, and its member in the struct of values. */
enum conf_kind {
	CONF_NUMBER,	/* uint32_t */
	CONF_FLAG,	/* bool; yes or no */
	CONF_WORD,	/* unsigned; the place of the word in option->words */
	CONF_TEXT,	/* char *, never NULL */
	CONF_PATH,	/* char *, absolute or empty */
	CONF_LIST,	/* struct conf_list */
};

struct conf_list {
	char **items;
	size_t count;
};

/* NULL when the value is good, else what it has to be: "has to be an address and a port". */
typedef const char *conf_check(const char *value);

struct conf_option {
	const char *name;
	const char *help;
	enum conf_kind kind;
	size_t offset;		/* of the member, offsetof() */
	const char *fallback;	/* the value when nobody sets it; of a list NULL: it is empty */
	uint32_t min, max;	/* a number; bytes of a text or path; items of a list */
	const char *unit;	/* of a number, for people: "seconds"; may be "" */
	const char *words;	/* of a word: "error|warn|info" */
	conf_check *check;	/* of a text, a path, each item of a list; may be NULL */
	bool is_live;		/* may change while the program runs */
};

struct conf_table {
	const struct conf_option *options;
	size_t count;		/* at most CONF_OPTIONS_MAX */
	const char *manual;	/* where people read on: "tingyu-server.conf(5)" */
};

/* Sentences about what is wrong. Starts as { 0 }; whoever has it calls conf_mistakes_clear(). */
struct conf_mistakes {
	char *sentences[CONF_MISTAKES_MAX];
	size_t count;		/* may be more than are kept */
};

void conf_complain(struct conf_mistakes *mistakes, const char *format, ...) PRINTF_LIKE(2, 3);
void conf_mistakes_clear(struct conf_mistakes *mistakes);
/* How many sentences are kept. */
size_t conf_mistakes_kept(const struct conf_mistakes *mistakes);

/*
 * Sets every member to its fallback; "values" is overwritten. The fallback of a text or path is not
 * checked, so it may be something the program replaces later. conf_clear() frees what they hold.
 */
void conf_init(const struct conf_table *table, void *values);
void conf_clear(const struct conf_table *table, void *values);

/* The row of that name, or NULL. */
const struct conf_option *conf_find(const struct conf_table *table, struct bytes name);

/*
 * Reads the text of a file into values that conf_init() or an earlier reading filled. "path" is
 * only for the sentences ("tingyu.conf:12: unknown option 'chidren'; did you mean 'children'?").
 * A name given twice is a mistake; a list starts anew with the first line that names it.
 * Values of good lines are set, also when others are wrong.
 */
void conf_read(const struct conf_table *table, struct bytes text, const char *path, void *values,
    struct conf_mistakes *mistakes);

/*
 * The same from a file. STATUS_OK also when there are mistakes in it. When it cannot be read at all
 * that is a mistake with its sentence, and the status says which (STATUS_NOT_FOUND, …).
 */
enum status conf_read_file(const struct conf_table *table, const char *path, void *values,
    struct conf_mistakes *mistakes);

/*
 * "name=value" for each, as the command line has them, over what is there. The last one counts;
 * a list starts anew with the first one that names it, and the others add to it; "name="
 * empties it.
 */
void conf_override(const struct conf_table *table, const char *const *pairs, size_t count,
    void *values, struct conf_mistakes *mistakes);

/* Values as one run of bytes, for another process of the same build; bytes on the heap. */
struct bytes conf_encode(const struct conf_table *table, const void *values) MUST_USE;

/*
 * The way back, into values that are overwritten. STATUS_BAD_FRAME when the bytes were not made by
 * this table; then there is nothing to clear.
 */
enum status conf_decode(const struct conf_table *table, struct bytes bytes, void *values);

#endif
