/* SPDX-License-Identifier: ISC */
/*
 * Where somebody can be reached: "host:port" as text and as a socket address, and the invite line
 * that carries it to people. Nothing here asks the network: names stay text for a resolver.
 */

#ifndef SHARED_ENDPOINT_H
#define SHARED_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/bytes.h"
#include "shared/status.h"

enum {
	ENDPOINT_HOST_MAX = 255,
	/* "[host]:65535" and its end mark. */
	ENDPOINT_TEXT_SIZE = ENDPOINT_HOST_MAX + 9,
	ENDPOINT_PIN_SIZE = 32,
	/* "tingyu://" host:port "/?pin=" 64 digits and the end mark. */
	ENDPOINT_INVITE_SIZE = ENDPOINT_TEXT_SIZE + 79,
};

struct endpoint {
	char host[ENDPOINT_HOST_MAX + 1];	/* a name or a numeric address, without brackets */
	uint16_t port;
};

/* A socket address of either family, for bind(2) and connect(2): &address.any, address.len. */
struct address {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/* What an invite line says. */
struct invite {
	struct endpoint server;
	bool has_pin;
	uint8_t pin[ENDPOINT_PIN_SIZE];	/* SHA-256 of the server's public key */
};

/*
 * "host:port" or "[IPv6]:port"; IPv6 may carry a zone ("fe80::1%eth0", RFC 4007). A host is
 * letters, digits, '.', '-', '_'; one whose last label is a number has to be four of them (no
 * "127.1"). Port 0 is taken: bind(2) knows what it means. On false *out is left alone.
 */
bool endpoint_parse(struct bytes text, struct endpoint *out);

/* The same, but ":port" may be missing, then it is "port"; a bare IPv6 needs no brackets. */
bool endpoint_parse_host(struct bytes text, uint16_t port, struct endpoint *out);

/* What endpoint_parse() reads. Returns the length written. */
size_t endpoint_print(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_SIZE]);

/* STATUS_NOT_FOUND when the host is a name, or a zone that this machine has not. */
enum status endpoint_to_address(const struct endpoint *endpoint, struct address *out);

/*
 * A socket address as numbers; an IPv4 address that came mapped into IPv6 (RFC 4291, 2.5.5.2) is
 * given as IPv4. False, and an empty host, when it is of neither family.
 */
bool endpoint_of_sockaddr(const struct sockaddr *from, struct endpoint *out);

/* 127.0.0.0/8, ::1, and the first mapped into IPv6. */
bool endpoint_is_loopback(const struct sockaddr *address);

/* 0.0.0.0 or ::, which a listener may have but nobody can dial. */
bool endpoint_is_any(const struct sockaddr *address);

/*
 * The part of an address that rate limits count by: /32 of IPv4 (also when mapped), /64 of IPv6.
 * No two prefixes in use on the Internet share a key; 0 for other families.
 */
uint64_t endpoint_prefix(const struct sockaddr *address);

/*
 * "tingyu://host:port/?pin=HEX", the pin being 64 hexadecimal digits; "/?pin=HEX" may be missing,
 * and so may the "/". The port is 1 to 65535. On false *out is left alone.
 */
bool endpoint_parse_invite(struct bytes text, struct invite *out);

/* What endpoint_parse_invite() reads. Returns the length written. */
size_t endpoint_print_invite(const struct invite *invite, char out[ENDPOINT_INVITE_SIZE]);

#endif
