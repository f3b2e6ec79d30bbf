#include "tests/unit/check_main.h"

#include "calendar/calendar_rooms.h"
#include "lib/base/time.h"

#include <string.h>

static struct arena arena;
static struct calendar_window *windows;
static size_t count;
static struct error err;

static int64_t at(const char *text)
{
	int64_t at_us;

	ck_assert_int_eq(time_parse("test", text, &at_us, NULL), 0);
	return at_us;
}

static int expand_text(const char *ics, const char *zone, bool are_freezes, const char *from)
{
	const struct calendar_text text = {
		.ics = ics,
		.length = strlen(ics),
		.zone = zone,
		.are_freezes = are_freezes,
		.from_us = at(from),
		.to_us = at(from) + CALENDAR_HORIZON_US,
	};

	windows = NULL;
	count = 0;
	error_clear(&err);
	return calendar_ics_expand(&arena, &text, &windows, &count, &err);
}

static const char *calendar_with(const char *events)
{
	return arena_format(&arena,
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n%sEND:VCALENDAR\r\n",
		events);
}

static const char *event(const char *lines)
{
	return arena_format(&arena,
		"BEGIN:VEVENT\r\nUID:e1\r\nDTSTAMP:20260101T000000Z\r\n"
		"SUMMARY:Freeze\r\n%sEND:VEVENT\r\n",
		lines);
}

/* One event, in Berlin time, from 2026 on. */
static void expand(const char *lines, bool are_freezes)
{
	ck_assert_msg(expand_text(calendar_with(event(lines)), "Europe/Berlin", are_freezes,
			      "2026-01-01T00:00:00Z") == 0,
		"%s", err.message);
}

static void expect(size_t position, const char *start, const char *end)
{
	char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];

	ck_assert_msg(position < count, "only %zu windows", count);
	time_format(windows[position].start_at_us, from, sizeof(from));
	time_format(windows[position].end_at_us, to, sizeof(to));
	ck_assert_msg(windows[position].start_at_us == at(start) &&
			      windows[position].end_at_us == at(end),
		"window %zu is %s .. %s, not %s .. %s", position, from, to, start, end);
}

static void expect_refused(const char *lines, const char *words)
{
	int rc = expand_text(
		calendar_with(event(lines)), "Europe/Berlin", true, "2026-01-01T00:00:00Z");

	ck_assert_msg(rc == ERROR_INVALID || rc == ERROR_TOO_LARGE, "taken: %s", lines);
	ck_assert_str_eq(err.field, "ics");
	ck_assert_msg(strstr(err.message, words), "%s", err.message);
	ck_assert_str_ne(err.remedy, "");
}

/* --- what occurs when --- */

START_TEST(an_event_is_half_open_in_its_zone)
{
	expand("DTSTART;TZID=Asia/Shanghai:20261111T000000\r\n"
	       "DTEND;TZID=Asia/Shanghai:20261112T000000\r\n",
		true);
	ck_assert_uint_eq(count, 1);
	expect(0, "2026-11-10T16:00:00Z", "2026-11-11T16:00:00Z");
	ck_assert_str_eq(windows[0].title, "Freeze");
}
END_TEST

START_TEST(a_time_without_a_zone_is_in_the_calendar_s)
{
	expand("DTSTART:20260701T080000\r\nDURATION:PT2H\r\n", true);
	expect(0, "2026-07-01T06:00:00Z", "2026-07-01T08:00:00Z");
	expand("DTSTART:20260701T080000Z\r\nDURATION:PT2H\r\n", true);
	expect(0, "2026-07-01T08:00:00Z", "2026-07-01T10:00:00Z");
}
END_TEST

START_TEST(a_date_is_a_whole_day_there)
{
	expand("DTSTART;VALUE=DATE:20260701\r\n", true);
	expect(0, "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z");
	/* The day of the spring change has 23 hours. */
	expand("DTSTART;VALUE=DATE:20260329\r\nDTEND;VALUE=DATE:20260330\r\n", true);
	expect(0, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
}
END_TEST

START_TEST(rules_count_and_end)
{
	expand("DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\n"
	       "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4\r\n",
		true);
	ck_assert_uint_eq(count, 4);
	expect(1, "2026-01-08T10:00:00Z", "2026-01-08T11:00:00Z");
	expect(3, "2026-01-15T10:00:00Z", "2026-01-15T11:00:00Z");
	expand("DTSTART:20260105T100000\r\nDURATION:PT1H\r\n"
	       "RRULE:FREQ=DAILY;UNTIL=20260107T090000Z\r\n",
		true);
	ck_assert_uint_eq(count, 3);
	expand("DTSTART:20260131T100000Z\r\nDURATION:PT1H\r\n"
	       "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3\r\n",
		true);
	expect(1, "2026-02-27T10:00:00Z", "2026-02-27T11:00:00Z");
}
END_TEST

START_TEST(exceptions_and_additions)
{
	expand("DTSTART:20260105T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"
	       "EXDATE:20260106T090000Z\r\nRDATE:20260110T100000,20260111T100000\r\n",
		true);
	ck_assert_uint_eq(count, 4);
	expect(1, "2026-01-07T09:00:00Z", "2026-01-07T10:00:00Z");
	expect(3, "2026-01-11T09:00:00Z", "2026-01-11T10:00:00Z");
}
END_TEST

START_TEST(an_occurrence_can_be_moved_and_cancelled)
{
	const char *series = event("DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\n"
				   "RRULE:FREQ=DAILY;COUNT=3\r\n");
	const char *moved = event("RECURRENCE-ID:20260106T100000Z\r\nDTSTART:20260106T200000Z\r\n"
				  "DURATION:PT2H\r\n");
	const char *cancelled = event("RECURRENCE-ID:20260107T100000Z\r\n"
				      "DTSTART:20260107T100000Z\r\nDURATION:PT1H\r\n"
				      "STATUS:CANCELLED\r\n");

	ck_assert_int_eq(
		expand_text(calendar_with(arena_format(&arena, "%s%s%s", series, moved, cancelled)),
			"UTC", true, "2026-01-01T00:00:00Z"),
		0);
	ck_assert_uint_eq(count, 2);
	expect(1, "2026-01-06T20:00:00Z", "2026-01-06T22:00:00Z");
}
END_TEST

START_TEST(a_transparent_event_only_tells)
{
	expand("DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nTRANSP:TRANSPARENT\r\n", true);
	ck_assert(windows[0].is_advisory);
}
END_TEST

START_TEST(long_ago_is_left_out)
{
	expand("DTSTART:20160105T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=YEARLY\r\n", true);
	expect(0, "2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z");
	ck_assert_uint_eq(count, 2);
}
END_TEST

/* --- clock changes: Berlin, 2026-03-29 02:00 -> 03:00 and 2026-10-25 03:00 -> 02:00 --- */

START_TEST(a_freeze_has_both_of_two_equal_hours)
{
	expand("DTSTART:20261025T023000\r\nDTEND:20261025T024500\r\n", true);
	expect(0, "2026-10-25T00:30:00Z", "2026-10-25T01:45:00Z");
}
END_TEST

START_TEST(a_window_has_the_shorter_of_two_equal_hours)
{
	expand("DTSTART:20261025T013000\r\nDTEND:20261025T023000\r\n", false);
	expect(0, "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z");
	/* From the last 02:30 to the first 02:45 nothing is left. */
	expand("DTSTART:20261025T023000\r\nDTEND:20261025T024500\r\n", false);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_time_that_does_not_occur_is_kept_with_the_offset_before)
{
	expand("DTSTART:20260328T023000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3\r\n", true);
	ck_assert_uint_eq(count, 3);
	expect(1, "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z");
	expect(2, "2026-03-30T00:30:00Z", "2026-03-30T01:30:00Z");
}
END_TEST

START_TEST(the_stricter_of_two_ends_counts)
{
	/* 22:00 to 06:00 each night; the night of the autumn change has nine hours. */
	expand("DTSTART:20261023T220000\r\nDTEND:20261024T060000\r\nRRULE:FREQ=DAILY;COUNT=2\r\n",
		true);
	expect(1, "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z");
	expand("DTSTART:20261023T220000\r\nDTEND:20261024T060000\r\nRRULE:FREQ=DAILY;COUNT=2\r\n",
		false);
	expect(1, "2026-10-24T20:00:00Z", "2026-10-25T04:00:00Z");
}
END_TEST

START_TEST(the_file_s_own_zone_is_honoured)
{
	const char *zone = "BEGIN:VTIMEZONE\r\nTZID:Nowhere\r\nBEGIN:STANDARD\r\n"
			   "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0545\r\nTZOFFSETTO:+0545\r\n"
			   "END:STANDARD\r\nEND:VTIMEZONE\r\n";
	const char *one = event("DTSTART;TZID=Nowhere:20260701T120000\r\nDURATION:PT1H\r\n");

	ck_assert_msg(expand_text(calendar_with(arena_format(&arena, "%s%s", zone, one)), "UTC",
			      true, "2026-01-01T00:00:00Z") == 0,
		"%s", err.message);
	expect(0, "2026-07-01T06:15:00Z", "2026-07-01T07:15:00Z");
}
END_TEST

/* --- what is refused --- */

START_TEST(what_would_be_read_wrongly_is_refused)
{
	expect_refused("DTSTART;TZID=Mars/Olympus:20260105T100000\r\nDURATION:PT1H\r\n",
		"TZID=Mars/Olympus");
	expect_refused("DURATION:PT1H\r\n", "DTSTART");
	expect_refused("DTSTART:20260105T100000Z\r\n", "no length");
	expect_refused("DTSTART:20260105T100000Z\r\nDTEND:20260105T100000Z\r\n", "no length");
	expect_refused("DTSTART:20260105T100000Z\r\nDTEND:20260104T100000Z\r\n", "no length");
	expect_refused(
		"DTSTART:20260105T100000Z\r\nDTEND:20260105T110000Z\r\nDURATION:PT1H\r\n", "DTEND");
	expect_refused("DTSTART:20260105T100000Z\r\nDTEND;VALUE=DATE:20260106\r\n", "DTEND");
	expect_refused("DTSTART:2026x\r\nDURATION:PT1H\r\n", "");
	expect_refused(
		"DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=SECONDLY\r\n", "RRULE");
	expect_refused("DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=NEVER;X=1\r\n", "");
	expect_refused(
		"DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;INTERVAL=0\r\n", "");
	expect_refused(
		"DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;BYHOUR=1,2\r\n",
		"RRULE");
	expect_refused("DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=2\r\n"
		       "EXDATE;VALUE=DATE:20260106\r\n",
		"EXDATE");
	expect_refused("DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\n"
		       "RDATE;VALUE=PERIOD:20260107T100000Z/PT1H\r\n",
		"RDATE");
}
END_TEST

START_TEST(a_rule_without_end_ends)
{
	expect_refused("DTSTART:19000101T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\n"
		       "RRULE:FREQ=DAILY\r\nRRULE:FREQ=DAILY\r\n",
		"occurs too often");
	expect_refused("DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\n"
		       "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\n",
		"contradicts itself");
}
END_TEST

START_TEST(a_text_that_is_no_whole_calendar_is_refused)
{
	static const char *const texts[] = {"", "hello", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260105T100000Z\r\n",
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nEND:VCALENDAR\r\n",
		"BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n",
		"BEGIN:VCALENDAR\r\n\xff\xfe\r\nEND:VCALENDAR\r\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(
			expand_text(texts[i], "UTC", true, "2026-01-01T00:00:00Z") == ERROR_INVALID,
			"text %zu is taken", i);
	ck_assert_int_eq(
		expand_text(calendar_with(""), "Mars/Olympus", true, "2026-01-01T00:00:00Z"),
		ERROR_INVALID);
	ck_assert_str_eq(err.field, "zone");
}
END_TEST

START_TEST(a_title_cannot_deceive)
{
	ck_assert_int_eq(expand_text(calendar_with("BEGIN:VEVENT\r\nUID:e\r\n"
						   "SUMMARY:双十一\xe2\x80\xae\r\n"
						   "DTSTART:20260105T100000Z\r\nDURATION:PT1H\r\n"
						   "END:VEVENT\r\n"),
				 "UTC", true, "2026-01-01T00:00:00Z"),
		0);
	ck_assert_str_eq(windows[0].title, "双十一\\u{202e}");
}
END_TEST

CHECK_MAIN("calendar ics", &an_event_is_half_open_in_its_zone,
	&a_time_without_a_zone_is_in_the_calendar_s, &a_date_is_a_whole_day_there,
	&rules_count_and_end, &exceptions_and_additions, &an_occurrence_can_be_moved_and_cancelled,
	&a_transparent_event_only_tells, &long_ago_is_left_out,
	&a_freeze_has_both_of_two_equal_hours, &a_window_has_the_shorter_of_two_equal_hours,
	&a_time_that_does_not_occur_is_kept_with_the_offset_before,
	&the_stricter_of_two_ends_counts, &the_file_s_own_zone_is_honoured,
	&what_would_be_read_wrongly_is_refused, &a_rule_without_end_ends,
	&a_text_that_is_no_whole_calendar_is_refused, &a_title_cannot_deceive)
