/* SPDX-License-Identifier: ISC */
/*
 * What the server programs are told: one struct that follows from options.def. The parent reads
 * it from file and command line; its children get it as bytes in a sealed memfd and never see
 * the file.
 */

#ifndef SERVER_PROC_SETTINGS_H
#define SERVER_PROC_SETTINGS_H

#include "shared/conf.h"
#include "shared/endpoint.h"
#include "shared/status.h"

/* Texts and paths are never NULL; what they are for, and the units: options.def. */
struct settings {
#define NUMBER(name, field, fallback, min, max, unit, when, help) uint32_t field;
#define FLAG(name, field, fallback, when, help) bool field;
#define WORD(name, field, fallback, words, when, help) unsigned field;
#define TEXT(name, field, fallback, min, max, check, when, help) char *field;
#define PATH(name, field, fallback, min, max, check, when, help) char *field;
#define LIST(name, field, max, check, when, help) struct conf_list field;
#include "server/proc/options.def"
#undef NUMBER
#undef FLAG
#undef WORD
#undef TEXT
#undef PATH
#undef LIST
};

/* The file that is read when nobody names one; it may be missing. */
#define SETTINGS_FILE TINGYU_SYSCONFDIR "/tingyu-server.conf"

/* Its own copy of everything; *out is overwritten, clear it later. */
void settings_copy(const struct settings *settings, struct settings *out);

/* The options as a table, for help and tests. */
const struct conf_table *settings_table(void);

/* The defaults, "{state-dir}" filled in. settings_clear() frees what a struct holds. */
void settings_init(struct settings *out);
void settings_clear(struct settings *settings);

/*
 * Defaults, then the file (NULL: none; a missing one is a mistake only if "is_required"), then the
 * overrides "name=value". All of it is validated, also what belongs together. STATUS_BAD_CONFIG:
 * every mistake is in "mistakes" and *out is untouched; else *out is overwritten, clear it later.
 */
enum status settings_load(const char *path, bool is_required, const char *const *overrides,
    size_t override_count, struct settings *out, struct conf_mistakes *mistakes);

/*
 * After a reload: options that only count at start get their running values back in "fresh", and a
 * sentence in "notes" for each that somebody changed.
 */
void settings_keep_fixed(struct settings *fresh, const struct settings *running,
    struct conf_mistakes *notes);

/* For the memfd: bytes on the heap. There are no secrets in them, only the names of files. */
struct bytes settings_encode(const struct settings *settings) MUST_USE;
/* STATUS_BAD_FRAME: made by another build. Else *out is overwritten, clear it later. */
enum status settings_decode(struct bytes bytes, struct settings *out);

/*
 * Sends the log where "log-file" and "log-level" say; a file that cannot be opened is told to
 * the old place.
 */
void settings_start_log(const struct settings *settings);

/* Session children to start: "children", or one per core and at least 2. */
unsigned settings_child_count(const struct settings *settings);

/* Where clients reach the work server: "advertise", its gaps filled from "port" (the bound one). */
void settings_advertised(const struct settings *settings, uint16_t port, struct endpoint *out);

#endif
