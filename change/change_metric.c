/* What Prometheus says of a metric. What is not known is never a yes. */
#include "change/change_rooms.h"
#include "inventory/target.h"
#include "lib/base/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000
#define READING	   "prometheus.value"

struct ask {
	struct changes *changes;
	struct arena arena;
	const char *op, *threshold;
	metric_done *done;
	void *arg;
	const char *problem; /* why nothing was asked */
};

/* --- numbers --- */

/* An integer, or {"$decimal": "0.5"}. */
static bool read_number(const char *value, long double *ret)
{
	json_t *json = value ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;
	const char *text = json_string_value(json_object_get(json, "$decimal"));
	bool is_number = json_is_integer(json) || text;

	if (is_number)
		*ret = text ? strtold(text, NULL) : (long double)json_integer_value(json);
	json_decref(json);
	return is_number && isfinite(*ret);
}

/* As a person writes it: 0.5. */
static const char *plain_number(struct arena *arena, const char *value)
{
	json_t *json = json_loads(value, JSON_DECODE_ANY, NULL);
	const char *text = json_string_value(json_object_get(json, "$decimal"));
	const char *plain = text ? arena_text(arena, text) : value;

	json_decref(json);
	return plain;
}

enum metric_answer metric_compare(const char *value, const char *op, const char *threshold)
{
	long double now, than;
	bool holds;

	if (!read_number(value, &now))
		return METRIC_UNKNOWN;
	than = strtold(threshold, NULL);
	if (!strcmp(op, "<"))
		holds = now < than;
	else if (!strcmp(op, "<="))
		holds = now <= than;
	else if (!strcmp(op, ">"))
		holds = now > than;
	else if (!strcmp(op, ">="))
		holds = now >= than;
	else if (!strcmp(op, "=="))
		holds = now == than;
	else
		return METRIC_UNKNOWN;
	return holds ? METRIC_PASS : METRIC_FAIL;
}

/* A metric holds over a window when its worst value there does. Equality must never have failed:
 * where the value moved there is no sample, and that is unknown. */
const char *metric_worst_query(struct arena *arena, const struct revision_metric *metric)
{
	const char *query = metric->query;
	long long window = (long long)metric->window_s;

	if (metric->op[0] == '<')
		return arena_format(arena, "max_over_time((%s)[%llds:])", query, window);
	if (metric->op[0] == '>')
		return arena_format(arena, "min_over_time((%s)[%llds:])", query, window);
	if (!strcmp(metric->op, "=="))
		return arena_format(arena,
			"max_over_time((%s)[%llds:]) == min_over_time((%s)[%llds:])", query, window,
			query, window);
	return NULL;
}

/* --- asking --- */

static void finish(struct ask *ask, enum metric_answer answer, const char *value)
{
	if (!ask->changes->is_stopping)
		ask->done(ask->arg, answer, value);
	else
		ask->done(ask->arg, METRIC_UNKNOWN, "the daemon stops");
	arena_done(&ask->arena);
	free(ask);
}

static void answered(void *arg, const struct adapter_result *result)
{
	struct ask *ask = arg;
	enum metric_answer answer = METRIC_UNKNOWN;

	if (result->outcome == ADAPTER_OK)
		answer = metric_compare(result->value, ask->op, ask->threshold);
	if (answer == METRIC_UNKNOWN)
		finish(ask, answer, result->message ? result->message : "no usable number");
	else
		finish(ask, answer, plain_number(&ask->arena, result->value));
}

static void not_asked(void *arg)
{
	struct ask *ask = arg;

	finish(ask, METRIC_UNKNOWN, ask->problem);
}

static int start(struct ask *ask, const char *name, const char *query, struct error *err)
{
	const struct changes_options *options = &ask->changes->options;
	const char **args = arena_alloc(&ask->arena, 2 * sizeof(*args));
	struct adapter_register reading = {.type = READING, .args = args};
	const struct adapter *adapter;
	struct adapter_target at;
	struct target *target;
	int rc = target_get(store_reader(options->store), &ask->arena, name, &target, err);

	if (rc < 0)
		return rc;
	args[0] = query;
	adapter = adapter_find(options->adapters, target->kind);
	if (strcmp(target->kind, "prometheus") != 0 || !adapter)
		return error_set(err, ERROR_INVALID, "%s is no Prometheus", name);
	if ((rc = target_check_allowed(target, READING, args, err)) < 0)
		return rc;
	at = target_for_adapter(target);
	return adapter->read(options->client, &at, &reading, TIMEOUT_MS, answered, ask, err);
}

static void ask_for(struct changes *changes, const struct revision_metric *metric,
	const char *query, const char *op, const char *threshold, metric_done *done, void *arg)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	struct error err = ERROR_INIT;

	if (!ask)
		abort();
	ask->changes = changes;
	ask->op = arena_text(&ask->arena, op);
	ask->threshold = arena_text(&ask->arena, threshold);
	ask->done = done;
	ask->arg = arg;
	if (start(ask, metric->target, arena_text(&ask->arena, query), &err) >= 0)
		return;
	ask->problem = arena_text(&ask->arena, err.message);
	loop_soon(changes->options.loop, not_asked, ask);
}

void metric_verify(
	struct changes *changes, const struct revision_metric *metric, metric_done *done, void *arg)
{
	struct arena arena = ARENA_INIT;

	ask_for(changes, metric, metric_worst_query(&arena, metric), metric->op, metric->threshold,
		done, arg);
	arena_done(&arena);
}

void metric_has_baseline(
	struct changes *changes, const struct revision_metric *metric, metric_done *done, void *arg)
{
	struct arena arena = ARENA_INIT;
	/* A week by the hour; and what is younger than an hour by the minute. */
	const char *query = arena_format(&arena,
		"sum(count_over_time((%s)[7d:1h])) or sum(count_over_time((%s)[1h:1m]))",
		metric->query, metric->query);

	ask_for(changes, metric, query, ">=", "1", done, arg);
	arena_done(&arena);
}
