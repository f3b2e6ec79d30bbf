#include "audit/audit_rooms.h"

#include <string.h>

static const struct store_statement get_edge =
	STORE_STATEMENT("SELECT size, hashes FROM audit_edge WHERE id = 1");
static const struct store_statement set_edge =
	STORE_STATEMENT("UPDATE audit_edge SET size = :size, hashes = :hashes WHERE id = 1");
static const struct store_statement insert = STORE_STATEMENT(
	"INSERT INTO audit (seq, at_us, action, outcome, actor_id, subject_kind, subject_id,"
	" intent_id, bytes, leaf) VALUES (:seq, :at_us, :action, :outcome, :actor_id,"
	" :subject_kind, :subject_id, :intent_id, :bytes, :leaf)");
static const struct store_statement get = STORE_STATEMENT(
	"SELECT seq, at_us, action, outcome, actor_id, subject_kind, subject_id, intent_id, bytes,"
	" leaf FROM audit WHERE seq = :seq");
static const struct store_statement rows_between = STORE_STATEMENT(
	"SELECT seq, at_us, action, outcome, actor_id, subject_kind, subject_id, intent_id, bytes,"
	" leaf FROM audit WHERE seq > :after AND seq <= :until ORDER BY seq");
/* Without a subject there is no index: the caller says how far back it may look. */
static const struct store_statement list_all = STORE_STATEMENT(
	"SELECT seq, at_us, action, outcome, actor_id, subject_kind, subject_id, intent_id, bytes,"
	" leaf FROM audit WHERE seq < :before AND seq >= :floor"
	" AND (:action IS NULL OR action = :action) AND (:actor IS NULL OR actor_id = :actor)"
	" ORDER BY seq DESC LIMIT :limit");
/* Also its parts: "01J..." has "01J.../2.1"; '0' is the byte behind '/'. */
static const struct store_statement list_subject = STORE_STATEMENT(
	"SELECT seq, at_us, action, outcome, actor_id, subject_kind, subject_id, intent_id, bytes,"
	" leaf FROM audit WHERE (subject_id = :subject OR"
	" (subject_id > :subject || '/' AND subject_id < :subject || '0'))"
	" AND seq < :before AND (:action IS NULL OR action = :action)"
	" AND (:actor IS NULL OR actor_id = :actor) ORDER BY seq DESC LIMIT :limit");
static const struct store_statement insert_checkpoint =
	STORE_STATEMENT("INSERT INTO audit_checkpoint (size, at_us, note, hashes)"
			" VALUES (:size, :at_us, :note, :hashes) ON CONFLICT (size) DO NOTHING");
static const struct store_statement checkpoint_before =
	STORE_STATEMENT("SELECT size, at_us, note, hashes FROM audit_checkpoint"
			" WHERE size <= :size ORDER BY size DESC LIMIT 1");
static const struct store_statement checkpoint_after =
	STORE_STATEMENT("SELECT size, at_us, note, hashes FROM audit_checkpoint"
			" WHERE size > :size ORDER BY size LIMIT 1");
static const struct store_statement begin = STORE_STATEMENT("BEGIN");
static const struct store_statement end = STORE_STATEMENT("COMMIT");

static int refuse_edge(struct error *err)
{
	error_set(err, ERROR_TAMPERED, "the right edge of the audit's tree is damaged");
	return error_remedy(err, "stop the daemon and run `redbutton audit verify`");
}

int audit_store_edge(struct store_tx *tx, struct audit_edge *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &get_edge);
	const void *hashes;
	size_t length;
	int64_t size;
	int rc = store_next(query, err);

	if (rc <= 0)
		return rc < 0 ? rc : refuse_edge(err);
	size = store_int(query, "size");
	hashes = store_bytes(query, "hashes", &length);
	if (!audit_edge_read(ret, size, hashes, length))
		rc = refuse_edge(err);
	store_finish(query);
	return rc < 0 ? rc : 0;
}

int audit_store_set_edge(struct store_tx *tx, const struct audit_edge *edge, struct error *err)
{
	struct store_query *query = store_query(tx, &set_edge);
	int rc;

	store_bind_int(query, ":size", edge->size);
	store_bind_bytes(query, ":hashes", edge->hashes, (size_t)edge->count * DIGEST_BYTES);
	rc = store_run(query, err);
	if (rc == 0)
		return refuse_edge(err);
	return rc < 0 ? rc : 0;
}

int audit_store_insert(struct store_tx *tx, const struct audit_row *row, struct error *err)
{
	struct store_query *query = store_query(tx, &insert);
	int rc;

	store_bind_int(query, ":seq", row->seq);
	store_bind_int(query, ":at_us", row->at_us);
	store_bind_text(query, ":action", row->action);
	store_bind_text(query, ":outcome", row->outcome);
	store_bind_text(query, ":actor_id", row->actor_id);
	store_bind_text(query, ":subject_kind", row->subject_kind);
	store_bind_text(query, ":subject_id", row->subject_id);
	store_bind_text(query, ":intent_id", row->intent_id);
	store_bind_bytes(query, ":bytes", row->bytes, row->length);
	store_bind_bytes(query, ":leaf", row->leaf->bytes, DIGEST_BYTES);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

static struct audit_row *copy_row(struct store_query *query, struct arena *arena)
{
	struct audit_row *row = arena_alloc(arena, sizeof(*row));
	const void *bytes;
	size_t length;

	row->seq = store_int(query, "seq");
	row->at_us = store_int(query, "at_us");
	row->action = store_text_copy(query, "action", arena);
	row->outcome = store_text_copy(query, "outcome", arena);
	row->actor_id = store_text_copy(query, "actor_id", arena);
	row->subject_kind = store_text_copy(query, "subject_kind", arena);
	row->subject_id = store_text_copy(query, "subject_id", arena);
	row->intent_id = store_text_copy(query, "intent_id", arena);
	bytes = store_bytes(query, "bytes", &row->length);
	row->bytes = arena_text_n(arena, bytes, row->length);
	bytes = store_bytes(query, "leaf", &length);
	if (length == DIGEST_BYTES)
		row->leaf = arena_copy(arena, bytes, length);
	return row;
}

int audit_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, struct audit_row **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &get);
	int rc;

	store_bind_int(query, ":seq", seq);
	rc = store_one(query, "audit record", err);
	if (rc < 0)
		return rc;
	*ret = copy_row(query, arena);
	store_finish(query);
	return 0;
}

/* --- many rows --- */

struct store_query *audit_store_list(struct store_tx *tx, const struct audit_filter *filter)
{
	struct store_query *rows = store_query(tx, filter->subject ? &list_subject : &list_all);

	store_bind_int(rows, ":before", filter->before);
	store_bind_text(rows, ":action", filter->action);
	store_bind_text(rows, ":actor", filter->actor);
	store_bind_int(rows, ":limit", filter->limit);
	if (filter->subject)
		store_bind_text(rows, ":subject", filter->subject);
	else
		store_bind_int(rows, ":floor", filter->floor);
	return rows;
}

struct store_query *audit_store_rows(struct store_tx *tx, int64_t after, int64_t until)
{
	struct store_query *query = store_query(tx, &rows_between);

	store_bind_int(query, ":after", after);
	store_bind_int(query, ":until", until);
	return query;
}

/* As bytes: a NUL in a text must not hide what follows it. */
static const char *column(struct store_query *query, const char *name, size_t *ret_length)
{
	return store_bytes(query, name, ret_length);
}

int audit_store_next_row(struct store_query *rows, struct audit_row *ret, struct error *err)
{
	int rc = store_next(rows, err);

	if (rc <= 0)
		return rc;
	ret->seq = store_int(rows, "seq");
	ret->at_us = store_int(rows, "at_us");
	ret->action = column(rows, "action", &ret->action_length);
	ret->outcome = column(rows, "outcome", &ret->outcome_length);
	ret->actor_id = column(rows, "actor_id", &ret->actor_id_length);
	ret->subject_kind = column(rows, "subject_kind", &ret->subject_kind_length);
	ret->subject_id = column(rows, "subject_id", &ret->subject_id_length);
	ret->intent_id = store_value(rows, "intent_id", &ret->intent_id_length);
	ret->bytes = column(rows, "bytes", &ret->length);
	ret->leaf = (const struct digest *)column(rows, "leaf", &ret->leaf_length);
	return 1;
}

/* --- checkpoints --- */

int audit_store_insert_checkpoint(
	struct store_tx *tx, const struct audit_checkpoint *checkpoint, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_checkpoint);
	int rc;

	store_bind_int(query, ":size", checkpoint->size);
	store_bind_int(query, ":at_us", checkpoint->at_us);
	store_bind_text(query, ":note", checkpoint->note);
	store_bind_bytes(query, ":hashes", checkpoint->hashes, checkpoint->hashes_length);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

static int find_checkpoint(struct store_tx *tx, const struct store_statement *statement,
	struct arena *arena, int64_t size, struct audit_checkpoint **ret, struct error *err)
{
	struct store_query *query = store_query(tx, statement);
	struct audit_checkpoint *found;
	const void *bytes;
	int rc;

	store_bind_int(query, ":size", size);
	rc = store_next(query, err);
	if (rc <= 0) {
		*ret = rc < 0 ? *ret : NULL;
		return rc;
	}
	found = arena_alloc(arena, sizeof(*found));
	found->size = store_int(query, "size");
	found->at_us = store_int(query, "at_us");
	bytes = store_bytes(query, "note", &found->note_length);
	found->note = arena_text_n(arena, bytes, found->note_length);
	bytes = store_bytes(query, "hashes", &found->hashes_length);
	found->hashes = arena_copy(arena, bytes, found->hashes_length);
	store_finish(query);
	*ret = found;
	return 0;
}

int audit_store_checkpoint(struct store_tx *tx, struct arena *arena, int64_t max,
	struct audit_checkpoint **ret, struct error *err)
{
	return find_checkpoint(tx, &checkpoint_before, arena, max, ret, err);
}

int audit_store_next_checkpoint(struct store_tx *tx, struct arena *arena, int64_t after,
	struct audit_checkpoint **ret, struct error *err)
{
	return find_checkpoint(tx, &checkpoint_after, arena, after, ret, err);
}

int audit_store_begin(struct store_tx *tx, struct error *err)
{
	return store_run(store_query(tx, &begin), err);
}

void audit_store_end(struct store_tx *tx)
{
	store_run(store_query(tx, &end), NULL);
}
