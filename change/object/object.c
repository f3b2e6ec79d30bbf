#include "change/object/object.h"

#include "audit/audit.h"
#include "change/object/object_rooms.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

static const char *const kinds[] = {"host", "svc", "k8s", "db", "model", "config", NULL};

/* --- keys --- */

static int refuse_key(struct error *err, const char *field, const char *what)
{
	error_set(err, ERROR_INVALID, "%s", what);
	error_field(err, "%s", field);
	return error_remedy(err,
		"kind and name, as in host:web-1, svc:shop, k8s:prod/shop/deploy/web, "
		"db:orders/shop.cart, model:ranker, config:shop/limits");
}

static bool is_kind(const char *key, size_t length)
{
	for (const char *const *kind = kinds; *kind; kind++)
		if (strlen(*kind) == length && !strncmp(*kind, key, length))
			return true;
	return false;
}

/* Parts between slashes: none empty, none with white space, nothing that deceives. */
static bool are_parts_good(const char *parts)
{
	size_t length = strlen(parts);

	if (!length || *parts == '/' || parts[length - 1] == '/' || strstr(parts, "//") ||
		strpbrk(parts, " \t\n"))
		return false;
	for (size_t at = 0; at < length;) {
		int32_t point = text_next(parts, length, &at);

		if (point < 0 || text_is_deceptive(point))
			return false;
	}
	return true;
}

int object_check_key(const char *field, const char *key, struct error *err)
{
	const char *colon = strchr(key, ':');

	if (strlen(key) > OBJECT_KEY_MAX)
		return refuse_key(
			err, field, "the key of an object is too long: 200 bytes at most");
	if (!colon || !is_kind(key, (size_t)(colon - key)))
		return refuse_key(err, field, "this is no key of an object");
	if (!are_parts_good(colon + 1))
		return refuse_key(err, field,
			"the name of the object is empty or has bytes that a "
			"name does not have");
	return 0;
}

const char *object_path(struct arena *arena, const char *key)
{
	char *path = arena_text(arena, key);
	char *last = strrchr(path, '/'), *dot;

	if (text_starts_with(path, "db:") && last && (dot = strchr(last, '.')))
		*dot = '/';
	return path;
}

const char *object_path_above(struct arena *arena, const char *path)
{
	const char *last = strrchr(path, '/');

	return last ? arena_text_n(arena, path, (size_t)(last - path)) : NULL;
}

static bool is_below(const char *path, const char *above)
{
	size_t length = strlen(above);

	return !strncmp(path, above, length) && (!path[length] || path[length] == '/');
}

bool object_keys_overlap(const char *a, const char *b)
{
	struct arena arena = ARENA_INIT;
	const char *left = object_path(&arena, a), *right = object_path(&arena, b);
	bool overlap = is_below(left, right) || is_below(right, left);

	arena_done(&arena);
	return overlap;
}

/* --- claims --- */

int object_claim_put(struct store_tx *tx, const char *holder, const struct object_claim *claims,
	size_t count, int64_t start_us, int64_t end_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	int rc = object_store_delete(tx, holder, err);

	for (size_t i = 0; rc == 0 && i < count; i++)
		if ((rc = object_check_key("objects", claims[i].key, err)) == 0)
			rc = object_store_insert(tx, holder, &claims[i],
				object_path(&arena, claims[i].key), start_us, end_us, err);
	arena_done(&arena);
	return rc;
}

int object_claim_drop(struct store_tx *tx, const char *holder, struct error *err)
{
	return object_store_delete(tx, holder, err);
}

/* At the path itself, at each above it, and below it. */
static int find_around(struct store_tx *tx, struct arena *arena, const struct object_look *look,
	struct object_found *found, struct error *err)
{
	int rc = 0;

	for (const char *path = look->path; rc == 0 && path; path = object_path_above(arena, path))
		rc = object_store_find_at(tx, arena, look, path, found, err);
	return rc < 0 ? rc : object_store_find_below(tx, arena, look, found, err);
}

/* What depends on the object, and what it depends on: an edge of its own or of what lies above. */
static int find_related(struct store_tx *tx, struct arena *arena, const struct object_look *own,
	struct object_found *found, struct error *err)
{
	int rc = 0;

	for (const char *path = own->path; rc == 0 && path; path = object_path_above(arena, path)) {
		const char **keys;
		size_t count = 0;

		rc = object_store_neighbours(tx, arena, path, &keys, &count, err);
		for (size_t i = 0; rc == 0 && i < count; i++) {
			struct object_look look = *own;

			look.path = object_path(arena, keys[i]);
			look.kind = "related";
			rc = find_around(tx, arena, &look, found, err);
		}
	}
	return rc;
}

int object_find_conflicts(struct store_tx *tx, struct arena *arena, const char *holder,
	const struct object_claim *claims, size_t count, int64_t start_us, int64_t end_us,
	struct object_conflict **ret, size_t *ret_count, struct error *err)
{
	struct object_found found = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct object_look look = {
			.holder = holder,
			.key = claims[i].key,
			.path = object_path(arena, claims[i].key),
			.is_exclusive = claims[i].is_exclusive,
			.kind = "exclusive",
			.start_us = start_us - OBJECT_MARGIN_US,
			.end_us = end_us + OBJECT_MARGIN_US,
		};

		rc = find_around(tx, arena, &look, &found, err);
		if (rc == 0)
			rc = find_related(tx, arena, &look, &found, err);
	}
	if (rc == 0) {
		*ret = found.list;
		*ret_count = found.count;
	}
	return rc;
}

/* --- edges --- */

static int refuse_line(struct error *err, size_t line, const char *what)
{
	error_set(err, ERROR_INVALID, "%s", what);
	error_field(err, "text");
	error_place(err, "line %zu", line);
	return error_remedy(err, "one edge a line: svc:shop -> db:orders");
}

/* The word without white space around it. */
static char *trim(char *word)
{
	size_t length;

	word += strspn(word, " \t\r");
	length = strlen(word);
	while (length && strchr(" \t\r", word[length - 1]))
		word[--length] = 0;
	return word;
}

/* 1 with an edge, 0 for a line that holds none. */
static int parse_line(char *text, size_t line, struct object_edge *ret, struct error *err)
{
	char *arrow;
	int rc;

	text[strcspn(text, "#")] = 0;
	if (!*(text = trim(text)))
		return 0;
	arrow = strstr(text, "->");
	if (!arrow)
		return refuse_line(err, line, "there is no -> in this line");
	*arrow = 0;
	ret->from = trim(text);
	ret->to = trim(arrow + 2);
	if ((rc = object_check_key("text", ret->from, err)) < 0 ||
		(rc = object_check_key("text", ret->to, err)) < 0)
		return error_place(err, "line %zu", line);
	if (object_keys_overlap(ret->from, ret->to))
		return refuse_line(err, line, "both ends are the same object");
	return 1;
}

static int parse_edges(struct object_edges_put *put, struct object_edge **ret, struct error *err)
{
	char *text = arena_text(put->arena, put->text), *next;
	size_t capacity = 0, line = 0;
	int rc = 0;

	*ret = NULL;
	for (; rc == 0 && text; text = next) {
		struct object_edge edge;

		if ((next = strchr(text, '\n')))
			*next++ = 0;
		rc = parse_line(text, ++line, &edge, err);
		if (rc <= 0)
			continue;
		if (put->ret_count == OBJECT_EDGES_MAX)
			return refuse_line(err, line, "there are more than 20,000 edges");
		*ret = arena_grow(put->arena, *ret, put->ret_count, &capacity, sizeof(**ret));
		(*ret)[put->ret_count++] = edge;
		rc = 0;
	}
	return rc;
}

static int record_edges(struct store_tx *tx, const struct object_edges_put *put, struct error *err)
{
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = &put->by->actor,
		.action = AUDIT_EDGES_PUT,
		.subject_kind = "dependencies",
		.subject_id = "all",
		.detail = detail,
	};
	int rc;

	digest_of(put->text, strlen(put->text), &digest);
	record.subject_digest = digest_text(&digest, text);
	json_set_int(detail, "edges", (int64_t)put->ret_count);
	rc = audit_append(tx, &record, put->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

int object_edges_put(struct store_tx *tx, struct object_edges_put *put, struct error *err)
{
	struct object_edge *edges;
	int rc;

	put->ret_count = 0;
	if ((rc = principal_require(put->by, ROLE_ADMIN, NULL, err)) < 0 ||
		(rc = parse_edges(put, &edges, err)) < 0 ||
		(rc = object_store_delete_edges(tx, err)) < 0)
		return rc;
	for (size_t i = 0; i < put->ret_count; i++)
		if ((rc = object_store_insert_edge(tx, put->arena, &edges[i], err)) < 0)
			return rc;
	if ((rc = people_note_act(tx, put->by, put->at_us, err)) < 0)
		return rc;
	return record_edges(tx, put, err);
}

int object_edges_list(struct store_tx *tx, struct arena *arena, struct object_edge **ret,
	size_t *ret_count, struct error *err)
{
	return object_store_edges(tx, arena, ret, ret_count, err);
}
