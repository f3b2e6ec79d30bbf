/* Rolling back: the journal in reverse, group by group; everything is attempted. */
#include "executor/run.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

struct planned {
	struct item *item;
	const struct effect_row *last; /* the latest intent on the item */
	bool is_uncertain;	       /* the latest write may have happened or not */
};

static const char *undone_execution(const struct run *run)
{
	return run->row->is_undo ? run->row->restores_id : run->row->id;
}

/* --- the latest effect of each item --- */

struct latest {
	const struct effect_row **rows; /* sorted by item, then by intent */
	size_t count;
};

static int by_item(const void *a, const void *b)
{
	const struct effect_row *x = *(struct effect_row *const *)a;
	const struct effect_row *y = *(struct effect_row *const *)b;
	int order = strcmp(x->item_id, y->item_id);

	if (order)
		return order;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static bool is_forward(const struct effect_row *row)
{
	return !row->is_undo;
}

static bool is_written(const struct effect_row *row)
{
	return !row->is_undo && (row->state == EFFECT_CONFIRMED || row->state == EFFECT_MISMATCH ||
					row->state == EFFECT_IN_DOUBT);
}

static bool is_undone(const struct effect_row *row)
{
	return row->is_undo && (row->state == EFFECT_CONFIRMED || row->state == EFFECT_MISMATCH ||
				       row->state == EFFECT_IN_DOUBT);
}

static struct latest index_latest(struct arena *arena, struct effect_row **rows, size_t count,
	bool (*belongs)(const struct effect_row *row))
{
	struct latest latest = {.rows = arena_alloc(arena, (count + 1) * sizeof(*latest.rows))};

	for (size_t i = 0; i < count; i++)
		if (rows[i]->item_id && belongs(rows[i]))
			latest.rows[latest.count++] = rows[i];
	qsort(latest.rows, latest.count, sizeof(*latest.rows), by_item);
	return latest;
}

static const struct effect_row *find_latest(const struct latest *latest, const char *item_id)
{
	size_t low = 0, high = latest->count;

	while (low < high) { /* the first row behind those of the item */
		size_t middle = low + (high - low) / 2;

		if (strcmp(latest->rows[middle]->item_id, item_id) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low && text_is_equal(latest->rows[low - 1]->item_id, item_id))
		return latest->rows[low - 1];
	return NULL;
}

static int by_latest_intent(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;
	int64_t seq_x = x->last ? x->last->seq : 0, seq_y = y->last ? y->last->seq : 0;

	return seq_x < seq_y ? 1 : seq_x > seq_y ? -1 : 0;
}

/* What was written last to each item: by this run going back, else by the one that is undone. */
struct writes {
	struct latest own, undone, done;
};

static bool is_uncertain(const struct writes *writes, const char *item_id)
{
	const struct effect_row *last = find_latest(&writes->own, item_id);

	if (!last)
		last = find_latest(&writes->undone, item_id);
	if (!last)
		last = find_latest(&writes->done, item_id);
	return last && last->state != EFFECT_CONFIRMED;
}

/* From the rows: the open items of the run, latest intent first. */
static int list_planned(struct run *run, struct planned **ret, size_t *ret_count, struct error *err)
{
	struct store_tx *reader = store_reader(run->executor->options.store);
	const char *execution_id = undone_execution(run);
	struct effect_row **rows, **own;
	struct writes writes;
	struct latest forward;
	struct planned *planned;
	struct item **items;
	size_t count, row_count, own_count;

	if (item_list(reader, &run->arena, execution_id, NULL, &items, &count, err) < 0 ||
		effect_store_list(reader, &run->arena, execution_id, &rows, &row_count, err) < 0 ||
		effect_store_list(reader, &run->arena, run->row->id, &own, &own_count, err) < 0)
		return err->code;
	forward = index_latest(&run->arena, rows, row_count, is_forward);
	writes.own = index_latest(&run->arena, own, own_count, is_undone);
	writes.undone = index_latest(&run->arena, rows, row_count, is_undone);
	writes.done = index_latest(&run->arena, rows, row_count, is_written);
	planned = arena_alloc(&run->arena, (count + 1) * sizeof(*planned));
	for (size_t i = 0; i < count; i++)
		planned[i] = (struct planned){items[i], find_latest(&forward, items[i]->id),
			is_uncertain(&writes, items[i]->id)};
	qsort(planned, count, sizeof(*planned), by_latest_intent);
	*ret = planned;
	*ret_count = count;
	return 0;
}

static const char *path_of(const struct planned *planned)
{
	return planned->last ? planned->last->path : planned->item->register_key;
}

/* --- groups --- */

static struct undo_group *add_group(struct run *run, const char *path)
{
	struct step *step = run_step_at(run, path);
	struct undo_group *group;

	run->groups = arena_grow(&run->arena, run->groups, run->group_count, &run->group_capacity,
		sizeof(*run->groups));
	group = &run->groups[run->group_count++];
	*group = (struct undo_group){
		.path = path, .at_once = step ? (size_t)step->node->at_once : 0};
	return group;
}

static void drop_groups(struct run *run)
{
	run->groups = NULL;
	run->group_count = run->group_capacity = run->group_cursor = 0;
}

static struct effect *undo_effect(struct run *run, const struct planned *planned)
{
	struct effect *effect = arena_alloc(&run->arena, sizeof(*effect));

	effect->run = run;
	effect->probe = probe_of_key(run, planned->item->register_key);
	effect->row.path = path_of(planned);
	effect->row.group_path = planned->last ? planned->last->group_path : effect->row.path;
	effect->row.reg = (int64_t)effect->probe->reg;
	effect->row.is_undo = true;
	effect->row.item_id = planned->item->id;
	effect->row.wanted = planned->item->baseline;
	effect->item_ours = planned->item->ours;
	effect->item_before = planned->is_uncertain && planned->item->has_previous
				      ? planned->item->previous
				      : planned->item->ours;
	effect->item_is_top = planned->item->is_top;
	return effect;
}

static int plan(struct run *run, struct error *err)
{
	struct effect **effects;
	struct planned *planned;
	size_t count;

	if (list_planned(run, &planned, &count, err) < 0)
		return err->code;
	drop_groups(run);
	run->undo_conflicts = run->undo_failures = 0;
	effects = arena_alloc(&run->arena, (count + 1) * sizeof(*effects));
	for (size_t i = 0; i < count; i++) {
		struct undo_group *group =
			run->group_count ? &run->groups[run->group_count - 1] : NULL;

		if (!probe_of_key(run, planned[i].item->register_key))
			return error_set(err, ERROR_NOT_FOUND, "the graph has no register %s",
				planned[i].item->register_key);
		effects[i] = undo_effect(run, &planned[i]);
		if (!group || !text_is_equal(group->path, effects[i]->row.group_path)) {
			group = add_group(run, effects[i]->row.group_path);
			group->effects = &effects[i]; /* those of a group follow each other */
		}
		group->count++;
	}
	run->is_undo_planned = true;
	return 0;
}

void undo_recover(struct run *run, const struct effect_row *row)
{
	struct effect **effects = arena_alloc(&run->arena, sizeof(*effects));
	struct effect *effect = arena_alloc(&run->arena, sizeof(*effect));
	struct undo_group *group = add_group(run, row->path);

	*effect = (struct effect){
		.run = run,
		.probe = &run->probes[row->reg],
		.row = *row,
		.has_row = true,
		.is_recovered = true,
		.is_begun = true,
	};
	effects[0] = effect;
	group->effects = effects;
	group->count = 1;
	run->in_flight++;
	effect_read(effect);
}

/* --- the walk --- */

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

static bool is_under_way(const struct effect *effect)
{
	return effect->is_begun && effect->phase != EFFECT_PHASE_END;
}

/* True when every effect of the group has its outcome on disk. */
static bool walk_group(struct walk *walk, struct undo_group *group)
{
	size_t under_way = 0, ended = 0;

	for (size_t i = 0; i < group->count; i++)
		under_way += is_under_way(group->effects[i]);
	for (size_t i = 0; i < group->count; i++) {
		struct effect *effect = group->effects[i];

		if (!effect->is_begun && (!group->at_once || under_way < group->at_once)) {
			effect->is_begun = true;
			under_way++;
			effect_read(effect);
		}
		if (!effect->is_begun)
			continue;
		effect_go_on(walk, effect);
		if (effect->phase != EFFECT_PHASE_END)
			continue;
		settle(walk->run, effect);
		ended++;
	}
	return ended == group->count;
}

void undo_drain(struct walk *walk, bool is_given_up)
{
	struct run *run = walk->run;

	for (size_t i = 0; i < run->group_count; i++) {
		for (size_t j = 0; j < run->groups[i].count; j++) {
			struct effect *effect = run->groups[i].effects[j];

			if (is_given_up)
				effect_give_up(walk, effect);
			else if (effect->has_row)
				effect_go_on(walk, effect);
		}
	}
}

#define NAMED_MAX 3 /* registers in one sentence */

static bool is_left(const struct effect *effect)
{
	enum effect_state state = effect->row.state;

	return state == EFFECT_CONFLICT || state == EFFECT_REFUSED || state == EFFECT_MISMATCH ||
	       state == EFFECT_IN_DOUBT;
}

/* What could not be undone, and why. */
static const char *left_text(struct run *run)
{
	struct buf out = BUF_INIT;
	const char *text;
	size_t count = 0;

	for (size_t i = 0; i < run->group_count; i++) {
		for (size_t j = 0; j < run->groups[i].count; j++) {
			const struct effect *effect = run->groups[i].effects[j];

			if (!is_left(effect) || ++count > NAMED_MAX)
				continue;
			buf_add_format(&out, "%s%s: %s",
				count > 1 ? "; " : "not undone: ", effect->probe->key,
				effect->row.message ? effect->row.message : "refused");
		}
	}
	if (count > NAMED_MAX)
		buf_add_format(&out, "; and %zu more", count - NAMED_MAX);
	text = arena_text(&run->arena, buf_text(&out));
	buf_done(&out);
	return text;
}

static void end_rollback(struct walk *walk)
{
	struct run *run = walk->run;

	if (run->undo_conflicts || run->undo_failures) {
		batch_add_state(run, EXECUTION_PAUSED, PAUSE_CONFLICT, left_text(run));
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

/* --- what a person says to a third value --- */

void undo_answer(struct run *run, const char *path, const char *value)
{
	struct error err = ERROR_INIT;
	struct planned *planned;
	size_t count;

	undo_retry(run);
	if (list_planned(run, &planned, &count, &err) < 0)
		return; /* the next plan fails too, and says so */
	for (size_t i = 0; i < count; i++) {
		struct item *item = planned[i].item;

		if (item->state != ITEM_CONFLICT ||
			(path && !text_is_equal(path, path_of(&planned[i]))))
			continue;
		if (text_is_equal(value, "keep")) {
			run_note_exception(run);
			batch_add_item_close(run, item->id, "kept as it is, by a person");
		} else {
			batch_add_item_adopt(run, item->id, "to be undone, by a person");
		}
	}
}
