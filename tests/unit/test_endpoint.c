/* SPDX-License-Identifier: ISC */
#include "shared/endpoint.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/str.h"

#define DIGITS64 "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"

static struct bytes
text_of(const char *text)
{
	return bytes_of_string(text);
}

static const struct {
	const char *text;
	const char *host;	/* NULL: refused */
	uint16_t port;
} texts[] = {
	{ "127.0.0.1:7400", "127.0.0.1", 7400 },
	{ "[::1]:7400", "::1", 7400 },
	{ "[fe80::1%lo]:1", "fe80::1%lo", 1 },
	{ "[::ffff:1.2.3.4]:80", "::ffff:1.2.3.4", 80 },
	{ "example.org:65535", "example.org", 65535 },
	{ "a_b-c.d.:1", "a_b-c.d.", 1 },
	{ "0.0.0.0:0", "0.0.0.0", 0 },
	{ "1.2.3.com:5", "1.2.3.com", 5 },
	{ "", NULL, 0 },
	{ ":7400", NULL, 0 },
	{ "127.0.0.1", NULL, 0 },
	{ "127.0.0.1:", NULL, 0 },
	{ "127.0.0.1:65536", NULL, 0 },
	{ "127.0.0.1:000080", NULL, 0 },
	{ "127.0.0.1:+80", NULL, 0 },
	{ "127.0.0.1: 80", NULL, 0 },
	{ "127.0.0.1:80 ", NULL, 0 },
	{ "127.0.0.1:80:90", NULL, 0 },
	{ "127.0.0.256:80", NULL, 0 },
	{ "127.1:80", NULL, 0 },
	{ "2130706433:80", NULL, 0 },
	{ "0x7f.0x1:80", NULL, 0 },
	{ "::1:7400", NULL, 0 },
	{ "[::1]", NULL, 0 },
	{ "[::1]7400", NULL, 0 },
	{ "[::1:7400", NULL, 0 },
	{ "[127.0.0.1]:80", NULL, 0 },
	{ "[]:80", NULL, 0 },
	{ "[fe80::1%]:80", NULL, 0 },
	{ "[fe80::1%a/b]:80", NULL, 0 },
	{ "[fe80::1%0123456789abcdef]:80", NULL, 0 },
	{ ".org:80", NULL, 0 },
	{ "exa mple.org:80", NULL, 0 },
	{ "ex\303\244mple.org:80", NULL, 0 },
	{ "host/path:80", NULL, 0 },
	{ "\033[2J:80", NULL, 0 },
};

static void
parses_host_and_port(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct endpoint endpoint = { .host = "untouched", .port = 99 };
		char printed[ENDPOINT_TEXT_SIZE];
		bool is_good = endpoint_parse(text_of(texts[i].text), &endpoint);
		size_t len;

		if (texts[i].host == NULL) {
			if (is_good)
				fail_msg("'%s' was taken", texts[i].text);
			assert_string_equal(endpoint.host, "untouched");
			assert_int_equal(endpoint.port, 99);
			continue;
		}
		if (!is_good)
			fail_msg("'%s' was refused", texts[i].text);
		assert_string_equal(endpoint.host, texts[i].host);
		assert_int_equal(endpoint.port, texts[i].port);
		len = endpoint_print(&endpoint, printed);
		assert_int_equal(len, strlen(printed));
		assert_string_equal(printed, texts[i].text);
	}
}

static void
bounds_the_host(void **state UNUSED)
{
	char text[ENDPOINT_HOST_MAX + 10], printed[ENDPOINT_TEXT_SIZE];
	struct endpoint endpoint;

	memset(text, 'a', sizeof(text));
	memcpy(text + ENDPOINT_HOST_MAX, ":65535", 7);
	assert_true(endpoint_parse(text_of(text), &endpoint));
	assert_int_equal(strlen(endpoint.host), ENDPOINT_HOST_MAX);
	assert_int_equal(endpoint_print(&endpoint, printed), ENDPOINT_HOST_MAX + 6);
	text[ENDPOINT_HOST_MAX] = 'a';
	memcpy(text + ENDPOINT_HOST_MAX + 1, ":65535", 7);
	assert_false(endpoint_parse(text_of(text), &endpoint));
	assert_false(endpoint_parse(bytes_of("a\0b:80", 6), &endpoint));
	assert_false(endpoint_parse(bytes_of(NULL, 0), &endpoint));
}

static const struct {
	const char *text;
	const char *host;
	uint16_t port;
} hosts[] = {
	{ "example.org", "example.org", 7401 },
	{ "example.org:1", "example.org", 1 },
	{ "192.0.2.1", "192.0.2.1", 7401 },
	{ "2001:db8::1", "2001:db8::1", 7401 },
	{ "[2001:db8::1]", "2001:db8::1", 7401 },
	{ "[2001:db8::1]:2", "2001:db8::1", 2 },
	{ "::1", "::1", 7401 },
	{ "", NULL, 0 },
	{ "[::1", NULL, 0 },
	{ "[::1]x", NULL, 0 },
	{ "example.org:", NULL, 0 },
	{ "example.org:x", NULL, 0 },
	{ "127.1", NULL, 0 },
	{ "1:2:3", NULL, 0 },
};

static void
takes_a_host_without_port(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct endpoint endpoint;
		bool is_good = endpoint_parse_host(text_of(hosts[i].text), 7401, &endpoint);

		if (is_good != (hosts[i].host != NULL))
			fail_msg("'%s': %s", hosts[i].text, is_good ? "taken" : "refused");
		if (!is_good)
			continue;
		assert_string_equal(endpoint.host, hosts[i].host);
		assert_int_equal(endpoint.port, hosts[i].port);
	}
}

static const struct {
	const char *text;
	const char *back;	/* NULL: not numeric here */
	bool is_loopback, is_any;
	uint64_t prefix;
} addresses[] = {
	{ "127.0.0.1:7400", "127.0.0.1:7400", true, false, 0xffff7f000001 },
	{ "127.255.255.255:1", "127.255.255.255:1", true, false, 0xffff7fffffff },
	{ "126.255.255.255:1", "126.255.255.255:1", false, false, 0xffff7effffff },
	{ "128.0.0.1:1", "128.0.0.1:1", false, false, 0xffff80000001 },
	{ "0.0.0.0:0", "0.0.0.0:0", false, true, 0xffff00000000 },
	{ "[::]:9", "[::]:9", false, true, 0 },
	{ "[::1]:9", "[::1]:9", true, false, 0 },
	{ "[::2]:9", "[::2]:9", false, false, 0 },
	{ "[::ffff:127.0.0.1]:9", "127.0.0.1:9", true, false, 0xffff7f000001 },
	{ "[::ffff:192.0.2.7]:9", "192.0.2.7:9", false, false, 0xffffc0000207 },
	{ "[::ffff:0.0.0.0]:9", "0.0.0.0:9", false, true, 0xffff00000000 },
	{ "[2001:DB8:0:1::5]:9", "[2001:db8:0:1::5]:9", false, false, 0x20010db800000001 },
	{ "[2001:db8:0:1:ffff::]:9", "[2001:db8:0:1:ffff::]:9", false, false, 0x20010db800000001 },
	{ "[2001:db8:0:2::5]:9", "[2001:db8:0:2::5]:9", false, false, 0x20010db800000002 },
	{ "[fe80::1%lo]:9", "[fe80::1%lo]:9", false, false, 0xfe80000000000000 },
	{ "[fe80::1%nosuchnet0]:9", NULL, false, false, 0 },
	{ "localhost:9", NULL, false, false, 0 },
};

static void
knows_socket_addresses(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		char printed[ENDPOINT_TEXT_SIZE];
		struct endpoint endpoint;
		struct address address;
		enum status status;

		assert_true(endpoint_parse(text_of(addresses[i].text), &endpoint));
		status = endpoint_to_address(&endpoint, &address);
		if (addresses[i].back == NULL) {
			assert_int_equal(status, STATUS_NOT_FOUND);
			continue;
		}
		assert_int_equal(status, STATUS_OK);
		assert_int_equal(address.len, address.any.sa_family == AF_INET ?
		    sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		assert_true(endpoint_of_sockaddr(&address.any, &endpoint));
		endpoint_print(&endpoint, printed);
		assert_string_equal(printed, addresses[i].back);
		assert_int_equal(endpoint_is_loopback(&address.any), addresses[i].is_loopback);
		assert_int_equal(endpoint_is_any(&address.any), addresses[i].is_any);
		assert_true(endpoint_prefix(&address.any) == addresses[i].prefix);
	}
}

static void
leaves_other_families_alone(void **state UNUSED)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/tmp/x" };
	const struct sockaddr *any = (const struct sockaddr *)&local;
	struct endpoint endpoint = { .host = "x", .port = 1 };

	assert_false(endpoint_of_sockaddr(any, &endpoint));
	assert_string_equal(endpoint.host, "");
	assert_false(endpoint_is_loopback(any));
	assert_false(endpoint_is_any(any));
	assert_true(endpoint_prefix(any) == 0);
}

static const struct {
	const char *text;
	const char *printed;	/* NULL: refused */
} invites[] = {
	{ "tingyu://127.0.0.1:7400/?pin=" DIGITS64, "tingyu://127.0.0.1:7400/?pin=" DIGITS64 },
	{ "tingyu://127.0.0.1:7400?pin=" DIGITS64, "tingyu://127.0.0.1:7400/?pin=" DIGITS64 },
	{ "tingyu://[::1]:7400/", "tingyu://[::1]:7400/" },
	{ "tingyu://chat.example.org:7400", "tingyu://chat.example.org:7400/" },
	{ "tingyu://h:1/?pin=00112233445566778899AABBCCDDEEFF0123456789abcdef0123456789ABCDEF",
	  "tingyu://h:1/?pin=" DIGITS64 },
	{ "", NULL },
	{ "tingyu://", NULL },
	{ "tingyu:/h:1/", NULL },
	{ "http://h:1/", NULL },
	{ "tingyu://h/", NULL },
	{ "tingyu://h:0/", NULL },
	{ "tingyu://h:1//", NULL },
	{ "tingyu://h:1/x", NULL },
	{ "tingyu://h:1/?", NULL },
	{ "tingyu://h:1/?pin=", NULL },
	{ "tingyu://h:1/?pin=0011", NULL },
	{ "tingyu://h:1/?pin=" DIGITS64 "0", NULL },
	{ "tingyu://h:1/?pin=" DIGITS64 "00", NULL },
	{ "tingyu://h:1/?pin=g0112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef",
	  NULL },
	{ "tingyu://h:1/?key=" DIGITS64, NULL },
	{ "tingyu://h:1/?pin=" DIGITS64 " ", NULL },
};

static void
parses_invite_lines(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(invites); i++) {
		struct invite invite = { .server = { .host = "untouched" } };
		char printed[ENDPOINT_INVITE_SIZE];
		bool is_good = endpoint_parse_invite(text_of(invites[i].text), &invite);
		size_t len;

		if (is_good != (invites[i].printed != NULL))
			fail_msg("'%s': %s", invites[i].text, is_good ? "taken" : "refused");
		if (!is_good) {
			assert_string_equal(invite.server.host, "untouched");
			continue;
		}
		assert_int_equal(invite.has_pin, strstr(invites[i].printed, "pin") != NULL);
		len = endpoint_print_invite(&invite, printed);
		assert_int_equal(len, strlen(printed));
		assert_string_equal(printed, invites[i].printed);
	}
}

static void
prints_the_longest_invite(void **state UNUSED)
{
	struct invite invite = { .has_pin = true, .server.port = 65535 };
	char printed[ENDPOINT_INVITE_SIZE];

	memset(invite.server.host, ':', ENDPOINT_HOST_MAX);
	assert_int_equal(endpoint_print_invite(&invite, printed), ENDPOINT_INVITE_SIZE - 1);
	assert_int_equal(strlen(printed), ENDPOINT_INVITE_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_host_and_port),
		cmocka_unit_test(bounds_the_host),
		cmocka_unit_test(takes_a_host_without_port),
		cmocka_unit_test(knows_socket_addresses),
		cmocka_unit_test(leaves_other_families_alone),
		cmocka_unit_test(parses_invite_lines),
		cmocka_unit_test(prints_the_longest_invite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
