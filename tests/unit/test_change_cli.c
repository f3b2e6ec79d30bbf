/* What people type for metrics and batches. */
#include "change/change_cli_rooms.h"
#include "check_main.h"

#include <stdio.h>
#include <string.h>

START_TEST(test_a_metric_is_typed_as_a_sentence)
{
	static const struct {
		const char *text;
		const char *json; /* NULL = refused */
	} rows[] = {
		{"errors: rate < 0.01 over 5m on prom",
			"{\"name\":\"errors\",\"query\":\"rate\",\"op\":\"<\","
			"\"threshold\":\"0.01\",\"window_s\":300,\"target\":\"prom\"}"},
		{"p99: a:b{x=\"1 < 2\"} >= 3 on prom",
			"{\"name\":\"p99\",\"query\":\"a:b{x=\\\"1 < 2\\\"}\",\"op\":\">=\","
			"\"threshold\":\"3\",\"window_s\":300,\"target\":\"prom\"}"},
		{"up: sum by (on) (up) == 4 over 1m on p 1",
			"{\"name\":\"up\",\"query\":\"sum by (on) (up)\",\"op\":\"==\","
			"\"threshold\":\"4\",\"window_s\":60,\"target\":\"p 1\"}"},
		{"rate < 0.01 on prom", NULL},
		{": rate < 0.01 on prom", NULL},
		{"errors: rate < 0.01", NULL},
		{"errors: rate on prom", NULL},
		{"errors: rate < 1 over ever on prom", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		json_t *made = NULL, *wanted;
		int rc = change_cli_metric(rows[i].text, &made, &err);

		if (!rows[i].json) {
			ck_assert_msg(rc < 0, "%s", rows[i].text);
			ck_assert_str_eq(err.field, "verify");
			continue;
		}
		ck_assert_msg(rc == 0, "%s: %s", rows[i].text, err.message);
		wanted = json_loads(rows[i].json, 0, NULL);
		ck_assert_msg(json_equal(made, wanted), "%s", rows[i].text);
		json_decref(made);
		json_decref(wanted);
	}
}
END_TEST

START_TEST(test_batches_grow_to_all)
{
	static const struct {
		const char *text;
		size_t targets;
		const char *ends; /* NULL = refused */
	} rows[] = {
		{"100%", 1, "1"},
		{"1,20%,100%", 10, "1 2 10"},
		{"1,20%,100%", 2, "1 2"},
		{"1,20%,100%", 1, "1"},
		{"1,5,9", 9, "1 5 9"},
		{"5%,100%", 1000, "50 1000"},
		{"1,20%", 10, NULL},
		{"50%", 1, NULL},
		{"1", 1, "1"},
		{"50%,20%,100%", 10, NULL},
		{"0,100%", 10, NULL},
		{"101%", 10, NULL},
		{"a,100%", 10, NULL},
		{"", 10, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena = ARENA_INIT;
		struct error err = ERROR_INIT;
		size_t *ends = NULL, count = 0;
		char text[80] = "";
		int rc = change_cli_batches(
			&arena, rows[i].text, rows[i].targets, &ends, &count, &err);

		for (size_t k = 0; rc == 0 && k < count; k++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%zu",
				k ? " " : "", ends[k]);
		if (rows[i].ends)
			ck_assert_str_eq(text, rows[i].ends);
		else
			ck_assert_msg(rc < 0, "%s", rows[i].text);
		arena_done(&arena);
	}
}
END_TEST

CHECK_MAIN("change_cli", &test_a_metric_is_typed_as_a_sentence, &test_batches_grow_to_all)
