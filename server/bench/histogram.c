/* SPDX-License-Identifier: ISC */
#include "server/bench/histogram.h"

#include <string.h>

void
histogram_init(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

/* Position of the highest bit that is set; value > 0. */
static unsigned
high_bit(uint64_t value)
{
	return 63 - (unsigned)__builtin_clzll(value);
}

/* Powers of two above the part where every value has a bucket of its own. */
static unsigned
octave_of(uint64_t value)
{
	return value >> HISTOGRAM_STEP_BITS == 0 ? 0 : high_bit(value) - HISTOGRAM_STEP_BITS;
}

static unsigned
bucket_of(uint64_t value)
{
	unsigned octave = octave_of(value);

	return (octave << HISTOGRAM_STEP_BITS) + (unsigned)(value >> octave);
}

/* The largest value that lies in this bucket. */
static uint64_t
bucket_end(unsigned bucket)
{
	unsigned octave = bucket >> HISTOGRAM_STEP_BITS;
	uint64_t step;

	if (octave > 0)
		octave--;
	step = bucket - ((uint64_t)octave << HISTOGRAM_STEP_BITS);
	return ((step + 1) << octave) - 1;
}

void
histogram_record(struct histogram *histogram, uint64_t us)
{
	const uint64_t largest = (UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1;

	if (us > largest)
		us = largest;
	histogram->buckets[bucket_of(us)]++;
	histogram->count++;
	if (us > histogram->max)
		histogram->max = us;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->buckets[i] += other->buckets[i];
	histogram->count += other->count;
	if (other->max > histogram->max)
		histogram->max = other->max;
}

/* How many values have to lie at or below the answer: at least one. */
static uint64_t
rank_of(const struct histogram *histogram, double percent)
{
	double exact = (double)histogram->count * percent / 100;
	uint64_t rank = (uint64_t)exact;

	if ((double)rank < exact)
		rank++;
	return rank > 0 ? rank : 1;
}

uint64_t
histogram_percentile(const struct histogram *histogram, double percent)
{
	uint64_t rank = rank_of(histogram, percent), seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen >= rank)
			return bucket_end(i) < histogram->max ? bucket_end(i) : histogram->max;
	}
	return histogram->max;
}
