/* SPDX-License-Identifier: ISC */
/* The input is what happens to a client, step by step (tests/support/screen_play.c); every screen has to be sound. */

#include "tests/support/screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	screen_play(bytes_of(data, size));
	return 0;
}
