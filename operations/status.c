#include "operations/status_rooms.h"

#include <stdlib.h>
#include <string.h>

#define COMMANDERS "a commander or author of its targets"

/* --- what is held --- */

static void hold(struct status *status, const char *what, const char *why, const char *next)
{
	status->holds[status->hold_count++] = (struct status_hold){what, why, next};
}

static void look_at_holds(
	const struct status_rooms *rooms, struct arena *arena, struct status *status)
{
	const char *why = NULL;
	struct error err = ERROR_INIT;

	status->is_store_writable = store_is_writable(rooms->store, &why);
	status->commit_ms = store_commit_ms(rooms->store);
	if (!status->is_store_writable)
		hold(status, "store",
			arena_format(arena, "nothing can be written, so nothing is sent: %s",
				why && *why ? why : "no reason is known"),
			"redbutton doctor");
	else if (!executor_is_ready(rooms->executor))
		hold(status, "runs", "the runs of the daemon before are being taken over",
			"redbutton status");
	if (store_space(rooms->store, &why) != STORE_SPACE_OK)
		hold(status, "space", why, "redbutton doctor");
	status->jail_walls = jail_walls(rooms->jail);
	status->is_jail_good = jail_check(rooms->jail, &err) >= 0;
	if (!status->is_jail_good)
		hold(status, "plans", arena_format(arena, "no plan is evaluated: %s", err.message),
			"redbutton doctor");
}

/* --- what is in effect --- */

static const char *next_of_effect(
	const struct item_group *group, bool is_expired, struct arena *arena)
{
	if (group->troubled || is_expired)
		return arena_format(arena, "redbutton effects --execution %s", group->execution_id);
	return arena_format(arena, "redbutton execution rollback %s", group->execution_id);
}

static int look_at_effects(const struct status_rooms *rooms, struct arena *arena,
	struct status *status, struct error *err)
{
	int64_t counts[ITEM_CLOSED + 1];
	struct item_group *groups;
	struct store_tx *tx = store_reader(rooms->store);

	if (item_list_groups(tx, arena, STATUS_LIST_MAX, &groups, &status->effect_count, err) < 0 ||
		item_count(tx, status->now_us, counts, &status->items_expired, err) < 0)
		return err->code;
	for (int state = 0; state < ITEM_CLOSED; state++)
		status->items += counts[state];
	status->items_troubled =
		counts[ITEM_UNKNOWN] + counts[ITEM_CONFLICT] + counts[ITEM_ORPHANED];
	status->effects = arena_alloc(arena, (status->effect_count + 1) * sizeof(*status->effects));
	for (size_t i = 0; i < status->effect_count; i++) {
		struct status_effect *effect = &status->effects[i];

		effect->group = &groups[i];
		effect->is_expired = groups[i].expires_at_us <= status->now_us;
		effect->needs_person = effect->is_expired || groups[i].troubled;
		effect->next = next_of_effect(&groups[i], effect->is_expired, arena);
	}
	return 0;
}

/* --- what runs --- */

const char *status_next_of_run(const struct execution_look *look, struct arena *arena)
{
	const struct execution *row = look->row;

	if (row->state == EXECUTION_PENDING_APPROVAL && row->approval_id)
		return arena_format(arena, "redbutton approval show %s", row->approval_id);
	if (look->gate_count == 1)
		return arena_format(arena, "redbutton execution answer %s yes|no", row->id);
	if (look->gate_count)
		return arena_format(arena, "redbutton execution answer %s yes|no --at %s", row->id,
			look->gates[0].path);
	if (row->state == EXECUTION_PAUSED && row->is_phase_rollback &&
		row->reason == PAUSE_CONFLICT)
		return arena_format(arena, "redbutton execution answer %s baseline|keep", row->id);
	if (row->state != EXECUTION_PAUSED)
		return arena_format(arena, "redbutton execution follow %s", row->id);
	if (row->reason == PAUSE_OPERATOR)
		return arena_format(arena, "redbutton execution resume %s", row->id);
	return arena_format(arena, "redbutton execution show %s", row->id);
}

bool status_run_needs_person(const struct execution_look *look)
{
	return look->row->state == EXECUTION_PENDING_APPROVAL ||
	       look->row->state == EXECUTION_PAUSED || look->gate_count;
}

static const char *asks_of_gates(const struct execution_look *look, struct arena *arena)
{
	const char *text = look->gates[0].role;

	for (size_t i = 1; i < look->gate_count; i++)
		if (!strstr(text, look->gates[i].role))
			text = arena_format(arena, "%s, %s", text, look->gates[i].role);
	return text;
}

/* The note of the approval that it waits for names who could give it. */
static int asks_of_approval(const struct status_rooms *rooms, const struct execution_look *look,
	struct arena *arena, const char **ret, struct error *err)
{
	struct store_tx *tx = store_reader(rooms->store);
	struct approval_request *request;

	*ret = "an approver";
	if (!look->row->approval_id)
		return 0;
	if (approval_get(tx, arena, look->row->approval_id, &request, err) < 0)
		return err->code;
	*ret = approval_note(tx, arena, request, err);
	return *ret ? 0 : err->code;
}

static int look_at_run(const struct status_rooms *rooms, const struct execution_look *look,
	struct arena *arena, struct status_run *run, struct error *err)
{
	run->look = look;
	run->needs_person = status_run_needs_person(look);
	run->next = status_next_of_run(look, arena);
	if (look->gate_count)
		run->asks = asks_of_gates(look, arena);
	else if (look->row->state == EXECUTION_PAUSED)
		run->asks = COMMANDERS;
	else if (look->row->state == EXECUTION_PENDING_APPROVAL)
		return asks_of_approval(rooms, look, arena, &run->asks, err);
	return 0;
}

static int look_at_runs(const struct status_rooms *rooms, struct arena *arena,
	struct status *status, struct error *err)
{
	struct execution_look *looks;

	if (execution_look_open(rooms->executor, store_reader(rooms->store), arena, status->who,
		    STATUS_LIST_MAX, &looks, &status->run_count, err) < 0)
		return err->code;
	status->runs = arena_alloc(arena, (status->run_count + 1) * sizeof(*status->runs));
	for (size_t i = 0; i < status->run_count; i++)
		if (look_at_run(rooms, &looks[i], arena, &status->runs[i], err) < 0)
			return err->code;
	return 0;
}

/* --- what waits for the one who looks --- */

struct waits {
	struct arena *arena;
	struct status *status;
	size_t capacity;
};

static void add_wait(struct waits *waits, struct status_wait wait)
{
	struct status *status = waits->status;

	status->waits = arena_grow(waits->arena, status->waits, status->wait_count,
		&waits->capacity, sizeof(*status->waits));
	status->waits[status->wait_count++] = wait;
}

static void add_run_waits(struct waits *waits, const struct status_run *run)
{
	const struct execution_look *look = run->look;
	const struct execution *row = look->row;

	for (size_t i = 0; i < look->gate_count; i++)
		if (look->gates[i].may_answer)
			add_wait(waits, (struct status_wait){.kind = "gate",
						.id = row->id,
						.text = arena_format(waits->arena, "%s: %s",
							row->plan, look->gates[i].question),
						.next = run->next,
						.since_us = look->gates[i].since_us});
	if (row->state == EXECUTION_PAUSED && !look->gate_count && look->may_command)
		add_wait(waits,
			(struct status_wait){.kind = "run",
				.id = row->id,
				.text = arena_format(waits->arena, "%s is PAUSED (%s) %s",
					row->plan, pause_reason_word(row->reason), row->message),
				.next = run->next,
				.since_us = row->changed_at_us});
}

static void add_effect_wait(struct waits *waits, const struct status_effect *effect)
{
	const struct item_group *group = effect->group;
	const char *what = group->troubled ? "is not as it should be" : "is past its time";

	if (effect->needs_person && (waits->status->who->roles & (ROLE_COMMANDER | ROLE_AUTHOR)))
		add_wait(waits, (struct status_wait){.kind = "effect",
					.id = group->execution_id,
					.text = arena_format(waits->arena, "%s: what it left %s",
						group->plan, what),
					.next = effect->next,
					.since_us = group->troubled ? group->since_us
								    : group->expires_at_us});
}

static int look_at_waits(const struct status_rooms *rooms, struct arena *arena,
	struct status *status, struct error *err)
{
	struct waits waits = {arena, status, 0};
	struct approval_open_request *open;

	if (approval_list_open(store_reader(rooms->store), arena, status->who, status->now_us,
		    &open, &status->open_approvals, err) < 0)
		return err->code;
	for (size_t i = 0; i < status->open_approvals; i++)
		if (open[i].may_decide)
			add_wait(&waits,
				(struct status_wait){.kind = "approval",
					.id = open[i].request->id,
					.text = open[i].request->summary,
					.next = arena_format(arena, "redbutton approval approve %s",
						open[i].request->id),
					.since_us = open[i].request->requested_at_us});
	for (size_t i = 0; i < status->run_count; i++)
		add_run_waits(&waits, &status->runs[i]);
	for (size_t i = 0; i < status->effect_count; i++)
		add_effect_wait(&waits, &status->effects[i]);
	return 0;
}

/* --- emergencies, and what is owed after them --- */

static int look_at_emergencies(const struct status_rooms *rooms, struct arena *arena,
	struct status *status, struct error *err)
{
	return emergency_list_open(store_reader(rooms->store), arena, &status->emergencies,
		&status->emergency_count, err);
}

/* Without the second person's word it is none yet. */
static bool waits_for_second(const struct status *status)
{
	for (size_t i = 0; i < status->emergency_count; i++)
		if (!status->emergencies[i]->started_at_us)
			return true;
	return false;
}

static int look_at_follow_ups(const struct status_rooms *rooms, struct arena *arena,
	struct status *status, struct error *err)
{
	struct follow_up **open = NULL;
	size_t count = 0;

	if (follow_up_list_open(
		    store_reader(rooms->store), arena, status->now_us, &open, &count, err) < 0)
		return err->code;
	status->overdue = arena_alloc(arena, (count + 1) * sizeof(struct follow_up *));
	for (size_t i = 0; i < count; i++)
		if (open[i]->is_overdue)
			status->overdue[status->overdue_count++] = open[i];
	return 0;
}

/* --- the planes --- */

static int rank_of(const struct target_seen *seen)
{
	return seen->is_checked && !seen->is_reachable ? 0 : seen->is_checked || !seen->has_check;
}

static int by_trouble(const void *a, const void *b)
{
	const struct target_seen *x = a, *y = b;
	int order = rank_of(x) - rank_of(y);

	return order ? order : strcmp(x->name, y->name);
}

void status_sum_targets(struct status_targets *targets)
{
	targets->reachable = targets->unreachable = targets->not_checked = 0;
	for (size_t i = 0; i < targets->count; i++) {
		const struct target_seen *seen = &targets->list[i];

		if (!seen->is_checked)
			targets->not_checked++;
		else if (seen->is_reachable)
			targets->reachable++;
		else
			targets->unreachable++;
	}
	if (targets->count)
		qsort(targets->list, targets->count, sizeof(*targets->list), by_trouble);
}

static int look_at_targets(const struct status_rooms *rooms, struct arena *arena,
	struct status *status, struct error *err)
{
	struct status_targets *targets = &status->targets;

	if (target_watch_list(rooms->watch, store_reader(rooms->store), arena, &targets->list,
		    &targets->count, err) < 0)
		return err->code;
	status_sum_targets(targets);
	return 0;
}

/* --- the whole --- */

bool status_needs_person(const struct status *status)
{
	if (status->hold_count || status->open_approvals || status->wait_count ||
		status->items_troubled || status->items_expired || status->targets.unreachable ||
		status->audit.trouble || status->overdue_count || waits_for_second(status))
		return true;
	for (size_t i = 0; i < status->run_count; i++)
		if (status->runs[i].needs_person)
			return true;
	return false;
}

int status_look(const struct status_rooms *rooms, const struct principal *who, int64_t now_us,
	struct arena *arena, struct status *ret, struct error *err)
{
	struct status status = {
		.now_us = now_us, .started_at_us = rooms->started_at_us, .who = who};

	look_at_holds(rooms, arena, &status);
	if (look_at_effects(rooms, arena, &status, err) < 0 ||
		look_at_runs(rooms, arena, &status, err) < 0 ||
		look_at_waits(rooms, arena, &status, err) < 0 ||
		look_at_emergencies(rooms, arena, &status, err) < 0 ||
		look_at_follow_ups(rooms, arena, &status, err) < 0 ||
		look_at_targets(rooms, arena, &status, err) < 0)
		return err->code;
	audit_get_status(rooms->audit, &status.audit);
	status.needs_person = status_needs_person(&status);
	*ret = status;
	return 0;
}
