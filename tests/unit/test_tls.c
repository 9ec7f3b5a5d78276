/* SPDX-License-Identifier: ISC */
/* Certificates, keys and contexts; sessions are tested as links. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "shared/tls.h"

/*
 * A P-256 pair made once with openssl(1); the pin was taken from it by
 * openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum
 */
static const char known_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdzCCAR2gAwIBAgIUDsiQXu1RsIgS+j8nbmdNNwPpYAYwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGdGluZ3l1MB4XDTI2MTEyMjAzNTMyN1oXDTQ2MTExNzAzNTMy\n"
    "N1owETEPMA0GA1UEAwwGdGluZ3l1MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "e/EKcOU4kRg4AavfI2aDFO0TnejXNJPE52PBjVIl4qn4MeFDkL7IGDMhiWuv1NB6\n"
    "9KyV75Dv9b+OqOz1yz6qeKNTMFEwHQYDVR0OBBYEFBkmgXUm3T3PL35ZBrUSkpCC\n"
    "KdY7MB8GA1UdIwQYMBaAFBkmgXUm3T3PL35ZBrUSkpCCKdY7MA8GA1UdEwEB/wQF\n"
    "MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgS8HcfkP+TfbiuHoomH1o1AKN9plbE5Ki\n"
    "hQpzB9Z4D60CIQCsW1KQb2BVPK8fzpij162gq5o38EBAvetTL13P0XTt3w==\n"
    "-----END CERTIFICATE-----\n";

static const char known_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHIZI8nDM+9pfAPAL\n"
    "aQWuSqk8Tgo8o4KxmIVcTKREuT6hRANCAAR78Qpw5TiRGDgBq98jZoMU7ROd6Nc0\n"
    "k8TnY8GNUiXiqfgx4UOQvsgYMyGJa6/U0Hr0rJXvkO/1v46o7PXLPqp4\n"
    "-----END PRIVATE KEY-----\n";

static const char known_pin[] = "aaf42b05dfa81ac204dc1080aefeba6356b09f939d5dbb09b710e53e02fce325";

static struct bytes
pem(const char *text)
{
	return bytes_of_string(text);
}

static void
the_pin_is_that_of_others(void **state UNUSED)
{
	uint8_t pin[TLS_PIN_SIZE];
	char hex[2 * TLS_PIN_SIZE + 1];

	assert_int_equal(tls_pin_of_certificate(pem(known_certificate), pin), STATUS_OK);
	str_to_hex(bytes_of(pin, sizeof(pin)), hex);
	assert_string_equal(hex, known_pin);
}

static void
made_certificates_fit_their_keys_and_differ(void **state UNUSED)
{
	uint8_t pin[TLS_PIN_SIZE], other_pin[TLS_PIN_SIZE];
	char *certificate, *key, *other_certificate, *other_key;
	struct tls_context *context = NULL;

	assert_int_equal(tls_make_certificate(&certificate, &key), STATUS_OK);
	assert_int_equal(tls_make_certificate(&other_certificate, &other_key), STATUS_OK);
	assert_int_equal(tls_pin_of_certificate(pem(certificate), pin), STATUS_OK);
	assert_int_equal(tls_pin_of_certificate(pem(other_certificate), other_pin), STATUS_OK);
	assert_memory_not_equal(pin, other_pin, sizeof(pin));
	assert_int_equal(
	    tls_context_new_server(pem(certificate), pem(key), false, &context), STATUS_OK);
	tls_context_unref(tls_context_ref(context));
	tls_context_unref(context);
	context = NULL;
	assert_int_equal(tls_context_new_server(pem(certificate), pem(other_key), false, &context),
	    STATUS_BAD_KEY);
	assert_int_equal(
	    tls_context_new_client(pem(certificate), pem(other_key), &context), STATUS_BAD_KEY);
	assert_null(context);
	free(certificate);
	free(key);
	free(other_certificate);
	free(other_key);
}

static void
what_is_no_certificate_is_refused(void **state UNUSED)
{
	static const char empty[] =
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	struct bytes nothing = bytes_of(NULL, 0), noise = pem(empty);
	struct tls_context *context = NULL;
	uint8_t pin[TLS_PIN_SIZE];

	assert_int_equal(tls_pin_of_certificate(nothing, pin), STATUS_BAD_KEY);
	assert_int_equal(tls_pin_of_certificate(noise, pin), STATUS_BAD_KEY);
	assert_int_equal(tls_context_new_server(nothing, nothing, false, &context), STATUS_BAD_KEY);
	assert_int_equal(
	    tls_context_new_server(pem(known_certificate), noise, false, &context), STATUS_BAD_KEY);
	assert_null(context);
	tls_context_unref(NULL);
}

static void
step(struct tls *tls, int fd, bool *done, uint8_t *room, size_t size)
{
	ssize_t got;

	if (!*done) {
		int result = tls_handshake(tls);

		assert_true(result >= 0);
		*done = result > 0;
	}
	if (!tls_is_hungry(tls))
		return;
	got = recv(fd, room, size, MSG_DONTWAIT);
	if (got > 0)
		tls_feed(tls, bytes_of(room, (size_t)got));
}

struct pair {
	struct tls *ends[2];
	int fds[2];
	bool done[2];
	uint8_t rooms[2][50];
};

/* A server and a client over the smallest sockets there are, handshake done. */
static void
pair_open(struct pair *pair, const char *certificate, const char *key, const uint8_t *pin)
{
	struct tls_context *contexts[2];
	struct bytes nothing = bytes_of(NULL, 0);
	const int small = 1;

	*pair = (struct pair){ .done = { false, false } };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
	assert_int_equal(
	    tls_context_new_server(pem(certificate), pem(key), false, &contexts[0]), STATUS_OK);
	assert_int_equal(tls_context_new_client(nothing, nothing, &contexts[1]), STATUS_OK);
	for (int i = 0; i < 2; i++) {
		setsockopt(pair->fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		assert_int_equal(
		    tls_new(contexts[i], pair->fds[i], i == 1 ? pin : NULL, &pair->ends[i]),
		    STATUS_OK);
		tls_context_unref(contexts[i]);
	}
	while (!pair->done[0] || !pair->done[1])
		for (int i = 0; i < 2; i++)
			step(pair->ends[i], pair->fds[i], &pair->done[i], pair->rooms[i],
			    sizeof(pair->rooms[i]));
}

static void
pair_close(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		tls_free(pair->ends[i]);
		close(pair->fds[i]);
	}
}

static void
a_certificate_made_elsewhere_serves(void **state UNUSED)
{
	uint8_t pin[TLS_PIN_SIZE], seen[TLS_PIN_SIZE];
	struct pair pair;

	assert_true(str_from_hex(pem(known_pin), pin, sizeof(pin)));
	pair_open(&pair, known_certificate, known_key, pin);
	assert_int_equal(tls_peer_pin(pair.ends[1], seen), STATUS_OK);
	assert_memory_equal(pin, seen, sizeof(pin));
	pair_close(&pair);
}

static void
a_full_socket_is_waited_for(void **state UNUSED)
{
	static uint8_t text[100000], clear[20000];
	struct bytes rest = bytes_of(text, sizeof(text));
	bool was_full = false;
	size_t arrived = 0;
	char *certificate, *key;
	struct pair pair;

	assert_int_equal(tls_make_certificate(&certificate, &key), STATUS_OK);
	pair_open(&pair, certificate, key, NULL);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + i / 256);
	while (arrived < sizeof(text)) {
		ssize_t sent = rest.len > 0 ? tls_write(pair.ends[0], rest) : 0, got;

		assert_true(sent >= 0);
		was_full |= sent == 0 && rest.len > 0;
		rest = bytes_from(rest, (size_t)sent);
		step(
		    pair.ends[1], pair.fds[1], &pair.done[1], pair.rooms[1], sizeof(pair.rooms[1]));
		while ((got = tls_read(pair.ends[1], clear, sizeof(clear))) > 0) {
			assert_memory_equal(clear, text + arrived, (size_t)got);
			arrived += (size_t)got;
		}
		assert_int_equal(got, 0);
	}
	assert_true(was_full);
	pair_close(&pair);
	free(certificate);
	free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pin_is_that_of_others),
		cmocka_unit_test(made_certificates_fit_their_keys_and_differ),
		cmocka_unit_test(what_is_no_certificate_is_refused),
		cmocka_unit_test(a_certificate_made_elsewhere_serves),
		cmocka_unit_test(a_full_socket_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
