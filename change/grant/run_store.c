#include "change/grant/grant_rooms.h"

#define COLUMNS                                                                                    \
	"id, grant_id, change_seq, revision, step, emergency, target, person_id, host, line,"      \
	" state, started_at_us, lease_until_us, kill_at_us, ended_at_us, status, recording,"       \
	" recording_sha256, recording_bytes, is_recording_whole, stop_reason"

static const struct store_statement insert_run = STORE_STATEMENT(
	"INSERT INTO rcm_run (id, grant_id, change_seq, revision, step, emergency, target,"
	" person_id, host, line, state, started_at_us, lease_until_us, kill_at_us, ended_at_us,"
	" status, recording_bytes, is_recording_whole)"
	" VALUES (:id, :grant, :change, :revision, :step, :emergency, :target,"
	" :person, :host, :line, 'started', :started_at, :lease_until, :kill_at, 0, -1, 0, 0)");
static const struct store_statement select_run =
	STORE_STATEMENT("SELECT " COLUMNS " FROM rcm_run WHERE id = :id");
static const struct store_statement select_of_change = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM rcm_run WHERE change_seq = :change ORDER BY started_at_us, id");
static const struct store_statement select_started =
	STORE_STATEMENT("SELECT " COLUMNS " FROM rcm_run WHERE state = 'started'"
			" AND lease_until_us < :before ORDER BY lease_until_us, id");
static const struct store_statement select_page =
	STORE_STATEMENT("SELECT " COLUMNS " FROM rcm_run WHERE started_at_us < :before"
			" AND (:state IS NULL OR state = :state)"
			" ORDER BY started_at_us DESC, id DESC LIMIT :limit");
static const struct store_statement beat =
	STORE_STATEMENT("UPDATE rcm_run SET lease_until_us = :until WHERE id = :id"
			" AND state = 'started' AND stop_reason IS NULL");
static const struct store_statement stop =
	STORE_STATEMENT("UPDATE rcm_run SET stop_reason = :reason WHERE id = :id"
			" AND state = 'started' AND stop_reason IS NULL");
static const struct store_statement set_state =
	STORE_STATEMENT("UPDATE rcm_run SET state = :state WHERE id = :id AND state = :old_state");
static const struct store_statement end_run = STORE_STATEMENT(
	"UPDATE rcm_run SET state = :state, ended_at_us = :ended_at, status = :status,"
	" recording = :recording, recording_sha256 = :sha256, recording_bytes = :bytes,"
	" is_recording_whole = :is_whole WHERE id = :id AND ended_at_us = 0");
static const struct store_statement count_open =
	STORE_STATEMENT("SELECT count(*) AS runs FROM rcm_run WHERE change_seq = :change"
			" AND state = 'started'");
static const struct store_statement all_rows = STORE_STATEMENT("SELECT " COLUMNS " FROM rcm_run");

static void *read_run(struct store_query *row, struct arena *arena)
{
	struct rcm_run *run = arena_alloc(arena, sizeof(*run));

	store_text_into(row, "id", run->id, sizeof(run->id));
	store_text_into(row, "grant_id", run->grant_id, sizeof(run->grant_id));
	run->change_seq = store_int(row, "change_seq");
	run->revision = store_int(row, "revision");
	run->step = store_int(row, "step");
	run->emergency = store_text_copy(row, "emergency", arena);
	run->target = store_text_copy(row, "target", arena);
	run->person_id = store_text_copy(row, "person_id", arena);
	run->host = store_text_copy(row, "host", arena);
	run->line = store_text_copy(row, "line", arena);
	run->state = store_text_copy(row, "state", arena);
	run->started_at_us = store_int(row, "started_at_us");
	run->lease_until_us = store_int(row, "lease_until_us");
	run->kill_at_us = store_int(row, "kill_at_us");
	run->ended_at_us = store_int(row, "ended_at_us");
	run->status = store_int(row, "status");
	run->recording = store_text_copy(row, "recording", arena);
	run->recording_sha256 = store_text_copy(row, "recording_sha256", arena);
	run->recording_bytes = store_int(row, "recording_bytes");
	run->is_recording_whole = store_int(row, "is_recording_whole") != 0;
	run->stop_reason = store_text_copy(row, "stop_reason", arena);
	return run;
}

int rcm_run_store_insert(struct store_tx *tx, const struct rcm_run *run, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_run);
	int rc;

	store_bind_text(query, "id", run->id);
	store_bind_text(query, "grant", *run->grant_id ? run->grant_id : NULL);
	store_bind_int(query, "change", run->change_seq);
	store_bind_int(query, "revision", run->revision);
	store_bind_int(query, "step", run->step);
	store_bind_text(query, "emergency", run->emergency);
	store_bind_text(query, "target", run->target);
	store_bind_text(query, "person", run->person_id);
	store_bind_text(query, "host", run->host);
	store_bind_text(query, "line", run->line);
	store_bind_int(query, "started_at", run->started_at_us);
	store_bind_int(query, "lease_until", run->lease_until_us);
	store_bind_int(query, "kill_at", run->kill_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int rcm_run_store_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct rcm_run **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_run);
	int rc;

	store_bind_text(query, "id", id);
	if ((rc = store_one(query, "run", err)) < 0)
		return rc;
	*ret = read_run(query, arena);
	store_finish(query);
	return 0;
}

int rcm_run_store_list(struct store_tx *tx, struct arena *arena, int64_t change_seq,
	struct rcm_run ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_of_change);

	store_bind_int(query, "change", change_seq);
	return store_list(query, arena, read_run, ret, ret_count, err);
}

int rcm_run_store_started(struct store_tx *tx, struct arena *arena, int64_t lease_before_us,
	struct rcm_run ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_started);

	store_bind_int(query, "before", lease_before_us);
	return store_list(query, arena, read_run, ret, ret_count, err);
}

int rcm_run_store_page(struct store_tx *tx, struct arena *arena, const char *state,
	int64_t before_us, int64_t limit, struct rcm_run ***ret, size_t *ret_count,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_page);

	store_bind_text(query, "state", state);
	store_bind_int(query, "before", before_us);
	store_bind_int(query, "limit", limit);
	return store_list(query, arena, read_run, ret, ret_count, err);
}

int rcm_run_store_beat(
	struct store_tx *tx, const char *id, int64_t lease_until_us, struct error *err)
{
	struct store_query *query = store_query(tx, &beat);

	store_bind_text(query, "id", id);
	store_bind_int(query, "until", lease_until_us);
	return store_run(query, err);
}

int rcm_run_store_stop(struct store_tx *tx, const char *id, const char *reason, struct error *err)
{
	struct store_query *query = store_query(tx, &stop);

	store_bind_text(query, "id", id);
	store_bind_text(query, "reason", reason);
	return store_run(query, err);
}

int rcm_run_store_set_state(struct store_tx *tx, const char *id, const char *old_state,
	const char *state, struct error *err)
{
	struct store_query *query = store_query(tx, &set_state);

	store_bind_text(query, "id", id);
	store_bind_text(query, "old_state", old_state);
	store_bind_text(query, "state", state);
	return store_run(query, err);
}

int rcm_run_store_end(struct store_tx *tx, const struct rcm_run *run, struct error *err)
{
	struct store_query *query = store_query(tx, &end_run);

	store_bind_text(query, "id", run->id);
	store_bind_text(query, "state", run->state);
	store_bind_int(query, "ended_at", run->ended_at_us);
	store_bind_int(query, "status", run->status);
	store_bind_text(query, "recording", run->recording);
	store_bind_text(query, "sha256", run->recording_sha256);
	store_bind_int(query, "bytes", run->recording_bytes);
	store_bind_int(query, "is_whole", run->is_recording_whole);
	return store_run(query, err);
}

int rcm_run_store_count_open(
	struct store_tx *tx, int64_t change_seq, int64_t *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &count_open);
	int rc;

	store_bind_int(query, "change", change_seq);
	if ((rc = store_one(query, "count", err)) < 0)
		return rc;
	*ret = store_int(query, "runs");
	store_finish(query);
	return 0;
}

struct store_query *rcm_run_store_rows(struct store_tx *tx)
{
	return store_query(tx, &all_rows);
}
