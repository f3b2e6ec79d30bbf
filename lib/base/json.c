#include "lib/base/json.h"

#include "lib/base/digest.h"
#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

struct position {
	int line, column;
};

static void move_on(struct position *at, char c)
{
	if (c == '\n') {
		at->line++;
		at->column = 0;
	}
	at->column++;
}

static int refuse_depth(const struct position *at, int max_depth, struct error *err)
{
	error_set(err, ERROR_INVALID, "the JSON is nested deeper than %d levels", max_depth);
	return error_place(err, "line %d, column %d", at->line, at->column);
}

/* Before jansson builds anything: a body of a million '[' must cost nothing. */
static int check_depth(const char *bytes, size_t length, int max_depth, struct error *err)
{
	struct position at = {1, 1};
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < length; i++) {
		char c = bytes[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{') && ++depth > max_depth)
			return refuse_depth(&at, max_depth, err);
		else if (!in_string && (c == ']' || c == '}'))
			depth--;
		move_on(&at, c);
	}
	return 0;
}

static int refuse_syntax(const json_error_t *problem, struct error *err)
{
	struct buf visible = BUF_INIT;

	text_add_visible(&visible, problem->text, strlen(problem->text));
	error_set(err, ERROR_INVALID, "this is not valid JSON: %s", buf_text(&visible));
	buf_done(&visible);
	error_place(err, "line %d, column %d", problem->line, problem->column);
	return ERROR_INVALID;
}

int json_parse(const char *bytes, size_t length, int max_depth, json_t **ret, struct error *err)
{
	json_error_t problem;
	json_t *value;
	int rc = check_depth(bytes, length, max_depth, err);

	if (rc < 0)
		return rc;
	value = json_loadb(
		bytes ? bytes : "", length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
	if (!value)
		return refuse_syntax(&problem, err);
	*ret = value;
	return 0;
}

static const char *type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
		return "a whole number";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	default:
		return "null";
	}
}

static int refuse_type(
	const char *field, const json_t *value, const char *expected, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is %s; it must be %s", field, type_name(value), expected);
	return error_field(err, "%s", field);
}

/* Finds the field: *ret is NULL when it is absent and may be. */
static int find_field(
	const json_t *object, const char *field, bool required, json_t **ret, struct error *err)
{
	if (!json_is_object(object)) {
		error_set(err, ERROR_INVALID, "a JSON object with the field %s is expected", field);
		return error_field(err, "%s", field);
	}
	*ret = json_object_get(object, field);
	if (*ret || !required)
		return 0;
	error_set(err, ERROR_INVALID, "the field %s is missing", field);
	error_field(err, "%s", field);
	return error_remedy(err, "add \"%s\"", field);
}

int json_get_text(
	const json_t *object, const char *field, bool required, const char **ret, struct error *err)
{
	json_t *value = NULL;
	int rc = find_field(object, field, required, &value, err);

	if (rc < 0 || !value)
		return rc;
	if (!json_is_string(value))
		return refuse_type(field, value, "text", err);
	*ret = json_string_value(value);
	return 0;
}

int json_get_int(const json_t *object, const char *field, bool required, int64_t min, int64_t max,
	int64_t *ret, struct error *err)
{
	json_t *value = NULL;
	int rc = find_field(object, field, required, &value, err);

	if (rc < 0 || !value)
		return rc;
	if (!json_is_integer(value))
		return refuse_type(field, value, "a whole number", err);
	if (json_integer_value(value) < min || json_integer_value(value) > max) {
		error_set(err, ERROR_INVALID, "%s is %lld; it must be from %lld to %lld", field,
			(long long)json_integer_value(value), (long long)min, (long long)max);
		return error_field(err, "%s", field);
	}
	*ret = json_integer_value(value);
	return 0;
}

int json_get_bool(
	const json_t *object, const char *field, bool required, bool *ret, struct error *err)
{
	json_t *value = NULL;
	int rc = find_field(object, field, required, &value, err);

	if (rc < 0 || !value)
		return rc;
	if (!json_is_boolean(value))
		return refuse_type(field, value, "true or false", err);
	*ret = json_is_true(value);
	return 0;
}

int json_get_object(
	const json_t *object, const char *field, bool required, json_t **ret, struct error *err)
{
	json_t *value = NULL;
	int rc = find_field(object, field, required, &value, err);

	if (rc < 0 || !value)
		return rc;
	if (!json_is_object(value))
		return refuse_type(field, value, "an object", err);
	*ret = value;
	return 0;
}

int json_get_array(
	const json_t *object, const char *field, bool required, json_t **ret, struct error *err)
{
	json_t *value = NULL;
	int rc = find_field(object, field, required, &value, err);

	if (rc < 0 || !value)
		return rc;
	if (!json_is_array(value))
		return refuse_type(field, value, "an array", err);
	*ret = value;
	return 0;
}

static int refuse_form(const char *field, const char *form, const char *remedy, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is not %s", field, form);
	error_field(err, "%s", field);
	return error_remedy(err, "%s", remedy);
}

int json_get_id(
	const json_t *object, const char *field, bool required, const char **ret, struct error *err)
{
	const char *text = NULL;
	int rc = json_get_text(object, field, required, &text, err);

	if (rc < 0 || !text)
		return rc;
	if (!id_is_valid(text))
		return refuse_form(
			field, "an id", "an id is 26 characters, as the API gave it", err);
	*ret = text;
	return 0;
}

int json_get_digest(
	const json_t *object, const char *field, bool required, const char **ret, struct error *err)
{
	const char *text = NULL;
	struct digest digest;
	int rc = json_get_text(object, field, required, &text, err);

	if (rc < 0 || !text)
		return rc;
	if (!digest_parse(text, &digest))
		return refuse_form(field, "a digest",
			"a digest is sha256: and 64 digits, as the API gave it", err);
	*ret = text;
	return 0;
}

static size_t count_keys(const char *const *keys)
{
	size_t count = 0;

	while (keys[count])
		count++;
	return count;
}

static void list_keys(struct buf *out, const char *const *keys)
{
	for (size_t i = 0; keys[i]; i++)
		buf_add_format(out, "%s%s", i ? ", " : "", keys[i]);
}

static int refuse_key(const char *key, const char *const *allowed, struct error *err)
{
	const char *nearest = text_nearest(key, allowed, count_keys(allowed));
	struct buf text = BUF_INIT;

	text_add_visible(&text, key, strlen(key));
	error_set(err, ERROR_INVALID, "there is no field \"%s\" here", buf_text(&text));
	error_field(err, "%s", buf_text(&text));
	buf_clear(&text);
	list_keys(&text, allowed);
	if (nearest)
		error_remedy(err, "did you mean \"%s\"?", nearest);
	else if (text.length)
		error_remedy(err, "the fields are: %s", buf_text(&text));
	else
		error_remedy(err, "remove it: no fields are expected");
	buf_done(&text);
	return ERROR_INVALID;
}

int json_check_keys(const json_t *object, const char *const *allowed, struct error *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object)) {
		error_set(err, ERROR_INVALID, "a JSON object is expected");
		return error_field(err, "body");
	}
	json_object_foreach ((json_t *)object, key, value) {
		size_t i = 0;

		while (allowed[i] && strcmp(allowed[i], key))
			i++;
		if (!allowed[i])
			return refuse_key(key, allowed, err);
	}
	return 0;
}

char *json_text(struct arena *arena, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	char *copy;

	if (!text)
		abort();
	copy = arena_text(arena, text);
	free(text);
	return copy;
}

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		abort();
}

void json_set_text(json_t *object, const char *key, const char *text)
{
	if (text)
		set(object, key, json_string(text));
}

void json_set_int(json_t *object, const char *key, int64_t value)
{
	set(object, key, json_integer(value));
}

void json_set_bool(json_t *object, const char *key, bool value)
{
	set(object, key, json_boolean(value));
}

void json_set_time(json_t *object, const char *key, int64_t at_us)
{
	char text[TIME_TEXT_SIZE];

	if (at_us)
		set(object, key, json_string(time_format(at_us, text, sizeof(text))));
}

void json_append_once(json_t *array, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach (array, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), text))
			return;
	if (json_array_append_new(array, json_string(text)) < 0)
		abort();
}
