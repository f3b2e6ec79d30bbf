#include "change/risk/risk_rooms.h"
#include "check_main.h"
#include "lib/base/buf.h"

#include <string.h>

static struct arena arena; /* of the one test of a process */
static struct error err;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- what rules are --- */

#define MANIFEST(id, severity, tier, on_error)                                                     \
	"{\"id\":\"" id "\",\"severity\":\"" severity "\",\"tier\":\"" tier                        \
	"\",\"on_error\":\"" on_error                                                              \
	"\",\"waivable\":\"owner\",\"owner\":\"sre\",\"title\":\"t\",\"looks_at\":\"l\","          \
	"\"why\":\"w\",\"suggestion\":\"s\",\"doc\":\"d\",\"file\":\"f\"}"
#define ERROR_OF(id) "{\"rule\":\"" id "\",\"file\":\"" id ".lua\",\"line\":3,\"message\":\"bad\"}"

static int list(const char *rows, const char *errors, struct risk_rule *rules)
{
	const char *text =
		arena_format(&arena, "{\"ok\":true,\"rules\":[%s],\"errors\":[%s]}", rows, errors);

	rules[0] = (struct risk_rule){.id = "A-001"};
	rules[1] = (struct risk_rule){.id = "B-001"};
	err = ERROR_INIT;
	return risk_answer_list(&arena, text, strlen(text), rules, 2, &err);
}

START_TEST(a_list_says_what_each_rule_is)
{
	struct risk_rule rules[2];

	ck_assert_int_eq(list(MANIFEST("B-001", "H", "WARN", "warn") "," MANIFEST(
				      "A-001", "C", "ENFORCE", "block"),
				 "", rules),
		0);
	ck_assert_int_eq(rules[0].severity, 'C');
	ck_assert(rules[0].is_blocking && !rules[1].is_blocking);
	ck_assert_str_eq(rules[1].tier, "WARN");
	ck_assert_str_eq(rules[1].waivable, "owner");
}
END_TEST

START_TEST(a_rule_that_cannot_be_read_is_critical)
{
	struct risk_rule rules[2];

	ck_assert_int_eq(
		list(MANIFEST("A-001", "L", "SHADOW", "warn"), ERROR_OF("B-001"), rules), 0);
	ck_assert_str_eq(rules[1].fault, "B-001.lua:3: bad");
	ck_assert_int_eq(rules[1].severity, 'C');
	ck_assert(rules[1].is_blocking);
}
END_TEST

static const char *const bad_lists[][2] = {
	{MANIFEST("A-001", "C", "ENFORCE", "block"), ""}, /* nothing of B-001 */
	{MANIFEST("A-001", "C", "ENFORCE", "block") "," MANIFEST("A-001", "C", "ENFORCE", "block"),
		ERROR_OF("B-001")},
	{MANIFEST("A-001", "C", "ENFORCE", "block") "," MANIFEST("C-001", "C", "ENFORCE", "block"),
		ERROR_OF("B-001")},
	{MANIFEST("A-001", "X", "ENFORCE", "block"), ERROR_OF("B-001")},
	{MANIFEST("A-001", "C", "enforce", "block"), ERROR_OF("B-001")},
	{MANIFEST("A-001", "C", "ENFORCE", ""), ERROR_OF("B-001")},
	{MANIFEST("A-001", "C", "ENFORCE", "block"), ERROR_OF("A-001") "," ERROR_OF("B-001")},
	{MANIFEST("A-001", "C", "ENFORCE", "block"), "{\"rule\":\"B-001\"}"},
	{"{\"id\":\"A-001\"}", ERROR_OF("B-001")},
	{"5", ERROR_OF("B-001")},
};

START_TEST(a_list_that_is_not_whole_is_refused)
{
	struct risk_rule rules[2];

	for (size_t i = 0; i < COUNT(bad_lists); i++) {
		ck_assert_int_eq(list(bad_lists[i][0], bad_lists[i][1], rules), ERROR_RUNNER_LIMIT);
		ck_assert_msg(
			strstr(err.message, "the runner's answer") != NULL, "%s", err.message);
	}
}
END_TEST

/* --- findings --- */

static const struct risk_rule known[] = {
	{"A-001", 'H', "ENFORCE", "approver", "sre", "t", "l", "w", "s", "d", true, NULL},
	{"B-001", 'M', "WARN", "owner", "dba", "t", "l", "w", "s", "d", false, NULL},
	{"C-001", 'C', "ENFORCE", "none", "dba", "t", "l", "w", "s", "d", true, NULL},
};
#define ALL   "{\"id\":\"A-001\"},{\"id\":\"B-001\"},{\"id\":\"C-001\"}"
#define FOUND "\"object\":\"o\",\"seen\":\"s\",\"message\":\"m\"}"

static int report(
	const char *rules, const char *findings, const char *errors, struct risk_report *ret)
{
	const char *text = arena_format(&arena,
		"{\"ok\":true,\"rules\":[%s],\"findings\":[%s],\"errors\":[%s]}", rules, findings,
		errors);
	int rc;

	*ret = (struct risk_report){0};
	err = ERROR_INIT;
	rc = risk_answer_report(&arena, text, strlen(text), known, 3, ret, &err);
	if (rc == 0) {
		risk_score_sort(ret);
		risk_recount(ret, NULL, &arena);
	}
	return rc;
}

START_TEST(findings_are_those_of_known_rules)
{
	struct risk_report got;

	ck_assert_int_eq(
		report(ALL, "{\"rule\":\"B-001\",\"step\":2," FOUND ",{\"rule\":\"A-001\"," FOUND,
			"", &got),
		0);
	ck_assert_uint_eq(got.count, 2);
	ck_assert_str_eq(got.findings[0].rule, "A-001");
	ck_assert_int_eq(got.findings[0].step, 0);
	ck_assert_int_eq(got.findings[1].step, 2);
	ck_assert_int_eq(got.findings[1].severity, 'M');
	ck_assert_str_eq(got.terms, "A-001 8"); /* B-001 only warns */
	ck_assert_int_eq(got.total, 8);
	ck_assert_int_eq(got.level, 2);
	ck_assert(!got.has_error);
}
END_TEST

START_TEST(a_failed_rule_blocks)
{
	struct risk_report got;

	ck_assert_int_eq(report("{\"id\":\"B-001\"},{\"id\":\"C-001\"}",
				 "{\"rule\":\"rule_error\",\"object\":\"A-001\",\"seen\":\"\","
				 "\"message\":\"\"}",
				 ERROR_OF("A-001"), &got),
		0);
	ck_assert_uint_eq(got.count, 1);
	ck_assert(got.has_error);
	ck_assert_str_eq(got.findings[0].rule, "rule_error");
	ck_assert_str_eq(got.findings[0].object, "A-001");
	ck_assert_int_eq(got.level, 3);
}
END_TEST

START_TEST(a_failed_rule_that_warns_is_shown)
{
	struct risk_report got;

	ck_assert_int_eq(report(ALL, "", ERROR_OF("B-001"), &got), 0);
	ck_assert_uint_eq(got.count, 1);
	ck_assert(!got.has_error);
	ck_assert_str_eq(got.findings[0].tier, "WARN");
	ck_assert_int_eq(got.level, 0);
}
END_TEST

/* "blocks": false of the child changes nothing: who blocks is known. */
START_TEST(the_child_cannot_say_that_a_fault_does_not_block)
{
	struct risk_report got;

	ck_assert_int_eq(report(ALL, "",
				 "{\"rule\":\"A-001\",\"file\":\"f\",\"line\":1,\"message\":\"m\","
				 "\"blocks\":false}",
				 &got),
		0);
	ck_assert(got.has_error);
}
END_TEST

START_TEST(a_rule_that_was_not_heard_blocks)
{
	struct risk_report got;

	ck_assert_int_eq(report("{\"id\":\"A-001\"},{\"id\":\"B-001\"}", "", "", &got), 0);
	ck_assert(got.has_error);
	ck_assert_str_eq(got.findings[0].object, "C-001");
}
END_TEST

START_TEST(deceptive_text_is_shown)
{
	struct risk_report got;

	ck_assert_int_eq(
		report(ALL,
			"{\"rule\":\"A-001\",\"object\":\"a\\u202eb\",\"seen\":\"\\u001b\","
			"\"message\":\"x\\ny\"}",
			"", &got),
		0);
	ck_assert_str_eq(got.findings[0].object, "a\\u{202e}b");
	ck_assert_str_eq(got.findings[0].seen, "\\x1b");
	ck_assert_ptr_null(strchr(got.findings[0].message, '\n'));
}
END_TEST

static const char *const bad_findings[] = {
	"{\"rule\":\"Z-001\"," FOUND,
	"{\"rule\":\"A-001\",\"severity\":\"L\"," FOUND,
	"{\"rule\":\"A-001\",\"step\":-1," FOUND,
	"{\"rule\":\"A-001\",\"step\":1.5," FOUND,
	"{\"rule\":\"A-001\",\"step\":\"1\"," FOUND,
	"{\"rule\":\"A-001\",\"object\":\"o\",\"seen\":\"s\"}",
	"{\"rule\":7," FOUND,
	"{\"rule\":\"rule_error\"," FOUND,
	"{\"rule\":\"rule_error\",\"object\":\"A-001\",\"seen\":\"\",\"message\":\"\"}",
	"null",
	"[]",
};

START_TEST(a_bad_finding_spoils_the_answer)
{
	struct risk_report got;

	for (size_t i = 0; i < COUNT(bad_findings); i++)
		ck_assert_int_eq(report(ALL, bad_findings[i], "", &got), ERROR_RUNNER_LIMIT);
}
END_TEST

START_TEST(a_flood_of_findings_spoils_the_answer)
{
	struct risk_report got;
	struct buf many = BUF_INIT;

	for (int i = 0; i < 101; i++)
		buf_add_format(&many, "%s{\"rule\":\"A-001\",\"step\":%d," FOUND, i ? "," : "", i);
	ck_assert_int_eq(report(ALL, buf_text(&many), "", &got), 0);
	ck_assert_int_eq(got.total, 8);
	buf_add_text(&many, ",{\"rule\":\"A-001\",\"step\":500," FOUND);
	ck_assert_int_eq(report(ALL, buf_text(&many), "", &got), ERROR_RUNNER_LIMIT);
	buf_done(&many);
}
END_TEST

static const char *const bad_answers[] = {
	"",
	"{",
	"[]",
	"{\"ok\":true}",
	"{\"ok\":1,\"rules\":[],\"findings\":[],\"errors\":[]}",
	"{\"ok\":true,\"rules\":{},\"findings\":[],\"errors\":[]}",
	"{\"ok\":true,\"rules\":[" ALL "],\"errors\":[]}",
	"{\"ok\":true,\"rules\":[" ALL "],\"findings\":null,\"errors\":[]}",
	"{\"ok\":true,\"ok\":true,\"rules\":[" ALL "],\"findings\":[],\"errors\":[]}",
	"{\"ok\":true,\"rules\":[" ALL "],\"findings\":[],\"errors\":[]} x",
	"{\"ok\":false,\"errors\":[]}",
	"{\"ok\":false,\"errors\":[{\"message\":\"the input is missing\"}]}",
	"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
};

START_TEST(a_bad_answer_is_none)
{
	struct risk_report got = {0};

	for (size_t i = 0; i < COUNT(bad_answers); i++) {
		err = ERROR_INIT;
		ck_assert_int_eq(risk_answer_report(&arena, bad_answers[i], strlen(bad_answers[i]),
					 known, 3, &got, &err),
			ERROR_RUNNER_LIMIT);
		ck_assert_str_ne(err.message, "");
	}
}
END_TEST

/* --- the score --- */

START_TEST(a_waiver_takes_a_rule_out_of_the_score)
{
	static const char *const waived[] = {"A-001", "C-001", NULL};
	struct risk_report got;

	ck_assert_int_eq(
		report(ALL, "{\"rule\":\"A-001\"," FOUND ",{\"rule\":\"C-001\"," FOUND, "", &got),
		0);
	ck_assert_str_eq(got.terms, "C-001 20 + A-001 8");
	ck_assert_int_eq(got.total, 28);
	risk_recount(&got, waived, &arena);
	ck_assert_str_eq(got.terms, "C-001 20"); /* nobody may waive it */
	ck_assert_int_eq(got.level, 3);
	risk_recount(&got, NULL, &arena);
	ck_assert_int_eq(got.total, 28);
}
END_TEST

static const struct {
	const char *severities;
	int64_t total;
	int level;
} scores[] = {{"", 0, 0}, {"L", 1, 0}, {"LL", 2, 0}, {"M", 3, 1}, {"MMLL", 8, 2}, {"MMM", 9, 2},
	{"H", 8, 2}, {"HHML", 20, 3}, {"HHM", 19, 2}, {"C", 20, 3}, {"MML", 7, 1}};

START_TEST(levels_follow_from_points)
{
	for (size_t i = 0; i < COUNT(scores); i++) {
		struct risk_finding findings[8] = {0};
		struct risk_report got = {
			.findings = findings, .count = strlen(scores[i].severities)};

		for (size_t j = 0; j < got.count; j++)
			findings[j] = (struct risk_finding){
				.rule = arena_format(&arena, "R-%03zu", j),
				.severity = scores[i].severities[j],
				.tier = "ENFORCE",
				.object = "",
				.message = "",
				.waivable = "owner",
			};
		risk_score_sort(&got);
		risk_recount(&got, NULL, &arena);
		ck_assert_int_eq(got.total, scores[i].total);
		ck_assert_int_eq(got.level, scores[i].level);
	}
}
END_TEST

START_TEST(what_became_of_others_is_a_term_of_its_own)
{
	static const struct {
		int64_t failed, of, points;
	} rows[] = {{0, 0, 0}, {0, 1, 0}, {0, 40, 0}, {1, 1, 3}, {1, 2, 3}, {2, 2, 5}, {1, 10, 1},
		{1, 40, 0}, {5, 10, 4}, {20, 40, 5}, {39, 40, 9}, {40, 40, 10}};
	struct risk_report report = {.history_failed = 5, .history_of = 10};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(risk_history_points(rows[i].failed, rows[i].of) == rows[i].points,
			"row %zu", i);
	risk_recount(&report, NULL, &arena);
	ck_assert_str_eq(report.terms, "history 4");
	ck_assert_int_eq(report.total, 4);
	ck_assert_int_eq(report.level, 1);
}
END_TEST

CHECK_MAIN("risk_answer", &a_list_says_what_each_rule_is, &a_rule_that_cannot_be_read_is_critical,
	&a_list_that_is_not_whole_is_refused, &findings_are_those_of_known_rules,
	&a_failed_rule_blocks, &a_failed_rule_that_warns_is_shown,
	&the_child_cannot_say_that_a_fault_does_not_block, &a_rule_that_was_not_heard_blocks,
	&deceptive_text_is_shown, &a_bad_finding_spoils_the_answer,
	&a_flood_of_findings_spoils_the_answer, &a_bad_answer_is_none,
	&a_waiver_takes_a_rule_out_of_the_score, &levels_follow_from_points,
	&what_became_of_others_is_a_term_of_its_own)
