#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/server/server_rooms.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX_BYTES 1024
#define WORDS_MAX      32

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int refuse_escape(const char *field, const char *why, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s %s", field, why);
	error_field(err, "%s", field);
	return error_remedy(err, "write UTF-8, its special bytes as %%XX");
}

int param_decode(struct arena *arena, const char *field, const char *raw, size_t length,
	bool is_query, char **ret, struct error *err)
{
	char *text = arena_alloc(arena, length + 1);
	size_t out = 0;

	for (size_t i = 0; i < length; i++) {
		char c = raw[i];

		if (is_query && c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < length ? hex_value(raw[i + 1]) : -1;
			int low = high >= 0 ? hex_value(raw[i + 2]) : -1;

			if (low < 0)
				return refuse_escape(field, "has a broken %-escape", err);
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (!c)
			return refuse_escape(field, "has a zero byte", err);
		text[out++] = c;
	}
	if (!text_is_utf8(text, out))
		return refuse_escape(field, "is not UTF-8", err);
	*ret = text;
	return 0;
}

static int check_text(const char *field, const char *text, struct error *err)
{
	size_t length = strlen(text), at = 0;

	if (length > TEXT_MAX_BYTES) {
		error_set(err, ERROR_INVALID, "%s is longer than %d bytes", field, TEXT_MAX_BYTES);
		return error_field(err, "%s", field);
	}
	while (at < length) {
		if (text_is_deceptive(text_next(text, length, &at))) {
			error_set(err, ERROR_INVALID, "%s has a control or invisible character",
				field);
			return error_field(err, "%s", field);
		}
	}
	return 0;
}

static int check_id(const char *field, const char *text, struct error *err)
{
	if (id_is_valid(text))
		return 0;
	error_set(err, ERROR_INVALID, "%s is not an id", field);
	error_field(err, "%s", field);
	return error_remedy(err, "an id is 26 characters, as the API gave it");
}

static int parse_bool(const char *field, const char *text, int64_t *ret, struct error *err)
{
	if (strcmp(text, "true") && strcmp(text, "false")) {
		error_set(err, ERROR_INVALID, "%s is neither true nor false", field);
		error_field(err, "%s", field);
		return error_remedy(err, "write true or false");
	}
	*ret = !strcmp(text, "true");
	return 0;
}

/* The words of a help text, as a list. */
static size_t split_words(struct arena *arena, const char *help, const char **words, size_t max)
{
	char *rest = arena_text(arena, help), *word;
	size_t count = 0;

	while ((word = strsep(&rest, " ")) && count < max)
		if (*word)
			words[count++] = word;
	return count;
}

static int check_word(
	struct arena *arena, const struct route_param *param, const char *text, struct error *err)
{
	const char *words[WORDS_MAX], *nearest;
	size_t count = split_words(arena, param->help, words, WORDS_MAX);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(words[i], text))
			return 0;
	error_set(err, ERROR_INVALID, "%s \"%.100s\" is none that there is", param->name,
		text_visible(arena, text));
	error_field(err, "%s", param->name);
	nearest = text_nearest(text, words, count);
	return nearest ? error_remedy(err, "did you mean %s?", nearest)
		       : error_remedy(err, "there are: %s", param->help);
}

static int check(struct arena *arena, const struct route_param *param, const char *text,
	int64_t *ret, struct error *err)
{
	bool limited = param->min || param->max;

	switch (param->type) {
	case PARAM_TEXT:
		return check_text(param->name, text, err);
	case PARAM_NAME:
		return text_check_name(param->name, text, err);
	case PARAM_PATH_NAME:
		return text_check_path_name(param->name, text, err);
	case PARAM_ID:
		return check_id(param->name, text, err);
	case PARAM_INT:
		return text_parse_int64(param->name, text, limited ? param->min : INT64_MIN,
			limited ? param->max : INT64_MAX, ret, err);
	case PARAM_BOOL:
		return parse_bool(param->name, text, ret, err);
	case PARAM_WORD:
		return check_word(arena, param, text, err);
	}
	abort();
}

int param_take(
	struct request *req, const struct route_param *param, const char *text, struct error *err)
{
	struct param_value value = {.param = param, .text = text};
	int rc;

	for (size_t i = 0; i < req->value_count; i++) {
		if (req->values[i].param == param) {
			error_set(err, ERROR_INVALID, "%s is given twice", param->name);
			return error_field(err, "%s", param->name);
		}
	}
	rc = check(&req->arena, param, text, &value.number, err);
	if (rc >= 0)
		req->values[req->value_count++] = value;
	return rc;
}

static int refuse_name(
	const struct route *route, struct arena *arena, const char *name, struct error *err)
{
	const char *names[ROUTE_PARAMS_MAX];
	size_t count = 0;
	const char *nearest;
	struct buf known = BUF_INIT;

	for (; count < ROUTE_PARAMS_MAX && route->query_params[count].name; count++) {
		names[count] = route->query_params[count].name;
		buf_add_format(&known, "%s%s", count ? ", " : "", names[count]);
	}
	nearest = text_nearest(name, names, count);
	error_set(err, ERROR_INVALID, "there is no parameter \"%.100s\" here",
		text_visible(arena, name));
	error_field(err, "%.100s", *name ? text_visible(arena, name) : "query");
	if (nearest)
		error_remedy(err, "did you mean %s?", nearest);
	else if (count)
		error_remedy(err, "known are %s", buf_text(&known));
	else
		error_remedy(err, "this address takes no parameters");
	buf_done(&known);
	return ERROR_INVALID;
}

static int take_pair(struct request *req, const char *raw, size_t length, struct error *err)
{
	const struct route *route = req->route->route;
	const char *equals = memchr(raw, '=', length);
	size_t name_length = equals ? (size_t)(equals - raw) : length;
	size_t value_length = equals ? length - name_length - 1 : 0;
	char *name, *text;
	int rc;

	rc = param_decode(&req->arena, "query", raw, name_length, true, &name, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ROUTE_PARAMS_MAX && route->query_params[i].name; i++) {
		if (strcmp(route->query_params[i].name, name))
			continue;
		rc = param_decode(&req->arena, name, equals ? equals + 1 : "", value_length, true,
			&text, err);
		return rc < 0 ? rc : param_take(req, &route->query_params[i], text, err);
	}
	return refuse_name(route, &req->arena, name, err);
}

int param_take_query(struct request *req, const char *raw_query, struct error *err)
{
	int rc = 0;

	for (const char *at = raw_query; *at && rc >= 0;) {
		size_t length = strcspn(at, "&");

		if (length)
			rc = take_pair(req, at, length, err);
		at += length;
		at += *at == '&';
	}
	return rc;
}
