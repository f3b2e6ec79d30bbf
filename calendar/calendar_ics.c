#include "calendar/calendar_rooms.h"
#include "calendar/calendar_zone.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECOND_US   INT64_C(1000000)
#define DAY_S	    86400
#define TITLE_MAX   200
#define NOT_LIMITED ICAL_RECURRENCE_ARRAY_MAX

/* One expansion: the text, where its windows go, and how much was done. */
struct expansion {
	struct arena *arena;
	const struct calendar_text *text;
	icalcomponent *root;
	icaltimezone *floating;
	struct calendar_window *windows;
	size_t count, capacity;
	size_t steps;
};

/* A VEVENT, as far as its times matter. Local times are fields without a zone. */
struct event {
	icalcomponent *component;
	const char *uid, *title;
	icaltimezone *zone;
	struct icaltimetype start;
	bool is_date;
	int64_t civil_s; /* length on the wall's clock: whole days, or all of a DTEND's */
	int64_t exact_s; /* length that is counted: a duration's hours, or all of a DTEND's */
	bool ends_at_dtend;
	bool is_advisory;
};

/* --- errors --- */

static int refuse(const struct event *event, const char *property, const char *what,
	const char *remedy, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s of the event %s: %s", property,
		*event->title ? event->title : event->uid, what);
	error_field(err, "ics");
	error_place(err, "VEVENT UID:%s", event->uid);
	return error_remedy(err, "%s", remedy);
}

static int refuse_text(struct error *err, const char *what)
{
	error_set(err, ERROR_INVALID, "%s", what);
	error_field(err, "ics");
	return error_remedy(err, "give an iCalendar file (RFC 5545) with at least one VEVENT");
}

/* --- reading an event --- */

static int64_t duration_days(struct icaldurationtype duration)
{
	return (int64_t)duration.weeks * 7 + duration.days;
}

static int64_t duration_seconds(struct icaldurationtype duration)
{
	return (int64_t)duration.hours * 3600 + (int64_t)duration.minutes * 60 +
	       (int64_t)duration.seconds;
}

static int set_duration(struct event *event, struct icaldurationtype duration, struct error *err)
{
	if (duration.is_neg || icaldurationtype_is_bad_duration(duration))
		return refuse(event, "DURATION", "it is negative or not a duration",
			"write it as P1D or PT6H", err);
	event->civil_s = duration_days(duration) * DAY_S;
	event->exact_s = duration_seconds(duration);
	return 0;
}

static int set_end(
	struct expansion *expansion, struct event *event, icalproperty *property, struct error *err)
{
	struct icaltimetype end = icalproperty_get_dtend(property);
	icaltimezone *zone;
	int rc = calendar_zone_of(property, end, expansion->root, expansion->floating, &zone, err);

	if (rc < 0)
		return rc;
	if (icaltime_is_date(end) != event->is_date)
		return refuse(event, "DTEND",
			"it is a date where DTSTART is a time, or the reverse",
			"use the same type for both", err);
	event->exact_s = calendar_zone_seconds(end, zone, false) -
			 calendar_zone_seconds(event->start, event->zone, false);
	event->civil_s = zone == event->zone
				 ? calendar_zone_civil(end) - calendar_zone_civil(event->start)
				 : event->exact_s;
	event->ends_at_dtend = true;
	return 0;
}

static int set_length(struct expansion *expansion, struct event *event, struct error *err)
{
	icalproperty *end = icalcomponent_get_first_property(event->component, ICAL_DTEND_PROPERTY);
	icalproperty *duration =
		icalcomponent_get_first_property(event->component, ICAL_DURATION_PROPERTY);
	int rc = 0;

	if (end && duration)
		return refuse(
			event, "DTEND", "there is a DURATION as well", "keep one of them", err);
	if (end)
		rc = set_end(expansion, event, end, err);
	else if (duration)
		rc = set_duration(event, icalproperty_get_duration(duration), err);
	else if (event->is_date)
		event->civil_s = DAY_S;
	if (rc < 0)
		return rc;
	if (event->civil_s + event->exact_s > 0)
		return 0;
	return refuse(event, end ? "DTEND" : "DURATION", "the event has no length",
		"give an end after the start", err);
}

/* The property's text with everything deceptive made visible, cut at a character. */
static const char *title_of(struct expansion *expansion, const char *summary)
{
	const char *title = text_visible(expansion->arena, summary ? summary : "");
	size_t at = 0, end = 0;

	while (at < strlen(title) && at < TITLE_MAX) {
		end = at;
		if (text_next(title, strlen(title), &at) < 0)
			break;
	}
	return at <= TITLE_MAX ? title : arena_text_n(expansion->arena, title, end);
}

static int read_event(struct expansion *expansion, icalcomponent *component, struct event *event,
	struct error *err)
{
	icalproperty *start = icalcomponent_get_first_property(component, ICAL_DTSTART_PROPERTY);
	icalproperty *transparent =
		icalcomponent_get_first_property(component, ICAL_TRANSP_PROPERTY);
	const char *uid = icalcomponent_get_uid(component);
	int rc;

	*event = (struct event){.component = component};
	event->uid = title_of(expansion, uid ? uid : "");
	event->title = title_of(expansion, icalcomponent_get_summary(component));
	event->is_advisory =
		transparent && icalproperty_get_transp(transparent) == ICAL_TRANSP_TRANSPARENT;
	if (!*event->uid)
		return refuse(event, "UID", "it is missing", "give each event its UID", err);
	if (!start || icaltime_is_null_time(icalproperty_get_dtstart(start)))
		return refuse(event, "DTSTART", "it is missing", "say when the event starts", err);
	event->start = icalproperty_get_dtstart(start);
	event->is_date = icaltime_is_date(event->start);
	if ((rc = calendar_zone_of(start, event->start, expansion->root, expansion->floating,
		     &event->zone, err)) < 0) {
		error_field(err, "ics");
		error_place(err, "VEVENT UID:%s", event->uid);
		return rc;
	}
	event->start.zone = NULL;
	return set_length(expansion, event, err);
}

/* --- windows --- */

static int add_window(struct expansion *expansion, const struct event *event, int64_t start_s,
	int64_t end_s, struct error *err)
{
	struct calendar_window window = {.start_at_us = start_s * SECOND_US,
		.end_at_us = end_s * SECOND_US,
		.uid = event->uid,
		.title = event->title,
		.is_advisory = event->is_advisory};

	if (end_s <= start_s || window.end_at_us <= expansion->text->from_us ||
		window.start_at_us >= expansion->text->to_us)
		return 0;
	if (expansion->count == CALENDAR_WINDOWS_MAX) {
		error_set(err, ERROR_TOO_LARGE,
			"the calendar has more than %d windows in two years", CALENDAR_WINDOWS_MAX);
		error_field(err, "ics");
		return error_remedy(err, "join events, or split the calendar in two");
	}
	expansion->windows = arena_grow(expansion->arena, expansion->windows, expansion->count,
		&expansion->capacity, sizeof(*expansion->windows));
	expansion->windows[expansion->count++] = window;
	return 0;
}

/*
 * A doubtful time is read so that less is allowed: a freeze starts at the first and ends at the
 * last, a window the other way round. A DTEND is where the wall's clock says and also as long as
 * the first occurrence was (RFC 5545 3.8.5.3); of the two, too, the stricter.
 */
static int add_occurrence(struct expansion *expansion, const struct event *event,
	struct icaltimetype local, struct error *err)
{
	bool is_freeze = expansion->text->are_freezes;
	int64_t start = calendar_zone_seconds(local, event->zone, !is_freeze);
	int64_t civil_end = calendar_zone_civil(local) + event->civil_s;
	int64_t end =
		calendar_zone_seconds(calendar_zone_from_civil(civil_end), event->zone, is_freeze);

	if (!event->ends_at_dtend)
		end += event->exact_s;
	else if (!event->is_date && is_freeze == (start + event->exact_s > end))
		end = start + event->exact_s;
	return add_window(expansion, event, start, end, err);
}

/* --- occurrences, as times on the clock of the event's zone --- */

struct moments {
	int64_t *civil;
	size_t count, capacity;
};

static void add_moment(struct arena *arena, struct moments *moments, int64_t civil)
{
	moments->civil = arena_grow(
		arena, moments->civil, moments->count, &moments->capacity, sizeof(*moments->civil));
	moments->civil[moments->count++] = civil;
}

static int compare_moments(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void sort_moments(struct moments *moments)
{
	if (moments->count)
		qsort(moments->civil, moments->count, sizeof(*moments->civil), compare_moments);
}

static bool has_moment(const struct moments *sorted, int64_t civil)
{
	return sorted->count &&
	       bsearch(&civil, sorted->civil, sorted->count, sizeof(civil), compare_moments);
}

/* The time of a property (RECURRENCE-ID, EXDATE, RDATE) on the clock of the event's zone. */
static int add_time(struct expansion *expansion, const struct event *event, icalproperty *property,
	struct icaltimetype time, struct moments *moments, struct error *err)
{
	const char *name = icalproperty_kind_to_string(icalproperty_isa(property));
	icaltimezone *zone;
	int rc = calendar_zone_of(property, time, expansion->root, expansion->floating, &zone, err);

	if (rc < 0)
		return rc;
	if (icaltime_is_null_time(time))
		return refuse(event, name, "it is not a time that can be read",
			"use dates and times; periods are not taken", err);
	if (icaltime_is_date(time) != event->is_date)
		return refuse(event, name, "it is a date where DTSTART is a time, or the reverse",
			"use the same type for both", err);
	if (zone != event->zone && !event->is_date)
		time = calendar_zone_local(
			calendar_zone_from_civil(calendar_zone_seconds(time, zone, false)),
			event->zone);
	add_moment(expansion->arena, moments, calendar_zone_civil(time));
	return 0;
}

static int add_times(struct expansion *expansion, const struct event *event, icalproperty_kind kind,
	struct moments *moments, struct error *err)
{
	icalproperty *property = icalcomponent_get_first_property(event->component, kind);
	int rc = 0;

	for (; property && rc == 0;
		property = icalcomponent_get_next_property(event->component, kind))
		rc = add_time(expansion, event, property,
			kind == ICAL_EXDATE_PROPERTY ? icalproperty_get_exdate(property)
						     : icalproperty_get_rdate(property).time,
			moments, err);
	return rc;
}

static bool is_limited(const short *list)
{
	return list[0] != NOT_LIMITED;
}

static int check_rule(
	const struct event *event, const struct icalrecurrencetype *rule, struct error *err)
{
	static const char remedy[] =
		"FREQ is DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, COUNT, "
		"UNTIL, BYDAY, BYMONTHDAY, BYMONTH and BYSETPOS";

	if (rule->freq < ICAL_DAILY_RECURRENCE || rule->freq > ICAL_YEARLY_RECURRENCE)
		return refuse(
			event, "RRULE", "its FREQ cannot be read or is below a day", remedy, err);
	if (rule->interval < 1)
		return refuse(event, "RRULE", "its INTERVAL is below 1", remedy, err);
	if (is_limited(rule->by_second) || is_limited(rule->by_minute) ||
		is_limited(rule->by_hour) || is_limited(rule->by_week_no) ||
		is_limited(rule->by_year_day) || rule->rscale)
		return refuse(event, "RRULE", "it has a part that is not taken", remedy, err);
	return 0;
}

static int add_rule(struct expansion *expansion, const struct event *event,
	struct icalrecurrencetype rule, struct moments *moments, struct error *err)
{
	int64_t end_civil = expansion->text->to_us / SECOND_US + DAY_S;
	struct icaltimetype start = event->start, next;
	icalrecur_iterator *iterator;
	int rc = check_rule(event, &rule, err);

	if (rc < 0)
		return rc;
	if (icaltime_is_utc(rule.until) && !event->is_date)
		rule.until = calendar_zone_local(rule.until, event->zone);
	iterator = icalrecur_iterator_new(rule, start);
	if (!iterator)
		return refuse(event, "RRULE", "it contradicts itself", "give another rule", err);
	while (next = icalrecur_iterator_next(iterator), !icaltime_is_null_time(next)) {
		if (calendar_zone_civil(next) >= end_civil)
			break;
		if (++expansion->steps > CALENDAR_STEPS_MAX) {
			icalrecur_iterator_free(iterator);
			return refuse(event, "RRULE",
				"the calendar occurs too often to be worked out",
				"start its events later, or split the calendar", err);
		}
		add_moment(expansion->arena, moments, calendar_zone_civil(next));
	}
	icalrecur_iterator_free(iterator);
	return 0;
}

/* A component has one iterator for its properties: nothing else may look at it meanwhile. */
static int add_rules(struct expansion *expansion, const struct event *event,
	struct moments *moments, struct error *err)
{
	icalcomponent *component = event->component;
	icalproperty *property;
	int rc = 0;

	if (icalcomponent_get_first_property(component, ICAL_EXRULE_PROPERTY))
		return refuse(event, "EXRULE", "it is not taken", "use EXDATE", err);
	property = icalcomponent_get_first_property(component, ICAL_RRULE_PROPERTY);
	while (property && rc == 0) {
		rc = add_rule(expansion, event, icalproperty_get_rrule(property), moments, err);
		property = icalcomponent_get_next_property(component, ICAL_RRULE_PROPERTY);
	}
	return rc;
}

/* --- events and what replaces their occurrences --- */

static bool is_override(icalcomponent *component)
{
	return icalcomponent_get_first_property(component, ICAL_RECURRENCEID_PROPERTY);
}

static bool is_cancelled(icalcomponent *component)
{
	return icalcomponent_get_status(component) == ICAL_STATUS_CANCELLED;
}

/* What has an event of its own, or is cancelled, does not occur by the rule. */
static int add_overridden(struct expansion *expansion, const struct event *event,
	struct moments *moments, struct error *err)
{
	icalcompiter at = icalcomponent_begin_component(expansion->root, ICAL_VEVENT_COMPONENT);
	icalcomponent *other;
	int rc = 0;

	for (; rc == 0 && (other = icalcompiter_deref(&at)); icalcompiter_next(&at)) {
		icalproperty *property =
			icalcomponent_get_first_property(other, ICAL_RECURRENCEID_PROPERTY);
		const char *uid = icalcomponent_get_uid(other);

		if (!property || !uid || strcmp(uid, icalcomponent_get_uid(event->component)))
			continue;
		if (icalproperty_get_first_parameter(property, ICAL_RANGE_PARAMETER))
			return refuse(event, "RECURRENCE-ID", "its RANGE is not taken",
				"end the first series with UNTIL and begin another", err);
		rc = add_time(expansion, event, property, icalproperty_get_recurrenceid(property),
			moments, err);
	}
	return rc;
}

static int expand_series(struct expansion *expansion, struct event *event, struct error *err)
{
	struct moments occurs = {0}, gone = {0};
	int rc;

	add_moment(expansion->arena, &occurs, calendar_zone_civil(event->start));
	if ((rc = add_rules(expansion, event, &occurs, err)) < 0 ||
		(rc = add_times(expansion, event, ICAL_RDATE_PROPERTY, &occurs, err)) < 0 ||
		(rc = add_times(expansion, event, ICAL_EXDATE_PROPERTY, &gone, err)) < 0 ||
		(rc = add_overridden(expansion, event, &gone, err)) < 0)
		return rc;
	sort_moments(&occurs);
	sort_moments(&gone);
	for (size_t i = 0; i < occurs.count && rc == 0; i++)
		if ((i == 0 || occurs.civil[i] != occurs.civil[i - 1]) &&
			!has_moment(&gone, occurs.civil[i]))
			rc = add_occurrence(
				expansion, event, calendar_zone_from_civil(occurs.civil[i]), err);
	return rc;
}

static int expand_component(
	struct expansion *expansion, icalcomponent *component, struct error *err)
{
	struct event event;
	int rc = read_event(expansion, component, &event, err);

	if (rc < 0 || is_cancelled(component))
		return rc;
	if (is_override(component))
		return add_occurrence(expansion, &event, event.start, err);
	return expand_series(expansion, &event, err);
}

static int expand_all(struct expansion *expansion, struct error *err)
{
	icalcompiter at = icalcomponent_begin_component(expansion->root, ICAL_VEVENT_COMPONENT);
	icalcomponent *component;
	size_t count = 0;
	int rc = 0;

	for (; rc == 0 && (component = icalcompiter_deref(&at)); icalcompiter_next(&at)) {
		if (++count > CALENDAR_EVENTS_MAX)
			return refuse_text(err, "the calendar has more than 5000 events");
		rc = expand_component(expansion, component, err);
	}
	if (rc == 0 && count == 0)
		return refuse_text(err, "the calendar has no VEVENT");
	return rc;
}

/* --- the text --- */

static bool ends_whole(const char *ics, size_t length)
{
	static const char end[] = "END:VCALENDAR";

	while (length && strchr("\r\n\t ", ics[length - 1]))
		length--;
	return length >= strlen(end) && !strncasecmp(ics + length - strlen(end), end, strlen(end));
}

static int check_text(const struct calendar_text *text, struct error *err)
{
	if (text->length > CALENDAR_ICS_MAX)
		return refuse_text(err, "the calendar is larger than 1 MiB");
	if (!text_is_utf8(text->ics, text->length) || memchr(text->ics, 0, text->length))
		return refuse_text(err, "the calendar is not UTF-8 text");
	if (!ends_whole(text->ics, text->length))
		return refuse_text(err, "the calendar does not end with END:VCALENDAR: it was cut");
	return calendar_check_zone(text->zone, err);
}

/* What the library did not understand stands in X-LIC-ERROR properties of the component. */
static const char *first_fault(icalcomponent *component)
{
	icalproperty *fault = icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY);
	const char *text = NULL;

	if (fault)
		return icalproperty_get_xlicerror(fault);
	for (icalcompiter at = icalcomponent_begin_component(component, ICAL_ANY_COMPONENT);
		!text && icalcompiter_deref(&at); icalcompiter_next(&at))
		text = first_fault(icalcompiter_deref(&at));
	return text;
}

static int check_parsed(struct arena *arena, icalcomponent *root, struct error *err)
{
	const char *fault;

	if (!root || icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT)
		return refuse_text(err, "this is not one VCALENDAR");
	fault = first_fault(root);
	if (!fault)
		return 0;
	error_set(
		err, ERROR_INVALID, "the calendar cannot be read: %s", text_visible(arena, fault));
	error_field(err, "ics");
	return error_remedy(
		err, "mend that line; a calendar that is read by halves opens the gate");
}

static int compare_windows(const void *a, const void *b)
{
	const struct calendar_window *left = a, *right = b;

	if (left->start_at_us != right->start_at_us)
		return left->start_at_us < right->start_at_us ? -1 : 1;
	return (left->end_at_us > right->end_at_us) - (left->end_at_us < right->end_at_us);
}

int calendar_ics_expand(struct arena *arena, const struct calendar_text *text,
	struct calendar_window **ret, size_t *ret_count, struct error *err)
{
	struct expansion expansion = {.arena = arena, .text = text};
	int rc = check_text(text, err);

	if (rc < 0)
		return rc;
	expansion.floating = calendar_zone_named(text->zone);
	expansion.root = icalparser_parse_string(arena_text_n(arena, text->ics, text->length));
	rc = check_parsed(arena, expansion.root, err);
	if (rc == 0)
		rc = expand_all(&expansion, err);
	if (expansion.root)
		icalcomponent_free(expansion.root);
	if (rc < 0)
		return rc;
	if (expansion.count)
		qsort(expansion.windows, expansion.count, sizeof(*expansion.windows),
			compare_windows);
	*ret = expansion.windows;
	*ret_count = expansion.count;
	return 0;
}
