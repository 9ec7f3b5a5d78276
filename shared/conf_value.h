/* SPDX-License-Identifier: ISC */
/*
 * One value of a configuration: an option's member in the struct of values. Every kind can be read
 * from text and printed as text, and the rest follows from these two.
 */

#ifndef SHARED_CONF_VALUE_H
#define SHARED_CONF_VALUE_H

#include "shared/conf.h"

/* The fallback, over memory that holds nothing yet; and the end of what it holds. */
void conf_value_init(const struct conf_option *option, void *values);
void conf_value_clear(const struct conf_option *option, void *values);

/*
 * Sets the value; a list gets one more item. NULL when it was good, else nothing is changed and the
 * result says, on the heap, how a sentence about the option ends: "has to be yes or no, not 'x'".
 */
char *conf_value_parse(const struct conf_option *option, const char *text, void *values) MUST_USE;

/* Replaces a text or path by one that nobody checks. */
void conf_value_set_text(const struct conf_option *option, const char *text, void *values);

/* Takes all items out of a list; other kinds stay as they are. */
void conf_value_empty(const struct conf_option *option, void *values);

/* Items of a list; 1 of any other kind. */
size_t conf_value_count(const struct conf_option *option, const void *values);

/* Item "i" as conf_value_parse() reads it, on the heap. */
char *conf_value_print(const struct conf_option *option, const void *values, size_t i) MUST_USE;

bool conf_value_is_equal(const struct conf_option *option, const void *a, const void *b);

/* Makes the value in "to" a copy of the one in "from". */
void conf_value_copy(const struct conf_option *option, void *to, const void *from);

#endif
