/* The set of rules in the real runner, and a runner that lies. */
#include "change/risk/risk_rooms.h"
#include "jail_world.h"
#include "lib/base/json.h"
#include "test_directory.h"

#include <sys/stat.h>

static struct arena arena; /* of the one test of a process */
static struct error err;
static struct risk *risk;
static char directory[64];

/* --- the world --- */

static void open_runner(void)
{
#ifdef TEST_HAS_JAIL
	open_jail("redbutton-runner", 0, false);
#else
	open_jail("redbutton-runner", 0, true);
#endif
}

static void open_set(const char *folder)
{
	const struct risk_options options = {jail, folder};

	ck_assert_msg(risk_open(&options, &risk, &err) == 0, "%s", err.message);
}

static void close_all(void)
{
	close_jail();
	risk_close(risk);
	arena_done(&arena);
}

static void free_json(void *value)
{
	json_decref(value);
}

/* The input in which nothing is wrong, as the runner gives it, without its real numbers. */
static json_t *clean_input(void)
{
	struct result result;
	json_t *answer;

	run(&result, "{\"verb\":\"rules_input\"}", 0);
	ck_assert_int_eq(result.problem.code, 0);
	ck_assert_int_eq(json_parse(buf_text(&result.bytes), result.bytes.length, JSON_DEPTH_MAX,
				 &answer, &err),
		0);
	buf_done(&result.bytes);
	arena_defer(&arena, free_json, answer);
	return json_object_get(answer, "input");
}

struct assessed {
	const struct risk_report *report; /* the arena's: looked at after the call has ended */
	struct error problem;
	int calls;
};

static void note(void *arg, const struct risk_report *report, const struct error *problem)
{
	struct assessed *assessed = arg;

	ck_assert((report == NULL) == (problem != NULL));
	assessed->calls++;
	assessed->report = report;
	if (problem)
		assessed->problem = *problem;
	loop_stop(loop);
}

static struct assessed assess(const json_t *input)
{
	static struct assessed assessed; /* what it points to is its own */

	ck_assert_msg(
		risk_assess(risk, &arena, input, note, &assessed, &err) == 0, "%s", err.message);
	ck_assert_int_eq(assessed.calls, 0); /* never from within */
	while (!assessed.calls)
		loop_run(loop);
	ck_assert_int_eq(assessed.calls, 1);
	return assessed;
}

static void write_rule(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	fclose(file);
}

static void write_body(const char *id, const char *on_error, const char *body)
{
	write_rule(arena_format(&arena, "%s.lua", id),
		arena_format(&arena,
			"return { id = \"%s\", severity = \"H\", tier = \"ENFORCE\", on_error = "
			"\"%s\", waivable = \"owner\", owner = \"o\", title = \"t\", looks_at = "
			"\"l\", why = \"w\", suggestion = \"s\", doc = \"d\", tests = {}, check = "
			"function(input, report) %s end }",
			id, on_error, body));
}

/* --- the built-in set --- */

START_TEST(nothing_is_found_where_nothing_is_wrong)
{
	struct assessed assessed;

	open_runner();
	open_set(NULL);
	assessed = assess(clean_input());
	ck_assert_msg(assessed.report != NULL, "%s", assessed.problem.message);
	ck_assert_uint_eq(assessed.report->count, 0);
	ck_assert_int_eq(assessed.report->level, 0);
	ck_assert_str_eq(assessed.report->terms, "");
	ck_assert_str_eq(assessed.report->revision, risk_revision(risk));
	ck_assert_int_eq(strncmp(assessed.report->input_digest, "sha256:", 7), 0);
	close_all();
}
END_TEST

static json_t *first(const json_t *object, const char *key)
{
	return json_array_get(json_object_get(object, key), 0);
}

START_TEST(what_is_wrong_is_found_and_scored)
{
	struct assessed assessed;
	json_t *input, *impact;

	open_runner();
	open_set(NULL);
	input = clean_input();
	impact = first(first(first(input, "steps"), "commands"), "impacts");
	json_set_text(impact, "verb", "delete");
	json_set_text(impact, "object", "/data");
	json_object_set_new(impact, "flags", json_pack("[s, s]", "recursive", "force"));
	json_object_set_new(json_object_get(input, "request"), "rollback", json_array());
	assessed = assess(input);
	ck_assert_msg(assessed.report != NULL, "%s", assessed.problem.message);
	ck_assert_str_eq(assessed.report->findings[0].rule, "FS-001");
	ck_assert_int_eq(assessed.report->findings[0].severity, 'C');
	ck_assert_int_eq(assessed.report->findings[0].step, 1);
	ck_assert_str_eq(assessed.report->terms, "FS-001 20 + FS-005 8 + ROLL-001 8");
	ck_assert_int_eq(assessed.report->total, 36);
	ck_assert_int_eq(assessed.report->level, 3);
	ck_assert(!assessed.report->has_error);
	close_all();
}
END_TEST

START_TEST(an_input_that_lacks_a_field_is_an_error_of_rules)
{
	struct assessed assessed;
	json_t *input;

	open_runner();
	open_set(NULL);
	input = clean_input();
	json_object_del(input, "context");
	assessed = assess(input);
	ck_assert_msg(assessed.report != NULL, "%s", assessed.problem.message);
	ck_assert(assessed.report->has_error);
	ck_assert_str_eq(assessed.report->findings[0].rule, "rule_error");
	ck_assert_int_eq(assessed.report->level, 3);
	close_all();
}
END_TEST

START_TEST(an_input_that_has_no_canonical_form_is_refused)
{
	json_t *input = json_pack("{s:f}", "x", 1.5);

	open_runner();
	open_set(NULL);
	ck_assert_int_lt(risk_assess(risk, &arena, input, note, NULL, &err), 0);
	json_decref(input);
	close_all();
}
END_TEST

static void note_test(void *arg, const json_t *answer, const struct error *problem)
{
	ck_assert_msg(!problem, "%s", problem ? problem->message : "");
	*(const json_t **)arg = answer;
	loop_stop(loop);
}

START_TEST(the_built_in_rules_pass_their_tests)
{
	const json_t *answer = NULL;

	open_runner();
	open_set(NULL);
	ck_assert_int_eq(risk_test(risk, &arena, NULL, note_test, &answer, &err), 0);
	while (!answer)
		loop_run(loop);
	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s",
		json_text(&arena, json_object_get(answer, "errors")));
	ck_assert_uint_ge(json_array_size(json_object_get(answer, "rules")), 40);
	close_all();
}
END_TEST

/* --- a folder --- */

START_TEST(a_folder_is_a_set_of_its_own)
{
	char before[DIGEST_TEXT_SIZE];
	struct assessed assessed;

	test_directory(directory, sizeof(directory), "risk");
	write_body("A-001", "block", "report { object = \"o\", message = \"seen\" }");
	write_body("B-001", "block", "error(\"on purpose\")");
	write_body("C-001", "warn", "error(\"on purpose\")");
	write_rule("D-001.lua", "return {");
	open_runner();
	open_set(directory);
	assessed = assess(clean_input());
	ck_assert_msg(assessed.report != NULL, "%s", assessed.problem.message);
	ck_assert_uint_eq(assessed.report->count, 4);
	ck_assert_str_eq(assessed.report->findings[0].object, "B-001");
	ck_assert_str_eq(assessed.report->findings[1].object, "D-001");
	ck_assert_str_eq(assessed.report->findings[2].rule, "A-001");
	ck_assert_str_eq(assessed.report->findings[3].tier, "WARN");
	ck_assert_str_eq(assessed.report->terms, "rule_error 20 + A-001 8");
	memcpy(before, risk_revision(risk), sizeof(before));
	risk_close(risk);
	write_body("A-001", "block", "report { object = \"o\", message = \"Seen\" }");
	open_set(directory);
	ck_assert_str_ne(before, risk_revision(risk));
	close_all();
}
END_TEST

START_TEST(a_rule_without_end_is_no_assessment)
{
	struct assessed assessed;

	test_directory(directory, sizeof(directory), "risk");
	write_body("A-001", "warn", "while true do end");
	open_runner();
	open_set(directory);
	assessed = assess(clean_input());
	ck_assert_ptr_null(assessed.report);
	ck_assert_int_eq(assessed.problem.code, ERROR_RUNNER_TIMEOUT);
	close_all();
}
END_TEST

static void check_refused(const char *words)
{
	const struct risk_options options = {jail, directory};

	err = ERROR_INIT;
	ck_assert_int_lt(risk_open(&options, &risk, &err), 0);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
	ck_assert_str_ne(err.place, "");
}

START_TEST(a_folder_with_what_is_no_rule_is_refused)
{
	char path[128];

	open_runner();
	snprintf(directory, sizeof(directory), "/nowhere/rules");
	check_refused("cannot be read");
	test_directory(directory, sizeof(directory), "risk");
	check_refused("no rule");
	write_rule("lib.lua", "return {}");
	check_refused("no rule");
	write_rule("fs-001.lua", "return {}");
	check_refused("neither a rule nor a module");
	snprintf(path, sizeof(path), "%s/fs-001.lua", directory);
	ck_assert_int_eq(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/FS-001.lua", directory);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_refused("no regular file");
	ck_assert_int_eq(unlink(path), 0);
	write_rule("FS-001.lua", "\xff");
	check_refused("UTF-8");
	risk = NULL;
	close_all();
}
END_TEST

/* --- no answer is no assessment --- */

START_TEST(a_runner_that_lies_assesses_nothing)
{
	json_t *input = json_object();
	struct assessed assessed;

	open_jail("jail_liar", 0, false); /* its children end at once for what begins with { */
	open_set(NULL);
	assessed = assess(input);
	ck_assert_ptr_null(assessed.report);
	ck_assert_int_eq(assessed.problem.code, ERROR_RUNNER_LIMIT);
	ck_assert(!risk_is_ready(risk));
	json_decref(input);
	close_all();
}
END_TEST

START_TEST(a_jail_that_closes_ends_an_assessment_once)
{
	struct assessed assessed = {0};
	json_t *input = json_object();

	open_runner();
	open_set(NULL);
	ck_assert_int_eq(risk_assess(risk, &arena, input, note, &assessed, &err), 0);
	json_decref(input);
	close_all();
	ck_assert_int_eq(assessed.calls, 1);
	ck_assert_int_eq(assessed.problem.code, ERROR_TIMEOUT);
}
END_TEST

/* --- rows --- */

static struct risk_report stored = {.total = 8, .terms = "A-001 8", .level = 2};
static struct store *store;

static int put(struct store_tx *tx, void *arg, struct error *problem)
{
	return risk_put(tx, 7, 2, arg, 1000, problem);
}

static void written(void *arg, const struct error *problem)
{
	ck_assert_msg(!problem, "%s", problem ? problem->message : "");
	(void)arg;
	loop_stop(loop);
}

START_TEST(a_report_is_kept_by_revision_and_replaced)
{
	static const struct store_schema *const schemas[] = {&risk_schema};
	struct risk_finding findings[] = {
		{"A-001", 'H', "ENFORCE", 3, "o", "s", "m", "w", "g", "d", "sre", "owner", "t"},
		{"B-001", 'L', "SHADOW", 0, "", "", "m", "w", "g", "d", "sre", "none", "t"}};
	struct store_options options = {.schemas = schemas, .schema_count = 1};
	struct risk_report *got;

	test_directory(directory, sizeof(directory), "risk");
	options.path = arena_format(&arena, "%s/t.db", directory);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	ck_assert_msg(store_open(&options, loop, &store, &err) == 0, "%s", err.message);
	ck_assert_int_eq(risk_get(store_reader(store), &arena, 7, 2, &got, &err), ERROR_NOT_FOUND);
	stored.findings = findings;
	stored.count = 2;
	stored.has_error = true;
	store_write(store, put, written, &stored);
	loop_run(loop);
	stored.count = 1;
	store_write(store, put, written, &stored);
	loop_run(loop);
	ck_assert_int_eq(risk_get(store_reader(store), &arena, 7, 2, &got, &err), 0);
	ck_assert_uint_eq(got->count, 1);
	ck_assert(got->has_error);
	ck_assert_int_eq(got->level, 2);
	ck_assert_str_eq(got->terms, "A-001 8");
	ck_assert_int_eq(got->findings[0].severity, 'H');
	ck_assert_int_eq(got->findings[0].step, 3);
	ck_assert_str_eq(got->findings[0].suggestion, "g");
	ck_assert_int_eq(risk_get(store_reader(store), &arena, 7, 1, &got, &err), ERROR_NOT_FOUND);
	store_close(store);
	loop_close(loop);
	arena_done(&arena);
}
END_TEST

CHECK_MAIN("risk", &nothing_is_found_where_nothing_is_wrong, &what_is_wrong_is_found_and_scored,
	&an_input_that_lacks_a_field_is_an_error_of_rules,
	&an_input_that_has_no_canonical_form_is_refused, &the_built_in_rules_pass_their_tests,
	&a_folder_is_a_set_of_its_own, &a_rule_without_end_is_no_assessment,
	&a_folder_with_what_is_no_rule_is_refused, &a_runner_that_lies_assesses_nothing,
	&a_jail_that_closes_ends_an_assessment_once, &a_report_is_kept_by_revision_and_replaced)
