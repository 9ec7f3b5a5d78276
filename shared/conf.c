/* SPDX-License-Identifier: ISC */
#include "shared/conf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/conf_value.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "shared/wire.h"

/* Where a value comes from, and what came from there before. */
struct source {
	const struct conf_table *table;
	void *values;
	struct conf_mistakes *mistakes;
	const char *name;		/* of the file */
	size_t line;
	size_t seen[CONF_OPTIONS_MAX];	/* line, or number of the override, that set it last; 0: none */
};

void
conf_complain(struct conf_mistakes *mistakes, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (mistakes->count < CONF_MISTAKES_MAX)
		mistakes->sentences[mistakes->count] = mem_format_list(format, arguments);
	va_end(arguments);
	mistakes->count++;
}

void
conf_mistakes_clear(struct conf_mistakes *mistakes)
{
	for (size_t i = 0; i < conf_mistakes_kept(mistakes); i++)
		free(mistakes->sentences[i]);
	*mistakes = (struct conf_mistakes){ 0 };
}

size_t
conf_mistakes_kept(const struct conf_mistakes *mistakes)
{
	return mistakes->count < CONF_MISTAKES_MAX ? mistakes->count : CONF_MISTAKES_MAX;
}

static void PRINTF_LIKE(2, 3)
complain_here(const struct source *source, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = mem_format_list(format, arguments);
	va_end(arguments);
	if (source->line > 0)
		conf_complain(source->mistakes, "%s:%zu: %s", source->name, source->line, text);
	else
		conf_complain(source->mistakes, "%s: %s", source->name, text);
	free(text);
}

void
conf_init(const struct conf_table *table, void *values)
{
	assert(table->count <= CONF_OPTIONS_MAX);
	for (size_t i = 0; i < table->count; i++)
		conf_value_init(&table->options[i], values);
}

void
conf_clear(const struct conf_table *table, void *values)
{
	for (size_t i = 0; i < table->count; i++)
		conf_value_clear(&table->options[i], values);
}

const struct conf_option *
conf_find(const struct conf_table *table, struct bytes name)
{
	for (size_t i = 0; i < table->count; i++)
		if (bytes_equal(bytes_of_string(table->options[i].name), name))
			return &table->options[i];
	return NULL;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to add, drop or change to make one word of the other (Levenshtein). */
static size_t
edit_distance(struct bytes a, struct bytes b)
{
	const char *from = a.data, *to = b.data;
	size_t row[CONF_NAME_MAX + 1];

	assert(b.len <= CONF_NAME_MAX);
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t changed = diagonal + (from[i - 1] != to[j - 1]);

			diagonal = row[j];
			row[j] = smaller(changed, smaller(row[j], row[j - 1]) + 1);
		}
	}
	return row[b.len];
}

/* The name that was probably meant, or NULL. */
static const char *
guess_name(const struct conf_table *table, struct bytes name)
{
	size_t best = 2 + name.len / 4;
	const char *guess = NULL;

	if (name.len > CONF_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < table->count; i++) {
		struct bytes known = bytes_of_string(table->options[i].name);
		size_t distance;

		if (known.len >= name.len + best || name.len >= known.len + best)
			continue;
		distance = edit_distance(name, known);
		if (distance >= best)
			continue;
		best = distance;
		guess = known.data;
	}
	return guess;
}

static void
complain_unknown(const struct source *source, struct bytes name)
{
	/* Nobody reads the sentence when there are too many; a wrong file may have thousands. */
	bool is_kept = source->mistakes->count < CONF_MISTAKES_MAX;
	const char *guess = is_kept ? guess_name(source->table, name) : NULL;
	char shown[CONF_NAME_MAX + 1];

	str_escape(name, shown, sizeof(shown));
	if (guess != NULL)
		complain_here(source, "unknown option '%s'; did you mean '%s'?", shown, guess);
	else
		complain_here(source, "unknown option '%s'; %s lists all of them", shown,
		    source->table->manual);
}

/* Sets one value; "order" is above zero and grows within a source. */
static void
take_value(struct source *source, const struct conf_option *option, const char *text, size_t order)
{
	size_t *seen = &source->seen[option - source->table->options];
	char *refusal;

	if (*seen == 0)
		conf_value_empty(option, source->values);
	*seen = order;
	refusal = conf_value_parse(option, text, source->values);
	if (refusal != NULL)
		complain_here(source, "%s %s", option->name, refusal);
	free(refusal);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct bytes
rest_of(struct bytes text, size_t from)
{
	return bytes_of((const char *)text.data + from, text.len - from);
}

static struct bytes
skip_blanks(struct bytes text)
{
	const char *at = text.data;
	size_t i = 0;

	while (i < text.len && is_blank(at[i]))
		i++;
	return rest_of(text, i);
}

static bool
is_end_of_line(struct bytes text)
{
	text = skip_blanks(text);
	return text.len == 0 || *(const char *)text.data == '#';
}

/* A value up to the end of the line or to a comment. */
static char *
plain_value(struct bytes text)
{
	const char *at = text.data;
	size_t len = 0;

	while (len < text.len && !(at[len] == '#' && is_blank(at[len - 1])))
		len++;
	while (len > 0 && is_blank(at[len - 1]))
		len--;
	return mem_string_of(bytes_of(at, len));
}

/* A value in quotes, or NULL when they do not end or something follows. */
static char *
quoted_value(struct bytes text)
{
	const char *at = text.data;
	char *value = mem_new(text.len);
	size_t len = 0, i = 1;

	for (; i < text.len && at[i] != '"'; i++) {
		if (at[i] == '\\' && i + 1 < text.len && (at[i + 1] == '"' || at[i + 1] == '\\'))
			i++;
		value[len++] = at[i];
	}
	if (i < text.len && is_end_of_line(rest_of(text, i + 1)))
		return value;
	free(value);
	return NULL;
}

static void
read_value(struct source *source, const struct conf_option *option, struct bytes text)
{
	size_t seen = source->seen[option - source->table->options];
	char *value;

	if (seen != 0 && option->kind != CONF_LIST) {
		complain_here(source, "%s was set in line %zu already; keep one of the two",
		    option->name, seen);
		return;
	}
	if (is_end_of_line(text)) {
		complain_here(source, "%s needs a value behind it; \"\" is an empty one",
		    option->name);
		return;
	}
	value = *(const char *)text.data == '"' ? quoted_value(text) : plain_value(text);
	if (value == NULL)
		complain_here(source, "%s has quotes that do not end with the value; "
		    "write \\\" for one inside", option->name);
	else
		take_value(source, option, value, source->line);
	free(value);
}

static void
read_line(struct source *source, struct bytes line)
{
	const struct conf_option *option;
	const char *at;
	struct bytes value;
	size_t len = 0;

	if (is_end_of_line(line))
		return;
	line = skip_blanks(line);
	at = line.data;
	while (len < line.len && !is_blank(at[len]) && at[len] != '=')
		len++;
	option = conf_find(source->table, bytes_of(at, len));
	value = skip_blanks(rest_of(line, len));
	if (option == NULL)
		complain_unknown(source, bytes_of(at, len));
	else if (value.len > 0 && *(const char *)value.data == '=')
		complain_here(source, "%s takes its value after a blank, without '='",
		    option->name);
	else
		read_value(source, option, value);
}

/* The next line without its end, "\n" or "\r\n"; *text moves behind it. */
static struct bytes
next_line(struct bytes *text)
{
	const char *at = text->data, *end = memchr(at, '\n', text->len);
	size_t len = end != NULL ? (size_t)(end - at) : text->len;

	*text = rest_of(*text, end != NULL ? len + 1 : len);
	if (len > 0 && at[len - 1] == '\r')
		len--;
	return bytes_of(at, len);
}

void
conf_read(const struct conf_table *table, struct bytes text, const char *path, void *values,
    struct conf_mistakes *mistakes)
{
	struct source source = { table, values, mistakes, path, 0, { 0 } };

	if (text.len > CONF_FILE_MAX) {
		complain_here(&source, "is larger than %d KiB; name another file",
		    CONF_FILE_MAX / 1024);
		return;
	}
	while (text.len > 0) {
		struct bytes line = next_line(&text);

		source.line++;
		if (line.len > CONF_LINE_MAX)
			complain_here(&source, "this line has more than %d bytes; make it shorter",
			    CONF_LINE_MAX);
		else if (!str_is_clean_message(line))
			complain_here(&source, "this line is not plain UTF-8 text; "
			    "write it again in a text editor");
		else
			read_line(&source, line);
	}
}

/* Reads at most CONF_FILE_MAX bytes and one; false with errno. */
static bool
read_all(int fd, char *buffer, size_t *len)
{
	for (*len = 0; *len <= CONF_FILE_MAX;) {
		ssize_t got = read(fd, buffer + *len, CONF_FILE_MAX + 1 - *len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		*len += (size_t)got;
	}
	return true;
}

enum status
conf_read_file(const struct conf_table *table, const char *path, void *values,
    struct conf_mistakes *mistakes)
{
	char *buffer = mem_new(CONF_FILE_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum status status = STATUS_OK;
	size_t len;

	if (fd >= 0 && read_all(fd, buffer, &len)) {
		conf_read(table, bytes_of(buffer, len), path, values, mistakes);
	} else {
		status = status_of_errno(errno);
		conf_complain(mistakes, "%s: cannot be read: %m; mend that or name another file",
		    path);
	}
	if (fd >= 0)
		close(fd);
	free(buffer);
	return status;
}

static void
override_one(struct source *source, const char *pair, size_t order)
{
	const char *equals = strchr(pair, '=');
	struct bytes name = bytes_of(pair, equals != NULL ? (size_t)(equals - pair) : strlen(pair));
	const struct conf_option *option = conf_find(source->table, name);
	char where[96], shown[88];

	str_escape(bytes_of_string(pair), shown, sizeof(shown));
	snprintf(where, sizeof(where), "-o %s", shown);
	source->name = where;
	if (option == NULL)
		complain_unknown(source, name);
	else if (equals == NULL)
		complain_here(source, "%s needs a value; write it as %s=VALUE", option->name,
		    option->name);
	else if (strlen(equals) > CONF_LINE_MAX || !str_is_clean(bytes_of_string(equals + 1)))
		complain_here(source, "%s is too long or not plain UTF-8 text", option->name);
	else if (option->kind == CONF_LIST && equals[1] == '\0')
		conf_value_empty(option, source->values);
	else
		take_value(source, option, equals + 1, order);
}

void
conf_override(const struct conf_table *table, const char *const *pairs, size_t count,
    void *values, struct conf_mistakes *mistakes)
{
	struct source source = { table, values, mistakes, NULL, 0, { 0 } };

	for (size_t i = 0; i < count; i++)
		override_one(&source, pairs[i], i + 1);
}

static size_t
encoded_size(const struct conf_option *option, const void *values)
{
	size_t size = 2 + strlen(option->name) + 2;

	for (size_t i = 0; i < conf_value_count(option, values); i++) {
		char *text = conf_value_print(option, values, i);

		size += 2 + strlen(text);
		free(text);
	}
	return size;
}

static void
encode_value(struct wire *wire, const struct conf_option *option, const void *values)
{
	size_t count = conf_value_count(option, values);

	wire_put_blob(wire, bytes_of_string(option->name));
	wire_put_u16(wire, (uint16_t)count);
	for (size_t i = 0; i < count; i++) {
		char *text = conf_value_print(option, values, i);

		wire_put_blob(wire, bytes_of_string(text));
		free(text);
	}
}

struct bytes
conf_encode(const struct conf_table *table, const void *values)
{
	struct wire wire;
	size_t size = 0;
	void *data;

	for (size_t i = 0; i < table->count; i++)
		size += encoded_size(&table->options[i], values);
	data = mem_new(size);
	wire = wire_writer(data, size);
	for (size_t i = 0; i < table->count; i++)
		encode_value(&wire, &table->options[i], values);
	assert(wire_is_good(&wire) && wire_left(&wire) == 0);
	return bytes_of(data, size);
}

static bool
decode_item(struct wire *wire, const struct conf_option *option, void *values)
{
	char *text = mem_string_of(wire_get_blob(wire)), *refusal = NULL;

	if (option->kind == CONF_TEXT || option->kind == CONF_PATH)
		conf_value_set_text(option, text, values);
	else
		refusal = conf_value_parse(option, text, values);
	free(text);
	if (refusal == NULL)
		return wire_is_good(wire);
	free(refusal);
	return false;
}

static bool
decode_value(struct wire *wire, const struct conf_option *option, void *values)
{
	struct bytes name = wire_get_blob(wire);
	size_t count = wire_get_u16(wire);

	if (!bytes_equal(name, bytes_of_string(option->name)) ||
	    (option->kind != CONF_LIST && count != 1))
		return false;
	conf_value_empty(option, values);
	for (size_t i = 0; i < count; i++)
		if (!decode_item(wire, option, values))
			return false;
	return true;
}

enum status
conf_decode(const struct conf_table *table, struct bytes bytes, void *values)
{
	struct wire wire = wire_reader(bytes);

	conf_init(table, values);
	for (size_t i = 0; i < table->count; i++) {
		if (decode_value(&wire, &table->options[i], values))
			continue;
		conf_clear(table, values);
		return STATUS_BAD_FRAME;
	}
	if (wire_is_good(&wire) && wire_left(&wire) == 0)
		return STATUS_OK;
	conf_clear(table, values);
	return STATUS_BAD_FRAME;
}
