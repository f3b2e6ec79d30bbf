#include "executor/execution_store.h"

#include "lib/base/text.h"

#define COLUMNS                                                                                    \
	"id, plan, version_id, version_number, graph_digest, kind, action, mode, params, state,"   \
	" reason, message, why, requested_by, requested_name, preview_id, restores_id,"            \
	" approval_id, reading, is_undo, rollback_at_deadline, has_exceptions, is_phase_rollback," \
	" within_ms, deadline_at_us, expires_ms, on_expiry, created_at_us, started_at_us,"         \
	" ended_at_us, changed_at_us, version, owner, epoch, attempts, command_seq"

#define TERMINAL_WORDS                                                                             \
	"('SUCCEEDED', 'SUCCEEDED_WITH_EXCEPTIONS', 'FAILED', 'ABORTED', 'ROLLED_BACK',"           \
	" 'ROLLED_BACK_WITH_EXCEPTIONS', 'TIMED_OUT', 'REJECTED', 'EXPIRED', 'CANCELED')"

#define OPEN_WORDS                                                                                 \
	"('PENDING_APPROVAL', 'QUEUED', 'RUNNING', 'PAUSING', 'PAUSED', 'ABORTING',"               \
	" 'ROLLING_BACK', 'MONITORING')"

static const struct store_statement INSERT = STORE_STATEMENT(
	"INSERT INTO execution (id, plan, version_id, version_number, graph_digest, kind, action, "
	"mode,"
	" params, state, message, why, requested_by, requested_name, preview_id, restores_id,"
	" approval_id, reading, is_undo, rollback_at_deadline, within_ms, deadline_at_us, "
	"expires_ms,"
	" on_expiry, created_at_us, started_at_us, changed_at_us, version, owner, epoch) VALUES "
	"(:id,"
	" :plan, :version_id, :version_number, :digest, :kind, :action, :mode, :params, :state, "
	":message,"
	" :why, :requested_by, :requested_name, :preview_id, :restores_id, :approval_id, :reading,"
	" :is_undo, :rollback_at_deadline, :within, :deadline, :expires, :on_expiry, :created, "
	":started,"
	" :created, 1, :owner, :epoch)");
static const struct store_statement GET =
	STORE_STATEMENT("SELECT " COLUMNS " FROM execution WHERE id = :id");
static const struct store_statement CHANGE = STORE_STATEMENT(
	"UPDATE execution SET state = :state, reason = :reason, message = :message, changed_at_us "
	"= :at,"
	" version = version + 1,"
	" started_at_us = CASE WHEN :started > 0 THEN :started ELSE started_at_us END,"
	" ended_at_us = CASE WHEN :ended > 0 THEN :ended ELSE ended_at_us END,"
	" deadline_at_us = CASE WHEN :deadline > 0 THEN :deadline ELSE deadline_at_us END,"
	" approval_id = coalesce(:approval, approval_id),"
	" has_exceptions = CASE WHEN :exceptions >= 0 THEN :exceptions ELSE has_exceptions END,"
	" is_phase_rollback = CASE WHEN :rollback >= 0 THEN :rollback ELSE is_phase_rollback END,"
	" attempts = CASE WHEN :looked = 1 THEN 0 ELSE attempts END"
	" WHERE id = :id AND state NOT IN " TERMINAL_WORDS);
static const struct store_statement LIST =
	STORE_STATEMENT("SELECT " COLUMNS " FROM execution WHERE (:state IS NULL OR state = :state)"
			" AND (:plan IS NULL OR plan = :plan) AND (:before IS NULL OR id < :before)"
			" ORDER BY id DESC LIMIT :limit");
/* By the index: few are open among many that have ended. */
static const struct store_statement LIST_OPEN =
	STORE_STATEMENT("SELECT " COLUMNS " FROM execution WHERE state IN " OPEN_WORDS
			" AND (:plan IS NULL OR plan = :plan) AND (:before IS NULL OR id < :before)"
			" ORDER BY id DESC LIMIT :limit");
static const struct store_statement COUNT =
	STORE_STATEMENT("SELECT state, count(*) AS executions FROM execution GROUP BY state");
static const struct store_statement ROWS = STORE_STATEMENT("SELECT " COLUMNS " FROM execution");
static const struct store_statement IDS =
	STORE_STATEMENT("SELECT id FROM execution WHERE state = :state ORDER BY id");
static const struct store_statement FIND_WAITING = STORE_STATEMENT(
	"SELECT id FROM execution WHERE approval_id = :approval AND state = 'PENDING_APPROVAL'");
static const struct store_statement OWN =
	STORE_STATEMENT("UPDATE execution SET owner = :owner, epoch = :epoch, attempts = attempts "
			"+ :attempt WHERE id = :id");
static const struct store_statement SET_COMMAND_SEQ =
	STORE_STATEMENT("UPDATE execution SET command_seq = :seq WHERE id = :id");
static const struct store_statement SET_EXCEPTION =
	STORE_STATEMENT("UPDATE execution SET has_exceptions = 1 WHERE id = :id");
static const struct store_statement LIFE =
	STORE_STATEMENT("SELECT epoch, alive_at_us FROM executor_life WHERE one = 1");
static const struct store_statement LIVE = STORE_STATEMENT(
	"INSERT INTO executor_life (one, owner, epoch, alive_at_us) VALUES (1, :owner, :epoch, :at)"
	" ON CONFLICT (one) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch,"
	" alive_at_us = excluded.alive_at_us");

int execution_store_insert(
	struct store_tx *tx, const struct execution *execution, struct error *err)
{
	struct store_query *query = store_query(tx, &INSERT);

	store_bind_text(query, ":id", execution->id);
	store_bind_text(query, ":plan", execution->plan);
	store_bind_text(query, ":version_id", execution->version_id);
	store_bind_int(query, ":version_number", execution->version_number);
	store_bind_text(query, ":digest", execution->graph_digest);
	store_bind_text(query, ":kind", execution->kind);
	store_bind_text(query, ":action", execution->action);
	store_bind_text(query, ":mode", execution->mode);
	store_bind_text(query, ":params", execution->params);
	store_bind_text(query, ":state", execution_state_word(execution->state));
	store_bind_text(query, ":message", execution->message);
	store_bind_text(query, ":why", execution->why);
	store_bind_text(query, ":requested_by", execution->requested_by);
	store_bind_text(query, ":requested_name", execution->requested_name);
	store_bind_text(query, ":preview_id", execution->preview_id);
	store_bind_text(query, ":restores_id", execution->restores_id);
	store_bind_text(query, ":approval_id", execution->approval_id);
	store_bind_text(query, ":reading", execution->reading);
	store_bind_int(query, ":is_undo", execution->is_undo);
	store_bind_int(query, ":rollback_at_deadline", execution->rollback_at_deadline);
	store_bind_int(query, ":within", execution->within_ms);
	store_bind_int(query, ":deadline", execution->deadline_at_us);
	store_bind_int(query, ":expires", execution->expires_ms);
	store_bind_text(query, ":on_expiry", execution->on_expiry);
	store_bind_int(query, ":created", execution->created_at_us);
	store_bind_int(query, ":started", execution->started_at_us);
	store_bind_text(query, ":owner", execution->owner);
	store_bind_int(query, ":epoch", execution->epoch);
	return store_run(query, err) < 0 ? err->code : 0;
}

static void read_row(struct store_query *query, struct arena *arena, struct execution *row)
{
	store_text_into(query, "id", row->id, sizeof(row->id));
	row->plan = store_text_copy(query, "plan", arena);
	row->version_id = store_text_copy(query, "version_id", arena);
	row->version_number = store_int(query, "version_number");
	row->graph_digest = store_text_copy(query, "graph_digest", arena);
	row->kind = store_text_copy(query, "kind", arena);
	row->action = store_text_copy(query, "action", arena);
	row->mode = store_text_copy(query, "mode", arena);
	row->params = store_text_copy(query, "params", arena);
	row->state = execution_state_of(store_text(query, "state"));
	row->reason = pause_reason_of(store_text(query, "reason"));
	row->message = store_text_copy(query, "message", arena);
	row->why = store_text_copy(query, "why", arena);
	row->requested_by = store_text_copy(query, "requested_by", arena);
	row->requested_name = store_text_copy(query, "requested_name", arena);
	row->preview_id = store_text_copy(query, "preview_id", arena);
	row->restores_id = store_text_copy(query, "restores_id", arena);
	row->approval_id = store_text_copy(query, "approval_id", arena);
	row->reading = store_text_copy(query, "reading", arena);
	row->is_undo = store_int(query, "is_undo") != 0;
	row->rollback_at_deadline = store_int(query, "rollback_at_deadline") != 0;
	row->has_exceptions = store_int(query, "has_exceptions") != 0;
	row->is_phase_rollback = store_int(query, "is_phase_rollback") != 0;
	row->within_ms = store_int(query, "within_ms");
	row->deadline_at_us = store_int(query, "deadline_at_us");
	row->expires_ms = store_int(query, "expires_ms");
	row->on_expiry = store_text_copy(query, "on_expiry", arena);
	row->created_at_us = store_int(query, "created_at_us");
	row->started_at_us = store_int(query, "started_at_us");
	row->ended_at_us = store_int(query, "ended_at_us");
	row->changed_at_us = store_int(query, "changed_at_us");
	row->version = store_int(query, "version");
	store_text_into(query, "owner", row->owner, sizeof(row->owner));
	row->epoch = store_int(query, "epoch");
	row->attempts = store_int(query, "attempts");
	row->command_seq = store_int(query, "command_seq");
}

int execution_get(struct store_tx *tx, struct arena *arena, const char *id, struct execution **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &GET);
	struct execution *row;

	store_bind_text(query, ":id", id);
	if (store_one(query, "execution", err) < 0)
		return err->code;
	row = arena_alloc(arena, sizeof(*row));
	read_row(query, arena, row);
	store_finish(query);
	*ret = row;
	return 0;
}

int execution_store_change(
	struct store_tx *tx, const struct execution_change *change, struct error *err)
{
	struct store_query *query = store_query(tx, &CHANGE);
	int rc;

	store_bind_text(query, ":id", change->id);
	store_bind_text(query, ":state", execution_state_word(change->state));
	store_bind_text(query, ":reason", pause_reason_word(change->reason));
	store_bind_text(query, ":message", change->message ? change->message : "");
	store_bind_int(query, ":at", change->at_us);
	store_bind_int(query, ":started", change->started_at_us);
	store_bind_int(query, ":ended", change->ended_at_us);
	store_bind_int(query, ":deadline", change->deadline_at_us);
	store_bind_text(query, ":approval", change->approval_id);
	store_bind_int(query, ":exceptions", change->has_exceptions);
	store_bind_int(query, ":rollback", change->is_phase_rollback);
	store_bind_int(query, ":looked", change->was_looked_at);
	rc = store_run(query, err);
	if (rc == 0)
		return error_set(err, ERROR_CONFLICT, "execution %s has ended already", change->id);
	return rc < 0 ? rc : 0;
}

int execution_store_list(struct store_tx *tx, struct arena *arena,
	const struct execution_filter *filter, struct execution ***ret, size_t *ret_count,
	struct error *err)
{
	bool is_open = text_is_equal(filter->state, "open");
	struct execution **rows = arena_alloc(arena, sizeof(*rows) * (size_t)(filter->limit + 1));
	struct store_query *query = store_query(tx, is_open ? &LIST_OPEN : &LIST);
	size_t count = 0;
	int rc;

	if (!is_open)
		store_bind_text(query, ":state", filter->state);
	store_bind_text(query, ":plan", filter->plan);
	store_bind_text(query, ":before", filter->before);
	store_bind_int(query, ":limit", filter->limit);
	while ((rc = store_next(query, err)) == 1) {
		rows[count] = arena_alloc(arena, sizeof(**rows));
		read_row(query, arena, rows[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = rows;
	*ret_count = count;
	return 0;
}

int execution_count(
	struct store_tx *tx, int64_t ret_counts[static EXECUTION_CANCELED + 1], struct error *err)
{
	struct store_query *query = store_query(tx, &COUNT);
	int rc;

	for (int state = 0; state <= EXECUTION_CANCELED; state++)
		ret_counts[state] = 0;
	while ((rc = store_next(query, err)) == 1)
		ret_counts[execution_state_of(store_text(query, "state"))] =
			store_int(query, "executions");
	return rc;
}

int execution_store_ids(struct store_tx *tx, struct arena *arena, enum execution_state state,
	const char ***ret_ids, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &IDS);
	const char **ids = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, ":state", execution_state_word(state));
	while ((rc = store_next(query, err)) == 1) {
		ids = arena_grow(arena, ids, count, &capacity, sizeof(*ids));
		ids[count++] = store_text_copy(query, "id", arena);
	}
	if (rc < 0)
		return rc;
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}

int execution_store_find_waiting(struct store_tx *tx, const char *approval_id,
	char ret_id[static ID_SIZE], struct error *err)
{
	struct store_query *query = store_query(tx, &FIND_WAITING);
	int rc;

	store_bind_text(query, ":approval", approval_id);
	rc = store_next(query, err);
	if (rc <= 0)
		return rc;
	store_text_into(query, "id", ret_id, ID_SIZE);
	store_finish(query);
	return 1;
}

int execution_store_own(struct store_tx *tx, const char *id, const char *owner, int64_t epoch,
	bool count_attempt, struct error *err)
{
	struct store_query *query = store_query(tx, &OWN);

	store_bind_text(query, ":id", id);
	store_bind_text(query, ":owner", owner);
	store_bind_int(query, ":epoch", epoch);
	store_bind_int(query, ":attempt", count_attempt);
	return store_run(query, err) < 0 ? err->code : 0;
}

int execution_store_set_exception(struct store_tx *tx, const char *id, struct error *err)
{
	struct store_query *query = store_query(tx, &SET_EXCEPTION);

	store_bind_text(query, ":id", id);
	return store_run(query, err) < 0 ? err->code : 0;
}

int execution_store_set_command_seq(
	struct store_tx *tx, const char *id, int64_t command_seq, struct error *err)
{
	struct store_query *query = store_query(tx, &SET_COMMAND_SEQ);

	store_bind_text(query, ":id", id);
	store_bind_int(query, ":seq", command_seq);
	return store_run(query, err) < 0 ? err->code : 0;
}

int executor_store_life(
	struct store_tx *tx, int64_t *ret_epoch, int64_t *ret_alive_at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &LIFE);
	int rc = store_next(query, err);

	if (rc < 0)
		return rc;
	*ret_epoch = rc ? store_int(query, "epoch") : 0;
	*ret_alive_at_us = rc ? store_int(query, "alive_at_us") : 0;
	if (rc)
		store_finish(query);
	return 0;
}

int executor_store_live(
	struct store_tx *tx, const char *owner, int64_t epoch, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &LIVE);

	store_bind_text(query, ":owner", owner);
	store_bind_int(query, ":epoch", epoch);
	store_bind_int(query, ":at", at_us);
	return store_run(query, err) < 0 ? err->code : 0;
}

struct store_query *execution_store_rows(struct store_tx *tx)
{
	return store_query(tx, &ROWS);
}
