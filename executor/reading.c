/* The reading: what a preview shows beside the graph, and what the start compares itself with. */
#include "executor/run.h"
#include "lib/base/canonical.h"
#include "lib/base/text.h"

#include <string.h>

static const char *outcome_word(enum adapter_outcome outcome)
{
	if (outcome == ADAPTER_OK)
		return "ok";
	return outcome == ADAPTER_ABSENT ? "absent" : "unknown";
}

static json_t *registers_json(struct run *run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->graph->register_count; i++) {
		const struct probe *probe = &run->probes[i];
		json_t *one = json_object();

		json_set_int(one, "register", (int64_t)i);
		json_set_text(one, "key", probe->key);
		json_set_text(one, "outcome", outcome_word(probe->outcome));
		json_set_text(one, "value", probe->value);
		if (probe->outcome != ADAPTER_OK && probe->outcome != ADAPTER_ABSENT)
			json_set_text(
				one, "message", probe->message ? probe->message : probe->problem);
		json_array_append_new(list, one);
	}
	return list;
}

/* {"value": text} (absent: no value), or {"problem": sentence}, or {"left_alone": true}. */
static json_t *set_json(struct run *run, const struct graph_node *node)
{
	struct error err = ERROR_INIT;
	json_t *one = json_object();
	const char *value = NULL;

	json_set_text(one, "key", run->probes[node->reg].key);
	switch (value_of_set(run, node, &value, &err)) {
	case VALUE_OK:
		json_set_text(one, "value", value);
		break;
	case VALUE_LEAVE_ALONE:
		json_set_bool(one, "left_alone", true);
		break;
	case VALUE_NOT_YET:
		json_set_text(one, "problem", "depends on values at that moment");
		break;
	case VALUE_ERROR:
		json_set_text(one, "problem", err.message);
		break;
	}
	return one;
}

static json_t *sets_json(struct run *run)
{
	json_t *sets = json_object();

	for (size_t i = 0; i < run->step_count; i++)
		if (run->by_path[i]->node->kind == GRAPH_NODE_SET)
			json_object_set_new(sets, run->by_path[i]->node->path,
				set_json(run, run->by_path[i]->node));
	return sets;
}

const char *reading_of(struct run *run)
{
	struct buf buf = BUF_INIT;
	json_t *reading = json_object();
	struct error err = ERROR_INIT;
	const char *text = "{}";

	json_object_set_new(reading, "registers", registers_json(run));
	json_object_set_new(reading, "sets", sets_json(run));
	if (canonical_add(&buf, reading, &err) == 0)
		text = arena_text(&run->arena, buf_text(&buf));
	json_decref(reading);
	buf_done(&buf);
	return text;
}

const char *reading_moved(struct run *run)
{
	json_t *reading = run->row->reading ? json_loads(run->row->reading, 0, NULL) : NULL;
	json_t *sets = json_object_get(reading, "sets");
	const char *message = NULL;

	for (size_t i = 0; sets && !message && i < run->step_count; i++) {
		const struct graph_node *node = run->by_path[i]->node;
		const json_t *shown = json_object_get(sets, node->path);
		struct error err = ERROR_INIT;
		const char *now = NULL, *then = json_string_value(json_object_get(shown, "value"));

		if (node->kind != GRAPH_NODE_SET || !then || !value_is_relative(node->value) ||
			json_object_get(node->value, "$rest"))
			continue;
		if (value_of_set(run, node, &now, &err) == VALUE_OK && !text_is_equal(now, then))
			message = run_text(run,
				"values moved since the preview: step %s would write %s to %s, the "
				"preview said %s; resume to accept, or abort and preview again",
				node->path, now ? now : "absent", run->probes[node->reg].key, then);
	}
	json_decref(reading);
	return message;
}
