/*
 * The body of a template: as a person files a change, with {"param": "unit"} for a value or
 * {"join":
 * ["--unit=", {"param": "unit"}]} for a text with values in it, where they may stand.
 */
#include "change/template/template_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

#define JOIN_MAX 20

/* What is said when a change is made of it, not before. */
static const char *const later_keys[] = {"type", "template", "start", "end", "executors",
	"coordinated_with", "incident", "freeze_exception", NULL};
/* Lists of texts in which values may stand; of a step, not as the first argument: the program. */
static const char *const body_lists[] = {"services", "objects", NULL};
static const char *const step_lists[] = {"argv", "targets", NULL};

struct checking {
	struct arena *arena;
	const json_t *params;
	json_t *used; /* {name: true} */
};

static int refuse(struct error *err, const char *place, const char *what, const char *remedy)
{
	error_set(err, ERROR_INVALID, "%s: %s", place, what);
	error_field(err, "body");
	error_place(err, "%s", place);
	return error_remedy(err, "%s", remedy);
}

static bool is_placeholder(const json_t *value)
{
	return json_object_get(value, "param") || json_object_get(value, "join");
}

/* --- checking --- */

static bool is_visible(const char *text)
{
	size_t length = strlen(text), at = 0;

	while (at < length) {
		int32_t point = text_next(text, length, &at);

		if (point < 0 || text_is_deceptive(point))
			return false;
	}
	return true;
}

int template_check_visible(const char *field, const json_t *value, struct error *err)
{
	json_t *member;
	const char *key;
	size_t i;
	int rc = 0;

	if (json_is_string(value) && !is_visible(json_string_value(value))) {
		error_set(err, ERROR_INVALID,
			"%s has a text with a line break or a character that cannot be seen",
			field);
		error_field(err, "%s", field);
		return error_remedy(err, "what is longer than a line is a content of the change");
	}
	json_array_foreach (value, i, member)
		if ((rc = template_check_visible(field, member, err)) < 0)
			return rc;
	json_object_foreach ((json_t *)value, key, member)
		if ((rc = template_check_visible(field, member, err)) < 0)
			return rc;
	return 0;
}

static int check_param(
	struct checking *checking, const json_t *value, const char *place, struct error *err)
{
	const char *name = json_string_value(json_object_get(value, "param"));

	if (!name || json_object_size(value) != 1 || !json_object_get(checking->params, name))
		return refuse(err, place, "this names no parameter of the template",
			"declare it under params, and write {\"param\": \"name\"}");
	json_object_set_new(checking->used, name, json_true());
	return 0;
}

static int check_join(
	struct checking *checking, const json_t *value, const char *place, struct error *err)
{
	const json_t *parts = json_object_get(value, "join"), *part;
	size_t i;
	int rc;

	if (json_object_size(value) != 1 || !json_array_size(parts) ||
		json_array_size(parts) > JOIN_MAX)
		return refuse(err, place, "this joins nothing",
			"write {\"join\": [\"--unit=\", {\"param\": \"unit\"}]}");
	json_array_foreach (parts, i, part) {
		rc = json_is_string(part) ? 0 : check_param(checking, part, place, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_place(
	struct checking *checking, const json_t *value, const char *place, struct error *err)
{
	return json_object_get(value, "join") ? check_join(checking, value, place, err)
					      : check_param(checking, value, place, err);
}

/* `first` = from that position on values may stand. */
static int check_list(struct checking *checking, const json_t *list, const char *place,
	size_t first, struct error *err)
{
	const json_t *value;
	size_t i;
	int rc;

	json_array_foreach (list, i, value) {
		const char *at = arena_format(checking->arena, "%s[%zu]", place, i);

		if (!is_placeholder(value))
			continue;
		if (i < first)
			return refuse(err, at, "the program of a step is fixed",
				"write it out; a template of another program is another template");
		if ((rc = check_place(checking, value, at, err)) < 0)
			return rc;
	}
	return 0;
}

/* Nothing that looks like a value anywhere else. */
static int check_none(const json_t *value, const char *place, struct error *err)
{
	json_t *member;
	const char *key;
	size_t i;
	int rc = 0;

	if (is_placeholder(value))
		return refuse(err, place, "no value of a parameter may stand here",
			"they stand in arguments, targets, services and objects");
	json_array_foreach (value, i, member)
		if ((rc = check_none(member, place, err)) < 0)
			return rc;
	json_object_foreach ((json_t *)value, key, member)
		if ((rc = check_none(member, place, err)) < 0)
			return rc;
	return 0;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static int check_members(struct checking *checking, const json_t *object, const char *place,
	const char *const *lists, struct error *err)
{
	json_t *member;
	const char *key;
	int rc;

	json_object_foreach ((json_t *)object, key, member) {
		const char *at = arena_format(checking->arena, "%s%.60s", place, key);

		rc = is_one_of(key, lists) ? check_list(checking, member, at,
						     strcmp(key, "argv") == 0 ? 1 : 0, err)
					   : check_none(member, at, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_steps(struct checking *checking, const json_t *body, struct error *err)
{
	const json_t *step;
	json_t *steps;
	size_t i;
	int rc = json_get_array(body, "steps", true, &steps, err);

	if (rc < 0)
		return error_field(err, "body");
	if (!json_array_size(steps))
		return refuse(err, "steps", "there is none", "a change has at least one step");
	json_array_foreach (steps, i, step) {
		const char *place = arena_format(checking->arena, "steps[%zu].", i);

		if (!json_is_object(step))
			return refuse(err, place, "a step is an object",
				"{\"argv\": [...], \"targets\": [...]}");
		if ((rc = check_members(checking, step, place, step_lists, err)) < 0)
			return rc;
	}
	return 0;
}

static int check_used(const struct checking *checking, struct error *err)
{
	json_t *declared;
	const char *name;

	json_object_foreach ((json_t *)checking->params, name, declared)
		if (!json_object_get(checking->used, name))
			return refuse(err, name, "this parameter is used nowhere",
				"take it out, or use it");
	return 0;
}

static int check_all(struct checking *checking, const json_t *body, struct error *err)
{
	json_t *rest;
	int rc;

	for (const char *const *key = later_keys; *key; key++)
		if (json_object_get(body, *key))
			return refuse(err, *key, "this is said when a change is made of it",
				"leave it out");
	if ((rc = check_steps(checking, body, err)) < 0)
		return rc;
	rest = json_copy((json_t *)body);
	json_object_del(rest, "steps");
	rc = check_members(checking, rest, "", body_lists, err);
	json_decref(rest);
	return rc < 0 ? rc : check_used(checking, err);
}

int template_check_body(
	struct arena *arena, const json_t *body, const json_t *params, struct error *err)
{
	struct checking checking = {arena, params, json_object()};
	int rc = check_all(&checking, body, err);

	json_decref(checking.used);
	return rc;
}

/* --- filling in: structure by structure, so that a value stays the one text that it is --- */

static const char *text_of(const json_t *texts, const json_t *placeholder)
{
	return json_string_value(
		json_object_get(texts, json_string_value(json_object_get(placeholder, "param"))));
}

static json_t *join(const json_t *parts, const json_t *texts)
{
	struct buf text = BUF_INIT;
	const json_t *part;
	json_t *made;
	size_t i;

	json_array_foreach (parts, i, part)
		buf_add_text(&text,
			json_is_string(part) ? json_string_value(part) : text_of(texts, part));
	made = json_string(buf_text(&text));
	buf_done(&text);
	return made;
}

static json_t *fill(const json_t *value, const json_t *texts);

static json_t *fill_array(const json_t *list, const json_t *texts)
{
	json_t *made = json_array();
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		json_array_append_new(made, fill(item, texts));
	return made;
}

static json_t *fill_object(const json_t *object, const json_t *texts)
{
	json_t *made = json_object(), *member;
	const char *key;

	json_object_foreach ((json_t *)object, key, member)
		json_object_set_new(made, key, fill(member, texts));
	return made;
}

static json_t *fill(const json_t *value, const json_t *texts)
{
	if (json_object_get(value, "join"))
		return join(json_object_get(value, "join"), texts);
	if (json_object_get(value, "param"))
		return json_string(text_of(texts, value));
	if (json_is_array(value))
		return fill_array(value, texts);
	return json_is_object(value) ? fill_object(value, texts) : json_deep_copy(value);
}

json_t *template_fill_body(const json_t *body, const json_t *texts)
{
	return fill(body, texts);
}
