/* SPDX-License-Identifier: ISC */
#include "server/store/schema.h"

#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/log.h"

static const struct {
	uint64_t number;
	const char *statement;
} steps[] = {
#define STEP(step, text) { step, text },
#include "server/store/schema.def"
#undef STEP
};

static const char create_versions[] =
    "CREATE TABLE IF NOT EXISTS tingyu_schema "
    "(version {number} PRIMARY KEY, since {number}) {table_end}";

uint64_t
schema_version(void)
{
	return steps[ARRAY_LEN(steps) - 1].number;
}

/* *out is 0 in an empty database. */
static enum status
read_version(struct sql *sql, uint64_t *out)
{
	struct sql_query *query;
	bool has_row;
	enum status status;

	*out = 0;
	status = sql_prepare(sql, "SELECT version FROM tingyu_schema ORDER BY version DESC LIMIT 1",
	    &query);
	if (status == STATUS_NOT_FOUND)
		return STATUS_OK;
	if (status == STATUS_OK)
		status = sql_run(query, NULL, 0);
	if (status == STATUS_OK)
		status = sql_step(query, &has_row);
	if (status == STATUS_OK && has_row)
		*out = sql_column(query, 0).number;
	if (status == STATUS_OK)
		sql_reset(query);
	return status;
}

static enum status
note_version(struct sql *sql, uint64_t version)
{
	struct sql_value values[] = { sql_number(version), sql_number(clock_wall_s()) };
	struct sql_query *query;
	enum status status = sql_prepare(sql,
	    "INSERT INTO tingyu_schema (version, since) VALUES (?, ?)", &query);

	if (status == STATUS_OK)
		status = sql_run(query, values, ARRAY_LEN(values));
	return status == STATUS_ALREADY_THERE ? STATUS_OK : status;
}

static bool
is_last_of_step(size_t i)
{
	return i + 1 == ARRAY_LEN(steps) || steps[i + 1].number != steps[i].number;
}

/*
 * All steps behind "version". MySQL commits each statement that changes tables by itself, so a
 * server that died half-way, or another one at the same time, may have done some of them: what
 * is there already is fine.
 */
static enum status
take_steps(struct sql *sql, uint64_t version)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < ARRAY_LEN(steps) && status == STATUS_OK; i++) {
		if (steps[i].number <= version)
			continue;
		status = sql_exec(sql, steps[i].statement);
		if (status == STATUS_ALREADY_THERE)
			status = STATUS_OK;
		if (status == STATUS_OK && is_last_of_step(i))
			status = note_version(sql, steps[i].number);
	}
	return status;
}

/* One transaction, where tables can be made in one. */
static enum status
update(struct sql *sql)
{
	uint64_t version;
	enum status status = sql_exec(sql, "{begin_write}");

	if (status == STATUS_OK)
		status = sql_exec(sql, create_versions);
	/* Again: somebody may have been quicker. */
	if (status == STATUS_OK)
		status = read_version(sql, &version);
	if (status == STATUS_OK && version > schema_version())
		status = STATUS_STORE_NEWER;
	if (status == STATUS_OK)
		status = take_steps(sql, version);
	if (status == STATUS_OK)
		status = sql_exec(sql, "COMMIT");
	if (status != STATUS_OK && status != STATUS_STORE_AWAY)
		sql_exec(sql, "ROLLBACK");
	return status;
}

enum status
schema_update(struct sql *sql)
{
	uint64_t version;
	enum status status = read_version(sql, &version);

	if (status != STATUS_OK || version == schema_version())
		return status;
	if (version > schema_version())
		return STATUS_STORE_NEWER;
	status = update(sql);
	if (status == STATUS_OK && version > 0)
		log_info("store: the tables went from version %u to %u", (unsigned)version,
		    (unsigned)schema_version());
	return status;
}
