#define PCRE2_CODE_UNIT_WIDTH 8

#include "change/template/template_rooms.h"
#include "inventory/target.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <pcre2.h>
#include <string.h>

#define PATTERN_MAX    200
#define ENUM_MAX       200
#define HELP_MAX       200
#define MATCH_LIMIT    20000 /* steps; a pattern that needs more matches nothing */
#define MATCH_HEAP_KIB 256

static int refuse(struct error *err, const char *param, const char *what, const char *remedy)
{
	error_set(err, ERROR_INVALID, "%s: %s", param, what);
	error_field(err, "%s", param);
	error_remedy(err, "%s", remedy);
	return ERROR_INVALID;
}

/* --- patterns --- */

static pcre2_code *compile(const char *pattern, struct error *err)
{
	const uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED |
				 PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR message[160] = "";
	PCRE2_SIZE place;
	int number;
	pcre2_code *code = pcre2_compile(
		(PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &number, &place, NULL);

	if (code)
		return code;
	pcre2_get_error_message(number, message, sizeof(message));
	error_set(err, ERROR_INVALID, "the pattern cannot be read at %zu: %s", (size_t)place,
		(const char *)message);
	return NULL;
}

/* From its first byte to its last; a match that takes too long is none. */
static bool is_match(const pcre2_code *code, const char *text)
{
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	bool is_whole = false;

	if (limits && data) {
		pcre2_set_match_limit(limits, MATCH_LIMIT);
		pcre2_set_depth_limit(limits, MATCH_LIMIT);
		pcre2_set_heap_limit(limits, MATCH_HEAP_KIB);
		is_whole =
			pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, limits) >= 0;
	}
	pcre2_match_data_free(data);
	pcre2_match_context_free(limits);
	return is_whole;
}

static int match(const char *param, const char *pattern, const char *text, struct error *err)
{
	pcre2_code *code = compile(pattern, err);
	bool is_whole;

	if (!code) {
		error_field(err, "%s", param);
		return ERROR_INVALID;
	}
	is_whole = is_match(code, text);
	pcre2_code_free(code);
	if (is_whole)
		return 0;
	error_set(err, ERROR_INVALID, "%s: the whole of it must match %s", param, pattern);
	error_field(err, "%s", param);
	return error_remedy(err, "see what the template takes: redbutton template show");
}

/* Whatever the kind: one line that shows all of itself, and that no program takes for an option. */
static int check_text(const char *param, const char *text, struct error *err)
{
	size_t length = strlen(text), at = 0;

	if (!length || length > TEMPLATE_VALUE_MAX_BYTES)
		return refuse(err, param, "the value is empty or longer than 256 bytes",
			"give a shorter one");
	if (*text == '-')
		return refuse(err, param, "a value that begins with - could be an option",
			"options are fixed in the template");
	while (at < length) {
		int32_t point = text_next(text, length, &at);

		if (point < 0 || text_is_deceptive(point) || point == 0x2028 || point == 0x2029)
			return refuse(err, param,
				"the value has bytes that are no text, or that cannot be seen",
				"one line of plain text");
	}
	return 0;
}

/* --- kinds --- */

struct taking {
	struct store_tx *tx; /* NULL while a declaration is checked */
	struct arena *arena;
	const char *param;
	const json_t *declared;
};

static int take_words(
	const struct taking *taking, const json_t *value, const char **ret, struct error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return refuse(err, taking->param, "a text is needed", "give one in quotes");
	*ret = text;
	return check_text(taking->param, text, err);
}

static int take_enum(
	const struct taking *taking, const json_t *value, const char **ret, struct error *err)
{
	const json_t *word;
	size_t i;
	int rc = take_words(taking, value, ret, err);

	if (rc < 0)
		return rc;
	json_array_foreach (json_object_get(taking->declared, "values"), i, word)
		if (strcmp(json_string_value(word), *ret) == 0)
			return 0;
	return refuse(err, taking->param, "it is none of the values that the template takes",
		"see them: redbutton template show");
}

static int take_int(
	const struct taking *taking, const json_t *value, const char **ret, struct error *err)
{
	int64_t min = json_integer_value(json_object_get(taking->declared, "min"));
	int64_t max = json_integer_value(json_object_get(taking->declared, "max"));
	int64_t number = json_integer_value(value);
	const char *text = json_string_value(value);

	if (text && text_parse_int64(taking->param, text, min, max, &number, err) < 0)
		return error_field(err, "%s", taking->param);
	if ((!text && !json_is_integer(value)) || number < min || number > max) {
		error_set(err, ERROR_INVALID, "%s: an integer from %lld to %lld is needed",
			taking->param, (long long)min, (long long)max);
		return error_field(err, "%s", taking->param);
	}
	*ret = arena_format(taking->arena, "%lld", (long long)number);
	return 0;
}

static int take_pattern(
	const struct taking *taking, const json_t *value, const char **ret, struct error *err)
{
	int rc = take_words(taking, value, ret, err);

	return rc < 0 ? rc
		      : match(taking->param,
				json_string_value(json_object_get(taking->declared, "pattern")),
				*ret, err);
}

static bool has_labels(const struct target *target, const json_t *labels)
{
	json_t *all = target_all_labels(target), *value;
	const char *label;
	bool fits = true;

	json_object_foreach ((json_t *)labels, label, value)
		fits = fits && json_equal(json_object_get(all, label), value);
	json_decref(all);
	return fits;
}

/* A target of the set as the inventory is now. */
static int take_host(
	const struct taking *taking, const json_t *value, const char **ret, struct error *err)
{
	const json_t *declared = taking->declared;
	struct target *target;
	int rc = take_words(taking, value, ret, err);

	if (rc < 0)
		return rc;
	rc = target_get(taking->tx, taking->arena, *ret, &target, err);
	if (rc == ERROR_NOT_FOUND)
		return refuse(err, taking->param, "there is no such target",
			"list them: redbutton target list");
	if (rc < 0)
		return rc;
	if (strcmp(target->kind, json_string_value(json_object_get(declared, "kind"))) == 0 &&
		has_labels(target, json_object_get(declared, "labels")))
		return 0;
	return refuse(err, taking->param, "the target is not of the set that the template takes",
		"see the set: redbutton template show");
}

/* --- declarations --- */

static int check_enum(const struct taking *taking, struct error *err)
{
	const char *ignored;
	const json_t *word;
	json_t *list;
	size_t i;
	int rc = json_get_array(taking->declared, "values", true, &list, err);

	if (rc < 0)
		return rc;
	if (!json_array_size(list) || json_array_size(list) > ENUM_MAX)
		return refuse(err, taking->param, "values: 1 to 200 texts are needed",
			"list what may be given");
	json_array_foreach (list, i, word)
		if ((rc = take_words(taking, word, &ignored, err)) < 0)
			return rc;
	return 0;
}

static int check_int(const struct taking *taking, struct error *err)
{
	int64_t min, max;
	int rc;

	if ((rc = json_get_int(taking->declared, "min", true, 0, INT64_MAX, &min, err)) < 0 ||
		(rc = json_get_int(taking->declared, "max", true, 0, INT64_MAX, &max, err)) < 0)
		return rc;
	if (min <= max)
		return 0;
	return refuse(err, taking->param, "min is larger than max", "no value could be given");
}

/* The example shows that the pattern can be met. */
static int check_pattern(const struct taking *taking, struct error *err)
{
	const char *pattern, *ignored;
	int rc = json_get_text(taking->declared, "pattern", true, &pattern, err);

	if (rc < 0)
		return rc;
	if (!*pattern || strlen(pattern) > PATTERN_MAX)
		return refuse(err, taking->param, "the pattern is empty or longer than 200 bytes",
			"write a shorter one");
	if (!json_object_get(taking->declared, "example"))
		return refuse(err, taking->param, "an example is needed",
			"give a value that the whole pattern matches");
	return take_pattern(taking, json_object_get(taking->declared, "example"), &ignored, err);
}

static int check_host(const struct taking *taking, struct error *err)
{
	json_t *labels, *value;
	const char *kind, *label;
	int rc;

	if ((rc = json_get_text(taking->declared, "kind", true, &kind, err)) < 0 ||
		(rc = text_check_name("kind", kind, err)) < 0 ||
		(rc = json_get_object(taking->declared, "labels", true, &labels, err)) < 0)
		return rc;
	if (!json_object_size(labels))
		return refuse(err, taking->param, "labels: a set of hosts has at least one label",
			"as in {\"service\": \"shop\"}");
	json_object_foreach (labels, label, value)
		if (!json_is_string(value))
			return refuse(err, taking->param, "labels: a label is a text",
				"as in {\"service\": \"shop\"}");
	return 0;
}

static const struct kind {
	const char *word;
	const char *keys[6];
	int (*check)(const struct taking *taking, struct error *err);
	int (*take)(const struct taking *taking, const json_t *value, const char **ret,
		struct error *err);
} kinds[] = {
	{"enum", {"type", "help", "values"}, check_enum, take_enum},
	{"int", {"type", "help", "min", "max"}, check_int, take_int},
	{"text", {"type", "help", "pattern", "example"}, check_pattern, take_pattern},
	{"host", {"type", "help", "kind", "labels"}, check_host, take_host},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct kind *kind_of(const json_t *declared)
{
	const char *word = json_string_value(json_object_get(declared, "type"));

	for (size_t i = 0; word && i < KINDS; i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	return NULL;
}

static bool is_param_name(const char *name)
{
	size_t length = strlen(name);

	return length && length <= 40 && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static int check_param(const struct taking *taking, struct error *err)
{
	const struct kind *kind = kind_of(taking->declared);
	const char *help = NULL;
	int rc;

	if (!is_param_name(taking->param))
		return refuse(err, taking->param, "this is no name of a parameter",
			"small letters, digits and _, at most 40");
	if (!kind)
		return refuse(err, taking->param, "the type is missing or not known",
			"enum, int, text or host");
	if ((rc = json_check_keys(taking->declared, kind->keys, err)) < 0 ||
		(rc = json_get_text(taking->declared, "help", false, &help, err)) < 0 ||
		(help && (rc = text_check_prose("help", help, HELP_MAX, err)) < 0))
		return rc;
	return kind->check(taking, err);
}

int template_check_params(struct arena *arena, const json_t *params, struct error *err)
{
	struct taking taking = {.arena = arena};
	json_t *declared;
	const char *name;

	if (json_object_size(params) > TEMPLATE_PARAMS_MAX) {
		error_set(err, ERROR_INVALID, "more than %d parameters", TEMPLATE_PARAMS_MAX);
		return error_field(err, "params");
	}
	json_object_foreach ((json_t *)params, name, declared) {
		taking.param = name;
		taking.declared = declared;
		if (check_param(&taking, err) < 0)
			return error_place(err, "params.%.60s", name);
	}
	return 0;
}

/* --- values --- */

static int take_all(struct store_tx *tx, struct arena *arena, const json_t *params,
	const json_t *values, json_t *texts, struct error *err)
{
	struct taking taking = {.tx = tx, .arena = arena};
	json_t *declared;
	const char *text;
	int rc;

	json_object_foreach ((json_t *)params, taking.param, declared) {
		const json_t *value = json_object_get(values, taking.param);

		taking.declared = declared;
		if (!value)
			return refuse(err, taking.param, "the value is missing",
				"see what the template takes: redbutton template show");
		if ((rc = kind_of(declared)->take(&taking, value, &text, err)) < 0)
			return rc;
		json_set_text(texts, taking.param, text);
	}
	json_object_foreach ((json_t *)values, taking.param, declared)
		if (!json_object_get(params, taking.param))
			return refuse(err, taking.param, "the template takes no such value",
				"see what it takes: redbutton template show");
	return 0;
}

int template_take_values(struct store_tx *tx, struct arena *arena, const json_t *params,
	const json_t *values, json_t **ret, struct error *err)
{
	json_t *texts = json_object();
	int rc = take_all(tx, arena, params, values, texts, err);

	if (rc < 0)
		json_decref(texts);
	else
		*ret = texts;
	return rc;
}
