/* The API document (OpenAPI 3.1) out of the route tables: what code and paper both say stands once.
 */
#include "lib/base/text.h"
#include "lib/server/server_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TYPE "application/json"

static const char *const method_words[] = {
	[ROUTE_GET] = "get", [ROUTE_POST] = "post", [ROUTE_PUT] = "put", [ROUTE_DELETE] = "delete"};

struct description {
	struct arena arena;
	json_t *document;
	const char *(*role_word)(unsigned bit);
	struct error *err;
};

static json_t *reference(struct description *into, const char *kind, const char *name)
{
	return json_pack(
		"{s:s}", "$ref", arena_format(&into->arena, "#/components/%s/%s", kind, name));
}

static json_t *component(const struct description *into, const char *kind, const char *name)
{
	const json_t *components = json_object_get(into->document, "components");

	return json_object_get(json_object_get(components, kind), name);
}

/* Every list looks alike: of "Person" comes "PersonList". */
static bool add_list(struct description *into, const char *name)
{
	char *item;

	if (!text_ends_with(name, "List"))
		return false;
	item = arena_text_n(&into->arena, name, strlen(name) - strlen("List"));
	if (!component(into, "schemas", item))
		return false;
	json_object_set_new(
		json_object_get(json_object_get(into->document, "components"), "schemas"), name,
		json_pack("{s:s, s:[s], s:{s:{s:s, s:o}}}", "type", "object", "required", "items",
			"properties", "items", "type", "array", "items",
			reference(into, "schemas", item)));
	return true;
}

/* A reference to a schema, which must be there. */
static json_t *schema_of(struct description *into, const struct route *route, const char *name)
{
	if (!component(into, "schemas", name) && !add_list(into, name) && !into->err->code)
		error_set(into->err, ERROR_INTERNAL,
			"%s %s names the schema %s, which nobody gives",
			method_words[route->method], route->path, name);
	return reference(into, "schemas", name);
}

/* --- parameters --- */

static json_t *words_schema(struct description *into, const char *help)
{
	char *rest = arena_text(&into->arena, help), *word;
	json_t *words = json_array();

	while ((word = strsep(&rest, " ")))
		if (*word)
			json_array_append_new(words, json_string(word));
	return json_pack("{s:s, s:o}", "type", "string", "enum", words);
}

static json_t *int_schema(const struct route_param *param)
{
	json_t *schema = json_pack("{s:s, s:s}", "type", "integer", "format", "int64");

	if (!param->min && !param->max)
		return schema;
	json_set_int(schema, "minimum", param->min);
	json_set_int(schema, "maximum", param->max);
	return schema;
}

static json_t *param_schema(struct description *into, const struct route_param *param)
{
	switch (param->type) {
	case PARAM_NAME:
		return reference(into, "schemas", "Name");
	case PARAM_PATH_NAME:
		return reference(into, "schemas", "PathName");
	case PARAM_ID:
		return reference(into, "schemas", "Id");
	case PARAM_TEXT:
		return reference(into, "schemas", "Text");
	case PARAM_INT:
		return int_schema(param);
	case PARAM_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case PARAM_WORD:
		return words_schema(into, param->help);
	}
	abort();
}

static void add_params(
	struct description *into, const struct route_param *params, const char *where, json_t *list)
{
	for (size_t i = 0; i < ROUTE_PARAMS_MAX && params[i].name; i++) {
		json_t *param = json_pack("{s:s, s:s}", "name", params[i].name, "in", where);

		if (params[i].type != PARAM_WORD)
			json_set_text(param, "description", params[i].help);
		if (!strcmp(where, "path"))
			json_set_bool(param, "required", true);
		json_object_set_new(param, "schema", param_schema(into, &params[i]));
		json_array_append_new(list, param);
	}
}

static bool takes_key(const struct route *route)
{
	return route->method == ROUTE_POST && !(route->flags & ROUTE_NO_KEY);
}

/* What is kept has a version of its own (ROUTE_ETAG), or a tag of its bytes. */
static bool is_tagged(const struct route *route)
{
	return (route->flags & ROUTE_KEPT) && !(route->flags & ROUTE_ETAG);
}

static json_t *parameters_of(struct description *into, const struct route *route)
{
	json_t *list = json_array();

	add_params(into, route->path_params, "path", list);
	add_params(into, route->query_params, "query", list);
	if (route->flags & ROUTE_NEED_MATCH)
		json_array_append_new(list, reference(into, "parameters", "IfMatch"));
	else if (route->flags & ROUTE_IF_MATCH)
		json_array_append_new(list, reference(into, "parameters", "IfMatchOptional"));
	if (takes_key(route))
		json_array_append_new(list, reference(into, "parameters", "IdempotencyKey"));
	if (route->flags & ROUTE_STREAM)
		json_array_append_new(list, reference(into, "parameters", "LastEventId"));
	if (is_tagged(route))
		json_array_append_new(list, reference(into, "parameters", "IfNoneMatch"));
	return list;
}

/* --- the body --- */

/* A body none of whose fields must be there may be left out. */
static bool may_be_absent(const struct description *into, const struct route *route)
{
	const json_t *schema = component(into, "schemas", route->request);

	return !json_object_get(schema, "required") && !json_object_get(schema, "oneOf") &&
	       !json_object_get(schema, "anyOf") && !json_object_get(schema, "minProperties");
}

static json_t *body_of(struct description *into, const struct route *route)
{
	json_t *content = json_object(), *body = json_object();

	json_object_set_new(content, JSON_TYPE,
		json_pack("{s:o}", "schema", schema_of(into, route, route->request)));
	if (route->flags & ROUTE_RAW_BODY)
		json_object_set_new(
			content, "text/plain", json_pack("{s:{s:s}}", "schema", "type", "string"));
	json_set_bool(body, "required", !may_be_absent(into, route));
	json_object_set_new(body, "content", content);
	json_set_int(body, "x-max-bytes", (int64_t)route->max_body);
	return body;
}

/* --- answers --- */

static json_t *headers_of(struct description *into, const struct route *route)
{
	json_t *headers = json_object();

	if (route->flags & ROUTE_ETAG)
		json_object_set_new(headers, "ETag", reference(into, "headers", "ETag"));
	if (is_tagged(route))
		json_object_set_new(headers, "ETag", reference(into, "headers", "PageTag"));
	if (takes_key(route) && !(route->flags & ROUTE_SECRET))
		json_object_set_new(headers, "Idempotency-Replayed",
			reference(into, "headers", "IdempotencyReplayed"));
	return headers;
}

static json_t *content_of(
	struct description *into, const struct route *route, const char *what, bool is_problem)
{
	json_t *content = json_object();
	const char *type = is_problem ? "application/problem+json" : JSON_TYPE;

	if (strchr(what, '/'))
		json_object_set_new(
			content, what, json_pack("{s:{s:s}}", "schema", "type", "string"));
	else
		json_object_set_new(
			content, type, json_pack("{s:o}", "schema", schema_of(into, route, what)));
	return content;
}

/* "201 Person" */
static void add_answer(
	struct description *into, const struct route *route, const char *text, json_t *answers)
{
	const char *what = strchr(text, ' ');
	char *status = arena_text_n(&into->arena, text, strcspn(text, " "));
	bool is_problem = *status == '4';
	json_t *answer = json_object(), *headers = headers_of(into, route);

	json_set_text(answer, "description", what ? what + 1 : "Done; there is nothing to show");
	if (*status == '2' && json_object_size(headers))
		json_object_set(answer, "headers", headers);
	json_decref(headers);
	if (what)
		json_object_set_new(
			answer, "content", content_of(into, route, what + 1, is_problem));
	json_object_set_new(answers, status, answer);
}

static void add_problem(struct description *into, json_t *answers, int status)
{
	const char *text = arena_format(&into->arena, "%d", status);

	if (!json_object_get(answers, text))
		json_object_set_new(answers, text,
			reference(into, "responses",
				arena_format(&into->arena, "Problem%d", status)));
}

/* What follows from the row alone: who may, what is taken, what is changed. */
static void add_problems(struct description *into, const struct route *route, json_t *answers)
{
	const bool is_write = route->method != ROUTE_GET;
	const bool takes_match = route->flags & (ROUTE_IF_MATCH | ROUTE_NEED_MATCH);
	const struct {
		int status;
		bool is_possible;
	} rows[] = {
		{400, true},
		{401, route->access},
		{403, true},
		{404, is_write || route->path_params[0].name},
		{409, is_write},
		{412, takes_match},
		{413, route->max_body},
		{415, route->max_body},
		{422, takes_key(route)},
		{428, route->flags & ROUTE_NEED_MATCH},
		{429, route->access},
		{503, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is_possible)
			add_problem(into, answers, rows[i].status);
}

static json_t *answers_of(struct description *into, const struct route *route)
{
	json_t *answers = json_object();

	for (size_t i = 0; i < ROUTE_ANSWERS_MAX && route->answers[i]; i++)
		add_answer(into, route, route->answers[i], answers);
	if (!json_object_size(answers))
		error_set(into->err, ERROR_INTERNAL, "%s %s names no answer",
			method_words[route->method], route->path);
	if (is_tagged(route))
		json_object_set_new(answers, "304", reference(into, "responses", "Unchanged"));
	add_problems(into, route, answers);
	return answers;
}

/* --- one operation --- */

/* "get_plans_by_plan_versions" */
static char *operation_id(struct description *into, const struct route *route)
{
	const char *path = route->path;
	struct buf id = BUF_INIT;
	char *text;

	if (text_starts_with(path, "/api/v1/"))
		path += strlen("/api/v1");
	buf_add_text(&id, method_words[route->method]);
	for (; *path; path++) {
		if (*path == '{')
			buf_add_text(&id, "by_");
		else if (*path != '}')
			buf_add_char(&id, *path == '/' || *path == '-' ? '_' : *path);
	}
	text = arena_text(&into->arena, buf_text(&id));
	buf_done(&id);
	return text;
}

static json_t *tags_of(struct description *into, const struct route *route)
{
	const char *noun = route->path;

	if (!text_starts_with(noun, "/api/v1/"))
		return json_pack("[s]", "daemon");
	noun += strlen("/api/v1/");
	return json_pack("[s]", arena_text_n(&into->arena, noun, strcspn(noun, "/")));
}

static json_t *roles_of(const struct description *into, unsigned access)
{
	json_t *roles = json_array();

	for (unsigned bit = 1; bit && bit <= access; bit <<= 1)
		if (access & bit)
			json_array_append_new(roles, json_string(into->role_word(bit)));
	return roles;
}

static json_t *operation_of(struct description *into, const struct route *route)
{
	json_t *operation = json_object(), *parameters = parameters_of(into, route);

	json_set_text(operation, "operationId", operation_id(into, route));
	json_object_set_new(operation, "tags", tags_of(into, route));
	json_set_text(operation, "summary", route->summary);
	json_object_set_new(operation, "security",
		route->access ? json_pack("[{s:[]}, {s:[]}]", "token", "peer") : json_array());
	json_object_set_new(operation, "x-roles", roles_of(into, route->access));
	if (json_array_size(parameters))
		json_object_set(operation, "parameters", parameters);
	json_decref(parameters);
	if (route->request)
		json_object_set_new(operation, "requestBody", body_of(into, route));
	json_object_set_new(operation, "responses", answers_of(into, route));
	return operation;
}

/* --- the whole --- */

static const char *codes_of(struct description *into, int status)
{
	struct buf text = BUF_INIT;
	char *codes;

#define X(name, word, http, exit_code)                                                             \
	if ((http) == status)                                                                      \
		buf_add_format(&text, "%s%s", text.length ? ", " : "", word);
	ERROR_TABLE(X)
#undef X
	codes = arena_text(&into->arena, buf_text(&text));
	buf_done(&text);
	return codes;
}

static void add_problem_kind(struct description *into, json_t *responses, int status)
{
	const char *name = arena_format(&into->arena, "Problem%d", status);

	json_object_set_new(responses, name,
		json_pack("{s:s, s:{s:{s:o}}}", "description", codes_of(into, status), "content",
			"application/problem+json", "schema",
			reference(into, "schemas", "Problem")));
}

static void add_responses(struct description *into)
{
	static const int statuses[] = {400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503};
	json_t *responses = json_object();

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		add_problem_kind(into, responses, statuses[i]);
	json_object_set_new(responses, "Unchanged",
		json_pack("{s:s, s:{s:o}}", "description",
			"The page is the one whose tag was sent; it has no body", "headers", "ETag",
			reference(into, "headers", "PageTag")));
	json_object_set_new(json_object_get(into->document, "components"), "responses", responses);
}

static void add_route(struct description *into, json_t *paths, const struct route *route)
{
	json_t *path = json_object_get(paths, route->path);

	if (!path) {
		path = json_object();
		json_object_set_new(paths, route->path, path);
	}
	json_object_set_new(path, method_words[route->method], operation_of(into, route));
}

int server_describe(const struct route_table *tables, size_t table_count,
	const char *(*role_word)(unsigned bit), json_t *document, struct error *err)
{
	struct error found = ERROR_INIT;
	struct description into = {
		.arena = ARENA_INIT, .document = document, .role_word = role_word, .err = &found};
	json_t *paths = json_object();

	add_responses(&into);
	for (size_t i = 0; i < table_count; i++)
		for (size_t j = 0; j < tables[i].count; j++)
			add_route(&into, paths, &tables[i].routes[j]);
	json_object_set_new(document, "paths", paths);
	arena_done(&into.arena);
	if (found.code && err)
		*err = found;
	return found.code;
}
