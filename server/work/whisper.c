/* SPDX-License-Identifier: ISC */
#include "server/work/whisper.h"

#include "shared/compiler.h"

#include "shared/codec_fields.h"
#define MESSAGE(number, NAME, message, direction, help, ...) \
	static const struct field fields_of_##message[] = { __VA_ARGS__ };
#include "server/work/whisper.def"
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
		.struct_size = sizeof(struct whisper_##message), \
	},
#include "server/work/whisper.def"
#undef MESSAGE
};

const struct schema *
whisper_schema(uint16_t type)
{
	return codec_find(schemas, ARRAY_LEN(schemas), type);
}
