#include "change/alert/alert.h"
#include "inventory/target.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 5000

struct source {
	struct alerts *alerts;
	const char *name;
	json_t *firing;	  /* of the last answer; NULL = there was none yet */
	int64_t good_ms;  /* when it was asked for */
	int64_t asked_ms; /* the last question, answered or not */
	bool was_asked, is_asking, is_silent;
	char reason[200]; /* why the last question has no answer */
};

struct waiter {
	struct waiter *next;
	void (*told)(void *arg);
	void *arg;
};

struct alerts {
	struct alerts_options options;
	struct loop_timer *timer;
	struct source *sources;
	size_t count, asking;
	struct waiter *waiters, *told; /* told: of whom all is known */
	bool is_stopping;
};

static int64_t each_ms(const struct alerts *alerts)
{
	return alerts->options.each_ms ? alerts->options.each_ms : ALERTS_EACH_MS;
}

/* --- who waits --- */

/* Those who waited when it was said; who comes meanwhile waits for the next time. */
static void tell_waiters(void *arg)
{
	struct alerts *alerts = arg;
	struct waiter *list = alerts->told, *waiter;

	alerts->told = NULL;
	while ((waiter = list)) {
		list = waiter->next;
		waiter->told(waiter->arg);
		free(waiter);
	}
}

static void tell_soon(struct alerts *alerts)
{
	struct waiter **end = &alerts->told;

	while (*end)
		end = &(*end)->next;
	*end = alerts->waiters;
	alerts->waiters = NULL;
	if (alerts->is_stopping)
		tell_waiters(alerts);
	else if (alerts->told)
		loop_soon(alerts->options.loop, tell_waiters, alerts);
}

/* --- asking --- */

static void fail(struct source *source, const char *reason)
{
	snprintf(source->reason, sizeof(source->reason), "%s", reason);
	if (!source->is_silent)
		log_warn("change", "alerts cannot be read", "source", source->name, "reason",
			source->reason);
	source->is_silent = true;
}

/* A name is shown in a finding: whatever a source calls an alert, it can be read, and is one. */
static void make_names_visible(json_t *firing)
{
	struct arena arena = ARENA_INIT;
	json_t *labels;
	size_t i;

	json_array_foreach (firing, i, labels) {
		const char *name = json_string_value(json_object_get(labels, "alertname"));

		if (name)
			json_set_text(labels, "alertname", text_visible(&arena, name));
	}
	arena_done(&arena);
}

static void take(struct source *source, const struct adapter_result *result)
{
	json_t *firing = NULL;

	if (result->outcome != ADAPTER_OK || json_parse(result->value, strlen(result->value),
						     JSON_DEPTH_MAX, &firing, NULL) < 0) {
		fail(source, result->message ? result->message : "no usable answer");
		return;
	}
	make_names_visible(firing);
	json_decref(source->firing);
	source->firing = firing;
	source->good_ms = source->asked_ms;
	source->is_silent = false;
}

static void answered(void *arg, const struct adapter_result *result)
{
	struct source *source = arg;
	struct alerts *alerts = source->alerts;

	source->is_asking = false;
	take(source, result);
	if (!--alerts->asking)
		tell_soon(alerts);
}

static int start(struct source *source, struct arena *arena, struct error *err)
{
	const struct alerts_options *options = &source->alerts->options;
	const struct adapter *adapter;
	struct adapter_target at;
	struct target *target;
	int rc = target_get(store_reader(options->store), arena, source->name, &target, err);

	if (rc < 0)
		return rc;
	adapter = adapter_find(options->adapters, target->kind);
	if (!adapter || !adapter->alerts)
		return error_set(err, ERROR_INVALID, "%s is a %s: it knows of no alerts",
			source->name, target->kind);
	at = target_for_adapter(target);
	return adapter->alerts(options->client, &at, TIMEOUT_MS, answered, source, err);
}

static void ask(struct source *source)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;

	source->asked_ms = time_mono_ms();
	source->was_asked = true;
	if (start(source, &arena, &err) < 0) {
		fail(source, err.message);
	} else {
		source->is_asking = true;
		source->alerts->asking++;
	}
	arena_done(&arena);
}

static bool is_due(const struct source *source, int64_t now_ms)
{
	return !source->is_asking &&
	       (!source->was_asked || now_ms - source->asked_ms >= each_ms(source->alerts));
}

static void ask_due(struct alerts *alerts)
{
	int64_t now_ms = time_mono_ms();

	for (size_t i = 0; i < alerts->count; i++)
		if (is_due(&alerts->sources[i], now_ms))
			ask(&alerts->sources[i]);
}

static void look(void *arg)
{
	struct alerts *alerts = arg;

	if (!alerts->is_stopping)
		ask_due(alerts);
}

void alerts_refresh(struct alerts *alerts, void (*told)(void *arg), void *arg)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		abort();
	*waiter = (struct waiter){alerts->waiters, told, arg};
	alerts->waiters = waiter;
	if (!alerts->is_stopping)
		ask_due(alerts);
	if (!alerts->asking)
		tell_soon(alerts);
}

/* --- what is known --- */

static bool is_known(const struct source *source)
{
	return source->firing &&
	       time_mono_ms() - source->good_ms <= ALERTS_GOOD_TIMES * each_ms(source->alerts);
}

void alerts_on(const struct alerts *alerts, const char *environment,
	const struct alert_subject *subjects, size_t count, json_t **ret_alerts,
	json_t **ret_sources)
{
	json_t *list = json_array(), *sources = json_array();

	for (size_t i = 0; alerts && i < alerts->count; i++) {
		const struct source *source = &alerts->sources[i];
		bool known = is_known(source);
		const char *reason =
			source->was_asked && *source->reason ? source->reason : "no answer yet";

		json_array_append_new(
			sources, json_pack("{s:s, s:b, s:s}", "name", source->name, "known", known,
					 "reason", known ? "" : reason));
		if (known)
			alert_match(source->firing, environment, subjects, count, list);
	}
	*ret_alerts = list;
	*ret_sources = sources;
}

/* --- opening --- */

int alerts_open(const struct alerts_options *options, struct alerts **ret, struct error *err)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));

	if (!alerts)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	alerts->options = *options;
	while (options->sources && options->sources[alerts->count])
		alerts->count++;
	alerts->sources = calloc(alerts->count + 1, sizeof(*alerts->sources));
	alerts->timer = loop_timer_new(options->loop, look, alerts);
	if (!alerts->sources) {
		alerts_close(alerts);
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	}
	for (size_t i = 0; i < alerts->count; i++)
		alerts->sources[i] = (struct source){.alerts = alerts, .name = options->sources[i]};
	if (alerts->count)
		loop_timer_start(alerts->timer, 0, each_ms(alerts));
	*ret = alerts;
	return 0;
}

void alerts_stop(struct alerts *alerts)
{
	if (!alerts || alerts->is_stopping)
		return;
	alerts->is_stopping = true;
	loop_timer_stop(alerts->timer);
	tell_soon(alerts);
}

void alerts_close(struct alerts *alerts)
{
	if (!alerts)
		return;
	loop_timer_free(alerts->timer);
	for (size_t i = 0; alerts->sources && i < alerts->count; i++)
		json_decref(alerts->sources[i].firing);
	free(alerts->sources);
	free(alerts);
}
