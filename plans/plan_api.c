#include "plans/plan_api.h"

#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_api_rooms.h"
#include "plans/plan_rooms.h"

#include <string.h>

#define SOURCE_MAX_BYTES (4u << 20) /* a script and its modules, escaped as JSON */

static void handle_lint(struct request *req);
static void handle_add(struct request *req);

#define PLAN_PARAM                                                                                 \
	{                                                                                          \
		"plan", PARAM_PATH_NAME, 0, 0, "the plan's name"                                   \
	}
#define VERSION_PARAM                                                                              \
	{                                                                                          \
		"version", PARAM_INT, 1, INT32_MAX, "the version's number"                         \
	}

static const struct route routes[] = {
	{ROUTE_POST, "/api/v1/plans/lint", ROLE_ANY, SOURCE_MAX_BYTES,
		ROUTE_RAW_BODY | ROUTE_NO_KEY, handle_lint, {{0}},
		{{"file", PARAM_NAME, 0, 0, "name to show in errors, for a raw body"}},
		"Check a plan's text: raw Lua, or JSON {file, script, modules}", "PlanSource",
		{"200 PlanLint", "422 PlanProblem"}},
	{ROUTE_POST, "/api/v1/plans", ROLE_AUTHOR, SOURCE_MAX_BYTES, ROUTE_ETAG, handle_add, {{0}},
		{{0}}, "Add a version: {file, script, modules}", "PlanSource",
		{"200 PlanVersionWhole", "201 PlanVersionWhole", "422 PlanProblem"}},
	{ROUTE_GET, "/api/v1/plans", ROLE_ANY, 0, ROUTE_KEPT, plan_api_list, {{0}}, {{0}},
		"All plans", NULL, {"200 PlanList"}},
	{ROUTE_GET, "/api/v1/plans/{plan}", ROLE_ANY, 0, ROUTE_KEPT, plan_api_show, {PLAN_PARAM},
		{{0}}, "A plan, its manifest and its versions", NULL, {"200 PlanWhole"}},
	{ROUTE_GET, "/api/v1/plans/{plan}/versions", ROLE_ANY, 0, ROUTE_KEPT, plan_api_versions,
		{PLAN_PARAM}, {{0}}, "The versions of a plan, newest first", NULL,
		{"200 PlanVersionList"}},
	{ROUTE_GET, "/api/v1/plans/{plan}/versions/{version}", ROLE_ANY, 0, ROUTE_ETAG | ROUTE_KEPT,
		plan_api_version, {PLAN_PARAM, VERSION_PARAM}, {{0}},
		"A version with its text and manifest", NULL, {"200 PlanVersionWhole"}},
	{ROUTE_GET, "/api/v1/plans/{plan}/diff", ROLE_ANY, 0, ROUTE_KEPT, plan_api_diff,
		{PLAN_PARAM},
		{{"from", PARAM_INT, 1, INT32_MAX, "number of the older version"},
			{"to", PARAM_INT, 1, INT32_MAX, "number of the newer version"}},
		"What changed between two versions", NULL, {"200 PlanDiff"}},
	{ROUTE_POST, "/api/v1/plans/{plan}/versions/{version}/submit", ROLE_AUTHOR, 8192,
		ROUTE_ETAG | ROUTE_NEED_MATCH, plan_api_submit, {PLAN_PARAM, VERSION_PARAM}, {{0}},
		"Ask for approval of a version", "PlanChange",
		{"200 PlanVersion", "422 PlanProblem"}},
	{ROUTE_POST, "/api/v1/plans/{plan}/versions/{version}/activate",
		ROLE_AUTHOR | ROLE_COMMANDER, 8192, ROUTE_ETAG | ROUTE_NEED_MATCH,
		plan_api_activate, {PLAN_PARAM, VERSION_PARAM}, {{0}},
		"Make an approved version the active one", "PlanChange", {"200 PlanVersion"}},
	{ROUTE_POST, "/api/v1/plans/{plan}/versions/{version}/suspend", ROLE_AUTHOR | ROLE_ADMIN,
		8192, ROUTE_ETAG | ROUTE_NEED_MATCH, plan_api_suspend, {PLAN_PARAM, VERSION_PARAM},
		{{0}}, "No run of the active version starts until it is resumed; with a reason",
		"PlanChange", {"200 PlanVersion"}},
	{ROUTE_POST, "/api/v1/plans/{plan}/versions/{version}/resume", ROLE_AUTHOR | ROLE_ADMIN,
		8192, ROUTE_ETAG | ROUTE_NEED_MATCH, plan_api_resume, {PLAN_PARAM, VERSION_PARAM},
		{{0}}, "Make a suspended version the active one again", "PlanChange",
		{"200 PlanVersion"}},
	{ROUTE_POST, "/api/v1/plans/{plan}/versions/{version}/retire", ROLE_AUTHOR | ROLE_COMMANDER,
		8192, ROUTE_ETAG | ROUTE_NEED_MATCH, plan_api_retire, {PLAN_PARAM, VERSION_PARAM},
		{{0}}, "End the use of a version", "PlanChange", {"200 PlanVersion"}},
	{ROUTE_POST, "/api/v1/plans/{plan}/versions/{version}/discard",
		ROLE_AUTHOR | ROLE_COMMANDER, 8192, ROUTE_ETAG | ROUTE_NEED_MATCH, plan_api_discard,
		{PLAN_PARAM, VERSION_PARAM}, {{0}}, "Throw a draft away", "PlanChange",
		{"200 PlanVersion"}},
};

struct route_table plan_routes(struct plans *plans)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), plans};
}

/* --- lint and add: text in, the runner's word out --- */

struct sending {
	struct request *req;
	struct plan_source source;
	struct plan_add add;
};

static void free_json(void *value)
{
	json_decref(value);
}

static int take_source(struct request *req, const json_t *body, struct plan_source *source)
{
	static const char *const fields[] = {"file", "script", "modules", NULL};
	struct error *err = request_error(req);
	json_t *modules = NULL;
	int rc;

	source->file = "plan.lua";
	if ((rc = json_check_keys(body, fields, err)) < 0 ||
		(rc = json_get_text(body, "file", false, &source->file, err)) < 0 ||
		(rc = json_get_text(body, "script", true, &source->script, err)) < 0 ||
		(rc = json_get_object(body, "modules", false, &modules, err)) < 0)
		return rc;
	source->modules = modules;
	return plan_source_check(source, err);
}

/* A body that begins with { is JSON; a plan's text never does. */
static int take_raw(struct request *req, struct plan_source *source)
{
	size_t length, start = 0;
	const char *body = request_body(req, &length);
	json_t *object = NULL;
	int rc;

	while (body && start < length && strchr(" \t\r\n", body[start]))
		start++;
	if (body && start < length && body[start] == '{') {
		rc = json_parse(body, length, JSON_DEPTH_MAX, &object, request_error(req));
		if (rc < 0)
			return error_field(request_error(req), "body");
		arena_defer(request_arena(req), free_json, object);
		return take_source(req, object, source);
	}
	if (!body || memchr(body, 0, length) || !text_is_utf8(body, length)) {
		error_set(request_error(req), ERROR_INVALID, "the body is no UTF-8 text");
		return error_field(request_error(req), "body");
	}
	source->file = request_text(req, "file") ? request_text(req, "file") : "plan.lua";
	source->script = arena_text_n(request_arena(req), body, length);
	return plan_source_check(source, request_error(req));
}

static void fail_lint(
	struct request *req, const struct plan_lint_result *result, const struct error *err)
{
	json_t *members = json_object();

	*request_error(req) = *err;
	json_object_set(members, "errors", (json_t *)result->errors);
	json_object_set(members, "warnings", (json_t *)result->warnings);
	request_fail_with(req, members);
}

static void linted(void *arg, const struct plan_lint_result *result, const struct error *err)
{
	struct sending *sending = arg;

	if (err) {
		fail_lint(sending->req, result, err);
		return;
	}
	request_reply_json(sending->req, 200,
		json_pack("{s:b, s:O, s:O, s:O}", "ok", 1, "errors", result->errors, "warnings",
			result->warnings, "manifest", result->manifest));
}

static void lint(struct sending *sending,
	void (*done)(void *arg, const struct plan_lint_result *result, const struct error *err))
{
	struct request *req = sending->req;

	if (plan_lint(plans_builder(request_context(req)), request_arena(req), &sending->source,
		    done, sending, request_error(req)) < 0)
		request_fail(req);
	else
		request_hold(req);
}

static struct sending *new_sending(struct request *req)
{
	struct sending *sending = request_alloc(req, sizeof(*sending));

	sending->req = req;
	return sending;
}

static void handle_lint(struct request *req)
{
	struct sending *sending = new_sending(req);

	if (take_raw(req, &sending->source) < 0)
		request_fail(req);
	else
		lint(sending, linted);
}

static int ask_add(struct store_tx *tx, void *arg, struct error *err)
{
	struct sending *sending = arg;

	return plan_add(tx, &sending->add, err);
}

static void tell_added(struct request *req, void *arg)
{
	const struct plan_add *add = &((struct sending *)arg)->add;

	request_set_version(req, add->ret_version->version);
	request_reply_json(req, add->ret_is_new ? 201 : 200,
		plan_version_json(request_reader(req), request_arena(req), add->ret_version, true));
}

static void linted_for_add(
	void *arg, const struct plan_lint_result *result, const struct error *err)
{
	struct sending *sending = arg;
	struct plan_add *add = &sending->add;
	struct request *req = sending->req;
	struct buf modules = BUF_INIT;
	json_t *empty = json_object();

	if (err) {
		json_decref(empty);
		fail_lint(req, result, err);
		return;
	}
	arena_defer(request_arena(req), free_json, empty);
	if (canonical_add(&modules, sending->source.modules ? sending->source.modules : empty,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	add->modules = arena_text_n(request_arena(req), buf_text(&modules), modules.length);
	buf_done(&modules);
	add->principal = request_principal(req);
	add->at_us = request_now_us(req);
	add->source = sending->source;
	add->manifest = result->manifest;
	add->arena = request_arena(req);
	id_new(add->id);
	request_write(req, ask_add, tell_added, sending);
}

static void handle_add(struct request *req)
{
	struct sending *sending = new_sending(req);

	if (take_source(req, request_json(req), &sending->source) < 0)
		request_fail(req);
	else
		lint(sending, linted_for_add);
}
