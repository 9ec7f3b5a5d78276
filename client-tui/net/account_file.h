/* SPDX-License-Identifier: ISC */
/*
 * An account kept on disk, so that its user need not type the password at every start. The file
 * is for its owner alone (0600) and is replaced as a whole: whatever happens, the old or the new
 * one is there.
 */

#ifndef CLIENT_NET_ACCOUNT_FILE_H
#define CLIENT_NET_ACCOUNT_FILE_H

#include "client-tui/net/account.h"
#include "shared/status.h"

/*
 * "out" is empty (all zeros). STATUS_NOT_FOUND: there is none. STATUS_NOT_ALLOWED: others may
 * read it, so it is not trusted. STATUS_BAD_VALUE: it is none of ours, or damaged. Status of
 * errno.
 */
enum status account_file_load(const char *path, struct account *out);

/*
 * An account with uid 0 is none: the file goes. Status of errno; STATUS_TOO_LONG: the bundle has
 * more than fits.
 */
enum status account_file_save(const char *path, const struct account *account);

#endif
