/* SPDX-License-Identifier: ISC */
/* Operations on the account, step by step; what they are is in server_account.c. */

#include "client-tui/net/operation.h"

#include <assert.h>
#include <stdlib.h>

#include "client-tui/net/helper.h"
#include "shared/crypto.h"
#include "shared/mem.h"

enum {
	PAUSE_LEAST_MS = 200,
	PAUSE_MOST_MS = 5000,
};

/* Argon2id in the helper. */
struct derivation {
	struct helper_job job;
	struct operation *operation; /* NULL: nobody waits for it any more */
	char password[PASSWORD_LEN_MAX + 1];
	struct password_cost cost;
	struct password_keys keys;
	enum status status;
};

static void
operation_on_deadline(struct wheel_timer *timer)
{
	struct operation *operation = CONTAINER_OF(timer, struct operation, deadline);
	struct server_link *self = operation->link;
	struct reason reason = self->reason;

	if (reason.status == STATUS_OK || server_link_is_at_work(self))
		reason_set(&reason, STATUS_TIMEOUT, NULL);
	operation_fail(self, &reason);
	if (self->state == SERVER_LINK_OFFLINE && !account_can_return(&self->account) &&
	    self->operation == NULL)
		server_link_rest(self, &reason);
}

/* The one that the link began by itself steps back for one that somebody asks for. */
static bool
make_room(struct server_link *self)
{
	struct operation *old = self->operation;

	if (old == NULL)
		return true;
	if (old->on_answer != NULL || old->is_waiting)
		return false;
	operation_forget(self);
	return true;
}

enum status
operation_new(struct server_link *self, const struct operation_kind *kind,
    call_on_answer *on_answer, void *arg, struct operation **out)
{
	struct operation *operation;

	if (!make_room(self))
		return STATUS_BUSY;
	operation = mem_new(sizeof(*operation));
	operation->link = self;
	operation->kind = kind;
	operation->on_answer = on_answer;
	operation->arg = arg;
	if (on_answer != NULL)
		wheel_set(self->wheel, &operation->deadline, self->times.operation,
		    operation_on_deadline);
	self->operation = operation;
	*out = operation;
	return STATUS_OK;
}

struct operation_end
operation_end(struct operation *operation)
{
	struct operation_end end = { .on_answer = operation->on_answer, .arg = operation->arg };
	struct server_link *self = operation->link;

	/* Somebody who may return does so when nothing else is to be done. */
	operation_forget(self);
	if (server_link_is_at_work(self))
		server_link_wake(self);
	return end;
}

void
operation_tell(const struct operation_end *end, const struct answer *answer)
{
	if (end->on_answer != NULL)
		end->on_answer(end->arg, answer);
}

void
operation_finish(struct operation *operation, const struct answer *answer)
{
	struct operation_end end = operation_end(operation);

	operation_tell(&end, answer);
}

void
operation_forget(struct server_link *self)
{
	struct operation *operation = self->operation;

	if (operation == NULL)
		return;
	self->operation = NULL;
	if (operation->derivation != NULL)
		operation->derivation->operation = NULL;
	calls_forget(self->calls, operation);
	wheel_clear(self->wheel, &operation->deadline);
	wheel_clear(self->wheel, &operation->again);
	mem_wipe(operation, sizeof(*operation));
	free(operation);
}

void
operation_fail(struct server_link *self, const struct reason *reason)
{
	struct answer answer = reason_to_answer(reason);

	if (self->operation != NULL)
		operation_finish(self->operation, &answer);
}

void
operation_distrust(struct operation *operation, const char *sentence)
{
	struct server_link *self = operation->link;
	struct operation_end end = operation_end(operation);
	struct reason reason;
	struct answer answer;

	reason_set(&reason, STATUS_BAD_VALUE, sentence);
	answer = reason_to_answer(&reason);
	server_link_lose(self, &reason);
	operation_tell(&end, &answer);
}

/* --- asking ------------------------------------------------------------------------------- */

static void
again_on_due(struct wheel_timer *timer)
{
	struct operation *operation = CONTAINER_OF(timer, struct operation, again);

	operation->is_waiting = false;
	operation_proceed(operation->link);
}

/* "Busy": the same again, not at the same moment as everybody else. */
static void
pause_for(struct operation *operation, uint32_t asked)
{
	uint32_t wait = asked > PAUSE_LEAST_MS ? asked : PAUSE_LEAST_MS;

	if (wait > PAUSE_MOST_MS)
		wait = PAUSE_MOST_MS;
	wait += (uint32_t)(crypto_random_number() % wait);
	wheel_set(operation->link->wheel, &operation->again, wait, again_on_due);
	operation->is_waiting = true;
}

/* True when "answer" is neither a success nor a refusal, and what follows from it is done. */
static bool
is_put_off(struct operation *operation, const struct answer *answer)
{
	struct reason reason;

	operation->is_waiting = false;
	if (server_link_is_lost_answer(operation->link, answer))
		return true;
	switch (answer->status) {
	case STATUS_BUSY:
	case STATUS_STORE_AWAY:
		pause_for(operation, answer->retry_ms);
		return true;
	case STATUS_FULL:
	case STATUS_DRAINING:
		reason_of_answer(&reason, answer);
		server_link_lose(operation->link, &reason);
		return true;
	default:
		return false;
	}
}

static void
operation_on_answer(void *arg, const struct answer *answer)
{
	struct operation *operation = arg;

	operation->link->is_proving = false;
	if (is_put_off(operation, answer))
		return;
	if (answer->status == STATUS_OK)
		operation->kind->succeed(operation, answer);
	else if (operation->kind->refuse != NULL)
		operation->kind->refuse(operation, answer);
	else
		operation_finish(operation, answer);
}

/* When it cannot be sent the connection is ending: another one starts this step again. */
void
operation_ask(struct operation *operation, uint16_t type, void *message)
{
	struct server_link *self = operation->link;
	enum status status = calls_start(self->calls, self->link, type, message,
	    self->times.answer, NULL, operation_on_answer, operation);

	if (status == STATUS_OK)
		operation->is_waiting = self->is_proving = true;
	else if (status == STATUS_BUSY)
		pause_for(operation, 0);
}

/* --- keys out of a password --------------------------------------------------------------- */

static bool
is_same_cost(const struct password_cost *a, const struct password_cost *b)
{
	return a->ops == b->ops && a->memory_kib == b->memory_kib &&
	    memcmp(a->salt, b->salt, sizeof(a->salt)) == 0;
}

/*
 * Nothing depends on it, but a server that changes it is up to something, or a password is new.
 */
static void
remember_cost(struct server_link *self, uint64_t uid, const struct password_cost *cost)
{
	struct known_cost *known = self->known_costs;
	size_t i = 0;

	while (i < KNOWN_COSTS_MAX - 1 && known[i].uid != uid && known[i].uid != 0)
		i++;
	if (known[i].uid == uid && !is_same_cost(&known[i].cost, cost))
		server_link_warn(self,
		    "The server changed the salt or the cost of the password of account %llu. "
		    "Fine "
		    "if its password was changed; else ask who runs the server.",
		    (unsigned long long)uid);
	memmove(known + 1, known, i * sizeof(*known));
	known[0].uid = uid;
	known[0].cost = *cost;
}

static void
operation_on_salt(void *arg, const struct answer *answer)
{
	const struct msg_salt_ok *ok = answer->message;
	struct operation *operation = arg;
	struct server_link *self = operation->link;
	struct password_cost cost;

	if (is_put_off(operation, answer))
		return;
	if (answer->status != STATUS_OK) {
		operation_finish(operation, answer);
		return;
	}
	cost.ops = ok->ops;
	cost.memory_kib = ok->memory_kib;
	memcpy(cost.salt, ok->salt.data, sizeof(cost.salt));
	if (ok->uid == 0 || (operation->uid != 0 && ok->uid != operation->uid)) {
		operation_distrust(operation, "The server answered about another account.");
		return;
	}
	if (!password_cost_is_allowed(&cost)) {
		operation_distrust(operation,
		    "The server wants the password to be used at a cost "
		    "that is not safe; nothing was sent.");
		return;
	}
	operation->uid = ok->uid;
	operation->cost = cost;
	operation->has_cost = true;
	remember_cost(self, operation->uid, &cost);
	operation_proceed(self);
}

static void
ask_salt(struct operation *operation)
{
	struct server_link *self = operation->link;
	struct msg_salt ask = { .uid = operation->uid,
		.name = bytes_of_string(operation->uid != 0 ? "" : operation->name) };
	enum status status = calls_start(self->calls, self->link, MSG_SALT, &ask,
	    self->times.answer, NULL, operation_on_salt, operation);

	if (status == STATUS_OK)
		operation->is_waiting = true;
	else if (status == STATUS_BUSY)
		pause_for(operation, 0);
}

static void
derivation_run(struct helper_job *job)
{
	struct derivation *derivation = CONTAINER_OF(job, struct derivation, job);

	derivation->status = password_derive(bytes_of_string(derivation->password),
	    &derivation->cost, &derivation->keys);
}

static void
take_keys(struct operation *operation, const struct derivation *derivation)
{
	struct reason reason;

	operation->derivation = NULL;
	operation->is_waiting = false;
	if (derivation->status != STATUS_OK) {
		reason_print(&reason, derivation->status,
		    "The password could not be used: it needs %u MiB of memory for a moment.",
		    derivation->cost.memory_kib / 1024);
		operation_fail(operation->link, &reason);
		return;
	}
	operation->keys = derivation->keys;
	operation->has_keys = true;
	mem_wipe(operation->password, sizeof(operation->password));
	operation_proceed(operation->link);
}

static void
derivation_done(struct helper_job *job)
{
	struct derivation *derivation = CONTAINER_OF(job, struct derivation, job);

	if (derivation->operation != NULL && job->did_run)
		take_keys(derivation->operation, derivation);
	else if (derivation->operation != NULL)
		derivation->operation->derivation = NULL;
	mem_wipe(derivation, sizeof(*derivation));
	free(derivation);
}

static void
derive(struct operation *operation)
{
	struct derivation *derivation = mem_new(sizeof(*derivation));

	derivation->job.run = derivation_run;
	derivation->job.done = derivation_done;
	derivation->operation = operation;
	derivation->cost = operation->cost;
	memcpy(derivation->password, operation->password, sizeof(derivation->password));
	if (helper_post(operation->link->helper, &derivation->job) == STATUS_OK) {
		operation->derivation = derivation;
		operation->is_waiting = true;
		return;
	}
	mem_wipe(derivation, sizeof(*derivation));
	free(derivation);
	pause_for(operation, 0);
}

/* --- step by step ------------------------------------------------------------------------- */

static void
take_step(struct operation *operation)
{
	bool at_work = server_link_is_at_work(operation->link);

	if (operation->is_waiting)
		return;
	if (operation->link->is_proving) {
		pause_for(operation, 0);
		return;
	}
	if (operation->kind->needs_keys && !operation->has_keys) {
		if (operation->has_cost)
			derive(operation);
		else if (at_work)
			ask_salt(operation);
	} else if (at_work) {
		operation->kind->send(operation);
	}
}

void
operation_proceed(struct server_link *self)
{
	struct operation *operation;

	if (self->operation == NULL && self->state == SERVER_LINK_AT_WORK &&
	    server_link_is_at_work(self) && account_can_return(&self->account)) {
		enum status status = operation_new(self, &operation_return, NULL, NULL,
		    &operation);

		assert(status == STATUS_OK);
		(void)status;
	}
	if (self->operation != NULL)
		take_step(self->operation);
}
