/* SPDX-License-Identifier: ISC */
/*
 * Small files that servers keep: read whole, written whole or not at all, also when the machine
 * stops in between.
 */

#ifndef SERVER_PROC_FILES_H
#define SERVER_PROC_FILES_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/status.h"

/*
 * A whole regular file of at most "max" bytes, on the heap with an end mark behind it (so text
 * is a string). Wipe it if it is a secret, free(3) it. STATUS_NOT_FOUND: it is not there;
 * STATUS_TOO_LONG; STATUS_NOT_ALLOWED, …: errno of the system.
 */
enum status files_read(const char *path, size_t max, struct bytes *out) MUST_USE;

/* The same for a secret: the log warns of a file that every user of this machine could read. */
enum status files_read_secret(const char *path, size_t max, struct bytes *out) MUST_USE;

/*
 * Writes a new file beside the old one, syncs it and renames: everybody sees the old content or
 * the new.
 */
enum status files_write(const char *path, mode_t mode, struct bytes content) MUST_USE;

/* Makes a folder (mode 0700) and those above it that are missing. Fine if it is there. */
enum status files_make_folder(const char *path) MUST_USE;

/* The folder of a path, on the heap: "/a" of "/a/b", "." of "b". */
char *files_folder_of(const char *path) MUST_USE;

/*
 * Waits until no other process holds this folder, and holds it: for making files that several
 * programs may want to make at once. Ends with files_unlock() or the process. STATUS_OK: *out
 * is a descriptor.
 */
enum status files_lock_folder(const char *path, int *out) MUST_USE;
void files_unlock(int lock);

bool files_exist(const char *path);

#endif
