/* SPDX-License-Identifier: ISC */
/* Text: what is clean, what may be shown, numbers and hexadecimal out of it. */

#ifndef SHARED_STR_H
#define SHARED_STR_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

/*
 * Valid UTF-8 (RFC 3629: no overlong forms, no surrogates) without C0, DEL or C1 control
 * characters.
 */
bool str_is_clean(struct bytes text);

/* Valid UTF-8; line breaks and tabs are allowed, other control characters are not. */
bool str_is_clean_message(struct bytes text);

/* 1-16 ASCII letters and digits: an account's name. */
bool str_is_name(struct bytes text);

/*
 * Foreign bytes made safe to print: clean UTF-8 stays, everything else becomes \xNN. Always ends
 * with a zero; what does not fit is cut between characters. Returns the length written.
 */
size_t str_escape(struct bytes text, char *out, size_t room);

/*
 * Copies into a fixed array with an end mark; false (and an empty string) when it does not fit or
 * has a zero in it.
 */
bool str_copy(struct bytes text, char *out, size_t room);

/* A whole decimal number, digits only, at most "max". */
bool str_to_number(struct bytes text, uint64_t max, uint64_t *out);

/* Lower-case hexadecimal; "out" has room for 2 * len + 1. */
void str_to_hex(struct bytes bytes, char *out);

/* Exactly 2 * len hexadecimal digits of either case into "out". */
bool str_from_hex(struct bytes text, void *out, size_t len);

#endif
