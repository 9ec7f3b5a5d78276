/* SPDX-License-Identifier: ISC */
/*
 * Register, log in, return, delete, log out: what is asked, and what follows from the answer.
 */

#include <assert.h>
#include <stdlib.h>

#include "client-tui/net/operation.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/str.h"

enum login_method {
	LOGIN_BY_SECRET = 1,
	LOGIN_BY_SIGNATURE = 2,
};

/* --- arguments ---------------------------------------------------------------------------- */

static enum status
check_password(const char *password)
{
	size_t len = strlen(password);

	if (len < PASSWORD_LEN_MIN)
		return STATUS_TOO_SHORT;
	return len > PASSWORD_LEN_MAX ? STATUS_TOO_LONG : STATUS_OK;
}

static enum status
check_display(const char *display)
{
	if (strlen(display) > ACCOUNT_DISPLAY_MAX)
		return STATUS_TOO_LONG;
	return str_is_clean(bytes_of_string(display)) ? STATUS_OK : STATUS_BAD_TEXT;
}

/* Nobody may be logged in, or on the way to it. */
static enum status
check_free(const struct server_link *self)
{
	return account_can_return(&self->account) ? STATUS_WRONG_STATE : STATUS_OK;
}

static void
set_texts(struct operation *operation, const char *name, const char *password)
{
	bool fits = str_copy(bytes_of_string(name), operation->name, sizeof(operation->name)) &&
	    str_copy(bytes_of_string(password), operation->password, sizeof(operation->password));

	assert(fits);
	(void)fits;
}

/* Connects when there is no connection, and begins with the next turn of the loop. */
static enum status
begin(struct operation *operation)
{
	assert(operation->on_answer != NULL);
	server_link_wake(operation->link);
	return STATUS_OK;
}

/* --- registering -------------------------------------------------------------------------- */

/* Once: a registration that is repeated is the same to the byte, but for its signature. */
static void
make_bundle(struct operation *operation)
{
	struct bundle bundle;
	enum status status;

	bundle_init(&bundle, operation->identity.secret_key);
	status = bundle_seal(&bundle, operation->bundle_key, BUNDLE_FIRST_VERSION,
	    operation->bundle, &operation->bundle_len);
	assert(status == STATUS_OK);
	(void)status;
	bundle_clear(&bundle);
	bundle_wrap_key(operation->bundle_key, operation->keys.wrapping_key,
	    operation->identity.public_key, operation->wrapped_key);
}

static void
register_send(struct operation *operation)
{
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	struct msg_register ask = {
		.name = bytes_of_string(operation->name),
		.display = bytes_of_string(operation->display),
		.salt = bytes_of(operation->cost.salt, sizeof(operation->cost.salt)),
		.ops = operation->cost.ops,
		.memory_kib = operation->cost.memory_kib,
		.secret = bytes_of(operation->keys.secret, sizeof(operation->keys.secret)),
		.identity = bytes_of(operation->identity.public_key, IDENTITY_KEY_SIZE),
		.signature = bytes_of(signature, sizeof(signature)),
	};

	if (operation->bundle_len == 0)
		make_bundle(operation);
	ask.wrapped_key = bytes_of(operation->wrapped_key, sizeof(operation->wrapped_key));
	ask.bundle = bytes_of(operation->bundle, operation->bundle_len);
	identity_sign_register(&operation->identity, &operation->link->channel, &ask, signature);
	operation_ask(operation, MSG_REGISTER, &ask);
}

static void
keep_bundle_keys(struct account *account, const uint8_t key[CRYPTO_KEY_SIZE],
    const void *wrapped_key)
{
	memcpy(account->bundle_key, key, sizeof(account->bundle_key));
	memcpy(account->wrapped_key, wrapped_key, sizeof(account->wrapped_key));
}

static void
register_succeed(struct operation *operation, const struct answer *answer)
{
	const struct msg_register_ok *ok = answer->message;
	struct server_link *self = operation->link;
	struct account *account = &self->account;
	struct operation_end end;
	struct bundle bundle;

	if (ok->uid == 0) {
		operation_distrust(operation, "The server gave no uid.");
		return;
	}
	account_clear(account);
	account->uid = ok->uid;
	memcpy(account->name, operation->name, sizeof(account->name));
	memcpy(account->display, operation->display, sizeof(account->display));
	account->identity = operation->identity;
	account->has_identity = true;
	account->cost = operation->cost;
	account->has_cost = true;
	bundle_init(&bundle, operation->identity.secret_key);
	account_set_bundle(account, &bundle, BUNDLE_FIRST_VERSION);
	bundle_clear(&bundle);
	keep_bundle_keys(account, operation->bundle_key, operation->wrapped_key);
	end = operation_end(operation);
	server_link_tell_account(self);
	operation_tell(&end, answer);
}

const struct operation_kind operation_register = {
	.needs_keys = true,
	.send = register_send,
	.succeed = register_succeed,
};

enum status
server_link_register(struct server_link *self, const char *name, const char *display,
    const char *password, call_on_answer *on_answer, void *arg)
{
	struct operation *operation;
	enum status status = check_free(self);

	if (status == STATUS_OK && !str_is_name(bytes_of_string(name)))
		status = STATUS_BAD_NAME;
	if (status == STATUS_OK)
		status = check_display(display);
	if (status == STATUS_OK)
		status = check_password(password);
	if (status == STATUS_OK)
		status = operation_new(self, &operation_register, on_answer, arg, &operation);
	if (status != STATUS_OK)
		return status;
	set_texts(operation, name, password);
	str_copy(bytes_of_string(display), operation->display, sizeof(operation->display));
	password_cost_init(&operation->cost);
	operation->has_cost = true;
	identity_init(&operation->identity);
	crypto_random(operation->bundle_key, sizeof(operation->bundle_key));
	return begin(operation);
}

/* --- logging in --------------------------------------------------------------------------- */

static void
login_send(struct operation *operation)
{
	struct msg_login ask = {
		.uid = operation->uid,
		.method = LOGIN_BY_SECRET,
		.proof = bytes_of(operation->keys.secret, sizeof(operation->keys.secret)),
	};

	operation_ask(operation, MSG_LOGIN, &ask);
}

/* What LOGIN_OK says of the account; nothing is kept unless all of it is right. */
static bool
read_login(const struct msg_login_ok *ok, struct account *out)
{
	out->uid = ok->uid;
	account_set_token(out, ok->token);
	return str_copy(ok->name, out->name, sizeof(out->name)) &&
	    str_copy(ok->display, out->display, sizeof(out->display));
}

/* Opens the bundle with the password's key: from here on this machine has the identity. */
static enum status
open_bundle(const struct msg_login_ok *ok, const uint8_t wrapping_key[CRYPTO_KEY_SIZE],
    struct account *out)
{
	uint8_t key[CRYPTO_KEY_SIZE];
	struct bundle bundle;
	enum status status = bundle_unwrap_key(ok->wrapped_key, ok->bundle, wrapping_key, key);

	if (status != STATUS_OK)
		return status;
	status = bundle_open(ok->bundle, key, ok->bundle_version, &bundle);
	if (status == STATUS_OK) {
		account_set_bundle(out, &bundle, ok->bundle_version);
		keep_bundle_keys(out, key, ok->wrapped_key.data);
		identity_init_from_seed(&out->identity, bundle.seed);
		out->has_identity = true;
	}
	bundle_clear(&bundle);
	mem_wipe(key, sizeof(key));
	return status;
}

/* Online: the account is known, the operation is over, and everybody hears of it. */
static void
go_online(struct operation *operation, const struct answer *answer)
{
	struct server_link *self = operation->link;
	struct operation_end end = operation_end(operation);

	server_link_tell_account(self);
	server_link_enter(self, SERVER_LINK_ONLINE, NULL);
	operation_tell(&end, answer);
}

static void
login_succeed(struct operation *operation, const struct answer *answer)
{
	const struct msg_login_ok *ok = answer->message;
	struct server_link *self = operation->link;
	struct account account = { 0 };
	enum status status;

	if (ok->uid != operation->uid || !read_login(ok, &account)) {
		account_clear(&account);
		operation_distrust(operation, "The server answered about another account.");
		return;
	}
	status = open_bundle(ok, operation->keys.wrapping_key, &account);
	if (status != STATUS_OK) {
		account_clear(&account);
		operation_distrust(operation,
		    "The server took the password, but its bundle does not open with it.");
		return;
	}
	account.cost = operation->cost;
	account.has_cost = true;
	account_copy(&self->account, &account);
	account_clear(&account);
	go_online(operation, answer);
}

const struct operation_kind operation_login = {
	.needs_keys = true,
	.send = login_send,
	.succeed = login_succeed,
};

enum status
server_link_login(struct server_link *self, uint64_t uid, const char *name, const char *password,
    call_on_answer *on_answer, void *arg)
{
	struct operation *operation;
	enum status status = check_free(self);

	if (status == STATUS_OK && uid == 0 && !str_is_name(bytes_of_string(name)))
		status = STATUS_BAD_NAME;
	if (status == STATUS_OK)
		status = check_password(password);
	if (status == STATUS_OK)
		status = operation_new(self, &operation_login, on_answer, arg, &operation);
	if (status != STATUS_OK)
		return status;
	operation->uid = uid;
	set_texts(operation, uid == 0 ? name : "", password);
	return begin(operation);
}

/* --- returning ---------------------------------------------------------------------------- */

static void
return_send(struct operation *operation)
{
	struct server_link *self = operation->link;
	const struct account *account = &self->account;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	struct msg_resume resume = { .token = bytes_of(account->token, account->token_len) };
	struct msg_login login = {
		.uid = account->uid,
		.method = LOGIN_BY_SIGNATURE,
		.proof = bytes_of(signature, sizeof(signature)),
		.bundle_version = account->has_bundle ? account->bundle_version : 0,
	};

	if (account->token_len > 0) {
		operation_ask(operation, MSG_RESUME, &resume);
		return;
	}
	identity_sign_login(&account->identity, &self->channel, account->uid, signature);
	operation_ask(operation, MSG_LOGIN, &login);
}

/* The bundle of another machine of the same owner, when it is newer than the one here. */
static void
take_newer_bundle(struct server_link *self, const struct msg_login_ok *ok)
{
	struct account *account = &self->account;
	struct bundle bundle;

	if (!account->has_bundle || ok->bundle_version == account->bundle_version)
		return;
	if (ok->bundle_version < account->bundle_version) {
		server_link_warn(self,
		    "The server has an older bundle of this account than this "
		    "machine; it was not taken.");
		return;
	}
	if (bundle_open(ok->bundle, account->bundle_key, ok->bundle_version, &bundle) ==
		STATUS_OK &&
	    crypto_equal(bundle.seed, account->identity.secret_key, sizeof(bundle.seed)))
		account_set_bundle(account, &bundle, ok->bundle_version);
	else
		server_link_warn(self,
		    "What the account takes along was changed and cannot be "
		    "opened here; log in with the password once.");
	bundle_clear(&bundle);
}

static void
return_by_token(struct operation *operation, const struct answer *answer)
{
	const struct msg_resume_ok *ok = answer->message;
	struct account *account = &operation->link->account;

	if (ok->uid != account->uid) {
		account_set_token(account, bytes_of("", 0));
		operation_distrust(operation, "The server took us for another account.");
		return;
	}
	account_set_token(account, ok->token);
	go_online(operation, answer);
}

static void
return_by_key(struct operation *operation, const struct answer *answer)
{
	const struct msg_login_ok *ok = answer->message;
	struct server_link *self = operation->link;

	if (ok->uid != self->account.uid || !read_login(ok, &self->account)) {
		operation_distrust(operation, "The server took us for another account.");
		return;
	}
	take_newer_bundle(self, ok);
	go_online(operation, answer);
}

static void
return_succeed(struct operation *operation, const struct answer *answer)
{
	if (answer->type == MSG_RESUME_OK)
		return_by_token(operation, answer);
	else
		return_by_key(operation, answer);
}

/* The account cannot come back with what is known here. */
static void
give_up(struct operation *operation, const struct answer *answer)
{
	struct server_link *self = operation->link;
	struct operation_end end = operation_end(operation);
	struct reason reason;

	reason_of_answer(&reason, answer);
	account_clear(&self->account);
	server_link_tell_account(self);
	server_link_rest(self, &reason);
	operation_tell(&end, answer);
}

static void
return_refuse(struct operation *operation, const struct answer *answer)
{
	struct server_link *self = operation->link;
	struct reason reason;

	switch (answer->status) {
	case STATUS_BAD_TOKEN:
		account_set_token(&self->account, bytes_of("", 0));
		if (!self->account.has_identity) {
			give_up(operation, answer);
			return;
		}
		operation_proceed(self);
		return;
	case STATUS_WRONG_PROOF:
	case STATUS_NO_SUCH_USER:
	case STATUS_ACCOUNT_GONE:
	case STATUS_NOT_ALLOWED:
		give_up(operation, answer);
		return;
	default:
		/* Not now: another time, perhaps at another server. */
		reason_of_answer(&reason, answer);
		server_link_lose(self, &reason);
	}
}

const struct operation_kind operation_return = {
	.send = return_send,
	.succeed = return_succeed,
	.refuse = return_refuse,
};

enum status
server_link_return(struct server_link *self, const struct account *account,
    call_on_answer *on_answer, void *arg)
{
	struct operation *operation;
	enum status status = check_free(self);

	if (status == STATUS_OK && !account_can_return(account))
		status = STATUS_BAD_VALUE;
	if (status == STATUS_OK)
		status = operation_new(self, &operation_return, on_answer, arg, &operation);
	if (status != STATUS_OK)
		return status;
	account_copy(&self->account, account);
	return begin(operation);
}

/* --- leaving ------------------------------------------------------------------------------ */

/* The account is no longer ours, or no longer there. */
static void
forget_account(struct server_link *self, const char *sentence)
{
	struct reason reason;

	reason_set(&reason, STATUS_GOODBYE, sentence);
	account_clear(&self->account);
	server_link_tell_account(self);
	server_link_rest(self, &reason);
}

static void
delete_send(struct operation *operation)
{
	struct msg_delete_user ask = {
		.uid = operation->uid,
		.method = LOGIN_BY_SECRET,
		.proof = bytes_of(operation->keys.secret, sizeof(operation->keys.secret)),
	};

	operation_ask(operation, MSG_DELETE_USER, &ask);
}

static void
delete_send_by_key(struct operation *operation)
{
	struct server_link *self = operation->link;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	struct msg_delete_user ask = {
		.uid = operation->uid,
		.method = LOGIN_BY_SIGNATURE,
		.proof = bytes_of(signature, sizeof(signature)),
	};

	identity_sign_delete(&self->account.identity, &self->channel, operation->uid, signature);
	operation_ask(operation, MSG_DELETE_USER, &ask);
}

static void
delete_succeed(struct operation *operation, const struct answer *answer)
{
	struct server_link *self = operation->link;
	bool is_ours = operation->uid == self->account.uid;
	struct operation_end end = operation_end(operation);

	if (is_ours)
		forget_account(self, "The account was deleted.");
	operation_tell(&end, answer);
}

const struct operation_kind operation_delete = {
	.needs_keys = true,
	.send = delete_send,
	.succeed = delete_succeed,
};

const struct operation_kind operation_delete_by_key = {
	.send = delete_send_by_key,
	.succeed = delete_succeed,
};

enum status
server_link_delete(struct server_link *self, uint64_t uid, const char *password,
    call_on_answer *on_answer, void *arg)
{
	struct operation *operation;
	enum status status = password != NULL ? check_password(password) : STATUS_OK;

	if (password == NULL && (!self->account.has_identity || self->account.uid != uid))
		status = STATUS_WRONG_STATE;
	if (status == STATUS_OK)
		status = operation_new(self,
		    password != NULL ? &operation_delete : &operation_delete_by_key, on_answer,
		    arg, &operation);
	if (status != STATUS_OK)
		return status;
	operation->uid = uid;
	set_texts(operation, "", password != NULL ? password : "");
	operation->has_cost = self->account.has_cost && self->account.uid == uid;
	operation->cost = self->account.cost;
	return begin(operation);
}

static void
end_session(struct server_link *self)
{
	const struct msg_logout_ok ok = { 0 };
	const struct answer answer = { .sentence = "Logged out.",
		.type = MSG_LOGOUT_OK,
		.message = &ok };
	struct operation_end end = self->logout;

	self->logout = (struct operation_end){ 0 };
	forget_account(self, answer.sentence);
	operation_tell(&end, &answer);
}

/* Also when the server does not like it: whoever wants to be gone is gone. */
static void
logout_on_answer(void *arg, const struct answer *answer UNUSED)
{
	end_session(arg);
}

enum status
server_link_logout(struct server_link *self, call_on_answer *on_answer, void *arg)
{
	struct msg_logout ask = { 0 };

	assert(on_answer != NULL);
	if (self->account.uid == 0)
		return STATUS_WRONG_STATE;
	if (self->logout.on_answer != NULL)
		return STATUS_BUSY;
	self->logout = (struct operation_end){ .on_answer = on_answer, .arg = arg };
	if (self->state != SERVER_LINK_ONLINE ||
	    server_link_ask(self, MSG_LOGOUT, &ask, NULL, logout_on_answer, self) != STATUS_OK)
		end_session(self);
	return STATUS_OK;
}
