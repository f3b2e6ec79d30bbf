#include "change/template/template_rooms.h"
#include "check_main.h"
#include "lib/base/json.h"
#include "lib/base/time.h"
#include "plan_world.h"

#include <stdio.h>
#include <string.h>

#define DAY INT64_C(86400000000)
#define PARAMS                                                                                     \
	"{\"unit\":{\"type\":\"enum\",\"values\":[\"nginx\",\"php-fpm\"]},"                        \
	"\"port\":{\"type\":\"int\",\"min\":1,\"max\":65535},"                                     \
	"\"tag\":{\"type\":\"text\",\"pattern\":\"v[0-9]+(\\\\.[0-9]+)*\",\"example\":\"v1.2\"},"  \
	"\"note\":{\"type\":\"text\",\"pattern\":\".*\",\"example\":\"x\"},"                       \
	"\"host\":{\"type\":\"host\",\"kind\":\"plane\",\"labels\":{\"service\":\"shop\","         \
	"\"environment\":\"production\"}}}"
#define BODY                                                                                       \
	"{\"environment\":\"production\",\"services\":[\"shop\"],\"steps\":[{\"argv\":["           \
	"\"systemctl\",\"restart\",{\"param\":\"unit\"},{\"join\":[\"--port=\",{\"param\":"        \
	"\"port\"}]},{\"param\":\"note\"},{\"join\":[\"tag:\",{\"param\":\"tag\"}]}],"             \
	"\"targets\":[{\"param\":\"host\"}]}]}"

static struct error err;
static int64_t now;
static struct approvals *approvals;
static struct templates *templates;

/* --- the world --- */

static void open_world(void)
{
	static const struct store_schema *const schemas[] = {&approval_schema, &template_schema};

	err = ERROR_INIT;
	now = time_now_us();
	plan_world_open(schemas, 2);
	ck_assert_int_eq(approvals_open(world.store, world.loop, &approvals, &err), 0);
	ck_assert_int_eq(templates_open(approvals, &templates, &err), 0);
}

static void close_world(void)
{
	approvals_close(approvals);
	templates_close(templates);
	plan_world_close();
}

static void free_json(void *value)
{
	json_decref(value);
}

static json_t *parse(const char *text)
{
	json_t *value;

	ck_assert_msg(json_parse(text, strlen(text), JSON_DEPTH_MAX, &value, &err) == 0, "%s: %s",
		err.message, text);
	arena_defer(&world.arena, free_json, value);
	return value;
}

/* --- acts --- */

static int ask_add(struct store_tx *tx, void *arg, struct error *problem)
{
	return template_add(tx, arg, problem);
}

static int ask_submit(struct store_tx *tx, void *arg, struct error *problem)
{
	return template_submit(tx, arg, problem);
}

static int ask_retire(struct store_tx *tx, void *arg, struct error *problem)
{
	return template_retire(tx, arg, problem);
}

static int ask_decide(struct store_tx *tx, void *arg, struct error *problem)
{
	return approval_decide(tx, arg, problem);
}

static int ask_note(struct store_tx *tx, void *arg, struct error *problem)
{
	return template_note_outcome(tx, arg, problem);
}

static int commit(store_ask ask, void *arg)
{
	err = ERROR_INIT;
	return plan_world_write(ask, arg, &err);
}

static struct template_act act_of(const struct plan_person *person)
{
	struct template_act act = {.by = plan_principal(person),
		.at_us = now,
		.if_version = -1,
		.arena = &world.arena};

	id_new(act.approval_id);
	id_new(act.notify_id);
	return act;
}

static int add(const char *params, const char *body)
{
	struct template_add what = {.act = act_of(&li),
		.name = "nginx/restart",
		.summary = "restarts it",
		.owner = "dba",
		.params = parse(params),
		.body = parse(body)};

	return commit(ask_add, &what);
}

static int submit(int64_t version)
{
	struct template_change what = {
		.act = act_of(&li), .name = "nginx/restart", .version = version};

	return commit(ask_submit, &what);
}

static const struct change_template *get(int64_t version)
{
	struct change_template *template;

	ck_assert_int_eq(template_get(store_reader(world.store), &world.arena, "nginx/restart",
				 version, &template, &err),
		0);
	return template;
}

static int decide(
	const struct plan_person *person, int64_t version, enum approval_decision decision)
{
	struct approval_request *request;
	struct approval_decide what = {.decision = decision,
		.digest = get(version)->digest,
		.reason = "because",
		.principal = plan_principal(person),
		.approvals = approvals,
		.if_version = -1,
		.at_us = now};

	ck_assert_int_eq(approval_find(store_reader(world.store), &world.arena, TEMPLATE_SUBJECT,
				 template_subject(&world.arena, "nginx/restart", version),
				 get(version)->digest, &request, &err),
		0);
	what.approval_id = request->id;
	id_new(what.decision_id);
	id_new(what.notify_id);
	return commit(ask_decide, &what);
}

static void approve(int64_t version)
{
	ck_assert_msg(submit(version) == 0, "%s", err.message);
	ck_assert_msg(decide(&bob, version, APPROVAL_APPROVE) == 0, "%s", err.message);
	ck_assert_msg(decide(&ann, version, APPROVAL_APPROVE) == 0, "%s", err.message);
	ck_assert_int_eq(get(version)->state, TEMPLATE_ACTIVE);
}

#define GOOD                                                                                       \
	"{\"unit\":\"nginx\",\"port\":80,\"tag\":\"v2\",\"note\":\"plain\",\"host\":\"edge-1\"}"

static int render(const char *values, json_t **ret)
{
	int64_t version;

	err = ERROR_INIT;
	return template_render(store_reader(world.store), &world.arena, "nginx/restart",
		parse(values), now, ret, &version, &err);
}

static void check_said(int got, int wanted, const char *words)
{
	ck_assert_msg(got == wanted, "%d, not %d: %s", got, wanted, err.message);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
}

/* --- its life --- */

START_TEST(an_approver_and_the_owner_make_it_active)
{
	json_t *body;

	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	check_said(render(GOOD, &body), ERROR_NOT_APPROVED, "is draft");
	ck_assert_int_eq(submit(1), 0);
	check_said(render(GOOD, &body), ERROR_NOT_APPROVED, "is in_review");
	check_said(submit(1), ERROR_CONFLICT, "in_review");
	ck_assert_int_eq(decide(&li, 1, APPROVAL_APPROVE), ERROR_FORBIDDEN);
	ck_assert_int_eq(decide(&bob, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(decide(&cid, 1, APPROVAL_APPROVE), ERROR_FORBIDDEN); /* not of the owner */
	ck_assert_int_eq(get(1)->state, TEMPLATE_IN_REVIEW);
	ck_assert_int_eq(decide(&ann, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_ACTIVE);
	ck_assert_int_eq(render(GOOD, &body), 0);
	ck_assert_ptr_nonnull(
		strstr(world.audited, "template.create approval.open template.state"));
	close_world();
}
END_TEST

START_TEST(the_owner_alone_is_not_enough)
{
	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	ck_assert_int_eq(submit(1), 0);
	ck_assert_int_eq(decide(&ann, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_lt(decide(&ann, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_IN_REVIEW);
	close_world();
}
END_TEST

START_TEST(a_no_ends_it)
{
	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	ck_assert_int_eq(submit(1), 0);
	ck_assert_int_eq(decide(&bob, 1, APPROVAL_REJECT), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_REJECTED);
	check_said(submit(1), ERROR_CONFLICT, "rejected");
	close_world();
}
END_TEST

START_TEST(an_approval_holds_for_180_days)
{
	json_t *body;

	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	approve(1);
	check_said(submit(1), ERROR_NO_EFFECT, "approved already");
	now += 180 * DAY - 1;
	ck_assert_int_eq(render(GOOD, &body), 0);
	now += 1;
	check_said(render(GOOD, &body), ERROR_NOT_APPROVED, "180 days");
	approve(1);
	ck_assert_int_eq(render(GOOD, &body), 0);
	close_world();
}
END_TEST

START_TEST(an_approver_who_may_not_any_more_does_not_count)
{
	json_t *body;

	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	approve(1);
	bob.is_disabled = true;
	ck_assert_int_eq(render(GOOD, &body), ERROR_NOT_APPROVED);
	bob.is_disabled = false;
	ck_assert_int_eq(render(GOOD, &body), 0);
	close_world();
}
END_TEST

START_TEST(another_version_takes_its_place)
{
	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	check_said(add(PARAMS, BODY), ERROR_NO_EFFECT, "is the same");
	approve(1);
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	ck_assert_int_eq(get(0)->version, 2);
	ck_assert_int_eq(get(1)->state, TEMPLATE_ACTIVE);
	approve(2);
	ck_assert_int_eq(get(1)->state, TEMPLATE_RETIRED);
	close_world();
}
END_TEST

START_TEST(what_is_retired_makes_no_changes)
{
	struct template_change what;
	json_t *body;

	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	approve(1);
	what = (struct template_change){
		.act = act_of(&dan), .name = "nginx/restart", .version = 1, .reason = "old"};
	ck_assert_int_eq(commit(ask_retire, &what), 0);
	check_said(render(GOOD, &body), ERROR_NOT_APPROVED, "retired: old");
	what.act = act_of(&dan);
	ck_assert_int_eq(commit(ask_retire, &what), ERROR_NO_EFFECT);
	check_said(submit(1), ERROR_CONFLICT, "retired");
	close_world();
}
END_TEST

/* --- use --- */

static int note(int64_t change, bool is_success)
{
	char name[16];
	struct template_outcome what = {.name = "nginx/restart",
		.version = 1,
		.change = name,
		.is_success = is_success,
		.actor = &audit_system,
		.at_us = ++now};

	snprintf(name, sizeof(name), "CHG-%lld", (long long)change);
	id_new(what.notify_id);
	return commit(ask_note, &what);
}

START_TEST(two_failures_in_ten_uses_suspend_it)
{
	json_t *body;

	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	approve(1);
	ck_assert_int_eq(note(1, false), 0);
	ck_assert_int_eq(note(1, false), ERROR_CONFLICT); /* once a change */
	for (int i = 2; i <= 9; i++)
		ck_assert_int_eq(note(i, true), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_ACTIVE);
	ck_assert_int_eq(note(10, false), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_SUSPENDED);
	ck_assert_ptr_nonnull(strstr(world.notified, "template.suspended"));
	check_said(render(GOOD, &body), ERROR_NOT_APPROVED, "suspended: 2 of its last 10");
	approve(1); /* a new approval counts anew */
	ck_assert_int_eq(note(11, false), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_ACTIVE);
	close_world();
}
END_TEST

START_TEST(an_old_failure_is_forgotten)
{
	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	approve(1);
	ck_assert_int_eq(note(1, false), 0);
	for (int i = 2; i <= 10; i++)
		ck_assert_int_eq(note(i, true), 0);
	ck_assert_int_eq(note(11, false), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_ACTIVE);
	ck_assert_int_eq(note(12, false), 0);
	ck_assert_int_eq(get(1)->state, TEMPLATE_SUSPENDED);
	close_world();
}
END_TEST

START_TEST(a_value_is_one_argument)
{
	static const char *const notes[] = {"$(id)", "`id`", "a; rm -rf /", "a && b | c > d", "a b",
		"'\\\"\\\\", "{\\\"param\\\":\\\"unit\\\"}", "*", "../../etc/passwd", "结账"};
	json_t *body, *argv;

	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	approve(1);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		const char *values = arena_format(&world.arena,
			"{\"unit\":\"nginx\",\"port\":\"8080\",\"tag\":\"v2\",\"note\":\"%s\","
			"\"host\":\"edge-1\"}",
			notes[i]);

		ck_assert_msg(render(values, &body) == 0, "%s: %s", notes[i], err.message);
		argv = json_object_get(json_array_get(json_object_get(body, "steps"), 0), "argv");
		ck_assert_uint_eq(json_array_size(argv), 6);
		ck_assert_str_eq(json_string_value(json_array_get(argv, 0)), "systemctl");
		ck_assert_str_eq(json_string_value(json_array_get(argv, 3)), "--port=8080");
		ck_assert(json_equal(
			json_array_get(argv, 4), json_object_get(parse(values), "note")));
		ck_assert_str_eq(json_string_value(json_array_get(argv, 5)), "tag:v2");
	}
	ck_assert_str_eq(json_string_value(json_object_get(body, "type")), "standard");
	ck_assert_str_eq(
		json_string_value(json_object_get(
			json_object_get(json_object_get(body, "template"), "params"), "port")),
		"8080");
	close_world();
}
END_TEST

static const struct {
	const char *field, *values;
} bad_values[] = {
#define WITH(unit, port, tag, note, host)                                                          \
	"{\"unit\":" unit ",\"port\":" port ",\"tag\":" tag ",\"note\":" note ",\"host\":" host "}"
	{"unit", WITH("\"apache\"", "80", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"unit", WITH("\"nginx \"", "80", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"unit", WITH("5", "80", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"unit", WITH("[\"nginx\"]", "80", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"unit", WITH("{\"param\":\"note\"}", "80", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"port", WITH("\"nginx\"", "0", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"port", WITH("\"nginx\"", "65536", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"port", WITH("\"nginx\"", "\"80 --now\"", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"port", WITH("\"nginx\"", "\"-80\"", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"port", WITH("\"nginx\"", "true", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"port", WITH("\"nginx\"", "80.5", "\"v1\"", "\"x\"", "\"edge-1\"")},
	{"tag", WITH("\"nginx\"", "80", "\"v1\\n\"", "\"x\"", "\"edge-1\"")},
	{"tag", WITH("\"nginx\"", "80", "\"v1; id\"", "\"x\"", "\"edge-1\"")},
	{"tag", WITH("\"nginx\"", "80", "\"xv1\"", "\"x\"", "\"edge-1\"")},
	{"tag", WITH("\"nginx\"", "80", "\"\"", "\"x\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "\"--force\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "\"-\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "\"a\\nrm -rf /\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "\"a\\u2028b\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "\"a\\tb\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "\"a\\u202eb\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "\"\\u001b[2J\"", "\"edge-1\"")},
	{"note", WITH("\"nginx\"", "80", "\"v1\"", "null", "\"edge-1\"")},
	{"host", WITH("\"nginx\"", "80", "\"v1\"", "\"x\"", "\"nowhere\"")},
	{"host", WITH("\"nginx\"", "80", "\"v1\"", "\"x\"", "\"lab-1\"")},
	{"host", WITH("\"nginx\"", "80", "\"v1\"", "\"x\"", "\"edge-1,edge-2\"")},
	{"more",
		"{\"unit\":\"nginx\",\"port\":80,\"tag\":\"v2\",\"note\":\"x\",\"host\":\"edge-1\","
		"\"more\":\"x\"}"},
	{"host", "{\"unit\":\"nginx\",\"port\":80,\"tag\":\"v2\",\"note\":\"x\"}"},
};

START_TEST(a_value_that_is_not_of_its_type_is_refused)
{
	json_t *body;

	open_world();
	ck_assert_int_eq(add(PARAMS, BODY), 0);
	approve(1);
	for (size_t i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++) {
		ck_assert_msg(render(bad_values[i].values, &body) == ERROR_INVALID, "%s: %d %s",
			bad_values[i].values, err.code, err.message);
		ck_assert_str_eq(err.field, bad_values[i].field);
	}
	close_world();
}
END_TEST

START_TEST(a_pattern_that_takes_for_ever_matches_nothing)
{
	int64_t before_ms;
	json_t *body;

	open_world();
	ck_assert_int_eq(
		add("{\"x\":{\"type\":\"text\",\"pattern\":\"(a+)+b\",\"example\":\"ab\"}}",
			"{\"steps\":[{\"argv\":[\"true\",{\"param\":\"x\"}]}]}"),
		0);
	approve(1);
	before_ms = time_mono_ms();
	check_said(
		render("{\"x\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\"}", &body),
		ERROR_INVALID, "must match");
	ck_assert_int_lt(time_mono_ms() - before_ms, 10000);
	close_world();
}
END_TEST

/* --- what cannot be added --- */

static const struct {
	const char *params, *words;
} bad_params[] = {
	{"{\"x\":{\"type\":\"shell\"}}", "type"},
	{"{\"x\":{}}", "type"},
	{"{\"X\":{\"type\":\"enum\",\"values\":[\"a\"]}}", "name of a parameter"},
	{"{\"x\":{\"type\":\"enum\",\"values\":[]}}", "1 to 200"},
	{"{\"x\":{\"type\":\"enum\",\"values\":[\"--now\"]}}", "option"},
	{"{\"x\":{\"type\":\"enum\",\"values\":[5]}}", "text"},
	{"{\"x\":{\"type\":\"enum\",\"values\":[\"a\"],\"min\":1}}", "min"},
	{"{\"x\":{\"type\":\"int\",\"min\":5,\"max\":4}}", "larger"},
	{"{\"x\":{\"type\":\"int\",\"min\":-5,\"max\":4}}", "min"},
	{"{\"x\":{\"type\":\"text\",\"pattern\":\"a\"}}", "example"},
	{"{\"x\":{\"type\":\"text\",\"pattern\":\"a(\",\"example\":\"a\"}}", "cannot be read"},
	{"{\"x\":{\"type\":\"text\",\"pattern\":\"a\",\"example\":\"ab\"}}", "must match"},
	{"{\"x\":{\"type\":\"text\",\"pattern\":\"a|\",\"example\":\"b\"}}", "must match"},
	{"{\"x\":{\"type\":\"host\",\"kind\":\"plane\",\"labels\":{}}}", "at least one label"},
	{"{\"x\":{\"type\":\"enum\",\"values\":[\"a\"],\"help\":\"a\\u202e\"}}", "cannot be seen"},
};

START_TEST(bad_declarations_are_refused)
{
	open_world();
	for (size_t i = 0; i < sizeof(bad_params) / sizeof(bad_params[0]); i++)
		check_said(add(bad_params[i].params,
				   "{\"steps\":[{\"argv\":[\"true\",{\"param\":\"x\"}]}]}"),
			ERROR_INVALID, bad_params[i].words);
	close_world();
}
END_TEST

#define STEP(argv) "{\"steps\":[{\"argv\":[" argv "]}]}"
static const struct {
	const char *body, *words;
} bad_bodies[] = {
	{"{}", "steps"},
	{"{\"steps\":[]}", "there is none"},
	{"{\"steps\":[5]}", "object"},
	{STEP("\"true\""), "used nowhere"},
	{STEP("{\"param\":\"x\"}"), "program of a step is fixed"},
	{STEP("{\"join\":[\"/bin/\",{\"param\":\"x\"}]}"), "program of a step is fixed"},
	{STEP("\"true\",{\"param\":\"y\"}"), "names no parameter"},
	{STEP("\"true\",{\"param\":\"x\",\"b64\":\"eA==\"}"), "names no parameter"},
	{STEP("\"true\",{\"join\":[]}"), "joins nothing"},
	{STEP("\"true\",{\"join\":[[{\"param\":\"x\"}]]}"), "names no parameter"},
	{STEP("\"true\",{\"join\":[{\"join\":[{\"param\":\"x\"}]}]}"), "names no parameter"},
	{STEP("\"true\",[{\"param\":\"x\"}]"), "used nowhere"},
	{"{\"steps\":[{\"argv\":[\"true\",{\"param\":\"x\"}],\"runas\":{\"param\":\"x\"}}]}",
		"may stand here"},
	{"{\"steps\":[{\"argv\":[\"true\",{\"param\":\"x\"}],\"env\":[{\"param\":\"x\"}]}]}",
		"may stand here"},
	{"{\"steps\":[{\"argv\":[\"true\",{\"param\":\"x\"}],\"contents\":[{\"sha256\":{\"param\":"
	 "\"x\"}}]}]}",
		"may stand here"},
	{"{\"verification\":[{\"query\":{\"param\":\"x\"}}],\"steps\":[{\"argv\":[\"true\",{"
	 "\"param\":\"x\"}]}]}",
		"may stand here"},
	{"{\"type\":\"normal\",\"steps\":[{\"argv\":[\"true\",{\"param\":\"x\"}]}]}",
		"when a change is made"},
	{"{\"start\":\"x\",\"steps\":[{\"argv\":[\"true\",{\"param\":\"x\"}]}]}",
		"when a change is made"},
	{STEP("\"true\",{\"param\":\"x\"},\"a\\u202eb\""), "cannot be seen"},
	{STEP("\"true\",{\"param\":\"x\"},\"a\\nb\""), "cannot be seen"},
	{STEP("\"true\",{\"param\":\"x\"},1.5"), "body"},
};

START_TEST(bad_bodies_are_refused)
{
	open_world();
	for (size_t i = 0; i < sizeof(bad_bodies) / sizeof(bad_bodies[0]); i++) {
		int rc = add("{\"x\":{\"type\":\"enum\",\"values\":[\"a\"]}}", bad_bodies[i].body);

		ck_assert_msg(
			rc == ERROR_INVALID, "%s: %d %s", bad_bodies[i].body, rc, err.message);
		ck_assert_msg(strstr(err.message, bad_bodies[i].words) ||
				      strstr(err.field, bad_bodies[i].words),
			"%s: %s", bad_bodies[i].body, err.message);
	}
	close_world();
}
END_TEST

START_TEST(an_owner_that_is_no_group_and_a_viewer_are_refused)
{
	struct template_add what;

	open_world();
	what = (struct template_add){.act = act_of(&li),
		.name = "x/y",
		.summary = "s",
		.owner = "nobody",
		.params = parse("{}"),
		.body = parse("{\"steps\":[{\"argv\":[\"true\"]}]}")};
	check_said(commit(ask_add, &what), ERROR_INVALID, "no group");
	what.owner = "dba";
	what.act = act_of(&eve);
	ck_assert_int_eq(commit(ask_add, &what), ERROR_FORBIDDEN);
	what.act = act_of(&li);
	ck_assert_int_eq(commit(ask_add, &what), 0);
	close_world();
}
END_TEST

CHECK_MAIN("template", &an_approver_and_the_owner_make_it_active, &the_owner_alone_is_not_enough,
	&a_no_ends_it, &an_approval_holds_for_180_days,
	&an_approver_who_may_not_any_more_does_not_count, &another_version_takes_its_place,
	&what_is_retired_makes_no_changes, &two_failures_in_ten_uses_suspend_it,
	&an_old_failure_is_forgotten, &a_value_is_one_argument,
	&a_value_that_is_not_of_its_type_is_refused, &a_pattern_that_takes_for_ever_matches_nothing,
	&bad_declarations_are_refused, &bad_bodies_are_refused,
	&an_owner_that_is_no_group_and_a_viewer_are_refused)
