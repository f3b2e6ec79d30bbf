#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_DEPTH	   (JSON_DEPTH_GRAPH + 2)
#define MANIFEST_MAX_BYTES (256u << 10)
#define ERRORS_MAX	   200
#define MESSAGE_MAX_BYTES  2000

static void free_json(void *value)
{
	json_decref(value);
}

int plan_output_parse(struct arena *arena, const char *bytes, size_t length, const json_t **ret,
	struct error *err)
{
	json_t *output = NULL;

	if (json_parse(bytes, length, OUTPUT_DEPTH, &output, err) < 0) {
		error_prefix(err, "the runner's answer");
		err->code = ERROR_PLAN;
		return ERROR_PLAN;
	}
	arena_defer(arena, free_json, output);
	if (!json_is_boolean(json_object_get(output, "ok")))
		return error_set(
			err, ERROR_PLAN, "the runner's answer does not say whether it is ok");
	*ret = output;
	return 0;
}

bool plan_output_is_ok(const json_t *output)
{
	return json_is_true(json_object_get(output, "ok"));
}

/* What a plan's text made somebody say: shown, so every byte of it is made visible. */
static json_t *clean_error(struct arena *arena, const json_t *given)
{
	const char *file = json_string_value(json_object_get(given, "file"));
	const char *message = json_string_value(json_object_get(given, "message"));
	json_t *made = json_object();

	json_set_text(made, "file",
		text_visible(arena,
			arena_text_n(arena, file ? file : "", strnlen(file ? file : "", 200))));
	json_set_int(made, "line", json_integer_value(json_object_get(given, "line")));
	json_set_text(made, "message",
		text_visible(arena, arena_text_n(arena, message ? message : "?",
					    strnlen(message ? message : "?", MESSAGE_MAX_BYTES))));
	return made;
}

static const char *error_line(struct arena *arena, const json_t *item)
{
	const char *file = json_string_value(json_object_get(item, "file"));
	const char *message = json_string_value(json_object_get(item, "message"));
	int64_t line = json_integer_value(json_object_get(item, "line"));

	if (line > 0)
		return arena_format(arena, "%s:%lld: %s", file, (long long)line, message);
	return *file ? arena_format(arena, "%s: %s", file, message) : message;
}

/* As many lines as the sentence holds, and how many are left. */
static int set_errors(struct arena *arena, const json_t *list, struct error *err)
{
	struct buf text = BUF_INIT;
	size_t shown = 0, count = json_array_size(list);

	for (; shown < count; shown++) {
		const char *line = error_line(arena, json_array_get(list, shown));

		if (shown && text.length + strlen(line) > sizeof(err->message) - 64)
			break;
		buf_add_format(&text, "%s%s", shown ? "\n" : "", line);
	}
	if (shown < count)
		buf_add_format(&text, "\nand %zu more", count - shown);
	error_set(err, ERROR_PLAN, "%s", buf_text(&text));
	buf_done(&text);
	if (json_integer_value(json_object_get(json_array_get(list, 0), "line")) > 0)
		error_place(err, "%s:%lld",
			json_string_value(json_object_get(json_array_get(list, 0), "file")),
			(long long)json_integer_value(
				json_object_get(json_array_get(list, 0), "line")));
	return ERROR_PLAN;
}

int plan_output_errors(
	struct arena *arena, const json_t *output, const json_t **ret, struct error *err)
{
	const json_t *list = json_object_get(output, "errors"), *item;
	json_t *made = json_array();
	size_t i;

	arena_defer(arena, free_json, made);
	json_array_foreach (list, i, item)
		if (i < ERRORS_MAX)
			json_array_append_new(made, clean_error(arena, item));
	*ret = made;
	if (!json_array_size(made))
		return error_set(
			err, ERROR_PLAN, "the plan is refused, and the runner does not say why");
	return set_errors(arena, made, err);
}

static int check_names(const json_t *manifest, const char *field, struct error *err)
{
	const json_t *item;
	json_t *list;
	size_t i;
	int rc = json_get_array(manifest, field, true, &list, err);

	if (rc < 0)
		return rc;
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			return error_set(
				err, ERROR_PLAN, "manifest: %s must be a list of names", field);
		if ((rc = text_check_name(field, json_string_value(item), err)) < 0)
			return rc;
	}
	return 0;
}

static int check_head(const json_t *manifest, struct error *err)
{
	static const char *const kinds[] = {"shift", "limit", "degrade", "composite"};
	const char *name, *kind, *summary, *owner;
	int rc;

	if ((rc = json_get_text(manifest, "name", true, &name, err)) < 0 ||
		(rc = text_check_path_name("name", name, err)) < 0 ||
		(rc = json_get_text(manifest, "summary", true, &summary, err)) < 0 ||
		(rc = text_check_prose("summary", summary, 1000, err)) < 0 ||
		(rc = json_get_text(manifest, "owner", true, &owner, err)) < 0 ||
		(rc = text_check_name("owner", owner, err)) < 0 ||
		(rc = json_get_text(manifest, "kind", true, &kind, err)) < 0)
		return rc;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind) == 0)
			return 0;
	error_set(err, ERROR_PLAN, "kind is none of shift, limit, degrade, composite");
	return error_field(err, "kind");
}

static int check_manifest(const json_t *manifest, struct error *err)
{
	json_t *object;
	char *text;
	size_t length;
	int rc;

	if ((rc = check_head(manifest, err)) < 0 ||
		(rc = json_get_object(manifest, "params", true, &object, err)) < 0 ||
		(rc = json_get_object(manifest, "targets", true, &object, err)) < 0 ||
		(rc = check_names(manifest, "calls", err)) < 0 ||
		(rc = check_names(manifest, "switches", err)) < 0 ||
		(rc = check_names(manifest, "actions", err)) < 0)
		return rc;
	text = json_dumps(manifest, JSON_COMPACT);
	length = text ? strlen(text) : SIZE_MAX;
	free(text);
	if (length > MANIFEST_MAX_BYTES)
		return error_set(err, ERROR_PLAN, "it is larger than %u bytes", MANIFEST_MAX_BYTES);
	return 0;
}

int plan_output_manifest(const json_t *output, const json_t **ret, struct error *err)
{
	json_t *manifest;

	if (json_get_object(output, "manifest", true, &manifest, err) < 0 ||
		check_manifest(manifest, err) < 0) {
		error_prefix(err, "manifest");
		err->code = ERROR_PLAN;
		return ERROR_PLAN;
	}
	*ret = manifest;
	return 0;
}
