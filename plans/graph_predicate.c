#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/graph_parse.h"

#include <string.h>

static const char *const op_words[] = {
	[GRAPH_BELOW] = "below",
	[GRAPH_ABOVE] = "above",
	[GRAPH_AT_LEAST] = "at_least",
	[GRAPH_AT_MOST] = "at_most",
	[GRAPH_EQUALS] = "equals",
	[GRAPH_ALL] = "all",
	[GRAPH_ANY] = "any",
	[GRAPH_NONE_OF] = "none",
};
static const char *const guard_words[] = {
	[GRAPH_PAUSE] = "pause",
	[GRAPH_ABORT] = "abort",
	[GRAPH_ROLLBACK] = "rollback",
};
static const char *const comparison_fields[] = {"op", "reading", "than", "lasting_ms", NULL};
static const char *const group_fields[] = {"op", "of", "lasting_ms", NULL};
static const char *const guard_fields[] = {"action", "predicate", NULL};

/* Position of the member's word in the list, or a refusal that proposes the nearest. */
static int parse_word(const json_t *object, const char *field, const char *const *words,
	size_t count, size_t *ret, struct error *err)
{
	const char *word, *nearest;
	int rc = json_get_text(object, field, true, &word, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], word) == 0) {
			*ret = i;
			return 0;
		}
	}
	error_set(err, ERROR_INVALID, "%s is none of the words known here", field);
	error_field(err, "%s", field);
	nearest = text_nearest(word, words, count);
	return nearest ? error_remedy(err, "did you mean \"%s\"?", nearest) : ERROR_INVALID;
}

int graph_parse_position(struct graph_parser *parser, const json_t *object, const char *field,
	size_t *ret, struct error *err)
{
	int64_t position, last = (int64_t)parser->graph->register_count - 1;
	int rc;

	if (last < 0)
		return error_set(
			err, ERROR_INVALID, "%s points to a register, but there are none", field);
	if ((rc = json_get_int(object, field, true, 0, last, &position, err)) < 0)
		return rc;
	*ret = (size_t)position;
	return 0;
}

static int parse_predicate(struct graph_parser *parser, const json_t *object,
	struct graph_predicate *ret, struct error *err);

static int parse_group(struct graph_parser *parser, const json_t *object,
	struct graph_predicate *ret, struct error *err)
{
	json_t *of, *item;
	size_t i;
	int rc;

	if ((rc = json_check_keys(object, group_fields, err)) < 0 ||
		(rc = json_get_array(object, "of", true, &of, err)) < 0)
		return rc;
	if (!json_array_size(of))
		return error_set(
			err, ERROR_INVALID, "%s of no predicates says nothing", op_words[ret->op]);
	ret->reading = GRAPH_NONE;
	ret->of_count = json_array_size(of);
	ret->of = arena_alloc(parser->arena, ret->of_count * sizeof(*ret->of));
	json_array_foreach (of, i, item) {
		if ((rc = parse_predicate(parser, item, &ret->of[i], err)) < 0)
			return rc;
	}
	return 0;
}

static int parse_comparison(struct graph_parser *parser, const json_t *object,
	struct graph_predicate *ret, struct error *err)
{
	int rc;

	if ((rc = json_check_keys(object, comparison_fields, err)) < 0 ||
		(rc = graph_parse_position(parser, object, "reading", &ret->reading, err)) < 0)
		return rc;
	ret->than = json_object_get(object, "than");
	return graph_check_than(parser, ret->than, ret->op == GRAPH_EQUALS, err);
}

static int parse_predicate(struct graph_parser *parser, const json_t *object,
	struct graph_predicate *ret, struct error *err)
{
	size_t op;
	int rc = parse_word(
		object, "op", op_words, sizeof(op_words) / sizeof(op_words[0]), &op, err);

	if (rc < 0)
		return rc;
	ret->op = (enum graph_op)op;
	if ((rc = graph_parse_duration(object, "lasting_ms", false, &ret->lasting_ms, err)) < 0)
		return rc;
	return ret->op >= GRAPH_ALL ? parse_group(parser, object, ret, err)
				    : parse_comparison(parser, object, ret, err);
}

int graph_parse_predicate(struct graph_parser *parser, const json_t *object, const char *field,
	bool required, struct graph_predicate **ret, struct error *err)
{
	struct graph_predicate *predicate;
	json_t *value = NULL;
	int rc = json_get_object(object, field, required, &value, err);

	if (rc < 0 || !value)
		return rc;
	predicate = arena_alloc(parser->arena, sizeof(*predicate));
	if ((rc = parse_predicate(parser, value, predicate, err)) < 0)
		return error_prefix(err, "%s", field);
	*ret = predicate;
	return 0;
}

int64_t graph_predicate_lasting(const struct graph_predicate *predicate)
{
	int64_t longest = predicate->lasting_ms;

	for (size_t i = 0; i < predicate->of_count; i++) {
		int64_t inner = graph_predicate_lasting(&predicate->of[i]);

		if (inner > longest)
			longest = inner;
	}
	return longest;
}

static int parse_guard(struct graph_parser *parser, const json_t *object, struct graph_guard *guard,
	struct error *err)
{
	struct graph_predicate *predicate = NULL;
	size_t action;
	int rc;

	if ((rc = json_check_keys(object, guard_fields, err)) < 0 ||
		(rc = parse_word(object, "action", guard_words,
			 sizeof(guard_words) / sizeof(guard_words[0]), &action, err)) < 0 ||
		(rc = graph_parse_predicate(parser, object, "predicate", true, &predicate, err)) <
			0)
		return rc;
	guard->action = (enum graph_guard_action)action;
	guard->predicate = *predicate;
	return 0;
}

int graph_parse_guards(struct graph_parser *parser, const json_t *block, const char *path,
	struct graph_guards *ret, struct error *err)
{
	json_t *list = NULL, *object;
	size_t i;
	int rc = json_get_array(block, "guards", false, &list, err);

	if (rc < 0 || !list)
		return rc;
	if (!json_array_size(list) || json_array_size(list) > GRAPH_MAX_GUARDS)
		return error_set(err, ERROR_INVALID,
			"a block has 1 to %d guards, or no list of them", GRAPH_MAX_GUARDS);
	ret->items = arena_alloc(parser->arena, json_array_size(list) * sizeof(*ret->items));
	json_array_foreach (list, i, object) {
		struct graph_guard *guard = &ret->items[ret->count++];

		guard->path =
			arena_format(parser->arena, "%s%sg%zu", path, *path ? "." : "", i + 1);
		if (parse_guard(parser, object, guard, err) < 0)
			return graph_place(err, "guard %s", guard->path);
	}
	return 0;
}
