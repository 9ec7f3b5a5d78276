/* SPDX-License-Identifier: ISC */
/* Attributes that let the compiler check what our signatures promise. */

#ifndef SHARED_COMPILER_H
#define SHARED_COMPILER_H

#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define MUST_USE __attribute__((warn_unused_result))
#define NO_RETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that embeds "member" at "pointer". */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

#endif
