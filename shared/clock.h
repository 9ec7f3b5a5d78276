/* SPDX-License-Identifier: ISC */
/* The two times there are: one that only goes forward, and the one on the wall. */

#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdint.h>

/* Milliseconds that never jump, since some fixed moment (clock_gettime(2), CLOCK_MONOTONIC). */
uint64_t clock_monotonic_ms(void);

/* The same in microseconds, for measuring. */
uint64_t clock_monotonic_us(void);

/* Seconds since 1970, as the system believes; it may jump. */
uint64_t clock_wall_s(void);

#endif
