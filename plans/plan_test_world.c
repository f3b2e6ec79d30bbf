#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_files.h"
#include "plans/plan_test_rooms.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INVENTORY_MAX_BYTES (16u << 20)
#define MADE_UP		    2 /* targets of a selection, when nothing says how many */

static const char *const place_labels[] = {"environment", "site", "zone", "service", "tier"};

static void free_json(void *value)
{
	json_decref(value);
}

int plan_test_read(
	struct plan_test *test, const char *path, struct plan_source *ret, struct error *err)
{
	struct plan_files files;
	int rc = plan_files_read(&test->arena, path, test->library, &files, err);

	if (rc < 0)
		return rc;
	*ret = (struct plan_source){files.file, files.script, files.modules};
	return plan_source_check(ret, err);
}

/* --- called plans --- */

static const char *find_plan_file(struct plan_test *test, const char *plan)
{
	const char *slash = strchr(plan, '/');
	char *dashed = arena_format(&test->arena, "%s.lua", plan);
	const char *names[] = {
		dashed, arena_format(&test->arena, "%s.lua", slash ? slash + 1 : plan)};

	if (strchr(dashed, '/'))
		*strchr(dashed, '/') = '-';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = plan_files_beside(&test->arena, test->path, names[i]);

		if (access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}

static int add_call(
	struct plan_test *test, const char *plan, const char *path, int depth, struct error *err)
{
	const json_t *output, *manifest;
	struct plan_source source;
	char version[DIGEST_TEXT_SIZE];
	json_t *call, *targets;
	int rc;

	if ((rc = plan_test_read(test, path, &source, err)) < 0 ||
		(rc = plan_test_run(test, plan_input_source("manifest", &source, NULL), false,
			 &output, err)) < 0)
		return rc;
	if (!plan_output_is_ok(output))
		return plan_output_errors(&test->arena, output, &output, err);
	if ((rc = plan_output_manifest(output, &manifest, err)) < 0)
		return rc;
	plan_source_digest(&source, version);
	call = json_object();
	targets = json_object();
	json_set_text(call, "file", source.file);
	json_set_text(call, "script", source.script);
	json_object_set(call, "modules", (json_t *)source.modules);
	json_set_text(call, "version", version);
	json_object_set_new(call, "targets", targets);
	json_object_set_new(test->calls, plan, call);
	if (!test->is_lint && (rc = plan_test_add_targets(test, manifest, targets, err)) < 0)
		return rc;
	return plan_test_add_calls(test, json_object_get(manifest, "calls"), depth - 1, err);
}

int plan_test_add_calls(struct plan_test *test, const json_t *names, int depth, struct error *err)
{
	const json_t *item;
	size_t i;
	int rc;

	json_array_foreach (names, i, item) {
		const char *plan = json_string_value(item), *path;

		if (!plan || depth <= 0 || json_object_get(test->calls, plan))
			continue;
		path = find_plan_file(test, plan);
		if (path && (rc = add_call(test, plan, path, depth, err)) < 0)
			return error_prefix(err, "%s", path);
	}
	return 0;
}

/* --- the inventory of a file --- */

static int read_inventory(struct plan_test *test, struct error *err)
{
	json_t *value = NULL, *list;
	const char *text;
	int rc;

	if (!test->inventory_path || test->inventory)
		return 0;
	if ((rc = file_read_text(
		     &test->arena, test->inventory_path, INVENTORY_MAX_BYTES, &text, err)) < 0)
		return rc;
	if ((rc = json_parse(text, strlen(text), JSON_DEPTH_MAX, &value, err)) < 0)
		return error_prefix(err, "%s", test->inventory_path);
	arena_defer(&test->arena, free_json, value);
	list = json_is_array(value) ? value : json_object_get(value, "items");
	if (!json_is_array(list)) {
		error_set(err, ERROR_INVALID, "%s is no list of targets", test->inventory_path);
		return error_remedy(
			err, "write [{\"name\": ..., \"kind\": ..., \"labels\": {...}}]");
	}
	test->inventory = list;
	return 0;
}

/* name, kind and all labels: those of the place too. */
static json_t *target_out(const json_t *given)
{
	json_t *labels = json_object(), *more = json_object_get(given, "labels");
	const char *text;

	if (json_is_object(more))
		json_object_update(labels, more);
	for (size_t i = 0; i < sizeof(place_labels) / sizeof(place_labels[0]); i++) {
		text = json_string_value(json_object_get(given, place_labels[i]));
		if (text && *text)
			json_set_text(labels, place_labels[i], text);
	}
	return json_pack("{s:O?, s:O?, s:o}", "name", json_object_get(given, "name"), "kind",
		json_object_get(given, "kind"), "labels", labels);
}

static bool has_labels(const json_t *target, const json_t *wanted)
{
	const json_t *labels = json_object_get(target, "labels");
	const char *label;
	json_t *value;

	json_object_foreach ((json_t *)wanted, label, value)
		if (!json_equal(json_object_get(labels, label), value))
			return false;
	return true;
}

static bool is_wanted(const json_t *target, const json_t *declaration)
{
	const json_t *name = json_object_get(declaration, "name");

	if (!json_equal(json_object_get(target, "kind"), json_object_get(declaration, "kind")))
		return false;
	if (name)
		return json_equal(json_object_get(target, "name"), name);
	return has_labels(target, json_object_get(declaration, "labels"));
}

static int compare_targets(const void *a, const void *b)
{
	return strcmp(json_string_value(json_object_get(*(json_t *const *)a, "name")),
		json_string_value(json_object_get(*(json_t *const *)b, "name")));
}

static json_t *sorted(struct plan_test *test, json_t *owned)
{
	size_t count = json_array_size(owned);
	json_t **items = arena_alloc(&test->arena, (count + 1) * sizeof(*items)),
	       *list = json_array();

	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(owned, i);
	qsort(items, count, sizeof(*items), compare_targets);
	for (size_t i = 0; i < count; i++)
		json_array_append(list, items[i]);
	json_decref(owned);
	return list;
}

static json_t *select_targets(struct plan_test *test, const json_t *declaration)
{
	json_t *list = json_array();
	const json_t *given;
	size_t i;

	json_array_foreach (test->inventory, i, given) {
		json_t *target = target_out(given);

		if (json_string_value(json_object_get(target, "name")) &&
			is_wanted(target, declaration))
			json_array_append(list, target);
		json_decref(target);
	}
	return sorted(test, list);
}

/* --- made up --- */

static json_t *make_up_one(const char *name, const json_t *declaration)
{
	json_t *labels = json_object_get(declaration, "labels");

	/* The language gives a made-up target the labels that are asked of it. */
	return json_pack("{s:s, s:O?, s:o, s:b}", "name", name, "kind",
		json_object_get(declaration, "kind"), "labels",
		labels ? json_deep_copy(labels) : json_object(), "is_made_up", 1);
}

static json_t *make_up(struct plan_test *test, const char *declared, const json_t *declaration)
{
	const char *name = json_string_value(json_object_get(declaration, "name"));
	int64_t at_least = json_integer_value(json_object_get(declaration, "at_least"));
	int64_t at_most = json_integer_value(json_object_get(declaration, "at_most"));
	int64_t count = at_least > MADE_UP ? at_least : MADE_UP;
	json_t *list = json_array();

	if (at_most && count > at_most)
		count = at_most;
	for (int64_t i = 1; !name && i <= count && i <= 1000; i++)
		json_array_append_new(list,
			make_up_one(arena_format(&test->arena, "%s-%03lld", declared, (long long)i),
				declaration));
	if (name)
		json_array_append_new(list, make_up_one(name, declaration));
	return list;
}

static int check_count(
	const char *declared, const json_t *declaration, const json_t *list, struct error *err)
{
	bool is_name = json_object_get(declaration, "name") != NULL;
	int64_t at_least =
		is_name ? 1 : json_integer_value(json_object_get(declaration, "at_least"));
	int64_t at_most = is_name ? 1 : json_integer_value(json_object_get(declaration, "at_most"));
	int64_t count = (int64_t)json_array_size(list);

	if (count >= at_least && count <= at_most)
		return 0;
	error_set(err, ERROR_PLAN,
		"targets.%s: the inventory has %lld such targets; the plan wants %lld to %lld",
		declared, (long long)count, (long long)at_least, (long long)at_most);
	return error_field(err, "targets.%s", declared);
}

int plan_test_add_targets(
	struct plan_test *test, const json_t *manifest, json_t *ret_targets, struct error *err)
{
	json_t *declaration, *list;
	const char *declared;
	int rc = read_inventory(test, err);

	if (rc < 0)
		return rc;
	json_object_foreach (json_object_get(manifest, "targets"), declared, declaration) {
		list = test->inventory ? select_targets(test, declaration)
				       : make_up(test, declared, declaration);
		json_object_set_new(ret_targets, declared, list);
		if (test->inventory && (rc = check_count(declared, declaration, list, err)) < 0)
			return rc;
	}
	return 0;
}
