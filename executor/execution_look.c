#include "executor/execution_look.h"

#include "executor/execution_rooms.h"
#include "executor/run.h"

static bool is_leaf(const struct step *step)
{
	return !step->body.count && !step->node->branch_count;
}

static bool is_under_way(const struct step *step)
{
	return step->state == STEP_RUNNING || step->state == STEP_WAITING;
}

static bool is_bad(const struct step *step)
{
	return step->state == STEP_FAILED || step->state == STEP_TIMED_OUT ||
	       step->state == STEP_IN_DOUBT;
}

static bool is_over(const struct step *step)
{
	return step->state != STEP_NOT_STARTED && !is_under_way(step) && !is_bad(step);
}

/* The last of reading order that is under way lies deepest; one that failed is what people ask
 * for. */
static const struct step *find_step(const struct run *run)
{
	const struct step *found = NULL;

	for (size_t i = 0; i < run->step_count; i++) {
		const struct step *step = run->by_path[i];

		if (is_bad(step) && is_leaf(step))
			return step;
		if (is_under_way(step))
			found = step;
	}
	return found;
}

static void look_at_step(const struct run *run, struct arena *arena, struct execution_look *look)
{
	const struct step *step = find_step(run);

	for (size_t i = 0; i < run->step_count; i++) {
		look->total += is_leaf(run->by_path[i]);
		look->done += is_leaf(run->by_path[i]) && is_over(run->by_path[i]);
	}
	if (!step)
		return;
	look->step_path = arena_text(arena, step->node->path);
	look->step_text = graph_node_text(arena, run->graph, step->node);
	look->step_state = step_state_word(step->state);
	look->step_message = arena_text(arena, step->message);
	look->step_since_us = step->started_at_us;
}

static void look_at_undo(const struct run *run, struct execution_look *look)
{
	look->total = run->group_count;
	look->done = run->group_cursor;
}

static void look_at_gates(const struct run *run, struct store_tx *tx, struct arena *arena,
	const struct principal *who, struct execution_look *look)
{
	struct execution_gate *gates = NULL;
	struct error ignored = ERROR_INIT;
	size_t capacity = 0;

	for (size_t i = 0; i < run->step_count; i++) {
		const struct step *step = run->by_path[i];

		if (step->node->kind != GRAPH_NODE_GATE || step->state != STEP_WAITING)
			continue;
		gates = arena_grow(arena, gates, look->gate_count, &capacity, sizeof(*gates));
		gates[look->gate_count++] = (struct execution_gate){
			.path = arena_text(arena, step->node->path),
			.question = arena_text(arena, step->node->title),
			.role = arena_text(arena, step->node->role),
			.since_us = step->started_at_us,
			.may_answer = who->person_id[0] && execution_check_answer(tx, who,
								   step->node->role, &ignored) >= 0,
		};
	}
	look->gates = gates;
}

/* Of a run that is not in memory only the rows speak: the word of a role anywhere must do. */
static bool may_command(const struct run *run, struct store_tx *tx, struct arena *arena,
	const struct principal *who)
{
	struct error ignored = ERROR_INIT;

	if (!who->person_id[0] || !(who->roles & (ROLE_COMMANDER | ROLE_AUTHOR)))
		return false;
	return !run || execution_check_right_on(tx, arena, run->graph, who, &ignored) >= 0;
}

static void look_at(struct executor *executor, struct store_tx *tx, struct arena *arena,
	const struct principal *who, struct execution_look *look)
{
	const struct run *run = executor_find(executor, look->row->id);

	look->may_command = may_command(run, tx, arena, who);
	if (!run)
		return;
	look->is_loaded = true;
	if (look->row->is_phase_rollback || look->row->state == EXECUTION_ROLLING_BACK)
		look_at_undo(run, look);
	else
		look_at_step(run, arena, look);
	look_at_gates(run, tx, arena, who, look);
}

int execution_look_open(struct executor *executor, struct store_tx *tx, struct arena *arena,
	const struct principal *who, int64_t limit, struct execution_look **ret, size_t *ret_count,
	struct error *err)
{
	struct execution_filter filter = {.state = "open", .limit = limit};
	struct execution_look *looks;
	struct execution **rows;
	size_t count;

	if (execution_store_list(tx, arena, &filter, &rows, &count, err) < 0)
		return err->code;
	looks = arena_alloc(arena, (count + 1) * sizeof(*looks));
	for (size_t i = 0; i < count; i++) {
		looks[i].row = rows[i];
		look_at(executor, tx, arena, who, &looks[i]);
	}
	*ret = looks;
	*ret_count = count;
	return 0;
}
