/* SPDX-License-Identifier: ISC */
#include "tests/support/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "shared/crypto.h"
#include "shared/password.h"

void
account_init(struct account *account, const char *name)
{
	*account = (struct account){ .name = name };
	identity_init(&account->identity);
	crypto_random(account->salt, sizeof(account->salt));
	crypto_random(account->secret, sizeof(account->secret));
}

struct msg_register
account_registration(const struct account *account, struct peer *peer)
{
	static uint8_t signature[IDENTITY_SIGNATURE_SIZE], wrapped_key[72];
	struct identity_channel channel;
	struct msg_register message = {
		.request = 2,
		.name = bytes_of_string(account->name),
		.display = bytes_of_string("Åsa 听雨"),
		.salt = bytes_of(account->salt, sizeof(account->salt)),
		.ops = PASSWORD_OPS_DEFAULT,
		.memory_kib = PASSWORD_MEMORY_DEFAULT,
		.secret = bytes_of(account->secret, sizeof(account->secret)),
		.identity =
		    bytes_of(account->identity.public_key, sizeof(account->identity.public_key)),
		.wrapped_key = bytes_of(wrapped_key, sizeof(wrapped_key)),
		.bundle = bytes_of_string("sealed"),
		.signature = bytes_of(signature, sizeof(signature)),
	};

	peer_channel(peer, &channel);
	identity_sign_register(&account->identity, &channel, &message, signature);
	return message;
}

static void
expect_registered(struct account *account, struct peer *peer, uint32_t request)
{
	struct msg_register_ok answer;

	peer_expect(peer, MSG_REGISTER_OK, &answer);
	assert_int_equal(answer.request, request);
	account->uid = answer.uid;
}

void
account_register(struct account *account, struct peer *peer)
{
	struct msg_register message = account_registration(account, peer);

	peer_send(peer, MSG_REGISTER, &message);
	expect_registered(account, peer, message.request);
}

/* The server has to have refused because it cannot do it now. */
static void
wait_as_told(struct peer *peer)
{
	struct msg_error error;

	peer_expect(peer, MSG_ERROR, &error);
	if (error.status != STATUS_BUSY && error.status != STATUS_STORE_AWAY)
		fail_msg("the server is not only away or busy: %s",
		    status_name((enum status)error.status));
	/* Nothing comes meanwhile: this is the wait that the server asked for. */
	assert_false(peer_hears(peer, error.retry_ms > 0 ? (int)error.retry_ms : 50));
}

void
account_register_patiently(struct account *account, struct peer *peer)
{
	struct msg_register message = account_registration(account, peer);

	for (;;) {
		peer_send(peer, MSG_REGISTER, &message);
		if (peer_next_type(peer) != MSG_ERROR)
			break;
		wait_as_told(peer);
		/* A server has no patience for ever with who does not log in. */
		peer_connect_again(peer);
		message = account_registration(account, peer);
	}
	expect_registered(account, peer, message.request);
}

static void
keep_token(struct account *account, struct bytes token)
{
	assert_true(token.len <= sizeof(account->token));
	memcpy(account->token, token.data, token.len);
	account->token_len = token.len;
}

static void
expect_welcome(struct account *account, struct peer *peer)
{
	struct msg_login_ok answer;

	peer_expect(peer, MSG_LOGIN_OK, &answer);
	assert_int_equal(answer.uid, account->uid);
	assert_true(bytes_equal(answer.name, bytes_of_string(account->name)));
	keep_token(account, answer.token);
}

void
account_send_login(const struct account *account, struct peer *peer, uint32_t request)
{
	struct msg_login message = {
		.request = request,
		.uid = account->uid,
		.method = 1,
		.proof = bytes_of(account->secret, sizeof(account->secret)),
	};

	peer_send(peer, MSG_LOGIN, &message);
}

void
account_login(struct account *account, struct peer *peer)
{
	account_send_login(account, peer, 3);
	expect_welcome(account, peer);
}

void
account_login_patiently(struct account *account, struct peer *peer)
{
	for (;;) {
		account_send_login(account, peer, 3);
		if (peer_next_type(peer) != MSG_ERROR)
			break;
		wait_as_told(peer);
		peer_connect_again(peer);
	}
	expect_welcome(account, peer);
}

void
account_login_by_key(struct account *account, struct peer *peer)
{
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	struct identity_channel channel;
	struct msg_login message = {
		.request = 3,
		.uid = account->uid,
		.method = 2,
		.proof = bytes_of(signature, sizeof(signature)),
	};

	peer_channel(peer, &channel);
	identity_sign_login(&account->identity, &channel, account->uid, signature);
	peer_send(peer, MSG_LOGIN, &message);
	expect_welcome(account, peer);
}

void
account_resume(struct account *account, struct peer *peer)
{
	struct msg_resume message = { .request = 4,
		.token = bytes_of(account->token, account->token_len) };
	struct msg_resume_ok answer;

	peer_send(peer, MSG_RESUME, &message);
	peer_expect(peer, MSG_RESUME_OK, &answer);
	assert_int_equal(answer.uid, account->uid);
	keep_token(account, answer.token);
}
