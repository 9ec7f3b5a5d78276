/* SPDX-License-Identifier: ISC */
/* Memory that is there or ends the process: a server child is replaced, a client says so. */

#ifndef SHARED_MEM_H
#define SHARED_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "shared/bytes.h"
#include "shared/compiler.h"

/* Zeroed memory for one object; free with free(3). Never NULL. */
void *mem_new(size_t size) MUST_USE;

/* Zeroed memory for "count" objects of "size" bytes; the product is checked. Never NULL. */
void *mem_new_array(size_t count, size_t size) MUST_USE;

/* realloc(3) of an array; the product is checked, new room is not zeroed. Never NULL. */
void *mem_resize(void *array, size_t count, size_t size) MUST_USE;

/* A copy of a string, or of some bytes with an end mark behind them; free with free(3). */
char *mem_string(const char *string) MUST_USE;
char *mem_string_of(struct bytes bytes) MUST_USE;

/* Formatted string on the heap; free with free(3). */
char *mem_format(const char *format, ...) PRINTF_LIKE(1, 2) MUST_USE;
char *mem_format_list(const char *format, va_list arguments) PRINTF_LIKE(1, 0) MUST_USE;

/* Overwrites a secret in a way no optimiser removes (explicit_bzero(3)). */
void mem_wipe(void *secret, size_t size);

/* Wipes a string of the heap, and frees it. NULL is fine. */
void mem_free_secret(char *secret);

#endif
