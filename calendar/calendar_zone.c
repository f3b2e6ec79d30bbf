#include "calendar/calendar_zone.h"

#include "calendar/calendar_rooms.h"

#include <string.h>
#include <time.h>

#define DAY_S 86400

icaltimezone *calendar_zone_named(const char *name)
{
	icaltimezone *zone;

	if (!strcmp(name, "UTC") || !strcmp(name, "Etc/UTC"))
		return icaltimezone_get_utc_timezone();
	zone = icaltimezone_get_builtin_timezone(name);
	return zone ? zone : icaltimezone_get_builtin_timezone_from_tzid(name);
}

int calendar_check_zone(const char *zone, struct error *err)
{
	if (calendar_zone_named(zone))
		return 0;
	error_set(err, ERROR_INVALID, "there is no time zone \"%s\"", zone);
	error_field(err, "zone");
	return error_remedy(
		err, "use a name of the tz database: Asia/Shanghai, Europe/Berlin, UTC");
}

int calendar_zone_of(icalproperty *property, struct icaltimetype time, icalcomponent *root,
	icaltimezone *floating, icaltimezone **ret, struct error *err)
{
	icalparameter *parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
	const char *name = parameter ? icalparameter_get_tzid(parameter) : NULL;

	if (icaltime_is_utc(time))
		*ret = icaltimezone_get_utc_timezone();
	else if (!name)
		*ret = floating;
	else if (!(*ret = icalcomponent_get_timezone(root, name)) &&
		 !(*ret = calendar_zone_named(name))) {
		error_set(err, ERROR_INVALID,
			"nobody knows the time zone TZID=%s: neither a VTIMEZONE of the file nor "
			"the tz database has it",
			name);
		return error_remedy(err,
			"export the calendar with its VTIMEZONE, or use a name of the tz database");
	}
	return 0;
}

/* By libc: libical counts nothing before 1970. */
int64_t calendar_zone_civil(struct icaltimetype time)
{
	struct tm fields = {.tm_year = time.year - 1900,
		.tm_mon = time.month - 1,
		.tm_mday = time.day,
		.tm_hour = time.hour,
		.tm_min = time.minute,
		.tm_sec = time.second};

	return (int64_t)timegm(&fields);
}

struct icaltimetype calendar_zone_from_civil(int64_t seconds)
{
	struct icaltimetype time = icaltime_null_time();
	time_t moment = (time_t)seconds;
	struct tm fields;

	gmtime_r(&moment, &fields);
	time.year = fields.tm_year + 1900;
	time.month = fields.tm_mon + 1;
	time.day = fields.tm_mday;
	time.hour = fields.tm_hour;
	time.minute = fields.tm_min;
	time.second = fields.tm_sec;
	return time;
}

/* Seconds east of UTC at that moment. */
static int64_t offset_at(int64_t utc_s, icaltimezone *zone)
{
	struct icaltimetype utc =
		icaltime_from_timet_with_zone((time_t)utc_s, 0, icaltimezone_get_utc_timezone());
	int is_daylight;

	return icaltimezone_get_utc_offset_of_utc_time(zone, &utc, &is_daylight);
}

int64_t calendar_zone_seconds(struct icaltimetype local, icaltimezone *zone, bool wants_last)
{
	int64_t civil = calendar_zone_civil(local);
	int64_t before = offset_at(civil - DAY_S, zone);
	int64_t after = offset_at(civil + DAY_S, zone);
	bool holds_before = offset_at(civil - before, zone) == before;
	bool holds_after = offset_at(civil - after, zone) == after;

	if (holds_before && holds_after && wants_last)
		return civil - (before < after ? before : after);
	if (holds_before && holds_after)
		return civil - (before > after ? before : after);
	return civil - (holds_after ? after : before);
}

struct icaltimetype calendar_zone_local(struct icaltimetype utc, icaltimezone *zone)
{
	int64_t seconds = calendar_zone_civil(utc);

	return calendar_zone_from_civil(seconds + offset_at(seconds, zone));
}
