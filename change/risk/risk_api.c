#include "change/risk/risk_api.h"

#include "change/risk/risk_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "people/people.h"

#include <string.h>

#define BODY_MAX (1u << 20)

static void list_rules(struct request *req);
static void show_rule(struct request *req);
static void test_rules(struct request *req);

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/rules", ROLE_ANY, 0, 0, list_rules, {{0}}, {{0}},
		"The risk rules that are loaded, and the revision of the set", NULL,
		{"200 RuleList"}},
	{ROUTE_GET, "/api/v1/rules/{rule}", ROLE_ANY, 0, 0, show_rule,
		{{"rule", PARAM_NAME, 0, 0, "its id, as in FS-001"}}, {{0}}, "One risk rule", NULL,
		{"200 Rule"}},
	{ROUTE_POST, "/api/v1/rules/test", ROLE_AUTHOR | ROLE_ADMIN, BODY_MAX, ROUTE_NO_KEY,
		test_rules, {{0}}, {{0}},
		"Run the own tests of the loaded rules, or of those given, in the jail", "RuleTest",
		{"200 RuleTestResult"}},
};

struct route_table risk_routes(struct risk *risk)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), risk};
}

/* --- looking --- */

static void reply_list(void *arg, const struct error *err)
{
	struct request *req = arg;
	struct risk *risk = request_context(req);
	json_t *object, *items;
	const struct risk_rule *rules;
	size_t count;

	if (err) {
		*request_error(req) = *err;
		request_fail(req);
		return;
	}
	rules = risk_rules(risk, &count);
	object = json_object();
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, risk_rule_json(&rules[i]));
	json_set_text(object, "revision", risk_revision(risk));
	json_object_set_new(object, "items", items);
	request_reply_json(req, 200, object);
}

static void reply_rule(void *arg, const struct error *err)
{
	struct request *req = arg;
	const char *id = request_text(req, "rule");
	const struct risk_rule *rules;
	size_t count;

	if (err) {
		*request_error(req) = *err;
		request_fail(req);
		return;
	}
	rules = risk_rules(request_context(req), &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(rules[i].id, id) == 0) {
			request_reply_json(req, 200, risk_rule_json(&rules[i]));
			return;
		}
	error_set(request_error(req), ERROR_NOT_FOUND, "there is no rule %s", id);
	error_remedy(request_error(req), "list them: redbutton rules list");
	request_fail(req);
}

/* The request waits until it is known what the rules are. */
static void reply_when_ready(struct request *req, risk_ready *reply)
{
	struct risk *risk = request_context(req);
	bool is_ready = risk_is_ready(risk);

	if (risk_need(risk, reply, req, request_error(req)) < 0)
		request_fail(req);
	else if (!is_ready)
		request_hold(req);
}

static void list_rules(struct request *req)
{
	reply_when_ready(req, reply_list);
}

static void show_rule(struct request *req)
{
	reply_when_ready(req, reply_rule);
}

/* --- testing --- */

static int take_rules(const json_t *list, struct risk_files *files, struct error *err)
{
	static const char *const keys[] = {"file", "script", NULL};
	const char *file, *script;
	const json_t *row;
	size_t i;
	int rc;

	json_array_foreach (list, i, row) {
		if ((rc = json_check_keys(row, keys, err)) < 0 ||
			(rc = json_get_text(row, "file", true, &file, err)) < 0 ||
			(rc = json_get_text(row, "script", true, &script, err)) < 0) {
			error_prefix(err, "rules[%zu]", i);
			return rc;
		}
		if (!risk_files_is_rule(file)) {
			error_set(err, ERROR_INVALID, "rules[%zu]: the file is not named as a rule",
				i);
			error_field(err, "file");
			return error_remedy(err, "name it by its id: FS-001.lua");
		}
		if ((rc = risk_files_add(files, file, script, err)) < 0)
			return rc;
	}
	return 0;
}

static int take_modules(const json_t *modules, struct risk_files *files, struct error *err)
{
	const json_t *text;
	const char *name;
	char file[TEXT_NAME_MAX + 8];
	int rc;

	json_object_foreach ((json_t *)modules, name, text) {
		snprintf(file, sizeof(file), "%.*s.lua", TEXT_NAME_MAX, name);
		if (!json_is_string(text) || !risk_files_is_module(file)) {
			error_set(err, ERROR_INVALID,
				"a module is a text under a name in small letters");
			error_field(err, "modules");
			return error_remedy(err, "as in {\"modules\": {\"lib\": \"return {}\"}}");
		}
		if ((rc = risk_files_add(files, file, json_string_value(text), err)) < 0)
			return rc;
	}
	return 0;
}

/* *ret is NULL for the loaded set. */
static int take_test(struct request *req, struct risk_files **ret, struct error *err)
{
	static const char *const keys[] = {"rules", "modules", NULL};
	struct risk_files *files = request_alloc(req, sizeof(*files));
	json_t *list = NULL, *modules = NULL;
	const json_t *body = request_json(req);
	int rc;

	*ret = NULL;
	if (!body)
		return 0;
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_array(body, "rules", false, &list, err)) < 0 ||
		(rc = json_get_object(body, "modules", false, &modules, err)) < 0)
		return rc;
	if (!list && !modules)
		return 0;
	if (!json_array_size(list)) {
		error_set(err, ERROR_INVALID, "there is no rule to test");
		error_field(err, "rules");
		return error_remedy(err, "give a list of {file, script}, or no body at all");
	}
	risk_files_init(request_arena(req), files);
	if ((rc = take_rules(list, files, err)) < 0 || (rc = take_modules(modules, files, err)) < 0)
		return rc;
	*ret = files;
	return 0;
}

static void reply_tested(void *arg, const json_t *answer, const struct error *err)
{
	struct request *req = arg;

	if (err) {
		*request_error(req) = *err;
		request_fail(req);
	} else {
		request_reply_json(req, 200, json_incref((json_t *)answer));
	}
}

static void test_rules(struct request *req)
{
	struct risk_files *files;

	if (take_test(req, &files, request_error(req)) < 0 ||
		risk_test(request_context(req), request_arena(req), files, reply_tested, req,
			request_error(req)) < 0)
		request_fail(req);
	else
		request_hold(req);
}
