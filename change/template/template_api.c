#include "change/template/template_api.h"

#include "change/template/template_rooms.h"
#include "lib/base/json.h"

#include <string.h>

#define BODY_MAX (128u << 10)

static void list_templates(struct request *req);
static void add_template(struct request *req);
static void show_template(struct request *req);
static void show_version(struct request *req);
static void submit_template(struct request *req);
static void retire_template(struct request *req);
static void render_template(struct request *req);

#define NAME                                                                                       \
	{                                                                                          \
		"template", PARAM_PATH_NAME, 0, 0, "its name"                                      \
	}
#define VERSION                                                                                    \
	{                                                                                          \
		"number", PARAM_INT, 1, INT64_MAX, "of the version"                                \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/templates", ROLE_ANY, 0, 0, list_templates, {{0}},
		{{"after", PARAM_PATH_NAME, 0, 0, "only names behind this one"},
			{"limit", PARAM_INT, 1, TEMPLATE_PAGE, "how many at most"}},
		"Templates of standard changes, by name; of each the newest version", NULL,
		{"200 TemplateList"}},
	{ROUTE_POST, "/api/v1/templates", MAY_WRITE, BODY_MAX, ROUTE_ETAG, add_template, {{0}},
		{{0}}, "A new version of a template, as a draft", "TemplateAdd", {"201 Template"}},
	{ROUTE_GET, "/api/v1/templates/{template}", ROLE_ANY, 0, ROUTE_ETAG, show_template, {NAME},
		{{0}}, "The newest version of a template", NULL, {"200 Template"}},
	{ROUTE_GET, "/api/v1/templates/{template}/versions/{number}", ROLE_ANY, 0, ROUTE_ETAG,
		show_version, {NAME, VERSION}, {{0}}, "One version of a template", NULL,
		{"200 Template"}},
	{ROUTE_POST, "/api/v1/templates/{template}/versions/{number}/submit", MAY_WRITE, BODY_MAX,
		ROUTE_ETAG | ROUTE_IF_MATCH, submit_template, {NAME, VERSION}, {{0}},
		"Ask for its approval: by an approver, then by the group that owns it", NULL,
		{"200 Template"}},
	{ROUTE_POST, "/api/v1/templates/{template}/versions/{number}/retire", MAY_RETIRE, BODY_MAX,
		ROUTE_ETAG | ROUTE_IF_MATCH, retire_template, {NAME, VERSION}, {{0}},
		"End it: no more changes are made of it", "TemplateRetire", {"200 Template"}},
	{ROUTE_POST, "/api/v1/templates/{template}/render", ROLE_ANY, BODY_MAX, ROUTE_NO_KEY,
		render_template, {NAME}, {{0}},
		"What a change made of it with these values would be; nothing is filed",
		"TemplateRender", {"200 TemplateRendered"}},
};

struct route_table template_routes(void)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), NULL};
}

static void fill_act(struct request *req, struct template_act *act)
{
	act->by = request_principal(req);
	act->at_us = request_now_us(req);
	act->arena = request_arena(req);
	act->if_version = request_if_match(req);
	id_new(act->approval_id);
	id_new(act->notify_id);
}

/* --- looking --- */

static void list_templates(struct request *req)
{
	const char *after = request_text(req, "after");
	struct change_template **list = NULL;
	size_t count = 0;
	json_t *items;

	if (template_store_list(request_reader(req), request_arena(req), after ? after : "",
		    request_int(req, "limit", TEMPLATE_PAGE), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, template_json(list[i], request_now_us(req)));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

/* With its newest request for approval, if it was ever asked. */
static void reply_template(
	struct request *req, unsigned status, const struct change_template *template)
{
	json_t *object = template_json(template, request_now_us(req));
	struct error ignored = ERROR_INIT;
	struct approval_request *approval;

	if (approval_find(request_reader(req), request_arena(req), TEMPLATE_SUBJECT,
		    template_subject(request_arena(req), template->name, template->version),
		    template->digest, &approval, &ignored) == 0)
		json_set_text(object, "approval", approval->id);
	request_set_version(req, template->row_version);
	request_reply_json(req, status, object);
}

static void show(struct request *req, int64_t version)
{
	struct change_template *template;

	if (template_get(request_reader(req), request_arena(req), request_text(req, "template"),
		    version, &template, request_error(req)) < 0)
		request_fail(req);
	else
		reply_template(req, 200, template);
}

static void show_template(struct request *req)
{
	show(req, 0);
}

static void show_version(struct request *req)
{
	show(req, request_int(req, "number", 0));
}

/* --- adding --- */

static int take_add(struct request *req, struct template_add *add, struct error *err)
{
	static const char *const keys[] = {"name", "summary", "owner", "params", "body", NULL};
	const json_t *body = request_json(req);
	json_t *params, *inner;
	int rc;

	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "name", true, &add->name, err)) < 0 ||
		(rc = json_get_text(body, "summary", true, &add->summary, err)) < 0 ||
		(rc = json_get_text(body, "owner", true, &add->owner, err)) < 0 ||
		(rc = json_get_object(body, "params", true, &params, err)) < 0 ||
		(rc = json_get_object(body, "body", true, &inner, err)) < 0)
		return rc;
	add->params = params;
	add->body = inner;
	return 0;
}

static int ask_add(struct store_tx *tx, void *arg, struct error *err)
{
	return template_add(tx, arg, err);
}

static void tell_added(struct request *req, void *arg)
{
	reply_template(req, 201, ((const struct template_add *)arg)->act.ret_template);
}

static void add_template(struct request *req)
{
	struct template_add *add = request_alloc(req, sizeof(*add));

	fill_act(req, &add->act);
	if (take_add(req, add, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_add, tell_added, add);
}

/* --- changing --- */

static struct template_change *new_change(struct request *req)
{
	struct template_change *change = request_alloc(req, sizeof(*change));

	fill_act(req, &change->act);
	change->name = request_text(req, "template");
	change->version = request_int(req, "number", 0);
	return change;
}

static int ask_submit(struct store_tx *tx, void *arg, struct error *err)
{
	return template_submit(tx, arg, err);
}

static int ask_retire(struct store_tx *tx, void *arg, struct error *err)
{
	return template_retire(tx, arg, err);
}

static void tell_changed(struct request *req, void *arg)
{
	reply_template(req, 200, ((const struct template_change *)arg)->act.ret_template);
}

static void submit_template(struct request *req)
{
	request_write(req, ask_submit, tell_changed, new_change(req));
}

static void retire_template(struct request *req)
{
	static const char *const keys[] = {"reason", NULL};
	struct template_change *change = new_change(req);
	const json_t *body = request_json(req);

	if (json_check_keys(body, keys, request_error(req)) < 0 ||
		json_get_text(body, "reason", true, &change->reason, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_retire, tell_changed, change);
}

/* --- trying --- */

static void render_template(struct request *req)
{
	static const char *const keys[] = {"params", NULL};
	struct error *err = request_error(req);
	json_t *params, *body;
	int64_t version;

	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_object(request_json(req), "params", true, &params, err) < 0 ||
		template_render(request_reader(req), request_arena(req),
			request_text(req, "template"), params, request_now_us(req), &body, &version,
			err) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200,
			json_pack("{s:I, s:O}", "number", (json_int_t)version, "body", body));
}
