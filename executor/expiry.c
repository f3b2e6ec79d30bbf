/*
 * What has been in effect for too long: people are told once, or the way back is started where
 * the plan says so. A run that is still open keeps its items; they show as expired.
 */
#include "executor/executor_rooms.h"
#include "executor/run.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "notify/notify.h"

#include <stdlib.h>
#include <string.h>

struct expiry {
	struct executor *executor;
	struct execution_start start;
	char item_id[ID_SIZE], restores_id[ID_SIZE], notify_id[ID_SIZE];
	bool is_restore, is_started;
	int64_t at_us;
};

static int tell(
	struct store_tx *tx, struct expiry *expiry, const struct item *item, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct notify_event event = {
		.type = "item.expired",
		.subject = arena_format(arena, "effect/%s", item->id),
		.text = arena_format(arena, "%s is still %s: its time is over (%s, execution %s)",
			item->register_key, item->ours ? item->ours : "absent", item->plan,
			item->execution_id),
	};

	memcpy(event.id, expiry->notify_id, ID_SIZE);
	return notify_send(tx, &event, expiry->at_us, err);
}

static int start_restore(
	struct store_tx *tx, struct expiry *expiry, const struct item *item, struct error *err)
{
	struct execution *ended;

	if (execution_get(tx, store_tx_arena(tx), item->execution_id, &ended, err) < 0)
		return err->code;
	if (!execution_is_terminal(ended->state))
		return 0;
	memcpy(expiry->restores_id, ended->id, ID_SIZE);
	expiry->start.principal = &execution_system;
	expiry->start.is_undo = true;
	expiry->start.restores_id = expiry->restores_id;
	expiry->start.graph_digest = arena_text(store_tx_arena(tx), ended->graph_digest);
	expiry->start.why = "its time in effect is over";
	expiry->start.at_us = expiry->at_us;
	expiry->is_started = true;
	return execution_start(tx, &expiry->start, err);
}

/* One way back undoes all items of the run: none of them starts another. */
static int mark_run(
	struct store_tx *tx, struct expiry *expiry, const char *execution_id, struct error *err)
{
	struct item **items;
	size_t count;

	if (item_list(tx, store_tx_arena(tx), execution_id, NULL, &items, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++)
		if (item_mark_expired(tx, items[i]->id, "expired: the way back was started",
			    expiry->at_us, err) < 0)
			return err->code;
	return 0;
}

static int ask(struct store_tx *tx, void *arg, struct error *err)
{
	struct expiry *expiry = arg;
	struct item *item;

	if (item_get(tx, store_tx_arena(tx), expiry->item_id, &item, err) < 0)
		return err->code;
	if (item->state == ITEM_CLOSED || item->expires_at_us > expiry->at_us)
		return 0;
	if (expiry->is_restore && start_restore(tx, expiry, item, err) < 0)
		return err->code;
	if (tell(tx, expiry, item, err) < 0)
		return err->code;
	return expiry->is_started ? mark_run(tx, expiry, item->execution_id, err)
				  : item_mark_expired(tx, item->id, "expired: people were told",
					    expiry->at_us, err);
}

static void told(void *arg, const struct error *err)
{
	struct expiry *expiry = arg;

	if (err)
		log_warn("executor", "an expired item could not be handled", "item",
			expiry->item_id, "error", err->message);
	else if (expiry->is_started)
		executor_wake(expiry->executor, expiry->start.id);
	free(expiry);
}

static void handle(struct executor *executor, const struct item *item, int64_t now_us)
{
	struct expiry *expiry = calloc(1, sizeof(*expiry));

	expiry->executor = executor;
	expiry->at_us = now_us;
	expiry->is_restore = text_is_equal(item->on_expiry, "restore");
	memcpy(expiry->item_id, item->id, ID_SIZE);
	id_new(expiry->notify_id);
	id_new(expiry->start.id);
	expiry->start.epoch = executor->epoch;
	snprintf(expiry->start.owner, sizeof(expiry->start.owner), "%s", executor->owner);
	store_write_vital(executor->options.store, ask, told, expiry);
}

/* One way back undoes all items of a run, so a run is handled once a look. */
static bool is_first_of_run(struct item **items, size_t position)
{
	for (size_t i = 0; i < position; i++)
		if (text_is_equal(items[i]->execution_id, items[position]->execution_id))
			return false;
	return true;
}

void expiry_look(struct executor *executor)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	int64_t now_us = time_now_us();
	struct item **items;
	size_t count;

	if (item_list_expired(store_reader(executor->options.store), &arena, now_us, &items, &count,
		    &err) < 0)
		log_warn("executor", "expired items cannot be listed", "error", err.message);
	else
		for (size_t i = 0; i < count; i++)
			if (!text_is_equal(items[i]->on_expiry, "restore") ||
				is_first_of_run(items, i))
				handle(executor, items[i], now_us);
	arena_done(&arena);
}
