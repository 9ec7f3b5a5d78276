/* SPDX-License-Identifier: ISC */
/*
 * Real programs under test: start one, wait until it says or does something, end it by its pid.
 * Every wait has a deadline and ends at once when the program is gone; nothing here sleeps and
 * looks again. A program's output goes into a file of its own (a program can never block on it)
 * and is shown when the test fails. A program that the test leaves behind is killed by the
 * kernel together with the test.
 */

#ifndef TESTS_SUPPORT_PROCESS_H
#define TESTS_SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Long enough for a slow and loaded machine; a wait that succeeds never takes it. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { PROCESS_PATIENCE_MS = 120000 };
#else
enum { PROCESS_PATIENCE_MS = 60000 };
#endif

struct process;

/*
 * Path of a program of ours: "tingyu-route" in the build folder (environment top_builddir, else
 * "."). Static memory, good until the next call.
 */
const char *process_program(const char *name);

/*
 * Starts argv[0] with these arguments (NULL ends them), standard input closed, both outputs
 * into the log. "name" is for messages. Fails the test when that is not possible. The caller
 * ends it with process_free().
 */
struct process *process_start(const char *name, const char *const argv[]);

/* Kills what still runs, waits for it, removes the log and frees. NULL is fine. */
void process_free(struct process *process);

pid_t process_pid(const struct process *process);

/*
 * Everything it has said so far, with an end mark; belongs to "process", good until the next
 * call with it.
 */
const char *process_log(struct process *process);

/*
 * Waits until a line with this text in it was written, reading on from the line that the last
 * such wait found; so the same text can be waited for again. False when the time is over or it
 * ended without saying so: then the log is printed.
 */
bool process_wait_line(struct process *process, const char *text, int timeout_ms);

/*
 * Waits until such a line has been written at any time, before or after what was waited for until
 * now; for what two processes say, in whatever order. process_wait_line() goes on where it was.
 */
bool process_wait_said(struct process *process, const char *text, int timeout_ms);

/*
 * Waits until that path is a file with something in it, with the same two ways to fail. Its
 * folder must exist.
 */
bool process_wait_file(struct process *process, const char *path, int timeout_ms);

/*
 * Waits for its end. *status (may be NULL) is what waitpid(2) gives. False, and the log, when
 * the time is over. May be asked again.
 */
bool process_wait_exit(struct process *process, int timeout_ms, int *status);

void process_signal(struct process *process, int signal);

/*
 * Sends the signal and waits for exit status 0. False, and the log, when it did not end in time
 * or ended otherwise, or when a sanitizer complained about it or one of its children.
 */
bool process_stop(struct process *process, int signal, int timeout_ms);

/*
 * The children (not the grandchildren) of a process whose command line has "word" in it (NULL:
 * all of them), oldest first. Returns how many there are, of which at most "room" are in pids.
 */
size_t process_children(pid_t parent, const char *word, pid_t *pids, size_t room);

/* Waits until a process that need not be our child (a server's child) is gone. */
bool process_wait_gone(pid_t pid, int timeout_ms);

/*
 * Kills a server that is a parent, and waits until all of its family is gone: what its children
 * hold (a lock, a port) is free then. False, and the log, when the time is over.
 */
bool process_kill_family(struct process *process, int timeout_ms);

/*
 * A TCP port of 127.0.0.1 for a program that will listen there. Until the test ends nobody else is
 * given it by the kernel, for listening or for connecting.
 */
unsigned process_free_port(void);

/*
 * The same for as long as the descriptor is open, which the caller closes: it is bound and shares
 * the port with whoever asks to share it (SO_REUSEADDR, SO_REUSEPORT).
 */
int process_hold_port(unsigned *port);

#endif
