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
 * Made once with openssl(1); the pin was taken from it by
 * openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum
 */
static const char known_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdzCCAR2gAwIBAgIUGINIX8ffZkDOoAdCvH03uLHHC1gwCgYIKoZIzj0EAwIw\n"
    "ETEPMA0GA1UEAwwGdGluZ3l1MB4XDTI2MTEyMjAzMjI1MVoXDTQ2MTExNzAzMjI1\n"
    "MVowETEPMA0GA1UEAwwGdGluZ3l1MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "/M47RoeVjIKyX7pbLkoOgmHKopMomlZGilpf/hCMYpAHdtk5c6/Idbmsb9dhxpbR\n"
    "k6AuuDKHJ9h1eGo5V9KG/qNTMFEwHQYDVR0OBBYEFLPbaFIdjLfhxcSsyLDW+SYR\n"
    "ZH2OMB8GA1UdIwQYMBaAFLPbaFIdjLfhxcSsyLDW+SYRZH2OMA8GA1UdEwEB/wQF\n"
    "MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgMRl6UCx1cECa/50+6m7BWbwg+6Ey7N8G\n"
    "L06WZR22l/0CIQDcqIrr1F4HFdfoxyWgWIKk+YoetBFmKHKwIe0sqLqObQ==\n"
    "-----END CERTIFICATE-----\n";

static const char known_pin[] = "9a96f6581883f43da28dff7b70c430729479f13da13469df0f8e82c905e03784";

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
	assert_int_equal(tls_context_new_server(pem(certificate), pem(key), false, &context), STATUS_OK);
	tls_context_unref(tls_context_ref(context));
	tls_context_unref(context);
	context = NULL;
	assert_int_equal(tls_context_new_server(pem(certificate), pem(other_key), false, &context), STATUS_BAD_KEY);
	assert_int_equal(tls_context_new_client(pem(certificate), pem(other_key), &context), STATUS_BAD_KEY);
	assert_null(context);
	free(certificate);
	free(key);
	free(other_certificate);
	free(other_key);
}

static void
what_is_no_certificate_is_refused(void **state UNUSED)
{
	struct bytes nothing = bytes_of(NULL, 0), noise = pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	struct tls_context *context = NULL;
	uint8_t pin[TLS_PIN_SIZE];

	assert_int_equal(tls_pin_of_certificate(nothing, pin), STATUS_BAD_KEY);
	assert_int_equal(tls_pin_of_certificate(noise, pin), STATUS_BAD_KEY);
	assert_int_equal(tls_context_new_server(nothing, nothing, false, &context), STATUS_BAD_KEY);
	assert_int_equal(tls_context_new_server(pem(known_certificate), noise, false, &context), STATUS_BAD_KEY);
	assert_null(context);
	tls_context_unref(NULL);
}

/* Everything in memory but what is sent: a full socket in the handshake and behind it loses nothing. */
static bool
step(struct tls *tls, int fd, bool *done, uint8_t *room, size_t size)
{
	ssize_t got;

	if (!*done) {
		int result = tls_handshake(tls);

		assert_true(result >= 0);
		*done = result > 0;
	}
	if (!tls_is_hungry(tls))
		return true;
	got = recv(fd, room, size, MSG_DONTWAIT);
	if (got <= 0)
		return false;
	tls_feed(tls, bytes_of(room, (size_t)got));
	return true;
}

static void
a_full_socket_is_waited_for(void **state UNUSED)
{
	static uint8_t rooms[2][50], text[100000], clear[20000];
	struct tls_context *contexts[2];
	struct bytes nothing = bytes_of(NULL, 0), rest = bytes_of(text, sizeof(text));
	bool done[2] = { false, false }, was_full = false;
	size_t arrived = 0;
	struct tls *ends[2];
	char *certificate, *key;
	int fds[2], small = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(tls_make_certificate(&certificate, &key), STATUS_OK);
	assert_int_equal(tls_context_new_server(pem(certificate), pem(key), false, &contexts[0]), STATUS_OK);
	assert_int_equal(tls_context_new_client(nothing, nothing, &contexts[1]), STATUS_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tls_new(contexts[i], fds[i], NULL, &ends[i]), STATUS_OK);
		tls_context_unref(contexts[i]);
	}
	while (!done[0] || !done[1])
		for (int i = 0; i < 2; i++)
			step(ends[i], fds[i], &done[i], rooms[i], sizeof(rooms[i]));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + i / 256);
	while (arrived < sizeof(text)) {
		ssize_t sent = rest.len > 0 ? tls_write(ends[0], rest) : 0, got;

		assert_true(sent >= 0);
		was_full |= sent == 0 && rest.len > 0;
		rest = bytes_from(rest, (size_t)sent);
		step(ends[1], fds[1], &done[1], rooms[1], sizeof(rooms[1]));
		while ((got = tls_read(ends[1], clear, sizeof(clear))) > 0) {
			assert_memory_equal(clear, text + arrived, (size_t)got);
			arrived += (size_t)got;
		}
		assert_int_equal(got, 0);
	}
	assert_true(was_full);
	for (int i = 0; i < 2; i++) {
		tls_free(ends[i]);
		close(fds[i]);
	}
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
		cmocka_unit_test(a_full_socket_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
