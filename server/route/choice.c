/* SPDX-License-Identifier: ISC */
#include "server/route/choice.h"

/* One that is in the running, with its number from the dice. */
struct candidate {
	struct node node;
	uint64_t dice;
};

/*
 * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). Fair,
 * not secret.
 */
static uint64_t
roll(uint64_t *random)
{
	uint64_t mixed = *random += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/*
 * What the report says decides: a crowd that asks but never comes must not make a server look
 * full.
 */
static bool
takes_clients(const struct node_report *report)
{
	return report->state == NODE_UP && report->sessions < report->capacity;
}

/* load / capacity, compared without dividing. A product may need 65 bits. */
static bool
is_before(const struct candidate *a, const struct candidate *b)
{
	unsigned __int128 left = (uint64_t)a->node.report.sessions + a->node.handed_out;
	unsigned __int128 right = (uint64_t)b->node.report.sessions + b->node.handed_out;

	left *= b->node.report.capacity;
	right *= a->node.report.capacity;
	return left != right ? left < right : a->dice < b->dice;
}

/* Into its place among the best so far; the last one falls out when there is no room. */
static void
insert(struct candidate *best, size_t *count, const struct candidate *newcomer)
{
	size_t place = *count;

	while (place > 0 && is_before(newcomer, &best[place - 1]))
		place--;
	if (place == CHOICE_MAX)
		return;
	if (*count < CHOICE_MAX)
		(*count)++;
	for (size_t i = *count - 1; i > place; i--)
		best[i] = best[i - 1];
	best[place] = *newcomer;
}

void
choice_make(struct nodes *nodes, uint64_t now_ms, uint64_t dead_ms, uint64_t *random,
    struct choice *out)
{
	struct candidate best[CHOICE_MAX], next;

	out->count = out->alive = 0;
	for (unsigned slot = 0; slot < NODES_MAX; slot++) {
		if (!nodes_read(nodes, slot, now_ms, dead_ms, &next.node))
			continue;
		out->alive++;
		next.dice = roll(random);
		if (takes_clients(&next.node.report))
			insert(best, &out->count, &next);
	}
	for (size_t i = 0; i < out->count; i++)
		out->nodes[i] = best[i].node;
}
