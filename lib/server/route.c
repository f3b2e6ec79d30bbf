#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/server/server_rooms.h"

#include <stdlib.h>
#include <string.h>

static const char *const method_words[] = {
	[ROUTE_GET] = "GET", [ROUTE_POST] = "POST", [ROUTE_PUT] = "PUT", [ROUTE_DELETE] = "DELETE"};

/* --- the tables become segments --- */

static const struct route_param *find_param(const struct route *route, const char *name)
{
	for (size_t i = 0; i < ROUTE_PARAMS_MAX && route->path_params[i].name; i++)
		if (!strcmp(route->path_params[i].name, name))
			return &route->path_params[i];
	return NULL;
}

static int refuse_table(const struct route *route, const char *why, struct error *err)
{
	return error_set(err, ERROR_INTERNAL, "the route %s %s: %s", method_words[route->method],
		route->path, why);
}

static int add_segment(struct compiled_route *compiled, char *segment, struct error *err)
{
	size_t length = strlen(segment);

	if (compiled->count == ROUTE_SEGMENTS_MAX)
		return refuse_table(compiled->route, "too many segments", err);
	if (*segment == '{') {
		if (length < 3 || segment[length - 1] != '}')
			return refuse_table(compiled->route, "a parameter without its brace", err);
		segment[length - 1] = 0;
		segment++;
		if (!find_param(compiled->route, segment))
			return refuse_table(compiled->route, "a parameter without a type", err);
		compiled->is_param[compiled->count] = true;
	}
	compiled->segments[compiled->count++] = segment;
	return 0;
}

static int compile(struct arena *arena, const struct route *route, void *context,
	struct compiled_route *compiled, struct error *err)
{
	char *rest = arena_text(arena, route->path), *segment;

	compiled->route = route;
	compiled->context = context;
	if (*rest != '/' || !route->handle)
		return refuse_table(route, "a path begins with '/', and has a handler", err);
	if ((route->flags & ROUTE_KEPT) &&
		(route->method != ROUTE_GET || (route->flags & (ROUTE_STREAM | ROUTE_SECRET))))
		return refuse_table(route, "only what a GET shows whole can be kept", err);
	while ((segment = strsep(&rest, "/"))) {
		int rc = *segment ? add_segment(compiled, segment, err) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool is_same_path(const struct compiled_route *a, const struct compiled_route *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->is_param[i] != b->is_param[i])
			return false;
		if (!a->is_param[i] && strcmp(a->segments[i], b->segments[i]))
			return false;
	}
	return true;
}

static int check_twins(const struct route_index *index, struct error *err)
{
	for (size_t i = 0; i < index->count; i++)
		for (size_t j = 0; j < i; j++)
			if (index->routes[i].route->method == index->routes[j].route->method &&
				is_same_path(&index->routes[i], &index->routes[j]))
				return refuse_table(index->routes[i].route, "is listed twice", err);
	return 0;
}

int route_index_init(struct route_index *index, const struct route_table *tables,
	size_t table_count, struct error *err)
{
	size_t total = 0;
	int rc = 0;

	*index = (struct route_index){0};
	for (size_t i = 0; i < table_count; i++)
		total += tables[i].count;
	index->routes = arena_alloc(&index->arena, (total + 1) * sizeof(*index->routes));
	for (size_t i = 0; i < table_count && rc >= 0; i++)
		for (size_t j = 0; j < tables[i].count && rc >= 0; j++)
			rc = compile(&index->arena, &tables[i].routes[j], tables[i].context,
				&index->routes[index->count++], err);
	if (rc >= 0)
		rc = check_twins(index, err);
	if (rc < 0)
		route_index_done(index);
	return rc;
}

void route_index_done(struct route_index *index)
{
	arena_done(&index->arena);
	*index = (struct route_index){0};
}

/* --- a request's path --- */

static int refuse_path(const char *why, struct error *err)
{
	error_set(err, ERROR_INVALID, "the path %s", why);
	error_field(err, "path");
	return error_remedy(err, "write each name as one segment, its special bytes as %%XX");
}

static int take_segment(struct request *req, const char *raw, size_t length, struct error *err)
{
	char *text;
	int rc;

	if (!length)
		return refuse_path("has an empty segment", err);
	if (req->segment_count == ROUTE_SEGMENTS_MAX)
		return refuse_path("has too many segments", err);
	rc = param_decode(&req->arena, "path", raw, length, false, &text, err);
	if (rc < 0)
		return rc;
	if (!strcmp(text, ".") || !strcmp(text, ".."))
		return refuse_path("has a dot segment", err);
	req->segments[req->segment_count++] = text;
	return 0;
}

static int split_path(struct request *req, const char *path, struct error *err)
{
	const char *at = path + 1;
	int rc = 0;

	req->segment_count = 0;
	if (*path != '/')
		return refuse_path("does not begin with '/'", err);
	while (*at && rc >= 0) {
		size_t length = strcspn(at, "/");

		rc = take_segment(req, at, length, err);
		at += length;
		if (*at == '/' && !*++at && rc >= 0)
			rc = refuse_path("ends with '/'", err);
	}
	return rc;
}

static bool is_match(const struct compiled_route *compiled, const struct request *req)
{
	if (compiled->count != req->segment_count)
		return false;
	for (size_t i = 0; i < compiled->count; i++)
		if (!compiled->is_param[i] && strcmp(compiled->segments[i], req->segments[i]))
			return false;
	return true;
}

/* A literal beats a parameter, the leftmost difference decides. */
static bool is_better(const struct compiled_route *a, const struct compiled_route *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->is_param[i] != b->is_param[i])
			return !a->is_param[i];
	return false;
}

static const struct compiled_route *find_path(
	const struct route_index *index, const struct request *req)
{
	const struct compiled_route *best = NULL;

	for (size_t i = 0; i < index->count; i++)
		if (is_match(&index->routes[i], req) &&
			(!best || is_better(&index->routes[i], best)))
			best = &index->routes[i];
	return best;
}

static int refuse_unknown(
	const struct route_index *index, struct request *req, const char *path, struct error *err)
{
	const char **paths = arena_alloc(&req->arena, (index->count + 1) * sizeof(*paths));
	const char *nearest;

	for (size_t i = 0; i < index->count; i++)
		paths[i] = index->routes[i].route->path;
	nearest = text_nearest(path, paths, index->count);
	error_set(err, ERROR_NOT_FOUND, "there is nothing at %.200s",
		text_visible(&req->arena, path));
	error_field(err, "path");
	if (nearest)
		error_remedy(err, "did you mean %s?", nearest);
	return ERROR_NOT_FOUND;
}

static int refuse_method(const struct route_index *index, const struct compiled_route *same,
	struct request *req, const char *method, struct error *err)
{
	struct buf allowed = BUF_INIT;

	for (size_t i = 0; i < index->count; i++) {
		enum route_method has = index->routes[i].route->method;

		if (!is_same_path(&index->routes[i], same))
			continue;
		buf_add_format(&allowed, "%s%s%s", allowed.length ? ", " : "", method_words[has],
			has == ROUTE_GET ? ", HEAD" : "");
	}
	error_set(err, ERROR_METHOD, "%.20s is not a method of %s",
		text_visible(&req->arena, method), same->route->path);
	error_remedy(err, "use %s", buf_text(&allowed));
	request_set_header(req, "Allow", buf_text(&allowed));
	buf_done(&allowed);
	return ERROR_METHOD;
}

/* The path decides first, so that "wrong method" can name the right ones. */
int route_match(const struct route_index *index, struct request *req, const char *method,
	const char *path, struct error *err)
{
	const char *wanted = !strcmp(method, "HEAD") ? "GET" : method;
	const struct compiled_route *same;
	int rc = split_path(req, path, err);

	if (rc < 0)
		return rc;
	same = find_path(index, req);
	if (!same)
		return refuse_unknown(index, req, path, err);
	for (size_t i = 0; i < index->count && !req->route; i++)
		if (is_same_path(&index->routes[i], same) &&
			!strcmp(method_words[index->routes[i].route->method], wanted))
			req->route = &index->routes[i];
	return req->route ? 0 : refuse_method(index, same, req, method, err);
}
