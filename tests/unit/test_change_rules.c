/* States, what an approval signs, which level, what a metric says. */
#include "change/change_rooms.h"
#include "check_main.h"

#include <string.h>

START_TEST(test_there_are_these_ways_and_no_others)
{
	static const char *const ways[] = {"draft submit assessing", "draft edit draft",
		"draft cancel cancelled", "assessing assessed pending", "assessing edit draft",
		"assessing cancel cancelled", "pending reassess assessing",
		"pending approve approved", "pending reject rejected", "pending edit draft",
		"pending cancel cancelled", "pending expire expired", "approved reassess assessing",
		"approved edit draft", "approved cancel cancelled", "approved expire expired",
		"approved run executing", "executing runs_ended verifying", "verifying pass closed",
		"verifying rolled_back closed", "verifying accept closed",
		"verifying close closed"};
	size_t found = 0;

	for (int from = CHANGE_DRAFT; from <= CHANGE_EXPIRED; from++)
		for (int event = 0; event < EVENT_COUNT; event++) {
			enum change_state to;
			bool is_listed = false;
			char text[80];

			if (!change_next((enum change_state)from, (enum change_event)event, &to))
				continue;
			ck_assert(!change_is_terminal((enum change_state)from));
			snprintf(text, sizeof(text), "%s %s %s",
				change_state_word((enum change_state)from),
				change_event_word((enum change_event)event), change_state_word(to));
			for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
				is_listed = is_listed || !strcmp(ways[i], text);
			ck_assert_msg(is_listed, "%s", text);
			found++;
		}
	ck_assert_uint_eq(found, sizeof(ways) / sizeof(ways[0]));
}
END_TEST

static struct change signed_change(void)
{
	return (struct change){
		.name = "CHG-7",
		.revision = 2,
		.revision_digest = "sha256:aa",
		.render_digest = "sha256:bb",
		.exceptions = "",
		.level = 2,
	};
}

START_TEST(test_an_approval_signs_each_of_them)
{
	struct change change = signed_change(), others[6];
	char digest[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < 6; i++)
		others[i] = change;
	others[0].name[4] = '8';
	others[1].revision = 3;
	others[2].revision_digest[8] = 'b';
	others[3].render_digest[8] = 'a';
	others[4].level = 3;
	others[5].exceptions = "[{}]";
	change_approval_digest(&change, "sha256:cc", digest);
	for (size_t i = 0; i < 6; i++) {
		change_approval_digest(&others[i], "sha256:cc", other);
		ck_assert_str_ne(digest, other);
	}
	change_approval_digest(&change, "sha256:cd", other);
	ck_assert_str_ne(digest, other);
	change_approval_digest(&change, "sha256:cc", other);
	ck_assert_str_eq(digest, other);
}
END_TEST

START_TEST(test_the_level_follows_the_findings)
{
	static const char *const none[] = {NULL}, *const sales[] = {"sales", NULL};
	const struct revision excepted = {.template_name = "a/b", .exception_calendars = sales};
	const struct risk_report nothing = {.count = 0};
	static const struct {
		const char *findings; /* severities, lower case = tier WARN */
		int of_rules;
		bool is_standard;
		int64_t level;
	} rows[] = {
		{"", 0, false, 1},
		{"", 0, true, 0},
		{"L", 0, true, 0},
		{"M", 1, true, 1},
		{"H", 2, false, 2},
		{"HHH", 3, false, 3},
		{"C", 3, false, 3},
		{"C", 0, false, 3}, /* waived by its owners: still level 3 */
		{"C", 0, true, 3},
		{"c", 0, false, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct risk_finding findings[4];
		struct risk_report report = {.findings = findings, .level = rows[i].of_rules};
		struct revision revision = {.template_name = rows[i].is_standard ? "a/b" : NULL,
			.exception_calendars = none};

		for (const char *one = rows[i].findings; *one; one++)
			findings[report.count++] = (struct risk_finding){
				.severity = *one >= 'a' ? (char)(*one - 'a' + 'A') : *one,
				.tier = *one >= 'a' ? "WARN" : "ENFORCE",
			};
		ck_assert_msg(change_level(&revision, &report) == rows[i].level, "row %zu", i);
	}
	ck_assert_int_eq(change_level(&excepted, &nothing), 1);
}
END_TEST

START_TEST(test_what_is_not_known_of_a_metric_is_neither_yes_nor_no)
{
	static const struct {
		const char *value, *op, *threshold;
		enum metric_answer answer;
	} rows[] = {
		{"1", "<", "2", METRIC_PASS},
		{"2", "<", "2", METRIC_FAIL},
		{"2", "<=", "2", METRIC_PASS},
		{"{\"$decimal\":\"0.011\"}", "<", "0.01", METRIC_FAIL},
		{"{\"$decimal\":\"0.009\"}", "<", "0.01", METRIC_PASS},
		{"3", ">", "2", METRIC_PASS},
		{"1", ">=", "2", METRIC_FAIL},
		{"0", "==", "0", METRIC_PASS},
		{"1", "==", "0", METRIC_FAIL},
		{"-1", "<", "0", METRIC_PASS},
		{NULL, "<", "2", METRIC_UNKNOWN},
		{"", "<", "2", METRIC_UNKNOWN},
		{"true", "<", "2", METRIC_UNKNOWN},
		{"\"1\"", "<", "2", METRIC_UNKNOWN},
		{"{\"$decimal\":\"NaN\"}", "<", "2", METRIC_UNKNOWN},
		{"{\"$decimal\":\"inf\"}", ">", "2", METRIC_UNKNOWN},
		{"1", "!=", "2", METRIC_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(metric_compare(rows[i].value, rows[i].op, rows[i].threshold) ==
				      rows[i].answer,
			"row %zu", i);
}
END_TEST

START_TEST(test_the_worst_value_of_the_window_counts)
{
	static const char *const rows[][2] = {
		{"<", "max_over_time((a)[60s:])"},
		{"<=", "max_over_time((a)[60s:])"},
		{">", "min_over_time((a)[60s:])"},
		{">=", "min_over_time((a)[60s:])"},
		{"==", "max_over_time((a)[60s:]) == min_over_time((a)[60s:])"},
	};
	struct arena arena = ARENA_INIT;
	struct revision_metric metric = {.query = "a", .window_s = 60};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		metric.op = rows[i][0];
		ck_assert_str_eq(metric_worst_query(&arena, &metric), rows[i][1]);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(test_a_diff_names_the_place)
{
	json_t *from = json_loads("{\"a\":[1,{\"b\":\"x\"}],\"c\":1,\"same\":[2]}", 0, NULL);
	json_t *to = json_loads("{\"a\":[1,{\"b\":\"y\"},3],\"d\":2,\"same\":[2]}", 0, NULL);
	json_t *diff = change_diff(from, to);
	json_t *wanted = json_loads("[{\"path\":\"a[1].b\",\"from\":\"x\",\"to\":\"y\"},"
				    "{\"path\":\"a[2]\",\"to\":3},{\"path\":\"c\",\"from\":1},"
				    "{\"path\":\"d\",\"to\":2}]",
		0, NULL);

	ck_assert(json_equal(diff, wanted));
	json_decref(from);
	json_decref(to);
	json_decref(diff);
	json_decref(wanted);
}
END_TEST

CHECK_MAIN("change_rules", &test_there_are_these_ways_and_no_others,
	&test_an_approval_signs_each_of_them, &test_the_level_follows_the_findings,
	&test_what_is_not_known_of_a_metric_is_neither_yes_nor_no,
	&test_the_worst_value_of_the_window_counts, &test_a_diff_names_the_place)
