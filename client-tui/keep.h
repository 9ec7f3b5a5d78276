/* SPDX-License-Identifier: ISC */
/*
 * What the client keeps on disk, below ${XDG_STATE_HOME:-~/.local/state}/tingyu: the accounts,
 * their contacts, the server used last. One client at a time uses a folder.
 */

#ifndef CLIENT_KEEP_H
#define CLIENT_KEEP_H

#include <stdbool.h>

#include "client-tui/net/account.h"
#include "shared/compiler.h"
#include "shared/endpoint.h"
#include "shared/status.h"

enum { KEEP_WHY_ROOM = 600 };

struct keep;

/* Opens and locks it. On false "why" says why, in a sentence. */
bool keep_open(struct keep **out, char why[KEEP_WHY_ROOM]);
void keep_close(struct keep *keep);

/* The account kept for a server; STATUS_NOT_FOUND: none. As account_file_load(). */
enum status keep_load(const struct keep *keep, const struct invite *server, struct account *out);
enum status keep_save(
    const struct keep *keep, const struct invite *server, const struct account *account);

/* The file of an account's contacts, on the heap. */
char *keep_contacts_path(const struct keep *keep, const struct invite *server, uint64_t uid);

/* Where the history of one of its accounts belongs; on the heap. */
char *keep_history_path(const struct keep *keep, const struct invite *server,
    uint64_t uid) MUST_USE;

/* The server used last. */
bool keep_last_server(const struct keep *keep, struct invite *out);
enum status keep_set_last_server(const struct keep *keep, const struct invite *server);

/* A server that runs on this machine, of this user or of the system. */
bool keep_find_server(const struct keep *keep, struct invite *out);

#endif
