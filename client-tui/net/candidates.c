/* SPDX-License-Identifier: ISC */
#include "client-tui/net/candidates.h"

#include <assert.h>
#include <ifaddrs.h>
#include <net/if.h>

#include "shared/wire.h"

enum { TEXT_MAX = 64 };

/* --- addresses ---------------------------------------------------------------------------- */

/*
 * A numeric address and nothing else; one that was mapped into IPv6 becomes IPv4. A zone would
 * be one of another machine.
 */
static bool
read_address(struct bytes host, uint16_t port, struct address *out)
{
	struct endpoint endpoint, plain;

	return host.len <= TEXT_MAX && endpoint_parse_host(host, port, &endpoint) &&
	    bytes_equal(host, bytes_of_string(endpoint.host)) &&
	    strchr(endpoint.host, '%') == NULL &&
	    endpoint_to_address(&endpoint, out) == STATUS_OK &&
	    endpoint_of_sockaddr(&out->any, &plain) &&
	    endpoint_to_address(&plain, out) == STATUS_OK;
}

static void
set_port(struct address *address, uint16_t port)
{
	if (address->any.sa_family == AF_INET)
		address->v4.sin_port = htons(port);
	else
		address->v6.sin6_port = htons(port);
}

static bool
is_same(const struct address *a, const struct address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_port == b->v4.sin_port &&
		    a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return a->v6.sin6_port == b->v6.sin6_port &&
	    IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

/* RFC 1122, 3.2.1.3; RFC 5735: this network, link-local, multicast, reserved, broadcast. */
static bool
is_one_v4(const struct sockaddr_in *v4)
{
	uint32_t address = ntohl(v4->sin_addr.s_addr);

	return address >> 24 != 0 && address >> 16 != 0xa9fe && address >> 28 < 0xe;
}

/* RFC 4291, 2.4 and 2.5.5: ::/96 has nobody but the loopback address. */
static bool
is_one_v6(const struct sockaddr_in6 *v6)
{
	static const uint8_t zeros[12] = { 0 };
	const struct in6_addr *address = &v6->sin6_addr;

	return !IN6_IS_ADDR_MULTICAST(address) && !IN6_IS_ADDR_LINKLOCAL(address) &&
	    !IN6_IS_ADDR_V4MAPPED(address) &&
	    (IN6_IS_ADDR_LOOPBACK(address) || memcmp(address->s6_addr, zeros, sizeof(zeros)) != 0);
}

bool
candidate_can_be_dialled(const struct address *address, bool has_loopback)
{
	bool is_v4 = address->any.sa_family == AF_INET;

	if ((is_v4 ? address->v4.sin_port : address->v6.sin6_port) == 0)
		return false;
	if (endpoint_is_loopback(&address->any))
		return has_loopback;
	return is_v4 ? is_one_v4(&address->v4) : is_one_v6(&address->v6);
}

/* --- of this machine ---------------------------------------------------------------------- */

static bool
is_worth_telling(const struct ifaddrs *i, int family, bool is_loopback)
{
	return i->ifa_addr != NULL && i->ifa_addr->sa_family == family &&
	    (i->ifa_flags & IFF_UP) != 0 && endpoint_is_loopback(i->ifa_addr) == is_loopback;
}

static size_t
add_family(const struct ifaddrs *all, int family, bool is_loopback, uint16_t port,
    struct address *out, size_t count)
{
	for (const struct ifaddrs *i = all; i != NULL && count < CANDIDATES_MAX; i = i->ifa_next) {
		struct address *address = &out[count];

		if (!is_worth_telling(i, family, is_loopback))
			continue;
		memset(address, 0, sizeof(*address));
		address->len = family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
		memcpy(&address->any, i->ifa_addr, address->len);
		set_port(address, port);
		count += candidate_can_be_dialled(address, is_loopback);
	}
	return count;
}

size_t
candidates_find(uint16_t port, bool has_loopback, struct address out[CANDIDATES_MAX])
{
	struct ifaddrs *all;
	size_t count;

	if (getifaddrs(&all) != 0)
		return 0;
	count = add_family(all, AF_INET, false, port, out, 0);
	count = add_family(all, AF_INET6, false, port, out, count);
	if (has_loopback) {
		count = add_family(all, AF_INET, true, port, out, count);
		count = add_family(all, AF_INET6, true, port, out, count);
	}
	freeifaddrs(all);
	return count;
}

/* --- the field ---------------------------------------------------------------------------- */

size_t
candidates_encode(const struct address *list, size_t count, uint8_t out[CANDIDATES_SIZE])
{
	struct wire wire = wire_writer(out, CANDIDATES_SIZE);
	struct endpoint endpoint;

	assert(count <= CANDIDATES_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!endpoint_of_sockaddr(&list[i].any, &endpoint))
			continue;
		wire_put_u16(&wire, endpoint.port);
		wire_put_blob(&wire, bytes_of_string(endpoint.host));
	}
	assert(wire_is_good(&wire));
	return wire.position;
}

size_t
candidates_decode(struct bytes field, struct address out[CANDIDATES_MAX])
{
	struct wire wire = wire_reader(field);
	size_t count = 0;

	while (wire_left(&wire) > 0) {
		uint16_t port = wire_get_u16(&wire);
		struct bytes host = wire_get_blob(&wire);

		if (!wire_is_good(&wire) || count == CANDIDATES_MAX || port == 0 ||
		    !read_address(host, port, &out[count]))
			return 0;
		count++;
	}
	return count;
}

static size_t
add_new(const struct address *address, bool has_loopback, struct address *out, size_t count)
{
	if (!candidate_can_be_dialled(address, has_loopback))
		return count;
	for (size_t i = 0; i < count; i++)
		if (is_same(&out[i], address))
			return count;
	out[count] = *address;
	return count + 1;
}

size_t
candidates_to_dial(struct bytes host, uint16_t port, struct bytes field, bool has_loopback,
    struct address out[CANDIDATES_DIALLED_MAX])
{
	struct address seen, others[CANDIDATES_MAX];
	size_t found = candidates_decode(field, others), count = 0;

	if (read_address(host, port, &seen))
		count = add_new(&seen, has_loopback, out, count);
	for (size_t i = 0; i < found; i++)
		count = add_new(&others[i], has_loopback, out, count);
	return count;
}
