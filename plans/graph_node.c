#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/graph_parse.h"

#include <string.h>

#define FIELDS_MAX 8

typedef int (*parse_fields)(struct graph_parser *parser, const json_t *object,
	struct graph_node *node, struct error *err);

static int parse_set(struct graph_parser *, const json_t *, struct graph_node *, struct error *);
static int parse_run(struct graph_parser *, const json_t *, struct graph_node *, struct error *);
static int parse_check(struct graph_parser *, const json_t *, struct graph_node *, struct error *);
static int parse_wait(struct graph_parser *, const json_t *, struct graph_node *, struct error *);
static int parse_hold(struct graph_parser *, const json_t *, struct graph_node *, struct error *);
static int parse_gate(struct graph_parser *, const json_t *, struct graph_node *, struct error *);
static int parse_manual(struct graph_parser *, const json_t *, struct graph_node *, struct error *);

/* The closed list of nodes: what each may hold beside `kind`. */
static const struct node_rule {
	const char *fields[FIELDS_MAX];
	parse_fields parse;
} rules[GRAPH_NODE_KIND_COUNT] = {
	[GRAPH_NODE_SET] = {{"register", "value", "if_value", "if_version"}, parse_set},
	[GRAPH_NODE_RUN] = {{"action", "within_ms", "probe", "undo", "irreversible"}, parse_run},
	[GRAPH_NODE_CHECK] = {{"predicate"}, parse_check},
	[GRAPH_NODE_WAIT] = {{"predicate", "within_ms"}, parse_wait},
	[GRAPH_NODE_HOLD] = {{"hold_ms"}, parse_hold},
	[GRAPH_NODE_GATE] = {{"question", "role", "within_ms"}, parse_gate},
	[GRAPH_NODE_MANUAL] = {{"task", "role", "within_ms", "undo", "irreversible"}, parse_manual},
	[GRAPH_NODE_STEP] = {{"title", "needs", "guards", "body"}, graph_parse_step},
	[GRAPH_NODE_PARALLEL] = {{"at_once", "max_failures", "guards", "body"},
		graph_parse_parallel},
	[GRAPH_NODE_EACH] = {{"branches", "at_once", "batches", "hold_ms", "max_failures"},
		graph_parse_each},
	[GRAPH_NODE_RAMP] = {{"stages", "hold_ms", "go_if", "within_ms", "back_if", "forward_only"},
		graph_parse_ramp},
	[GRAPH_NODE_CHOOSE] = {{"predicate", "within_ms", "yes", "no"}, graph_parse_choose},
	[GRAPH_NODE_CALL] = {{"plan", "version", "action", "params", "guards", "body"},
		graph_parse_call},
};

static const char *const words[] = {
#define X(name, word) [GRAPH_NODE_##name] = word,
	GRAPH_NODE_KINDS(X)
#undef X
};

const char *graph_node_word(enum graph_node_kind kind)
{
	return words[kind];
}

const char *graph_join_path(struct arena *arena, const char *path, size_t position)
{
	return arena_format(arena, "%s%s%zu", path, *path ? "." : "", position);
}

static int count_effect(struct graph_parser *parser, struct error *err)
{
	if (++parser->effects <= GRAPH_MAX_EFFECTS)
		return 0;
	error_set(err, ERROR_TOO_LARGE, "the graph has more than %d effects", GRAPH_MAX_EFFECTS);
	return error_remedy(err, "narrow the selection, or split the plan");
}

static int parse_set(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	node->value = json_object_get(object, "value");
	node->if_value = json_object_get(object, "if_value");
	if ((rc = graph_parse_position(parser, object, "register", &node->reg, err)) < 0 ||
		(rc = graph_check_value(parser, "value", node->value, err)) < 0 ||
		(rc = graph_parse_prose(object, "if_version", false, &node->if_version, err)) < 0 ||
		(rc = node->if_value ? graph_check_value(parser, "if_value", node->if_value, err)
				     : 0) < 0)
		return rc;
	if (node->if_value && node->if_version)
		return error_set(err, ERROR_INVALID, "if_value and if_version together");
	parser->graph->registers[node->reg].is_written = true;
	return count_effect(parser, err);
}

/* run and manual: how it is undone, or why it cannot be. */
static int check_undo(const json_t *object, struct graph_node *node, struct error *err)
{
	int rc = graph_parse_prose(object, "irreversible", false, &node->irreversible, err);

	if (rc < 0)
		return rc;
	node->undo = json_object_get(object, "undo");
	if (!node->undo == !node->irreversible)
		return error_set(err, ERROR_INVALID, "it has either undo or irreversible");
	return 0;
}

static int parse_run(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	node->action = json_object_get(object, "action");
	if ((rc = graph_parse_action(parser, node->action, err)) < 0 ||
		(rc = graph_parse_duration(object, "within_ms", true, &node->within_ms, err)) < 0 ||
		(rc = graph_parse_predicate(parser, object, "probe", false, &node->probe, err)) <
			0 ||
		(rc = check_undo(object, node, err)) < 0 ||
		(rc = node->undo ? graph_parse_action(parser, node->undo, err) : 0) < 0)
		return rc;
	return count_effect(parser, err);
}

static int parse_check(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc = graph_parse_predicate(parser, object, "predicate", true, &node->predicate, err);

	if (rc < 0)
		return rc;
	if (graph_predicate_lasting(node->predicate))
		return error_set(err, ERROR_INVALID, "a check asks about now: it cannot last");
	return 0;
}

static int parse_wait(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	if ((rc = graph_parse_predicate(parser, object, "predicate", true, &node->predicate, err)) <
			0 ||
		(rc = graph_parse_duration(object, "within_ms", true, &node->within_ms, err)) < 0)
		return rc;
	if (graph_predicate_lasting(node->predicate) > node->within_ms)
		return error_set(err, ERROR_INVALID, "it must last longer than it is waited for");
	return 0;
}

static int parse_hold(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	(void)parser;
	return graph_parse_duration(object, "hold_ms", true, &node->hold_ms, err);
}

static int parse_gate(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	(void)parser;
	if ((rc = graph_parse_prose(object, "question", true, &node->title, err)) < 0 ||
		(rc = graph_parse_name(object, "role", true, &node->role, err)) < 0)
		return rc;
	return graph_parse_duration(object, "within_ms", true, &node->within_ms, err);
}

static int parse_manual(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	const char *undo = NULL;
	int rc;

	if ((rc = graph_parse_prose(object, "task", true, &node->title, err)) < 0 ||
		(rc = graph_parse_name(object, "role", true, &node->role, err)) < 0 ||
		(rc = graph_parse_duration(object, "within_ms", true, &node->within_ms, err)) < 0 ||
		(rc = graph_parse_prose(object, "undo", false, &undo, err)) < 0 ||
		(rc = check_undo(object, node, err)) < 0)
		return rc;
	return count_effect(parser, err);
}

static int check_fields(const json_t *object, const struct node_rule *rule, struct error *err)
{
	const char *fields[FIELDS_MAX + 2] = {"kind"};

	for (size_t i = 0; i < FIELDS_MAX && rule->fields[i]; i++)
		fields[i + 1] = rule->fields[i];
	return json_check_keys(object, fields, err);
}

static int parse_kind(const json_t *object, enum graph_node_kind *ret, struct error *err)
{
	const char *word, *nearest;
	int rc = json_get_text(object, "kind", true, &word, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < GRAPH_NODE_KIND_COUNT; i++) {
		if (strcmp(words[i], word) == 0) {
			*ret = (enum graph_node_kind)i;
			return 0;
		}
	}
	error_set(err, ERROR_INVALID, "this kind of node is unknown");
	error_field(err, "kind");
	nearest = text_nearest(word, words, GRAPH_NODE_KIND_COUNT);
	return nearest ? error_remedy(err, "did you mean \"%s\"?", nearest) : ERROR_INVALID;
}

static int parse_node(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	if (++parser->graph->node_count > GRAPH_MAX_NODES)
		return error_set(
			err, ERROR_TOO_LARGE, "the graph has more than %d nodes", GRAPH_MAX_NODES);
	node->reg = GRAPH_NONE;
	if ((rc = parse_kind(object, &node->kind, err)) < 0 ||
		(rc = check_fields(object, &rules[node->kind], err)) < 0 ||
		(rc = rules[node->kind].parse(parser, object, node, err)) < 0)
		return graph_place(err, "node %s", node->path);
	return rc;
}

static int check_needs(const struct graph_node *node, size_t position, bool is_parallel,
	const struct graph_list *list, struct error *err)
{
	if (node->need_count && !is_parallel)
		return error_set(err, ERROR_INVALID, "needs stands only directly in a parallel");
	for (size_t i = 0; i < node->need_count; i++) {
		if (node->needs[i] >= position ||
			list->nodes[node->needs[i]].kind != GRAPH_NODE_STEP)
			return error_set(err, ERROR_INVALID,
				"needs points to no earlier step of this parallel");
	}
	return 0;
}

int graph_parse_list(struct graph_parser *parser, const json_t *list, const char *path,
	size_t depth, bool is_parallel, struct graph_list *ret, struct error *err)
{
	const json_t *object;
	size_t i;
	int rc;

	if (json_array_size(list) > GRAPH_MAX_NODES)
		return error_set(
			err, ERROR_TOO_LARGE, "the graph has more than %d nodes", GRAPH_MAX_NODES);
	ret->nodes = arena_alloc(parser->arena, (json_array_size(list) + 1) * sizeof(*ret->nodes));
	json_array_foreach (list, i, object) {
		struct graph_node *node = &ret->nodes[ret->count++];

		node->path = graph_join_path(parser->arena, path, i + 1);
		node->depth = depth;
		if ((rc = parse_node(parser, object, node, err)) < 0)
			return rc;
		if (check_needs(node, i, is_parallel, ret, err) < 0)
			return graph_place(err, "node %s", node->path);
	}
	return 0;
}
