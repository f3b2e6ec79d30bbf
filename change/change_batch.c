/* In which batches a change goes over its targets: how many, of which zones, which whole shards. */
#include "change/change_rooms.h"
#include "inventory/target.h"
#include "lib/base/json.h"

#include <string.h>

#define SHARD_LABEL "shard"

static bool is_batch(const struct revision_step *step)
{
	return step->phase == PHASE_CANARY || step->phase == PHASE_BATCH ||
	       step->phase == PHASE_FULL;
}

static bool is_same_batch(const struct revision_step *a, const struct revision_step *b)
{
	size_t i = 0;

	if (a->phase != b->phase)
		return false;
	while (a->targets[i] && b->targets[i] && !strcmp(a->targets[i], b->targets[i]))
		i++;
	return !a->targets[i] && !b->targets[i];
}

/* --- shards: targets of one kind, environment and service with the same label --- */

/* What all replicas of the target's shard have in common; NULL when it is of none. The caller's. */
static json_t *shard_of(const struct target *target)
{
	json_t *all = target_all_labels(target);
	const char *shard = json_string_value(json_object_get(all, SHARD_LABEL));
	json_t *made = NULL;

	if (shard && *shard) {
		made = json_pack("{s:s}", SHARD_LABEL, shard);
		if (*target->environment)
			json_set_text(made, "environment", target->environment);
		if (*target->service)
			json_set_text(made, "service", target->service);
	}
	json_decref(all);
	return made;
}

static bool is_in(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/* A shard of one has no replicas that could stand in. */
static int add_if_whole(struct arena *arena, const struct rule_input *input,
	const struct revision_step *step, const char *kind, const json_t *shard, json_t *whole,
	struct error *err)
{
	struct target **replicas;
	size_t count, inside = 0;
	int rc = target_select(input->tx, arena, kind, shard, &replicas, &count, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		inside += is_in(step->targets, replicas[i]->name);
	if (count > 1 && inside == count)
		json_append_once(whole, json_string_value(json_object_get(shard, SHARD_LABEL)));
	return 0;
}

struct seen {
	json_t *zones, *whole_shards;
	json_t *shards; /* that were counted */
	int64_t count;
};

static bool was_counted(json_t *shards, json_t *shard)
{
	json_t *one;
	size_t i;

	json_array_foreach (shards, i, one)
		if (json_equal(one, shard))
			return true;
	json_array_append(shards, shard);
	return false;
}

static int look_at_target(struct arena *arena, const struct rule_input *input,
	const struct revision_step *step, const char *name, struct seen *seen, struct error *err)
{
	struct target *target;
	json_t *shard;
	int rc = target_get(input->tx, arena, name, &target, err);

	if (rc < 0)
		return rc;
	seen->count++;
	if (*target->zone)
		json_append_once(seen->zones, target->zone);
	shard = shard_of(target);
	if (shard && !was_counted(seen->shards, shard))
		rc = add_if_whole(arena, input, step, target->kind, shard, seen->whole_shards, err);
	json_decref(shard);
	return rc;
}

/* --- batches --- */

static int add_batch(struct arena *arena, const struct rule_input *input,
	const struct revision_step *step, json_t *list, struct error *err)
{
	int64_t total = (int64_t)input->revision->target_count;
	struct seen seen = {json_array(), json_array(), json_array(), 0};
	json_t *batch = json_object();
	int rc = 0;

	for (size_t i = 0; rc >= 0 && step->targets[i]; i++)
		rc = look_at_target(arena, input, step, step->targets[i], &seen, err);
	json_decref(seen.shards);
	json_set_int(batch, "seq", (int64_t)json_array_size(list) + 1);
	json_set_text(batch, "phase", step_phase_word(step->phase));
	json_set_int(batch, "targets", seen.count);
	json_set_int(batch, "percent", total ? (seen.count * 100 + total - 1) / total : 100);
	json_set_int(batch, "observe_s", step->observe_s);
	json_object_set_new(batch, "zones", seen.zones);
	json_object_set_new(batch, "whole_shards", seen.whole_shards);
	json_array_append_new(list, batch);
	return rc;
}

int change_input_batches(
	struct arena *arena, const struct rule_input *input, json_t **ret, struct error *err)
{
	const struct revision *revision = input->revision;
	const struct revision_step *before = NULL;
	json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < revision->step_count; i++) {
		const struct revision_step *step = &revision->steps[i];

		if (!is_batch(step))
			continue;
		/* Steps on the same targets one behind the other are one batch. */
		if (before && is_same_batch(before, step)) {
			json_set_int(json_array_get(list, json_array_size(list) - 1), "observe_s",
				step->observe_s);
			continue;
		}
		before = step;
		rc = add_batch(arena, input, step, list, err);
	}
	if (rc < 0)
		json_decref(list);
	else
		*ret = list;
	return rc;
}
