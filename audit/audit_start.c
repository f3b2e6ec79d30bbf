/*
 * A checkpoint goes out only after the COMMIT that it covers has returned. So a crash leaves the
 * copy outside older than the database, never newer; newer means that the database was changed,
 * cut, or put back from an older file.
 */
#include "audit/audit_note.h"
#include "audit/audit_rooms.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define REMEDY                                                                                     \
	"run `redbutton audit verify`; after a restore that you know of, go on with `redbutton "   \
	"audit accept-restore --reason TEXT`"

struct start {
	struct store_tx *tx;
	const struct audit_options *options;
	const struct audit_verifier *key;
	struct arena arena;
	struct audit_note outside; /* size 0: none */
	struct audit_edge edge;	   /* so far */
	struct audit_edge stored;
	int64_t checkpoint_size;
};

static int refuse(struct start *start, struct error *err, const char *why)
{
	error_set(err, ERROR_TAMPERED, "%s", why);
	if (start->options->checkpoint_path)
		error_place(err, "%s", start->options->checkpoint_path);
	return error_remedy(err, REMEDY);
}

static int check_note(struct start *start, const struct audit_note *note, struct error *err)
{
	if (!text_is_equal(note->origin, start->options->origin)) {
		error_set(err, ERROR_TAMPERED, "the checkpoint is of the log %s, not of %s",
			note->origin, start->options->origin);
		return error_remedy(err, "set `origin` and `checkpoint-file` to what they were");
	}
	return start->key ? audit_note_check(note, start->key, 1, err) : 0;
}

static int read_outside(struct start *start, struct error *err)
{
	const char *path = start->options->checkpoint_path;
	char *text = NULL;
	size_t length = 0;
	int rc = path ? audit_outside_read(&start->arena, path, &text, &length, err) : 0;

	if (rc < 0 || !path)
		return rc;
	if (!text)
		return start->checkpoint_size
			       ? refuse(start, err,
					 "the checkpoint outside the data directory is gone; if it "
					 "was moved, copy it to this place")
			       : 0;
	rc = audit_note_parse(text, length, &start->outside, err);
	if (rc >= 0)
		rc = check_note(start, &start->outside, err);
	if (rc < 0) {
		error_place(err, "%s", path);
		return *err->remedy ? rc : error_remedy(err, REMEDY);
	}
	if (start->outside.size <= start->stored.size)
		return 0;
	error_set(err, ERROR_TAMPERED,
		"the database ends at record %lld, but a checkpoint of %lld records was made: an "
		"older file was put back, or the end of the audit was cut",
		(long long)start->stored.size, (long long)start->outside.size);
	error_place(err, "%s", path);
	return error_remedy(err, REMEDY);
}

/* The tree at the newest checkpoint that is not newer than the one outside: nothing before it is
 * read again. */
static int read_base(struct start *start, struct error *err)
{
	int64_t max = start->outside.size ? start->outside.size : start->checkpoint_size;
	struct audit_checkpoint *base = NULL;
	struct audit_note note;
	struct digest root;
	int rc = audit_store_checkpoint(start->tx, &start->arena, max, &base, err);

	if (rc < 0 || !base)
		return rc;
	rc = audit_note_parse(base->note, base->note_length, &note, err);
	if (rc >= 0)
		rc = check_note(start, &note, err);
	if (rc < 0)
		return *err->remedy ? rc : error_remedy(err, REMEDY);
	if (!audit_edge_read(&start->edge, base->size, base->hashes, base->hashes_length))
		return refuse(start, err, "a stored checkpoint is damaged");
	audit_edge_root(&start->edge, &root);
	if (note.size != base->size || !digest_is_equal(&root, &note.root))
		return refuse(start, err, "a stored checkpoint does not fit its own tree");
	return 0;
}

static int check_outside_root(struct start *start, struct error *err)
{
	struct digest root;

	if (!start->outside.size || start->edge.size != start->outside.size)
		return 0;
	audit_edge_root(&start->edge, &root);
	if (digest_is_equal(&root, &start->outside.root))
		return 0;
	return refuse(start, err,
		"the database has another history than the checkpoint outside says: it was "
		"changed, "
		"or an older file was put back and written to");
}

static int add_row(
	struct start *start, const struct audit_row *row, struct buf *bytes, struct error *err)
{
	struct digest leaf;

	if (row->seq != start->edge.size + 1) {
		error_set(err, ERROR_TAMPERED, "the audit record %lld is missing",
			(long long)start->edge.size + 1);
		return error_remedy(err, REMEDY);
	}
	buf_clear(bytes);
	buf_add_char(bytes, 0);
	buf_add(bytes, row->bytes, row->length);
	audit_leaf(bytes->bytes, row->length, &leaf);
	audit_edge_add(&start->edge, &leaf);
	return check_outside_root(start, err);
}

static int walk_tail(struct start *start, struct error *err)
{
	struct buf bytes = BUF_INIT;
	struct audit_row row;
	struct store_query *rows;
	int rc = check_outside_root(start, err);

	if (rc < 0)
		return rc;
	rows = audit_store_rows(start->tx, start->edge.size, INT64_MAX);
	while ((rc = audit_store_next_row(rows, &row, err)) == 1)
		if ((rc = add_row(start, &row, &bytes, err)) < 0)
			break;
	store_finish(rows);
	buf_done(&bytes);
	if (rc < 0)
		return rc;
	return audit_edge_is_equal(&start->edge, &start->stored)
		       ? 0
		       : refuse(start, err, "the newest audit records do not give the stored tree");
}

static int run(struct start *start, struct error *err)
{
	struct audit_checkpoint *newest = NULL;
	int rc = audit_store_edge(start->tx, &start->stored, err);

	if (rc >= 0)
		rc = audit_store_checkpoint(start->tx, &start->arena, INT64_MAX, &newest, err);
	start->checkpoint_size = rc >= 0 && newest ? newest->size : 0;
	if (rc >= 0)
		rc = read_outside(start, err);
	if (rc >= 0)
		rc = read_base(start, err);
	return rc < 0 ? rc : walk_tail(start, err);
}

int audit_start_check(struct store_tx *tx, const struct audit_options *options,
	const struct audit_verifier *key, int64_t *ret_size, struct error *err)
{
	struct start start = {.tx = tx, .options = options, .key = key};
	int rc = run(&start, err);

	arena_done(&start.arena);
	if (rc >= 0)
		*ret_size = start.checkpoint_size;
	return rc;
}

int audit_check_outside(
	const struct audit_options *options, int64_t *ret_checkpoint_size, struct error *err)
{
	return audit_start_check(
		store_reader(options->store), options, NULL, ret_checkpoint_size, err);
}
