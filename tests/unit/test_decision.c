/* The table of checks: each row decides by its own facts, and nothing is allowed by default. */
#include "tests/unit/check_main.h"

#include "change/decision/decision_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOW "1900000000000000"

/* Facts of a command that a grant covers in every respect. */
static const char good[] =
	"{\"v\":1,\"now_us\":" NOW ",\"source\":\"terminal\",\"phase\":\"pre\",\"strict\":false,"
	"\"skew_us\":0,\"actor\":{\"person\":\"P\",\"name\":\"li\",\"user\":\"li\",\"enabled\":"
	"true},"
	"\"target\":{\"identity\":\"host:1\",\"name\":\"web-1\",\"gate_fits\":true},\"text\":\"\","
	"\"steering\":[],\"command\":{\"proof\":\"mutate\",\"reason\":\"\",\"trusted\":true,"
	"\"secret\":false,\"line\":\"x\"},"
	"\"grant\":{\"id\":\"G\",\"change\":\"CHG-7\",\"revision\":2,\"step\":1,\"person_fits\":"
	"true,"
	"\"revoked\":\"\",\"not_before_us\":1,\"not_after_us\":1900000000000001,\"runs_left\":1,"
	"\"kind\":\"exec\"},"
	"\"change\":{\"name\":\"CHG-7\",\"state\":\"approved\",\"revision\":2,\"approval\":\"ok\"},"
	"\"calendar\":{\"open\":true,\"excepted\":false,\"kill_at_us\":0},\"conflicts\":[],"
	"\"rules\":{\"state\":\"same\"}}";

static struct arena arena;

/* `more` is laid over the good facts; a null takes a part away. */
static json_t *facts_with(const char *more)
{
	json_t *facts = json_loads(good, 0, NULL), *changes = json_loads(more, 0, NULL), *value;
	const char *part, *key;

	ck_assert_ptr_nonnull(facts);
	ck_assert_msg(changes != NULL, "%s", more);
	json_object_foreach (changes, part, value) {
		json_t *old = json_object_get(facts, part), *inner;

		if (json_is_null(value)) {
			json_object_del(facts, part);
		} else if (json_is_object(value) && json_is_object(old)) {
			json_object_foreach (value, key, inner)
				json_object_set(old, key, inner);
		} else {
			json_object_set(facts, part, value);
		}
	}
	json_decref(changes);
	return facts;
}

static struct decision_outcome decide(const char *more)
{
	struct decision_outcome outcome;
	json_t *facts = facts_with(more);

	decision_decide(&arena, facts, &outcome);
	outcome.message = arena_text(&arena, outcome.message);
	outcome.rule = arena_text(&arena, outcome.rule);
	json_decref(facts);
	return outcome;
}

/* --- each check --- */

static const struct row {
	const char *more, *reason;
} rows[] = {
	{"{}", "ok_grant"},
	{"{\"actor\":{\"person\":\"\"}}", "actor_mismatch"},
	{"{\"actor\":{\"enabled\":false}}", "actor_mismatch"},
	{"{\"target\":{\"identity\":\"\"}}", "target_mismatch"},
	{"{\"target\":{\"name\":\"\"}}", "target_mismatch"},
	{"{\"target\":{\"gate_fits\":false}}", "target_mismatch"},
	{"{\"skew_us\":60000001}", "clock_skew"},
	{"{\"skew_us\":-60000001}", "clock_skew"},
	{"{\"skew_us\":60000000}", "ok_grant"},
	{"{\"steering\":[\"LD_PRELOAD\"]}", "rule:EXEC-005"},
	{"{\"text\":\"unicode\"}", "ok_grant"},
	{"{\"text\":\"unicode\",\"grant\":null}", "unicode"},
	{"{\"text\":\"control_char\",\"grant\":null,\"command\":{\"proof\":\"read\"}}",
		"control_char"},
	{"{\"strict\":true,\"command\":{\"reason\":\"dynamic\"}}", "dynamic"},
	{"{\"grant\":null}", "no_change"},
	{"{\"grant\":null,\"command\":{\"proof\":\"read\"}}", "ok_readonly"},
	{"{\"grant\":null,\"command\":{\"proof\":\"read\",\"trusted\":false}}", "no_change"},
	{"{\"grant\":null,\"command\":{\"proof\":\"unproved\",\"reason\":\"opaque\"}}", "opaque"},
	{"{\"grant\":null,\"command\":{\"proof\":\"unproved\",\"reason\":\"interactive_shell\"}}",
		"interactive_shell"},
	{"{\"grant\":null,\"command\":{\"proof\":\"unproved\",\"reason\":\"glob\"}}", "no_change"},
	{"{\"grant\":null,\"command\":{\"proof\":\"read\"},\"named\":{\"change\":\"CHG-7\","
	 "\"step\":1},\"mismatch\":{\"reason\":\"content_mismatch\",\"detail\":\"x\"}}",
		"content_mismatch"},
	{"{\"grant\":{\"person_fits\":false}}", "actor_mismatch"},
	{"{\"grant\":{\"revoked\":\"edited\"}}", "revoked"},
	{"{\"grant\":{\"revision\":1}}", "revision_mismatch"},
	{"{\"change\":null}", "revision_mismatch"},
	{"{\"change\":{\"approval\":\"not_approved\"}}", "not_approved"},
	{"{\"change\":{\"approval\":\"approver_invalid\"}}", "approver_invalid"},
	{"{\"change\":{\"approval\":\"\"}}", "not_approved"},
	{"{\"grant\":{\"not_before_us\":1900000000000001}}", "not_yet"},
	{"{\"grant\":{\"not_after_us\":1900000000000000}}", "expired"},
	{"{\"grant\":{\"runs_left\":0}}", "used_up"},
	{"{\"grant\":{\"runs_left\":0,\"revoked\":\"its commands have run\"}}", "used_up"},
	{"{\"unbound\":[\"sql\"]}", "content_unbound"},
	{"{\"calendar\":null}", "outside_window"},
	{"{\"calendar\":{\"open\":false,\"why\":\"stale\"}}", "calendar_stale"},
	{"{\"calendar\":{\"open\":false,\"why\":\"freeze\"}}", "frozen"},
	{"{\"calendar\":{\"open\":false,\"why\":\"no_window\"}}", "outside_window"},
	{"{\"calendar\":{\"open\":false,\"why\":\"freeze\",\"excepted\":true}}", "ok_grant"},
	{"{\"conflicts\":[{\"change\":\"CHG-9\",\"coordinated\":false}]}", "conflict"},
	{"{\"conflicts\":[{\"change\":\"CHG-9\",\"coordinated\":true}]}", "ok_grant"},
	{"{\"rules\":null}", "rule_error"},
	{"{\"rules\":{\"state\":\"unknown\"}}", "rule_error"},
	{"{\"rules\":{\"state\":\"failed\"}}", "rule_error"},
	{"{\"rules\":{\"state\":\"asked\",\"has_error\":true}}", "rule_error"},
	{"{\"rules\":{\"state\":\"asked\",\"has_error\":false,\"added\":[]}}", "ok_grant"},
	{"{\"rules\":{\"state\":\"asked\",\"has_error\":false,\"added\":[{\"rule\":\"OBS-002\","
	 "\"message\":\"x\"}]}}",
		"rule:OBS-002"},
};

START_TEST(each_check_has_its_word)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decision_outcome outcome = decide(rows[i].more);
		const char *reason = decision_reason_text(&arena, &outcome);

		ck_assert_msg(!strcmp(reason, rows[i].reason), "%s: %s, not %s", rows[i].more,
			reason, rows[i].reason);
		if (gate_reason_verdict(outcome.reason) != GATE_ALLOW)
			ck_assert_int_eq(outcome.take, DECISION_TAKE_NOTHING);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(facts_that_are_not_there_say_no)
{
	json_t *facts = json_loads(good, 0, NULL), *value, *less;
	struct decision_outcome outcome;
	const char *part;
	int allowed = 0;

	json_object_foreach (facts, part, value) {
		less = json_copy(facts);
		json_object_del(less, part);
		decision_decide(&arena, less, &outcome);
		allowed += gate_reason_verdict(outcome.reason) == GATE_ALLOW;
		json_decref(less);
	}
	/* Kinds of asking (v, source, phase, strict, skew_us), text, and command: then it changes
	 * something, and the grant covers it. */
	ck_assert_int_eq(allowed, 7);
	json_decref(facts);
	facts = json_object();
	decision_decide(&arena, facts, &outcome);
	ck_assert_int_ne(gate_reason_verdict(outcome.reason), GATE_ALLOW);
	json_decref(facts);
	arena_done(&arena);
}
END_TEST

/* --- emergencies, children, obligations --- */

#define EMERGENCY                                                                                  \
	"\"emergency\":{\"name\":\"EMG-3\",\"is_assessed\":true,\"has_key\":false,\"hard\":[]}"

static const struct row emergencies[] = {
	{"{\"grant\":null," EMERGENCY "}", "ok_emergency"},
	{"{\"grant\":{\"runs_left\":0}," EMERGENCY "}", "ok_emergency"},
	{"{\"calendar\":{\"open\":false,\"why\":\"freeze\"}," EMERGENCY "}", "ok_emergency"},
	{"{" EMERGENCY "}", "ok_grant"},
	{"{\"grant\":null,\"steering\":[\"BASH_ENV\"]," EMERGENCY "}", "rule:EXEC-005"},
	{"{\"grant\":null,\"text\":\"unicode\"," EMERGENCY "}", "unicode"},
	{"{\"grant\":null,\"actor\":{\"enabled\":false}," EMERGENCY "}", "actor_mismatch"},
	{"{\"grant\":null,\"skew_us\":99000000," EMERGENCY "}", "clock_skew"},
	{"{\"grant\":null,\"emergency\":{\"name\":\"EMG-3\",\"is_assessed\":true,\"has_key\":false,"
	 "\"hard\":[{\"rule\":\"FS-006\",\"message\":\"x\"}]}}",
		"rule:FS-006"},
	{"{\"grant\":null,\"emergency\":{\"name\":\"EMG-3\",\"is_assessed\":true,\"has_key\":true,"
	 "\"hard\":[{\"rule\":\"FS-006\",\"message\":\"x\"}]}}",
		"ok_emergency"},
	{"{\"grant\":null,\"emergency\":{\"name\":\"EMG-3\",\"is_assessed\":false,"
	 "\"has_key\":false}}",
		"rule_error"},
	{"{\"grant\":null,\"emergency\":{\"name\":\"EMG-3\",\"is_assessed\":false,"
	 "\"has_key\":true}}",
		"ok_emergency"},
};

START_TEST(an_emergency_skips_approvals_and_no_more)
{
	for (size_t i = 0; i < sizeof(emergencies) / sizeof(emergencies[0]); i++) {
		struct decision_outcome outcome = decide(emergencies[i].more);
		const char *reason = decision_reason_text(&arena, &outcome);

		ck_assert_msg(!strcmp(reason, emergencies[i].reason), "%s: %s, not %s",
			emergencies[i].more, reason, emergencies[i].reason);
		if (outcome.reason == REASON_OK_EMERGENCY)
			ck_assert_uint_eq(outcome.must & (GATE_MUST_RECORD | GATE_MUST_PARENT),
				GATE_MUST_RECORD | GATE_MUST_PARENT);
	}
	arena_done(&arena);
}
END_TEST

#define PARENT(kind, state)                                                                        \
	"\"parent\":{\"run\":\"R\",\"state\":\"" state "\",\"same_person\":true,\"same_target\":"  \
	"true,\"stop\":\"\",\"emergency\":\"\",\"change\":\"CHG-7\",\"step\":1,\"kind\":\"" kind   \
	"\"}"

static const struct row children[] = {
	{"{\"grant\":null," PARENT("exec", "started") "}", "fingerprint_mismatch"},
	{"{\"grant\":null," PARENT("sql", "started") "}", "fingerprint_mismatch"},
	{"{\"grant\":null," PARENT("", "started") "}", "fingerprint_mismatch"},
	{"{\"grant\":null," PARENT("shell", "started") "}", "fingerprint_mismatch"},
	{"{" PARENT("shell", "started") "}", "ok_grant"},
	{"{\"grant\":null," PARENT("script", "started") "}", "ok_grant"},
	{"{\"grant\":null,\"command\":{\"trusted\":false}," PARENT("script", "started") "}",
		"fingerprint_mismatch"},
	{"{\"grant\":null,\"command\":{\"proof\":\"read\"}," PARENT("exec", "started") "}",
		"ok_grant"},
	{"{\"grant\":null,\"command\":{\"proof\":\"read\"}," PARENT("exec", "ended") "}",
		"session_state"},
	{"{\"grant\":null,\"command\":{\"proof\":\"read\"}," PARENT("exec", "lost") "}",
		"session_state"},
	{"{\"grant\":null,\"steering\":[\"LD_PRELOAD\"]," PARENT("script", "started") "}",
		"rule:EXEC-005"},
};

START_TEST(a_run_covers_what_is_listed)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		struct decision_outcome outcome = decide(children[i].more);
		const char *reason = decision_reason_text(&arena, &outcome);

		ck_assert_msg(!strcmp(reason, children[i].reason), "%s: %s, not %s",
			children[i].more, reason, children[i].reason);
	}
	ck_assert_int_eq(decide("{\"grant\":null," PARENT("script", "started") "}").take,
		DECISION_TAKE_PARENT);
	ck_assert_int_eq(decide("{" PARENT("shell", "started") "}").take, DECISION_TAKE_GRANT);
	arena_done(&arena);
}
END_TEST

START_TEST(obligations_follow_from_what_runs)
{
	ck_assert_uint_eq(decide("{}").must, GATE_MUST_RECORD | GATE_MUST_PARENT);
	ck_assert_uint_eq(decide("{\"grant\":{\"kind\":\"script\"}}").must,
		GATE_MUST_RECORD | GATE_MUST_PARENT | GATE_MUST_SEAL);
	ck_assert_uint_eq(
		decide("{\"grant\":{\"kind\":\"sql\"}}").must & GATE_MUST_SEAL, GATE_MUST_SEAL);
	ck_assert_uint_eq(
		decide("{\"command\":{\"secret\":true}}").must & GATE_MUST_MASK, GATE_MUST_MASK);
	ck_assert_uint_eq(decide("{\"grant\":null,\"command\":{\"proof\":\"read\"}}").must, 0);
	ck_assert_uint_eq(decide("{\"grant\":{\"null_input\":true}}").must,
		GATE_MUST_RECORD | GATE_MUST_PARENT | GATE_MUST_NULL_INPUT);
	/* In a session that was approved with its terminal the terminal stays. */
	ck_assert_uint_eq(
		decide("{\"grant\":{\"null_input\":true}," PARENT("shell", "started") "}").must,
		GATE_MUST_RECORD | GATE_MUST_PARENT);
	ck_assert_uint_eq(
		decide("{\"grant\":{\"null_input\":true}," PARENT("exec", "started") "}").must,
		GATE_MUST_RECORD | GATE_MUST_PARENT | GATE_MUST_NULL_INPUT);
	ck_assert_int_eq(decide("{\"calendar\":{\"kill_at_us\":77}}").kill_at_us, 77);
	arena_done(&arena);
}
END_TEST

/* --- a check of what nothing covers --- */

START_TEST(rules_that_could_not_be_asked_are_told)
{
	json_t *facts = json_loads("{\"outlook\":{}}", 0, NULL);
	const char *text = decision_outlook_text(&arena, facts, "no change covers it");

	ck_assert_ptr_nonnull(strstr(text, "no change covers it\n"));
	ck_assert_ptr_nonnull(strstr(text, "could not be asked"));
	json_object_del(facts, "outlook");
	ck_assert_str_eq(decision_outlook_text(&arena, facts, "as it was"), "as it was");
	json_decref(facts);
	arena_done(&arena);
}
END_TEST

START_TEST(many_findings_stay_a_message)
{
	json_t *findings = json_array(), *facts;
	const char *text;

	for (int i = 0; i < 3000; i++)
		json_array_append_new(
			findings, json_pack("{s:s, s:s, s:s, s:s}", "rule", "FS-001", "severity",
					  "C", "message", "deletes", "suggestion", "move it"));
	facts = json_pack("{s:{s:o, s:{s:i, s:s, s:i}, s:[{s:s}]}}", "outlook", "findings",
		findings, "score", "total", 20, "terms", "FS-001 20", "level", 3,
		"approvals_needed", "text", "1 of group x");
	text = decision_outlook_text(&arena, facts, "no");
	ck_assert_uint_lt(strlen(text), 16384);
	ck_assert_ptr_nonnull(strstr(text, "critical FS-001: deletes\n  do: move it\n"));
	ck_assert_ptr_nonnull(strstr(text, "and 2980 more: --json\n"));
	ck_assert_ptr_nonnull(strstr(text, "score 20 = FS-001 20, level 3: 1 of group x"));
	json_decref(facts);
	arena_done(&arena);
}
END_TEST

/* --- answers --- */

static const char *const env[] = {"A=1", "B=\xff", NULL};
static const char *const argv[] = {"x", "a b", "\xff\n", NULL};

static struct gate_request a_request(void)
{
	static struct gate_content contents[] = {
		{"script", "0123456789012345678901234567890123456789012345678901234567890123", 5}};
	struct gate_request request = {.kind = GATE_DECIDE,
		.request_id = "8b8f2a52-6f4e-4f86-9c3f-2b8a4f7f0a11",
		.nonce = "00112233445566778899aabbccddeeff",
		.source = "sudo",
		.change = "CHG-7",
		.step = 2,
		.actor_uid = 1000,
		.actor_user = "li",
		.session = "s",
		.tty = "",
		.parent_run = "",
		.is_strict = true,
		.typed_key = "k"};

	request.exec = (struct gate_exec){.path = "/usr/bin/x",
		.argv = argv,
		.env = env,
		.cwd = "/",
		.runas = "root",
		.stdin_kind = GATE_STDIN_OPEN,
		.contents = contents,
		.content_count = 1,
		.is_trusted = true};
	return request;
}

START_TEST(a_question_is_the_same_on_both_ways)
{
	struct gate_request request = a_request();
	json_t *body = decision_question_json(&request, "pre", "host:1", 1900000000000000);
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct decision_question question;
	struct decision_body rest;
	struct error err = ERROR_INIT;

	ck_assert_msg(decision_question_parse(&arena, body, &question, &rest, &err) == 0, "%s: %s",
		err.field, err.message);
	ck_assert_int_eq(gate_encode_request(&before, &request, NULL), 0);
	ck_assert_int_eq(gate_encode_request(&after, &question.request, NULL), 0);
	ck_assert_uint_eq(before.length, after.length);
	ck_assert_mem_eq(before.bytes, after.bytes, before.length);
	ck_assert_str_eq(rest.target_id, "host:1");
	json_decref(body);
	buf_done(&before);
	buf_done(&after);
	arena_done(&arena);
}
END_TEST

START_TEST(what_is_stored_holds_no_values)
{
	struct gate_request request = a_request();
	json_t *body = decision_question_json(&request, "pre", "host:1", 1900000000000000);
	json_t *input = decision_input_json(body);
	const char *text = json_text(&arena, input);

	ck_assert_ptr_null(strstr(text, "env_b64"));
	ck_assert_ptr_null(strstr(text, "\"typed_key\""));
	ck_assert_ptr_nonnull(strstr(text, "\"env_names\":[\"A\",\"B\"]"));
	json_decref(input);
	json_decref(body);
	arena_done(&arena);
}
END_TEST

static json_t *an_answer(const struct gate_request *request, struct decision_outcome *outcome)
{
	json_t *facts = facts_with("{}"), *core, *object;
	struct decision_answer answer = {.outcome = outcome,
		.decision = "DEC-1",
		.request_id = request->request_id,
		.nonce = request->nonce,
		.run = "R",
		.policy_rev = "",
		.now_us = 1900000000000000,
		.expires_at_us = 1900000005000000};

	decision_decide(&arena, facts, outcome);
	core = decision_core_json(&arena, facts, outcome);
	answer.facts = facts;
	answer.core = core;
	object = decision_answer_json(&arena, &answer);
	json_decref(core);
	json_decref(facts);
	return object;
}

START_TEST(a_signature_fits_one_question_and_one_answer)
{
	struct gate_request request = a_request(), other = a_request();
	char path[] = "/tmp/rb-gate-key-XXXXXX", reference[64], public_path[64];
	struct decision_outcome outcome;
	struct gate_verdict verdict;
	struct gate_key *key = NULL;
	struct error err = ERROR_INIT;
	json_t *answer;
	int fd = mkstemp(path);

	ck_assert(fd >= 0);
	close(fd);
	unlink(path);
	snprintf(reference, sizeof(reference), "file:%s", path);
	snprintf(public_path, sizeof(public_path), "%s.pub", path);
	ck_assert_msg(gate_key_open(reference, &key, &err) == 0, "%s", err.message);
	answer = an_answer(&request, &outcome);
	ck_assert_int_eq(decision_verdict_parse(&arena, answer, &verdict, &err), 0);
	decision_sign(&arena, key, &request, answer, &verdict);
	ck_assert(verdict.is_signed);
	ck_assert_int_eq(decision_check_signature(
				 &arena, gate_key_public(key), &request, answer, &verdict, &err),
		0);
	other.exec.cwd = "/tmp";
	ck_assert_int_eq(decision_check_signature(
				 &arena, gate_key_public(key), &other, answer, &verdict, &err),
		ERROR_TAMPERED);
	json_object_set_new(answer, "run", json_string("S"));
	ck_assert_int_eq(decision_check_signature(
				 &arena, gate_key_public(key), &request, answer, &verdict, &err),
		ERROR_TAMPERED);
	json_decref(answer);
	gate_key_close(key);
	unlink(path);
	unlink(public_path);
	arena_done(&arena);
}
END_TEST

START_TEST(an_answer_that_contradicts_itself_is_none)
{
	struct gate_request request = a_request();
	struct decision_outcome outcome;
	struct gate_verdict verdict;
	json_t *answer = an_answer(&request, &outcome);

	json_object_set_new(answer, "reason", json_string("used_up"));
	ck_assert_int_lt(decision_verdict_parse(&arena, answer, &verdict, NULL), 0);
	json_object_set_new(answer, "reason", json_string("ok_grant"));
	ck_assert_int_eq(decision_verdict_parse(&arena, answer, &verdict, NULL), 0);
	json_array_append_new(json_object_get(answer, "obligations"), json_string("dance"));
	ck_assert_int_lt(decision_verdict_parse(&arena, answer, &verdict, NULL), 0);
	json_decref(answer);
	arena_done(&arena);
}
END_TEST

CHECK_MAIN("decision", &each_check_has_its_word, &facts_that_are_not_there_say_no,
	&an_emergency_skips_approvals_and_no_more, &a_run_covers_what_is_listed,
	&obligations_follow_from_what_runs, &rules_that_could_not_be_asked_are_told,
	&many_findings_stay_a_message, &a_question_is_the_same_on_both_ways,
	&what_is_stored_holds_no_values, &a_signature_fits_one_question_and_one_answer,
	&an_answer_that_contradicts_itself_is_none)
