/* SPDX-License-Identifier: ISC */
#include "server/proc/birth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shared/str.h"

static const char mark[] = "--member";

enum { PLACE_MARK = 1, PLACE_SERVICE, PLACE_MEMBER, PLACE_NUMBERS, PLACE_DESCRIPTORS };

size_t
birth_descriptor_count(const struct proc_service *service)
{
	return BIRTH_MEMORIES + service->memory_count;
}

void
birth_write(const struct birth *birth, struct birth_line *out)
{
	const struct proc_member *who = &birth->who;
	size_t len = 0;

	*out = (struct birth_line){ .argv = { program_invocation_name, (char *)mark,
		(char *)birth->service->name, out->member, out->numbers, out->fds, NULL } };
	snprintf(out->member, sizeof(out->member), "%.40s/%u",
	    birth->service->roles[who->role].name, who->index);
	snprintf(out->numbers, sizeof(out->numbers), "%u,%u", who->generation, who->number);
	for (size_t i = 0; i < birth_descriptor_count(birth->service); i++)
		len += (size_t)snprintf(out->fds + len, sizeof(out->fds) - len, "%s%d",
		    i > 0 ? "," : "", birth->fds[i]);
}

bool
birth_is_meant(int argc, char **argv)
{
	return argc == BIRTH_ARGUMENTS && strcmp(argv[PLACE_MARK], mark) == 0;
}

/* "1,2,3" into numbers; false when there are not exactly "count". */
static bool
read_numbers(const char *text, int *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(text, ",");
		bool is_last = i + 1 == count;
		uint64_t number;

		if (text[len] != (is_last ? '\0' : ',') ||
		    !str_to_number(bytes_of(text, len), INT32_MAX, &number))
			return false;
		numbers[i] = (int)number;
		text += is_last ? len : len + 1;
	}
	return true;
}

/* "session/3" into role and index. */
static bool
read_member(const struct proc_service *service, const char *text, struct proc_member *out)
{
	const char *slash = strchr(text, '/');
	uint64_t index;

	if (slash == NULL ||
	    !str_to_number(bytes_of_string(slash + 1), PROC_MEMBERS_MAX - 1, &index))
		return false;
	for (unsigned i = 0; i < service->role_count; i++) {
		if (!bytes_equal(bytes_of(text, (size_t)(slash - text)),
		    bytes_of_string(service->roles[i].name)))
			continue;
		out->role = i;
		out->index = (unsigned)index;
		return true;
	}
	return false;
}

bool
birth_read(const struct proc_service *const *services, unsigned count, char **argv,
    struct birth *out)
{
	int numbers[2];

	*out = (struct birth){ .service = NULL };
	for (unsigned i = 0; i < count; i++)
		if (strcmp(services[i]->name, argv[PLACE_SERVICE]) == 0)
			out->service = services[i];
	if (out->service == NULL || !read_member(out->service, argv[PLACE_MEMBER], &out->who) ||
	    !read_numbers(argv[PLACE_NUMBERS], numbers, 2) ||
	    !read_numbers(argv[PLACE_DESCRIPTORS], out->fds, birth_descriptor_count(out->service)))
		return false;
	out->who.generation = (uint32_t)numbers[0];
	out->who.number = (unsigned)numbers[1];
	return true;
}
