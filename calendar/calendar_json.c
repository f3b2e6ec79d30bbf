#include "calendar/calendar_rooms.h"
#include "lib/base/json.h"

#include <string.h>

json_t *calendar_json(const struct calendar *calendar)
{
	json_t *object = json_object(), *selector = NULL;

	json_set_text(object, "name", calendar->name);
	json_set_text(object, "default", calendar->is_open_by_default ? "open" : "closed");
	json_set_text(object, "zone", calendar->zone);
	if (json_parse(calendar->selector, strlen(calendar->selector), JSON_DEPTH_MAX, &selector,
		    NULL) == 0)
		json_object_set_new(object, "selector", selector);
	json_set_text(object, "overrun", calendar_overrun_word(calendar->overrun));
	json_set_int(object, "grace_ms", calendar->grace_ms);
	json_set_text(object, "approvers", calendar->approvers);
	json_set_int(object, "max_age_ms", calendar->max_age_ms);
	json_set_text(object, "digest", calendar->digest);
	json_set_time(object, "imported_at", calendar->imported_at_us);
	json_set_time(object, "known_until", calendar->known_until_us);
	json_set_int(object, "version", calendar->version);
	json_set_time(object, "created_at", calendar->created_at_us);
	json_set_time(object, "changed_at", calendar->changed_at_us);
	return object;
}

json_t *calendar_window_json(const struct calendar_window *window)
{
	json_t *object = json_object();

	json_set_time(object, "start", window->start_at_us);
	json_set_time(object, "end", window->end_at_us);
	json_set_text(object, "title", window->title);
	json_set_text(object, "uid", window->uid);
	json_set_bool(object, "advisory", window->is_advisory);
	return object;
}

static json_t *reason_json(const struct calendar_reason *reason)
{
	json_t *object = json_object();

	json_set_text(object, "calendar", reason->calendar);
	json_set_text(object, "why", calendar_why_word(reason->why));
	json_set_text(object, "event", reason->event);
	json_set_time(object, "until", reason->until_us);
	json_set_text(object, "overrun", calendar_overrun_word(reason->overrun));
	json_set_int(object, "grace_ms", reason->grace_ms);
	json_set_text(object, "approvers", reason->approvers);
	return object;
}

json_t *calendar_state_json(const struct calendar_state *state)
{
	json_t *object = json_object(), *reasons = json_array();

	for (size_t i = 0; i < state->reason_count; i++)
		json_array_append_new(reasons, reason_json(&state->reasons[i]));
	json_set_text(object, "state", state->is_open ? "open" : "closed");
	json_set_time(object, "next_transition", state->next_transition_us);
	json_object_set_new(object, "reasons", reasons);
	return object;
}
