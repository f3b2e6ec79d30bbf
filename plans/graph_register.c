#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/graph_parse.h"

#include <string.h>

static const char *const target_fields[] = {"selector", "list", NULL};
static const char *const member_fields[] = {"name", "identity", NULL};
static const char *const register_fields[] = {"target", "type", "args", "http", NULL};
static const char *const http_fields[] = {
	"read", "pointer", "write", "path", "version", "check", NULL};
static const char *const action_fields[] = {"target", "type", "argv", "path", "body", NULL};

static int check_digest(const char *field, const char *text, struct error *err)
{
	struct digest digest;

	if (digest_parse(text, &digest))
		return 0;
	error_set(err, ERROR_INVALID, "%s is no digest", field);
	return error_field(err, "%s", field);
}

static int parse_selector(const json_t *target, const json_t **ret, struct error *err)
{
	json_t *selector = NULL, *value;
	const char *label;
	int rc = json_get_object(target, "selector", false, &selector, err);

	if (rc < 0 || !selector)
		return rc;
	if (!json_object_size(selector))
		return error_set(
			err, ERROR_INVALID, "a selector without labels would mean every target");
	json_object_foreach (selector, label, value) {
		if ((rc = text_check_name("label", label, err)) < 0)
			return rc;
		if (!json_is_string(value))
			return error_set(err, ERROR_INVALID, "label %s must be text", label);
		if ((rc = text_check_name(label, json_string_value(value), err)) < 0)
			return rc;
	}
	*ret = selector;
	return 0;
}

static int parse_member(struct graph_parser *parser, const json_t *member, const char **ret_name,
	const char **ret_identity, struct error *err)
{
	int rc;

	if ((rc = json_check_keys(member, member_fields, err)) < 0 ||
		(rc = graph_parse_name(member, "name", true, ret_name, err)) < 0 ||
		(rc = json_get_text(member, "identity", false, ret_identity, err)) < 0)
		return rc;
	if (*ret_identity && (rc = check_digest("identity", *ret_identity, err)) < 0)
		return rc;
	if (json_object_set_new(parser->members, *ret_name, json_true()) < 0)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	return 0;
}

static int parse_members(struct graph_parser *parser, const json_t *list,
	struct graph_target *target, struct error *err)
{
	size_t count = json_array_size(list);
	const json_t *member;
	size_t i;
	int rc;

	if (!count)
		return error_set(err, ERROR_INVALID,
			"its list is empty: an empty selection is never \"all\"");
	target->members = arena_alloc(parser->arena, (count + 1) * sizeof(*target->members));
	target->identities = arena_alloc(parser->arena, (count + 1) * sizeof(*target->identities));
	json_array_foreach (list, i, member) {
		if ((rc = parse_member(
			     parser, member, &target->members[i], &target->identities[i], err)) < 0)
			return rc;
		if (i && strcmp(target->members[i - 1], target->members[i]) >= 0)
			return error_set(
				err, ERROR_INVALID, "its list is not sorted by name, each once");
		if (i && !target->identities[i - 1] != !target->identities[i])
			return error_set(err, ERROR_INVALID,
				"some of its members have an identity, others none");
	}
	if (!target->identities[0])
		target->identities = NULL;
	return 0;
}

/* "edges", or of a child "checkout/drain-zone/edges". */
static int check_target_name(const char *name, struct error *err)
{
	return text_check_prose("target", name, 3 * TEXT_NAME_MAX, err);
}

int graph_parse_targets(struct graph_parser *parser, const json_t *targets, struct error *err)
{
	struct graph *graph = parser->graph;
	json_t *object, *list;
	const char *name;
	int rc;

	graph->targets = arena_alloc(
		parser->arena, (json_object_size(targets) + 1) * sizeof(*graph->targets));
	json_object_foreach ((json_t *)targets, name, object) {
		struct graph_target *target = &graph->targets[graph->target_count++];

		target->name = name;
		if ((rc = check_target_name(name, err)) < 0)
			return rc;
		if ((rc = json_check_keys(object, target_fields, err)) < 0 ||
			(rc = parse_selector(object, &target->selector, err)) < 0 ||
			(rc = json_get_array(object, "list", true, &list, err)) < 0 ||
			(rc = parse_members(parser, list, target, err)) < 0)
			return graph_place(err, "target %s", name);
	}
	return 0;
}

static int parse_args(struct graph_parser *parser, const json_t *object, const char *field,
	const char *const **ret, struct error *err)
{
	json_t *list, *item;
	const char **args;
	size_t i;
	int rc = json_get_array(object, field, true, &list, err);

	if (rc < 0)
		return rc;
	if (json_array_size(list) > GRAPH_MAX_ARGS)
		return error_set(
			err, ERROR_INVALID, "%s has more than %d items", field, GRAPH_MAX_ARGS);
	args = arena_alloc(parser->arena, (json_array_size(list) + 1) * sizeof(*args));
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			return error_set(err, ERROR_INVALID, "%s must be a list of texts", field);
		args[i] = json_string_value(item);
		if ((rc = text_check_prose(field, args[i], GRAPH_MAX_ARG_BYTES, err)) < 0)
			return rc;
	}
	*ret = args;
	return 0;
}

/* The scheme `haproxy.weight`: lower case words joined by dots. */
static int parse_type(const json_t *object, const char **ret, struct error *err)
{
	int rc = json_get_text(object, "type", true, ret, err);

	if (rc < 0)
		return rc;
	if ((rc = text_check_name("type", *ret, err)) < 0)
		return rc;
	if (strspn(*ret, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(*ret))
		return 0;
	error_set(err, ERROR_INVALID, "\"%s\" is no type of a register", *ret);
	return error_field(err, "type");
}

static int check_target_known(struct graph_parser *parser, const char *target, struct error *err)
{
	if (json_object_get(parser->members, target))
		return 0;
	error_set(err, ERROR_INVALID, "target \"%s\" stands in no list of `targets`", target);
	return error_field(err, "target");
}

static int parse_http(const json_t *object, const json_t **ret, struct error *err)
{
	json_t *http = NULL;
	int rc = json_get_object(object, "http", false, &http, err);

	if (rc < 0 || !http)
		return rc;
	if ((rc = json_check_keys(http, http_fields, err)) < 0 ||
		(rc = graph_check_literal("http", http, err)) < 0)
		return rc;
	*ret = http;
	return 0;
}

static int parse_register(struct graph_parser *parser, const json_t *object,
	struct graph_register *reg, struct error *err)
{
	int rc;

	if ((rc = json_check_keys(object, register_fields, err)) < 0 ||
		(rc = graph_parse_name(object, "target", false, &reg->target, err)) < 0 ||
		(rc = parse_type(object, &reg->type, err)) < 0 ||
		(rc = parse_args(parser, object, "args", &reg->args, err)) < 0 ||
		(rc = parse_http(object, &reg->http, err)) < 0)
		return rc;
	if (!reg->target && strcmp(reg->type, "switch") != 0)
		return error_set(
			err, ERROR_INVALID, "a register of type %s needs a target", reg->type);
	return reg->target ? check_target_known(parser, reg->target, err) : 0;
}

int graph_parse_registers(struct graph_parser *parser, const json_t *registers, struct error *err)
{
	struct graph *graph = parser->graph;
	const json_t *object;
	size_t i;

	graph->register_count = json_array_size(registers);
	graph->registers =
		arena_alloc(parser->arena, (graph->register_count + 1) * sizeof(*graph->registers));
	json_array_foreach (registers, i, object) {
		if (parse_register(parser, object, &graph->registers[i], err) < 0)
			return graph_place(err, "registers[%zu]", i);
	}
	return 0;
}

int graph_parse_action(struct graph_parser *parser, const json_t *action, struct error *err)
{
	const char *target, *type, *path = NULL;
	const char *const *argv;
	int rc;

	if ((rc = json_check_keys(action, action_fields, err)) < 0 ||
		(rc = graph_parse_name(action, "target", true, &target, err)) < 0 ||
		(rc = check_target_known(parser, target, err)) < 0 ||
		(rc = parse_type(action, &type, err)) < 0 ||
		(rc = graph_parse_prose(action, "path", false, &path, err)) < 0)
		return rc;
	if (!path == !json_object_get(action, "argv"))
		return error_set(err, ERROR_INVALID, "an action has either argv or path");
	if (path)
		return json_object_get(action, "body")
			       ? graph_check_literal("body", json_object_get(action, "body"), err)
			       : 0;
	return parse_args(parser, action, "argv", &argv, err);
}
