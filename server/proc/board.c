/* SPDX-License-Identifier: ISC */
#include "server/proc/board.h"

enum {
	/* Less than any client costs, with or without TLS, kernel included. */
	CLIENT_BYTES_MIN = 8192,
	/* In all processes together; who wants more has to say so. */
	CLIENTS_MOST = 1 << 20,
};

size_t
board_size(unsigned member_count)
{
	return sizeof(struct board) + (member_count + 1) * sizeof(struct counters);
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint32_t
board_clients_max(uint64_t wished, uint64_t descriptors, uint64_t memory, unsigned members)
{
	uint64_t most = wished;

	if (wished == 0)
		most = smaller(memory / CLIENT_BYTES_MIN, CLIENTS_MOST) / members;
	most = smaller(smaller(most, descriptors), UINT32_MAX);
	return most > 0 ? (uint32_t)most : 1;
}

unsigned
board_row_count(const struct board *board)
{
	return board->member_count + 1;
}

struct counters *
board_parent_row(struct board *board)
{
	return &board->rows[board->member_count];
}

uint32_t
board_load(const struct counters *row)
{
	/*
	 * In this order: who is being taken over is counted twice for a moment, never not at all.
	 */
	uint64_t taken = atomic_load_explicit(&row->taken, memory_order_acquire);
	uint64_t dealt = counter_get(&row->dealt);
	uint64_t sessions = counter_get(&row->sessions);

	return (uint32_t)(sessions + (dealt > taken ? dealt - taken : 0));
}

uint32_t
board_sessions(const struct board *board)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < board->member_count; i++)
		sum += board_load(&board->rows[i]);
	return sum;
}
