#include "inventory/target_watch.h"

#include "inventory/target_rooms.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS	      15000
#define FIRST_TICK_MS 1000
#define TIMEOUT_MS    3000
#define IN_FLIGHT_MAX 8 /* of the client's calls: effects must not wait for us */
#define BUCKETS	      1024

struct entry {
	struct target_watch *watch;
	struct entry *next; /* in its bucket */
	char id[ID_SIZE];
	char *name, *kind;
	int64_t version;
	bool is_asked, is_checked, is_reachable;
	enum adapter_outcome outcome;
	char *message;
	int64_t checked_at_us, seen_at_us;
	int64_t due_ms; /* monotonic */
	uint64_t round; /* in which it was last listed */
};

struct target_watch {
	struct target_watch_options options;
	struct loop_timer *timer;
	struct entry *buckets[BUCKETS];
	struct entry **order; /* of this round, by name */
	size_t order_count, cursor;
	size_t in_flight;
	uint64_t round;
	bool is_stopped;
};

static const char *const outcome_words[] = {
	[ADAPTER_OK] = "ok",
	[ADAPTER_ABSENT] = "absent",
	[ADAPTER_UNKNOWN] = "unknown",
	[ADAPTER_REFUSED] = "refused",
	[ADAPTER_STALE] = "stale",
	[ADAPTER_UNREACHABLE] = "unreachable",
	[ADAPTER_NO_ANSWER] = "no_answer",
};

const char *target_outcome_word(enum adapter_outcome outcome)
{
	return outcome_words[outcome];
}

/* --- entries --- */

static struct entry **slot_of(struct target_watch *watch, const char *id)
{
	size_t hash = 5381;
	struct entry **slot;

	for (const char *c = id; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	slot = &watch->buckets[hash % BUCKETS];
	while (*slot && strcmp((*slot)->id, id) != 0)
		slot = &(*slot)->next;
	return slot;
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = value ? strdup(value) : NULL;
}

static struct entry *add_entry(struct target_watch *watch, const char *id)
{
	struct entry **slot = slot_of(watch, id);

	if (*slot)
		return *slot;
	*slot = calloc(1, sizeof(**slot));
	if (!*slot)
		abort();
	(*slot)->watch = watch;
	snprintf((*slot)->id, sizeof((*slot)->id), "%s", id);
	return *slot;
}

static void free_entry(struct entry *entry)
{
	free(entry->name);
	free(entry->kind);
	free(entry->message);
	free(entry);
}

/* A target that was changed is another one: what was seen before says nothing. */
static void update_entry(struct entry *entry, const struct target_brief *brief, uint64_t round)
{
	entry->round = round;
	if (entry->name && entry->version == brief->version)
		return;
	set_text(&entry->name, brief->name);
	set_text(&entry->kind, brief->kind);
	entry->version = brief->version;
	entry->is_checked = false;
	entry->checked_at_us = entry->seen_at_us = entry->due_ms = 0;
	set_text(&entry->message, NULL);
}

static void drop_removed(struct target_watch *watch)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct entry **slot = &watch->buckets[i];

		while (*slot) {
			struct entry *entry = *slot;

			if (entry->round == watch->round || entry->is_asked) {
				slot = &entry->next;
				continue;
			}
			*slot = entry->next;
			free_entry(entry);
		}
	}
}

static void list_again(struct target_watch *watch)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct target_brief *briefs;
	size_t count;

	if (target_store_briefs(store_reader(watch->options.store), &arena, &briefs, &count, &err) <
		0) {
		log_warn("inventory", "targets cannot be listed", "error", err.message);
		arena_done(&arena);
		return;
	}
	watch->round++;
	free(watch->order);
	watch->order = calloc(count + 1, sizeof(struct entry *));
	if (!watch->order)
		abort();
	for (size_t i = 0; i < count; i++) {
		watch->order[i] = add_entry(watch, briefs[i].id);
		update_entry(watch->order[i], &briefs[i], watch->round);
	}
	watch->order_count = count;
	watch->cursor = 0;
	arena_done(&arena);
	drop_removed(watch);
}

/* --- checking --- */

static void pump(struct target_watch *watch);

static void tell_change(const struct entry *entry, bool was_checked, bool was_reachable)
{
	if (was_checked && was_reachable && !entry->is_reachable)
		log_warn("inventory", "a target does not answer as it should", "target",
			entry->name, "outcome", outcome_words[entry->outcome], "message",
			entry->message);
	else if (was_checked && !was_reachable && entry->is_reachable)
		log_info("inventory", "a target is back", "target", entry->name);
}

static void note(
	struct entry *entry, enum adapter_outcome outcome, const char *message, int64_t at_us)
{
	bool was_checked = entry->is_checked, was_reachable = entry->is_reachable;
	struct arena arena = ARENA_INIT;

	entry->is_checked = true;
	entry->outcome = outcome;
	entry->is_reachable = outcome == ADAPTER_OK;
	entry->checked_at_us = at_us;
	if (entry->is_reachable)
		entry->seen_at_us = at_us;
	set_text(&entry->message, message ? text_visible(&arena, message) : NULL);
	arena_done(&arena);
	entry->due_ms = time_mono_ms() + entry->watch->options.interval_ms;
	tell_change(entry, was_checked, was_reachable);
}

static void on_checked(void *arg, const struct adapter_result *result)
{
	struct entry *entry = arg;
	struct target_watch *watch = entry->watch;

	entry->is_asked = false;
	watch->in_flight--;
	note(entry, result->outcome, result->message, time_now_us());
	pump(watch);
}

static void check(struct target_watch *watch, struct entry *entry)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	const struct adapter *adapter = adapter_find(watch->options.adapters, entry->kind);
	struct adapter_target view;
	struct target *target;

	entry->due_ms = time_mono_ms() + watch->options.interval_ms;
	if (adapter && adapter->check &&
		target_get(store_reader(watch->options.store), &arena, entry->name, &target,
			&err) >= 0) {
		view = target_for_adapter(target);
		if (adapter->check(watch->options.client, &view, TIMEOUT_MS, on_checked, entry,
			    &err) < 0) {
			note(entry, ADAPTER_UNREACHABLE, err.message, time_now_us());
		} else {
			entry->is_asked = true;
			watch->in_flight++;
		}
	}
	arena_done(&arena);
}

static void pump(struct target_watch *watch)
{
	int64_t now_ms = time_mono_ms();

	while (!watch->is_stopped && watch->in_flight < IN_FLIGHT_MAX &&
		watch->cursor < watch->order_count) {
		struct entry *entry = watch->order[watch->cursor++];

		if (!entry->is_asked && entry->due_ms <= now_ms)
			check(watch, entry);
	}
}

static void tick(void *arg)
{
	struct target_watch *watch = arg;

	if (watch->cursor == watch->order_count)
		list_again(watch);
	pump(watch);
}

/* --- the door --- */

int target_watch_open(
	const struct target_watch_options *options, struct target_watch **ret, struct error *err)
{
	struct target_watch *watch = calloc(1, sizeof(*watch));

	(void)err;
	if (!watch)
		abort();
	watch->options = *options;
	watch->timer = loop_timer_new(options->loop, tick, watch);
	if (options->interval_ms)
		loop_timer_start(watch->timer, FIRST_TICK_MS,
			options->interval_ms < TICK_MS ? options->interval_ms : TICK_MS);
	*ret = watch;
	return 0;
}

void target_watch_now(struct target_watch *watch)
{
	tick(watch);
}

void target_watch_stop(struct target_watch *watch)
{
	if (!watch)
		return;
	watch->is_stopped = true;
	loop_timer_stop(watch->timer);
}

void target_watch_close(struct target_watch *watch)
{
	if (!watch)
		return;
	loop_timer_free(watch->timer);
	for (size_t i = 0; i < BUCKETS; i++) {
		while (watch->buckets[i]) {
			struct entry *entry = watch->buckets[i];

			watch->buckets[i] = entry->next;
			free_entry(entry);
		}
	}
	free(watch->order);
	free(watch);
}

void target_watch_note(struct target_watch *watch, const struct target *target,
	enum adapter_outcome outcome, const char *message, int64_t at_us)
{
	struct target_brief brief = {
		.name = target->name, .kind = target->kind, .version = target->version};
	struct entry *entry;

	if (!watch)
		return;
	memcpy(brief.id, target->id, sizeof(brief.id));
	entry = add_entry(watch, target->id);
	update_entry(entry, &brief, watch->round);
	note(entry, outcome, message, at_us);
}

static void fill_seen(const struct target_watch *watch, const struct entry *entry,
	const struct target_brief *brief, struct target_seen *seen)
{
	const struct adapter *adapter = adapter_find(watch->options.adapters, brief->kind);

	*seen = (struct target_seen){
		.name = brief->name,
		.kind = brief->kind,
		.has_check = adapter && adapter->check,
	};
	if (!entry || entry->version != brief->version || !entry->is_checked)
		return;
	seen->is_checked = true;
	seen->is_reachable = entry->is_reachable;
	seen->outcome = outcome_words[entry->outcome];
	seen->message = entry->message;
	seen->checked_at_us = entry->checked_at_us;
	seen->seen_at_us = entry->seen_at_us;
}

int target_watch_list(struct target_watch *watch, struct store_tx *tx, struct arena *arena,
	struct target_seen **ret, size_t *ret_count, struct error *err)
{
	struct target_brief *briefs;
	struct target_seen *list;
	size_t count;
	int rc = target_store_briefs(tx, arena, &briefs, &count, err);

	if (rc < 0)
		return rc;
	list = arena_alloc(arena, (count + 1) * sizeof(*list));
	for (size_t i = 0; i < count; i++)
		fill_seen(watch, *slot_of(watch, briefs[i].id), &briefs[i], &list[i]);
	*ret = list;
	*ret_count = count;
	return 0;
}
