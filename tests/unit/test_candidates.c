/* SPDX-License-Identifier: ISC */
/* Where a client may be reached: as a field and back, and what of it is never dialled. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client-tui/net/candidates.h"
#include "shared/compiler.h"
#include "shared/wire.h"

static struct address
address_of(const char *host, uint16_t port)
{
	struct endpoint endpoint = { .port = port };
	struct address address;

	snprintf(endpoint.host, sizeof(endpoint.host), "%s", host);
	assert_int_equal(endpoint_to_address(&endpoint, &address), STATUS_OK);
	return address;
}

static void
assert_is(const struct address *address, const char *host, uint16_t port)
{
	struct endpoint endpoint;

	assert_true(endpoint_of_sockaddr(&address->any, &endpoint));
	assert_string_equal(endpoint.host, host);
	assert_int_equal(endpoint.port, port);
}

static void
put(struct wire *wire, uint16_t port, const char *host)
{
	wire_put_u16(wire, port);
	wire_put_blob(wire, bytes_of_string(host));
}

static void
a_field_comes_back(void **state UNUSED)
{
	struct address list[] = { address_of("192.168.1.4", 40112), address_of("2001:db8::7", 1) };
	struct address back[CANDIDATES_MAX];
	uint8_t field[CANDIDATES_SIZE];
	size_t len = candidates_encode(list, 2, field);

	assert_int_equal(candidates_decode(bytes_of(field, len), back), 2);
	assert_is(&back[0], "192.168.1.4", 40112);
	assert_is(&back[1], "2001:db8::7", 1);
	assert_int_equal(candidates_decode(bytes_of("", 0), back), 0);
}

/* The longest there are fit. */
static void
a_full_field_fits(void **state UNUSED)
{
	struct address list[CANDIDATES_MAX], back[CANDIDATES_MAX];
	uint8_t field[CANDIDATES_SIZE];

	for (size_t i = 0; i < CANDIDATES_MAX; i++)
		list[i] =
		    address_of("2001:db8:1111:2222:3333:4444:5555:6666", (uint16_t)(60000 + i));
	assert_int_equal(candidates_decode(
			     bytes_of(field, candidates_encode(list, CANDIDATES_MAX, field)), back),
	    CANDIDATES_MAX);
	assert_is(&back[7], "2001:db8:1111:2222:3333:4444:5555:6666", 60007);
}

/* One mistake, and nothing of the field is believed. */
static void
a_broken_field_is_worthless(void **state UNUSED)
{
	static const struct {
		uint16_t port;
		const char *host;
	} broken[] = { { 0, "192.0.2.1" }, { 7, "" }, { 7, "home.example" }, { 7, "127.1" },
		{ 7, "192.0.2.1:7" }, { 7, "[2001:db8::1]" }, { 7, "fe80::1%lo" },
		{ 7, "192.0.2.1 " },
		{ 7, "00000000000000000000000000000000000000000000000000000000192.0.2.1" } };
	struct address back[CANDIDATES_MAX];
	uint8_t field[CANDIDATES_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct wire wire = wire_writer(field, sizeof(field));

		put(&wire, 7, "192.0.2.2");
		put(&wire, broken[i].port, broken[i].host);
		assert_true(wire_is_good(&wire));
		assert_int_equal(candidates_decode(bytes_of(field, wire.position), back), 0);
	}
}

static void
cut_or_too_many_is_worthless(void **state UNUSED)
{
	struct address back[CANDIDATES_MAX];
	uint8_t field[CANDIDATES_SIZE];
	struct wire wire = wire_writer(field, sizeof(field));

	for (size_t i = 0; i <= CANDIDATES_MAX; i++)
		put(&wire, 7, "192.0.2.2");
	assert_int_equal(candidates_decode(bytes_of(field, wire.position), back), 0);
	for (size_t len = 1; len < 13; len++)
		assert_int_equal(candidates_decode(bytes_of(field, len), back), 0);
	assert_int_equal(candidates_decode(bytes_of(field, 13), back), 1);
}

static void
what_is_never_dialled(void **state UNUSED)
{
	static const char *const hosts[] = { "0.0.0.0", "0.1.2.3", "169.254.1.1", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::7", "::192.0.2.1",
		"ff02::1", "fe80::1", "::ffff:192.0.2.1" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct address address = address_of(hosts[i], 7);

		assert_false(candidate_can_be_dialled(&address, true));
	}
}

static void
loopback_only_from_loopback(void **state UNUSED)
{
	static const char *const hosts[] = { "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct address address = address_of(hosts[i], 7), no_port = address_of(hosts[i], 0);

		assert_true(candidate_can_be_dialled(&address, true));
		assert_false(candidate_can_be_dialled(&address, false));
		assert_false(candidate_can_be_dialled(&no_port, true));
	}
}

/* The server's word first; the same place once, in whichever form it comes. */
static void
an_introduction_is_dialled_in_order(void **state UNUSED)
{
	struct address out[CANDIDATES_DIALLED_MAX];
	uint8_t field[CANDIDATES_SIZE];
	struct wire wire = wire_writer(field, sizeof(field));
	struct bytes all;

	put(&wire, 7, "10.0.0.5");
	put(&wire, 7, "::ffff:203.0.113.7");
	put(&wire, 7, "127.0.0.1");
	put(&wire, 8, "203.0.113.7");
	put(&wire, 7, "224.0.0.1");
	put(&wire, 7, "2001:db8::7");
	all = bytes_of(field, wire.position);
	assert_int_equal(candidates_to_dial(bytes_of_string("203.0.113.7"), 7, all, false, out), 4);
	assert_is(&out[0], "203.0.113.7", 7);
	assert_is(&out[1], "10.0.0.5", 7);
	assert_is(&out[2], "203.0.113.7", 8);
	assert_is(&out[3], "2001:db8::7", 7);
	assert_int_equal(
	    candidates_to_dial(bytes_of_string("127.0.0.1"), 7, bytes_of("x", 1), true, out), 1);
	assert_int_equal(
	    candidates_to_dial(bytes_of_string("127.0.0.1"), 7, bytes_of("x", 1), false, out), 0);
	assert_int_equal(
	    candidates_to_dial(bytes_of_string("nonsense"), 7, bytes_of("", 0), true, out), 0);
}

/*
 * Whatever machine this is: all of it can be dialled, and the loopback is where it was asked
 * for.
 */
static void
this_machine(void **state UNUSED)
{
	struct address out[CANDIDATES_MAX];
	size_t count = candidates_find(40112, false, out), all;

	assert_true(count <= CANDIDATES_MAX);
	for (size_t i = 0; i < count; i++)
		assert_true(candidate_can_be_dialled(&out[i], false));
	all = candidates_find(40112, true, out);
	assert_true(all > count || all == CANDIDATES_MAX);
	for (size_t i = 0; i < all; i++)
		assert_int_equal(
		    out[i].any.sa_family == AF_INET ? out[i].v4.sin_port : out[i].v6.sin6_port,
		    htons(40112));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_comes_back),
		cmocka_unit_test(a_full_field_fits),
		cmocka_unit_test(a_broken_field_is_worthless),
		cmocka_unit_test(cut_or_too_many_is_worthless),
		cmocka_unit_test(what_is_never_dialled),
		cmocka_unit_test(loopback_only_from_loopback),
		cmocka_unit_test(an_introduction_is_dialled_in_order),
		cmocka_unit_test(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
