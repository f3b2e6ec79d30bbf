#include "lib/base/json.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

/*
 * Two runs: the manifest first, which says what the plan calls, then the lint with the texts of
 * those. A plan without a good manifest is linted all the same: lint says more.
 */
struct linting {
	struct plan_builder *builder;
	struct arena *arena;
	struct plan_source source;
	json_t *modules;
	void (*done)(void *arg, const struct plan_lint_result *result, const struct error *err);
	void *arg;
};

static void end(
	struct linting *linting, const struct plan_lint_result *result, const struct error *err)
{
	linting->done(linting->arg, result, err);
	json_decref(linting->modules);
	free(linting);
}

static int run(struct linting *linting, json_t *owned_input, jail_done *done, struct error *err)
{
	char *text = json_dumps(owned_input, JSON_COMPACT);
	struct jail_job job = {
		.input = text, .length = text ? strlen(text) : 0, .done = done, .arg = linting};
	int rc;

	json_decref(owned_input);
	if (!text)
		return error_set(err, ERROR_INVALID, "the plan's text cannot be written as JSON");
	rc = jail_run(linting->builder->jail, &job, err);
	free(text);
	return rc;
}

static const json_t *empty_list(struct arena *arena)
{
	struct error ignored = ERROR_INIT;
	const json_t *list;

	(void)plan_output_errors(arena, NULL, &list, &ignored);
	return list;
}

/* Each warning in the shape of an error. */
static const json_t *take_warnings(struct arena *arena, const json_t *output)
{
	struct error ignored = ERROR_INIT;
	json_t *wrapped = json_pack("{s:O?}", "errors", json_object_get(output, "warnings"));
	const json_t *list;

	(void)plan_output_errors(arena, wrapped, &list, &ignored);
	json_decref(wrapped);
	return list;
}

static void end_with_output(struct linting *linting, const json_t *output)
{
	struct plan_lint_result result = {.warnings = take_warnings(linting->arena, output)};
	struct error err = ERROR_INIT;
	int rc;

	if (plan_output_is_ok(output)) {
		result.errors = empty_list(linting->arena);
		rc = plan_output_manifest(output, &result.manifest, &err);
	} else {
		rc = plan_output_errors(linting->arena, output, &result.errors, &err);
	}
	end(linting, &result, rc < 0 ? &err : NULL);
}

static void end_with_error(struct linting *linting, const struct error *err)
{
	struct plan_lint_result result = {
		.errors = empty_list(linting->arena), .warnings = empty_list(linting->arena)};

	end(linting, &result, err);
}

static void linted(void *arg, const char *bytes, size_t length, const struct error *err)
{
	struct linting *linting = arg;
	struct error problem = ERROR_INIT;
	const json_t *output;

	if (err)
		end_with_error(linting, err);
	else if (plan_output_parse(linting->arena, bytes, length, &output, &problem) < 0)
		end_with_error(linting, &problem);
	else
		end_with_output(linting, output);
}

/* The texts of what the plan calls, as far as there are active versions. */
static json_t *find_calls(struct linting *linting, const json_t *manifest)
{
	struct plan_input input = {
		.root = json_object(), .targets = json_object(), .called = json_object()};
	struct error ignored = ERROR_INIT;
	json_t *calls;

	(void)plan_input_calls(store_reader(linting->builder->store), linting->arena,
		json_object_get(manifest, "calls"), true, &input, &ignored);
	calls = json_incref(json_object_get(input.root, "calls"));
	plan_input_done(&input);
	return calls;
}

static void described(void *arg, const char *bytes, size_t length, const struct error *err)
{
	struct linting *linting = arg;
	struct error problem = ERROR_INIT;
	const json_t *output, *manifest = NULL;
	json_t *calls;

	if (err) {
		end_with_error(linting, err);
		return;
	}
	if (plan_output_parse(linting->arena, bytes, length, &output, &problem) >= 0 &&
		plan_output_is_ok(output))
		(void)plan_output_manifest(output, &manifest, &problem);
	calls = manifest ? find_calls(linting, manifest) : json_object();
	error_clear(&problem);
	if (run(linting, plan_input_source("lint", &linting->source, calls), linted, &problem) < 0)
		end_with_error(linting, &problem);
	json_decref(calls);
}

int plan_lint(struct plan_builder *builder, struct arena *arena, const struct plan_source *source,
	void (*done)(void *arg, const struct plan_lint_result *result, const struct error *err),
	void *arg, struct error *err)
{
	struct linting *linting = calloc(1, sizeof(*linting));
	int rc;

	if (!linting)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	*linting = (struct linting){.builder = builder, .arena = arena, .done = done, .arg = arg};
	linting->modules = source->modules ? json_incref((json_t *)source->modules) : json_object();
	linting->source.file = arena_text(arena, source->file);
	linting->source.script = arena_text(arena, source->script);
	linting->source.modules = linting->modules;
	rc = run(linting, plan_input_source("manifest", &linting->source, NULL), described, err);
	if (rc < 0) {
		json_decref(linting->modules);
		free(linting);
	}
	return rc;
}
