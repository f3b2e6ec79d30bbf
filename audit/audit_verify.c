#include "audit/audit_verify.h"

#include "audit/audit_check.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (AUDIT_RECORD_MAX + 16)

/* --- the rows of a database --- */

struct column {
	const char *name;
	const struct audit_slice *slice;
	const char *value;
	size_t length;
};

static int check_columns(struct audit_check *check, const struct audit_row *row,
	const struct audit_scan *scan, const struct digest *leaf)
{
	const struct column columns[] = {
		{"action", &scan->action, row->action, row->action_length},
		{"outcome", &scan->outcome, row->outcome, row->outcome_length},
		{"actor_id", &scan->actor_id, row->actor_id, row->actor_id_length},
		{"subject_kind", &scan->subject_kind, row->subject_kind, row->subject_kind_length},
		{"subject_id", &scan->subject_id, row->subject_id, row->subject_id_length},
		{"intent_id", &scan->intent_id, row->intent_id, row->intent_id_length},
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (!audit_slice_is(columns[i].slice, columns[i].value, columns[i].length))
			return audit_check_fail(check, row->seq,
				"its column %s says something else than its bytes",
				columns[i].name);
	if (row->at_us != scan->at_us)
		return audit_check_fail(
			check, row->seq, "its column at_us says another time than its bytes");
	if (row->leaf_length != DIGEST_BYTES || memcmp(row->leaf, leaf->bytes, DIGEST_BYTES))
		return audit_check_fail(
			check, row->seq, "its column leaf is not the hash of its bytes");
	return 0;
}

static int check_row(struct audit_check *check, const struct audit_row *row)
{
	int64_t expected = check->edge.size + 1;
	struct audit_scan scan;
	struct digest leaf;
	int rc;

	if (row->seq > expected)
		return audit_check_fail(check, expected, "it is missing; the next is record %lld",
			(long long)row->seq);
	if (row->seq < expected)
		return audit_check_fail(check, row->seq, "it has no number that a record can have");
	rc = audit_check_record(check, row->bytes, row->length, &scan, &leaf);
	/* What the columns say of it is nearer to the cause than what its intent says. */
	if (rc < 0 && scan.seq != row->seq)
		return rc;
	return check_columns(check, row, &scan, &leaf) < 0 ? check->err->code : rc;
}

static int check_stored(struct audit_check *check, const struct audit_checkpoint *checkpoint)
{
	struct audit_edge edge;
	int rc = audit_check_note(check, checkpoint->note, checkpoint->note_length);

	if (rc < 0)
		return rc;
	if (!audit_edge_read(
		    &edge, checkpoint->size, checkpoint->hashes, checkpoint->hashes_length) ||
		!audit_edge_is_equal(&edge, &check->edge))
		return audit_check_fail(check, checkpoint->size,
			"the hashes beside its checkpoint are not those of the tree");
	return 0;
}

/* Checkpoints come one by one as the records reach them. */
struct walk {
	struct audit_check *check;
	struct store_tx *tx;
	struct arena arena;
	struct audit_checkpoint *next;
};

static int advance(struct walk *walk, int64_t after)
{
	arena_done(&walk->arena);
	arena_init(&walk->arena);
	return audit_store_next_checkpoint(
		walk->tx, &walk->arena, after, &walk->next, walk->check->err);
}

static int check_rows(struct walk *walk)
{
	struct audit_check *check = walk->check;
	struct store_query *rows = audit_store_rows(walk->tx, INT64_MIN, INT64_MAX);
	struct audit_row row;
	int rc;

	while ((rc = audit_store_next_row(rows, &row, check->err)) == 1) {
		rc = check_row(check, &row);
		if (rc >= 0 && walk->next && walk->next->size == row.seq) {
			rc = check_stored(check, walk->next);
			rc = rc < 0 ? rc : advance(walk, row.seq);
		}
		if (rc < 0)
			break;
	}
	store_finish(rows);
	return rc;
}

static int check_edge(struct audit_check *check, struct store_tx *tx)
{
	int64_t size = check->edge.size;
	struct audit_edge edge;
	int rc = audit_store_edge(tx, &edge, check->err);

	if (rc == ERROR_TAMPERED)
		return audit_check_fail(check, size, "the stored edge of the tree is damaged");
	if (rc < 0)
		return rc;
	if (edge.size > size)
		return audit_check_fail(check, size + 1,
			"it is missing with all that follow: the tree has %lld records",
			(long long)edge.size);
	if (edge.size < size)
		return audit_check_fail(
			check, edge.size + 1, "it was added behind the tree's back");
	return audit_edge_is_equal(&edge, &check->edge)
		       ? 0
		       : audit_check_fail(check,
				 check->good_size < size ? check->good_size + 1 : size,
				 "from here to record %lld something was changed: the stored tree "
				 "has other hashes",
				 (long long)size);
}

static int check_log(struct audit_check *check, struct store_tx *tx)
{
	struct walk walk = {.check = check, .tx = tx};
	int rc = advance(&walk, INT64_MIN);

	if (rc >= 0 && walk.next && walk.next->size <= 0)
		rc = audit_check_fail(check, 1, "a checkpoint covers no record");
	if (rc >= 0)
		rc = check_rows(&walk);
	if (rc >= 0 && walk.next)
		rc = audit_check_fail(check, check->edge.size + 1,
			"it is missing with all that follow: a checkpoint covers %lld records",
			(long long)walk.next->size);
	arena_done(&walk.arena);
	if (rc >= 0)
		rc = check_edge(check, tx);
	return rc < 0 ? rc : audit_check_end(check);
}

/* All in one read transaction: a daemon may go on writing beside it. */
static int verify_database(struct audit_check *check, const struct audit_verify_options *options)
{
	struct store_options open = {.path = options->database,
		.schemas = options->schemas,
		.schema_count = options->schema_count,
		.read_only = true};
	struct store *store;
	int rc = store_open(&open, NULL, &store, check->err);

	if (rc < 0)
		return rc;
	rc = audit_store_begin(store_reader(store), check->err);
	if (rc >= 0) {
		rc = check_log(check, store_reader(store));
		if (rc >= 0)
			rc = audit_check_rows(check, store_reader(store));
		audit_store_end(store_reader(store));
	}
	store_close(store);
	return rc;
}

/* --- the lines of an export --- */

static int check_last_line(struct audit_check *check, const char *line, size_t length)
{
	json_t *object = NULL;
	const char *note = NULL;
	struct error why = ERROR_INIT;
	int rc = json_parse(line, length, 2, &object, &why);

	if (rc >= 0)
		rc = json_get_text(object, "checkpoint", true, &note, &why);
	if (rc < 0)
		rc = audit_check_fail(check, check->edge.size + 1, "%s", why.message);
	else
		rc = audit_check_note(check, note, strlen(note));
	json_decref(object);
	return rc;
}

static bool is_last_line(const char *line)
{
	return text_starts_with(line, "{\"checkpoint\":");
}

static int check_line(struct audit_check *check, char *line, size_t length, bool *is_ended)
{
	struct audit_scan scan;
	struct digest leaf;

	if (line[length - 1] != '\n')
		return audit_check_fail(check, check->edge.size + 1, "its line has no end");
	line[--length] = 0;
	if (*is_ended)
		return audit_check_fail(
			check, check->edge.size + 1, "there is more after the checkpoint");
	if (is_last_line(line)) {
		*is_ended = true;
		return check_last_line(check, line, length);
	}
	return audit_check_record(check, line, length, &scan, &leaf);
}

static int verify_export(struct audit_check *check, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	bool is_ended = false;
	int rc = 0;

	if (!file)
		return error_errno(check->err, ERROR_NOT_FOUND, path);
	while (rc >= 0 && (length = getline(&line, &size, file)) > 0)
		rc = length > LINE_MAX_BYTES
			     ? audit_check_fail(check, check->edge.size + 1, "its line is too long")
			     : check_line(check, line, (size_t)length, &is_ended);
	if (rc >= 0 && ferror(file))
		rc = error_errno(check->err, ERROR_IO, path);
	if (rc >= 0 && !is_ended)
		rc = audit_check_fail(check, check->edge.size + 1,
			"neither it nor a checkpoint follows: the export was cut");
	free(line);
	fclose(file);
	return rc < 0 ? rc : audit_check_end(check);
}

int audit_verify(const struct audit_verify_options *options, struct audit_verify_result *ret,
	struct error *err)
{
	struct audit_check check;
	int rc = audit_check_init(&check, options, ret, err);

	if (rc >= 0)
		rc = options->export_path ? verify_export(&check, options->export_path)
					  : verify_database(&check, options);
	audit_check_done(&check);
	return rc;
}
