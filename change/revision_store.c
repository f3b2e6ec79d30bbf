#include "change/change_rooms.h"

static const struct store_statement insert_revision = STORE_STATEMENT(
	"INSERT INTO change_revision (change_seq, revision, body, digest, author_id, author, diff,"
	" rendering, render_digest, rule_frame, context_digest, exceptions, created_at_us)"
	" VALUES (:change_seq, :revision, :body, :digest, :author_id, :author, :diff, :rendering,"
	" :render_digest, '{}', '', '', :created_at_us)");
static const struct store_statement select_revision = STORE_STATEMENT(
	"SELECT change_seq, revision, body, digest, author_id, author, diff, rendering,"
	" render_digest, rule_frame, context_digest, exceptions, created_at_us"
	" FROM change_revision WHERE change_seq = :change_seq AND revision = :revision");
static const struct store_statement update_assessment = STORE_STATEMENT(
	"UPDATE change_revision SET rendering = :rendering, render_digest = :render_digest,"
	" rule_frame = :rule_frame, context_digest = :context_digest, exceptions = :exceptions"
	" WHERE change_seq = :change_seq AND revision = :revision");
static const struct store_statement select_authors = STORE_STATEMENT(
	"SELECT DISTINCT author_id FROM change_revision WHERE change_seq = :change_seq"
	" ORDER BY author_id");
static const struct store_statement select_rows = STORE_STATEMENT(
	"SELECT 'CHG-' || change_seq || '@' || revision AS name, body, digest, author_id, author,"
	" rendering, render_digest, context_digest, exceptions, created_at_us"
	" FROM change_revision"
	" ORDER BY change_seq, revision");
static const struct store_statement insert_content =
	STORE_STATEMENT("INSERT INTO change_content (sha256, bytes, put_by, put_at_us)"
			" VALUES (:sha256, :bytes, :put_by, :put_at_us) ON CONFLICT DO NOTHING");
static const struct store_statement select_content =
	STORE_STATEMENT("SELECT bytes FROM change_content WHERE sha256 = :sha256");
static const struct store_statement select_size =
	STORE_STATEMENT("SELECT length(bytes) AS size FROM change_content WHERE sha256 = :sha256");

int revision_store_insert(
	struct store_tx *tx, const struct change_revision *revision, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_revision);
	int rc;

	store_bind_int(query, "change_seq", revision->change_seq);
	store_bind_int(query, "revision", revision->revision);
	store_bind_text(query, "body", revision->body);
	store_bind_text(query, "digest", revision->digest);
	store_bind_text(query, "author_id", revision->author_id);
	store_bind_text(query, "author", revision->author);
	store_bind_text(query, "diff", revision->diff);
	store_bind_text(query, "rendering", revision->rendering);
	store_bind_text(query, "render_digest", revision->render_digest);
	store_bind_int(query, "created_at_us", revision->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int revision_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, int64_t revision,
	struct change_revision **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_revision);
	struct change_revision *row;
	int rc;

	store_bind_int(query, "change_seq", seq);
	store_bind_int(query, "revision", revision);
	if ((rc = store_one(query, "revision of that change", err)) < 0)
		return rc;
	row = arena_alloc(arena, sizeof(*row));
	row->change_seq = store_int(query, "change_seq");
	row->revision = store_int(query, "revision");
	row->body = store_text_copy(query, "body", arena);
	store_text_into(query, "digest", row->digest, sizeof(row->digest));
	row->author_id = store_text_copy(query, "author_id", arena);
	row->author = store_text_copy(query, "author", arena);
	row->diff = store_text_copy(query, "diff", arena);
	row->rendering = store_text_copy(query, "rendering", arena);
	store_text_into(query, "render_digest", row->render_digest, sizeof(row->render_digest));
	row->rule_frame = store_text_copy(query, "rule_frame", arena);
	store_text_into(query, "context_digest", row->context_digest, sizeof(row->context_digest));
	row->exceptions = store_text_copy(query, "exceptions", arena);
	row->created_at_us = store_int(query, "created_at_us");
	store_finish(query);
	*ret = row;
	return 0;
}

int revision_store_assess(
	struct store_tx *tx, const struct change_revision *revision, struct error *err)
{
	struct store_query *query = store_query(tx, &update_assessment);
	int rc;

	store_bind_int(query, "change_seq", revision->change_seq);
	store_bind_int(query, "revision", revision->revision);
	store_bind_text(query, "rendering", revision->rendering);
	store_bind_text(query, "render_digest", revision->render_digest);
	store_bind_text(query, "rule_frame", revision->rule_frame);
	store_bind_text(query, "context_digest", revision->context_digest);
	store_bind_text(query, "exceptions", revision->exceptions);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int revision_store_authors(struct store_tx *tx, struct arena *arena, int64_t seq,
	const char *const **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_authors);
	const char **list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "change_seq", seq);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = store_text_copy(query, "author_id", arena);
	}
	list = arena_grow(arena, list, count, &capacity, sizeof(*list));
	list[count] = NULL;
	*ret = list;
	return rc;
}

struct store_query *revision_store_rows(struct store_tx *tx)
{
	return store_query(tx, &select_rows);
}

/* --- contents --- */

int content_store_put(struct store_tx *tx, const char *sha256, const void *bytes, size_t length,
	const char *put_by, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_content);
	int rc;

	store_bind_text(query, "sha256", sha256);
	store_bind_bytes(query, "bytes", bytes, length);
	store_bind_text(query, "put_by", put_by);
	store_bind_int(query, "put_at_us", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int content_store_get(struct store_tx *tx, struct arena *arena, const char *sha256,
	const char **ret_bytes, size_t *ret_length, struct error *err)
{
	struct store_query *query = store_query(tx, &select_content);
	const void *bytes;
	int rc;

	store_bind_text(query, "sha256", sha256);
	if ((rc = store_one(query, "content", err)) < 0)
		return rc;
	bytes = store_bytes(query, "bytes", ret_length);
	*ret_bytes = arena_text_n(arena, bytes ? bytes : "", *ret_length);
	store_finish(query);
	return 0;
}

int content_store_size(
	struct store_tx *tx, const char *sha256, int64_t *ret_size, struct error *err)
{
	struct store_query *query = store_query(tx, &select_size);
	int rc;

	store_bind_text(query, "sha256", sha256);
	if ((rc = store_one(query, "content", err)) < 0)
		return rc;
	*ret_size = store_int(query, "size");
	store_finish(query);
	return 0;
}
