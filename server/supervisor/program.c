/* SPDX-License-Identifier: ISC */
#include "server/supervisor/program.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/proc/spawn.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/mem.h"

enum {
	WAIT_FIRST_MS = 1000,
	WAIT_MOST_MS = 30000,
	HEALTHY_MS = 60000,
};

/* Beside the binary that runs here, wherever it was installed or built. */
static char *
path_beside_us(const char *name)
{
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	if (len < 0)
		return NULL;
	own[len] = '\0';
	slash = strrchr(own, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	return mem_format("%s/%s", own, name);
}

enum status
program_init(struct program *program, const char *name, const char *conf, struct wheel *wheel)
{
	*program = (struct program){
		.name = name, .conf = conf, .wheel = wheel, .path = path_beside_us(name),
	};
	if (program->path != NULL && access(program->path, X_OK) == 0)
		return STATUS_OK;
	log_error("%s is missing: it has to be in the same folder as tingyu-server%s%s", name,
	    program->path != NULL ? ", as " : "", program->path != NULL ? program->path : "");
	return STATUS_NOT_FOUND;
}

void
program_clear(struct program *program)
{
	if (program->wheel != NULL)
		wheel_clear(program->wheel, &program->again);
	free(program->path);
}

enum status
program_start(struct program *program)
{
	/* execve(2) wants them without const, and does not touch them. */
	char *const argv[] = { (char *)(uintptr_t)program->name, "-c",
	    (char *)(uintptr_t)program->conf, NULL };
	enum status status = spawn_start_program(program->path, argv, SIGTERM, &program->pid);

	if (status != STATUS_OK) {
		log_error("%s cannot be started: %s", program->path, status_text(status));
		return status;
	}
	program->started_ms = clock_monotonic_ms();
	log_debug("%s runs as %d", program->name, (int)program->pid);
	return STATUS_OK;
}

bool
program_has_ended(struct program *program, int *status)
{
	if (program->pid == 0 || waitpid(program->pid, status, WNOHANG) != program->pid)
		return false;
	if (WIFSIGNALED(*status))
		log_warn("%s (%d) was ended by signal %d, %s", program->name, (int)program->pid,
		    WTERMSIG(*status), strsignal(WTERMSIG(*status)));
	else if (WEXITSTATUS(*status) != 0)
		log_warn("%s (%d) has ended with status %d", program->name, (int)program->pid,
		    WEXITSTATUS(*status));
	else
		log_info("%s (%d) has ended", program->name, (int)program->pid);
	program->pid = 0;
	return true;
}

static void
on_again(struct wheel_timer *timer)
{
	struct program *program = CONTAINER_OF(timer, struct program, again);

	if (program_start(program) != STATUS_OK)
		program_restart(program);
}

uint64_t
program_wait_ms(unsigned deaths)
{
	uint64_t wait_ms = WAIT_FIRST_MS;

	if (deaths == 0)
		return 0;
	while (--deaths > 0 && wait_ms < WAIT_MOST_MS)
		wait_ms *= 2;
	return wait_ms < WAIT_MOST_MS ? wait_ms : WAIT_MOST_MS;
}

void
program_restart(struct program *program)
{
	uint64_t wait_ms;

	if (clock_monotonic_ms() - program->started_ms >= HEALTHY_MS)
		program->deaths = 0;
	wait_ms = program_wait_ms(program->deaths++);
	log_info("%s starts again in %u s", program->name, (unsigned)(wait_ms / 1000));
	wheel_set(program->wheel, &program->again, wait_ms, on_again);
}

void
program_forget_restart(struct program *program)
{
	wheel_clear(program->wheel, &program->again);
}

void
program_signal(const struct program *program, int signal)
{
	if (program->pid != 0)
		kill(program->pid, signal);
}
