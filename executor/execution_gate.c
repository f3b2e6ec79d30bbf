#include "executor/execution_rooms.h"
#include "executor/execution_store.h"
#include "plans/graph.h"
#include "plans/plan.h"

#include <string.h>

static bool is_waiting_gate(const struct graph *graph, const struct node_row *row, const char *path)
{
	const struct graph_node *node;

	if (row->state != STEP_WAITING || (path && !text_is_equal(path, row->path)))
		return false;
	node = graph_node_at(graph, row->path);
	return node && node->kind == GRAPH_NODE_GATE;
}

int execution_find_gate(struct store_tx *tx, const struct execution *row,
	struct execution_command *command, char ret_role[static TEXT_NAME_MAX + 1],
	struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct stored_graph *stored;
	struct node_row *rows;
	struct graph *graph;
	size_t count, waiting = 0;
	const char *path = NULL;

	if (graph_store_get(tx, arena, row->graph_digest, &stored, err) < 0 ||
		graph_parse(arena, stored->bytes, stored->length, &graph, err) < 0 ||
		node_store_list(tx, arena, row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (!is_waiting_gate(graph, &rows[i], command->path))
			continue;
		path = rows[i].path;
		waiting++;
	}
	if (waiting != 1) {
		error_set(err, ERROR_NO_EFFECT,
			waiting ? "%zu gates wait: say which with its path"
				: "no gate waits for an answer",
			waiting);
		error_field(err, "path");
		return error_remedy(err, "redbutton execution show %s lists the steps", row->id);
	}
	command->path = path;
	snprintf(ret_role, TEXT_NAME_MAX + 1, "%s", graph_node_at(graph, path)->role);
	return 0;
}
