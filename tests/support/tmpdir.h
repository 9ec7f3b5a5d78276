/* SPDX-License-Identifier: ISC */
/* A folder for one test, gone with all that is in it afterwards. */

#ifndef TESTS_SUPPORT_TMPDIR_H
#define TESTS_SUPPORT_TMPDIR_H

/*
 * A new folder, mode 0700 (mkdtemp(3) under TMPDIR or /tmp). The caller gives the path to
 * tmpdir_free().
 */
char *tmpdir_new(void);

/* Removes the folder with everything in it and frees the path. NULL is fine. */
void tmpdir_free(char *path);

/* "folder/name" on the heap; free with free(3). */
char *tmpdir_path(const char *folder, const char *name);

/* Writes a whole file into the folder (mode 0600); fails the test when that does not work. */
void tmpdir_write(const char *folder, const char *name, const char *text);

/* A whole file as a string on the heap; NULL when it is not there. */
char *tmpdir_read(const char *folder, const char *name);

#endif
