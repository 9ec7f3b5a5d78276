/* SPDX-License-Identifier: ISC */
#include "server/proc/credentials.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/proc/files.h"
#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/tls.h"
#include "tests/support/tmpdir.h"

/* A server that has not been started yet, and its log. */
struct place {
	char *folder;
	char *log;
	struct settings settings;
	struct credentials credentials;
	char sentence[CREDENTIALS_SENTENCE_MAX];
};

static int
set_up(void **state)
{
	struct place *place = mem_new(sizeof(*place));
	struct conf_mistakes mistakes = { 0 };
	const char *overrides[1];
	char *override;

	place->folder = tmpdir_new();
	place->log = tmpdir_path(place->folder, "log");
	override = mem_format("state-dir=%s/state", place->folder);
	overrides[0] = override;
	assert_int_equal(settings_load(NULL, false, overrides, 1, &place->settings, &mistakes),
	    STATUS_OK);
	free(override);
	assert_int_equal(log_to_file(place->log), STATUS_OK);
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;

	log_to_file(NULL);
	credentials_clear(&place->credentials);
	settings_clear(&place->settings);
	tmpdir_free(place->folder);
	free(place->log);
	free(place);
	return 0;
}

static enum status
load(struct place *place)
{
	credentials_clear(&place->credentials);
	place->sentence[0] = '\0';
	return credentials_load(&place->settings, true, &place->credentials, place->sentence);
}

static mode_t
mode_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 07777;
}

static bool
log_says(const struct place *place, const char *words)
{
	struct bytes text;
	bool is_there;

	assert_int_equal(files_read(place->log, 1 << 20, &text), STATUS_OK);
	is_there = strstr(text.data, words) != NULL;
	free((void *)(uintptr_t)text.data);
	return is_there;
}

static void
what_is_missing_is_made_once_and_for_us_alone(void **state)
{
	struct place *place = *state;
	uint8_t pin[CREDENTIALS_PIN_SIZE], key[CREDENTIALS_KEY_SIZE];

	assert_int_equal(load(place), STATUS_OK);
	memcpy(pin, place->credentials.pin, sizeof(pin));
	memcpy(key, place->credentials.cluster_key, sizeof(key));
	assert_int_equal(mode_of(place->settings.state_dir), 0700);
	assert_int_equal(mode_of(place->settings.private_key), 0600);
	assert_int_equal(mode_of(place->settings.cluster_key), 0600);
	assert_int_equal(load(place), STATUS_OK);
	assert_memory_equal(place->credentials.pin, pin, sizeof(pin));
	assert_memory_equal(place->credentials.cluster_key, key, sizeof(key));
	assert_false(log_says(place, "warn"));
}

static void
secrets_that_are_open_to_all_are_told(void **state)
{
	struct place *place = *state;

	assert_int_equal(load(place), STATUS_OK);
	assert_int_equal(chmod(place->settings.cluster_key, 0644), 0);
	assert_int_equal(load(place), STATUS_OK);
	assert_true(log_says(place, "cluster.key is open to every user of this machine"));
	assert_false(log_says(place, "private-key.pem is open"));
}

static void
half_a_pair_is_refused(void **state)
{
	struct place *place = *state;

	assert_int_equal(load(place), STATUS_OK);
	assert_int_equal(unlink(place->settings.certificate), 0);
	assert_int_equal(load(place), STATUS_NOT_FOUND);
	assert_non_null(strstr(place->sentence, "certificate.pem does not exist, but"));
	assert_int_equal(unlink(place->settings.private_key), 0);
	assert_int_equal(load(place), STATUS_OK);
}

static void
a_foreign_key_is_refused(void **state)
{
	struct place *place = *state;
	char *certificate, *key;

	assert_int_equal(load(place), STATUS_OK);
	assert_int_equal(tls_make_certificate(&certificate, &key), STATUS_OK);
	assert_int_equal(files_write(place->settings.private_key, 0600, bytes_of_string(key)),
	    STATUS_OK);
	assert_int_equal(load(place), STATUS_BAD_KEY);
	assert_non_null(strstr(place->sentence, "cannot be used together"));
	free(certificate);
	free(key);
}

static void
a_cluster_key_has_its_length(void **state)
{
	struct place *place = *state;

	assert_int_equal(load(place), STATUS_OK);
	assert_int_equal(files_write(place->settings.cluster_key, 0600, bytes_of_string("short")),
	    STATUS_OK);
	assert_int_equal(load(place), STATUS_BAD_KEY);
	assert_non_null(strstr(place->sentence, "has 5 bytes, a cluster key has 32"));
}

/* A key of which only a part is on disk would be another one after the next start. */
static void
a_full_disk_leaves_nothing_half_made(void **state)
{
	/* Room for the private key, not for the certificate; then not even for the cluster key. */
	static const rlim_t rooms[] = { 200, 16 };
	const struct rlimit whole = { RLIM_INFINITY, RLIM_INFINITY };
	struct place *place = *state;

	signal(SIGXFSZ, SIG_IGN);
	log_to_file(NULL);
	for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
		const struct rlimit small = { rooms[i], RLIM_INFINITY };
		enum status status;

		place->settings.insecure_plaintext = i == 1;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		status = load(place);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
		assert_int_not_equal(status, STATUS_OK);
		assert_non_null(strstr(place->sentence, "cannot be made: "));
		assert_null(strstr(place->sentence, "Success"));
		assert_false(files_exist(place->settings.private_key));
		assert_false(files_exist(place->settings.certificate));
		assert_false(files_exist(place->settings.cluster_key));
	}
	place->settings.insecure_plaintext = false;
	assert_int_equal(load(place), STATUS_OK);
}

static void
they_travel_as_bytes(void **state)
{
	struct place *place = *state;
	struct credentials arrived = { 0 };
	struct settings settings;
	struct bytes blob;

	assert_int_equal(load(place), STATUS_OK);
	blob = credentials_pack(&place->settings, &place->credentials);
	assert_int_equal(credentials_unpack(blob, &settings, &arrived), STATUS_OK);
	assert_string_equal(arrived.key, place->credentials.key);
	assert_string_equal(settings.state_dir, place->settings.state_dir);
	assert_memory_equal(arrived.cluster_key, place->credentials.cluster_key,
	    sizeof(arrived.cluster_key));
	credentials_clear(&arrived);
	settings_clear(&settings);
	assert_int_equal(credentials_unpack(bytes_of(blob.data, blob.len - 1), &settings, &arrived),
	    STATUS_BAD_FRAME);
	free((void *)(uintptr_t)blob.data);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_missing_is_made_once_and_for_us_alone),
		TEST(secrets_that_are_open_to_all_are_told),
		TEST(half_a_pair_is_refused),
		TEST(a_foreign_key_is_refused),
		TEST(a_cluster_key_has_its_length),
		TEST(a_full_disk_leaves_nothing_half_made),
		TEST(they_travel_as_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
