#include "lib/base/json.h"
#include "plans/plan_api_rooms.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

static void free_json(void *value)
{
	json_decref(value);
}

void plan_api_list(struct request *req)
{
	json_t *items = json_array(), *object;
	const char **names;
	size_t count = 0;
	int rc = plan_store_names(
		request_reader(req), request_arena(req), &names, &count, request_error(req));

	for (size_t i = 0; rc >= 0 && i < count; i++) {
		rc = plan_json(request_reader(req), request_arena(req), names[i], false, &object,
			request_error(req));
		if (rc >= 0)
			json_array_append_new(items, object);
	}
	if (rc >= 0) {
		request_reply_json(req, 200, json_pack("{s:o}", "items", items));
		return;
	}
	json_decref(items);
	request_fail(req);
}

void plan_api_show(struct request *req)
{
	json_t *object;

	if (plan_json(request_reader(req), request_arena(req), request_text(req, "plan"), true,
		    &object, request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, object);
}

void plan_api_versions(struct request *req)
{
	json_t *object;

	if (plan_json(request_reader(req), request_arena(req), request_text(req, "plan"), true,
		    &object, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	request_reply_json(
		req, 200, json_pack("{s:O}", "items", json_object_get(object, "versions")));
	json_decref(object);
}

void plan_api_version(struct request *req)
{
	struct plan_version *version;

	if (plan_version_get(request_reader(req), request_arena(req), request_text(req, "plan"),
		    request_int(req, "version", 0), &version, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	request_set_version(req, version->version);
	request_reply_json(req, 200,
		plan_version_json(request_reader(req), request_arena(req), version, true));
}

/* --- diff --- */

static const char *pretty(struct arena *arena, const struct plan_version *version)
{
	char *text = json_dumps(plan_manifest(arena, version), JSON_INDENT(2) | JSON_SORT_KEYS);
	const char *copy = arena_text(arena, text ? text : "");

	free(text);
	return copy;
}

static json_t *modules_of(struct arena *arena, const struct plan_version *version)
{
	struct error ignored = ERROR_INIT;
	json_t *modules = NULL;

	if (json_parse(version->modules, strlen(version->modules), JSON_DEPTH_MAX, &modules,
		    &ignored) < 0)
		modules = json_object();
	arena_defer(arena, free_json, modules);
	return modules;
}

static void add_module_diff(
	struct arena *arena, json_t *out, const char *name, const json_t *old, const json_t *new)
{
	const char *before = json_string_value(json_object_get(old, name));
	const char *after = json_string_value(json_object_get(new, name));
	const char *file = arena_format(arena, "%s.lua", name);
	const char *text = plan_diff(arena, file, before ? before : "", file, after ? after : "");

	if (*text)
		json_set_text(out, name, text);
}

static json_t *module_diffs(
	struct arena *arena, const struct plan_version *from, const struct plan_version *to)
{
	json_t *old = modules_of(arena, from), *new = modules_of(arena, to), *out = json_object(),
	       *text;
	const char *name;

	json_object_foreach (old, name, text)
		add_module_diff(arena, out, name, old, new);
	json_object_foreach (new, name, text)
		if (!json_object_get(old, name))
			add_module_diff(arena, out, name, old, new);
	return out;
}

static void reply_diff(
	struct request *req, const struct plan_version *from, const struct plan_version *to)
{
	struct arena *arena = request_arena(req);
	const char *old = arena_format(arena, "%s@%lld", from->plan, (long long)from->number);
	const char *new = arena_format(arena, "%s@%lld", to->plan, (long long)to->number);
	json_t *object = json_object();

	json_set_text(object, "plan", from->plan);
	json_set_int(object, "from", from->number);
	json_set_int(object, "to", to->number);
	json_set_text(object, "script", plan_diff(arena, old, from->script, new, to->script));
	json_set_text(object, "manifest",
		plan_diff(arena, old, pretty(arena, from), new, pretty(arena, to)));
	json_object_set_new(object, "modules", module_diffs(arena, from, to));
	request_reply_json(req, 200, object);
}

static int require_param(struct request *req, const char *name)
{
	if (request_has(req, name))
		return 0;
	error_set(request_error(req), ERROR_INVALID, "%s is missing", name);
	error_field(request_error(req), "%s", name);
	return error_remedy(request_error(req), "?from=1&to=2");
}

void plan_api_diff(struct request *req)
{
	struct plan_version *from, *to;
	const char *plan = request_text(req, "plan");

	if (require_param(req, "from") < 0 || require_param(req, "to") < 0 ||
		plan_version_get(request_reader(req), request_arena(req), plan,
			request_int(req, "from", 0), &from, request_error(req)) < 0 ||
		plan_version_get(request_reader(req), request_arena(req), plan,
			request_int(req, "to", 0), &to, request_error(req)) < 0)
		request_fail(req);
	else
		reply_diff(req, from, to);
}
