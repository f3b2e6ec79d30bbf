/*
 * Calendars: freezes and windows for changes. Each is iCalendar text whose events close a calendar
 * that is open by default (freezes) or open one that is closed by default (windows). The state over
 * a subject is closed if any calendar that matches it is closed. Red-button plans are never
 * held by a calendar: they are only told.
 */
#ifndef RB_CALENDAR_CALENDAR_H
#define RB_CALENDAR_CALENDAR_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What happens to a change that still runs when the calendar closes. */
enum calendar_overrun { CALENDAR_ALLOW, CALENDAR_WARN, CALENDAR_KILL };
const char *calendar_overrun_word(enum calendar_overrun overrun); /* "allow" */
int calendar_overrun_parse(const char *word, enum calendar_overrun *ret, struct error *err);

struct calendar {
	char id[ID_SIZE];
	const char *name;
	bool is_open_by_default; /* its events are freezes; else they are windows */
	const char *zone;	 /* of times without a zone: a name of the tz database */
	const char *
		selector; /* canonical JSON object of texts: labels of what it is about; {} = all */
	enum calendar_overrun overrun;
	int64_t grace_ms;	/* before a kill */
	const char *approvers;	/* group whose yes an exception needs too; NULL = none */
	int64_t max_age_ms;	/* an import older than this counts as closed; 0 = any age */
	const char *digest;	/* of the iCalendar text */
	int64_t imported_at_us; /* when that text was put */
	int64_t known_until_us; /* events are worked out up to here; later counts as closed */
	int64_t version;	/* for If-Match */
	int64_t created_at_us, changed_at_us;
};

extern const struct store_schema calendar_schema;

/* --- the question --- */

enum calendar_why {
	CALENDAR_FREEZE,    /* an event closes it */
	CALENDAR_NO_WINDOW, /* closed by default, and no event opens it */
	CALENDAR_STALE,	   /* its text is older than max_age, or the time is beyond what is known */
	CALENDAR_ADVISORY, /* an event that only tells (TRANSP:TRANSPARENT) */
};
const char *calendar_why_word(enum calendar_why why); /* "freeze" */

struct calendar_reason {
	const char *calendar;
	enum calendar_why why;
	const char *event, *uid; /* title and UID of the event, or "" */
	int64_t since_us;	 /* start of the event; 0 when there is none */
	int64_t until_us;	 /* end of the event; 0 when there is none */
	enum calendar_overrun overrun;
	int64_t grace_ms;
	const char *approvers; /* or NULL */
};

struct calendar_state {
	bool is_open;
	int64_t next_transition_us;	 /* when that changes next; 0 = not within what is known */
	struct calendar_reason *reasons; /* those that close it first, then the advisory ones */
	size_t reason_count;
};

/*
 * The state at that time over subjects: an array of objects of labels (environment, service,
 * zone, ...), one a target. A calendar matches when one of them has all pairs of its selector; with
 * no subject only calendars without a selector match.
 */
int calendar_get_state(struct store_tx *tx, struct arena *arena, const json_t *subjects,
	int64_t at_us, struct calendar_state *ret, struct error *err);

/*
 * Each thing that closes a calendar over those subjects at some moment of [from, to), once, by
 * time; without the advisory ones. What lies behind the time that is worked out is not in it.
 */
int calendar_list_closings(struct store_tx *tx, struct arena *arena, const json_t *subjects,
	int64_t from_us, int64_t to_us, struct calendar_reason **ret, size_t *ret_count,
	struct error *err);

int calendar_get(struct store_tx *tx, struct arena *arena, const char *name, struct calendar **ret,
	struct error *err);

/* --- times as people write and read them --- */

/* ERROR_INVALID, field "zone", for a name that the tz database does not have. */
int calendar_check_zone(const char *zone, struct error *err);
/*
 * "2026-12-01 09:30" (a 'T' between, seconds: as you like) as the clocks of the zone show it. A
 * time that they show twice or never is refused: it needs an offset (time_parse).
 */
int calendar_parse_local(const char *field, const char *text, const char *zone, int64_t *ret_at_us,
	struct error *err);
/* "2026-12-01 09:30:00 +08:00" in the zone, in the arena; UTC for a zone that is not known. */
const char *calendar_format_local(struct arena *arena, const char *zone, int64_t at_us);

#endif
