/* SPDX-License-Identifier: ISC */
#include "server/proc/signals.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

#include "shared/log.h"
#include "shared/mem.h"

static const struct signal_info table[] = {
#define SIGNAL(signal, operator, parents, childs, sentence) \
	{ \
		.number = signal, \
		.name = #signal, \
		.word = operator, \
		.parent = SIGNAL_##parents, \
		.child = SIGNAL_##childs, \
		.help = sentence, \
	},
#include "server/proc/signals.def"
#undef SIGNAL
};

struct watch {
	struct signals *signals;
	struct event *event;
	enum signal_action action;
};

struct signals {
	signals_on_signal *on_signal;
	void *arg;
	struct watch watches[ARRAY_LEN(table)];
};

const struct signal_info *
signals_table(size_t *count)
{
	*count = ARRAY_LEN(table);
	return table;
}

static void
signals_on_event(evutil_socket_t number UNUSED, short what UNUSED, void *arg)
{
	struct watch *watch = arg;

	watch->signals->on_signal(watch->action, watch->signals->arg);
}

struct signals *
signals_new(struct event_base *base, signals_on_signal *on_signal, void *arg)
{
	struct signals *signals = mem_new(sizeof(*signals));

	signals->on_signal = on_signal;
	signals->arg = arg;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct watch *watch = &signals->watches[i];

		watch->signals = signals;
		watch->action = table[i].parent;
		if (watch->action == SIGNAL_IGNORE) {
			signal(table[i].number, SIG_IGN);
			continue;
		}
		watch->event = evsignal_new(base, table[i].number, signals_on_event, watch);
		if (watch->event == NULL || event_add(watch->event, NULL) < 0)
			log_fatalx("%s cannot be watched", table[i].name);
	}
	return signals;
}

void
signals_free(struct signals *signals)
{
	if (signals == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (signals->watches[i].event == NULL)
			continue;
		event_free(signals->watches[i].event);
		signal(table[i].number, table[i].number == SIGCHLD ? SIG_DFL : SIG_IGN);
	}
	free(signals);
}

void
signals_start_child(void)
{
	sigset_t none;

	/* SIGCHLD is ignored anyway; to say so would change what waitpid(2) does. */
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].child == SIGNAL_IGNORE && table[i].number != SIGCHLD)
			signal(table[i].number, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
