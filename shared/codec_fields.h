/* SPDX-License-Identifier: ISC */
/* Included around a message table (no guard: once per table): its fields become rows of struct field. */

#define U8(field, text) { .name = #field, .help = text, .kind = FIELD_U8 },
#define U16(field, text) { .name = #field, .help = text, .kind = FIELD_U16 },
#define U32(field, text) { .name = #field, .help = text, .kind = FIELD_U32 },
#define U64(field, text) { .name = #field, .help = text, .kind = FIELD_U64 },
#define STR(field, low, high, text) { .name = #field, .help = text, .kind = FIELD_STR, .min = low, .max = high },
#define BLOB(field, low, high, text) { .name = #field, .help = text, .kind = FIELD_BLOB, .min = low, .max = high },
