/* SPDX-License-Identifier: ISC */
/* tingyu-work(8): the work server. */

#include "server/proc/proc.h"
#include "server/work/master.h"
#include "server/work/service.h"
#include "shared/compiler.h"

int
main(int argc, char **argv)
{
	static const struct proc_service *const services[] = { &work_service };

	proc_enter(services, ARRAY_LEN(services), argc, argv);
	return master_run(argc, argv);
}
