/* SPDX-License-Identifier: ISC */
/* A claim that fuzz targets make about any input whatever; also in builds without assert(3). */

#ifndef TESTS_SUPPORT_REQUIRE_H
#define TESTS_SUPPORT_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(claim) \
	do { \
		if (!(claim)) { \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim); \
			abort(); \
		} \
	} while (0)

#endif
