/* SPDX-License-Identifier: ISC */
#include "server/bench/bench_proof.h"

#include "server/bench/bench_client.h"
#include "shared/identity.h"
#include "shared/link.h"
#include "shared/protocol.h"

/*
 * What an account has to say about its password, which it does not have: the smallest allowed
 * cost.
 */
enum { PASSWORD_OPS = 2, PASSWORD_MEMORY_KIB = 19 * 1024 };

/* The connection that a signature is for; without TLS the nonce stands for it. */
static void
describe_channel(struct link *link, struct bytes nonce, struct identity_channel *out)
{
	memset(out, 0, sizeof(*out));
	if (link_is_tls(link)) {
		link_peer_pin(link, out->pin);
		link_binding(link, out->binding);
	} else {
		memcpy(out->binding, nonce.data, sizeof(out->binding));
	}
}

static void
sign(struct link *link, const struct identity *identity, struct bytes nonce,
    const struct msg_register *message, uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	struct identity_channel channel;

	describe_channel(link, nonce, &channel);
	identity_sign_register(identity, &channel, message, signature);
}

void
bench_proof_send_register(const struct bench_client *client, struct bytes nonce)
{
	static const uint8_t zeros[72];
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	char name[ACCOUNT_NAME_ROOM];
	struct identity identity;
	struct msg_register message;

	account_name(client->index, name);
	identity_init_from_seed(&identity, client->account->seed);
	message = (struct msg_register){
		.request = BENCH_CLIENT_REQUEST,
		.name = bytes_of_string(name),
		.salt = bytes_of(zeros, 16),
		.ops = PASSWORD_OPS,
		.memory_kib = PASSWORD_MEMORY_KIB,
		.secret = bytes_of(client->account->secret, ACCOUNT_KEY_SIZE),
		.identity = bytes_of(identity.public_key, sizeof(identity.public_key)),
		.wrapped_key = bytes_of(zeros, sizeof(zeros)),
		.signature = bytes_of(signature, sizeof(signature)),
	};
	sign(client->link, &identity, nonce, &message, signature);
	link_send(client->link, MSG_REGISTER, &message);
	identity_clear(&identity);
}

void
bench_proof_send_login(const struct bench_client *client)
{
	const struct msg_login login = {
		.request = BENCH_CLIENT_REQUEST,
		.uid = client->account->uid,
		.method = 1,
		.proof = bytes_of(client->account->secret, ACCOUNT_KEY_SIZE),
	};

	link_send(client->link, MSG_LOGIN, &login);
}

void
bench_proof_send_resume(const struct bench_client *client)
{
	const struct msg_resume resume = {
		.request = BENCH_CLIENT_REQUEST,
		.token = bytes_of(client->token, client->token_len),
	};

	link_send(client->link, MSG_RESUME, &resume);
}
