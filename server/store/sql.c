/* SPDX-License-Identifier: ISC */
#include "server/store/sql.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/store/sql_driver.h"
#include "server/store/store_config.h"
#include "shared/mem.h"
#include "shared/str.h"

static const char *
find_word(const struct sql_driver *driver, struct bytes word)
{
	for (size_t i = 0; i < driver->word_count; i++)
		if (bytes_equal(bytes_of_string(driver->words[i].word), word))
			return driver->words[i].text;
	return NULL;
}

/*
 * The text with its words in braces replaced; on the heap. A word that nobody knows is a
 * mistake of ours.
 */
static char *
expand(const struct sql_driver *driver, const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);

	assert(stream != NULL);
	while (*text != '\0') {
		size_t plain = strcspn(text, "{");
		const char *word, *end;

		fwrite(text, 1, plain, stream);
		text += plain;
		if (*text == '\0')
			break;
		end = strchr(text, '}');
		assert(end != NULL);
		word = find_word(driver, bytes_of(text + 1, (size_t)(end - text - 1)));
		assert(word != NULL);
		fputs(word, stream);
		text = end + 1;
	}
	fclose(stream);
	return out;
}

enum status
sql_open(const struct store_config *config, struct sql **out, char *why, size_t room)
{
	*out = NULL;
	if (config->engine == STORE_SQLITE)
		return sql_sqlite_open(config, out, why, room);
#ifdef HAVE_MYSQL
	return sql_mysql_open(config, out, why, room);
#else
	snprintf(why, room,
	    "this build has no MySQL; it needs libmariadb or libmysqlclient when it is configured");
	return STATUS_BAD_CONFIG;
#endif
}

void
sql_close(struct sql *sql)
{
	struct sql_query *query;

	if (sql == NULL)
		return;
	while ((query = sql->queries) != NULL) {
		sql->queries = query->next;
		sql->driver->finalize(query);
	}
	sql->driver->close(sql);
}

enum status
sql_exec(struct sql *sql, const char *text)
{
	char *expanded = expand(sql->driver, text);
	enum status status = sql->driver->exec(sql, expanded);

	free(expanded);
	return status;
}

enum status
sql_prepare(struct sql *sql, const char *text, struct sql_query **out)
{
	char *expanded = expand(sql->driver, text);
	enum status status = sql->driver->prepare(sql, expanded, out);

	free(expanded);
	if (status != STATUS_OK)
		return status;
	(*out)->sql = sql;
	(*out)->next = sql->queries;
	sql->queries = *out;
	return STATUS_OK;
}

enum status
sql_run(struct sql_query *query, const struct sql_value *values, size_t count)
{
	assert(count <= SQL_PARAMETERS_MAX);
	return query->sql->driver->run(query, values, count);
}

enum status
sql_step(struct sql_query *query, bool *has_row)
{
	*has_row = false;
	return query->sql->driver->step(query, has_row);
}

struct sql_value
sql_column(struct sql_query *query, unsigned column)
{
	return query->sql->driver->column(query, column);
}

void
sql_reset(struct sql_query *query)
{
	query->sql->driver->reset(query);
}

uint64_t
sql_changes(const struct sql *sql)
{
	return sql->changes;
}

uint64_t
sql_last_id(const struct sql *sql)
{
	return sql->last_id;
}

const char *
sql_error(const struct sql *sql)
{
	return sql->error;
}

void
sql_set_error(struct sql *sql, const char *text)
{
	str_escape(bytes_of_string(text), sql->error, sizeof(sql->error));
}
