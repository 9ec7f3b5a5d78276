/* SPDX-License-Identifier: ISC */
/*
 * What stands behind a bus. A driver embeds struct bus as its first member and fills a table;
 * what each function has to do is said in bus.h. bus.c calls a driver only with frames of an
 * allowed length.
 */

#ifndef SERVER_BUS_DRIVER_H
#define SERVER_BUS_DRIVER_H

#include "server/bus/bus.h"

struct bus_driver {
	void (*free)(struct bus *bus);
	void (*add_peer)(struct bus *bus, uint32_t child, uint32_t generation, int fd);
	enum status (*join)(struct bus *bus, uint64_t uid, uint32_t session);
	void (*leave)(struct bus *bus, uint64_t uid, uint32_t session);
	bool (*find)(struct bus *bus, uint64_t uid, struct presence_holder *out);
	enum status (*send)(struct bus *bus, uint64_t uid, struct bytes frame);
	enum status (*announce)(struct bus *bus, struct bytes frame);
};

struct bus {
	const struct bus_driver *driver;
	const struct bus_events *events;
	void *arg;
};

#endif
