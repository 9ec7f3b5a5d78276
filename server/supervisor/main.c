/* SPDX-License-Identifier: ISC */
/* tingyu-server(8): everything on one machine, with nothing to configure. */

#include "server/supervisor/supervisor.h"

int
main(int argc, char **argv)
{
	return supervisor_run(argc, argv);
}
