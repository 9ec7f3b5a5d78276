/* SPDX-License-Identifier: ISC */
/*
 * The client without a screen: one command a line on standard input, one line for each answer
 * on standard output. "help" lists the commands. The next command begins when the answer to the
 * one before has come, so a script can simply be piped in; it ends with the input.
 *
 *	$ headless tingyu://127.0.0.1:7400
 *	register alice secret
 *	state connecting
 *	...
 *	ok register uid=15
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-tui/net/helper.h"
#include "client-tui/net/server_link.h"
#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"

enum {
	LINE_MAX_BYTES = 4096,
	WORDS_MAX = 8,
	ROUTES_MAX = 8,
	TICK_MS = 50,
};

struct headless {
	struct event_base *base;
	struct link_loop *loop;
	struct helper *helper;
	struct server_link *link;
	struct event *input;
	char text[LINE_MAX_BYTES];
	size_t len;
	bool has_ended;   /* the input */
	const char *busy; /* the command whose answer is awaited; NULL: none */
	int awaited;      /* the state that "wait" waits for; -1: none */
	bool trusts;      /* any key of a route server */
};

/* A command with its words; words[0] is its name. */
struct order {
	struct headless *self;
	char *words[WORDS_MAX];
	size_t count;
};

static void proceed(struct headless *self);

/* --- answers ------------------------------------------------------------------------------ */

static void
finish(struct headless *self)
{
	self->busy = NULL;
	event_active(self->input, EV_TIMEOUT, 0);
}

static void
print_refusal(const char *word, enum status status, const char *sentence, uint32_t retry_ms)
{
	printf("error %s %s retry_ms=%" PRIu32 " %s\n", word, status_name(status), retry_ms,
	    sentence);
}

static void
on_answer(void *arg, const struct answer *answer)
{
	struct headless *self = arg;
	const struct schema *schema = protocol_schema(answer->type);
	char line[1024];

	if (answer->status != STATUS_OK) {
		print_refusal(self->busy, answer->status, answer->sentence, answer->retry_ms);
	} else {
		codec_describe(schema, answer->message, line, sizeof(line));
		/* "REGISTER_OK request=4 uid=15" without the first two words. */
		printf("ok %s%s\n", self->busy,
		    strchr(strchr(line, ' ') + 1, ' ') != NULL
			? strchr(strchr(line, ' ') + 1, ' ')
			: "");
	}
	finish(self);
}

static void
on_address(void *arg, const struct answer *answer)
{
	const struct msg_obtain_client_addr_ok *ok = answer->message;
	struct headless *self = arg;

	if (answer->status != STATUS_OK) {
		on_answer(arg, answer);
		return;
	}
	printf("ok %s uid=%" PRIu64 " %.*s %u\n", self->busy, ok->uid, (int)ok->host.len,
	    (const char *)ok->host.data, ok->port);
	finish(self);
}

static void
on_keys(void *arg, const struct answer *answer)
{
	const struct msg_keys_ok *ok = answer->message;
	struct headless *self = arg;
	char hex[2 * IDENTITY_KEY_SIZE + 1];

	if (answer->status != STATUS_OK) {
		on_answer(arg, answer);
		return;
	}
	str_to_hex(ok->identity, hex);
	printf("ok %s uid=%" PRIu64 " %s\n", self->busy, ok->uid, hex);
	finish(self);
}

static void
on_user(void *arg UNUSED, const void *message)
{
	const struct msg_user_item *item = message;

	printf("user %" PRIu64 " %s %.*s %.*s\n", item->uid, item->online ? "online" : "offline",
	    (int)item->name.len, (const char *)item->name.data, (int)item->display.len,
	    (const char *)item->display.data);
}

/* --- commands ----------------------------------------------------------------------------- */

static uint64_t
uid_of(const char *word)
{
	uint64_t uid = 0;

	return str_to_number(bytes_of_string(word), UINT64_MAX, &uid) ? uid : 0;
}

static const char *
word_or(const struct order *order, size_t i, const char *otherwise)
{
	return i < order->count ? order->words[i] : otherwise;
}

static enum status
do_register(struct order *order)
{
	return server_link_register(order->self->link, order->words[1], word_or(order, 3, ""),
	    order->words[2], on_answer, order->self);
}

static enum status
do_login(struct order *order)
{
	return server_link_login(order->self->link, uid_of(order->words[1]), order->words[1],
	    order->words[2], on_answer, order->self);
}

static enum status
do_key(struct order *order)
{
	struct account account = { .uid = uid_of(order->words[1]), .has_identity = true };
	uint8_t seed[IDENTITY_SEED_SIZE];
	enum status status;

	if (!str_from_hex(bytes_of_string(order->words[2]), seed, sizeof(seed)))
		return STATUS_BAD_VALUE;
	identity_init_from_seed(&account.identity, seed);
	status = server_link_return(order->self->link, &account, on_answer, order->self);
	account_clear(&account);
	return status;
}

static enum status
do_token(struct order *order)
{
	struct account account = { .uid = uid_of(order->words[1]) };
	struct bytes hex = bytes_of_string(order->words[2]);
	enum status status;

	account.token_len = hex.len / 2;
	if (account.token_len > sizeof(account.token) ||
	    !str_from_hex(hex, account.token, account.token_len))
		return STATUS_BAD_VALUE;
	status = server_link_return(order->self->link, &account, on_answer, order->self);
	account_clear(&account);
	return status;
}

static enum status
do_logout(struct order *order)
{
	return server_link_logout(order->self->link, on_answer, order->self);
}

static enum status
do_delete(struct order *order)
{
	return server_link_delete(order->self->link, uid_of(order->words[1]),
	    word_or(order, 2, NULL), on_answer, order->self);
}

static enum status
do_users(struct order *order)
{
	uint64_t page = 1, per_page = 0;
	bool online = strcmp(word_or(order, 3, ""), "online") == 0;

	str_to_number(bytes_of_string(word_or(order, 1, "1")), UINT32_MAX, &page);
	str_to_number(bytes_of_string(word_or(order, 2, "0")), UINT8_MAX, &per_page);
	return server_link_users(order->self->link, (uint32_t)page, (uint8_t)per_page, online,
	    word_or(order, 4, ""), on_user, on_answer, order->self);
}

static enum status
do_find(struct order *order)
{
	return server_link_find(order->self->link, uid_of(order->words[1]), order->words[1],
	    on_answer, order->self);
}

static enum status
do_address(struct order *order)
{
	return server_link_address(order->self->link, uid_of(order->words[1]), bytes_of("", 0), on_address,
	    order->self);
}

static enum status
do_keys(struct order *order)
{
	return server_link_keys(order->self->link, uid_of(order->words[1]), on_keys, order->self);
}

/* An entry that no version knows goes in, to see that it comes back. */
static enum status
do_bundle(struct order *order)
{
	const struct account *account = server_link_account(order->self->link);
	struct bundle bundle = account->bundle;
	struct bytes text = bytes_of_string(order->words[1]);
	uint8_t entry[4 + 255] = { 0x7f, 0xff };

	if (text.len > 255)
		return STATUS_TOO_LONG;
	entry[3] = (uint8_t)text.len;
	memcpy(entry + 4, text.data, text.len);
	bundle.others = entry;
	bundle.others_len = 4 + text.len;
	return server_link_put_bundle(order->self->link, &bundle, on_answer, order->self);
}

static void
print_hex(const char *word, const void *data, size_t len)
{
	char hex[2 * ACCOUNT_TOKEN_MAX + 1];

	str_to_hex(bytes_of(data, len), hex);
	printf(" %s=%s", word, hex);
}

static enum status
do_account(struct order *order)
{
	const struct account *account = server_link_account(order->self->link);

	printf("ok account uid=%" PRIu64 " name=%s", account->uid, account->name);
	if (account->has_identity)
		print_hex("seed", account->identity.secret_key, IDENTITY_SEED_SIZE);
	print_hex("token", account->token, account->token_len);
	printf(" bundle_version=%" PRIu64 " others=%zu\n", account->bundle_version,
	    account->bundle.others_len);
	finish(order->self);
	return STATUS_OK;
}

static enum status
do_connect(struct order *order)
{
	server_link_connect(order->self->link);
	finish(order->self);
	return STATUS_OK;
}

static enum status
do_disconnect(struct order *order)
{
	server_link_disconnect(order->self->link);
	finish(order->self);
	return STATUS_OK;
}

static enum status
do_state(struct order *order)
{
	char line[512];

	server_link_describe(order->self->link, line, sizeof(line));
	printf("ok state %s\n", line);
	finish(order->self);
	return STATUS_OK;
}

static void
look_at_state(struct headless *self)
{
	if (self->awaited != (int)server_link_state(self->link))
		return;
	self->awaited = -1;
	printf("ok wait\n");
	finish(self);
}

static enum status
do_wait(struct order *order)
{
	char wanted[64] = "";

	/* A state may be two or three words. */
	for (size_t i = 1; i < order->count; i++)
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s%s",
		    i > 1 ? " " : "", order->words[i]);
	for (int state = 0; state <= SERVER_LINK_OFFLINE; state++)
		if (strcmp(wanted, server_link_state_word((enum server_link_state)state)) == 0)
			order->self->awaited = state;
	if (order->self->awaited < 0)
		return STATUS_BAD_VALUE;
	look_at_state(order->self);
	return STATUS_OK;
}

static enum status
do_quit(struct order *order)
{
	event_base_loopbreak(order->self->base);
	return STATUS_OK;
}

static enum status do_help(struct order *order);

static const struct command {
	const char *word;
	const char *arguments;
	size_t least, most;
	enum status (*run)(struct order *order);
} commands[] = {
	{ "register", "NAME PASSWORD [DISPLAY-NAME]", 2, 3, do_register },
	{ "login", "UID|NAME PASSWORD", 2, 2, do_login },
	{ "key", "UID SEED-IN-HEX", 2, 2, do_key },
	{ "token", "UID TOKEN-IN-HEX", 2, 2, do_token },
	{ "logout", "", 0, 0, do_logout },
	{ "delete", "UID [PASSWORD]", 1, 2, do_delete },
	{ "users", "[PAGE [PER-PAGE [all|online [PREFIX]]]]", 0, 4, do_users },
	{ "find", "UID|NAME", 1, 1, do_find },
	{ "address", "UID", 1, 1, do_address },
	{ "keys", "UID", 1, 1, do_keys },
	{ "bundle", "TEXT", 1, 1, do_bundle },
	{ "account", "", 0, 0, do_account },
	{ "connect", "", 0, 0, do_connect },
	{ "disconnect", "", 0, 0, do_disconnect },
	{ "state", "", 0, 0, do_state },
	{ "wait", "STATE", 1, 3, do_wait },
	{ "help", "", 0, 0, do_help },
	{ "quit", "", 0, 0, do_quit },
};

static enum status
do_help(struct order *order)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("help %s %s\n", commands[i].word, commands[i].arguments);
	printf("ok help\n");
	finish(order->self);
	return STATUS_OK;
}

/* --- input -------------------------------------------------------------------------------- */

static const struct command *
find_command(const struct order *order)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].word, order->words[0]) == 0 &&
		    order->count - 1 >= commands[i].least && order->count - 1 <= commands[i].most)
			return &commands[i];
	return NULL;
}

static void
run_line(struct headless *self, char *line)
{
	struct order order = { .self = self };
	const struct command *command;
	enum status status;
	char *rest = NULL;

	for (char *word = strtok_r(line, " \t\r", &rest); word != NULL && order.count < WORDS_MAX;
	     word = strtok_r(NULL, " \t\r", &rest))
		order.words[order.count++] = word;
	if (order.count == 0)
		return;
	command = find_command(&order);
	if (command == NULL) {
		print_refusal("?", STATUS_BAD_VALUE, "No such command, or not with these words.",
		    0);
		return;
	}
	self->busy = command->word;
	status = command->run(&order);
	if (status == STATUS_OK)
		return;
	print_refusal(command->word, status, status_text(status), 0);
	self->busy = NULL;
}

/* Takes the first line out of the text; false: there is none yet. */
static bool
next_line(struct headless *self, char line[LINE_MAX_BYTES])
{
	char *end = memchr(self->text, '\n', self->len);
	size_t len = end != NULL ? (size_t)(end - self->text) : self->len;

	if (end == NULL && (!self->has_ended || self->len == 0))
		return false;
	memcpy(line, self->text, len);
	line[len] = '\0';
	if (end != NULL)
		len++;
	memmove(self->text, self->text + len, self->len - len);
	self->len -= len;
	return true;
}

static void
proceed(struct headless *self)
{
	char line[LINE_MAX_BYTES];

	while (self->busy == NULL && next_line(self, line))
		run_line(self, line);
	if (self->busy == NULL && self->has_ended && self->len == 0)
		event_base_loopbreak(self->base);
}

/* A file is always readable, and epoll(7) does not take it. */
static void
await_input(struct headless *self)
{
	if (event_add(self->input, NULL) != 0)
		event_active(self->input, EV_READ, 0);
}

/* Reads what is there; a line that is too long ends the input. */
static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	struct headless *self = arg;
	ssize_t got = 0;

	if (what & EV_READ && !self->has_ended && self->len < sizeof(self->text) - 1) {
		got = read(fd, self->text + self->len, sizeof(self->text) - 1 - self->len);
		if (got > 0)
			self->len += (size_t)got;
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			self->has_ended = true;
	}
	proceed(self);
	if (!self->has_ended && self->len < sizeof(self->text) - 1)
		await_input(self);
	else if (!self->has_ended && memchr(self->text, '\n', self->len) == NULL)
		self->has_ended = true;
}

/* --- what the link says ------------------------------------------------------------------- */

static void
on_state(void *arg, enum server_link_state state, const struct answer *why)
{
	struct headless *self = arg;

	if (why->status == STATUS_OK)
		printf("state %s\n", server_link_state_word(state));
	else
		printf("state %s: %s %s\n", server_link_state_word(state),
		    status_name(why->status), why->sentence);
	look_at_state(self);
}

static bool
on_unknown_pin(void *arg, const struct endpoint *server, const uint8_t pin[ENDPOINT_PIN_SIZE])
{
	const struct headless *self = arg;
	char hex[2 * ENDPOINT_PIN_SIZE + 1], where[ENDPOINT_TEXT_SIZE];

	endpoint_print(server, where);
	str_to_hex(bytes_of(pin, ENDPOINT_PIN_SIZE), hex);
	printf("pin %s %s\n", where, hex);
	return self->trusts;
}

static void
on_warning(void *arg UNUSED, const char *sentence)
{
	printf("warning %s\n", sentence);
}

/* Whoever calls is told where we are; nothing here talks to them. */
static void
on_introduce(void *arg, const struct msg_introduce *call)
{
	struct headless *self = arg;

	printf("introduced to uid=%" PRIu64 "\n", call->uid);
	fflush(stdout);
	server_link_accept(self->link, call->request, bytes_of("", 0));
}

static const struct server_link_handler handler = {
	.on_introduce = on_introduce,
	.on_state = on_state,
	.on_unknown_pin = on_unknown_pin,
	.on_warning = on_warning,
};

/* --- start and stop ----------------------------------------------------------------------- */

static void
open_link(struct headless *self, struct server_link_config *config)
{
	self->base = link_base_new();
	if (self->base == NULL || helper_start(self->base, &self->helper) != STATUS_OK)
		log_fatalx("The system gives no event loop or no thread.");
	self->loop = link_loop_new(self->base, TICK_MS);
	config->base = self->base;
	config->loop = self->loop;
	config->helper = self->helper;
	config->program = "headless " PACKAGE_VERSION;
	if (server_link_new(config, &handler, self, &self->link) != STATUS_OK)
		log_fatalx("TLS could not be set up.");
	self->input = event_new(self->base, STDIN_FILENO, EV_READ, on_input, self);
	await_input(self);
}

static void
close_link(struct headless *self)
{
	server_link_free(self->link);
	helper_stop(self->helper);
	link_loop_free(self->loop);
	event_free(self->input);
	event_base_free(self->base);
}

static void
usage(void)
{
	fprintf(stderr, "usage: headless [--trust] [--insecure-plaintext] INVITE...\n");
	exit(2);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "insecure-plaintext", no_argument, NULL, 'p' },
		{ "trust", no_argument, NULL, 't' },
		{ 0 },
	};
	struct invite routes[ROUTES_MAX];
	struct server_link_config config = { .routes = routes };
	struct headless self = { .awaited = -1 };
	int option;

	log_open("headless");
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'p')
			config.is_plain = true;
		else if (option == 't')
			self.trusts = true;
		else
			usage();
	}
	for (; optind < argc && config.route_count < ROUTES_MAX; optind++)
		if (!endpoint_parse_invite(bytes_of_string(argv[optind]),
			&routes[config.route_count++]))
			usage();
	if (config.route_count == 0)
		usage();
	open_link(&self, &config);
	event_base_dispatch(self.base);
	close_link(&self);
	return EXIT_SUCCESS;
}
