#include "change/risk/risk_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

#define ANSWER_DEPTH	     16
#define FINDINGS_OF_RULE_MAX 101 /* the last one says how many were left out */
#define ERRORS_MAX	     5000
#define STEP_MAX	     100000
#define TEXT_MAX	     4096
#define OBJECT_MAX	     8192
#define ID_MAX		     64

static void free_json(void *value)
{
	json_decref(value);
}

/* Whatever is wrong in the answer: there is none. */
static int spoil(struct error *err)
{
	error_prefix(err, "the runner's answer");
	if (err)
		err->code = ERROR_RUNNER_LIMIT;
	return ERROR_RUNNER_LIMIT;
}

static int refuse(struct error *err, const char *what, const char *detail)
{
	error_set(err, ERROR_RUNNER_LIMIT, "%s%s%s", what, *detail ? " " : "", detail);
	return spoil(err);
}

/* One line of text that shows all of its bytes. */
static int take_text(struct arena *arena, const json_t *object, const char *field, size_t max,
	const char **ret, struct error *err)
{
	const char *text = "";
	int rc = json_get_text(object, field, true, &text, err);

	if (rc < 0)
		return rc;
	if (strlen(text) > max) {
		error_set(err, ERROR_TOO_LARGE, "%s is longer than %zu bytes", field, max);
		return error_field(err, "%s", field);
	}
	*ret = text_visible(arena, text);
	return 0;
}

/* --- the frame of every answer --- */

static int fail_whole(struct arena *arena, const json_t *output, struct error *err)
{
	const json_t *first = json_array_get(json_object_get(output, "errors"), 0);
	const char *message = "";

	if (take_text(arena, first, "message", TEXT_MAX, &message, err) < 0)
		return spoil(err);
	error_set(err, ERROR_RUNNER_LIMIT, "the rules could not be evaluated: %.800s", message);
	return ERROR_RUNNER_LIMIT;
}

/* An object with `rules` and `errors`. */
static int parse(struct arena *arena, const char *bytes, size_t length, const json_t **ret,
	struct error *err)
{
	json_t *output = NULL, *list;
	bool is_ok;

	if (json_parse(bytes, length, ANSWER_DEPTH, &output, err) < 0)
		return spoil(err);
	arena_defer(arena, free_json, output);
	if (json_get_bool(output, "ok", true, &is_ok, err) < 0)
		return spoil(err);
	if (!is_ok && !json_object_get(output, "rules"))
		return fail_whole(arena, output, err);
	if (json_get_array(output, "rules", true, &list, err) < 0 ||
		json_get_array(output, "errors", true, &list, err) < 0)
		return spoil(err);
	if (json_array_size(list) > ERRORS_MAX)
		return refuse(err, "too many errors", "");
	*ret = output;
	return 0;
}

static ptrdiff_t find_rule(const struct risk_rule *rules, size_t count, const char *id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(id, rules[middle].id);

		if (order == 0)
			return (ptrdiff_t)middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

static int take_rule(struct arena *arena, const json_t *row, const char *field,
	const struct risk_rule *rules, size_t count, size_t *ret, struct error *err)
{
	const char *id = "";
	ptrdiff_t found;

	if (take_text(arena, row, field, ID_MAX, &id, err) < 0)
		return spoil(err);
	found = find_rule(rules, count, id);
	if (found < 0)
		return refuse(err, "it names a rule that was not asked for:", id);
	*ret = (size_t)found;
	return 0;
}

/* "FS-001.lua:12: message" */
static int take_fault(struct arena *arena, const json_t *row, const char **ret_place,
	const char **ret_message, struct error *err)
{
	const char *file = "";
	int64_t line = 0;

	if (take_text(arena, row, "file", TEXT_MAX, &file, err) < 0 ||
		json_get_int(row, "line", true, 0, INT32_MAX, &line, err) < 0 ||
		take_text(arena, row, "message", TEXT_MAX, ret_message, err) < 0)
		return spoil(err);
	*ret_place = line ? arena_format(arena, "%s:%lld", file, (long long)line) : file;
	return 0;
}

/* --- what rules are --- */

static int take_word(struct arena *arena, const json_t *row, const char *field,
	const char *const *words, const char **ret, struct error *err)
{
	if (take_text(arena, row, field, ID_MAX, ret, err) < 0)
		return spoil(err);
	for (; *words; words++)
		if (strcmp(*words, *ret) == 0)
			return 0;
	return refuse(err, field, "is none of the words that it may be");
}

static int take_words(
	struct arena *arena, const json_t *row, struct risk_rule *rule, struct error *err)
{
	static const char *const severities[] = {"C", "H", "M", "L", NULL};
	static const char *const tiers[] = {"SHADOW", "WARN", "ENFORCE", NULL};
	static const char *const faults[] = {"block", "warn", NULL};
	static const char *const waivers[] = {"none", "approver", "owner", NULL};
	const char *severity = "C", *on_error = "block";
	int rc;

	if ((rc = take_word(arena, row, "severity", severities, &severity, err)) < 0 ||
		(rc = take_word(arena, row, "tier", tiers, &rule->tier, err)) < 0 ||
		(rc = take_word(arena, row, "on_error", faults, &on_error, err)) < 0 ||
		(rc = take_word(arena, row, "waivable", waivers, &rule->waivable, err)) < 0)
		return rc;
	rule->severity = *severity;
	rule->is_blocking = strcmp(on_error, "warn") != 0;
	return 0;
}

static int take_manifest(
	struct arena *arena, const json_t *row, struct risk_rule *rule, struct error *err)
{
	const struct {
		const char *field;
		const char **ret;
	} texts[] = {
		{"owner", &rule->owner},
		{"title", &rule->title},
		{"looks_at", &rule->looks_at},
		{"why", &rule->why},
		{"suggestion", &rule->suggestion},
		{"doc", &rule->doc},
	};

	if (rule->tier)
		return refuse(err, "it describes twice the rule", rule->id);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (take_text(arena, row, texts[i].field, TEXT_MAX, texts[i].ret, err) < 0)
			return spoil(err);
	return take_words(arena, row, rule, err);
}

static int take_unreadable(
	struct arena *arena, const json_t *row, struct risk_rule *rule, struct error *err)
{
	const char *place = "", *message = "";
	int rc;

	if (rule->tier && !rule->fault)
		return refuse(err, "it says of one rule both things:", rule->id);
	if (rule->fault) /* the first says enough */
		return 0;
	if ((rc = take_fault(arena, row, &place, &message, err)) < 0)
		return rc;
	*rule = (struct risk_rule){.id = rule->id,
		.severity = 'C',
		.tier = "ENFORCE",
		.waivable = "none",
		.owner = "",
		.title = "cannot be read",
		.looks_at = "",
		.why = "",
		.suggestion = "",
		.doc = "",
		.is_blocking = true,
		.fault = arena_format(arena, "%s: %s", place, message)};
	return 0;
}

int risk_answer_list(struct arena *arena, const char *bytes, size_t length, struct risk_rule *rules,
	size_t count, struct error *err)
{
	const json_t *output, *row;
	size_t i, at = 0;
	int rc = parse(arena, bytes, length, &output, err);

	if (rc < 0)
		return rc;
	json_array_foreach (json_object_get(output, "rules"), i, row)
		if ((rc = take_rule(arena, row, "id", rules, count, &at, err)) < 0 ||
			(rc = take_manifest(arena, row, &rules[at], err)) < 0)
			return rc;
	json_array_foreach (json_object_get(output, "errors"), i, row)
		if ((rc = take_rule(arena, row, "rule", rules, count, &at, err)) < 0 ||
			(rc = take_unreadable(arena, row, &rules[at], err)) < 0)
			return rc;
	for (i = 0; i < count; i++)
		if (!rules[i].tier)
			return refuse(err, "it says nothing of the rule", rules[i].id);
	return 0;
}

/* --- findings --- */

struct reading {
	struct arena *arena;
	const struct risk_rule *rules;
	size_t count, capacity;
	struct risk_report *report;
	struct rule_reading {
		size_t findings;
		bool is_heard; /* it was evaluated, or it is said why not */
		bool has_fault;
	} * of_rule;
};

static struct risk_finding *add_finding(struct reading *reading)
{
	struct risk_report *report = reading->report;

	report->findings = arena_grow(reading->arena, report->findings, report->count,
		&reading->capacity, sizeof(*report->findings));
	return &report->findings[report->count++];
}

/* A failure is critical and cannot be waived, unless the rule says that its own only warns. */
static void add_fault(struct reading *reading, size_t at, const char *place, const char *message)
{
	const struct risk_rule *rule = &reading->rules[at];

	reading->report->has_error |= rule->is_blocking;
	reading->of_rule[at].has_fault = true;
	*add_finding(reading) = (struct risk_finding){
		.rule = RISK_ERROR_RULE,
		.severity = rule->is_blocking ? 'C' : 'L',
		.tier = rule->is_blocking ? "ENFORCE" : "WARN",
		.object = rule->id,
		.seen = place,
		.message =
			arena_format(reading->arena, "the rule %s failed: %s", rule->id, message),
		.why = "What a rule that failed would have found is not known.",
		.suggestion = "The owner of the rule mends it; then the change is assessed anew.",
		.doc = rule->doc,
		.owner = rule->owner,
		.waivable = "none",
		.title = "a rule failed",
	};
}

static int take_errors(struct reading *reading, const json_t *output, struct error *err)
{
	const char *place = "", *message = "";
	const json_t *row;
	size_t i, at = 0;
	int rc;

	json_array_foreach (json_object_get(output, "errors"), i, row) {
		if ((rc = take_rule(reading->arena, row, "rule", reading->rules, reading->count,
			     &at, err)) < 0 ||
			(rc = take_fault(reading->arena, row, &place, &message, err)) < 0)
			return rc;
		reading->of_rule[at].is_heard = true;
		if (!reading->of_rule[at].has_fault)
			add_fault(reading, at, place, message);
	}
	return 0;
}

/* Which rules were evaluated; what they are is known from a child that saw no input. */
static int take_heard(struct reading *reading, const json_t *output, struct error *err)
{
	const json_t *row;
	size_t i, at = 0;
	int rc;

	json_array_foreach (json_object_get(output, "rules"), i, row) {
		if ((rc = take_rule(reading->arena, row, "id", reading->rules, reading->count, &at,
			     err)) < 0)
			return rc;
		reading->of_rule[at].is_heard = true;
	}
	return 0;
}

static int take_finding(struct reading *reading, const json_t *row, struct error *err)
{
	static const char *const keys[] = {"rule", "step", "object", "seen", "message", NULL};
	struct risk_finding finding = {0};
	const struct risk_rule *rule;
	size_t at = 0;
	int rc = take_rule(reading->arena, row, "rule", reading->rules, reading->count, &at, err);

	if (rc < 0)
		return rc;
	if (json_check_keys(row, keys, err) < 0 ||
		json_get_int(row, "step", false, 0, STEP_MAX, &finding.step, err) < 0 ||
		take_text(reading->arena, row, "object", OBJECT_MAX, &finding.object, err) < 0 ||
		take_text(reading->arena, row, "seen", TEXT_MAX, &finding.seen, err) < 0 ||
		take_text(reading->arena, row, "message", TEXT_MAX, &finding.message, err) < 0)
		return spoil(err);
	rule = &reading->rules[at];
	if (++reading->of_rule[at].findings > FINDINGS_OF_RULE_MAX)
		return refuse(err, "too many findings of the rule", rule->id);
	reading->of_rule[at].is_heard = true;
	finding.rule = rule->id;
	finding.severity = rule->severity;
	finding.tier = rule->tier;
	finding.why = rule->why;
	finding.suggestion = rule->suggestion;
	finding.doc = rule->doc;
	finding.owner = rule->owner;
	finding.waivable = rule->waivable;
	finding.title = rule->title;
	*add_finding(reading) = finding;
	return 0;
}

/* The child's own words about a rule that failed are in `errors` too. */
static int take_said_fault(struct reading *reading, const json_t *row, struct error *err)
{
	size_t at = 0;
	int rc = take_rule(reading->arena, row, "object", reading->rules, reading->count, &at, err);

	if (rc == 0 && !reading->of_rule[at].has_fault)
		return refuse(err, "it does not say why the rule failed:", reading->rules[at].id);
	return rc;
}

static int take_findings(struct reading *reading, const json_t *output, struct error *err)
{
	const json_t *row;
	json_t *list;
	size_t i;
	int rc;

	if (json_get_array(output, "findings", true, &list, err) < 0)
		return spoil(err);
	json_array_foreach (list, i, row) {
		const char *rule = json_string_value(json_object_get(row, "rule"));

		rc = rule && strcmp(rule, RISK_ERROR_RULE) == 0 ? take_said_fault(reading, row, err)
								: take_finding(reading, row, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int risk_answer_report(struct arena *arena, const char *bytes, size_t length,
	const struct risk_rule *rules, size_t count, struct risk_report *ret, struct error *err)
{
	struct reading reading = {.arena = arena, .rules = rules, .count = count, .report = ret};
	const json_t *output;
	int rc = parse(arena, bytes, length, &output, err);

	reading.of_rule = arena_alloc(arena, count * sizeof(*reading.of_rule));
	if (rc < 0 || (rc = take_errors(&reading, output, err)) < 0 ||
		(rc = take_heard(&reading, output, err)) < 0 ||
		(rc = take_findings(&reading, output, err)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (!reading.of_rule[i].is_heard)
			add_fault(&reading, i, rules[i].id, "the runner says nothing of it");
	return 0;
}

/* --- tests --- */

static json_t *test_row(struct arena *arena, const json_t *row, struct error *err)
{
	const json_t *example = json_object_get(json_object_get(row, "example"), "message");
	const char *id = "", *severity = "", *tier = "", *owner = "", *title = "";
	int64_t tests = 0;
	json_t *made;

	if (take_text(arena, row, "id", ID_MAX, &id, err) < 0 ||
		take_text(arena, row, "severity", ID_MAX, &severity, err) < 0 ||
		take_text(arena, row, "tier", ID_MAX, &tier, err) < 0 ||
		take_text(arena, row, "owner", TEXT_MAX, &owner, err) < 0 ||
		take_text(arena, row, "title", TEXT_MAX, &title, err) < 0 ||
		json_get_int(row, "tests", true, 0, INT32_MAX, &tests, err) < 0)
		return NULL;
	made = json_object();
	json_set_text(made, "id", id);
	json_set_text(made, "severity", risk_severity_word(*severity));
	json_set_text(made, "tier", tier);
	json_set_text(made, "owner", owner);
	json_set_text(made, "title", title);
	json_set_int(made, "tests", tests);
	if (json_is_string(example) && json_string_length(example) <= TEXT_MAX)
		json_set_text(made, "example", text_visible(arena, json_string_value(example)));
	return made;
}

static json_t *fault_row(struct arena *arena, const json_t *row, struct error *err)
{
	const char *file = "", *rule = "", *message = "";
	int64_t line = 0;
	json_t *made;

	if (take_text(arena, row, "file", TEXT_MAX, &file, err) < 0 ||
		(json_object_get(row, "rule") &&
			take_text(arena, row, "rule", TEXT_MAX, &rule, err) < 0) ||
		json_get_int(row, "line", true, 0, INT32_MAX, &line, err) < 0 ||
		take_text(arena, row, "message", TEXT_MAX, &message, err) < 0)
		return NULL;
	made = json_object();
	json_set_text(made, "file", file);
	json_set_int(made, "line", line);
	json_set_text(made, "rule", rule);
	json_set_text(made, "message", message);
	return made;
}

static int copy_rows(struct arena *arena, const json_t *list, json_t *made,
	json_t *(*copy)(struct arena *arena, const json_t *row, struct error *err),
	struct error *err)
{
	const json_t *row;
	size_t i;

	json_array_foreach (list, i, row) {
		json_t *one = copy(arena, row, err);

		if (!one)
			return spoil(err);
		json_array_append_new(made, one);
	}
	return 0;
}

int risk_answer_test(struct arena *arena, const char *bytes, size_t length, const json_t **ret,
	struct error *err)
{
	json_t *made = json_object(), *rules = json_array(), *errors = json_array();
	const json_t *output;
	int rc = parse(arena, bytes, length, &output, err);

	json_object_set_new(made, "rules", rules);
	json_object_set_new(made, "errors", errors);
	arena_defer(arena, free_json, made);
	if (rc < 0 ||
		(rc = copy_rows(arena, json_object_get(output, "rules"), rules, test_row, err)) <
			0 ||
		(rc = copy_rows(arena, json_object_get(output, "errors"), errors, fault_row, err)) <
			0)
		return rc;
	json_set_bool(made, "ok",
		json_is_true(json_object_get(output, "ok")) && !json_array_size(errors) &&
			json_array_size(rules));
	*ret = made;
	return 0;
}
