#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

struct building {
	struct plan_builder *builder;
	struct arena *arena;
	struct plan_version *version;
	const char *action, *kind, *mode;
	struct plan_input input;
	struct plan_build_result result;
	void (*done)(void *arg, const struct plan_build_result *result, const json_t *errors,
		const struct error *err);
	void *arg;
};

static void free_building(struct building *building)
{
	plan_input_done(&building->input);
	free(building);
}

static void end(struct building *building, const struct plan_build_result *result,
	const json_t *errors, const struct error *err)
{
	building->done(building->arg, result, errors, err);
	free_building(building);
}

struct identities {
	struct store_tx *tx;
	struct arena *arena;
};

static const char *give_identity(void *arg, const char *target_name)
{
	struct identities *identities = arg;
	struct error ignored = ERROR_INIT;
	char text[DIGEST_TEXT_SIZE];
	struct target *target;
	struct digest digest;

	if (target_get(identities->tx, identities->arena, target_name, &target, &ignored) < 0)
		return NULL;
	target_identity(target, &digest);
	return arena_text(identities->arena, digest_text(&digest, text));
}

/* Canonical bytes of the runner's graph with what only we know. */
static int complete(
	struct building *building, struct store_tx *tx, const json_t *graph, struct error *err)
{
	struct identities identities = {.tx = tx, .arena = building->arena};
	struct graph_completion completion = {.version_digest = building->version->digest,
		.kind = building->kind,
		.mode = building->mode,
		.identity = give_identity,
		.arg = &identities};
	struct buf given = BUF_INIT, bytes = BUF_INIT;
	struct plan_build_result *result = &building->result;
	struct digest digest;
	int rc = canonical_add(&given, graph, err);

	if (rc < 0)
		err->code = rc = ERROR_PLAN;
	else
		rc = graph_complete(building->arena, buf_text(&given), given.length, &completion,
			&bytes, &digest, err);
	buf_done(&given);
	if (rc < 0)
		return rc;
	result->graph_bytes = arena_text_n(building->arena, buf_text(&bytes), bytes.length);
	result->graph_length = bytes.length;
	digest_text(&digest, result->digest);
	buf_done(&bytes);
	return graph_parse(
		building->arena, result->graph_bytes, result->graph_length, &result->graph, err);
}

/* `lines` is only shown; what is no text in it is dropped. */
static const json_t *take_lines(const json_t *output)
{
	const json_t *lines = json_object_get(output, "lines");

	return json_is_object(lines) ? lines : NULL;
}

static int refuse_unsupported(struct building *building, const json_t *lines, struct error *err)
{
	const char *why, *line;
	const struct graph_node *node = graph_first_unsupported(building->result.graph, &why);

	if (!node)
		return 0;
	line = json_string_value(json_object_get(lines, node->path));
	error_set(err, ERROR_PLAN, "%s: %s", line ? line : node->path, why);
	return error_place(err, "%s", line ? line : node->path);
}

static int take_graph(struct building *building, const json_t *output, struct error *err)
{
	struct store_tx *tx = store_reader(building->builder->store);
	struct plan_build_result *result = &building->result;
	const json_t *lines = take_lines(output), *graph = json_object_get(output, "graph");
	int rc;

	if (!graph)
		return error_set(err, ERROR_PLAN, "the runner gave no graph");
	if ((rc = complete(building, tx, graph, err)) < 0 ||
		(rc = plan_check_answer(result->graph, building->version, building->action,
			 &building->input, err)) < 0 ||
		(rc = refuse_unsupported(building, lines, err)) < 0 ||
		(rc = plan_check_registers(
			 tx, building->builder->adapters, result->graph, lines, err)) < 0 ||
		(rc = plan_class_of(tx, result->graph, &result->approval_class, err)) < 0)
		return rc;
	result->version = building->version;
	result->lines = lines ? json_text(building->arena, lines) : "{}";
	return 0;
}

static void built(void *arg, const char *bytes, size_t length, const struct error *err)
{
	struct building *building = arg;
	struct error problem = ERROR_INIT;
	const json_t *output, *errors = NULL;
	int rc;

	if (err) {
		end(building, NULL, NULL, err);
		return;
	}
	rc = plan_output_parse(building->arena, bytes, length, &output, &problem);
	if (rc >= 0 && !plan_output_is_ok(output))
		rc = plan_output_errors(building->arena, output, &errors, &problem);
	else if (rc >= 0)
		rc = take_graph(building, output, &problem);
	if (rc < 0)
		end(building, NULL, errors, &problem);
	else
		end(building, &building->result, NULL, NULL);
}

static int start(struct building *building, struct error *err)
{
	char *text = json_dumps(building->input.root, JSON_COMPACT);
	struct jail_job job = {
		.input = text, .length = text ? strlen(text) : 0, .done = built, .arg = building};
	int rc;

	if (!text)
		return error_set(err, ERROR_INVALID, "the parameters cannot be written as JSON");
	rc = jail_run_twice(building->builder->jail, &job, err);
	free(text);
	return rc;
}

int plan_build(struct plan_builder *builder, struct arena *arena,
	const struct plan_build_request *request,
	void (*done)(void *arg, const struct plan_build_result *result, const json_t *errors,
		const struct error *err),
	void *arg, struct error *err)
{
	struct store_tx *tx = store_reader(builder->store);
	struct building *building = calloc(1, sizeof(*building));
	int rc;

	if (!building)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	*building = (struct building){.builder = builder, .arena = arena, .done = done, .arg = arg};
	building->action = arena_text(arena, request->action);
	building->kind = arena_text(arena, request->kind);
	building->mode = arena_text(arena, request->mode);
	rc = request->number
		     ? plan_version_get(
			       tx, arena, request->plan, request->number, &building->version, err)
		     : plan_version_get_active(tx, arena, request->plan, &building->version, err);
	if (rc < 0 ||
		(rc = plan_input_build(tx, arena, building->version, building->action,
			 request->params, &building->input, err)) < 0 ||
		(rc = start(building, err)) < 0)
		free_building(building);
	return rc;
}
