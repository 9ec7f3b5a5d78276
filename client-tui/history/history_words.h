/* SPDX-License-Identifier: ISC */
/*
 * Text as the full-text index sees it. SQLite's tokenizer splits at blanks and punctuation, which
 * finds no words in scripts that write none between them (Chinese, Japanese, Thai, ...) and takes
 * "great👍" for one word. So each character of such scripts, and each pictogram, is set apart by
 * blanks before the text is indexed, and in what is searched for as well; a word of several
 * characters is then a phrase.
 */

#ifndef CLIENT_HISTORY_HISTORY_WORDS_H
#define CLIENT_HISTORY_HISTORY_WORDS_H

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/compiler.h"

/*
 * How FTS5 has to take apart what history_words_spread() made
 * (https://www.sqlite.org/fts5.html, 4.3.1).
 */
#define HISTORY_WORDS_TOKENIZER "unicode61 remove_diacritics 2 categories ''L* N* Co Mn Mc So''"

/* For the index; on the heap, ends with a zero, which "len" does not count. */
char *history_words_spread(struct bytes text, size_t *len) MUST_USE;

/*
 * The question to FTS5 for what a person typed, in the columns "peer" (as history_words_peer() has
 * it) and "text". peer 0: any. On the heap; NULL: there is nothing to search for.
 */
char *history_words_query(struct bytes typed, uint64_t peer) MUST_USE;

/* A peer as a word in the index. */
enum { HISTORY_WORDS_PEER_ROOM = 24 };
void history_words_peer(uint64_t peer, char out[HISTORY_WORDS_PEER_ROOM]);

#endif
