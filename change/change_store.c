#include "change/change_rooms.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"change.seq, change.state, change.result, change.state_reason, change.title,"              \
	" change.requester_id, change.requester, change.revision, change.level,"                   \
	" change.approval_digest, change.start_us, change.end_us, change.created_at_us,"           \
	" change.changed_at_us, change.submitted_at_us, change.runs_ended_at_us,"                  \
	" change.verify_at_us, change.verdict, change.closed_at_us, change.version,"               \
	" change_revision.digest, change_revision.render_digest, change_revision.exceptions"
#define FROM                                                                                       \
	" FROM change JOIN change_revision ON change_revision.change_seq = change.seq"             \
	" AND change_revision.revision = change.revision"

static const struct store_statement select_next =
	STORE_STATEMENT("SELECT coalesce(max(seq), 0) + 1 AS seq FROM change");
static const struct store_statement insert_change = STORE_STATEMENT(
	"INSERT INTO change (seq, state, result, state_reason, title, requester_id, requester,"
	" revision, level, approval_digest, start_us, end_us, created_at_us, changed_at_us,"
	" submitted_at_us, runs_ended_at_us, verify_at_us, verdict, closed_at_us, version)"
	" VALUES (:seq, :state, :result, :state_reason, :title, :requester_id, :requester,"
	" :revision, :level, :approval_digest, :start_us, :end_us, :created_at_us, :changed_at_us,"
	" :submitted_at_us, :runs_ended_at_us, :verify_at_us, :verdict, :closed_at_us, :version)");
static const struct store_statement update_change = STORE_STATEMENT(
	"UPDATE change SET state = :state, result = :result, state_reason = :state_reason,"
	" title = :title, revision = :revision, level = :level,"
	" approval_digest = :approval_digest, start_us = :start_us, end_us = :end_us,"
	" changed_at_us = :changed_at_us, submitted_at_us = :submitted_at_us,"
	" runs_ended_at_us = :runs_ended_at_us, verify_at_us = :verify_at_us,"
	" verdict = :verdict, closed_at_us = :closed_at_us, version = :version"
	" WHERE seq = :seq AND state = :old_state AND revision = :old_revision"
	" AND version = :old_version");
static const struct store_statement select_change =
	STORE_STATEMENT("SELECT " COLUMNS FROM " WHERE change.seq = :seq");
static const struct store_statement select_page =
	STORE_STATEMENT("SELECT " COLUMNS FROM
			" WHERE change.seq < :before AND (:state IS NULL OR change.state = :state)"
			" AND (:requester IS NULL OR change.requester = :requester)"
			" ORDER BY change.seq DESC LIMIT :limit");
static const struct store_statement select_due = STORE_STATEMENT(
	"SELECT " COLUMNS FROM " WHERE change.state = 'assessing'"
	" OR (change.state = 'pending' AND change.submitted_at_us + :expiry <= :now)"
	" OR (change.state = 'approved' AND change.end_us + :grace <= :now)"
	" OR (change.state = 'executing' AND change.end_us <= :now)"
	" OR (change.state = 'verifying' AND change.verify_at_us > 0"
	"  AND change.verify_at_us <= :now) ORDER BY change.seq LIMIT 200");
static const struct store_statement select_closed = STORE_STATEMENT(
	"SELECT " COLUMNS FROM " WHERE change.closed_at_us >= :since AND change.closed_at_us > 0"
	" ORDER BY +change.seq LIMIT 1000"); /* +: by the index of closings, not through all */
/* A rolled back one counts as failed, and one that an incident was linked to. Bounded twice: by
 * what closed last, and by what of it is alike. */
static const struct store_statement count_history =
	STORE_STATEMENT("SELECT COUNT(*) AS alike, COALESCE(SUM(has_failed), 0) AS failed FROM ("
			"SELECT recent.result <> 'success' OR EXISTS (SELECT 1 FROM change_after"
			"  WHERE change_after.change_seq = recent.seq) AS has_failed FROM ("
			"SELECT seq, revision, result, requester_id, closed_at_us FROM change"
			"  WHERE closed_at_us > 0 AND closed_at_us >= :since AND result IS NOT NULL"
			"  ORDER BY closed_at_us DESC LIMIT 1000) AS recent"
			" JOIN change_revision ON change_revision.change_seq = recent.seq"
			"  AND change_revision.revision = recent.revision"
			" WHERE json_extract(body, '$.environment') = :environment"
			"  AND (recent.requester_id = :requester_id OR EXISTS (SELECT 1"
			"  FROM json_each(body, '$.services') AS one, json_each(:services) AS ours"
			"  WHERE one.value = ours.value))"
			" ORDER BY recent.closed_at_us DESC, recent.seq DESC LIMIT :limit)");
static const struct store_statement select_rows =
	STORE_STATEMENT("SELECT 'CHG-' || seq AS name, state, result, state_reason, revision,"
			" level, approval_digest, verdict, requester_id, requester, created_at_us"
			" FROM change ORDER BY seq");

static enum change_state state_of(const char *word)
{
	enum change_state state = CHANGE_DRAFT;

	while (state < CHANGE_EXPIRED && strcmp(change_state_word(state), word) != 0)
		state++;
	return state;
}

static void *read_change(struct store_query *row, struct arena *arena)
{
	struct change *change = arena_alloc(arena, sizeof(*change));

	change->seq = store_int(row, "seq");
	snprintf(change->name, sizeof(change->name), "CHG-%lld", (long long)change->seq);
	change->state = state_of(store_text(row, "state"));
	change->result = store_text_copy(row, "result", arena);
	change->state_reason = store_text_copy(row, "state_reason", arena);
	change->title = store_text_copy(row, "title", arena);
	store_text_into(row, "requester_id", change->requester_id, sizeof(change->requester_id));
	change->requester = store_text_copy(row, "requester", arena);
	change->revision = store_int(row, "revision");
	change->level = store_int(row, "level");
	store_text_into(
		row, "approval_digest", change->approval_digest, sizeof(change->approval_digest));
	store_text_into(row, "digest", change->revision_digest, sizeof(change->revision_digest));
	store_text_into(row, "render_digest", change->render_digest, sizeof(change->render_digest));
	change->exceptions = store_text_copy(row, "exceptions", arena);
	change->start_us = store_int(row, "start_us");
	change->end_us = store_int(row, "end_us");
	change->created_at_us = store_int(row, "created_at_us");
	change->changed_at_us = store_int(row, "changed_at_us");
	change->submitted_at_us = store_int(row, "submitted_at_us");
	change->runs_ended_at_us = store_int(row, "runs_ended_at_us");
	change->verify_at_us = store_int(row, "verify_at_us");
	change->verdict = store_text_copy(row, "verdict", arena);
	change->closed_at_us = store_int(row, "closed_at_us");
	change->version = store_int(row, "version");
	return change;
}

static void bind_change(struct store_query *query, const struct change *change)
{
	store_bind_int(query, "seq", change->seq);
	store_bind_text(query, "state", change_state_word(change->state));
	store_bind_text(query, "result", change->result);
	store_bind_text(query, "state_reason", change->state_reason);
	store_bind_text(query, "title", change->title);
	store_bind_int(query, "revision", change->revision);
	store_bind_int(query, "level", change->level);
	store_bind_text(query, "approval_digest", change->approval_digest);
	store_bind_int(query, "start_us", change->start_us);
	store_bind_int(query, "end_us", change->end_us);
	store_bind_int(query, "changed_at_us", change->changed_at_us);
	store_bind_int(query, "submitted_at_us", change->submitted_at_us);
	store_bind_int(query, "runs_ended_at_us", change->runs_ended_at_us);
	store_bind_int(query, "verify_at_us", change->verify_at_us);
	store_bind_text(query, "verdict", change->verdict);
	store_bind_int(query, "closed_at_us", change->closed_at_us);
	store_bind_int(query, "version", change->version);
}

int change_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err)
{
	struct store_query *query = store_query(tx, &select_next);
	int rc = store_one(query, "change", err);

	if (rc < 0)
		return rc;
	*ret_seq = store_int(query, "seq");
	store_finish(query);
	return 0;
}

int change_store_insert(struct store_tx *tx, const struct change *change, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_change);
	int rc;

	bind_change(query, change);
	store_bind_text(query, "requester_id", change->requester_id);
	store_bind_text(query, "requester", change->requester);
	store_bind_int(query, "created_at_us", change->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int change_store_update(struct store_tx *tx, const struct change *change, const struct change *old,
	struct error *err)
{
	struct store_query *query = store_query(tx, &update_change);
	int rc;

	bind_change(query, change);
	store_bind_text(query, "old_state", change_state_word(old->state));
	store_bind_int(query, "old_revision", old->revision);
	store_bind_int(query, "old_version", old->version);
	if ((rc = store_run(query, err)) < 0)
		return rc;
	if (rc)
		return 0;
	error_set(err, ERROR_STALE, "%s was changed meanwhile", change->name);
	return error_remedy(err, "look at it again: rcm show %s", change->name);
}

int change_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, struct change **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_change);
	char name[sizeof((*ret)->name)];
	int rc;

	store_bind_int(query, "seq", seq);
	snprintf(name, sizeof(name), "CHG-%lld", (long long)seq);
	if ((rc = store_named(query, "change", name, "rcm list", err)) < 0)
		return rc;
	*ret = read_change(query, arena);
	store_finish(query);
	return 0;
}

int change_store_list(struct store_tx *tx, struct arena *arena, const struct change_filter *filter,
	struct change ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_page);

	store_bind_text(query, "state", filter->state);
	store_bind_text(query, "requester", filter->requester);
	store_bind_int(query, "before", filter->before_seq);
	store_bind_int(query, "limit", filter->limit);
	return store_list(query, arena, read_change, ret, ret_count, err);
}

int change_store_due(struct store_tx *tx, struct arena *arena, int64_t now_us, struct change ***ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_due);

	store_bind_int(query, "now", now_us);
	store_bind_int(query, "expiry", CHANGE_EXPIRY_US);
	store_bind_int(query, "grace", CHANGE_GRACE_US);
	return store_list(query, arena, read_change, ret, ret_count, err);
}

int change_store_closed_since(struct store_tx *tx, struct arena *arena, int64_t since_us,
	struct change ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_closed);

	store_bind_int(query, "since", since_us);
	return store_list(query, arena, read_change, ret, ret_count, err);
}

int change_store_history(struct store_tx *tx, const struct change *change,
	const struct revision *revision, int64_t since_us, int64_t *ret_of, int64_t *ret_failed,
	struct error *err)
{
	struct store_query *query = store_query(tx, &count_history);
	json_t *services = json_array();
	int rc;

	for (size_t i = 0; revision->services[i]; i++)
		json_array_append_new(services, json_string(revision->services[i]));
	store_bind_text(query, "services", json_text(store_tx_arena(tx), services));
	json_decref(services);
	store_bind_text(query, "environment", revision->environment);
	store_bind_text(query, "requester_id", change->requester_id);
	store_bind_int(query, "since", since_us);
	store_bind_int(query, "limit", RISK_HISTORY_MAX);
	if ((rc = store_one(query, "history", err)) < 0)
		return rc;
	*ret_of = store_int(query, "alike");
	*ret_failed = store_int(query, "failed");
	store_finish(query);
	return 0;
}

struct store_query *change_store_rows(struct store_tx *tx)
{
	return store_query(tx, &select_rows);
}
