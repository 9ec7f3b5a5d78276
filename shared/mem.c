/* SPDX-License-Identifier: ISC */
#include "shared/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/log.h"

static void *
or_die(void *memory, size_t size)
{
	if (memory == NULL)
		log_fatalx("out of memory: %zu bytes were not to be had", size);
	return memory;
}

static size_t
checked_product(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		log_fatalx("out of memory: %zu objects of %zu bytes", count, size);
	return total > 0 ? total : 1;
}

void *
mem_new(size_t size)
{
	return or_die(calloc(1, size > 0 ? size : 1), size);
}

void *
mem_new_array(size_t count, size_t size)
{
	size_t total = checked_product(count, size);

	return or_die(calloc(1, total), total);
}

void *
mem_resize(void *array, size_t count, size_t size)
{
	size_t total = checked_product(count, size);

	return or_die(realloc(array, total), total);
}

char *
mem_string(const char *string)
{
	return mem_string_of(bytes_of_string(string));
}

char *
mem_string_of(struct bytes bytes)
{
	char *copy = mem_new(bytes.len + 1);

	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	return copy;
}

char *
mem_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = mem_format_list(format, arguments);
	va_end(arguments);
	return text;
}

char *
mem_format_list(const char *format, va_list arguments)
{
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		log_fatalx("out of memory: a text could not be formatted");
	return text;
}

void
mem_wipe(void *secret, size_t size)
{
	explicit_bzero(secret, size);
}

void
mem_free_secret(char *secret)
{
	if (secret != NULL)
		mem_wipe(secret, strlen(secret));
	free(secret);
}
