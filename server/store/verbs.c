/* SPDX-License-Identifier: ISC */
#include "server/store/verbs.h"

#include "shared/compiler.h"

#include "shared/codec_fields.h"
#define MESSAGE(number, NAME, message, direction, help, ...) \
	static const struct field fields_of_##message[] = { __VA_ARGS__ };
#include "server/store/verbs.def"
#undef MESSAGE
#include "shared/codec_done.h"

static const struct schema schemas[] = {
#define MESSAGE(number, NAME, message, way, sentence, ...) \
	{ \
		.type = number, \
		.name = #NAME, \
		.direction = way, \
		.help = sentence, \
		.fields = fields_of_##message, \
		.field_count = ARRAY_LEN(fields_of_##message), \
		.struct_size = sizeof(struct verb_##message), \
	},
#include "server/store/verbs.def"
#undef MESSAGE
};

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
