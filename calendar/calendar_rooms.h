/* Between the rooms of calendar/. */
#ifndef RB_CALENDAR_CALENDAR_ROOMS_H
#define RB_CALENDAR_CALENDAR_ROOMS_H

#include "calendar/calendar.h"

#define CALENDAR_ICS_MAX     (1024 * 1024) /* bytes of text */
#define CALENDAR_EVENTS_MAX  5000
#define CALENDAR_WINDOWS_MAX 10000
#define CALENDAR_STEPS_MAX   50000 /* occurrences looked at, also those long ago */
#define CALENDAR_HORIZON_US  (2 * 366 * INT64_C(86400000000))
#define CALENDAR_PAST_US     (31 * INT64_C(86400000000)) /* how far back windows are kept */

/* Half-open: [start, end). */
struct calendar_window {
	int64_t start_at_us, end_at_us;
	const char *uid, *title;
	bool is_advisory;
};

/* --- calendar_ics.c, calendar_zone.c: iCalendar text to windows; the only rooms with ical.h --- */

struct calendar_text {
	const char *ics;
	size_t length;
	const char *zone;
	bool are_freezes; /* decides which way a doubtful local time is read: the stricter */
	int64_t from_us, to_us;
};
/* Windows that touch [from, to), by start. The error names the event and the property. May take
 * its time: on the pool. */
int calendar_ics_expand(struct arena *arena, const struct calendar_text *text,
	struct calendar_window **ret, size_t *ret_count, struct error *err);

/* --- calendar.c --- */

struct calendar_act {
	const struct principal *by;
	int64_t at_us;
	struct arena *arena;
};
/* A new one (id given) or another form of the one with that name (`if_version` >= 0). */
struct calendar_put {
	struct calendar_act act;
	struct calendar
		calendar; /* name ... max_age_ms, known_until_us; the rest is set by the rule */
	const json_t *selector; /* object of texts or NULL = {}; borrowed */
	const char *ics;
	bool is_new;
	bool is_import; /* the text was given now, not kept */
	int64_t if_version;
	const struct calendar_window *windows;
	size_t window_count;
	struct calendar *ret_calendar;
};
int calendar_put(struct store_tx *tx, struct calendar_put *put, struct error *err);
struct calendar_remove {
	struct calendar_act act;
	const char *name;
	int64_t if_version;
};
int calendar_remove(struct store_tx *tx, struct calendar_remove *remove, struct error *err);

/* --- calendar_state.c --- */

bool calendar_matches(const struct calendar *calendar, const json_t *subjects);

/* --- calendar_store.c --- */

int calendar_store_get(struct store_tx *tx, struct arena *arena, const char *name,
	struct calendar **ret, struct error *err);
int calendar_store_list(struct store_tx *tx, struct arena *arena, struct calendar ***ret,
	size_t *ret_count, struct error *err);
int calendar_store_text(struct store_tx *tx, struct arena *arena, const char *id, const char **ret,
	struct error *err);
int calendar_store_insert(
	struct store_tx *tx, const struct calendar *calendar, const char *ics, struct error *err);
/* ERROR_STALE when the version moved on. */
int calendar_store_update(struct store_tx *tx, const struct calendar *calendar, const char *ics,
	int64_t old_version, struct error *err);
int calendar_store_delete(struct store_tx *tx, const char *id, struct error *err);
/* The windows of a calendar are these and no others; it is known until then. */
int calendar_store_set_windows(struct store_tx *tx, const char *id,
	const struct calendar_window *windows, size_t count, struct error *err);
int calendar_store_set_known(
	struct store_tx *tx, const char *id, int64_t known_until_us, struct error *err);
/* Windows that end after `after_us` and start before `before_us`, by start; at most `limit`. */
int calendar_store_windows(struct store_tx *tx, struct arena *arena, const char *id,
	int64_t after_us, int64_t before_us, int64_t limit, struct calendar_window **ret,
	size_t *ret_count, struct error *err);

/* --- calendar_horizon.c --- */

/* The windows of a put, worked out on the pool; then `done` on the loop, with `err` NULL or why
 * not. */
struct calendar_work {
	struct loop *loop;
	struct calendar_put *put;
	void (*done)(void *arg, const struct error *err);
	void *arg;
};
void calendar_expand(const struct calendar_work *work);

/* --- calendar_json.c --- */

json_t *calendar_json(const struct calendar *calendar);
json_t *calendar_window_json(const struct calendar_window *window);
json_t *calendar_state_json(const struct calendar_state *state);

#endif
