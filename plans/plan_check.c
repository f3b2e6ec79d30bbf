#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_rooms.h"

#include <string.h>

struct checking {
	struct store_tx *tx;
	struct arena arena;
	const struct adapter_list *adapters;
	const struct graph *graph;
	const json_t *lines;
	struct error *err;
	int rc;
	/* the last target looked up: registers of one target stand together */
	struct target *target;
};

/* --- registers --- */

static int refuse_type(const struct graph_register *reg, struct error *err)
{
	error_set(err, ERROR_PLAN, "this release has no adapter for %s", reg->type);
	error_field(err, "%s", reg->type);
	return error_remedy(err, "redbutton doctor lists the adapters that there are");
}

static int find_target(
	struct checking *checking, const char *name, struct target **ret, struct error *err)
{
	int rc = 0;

	if (!checking->target || strcmp(checking->target->name, name) != 0)
		rc = target_get(checking->tx, &checking->arena, name, &checking->target, err);
	if (rc < 0)
		checking->target = NULL;
	*ret = checking->target;
	return rc;
}

static const struct adapter *find_adapter(
	struct checking *checking, const struct graph_register *reg, const char *kind)
{
	const struct adapter *adapter = adapter_find(checking->adapters, kind);

	for (size_t i = 0; adapter && i < adapter->type_count; i++)
		if (strcmp(adapter->types[i].name, reg->type) == 0)
			return adapter;
	return NULL;
}

static struct adapter_register adapter_view(const struct graph_register *reg)
{
	return (struct adapter_register){.type = reg->type, .args = reg->args, .http = reg->http};
}

static int check_writable(
	const struct adapter_list *adapters, const struct graph_register *reg, struct error *err)
{
	const struct adapter_type *type = adapter_type_find(adapters, reg->type);

	if (!reg->is_written || (type && type->is_writable))
		return 0;
	error_set(err, ERROR_PLAN, "%s can only be read", reg->type);
	return error_field(err, "%s", reg->type);
}

static int check_register(
	struct checking *checking, const struct graph_register *reg, struct error *err)
{
	struct adapter_register view = adapter_view(reg);
	const struct adapter *adapter;
	struct target *target = NULL;
	int rc;

	if (reg->target && (rc = find_target(checking, reg->target, &target, err)) < 0)
		return rc;
	adapter = find_adapter(checking, reg, target ? target->kind : reg->type);
	if (!adapter) {
		if (adapter_type_find(checking->adapters, reg->type) && target)
			return error_set(err, ERROR_PLAN,
				"target %s is of kind %s, which has no %s", target->name,
				target->kind, reg->type);
		return refuse_type(reg, err);
	}
	if ((rc = adapter->parse(&view, NULL, &checking->arena, NULL, err)) < 0 ||
		(rc = check_writable(checking->adapters, reg, err)) < 0)
		return rc;
	return target ? target_check_allowed(target, reg->type, reg->args, err) : 0;
}

/* --- literals --- */

static bool is_form(const json_t *value)
{
	const char *key;
	json_t *inner;

	if (!json_is_object(value))
		return false;
	json_object_foreach ((json_t *)value, key, inner)
		return *key == '$' && strcmp(key, "$decimal") != 0;
	return false;
}

static int check_literal(struct checking *checking, const struct graph_register *reg,
	const json_t *value, struct error *err)
{
	const struct adapter_type *type = adapter_type_find(checking->adapters, reg->type);
	struct adapter_register view = adapter_view(reg);
	struct target *target = NULL;
	const struct adapter *adapter;
	const char *canonical;

	if (!value)
		return 0;
	if (json_object_get(value, "$absent") && type && !type->can_be_absent)
		return error_set(err, ERROR_PLAN, "%s cannot be absent", reg->type);
	if (is_form(value))
		return 0;
	if (reg->target && find_target(checking, reg->target, &target, err) < 0)
		return err->code;
	adapter = find_adapter(checking, reg, target ? target->kind : reg->type);
	return adapter ? adapter->parse(&view, value, &checking->arena, &canonical, err)
		       : refuse_type(reg, err);
}

static int place_node(struct checking *checking, const struct graph_node *node, struct error *err)
{
	const char *line = json_string_value(json_object_get(checking->lines, node->path));
	struct arena *arena = &checking->arena;

	error_prefix(err, "%s: %s", line ? text_visible(arena, line) : node->path,
		graph_register_text(arena, &checking->graph->registers[node->reg]));
	return error_place(err, "%s", line ? text_visible(arena, line) : node->path);
}

static bool check_node(void *arg, const struct graph_node *node)
{
	struct checking *checking = arg;
	const struct graph_register *reg;

	if (node->kind != GRAPH_NODE_SET)
		return true;
	reg = &checking->graph->registers[node->reg];
	checking->rc = check_literal(checking, reg, node->value, checking->err);
	if (checking->rc >= 0)
		checking->rc = check_literal(checking, reg, node->if_value, checking->err);
	if (checking->rc < 0)
		place_node(checking, node, checking->err);
	return checking->rc >= 0;
}

/* A fault of the plan or of the inventory beside it, as one answer: 422. Others stay. */
static int as_plan_error(struct error *err)
{
	if (err->code == ERROR_INVALID || err->code == ERROR_NOT_FOUND ||
		err->code == ERROR_FORBIDDEN)
		err->code = ERROR_PLAN;
	return err->code;
}

static int check_all(struct checking *checking, struct error *err)
{
	const struct graph *graph = checking->graph;

	for (size_t i = 0; i < graph->register_count; i++) {
		if (check_register(checking, &graph->registers[i], err) < 0)
			return error_prefix(err, "%s",
				graph_register_text(&checking->arena, &graph->registers[i]));
	}
	graph_each_node(graph, true, check_node, checking);
	return checking->rc;
}

int plan_check_registers(struct store_tx *tx, const struct adapter_list *adapters,
	const struct graph *graph, const json_t *lines, struct error *err)
{
	struct checking checking = {
		.tx = tx, .adapters = adapters, .graph = graph, .lines = lines, .err = err};
	int rc = check_all(&checking, err);

	arena_done(&checking.arena);
	return rc < 0 ? as_plan_error(err) : 0;
}

/* --- is the answer about the question? --- */

static int check_target(const struct graph_target *target, const json_t *sent, struct error *err)
{
	const json_t *list = json_object_get(sent, target->name);
	size_t i = 0;

	for (; target->members[i]; i++) {
		const char *name =
			json_string_value(json_object_get(json_array_get(list, i), "name"));

		if (!name || strcmp(name, target->members[i]) != 0)
			break;
	}
	if (list && !target->members[i] && i == json_array_size(list))
		return 0;
	return error_set(err, ERROR_PLAN, "the runner's graph has other targets than it was given");
}

struct call_check {
	const json_t *called;
	bool is_forged;
};

static bool check_call(void *arg, const struct graph_node *node)
{
	struct call_check *check = arg;
	const char *digest;

	if (node->kind != GRAPH_NODE_CALL)
		return true;
	digest = json_string_value(json_object_get(check->called, node->title));
	check->is_forged = !digest || strcmp(digest, node->version) != 0;
	return !check->is_forged;
}

int plan_check_answer(const struct graph *graph, const struct plan_version *version,
	const char *action, const struct plan_input *input, struct error *err)
{
	struct call_check calls = {.called = input->called};
	int rc;

	if (strcmp(graph->plan, version->plan) != 0 || strcmp(graph->action, action) != 0)
		return error_set(
			err, ERROR_PLAN, "the runner's graph is of another plan or action");
	for (size_t i = 0; i < graph->target_count; i++)
		if ((rc = check_target(&graph->targets[i], input->targets, err)) < 0)
			return rc;
	graph_each_node(graph, true, check_call, &calls);
	if (calls.is_forged)
		return error_set(err, ERROR_PLAN,
			"the runner's graph calls another version than it was given");
	return 0;
}
