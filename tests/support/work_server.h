/* SPDX-License-Identifier: ISC */
/* The real work server on SQLite, with two session children, and clients of it. */

#ifndef TESTS_SUPPORT_WORK_SERVER_H
#define TESTS_SUPPORT_WORK_SERVER_H

#include <stdbool.h>

#include "tests/support/account.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"

struct work_server {
	char *folder;
	char *file;	/* its configuration */
	unsigned port;
	struct process *process;
	bool is_plain;
};

/* "more" are lines of configuration beside what every test needs. */
void work_server_start(struct work_server *server, const char *more);

/* The same server again after its process has ended and was freed. */
void work_server_run(struct work_server *server);

/* Has to end well; removes its folder. */
void work_server_end(struct work_server *server);

/* Connected; connected and greeted; registered and logged in over one connection. */
struct peer *work_server_connect(const struct work_server *server);
struct peer *work_server_greet(const struct work_server *server);
struct peer *work_server_login(const struct work_server *server, struct account *account,
    const char *name);

/* Only ask: USER_LIST with request 9, FIND_USER with request 10. */
void work_server_ask_page(struct peer *peer, uint32_t page, uint8_t per_page, uint8_t online_only,
    const char *prefix);
void work_server_ask_find(struct peer *peer, uint64_t uid, const char *name);

/*
 * Asks for an introduction; "candidates" is what is said of the asker. It has left when this
 * returns.
 */
void work_server_call(struct peer *peer, uint32_t request, uint64_t uid, const char *candidates);

/* The answer to an INTRODUCE, STATUS_OK or a refusal. It has left when this returns. */
void work_server_answer(struct peer *peer, uint32_t call, enum status status,
    const char *candidates);

#endif
