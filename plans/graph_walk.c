#include "plans/graph.h"

#include <stdlib.h>
#include <string.h>

typedef bool (*node_visit)(void *arg, const struct graph_node *node);

/* Next number of "2.1.3" from 1, or 0 when the path is none. */
static size_t take_position(const char **path)
{
	char *end;
	unsigned long position;

	if (**path < '1' || **path > '9')
		return 0;
	position = strtoul(*path, &end, 10);
	if (*end && (*end != '.' || !end[1]))
		return 0;
	*path = *end ? end + 1 : end;
	return position;
}

static const struct graph_node *find_in_list(const struct graph_list *list, const char *path);

static const struct graph_node *find_below(const struct graph_node *node, const char *path)
{
	size_t position;

	if (!*path)
		return node;
	if (!node->branch_count)
		return find_in_list(&node->body, path);
	position = take_position(&path);
	if (!position || position > node->branch_count || !*path)
		return NULL;
	return find_in_list(&node->branches[position - 1].body, path);
}

static const struct graph_node *find_in_list(const struct graph_list *list, const char *path)
{
	size_t position = take_position(&path);

	if (!position || position > list->count)
		return NULL;
	return find_below(&list->nodes[position - 1], path);
}

const struct graph_node *graph_node_at(const struct graph *graph, const char *path)
{
	if (strncmp(path, "r.", 2) == 0)
		return find_in_list(&graph->restore, path + 2);
	return find_in_list(&graph->body, path);
}

static bool visit_list(const struct graph_list *list, node_visit visit, void *arg);

static bool visit_node(const struct graph_node *node, node_visit visit, void *arg)
{
	if (!visit(arg, node) || !visit_list(&node->body, visit, arg))
		return false;
	for (size_t i = 0; i < node->branch_count; i++)
		if (!visit_list(&node->branches[i].body, visit, arg))
			return false;
	return true;
}

static bool visit_list(const struct graph_list *list, node_visit visit, void *arg)
{
	for (size_t i = 0; i < list->count; i++)
		if (!visit_node(&list->nodes[i], visit, arg))
			return false;
	return true;
}

void graph_each_node(const struct graph *graph, bool with_restore, node_visit visit, void *arg)
{
	if (visit_list(&graph->body, visit, arg) && with_restore)
		visit_list(&graph->restore, visit, arg);
}

static bool find_irreversible(void *arg, const struct graph_node *node)
{
	if (!node->irreversible)
		return true;
	*(bool *)arg = true;
	return false;
}

bool graph_is_irreversible(const struct graph *graph)
{
	bool found = false;

	graph_each_node(graph, false, find_irreversible, &found);
	return found;
}

struct unsupported {
	const struct graph_node *node;
	const char *why;
};

/* Kinds that the engine does not walk yet; NULL = it does. */
static const char *why_unsupported(enum graph_node_kind kind)
{
	switch (kind) {
	case GRAPH_NODE_RUN:
		return "`run` (an action) is not carried out by this release";
	case GRAPH_NODE_CHOOSE:
		return "`choose` is not carried out by this release";
	case GRAPH_NODE_MANUAL:
		return "`manual` is not carried out by this release; a `gate` before and after "
		       "serves";
	default:
		return NULL;
	}
}

static bool find_unsupported(void *arg, const struct graph_node *node)
{
	struct unsupported *found = arg;

	found->why = why_unsupported(node->kind);
	if (!found->why)
		return true;
	found->node = node;
	return false;
}

const struct graph_node *graph_first_unsupported(const struct graph *graph, const char **ret_why)
{
	struct unsupported found = {0};

	graph_each_node(graph, true, find_unsupported, &found);
	if (found.node)
		*ret_why = found.why;
	return found.node;
}
