/* SPDX-License-Identifier: ISC */
/*
 * The input is a configuration file of the servers; its first line is also an override of the command line. Whatever is
 * wrong with it is told in clean sentences; whatever is good survives the way to another process.
 */

#include "server/proc/settings.h"
#include "shared/conf_value.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "tests/support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_sentences(struct conf_mistakes *mistakes)
{
	for (size_t i = 0; i < conf_mistakes_kept(mistakes); i++)
		REQUIRE(str_is_clean(bytes_of_string(mistakes->sentences[i])));
	conf_mistakes_clear(mistakes);
}

static void
check_travel(const struct settings *settings)
{
	struct bytes bytes = settings_encode(settings);
	struct settings back;

	REQUIRE(settings_decode(bytes, &back) == STATUS_OK);
	for (size_t i = 0; i < settings_table()->count; i++)
		REQUIRE(conf_value_is_equal(&settings_table()->options[i], settings, &back));
	settings_clear(&back);
	free((void *)bytes.data);
}

static void
override(struct bytes text, struct settings *settings, struct conf_mistakes *mistakes)
{
	const char *end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
	size_t len = end != NULL ? (size_t)(end - (const char *)text.data) : text.len;
	char *pair = mem_string_of(bytes_of(text.data, len));

	conf_override(settings_table(), (const char *const *)&pair, 1, settings, mistakes);
	free(pair);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);
	struct conf_mistakes mistakes = { 0 };
	struct settings settings;

	settings_init(&settings);
	conf_read(settings_table(), text, "fuzz.conf", &settings, &mistakes);
	override(text, &settings, &mistakes);
	/* Mistakes leave values as good as the others; this is only slow. */
	if (mistakes.count <= 1)
		check_travel(&settings);
	check_sentences(&mistakes);
	settings_clear(&settings);
	return 0;
}
