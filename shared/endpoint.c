/* SPDX-License-Identifier: ISC */
#include "shared/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>

#include "shared/str.h"

static const char invite_scheme[] = "tingyu://";
static const char invite_pin[] = "?pin=";

static struct bytes
rest_of(struct bytes text, size_t from)
{
	return bytes_of((const char *)text.data + from, text.len - from);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_host_character(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '-' ||
	    c == '_';
}

/*
 * Whoever resolves "127.1" or "0x7f.1" later would get an address out of it that nobody wrote, so
 * a last label that begins with a digit has to end a plain IPv4 address.
 */
static bool
is_name_or_v4(const char *host)
{
	const char *last = strrchr(host, '.');
	struct in_addr v4;

	for (const char *at = host; *at != '\0'; at++)
		if (!is_host_character(*at))
			return false;
	last = last != NULL ? last + 1 : host;
	return is_digit(*last) ? inet_pton(AF_INET, host, &v4) == 1 : *host != '\0' && *host != '.';
}

static bool
is_v6(const char *host)
{
	const char *zone = strchr(host, '%');
	size_t len = zone != NULL ? (size_t)(zone - host) : strlen(host);
	char address[INET6_ADDRSTRLEN];
	struct in6_addr v6;

	if (!str_copy(bytes_of(host, len), address, sizeof(address)) ||
	    inet_pton(AF_INET6, address, &v6) != 1)
		return false;
	if (zone == NULL)
		return true;
	if (zone[1] == '\0' || strlen(zone + 1) >= IF_NAMESIZE)
		return false;
	for (zone++; *zone != '\0'; zone++)
		if (!is_host_character(*zone))
			return false;
	return true;
}

/* Reads "[v6]" or a host without colons; *used is what belongs to it. */
static bool
parse_host(struct bytes text, char *host, size_t *used)
{
	const char *at = text.data;
	bool is_bracketed = text.len > 0 && at[0] == '[';
	const char *end = text.len == 0 ? NULL : memchr(at, is_bracketed ? ']' : ':', text.len);
	size_t len = end != NULL ? (size_t)(end - at) : text.len;

	if (!is_bracketed) {
		*used = len;
		return str_copy(bytes_of(at, len), host, ENDPOINT_HOST_MAX + 1) &&
		    is_name_or_v4(host);
	}
	*used = len + 1;
	return end != NULL &&
	    str_copy(bytes_of(at + 1, len - 1), host, ENDPOINT_HOST_MAX + 1) && is_v6(host);
}

static bool
parse_port(struct bytes text, uint16_t *out)
{
	const char *at = text.data;
	uint64_t port;

	if (text.len < 2 || text.len > 6 || at[0] != ':' ||
	    !str_to_number(rest_of(text, 1), UINT16_MAX, &port))
		return false;
	*out = (uint16_t)port;
	return true;
}

bool
endpoint_parse(struct bytes text, struct endpoint *out)
{
	struct endpoint endpoint;
	size_t used;

	if (!parse_host(text, endpoint.host, &used) ||
	    !parse_port(rest_of(text, used), &endpoint.port))
		return false;
	*out = endpoint;
	return true;
}

bool
endpoint_parse_host(struct bytes text, uint16_t port, struct endpoint *out)
{
	struct endpoint endpoint = { .port = port };
	size_t used;

	if (endpoint_parse(text, out))
		return true;
	if (!(parse_host(text, endpoint.host, &used) && used == text.len) &&
	    !(str_copy(text, endpoint.host, sizeof(endpoint.host)) && is_v6(endpoint.host)))
		return false;
	*out = endpoint;
	return true;
}

size_t
endpoint_print(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_SIZE])
{
	bool is_bracketed = strchr(endpoint->host, ':') != NULL;

	return (size_t)snprintf(out, ENDPOINT_TEXT_SIZE, is_bracketed ? "[%s]:%u" : "%s:%u",
	    endpoint->host, (unsigned)endpoint->port);
}

enum status
endpoint_to_address(const struct endpoint *endpoint, struct address *out)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	if (getaddrinfo(endpoint->host, NULL, &hints, &found) != 0)
		return STATUS_NOT_FOUND;
	memset(out, 0, sizeof(*out));
	out->len = found->ai_addrlen;
	if (found->ai_family == AF_INET6) {
		memcpy(&out->v6, found->ai_addr, sizeof(out->v6));
		out->v6.sin6_port = htons(endpoint->port);
	} else {
		memcpy(&out->v4, found->ai_addr, sizeof(out->v4));
		out->v4.sin_port = htons(endpoint->port);
	}
	freeaddrinfo(found);
	return STATUS_OK;
}

/* The IPv4 address in there, also a mapped one, in host byte order. */
static bool
find_v4(const struct sockaddr *address, uint32_t *out)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	uint32_t v4;

	if (address->sa_family == AF_INET)
		v4 = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
	else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(&v4, v6->sin6_addr.s6_addr + 12, sizeof(v4));
	else
		return false;
	*out = ntohl(v4);
	return true;
}

static uint16_t
port_of(const struct sockaddr *address)
{
	return ntohs(address->sa_family == AF_INET ?
	    ((const struct sockaddr_in *)address)->sin_port :
	    ((const struct sockaddr_in6 *)address)->sin6_port);
}

bool
endpoint_of_sockaddr(const struct sockaddr *from, struct endpoint *out)
{
	struct in_addr v4;

	out->host[0] = '\0';
	out->port = 0;
	if (find_v4(from, &v4.s_addr)) {
		v4.s_addr = htonl(v4.s_addr);
		inet_ntop(AF_INET, &v4, out->host, sizeof(out->host));
	} else if (from->sa_family != AF_INET6 ||
	    getnameinfo(from, sizeof(struct sockaddr_in6), out->host, sizeof(out->host), NULL, 0,
	    NI_NUMERICHOST) != 0) {
		return false;
	}
	out->port = port_of(from);
	return true;
}

bool
endpoint_is_loopback(const struct sockaddr *address)
{
	uint32_t v4;

	if (find_v4(address, &v4))
		return v4 >> 24 == IN_LOOPBACKNET;
	return address->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

bool
endpoint_is_any(const struct sockaddr *address)
{
	uint32_t v4;

	if (find_v4(address, &v4))
		return v4 == INADDR_ANY;
	return address->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/*
 * IPv4 becomes ::ffff:a.b.c.d shifted into a /64: those prefixes begin with 00, which nobody has
 * (RFC 4291, 2.4), so the two families cannot meet.
 */
uint64_t
endpoint_prefix(const struct sockaddr *address)
{
	uint64_t prefix = 0;
	uint32_t v4;

	if (find_v4(address, &v4))
		return (uint64_t)0xffff << 32 | v4;
	if (address->sa_family != AF_INET6)
		return 0;
	for (size_t i = 0; i < 8; i++)
		prefix = prefix << 8 | ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr[i];
	return prefix;
}

/* Behind host:port of an invite: nothing, "/", or "?pin=HEX" with or without a "/" before. */
static bool
parse_pin(struct bytes text, struct invite *out)
{
	size_t len = sizeof(invite_pin) - 1;

	if (text.len > 0 && *(const char *)text.data == '/')
		text = rest_of(text, 1);
	out->has_pin = text.len > 0;
	if (!out->has_pin)
		return true;
	return text.len > len && memcmp(text.data, invite_pin, len) == 0 &&
	    str_from_hex(rest_of(text, len), out->pin, sizeof(out->pin));
}

bool
endpoint_parse_invite(struct bytes text, struct invite *out)
{
	struct invite invite = { 0 };
	size_t scheme = sizeof(invite_scheme) - 1, len = 0;
	const char *at = text.data;

	if (text.len < scheme || memcmp(at, invite_scheme, scheme) != 0)
		return false;
	text = rest_of(text, scheme);
	at = text.data;
	while (len < text.len && at[len] != '/' && at[len] != '?')
		len++;
	if (!endpoint_parse(bytes_of(at, len), &invite.server) || invite.server.port == 0 ||
	    !parse_pin(rest_of(text, len), &invite))
		return false;
	*out = invite;
	return true;
}

size_t
endpoint_print_invite(const struct invite *invite, char out[ENDPOINT_INVITE_SIZE])
{
	char server[ENDPOINT_TEXT_SIZE], pin[2 * ENDPOINT_PIN_SIZE + 1] = "";

	endpoint_print(&invite->server, server);
	if (invite->has_pin)
		str_to_hex(bytes_of(invite->pin, sizeof(invite->pin)), pin);
	return (size_t)snprintf(out, ENDPOINT_INVITE_SIZE, "%s%s/%s%s", invite_scheme, server,
	    invite->has_pin ? invite_pin : "", pin);
}
