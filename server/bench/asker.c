/* SPDX-License-Identifier: ISC */
#include "server/bench/asker.h"

#include <stdlib.h>

#include <event2/event.h>

#include "server/bench/bench_client.h"
#include "server/bench/crowd.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum {
	OPEN_MAX_BITS = 16,
	OPEN_MAX = 1 << OPEN_MAX_BITS,	/* questions that wait for their answer */
	ANSWER_US = 10000000,
	CHOICES = 16,			/* clients looked at for one that is online */
	COUNT_ONLINE = OPERATION_COUNT,	/* a question that is not measured */
};

/* A question that was asked; its place is the low bits of its request number. */
struct question {
	uint64_t due_us;	/* when it should have been sent; 0: this place is free */
	uint64_t uid;		/* whom it is about */
	uint32_t request;
	uint8_t operation;
};

struct asker {
	struct crowd *crowd;
	struct bench_client *clients;
	uint32_t client_count;
	const struct account *accounts;
	uint32_t account_count;
	struct event *timer;
	void (*on_done)(void *arg);
	void *arg;

	struct question *open;
	uint32_t open_count;
	uint32_t last_request;

	uint32_t pages;		/* of the directory, once an answer told; 0 before */
	uint64_t interval_us;
	uint64_t next_us[OPERATION_COUNT];
	uint64_t end_us;	/* of sending */
	bool is_waiting;	/* all was sent, answers are missing */
};

static struct scoreboard_operation *
result_of(struct asker *asker, unsigned operation)
{
	return &asker->crowd->row->operations[operation];
}

/* --- what is asked --- */

static void
send_list(struct link *link, uint32_t request, uint32_t page)
{
	const struct msg_user_list message = { .request = request, .page = page };

	link_send(link, MSG_USER_LIST, &message);
}

static void
send_list_first(struct asker *asker UNUSED, struct link *link, const struct question *question)
{
	send_list(link, question->request, 1);
}

static void
send_list_middle(struct asker *asker, struct link *link, const struct question *question)
{
	send_list(link, question->request, (asker->pages + 1) / 2);
}

static void
send_list_last(struct asker *asker, struct link *link, const struct question *question)
{
	send_list(link, question->request, asker->pages);
}

static void
send_find_user(struct asker *asker UNUSED, struct link *link, const struct question *question)
{
	const struct msg_find_user message = { .request = question->request, .uid = question->uid };

	link_send(link, MSG_FIND_USER, &message);
}

static void
send_obtain_client_addr(struct asker *asker UNUSED, struct link *link,
    const struct question *question)
{
	const struct msg_obtain_client_addr message = {
		.request = question->request,
		.uid = question->uid,
	};

	link_send(link, MSG_OBTAIN_CLIENT_ADDR, &message);
}

static void
send_keys(struct asker *asker UNUSED, struct link *link, const struct question *question)
{
	const struct msg_keys message = { .request = question->request, .uid = question->uid };

	link_send(link, MSG_KEYS, &message);
}

static void
send_ping(struct asker *asker UNUSED, struct link *link, const struct question *question)
{
	const struct msg_ping message = { .request = question->request };

	link_send(link, MSG_PING, &message);
}

static void
send_count_online(struct asker *asker UNUSED, struct link *link, const struct question *question)
{
	const struct msg_user_list message = {
		.request = question->request,
		.page = 1,
		.per_page = 1,
		.online_only = 1,
	};

	link_send(link, MSG_USER_LIST, &message);
}

/* --- what is answered: true when it is right --- */

static bool
check_list(struct asker *asker, const struct question *question, const void *message)
{
	const struct msg_user_list_ok *answer = message;

	if (question->operation == COUNT_ONLINE)
		asker->crowd->row->seen_online = answer->total;
	else
		asker->pages = answer->pages > 0 ? answer->pages : 1;
	return answer->total > 0;
}

static bool
check_find_user(struct asker *asker UNUSED, const struct question *question, const void *message)
{
	return ((const struct msg_find_user_ok *)message)->uid == question->uid;
}

static bool
check_client_addr(struct asker *asker UNUSED, const struct question *question, const void *message)
{
	return ((const struct msg_obtain_client_addr_ok *)message)->uid == question->uid;
}

static bool
check_keys(struct asker *asker UNUSED, const struct question *question, const void *message)
{
	return ((const struct msg_keys_ok *)message)->uid == question->uid;
}

static bool
check_ping(struct asker *asker UNUSED, const struct question *question UNUSED,
    const void *message UNUSED)
{
	return true;
}

static const struct {
	uint16_t answer;
	bool needs_pages;
	void (*send)(struct asker *asker, struct link *link, const struct question *question);
	bool (*check)(struct asker *asker, const struct question *question, const void *message);
} operations[] = {
	[OPERATION_LIST_FIRST] = { MSG_USER_LIST_OK, false, send_list_first, check_list },
	[OPERATION_LIST_MIDDLE] = { MSG_USER_LIST_OK, true, send_list_middle, check_list },
	[OPERATION_LIST_LAST] = { MSG_USER_LIST_OK, true, send_list_last, check_list },
	[OPERATION_FIND_USER] = { MSG_FIND_USER_OK, false, send_find_user, check_find_user },
	[OPERATION_OBTAIN_CLIENT_ADDR] = { MSG_OBTAIN_CLIENT_ADDR_OK, false,
	    send_obtain_client_addr,
	    check_client_addr },
	[OPERATION_KEYS] = { MSG_KEYS_OK, false, send_keys, check_keys },
	[OPERATION_PING] = { MSG_PING_OK, false, send_ping, check_ping },
	[COUNT_ONLINE] = { MSG_USER_LIST_OK, false, send_count_online, check_list },
};

/* --- asking --- */

static struct bench_client *
choose_client(struct asker *asker)
{
	for (int i = 0; i < CHOICES && asker->client_count > 0; i++) {
		uint32_t index = crowd_random(asker->crowd, asker->client_count);

		if (bench_client_is_online(&asker->clients[index]))
			return &asker->clients[index];
	}
	return NULL;
}

/* Any account but the client's own, if there is one: nobody is introduced to oneself. */
static uint64_t
choose_uid(struct asker *asker, const struct bench_client *client)
{
	uint32_t index;

	if (asker->account_count == 0)
		return 0;
	index = crowd_random(asker->crowd, asker->account_count);
	if (asker->accounts[index].uid == client->account->uid)
		index = (index + 1) % asker->account_count;
	return asker->accounts[index].uid;
}

static void
forget(struct asker *asker, struct question *question)
{
	question->due_us = 0;
	asker->open_count--;
}

static void
forget_unanswered(struct asker *asker, struct question *question)
{
	if (question->operation < OPERATION_COUNT)
		result_of(asker, question->operation)->unanswered++;
	forget(asker, question);
}

static bool
ask(struct asker *asker, unsigned operation, uint64_t due_us)
{
	struct bench_client *client = choose_client(asker);
	struct question *question;

	if (client == NULL)
		return false;
	if (++asker->last_request == BENCH_CLIENT_REQUEST)
		asker->last_request = 1;
	question = &asker->open[asker->last_request % OPEN_MAX];
	if (question->due_us != 0)
		forget_unanswered(asker, question);
	*question = (struct question){
		.due_us = due_us,
		.request = asker->last_request,
		.operation = (uint8_t)operation,
		.uid = choose_uid(asker, client),
	};
	asker->open_count++;
	operations[operation].send(asker, client->link, question);
	return true;
}

bool
asker_count_online(struct asker *asker)
{
	return ask(asker, COUNT_ONLINE, clock_monotonic_us());
}

/* Everything of one operation whose time has come. */
static void
ask_due(struct asker *asker, unsigned operation, uint64_t now)
{
	uint64_t *next = &asker->next_us[operation];

	for (; *next <= now && *next < asker->end_us; *next += asker->interval_us) {
		if (operations[operation].needs_pages && asker->pages == 0)
			continue;
		if (!ask(asker, operation, *next))
			scoreboard_count(asker->crowd->row, TALLY_UNSENT, 1);
	}
}

static uint64_t
next_due(const struct asker *asker)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < OPERATION_COUNT; i++)
		if (asker->next_us[i] < next)
			next = asker->next_us[i];
	return next;
}

static void
set_timer(struct asker *asker, uint64_t delay_us)
{
	const struct timeval delay = {
		.tv_sec = (time_t)(delay_us / 1000000),
		.tv_usec = (suseconds_t)(delay_us % 1000000),
	};

	event_add(asker->timer, &delay);
}

static void
finish(struct asker *asker)
{
	for (uint32_t i = 0; i < OPEN_MAX && asker->open_count > 0; i++)
		if (asker->open[i].due_us != 0)
			forget_unanswered(asker, &asker->open[i]);
	asker->is_waiting = false;
	event_del(asker->timer);
	asker->on_done(asker->arg);
}

static void
on_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct asker *asker = arg;
	uint64_t now = clock_monotonic_us(), next;

	for (unsigned i = 0; i < OPERATION_COUNT; i++)
		ask_due(asker, i, now);
	next = next_due(asker);
	asker->is_waiting = next >= asker->end_us;
	if (!asker->is_waiting)
		set_timer(asker, next > now ? next - now : 0);
	else if (asker->open_count > 0 && now < asker->end_us + ANSWER_US)
		set_timer(asker, asker->end_us + ANSWER_US - now);
	else
		finish(asker);
}

void
asker_start(struct asker *asker, uint32_t millihertz, uint32_t seconds,
    const struct account *accounts, uint32_t account_count)
{
	uint64_t now = clock_monotonic_us();

	asker->accounts = accounts;
	asker->account_count = account_count;
	asker->pages = 0;
	asker->interval_us = UINT64_C(1000000000) / millihertz;
	/* Side by side in the interval, and not all swarms together. */
	for (unsigned i = 0; i < OPERATION_COUNT; i++)
		asker->next_us[i] = now + asker->interval_us * i / OPERATION_COUNT +
		    crowd_random(asker->crowd, (uint32_t)asker->interval_us / OPERATION_COUNT + 1);
	asker->end_us = now + (uint64_t)seconds * 1000000;
	set_timer(asker, 0);
}

/* The answer of a question, or an ERROR, or something that does not belong there. */
static void
judge(struct asker *asker, const struct question *question, const struct frame *frame)
{
	unsigned operation = question->operation;
	union codec_room message;
	bool is_right = frame->type == operations[operation].answer &&
	    codec_decode(protocol_schema(frame->type), frame->payload, &message,
	    NULL) == STATUS_OK &&
	    operations[operation].check(asker, question, &message);

	if (operation == COUNT_ONLINE)
		return;
	if (!is_right) {
		result_of(asker, operation)->refused++;
		return;
	}
	histogram_record(&result_of(asker, operation)->answers,
	    clock_monotonic_us() - question->due_us);
	scoreboard_count(asker->crowd->row, TALLY_ANSWERED, 1);
}

bool
asker_take_answer(struct asker *asker, const struct frame *frame)
{
	uint32_t request = protocol_request_of(frame);
	struct question *question = &asker->open[request % OPEN_MAX];

	if (frame->type < PROTOCOL_ITEM && frame->type != MSG_ERROR)
		return false; /* a request of the server */
	if (request == 0 || question->due_us == 0 || question->request != request)
		return false;
	if (frame->type >= PROTOCOL_ITEM && frame->type < PROTOCOL_OK)
		return true;
	judge(asker, question, frame);
	forget(asker, question);
	if (asker->is_waiting && asker->open_count == 0)
		set_timer(asker, 0);
	return true;
}

struct asker *
asker_new(struct event_base *base, struct crowd *crowd, struct bench_client *clients,
    uint32_t count, void (*on_done)(void *arg), void *arg)
{
	struct asker *asker = mem_new(sizeof(*asker));

	asker->crowd = crowd;
	asker->clients = clients;
	asker->client_count = count;
	asker->on_done = on_done;
	asker->arg = arg;
	asker->open = mem_new_array(OPEN_MAX, sizeof(*asker->open));
	asker->timer = event_new(base, -1, 0, on_timer, asker);
	if (asker->timer == NULL)
		log_fatalx("no event for a timer");
	return asker;
}

void
asker_free(struct asker *asker)
{
	if (asker == NULL)
		return;
	event_free(asker->timer);
	free(asker->open);
	free(asker);
}
