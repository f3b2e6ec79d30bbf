/* The text format of Prometheus: labels escaped, buckets summed up, whole numbers whole. */
#include "operations/metrics_text.h"

#include "check_main.h"

#include <string.h>

START_TEST(a_label_holds_any_text)
{
	struct buf out = BUF_INIT;

	metrics_sample(&out, "up", "target", "a\"b\\c\nd", "kind", "\xE5\x89\x8D", 1);
	ck_assert_str_eq(
		buf_text(&out), "up{target=\"a\\\"b\\\\c\\nd\",kind=\"\xE5\x89\x8D\"} 1\n");
	buf_done(&out);
}
END_TEST

START_TEST(numbers_are_whole_when_they_are)
{
	struct buf out = BUF_INIT;

	metrics_sample(&out, "a", NULL, NULL, NULL, NULL, 123456789012.0);
	metrics_sample(&out, "b", NULL, NULL, NULL, NULL, 0.00125);
	metrics_sample(&out, "c", NULL, NULL, NULL, NULL, 0);
	ck_assert_str_eq(buf_text(&out), "a 123456789012\nb 0.00125\nc 0\n");
	buf_done(&out);
}
END_TEST

START_TEST(buckets_hold_all_that_was_not_longer)
{
	struct histogram histogram = {0};
	struct buf out = BUF_INIT;

	histogram_add(&histogram, 0.0001);
	histogram_add(&histogram, 0.003);
	histogram_add(&histogram, 99);
	metrics_histogram(&out, "t_seconds", "Time.", &histogram);
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "# TYPE t_seconds histogram\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "{le=\"0.0001\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "{le=\"0.0025\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "{le=\"0.005\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "{le=\"10\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "{le=\"+Inf\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out), "t_seconds_count 3\n"));
	buf_done(&out);
}
END_TEST

CHECK_MAIN("metrics text", &a_label_holds_any_text, &numbers_are_whole_when_they_are,
	&buckets_hold_all_that_was_not_longer)
