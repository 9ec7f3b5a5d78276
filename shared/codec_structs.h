/* SPDX-License-Identifier: ISC */
/* Included around a message table (no guard: once per table): its fields become members of a struct. */

#define U8(name, help) uint8_t name;
#define U16(name, help) uint16_t name;
#define U32(name, help) uint32_t name;
#define U64(name, help) uint64_t name;
#define STR(name, min, max, help) struct bytes name;
#define BLOB(name, min, max, help) struct bytes name;
