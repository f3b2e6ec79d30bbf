#include "change/emergency/emergency_rooms.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_EACH_MS  5000
#define ACTS_MAX      64 /* of one look */
#define TELL_AGAIN_US (24 * INT64_C(3600000000))

struct emergencies {
	struct store *store;
	struct loop_timer *timer;
	int64_t looking_at_us; /* time of the closure that is under way; 0 = none */
	char ids[ACTS_MAX][ID_SIZE];
	size_t used;
};

/* What ends by itself, of those that are open. */
static int end_overrun(
	struct store_tx *tx, struct arena *arena, struct emergencies *watch, struct error *err)
{
	struct emergency **open;
	size_t count;
	int rc = emergency_store_open(tx, arena, NULL, &open, &count, err);

	for (size_t i = 0; rc >= 0 && i < count && watch->used < ACTS_MAX; i++) {
		const char *why = emergency_overrun(tx, arena, open[i], watch->looking_at_us);

		if (why)
			rc = emergency_finish(tx, open[i], why, &audit_system,
				watch->ids[watch->used++], watch->looking_at_us, err);
	}
	return rc;
}

static int tell_overdue(
	struct store_tx *tx, struct arena *arena, struct emergencies *watch, struct error *err)
{
	int64_t now_us = watch->looking_at_us;
	struct follow_up **late;
	size_t count;
	int rc = follow_up_store_untold(
		tx, arena, now_us, now_us - TELL_AGAIN_US, &late, &count, err);

	for (size_t i = 0; rc >= 0 && i < count && watch->used < ACTS_MAX; i++) {
		rc = follow_up_notify(tx, late[i], watch->ids[watch->used++], "follow-up.overdue",
			arena_format(arena,
				"the follow-up of %s of %s is overdue: nobody starts another "
				"emergency until it is closed",
				late[i]->emergency, late[i]->person),
			now_us, err);
		if (rc >= 0)
			rc = follow_up_store_told(tx, late[i]->seq, now_us, err);
	}
	return rc;
}

static int ask_acts(struct store_tx *tx, void *arg, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	int rc = end_overrun(tx, arena, arg, err);

	return rc < 0 ? rc : tell_overdue(tx, arena, arg, err);
}

static void told(void *arg, const struct error *err)
{
	struct emergencies *watch = arg;

	if (err)
		log_warn("emergency", "cannot end what is over", "error", err->message);
	watch->looking_at_us = 0;
}

static bool is_anything_due(struct emergencies *watch, int64_t now_us)
{
	struct store_tx *tx = store_reader(watch->store);
	struct arena arena = ARENA_INIT;
	struct error ignored = ERROR_INIT;
	struct emergency **open;
	struct follow_up **late;
	size_t count;
	bool is_due = false;

	if (emergency_store_open(tx, &arena, NULL, &open, &count, &ignored) >= 0)
		for (size_t i = 0; i < count && !is_due; i++)
			is_due = emergency_overrun(tx, &arena, open[i], now_us) != NULL;
	if (!is_due && follow_up_store_untold(tx, &arena, now_us, now_us - TELL_AGAIN_US, &late,
			       &count, &ignored) >= 0)
		is_due = count > 0;
	arena_done(&arena);
	return is_due;
}

/* Looks first: a write a look for nothing would fill the disk with commits. */
static void look(void *arg)
{
	struct emergencies *watch = arg;
	int64_t now_us = time_now_us();

	if (watch->looking_at_us || !is_anything_due(watch, now_us))
		return;
	for (size_t i = 0; i < ACTS_MAX; i++)
		id_new(watch->ids[i]);
	watch->used = 0;
	watch->looking_at_us = now_us;
	store_write_vital(watch->store, ask_acts, told, watch);
}

int emergencies_open(
	struct store *store, struct loop *loop, struct emergencies **ret, struct error *err)
{
	struct emergencies *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	watch->store = store;
	watch->timer = loop_timer_new(loop, look, watch);
	loop_timer_start(watch->timer, 0, LOOK_EACH_MS);
	*ret = watch;
	return 0;
}

void emergencies_close(struct emergencies *emergencies)
{
	if (!emergencies)
		return;
	loop_timer_free(emergencies->timer);
	free(emergencies);
}
