/* Rolling back: the journal in reverse, group by group; everything is attempted. */
#include "executor/run.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

struct planned {
	struct item *item;
	const struct effect_row *last; /* the latest intent on the item */
};

static const char *undone_execution(const struct run *run)
{
	return run->row->is_undo ? run->row->restores_id : run->row->id;
}

static int by_latest_intent(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;
	int64_t seq_x = x->last ? x->last->seq : 0, seq_y = y->last ? y->last->seq : 0;

	return seq_x < seq_y ? 1 : seq_x > seq_y ? -1 : 0;
}

static struct probe *probe_of_key(struct run *run, const char *key)
{
	for (size_t i = 0; i < run->graph->register_count; i++)
		if (text_is_equal(run->probes[i].key, key))
			return &run->probes[i];
	return NULL;
}

static const struct effect_row *latest(
	struct effect_row **rows, size_t count, const char *item_id, bool is_undo)
{
	for (size_t i = count; i-- > 0;)
		if (rows[i]->is_undo == is_undo && text_is_equal(rows[i]->item_id, item_id))
			return rows[i];
	return NULL;
}

static bool is_forced(const struct run *run, const char *item_id)
{
	for (const struct forced_item *forced = run->forced; forced; forced = forced->next)
		if (text_is_equal(forced->item_id, item_id))
			return true;
	return false;
}

static struct effect *undo_effect(
	struct run *run, const struct planned *planned, const struct effect_row *open_undo)
{
	struct effect *effect = arena_alloc(&run->arena, sizeof(*effect));
	struct probe *probe = probe_of_key(run, planned->item->register_key);

	effect->run = run;
	effect->probe = probe;
	effect->row.path = planned->last ? planned->last->path : planned->item->register_key;
	effect->row.group_path = planned->last ? planned->last->group_path : effect->row.path;
	effect->row.reg = (int64_t)probe->reg;
	effect->row.item_id = arena_text(&run->arena, planned->item->id);
	effect->row.wanted = planned->item->baseline;
	effect->item_ours = planned->item->ours;
	effect->item_is_top = planned->item->is_top;
	effect->is_forced = is_forced(run, effect->row.item_id);
	if (open_undo) {
		effect->row = *open_undo;
		effect->has_row = true;
		effect->is_recovered = true;
		run->in_flight++;
	}
	return effect;
}

static void add_to_group(struct run *run, struct effect *effect, size_t planned_count)
{
	struct undo_group *group = run->group_count ? &run->groups[run->group_count - 1] : NULL;

	if (!group || !text_is_equal(group->path, effect->row.group_path)) {
		group = &run->groups[run->group_count++];
		group->path = effect->row.group_path;
		group->effects = arena_alloc(&run->arena, planned_count * sizeof(*group->effects));
	}
	group->effects[group->count++] = effect;
}

/* From the rows: the open items of the run, latest intent first. */
static int plan(struct run *run, struct error *err)
{
	struct store_tx *reader = store_reader(run->executor->options.store);
	const char *execution_id = undone_execution(run);
	struct effect_row **rows, **own;
	struct planned *planned;
	struct item **items;
	size_t item_count, row_count, own_count;

	run->group_count = run->group_cursor = 0;
	run->undo_conflicts = run->undo_failures = 0;
	if (item_list(reader, &run->arena, execution_id, NULL, &items, &item_count, err) < 0 ||
		effect_store_list(reader, &run->arena, execution_id, &rows, &row_count, err) < 0 ||
		effect_store_list(reader, &run->arena, run->row->id, &own, &own_count, err) < 0)
		return err->code;
	planned = arena_alloc(&run->arena, (item_count + 1) * sizeof(*planned));
	for (size_t i = 0; i < item_count; i++)
		planned[i] =
			(struct planned){items[i], latest(rows, row_count, items[i]->id, false)};
	qsort(planned, item_count, sizeof(*planned), by_latest_intent);
	run->groups = arena_alloc(&run->arena, (item_count + 1) * sizeof(*run->groups));
	for (size_t i = 0; i < item_count; i++) {
		const struct effect_row *undo = latest(own, own_count, planned[i].item->id, true);
		bool is_open = undo && undo->state == EFFECT_INTENT;

		add_to_group(run, undo_effect(run, &planned[i], is_open ? undo : NULL), item_count);
	}
	run->is_undo_planned = true;
	return 0;
}

static void settle(struct run *run, struct effect *effect)
{
	if (effect->is_counted)
		return;
	effect->is_counted = true;
	run->undo_conflicts += effect->row.state == EFFECT_CONFLICT;
	run->undo_failures += effect->row.state == EFFECT_REFUSED ||
			      effect->row.state == EFFECT_MISMATCH ||
			      effect->row.state == EFFECT_IN_DOUBT;
}

/* True when every effect of the group has its outcome on disk. */
static bool walk_group(struct walk *walk, struct undo_group *group)
{
	bool is_done = true;

	for (size_t i = 0; i < group->count; i++) {
		struct effect *effect = group->effects[i];

		if (!effect->is_begun) {
			effect->is_begun = true;
			effect_read(effect);
		}
		effect_go_on(walk, effect);
		if (effect->phase != EFFECT_PHASE_END)
			is_done = false;
		else
			settle(walk->run, effect);
	}
	return is_done;
}

static void end_rollback(struct walk *walk)
{
	struct run *run = walk->run;

	if (run->undo_conflicts || run->undo_failures) {
		batch_add_state(run, EXECUTION_PAUSED, PAUSE_CONFLICT,
			run_text(run,
				"rolled back, except %zu with another value and %zu that could not "
				"be undone",
				run->undo_conflicts, run->undo_failures));
		return;
	}
	batch_add_state(run,
		run->has_exceptions ? EXECUTION_ROLLED_BACK_WITH_EXCEPTIONS : EXECUTION_ROLLED_BACK,
		PAUSE_NONE, "");
}

void undo_walk(struct walk *walk)
{
	struct run *run = walk->run;
	struct error err = ERROR_INIT;

	if (!run->is_undo_planned && (run->in_flight || run->draft))
		return; /* what is under way, and what this walk decided, gets to disk first */
	if (!run->is_undo_planned && plan(run, &err) < 0) {
		batch_add_state(run, EXECUTION_PAUSED, PAUSE_CONFLICT,
			run_text(run, "the rollback could not be planned: %s", err.message));
		return;
	}
	while (run->group_cursor < run->group_count) {
		if (!walk_group(walk, &run->groups[run->group_cursor]))
			return;
		run->group_cursor++;
	}
	end_rollback(walk);
}

void undo_retry(struct run *run)
{
	run->is_undo_planned = false;
}

/* A person chose the baseline in spite of a third value. */
static void force(struct run *run, const char *item_id)
{
	struct forced_item *forced = arena_alloc(&run->arena, sizeof(*forced));

	forced->item_id = item_id;
	forced->next = run->forced;
	run->forced = forced;
}

void undo_answer(struct run *run, const char *path, const char *value)
{
	for (size_t i = 0; i < run->group_count; i++) {
		for (size_t j = 0; j < run->groups[i].count; j++) {
			struct effect *effect = run->groups[i].effects[j];

			if (effect->row.state != EFFECT_CONFLICT ||
				(path && !text_is_equal(path, effect->row.path)))
				continue;
			if (text_is_equal(value, "keep")) {
				run->has_exceptions = true;
				batch_add_item_close(
					run, effect->row.item_id, "kept as it is, by a person");
			} else {
				force(run, effect->row.item_id);
			}
		}
	}
	run->is_undo_planned = false;
}
