#include "adapters/prometheus_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <math.h>
#include <string.h>

#define STALE_SECONDS 60

static struct adapter_result unknown(struct arena *arena, const char *reason)
{
	return adapter_problem(arena, ADAPTER_UNKNOWN, "%s", reason);
}

/* {"status":"error","errorType":"bad_data","error":"..."}, with any HTTP status. */
static struct adapter_result explain_error(const json_t *root, struct arena *arena)
{
	const char *type = json_string_value(json_object_get(root, "errorType"));
	const char *words = json_string_value(json_object_get(root, "error"));
	bool is_ours = text_is_equal(type, "bad_data") || text_is_equal(type, "execution");

	return adapter_problem(arena, is_ours ? ADAPTER_REFUSED : ADAPTER_UNKNOWN,
		"Prometheus: %s: %s", adapter_quote(arena, type ? type : "error"),
		adapter_quote(arena, words ? words : ""));
}

static struct adapter_result explain_status(int status, const char *body, struct arena *arena)
{
	if (status == 401 || status == 403)
		return adapter_problem(arena, ADAPTER_REFUSED,
			"the server answered %d: check the credential of the target", status);
	return adapter_problem(arena, ADAPTER_NO_ANSWER,
		"not an answer that is known (HTTP %d): %s", status, adapter_quote(arena, body));
}

/* The parsed answer when it says success; else NULL and the result that says why not. */
static json_t *open_answer(int status, const char *body, size_t length, struct arena *arena,
	struct adapter_result *ret)
{
	json_t *root = NULL;
	const char *word;

	if (json_parse(body, length, JSON_DEPTH_MAX, &root, NULL) < 0) {
		*ret = explain_status(status, body, arena);
		return NULL;
	}
	word = json_string_value(json_object_get(root, "status"));
	if (text_is_equal(word, "error"))
		*ret = explain_error(root, arena);
	else if (status != 200 || !text_is_equal(word, "success"))
		*ret = explain_status(status, body, arena);
	else
		return root;
	json_decref(root);
	return NULL;
}

/* [1795341461.015, "0.2857"] */
static struct adapter_result read_sample(const json_t *sample, int64_t now_us, struct arena *arena)
{
	const json_t *at = json_array_get(sample, 0);
	const char *text = json_string_value(json_array_get(sample, 1));
	struct adapter_result result = {.outcome = ADAPTER_OK};
	double age;

	if (json_array_size(sample) != 2 || !json_is_number(at) || !text)
		return unknown(arena, "the sample has no time or no value");
	age = (double)now_us / 1e6 - json_number_value(at);
	if (fabs(age) > STALE_SECONDS)
		return adapter_problem(arena, ADAPTER_UNKNOWN,
			"stale: the query was evaluated %.0f s %s", fabs(age),
			age > 0 ? "ago" : "in the future");
	if (text_is_equal(text, "NaN"))
		return unknown(arena, "the value is NaN (0 divided by 0, or no data in a range)");
	result.value = adapter_decimal(arena, text);
	if (!result.value)
		return adapter_problem(arena, ADAPTER_UNKNOWN, "the value %s is no finite number",
			adapter_quote(arena, text));
	return result;
}

static struct adapter_result read_vector(const json_t *samples, int64_t now_us, struct arena *arena)
{
	size_t count = json_array_size(samples);

	if (count == 0)
		return unknown(arena, "the query has no sample now");
	if (count > 1)
		return adapter_problem(arena, ADAPTER_UNKNOWN,
			"the query has %zu samples; a reading is exactly one: aggregate or select",
			count);
	return read_sample(json_object_get(json_array_get(samples, 0), "value"), now_us, arena);
}

static struct adapter_result read_data(const json_t *root, int64_t now_us, struct arena *arena)
{
	const json_t *data = json_object_get(root, "data"),
		     *result = json_object_get(data, "result");
	const char *type = json_string_value(json_object_get(data, "resultType"));
	const json_t *warnings = json_object_get(root, "warnings");

	if (json_array_size(warnings) > 0) {
		const char *first = json_string_value(json_array_get(warnings, 0));

		return adapter_problem(arena, ADAPTER_UNKNOWN, "the answer may be partial: %s",
			adapter_quote(arena, first ? first : ""));
	}
	if (!type || !json_is_array(result))
		return unknown(arena, "the answer has no result");
	if (!strcmp(type, "scalar"))
		return read_sample(result, now_us, arena);
	if (!strcmp(type, "vector"))
		return read_vector(result, now_us, arena);
	return adapter_problem(arena, ADAPTER_UNKNOWN,
		"the query gives a %s; a reading is a scalar or a vector of one sample",
		adapter_quote(arena, type));
}

struct adapter_result prometheus_query_reply(
	int status, const char *body, size_t length, int64_t now_us, struct arena *arena)
{
	struct adapter_result result;
	json_t *root = open_answer(status, body, length, arena, &result);

	if (!root)
		return result;
	result = read_data(root, now_us, arena);
	json_decref(root);
	return result;
}

struct adapter_result prometheus_check_reply(
	int status, const char *body, size_t length, struct arena *arena)
{
	struct adapter_result result;
	json_t *root = open_answer(status, body, length, arena, &result);
	const char *version;

	if (!root)
		return result;
	version = json_string_value(json_object_get(json_object_get(root, "data"), "version"));
	result = (struct adapter_result){.outcome = ADAPTER_OK};
	result.message = arena_format(
		arena, "Prometheus %s", adapter_quote(arena, version ? version : "(no version)"));
	json_decref(root);
	return result;
}

/* --- alerts --- */

/* Only texts: what is no text in a label names nothing. */
static void add_labels(json_t *list, const json_t *labels)
{
	json_t *kept = json_object(), *value;
	const char *key;

	json_object_foreach ((json_t *)labels, key, value)
		if (json_is_string(value))
			json_object_set(kept, key, value);
	json_array_append_new(list, kept);
}

/* Each alert has an object of labels; one without is none that could be judged. */
static struct adapter_result collect(const json_t *alerts, const char *firing, struct arena *arena)
{
	struct adapter_result result = {.outcome = ADAPTER_OK};
	json_t *list = json_array(), *one;
	size_t i;

	json_array_foreach (alerts, i, one) {
		const json_t *labels = json_object_get(one, "labels");
		const char *state = json_string_value(json_object_get(one, "state"));

		if (!json_is_object(labels) || (firing && !state)) {
			result = unknown(arena, "an alert has no labels or no state");
			break;
		}
		if (!firing || text_is_equal(state, firing))
			add_labels(list, labels);
	}
	if (result.outcome == ADAPTER_OK && json_array_size(list) > ADAPTER_ALERTS_MAX)
		result = adapter_problem(arena, ADAPTER_UNKNOWN,
			"%zu alerts fire at once, more than %d are not looked through",
			json_array_size(list), ADAPTER_ALERTS_MAX);
	if (result.outcome == ADAPTER_OK)
		result.value = json_text(arena, list);
	json_decref(list);
	return result;
}

struct adapter_result prometheus_alerts_reply(
	int status, const char *body, size_t length, struct arena *arena)
{
	struct adapter_result result;
	json_t *root = open_answer(status, body, length, arena, &result);
	const json_t *alerts;

	if (!root)
		return result;
	alerts = json_object_get(json_object_get(root, "data"), "alerts");
	if (json_array_size(json_object_get(root, "warnings")) > 0)
		result = unknown(arena, "the answer may be partial");
	else if (!json_is_array(alerts))
		result = unknown(arena, "the answer has no alerts");
	else
		result = collect(alerts, "firing", arena);
	json_decref(root);
	return result;
}

/* Alertmanager's answers are the bare value; its errors a text. */
static json_t *open_bare(int status, const char *body, size_t length, json_type type,
	struct arena *arena, struct adapter_result *ret)
{
	json_t *root = NULL;

	if (status == 200 && json_parse(body, length, JSON_DEPTH_MAX, &root, NULL) >= 0 &&
		json_typeof(root) == type)
		return root;
	json_decref(root);
	*ret = explain_status(status, body, arena);
	return NULL;
}

struct adapter_result alertmanager_alerts_reply(
	int status, const char *body, size_t length, struct arena *arena)
{
	struct adapter_result result;
	json_t *root = open_bare(status, body, length, JSON_ARRAY, arena, &result);

	if (!root)
		return result;
	result = collect(root, NULL, arena);
	json_decref(root);
	return result;
}

struct adapter_result alertmanager_check_reply(
	int status, const char *body, size_t length, struct arena *arena)
{
	struct adapter_result result;
	json_t *root = open_bare(status, body, length, JSON_OBJECT, arena, &result);
	const char *version;

	if (!root)
		return result;
	version =
		json_string_value(json_object_get(json_object_get(root, "versionInfo"), "version"));
	if (version) {
		result = (struct adapter_result){.outcome = ADAPTER_OK};
		result.message =
			arena_format(arena, "Alertmanager %s", adapter_quote(arena, version));
	} else {
		result = explain_status(status, body, arena);
	}
	json_decref(root);
	return result;
}
