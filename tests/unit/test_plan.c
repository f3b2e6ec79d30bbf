#include "check_main.h"
#include "lib/base/json.h"
#include "plan_world.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

#define NOW  INT64_C(4102444800000000)
#define HOUR INT64_C(3600000000)

static const struct store_schema *const schemas[] = {&approval_schema, &plans_schema};
static struct error err;
static struct approvals *approvals;
static struct plans *plans;

/* --- the plane and the runner --- */

static int parse_plane(const struct adapter_register *reg, const json_t *value, struct arena *arena,
	const char **ret_value, struct error *problem)
{
	if (!reg->args[0])
		return error_set(problem, ERROR_INVALID, "which server?");
	if (value && !json_is_integer(value))
		return error_set(problem, ERROR_INVALID, "a weight is a whole number");
	if (value)
		*ret_value = json_text(arena, value);
	return 0;
}

static const struct adapter_type plane_types[] = {
	{.name = "plane.weight", .arg_count = 1, .is_writable = true},
	{.name = "plane.load", .arg_count = 1},
};
static const struct adapter plane = {
	.kind = "plane", .types = plane_types, .type_count = 2, .parse = parse_plane};
static const struct adapter *const planes[] = {&plane};
static const struct adapter_list adapters = {planes, 1};

/* What the runner will say, and what it was last told. */
static const char *answer;
static json_t *told;

struct answering {
	struct jail_job job;
};

static void give_answer(void *arg)
{
	struct answering *answering = arg;

	answering->job.done(answering->job.arg, answer, strlen(answer), NULL);
	free(answering);
}

int jail_run(struct jail *jail, const struct jail_job *job, struct error *problem)
{
	struct answering *answering = calloc(1, sizeof(*answering));

	(void)jail;
	json_decref(told);
	told = NULL;
	ck_assert_int_eq(json_parse(job->input, job->length, JSON_DEPTH_GRAPH, &told, problem), 0);
	answering->job = *job;
	loop_soon(world.loop, give_answer, answering);
	return 0;
}

int jail_run_twice(struct jail *jail, const struct jail_job *job, struct error *problem)
{
	return jail_run(jail, job, problem);
}

/* --- life --- */

static void setup(void)
{
	struct plans_options options = {.adapters = &adapters};

	err = ERROR_INIT;
	plan_world_open(schemas, 2);
	ck_assert_int_eq(approvals_open(world.store, world.loop, &approvals, &err), 0);
	options.store = world.store;
	options.approvals = approvals;
	ck_assert_int_eq(plans_open(&options, &plans, &err), 0);
}

static void teardown(void)
{
	plans_close(plans);
	approvals_close(approvals);
	json_decref(told);
	told = NULL;
	plan_world_close();
}

/* --- acts --- */

static json_t *new_manifest(void)
{
	return json_loads("{\"name\":\"shop/drain\",\"kind\":\"shift\",\"summary\":\"Drain the "
			  "shop\",\"owner\":\"edge\","
			  "\"params\":{\"to\":{\"type\":\"integer\",\"min\":0,\"max\":100}},"
			  "\"switches\":[],\"calls\":[],"
			  "\"targets\":{\"edges\":{\"kind\":\"plane\",\"labels\":{\"environment\":"
			  "\"production\","
			  "\"site\":\"north\"},\"at_least\":1,\"at_most\":4}},"
			  "\"expires_ms\":3600000,\"on_expiry\":\"ask\",\"on_drift\":\"show\","
			  "\"actions\":[\"apply\"]}",
		0, NULL);
}

static int ask_add(struct store_tx *tx, void *arg, struct error *problem)
{
	return plan_add(tx, arg, problem);
}

static void free_json(void *value)
{
	json_decref(value);
}

static int add_as(const struct plan_person *person, const char *script, struct plan_add *add)
{
	int rc;

	*add = (struct plan_add){.principal = plan_principal(person),
		.at_us = NOW,
		.source = {"drain.lua", script, NULL},
		.modules = "{}",
		.arena = &world.arena};
	add->manifest = new_manifest();
	id_new(add->id);
	err = ERROR_INIT;
	rc = plan_world_write(ask_add, add, &err);
	arena_defer(&world.arena, free_json, (void *)(uintptr_t)add->manifest);
	return rc;
}

static int64_t add_version(const struct plan_person *person, const char *script)
{
	struct plan_add add;

	ck_assert_msg(add_as(person, script, &add) == 0, "%s", err.message);
	return add.ret_version->number;
}

static struct plan_change new_change(const struct plan_person *person, int64_t number)
{
	struct plan_change change = {.principal = plan_principal(person),
		.at_us = NOW + HOUR,
		.plan = "shop/drain",
		.number = number,
		.if_version = -1,
		.approval_class = APPROVAL_R2,
		.arena = &world.arena};

	id_new(change.approval_id);
	id_new(change.notify_id);
	return change;
}

static int ask_submit(struct store_tx *tx, void *arg, struct error *problem)
{
	return plan_submit(tx, arg, problem);
}

static int ask_activate(struct store_tx *tx, void *arg, struct error *problem)
{
	return plan_activate(tx, arg, problem);
}

static int ask_retire(struct store_tx *tx, void *arg, struct error *problem)
{
	return plan_retire(tx, arg, problem);
}

static int ask_discard(struct store_tx *tx, void *arg, struct error *problem)
{
	return plan_discard(tx, arg, problem);
}

static int change_as(const struct plan_person *person, int64_t number, store_ask ask)
{
	struct plan_change change = new_change(person, number);

	err = ERROR_INIT;
	return plan_world_write(ask, &change, &err);
}

static int ask_decide(struct store_tx *tx, void *arg, struct error *problem)
{
	return approval_decide(tx, arg, problem);
}

static struct plan_version *load(int64_t number)
{
	struct plan_version *version = NULL;

	ck_assert_int_eq(plan_version_get(store_reader(world.store), &world.arena, "shop/drain",
				 number, &version, &err),
		0);
	return version;
}

static struct approval_request *load_approval(int64_t number)
{
	struct approval_request *request = NULL;
	char subject[PLAN_SUBJECT_SIZE];

	plan_subject("shop/drain", number, subject);
	ck_assert_msg(approval_find(store_reader(world.store), &world.arena, PLAN_APPROVAL_SUBJECT,
			      subject, load(number)->digest, &request, &err) == 0,
		"%s", err.message);
	return request;
}

static int decide_as(
	const struct plan_person *person, int64_t number, enum approval_decision decision)
{
	struct approval_request *request = load_approval(number);
	struct approval_decide decide = {.approval_id = request->id,
		.decision = decision,
		.digest = request->subject_digest,
		.reason = "because",
		.principal = plan_principal(person),
		.approvals = approvals,
		.if_version = -1,
		.at_us = NOW + 2 * HOUR};

	id_new(decide.decision_id);
	id_new(decide.notify_id);
	err = ERROR_INIT;
	return plan_world_write(ask_decide, &decide, &err);
}

static void make_active(const char *script)
{
	int64_t number = add_version(&li, script);

	ck_assert_msg(change_as(&li, number, ask_submit) == 0, "%s", err.message);
	ck_assert_msg(decide_as(&ann, number, APPROVAL_APPROVE) == 0, "%s", err.message);
	ck_assert_msg(change_as(&li, number, ask_activate) == 0, "%s", err.message);
}

static void expect(int rc, int code, const char *message)
{
	ck_assert_msg(rc == code, "%d: %s", rc, err.message);
	ck_assert_msg(
		strstr(err.message, message) != NULL, "\"%s\" has no \"%s\"", err.message, message);
}

/* --- adding --- */

START_TEST(versions_count_from_1)
{
	setup();
	ck_assert_int_eq(add_version(&li, "one"), 1);
	ck_assert_int_eq(add_version(&li, "two"), 2);
	ck_assert_int_eq(load(1)->state, PLAN_DRAFT);
	ck_assert_str_ne(load(1)->digest, load(2)->digest);
	ck_assert_str_eq(world.audited, "plan.add plan.add");
	teardown();
}
END_TEST

START_TEST(the_same_text_is_the_same_version)
{
	struct plan_add add;

	setup();
	add_version(&li, "one");
	ck_assert_int_eq(add_as(&li, "one", &add), 0);
	ck_assert(!add.ret_is_new);
	ck_assert_int_eq(add.ret_version->number, 1);
	teardown();
}
END_TEST

START_TEST(the_same_text_after_a_rejection_is_a_new_draft)
{
	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	ck_assert_int_eq(decide_as(&ann, 1, APPROVAL_REJECT), 0);
	ck_assert_int_eq(load(1)->state, PLAN_REJECTED);
	ck_assert_int_eq(add_version(&li, "one"), 2);
	teardown();
}
END_TEST

START_TEST(only_an_author_adds)
{
	struct plan_add add;

	setup();
	expect(add_as(&ann, "one", &add), ERROR_FORBIDDEN, "no role author");
	teardown();
}
END_TEST

/* --- the way to active --- */

START_TEST(the_commit_of_the_decision_moves_the_version)
{
	int64_t seen;

	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	seen = load(1)->version;
	ck_assert_int_eq(decide_as(&ann, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(load(1)->state, PLAN_APPROVED);
	ck_assert_int_eq(load(1)->version, seen + 1);
	ck_assert_ptr_nonnull(strstr(world.audited, "approval.decide plan.state"));
	teardown();
}
END_TEST

START_TEST(a_version_goes_all_the_way)
{
	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	ck_assert_int_eq(load(1)->state, PLAN_IN_REVIEW);
	ck_assert_int_eq(decide_as(&ann, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(load(1)->state, PLAN_APPROVED);
	ck_assert_int_eq(change_as(&dan, 1, ask_activate), 0);
	ck_assert_int_eq(load(1)->state, PLAN_ACTIVE);
	ck_assert_ptr_nonnull(
		strstr(world.audited, "plan.submit approval.decide plan.state plan.activate"));
	teardown();
}
END_TEST

START_TEST(a_new_active_version_supersedes_the_old)
{
	setup();
	make_active("one");
	make_active("two");
	ck_assert_int_eq(load(1)->state, PLAN_SUPERSEDED);
	ck_assert_int_eq(load(2)->state, PLAN_ACTIVE);
	ck_assert_int_eq(change_as(&li, 1, ask_activate), 0);
	ck_assert_int_eq(load(1)->state, PLAN_ACTIVE);
	ck_assert_int_eq(load(2)->state, PLAN_SUPERSEDED);
	teardown();
}
END_TEST

START_TEST(a_draft_cannot_be_activated)
{
	setup();
	add_version(&li, "one");
	expect(change_as(&li, 1, ask_activate), ERROR_CONFLICT,
		"shop/drain@1 is DRAFT: it cannot be activated");
	ck_assert_str_eq(err.remedy, "submit it first: redbutton plan submit shop/drain@1");
	teardown();
}
END_TEST

START_TEST(without_its_approval_it_cannot_be_activated)
{
	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	expect(change_as(&li, 1, ask_activate), ERROR_NOT_APPROVED,
		"still needs 1 of role approver");
	teardown();
}
END_TEST

START_TEST(an_approval_that_is_lost_stops_the_activation)
{
	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	ck_assert_int_eq(decide_as(&ann, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(load(1)->state, PLAN_APPROVED);
	ann.roles = ROLE_VIEWER;
	expect(change_as(&li, 1, ask_activate), ERROR_NOT_APPROVED,
		"ann no longer has role approver");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	ck_assert_int_eq(decide_as(&bob, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(change_as(&li, 1, ask_activate), 0);
	teardown();
}
END_TEST

START_TEST(an_approved_version_need_not_be_asked_again)
{
	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	ck_assert_int_eq(decide_as(&ann, 1, APPROVAL_APPROVE), 0);
	ck_assert_int_eq(load(1)->state, PLAN_APPROVED);
	expect(change_as(&li, 1, ask_submit), ERROR_NO_EFFECT, "approved already");
	teardown();
}
END_TEST

START_TEST(who_wrote_it_cannot_approve_it)
{
	setup();
	ann.roles = ROLE_AUTHOR | ROLE_APPROVER;
	add_version(&ann, "one");
	add_version(&li, "two");
	ck_assert_int_eq(change_as(&li, 2, ask_submit), 0);
	expect(decide_as(&li, 2, APPROVAL_APPROVE), ERROR_FORBIDDEN, "you asked for approval");
	expect(decide_as(&ann, 2, APPROVAL_APPROVE), ERROR_FORBIDDEN,
		"you took part in shop/drain@2");
	ck_assert_int_eq(decide_as(&bob, 2, APPROVAL_APPROVE), 0);
	teardown();
}
END_TEST

START_TEST(a_newer_version_voids_the_older_request)
{
	struct approval_request *older;

	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	older = load_approval(1);
	add_version(&li, "two");
	ck_assert_int_eq(change_as(&li, 2, ask_submit), 0);
	ck_assert_int_eq(load(1)->state, PLAN_DRAFT);
	ck_assert_str_eq(load(1)->state_reason, "edited: version 2 replaces it");
	older = load_approval(1);
	ck_assert_int_eq(older->state, APPROVAL_VOID);
	ck_assert_str_eq(older->state_reason, "edited: version 2 replaces it");
	teardown();
}
END_TEST

START_TEST(a_rejection_says_why)
{
	setup();
	add_version(&li, "one");
	ck_assert_int_eq(change_as(&li, 1, ask_submit), 0);
	ck_assert_int_eq(decide_as(&ann, 1, APPROVAL_REJECT), 0);
	ck_assert_int_eq(load(1)->state, PLAN_REJECTED);
	ck_assert_str_eq(load(1)->state_reason, "ann: because");
	expect(change_as(&li, 1, ask_submit), ERROR_CONFLICT,
		"is REJECTED: ann: because: it cannot be submitted");
	teardown();
}
END_TEST

START_TEST(a_stale_click_is_refused)
{
	struct plan_change change;

	setup();
	add_version(&li, "one");
	change = new_change(&li, 1);
	change.if_version = 7;
	expect(plan_world_write(ask_submit, &change, &err), ERROR_STALE,
		"changed since you looked");
	teardown();
}
END_TEST

START_TEST(discard_and_retire_void_what_is_open)
{
	setup();
	make_active("one");
	ck_assert_int_eq(change_as(&li, 1, ask_retire), 0);
	ck_assert_int_eq(load(1)->state, PLAN_RETIRED);
	ck_assert_int_eq(load_approval(1)->state, APPROVAL_VOID);
	add_version(&li, "two");
	ck_assert_int_eq(change_as(&li, 2, ask_submit), 0);
	ck_assert_int_eq(change_as(&li, 2, ask_discard), 0);
	ck_assert_int_eq(load_approval(2)->state, APPROVAL_VOID);
	expect(change_as(&li, 2, ask_discard), ERROR_CONFLICT, "is DISCARDED");
	teardown();
}
END_TEST

static int ask_suspend(struct store_tx *tx, void *arg, struct error *problem)
{
	return plan_suspend(tx, arg, problem);
}

static int ask_resume(struct store_tx *tx, void *arg, struct error *problem)
{
	return plan_resume(tx, arg, problem);
}

static int suspend_as(const struct plan_person *person, int64_t number, const char *reason)
{
	struct plan_change change = new_change(person, number);

	err = ERROR_INIT;
	change.reason = reason;
	return plan_world_write(ask_suspend, &change, &err);
}

START_TEST(a_suspended_version_is_not_the_active_one_until_it_is_resumed)
{
	struct plan_version *version;

	setup();
	make_active("one");
	expect(suspend_as(&li, 1, NULL), ERROR_INVALID, "needs a reason");
	expect(suspend_as(&dan, 1, "no"), ERROR_FORBIDDEN, "no role author");
	ck_assert_int_eq(suspend_as(&li, 1, "its guard is wrong"), 0);
	ck_assert_int_eq(load(1)->state, PLAN_SUSPENDED);
	expect(plan_version_get_active(
		       store_reader(world.store), &world.arena, "shop/drain", &version, &err),
		ERROR_NOT_FOUND, "1 is suspended: its guard is wrong");
	ck_assert_ptr_nonnull(strstr(err.remedy, "redbutton plan resume shop/drain@1"));
	expect(change_as(&li, 1, ask_activate), ERROR_CONFLICT, "is SUSPENDED");
	ck_assert_int_eq(change_as(&li, 1, ask_resume), 0);
	ck_assert_int_eq(load(1)->state, PLAN_ACTIVE);
	expect(change_as(&li, 1, ask_resume), ERROR_CONFLICT, "it cannot be resumed");
	teardown();
}
END_TEST

START_TEST(an_admin_suspends_and_resumes)
{
	setup();
	make_active("one");
	eve.roles = ROLE_ADMIN;
	ck_assert_int_eq(suspend_as(&eve, 1, "stop"), 0);
	ck_assert_int_eq(change_as(&eve, 1, ask_resume), 0);
	expect(change_as(&eve, 1, ask_retire), ERROR_FORBIDDEN, "no role author");
	eve.roles = ROLE_VIEWER;
	teardown();
}
END_TEST

START_TEST(who_is_resumed_after_another_became_active_is_superseded)
{
	setup();
	make_active("one");
	ck_assert_int_eq(suspend_as(&li, 1, "stop"), 0);
	make_active("two");
	ck_assert_int_eq(change_as(&li, 1, ask_resume), 0);
	ck_assert_int_eq(load(1)->state, PLAN_SUPERSEDED);
	ck_assert_str_eq(load(1)->state_reason, "version 2 is active");
	ck_assert_int_eq(load(2)->state, PLAN_ACTIVE);
	teardown();
}
END_TEST

START_TEST(a_resumed_version_needs_its_approval_still)
{
	setup();
	make_active("one");
	ck_assert_int_eq(suspend_as(&li, 1, "stop"), 0);
	ann.roles = ROLE_VIEWER;
	expect(change_as(&li, 1, ask_resume), ERROR_NOT_APPROVED,
		"ann no longer has role approver");
	ck_assert_int_eq(load(1)->state, PLAN_SUSPENDED);
	ck_assert_int_eq(change_as(&li, 1, ask_retire), 0);
	teardown();
}
END_TEST

START_TEST(a_missing_plan_names_the_nearest)
{
	struct plan_version *version;

	setup();
	add_version(&li, "one");
	expect(plan_version_get_active(
		       store_reader(world.store), &world.arena, "shop/drian", &version, &err),
		ERROR_NOT_FOUND, "there is no plan \"shop/drian\"");
	ck_assert_str_eq(err.remedy, "did you mean shop/drain?");
	expect(plan_version_get_active(
		       store_reader(world.store), &world.arena, "shop/drain", &version, &err),
		ERROR_NOT_FOUND, "no active version; the newest, 1, is DRAFT");
	ck_assert_str_eq(err.remedy, "redbutton plan submit shop/drain@1");
	expect(plan_version_get(
		       store_reader(world.store), &world.arena, "shop/drain", 9, &version, &err),
		ERROR_NOT_FOUND, "no version 9; the newest is 1");
	teardown();
}
END_TEST

/* --- building --- */

#define HEAD "\"format\":1,\"plan\":\"shop/drain\",\"action\":\"apply\",\"params\":{\"to\":0}"
#define TARGETS                                                                                    \
	"\"targets\":{\"edges\":{\"selector\":{\"environment\":\"production\",\"site\":\"north\"}" \
	","                                                                                        \
	"\"list\":[{\"name\":\"edge-1\"},{\"name\":\"edge-2\"}]}}"
#define REGISTER(type, arg) "{\"args\":[\"" arg "\"],\"target\":\"edge-1\",\"type\":\"" type "\"}"
#define SET(value)	    "{\"kind\":\"set\",\"register\":0,\"value\":" value "}"
#define ANSWER(registers, body)                                                                    \
	"{\"ok\":true,\"manifest\":{},\"lines\":{\"1\":\"drain.lua:7\"},\"graph\":{" HEAD          \
	"," TARGETS ",\"registers\":[" registers "],\"body\":[" body "]}}"

static char digest[DIGEST_TEXT_SIZE];
static enum approval_class built_class;
static size_t built_errors;

static void note_built(void *arg, const struct plan_build_result *result, const json_t *errors,
	const struct error *problem)
{
	int *rc = arg;

	*rc = problem ? problem->code : 0;
	if (problem)
		err = *problem;
	built_errors = json_array_size(errors);
	if (result) {
		memcpy(digest, result->digest, sizeof(digest));
		built_class = result->approval_class;
	}
	loop_stop(world.loop);
}

static int build(const char *runner_says)
{
	struct plan_build_request request = {.plan = "shop/drain",
		.number = 1,
		.action = "apply",
		.kind = "real",
		.mode = "graceful"};
	int rc = 1, started;

	answer = runner_says;
	err = ERROR_INIT;
	started = plan_build(plans_builder(plans), &world.arena, &request, note_built, &rc, &err);
	if (started < 0)
		return started;
	while (rc == 1)
		loop_run(world.loop);
	return rc;
}

START_TEST(a_build_gives_graph_digest_and_class)
{
	setup();
	add_version(&li, "one");
	ck_assert_msg(
		build(ANSWER(REGISTER("plane.weight", "b/s"), SET("5"))) == 0, "%s", err.message);
	ck_assert_int_eq(strncmp(digest, "sha256:", 7), 0);
	ck_assert_int_eq(built_class, APPROVAL_R2);
	ck_assert_str_eq(json_string_value(json_object_get(told, "verb")), "build");
	ck_assert_int_eq(
		json_integer_value(json_object_get(json_object_get(told, "params"), "to")), 0);
	ck_assert_uint_eq(
		json_array_size(json_object_get(json_object_get(told, "targets"), "edges")), 2);
	teardown();
}
END_TEST

START_TEST(the_plans_fault_is_its_lines)
{
	setup();
	add_version(&li, "one");
	expect(build("{\"ok\":false,\"errors\":[{\"file\":\"drain.lua\",\"line\":7,\"message\":"
		     "\"hold is missing\"},"
		     "{\"file\":\"drain.lua\",\"line\":9,\"message\":\"no \\u202e\"}]}"),
		ERROR_PLAN, "drain.lua:7: hold is missing\ndrain.lua:9: no \\u{202e}");
	ck_assert_uint_eq(built_errors, 2);
	teardown();
}
END_TEST

START_TEST(a_register_without_adapter_is_refused)
{
	setup();
	add_version(&li, "one");
	expect(build(ANSWER(REGISTER("etcd.key", "k"), SET("5"))), ERROR_PLAN,
		"no adapter for etcd.key");
	teardown();
}
END_TEST

START_TEST(a_reading_cannot_be_set)
{
	setup();
	add_version(&li, "one");
	expect(build(ANSWER(REGISTER("plane.load", "k"), SET("5"))), ERROR_PLAN,
		"plane.load can only be read");
	teardown();
}
END_TEST

START_TEST(a_key_outside_the_allow_list_is_refused)
{
	setup();
	add_version(&li, "one");
	expect(build(ANSWER(REGISTER("plane.weight", "forbidden"), SET("5"))), ERROR_PLAN,
		"edge-1 does not allow");
	teardown();
}
END_TEST

START_TEST(a_literal_that_does_not_parse_names_its_line)
{
	setup();
	add_version(&li, "one");
	expect(build(ANSWER(REGISTER("plane.weight", "b/s"), SET("\"many\""))), ERROR_PLAN,
		"drain.lua:7: weight b/s on edge-1: a weight is a whole number");
	ck_assert_str_eq(err.place, "drain.lua:7");
	teardown();
}
END_TEST

START_TEST(what_the_engine_cannot_walk_is_refused)
{
	setup();
	add_version(&li, "one");
	expect(build(ANSWER(REGISTER("plane.weight", "b/s"),
		       "{\"kind\":\"manual\",\"task\":\"t\",\"role\":\"r\",\"within_ms\":1,"
		       "\"undo\":\"u\"}")),
		ERROR_PLAN, "`manual` is not carried out by this release");
	teardown();
}
END_TEST

START_TEST(a_forged_answer_is_refused)
{
	setup();
	add_version(&li, "one");
	expect(build("{\"ok\":true,\"graph\":{\"format\":1,\"plan\":\"other\",\"action\":\"apply\","
		     "\"params\":{}," TARGETS ",\"registers\":[],\"body\":[]}}"),
		ERROR_PLAN, "another plan");
	expect(build("{\"ok\":true,\"graph\":{" HEAD
		     ",\"targets\":{\"edges\":{\"list\":[{\"name\":\"lab-1\"}]}},"
		     "\"registers\":[],\"body\":[]}}"),
		ERROR_PLAN, "other targets");
	expect(build("{\"ok\":true,\"graph\":{" HEAD "," TARGETS
		     ",\"registers\":[],\"body\":[{\"kind\":\"call\",\"plan\":\"x\",\"action\":"
		     "\"apply\",\"params\":{},"
		     "\"version\":\"sha256:"
		     "1111111111111111111111111111111111111111111111111111111111111111\","
		     "\"body\":[{\"kind\":\"hold\",\"hold_ms\":1}]}]}}"),
		ERROR_PLAN, "calls another version");
	teardown();
}
END_TEST

START_TEST(nonsense_from_the_runner_is_refused)
{
	static const char *const says[] = {"", "{", "[]", "{}", "{\"ok\":1}", "{\"ok\":true}",
		"{\"ok\":true,\"graph\":[]}", "{\"ok\":false}",
		"{\"ok\":true,\"graph\":{\"kind\":\"drill\"}}"};

	setup();
	add_version(&li, "one");
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		ck_assert_msg(build(says[i]) == ERROR_PLAN, "%s", says[i]);
	teardown();
}
END_TEST

START_TEST(a_selection_outside_its_bounds_is_refused)
{
	setup();
	add_version(&li, "one");
	plan_targets[0].site = plan_targets[1].site = "south";
	expect(build("{}"), ERROR_PLAN, "an empty selection is never \"all\"");
	ck_assert_str_eq(err.field, "targets.edges");
	teardown();
}
END_TEST

/* --- stored graphs --- */

static int ask_put(struct store_tx *tx, void *arg, struct error *problem)
{
	return graph_store_put(tx, arg, NOW, problem);
}

static const struct store_statement SPOIL =
	STORE_STATEMENT("UPDATE plan_graph SET bytes = CAST('{\"format\":2}' AS BLOB)");

static int ask_spoil(struct store_tx *tx, void *arg, struct error *problem)
{
	(void)arg;
	return store_run(store_query(tx, &SPOIL), problem) < 0 ? ERROR_IO : 0;
}

START_TEST(a_stored_graph_is_verified)
{
	struct stored_graph graph = {.bytes = "{}", .length = 2, .approval_class = APPROVAL_R2},
			    *again = NULL;
	struct digest raw;

	setup();
	add_version(&li, "one");
	digest_of_domain(GRAPH_DIGEST_DOMAIN, "{}", 2, &raw);
	graph.digest = digest_text(&raw, digest);
	graph.version_id = load(1)->id;
	ck_assert_msg(plan_world_write(ask_put, &graph, &err) == 0, "%s", err.message);
	ck_assert_int_eq(plan_world_write(ask_put, &graph, &err), 0);
	ck_assert_int_eq(
		graph_store_get(store_reader(world.store), &world.arena, digest, &again, &err), 0);
	ck_assert_uint_eq(again->length, 2);
	ck_assert_int_eq(again->approval_class, APPROVAL_R2);
	ck_assert_int_eq(plan_world_write(ask_spoil, NULL, &err), 0);
	ck_assert_int_eq(
		graph_store_get(store_reader(world.store), &world.arena, digest, &again, &err),
		ERROR_TAMPERED);
	teardown();
}
END_TEST

/* --- lint --- */

static struct plan_lint_result linted;
static size_t linted_errors;

static void note_linted(
	void *arg, const struct plan_lint_result *result, const struct error *problem)
{
	int *rc = arg;

	linted = *result;
	linted_errors = json_array_size(result->errors);
	*rc = problem ? problem->code : 0;
	if (problem)
		err = *problem;
	loop_stop(world.loop);
}

START_TEST(lint_gives_every_error)
{
	struct plan_source source = {"drain.lua", "plan {}", NULL};
	int rc = 1;

	setup();
	answer = "{\"ok\":false,\"errors\":[{\"file\":\"drain.lua\",\"line\":1,\"message\":\"name "
		 "is missing\"},"
		 "{\"file\":\"drain.lua\",\"line\":1,\"message\":\"kind is "
		 "missing\"}],\"warnings\":[]}";
	ck_assert_int_eq(
		plan_lint(plans_builder(plans), &world.arena, &source, note_linted, &rc, &err), 0);
	while (rc == 1)
		loop_run(world.loop);
	expect(rc, ERROR_PLAN, "drain.lua:1: name is missing\ndrain.lua:1: kind is missing");
	ck_assert_uint_eq(linted_errors, 2);
	ck_assert_str_eq(json_string_value(json_object_get(told, "verb")), "lint");
	teardown();
}
END_TEST

CHECK_MAIN("plan", &versions_count_from_1, &the_same_text_is_the_same_version,
	&the_same_text_after_a_rejection_is_a_new_draft, &only_an_author_adds,
	&the_commit_of_the_decision_moves_the_version, &a_version_goes_all_the_way,
	&a_new_active_version_supersedes_the_old, &a_draft_cannot_be_activated,
	&without_its_approval_it_cannot_be_activated,
	&an_approval_that_is_lost_stops_the_activation,
	&an_approved_version_need_not_be_asked_again, &who_wrote_it_cannot_approve_it,
	&a_newer_version_voids_the_older_request, &a_rejection_says_why, &a_stale_click_is_refused,
	&a_suspended_version_is_not_the_active_one_until_it_is_resumed,
	&an_admin_suspends_and_resumes, &who_is_resumed_after_another_became_active_is_superseded,
	&a_resumed_version_needs_its_approval_still, &discard_and_retire_void_what_is_open,
	&a_missing_plan_names_the_nearest, &a_build_gives_graph_digest_and_class,
	&the_plans_fault_is_its_lines, &a_register_without_adapter_is_refused,
	&a_reading_cannot_be_set, &a_key_outside_the_allow_list_is_refused,
	&a_literal_that_does_not_parse_names_its_line, &what_the_engine_cannot_walk_is_refused,
	&a_forged_answer_is_refused, &nonsense_from_the_runner_is_refused,
	&a_selection_outside_its_bounds_is_refused, &a_stored_graph_is_verified,
	&lint_gives_every_error)
