/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_recent.h"

bool
peer_recent_add(struct peer_recent *recent, uint64_t number)
{
	size_t known = recent->count < PEER_RECENT_MAX ? recent->count : PEER_RECENT_MAX;

	for (size_t i = 0; i < known; i++)
		if (recent->numbers[i] == number)
			return false;
	recent->numbers[recent->count++ % PEER_RECENT_MAX] = number;
	return true;
}
