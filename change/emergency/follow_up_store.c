#include "change/emergency/emergency_rooms.h"

#define COLUMNS                                                                                    \
	"emergency_seq, person_id, person, team, due_at_us, verdict, note, closed_by_id,"          \
	" closed_by, closed_at_us"

static const struct store_statement insert_follow_up = STORE_STATEMENT(
	"INSERT INTO follow_up (" COLUMNS ", told_at_us) VALUES (:seq, :person_id, :person, :team,"
	" :due_at_us, NULL, NULL, '', NULL, 0, 0)");
static const struct store_statement move_follow_up = STORE_STATEMENT(
	"UPDATE follow_up SET due_at_us = :due_at_us WHERE emergency_seq = :seq AND verdict IS"
	" NULL");
static const struct store_statement close_follow_up = STORE_STATEMENT(
	"UPDATE follow_up SET verdict = :verdict, note = :note, closed_by_id = :closed_by_id,"
	" closed_by = :closed_by, closed_at_us = :closed_at_us WHERE emergency_seq = :seq AND"
	" verdict IS NULL");
static const struct store_statement told_follow_up =
	STORE_STATEMENT("UPDATE follow_up SET told_at_us = :at_us WHERE emergency_seq = :seq");
static const struct store_statement select_follow_up =
	STORE_STATEMENT("SELECT " COLUMNS " FROM follow_up WHERE emergency_seq = :seq");
static const struct store_statement select_page =
	STORE_STATEMENT("SELECT " COLUMNS " FROM follow_up WHERE emergency_seq < :before"
			" AND (:only_open = 0 OR verdict IS NULL) ORDER BY emergency_seq DESC"
			" LIMIT :limit");
static const struct store_statement select_open = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM follow_up WHERE verdict IS NULL ORDER BY due_at_us,"
	" emergency_seq");
static const struct store_statement select_untold =
	STORE_STATEMENT("SELECT " COLUMNS " FROM follow_up WHERE verdict IS NULL AND due_at_us <="
			" :now_us AND told_at_us <= :told_before_us ORDER BY due_at_us");
static const struct store_statement select_rows =
	STORE_STATEMENT("SELECT 'EMG-' || emergency_seq AS name, person_id, due_at_us, verdict,"
			" note, closed_by_id FROM follow_up");

static void *read_follow_up(struct store_query *row, struct arena *arena)
{
	struct follow_up *follow_up = arena_alloc(arena, sizeof(*follow_up));

	follow_up->seq = store_int(row, "emergency_seq");
	follow_up->emergency = arena_format(arena, "EMG-%lld", (long long)follow_up->seq);
	store_text_into(row, "person_id", follow_up->person_id, ID_SIZE);
	follow_up->person = store_text_copy(row, "person", arena);
	follow_up->team = store_text_copy(row, "team", arena);
	follow_up->due_at_us = store_int(row, "due_at_us");
	follow_up->verdict = store_text_copy(row, "verdict", arena);
	follow_up->note = store_text_copy(row, "note", arena);
	store_text_into(row, "closed_by_id", follow_up->closed_by_id, ID_SIZE);
	follow_up->closed_by = store_text_copy(row, "closed_by", arena);
	follow_up->closed_at_us = store_int(row, "closed_at_us");
	return follow_up;
}

static void set_overdue(struct follow_up *follow_up, int64_t now_us)
{
	follow_up->is_overdue = !follow_up->verdict && now_us >= follow_up->due_at_us;
}

static int list_at(struct store_query *query, struct arena *arena, int64_t now_us,
	struct follow_up ***ret, size_t *ret_count, struct error *err)
{
	int rc = store_list(query, arena, read_follow_up, ret, ret_count, err);

	for (size_t i = 0; rc >= 0 && i < *ret_count; i++)
		set_overdue((*ret)[i], now_us);
	return rc;
}

/* One row, or another hand was there first. */
static int run_one(struct store_query *query, int64_t seq, struct error *err)
{
	int rc = store_run(query, err);

	if (rc < 0)
		return rc;
	return rc ? 0
		  : error_set(err, ERROR_STALE, "the follow-up of EMG-%lld is not open",
			    (long long)seq);
}

int follow_up_store_insert(struct store_tx *tx, const struct emergency *emergency,
	int64_t due_at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_follow_up);

	store_bind_int(query, "seq", emergency->seq);
	store_bind_text(query, "person_id", emergency->person_id);
	store_bind_text(query, "person", emergency->person);
	store_bind_text(query, "team", emergency->team);
	store_bind_int(query, "due_at_us", due_at_us);
	return run_one(query, emergency->seq, err);
}

int follow_up_store_move(struct store_tx *tx, int64_t seq, int64_t due_at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &move_follow_up);

	store_bind_int(query, "seq", seq);
	store_bind_int(query, "due_at_us", due_at_us);
	return run_one(query, seq, err);
}

int follow_up_store_close(struct store_tx *tx, const struct follow_up *follow_up, struct error *err)
{
	struct store_query *query = store_query(tx, &close_follow_up);

	store_bind_int(query, "seq", follow_up->seq);
	store_bind_text(query, "verdict", follow_up->verdict);
	store_bind_text(query, "note", follow_up->note);
	store_bind_text(query, "closed_by_id", follow_up->closed_by_id);
	store_bind_text(query, "closed_by", follow_up->closed_by);
	store_bind_int(query, "closed_at_us", follow_up->closed_at_us);
	return run_one(query, follow_up->seq, err);
}

int follow_up_store_told(struct store_tx *tx, int64_t seq, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &told_follow_up);

	store_bind_int(query, "seq", seq);
	store_bind_int(query, "at_us", at_us);
	return run_one(query, seq, err);
}

int follow_up_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, int64_t now_us,
	struct follow_up **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_follow_up);
	int rc;

	store_bind_int(query, "seq", seq);
	if ((rc = store_one(query, "follow-up", err)) < 0)
		return rc;
	*ret = read_follow_up(query, arena);
	set_overdue(*ret, now_us);
	store_finish(query);
	return 0;
}

int follow_up_store_list(struct store_tx *tx, struct arena *arena, bool only_open,
	int64_t before_seq, int64_t limit, int64_t now_us, struct follow_up ***ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_page);

	store_bind_int(query, "before", before_seq);
	store_bind_int(query, "only_open", only_open);
	store_bind_int(query, "limit", limit);
	return list_at(query, arena, now_us, ret, ret_count, err);
}

int follow_up_store_open(struct store_tx *tx, struct arena *arena, int64_t now_us,
	struct follow_up ***ret, size_t *ret_count, struct error *err)
{
	return list_at(store_query(tx, &select_open), arena, now_us, ret, ret_count, err);
}

int follow_up_store_untold(struct store_tx *tx, struct arena *arena, int64_t now_us,
	int64_t told_before_us, struct follow_up ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_untold);

	store_bind_int(query, "now_us", now_us);
	store_bind_int(query, "told_before_us", told_before_us);
	return list_at(query, arena, now_us, ret, ret_count, err);
}

struct store_query *follow_up_store_rows(struct store_tx *tx)
{
	return store_query(tx, &select_rows);
}
