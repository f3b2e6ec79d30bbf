/* Times as the clocks of a zone show them. */
#include "calendar/calendar.h"
#include "check_main.h"
#include "lib/base/time.h"

START_TEST(test_what_the_clocks_show_once_is_a_moment)
{
	static const struct {
		const char *text, *zone;
		const char *moment; /* NULL = refused */
	} rows[] = {
		{"2026-12-01 09:30", "Asia/Shanghai", "2026-12-01T01:30:00.000000Z"},
		{"2026-12-01T09:30:15", "UTC", "2026-12-01T09:30:15.000000Z"},
		{"2027-07-01 00:00", "Europe/Berlin", "2027-06-30T22:00:00.000000Z"},
		{"2027-03-28 02:30", "Europe/Berlin", NULL}, /* never */
		{"2027-10-31 02:30", "Europe/Berlin", NULL}, /* twice */
		{"2027-10-31 03:30", "Europe/Berlin", "2027-10-31T02:30:00.000000Z"},
		{"2026-02-30 09:30", "UTC", NULL},
		{"2026-12-01 24:00", "UTC", NULL},
		{"2026-12-01", "UTC", NULL},
		{"2026-12-01 09:30 ", "UTC", NULL},
		{"tomorrow", "UTC", NULL},
		{"2026-12-01 09:30", "Mars/Olympus", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		char text[TIME_TEXT_SIZE];
		int64_t at_us = 0;
		int rc = calendar_parse_local("start", rows[i].text, rows[i].zone, &at_us, &err);

		if (!rows[i].moment) {
			ck_assert_msg(rc == ERROR_INVALID, "%s was taken", rows[i].text);
			ck_assert(*err.field && *err.remedy);
			continue;
		}
		ck_assert_msg(rc == 0, "%s: %s", rows[i].text, err.message);
		ck_assert_str_eq(time_format(at_us, text, sizeof(text)), rows[i].moment);
	}
}
END_TEST

START_TEST(test_a_moment_is_shown_with_its_offset)
{
	struct arena arena = ARENA_INIT;
	int64_t at_us = INT64_C(1796090400000000); /* 2026-12-01T02:00:00Z */

	ck_assert_str_eq(calendar_format_local(&arena, "Asia/Shanghai", at_us),
		"2026-12-01 10:00:00 +08:00");
	ck_assert_str_eq(calendar_format_local(&arena, "America/St_Johns", at_us),
		"2026-11-30 22:30:00 -03:30");
	ck_assert_str_eq(calendar_format_local(&arena, "UTC", at_us), "2026-12-01 02:00:00 +00:00");
	arena_done(&arena);
}
END_TEST

CHECK_MAIN("calendar_local", &test_what_the_clocks_show_once_is_a_moment,
	&test_a_moment_is_shown_with_its_offset)
