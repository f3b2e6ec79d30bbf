/* Times as the clocks of a zone show them, taken from people and shown to them. */
#include "calendar/calendar.h"
#include "calendar/calendar_zone.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

static int refuse(const char *field, const char *text, const char *what, const char *remedy,
	struct error *err)
{
	error_set(err, ERROR_INVALID, "\"%s\" %s", text, what);
	error_field(err, "%s", field);
	return error_remedy(err, "%s", remedy);
}

/* "dddd-dd-dd" and so on: 'd' stands for a digit, 't' for a blank or T. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape && *text; shape++, text++) {
		if (*shape == 'd' && !isdigit((unsigned char)*text))
			return false;
		if (*shape == 't' && *text != ' ' && *text != 'T')
			return false;
		if (*shape != 'd' && *shape != 't' && *shape != *text)
			return false;
	}
	return !*shape && !*text;
}

static int number(const char *text, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

static int read_fields(
	const char *field, const char *text, struct icaltimetype *ret, struct error *err)
{
	static const char remedy[] = "write 2026-12-01 09:30, or with an offset "
				     "2026-12-01T09:30:00+08:00";
	bool has_seconds = has_shape(text, "dddd-dd-ddtdd:dd:dd");
	struct icaltimetype time = icaltime_null_time(), back;

	if (!has_seconds && !has_shape(text, "dddd-dd-ddtdd:dd"))
		return refuse(field, text, "is no time", remedy, err);
	time.year = number(text, 4);
	time.month = number(text + 5, 2);
	time.day = number(text + 8, 2);
	time.hour = number(text + 11, 2);
	time.minute = number(text + 14, 2);
	time.second = has_seconds ? number(text + 17, 2) : 0;
	back = calendar_zone_from_civil(calendar_zone_civil(time));
	if (back.year != time.year || back.month != time.month || back.day != time.day ||
		back.hour != time.hour || back.minute != time.minute || back.second != time.second)
		return refuse(field, text, "is no time of the calendar", remedy, err);
	*ret = time;
	return 0;
}

int calendar_parse_local(const char *field, const char *text, const char *zone, int64_t *ret_at_us,
	struct error *err)
{
	static const char remedy[] = "write it with its offset: 2026-12-01T09:30:00+08:00";
	struct icaltimetype time, again;
	int64_t first, last;
	icaltimezone *found;
	int rc = calendar_check_zone(zone, err);

	if (rc < 0 || (rc = read_fields(field, text, &time, err)) < 0)
		return rc;
	found = calendar_zone_named(zone);
	first = calendar_zone_seconds(time, found, false);
	last = calendar_zone_seconds(time, found, true);
	if (first != last)
		return refuse(
			field, text, "is shown twice by the clocks of that zone", remedy, err);
	again = calendar_zone_local(calendar_zone_from_civil(first), found);
	if (calendar_zone_civil(again) != calendar_zone_civil(time))
		return refuse(
			field, text, "is never shown by the clocks of that zone", remedy, err);
	*ret_at_us = first * SECOND_US;
	return 0;
}

const char *calendar_format_local(struct arena *arena, const char *zone, int64_t at_us)
{
	icaltimezone *found = calendar_zone_named(zone);
	int64_t seconds = at_us / SECOND_US, civil, offset;
	struct icaltimetype local = calendar_zone_from_civil(seconds);

	if (found)
		local = calendar_zone_local(local, found);
	civil = calendar_zone_civil(local);
	offset = (civil - seconds) / 60;
	return arena_format(arena, "%04d-%02d-%02d %02d:%02d:%02d %c%02lld:%02lld", local.year,
		local.month, local.day, local.hour, local.minute, local.second,
		offset < 0 ? '-' : '+', (long long)(offset < 0 ? -offset : offset) / 60,
		(long long)(offset < 0 ? -offset : offset) % 60);
}
