#include "executor/run.h"
#include "lib/base/canonical.h"
#include "lib/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a form asks for; the daemon's graph parser has checked its shape. */
struct percent {
	long double n;
	const json_t *of;
	const json_t *at_least, *at_most;
	const char *round; /* "up", "nearest"; else down */
};

static bool number_of_json(const json_t *value, long double *ret)
{
	const char *text = NULL;
	char *end;

	if (json_is_object(value))
		value = json_object_get(value, "$decimal");
	if (json_is_integer(value)) {
		*ret = (long double)json_integer_value(value);
		return true;
	}
	text = json_string_value(value);
	if (!text || !*text)
		return false;
	*ret = strtold(text, &end);
	return *end == '\0' && isfinite(*ret);
}

bool value_number(const char *canonical, long double *ret)
{
	json_t *value;
	bool is_number;

	if (!canonical)
		return false;
	value = json_loads(canonical, JSON_DECODE_ANY, NULL);
	is_number = value && !json_is_string(value) && number_of_json(value, ret);
	json_decref(value);
	return is_number;
}

const char *value_text(struct arena *arena, const char *canonical)
{
	json_t *value;
	const char *text;

	if (!canonical)
		return "absent";
	value = json_loads(canonical, JSON_DECODE_ANY, NULL);
	text = value ? graph_value_text(arena, value) : arena_text(arena, canonical);
	json_decref(value);
	return text;
}

bool value_is_relative(const json_t *value)
{
	return json_object_get(value, "$percent") || json_object_get(value, "$rest") ||
	       json_object_get(value, "$baseline");
}

static struct percent percent_of_json(const json_t *inner)
{
	struct percent percent = {
		.of = json_object_get(inner, "of"),
		.at_least = json_object_get(inner, "at_least"),
		.at_most = json_object_get(inner, "at_most"),
		.round = json_string_value(json_object_get(inner, "round")),
	};

	number_of_json(json_object_get(inner, "n"), &percent.n);
	return percent;
}

/* The sum of what the registers were before the run began. */
static bool sum_at_start(struct run *run, const json_t *of, size_t own, long double *ret)
{
	const json_t *position;
	long double one;
	size_t i;

	*ret = 0;
	if (!of)
		return value_number(run->probes[own].baseline, ret);
	json_array_foreach ((json_t *)of, i, position) {
		if (!value_number(run->probes[json_integer_value(position)].baseline, &one))
			return false;
		*ret += one;
	}
	return true;
}

static long double clamp(const struct percent *percent, long double number)
{
	long double bound;

	if (percent->at_least && number_of_json(percent->at_least, &bound) && number < bound)
		number = bound;
	if (percent->at_most && number_of_json(percent->at_most, &bound) && number > bound)
		number = bound;
	return number;
}

static const char *canonical_integer(struct run *run, long double number)
{
	return run_text(run, "%lld", (long long)number);
}

static long double round_as(const char *round, long double exact)
{
	if (text_is_equal(round, "up"))
		return ceill(exact);
	return text_is_equal(round, "nearest") ? roundl(exact) : floorl(exact);
}

static enum value_outcome value_of_percent(
	struct run *run, const json_t *inner, size_t reg, const char **ret, struct error *err)
{
	struct percent percent = percent_of_json(inner);
	long double sum, exact, whole;

	if (!sum_at_start(run, percent.of, reg, &sum)) {
		error_set(err, ERROR_CONFLICT,
			"%s: its value before the run is not a known number, so a percent of it "
			"cannot be taken",
			run->probes[reg].key);
		return VALUE_ERROR;
	}
	exact = clamp(&percent, sum * percent.n / 100);
	whole = round_as(percent.round, exact);
	whole = clamp(&percent, whole);
	if (whole == 0 && exact != 0) {
		error_set(err, ERROR_CONFLICT,
			"%s: %Lg %% of %Lg rounds to 0, which is not a small share but none",
			run->probes[reg].key, percent.n, sum);
		error_remedy(
			err, "give the percent an `at_least`, or raise the weights of the plane");
		return VALUE_ERROR;
	}
	*ret = canonical_integer(run, whole);
	return VALUE_OK;
}

static enum value_outcome value_of_rest(
	struct run *run, const json_t *inner, const char **ret, struct error *err)
{
	const json_t *less = json_object_get(inner, "of"), *position;
	long double total = 0, one;
	int64_t now_ms = time_mono_ms();
	bool is_fresh = true;
	size_t i;

	number_of_json(json_object_get(inner, "total"), &total);
	json_array_foreach ((json_t *)less, i, position) {
		struct probe *probe = &run->probes[json_integer_value(position)];

		probe_need(probe, RUN_FRESH_MS);
		if (!probe_is_current(probe) || now_ms - probe->sampled_ms > RUN_FRESH_MS) {
			is_fresh = false;
			continue;
		}
		if (probe->outcome != ADAPTER_OK || !value_number(probe->value, &one)) {
			error_set(err, ERROR_CONFLICT,
				"%s: not a known number now, so the rest cannot be taken",
				probe->key);
			return VALUE_ERROR;
		}
		total -= one;
	}
	if (!is_fresh)
		return VALUE_NOT_YET;
	*ret = canonical_integer(run, total);
	return VALUE_OK;
}

static enum value_outcome value_of_literal(
	struct run *run, size_t reg, const json_t *value, const char **ret, struct error *err)
{
	struct probe *probe = &run->probes[reg];

	if (!probe->adapter) {
		error_set(err, ERROR_REFUSED, "%s: %s", probe->key, probe->problem);
		return VALUE_ERROR;
	}
	if (probe->adapter->parse(&probe->address, value, &run->arena, ret, err) < 0)
		return VALUE_ERROR;
	return VALUE_OK;
}

/* What the adapter makes of a number that a form gave: its limits hold for it too. */
static enum value_outcome check_number(
	struct run *run, size_t reg, const char **ret, struct error *err)
{
	json_t *value = json_loads(*ret, JSON_DECODE_ANY, NULL);
	enum value_outcome outcome = value_of_literal(run, reg, value, ret, err);

	json_decref(value);
	return outcome;
}

enum value_outcome value_of_set(
	struct run *run, const struct graph_node *node, const char **ret, struct error *err)
{
	struct probe *probe = &run->probes[node->reg];
	enum value_outcome outcome;
	const json_t *inner;

	if (json_object_get(node->value, "$absent")) {
		*ret = NULL;
		return VALUE_OK;
	}
	if (run->row->restores_id && value_is_relative(node->value) && !probe->was_touched)
		return VALUE_LEAVE_ALONE;
	if (json_object_get(node->value, "$baseline")) {
		*ret = probe->baseline;
		return VALUE_OK;
	}
	if ((inner = json_object_get(node->value, "$percent")))
		outcome = value_of_percent(run, inner, node->reg, ret, err);
	else if ((inner = json_object_get(node->value, "$rest")))
		outcome = value_of_rest(run, inner, ret, err);
	else
		return value_of_literal(run, node->reg, node->value, ret, err);
	return outcome == VALUE_OK ? check_number(run, node->reg, ret, err) : outcome;
}

bool value_threshold(struct run *run, const json_t *than, size_t reading, long double *ret)
{
	const json_t *inner = json_object_get(than, "$percent");
	struct percent percent;

	if (inner) {
		percent = percent_of_json(inner);
		if (!sum_at_start(run, percent.of, reading, ret))
			return false;
		*ret = clamp(&percent, *ret * percent.n / 100);
		return true;
	}
	if (json_object_get(than, "$baseline"))
		return value_number(run->probes[reading].baseline, ret);
	if ((inner = json_object_get(than, "$reading"))) {
		struct probe *probe = &run->probes[json_integer_value(inner)];

		return probe_is_current(probe) && probe->outcome == ADAPTER_OK &&
		       value_number(probe->value, ret);
	}
	return number_of_json(than, ret);
}
