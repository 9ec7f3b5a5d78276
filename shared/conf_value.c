/* SPDX-License-Identifier: ISC */
#include "shared/conf_value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/mem.h"
#include "shared/str.h"

struct kind {
	size_t size;	/* of the member */
	char *(*parse)(const struct conf_option *option, const char *text, void *at);
	char *(*print)(const struct conf_option *option, const void *at, size_t i);
	void (*clear)(void *at);
};

static char *
refuse(const char *must, const char *text)
{
	char shown[96];

	str_escape(bytes_of_string(text), shown, sizeof(shown));
	return mem_format("%s, not '%s'", must, shown);
}

static char *
number_parse(const struct conf_option *option, const char *text, void *at)
{
	char must[128];
	uint64_t value;

	if (str_to_number(bytes_of_string(text), option->max, &value) && value >= option->min) {
		*(uint32_t *)at = (uint32_t)value;
		return NULL;
	}
	snprintf(must, sizeof(must), "has to be a whole number from %" PRIu32 " to %" PRIu32 "%s%s",
	    option->min, option->max, option->unit[0] != '\0' ? " " : "", option->unit);
	return refuse(must, text);
}

static char *
number_print(const struct conf_option *option UNUSED, const void *at, size_t i UNUSED)
{
	return mem_format("%" PRIu32, *(const uint32_t *)at);
}

static char *
flag_parse(const struct conf_option *option UNUSED, const char *text, void *at)
{
	bool is_yes = strcmp(text, "yes") == 0;

	if (!is_yes && strcmp(text, "no") != 0)
		return refuse("has to be yes or no", text);
	*(bool *)at = is_yes;
	return NULL;
}

static char *
flag_print(const struct conf_option *option UNUSED, const void *at, size_t i UNUSED)
{
	return mem_string(*(const bool *)at ? "yes" : "no");
}

/* The word at the start of "a|b|c"; *words moves behind it and is NULL after the last. */
static struct bytes
next_word(const char **words)
{
	const char *at = *words, *end = strchrnul(at, '|');

	*words = *end != '\0' ? end + 1 : NULL;
	return bytes_of(at, (size_t)(end - at));
}

static char *
word_parse(const struct conf_option *option, const char *text, void *at)
{
	const char *words = option->words;
	struct bytes wanted = bytes_of_string(text);
	char must[160];

	for (unsigned i = 0; words != NULL; i++) {
		if (!bytes_equal(next_word(&words), wanted))
			continue;
		*(unsigned *)at = i;
		return NULL;
	}
	snprintf(must, sizeof(must), "has to be one of %s", option->words);
	return refuse(must, text);
}

static char *
word_print(const struct conf_option *option, const void *at, size_t i UNUSED)
{
	const char *words = option->words;
	struct bytes word = next_word(&words);

	for (unsigned left = *(const unsigned *)at; left > 0 && words != NULL; left--)
		word = next_word(&words);
	return mem_string_of(word);
}

/* What is wrong with a text, a path or an item of a list; NULL: nothing. */
static char *
check_text(const struct conf_option *option, const char *text)
{
	const char *must = option->check != NULL ? option->check(text) : NULL;

	if (!str_is_clean(bytes_of_string(text)))
		must = "must not have control characters in it";
	return must != NULL ? refuse(must, text) : NULL;
}

static char *
text_parse(const struct conf_option *option, const char *text, void *at)
{
	size_t len = strlen(text);
	char must[128], *refusal;

	if (len < option->min && option->min == 1)
		return mem_string("must not be empty");
	if (len < option->min || len > option->max) {
		snprintf(must, sizeof(must), "has to have %" PRIu32 " to %" PRIu32 " bytes",
		    option->min, option->max);
		return refuse(must, text);
	}
	refusal = len > 0 ? check_text(option, text) : NULL;
	if (refusal != NULL)
		return refusal;
	free(*(char **)at);
	*(char **)at = mem_string(text);
	return NULL;
}

static char *
path_parse(const struct conf_option *option, const char *text, void *at)
{
	if (text[0] != '\0' && text[0] != '/')
		return refuse("has to be a path that begins with /", text);
	return text_parse(option, text, at);
}

static char *
text_print(const struct conf_option *option UNUSED, const void *at, size_t i UNUSED)
{
	return mem_string(*(char *const *)at);
}

static void
text_clear(void *at)
{
	free(*(char **)at);
	*(char **)at = NULL;
}

static char *
list_parse(const struct conf_option *option, const char *text, void *at)
{
	struct conf_list *list = at;
	char *refusal;

	if (list->count >= option->max)
		return mem_format("may be there at most %" PRIu32 " times", option->max);
	if (text[0] == '\0')
		return mem_string("must not be empty");
	refusal = check_text(option, text);
	if (refusal != NULL)
		return refusal;
	list->items = mem_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = mem_string(text);
	return NULL;
}

static char *
list_print(const struct conf_option *option UNUSED, const void *at, size_t i)
{
	return mem_string(((const struct conf_list *)at)->items[i]);
}

static void
list_clear(void *at)
{
	struct conf_list *list = at;

	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct conf_list){ 0 };
}

static const struct kind kinds[] = {
	[CONF_NUMBER] = { sizeof(uint32_t), number_parse, number_print, NULL },
	[CONF_FLAG] = { sizeof(bool), flag_parse, flag_print, NULL },
	[CONF_WORD] = { sizeof(unsigned), word_parse, word_print, NULL },
	[CONF_TEXT] = { sizeof(char *), text_parse, text_print, text_clear },
	[CONF_PATH] = { sizeof(char *), path_parse, text_print, text_clear },
	[CONF_LIST] = { sizeof(struct conf_list), list_parse, list_print, list_clear },
};

static void *
member(const struct conf_option *option, const void *values)
{
	return (char *)values + option->offset;
}

static bool
is_text(const struct conf_option *option)
{
	return option->kind == CONF_TEXT || option->kind == CONF_PATH;
}

void
conf_value_init(const struct conf_option *option, void *values)
{
	char *refusal;

	memset(member(option, values), 0, kinds[option->kind].size);
	if (option->fallback == NULL) {
		assert(option->kind == CONF_LIST);
		return;
	}
	if (is_text(option)) {
		conf_value_set_text(option, option->fallback, values);
		return;
	}
	refusal = conf_value_parse(option, option->fallback, values);
	assert(refusal == NULL);
	free(refusal);
}

void
conf_value_clear(const struct conf_option *option, void *values)
{
	if (kinds[option->kind].clear != NULL)
		kinds[option->kind].clear(member(option, values));
}

char *
conf_value_parse(const struct conf_option *option, const char *text, void *values)
{
	return kinds[option->kind].parse(option, text, member(option, values));
}

void
conf_value_set_text(const struct conf_option *option, const char *text, void *values)
{
	char **at = member(option, values);
	char *old = *at;

	assert(is_text(option));
	*at = mem_string(text);
	free(old);
}

void
conf_value_empty(const struct conf_option *option, void *values)
{
	if (option->kind == CONF_LIST)
		list_clear(member(option, values));
}

size_t
conf_value_count(const struct conf_option *option, const void *values)
{
	const struct conf_list *list = member(option, values);

	return option->kind == CONF_LIST ? list->count : 1;
}

char *
conf_value_print(const struct conf_option *option, const void *values, size_t i)
{
	assert(i < conf_value_count(option, values));
	return kinds[option->kind].print(option, member(option, values), i);
}

bool
conf_value_is_equal(const struct conf_option *option, const void *a, const void *b)
{
	size_t count = conf_value_count(option, a);
	bool is_equal = count == conf_value_count(option, b);

	for (size_t i = 0; is_equal && i < count; i++) {
		char *one = conf_value_print(option, a, i), *other = conf_value_print(option, b, i);

		is_equal = strcmp(one, other) == 0;
		free(one);
		free(other);
	}
	return is_equal;
}

void
conf_value_copy(const struct conf_option *option, void *to, const void *from)
{
	size_t count = conf_value_count(option, from);

	conf_value_empty(option, to);
	for (size_t i = 0; i < count; i++) {
		char *text = conf_value_print(option, from, i);

		if (is_text(option))
			conf_value_set_text(option, text, to);
		else
			free(conf_value_parse(option, text, to));
		free(text);
	}
}
