#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "plans/graph.h"

#include <string.h>

static const char *const op_texts[] = {
	[GRAPH_BELOW] = "below",
	[GRAPH_ABOVE] = "above",
	[GRAPH_AT_LEAST] = "at least",
	[GRAPH_AT_MOST] = "at most",
	[GRAPH_EQUALS] = "equal to",
	[GRAPH_ALL] = "all",
	[GRAPH_ANY] = "any",
	[GRAPH_NONE_OF] = "none",
};
static const char *take_text(struct arena *arena, struct buf *out)
{
	const char *text = arena_text_n(arena, buf_text(out), out->length);

	buf_done(out);
	return text;
}

static void add_visible(struct buf *out, const char *text)
{
	text_add_visible(out, text, strlen(text));
}

static const char *duration_text(struct arena *arena, int64_t ms)
{
	char text[TIME_TEXT_SIZE];

	return arena_text(arena, time_format_duration(ms, text, sizeof(text)));
}

/* "weight" of "haproxy.weight": people know the target, so its kind is noise. */
static const char *short_type(const char *type)
{
	const char *dot = strchr(type, '.');

	return dot ? dot + 1 : type;
}

const char *graph_register_text(struct arena *arena, const struct graph_register *reg)
{
	struct buf out = BUF_INIT;

	buf_add_text(&out, short_type(reg->type));
	for (const char *const *arg = reg->args; arg && *arg; arg++) {
		buf_add_char(&out, ' ');
		add_visible(&out, *arg);
	}
	if (reg->target) {
		buf_add_text(&out, " on ");
		add_visible(&out, reg->target);
	}
	return take_text(arena, &out);
}

static void add_form(struct buf *out, const json_t *value)
{
	const json_t *inner;

	if ((inner = json_object_get(value, "$decimal"))) {
		add_visible(out, json_string_value(inner));
	} else if ((inner = json_object_get(value, "$percent"))) {
		add_visible(out, json_string_value(json_object_get(inner, "n")));
		buf_add_text(out, json_object_get(inner, "of") ? " % of a sum" : " %");
	} else if ((inner = json_object_get(value, "$rest"))) {
		buf_add_text(out, "the rest of ");
		add_visible(out, json_string_value(json_object_get(inner, "total")));
	} else if (json_object_get(value, "$baseline")) {
		buf_add_text(out, "baseline");
	} else if (json_object_get(value, "$absent")) {
		buf_add_text(out, "absent");
	}
}

const char *graph_value_text(struct arena *arena, const json_t *value)
{
	struct buf out = BUF_INIT, json = BUF_INIT;

	if (json_is_string(value))
		add_visible(&out, json_string_value(value));
	else if (json_is_object(value))
		add_form(&out, value);
	if (!out.length && value && !json_is_string(value) &&
		canonical_add(&json, value, NULL) >= 0)
		text_add_visible(&out, buf_text(&json), json.length);
	buf_done(&json);
	return take_text(arena, &out);
}

static const char *than_text(struct arena *arena, const struct graph *graph, const json_t *than)
{
	const json_t *reading = json_object_get(than, "$reading");

	if (reading)
		return graph_register_text(arena, &graph->registers[json_integer_value(reading)]);
	return graph_value_text(arena, than);
}

static void add_predicate(struct buf *out, struct arena *arena, const struct graph *graph,
	const struct graph_predicate *predicate)
{
	if (predicate->reading != GRAPH_NONE) {
		buf_add_format(out, "%s %s %s",
			graph_register_text(arena, &graph->registers[predicate->reading]),
			op_texts[predicate->op], than_text(arena, graph, predicate->than));
	} else {
		buf_add_format(out, "%s of (", op_texts[predicate->op]);
		for (size_t i = 0; i < predicate->of_count; i++) {
			buf_add_text(out, i ? "; " : "");
			add_predicate(out, arena, graph, &predicate->of[i]);
		}
		buf_add_char(out, ')');
	}
	if (predicate->lasting_ms)
		buf_add_format(out, " for %s", duration_text(arena, predicate->lasting_ms));
}

const char *graph_predicate_text(
	struct arena *arena, const struct graph *graph, const struct graph_predicate *predicate)
{
	struct buf out = BUF_INIT;

	add_predicate(&out, arena, graph, predicate);
	return take_text(arena, &out);
}

static const char *action_text(struct arena *arena, const json_t *action)
{
	struct buf out = BUF_INIT;
	const json_t *item;
	size_t i;

	add_visible(&out, short_type(json_string_value(json_object_get(action, "type"))));
	json_array_foreach (json_object_get(action, "argv"), i, item) {
		buf_add_char(&out, ' ');
		add_visible(&out, json_string_value(item));
	}
	if (json_object_get(action, "path")) {
		buf_add_char(&out, ' ');
		add_visible(&out, json_string_value(json_object_get(action, "path")));
	}
	buf_add_text(&out, " on ");
	add_visible(&out, json_string_value(json_object_get(action, "target")));
	return take_text(arena, &out);
}

static const char *set_text(
	struct arena *arena, const struct graph *graph, const struct graph_node *node)
{
	const char *what = graph_register_text(arena, &graph->registers[node->reg]);
	const char *condition = "";

	if (node->if_value)
		condition = arena_format(
			arena, ", only over %s", graph_value_text(arena, node->if_value));
	if (node->if_version)
		condition = arena_format(
			arena, ", only over version %s", text_visible(arena, node->if_version));
	return arena_format(
		arena, "set %s to %s%s", what, graph_value_text(arena, node->value), condition);
}

static const char *each_text(struct arena *arena, const struct graph_node *node)
{
	const char *text = arena_format(
		arena, "each of %zu, %lld at once", node->branch_count, (long long)node->at_once);

	if (node->batch_count)
		text = arena_format(arena, "%s, in %zu batches with %s between", text,
			node->batch_count, duration_text(arena, node->hold_ms));
	if (node->max_failures)
		text = arena_format(
			arena, "%s, %lld may fail", text, (long long)node->max_failures);
	return text;
}

static const char *ramp_text(
	struct arena *arena, const struct graph *graph, const struct graph_node *node)
{
	struct buf out = BUF_INIT;

	buf_add_text(&out, "ramp ");
	for (size_t i = 0; i < node->branch_count; i++)
		buf_add_format(&out, "%s%s", i ? " -> " : "", node->branches[i].label);
	buf_add_format(&out, ", hold %s each", duration_text(arena, node->hold_ms));
	if (node->forward_only)
		buf_add_text(&out, ", forward only");
	if (node->predicate)
		buf_add_format(&out, ", on if %s within %s",
			graph_predicate_text(arena, graph, node->predicate),
			duration_text(arena, node->within_ms));
	if (node->back_if)
		buf_add_format(
			&out, ", back if %s", graph_predicate_text(arena, graph, node->back_if));
	return take_text(arena, &out);
}

static const char *within_text(struct arena *arena, const struct graph_node *node)
{
	return node->within_ms
		       ? arena_format(arena, ", within %s", duration_text(arena, node->within_ms))
		       : "";
}

const char *graph_node_text(
	struct arena *arena, const struct graph *graph, const struct graph_node *node)
{
	const char *word = graph_node_word(node->kind);
	const char *title = node->title ? text_visible(arena, node->title) : "";

	switch (node->kind) {
	case GRAPH_NODE_SET:
		return set_text(arena, graph, node);
	case GRAPH_NODE_RUN:
		return arena_format(arena, "run %s%s%s%s", action_text(arena, node->action),
			within_text(arena, node), node->irreversible ? ", IRREVERSIBLE: " : "",
			node->irreversible ? text_visible(arena, node->irreversible) : "");
	case GRAPH_NODE_CHECK:
	case GRAPH_NODE_WAIT:
	case GRAPH_NODE_CHOOSE:
		return arena_format(arena, "%s %s%s", word,
			graph_predicate_text(arena, graph, node->predicate),
			within_text(arena, node));
	case GRAPH_NODE_HOLD:
		return arena_format(arena, "hold %s", duration_text(arena, node->hold_ms));
	case GRAPH_NODE_GATE:
	case GRAPH_NODE_MANUAL:
		return arena_format(arena, "%s \"%s\", answered by %s%s%s%s", word, title,
			text_visible(arena, node->role), within_text(arena, node),
			node->irreversible ? ", IRREVERSIBLE: " : "",
			node->irreversible ? text_visible(arena, node->irreversible) : "");
	case GRAPH_NODE_STEP:
		return arena_format(arena, "step \"%s\"", title);
	case GRAPH_NODE_PARALLEL:
		return arena_format(arena, "parallel, %lld at once", (long long)node->at_once);
	case GRAPH_NODE_EACH:
		return each_text(arena, node);
	case GRAPH_NODE_RAMP:
		return ramp_text(arena, graph, node);
	case GRAPH_NODE_CALL:
		return arena_format(arena, "call %s", title);
	default:
		return word;
	}
}
