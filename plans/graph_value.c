#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/graph_parse.h"

#include <string.h>

#define DECIMAL_MAX_BYTES 40

/* Where a form may stand. */
#define IN_SET	  1u
#define IN_THAN	  2u
#define IN_EQUALS 4u

typedef int (*check_form)(
	struct graph_parser *parser, const char *form, const json_t *inner, struct error *err);

static int check_percent(struct graph_parser *, const char *, const json_t *, struct error *);
static int check_rest(struct graph_parser *, const char *, const json_t *, struct error *);
static int check_true(struct graph_parser *, const char *, const json_t *, struct error *);
static int check_reading(struct graph_parser *, const char *, const json_t *, struct error *);

static const struct form {
	const char *key;
	unsigned places;
	check_form check;
} forms[] = {
	{"$percent", IN_SET | IN_THAN | IN_EQUALS, check_percent},
	{"$rest", IN_SET, check_rest},
	{"$baseline", IN_SET | IN_EQUALS, check_true},
	{"$absent", IN_SET | IN_EQUALS, check_true},
	{"$reading", IN_THAN | IN_EQUALS, check_reading},
};

static const char *const percent_fields[] = {"n", "of", "at_least", "at_most", "round", NULL};
static const char *const rest_fields[] = {"total", "of", NULL};

static int refuse(const char *field, const char *why, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s: %s", field, why);
	return error_field(err, "%s", field);
}

/* "0.5", "-12.25", and without `fraction` also "12": one spelling a number. */
static bool is_decimal(const char *text, bool fraction)
{
	const char *digits = *text == '-' ? text + 1 : text;
	size_t whole = strspn(digits, "0123456789"), part;
	const char *point = digits + whole;

	if (!whole || (whole > 1 && *digits == '0') || strlen(text) > DECIMAL_MAX_BYTES)
		return false;
	if (!*point)
		return !fraction && strcmp(text, "-0") != 0;
	part = *point == '.' ? strspn(point + 1, "0123456789") : 0;
	return part && !point[1 + part] && point[part] != '0';
}

/* The one key of a form, or NULL for a plain value. */
static const char *form_key(const json_t *value)
{
	const char *key;
	json_t *inner;

	if (!json_is_object(value))
		return NULL;
	json_object_foreach ((json_t *)value, key, inner)
		if (*key == '$')
			return key;
	return NULL;
}

static bool is_decimal_form(const json_t *value)
{
	const json_t *inner = json_object_get(value, "$decimal");

	return json_object_size(value) == 1 && json_is_string(inner) &&
	       is_decimal(json_string_value(inner), true);
}

static int check_items(const char *field, const json_t *value, struct error *err)
{
	const json_t *item;
	const char *key;
	size_t i;
	int rc;

	if (json_is_array(value)) {
		json_array_foreach (value, i, item)
			if ((rc = graph_check_literal(field, item, err)) < 0)
				return rc;
	}
	if (json_is_object(value)) {
		json_object_foreach ((json_t *)value, key, item)
			if ((rc = graph_check_literal(field, item, err)) < 0)
				return rc;
	}
	return 0;
}

int graph_check_literal(const char *field, const json_t *value, struct error *err)
{
	const char *key = form_key(value);

	if (!value)
		return refuse(field, "it is missing", err);
	if (json_is_real(value))
		return refuse(field, "a fraction is written as {\"$decimal\":\"0.5\"}", err);
	if (!key)
		return check_items(field, value, err);
	if (strcmp(key, "$decimal") != 0)
		return refuse(field, "a relative form cannot stand here", err);
	return is_decimal_form(value) ? 0 : refuse(field, "the $decimal is not well formed", err);
}

static int check_relative(struct graph_parser *parser, const char *field, const json_t *value,
	const char *key, unsigned place, struct error *err)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].key, key) != 0)
			continue;
		if (!(forms[i].places & place) || json_object_size(value) != 1)
			break;
		return forms[i].check(parser, key, json_object_get(value, key), err);
	}
	return refuse(field, "this form cannot stand here", err);
}

/* A decimal as text: one spelling a number. */
static int check_number(const char *field, const json_t *value, struct error *err)
{
	if (json_is_string(value) && is_decimal(json_string_value(value), false))
		return 0;
	return refuse(field, "it is no decimal, as in \"0.01\"", err);
}

static int check_bound(const json_t *inner, const char *field, struct error *err)
{
	const json_t *value = json_object_get(inner, field);

	return value ? check_number(field, value, err) : 0;
}

static int check_positions(struct graph_parser *parser, const json_t *inner, const char *field,
	bool required, struct error *err)
{
	json_t *list = NULL, *item;
	size_t i;
	int rc = json_get_array(inner, field, required, &list, err);

	if (rc < 0 || !list)
		return rc;
	if (!json_array_size(list))
		return refuse(field, "it is empty", err);
	json_array_foreach (list, i, item) {
		if (!json_is_integer(item) || json_integer_value(item) < 0 ||
			(uint64_t)json_integer_value(item) >= parser->graph->register_count)
			return refuse(field, "it must hold positions of registers", err);
	}
	return 0;
}

static int check_percent(
	struct graph_parser *parser, const char *form, const json_t *inner, struct error *err)
{
	const char *round = "down";
	int rc;

	(void)form;
	if ((rc = json_check_keys(inner, percent_fields, err)) < 0 ||
		(rc = check_number("n", json_object_get(inner, "n"), err)) < 0 ||
		(rc = check_positions(parser, inner, "of", false, err)) < 0 ||
		(rc = check_bound(inner, "at_least", err)) < 0 ||
		(rc = check_bound(inner, "at_most", err)) < 0 ||
		(rc = json_get_text(inner, "round", false, &round, err)) < 0)
		return rc;
	if (strcmp(round, "down") != 0 && strcmp(round, "up") != 0 && strcmp(round, "nearest") != 0)
		return refuse("round", "it is \"down\", \"up\" or \"nearest\"", err);
	return 0;
}

static int check_rest(
	struct graph_parser *parser, const char *form, const json_t *inner, struct error *err)
{
	int rc;

	(void)form;
	if ((rc = json_check_keys(inner, rest_fields, err)) < 0 ||
		(rc = check_number("total", json_object_get(inner, "total"), err)) < 0)
		return rc;
	return check_positions(parser, inner, "of", true, err);
}

static int check_true(
	struct graph_parser *parser, const char *form, const json_t *inner, struct error *err)
{
	(void)parser;
	return json_is_true(inner) ? 0 : refuse(form, "it must be true", err);
}

static int check_reading(
	struct graph_parser *parser, const char *form, const json_t *inner, struct error *err)
{
	if (json_is_integer(inner) && json_integer_value(inner) >= 0 &&
		(uint64_t)json_integer_value(inner) < parser->graph->register_count)
		return 0;
	return refuse(form, "it must be the position of a register", err);
}

int graph_check_value(
	struct graph_parser *parser, const char *field, const json_t *value, struct error *err)
{
	const char *key = form_key(value);

	if (!key || strcmp(key, "$decimal") == 0)
		return graph_check_literal(field, value, err);
	return check_relative(parser, field, value, key, IN_SET, err);
}

int graph_check_than(
	struct graph_parser *parser, const json_t *value, bool is_equals, struct error *err)
{
	const char *key = form_key(value);

	if (!value)
		return refuse("than", "it is missing", err);
	if (key && strcmp(key, "$decimal") != 0)
		return check_relative(
			parser, "than", value, key, is_equals ? IN_EQUALS : IN_THAN, err);
	return is_equals ? graph_check_literal("than", value, err)
			 : check_number("than", value, err);
}
