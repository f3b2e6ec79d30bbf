#include "lib/base/time.h"

#include "check_main.h"

#include <string.h>

START_TEST(times_are_written_in_utc_with_microseconds)
{
	char text[TIME_TEXT_SIZE];

	ck_assert_str_eq(
		time_format(1795519157123456, text, sizeof(text)), "2026-11-24T11:19:17.123456Z");
	ck_assert_str_eq(time_format(0, text, sizeof(text)), "1970-01-01T00:00:00.000000Z");
	ck_assert_str_eq(time_format(-1, text, sizeof(text)), "1969-12-31T23:59:59.999999Z");
}
END_TEST

START_TEST(times_are_read_with_any_offset)
{
	static const struct {
		const char *text;
		int64_t at_us;
	} cases[] = {
		{"2026-11-24T11:19:17.123456Z", 1795519157123456},
		{"2026-11-24T19:19:17.123456+08:00", 1795519157123456},
		{"2026-11-24T05:49:17-05:30", 1795519157000000},
		{"2026-11-24t11:19:17z", 1795519157000000},
		{"2026-11-24 11:19:17.5Z", 1795519157500000},
		{"2026-11-24T11:19:17.1234567891Z", 1795519157123456},
		{"2024-02-29T00:00:00Z", 1709164800000000},
	};
	int64_t at_us = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(
			time_parse("at", cases[i].text, &at_us, NULL) == 0, "%s", cases[i].text);
		ck_assert_int_eq(at_us, cases[i].at_us);
	}
}
END_TEST

START_TEST(broken_times_are_refused)
{
	static const char *const bad[] = {"", "2026-11-24", "2026-11-24T11:19:17",
		"2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-24T24:00:00Z",
		"2026-11-24T11:60:00Z", "2026-11-24T11:19:61Z", "2026-11-24T11:19:17.Z",
		"2026-11-24T11:19:17Z ", "2026-11-24T11:19:17+8:00", "2026-11-24T11:19:17+24:00",
		"26-11-24T11:19:17Z", "1969-12-31T23:59:59Z", "2026-11-24T11:19Z"};
	struct error err = ERROR_INIT;
	int64_t at_us = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
			time_parse("at", bad[i], &at_us, &err) == ERROR_INVALID, "%s", bad[i]);
	ck_assert_int_eq(time_parse("at", NULL, &at_us, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "at");
	ck_assert_int_eq(at_us, 5);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
	char text[TIME_TEXT_SIZE];
	int64_t now_us = time_now_us(), at_us = 0;

	ck_assert_int_gt(now_us, 1700000000000000);
	ck_assert_int_eq(
		time_parse("at", time_format(now_us, text, sizeof(text)), &at_us, NULL), 0);
	ck_assert_int_eq(at_us, now_us);
}
END_TEST

START_TEST(durations_have_one_canonical_spelling)
{
	static const struct {
		const char *text, *canonical;
		int64_t ms;
	} cases[] = {{"30s", "30s", 30000}, {"1h30m", "1h30m", 5400000}, {"500ms", "500ms", 500},
		{"2d", "2d", 172800000}, {"90m", "1h30m", 5400000}, {"1500ms", "1s500ms", 1500},
		{"24h", "1d", 86400000}, {"366d", "366d", 31622400000},
		{"1d2h3m4s5ms", "1d2h3m4s5ms", 93784005}, {"1ms", "1ms", 1},
		{"5m1ms", "5m1ms", 300001}};
	char text[TIME_TEXT_SIZE];
	int64_t ms = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(time_parse_duration("for", cases[i].text, &ms, NULL) == 0, "%s",
			cases[i].text);
		ck_assert_int_eq(ms, cases[i].ms);
		ck_assert_str_eq(time_format_duration(ms, text, sizeof(text)), cases[i].canonical);
	}
	ck_assert_str_eq(time_format_duration(0, text, sizeof(text)), "0s");
}
END_TEST

START_TEST(broken_durations_are_refused)
{
	static const char *const bad[] = {"", "5", "s", "1.5h", "5 m", "5m1h", "5m5m", "-5m", "0s",
		"367d", "1w", "5M", "99999999999999999999d", "5mm", "5msx", "8784h1ms"};
	struct error err = ERROR_INIT;
	int64_t ms = 5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(time_parse_duration("for", bad[i], &ms, &err) == ERROR_INVALID, "%s",
			bad[i]);
	ck_assert_int_eq(time_parse_duration("for", NULL, &ms, &err), ERROR_INVALID);
	ck_assert_int_eq(ms, 5);
}
END_TEST

START_TEST(the_boot_id_is_stable)
{
	ck_assert_uint_eq(strlen(time_boot_id()), 36);
	ck_assert_ptr_eq(time_boot_id(), time_boot_id());
	ck_assert_int_ge(time_mono_ns(), time_mono_ms() * 1000000);
}
END_TEST

CHECK_MAIN("base time", &times_are_written_in_utc_with_microseconds,
	&times_are_read_with_any_offset, &broken_times_are_refused, &what_is_written_is_read_back,
	&durations_have_one_canonical_spelling, &broken_durations_are_refused,
	&the_boot_id_is_stable)
