/* SPDX-License-Identifier: ISC */
#include "client-tui/net/account.h"

#include <assert.h>
#include <string.h>

#include "shared/mem.h"

void
account_clear(struct account *account)
{
	bundle_clear(&account->bundle);
	mem_wipe(account, sizeof(*account));
}

static void
copy_bundle(struct bundle *to, const struct bundle *from)
{
	*to = *from;
	to->others = NULL;
	if (from->others_len == 0)
		return;
	to->others = mem_new(from->others_len);
	memcpy(to->others, from->others, from->others_len);
}

void
account_copy(struct account *to, const struct account *from)
{
	if (to == from)
		return;
	account_clear(to);
	*to = *from;
	copy_bundle(&to->bundle, &from->bundle);
}

bool
account_can_return(const struct account *account)
{
	return account->uid != 0 && (account->token_len > 0 || account->has_identity);
}

void
account_set_token(struct account *account, struct bytes token)
{
	assert(token.len <= sizeof(account->token));
	mem_wipe(account->token, sizeof(account->token));
	if (token.len > 0)
		memcpy(account->token, token.data, token.len);
	account->token_len = token.len;
}

void
account_set_bundle(struct account *account, const struct bundle *bundle, uint64_t version)
{
	struct bundle copy;

	copy_bundle(&copy, bundle);
	bundle_clear(&account->bundle);
	account->bundle = copy;
	account->bundle_version = version;
	account->has_bundle = true;
}
