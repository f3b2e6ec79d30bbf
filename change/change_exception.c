/*
 * Exceptions to calendars: which of the closings in a change's window it asks to be let through,
 * and what of them was put before the calendar's own approvers. What they were shown is kept with
 * its exact times: a calendar that closes by anything else, or is somebody else's now, closes.
 */
#include "calendar/calendar.h"
#include "change/change_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"

#include <string.h>

static bool is_named(const struct revision *revision, const char *calendar)
{
	for (const char *const *name = revision->exception_calendars; *name; name++)
		if (!strcmp(*name, calendar))
			return true;
	return false;
}

/* Nobody's calendar has no exception, nor has one that is too old to say what it closes for. */
static bool may_be_asked(const struct calendar_reason *reason)
{
	return reason->approvers && *reason->approvers && reason->why != CALENDAR_STALE &&
	       reason->why != CALENDAR_ADVISORY;
}

/* All that closes a calendar in the window, or nothing of it. */
static bool is_whole(
	const struct calendar_reason *closings, size_t count, const struct calendar_reason *one)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(closings[i].calendar, one->calendar) && !may_be_asked(&closings[i]))
			return false;
	return true;
}

static json_t *closing_json(const struct calendar_reason *reason)
{
	json_t *object = json_object();

	json_set_text(object, "calendar", reason->calendar);
	json_set_text(object, "approvers", reason->approvers);
	json_set_text(object, "why", calendar_why_word(reason->why));
	json_set_text(object, "event", reason->event);
	json_set_text(object, "uid", reason->uid);
	json_set_int(object, "since_us", reason->since_us);
	json_set_int(object, "until_us", reason->until_us);
	return object;
}

int change_list_exceptions(struct store_tx *tx, struct arena *arena,
	const struct revision *revision, int64_t now_us, const char **ret_text, struct error *err)
{
	int64_t from_us = revision->start_us > now_us ? revision->start_us : now_us;
	struct calendar_reason *closings = NULL;
	json_t *subjects = NULL, *list;
	struct buf text = BUF_INIT;
	size_t count = 0;
	int rc;

	*ret_text = "";
	if (!revision->exception_calendars[0])
		return 0;
	if ((rc = change_labels(tx, arena, revision, &subjects, err)) < 0)
		return rc;
	rc = calendar_list_closings(
		tx, arena, subjects, from_us, revision->end_us, &closings, &count, err);
	json_decref(subjects);
	if (rc < 0)
		return rc;
	list = json_array();
	for (size_t i = 0; i < count; i++)
		if (is_named(revision, closings[i].calendar) &&
			is_whole(closings, count, &closings[i]))
			json_array_append_new(list, closing_json(&closings[i]));
	if (json_array_size(list))
		rc = canonical_add(&text, list, err);
	*ret_text = arena_text(arena, buf_text(&text));
	buf_done(&text);
	json_decref(list);
	return rc;
}

json_t *change_exceptions_json(const char *exceptions)
{
	json_t *list = NULL;

	if (!exceptions || !*exceptions ||
		json_parse(exceptions, strlen(exceptions), JSON_DEPTH_MAX, &list, NULL) < 0)
		return json_array();
	return list;
}

bool change_is_excepted(const char *exceptions, const struct calendar_reason *reason)
{
	json_t *list = change_exceptions_json(exceptions), *one, *now;
	bool is_covered = false;
	size_t i;

	now = closing_json(reason);
	json_array_foreach (list, i, one)
		is_covered = is_covered || (may_be_asked(reason) && json_equal(one, now));
	json_decref(now);
	json_decref(list);
	return is_covered;
}

void change_add_exception_levels(struct arena *arena, const struct revision *revision,
	const char *exceptions, struct approval_level *levels, size_t *count)
{
	json_t *list = change_exceptions_json(exceptions), *one;
	size_t first = *count, i;

	json_array_foreach (list, i, one) {
		const char *group = json_string_value(json_object_get(one, "approvers"));
		size_t known = first;

		while (known < *count && strcmp(levels[known].group, group) != 0)
			known++;
		if (known == *count && *count < APPROVAL_LEVELS_MAX)
			levels[(*count)++] =
				(struct approval_level){.group = arena_text(arena, group),
					.scope = {.environment = revision->environment,
						.service = revision->services[0]},
					.need = 1};
	}
	json_decref(list);
}

int change_check_exception(struct store_tx *tx, struct arena *arena,
	const struct revision *revision, struct error *err)
{
	struct calendar *calendar;
	int rc;

	for (const char *const *name = revision->exception_calendars; *name; name++) {
		if ((rc = calendar_get(tx, arena, *name, &calendar, err)) < 0)
			return error_field(err, "freeze_exception.calendars");
		if (calendar->approvers)
			continue;
		error_set(err, ERROR_INVALID,
			"the calendar %s names no approvers: it has no exceptions", *name);
		error_field(err, "freeze_exception.calendars");
		return error_remedy(err,
			"move the window, or an admin names a group: redbutton calendar set %s "
			"--approvers GROUP",
			*name);
	}
	return 0;
}
