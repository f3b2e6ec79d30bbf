/* Nodes that hold nodes. */
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/graph_parse.h"

#include <string.h>

/* Counts of branches: 0 to the limit; 0 of at_once means all. */
static int parse_count(const json_t *object, const char *field, bool required, int64_t min,
	int64_t *ret, struct error *err)
{
	return json_get_int(object, field, required, min, GRAPH_MAX_COUNT, ret, err);
}

static int parse_body(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	bool is_parallel, struct error *err)
{
	json_t *body;
	int rc;

	if ((rc = graph_parse_guards(parser, object, node->path, &node->guards, err)) < 0 ||
		(rc = json_get_array(object, "body", true, &body, err)) < 0)
		return rc;
	if (!json_array_size(body))
		return error_set(err, ERROR_INVALID, "its body is empty");
	return graph_parse_list(
		parser, body, node->path, node->depth + 1, is_parallel, &node->body, err);
}

/* One of many lists of a node: `path` is that of the branch. */
static int parse_branch(struct graph_parser *parser, const struct graph_node *node, size_t position,
	const char *label, const json_t *list, struct graph_branch *ret, struct error *err)
{
	ret->label = label;
	ret->path = graph_join_path(parser->arena, node->path, position);
	if (!json_is_array(list))
		return error_set(
			err, ERROR_INVALID, "branch %zu must be a list of nodes", position);
	return graph_parse_list(parser, list, ret->path, node->depth + 1, false, &ret->body, err);
}

static int parse_needs(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	json_t *list = NULL, *item;
	size_t *needs, i;
	int rc = json_get_array(object, "needs", false, &list, err);

	if (rc < 0 || !list)
		return rc;
	if (!json_array_size(list) || json_array_size(list) > GRAPH_MAX_NODES)
		return error_set(err, ERROR_INVALID, "needs is empty or too long");
	needs = arena_alloc(parser->arena, json_array_size(list) * sizeof(*needs));
	json_array_foreach (list, i, item) {
		if (!json_is_integer(item) || json_integer_value(item) < 0)
			return error_set(
				err, ERROR_INVALID, "needs must hold positions of siblings");
		needs[i] = (size_t)json_integer_value(item);
	}
	node->needs = needs;
	node->need_count = json_array_size(list);
	return 0;
}

int graph_parse_step(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	if ((rc = graph_parse_name(object, "title", true, &node->title, err)) < 0 ||
		(rc = parse_needs(parser, object, node, err)) < 0)
		return rc;
	return parse_body(parser, object, node, false, err);
}

int graph_parse_parallel(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	if ((rc = parse_count(object, "at_once", true, 1, &node->at_once, err)) < 0 ||
		(rc = parse_count(object, "max_failures", true, 0, &node->max_failures, err)) < 0 ||
		(rc = parse_body(parser, object, node, true, err)) < 0)
		return rc;
	if (node->body.count < 2)
		return error_set(err, ERROR_INVALID, "it needs two children or more");
	return 0;
}

/* Cumulative counts of branches; the last one is all of them. */
static int parse_batches(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	json_t *list = NULL, *item;
	int64_t *batches, before = 0;
	size_t i;
	int rc = json_get_array(object, "batches", false, &list, err);

	if (rc < 0 || !list)
		return rc;
	batches = arena_alloc(parser->arena, (json_array_size(list) + 1) * sizeof(*batches));
	json_array_foreach (list, i, item) {
		if (!json_is_integer(item) || json_integer_value(item) <= before)
			return error_set(err, ERROR_INVALID, "batches must be rising counts");
		batches[i] = before = json_integer_value(item);
	}
	if (before != (int64_t)node->branch_count)
		return error_set(err, ERROR_INVALID, "the last batch must be all %zu branches",
			node->branch_count);
	if (!node->hold_ms)
		return error_set(err, ERROR_INVALID, "batches need hold_ms");
	node->batches = batches;
	node->batch_count = json_array_size(list);
	return 0;
}

/* [{<label> body}] of each and ramp. */
static int parse_branches(struct graph_parser *parser, const json_t *object, const char *field,
	const char *label, struct graph_node *node, struct error *err)
{
	const char *const fields[] = {label, "body", NULL};
	json_t *list, *item;
	size_t i;
	int rc = json_get_array(object, field, true, &list, err);

	if (rc < 0)
		return rc;
	if (!json_array_size(list) || json_array_size(list) > GRAPH_MAX_NODES)
		return error_set(err, ERROR_INVALID, "%s is empty or too long", field);
	node->branches =
		arena_alloc(parser->arena, json_array_size(list) * sizeof(*node->branches));
	node->branch_count = json_array_size(list);
	json_array_foreach (list, i, item) {
		const json_t *value = json_object_get(item, label);

		if ((rc = json_check_keys(item, fields, err)) < 0 ||
			(rc = graph_check_value(parser, label, value, err)) < 0 ||
			(rc = parse_branch(parser, node, i + 1,
				 graph_value_text(parser->arena, value),
				 json_object_get(item, "body"), &node->branches[i], err)) < 0)
			return rc;
	}
	return 0;
}

int graph_parse_each(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	if ((rc = parse_branches(parser, object, "branches", "item", node, err)) < 0 ||
		(rc = parse_count(object, "at_once", true, 1, &node->at_once, err)) < 0 ||
		(rc = parse_count(object, "max_failures", true, 0, &node->max_failures, err)) < 0 ||
		(rc = graph_parse_duration(object, "hold_ms", false, &node->hold_ms, err)) < 0)
		return rc;
	return parse_batches(parser, object, node, err);
}

int graph_parse_ramp(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	if ((rc = graph_parse_duration(object, "hold_ms", true, &node->hold_ms, err)) < 0 ||
		(rc = graph_parse_predicate(
			 parser, object, "go_if", false, &node->predicate, err)) < 0 ||
		(rc = graph_parse_predicate(
			 parser, object, "back_if", false, &node->back_if, err)) < 0 ||
		(rc = graph_parse_duration(object, "within_ms", false, &node->within_ms, err)) <
			0 ||
		(rc = json_get_bool(object, "forward_only", false, &node->forward_only, err)) < 0)
		return rc;
	if (!node->predicate != !node->within_ms)
		return error_set(err, ERROR_INVALID, "go_if and within_ms go together");
	return parse_branches(parser, object, "stages", "at", node, err);
}

int graph_parse_choose(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	int rc;

	if ((rc = graph_parse_predicate(parser, object, "predicate", true, &node->predicate, err)) <
			0 ||
		(rc = graph_parse_duration(object, "within_ms", false, &node->within_ms, err)) < 0)
		return rc;
	if (graph_predicate_lasting(node->predicate) && !node->within_ms)
		return error_set(err, ERROR_INVALID, "a predicate that lasts needs within_ms");
	node->branch_count = 2;
	node->branches = arena_alloc(parser->arena, 2 * sizeof(*node->branches));
	if ((rc = parse_branch(parser, node, 1, "yes", json_object_get(object, "yes"),
		     &node->branches[0], err)) < 0 ||
		(rc = parse_branch(parser, node, 2, "no", json_object_get(object, "no"),
			 &node->branches[1], err)) < 0)
		return rc;
	if (!node->branches[0].body.count && !node->branches[1].body.count)
		return error_set(err, ERROR_INVALID, "neither yes nor no has a node");
	return 0;
}

int graph_parse_call(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err)
{
	const char *action;
	struct digest digest;
	json_t *params;
	int rc;

	if ((rc = json_get_text(object, "plan", true, &node->title, err)) < 0 ||
		(rc = text_check_path_name("plan", node->title, err)) < 0 ||
		(rc = json_get_text(object, "version", true, &node->version, err)) < 0 ||
		(rc = json_get_text(object, "action", true, &action, err)) < 0 ||
		(rc = json_get_object(object, "params", true, &params, err)) < 0 ||
		(rc = graph_check_literal("params", params, err)) < 0)
		return rc;
	if (!digest_parse(node->version, &digest))
		return error_set(err, ERROR_INVALID, "version is no digest");
	if (strcmp(action, "apply") != 0 && strcmp(action, "restore") != 0)
		return error_set(err, ERROR_INVALID, "action is neither apply nor restore");
	return parse_body(parser, object, node, false, err);
}
