#include "calendar/calendar_rooms.h"
#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

/* Windows looked at for one answer; what lies behind them is not known to it. */
#define WINDOWS_AHEAD 512

static const char *const why_words[] = {
	[CALENDAR_FREEZE] = "freeze",
	[CALENDAR_NO_WINDOW] = "no_window",
	[CALENDAR_STALE] = "stale",
	[CALENDAR_ADVISORY] = "advisory",
};

const char *calendar_why_word(enum calendar_why why)
{
	return why_words[why];
}

/* A calendar that matches, with what it holds from the asked moment on. */
struct view {
	const struct calendar *calendar;
	struct calendar_window *windows;
	size_t count;
	int64_t stale_at_us;
};

struct moments {
	int64_t *at_us;
	size_t count, capacity;
};

/* --- what matches --- */

static bool has_all(const json_t *labels, const json_t *selector)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)selector, key, value)
		if (!json_equal(json_object_get(labels, key), value))
			return false;
	return true;
}

bool calendar_matches(const struct calendar *calendar, const json_t *subjects)
{
	json_t *selector = NULL, *labels;
	bool matches;
	size_t i;

	if (json_parse(calendar->selector, strlen(calendar->selector), JSON_DEPTH_MAX, &selector,
		    NULL) < 0)
		return true;
	matches = json_object_size(selector) == 0;
	json_array_foreach (subjects, i, labels)
		matches = matches || has_all(labels, selector);
	json_decref(selector);
	return matches;
}

static int load_views(struct store_tx *tx, struct arena *arena, const json_t *subjects,
	int64_t at_us, struct view **ret, size_t *ret_count, struct error *err)
{
	struct calendar **list = NULL;
	struct view *views;
	size_t total = 0, count = 0;
	int rc = calendar_store_list(tx, arena, &list, &total, err);

	if (rc < 0)
		return rc;
	views = arena_alloc(arena, (total + 1) * sizeof(*views));
	for (size_t i = 0; i < total && rc == 0; i++) {
		struct view *view = &views[count];

		if (!calendar_matches(list[i], subjects))
			continue;
		*view = (struct view){.calendar = list[i], .stale_at_us = list[i]->known_until_us};
		if (list[i]->max_age_ms &&
			list[i]->imported_at_us + list[i]->max_age_ms * 1000 < view->stale_at_us)
			view->stale_at_us = list[i]->imported_at_us + list[i]->max_age_ms * 1000;
		rc = calendar_store_windows(tx, arena, list[i]->id, at_us, INT64_MAX, WINDOWS_AHEAD,
			&view->windows, &view->count, err);
		count++;
	}
	*ret = views;
	*ret_count = count;
	return rc;
}

/* --- one moment --- */

static bool contains(const struct calendar_window *window, int64_t at_us)
{
	return window->start_at_us <= at_us && at_us < window->end_at_us;
}

static bool is_in_event(const struct view *view, int64_t at_us)
{
	for (size_t i = 0; i < view->count; i++)
		if (!view->windows[i].is_advisory && contains(&view->windows[i], at_us))
			return true;
	return false;
}

static bool is_closed(const struct view *view, int64_t at_us)
{
	return at_us >= view->stale_at_us ||
	       is_in_event(view, at_us) == view->calendar->is_open_by_default;
}

static bool is_any_closed(const struct view *views, size_t count, int64_t at_us)
{
	for (size_t i = 0; i < count; i++)
		if (is_closed(&views[i], at_us))
			return true;
	return false;
}

/* --- the next change --- */

static void add_moment(struct arena *arena, struct moments *moments, int64_t at_us, int64_t after)
{
	if (at_us <= after)
		return;
	moments->at_us = arena_grow(
		arena, moments->at_us, moments->count, &moments->capacity, sizeof(*moments->at_us));
	moments->at_us[moments->count++] = at_us;
}

static int compare_moments(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Up to where all of the views are loaded. */
static int64_t known_until(const struct view *views, size_t count)
{
	int64_t until = INT64_MAX;

	for (size_t i = 0; i < count; i++)
		if (views[i].count == WINDOWS_AHEAD &&
			views[i].windows[WINDOWS_AHEAD - 1].start_at_us < until)
			until = views[i].windows[WINDOWS_AHEAD - 1].start_at_us;
	return until;
}

/* When something may change after that, by time. */
static struct moments list_moments(
	struct arena *arena, const struct view *views, size_t count, int64_t after_us)
{
	struct moments moments = {0};

	for (size_t i = 0; i < count; i++) {
		add_moment(arena, &moments, views[i].stale_at_us, after_us);
		for (size_t j = 0; j < views[i].count; j++) {
			add_moment(arena, &moments, views[i].windows[j].start_at_us, after_us);
			add_moment(arena, &moments, views[i].windows[j].end_at_us, after_us);
		}
	}
	if (moments.count)
		qsort(moments.at_us, moments.count, sizeof(*moments.at_us), compare_moments);
	return moments;
}

static int64_t find_transition(
	struct arena *arena, const struct view *views, size_t count, int64_t at_us)
{
	struct moments moments = list_moments(arena, views, count, at_us);
	bool now = is_any_closed(views, count, at_us);
	int64_t until = known_until(views, count);

	for (size_t i = 0; i < moments.count && moments.at_us[i] <= until; i++)
		if (is_any_closed(views, count, moments.at_us[i]) != now)
			return moments.at_us[i];
	return 0;
}

/* --- reasons --- */

/* What closes (or only tells) at one moment; `window` NULL = no event. */
static void add_reason(struct calendar_state *state, const struct view *view, enum calendar_why why,
	const struct calendar_window *window, int64_t until_us)
{
	state->reasons[state->reason_count++] = (struct calendar_reason){
		.calendar = view->calendar->name,
		.why = why,
		.event = window ? window->title : "",
		.uid = window ? window->uid : "",
		.since_us = window ? window->start_at_us : 0,
		.until_us = window ? window->end_at_us : until_us,
		.overrun = view->calendar->overrun,
		.grace_ms = view->calendar->grace_ms,
		.approvers = view->calendar->approvers,
	};
}

static int64_t next_start(const struct view *view, int64_t at_us)
{
	for (size_t i = 0; i < view->count; i++)
		if (!view->windows[i].is_advisory && view->windows[i].start_at_us > at_us)
			return view->windows[i].start_at_us;
	return 0;
}

static void add_closing(struct calendar_state *state, const struct view *view, int64_t at_us)
{
	if (at_us >= view->stale_at_us) {
		add_reason(state, view, CALENDAR_STALE, NULL, 0);
		return;
	}
	if (!view->calendar->is_open_by_default) {
		if (!is_in_event(view, at_us))
			add_reason(state, view, CALENDAR_NO_WINDOW, NULL, next_start(view, at_us));
		return;
	}
	for (size_t i = 0; i < view->count; i++)
		if (!view->windows[i].is_advisory && contains(&view->windows[i], at_us))
			add_reason(state, view, CALENDAR_FREEZE, &view->windows[i], 0);
}

static void add_advisory(struct calendar_state *state, const struct view *view, int64_t at_us)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->windows[i].is_advisory && contains(&view->windows[i], at_us))
			add_reason(state, view, CALENDAR_ADVISORY, &view->windows[i], 0);
}

int calendar_get_state(struct store_tx *tx, struct arena *arena, const json_t *subjects,
	int64_t at_us, struct calendar_state *ret, struct error *err)
{
	struct view *views = NULL;
	size_t count = 0, most = 0;
	int rc = load_views(tx, arena, subjects, at_us, &views, &count, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		most += views[i].count + 1;
	*ret = (struct calendar_state){.is_open = !is_any_closed(views, count, at_us)};
	ret->reasons = arena_alloc(arena, (most + 1) * sizeof(*ret->reasons));
	for (size_t i = 0; i < count; i++)
		add_closing(ret, &views[i], at_us);
	for (size_t i = 0; i < count; i++)
		add_advisory(ret, &views[i], at_us);
	ret->next_transition_us = find_transition(arena, views, count, at_us);
	return 0;
}

/* --- a span of time --- */

static bool is_same_closing(const struct calendar_reason *a, const struct calendar_reason *b)
{
	return a->why == b->why && a->since_us == b->since_us && a->until_us == b->until_us &&
	       !strcmp(a->calendar, b->calendar) && !strcmp(a->uid, b->uid);
}

/* What closes at that moment and was not seen at an earlier one. */
static void add_closings_at(struct arena *arena, const struct view *views, size_t count,
	int64_t at_us, struct calendar_state *all, size_t *capacity)
{
	for (size_t i = 0; i < count; i++) {
		struct calendar_state now = {
			.reasons = arena_alloc(arena, (views[i].count + 1) * sizeof(*now.reasons))};

		add_closing(&now, &views[i], at_us);
		for (size_t k = 0; k < now.reason_count; k++) {
			size_t known = 0;

			while (known < all->reason_count &&
				!is_same_closing(&all->reasons[known], &now.reasons[k]))
				known++;
			if (known < all->reason_count)
				continue;
			all->reasons = arena_grow(arena, all->reasons, all->reason_count, capacity,
				sizeof(*all->reasons));
			all->reasons[all->reason_count++] = now.reasons[k];
		}
	}
}

int calendar_list_closings(struct store_tx *tx, struct arena *arena, const json_t *subjects,
	int64_t from_us, int64_t to_us, struct calendar_reason **ret, size_t *ret_count,
	struct error *err)
{
	struct calendar_state all = {0};
	struct moments moments;
	struct view *views = NULL;
	size_t count = 0, capacity = 0;
	int64_t until;
	int rc = load_views(tx, arena, subjects, from_us, &views, &count, err);

	if (rc < 0)
		return rc;
	until = known_until(views, count);
	moments = list_moments(arena, views, count, from_us);
	add_closings_at(arena, views, count, from_us, &all, &capacity);
	for (size_t i = 0; i < moments.count && moments.at_us[i] < to_us; i++)
		if (moments.at_us[i] <= until)
			add_closings_at(arena, views, count, moments.at_us[i], &all, &capacity);
	*ret = all.reasons;
	*ret_count = all.reason_count;
	return 0;
}
