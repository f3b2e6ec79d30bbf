/* Steps from the graph, and what the rows say of them. */
#include "executor/run.h"
#include "lib/base/text.h"

#include <string.h>

struct place {
	const char *group_path;
	struct step *ramp;
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

void run_tree_build(struct run *run)
{
	struct place top = {0};

	run->by_path =
		arena_alloc(&run->arena, (run->graph->node_count + 1) * sizeof(*run->by_path));
	run->guards = build_guards(run, &run->graph->guards);
	build_list(run, &run->graph->body, top, &run->body);
}

struct step *run_step_at(struct run *run, const char *path)
{
	for (size_t i = 0; path && i < run->step_count; i++)
		if (text_is_equal(run->by_path[i]->node->path, path))
			return run->by_path[i];
	return NULL;
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
	step->answer = NULL;
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

/* After a command: cursors look from the start again, clocks of holds and waits start anew. */
void run_tree_rewind(struct run *run)
{
	run->body.cursor = 0;
	for (size_t i = 0; i < run->graph->guards.count; i++) {
		run->guards[i].unknown_since_ms = 0;
		tracker_reset(&run->guards[i].tracker, &run->graph->guards.items[i].predicate);
	}
	for (size_t i = 0; i < run->step_count; i++) {
		struct step *step = run->by_path[i];

		step->body.cursor = 0;
		step->started_ms = 0;
		step->hold_since_ms = 0;
		step->unknown_since_ms = 0;
		if (step->node->predicate)
			tracker_reset(&step->tracker, step->node->predicate);
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
