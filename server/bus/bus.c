/* SPDX-License-Identifier: ISC */
#include "server/bus/bus.h"

#include "server/bus/driver.h"

void
bus_free(struct bus *bus)
{
	if (bus != NULL)
		bus->driver->free(bus);
}

void
bus_add_peer(struct bus *bus, uint32_t child, uint32_t generation, int fd)
{
	bus->driver->add_peer(bus, child, generation, fd);
}

enum status
bus_join(struct bus *bus, uint64_t uid, uint32_t session)
{
	return bus->driver->join(bus, uid, session);
}

void
bus_leave(struct bus *bus, uint64_t uid, uint32_t session)
{
	bus->driver->leave(bus, uid, session);
}

bool
bus_find(struct bus *bus, uint64_t uid, struct presence_holder *out)
{
	return bus->driver->find(bus, uid, out);
}

enum status
bus_send(struct bus *bus, uint64_t uid, struct bytes frame)
{
	if (frame.len > BUS_FRAME_MAX)
		return STATUS_TOO_LONG;
	return bus->driver->send(bus, uid, frame);
}

enum status
bus_announce(struct bus *bus, struct bytes frame)
{
	if (frame.len > BUS_FRAME_MAX)
		return STATUS_TOO_LONG;
	return bus->driver->announce(bus, frame);
}
