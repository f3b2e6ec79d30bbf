/* Rules of the start: version active, targets unchanged, approved, locked; and every reason why
 * not. */
#include "approval/approval.h"
#include "executor/execution.h"
#include "executor/execution_rooms.h"
#include "executor/execution_store.h"
#include "executor/preview.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan.h"
#include "safety/item.h"
#include "safety/lock.h"

#include <string.h>

const struct principal execution_system = {
	.actor = {.kind = AUDIT_SYSTEM, .id = "system", .name = "system"},
	.person_name = "system",
};

/* What a start is about, read once inside the transaction. */
struct start_view {
	struct stored_graph *stored;
	struct graph *graph;
	struct plan_version *version;
	struct preview *preview;
	struct execution *restored;
	const char **lock_keys;
	struct scope scope;
	struct approval_level levels[APPROVAL_LEVELS_MAX];
	size_t level_count;
};

/* Written registers are what is locked. */
static const char **lock_keys_of(struct arena *arena, const struct graph *graph)
{
	const char **keys = arena_alloc(arena, (graph->register_count + 1) * sizeof(*keys));
	size_t count = 0;

	for (size_t i = 0; i < graph->register_count; i++)
		if (graph->registers[i].is_written)
			keys[count++] = safety_register_key(arena, graph->registers[i].target,
				graph->registers[i].type, graph->registers[i].args);
	return keys;
}

static void narrow(const char **slot, const char *value, bool is_first)
{
	if (is_first)
		*slot = value[0] ? value : NULL;
	else if (!text_is_equal(*slot, value))
		*slot = NULL;
}

/* Environment and service that all written targets share: where the approver's right must hold. */
static int scope_of(struct store_tx *tx, struct arena *arena, const struct graph *graph,
	struct scope *ret, struct error *err)
{
	bool is_first = true;

	for (size_t i = 0; i < graph->register_count; i++) {
		struct target *target;

		if (!graph->registers[i].is_written || !graph->registers[i].target)
			continue;
		if (target_get(tx, arena, graph->registers[i].target, &target, err) < 0)
			return err->code;
		narrow(&ret->environment, target->environment, is_first);
		narrow(&ret->service, target->service, is_first);
		is_first = false;
	}
	return 0;
}

static int load_view(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);

	if (graph_store_get(tx, arena, start->graph_digest, &view->stored, err) < 0) {
		if (err->code == ERROR_NOT_FOUND)
			error_remedy(err, "preview first: redbutton preview NAME k=v");
		return err->code;
	}
	if (graph_parse(arena, view->stored->bytes, view->stored->length, &view->graph, err) < 0 ||
		plan_version_get_by_digest(
			tx, arena, view->graph->version_digest, &view->version, err) < 0)
		return err->code;
	if (start->preview_id && preview_get(tx, arena, start->preview_id, &view->preview, err) < 0)
		return err->code;
	if (start->restores_id &&
		execution_get(tx, arena, start->restores_id, &view->restored, err) < 0)
		return err->code;
	view->lock_keys = lock_keys_of(arena, view->graph);
	return scope_of(tx, arena, view->graph, &view->scope, err);
}

/* --- the reasons, each a function of its own --- */

static int require_right(
	const struct principal *principal, const struct scope *scope, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (principal_require(principal, ROLE_COMMANDER, scope, &ignored) == 0)
		return 0;
	return principal_require(principal, ROLE_AUTHOR, scope, err);
}

static int check_role(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	(void)tx;
	if (start->principal == &execution_system && start->is_undo)
		return 0;
	return require_right(start->principal, &view->scope, err);
}

static int check_version(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	(void)tx;
	if (start->is_undo || view->restored || view->version->state == PLAN_ACTIVE)
		return 0;
	error_set(err, ERROR_CONFLICT, "%s@%lld is %s, not ACTIVE", view->version->plan,
		(long long)view->version->number, plan_version_state_word(view->version->state));
	return error_remedy(
		err, "preview the active version again: redbutton preview %s", view->version->plan);
}

static int check_targets(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	if (start->is_undo)
		return 0;
	return plan_check_targets(tx, view->graph, err);
}

static int check_preview(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	(void)tx;
	if (!view->preview || text_is_equal(view->preview->graph_digest, start->graph_digest))
		return 0;
	error_set(err, ERROR_STALE, "preview %s shows another graph", start->preview_id);
	return error_remedy(err, "preview again and start what it shows");
}

/* Going back to recorded baselines needs no approval; one who approved nothing new cannot be asked.
 */
static bool needs_no_approval(const struct execution_start *start, const struct start_view *view)
{
	return start->is_undo || view->restored || view->level_count == 0;
}

static int check_approval(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	approval_policy(view->stored->approval_class, false, &view->scope, view->levels,
		&view->level_count);
	if (needs_no_approval(start, view))
		return 0;
	(void)tx;
	error_set(err, ERROR_NOT_APPROVED,
		"a run of this graph (class %s) needs approval by somebody else",
		approval_class_word(view->stored->approval_class));
	return error_remedy(err, "start it: it waits as PENDING_APPROVAL until it is approved");
}

static int check_locks(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	struct lock_holder *holders;
	size_t count;

	if (lock_holders(
		    tx, store_tx_arena(tx), view->lock_keys, start->id, &holders, &count, err) < 0)
		return err->code;
	if (!count)
		return 0;
	error_set(err, ERROR_LOCKED, "%s is locked by execution %s (%zu of its registers are)",
		holders[0].register_key, holders[0].execution_id, count);
	return error_remedy(
		err, "wait for it or end it: redbutton execution show %s", holders[0].execution_id);
}

static int check_restored(struct store_tx *tx, const struct execution_start *start,
	struct start_view *view, struct error *err)
{
	struct item **items;
	size_t count;

	if (!view->restored)
		return 0;
	if (!execution_is_terminal(view->restored->state)) {
		error_set(err, ERROR_CONFLICT, "execution %s is still %s", view->restored->id,
			execution_state_word(view->restored->state));
		return error_remedy(err, "while it is open: redbutton execution rollback %s",
			view->restored->id);
	}
	if (item_list(tx, store_tx_arena(tx), start->restores_id, NULL, &items, &count, err) < 0)
		return err->code;
	if (count)
		return 0;
	error_set(err, ERROR_NO_EFFECT, "execution %s has nothing in effect any more",
		start->restores_id);
	return error_remedy(err, "redbutton effects lists what is");
}

static const struct reason {
	const char *word;
	int (*check)(struct store_tx *tx, const struct execution_start *start,
		struct start_view *view, struct error *err);
	bool refuses; /* or the run waits */
} REASONS[] = {
	{"role", check_role, true},
	{"version", check_version, true},
	{"targets", check_targets, true},
	{"preview", check_preview, true},
	{"restored", check_restored, true},
	{"approval", check_approval, false},
	{"locks", check_locks, false},
};

#define REASON_COUNT (sizeof(REASONS) / sizeof(REASONS[0]))

static json_t *reason_json(const struct reason *reason, const struct error *err)
{
	json_t *object = json_object();

	json_set_text(object, "reason", reason->word);
	json_set_text(object, "code", error_word(err->code));
	json_set_bool(object, "refuses", reason->refuses);
	json_set_text(object, "message", err->message);
	json_set_text(object, "next", err->remedy[0] ? err->remedy : NULL);
	return object;
}

int execution_can(struct store_tx *tx, const struct execution_start *start, json_t **ret_reasons,
	struct error *err)
{
	struct start_view view = {0};
	json_t *reasons;

	if (load_view(tx, start, &view, err) < 0)
		return err->code;
	reasons = json_array();
	for (size_t i = 0; i < REASON_COUNT; i++) {
		struct error one = ERROR_INIT;

		if (REASONS[i].check(tx, start, &view, &one) < 0)
			json_array_append_new(reasons, reason_json(&REASONS[i], &one));
	}
	*ret_reasons = reasons;
	return 0;
}

/* --- the start --- */

static int open_approval(struct store_tx *tx, struct execution_start *start,
	const struct start_view *view, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	const char *excluded[] = {start->principal->person_id, NULL};
	struct approval_request request = {
		.subject_kind = EXECUTION_APPROVAL_SUBJECT,
		.subject_id = start->id,
		.subject_digest = start->graph_digest,
		.approval_class = view->stored->approval_class,
		.level_count = view->level_count,
		.excluded = excluded,
		.summary = arena_format(arena, "run %s %s", view->graph->plan,
			json_text(arena, view->graph->params)),
		.requested_by = start->principal->person_id,
		.requested_at_us = start->at_us,
		.expires_at_us = start->at_us + APPROVAL_EXPIRY_US,
	};

	if (view->preview && preview_changes(tx, arena, view->preview, &request.reading, err) < 0)
		return err->code;
	memcpy(request.id, start->approval_id, ID_SIZE);
	memcpy(request.levels, view->levels, sizeof(request.levels));
	memcpy(start->ret_approval_id, start->approval_id, ID_SIZE);
	return approval_open(tx, &request, &start->principal->actor, start->notify_id, err);
}

static int64_t manifest_int(const struct plan_version *version, const char *field, int64_t fallback)
{
	json_t *manifest = json_loads(version->manifest, 0, NULL);
	const json_t *value = json_object_get(manifest, field);
	int64_t number = json_is_integer(value) ? json_integer_value(value) : fallback;

	json_decref(manifest);
	return number;
}

static const char *manifest_text(struct arena *arena, const struct plan_version *version,
	const char *field, const char *fallback)
{
	json_t *manifest = json_loads(version->manifest, 0, NULL);
	const char *value = json_string_value(json_object_get(manifest, field));
	const char *text = arena_text(arena, value ? value : fallback);

	json_decref(manifest);
	return text;
}

#define DEFAULT_EXPIRES_MS (24 * 3600 * INT64_C(1000))

static int insert_row(struct store_tx *tx, struct execution_start *start,
	const struct start_view *view, const char **ret_terms, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	int64_t expires_ms = manifest_int(view->version, "expires_ms", DEFAULT_EXPIRES_MS);
	bool is_started = start->ret_state == EXECUTION_RUNNING;
	struct execution row = {
		.plan = view->graph->plan,
		.version_id = view->version->id,
		.version_number = view->version->number,
		.graph_digest = start->graph_digest,
		.kind = view->graph->kind,
		.action = start->is_undo ? "restore" : view->graph->action,
		.mode = view->graph->mode,
		.params = json_text(arena, view->graph->params),
		.state = start->ret_state,
		.message = "",
		.why = start->why ? start->why : "",
		.requested_by = start->principal->person_id,
		.requested_name = start->principal->person_name,
		.preview_id = start->preview_id,
		.restores_id = start->restores_id,
		.approval_id = start->ret_approval_id[0] ? start->ret_approval_id : NULL,
		.reading = view->preview ? view->preview->reading : NULL,
		.is_undo = start->is_undo,
		.rollback_at_deadline = start->rollback_at_deadline,
		.within_ms = start->within_ms ? start->within_ms : expires_ms,
		.expires_ms = expires_ms,
		.on_expiry = manifest_text(arena, view->version, "on_expiry", "ask"),
		.created_at_us = start->at_us,
		.started_at_us = is_started ? start->at_us : 0,
		.epoch = start->epoch,
	};

	row.deadline_at_us = is_started ? start->at_us + row.within_ms * 1000 : 0;
	memcpy(row.id, start->id, ID_SIZE);
	memcpy(row.owner, start->owner, sizeof(row.owner));
	*ret_terms = execution_terms(arena, &row);
	return execution_store_insert(tx, &row, err);
}

static int record_start(struct store_tx *tx, const struct execution_start *start,
	const struct start_view *view, const char *terms, struct error *err)
{
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = &start->principal->actor,
		.action = AUDIT_EXECUTION_CREATE,
		.subject_kind = "execution",
		.subject_id = start->id,
		.subject_digest = start->graph_digest,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "plan", view->graph->plan);
	json_set_int(detail, "number", view->version->number);
	json_set_text(detail, "action", view->graph->action);
	json_object_set(detail, "params", (json_t *)view->graph->params);
	json_set_text(detail, "state", execution_state_word(start->ret_state));
	json_set_text(detail, "class", approval_class_word(view->stored->approval_class));
	json_set_text(detail, "preview", start->preview_id);
	json_set_text(detail, "restores", start->restores_id);
	json_set_text(detail, "why", start->why);
	json_set_text(detail, "terms", terms);
	rc = audit_append(tx, &record, start->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

/* RUNNING with all locks, or QUEUED behind somebody. */
static int take_locks(struct store_tx *tx, const char *const *keys, const char *id, int64_t at_us,
	enum execution_state *ret_state, struct error *err)
{
	int rc = lock_take(tx, keys, id, at_us, err);

	if (rc < 0 && rc != ERROR_LOCKED)
		return rc;
	*ret_state = rc == 0 ? EXECUTION_RUNNING : EXECUTION_QUEUED;
	error_clear(err);
	return 0;
}

int execution_start(struct store_tx *tx, struct execution_start *start, struct error *err)
{
	struct start_view view = {0};
	bool needs_approval = false;
	const char *terms;

	if (load_view(tx, start, &view, err) < 0)
		return err->code;
	for (size_t i = 0; i < REASON_COUNT; i++) {
		struct error one = ERROR_INIT;
		int rc = REASONS[i].check(tx, start, &view, &one);

		if (rc < 0 && REASONS[i].refuses) {
			*err = one;
			return rc;
		}
		needs_approval |= rc == ERROR_NOT_APPROVED;
	}
	start->ret_state = EXECUTION_PENDING_APPROVAL;
	if (!needs_approval &&
		take_locks(tx, view.lock_keys, start->id, start->at_us, &start->ret_state, err) < 0)
		return err->code;
	if (needs_approval && open_approval(tx, start, &view, err) < 0)
		return err->code;
	if (insert_row(tx, start, &view, &terms, err) < 0)
		return err->code;
	return record_start(tx, start, &view, terms, err);
}

/* --- going on: approval granted, locks free --- */

static int use_approval(
	struct store_tx *tx, const struct execution *row, int64_t at_us, struct error *err)
{
	char used[ID_SIZE];

	return approval_use(tx, EXECUTION_APPROVAL_SUBJECT, row->id, row->graph_digest,
		&audit_system, at_us, used, err);
}

int execution_advance(struct store_tx *tx, struct execution_advance *advance, struct error *err)
{
	struct execution_change change = EXECUTION_CHANGE_INIT;
	struct execution_start start = {.is_undo = false};
	struct start_view view = {0};
	struct execution *row;
	char notify_id[ID_SIZE] = "";

	if (execution_get(tx, store_tx_arena(tx), advance->id, &row, err) < 0)
		return err->code;
	advance->ret_state = row->state;
	if (row->state != EXECUTION_PENDING_APPROVAL && row->state != EXECUTION_QUEUED)
		return 0;
	start.graph_digest = row->graph_digest;
	start.restores_id = row->restores_id;
	start.is_undo = row->is_undo;
	memcpy(start.id, row->id, ID_SIZE);
	if (load_view(tx, &start, &view, err) < 0 || check_version(tx, &start, &view, err) < 0 ||
		check_targets(tx, &start, &view, err) < 0)
		return err->code;
	if (row->state == EXECUTION_PENDING_APPROVAL &&
		use_approval(tx, row, advance->at_us, err) < 0)
		return err->code;
	if (take_locks(tx, view.lock_keys, row->id, advance->at_us, &advance->ret_state, err) < 0)
		return err->code;
	if (advance->ret_state == row->state)
		return 0;
	change.id = row->id;
	change.state = advance->ret_state;
	change.at_us = advance->at_us;
	if (advance->ret_state == EXECUTION_RUNNING) {
		change.started_at_us = advance->at_us;
		change.deadline_at_us = advance->at_us + row->within_ms * 1000;
	}
	if (execution_store_own(tx, row->id, advance->owner, advance->epoch, false, err) < 0)
		return err->code;
	return execution_change_state(tx, row, &change, &audit_system, notify_id, err);
}

int execution_refuse(struct store_tx *tx, struct execution_refusal *refusal, struct error *err)
{
	struct execution_change change = EXECUTION_CHANGE_INIT;
	struct execution *row;

	if (execution_get(tx, store_tx_arena(tx), refusal->id, &row, err) < 0)
		return err->code;
	if (row->state != EXECUTION_PENDING_APPROVAL && row->state != EXECUTION_QUEUED)
		return 0;
	change.id = row->id;
	change.state = refusal->state;
	change.message = refusal->message;
	change.at_us = refusal->at_us;
	change.ended_at_us = refusal->at_us;
	return execution_change_state(tx, row, &change, &audit_system, refusal->notify_id, err);
}

int execution_check_right_on(struct store_tx *tx, struct arena *arena, const struct graph *graph,
	const struct principal *principal, struct error *err)
{
	struct scope scope = {0};

	if (scope_of(tx, arena, graph, &scope, err) < 0)
		return err->code;
	return require_right(principal, &scope, err);
}

int execution_check_right(struct store_tx *tx, const char *graph_digest,
	const struct principal *principal, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct stored_graph *stored;
	struct graph *graph;

	if (graph_store_get(tx, arena, graph_digest, &stored, err) < 0 ||
		graph_parse(arena, stored->bytes, stored->length, &graph, err) < 0)
		return err->code;
	return execution_check_right_on(tx, arena, graph, principal, err);
}
