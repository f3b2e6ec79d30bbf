#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_api_rooms.h"
#include "plans/plan_rooms.h"

struct changing {
	struct request *req;
	struct plan_change change;
};

static int take_change(struct request *req, struct changing *changing)
{
	static const char *const fields[] = {"reason", NULL};
	struct plan_change *change = &changing->change;
	const json_t *body = request_json(req);
	int rc;

	changing->req = req;
	change->principal = request_principal(req);
	change->at_us = request_now_us(req);
	change->plan = request_text(req, "plan");
	change->number = request_int(req, "version", 0);
	change->arena = request_arena(req);
	id_new(change->approval_id);
	id_new(change->notify_id);
	change->if_version = request_if_match(req);
	if (!body)
		return 0;
	if ((rc = json_check_keys(body, fields, request_error(req))) < 0)
		return rc;
	return json_get_text(body, "reason", false, &change->reason, request_error(req));
}

static void tell_changed(struct request *req, void *arg)
{
	const struct changing *changing = arg;
	const struct plan_version *version = changing->change.ret_version;

	request_set_version(req, version->version);
	request_reply_json(req, 200,
		plan_version_json(request_reader(req), request_arena(req), version, false));
}

static int ask_submit(struct store_tx *tx, void *arg, struct error *err)
{
	return plan_submit(tx, &((struct changing *)arg)->change, err);
}

static int ask_activate(struct store_tx *tx, void *arg, struct error *err)
{
	return plan_activate(tx, &((struct changing *)arg)->change, err);
}

static int ask_retire(struct store_tx *tx, void *arg, struct error *err)
{
	return plan_retire(tx, &((struct changing *)arg)->change, err);
}

static int ask_suspend(struct store_tx *tx, void *arg, struct error *err)
{
	return plan_suspend(tx, &((struct changing *)arg)->change, err);
}

static int ask_resume(struct store_tx *tx, void *arg, struct error *err)
{
	return plan_resume(tx, &((struct changing *)arg)->change, err);
}

static int ask_discard(struct store_tx *tx, void *arg, struct error *err)
{
	return plan_discard(tx, &((struct changing *)arg)->change, err);
}

static void change_version(struct request *req, store_ask ask)
{
	struct changing *changing = request_alloc(req, sizeof(*changing));

	if (take_change(req, changing) < 0)
		request_fail(req);
	else
		request_write(req, ask, tell_changed, changing);
}

void plan_api_activate(struct request *req)
{
	change_version(req, ask_activate);
}

void plan_api_retire(struct request *req)
{
	change_version(req, ask_retire);
}

void plan_api_suspend(struct request *req)
{
	change_version(req, ask_suspend);
}

void plan_api_resume(struct request *req)
{
	change_version(req, ask_resume);
}

void plan_api_discard(struct request *req)
{
	change_version(req, ask_discard);
}

/* --- submit: its class comes from a build that only looks --- */

static void fail_build(struct request *req, const json_t *errors, const struct error *err)
{
	json_t *members = json_object();

	*request_error(req) = *err;
	if (errors)
		json_object_set(members, "errors", (json_t *)errors);
	request_fail_with(req, members);
}

static void classify_by_manifest(struct changing *changing)
{
	struct plan_change *change = &changing->change;
	struct error ignored = ERROR_INIT;
	struct plan_version *version;

	change->approval_class = APPROVAL_R3;
	if (plan_version_get(request_reader(changing->req), change->arena, change->plan,
		    change->number, &version, &ignored) < 0)
		return;
	plan_class_of_manifest(request_reader(changing->req), version, &change->approval_class,
		&change->scope, change->arena);
}

/*
 * The plan itself refusing made-up values (`errors`) says nothing about the version: its class is
 * then that of what its manifest may touch. What the engine or an adapter cannot do is final.
 */
static void looked(void *arg, const struct plan_build_result *result, const json_t *errors,
	const struct error *err)
{
	struct changing *changing = arg;
	struct plan_change *change = &changing->change;
	struct request *req = changing->req;

	if (err && !errors) {
		fail_build(req, NULL, err);
		return;
	}
	if (err)
		classify_by_manifest(changing);
	else {
		change->approval_class = result->approval_class;
		if (plan_scope_of(request_reader(req), change->arena, result->graph, &change->scope,
			    request_error(req)) < 0) {
			request_fail(req);
			return;
		}
	}
	request_write(req, ask_submit, tell_changed, changing);
}

/* Without the targets nothing can be built, but a version can be approved before they are there. */
static bool is_about_targets(const struct error *err)
{
	return err->code == ERROR_PLAN && text_starts_with(err->field, "targets.");
}

static void look_first(struct changing *changing)
{
	struct request *req = changing->req;
	struct plan_build_request look = {.plan = changing->change.plan,
		.number = changing->change.number,
		.action = "apply",
		.kind = "real",
		.mode = "graceful"};
	int rc = plan_build(plans_builder(request_context(req)), request_arena(req), &look, looked,
		changing, request_error(req));

	if (rc >= 0) {
		request_hold(req);
	} else if (is_about_targets(request_error(req))) {
		error_clear(request_error(req));
		classify_by_manifest(changing);
		request_write(req, ask_submit, tell_changed, changing);
	} else {
		request_fail(req);
	}
}

void plan_api_submit(struct request *req)
{
	struct changing *changing = request_alloc(req, sizeof(*changing));

	if (take_change(req, changing) < 0)
		request_fail(req);
	else
		look_first(changing);
}
