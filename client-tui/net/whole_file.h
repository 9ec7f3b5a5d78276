/* SPDX-License-Identifier: ISC */
/*
 * Small files that are for their owner alone (0600) and are read and replaced as a whole:
 * whatever happens, the old or the new one is there.
 */

#ifndef CLIENT_NET_WHOLE_FILE_H
#define CLIENT_NET_WHOLE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/status.h"

/*
 * All of a file of at most "most" bytes, on the heap: wipe and free it. STATUS_NOT_FOUND: there
 * is none. STATUS_NOT_ALLOWED: others may read it, or it is no file, so it is not trusted.
 * STATUS_BAD_VALUE: it is longer. Status of errno.
 */
enum status whole_file_read(const char *path, size_t most, uint8_t **out, size_t *len) MUST_USE;

/* Written beside it, on disk, and only then in its place. Status of errno. */
enum status whole_file_write(const char *path, struct bytes content) MUST_USE;

/* Removes it; STATUS_OK also when there is none. */
enum status whole_file_remove(const char *path) MUST_USE;

#endif
