/* SPDX-License-Identifier: ISC */
#include "server/store/verbs.h"

#include "shared/compiler.h"

#define CODEC_TABLE "server/store/verbs.def"
#define CODEC_STRUCT(name) verb_##name
#include "shared/codec_rows.inc"
#include "shared/codec_done.inc"

const struct schema *
verb_schema(uint16_t verb)
{
	return codec_find(schemas, ARRAY_LEN(schemas), verb);
}

const struct schema *
verb_table(size_t *count)
{
	*count = ARRAY_LEN(schemas);
	return schemas;
}

const char *
verb_name(uint16_t verb)
{
	const struct schema *schema = verb_schema(verb);

	return schema != NULL ? schema->name : "?";
}
