/* SPDX-License-Identifier: ISC */
/* What any text parses to prints as a text that parses to the same. */

#include "shared/endpoint.h"
#include "shared/str.h"
#include "tests/support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_same(const struct endpoint *a, const struct endpoint *b)
{
	return strcmp(a->host, b->host) == 0 && a->port == b->port;
}

static void
check_address(const struct endpoint *endpoint)
{
	struct address address, again;
	struct endpoint back;

	if (endpoint_to_address(endpoint, &address) != STATUS_OK)
		return;
	REQUIRE(endpoint_of_sockaddr(&address.any, &back));
	REQUIRE(back.port == endpoint->port);
	REQUIRE(endpoint_to_address(&back, &again) == STATUS_OK);
	REQUIRE(endpoint_prefix(&address.any) == endpoint_prefix(&again.any));
	REQUIRE(endpoint_is_loopback(&address.any) == endpoint_is_loopback(&again.any));
	REQUIRE(endpoint_is_any(&address.any) == endpoint_is_any(&again.any));
}

static void
check_endpoint(const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_SIZE];
	size_t len = endpoint_print(endpoint, text);
	struct endpoint back;

	REQUIRE(len == strlen(text) && str_is_clean(bytes_of(text, len)));
	REQUIRE(endpoint_parse(bytes_of(text, len), &back) && is_same(endpoint, &back));
	check_address(endpoint);
}

static void
check_invite(const struct invite *invite)
{
	char text[ENDPOINT_INVITE_SIZE];
	size_t len = endpoint_print_invite(invite, text);
	struct invite back;

	REQUIRE(len == strlen(text));
	REQUIRE(endpoint_parse_invite(bytes_of(text, len), &back));
	REQUIRE(is_same(&invite->server, &back.server) && invite->has_pin == back.has_pin);
	REQUIRE(memcmp(invite->pin, back.pin, sizeof(back.pin)) == 0);
	check_endpoint(&invite->server);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);
	struct endpoint endpoint;
	struct invite invite;

	if (endpoint_parse(text, &endpoint))
		check_endpoint(&endpoint);
	if (endpoint_parse_host(text, 7400, &endpoint))
		check_endpoint(&endpoint);
	if (endpoint_parse_invite(text, &invite))
		check_invite(&invite);
	return 0;
}
