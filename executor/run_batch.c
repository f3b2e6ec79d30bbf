/*
 * What a walk decided, as one closure. Facts are always written. Proposals (intents, a new state
 * of the run) only while the run is what the walk saw: a command that came between drops them,
 * and the next walk decides again.
 */
#include "executor/run.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "notify/notify.h"
#include "safety/lock.h"

#include <stdlib.h>
#include <string.h>

enum change_kind {
	CHANGE_STEP,
	CHANGE_SAMPLES,
	CHANGE_INTENT,
	CHANGE_OUTCOME,
	CHANGE_STATE,
	CHANGE_EXCEPTION,
	CHANGE_COMMAND_SEQ,
	CHANGE_ITEM_CLOSE,
	CHANGE_ITEM_ADOPT,
	CHANGE_KIND_COUNT,
};

struct change {
	struct change *next;
	enum change_kind kind;
	bool was_dropped;
	struct effect *effect;
	struct step *step;
	struct node_row node;
	struct execution_change state;
	char notify_id[ID_SIZE], item_id[ID_SIZE];
	const char *text, *id;
	int64_t seq;
};

struct batch {
	struct run *run;
	struct arena arena;
	struct change *first, **end;
	int64_t seen_version;
	int64_t at_us;
	bool is_current;
	bool is_lost;  /* its commit failed: it is sent again when the store can write */
	bool was_lost; /* what it proposed was decided too long ago: only its facts count */
	struct execution *ret_row;
};

struct batch *run_batch(struct run *run)
{
	struct batch *batch = run->draft;

	if (batch)
		return batch;
	batch = calloc(1, sizeof(*batch));
	batch->run = run;
	batch->end = &batch->first;
	batch->seen_version = run->row->version;
	batch->at_us = time_now_us();
	run->draft = batch;
	return batch;
}

static void free_batch(struct batch *batch)
{
	arena_done(&batch->arena);
	free(batch);
}

void batch_forget(struct run *run)
{
	if (run->draft)
		free_batch(run->draft);
	run->draft = NULL;
	if (run->out && run->out->is_lost) {
		free_batch(run->out);
		run->out = NULL;
	}
}

static struct change *add(struct run *run, enum change_kind kind)
{
	struct batch *batch = run_batch(run);
	struct change *change = arena_alloc(&batch->arena, sizeof(*change));

	change->kind = kind;
	*batch->end = change;
	batch->end = &change->next;
	return change;
}

void batch_add_step(struct run *run, struct step *step)
{
	struct change *change = add(run, CHANGE_STEP);

	change->step = step;
	change->node = (struct node_row){
		.path = step->node->path,
		.state = step->state,
		.message = step->message,
		.position = step->position,
		.started_at_us = step->started_at_us,
		.ended_at_us = step->ended_at_us,
	};
	if (step->node->kind == GRAPH_NODE_GATE && step->state == STEP_WAITING)
		id_new(change->notify_id);
}

void batch_add_samples(struct run *run)
{
	add(run, CHANGE_SAMPLES);
}

void batch_add_intent(struct run *run, struct effect *effect)
{
	struct change *change = add(run, CHANGE_INTENT);

	change->effect = effect;
	id_new(change->item_id);
	run->in_flight++;
}

void batch_add_outcome(struct run *run, struct effect *effect)
{
	add(run, CHANGE_OUTCOME)->effect = effect;
}

void batch_add_state(
	struct run *run, enum execution_state state, enum pause_reason reason, const char *message)
{
	struct change *change = add(run, CHANGE_STATE);
	int64_t at_us = run->draft->at_us;

	change->state = (struct execution_change){
		.id = run->row->id,
		.state = state,
		.reason = reason,
		.message = message,
		.at_us = at_us,
		.ended_at_us = execution_is_terminal(state) ? at_us : 0,
		.has_exceptions = run->has_exceptions,
		/* once it rolls back it never goes forward again */
		.is_phase_rollback = state == EXECUTION_ROLLING_BACK ? 1 : -1,
	};
	id_new(change->notify_id);
}

void batch_add_exception(struct run *run)
{
	add(run, CHANGE_EXCEPTION);
}

void batch_add_command_seq(struct run *run, int64_t seq)
{
	add(run, CHANGE_COMMAND_SEQ)->seq = seq;
}

void batch_add_item_close(struct run *run, const char *item_id, const char *reason)
{
	struct change *change = add(run, CHANGE_ITEM_CLOSE);

	change->id = item_id;
	change->text = reason;
}

void batch_add_item_adopt(struct run *run, const char *item_id, const char *reason)
{
	struct change *change = add(run, CHANGE_ITEM_ADOPT);

	change->id = item_id;
	change->text = reason;
}

/* --- ask: inside the transaction --- */

static int audit(struct store_tx *tx, struct batch *batch, struct audit_record *record,
	json_t *detail, struct error *err)
{
	int rc;

	record->actor = &audit_system;
	record->detail = detail;
	rc = audit_append(tx, record, batch->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

static int tell_gate(
	struct store_tx *tx, struct batch *batch, const struct change *change, struct error *err)
{
	const struct graph_node *node = change->step->node;
	struct notify_event event = {
		.type = "execution.gate",
		.subject = arena_format(&batch->arena, "execution/%s", batch->run->row->id),
		.text = arena_format(&batch->arena, "%s waits for an answer of %s: %s",
			batch->run->row->plan, node->role, node->title),
	};

	memcpy(event.id, change->notify_id, ID_SIZE);
	return notify_send(tx, &event, batch->at_us, err);
}

static int apply_step(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	const struct graph_node *node = change->step->node;
	struct audit_record record = {
		.action = AUDIT_STEP_STATE,
		.outcome = change->node.state == STEP_FAILED || change->node.state == STEP_TIMED_OUT
				   ? AUDIT_FAILED
				   : AUDIT_OK,
		.subject_kind = "step",
		.subject_id = arena_format(&batch->arena, "%s/%s", batch->run->row->id, node->path),
	};
	json_t *detail;

	if (node_store_put(tx, batch->run->row->id, &change->node, err) < 0)
		return err->code;
	if (change->notify_id[0] && tell_gate(tx, batch, change, err) < 0)
		return err->code;
	detail = json_object();
	json_set_text(detail, "execution", batch->run->row->id);
	json_set_text(detail, "kind", graph_node_word(node->kind));
	json_set_text(detail, "title", node->title);
	json_set_text(detail, "state", step_state_word(change->node.state));
	json_set_text(detail, "message", change->node.message);
	json_set_int(detail, "position", change->node.position);
	return audit(tx, batch, &record, detail, err);
}

static const char *sample_word(enum adapter_outcome outcome)
{
	if (outcome == ADAPTER_OK)
		return "ok";
	return outcome == ADAPTER_ABSENT ? "absent" : "unknown";
}

static int apply_samples(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	struct run *run = batch->run;

	(void)change;
	for (size_t i = 0; i < run->graph->register_count; i++) {
		const struct probe *probe = &run->probes[i];
		struct sample_row row = {
			.reg = (int64_t)i,
			.outcome = sample_word(probe->start_outcome),
			.value = probe->start_value,
		};

		if (sample_store_put(tx, run->row->id, &row, err) < 0)
			return err->code;
	}
	return 0;
}

static int put_item(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	struct effect *effect = change->effect;
	const struct execution *row = batch->run->row;
	struct item_write write = {
		.register_key = effect->row.register_key,
		.target = effect->probe->target.name,
		.type = effect->probe->address.type,
		.args = effect->probe->args_json,
		.execution_id = row->id,
		.restores_id = row->restores_id,
		.plan = row->plan,
		.person = row->requested_name,
		.baseline = effect->row.baseline,
		.wanted = effect->row.wanted,
		.at_us = batch->at_us,
		.expires_at_us = batch->at_us + row->expires_ms * 1000,
		.on_expiry = row->on_expiry,
	};
	char item_id[ID_SIZE];

	memcpy(write.id, change->item_id, ID_SIZE);
	if (item_put(tx, &write, item_id, err) < 0)
		return err->code;
	effect->row.item_id = arena_text(&batch->run->arena, item_id);
	return 0;
}

static int apply_intent(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	if (put_item(tx, batch, change, err) < 0)
		return err->code;
	return effect_record_intent(
		tx, &change->effect->row, batch->run->row->graph_digest, batch->at_us, err);
}

static int apply_outcome(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	struct effect *effect = change->effect;

	return effect_record_outcome(tx, &effect->row, effect->has_row ? &effect->from : NULL,
		batch->run->row, batch->at_us, err);
}

static int apply_state(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	if (execution_change_state(
		    tx, batch->ret_row, &change->state, &audit_system, change->notify_id, err) < 0)
		return err->code;
	return 0;
}

static int apply_exception(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	(void)change;
	return execution_store_set_exception(tx, batch->run->row->id, err);
}

static int apply_command_seq(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	return execution_store_set_command_seq(tx, batch->run->row->id, change->seq, err);
}

static int apply_item_close(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	return item_close(tx, change->id, change->text, &audit_system, batch->at_us, err);
}

static int apply_item_adopt(
	struct store_tx *tx, struct batch *batch, struct change *change, struct error *err)
{
	return item_adopt(tx, change->id, change->text, &audit_system, batch->at_us, err);
}

/* --- told: after the commit --- */

static void told_intent(struct change *change)
{
	struct effect *effect = change->effect;

	if (!change->was_dropped) {
		effect->has_row = true;
		effect_send(effect);
		return;
	}
	effect->run->in_flight--;
	if (effect->step) {
		step_reset(effect->step);
	} else {
		effect->is_begun = false;
		effect->phase = EFFECT_PHASE_READ;
	}
}

static void told_outcome(struct change *change)
{
	struct effect *effect = change->effect;

	if (effect->has_row)
		effect->run->in_flight--;
	effect->has_row = true;
	effect->phase = EFFECT_PHASE_END;
	effect->run->executor->effects[effect->row.state]++;
	if (effect->row.state == EFFECT_CONFIRMED || effect->row.state == EFFECT_NOOP) {
		effect->probe->known = effect->row.wanted;
		effect->probe->has_known = true;
	}
}

static const struct {
	int (*apply)(
		struct store_tx *tx, struct batch *batch, struct change *change, struct error *err);
	void (*told)(struct change *change);
	bool is_proposal;
} KINDS[CHANGE_KIND_COUNT] = {
	[CHANGE_STEP] = {apply_step, NULL, false},
	[CHANGE_SAMPLES] = {apply_samples, NULL, false},
	[CHANGE_INTENT] = {apply_intent, told_intent, true},
	[CHANGE_OUTCOME] = {apply_outcome, told_outcome, false},
	[CHANGE_STATE] = {apply_state, NULL, true},
	[CHANGE_EXCEPTION] = {apply_exception, NULL, false},
	[CHANGE_COMMAND_SEQ] = {apply_command_seq, NULL, false},
	[CHANGE_ITEM_CLOSE] = {apply_item_close, NULL, false},
	[CHANGE_ITEM_ADOPT] = {apply_item_adopt, NULL, false},
};

static int ask(struct store_tx *tx, void *arg, struct error *err)
{
	struct batch *batch = arg;
	struct run *run = batch->run;

	if (execution_get(tx, &batch->arena, run->row->id, &batch->ret_row, err) < 0)
		return err->code;
	if (!text_is_equal(batch->ret_row->owner, run->executor->owner) ||
		batch->ret_row->epoch != run->executor->epoch)
		return error_set(err, ERROR_CONFLICT, "execution %s belongs to another daemon",
			run->row->id);
	batch->is_current = !batch->was_lost && batch->ret_row->version == batch->seen_version;
	for (struct change *change = batch->first; change; change = change->next) {
		change->was_dropped = KINDS[change->kind].is_proposal && !batch->is_current;
		if (!change->was_dropped && KINDS[change->kind].apply(tx, batch, change, err) < 0)
			return err->code;
	}
	return execution_get(tx, &batch->arena, run->row->id, &batch->ret_row, err);
}

static bool is_of_the_store(const struct error *err)
{
	return err->code == ERROR_NOT_DURABLE || err->code == ERROR_OUTCOME_UNKNOWN ||
	       err->code == ERROR_DISK_FULL;
}

/* In this life of the daemon a commit that failed is gone, whatever a crash would bring back. */
static void fail(struct batch *batch, const struct error *err)
{
	struct run *run = batch->run;

	if (run->is_closed || run->executor->is_closing || !is_of_the_store(err)) {
		run->out = NULL;
		free_batch(batch);
		executor_on_lost(run->executor, run, err);
		return;
	}
	batch->is_lost = batch->was_lost = true;
	executor_on_held(run->executor, run, err);
}

static void told(void *arg, const struct error *err)
{
	struct batch *batch = arg;
	struct run *run = batch->run;

	if (err) {
		fail(batch, err);
		return;
	}
	run->out = NULL;
	if (!run->is_closed && !run->executor->is_closing) {
		run_take_row(run, batch->ret_row); /* what the next walk sees */
		for (struct change *change = batch->first; change; change = change->next)
			if (KINDS[change->kind].told)
				KINDS[change->kind].told(change);
		run_wake(run);
	}
	free_batch(batch);
	run_try_free(run);
}

static bool sends_something_new(const struct batch *batch)
{
	for (const struct change *change = batch->first; change; change = change->next)
		if (change->kind == CHANGE_INTENT && !change->effect->row.is_undo)
			return !batch->was_lost;
	return false;
}

/* What sends a new effect is refused on a full disk; the rest goes through. */
static void write_batch(struct batch *batch)
{
	struct store *store = batch->run->executor->options.store;

	if (sends_something_new(batch))
		store_write(store, ask, told, batch);
	else
		store_write_vital(store, ask, told, batch);
}

void run_batch_send_again(struct run *run)
{
	if (!run->out || !run->out->is_lost)
		return;
	run->out->is_lost = false;
	write_batch(run->out);
}

bool run_batch_send(struct run *run)
{
	struct batch *batch = run->draft;

	if (!batch)
		return false;
	run->draft = NULL;
	run->out = batch;
	write_batch(batch);
	return true;
}
