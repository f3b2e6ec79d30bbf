#include "executor/execution.h"
#include "executor/executor_api.h"
#include "executor/preview.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

static void post_preview(struct request *req);
static void get_preview(struct request *req);
static void post_can(struct request *req);

#define BODY_MAX (256 * 1024)

static const struct route routes[] = {
	{.method = ROUTE_POST,
		.path = "/api/v1/previews",
		.access = ROLE_ANY,
		.max_body = BODY_MAX,
		.handle = post_preview,
		.summary = "Build the graph of a plan and read what it would change; writes "
			   "nothing outside",
		.request = "PreviewAsk",
		.answers = {"201 Preview", "422 PlanProblem"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/previews/{id}",
		.access = ROLE_ANY,
		.flags = ROUTE_KEPT,
		.handle = get_preview,
		.path_params = {{"id", PARAM_ID, 0, 0, "the preview"}},
		.summary = "One preview",
		.answers = {"200 Preview"}},
	{.method = ROUTE_POST,
		.path = "/api/v1/can",
		.access = ROLE_ANY,
		.max_body = BODY_MAX,
		.flags = ROUTE_NO_KEY,
		.handle = post_can,
		.summary = "Every reason why a run would be refused or wait",
		.request = "PreviewAsk",
		.answers = {"200 Can"}},
};

struct route_table preview_routes(struct executor_api *api)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), api};
}

/* --- take --- */

struct preview_request {
	struct request *req;
	struct preview_job job;
	bool is_can;
	json_t *reply;
};

static const char *const FIELDS[] = {
	"plan", "number", "action", "mode", "params", "restores", NULL};

static int check_word(
	const char *field, const char *word, const char *one, const char *other, struct error *err)
{
	if (text_is_equal(word, one) || text_is_equal(word, other))
		return 0;
	error_set(err, ERROR_INVALID, "%s: \"%s\" is neither \"%s\" nor \"%s\"", field, word, one,
		other);
	return error_field(err, "%s", field);
}

/* A restore is of the plan, action and parameters of the run that it restores. */
static int take_restored(struct preview_request *take, const char *restores_id, struct error *err)
{
	struct arena *arena = request_arena(take->req);
	struct execution *restored;

	if (execution_get(request_reader(take->req), arena, restores_id, &restored, err) < 0)
		return err->code;
	take->job.restores_id = restores_id;
	take->job.build.plan = restored->plan;
	take->job.build.number = restored->version_number;
	take->job.build.action = "restore";
	take->job.build.params = json_loads(restored->params, 0, NULL);
	arena_defer(arena, (void (*)(void *))json_decref, (json_t *)take->job.build.params);
	return 0;
}

static int take_body(struct preview_request *take, struct error *err)
{
	const json_t *body = request_json(take->req);
	struct plan_build_request *build = &take->job.build;
	const char *restores_id = NULL;
	json_t *params = NULL;

	build->action = "apply";
	build->kind = "real";
	build->mode = "graceful";
	if (json_check_keys(body, FIELDS, err) < 0 ||
		json_get_id(body, "restores", false, &restores_id, err) < 0 ||
		json_get_text(body, "plan", !restores_id, &build->plan, err) < 0 ||
		json_get_int(body, "number", false, 1, INT64_MAX, &build->number, err) < 0 ||
		json_get_text(body, "action", false, &build->action, err) < 0 ||
		json_get_text(body, "mode", false, &build->mode, err) < 0 ||
		json_get_object(body, "params", false, &params, err) < 0 ||
		(build->plan && text_check_path_name("plan", build->plan, err) < 0) ||
		check_word("action", build->action, "apply", "restore", err) < 0 ||
		check_word("mode", build->mode, "graceful", "ungraceful", err) < 0)
		return err->code;
	build->params = params;
	return restores_id ? take_restored(take, restores_id, err) : 0;
}

static struct preview_request *take_request(struct request *req, bool is_can)
{
	struct preview_request *take = request_alloc(req, sizeof(*take));
	const struct executor_api *api = request_context(req);

	take->req = req;
	take->is_can = is_can;
	take->job.executor = api->executor;
	take->job.builder = api->builder;
	take->job.arena = request_arena(req);
	take->job.principal = request_principal(req);
	take->job.at_us = request_now_us(req);
	id_new(take->job.id);
	return take_body(take, request_error(req)) < 0 ? NULL : take;
}

/* --- ask, tell --- */

static int ask_keep(struct store_tx *tx, void *arg, struct error *err)
{
	struct preview_request *take = arg;

	if (preview_keep(tx, &take->job, err) < 0)
		return err->code;
	return preview_json(tx, request_arena(take->req), &take->job.preview, &take->reply, err);
}

static void tell_kept(struct request *req, void *arg)
{
	struct preview_request *take = arg;

	request_reply_json(req, 201, take->reply);
}

static void fail_build(struct request *req, const json_t *errors, const struct error *err)
{
	*request_error(req) = *err;
	if (errors)
		request_fail_with(req, json_pack("{s:O}", "errors", errors));
	else
		request_fail(req);
}

static void on_preview(void *arg, const json_t *errors, const struct error *err)
{
	struct preview_request *take = arg;

	if (err)
		fail_build(take->req, errors, err);
	else
		request_write(take->req, ask_keep, tell_kept, take);
}

static void post_preview(struct request *req)
{
	struct preview_request *take = take_request(req, false);

	if (!take) {
		request_fail(req);
		return;
	}
	take->job.done = on_preview;
	take->job.arg = take;
	if (preview_start(&take->job, request_error(req)) < 0)
		request_fail(req);
	else
		request_hold(req);
}

static void get_preview(struct request *req)
{
	struct preview *preview;
	json_t *reply;

	if (preview_get(request_reader(req), request_arena(req), request_text(req, "id"), &preview,
		    request_error(req)) < 0 ||
		preview_json(request_reader(req), request_arena(req), preview, &reply,
			request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, reply);
}

/* --- can: every reason at once --- */

static void add_reason(json_t *reasons, const char *word, const struct error *err)
{
	json_t *one = json_object();

	json_set_text(one, "reason", word);
	json_set_text(one, "code", error_word(err->code));
	json_set_bool(one, "refuses", true);
	json_set_text(one, "message", err->message);
	json_set_text(one, "next", err->remedy[0] ? err->remedy : NULL);
	json_array_append_new(reasons, one);
}

static void add_problems(json_t *reasons, const json_t *preview)
{
	struct error err = ERROR_INIT;
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(preview, "problems"), i, one) {
		error_set(&err, ERROR_CONFLICT, "step %s: %s",
			json_string_value(json_object_get(one, "path")),
			json_string_value(json_object_get(one, "problem")));
		add_reason(reasons, "value", &err);
	}
	json_array_foreach (json_object_get(preview, "table"), i, one) {
		if (!text_is_equal(json_string_value(json_object_get(one, "now")), "unknown"))
			continue;
		error_set(&err, ERROR_UNREACHABLE, "%s cannot be read: %s",
			json_string_value(json_object_get(one, "target")),
			json_string_value(json_object_get(one, "message")));
		error_remedy(&err, "redbutton target check %s",
			json_string_value(json_object_get(one, "target")));
		add_reason(reasons, "target", &err);
	}
}

static void add_store(json_t *reasons, const struct store *store)
{
	struct error err = ERROR_INIT;
	const char *why;

	if (store_check_space(store, &err) < 0)
		add_reason(reasons, "space", &err);
	if (store_is_writable(store, &why))
		return;
	error_set(&err, ERROR_NOT_DURABLE, "held: store (%s)", why);
	error_remedy(&err, "free the disk; it is tried again by itself");
	add_reason(reasons, "store", &err);
}

static int ask_can(struct store_tx *tx, void *arg, struct error *err)
{
	struct preview_request *take = arg;
	struct execution_start start = {
		.principal = take->job.principal,
		.graph_digest = take->job.stored.digest,
		.restores_id = take->job.restores_id,
		.at_us = take->job.at_us,
	};
	json_t *reasons, *preview;

	if (preview_keep(tx, &take->job, err) < 0 || execution_can(tx, &start, &reasons, err) < 0)
		return err->code;
	if (preview_json(tx, request_arena(take->req), &take->job.preview, &preview, err) < 0) {
		json_decref(reasons);
		return err->code;
	}
	add_problems(reasons, preview);
	add_store(reasons, ((struct executor_api *)request_context(take->req))->store);
	take->reply = json_pack("{s:b, s:o, s:o}", "can", json_array_size(reasons) == 0, "reasons",
		reasons, "preview", preview);
	return 0;
}

static void tell_can(struct request *req, void *arg)
{
	struct preview_request *take = arg;

	request_reply_json(req, 200, take->reply);
}

/* The graph could not even be built: that is the reason, with all that the plan said. */
static void reply_unbuilt(struct request *req, const json_t *errors, const struct error *err)
{
	json_t *reasons = json_array();

	add_reason(reasons, "plan", err);
	add_store(reasons, ((struct executor_api *)request_context(req))->store);
	request_reply_json(req, 200,
		json_pack("{s:b, s:o, s:O*}", "can", 0, "reasons", reasons, "errors", errors));
}

static void on_can(void *arg, const json_t *errors, const struct error *err)
{
	struct preview_request *take = arg;

	if (err)
		reply_unbuilt(take->req, errors, err);
	else
		request_write(take->req, ask_can, tell_can, take);
}

static void post_can(struct request *req)
{
	struct preview_request *take = take_request(req, true);

	if (!take) {
		request_fail(req);
		return;
	}
	take->job.done = on_can;
	take->job.arg = take;
	if (preview_start(&take->job, request_error(req)) < 0)
		reply_unbuilt(req, NULL, request_error(req));
	else
		request_hold(req);
}
