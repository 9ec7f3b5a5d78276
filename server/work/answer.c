/* SPDX-License-Identifier: ISC */
#include "server/work/answer.h"

#include <inttypes.h>
#include <stdio.h>

#include "server/work/session.h"
#include "server/work/worker.h"

void
answer_ask(struct session *session, uint32_t request, uint16_t verb, const void *message,
    store_on_answer *on_answer)
{
	enum status status = session_expect(session);

	if (status == STATUS_OK) {
		store_client_ask(
		    session->worker->store, verb, message, on_answer, session, request);
	} else {
		struct store_answer refusal = { .status = status, .tag = request, .is_last = true };

		session->pending++; /* answer_is_good() counts it off again */
		on_answer(session, &refusal);
	}
}

bool
answer_is_good(struct session *session, const struct store_answer *answer)
{
	char sentence[128];

	if (answer->is_last)
		session_answered(session);
	if (session->state == IN_LEAVING)
		return false;
	if (answer->status == STATUS_OK)
		return true;
	if (answer->status == STATUS_NO_SUCH_PAGE && answer->detail > 0) {
		snprintf(sentence, sizeof(sentence),
		    "The list has no such page; the last one is %" PRIu64 ".", answer->detail);
		session_error(session, answer->tag, answer->status, answer->retry_ms, sentence);
	} else {
		session_error(session, answer->tag, answer->status, answer->retry_ms, NULL);
	}
	return false;
}
