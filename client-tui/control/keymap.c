/* SPDX-License-Identifier: ISC */
#include "client-tui/control/keymap.h"

#include <stdlib.h>
#include <string.h>

#include "client-tui/control/acts.h"
#include "shared/compiler.h"
#include "shared/mem.h"

struct binding {
	char key[KEYMAP_KEY_ROOM];
	const struct action *action; /* NULL: taken away */
};

struct keymap {
	struct binding *bindings;
	size_t count, room;
};

static const struct action actions[] = {
#define ACTION(name, group, help, function, number) { name, group, help, function, number },
#include "client-tui/control/actions.def"
#undef ACTION
};

static const char *const default_keys[] = {
#define BIND(line) line,
#include "client-tui/control/keys.def"
#undef BIND
};

const struct action *
action_table(size_t *count)
{
	*count = ARRAY_LEN(actions);
	return actions;
}

const struct action *
action_find(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (bytes_equal(name, bytes_of_string(actions[i].name)))
			return &actions[i];
	return NULL;
}

static struct binding *
find_binding(const struct keymap *keymap, const char *key)
{
	for (size_t i = 0; i < keymap->count; i++)
		if (strcmp(keymap->bindings[i].key, key) == 0)
			return &keymap->bindings[i];
	return NULL;
}

static struct binding *
make_binding(struct keymap *keymap, const char *key)
{
	struct binding *binding = find_binding(keymap, key);

	if (binding != NULL)
		return binding;
	if (keymap->count == keymap->room) {
		keymap->room = keymap->room > 0 ? 2 * keymap->room : 64;
		keymap->bindings = mem_resize(keymap->bindings, keymap->room, sizeof(*binding));
	}
	binding = &keymap->bindings[keymap->count++];
	*binding = (struct binding){ .action = NULL };
	strcpy(binding->key, key);
	return binding;
}

/* Splits "KEY ACTION". NULL when it is good. */
static const char *
read_line(const char *line, char key[KEYMAP_KEY_ROOM], const struct action **action)
{
	size_t key_len = strcspn(line, " \t");
	const char *name = line + key_len + strspn(line + key_len, " \t");

	if (key_len == 0 || key_len >= KEYMAP_KEY_ROOM || *name == '\0')
		return "has to be a key and an action: C-a line-start";
	memcpy(key, line, key_len);
	key[key_len] = '\0';
	*action = action_find(bytes_of_string(name));
	if (*action == NULL && strcmp(name, "none") != 0)
		return "has to name an action of tingyu.conf(5), or none";
	return NULL;
}

const char *
keymap_check(const char *line)
{
	const struct action *action;
	char key[KEYMAP_KEY_ROOM];

	return read_line(line, key, &action);
}

const char *
keymap_bind(struct keymap *keymap, const char *line)
{
	const struct action *action;
	char key[KEYMAP_KEY_ROOM];
	const char *wrong = read_line(line, key, &action);

	if (wrong == NULL)
		make_binding(keymap, key)->action = action;
	return wrong;
}

struct keymap *
keymap_new(void)
{
	struct keymap *keymap = mem_new(sizeof(*keymap));

	for (size_t i = 0; i < ARRAY_LEN(default_keys); i++)
		keymap_bind(keymap, default_keys[i]);
	return keymap;
}

void
keymap_free(struct keymap *keymap)
{
	if (keymap == NULL)
		return;
	free(keymap->bindings);
	free(keymap);
}

const struct action *
keymap_find(const struct keymap *keymap, const char *key)
{
	const struct binding *binding = find_binding(keymap, key);

	return binding != NULL ? binding->action : NULL;
}

const char *
keymap_key_of(const struct keymap *keymap, const struct action *action)
{
	for (size_t i = 0; i < keymap->count; i++)
		if (keymap->bindings[i].action == action)
			return keymap->bindings[i].key;
	return NULL;
}
