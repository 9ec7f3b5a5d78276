/* SPDX-License-Identifier: ISC */
#include "server/store/elsewhere.h"

#include <stdlib.h>

/* What is gathered for one call. */
struct step {
	elsewhere_on_change *on_change;
	void *arg;
	bool online;
	size_t count;
	uint64_t uids[ELSEWHERE_STEP];
};

static void
flush(struct step *step)
{
	if (step->count > 0)
		step->on_change(step->arg, step->online, step->uids, step->count);
	step->count = 0;
}

static void
add(struct step *step, uint64_t uid)
{
	step->uids[step->count++] = uid;
	if (step->count == ELSEWHERE_STEP)
		flush(step);
}

/* All of "uids" that "others" has not. */
static void
tell_difference(struct step *step, const uint64_t *uids, size_t count, const uint64_t *others,
    size_t other_count)
{
	size_t k = 0;

	for (size_t i = 0; i < count; i++) {
		while (k < other_count && others[k] < uids[i])
			k++;
		if (k == other_count || others[k] != uids[i])
			add(step, uids[i]);
	}
	flush(step);
}

void
elsewhere_replace(struct elsewhere *elsewhere, uint64_t *uids, size_t count,
    elsewhere_on_change *on_change, void *arg)
{
	struct step came = { .on_change = on_change, .arg = arg, .online = true };
	struct step went = { .on_change = on_change, .arg = arg, .online = false };
	struct elsewhere before = *elsewhere;

	*elsewhere = (struct elsewhere){ .uids = uids, .count = count, .is_known = true };
	tell_difference(&went, before.uids, before.count, uids, count);
	tell_difference(&came, uids, count, before.uids, before.count);
	free(before.uids);
}

static int
compare_uids(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

bool
elsewhere_has(const struct elsewhere *elsewhere, uint64_t uid)
{
	return elsewhere->count > 0 &&
	    bsearch(&uid, elsewhere->uids, elsewhere->count, sizeof(uid), compare_uids) != NULL;
}

void
elsewhere_clear(struct elsewhere *elsewhere)
{
	free(elsewhere->uids);
	*elsewhere = (struct elsewhere){ .uids = NULL };
}
