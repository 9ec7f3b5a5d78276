/* SPDX-License-Identifier: ISC */
/* tingyu-route(8): tells clients which work server to use. */

#include "server/proc/arguments.h"
#include "server/route/service.h"
#include "shared/compiler.h"
#include "shared/log.h"

int
main(int argc, char **argv)
{
	static const struct proc_service *const services[] = { &route_service };
	struct arguments arguments;
	struct settings settings;
	int exit_status;

	log_open("tingyu-route");
	proc_enter(services, ARRAY_LEN(services), argc, argv);
	switch (arguments_start(argc, argv, "tells clients which work server to use", &arguments,
	    &settings)) {
	case ARGUMENTS_DONE:
		return 0;
	case ARGUMENTS_WRONG:
		return 2;
	case ARGUMENTS_RUN:
		break;
	}
	exit_status = route_service_run(&arguments, &settings);
	settings_clear(&settings);
	arguments_clear(&arguments);
	return exit_status;
}
