#include "calendar/calendar_horizon.h"

#include "calendar/calendar_rooms.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MS	  INT64_C(3600000)
#define MARGIN_US (30 * INT64_C(86400000000))

/* --- one expansion, on the pool --- */

struct job {
	struct calendar_work work;
	struct arena *arena; /* the pool's own while it works, then the put's */
	struct error err;
};

static void free_arena(void *arena)
{
	arena_done(arena);
	free(arena);
}

static void work_on_pool(void *arg)
{
	struct job *job = arg;
	struct calendar_put *put = job->work.put;
	const struct calendar_text text = {
		.ics = put->ics,
		.length = strlen(put->ics),
		.zone = put->calendar.zone,
		.are_freezes = put->calendar.is_open_by_default,
		.from_us = put->act.at_us - CALENDAR_PAST_US,
		.to_us = put->act.at_us + CALENDAR_HORIZON_US,
	};
	struct calendar_window *windows = NULL;
	size_t count = 0;

	if (calendar_ics_expand(job->arena, &text, &windows, &count, &job->err) < 0)
		return;
	put->windows = windows;
	put->window_count = count;
	put->calendar.known_until_us = text.to_us;
}

static void end_work(void *arg)
{
	struct job *job = arg;

	arena_defer(job->work.put->act.arena, free_arena, job->arena);
	job->work.done(job->work.arg, job->err.code ? &job->err : NULL);
	free(job);
}

void calendar_expand(const struct calendar_work *work)
{
	struct job *job = calloc(1, sizeof(*job));
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!job || !arena)
		abort();
	job->work = *work;
	job->arena = arena;
	loop_work(work->loop, work_on_pool, end_work, job);
}

/* --- the horizon moves --- */

struct calendars {
	struct store *store;
	struct loop *loop;
	struct loop_timer *timer;
	struct arena arena; /* of the calendar at hand */
	struct calendar_put put;
	int64_t version; /* that was worked out */
	bool is_busy;
};

static void look(void *arg);

static void end_calendar(struct calendars *calendars)
{
	arena_done(&calendars->arena);
	calendars->is_busy = false;
}

static int ask_extend(struct store_tx *tx, void *arg, struct error *err)
{
	struct calendars *calendars = arg;
	const struct calendar_put *put = &calendars->put;
	struct calendar *now;
	int rc = calendar_store_get(tx, &calendars->arena, put->calendar.name, &now, err);

	if (rc < 0 || now->version != calendars->version)
		return rc == ERROR_NOT_FOUND ? 0 : rc;
	if ((rc = calendar_store_set_windows(tx, now->id, put->windows, put->window_count, err)) <
		0)
		return rc;
	return calendar_store_set_known(tx, now->id, put->calendar.known_until_us, err);
}

static void on_extended(void *arg, const struct error *err)
{
	struct calendars *calendars = arg;

	if (err)
		log_warn("calendar", "a calendar could not be extended", "calendar",
			calendars->put.calendar.name, "why", err->message);
	end_calendar(calendars);
	if (!err)
		loop_soon(calendars->loop, look, calendars);
}

static void on_expanded(void *arg, const struct error *err)
{
	struct calendars *calendars = arg;

	if (err)
		on_extended(calendars, err);
	else
		store_write(calendars->store, ask_extend, on_extended, calendars);
}

static bool is_short(const struct calendar *calendar, int64_t now_us)
{
	return calendar->known_until_us < now_us + CALENDAR_HORIZON_US - MARGIN_US;
}

static void extend(struct calendars *calendars, const struct calendar *calendar, int64_t now_us)
{
	const struct calendar_work work = {
		calendars->loop, &calendars->put, on_expanded, calendars};
	struct error err = ERROR_INIT;

	calendars->version = calendar->version;
	calendars->put = (struct calendar_put){
		.act = {.at_us = now_us, .arena = &calendars->arena}, .calendar = *calendar};
	if (calendar_store_text(store_reader(calendars->store), &calendars->arena, calendar->id,
		    &calendars->put.ics, &err) < 0) {
		on_extended(calendars, &err);
		return;
	}
	calendar_expand(&work);
}

static void look(void *arg)
{
	struct calendars *calendars = arg;
	struct calendar **list = NULL;
	int64_t now_us = time_now_us();
	size_t count = 0;

	if (calendars->is_busy)
		return;
	calendars->is_busy = true;
	(void)calendar_store_list(
		store_reader(calendars->store), &calendars->arena, &list, &count, NULL);
	for (size_t i = 0; i < count; i++)
		if (is_short(list[i], now_us)) {
			extend(calendars, list[i], now_us);
			return;
		}
	end_calendar(calendars);
}

int calendars_open(
	struct store *store, struct loop *loop, struct calendars **ret, struct error *err)
{
	struct calendars *calendars = calloc(1, sizeof(*calendars));

	if (!calendars)
		return error_set(err, ERROR_NO_MEMORY, "no memory for the calendars");
	calendars->store = store;
	calendars->loop = loop;
	calendars->timer = loop_timer_new(loop, look, calendars);
	loop_timer_start(calendars->timer, 0, LOOK_MS);
	*ret = calendars;
	return 0;
}

void calendars_close(struct calendars *calendars)
{
	if (!calendars)
		return;
	loop_timer_free(calendars->timer);
	arena_done(&calendars->arena);
	free(calendars);
}
