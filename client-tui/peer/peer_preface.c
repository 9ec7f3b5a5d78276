/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_preface.h"

#include <errno.h>
#include <sys/socket.h>

enum peer_preface_result
peer_preface_receive(struct peer_preface *preface, int fd)
{
	while (preface->len < sizeof(preface->token)) {
		ssize_t got = recv(
		    fd, preface->token + preface->len, sizeof(preface->token) - preface->len, 0);

		if (got > 0)
			preface->len += (size_t)got;
		else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return PEER_PREFACE_PARTIAL;
		else if (got == 0 || errno != EINTR)
			return PEER_PREFACE_ENDED;
	}
	return PEER_PREFACE_WHOLE;
}

bool
peer_preface_send(int fd, const uint8_t token[PEER_TOKEN_SIZE])
{
	/* A fresh socket has room for them all. */
	return send(fd, token, PEER_TOKEN_SIZE, MSG_NOSIGNAL) == PEER_TOKEN_SIZE;
}
