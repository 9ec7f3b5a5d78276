/* SPDX-License-Identifier: ISC */
#include "server/bench/scoreboard.h"

#include <string.h>
#include <sys/mman.h>

#include "shared/log.h"

static const bool is_standing[] = {
#define TALLY(NAME, standing, help) standing,
#include "server/bench/tallies.def"
#undef TALLY
};

static void *
map_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		log_fatal("no %zu bytes of shared memory", size);
	return memory;
}

void
scoreboard_open(struct scoreboard *board, uint32_t rows, uint32_t accounts)
{
	board->row_count = rows;
	board->account_count = accounts;
	board->rows = map_shared(rows * sizeof(*board->rows));
	board->accounts = map_shared(accounts * sizeof(*board->accounts));
}

void
scoreboard_close(struct scoreboard *board)
{
	munmap(board->rows, board->row_count * sizeof(*board->rows));
	munmap(board->accounts, board->account_count * sizeof(*board->accounts));
}

uint32_t
scoreboard_share(const struct scoreboard *board, uint32_t row, uint32_t *first)
{
	uint64_t begin = (uint64_t)board->account_count * row / board->row_count;
	uint64_t end = (uint64_t)board->account_count * (row + 1) / board->row_count;

	*first = (uint32_t)begin;
	return (uint32_t)(end - begin);
}

void
scoreboard_count(struct scoreboard_row *row, enum tally tally, int change)
{
	atomic_fetch_add_explicit(&row->tallies[tally], (uint32_t)change, memory_order_relaxed);
}

void
scoreboard_reason(struct scoreboard_row *row, unsigned status)
{
	if (status < SCOREBOARD_REASONS)
		atomic_fetch_add_explicit(&row->reasons[status], 1, memory_order_relaxed);
}

void
scoreboard_begin(struct scoreboard_row *row)
{
	for (size_t i = 0; i < TALLY_COUNT; i++)
		if (!is_standing[i])
			row->tallies[i] = 0;
	for (size_t i = 0; i < SCOREBOARD_REASONS; i++)
		row->reasons[i] = 0;
	row->seen_online = 0;
	row->first_us = 0;
	row->last_us = 0;
	histogram_init(&row->arrivals);
	histogram_init(&row->absences);
	memset(row->operations, 0, sizeof(row->operations));
}

uint64_t
scoreboard_sum(const struct scoreboard *board, enum tally tally)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < board->row_count; i++)
		sum += atomic_load_explicit(&board->rows[i].tallies[tally], memory_order_relaxed);
	return sum;
}

uint64_t
scoreboard_sum_reasons(const struct scoreboard *board, unsigned status)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < board->row_count; i++)
		sum += atomic_load_explicit(&board->rows[i].reasons[status], memory_order_relaxed);
	return sum;
}

double
scoreboard_seconds(const struct scoreboard *board)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (uint32_t i = 0; i < board->row_count; i++) {
		const struct scoreboard_row *row = &board->rows[i];

		if (row->first_us != 0 && row->first_us < first)
			first = row->first_us;
		if (row->last_us > last)
			last = row->last_us;
	}
	return last > first ? (double)(last - first) / 1e6 : 0;
}

void
scoreboard_merge_times(const struct scoreboard *board, struct histogram *arrivals,
    struct histogram *absences)
{
	histogram_init(arrivals);
	histogram_init(absences);
	for (uint32_t i = 0; i < board->row_count; i++) {
		histogram_merge(arrivals, &board->rows[i].arrivals);
		histogram_merge(absences, &board->rows[i].absences);
	}
}
