/* A run's memory from the rows: at its start, after a restart, after a commit that was lost. */
#include "executor/run.h"
#include "lib/base/canonical.h"
#include "lib/base/text.h"
#include "safety/lock.h"

#include <stdlib.h>
#include <string.h>

#define EXPECTED_REGISTERS_MAX 64

/* The row of a rehearsal: only what values depend on. */
static void make_row(struct run *run, const char *restores_id)
{
	run->row = arena_alloc(&run->arena, sizeof(*run->row));
	run->row->restores_id = arena_text(&run->arena, restores_id);
	run->row->mode = "graceful";
}

static int load_graph(struct run *run, struct store_tx *reader, struct error *err)
{
	struct stored_graph *stored;

	if (graph_store_get(reader, &run->arena, run->row->graph_digest, &stored, err) < 0)
		return err->code;
	run->lines = stored->lines;
	return graph_parse(&run->arena, stored->bytes, stored->length, &run->graph, err);
}

static const char *args_json(struct arena *arena, const char *const *args)
{
	json_t *list = json_array();
	const char *text;

	for (; args && *args; args++)
		json_array_append_new(list, json_string(*args));
	text = json_text(arena, list);
	json_decref(list);
	return text;
}

/* A target that cannot be found or used is a problem of this probe, seen when it is read. */
static void find_target(
	struct run *run, struct store_tx *reader, struct probe *probe, const char *name)
{
	const struct adapter_list *adapters = run->executor->options.adapters;
	struct error err = ERROR_INIT;
	struct target *target;

	if (!name || target_get(reader, &run->arena, name, &target, &err) < 0) {
		probe->problem = name ? arena_text(&run->arena, err.message)
				      : "switches are not served by this release";
		return;
	}
	if (target_check_allowed(target, probe->address.type, probe->address.args, &err) < 0) {
		probe->problem = arena_text(&run->arena, err.message);
		return;
	}
	probe->source = target;
	probe->target = target_for_adapter(target);
	probe->type = adapter_type_find(adapters, probe->address.type);
	probe->adapter = probe->type ? adapter_find(adapters, target->kind) : NULL;
	if (!probe->adapter)
		probe->problem = run_text(run, "no adapter for %s", probe->address.type);
}

static void load_probes(struct run *run, struct store_tx *reader)
{
	run->probes =
		arena_alloc(&run->arena, (run->graph->register_count + 1) * sizeof(*run->probes));
	for (size_t i = 0; i < run->graph->register_count; i++) {
		const struct graph_register *reg = &run->graph->registers[i];
		struct probe *probe = &run->probes[i];

		probe->run = run;
		probe->reg = i;
		probe->key = safety_register_key(&run->arena, reg->target, reg->type, reg->args);
		probe->args_json = args_json(&run->arena, reg->args);
		probe->address = (struct adapter_register){
			.type = reg->type, .args = reg->args, .http = reg->http};
		find_target(run, reader, probe, reg->target);
	}
	probes_index(run);
}

static int load_samples(struct run *run, struct store_tx *reader, struct error *err)
{
	struct sample_row *rows;
	size_t count;

	if (sample_store_list(reader, &run->arena, run->row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		struct probe *probe;

		if ((size_t)rows[i].reg >= run->graph->register_count)
			continue;
		probe = &run->probes[rows[i].reg];
		probe->has_start = true;
		probe->start_outcome = text_is_equal(rows[i].outcome, "ok")	  ? ADAPTER_OK
				       : text_is_equal(rows[i].outcome, "absent") ? ADAPTER_ABSENT
										  : ADAPTER_UNKNOWN;
		probe->start_value = rows[i].value;
		probe->baseline = rows[i].value;
		probe->known = rows[i].value;
		probe->has_known = probe->start_outcome == ADAPTER_OK ||
				   probe->start_outcome == ADAPTER_ABSENT;
		run->is_sampled = true;
	}
	return 0;
}

/* In a restore, `baseline` and `percent` mean before the run that is restored. */
static int load_baselines(struct run *run, struct store_tx *reader, struct error *err)
{
	struct effect_row **rows;
	size_t count;

	if (!run->row->restores_id)
		return 0;
	if (effect_store_list(reader, &run->arena, run->row->restores_id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = count; i-- > 0;) { /* the oldest intent of a register has its baseline */
		struct probe *probe =
			rows[i]->is_undo ? NULL : probe_of_key(run, rows[i]->register_key);

		if (!probe)
			continue;
		probe->was_touched = true;
		probe->restored = rows[i]->baseline;
	}
	return 0;
}

void run_apply_baselines(struct run *run)
{
	for (size_t i = 0; i < run->graph->register_count; i++)
		if (run->probes[i].was_touched)
			run->probes[i].baseline = run->probes[i].restored;
}

static enum pause_reason failure_of(const struct step *step)
{
	if (step->node->kind == GRAPH_NODE_GATE)
		return PAUSE_GATE;
	return step->state == STEP_IN_DOUBT ? PAUSE_IN_DOUBT : PAUSE_FAILED_STEP;
}

static void take_node(struct run *run, const struct node_row *row)
{
	struct step *step = run_step_at(run, row->path);

	if (!step)
		return;
	step->state = row->state;
	step->message = row->message[0] ? row->message : NULL;
	step->position = row->position;
	step->started_at_us = row->started_at_us;
	step->ended_at_us = row->ended_at_us;
	step->failure = failure_of(step);
}

static int load_nodes(struct run *run, struct store_tx *reader, struct error *err)
{
	struct node_row *rows;
	size_t count;

	if (node_store_list(reader, &run->arena, run->row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++)
		take_node(run, &rows[i]);
	return 0;
}

static struct effect *known_effect(struct run *run, struct step *step, const struct effect_row *row)
{
	struct effect *effect = arena_alloc(&run->arena, sizeof(*effect));

	effect->run = run;
	effect->step = step;
	effect->probe = &run->probes[row->reg];
	effect->row = *row;
	effect->has_row = true;
	effect->phase = EFFECT_PHASE_END;
	return effect;
}

/* An intent without outcome was perhaps sent: read back, then decided. */
static void recover_effect(struct run *run, struct step *step, const struct effect_row *row)
{
	step->effect = known_effect(run, step, row);
	step->effect->is_recovered = true;
	step->state = STEP_RUNNING;
	run->in_flight++;
	effect_read(step->effect);
}

static void take_effect_of_step(struct run *run, struct step *step, const struct effect_row *row)
{
	bool is_good = row->state == EFFECT_CONFIRMED || row->state == EFFECT_NOOP;

	step->attempt = row->attempt;
	step->last_seq = row->seq;
	step->effect = NULL; /* of an attempt before */
	if (is_good && step->state == STEP_NOT_STARTED)
		step->state = STEP_SUCCEEDED;
	else if (row->state == EFFECT_INTENT)
		recover_effect(run, step, row);
	else if (row->state == EFFECT_IN_DOUBT && step->state == STEP_IN_DOUBT)
		step->effect = known_effect(run, step, row); /* a person may mark it */
}

static void take_effect(struct run *run, const struct effect_row *row)
{
	struct step *step = run_step_at(run, row->path);

	run->effect_seq = row->seq;
	if ((size_t)row->reg >= run->graph->register_count)
		return;
	if (row->state == EFFECT_CONFIRMED || row->state == EFFECT_NOOP) {
		run->probes[row->reg].known = row->wanted;
		run->probes[row->reg].has_known = true;
	}
	if (row->is_undo && row->state == EFFECT_INTENT)
		undo_recover(run, row);
	else if (!row->is_undo && step && step->node->kind == GRAPH_NODE_SET)
		take_effect_of_step(run, step, row);
}

static int load_effects(struct run *run, struct store_tx *reader, struct error *err)
{
	struct effect_row **rows;
	size_t count;

	if (effect_store_list(reader, &run->arena, run->row->id, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++)
		take_effect(run, rows[i]);
	return 0;
}

static int64_t latest_seq(const struct step_list *list)
{
	int64_t latest = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];
		int64_t seq = latest_seq(&step->body);

		latest = step->last_seq > latest ? step->last_seq : latest;
		latest = seq > latest ? seq : latest;
		for (size_t j = 0; j < step->node->branch_count; j++) {
			seq = latest_seq(&step->branches[j]);
			latest = seq > latest ? seq : latest;
		}
	}
	return latest;
}

/* Effects older than what another stage did since are of a pass before. */
static void reset_older(struct step_list *list, int64_t seq)
{
	for (size_t i = 0; i < list->count; i++) {
		struct step *step = &list->steps[i];

		if (step->last_seq && step->last_seq < seq && !step_is_open_failure(step))
			step_reset(step);
		reset_older(&step->body, seq);
		for (size_t j = 0; j < step->node->branch_count; j++)
			reset_older(&step->branches[j], seq);
	}
}

/*
 * A ramp that went one stage back has effects of stages beyond the one it stands at, and its own
 * stage is to be done once more.
 */
static void place_ramp(struct step *ramp)
{
	size_t at = (size_t)ramp->position;
	int64_t other = 0;

	for (size_t i = 0; i < ramp->node->branch_count; i++) {
		int64_t seq = i == at ? 0 : latest_seq(&ramp->branches[i]);

		other = seq > other ? seq : other;
		if (i > at && seq) {
			ramp->is_going_back = true;
			ramp->back_count = 1;
		}
	}
	if (at < ramp->node->branch_count)
		reset_older(&ramp->branches[at], other);
	for (size_t i = at + 1; i < ramp->node->branch_count; i++)
		step_list_reset(&ramp->branches[i]);
}

static void place_ramps(struct run *run)
{
	for (size_t i = 0; i < run->step_count; i++)
		if (run->by_path[i]->node->kind == GRAPH_NODE_RAMP &&
			!step_is_done(run->by_path[i]))
			place_ramp(run->by_path[i]);
}

int run_load(struct executor *executor, const char *id, struct run **ret, struct error *err)
{
	struct store_tx *reader = store_reader(executor->options.store);
	struct run *run = calloc(1, sizeof(*run));

	run->executor = executor;
	if (execution_get(reader, &run->arena, id, &run->row, err) < 0 ||
		load_graph(run, reader, err) < 0) {
		arena_done(&run->arena);
		free(run);
		return err->code;
	}
	run->has_exceptions = run->row->has_exceptions;
	run_tree_build(run);
	load_probes(run, reader);
	if (load_samples(run, reader, err) < 0 || load_baselines(run, reader, err) < 0 ||
		load_nodes(run, reader, err) < 0 || load_effects(run, reader, err) < 0) {
		run->is_closed = true;
		run_try_free(run);
		return err->code;
	}
	run_apply_baselines(run);
	place_ramps(run);
	*ret = run;
	return 0;
}

int run_load_expected(struct executor *executor, const char *id, const char *graph_digest,
	struct run **ret, struct error *err)
{
	struct store_tx *reader = store_reader(executor->options.store);
	struct run *run = calloc(1, sizeof(*run));
	int rc;

	run->executor = executor;
	run->is_expected = true;
	make_row(run, NULL);
	snprintf(run->row->id, sizeof(run->row->id), "%s", id);
	run->row->graph_digest = arena_text(&run->arena, graph_digest);
	rc = load_graph(run, reader, err);
	if (rc >= 0 && run->graph->register_count > EXPECTED_REGISTERS_MAX)
		rc = error_set(err, ERROR_TOO_LARGE, "it has too many registers");
	if (rc < 0) {
		arena_done(&run->arena);
		free(run);
		return rc;
	}
	run_tree_build(run);
	load_probes(run, reader);
	*ret = run;
	return 0;
}

/* Loaded from what was committed then: a target may have been changed by the same commit. */
static bool is_target_same(struct run *run, const struct probe *probe)
{
	struct store_tx *reader = store_reader(run->executor->options.store);
	struct error err = ERROR_INIT;
	struct target *target;

	return probe->source &&
	       target_get(reader, &run->arena, probe->source->name, &target, &err) == 0 &&
	       text_is_equal(target->id, probe->source->id) &&
	       target->version == probe->source->version;
}

/* The commit may have taken long: what was read before it is then not "now". */
static void forget_old_samples(struct run *run)
{
	int64_t now_ms = time_mono_ms();

	for (size_t i = 0; i < run->graph->register_count; i++)
		if (now_ms - run->probes[i].sampled_ms > RUN_FRESH_MS)
			run->probes[i].sampled_ms = 0;
}

int run_take_over(struct run *run, struct error *err)
{
	struct store_tx *reader = store_reader(run->executor->options.store);
	struct execution *row;

	for (size_t i = 0; i < run->graph->register_count; i++)
		if (!is_target_same(run, &run->probes[i]))
			return error_set(err, ERROR_STALE, "a target is another now");
	if (execution_get(reader, &run->arena, run->row->id, &row, err) < 0)
		return err->code;
	if (row->state != EXECUTION_RUNNING || row->version != 1)
		return error_set(err, ERROR_STALE, "the run went on meanwhile");
	run->row = row;
	run->is_expected = false;
	forget_old_samples(run);
	return 0;
}

int run_rehearse(struct executor *executor, const char *graph_bytes, size_t length,
	const char *restores_id, void (*rehearsed)(void *arg, struct run *run), void *arg,
	struct error *err)
{
	struct store_tx *reader = store_reader(executor->options.store);
	struct run *run = calloc(1, sizeof(*run));

	run->executor = executor;
	run->rehearsed = rehearsed;
	run->rehearsed_arg = arg;
	make_row(run, restores_id);
	if (graph_parse(&run->arena, graph_bytes, length, &run->graph, err) < 0) {
		arena_done(&run->arena);
		free(run);
		return err->code;
	}
	run_tree_build(run);
	load_probes(run, reader);
	if (load_baselines(run, reader, err) < 0) {
		run->is_closed = true;
		run_try_free(run);
		return err->code;
	}
	run_begin(run);
	return 0;
}
