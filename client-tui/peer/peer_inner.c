/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_inner.h"

#include <assert.h>

#include "shared/str.h"
#include "shared/wire.h"

enum status
peer_inner_check(struct bytes text)
{
	if (text.len == 0)
		return STATUS_TOO_SHORT;
	if (text.len > PEER_INNER_BODY_MAX)
		return STATUS_TOO_LONG;
	return str_is_clean_message(text) ? STATUS_OK : STATUS_BAD_TEXT;
}

size_t
peer_inner_encode(const struct peer_inner *inner, uint8_t room[PEER_INNER_MAX])
{
	struct wire wire = wire_writer(room, PEER_INNER_MAX);

	wire_put_u8(&wire, inner->kind);
	wire_put_u64(&wire, inner->id);
	wire_put_blob(&wire, inner->body);
	assert(wire_is_good(&wire));
	return wire.position;
}

enum status
peer_inner_decode(struct bytes bytes, struct peer_inner *out)
{
	struct wire wire = wire_reader(bytes);
	struct peer_inner inner;
	enum status status;

	inner.kind = wire_get_u8(&wire);
	inner.id = wire_get_u64(&wire);
	inner.body = wire_get_blob(&wire);
	if (!wire_is_good(&wire) || wire_left(&wire) > 0)
		return STATUS_BAD_FRAME;
	if (inner.kind != PEER_INNER_TEXT)
		return STATUS_BAD_VALUE;
	status = peer_inner_check(inner.body);
	if (status == STATUS_OK)
		*out = inner;
	return status;
}
