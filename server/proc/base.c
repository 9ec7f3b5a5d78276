/* SPDX-License-Identifier: ISC */
#include "server/proc/base.h"

#include <event2/event.h>
#include <string.h>

#include "shared/log.h"

enum {
	PRIORITIES = 2,
	/* Callbacks of the lower priority before the higher one is looked at again. */
	BATCH = 32,
};

struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		log_fatalx("out of memory: no event base");
	event_config_require_features(config, EV_FEATURE_ET);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_set_max_dispatch_interval(config, NULL, BATCH, 1);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (base == NULL || strcmp(event_base_get_method(base), "epoll") != 0 ||
	    event_base_priority_init(base, PRIORITIES) < 0)
		log_fatalx("an event base with epoll is needed and not to be had");
	return base;
}
