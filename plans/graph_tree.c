#include "lib/base/text.h"
#include "plans/graph.h"

#include <string.h>

struct tree {
	struct buf *out;
	struct arena arena;
	const struct graph *graph;
	const json_t *lines;
};

static const char *const guard_texts[] = {
	[GRAPH_PAUSE] = "pause if",
	[GRAPH_ABORT] = "abort if",
	[GRAPH_ROLLBACK] = "roll back if",
};

static void add_row(struct tree *tree, int indent, const char *path, const char *text)
{
	const char *line = json_string_value(json_object_get(tree->lines, path));

	buf_add_format(tree->out, "%*s%-8s %s", indent * 2, "", path, text);
	if (line) {
		buf_add_text(tree->out, "   (");
		text_add_visible(tree->out, line, strlen(line));
		buf_add_char(tree->out, ')');
	}
	buf_add_char(tree->out, '\n');
}

static void add_guards(struct tree *tree, int indent, const struct graph_guards *guards)
{
	for (size_t i = 0; i < guards->count; i++) {
		const struct graph_guard *guard = &guards->items[i];

		add_row(tree, indent, guard->path,
			arena_format(&tree->arena, "%s %s", guard_texts[guard->action],
				graph_predicate_text(
					&tree->arena, tree->graph, &guard->predicate)));
	}
}

static void add_list(struct tree *tree, int indent, const struct graph_list *list);

static void add_node(struct tree *tree, int indent, const struct graph_node *node)
{
	add_row(tree, indent, node->path, graph_node_text(&tree->arena, tree->graph, node));
	add_guards(tree, indent + 1, &node->guards);
	add_list(tree, indent + 1, &node->body);
	for (size_t i = 0; i < node->branch_count; i++) {
		add_row(tree, indent + 1, node->branches[i].path, node->branches[i].label);
		add_list(tree, indent + 2, &node->branches[i].body);
	}
}

static void add_list(struct tree *tree, int indent, const struct graph_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		add_node(tree, indent, &list->nodes[i]);
}

static void add_head(struct tree *tree)
{
	const struct graph *graph = tree->graph;

	buf_add_format(tree->out, "%s %s\n", graph->plan, graph->action);
	for (size_t i = 0; i < graph->target_count; i++) {
		buf_add_text(tree->out, "  ");
		text_add_visible(tree->out, graph->targets[i].name, strlen(graph->targets[i].name));
		buf_add_char(tree->out, ':');
		for (const char **member = graph->targets[i].members; *member; member++) {
			buf_add_char(tree->out, ' ');
			text_add_visible(tree->out, *member, strlen(*member));
		}
		buf_add_char(tree->out, '\n');
	}
}

void graph_add_tree(struct buf *out, const struct graph *graph, const json_t *lines)
{
	struct tree tree = {.out = out, .graph = graph, .lines = lines};

	add_head(&tree);
	add_guards(&tree, 0, &graph->guards);
	add_list(&tree, 0, &graph->body);
	if (graph->has_restore) {
		buf_add_text(out, "restore\n");
		add_guards(&tree, 0, &graph->restore_guards);
		add_list(&tree, 0, &graph->restore);
	}
	arena_done(&tree.arena);
}
