/* Steps from the graph, and what the rows say of them. */
#include "executor/run.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

struct place {
	const char *group_path;
	struct step *ramp, *parent;
};

static void build_list(
	struct run *run, const struct graph_list *list, struct place place, struct step_list *ret);

static struct guard_state *build_guards(struct run *run, const struct graph_guards *guards)
{
	struct guard_state *states =
		arena_alloc(&run->arena, (guards->count + 1) * sizeof(*states));

	for (size_t i = 0; i < guards->count; i++) {
		tracker_init(&run->arena, &states[i].tracker, &guards->items[i].predicate);
		states[i].last = TRI_UNKNOWN;
	}
	return states;
}

static bool is_fan_out(const struct graph_node *node)
{
	return node->kind == GRAPH_NODE_EACH || node->kind == GRAPH_NODE_PARALLEL;
}

static void build_step(
	struct run *run, const struct graph_node *node, struct place place, struct step *step)
{
	*step = (struct step){
		.run = run,
		.parent = place.parent,
		.node = node,
		.ramp = place.ramp,
		.group_path = place.group_path ? place.group_path : node->path,
		.guards = build_guards(run, &node->guards),
	};
	run->by_path[run->step_count++] = step;
	if (node->predicate)
		tracker_init(&run->arena, &step->tracker, node->predicate);
	if (node->back_if)
		tracker_init(&run->arena, &step->back_tracker, node->back_if);
	place.parent = step;
	if (is_fan_out(node))
		place.group_path = node->path;
	build_list(run, &node->body, place, &step->body);
	step->branches =
		arena_alloc(&run->arena, (node->branch_count + 1) * sizeof(*step->branches));
	step->branch_failed = arena_alloc(&run->arena, (node->branch_count + 1) * sizeof(bool));
	for (size_t i = 0; i < node->branch_count; i++) {
		struct place inner = place;

		if (node->kind == GRAPH_NODE_RAMP) {
			inner.ramp = step;
			inner.group_path = NULL; /* the last stage's writes are what is undone */
		}
		build_list(run, &node->branches[i].body, inner, &step->branches[i]);
	}
}

static void build_list(
	struct run *run, const struct graph_list *list, struct place place, struct step_list *ret)
{
	ret->count = list->count;
	ret->steps = arena_alloc(&run->arena, (list->count + 1) * sizeof(*ret->steps));
	for (size_t i = 0; i < list->count; i++)
		build_step(run, &list->nodes[i], place, &ret->steps[i]);
}

static int by_path(const void *a, const void *b)
{
	const struct step *const *x = a, *const *y = b;

	return strcmp((*x)->node->path, (*y)->node->path);
}

void run_tree_build(struct run *run)
{
	size_t size = (run->graph->node_count + 1) * sizeof(*run->by_path);
	struct place top = {0};

	run->by_path = arena_alloc(&run->arena, size);
	run->guards = build_guards(run, &run->graph->guards);
	build_list(run, &run->graph->body, top, &run->body);
	run->path_index = arena_copy(&run->arena, run->by_path, size);
	qsort(run->path_index, run->step_count, sizeof(*run->path_index), by_path);
}

static int to_path(const void *path, const void *step)
{
	return strcmp(path, (*(struct step *const *)step)->node->path);
}

struct step *run_step_at(struct run *run, const char *path)
{
	struct step **found =
		path ? bsearch(path, run->path_index, run->step_count, sizeof(*found), to_path)
		     : NULL;

	return found ? *found : NULL;
}

/* --- what became of them --- */

bool step_is_done(const struct step *step)
{
	return step->state == STEP_SUCCEEDED || step->state == STEP_SKIPPED ||
	       step->state == STEP_MARKED_DONE;
}

static bool is_failed(const struct step *step)
{
	return step->state == STEP_FAILED || step->state == STEP_TIMED_OUT ||
	       step->state == STEP_IN_DOUBT;
}

bool step_is_open_failure(const struct step *step)
{
	if (!is_failed(step))
		return false;
	for (const struct step *above = step->parent; above; above = above->parent)
		if (step_is_done(above))
			return false;
	return true;
}

static bool is_stuck(const struct step *step)
{
	if (step_is_done(step) || step->state == STEP_NOT_STARTED)
		return false;
	return is_failed(step) || (int64_t)step_count_stuck(step) > step->node->max_failures;
}

static bool is_list_stuck(const struct step_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_stuck(&list->steps[i]))
			return true;
	return false;
}

size_t step_count_stuck(const struct step *step)
{
	size_t stuck = 0;

	for (size_t i = 0; i < step->body.count; i++)
		stuck += is_stuck(&step->body.steps[i]);
	for (size_t i = 0; i < step->node->branch_count; i++)
		stuck += is_list_stuck(&step->branches[i]);
	return stuck;
}

static void reset_list(struct step_list *list)
{
	list->cursor = 0;
	for (size_t i = 0; i < list->count; i++)
		step_reset(&list->steps[i]);
}

void step_reset(struct step *step)
{
	const struct graph_node *node = step->node;

	step->state = STEP_NOT_STARTED;
	step->message = NULL;
	step->position = 0;
	step->started_ms = 0;
	step->hold_since_ms = 0;
	step->unknown_since_ms = 0;
	step->is_level_set = false;
	step->effect = NULL;
	step->failure = PAUSE_NONE;
	if (node->predicate)
		tracker_reset(&step->tracker, node->predicate);
	if (node->back_if)
		tracker_reset(&step->back_tracker, node->back_if);
	reset_list(&step->body);
	for (size_t i = 0; i < node->branch_count; i++) {
		step->branch_failed[i] = false;
		reset_list(&step->branches[i]);
	}
}

void step_list_reset(struct step_list *list)
{
	reset_list(list);
}

/* What was read before a pause is not "now". */
static void drop_read(struct step *step)
{
	if (step->effect->phase == EFFECT_PHASE_READ || step->effect->phase == EFFECT_PHASE_DECIDE)
		step_reset(step);
}

/* After a command: cursors look from the start again, clocks of holds and waits start anew. */
void run_tree_rewind(struct run *run)
{
	run->body.cursor = 0;
	run->started_ms = 0;
	for (size_t i = 0; i < run->graph->guards.count; i++) {
		run->guards[i].unknown_since_ms = 0;
		tracker_reset(&run->guards[i].tracker, &run->graph->guards.items[i].predicate);
	}
	for (size_t i = 0; i < run->step_count; i++) {
		struct step *step = run->by_path[i];

		if (step->effect && !step->effect->has_row)
			drop_read(step);
		step->body.cursor = 0;
		step->started_ms = 0;
		step->hold_since_ms = 0;
		step->unknown_since_ms = 0;
		if (step->node->predicate)
			tracker_reset(&step->tracker, step->node->predicate);
		if (step->node->back_if)
			tracker_reset(&step->back_tracker, step->node->back_if);
		for (size_t j = 0; j < step->node->guards.count; j++) {
			step->guards[j].unknown_since_ms = 0;
			tracker_reset(
				&step->guards[j].tracker, &step->node->guards.items[j].predicate);
		}
		for (size_t j = 0; j < step->node->branch_count; j++) {
			step->branches[j].cursor = 0;
			step->branch_failed[j] = false;
		}
	}
}
