/* Local times of a zone as moments; between calendar_ics.c and calendar_zone.c only. */
#ifndef RB_CALENDAR_CALENDAR_ZONE_H
#define RB_CALENDAR_CALENDAR_ZONE_H

#include "lib/base/error.h"

#include <libical/ical.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The zone that a property's time is in: UTC, its TZID by the file's own VTIMEZONE or by the tz
 * database, else `floating`. ERROR_INVALID for a TZID that nobody knows: never UTC instead.
 */
int calendar_zone_of(icalproperty *property, struct icaltimetype time, icalcomponent *root,
	icaltimezone *floating, icaltimezone **ret, struct error *err);
/* By name, of the tz database. NULL when there is none. */
icaltimezone *calendar_zone_named(const char *name);

/*
 * Seconds since 1970 of a local time. One that occurs twice is the first or the last of the two, as
 * wanted; one that does not occur is read with the offset before the gap (RFC 5545 3.3.5).
 */
int64_t calendar_zone_seconds(struct icaltimetype local, icaltimezone *zone, bool wants_last);
/* The local time of a moment. */
struct icaltimetype calendar_zone_local(struct icaltimetype utc, icaltimezone *zone);
/* The time as its fields stand, counted as if they were UTC. */
int64_t calendar_zone_civil(struct icaltimetype time);
struct icaltimetype calendar_zone_from_civil(int64_t seconds);

#endif
