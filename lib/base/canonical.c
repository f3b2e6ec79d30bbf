#include "lib/base/canonical.h"

#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

#define CANONICAL_DEPTH_MAX 128

/* Where we are, for the error only: one link per level, on the stack. */
struct path {
	const struct path *up;
	const char *key; /* NULL for an array element */
	size_t index;
	int depth;
};

static int add_value(
	struct buf *out, const json_t *value, const struct path *path, struct error *err);

static void add_path(struct buf *out, const struct path *path)
{
	if (!path->up)
		return;
	add_path(out, path->up);
	if (path->key)
		buf_add_format(out, "%s%s", out->length ? "." : "", path->key);
	else
		buf_add_format(out, "[%zu]", path->index);
}

static int refuse(const struct path *path, const char *why, struct error *err)
{
	struct buf text = BUF_INIT;

	add_path(&text, path);
	error_set(err, ERROR_INVALID, "%s%s%s", buf_text(&text), text.length ? ": " : "", why);
	error_field(err, "%s", buf_text(&text));
	buf_done(&text);
	return ERROR_INVALID;
}

static int add_string(struct buf *out, const char *text, size_t length, const struct path *path,
	struct error *err)
{
	size_t from = 0;

	buf_add_char(out, '"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
			continue;
		buf_add(out, text + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			buf_add_text(out, c == '"' ? "\\\"" : "\\\\");
		else if (c == '\n' || c == '\t')
			buf_add_text(out, c == '\n' ? "\\n" : "\\t");
		else
			return refuse(path,
				"control characters other than newline and tab are not allowed",
				err);
	}
	buf_add(out, text + from, length - from);
	buf_add_char(out, '"');
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_ascii(const char *key)
{
	for (; *key; key++)
		if (*key < 0x20 || *key > 0x7E)
			return false;
	return true;
}

/* The keys in order of their bytes; free() the list. */
static const char **sort_keys(const json_t *object)
{
	size_t count = 0;
	const char **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
	const char *key;
	json_t *value;

	if (!keys)
		abort();
	json_object_foreach ((json_t *)object, key, value)
		keys[count++] = key;
	qsort(keys, count, sizeof(*keys), compare_keys);
	return keys;
}

static int add_object(
	struct buf *out, const json_t *object, const struct path *path, struct error *err)
{
	const char **keys = sort_keys(object);
	int rc = 0;

	buf_add_char(out, '{');
	for (size_t i = 0; keys[i] && rc >= 0; i++) {
		struct path here = {path, keys[i], 0, path->depth + 1};

		if (!is_ascii(keys[i])) {
			rc = refuse(path, "a key of an object is not printable ASCII", err);
			break;
		}
		if (i)
			buf_add_char(out, ',');
		rc = add_string(out, keys[i], strlen(keys[i]), &here, err);
		buf_add_char(out, ':');
		if (rc >= 0)
			rc = add_value(out, json_object_get(object, keys[i]), &here, err);
	}
	buf_add_char(out, '}');
	free(keys);
	return rc;
}

static int add_array(
	struct buf *out, const json_t *array, const struct path *path, struct error *err)
{
	int rc = 0;

	buf_add_char(out, '[');
	for (size_t i = 0; i < json_array_size(array) && rc >= 0; i++) {
		struct path here = {path, NULL, i, path->depth + 1};

		if (i)
			buf_add_char(out, ',');
		rc = add_value(out, json_array_get(array, i), &here, err);
	}
	buf_add_char(out, ']');
	return rc;
}

static int add_value(
	struct buf *out, const json_t *value, const struct path *path, struct error *err)
{
	if (path->depth > CANONICAL_DEPTH_MAX)
		return refuse(path, "the value is nested too deeply", err);
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return add_object(out, value, path, err);
	case JSON_ARRAY:
		return add_array(out, value, path, err);
	case JSON_STRING:
		return add_string(
			out, json_string_value(value), json_string_length(value), path, err);
	case JSON_INTEGER:
		buf_add_int(out, json_integer_value(value));
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_add_text(out, json_is_true(value) ? "true" : "false");
		return 0;
	case JSON_NULL:
		buf_add_text(out, "null");
		return 0;
	default:
		return refuse(
			path, "a number with a fraction is not allowed; write it as text", err);
	}
}

int canonical_add(struct buf *out, const json_t *value, struct error *err)
{
	const struct path root = {0};
	size_t before = out->length;
	int rc = add_value(out, value, &root, err);

	if (rc < 0 && out->bytes) {
		out->length = before;
		out->bytes[before] = 0;
	}
	return rc;
}

int canonical_parse(
	const char *bytes, size_t length, int max_depth, json_t **ret, struct error *err)
{
	struct buf again = BUF_INIT;
	json_t *value = NULL;
	int rc = json_parse(bytes, length, max_depth, &value, err);

	if (rc < 0)
		return rc;
	rc = canonical_add(&again, value, err);
	if (rc >= 0 && (again.length != length || memcmp(again.bytes, bytes, length)))
		rc = error_set(err, ERROR_INVALID, "the JSON is not in its canonical form");
	buf_done(&again);
	if (rc >= 0 && ret)
		*ret = value;
	else
		json_decref(value);
	return rc;
}
