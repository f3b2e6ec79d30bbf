/* What stands beside a change: comments, waivers, readings of its metrics, what was found later. */
#include "change/change_rooms.h"

static const struct store_statement insert_comment = STORE_STATEMENT(
	"INSERT INTO change_comment (id, change_seq, written_by, text, written_at_us)"
	" VALUES (:id, :change_seq, :written_by, :text, :written_at_us)");
static const struct store_statement select_comments =
	STORE_STATEMENT("SELECT id, written_by, text, written_at_us FROM change_comment"
			" WHERE change_seq = :change_seq ORDER BY id LIMIT 1000");
static const struct store_statement insert_waiver = STORE_STATEMENT(
	"INSERT INTO change_waiver (id, change_seq, revision, rule, reason, waived_by_id,"
	" waived_by, waived_at_us, expires_at_us) VALUES (:id, :change_seq, :revision, :rule,"
	" :reason, :waived_by_id, :waived_by, :waived_at_us, :expires_at_us)");
static const struct store_statement select_waivers = STORE_STATEMENT(
	"SELECT id, change_seq, revision, rule, reason, waived_by_id, waived_by, waived_at_us,"
	" expires_at_us FROM change_waiver WHERE change_seq = :change_seq"
	" AND revision = :revision ORDER BY rule");
static const struct store_statement select_waiver_rows = STORE_STATEMENT(
	"SELECT id, change_seq, revision, rule, reason, waived_by_id, waived_by, waived_at_us,"
	" expires_at_us FROM change_waiver ORDER BY id");
static const struct store_statement put_reading =
	STORE_STATEMENT("INSERT INTO change_reading (change_seq, name, outcome, value, read_at_us)"
			" VALUES (:change_seq, :name, :outcome, :value, :read_at_us)"
			" ON CONFLICT (change_seq, name) DO UPDATE SET outcome = excluded.outcome,"
			" value = excluded.value, read_at_us = excluded.read_at_us");
static const struct store_statement select_readings =
	STORE_STATEMENT("SELECT name, outcome, value, read_at_us FROM change_reading"
			" WHERE change_seq = :change_seq ORDER BY name");
static const struct store_statement put_after = STORE_STATEMENT(
	"INSERT INTO change_after (change_seq, kind, reference, found_at_us)"
	" VALUES (:change_seq, :kind, :reference, :found_at_us) ON CONFLICT DO NOTHING");
static const struct store_statement select_afters =
	STORE_STATEMENT("SELECT kind, reference, found_at_us FROM change_after"
			" WHERE change_seq = :change_seq ORDER BY found_at_us, kind, reference");

static int run(struct store_query *query, struct error *err)
{
	int rc = store_run(query, err);

	return rc < 0 ? rc : 0;
}

/* --- comments --- */

int comment_store_insert(
	struct store_tx *tx, int64_t seq, const struct change_comment *comment, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_comment);

	store_bind_text(query, "id", comment->id);
	store_bind_int(query, "change_seq", seq);
	store_bind_text(query, "written_by", comment->written_by);
	store_bind_text(query, "text", comment->text);
	store_bind_int(query, "written_at_us", comment->written_at_us);
	return run(query, err);
}

int comment_store_list(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct change_comment **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_comments);
	struct change_comment *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "change_seq", seq);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count] = (struct change_comment){
			.written_by = store_text_copy(query, "written_by", arena),
			.text = store_text_copy(query, "text", arena),
			.written_at_us = store_int(query, "written_at_us"),
		};
		store_text_into(query, "id", list[count++].id, ID_SIZE);
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

/* --- waivers --- */

int waiver_store_insert(struct store_tx *tx, const struct change_waiver *waiver, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_waiver);

	store_bind_text(query, "id", waiver->id);
	store_bind_int(query, "change_seq", waiver->change_seq);
	store_bind_int(query, "revision", waiver->revision);
	store_bind_text(query, "rule", waiver->rule);
	store_bind_text(query, "reason", waiver->reason);
	store_bind_text(query, "waived_by_id", waiver->waived_by_id);
	store_bind_text(query, "waived_by", waiver->waived_by);
	store_bind_int(query, "waived_at_us", waiver->waived_at_us);
	store_bind_int(query, "expires_at_us", waiver->expires_at_us);
	return run(query, err);
}

int waiver_store_list(struct store_tx *tx, struct arena *arena, int64_t seq, int64_t revision,
	struct change_waiver **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_waivers);
	struct change_waiver *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "change_seq", seq);
	store_bind_int(query, "revision", revision);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count] = (struct change_waiver){
			.change_seq = store_int(query, "change_seq"),
			.revision = store_int(query, "revision"),
			.rule = store_text_copy(query, "rule", arena),
			.reason = store_text_copy(query, "reason", arena),
			.waived_by = store_text_copy(query, "waived_by", arena),
			.waived_by_id = store_text_copy(query, "waived_by_id", arena),
			.waived_at_us = store_int(query, "waived_at_us"),
			.expires_at_us = store_int(query, "expires_at_us"),
		};
		store_text_into(query, "id", list[count++].id, ID_SIZE);
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

struct store_query *waiver_store_rows(struct store_tx *tx)
{
	return store_query(tx, &select_waiver_rows);
}

/* --- readings --- */

int reading_store_put(
	struct store_tx *tx, int64_t seq, const struct change_reading *reading, struct error *err)
{
	struct store_query *query = store_query(tx, &put_reading);

	store_bind_int(query, "change_seq", seq);
	store_bind_text(query, "name", reading->name);
	store_bind_text(query, "outcome", reading->outcome);
	store_bind_text(query, "value", reading->value);
	store_bind_int(query, "read_at_us", reading->read_at_us);
	return run(query, err);
}

int reading_store_list(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct change_reading **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_readings);
	struct change_reading *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "change_seq", seq);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = (struct change_reading){
			.name = store_text_copy(query, "name", arena),
			.outcome = store_text_copy(query, "outcome", arena),
			.value = store_text_copy(query, "value", arena),
			.read_at_us = store_int(query, "read_at_us"),
		};
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

/* --- what was found after the close --- */

int after_store_put(
	struct store_tx *tx, int64_t seq, const struct change_after *after, struct error *err)
{
	struct store_query *query = store_query(tx, &put_after);

	store_bind_int(query, "change_seq", seq);
	store_bind_text(query, "kind", after->kind);
	store_bind_text(query, "reference", after->reference);
	store_bind_int(query, "found_at_us", after->found_at_us);
	return store_run(query, err);
}

int after_store_list(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct change_after **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_afters);
	struct change_after *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "change_seq", seq);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = (struct change_after){
			.kind = store_text_copy(query, "kind", arena),
			.reference = store_text_copy(query, "reference", arena),
			.found_at_us = store_int(query, "found_at_us"),
		};
	}
	*ret = list;
	*ret_count = count;
	return rc;
}
