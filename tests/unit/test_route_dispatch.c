/* SPDX-License-Identifier: ISC */
/*
 * The route server's table: what is understood in which state, and that everything else ends
 * the connection.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/route/dispatch.h"
#include "shared/compiler.h"
#include "shared/protocol.h"

static const enum visitor_state states[] = { VISITOR_NEW, VISITOR_ASKER, VISITOR_WORK };

/* The same once more, by hand: the states in which a message is taken. */
static const struct {
	uint16_t type;
	unsigned states;
} expected[] = {
	{ MSG_OBTAIN_SERVER_ADDR, VISITOR_ASKER },
	{ MSG_REPORT_CONNECT, VISITOR_ASKER | VISITOR_WORK },
	{ MSG_HELLO, VISITOR_NEW },
	{ MSG_PING, VISITOR_ASKER | VISITOR_WORK },
};

static unsigned
expected_states(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		if (expected[i].type == type)
			return expected[i].states;
	return 0;
}

/* All types there can be, in all states. */
static void
the_table_is_as_promised(void **state UNUSED)
{
	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		for (size_t i = 0; i < ARRAY_LEN(states); i++) {
			unsigned allowed = expected_states((uint16_t)type);
			const struct dispatch_row *row;
			enum status status = route_dispatch_find((uint16_t)type, states[i], &row);

			if (allowed & states[i]) {
				assert_int_equal(status, STATUS_OK);
				assert_non_null(row);
				assert_int_equal(row->type, type);
			} else {
				assert_null(row);
				assert_int_equal(status, allowed != 0 ? STATUS_WRONG_STATE :
				    type >= FRAME_TYPE_OPTIONAL ? STATUS_OK : STATUS_UNKNOWN_TYPE);
			}
		}
	}
}

static void
rows_have_all_they_need(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		const struct dispatch_row *row;

		assert_int_equal(route_dispatch_find(expected[i].type,
		    expected[i].states & -expected[i].states, &row),
		    STATUS_OK);
		assert_non_null(row->handle);
		assert_non_null(protocol_schema(row->type));
		assert_int_equal(row->price, row->type == MSG_OBTAIN_SERVER_ADDR ?
		    EACH_AFTER_FIRST : FREE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_as_promised),
		cmocka_unit_test(rows_have_all_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
