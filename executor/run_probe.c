/* Reading the world: each register and reading of the graph, no more often than somebody needs it.
 */
#include "executor/executor_rooms.h"
#include "executor/run.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

void probe_need(struct probe *probe, int64_t at_most_ms)
{
	if (!probe->need_ms || at_most_ms < probe->need_ms)
		probe->need_ms = at_most_ms;
}

void probes_clear_needs(struct run *run)
{
	for (size_t i = 0; i < run->graph->register_count; i++)
		run->probes[i].need_ms = 0;
}

bool probe_is_current(const struct probe *probe)
{
	return probe->sampled_ms && probe->sample_writes == probe->writes;
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(struct probe *const *)a)->key, (*(struct probe *const *)b)->key);
}

void probes_index(struct run *run)
{
	size_t count = run->graph->register_count;

	run->key_index = arena_alloc(&run->arena, (count + 1) * sizeof(*run->key_index));
	for (size_t i = 0; i < count; i++)
		run->key_index[i] = &run->probes[i];
	qsort(run->key_index, count, sizeof(*run->key_index), by_key);
}

static int to_key(const void *key, const void *probe)
{
	return strcmp(key, (*(struct probe *const *)probe)->key);
}

struct probe *probe_of_key(struct run *run, const char *key)
{
	struct probe **found = bsearch(
		key, run->key_index, run->graph->register_count, sizeof(*run->key_index), to_key);

	return found ? *found : NULL;
}

static void keep_text(char **slot, const char *text)
{
	free(*slot);
	*slot = text ? strdup(text) : NULL;
}

static void keep_answer(
	struct probe *probe, enum adapter_outcome outcome, const char *value, const char *message)
{
	probe->is_asked = false;
	probe->sample_writes = probe->asked_writes;
	probe->sampled_ms = time_mono_ms();
	probe->outcome = outcome;
	keep_text(&probe->value, outcome == ADAPTER_OK ? value : NULL);
	keep_text(&probe->message, message);
}

static void on_answer(void *arg, const struct adapter_result *result)
{
	struct probe *probe = arg;
	struct run *run = probe->run;

	run->calls--;
	keep_answer(probe, result->outcome, result->value, result->message);
	run_wake(run);
}

void probe_ask(struct probe *probe)
{
	struct error err = ERROR_INIT;
	struct run *run = probe->run;

	probe->asked_writes = probe->writes;
	if (!probe->adapter) {
		keep_answer(probe, ADAPTER_UNKNOWN, NULL, probe->problem);
		run_wake(run);
		return;
	}
	if (probe->adapter->read(run->executor->options.client, &probe->target, &probe->address,
		    RUN_TARGET_TIMEOUT_MS, on_answer, probe, &err) < 0) {
		keep_answer(probe, ADAPTER_UNREACHABLE, NULL, err.message);
		run_wake(run);
		return;
	}
	probe->is_asked = true;
	run->calls++;
}

void probes_read(struct run *run, int64_t now_ms)
{
	for (size_t i = 0; i < run->graph->register_count; i++) {
		struct probe *probe = &run->probes[i];
		int64_t due_ms = probe->sampled_ms + probe->need_ms;

		if (!probe->need_ms || probe->is_asked)
			continue;
		if (!probe->sampled_ms || due_ms <= now_ms || !probe_is_current(probe))
			probe_ask(probe);
		else
			run_wake_at(run, due_ms);
	}
}
