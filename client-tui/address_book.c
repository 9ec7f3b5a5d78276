/* SPDX-License-Identifier: ISC */
#include "client-tui/address_book.h"

#include <stddef.h>
#include <stdlib.h>

#include "client-tui/control/control.h"
#include "client-tui/net/helper.h"
#include "client-tui/net/whole_file.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/str.h"

/* The file as it shall be. It sees the disk on the helper thread. */
struct book_job {
	struct helper_job job;
	struct address_book *book;
	char *path;
	uint8_t *content; /* NULL: no file */
	size_t len;
	enum status status;
};

/* --- to the disk -------------------------------------------------------------------------- */

static void
job_run(struct helper_job *helper_job)
{
	struct book_job *job = CONTAINER_OF(helper_job, struct book_job, job);

	job->status = job->content != NULL
	    ? whole_file_write(job->path, bytes_of(job->content, job->len))
	    : whole_file_remove(job->path);
}

static void
job_free(struct book_job *job)
{
	free(job->content);
	free(job->path);
	free(job);
}

static void
complain(struct address_book *book, enum status status)
{
	control_alert(book->control, pane_home(),
	    "The contacts could not be kept on this computer: %s", status_text(status));
}

static void save(struct address_book *book);

static void
job_done(struct helper_job *helper_job)
{
	struct book_job *job = CONTAINER_OF(helper_job, struct book_job, job);
	struct address_book *book = job->book;

	/* The helper has stopped: this is the program's end, and nobody waits for the screen. */
	if (!helper_job->did_run)
		job_run(helper_job);
	if (job->status != STATUS_OK)
		complain(book, job->status);
	if (book->job == job)
		book->job = NULL;
	if (helper_job->did_run && book->is_dirty && book->job == NULL)
		save(book);
	job_free(job);
}

static struct book_job *
job_new(struct address_book *book)
{
	struct book_job *job = mem_new(sizeof(*job));

	job->job.run = job_run;
	job->job.done = job_done;
	job->book = book;
	job->path = mem_string(book->path);
	return job;
}

static bool
post(struct address_book *book, struct book_job *job)
{
	if (helper_post(book->helper, &job->job) != STATUS_OK) {
		job_free(job);
		return false;
	}
	book->job = job;
	return true;
}

/* Changes while one is on its way leave together afterwards. */
static void
save(struct address_book *book)
{
	struct book_job *job;

	if (book->owner == 0 || !book->is_dirty)
		return;
	job = job_new(book);
	job->content = contacts_encode(&book->contacts, &job->len);
	book->is_dirty = !post(book, job);
}

static void
change(struct address_book *book)
{
	book->is_dirty = true;
	book->revision++;
	if (book->job == NULL)
		save(book);
}

/* --- whose -------------------------------------------------------------------------------- */

void
address_book_init(struct address_book *book, struct control *control, struct helper *helper)
{
	*book = (struct address_book){ .control = control, .helper = helper };
}

static void
close_book(struct address_book *book)
{
	contacts_clear(&book->contacts);
	free(book->path);
	book->path = NULL;
	book->owner = 0;
	book->is_dirty = false;
}

void
address_book_clear(struct address_book *book)
{
	uint8_t *content;
	size_t len;

	if (book->owner != 0 && book->is_dirty) {
		content = contacts_encode(&book->contacts, &len);
		if (whole_file_write(book->path, bytes_of(content, len)) != STATUS_OK)
			complain(book, STATUS_SYSTEM);
		free(content);
	}
	close_book(book);
}

static void
show_all(struct address_book *book)
{
	struct roster *roster = model_change_roster(book->control->model);

	book->revision++;
	roster_clear(roster);
	for (size_t i = 0; i < book->contacts.count; i++)
		roster_set(roster, book->contacts.list[i].uid,
		    bytes_of_string(book->contacts.list[i].name));
}

void
address_book_open(struct address_book *book, uint64_t owner, const char *path)
{
	enum status status = STATUS_OK;

	if (book->owner == owner && (owner == 0 || strcmp(book->path, path) == 0))
		return;
	save(book);
	close_book(book);
	book->owner = owner;
	if (owner != 0) {
		book->path = mem_string(path);
		status = contacts_load(path, &book->contacts);
	}
	show_all(book);
	if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		control_alert(book->control, pane_home(),
		    "The contacts in %s cannot be read (%s) They are not shown, and nobody's key "
		    "is known.",
		    path, status_text(status));
}

void
address_book_burn(struct address_book *book)
{
	enum status status = STATUS_OK;
	struct book_job *job;

	if (book->owner == 0)
		return;
	job = job_new(book);
	if (!post(book, job))
		status = whole_file_remove(book->path);
	if (status != STATUS_OK)
		complain(book, status);
	close_book(book);
	show_all(book);
}

/* --- people ------------------------------------------------------------------------------- */

enum key_judgement
address_book_judge(
    const struct address_book *book, uint64_t uid, const uint8_t key[IDENTITY_KEY_SIZE])
{
	const struct contact_card *card = contacts_find(&book->contacts, uid);

	if (card == NULL || !card->has_key)
		return KEY_IS_NEW;
	return memcmp(card->key, key, IDENTITY_KEY_SIZE) == 0 ? KEY_IS_KNOWN : KEY_HAS_CHANGED;
}

static enum status
put(struct address_book *book, uint64_t uid, struct bytes name, struct contact_card **out)
{
	if (uid == 0 || !str_is_name(name))
		return STATUS_BAD_NAME;
	*out = contacts_put(&book->contacts, uid, name);
	if (*out == NULL)
		return STATUS_FULL;
	roster_set(model_change_roster(book->control->model), uid, name);
	return STATUS_OK;
}

enum status
address_book_add(struct address_book *book, uint64_t uid, struct bytes name)
{
	struct contact_card *card;
	enum status status = put(book, uid, name, &card);

	if (status != STATUS_OK)
		return status;
	card->is_added = true;
	change(book);
	return STATUS_OK;
}

enum status
address_book_pin(struct address_book *book, uint64_t uid, struct bytes name,
    const uint8_t key[IDENTITY_KEY_SIZE])
{
	const struct contact_card *known = contacts_find(&book->contacts, uid);
	struct contact_card *card;
	enum status status;

	if (known != NULL && address_book_judge(book, uid, key) == KEY_IS_KNOWN &&
	    bytes_equal(bytes_of_string(known->name), name))
		return STATUS_OK;
	status = put(book, uid, name, &card);
	if (status != STATUS_OK)
		return status;
	memcpy(card->key, key, sizeof(card->key));
	card->has_key = true;
	change(book);
	return STATUS_OK;
}

size_t
address_book_list(const struct address_book *book, uint64_t *uids, size_t room)
{
	const struct contacts *contacts = &book->contacts;
	size_t count = 0;

	for (int is_added = 1; is_added >= 0; is_added--)
		for (size_t i = 0; i < contacts->count && count < room; i++)
			if (contacts->list[i].is_added == is_added)
				uids[count++] = contacts->list[i].uid;
	return count;
}

void
address_book_remove(struct address_book *book, uint64_t uid)
{
	if (contacts_remove(&book->contacts, uid))
		change(book);
	roster_remove(model_change_roster(book->control->model), uid);
}
