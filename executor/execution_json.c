#include "executor/execution_json.h"

#include "approval/approval.h"
#include "executor/effect.h"
#include "executor/execution_store.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan.h"
#include "safety/item.h"

#include <stdlib.h>
#include <string.h>

json_t *execution_json(const struct execution *row)
{
	json_t *object = json_object();

	json_set_text(object, "id", row->id);
	json_set_text(object, "plan", row->plan);
	json_set_int(object, "number", row->version_number);
	json_set_text(object, "digest", row->graph_digest);
	json_set_text(object, "kind", row->kind);
	json_set_text(object, "action", row->is_undo ? "rollback" : row->action);
	json_set_text(object, "mode", row->mode);
	json_object_set_new(object, "params", json_loads(row->params, 0, NULL));
	json_set_text(object, "state", execution_state_word(row->state));
	json_set_bool(object, "terminal", execution_is_terminal(row->state));
	json_set_text(object, "reason", pause_reason_word(row->reason));
	json_set_text(object, "message", row->message);
	json_set_text(object, "why", row->why);
	json_set_text(object, "requested_by", row->requested_name);
	json_set_text(object, "approval", row->approval_id);
	json_set_text(object, "preview", row->preview_id);
	json_set_text(object, "restores", row->restores_id);
	json_set_time(object, "created_at", row->created_at_us);
	json_set_time(object, "started_at", row->started_at_us);
	json_set_time(object, "ended_at", row->ended_at_us);
	json_set_time(object, "deadline_at", row->deadline_at_us);
	json_set_int(object, "version", row->version);
	return object;
}

/* --- steps: the graph in reading order, each with what the rows say of it --- */

struct listing {
	struct arena *arena;
	const struct graph *graph;
	struct node_row *nodes;
	size_t node_count;
	struct effect_row **effects; /* sorted by path, attempt */
	size_t effect_count;
	json_t *lines;
	json_t *list;
};

static int by_path(const void *a, const void *b)
{
	const struct effect_row *const *x = a, *const *y = b;
	int order = strcmp((*x)->path, (*y)->path);

	if (order)
		return order;
	return (*x)->seq < (*y)->seq ? -1 : (*x)->seq > (*y)->seq;
}

static int node_by_path(const void *key, const void *element)
{
	return strcmp(key, ((const struct node_row *)element)->path);
}

/* The last effect of the way forward at a path, or NULL. */
static const struct effect_row *effect_at(const struct listing *listing, const char *path)
{
	size_t low = 0, high = listing->effect_count;

	while (low < high) { /* first row behind the path */
		size_t middle = (low + high) / 2;

		if (strcmp(listing->effects[middle]->path, path) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- > 0 && text_is_equal(listing->effects[low]->path, path))
		if (!listing->effects[low]->is_undo)
			return listing->effects[low];
	return NULL;
}

static const char *state_of_effect(const struct effect_row *effect)
{
	switch (effect->state) {
	case EFFECT_INTENT:
		return "RUNNING";
	case EFFECT_CONFIRMED:
	case EFFECT_NOOP:
		return "SUCCEEDED";
	case EFFECT_IN_DOUBT:
		return "IN_DOUBT";
	default:
		return "FAILED";
	}
}

static void add_effect(json_t *step, const struct effect_row *effect)
{
	json_set_text(step, "baseline", effect->baseline ? effect->baseline : "absent");
	json_set_text(step, "wanted", effect->wanted ? effect->wanted : "absent");
	json_set_text(step, "outcome", effect_state_word(effect->state));
	json_set_text(step, "message", effect->message[0] ? effect->message : NULL);
	json_set_time(step, "started_at", effect->intent_at_us);
	json_set_time(step, "ended_at", effect->outcome_at_us);
}

static void add_row(json_t *step, const struct graph_node *node, const struct node_row *row)
{
	json_set_text(step, "state", step_state_word(row->state));
	json_set_text(step, "message", row->message[0] ? row->message : NULL);
	json_set_time(step, "started_at", row->started_at_us);
	json_set_time(step, "ended_at", row->ended_at_us);
	if (node->kind == GRAPH_NODE_RAMP || (node->kind == GRAPH_NODE_EACH && node->batch_count)) {
		json_set_int(step, "position", row->position + 1);
		json_set_int(step, "positions",
			(int64_t)(node->kind == GRAPH_NODE_RAMP ? node->branch_count
								: node->batch_count));
	}
}

static bool add_step(void *arg, const struct graph_node *node)
{
	struct listing *listing = arg;
	const struct effect_row *effect =
		node->kind == GRAPH_NODE_SET ? effect_at(listing, node->path) : NULL;
	const struct node_row *row =
		listing->node_count ? bsearch(node->path, listing->nodes, listing->node_count,
					      sizeof(*listing->nodes), node_by_path)
				    : NULL;
	json_t *step = json_object();

	json_set_text(step, "path", node->path);
	json_set_int(step, "depth", (int64_t)node->depth);
	json_set_text(step, "kind", graph_node_word(node->kind));
	json_set_text(step, "text", graph_node_text(listing->arena, listing->graph, node));
	json_set_text(step, "line", json_string_value(json_object_get(listing->lines, node->path)));
	json_set_text(step, "state", effect ? state_of_effect(effect) : "NOT_STARTED");
	if (effect)
		add_effect(step, effect);
	if (row)
		add_row(step, node, row);
	json_array_append_new(listing->list, step);
	return true;
}

static int steps_json(struct store_tx *tx, struct arena *arena, const struct execution *row,
	json_t **ret, struct error *err)
{
	struct listing listing = {.arena = arena};
	struct stored_graph *stored;
	struct graph *graph;

	if (graph_store_get(tx, arena, row->graph_digest, &stored, err) < 0 ||
		graph_parse(arena, stored->bytes, stored->length, &graph, err) < 0 ||
		node_store_list(tx, arena, row->id, &listing.nodes, &listing.node_count, err) < 0 ||
		effect_store_list(
			tx, arena, row->id, &listing.effects, &listing.effect_count, err) < 0)
		return err->code;
	if (listing.effect_count)
		qsort(listing.effects, listing.effect_count, sizeof(struct effect_row *), by_path);
	listing.graph = graph;
	listing.lines = stored->lines ? json_loads(stored->lines, 0, NULL) : NULL;
	listing.list = json_array();
	if (!row->is_undo)
		graph_each_node(graph, false, add_step, &listing);
	json_decref(listing.lines);
	*ret = listing.list;
	return 0;
}

static json_t *effect_json(const struct effect_row *effect)
{
	json_t *object = json_object();

	json_set_text(object, "id", effect->id);
	json_set_int(object, "seq", effect->seq);
	json_set_text(object, "path", effect->path);
	json_set_int(object, "attempt", effect->attempt);
	json_set_text(object, "direction", effect->is_undo ? "undo" : "do");
	json_set_text(object, "register", effect->register_key);
	json_set_text(object, "baseline", effect->baseline ? effect->baseline : "absent");
	json_set_text(object, "wanted", effect->wanted ? effect->wanted : "absent");
	json_set_text(object, "observed", effect->observed);
	json_set_text(object, "state", effect_state_word(effect->state));
	json_set_text(object, "message", effect->message[0] ? effect->message : NULL);
	json_set_text(object, "key", effect->idempotency_key);
	json_set_text(object, "item", effect->item_id);
	json_set_time(object, "intent_at", effect->intent_at_us);
	json_set_time(object, "outcome_at", effect->outcome_at_us);
	return object;
}

int execution_json_journal(struct store_tx *tx, struct arena *arena, const char *execution_id,
	json_t **ret, struct error *err)
{
	struct effect_row **rows;
	size_t count;

	if (effect_store_list(tx, arena, execution_id, &rows, &count, err) < 0)
		return err->code;
	*ret = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(*ret, effect_json(rows[i]));
	return 0;
}

static json_t *words_json(const char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, json_string(*words));
	return list;
}

int execution_json_whole(struct store_tx *tx, struct arena *arena, const struct execution *row,
	json_t **ret, struct error *err)
{
	struct item **items;
	json_t *object, *steps = NULL, *undo = NULL;
	size_t count;

	if (steps_json(tx, arena, row, &steps, err) < 0)
		return err->code;
	if (execution_json_journal(tx, arena, row->id, &undo, err) < 0 ||
		item_list(tx, arena, row->is_undo ? row->restores_id : row->id, NULL, &items,
			&count, err) < 0) {
		json_decref(steps);
		json_decref(undo);
		return err->code;
	}
	for (size_t i = json_array_size(undo); i-- > 0;) {
		const char *direction =
			json_string_value(json_object_get(json_array_get(undo, i), "direction"));

		if (!text_is_equal(direction, "undo"))
			json_array_remove(undo, i);
	}
	object = execution_json(row);
	json_object_set_new(object, "steps", steps);
	json_object_set_new(object, "undo", undo);
	json_set_int(object, "in_effect", (int64_t)count);
	json_object_set_new(object, "commands", words_json(execution_commands(row)));
	*ret = object;
	return 0;
}
