#include "executor/preview.h"

#include "executor/run.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "safety/lock.h"

#include <string.h>

static void on_rehearsed(void *arg, struct run *run)
{
	struct preview_job *job = arg;

	job->preview.reading = arena_text(job->arena, reading_of(run));
	job->done(job->arg, NULL, NULL);
}

static void fill(struct preview_job *job, const struct plan_build_result *result)
{
	job->version = result->version;
	job->graph = result->graph;
	job->stored = (struct stored_graph){
		.digest = arena_text(job->arena, result->digest),
		.bytes = result->graph_bytes,
		.length = result->graph_length,
		.version_id = result->version->id,
		.lines = result->lines,
		.approval_class = result->approval_class,
	};
	job->preview = (struct preview){
		.plan = result->version->plan,
		.version_id = result->version->id,
		.graph_digest = job->stored.digest,
		.created_by = job->principal->person_id,
		.created_at_us = job->at_us,
	};
	memcpy(job->preview.id, job->id, ID_SIZE);
}

static void on_built(void *arg, const struct plan_build_result *result, const json_t *errors,
	const struct error *err)
{
	struct error failure = ERROR_INIT;
	struct preview_job *job = arg;

	if (err) {
		job->done(job->arg, errors, err);
		return;
	}
	fill(job, result);
	if (run_rehearse(job->executor, result->graph_bytes, result->graph_length, job->restores_id,
		    on_rehearsed, job, &failure) < 0)
		job->done(job->arg, NULL, &failure);
}

int preview_start(struct preview_job *job, struct error *err)
{
	return plan_build(job->builder, job->arena, &job->build, on_built, job, err);
}

int preview_keep(struct store_tx *tx, struct preview_job *job, struct error *err)
{
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = &job->principal->actor,
		.action = AUDIT_PREVIEW_CREATE,
		.subject_kind = "preview",
		.subject_id = job->preview.id,
		.subject_digest = job->stored.digest,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "plan", job->preview.plan);
	json_set_int(detail, "number", job->version->number);
	json_set_text(detail, "action", job->graph->action);
	json_object_set(detail, "params", (json_t *)job->graph->params);
	json_set_text(detail, "class", approval_class_word(job->stored.approval_class));
	json_set_text(detail, "version", job->stored.version_id);
	json_set_text(detail, "terms", preview_terms(store_tx_arena(tx), &job->preview));
	rc = graph_store_put(tx, &job->stored, job->at_us, err);
	if (rc == 0)
		rc = preview_store_insert(tx, &job->preview, err);
	if (rc == 0)
		rc = audit_append(tx, &record, job->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

/* --- as people see it --- */

/* The values that each register goes through, from one pass over the graph. */
struct chains {
	struct arena *arena;
	const json_t *sets;
	json_t **of_register;
	json_t *problems;
};

static bool add_set(void *arg, const struct graph_node *node)
{
	struct chains *chains = arg;
	const json_t *set = json_object_get(chains->sets, node->path);
	const char *problem = json_string_value(json_object_get(set, "problem"));
	const char *value = json_string_value(json_object_get(set, "value"));

	if (node->kind != GRAPH_NODE_SET || !set)
		return true;
	if (problem)
		json_array_append_new(chains->problems,
			json_pack("{s:s, s:s}", "path", node->path, "problem", problem));
	else if (!json_object_get(set, "left_alone"))
		json_array_append_new(chains->of_register[node->reg],
			json_string(value_text(chains->arena, value)));
	return true;
}

static struct chains chains_of(
	struct arena *arena, const struct graph *graph, const json_t *sets, json_t *problems)
{
	struct chains chains = {.arena = arena, .sets = sets, .problems = problems};

	chains.of_register = arena_alloc(arena, (graph->register_count + 1) * sizeof(json_t *));
	for (size_t i = 0; i < graph->register_count; i++)
		chains.of_register[i] = json_array();
	graph_each_node(graph, false, add_set, &chains);
	return chains;
}

static const char *now_text(struct arena *arena, const json_t *reading)
{
	const char *value = json_string_value(json_object_get(reading, "value"));

	if (value)
		return value_text(arena, value);
	return text_is_equal(json_string_value(json_object_get(reading, "outcome")), "absent")
		       ? "absent"
		       : "unknown";
}

static json_t *row_json(struct arena *arena, const struct graph *graph, size_t reg,
	const json_t *reading, json_t *owned_chain)
{
	const struct graph_register *one = &graph->registers[reg];
	json_t *row = json_object();

	json_set_int(row, "register", (int64_t)reg);
	json_set_text(row, "target", one->target ? one->target : "-");
	json_set_text(row, "key", safety_register_key(arena, NULL, one->type, one->args) + 2);
	json_set_text(row, "now", now_text(arena, reading));
	json_set_text(row, "message", json_string_value(json_object_get(reading, "message")));
	json_object_set_new(row, "new", owned_chain);
	return row;
}

/* One row a register: those that are written into `table`, the others into `readings`. */
static void add_rows(struct arena *arena, const struct graph *graph, const char *reading_text,
	json_t *table, json_t *readings, json_t *problems)
{
	json_t *reading = json_loads(reading_text, 0, NULL), *one;
	struct chains chains = chains_of(arena, graph, json_object_get(reading, "sets"), problems);
	size_t i;

	json_array_foreach (json_object_get(reading, "registers"), i, one) {
		if (i < graph->register_count)
			json_array_append_new(graph->registers[i].is_written ? table : readings,
				row_json(arena, graph, i, one, json_incref(chains.of_register[i])));
	}
	for (i = 0; i < graph->register_count; i++)
		json_decref(chains.of_register[i]);
	json_decref(reading);
}

static const char *chain_text(struct arena *arena, const json_t *row)
{
	const char *text = json_string_value(json_object_get(row, "now"));
	const json_t *value;
	size_t i;

	json_array_foreach (json_object_get(row, "new"), i, value)
		text = arena_format(arena, "%s -> %s", text, json_string_value(value));
	return text;
}

int preview_changes(struct store_tx *tx, struct arena *arena, const struct preview *preview,
	const char **ret, struct error *err)
{
	json_t *object, *changes = json_array();
	const json_t *row;
	size_t i;

	if (preview_json(tx, arena, preview, &object, err) < 0) {
		json_decref(changes);
		return err->code;
	}
	json_array_foreach (json_object_get(object, "table"), i, row)
		json_array_append_new(
			changes, json_pack("{s:s, s:s, s:s}", "target",
					 json_string_value(json_object_get(row, "target")), "key",
					 json_string_value(json_object_get(row, "key")), "change",
					 chain_text(arena, row)));
	*ret = json_text(arena, changes);
	json_decref(changes);
	json_decref(object);
	return 0;
}

static int add_items(struct store_tx *tx, struct arena *arena, const struct graph *graph,
	json_t *list, struct error *err)
{
	for (size_t i = 0; i < graph->register_count; i++) {
		const struct graph_register *reg = &graph->registers[i];
		struct item **items;
		size_t count;

		if (!reg->is_written)
			continue;
		if (item_list(tx, arena, NULL,
			    safety_register_key(arena, reg->target, reg->type, reg->args), &items,
			    &count, err) < 0)
			return err->code;
		for (size_t j = 0; j < count; j++)
			json_array_append_new(list,
				json_pack("{s:s, s:s, s:s, s:s}", "register",
					items[j]->register_key, "execution", items[j]->execution_id,
					"person", items[j]->person, "plan", items[j]->plan));
	}
	return 0;
}

static json_t *levels_json(struct arena *arena, enum approval_class approval_class)
{
	struct approval_level levels[APPROVAL_LEVELS_MAX];
	json_t *list = json_array();
	size_t count;

	approval_policy(approval_class, false, &(struct scope){0}, levels, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list, json_string(arena_format(arena, "%d of %s%s", levels[i].need,
				      levels[i].group ? levels[i].group : role_word(levels[i].role),
				      levels[i].different_teams ? ", of different teams" : "")));
	return list;
}

int preview_json(struct store_tx *tx, struct arena *arena, const struct preview *preview,
	json_t **ret, struct error *err)
{
	json_t *object, *table, *readings, *problems, *in_effect;
	struct plan_version *version;
	struct stored_graph *stored;
	struct graph *graph;

	if (graph_store_get(tx, arena, preview->graph_digest, &stored, err) < 0 ||
		graph_parse(arena, stored->bytes, stored->length, &graph, err) < 0 ||
		plan_version_get_by_digest(tx, arena, graph->version_digest, &version, err) < 0)
		return err->code;
	object = json_object();
	table = json_array();
	readings = json_array();
	problems = json_array();
	in_effect = json_array();
	add_rows(arena, graph, preview->reading, table, readings, problems);
	json_set_text(object, "id", preview->id);
	json_set_text(object, "plan", preview->plan);
	json_set_int(object, "number", version->number);
	json_set_text(object, "action", graph->action);
	json_set_text(object, "kind", graph->kind);
	json_set_text(object, "mode", graph->mode);
	json_set_text(object, "digest", preview->graph_digest);
	json_set_text(object, "class", approval_class_word(stored->approval_class));
	json_object_set(object, "params", (json_t *)graph->params);
	json_set_time(object, "created_at", preview->created_at_us);
	json_object_set_new(object, "approval", levels_json(arena, stored->approval_class));
	json_object_set_new(object, "table", table);
	json_object_set_new(object, "readings", readings);
	json_object_set_new(object, "problems", problems);
	json_object_set_new(object, "in_effect", in_effect);
	if (add_items(tx, arena, graph, in_effect, err) < 0) {
		json_decref(object);
		return err->code;
	}
	*ret = object;
	return 0;
}
