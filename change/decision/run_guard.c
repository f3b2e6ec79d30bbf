#include "change/decision/run_guard.h"

#include "change/change.h"
#include "change/decision/decision_rooms.h"
#include "change/emergency/emergency.h"
#include "inventory/target.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_MS	  1000
#define REAP_EVERY_US	  (5 * INT64_C(1000000))
#define CALENDAR_EVERY_US (10 * INT64_C(1000000))
#define CLOSING_MAX	  1024

/* A run over whose target a calendar closed that says kill: until when it may go on. */
struct closing {
	char run[ID_SIZE];
	int64_t kill_at_us;
};

struct run_guard {
	struct run_guard_options options;
	struct loop_timer *timer;
	void (*must_stop)(void *arg, const struct rcm_run *run);
	void *arg;
	int64_t reap_at_us, calendar_at_us;
	struct closing *closing; /* CLOSING_MAX */
	size_t closing_count;
	bool is_writing;
};

/* --- the end of a run --- */

int run_guard_end(struct store_tx *tx, const struct run_end *end, const struct audit_actor *actor,
	struct error *err)
{
	struct rcm_run *run;
	int rc = run_end(tx, end, actor, err);

	if (rc < 0 || (rc = run_get(tx, store_tx_arena(tx), end->id, &run, err)) < 0)
		return rc;
	if (!run->change_seq)
		return 0;
	return change_note_run_ended(tx, run->change_seq, actor, end->at_us, err);
}

/* --- what must stop --- */

/* NULL = nothing by itself. */
static const char *emergency_reason(
	struct store_tx *tx, struct arena *arena, const struct rcm_run *run, int64_t now_us)
{
	const char *services[2] = {NULL, NULL};
	struct emergency *emergency;
	struct target *target;

	/* A sealed code was told of afterwards: what runs under it is its host's to end. */
	if (!run->emergency ||
		(emergency_get(tx, arena, run->emergency, &emergency, NULL) == 0 &&
			emergency->ended_at_us && emergency->ended_at_us <= run->started_at_us))
		return NULL;
	if (target_get(tx, arena, run->target, &target, NULL) == 0 && *target->service)
		services[0] = target->service;
	if (emergency_find(tx, arena, run->person_id, run->target, services, now_us, &emergency,
		    NULL) == 0)
		return NULL;
	return "the emergency has ended";
}

static struct closing *find_closing(struct run_guard *watch, const char *run)
{
	for (size_t i = 0; i < watch->closing_count; i++)
		if (!strcmp(watch->closing[i].run, run))
			return &watch->closing[i];
	return NULL;
}

/* A calendar that closed since the run began, or said to be closed then after it had begun. */
static void look_at_calendar(struct run_guard *watch, struct store_tx *tx, struct arena *arena,
	const struct rcm_run *run, int64_t now_us)
{
	struct closing *closing;
	struct target *target;
	json_t *subjects;
	int64_t grace_ms;

	if (run->emergency || run->kill_at_us || find_closing(watch, run->id) ||
		watch->closing_count == CLOSING_MAX ||
		target_get(tx, arena, run->target, &target, NULL) < 0)
		return;
	subjects = json_array();
	json_array_append_new(subjects, target_all_labels(target));
	grace_ms = decision_kill_grace_ms(tx, arena, run->change_seq, subjects, now_us);
	json_decref(subjects);
	if (grace_ms < 0)
		return;
	closing = &watch->closing[watch->closing_count++];
	memcpy(closing->run, run->id, ID_SIZE);
	closing->kill_at_us = now_us + grace_ms * 1000;
}

static const char *time_reason(struct run_guard *watch, const struct rcm_run *run, int64_t now_us)
{
	const struct closing *closing = find_closing(watch, run->id);
	int64_t kill_at = run->kill_at_us;

	if (!kill_at && closing)
		kill_at = closing->kill_at_us;
	return kill_at && now_us >= kill_at ? "its calendar has closed" : NULL;
}

/* --- writing --- */

struct stop_one {
	char run[ID_SIZE];
	const char *reason; /* a constant */
	int64_t at_us;
};

static int ask_stop(struct store_tx *tx, void *arg, struct error *err)
{
	const struct stop_one *stop = arg;
	int rc = rcm_run_stop(tx, stop->run, stop->reason, &audit_system, stop->at_us, err);

	return rc == ERROR_CONFLICT ? 0 : rc; /* it ended meanwhile */
}

static void told_stop(void *arg, const struct error *err)
{
	struct stop_one *stop = arg;

	if (err)
		log_warn("gate", "a run that must stop is not marked", "run", stop->run, "error",
			err->message);
	free(stop);
}

static void mark_stop(
	struct run_guard *watch, const struct rcm_run *run, const char *reason, int64_t now_us)
{
	struct stop_one *stop = calloc(1, sizeof(*stop));

	if (!stop)
		abort();
	memcpy(stop->run, run->id, ID_SIZE);
	stop->reason = reason;
	stop->at_us = now_us;
	store_write_vital(watch->options.store, ask_stop, told_stop, stop);
}

struct reap {
	struct run_guard *watch;
	int64_t at_us;
};

static int ask_reap(struct store_tx *tx, void *arg, struct error *err)
{
	const struct reap *reap = arg;
	int64_t *changes = NULL;
	size_t count = 0;
	int rc = run_reap(tx, store_tx_arena(tx), reap->at_us, &changes, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = change_note_run_ended(tx, changes[i], &audit_system, reap->at_us, err);
	return rc;
}

static void told_reap(void *arg, const struct error *err)
{
	struct reap *reap = arg;

	reap->watch->is_writing = false;
	if (err)
		log_warn("gate", "lost runs are not noted", "error", err->message);
	free(reap);
}

static void reap_if_any(
	struct run_guard *watch, struct rcm_run *const *runs, size_t count, int64_t now_us)
{
	struct reap *reap;
	bool has_any = false;

	for (size_t i = 0; i < count; i++)
		has_any |= runs[i]->lease_until_us < now_us;
	if (!has_any || watch->is_writing || now_us < watch->reap_at_us)
		return;
	watch->reap_at_us = now_us + REAP_EVERY_US;
	watch->is_writing = true;
	reap = calloc(1, sizeof(*reap));
	if (!reap)
		abort();
	*reap = (struct reap){watch, now_us};
	store_write_vital(watch->options.store, ask_reap, told_reap, reap);
}

/* --- looking --- */

static bool is_running(struct rcm_run *const *runs, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(runs[i]->id, id))
			return true;
	return false;
}

static void forget_ended(struct run_guard *watch, struct rcm_run *const *runs, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->closing_count; i++)
		if (is_running(runs, count, watch->closing[i].run))
			watch->closing[kept++] = watch->closing[i];
	watch->closing_count = kept;
}

static void look_at(struct run_guard *watch, struct store_tx *tx, struct arena *arena,
	struct rcm_run *run, bool with_calendar, int64_t now_us)
{
	const char *reason = NULL;

	if (!run->stop_reason) {
		if (with_calendar)
			look_at_calendar(watch, tx, arena, run, now_us);
		reason = time_reason(watch, run, now_us);
		if (!reason)
			reason = emergency_reason(tx, arena, run, now_us);
		if (reason)
			mark_stop(watch, run, reason, now_us);
	}
	/* Told only of what stands in its row. */
	if (run->stop_reason && watch->must_stop)
		watch->must_stop(watch->arg, run);
}

static void look(void *arg)
{
	struct run_guard *watch = arg;
	struct store_tx *tx = store_reader(watch->options.store);
	struct arena arena = ARENA_INIT;
	struct rcm_run **runs = NULL;
	int64_t now_us = time_now_us();
	bool with_calendar = now_us >= watch->calendar_at_us;
	size_t count = 0;

	if (run_list_started(tx, &arena, &runs, &count, NULL) == 0) {
		forget_ended(watch, runs, count);
		for (size_t i = 0; i < count; i++)
			look_at(watch, tx, &arena, runs[i], with_calendar, now_us);
		reap_if_any(watch, runs, count, now_us);
	}
	if (with_calendar)
		watch->calendar_at_us = now_us + CALENDAR_EVERY_US;
	arena_done(&arena);
}

int run_guard_open(
	const struct run_guard_options *options, struct run_guard **ret, struct error *err)
{
	struct run_guard *watch = calloc(1, sizeof(*watch));

	(void)err;
	if (!watch)
		abort();
	watch->options = *options;
	watch->closing = calloc(CLOSING_MAX, sizeof(*watch->closing));
	if (!watch->closing)
		abort();
	/* Who runs while the daemon was away gets one lease to be heard again. */
	watch->reap_at_us = time_now_us() + GRANT_LEASE_US;
	watch->timer = loop_timer_new(options->loop, look, watch);
	loop_timer_start(watch->timer, LOOK_EVERY_MS, LOOK_EVERY_MS);
	*ret = watch;
	return 0;
}

void run_guard_follow(
	struct run_guard *watch, void (*must_stop)(void *arg, const struct rcm_run *run), void *arg)
{
	watch->must_stop = must_stop;
	watch->arg = arg;
}

void run_guard_stop(struct run_guard *watch)
{
	if (!watch)
		return;
	loop_timer_free(watch->timer);
	watch->timer = NULL;
	watch->must_stop = NULL;
}

void run_guard_close(struct run_guard *watch)
{
	if (!watch)
		return;
	run_guard_stop(watch);
	free(watch->closing);
	free(watch);
}
