#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "plans/plan_rooms.h"

#include <string.h>

static void free_json(void *value)
{
	json_decref(value);
}

void plan_input_done(struct plan_input *input)
{
	json_decref(input->root);
	json_decref(input->targets);
	json_decref(input->called);
	*input = (struct plan_input){0};
}

json_t *plan_manifest(struct arena *arena, const struct plan_version *version)
{
	struct error ignored = ERROR_INIT;
	json_t *manifest = NULL;

	if (json_parse(version->manifest, strlen(version->manifest), JSON_DEPTH_GRAPH, &manifest,
		    &ignored) < 0)
		manifest = json_object();
	arena_defer(arena, free_json, manifest);
	return manifest;
}

/* --- targets --- */

static int refuse_count(const char *declared, const json_t *declaration, size_t count,
	int64_t at_least, int64_t at_most, struct arena *arena, struct error *err)
{
	const char *kind = json_string_value(json_object_get(declaration, "kind"));
	const char *labels = json_text(arena, json_object_get(declaration, "labels"));

	if (count == 0)
		error_set(err, ERROR_PLAN,
			"no %s target has the labels %s; an empty selection is never \"all\"", kind,
			labels);
	else
		error_set(err, ERROR_PLAN,
			"%zu %s targets have the labels %s; the plan wants %lld to %lld", count,
			kind, labels, (long long)at_least, (long long)at_most);
	error_field(err, "targets.%s", declared);
	return error_remedy(
		err, "look at `redbutton target list`, or change the plan's declaration");
}

static int resolve_selection(struct store_tx *tx, struct arena *arena, const char *declared,
	const json_t *declaration, struct target ***ret, size_t *ret_count, struct error *err)
{
	int64_t at_least = 1, at_most = 0;
	const char *kind;
	json_t *labels;
	int rc;

	if ((rc = json_get_text(declaration, "kind", true, &kind, err)) < 0 ||
		(rc = json_get_object(declaration, "labels", true, &labels, err)) < 0 ||
		(rc = json_get_int(declaration, "at_least", false, 1, INT32_MAX, &at_least, err)) <
			0 ||
		(rc = json_get_int(declaration, "at_most", true, 1, INT32_MAX, &at_most, err)) <
			0 ||
		(rc = target_select(tx, arena, kind, labels, ret, ret_count, err)) < 0)
		return rc;
	if ((int64_t)*ret_count >= at_least && (int64_t)*ret_count <= at_most)
		return 0;
	return refuse_count(declared, declaration, *ret_count, at_least, at_most, arena, err);
}

static int resolve_name(struct store_tx *tx, struct arena *arena, const char *declared,
	const json_t *declaration, const char *name, struct target ***ret, struct error *err)
{
	const char *kind = json_string_value(json_object_get(declaration, "kind"));
	struct target **list = arena_alloc(arena, 2 * sizeof(*list));
	int rc = target_get(tx, arena, name, &list[0], err);

	if (rc == ERROR_NOT_FOUND) {
		err->code = ERROR_PLAN;
		return error_field(err, "targets.%s", declared);
	}
	if (rc < 0)
		return rc;
	*ret = list;
	if (kind && strcmp(list[0]->kind, kind) == 0)
		return 0;
	error_set(err, ERROR_PLAN, "target %s is of kind %s; the plan wants %s", name,
		list[0]->kind, kind ? kind : "?");
	return error_field(err, "targets.%s", declared);
}

int plan_resolve(struct store_tx *tx, struct arena *arena, const char *declared,
	const json_t *declaration, struct target ***ret, size_t *ret_count, struct error *err)
{
	const char *name = json_string_value(json_object_get(declaration, "name"));

	if (!name)
		return resolve_selection(tx, arena, declared, declaration, ret, ret_count, err);
	*ret_count = 1;
	return resolve_name(tx, arena, declared, declaration, name, ret, err);
}

static json_t *targets_out(struct target **list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *object = json_object();

		json_set_text(object, "name", list[i]->name);
		json_set_text(object, "kind", list[i]->kind);
		json_object_set_new(object, "labels", target_all_labels(list[i]));
		json_array_append_new(array, object);
	}
	return array;
}

/* Every declared target of a manifest; noted in `sent` under the name that the graph will use. */
static int add_targets(struct store_tx *tx, struct arena *arena, const json_t *manifest,
	const char *child, json_t *sent, json_t **ret, struct error *err)
{
	json_t *declarations = NULL, *declaration, *made, *list;
	const char *declared;
	int rc = json_get_object(manifest, "targets", true, &declarations, err);

	if (rc < 0)
		return rc;
	made = json_object();
	json_object_foreach (declarations, declared, declaration) {
		struct target **targets = NULL;
		size_t count = 0;

		if (plan_resolve(tx, arena, declared, declaration, &targets, &count, err) < 0) {
			json_decref(made);
			return child ? error_prefix(err, "%s", child) : err->code;
		}
		list = targets_out(targets, count);
		json_object_set_new(made, declared, list);
		json_object_set(sent,
			child ? arena_format(arena, "%s/%s", child, declared) : declared, list);
	}
	*ret = made;
	return 0;
}

/* --- called plans --- */

static json_t *modules_out(const struct plan_version *version)
{
	struct error ignored = ERROR_INIT;
	json_t *modules = NULL;

	if (json_parse(version->modules, strlen(version->modules), JSON_DEPTH_MAX, &modules,
		    &ignored) < 0)
		modules = json_object();
	return modules;
}

/* A lint knows no inventory: it makes targets up. */
static int add_call(struct store_tx *tx, struct arena *arena, const struct plan_version *version,
	json_t *calls, struct plan_input *input, bool is_lint, struct error *err)
{
	json_t *call, *targets = NULL;
	int rc = is_lint ? 0
			 : add_targets(tx, arena, plan_manifest(arena, version), version->plan,
				   input->targets, &targets, err);

	if (rc < 0)
		return rc;
	call = json_object();
	json_set_text(call, "file", version->file);
	json_set_text(call, "script", version->script);
	json_object_set_new(call, "modules", modules_out(version));
	json_set_text(call, "version", version->digest);
	json_object_set_new(call, "targets", targets ? targets : json_object());
	json_object_set_new(calls, version->plan, call);
	json_object_set_new(input->called, version->plan, json_string(version->digest));
	return 0;
}

static void add_names(json_t *queue, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		if (json_is_string(name))
			json_array_append(queue, (json_t *)name);
}

static int add_one_call(struct store_tx *tx, struct arena *arena, const char *plan, bool is_lint,
	json_t *queue, json_t *calls, struct plan_input *input, struct error *err)
{
	struct error unknown = ERROR_INIT;
	struct plan_version *version;

	if (json_object_get(calls, plan))
		return 0;
	if (json_object_size(calls) >= PLAN_MAX_CALLED)
		return error_set(err, ERROR_PLAN, "more than %d plans are called", PLAN_MAX_CALLED);
	if (plan_version_get_active(tx, arena, plan, &version, &unknown) < 0) {
		if (is_lint && unknown.code == ERROR_NOT_FOUND)
			return 0;
		*err = unknown;
		error_prefix(err, "calls");
		return err->code;
	}
	add_names(queue, json_object_get(plan_manifest(arena, version), "calls"));
	return add_call(tx, arena, version, calls, input, is_lint, err);
}

int plan_input_calls(struct store_tx *tx, struct arena *arena, const json_t *names, bool is_lint,
	struct plan_input *input, struct error *err)
{
	json_t *queue = json_array(), *calls = json_object();
	int rc = 0;

	add_names(queue, names);
	for (size_t i = 0; rc >= 0 && i < json_array_size(queue); i++)
		rc = add_one_call(tx, arena, json_string_value(json_array_get(queue, i)), is_lint,
			queue, calls, input, err);
	json_decref(queue);
	json_object_set_new(input->root, "calls", calls);
	return rc;
}

/* --- whole inputs --- */

json_t *plan_input_source(const char *verb, const struct plan_source *source, const json_t *calls)
{
	json_t *root = json_object();

	json_set_text(root, "verb", verb);
	json_set_text(root, "file", source->file);
	json_set_text(root, "script", source->script);
	json_object_set_new(root, "modules",
		source->modules ? json_incref((json_t *)source->modules) : json_object());
	json_object_set_new(root, "calls", calls ? json_incref((json_t *)calls) : json_object());
	return root;
}

static int check_action(const json_t *manifest, const struct plan_version *version,
	const char *action, struct error *err)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(manifest, "actions"), i, item)
		if (strcmp(json_string_value(item) ? json_string_value(item) : "", action) == 0)
			return 0;
	error_set(err, ERROR_INVALID, "%s has no action \"%s\"", version->plan, action);
	error_field(err, "action");
	return error_remedy(
		err, "a plan has apply, and restore when it has function restore(p, t)");
}

int plan_input_build(struct store_tx *tx, struct arena *arena, const struct plan_version *version,
	const char *action, const json_t *params, struct plan_input *ret, struct error *err)
{
	json_t *manifest = plan_manifest(arena, version), *modules = modules_out(version), *targets;
	struct plan_source source = {version->file, version->script, modules};
	struct plan_input input = {.targets = json_object(), .called = json_object()};
	int rc;

	input.root = plan_input_source("build", &source, NULL);
	json_decref(modules);
	json_set_text(input.root, "action", action);
	if ((rc = check_action(manifest, version, action, err)) < 0 ||
		(rc = add_targets(tx, arena, manifest, NULL, input.targets, &targets, err)) < 0) {
		plan_input_done(&input);
		return rc;
	}
	json_object_set_new(input.root, "targets", targets);
	json_object_set_new(input.root, "params",
		params ? json_deep_copy(params) : plan_trial_params(manifest, targets));
	rc = plan_input_calls(tx, arena, json_object_get(manifest, "calls"), false, &input, err);
	if (rc < 0)
		plan_input_done(&input);
	else
		*ret = input;
	return rc;
}

/* --- values for a look --- */

static json_t *duration_out(const json_t *ms)
{
	char text[TIME_TEXT_SIZE];

	return json_string(time_format_duration(
		json_integer_value(ms) > 0 ? json_integer_value(ms) : 1000, text, sizeof(text)));
}

static json_t *trial_value(const json_t *spec, const json_t *targets);

static json_t *trial_list(const json_t *spec, const json_t *targets)
{
	int64_t count = json_integer_value(json_object_get(spec, "at_least"));
	json_t *list = json_array();

	for (int64_t i = 0; i < (count > 0 && count <= 100 ? count : 1); i++)
		json_array_append_new(list, trial_value(json_object_get(spec, "of"), targets));
	return list;
}

static json_t *trial_target(const json_t *spec, const json_t *targets)
{
	const char *from = json_string_value(json_object_get(spec, "from"));
	const json_t *first = from ? json_array_get(json_object_get(targets, from), 0) : NULL;

	return json_incref(first ? json_object_get(first, "name") : json_null());
}

static json_t *trial_value(const json_t *spec, const json_t *targets)
{
	const char *type = json_string_value(json_object_get(spec, "type"));
	json_t *given;

	if ((given = json_object_get(spec, "default")) ||
		(given = json_object_get(spec, "example")))
		return json_incref(given);
	if ((given = json_object_get(spec, "default_ms")) ||
		(given = json_object_get(spec, "example_ms")))
		return duration_out(given);
	if (!type)
		return json_null();
	if (strcmp(type, "enum") == 0)
		return json_incref(json_array_get(json_object_get(spec, "values"), 0));
	if (strcmp(type, "duration") == 0)
		return duration_out(json_object_get(spec, "min_ms"));
	if (strcmp(type, "boolean") == 0)
		return json_false();
	if (strcmp(type, "list") == 0)
		return trial_list(spec, targets);
	if (strcmp(type, "target") == 0)
		return trial_target(spec, targets);
	given = json_object_get(spec, "min");
	return given ? json_incref(given) : json_integer(1);
}

json_t *plan_trial_params(const json_t *manifest, const json_t *targets)
{
	json_t *params = json_object(), *spec;
	const char *name;

	json_object_foreach (json_object_get(manifest, "params"), name, spec)
		json_object_set_new(params, name, trial_value(spec, targets));
	return params;
}
