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

static void keep_text(char **slot, const char *text)
{
	free(*slot);
	*slot = text ? strdup(text) : NULL;
}

static void keep_answer(
	struct probe *probe, enum adapter_outcome outcome, const char *value, const char *message)
{
	probe->is_asked = false;
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
		if (!probe->sampled_ms || due_ms <= now_ms)
			probe_ask(probe);
		else
			run_wake_at(run, due_ms);
	}
}
