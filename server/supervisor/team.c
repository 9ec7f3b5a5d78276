/* SPDX-License-Identifier: ISC */
#include "server/supervisor/team.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/supervisor/state.h"
#include "shared/conf_value.h"
#include "shared/mem.h"
#include "shared/str.h"

/* --- the folder ----------------------------------------------------------- */

static enum arguments_verdict
load_with_folder(struct arguments *arguments, struct team *team, char *folder)
{
	struct conf_mistakes mistakes = { 0 };
	struct settings fresh;
	enum status status;

	team->override = mem_format("state-dir=%s", folder);
	arguments_add_override(arguments, team->override);
	status = settings_load(arguments->file, arguments->file_is_given, arguments->overrides,
	    arguments->override_count, &fresh, &mistakes);
	if (status == STATUS_OK) {
		settings_clear(&team->settings);
		team->settings = fresh;
	} else {
		fprintf(stderr, "%s: %s\n", arguments->program, mistakes.sentences[0]);
	}
	conf_mistakes_clear(&mistakes);
	return status == STATUS_OK ? ARGUMENTS_RUN : ARGUMENTS_WRONG;
}

enum arguments_verdict
team_start(int argc, char **argv, struct arguments *arguments, struct team *out)
{
	enum arguments_verdict verdict;
	char *folder;

	*out = (struct team){ 0 };
	verdict = arguments_start(argc, argv, "a route server and a work server on this machine",
	    arguments, &out->settings);
	if (verdict != ARGUMENTS_RUN || strcmp(out->settings.state_dir, TINGYU_STATEDIR) != 0)
		return verdict;
	folder = state_default_folder();
	if (folder != NULL && strcmp(folder, TINGYU_STATEDIR) != 0)
		verdict = load_with_folder(arguments, out, folder);
	free(folder);
	if (verdict != ARGUMENTS_RUN) {
		team_clear(out);
		arguments_clear(arguments);
	}
	return verdict;
}

void
team_clear(struct team *team)
{
	settings_clear(&team->settings);
	credentials_clear(&team->credentials);
	free(team->override);
}

/* --- addresses ------------------------------------------------------------ */

static struct endpoint
endpoint_of(const char *listen)
{
	struct endpoint endpoint = { .port = 0 };
	bool is_good = endpoint_parse(bytes_of_string(listen), &endpoint);

	/* The settings were checked. */
	assert(is_good);
	(void)is_good;
	return endpoint;
}

static bool
is_any(const struct endpoint *endpoint)
{
	struct address address;

	return endpoint_to_address(endpoint, &address) == STATUS_OK &&
	    endpoint_is_any(&address.any);
}

static void
set_host(struct endpoint *endpoint, const char *host)
{
	bool fits = str_copy(bytes_of_string(host), endpoint->host, sizeof(endpoint->host));

	assert(fits);
	(void)fits;
}

/* The route server from here: who listens on every address also does on loopback. */
static struct endpoint
route_from_here(const struct settings *settings)
{
	struct endpoint route = endpoint_of(settings->route_listen);

	if (is_any(&route))
		set_host(&route, strchr(route.host, ':') != NULL ? "::1" : "127.0.0.1");
	return route;
}

/* From elsewhere: who listens on every address is reached where the work server is. */
static struct endpoint
route_from_elsewhere(const struct settings *settings)
{
	struct endpoint route = endpoint_of(settings->route_listen), work;

	if (is_any(&route)) {
		settings_advertised(settings, route.port, &work);
		set_host(&route, work.host);
	}
	return route;
}

const uint8_t *
team_pin(const struct team *team)
{
	return team->settings.insecure_plaintext ? NULL : team->credentials.pin;
}

static void
print_invite(const struct team *team, const struct endpoint *route, char out[ENDPOINT_INVITE_SIZE])
{
	struct invite invite = { .server = *route, .has_pin = team_pin(team) != NULL };

	memcpy(invite.pin, team->credentials.pin, sizeof(invite.pin));
	endpoint_print_invite(&invite, out);
}

void
team_invite(const struct team *team, char out[ENDPOINT_INVITE_SIZE])
{
	struct endpoint route = route_from_elsewhere(&team->settings);

	print_invite(team, &route, out);
}

void
team_route_address(const struct team *team, struct address *out)
{
	struct endpoint route = route_from_here(&team->settings);
	enum status status = endpoint_to_address(&route, out);

	assert(status == STATUS_OK);
	(void)status;
}

/* --- each other ----------------------------------------------------------- */

/* Into a list of the settings, unless it is there already. */
static enum status
add_item(struct settings *settings, const char *name, const struct conf_list *list,
    const char *item, char *sentence)
{
	char *why;

	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i], item) == 0)
			return STATUS_OK;
	why = conf_value_parse(conf_find(settings_table(), bytes_of_string(name)), item, settings);
	if (why == NULL)
		return STATUS_OK;
	snprintf(sentence, TEAM_SENTENCE_MAX, "%s %s", name, why);
	free(why);
	return STATUS_BAD_CONFIG;
}

enum status
team_meet(struct team *team, char sentence[TEAM_SENTENCE_MAX])
{
	struct endpoint route = route_from_here(&team->settings);
	char pin[2 * CREDENTIALS_PIN_SIZE + 1], invite[ENDPOINT_INVITE_SIZE];
	enum status status = credentials_load(&team->settings, true, &team->credentials, sentence);

	if (status != STATUS_OK)
		return status;
	str_to_hex(bytes_of(team->credentials.pin, CREDENTIALS_PIN_SIZE), pin);
	print_invite(team, &route, invite);
	status = add_item(&team->settings, "allow-work", &team->settings.allowed_work, pin,
	    sentence);
	if (status == STATUS_OK)
		status = add_item(&team->settings, "route-server", &team->settings.route_servers,
		    invite, sentence);
	return status;
}

enum status
team_reload(struct team *team, const struct arguments *arguments, char sentence[TEAM_SENTENCE_MAX])
{
	struct team fresh = { 0 };
	enum status status;

	settings_copy(&team->settings, &fresh.settings);
	status = arguments_reload(arguments, &fresh.settings);
	if (status == STATUS_OK)
		status = credentials_keep_cluster_key(&fresh.settings, sentence);
	if (status == STATUS_OK)
		status = team_meet(&fresh, sentence);
	if (status != STATUS_OK) {
		team_clear(&fresh);
		return status;
	}
	fresh.override = team->override;
	team->override = NULL;
	team_clear(team);
	*team = fresh;
	settings_start_log(&team->settings);
	return STATUS_OK;
}
