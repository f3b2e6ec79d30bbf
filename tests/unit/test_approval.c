#include "approval/approval_rooms.h"
#include "check_main.h"
#include "lib/base/json.h"
#include "plan_world.h"

#include <string.h>

#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER  "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define NOW    INT64_C(4102444800000000) /* far ahead: the watch finds nothing overdue by itself */
#define HOUR   INT64_C(3600000000)

static const struct store_schema *const schemas[] = {&approval_schema};
static struct error err;
static char approval_id[ID_SIZE];
static struct approvals *approvals;
static char ended[256];

static enum error_code follow_answer;

/* Sees the row as the decision left it, before its commit. */
static int follow(void *arg, struct store_tx *tx, const struct approval_ended *what, int64_t at_us,
	struct error *problem)
{
	struct approval_request *request;

	(void)arg;
	(void)at_us;
	ck_assert_int_eq(approval_get(tx, &world.arena, what->id, &request, problem), 0);
	ck_assert_int_eq(request->state, what->state);
	return follow_answer ? error_set(problem, follow_answer, "cannot follow") : 0;
}

static void note_ended(void *arg, const struct approval_ended *what)
{
	(void)arg;
	snprintf(ended, sizeof(ended), "%s %s %s", what->subject_kind, what->subject_id,
		approval_state_word(what->state));
}

static void setup(void)
{
	err = ERROR_INIT;
	ended[0] = 0;
	plan_world_open(schemas, 1);
	ck_assert_int_eq(approvals_open(world.store, world.loop, &approvals, &err), 0);
	approvals_subscribe(approvals, note_ended, NULL);
	approvals_follow(approvals, follow, NULL);
	follow_answer = 0;
}

static void teardown(void)
{
	approvals_close(approvals);
	plan_world_close();
}

/* --- acts, each in its own transaction --- */

static int ask_open(struct store_tx *tx, void *arg, struct error *problem)
{
	const struct approval_request *request = arg;

	return approval_open(tx, request, &audit_system, request->id, problem);
}

static struct approval_request new_request(enum approval_class approval_class, bool is_version)
{
	static const char *excluded[] = {NULL, NULL};
	struct approval_request request = {.subject_kind = "graph",
		.subject_id = "run-1",
		.subject_digest = DIGEST,
		.approval_class = approval_class,
		.excluded = excluded,
		.summary = "drain zone a",
		.requested_by = li.id,
		.requested_at_us = NOW,
		.expires_at_us = NOW + APPROVAL_EXPIRY_US};

	excluded[0] = li.id;
	id_new(request.id);
	memcpy(approval_id, request.id, ID_SIZE);
	approval_policy(approval_class, is_version, NULL, request.levels, &request.level_count);
	return request;
}

static void open_class(enum approval_class approval_class)
{
	struct approval_request request = new_request(approval_class, false);

	ck_assert_msg(plan_world_write(ask_open, &request, &err) == 0, "%s", err.message);
}

static int ask_decide(struct store_tx *tx, void *arg, struct error *problem)
{
	return approval_decide(tx, arg, problem);
}

static struct approval_decide new_decide(
	const struct plan_person *person, enum approval_decision decision)
{
	struct approval_decide decide = {.approval_id = approval_id,
		.decision = decision,
		.digest = DIGEST,
		.reason = decision == APPROVAL_REJECT ? "too much at once" : NULL,
		.principal = plan_principal(person),
		.approvals = approvals,
		.if_version = -1,
		.at_us = NOW + HOUR};

	id_new(decide.decision_id);
	id_new(decide.notify_id);
	return decide;
}

static int decide_as(const struct plan_person *person, enum approval_decision decision)
{
	struct approval_decide decide = new_decide(person, decision);

	err = ERROR_INIT;
	return plan_world_write(ask_decide, &decide, &err);
}

static int approve_as(const struct plan_person *person)
{
	return decide_as(person, APPROVAL_APPROVE);
}

static int ask_use(struct store_tx *tx, void *arg, struct error *problem)
{
	char used[ID_SIZE];

	return approval_use(
		tx, "graph", "run-1", arg, &audit_system, NOW + 2 * HOUR, used, problem);
}

static int use_it(void)
{
	err = ERROR_INIT;
	return plan_world_write(ask_use, (void *)(uintptr_t)DIGEST, &err);
}

static int check_it(void)
{
	char used[ID_SIZE];

	err = ERROR_INIT;
	return approval_check(
		store_reader(world.store), "graph", "run-1", DIGEST, NOW + 2 * HOUR, used, &err);
}

static struct approval_request *load(void)
{
	struct approval_request *request = NULL;

	ck_assert_int_eq(
		approval_get(store_reader(world.store), &world.arena, approval_id, &request, &err),
		0);
	return request;
}

static void expect(int rc, int code, const char *message)
{
	ck_assert_msg(rc == code, "%d: %s", rc, err.message);
	ck_assert_msg(
		strstr(err.message, message) != NULL, "\"%s\" has no \"%s\"", err.message, message);
}

/* --- policy --- */

START_TEST(policy_asks_by_class)
{
	static const int version[] = {1, 1, 1, 2}, execution[] = {0, 0, 1, 2};
	struct approval_level levels[APPROVAL_LEVELS_MAX];
	size_t count;

	for (int i = 0; i < 4; i++) {
		approval_policy((enum approval_class)i, true, NULL, levels, &count);
		ck_assert_uint_eq(count, 1);
		ck_assert_int_eq(levels[0].need, version[i]);
		approval_policy((enum approval_class)i, false, NULL, levels, &count);
		ck_assert_uint_eq(count, execution[i] ? 1 : 0);
		if (count)
			ck_assert_int_eq(levels[0].need, execution[i]);
	}
	approval_policy(APPROVAL_R3, false, NULL, levels, &count);
	ck_assert(levels[0].different_teams);
}
END_TEST

/* --- opening --- */

START_TEST(opening_is_audited_and_told)
{
	setup();
	open_class(APPROVAL_R2);
	ck_assert_str_eq(world.audited, "approval.open");
	ck_assert_str_eq(world.notified, "approval.requested");
	ck_assert_ptr_nonnull(strstr(world.last_text, "li.wei asks for approval (R2) of run-1"));
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	teardown();
}
END_TEST

START_TEST(a_second_request_over_the_same_is_refused)
{
	struct approval_request request;

	setup();
	open_class(APPROVAL_R2);
	request = new_request(APPROVAL_R2, false);
	expect(plan_world_write(ask_open, &request, &err), ERROR_CONFLICT, "open already");
	teardown();
}
END_TEST

START_TEST(a_request_without_levels_is_refused)
{
	struct approval_request request;

	setup();
	request = new_request(APPROVAL_R0, false);
	expect(plan_world_write(ask_open, &request, &err), ERROR_INVALID, "levels");
	teardown();
}
END_TEST

START_TEST(without_anybody_it_stays_pending_and_says_so)
{
	setup();
	ann.roles = bob.roles = cid.roles = ROLE_VIEWER;
	open_class(APPROVAL_R2);
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	ck_assert_ptr_nonnull(
		strstr(approval_note(store_reader(world.store), &world.arena, load(), &err),
			"nobody could give it now"));
	teardown();
}
END_TEST

/* --- deciding --- */

START_TEST(one_of_one_approves)
{
	setup();
	open_class(APPROVAL_R2);
	ck_assert_msg(approve_as(&ann) == 0, "%s", err.message);
	ck_assert_int_eq(load()->state, APPROVAL_APPROVED);
	ck_assert_str_eq(ended, "graph run-1 APPROVED");
	ck_assert_str_eq(world.notified, "approval.requested approval.decided");
	ck_assert_str_eq(world.audited, "approval.open approval.decide");
	teardown();
}
END_TEST

START_TEST(what_cannot_be_followed_is_not_decided)
{
	setup();
	open_class(APPROVAL_R2);
	follow_answer = ERROR_CONFLICT;
	expect(approve_as(&ann), ERROR_CONFLICT, "cannot follow");
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	ck_assert_str_eq(ended, "");
	follow_answer = 0;
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_str_eq(ended, "graph run-1 APPROVED");
	teardown();
}
END_TEST

START_TEST(the_requester_cannot_decide)
{
	setup();
	open_class(APPROVAL_R2);
	expect(approve_as(&li), ERROR_FORBIDDEN, "you asked for approval");
	expect(decide_as(&li, APPROVAL_REJECT), ERROR_FORBIDDEN,
		"nobody decides their own request");
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	teardown();
}
END_TEST

START_TEST(an_editor_cannot_decide)
{
	const char *excluded[] = {ann.id, NULL};
	struct approval_request request;

	setup();
	request = new_request(APPROVAL_R2, false);
	request.excluded = excluded;
	ck_assert_int_eq(plan_world_write(ask_open, &request, &err), 0);
	expect(approve_as(&ann), ERROR_FORBIDDEN, "you took part in run-1");
	ck_assert_int_eq(approve_as(&bob), 0);
	teardown();
}
END_TEST

START_TEST(who_has_no_role_cannot_decide)
{
	setup();
	open_class(APPROVAL_R2);
	expect(approve_as(&eve), ERROR_FORBIDDEN, "eve has no role approver");
	teardown();
}
END_TEST

START_TEST(a_token_without_the_role_cannot_decide)
{
	struct approval_decide decide;

	setup();
	open_class(APPROVAL_R2);
	decide = new_decide(&ann, APPROVAL_APPROVE);
	((struct principal *)(uintptr_t)decide.principal)->roles = ROLE_AGENT;
	expect(plan_world_write(ask_decide, &decide, &err), ERROR_FORBIDDEN, "no role approver");
	teardown();
}
END_TEST

START_TEST(a_right_elsewhere_does_not_count)
{
	struct approval_request request;

	setup();
	request = new_request(APPROVAL_R2, false);
	request.levels[0].scope.environment = "production";
	ck_assert_int_eq(plan_world_write(ask_open, &request, &err), 0);
	ann.environment = "lab";
	expect(approve_as(&ann), ERROR_FORBIDDEN, "role approver (environment production)");
	teardown();
}
END_TEST

START_TEST(an_unmapped_peer_cannot_decide)
{
	static const struct plan_person nobody = {"", "uid 0", "", "", ROLE_VIEWER, NULL, false};

	setup();
	open_class(APPROVAL_R2);
	expect(approve_as(&nobody), ERROR_FORBIDDEN, "mapped to nobody");
	teardown();
}
END_TEST

START_TEST(a_disabled_person_cannot_decide)
{
	setup();
	open_class(APPROVAL_R2);
	ann.is_disabled = true;
	expect(approve_as(&ann), ERROR_FORBIDDEN, "disabled");
	teardown();
}
END_TEST

START_TEST(a_person_counts_once)
{
	setup();
	open_class(APPROVAL_R3);
	ck_assert_int_eq(approve_as(&ann), 0);
	expect(approve_as(&ann), ERROR_FORBIDDEN, "you decided already: approved");
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	teardown();
}
END_TEST

START_TEST(two_of_one_team_do_not_do)
{
	setup();
	open_class(APPROVAL_R3);
	ck_assert_int_eq(approve_as(&ann), 0);
	expect(approve_as(&cid), ERROR_FORBIDDEN, "somebody of your team (sre) approved already");
	ck_assert_int_eq(approve_as(&bob), 0);
	ck_assert_int_eq(load()->state, APPROVAL_APPROVED);
	teardown();
}
END_TEST

START_TEST(who_is_in_no_team_does_not_count_as_another)
{
	setup();
	eve.roles = ROLE_APPROVER;
	open_class(APPROVAL_R3);
	expect(approve_as(&eve), ERROR_FORBIDDEN, "you are in none");
	eve.roles = ROLE_VIEWER;
	teardown();
}
END_TEST

/* --- all of a group --- */

static void open_all_of(const char *group)
{
	struct approval_request request = new_request(APPROVAL_R2, false);

	request.levels[0] = (struct approval_level){.group = group, .need = APPROVAL_NEED_ALL};
	ck_assert_msg(plan_world_write(ask_open, &request, &err) == 0, "%s", err.message);
}

static const char *note_of(void)
{
	return approval_note(store_reader(world.store), &world.arena, load(), &err);
}

START_TEST(all_of_a_group_is_everybody_in_it)
{
	setup();
	bob.group = cid.group = "dba";
	open_all_of("dba");
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(approve_as(&bob), 0);
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	ck_assert_str_eq(note_of(), "it still needs 1 of group dba, all of which must say yes");
	expect(approve_as(&dan), ERROR_FORBIDDEN, "decided by group dba, which you are not");
	ck_assert_int_eq(approve_as(&cid), 0);
	ck_assert_int_eq(load()->state, APPROVAL_APPROVED);
	ck_assert_int_eq(use_it(), 0);
	teardown();
}
END_TEST

START_TEST(who_is_excluded_or_disabled_is_not_waited_for)
{
	setup();
	li.group = cid.group = "dba";
	cid.is_disabled = true;
	open_all_of("dba");
	expect(approve_as(&li), ERROR_FORBIDDEN, "you asked for approval");
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(load()->state, APPROVAL_APPROVED);
	teardown();
}
END_TEST

START_TEST(who_joins_the_group_later_must_say_yes_too)
{
	setup();
	open_all_of("dba");
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(load()->state, APPROVAL_APPROVED);
	bob.group = "dba";
	expect(use_it(), ERROR_NOT_APPROVED, "it still needs 1 of group dba");
	bob.group = "";
	ck_assert_int_eq(use_it(), 0);
	teardown();
}
END_TEST

START_TEST(who_leaves_the_group_approves_nothing_by_that)
{
	setup();
	bob.group = "dba";
	open_all_of("dba");
	ck_assert_int_eq(approve_as(&ann), 0);
	bob.group = "";
	expect(check_it(), ERROR_NOT_APPROVED, "PENDING");
	ck_assert_ptr_nonnull(strstr(note_of(), "has left the group since"));
	teardown();
}
END_TEST

START_TEST(all_of_a_group_without_anybody_is_never_enough)
{
	setup();
	open_all_of("nobody");
	ck_assert_ptr_nonnull(strstr(note_of(),
		"nobody could give it now, so it stays pending until an admin adds somebody"));
	expect(check_it(), ERROR_NOT_APPROVED, "it still needs 1 of group nobody");
	teardown();
}
END_TEST

START_TEST(all_is_asked_of_groups_only)
{
	struct approval_request request;

	setup();
	request = new_request(APPROVAL_R2, false);
	request.levels[0].need = APPROVAL_NEED_ALL;
	expect(plan_world_write(ask_open, &request, &err), ERROR_INVALID,
		"all is asked of a group");
	request.levels[0].group = "dba";
	request.levels[0].different_teams = true;
	expect(plan_world_write(ask_open, &request, &err), ERROR_INVALID,
		"all is asked of a group");
	teardown();
}
END_TEST

START_TEST(levels_are_done_in_order)
{
	struct approval_request request;

	setup();
	request = new_request(APPROVAL_R2, false);
	request.levels[1] = request.levels[0];
	request.levels[0] = (struct approval_level){.group = "dba", .need = 1};
	request.level_count = 2;
	ck_assert_int_eq(plan_world_write(ask_open, &request, &err), 0);
	expect(approve_as(&bob), ERROR_FORBIDDEN, "decided by group dba");
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	ck_assert_int_eq(approve_as(&bob), 0);
	ck_assert_int_eq(load()->state, APPROVAL_APPROVED);
	teardown();
}
END_TEST

START_TEST(one_reject_closes)
{
	setup();
	open_class(APPROVAL_R3);
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(decide_as(&bob, APPROVAL_REJECT), 0);
	ck_assert_int_eq(load()->state, APPROVAL_REJECTED);
	ck_assert_str_eq(load()->state_reason, "bob: too much at once");
	ck_assert_str_eq(ended, "graph run-1 REJECTED");
	expect(approve_as(&cid), ERROR_CONFLICT, "REJECTED already: bob: too much at once");
	teardown();
}
END_TEST

START_TEST(a_rejection_needs_a_reason)
{
	struct approval_decide decide;

	setup();
	open_class(APPROVAL_R2);
	decide = new_decide(&ann, APPROVAL_REJECT);
	decide.reason = NULL;
	expect(plan_world_write(ask_decide, &decide, &err), ERROR_INVALID, "needs a reason");
	ck_assert_str_eq(err.field, "reason");
	teardown();
}
END_TEST

START_TEST(another_digest_is_stale)
{
	struct approval_decide decide;

	setup();
	open_class(APPROVAL_R2);
	decide = new_decide(&ann, APPROVAL_APPROVE);
	decide.digest = OTHER;
	expect(plan_world_write(ask_decide, &decide, &err), ERROR_STALE, "not what approval");
	decide.digest = NULL;
	expect(plan_world_write(ask_decide, &decide, &err), ERROR_INVALID, "digest");
	teardown();
}
END_TEST

START_TEST(another_row_version_is_stale)
{
	struct approval_decide decide;

	setup();
	open_class(APPROVAL_R3);
	ck_assert_int_eq(approve_as(&ann), 0);
	decide = new_decide(&bob, APPROVAL_APPROVE);
	decide.if_version = 1;
	expect(plan_world_write(ask_decide, &decide, &err), ERROR_STALE, "changed since");
	teardown();
}
END_TEST

START_TEST(after_its_time_it_is_a_no)
{
	struct approval_decide decide;

	setup();
	open_class(APPROVAL_R2);
	decide = new_decide(&ann, APPROVAL_APPROVE);
	decide.at_us = NOW + APPROVAL_EXPIRY_US;
	expect(plan_world_write(ask_decide, &decide, &err), ERROR_CONFLICT, "expired at");
	teardown();
}
END_TEST

static int ask_expire(struct store_tx *tx, void *arg, struct error *problem)
{
	return approval_expire(tx, approvals, *(int64_t *)arg, problem);
}

START_TEST(what_is_overdue_is_marked)
{
	int64_t before = NOW + APPROVAL_EXPIRY_US - 1, after = NOW + APPROVAL_EXPIRY_US;

	setup();
	open_class(APPROVAL_R2);
	ck_assert_int_eq(plan_world_write(ask_expire, &before, &err), 0);
	ck_assert_int_eq(load()->state, APPROVAL_PENDING);
	ck_assert_int_eq(plan_world_write(ask_expire, &after, &err), 0);
	ck_assert_int_eq(load()->state, APPROVAL_EXPIRED);
	ck_assert_str_eq(ended, "graph run-1 EXPIRED");
	expect(check_it(), ERROR_NOT_APPROVED, "EXPIRED");
	teardown();
}
END_TEST

/* --- using --- */

START_TEST(nobody_was_asked)
{
	setup();
	expect(check_it(), ERROR_NOT_APPROVED, "nobody was asked");
	teardown();
}
END_TEST

START_TEST(a_pending_one_says_what_is_missing)
{
	setup();
	open_class(APPROVAL_R3);
	ck_assert_int_eq(approve_as(&ann), 0);
	expect(check_it(), ERROR_NOT_APPROVED,
		"still needs 1 of role approver, of different teams");
	teardown();
}
END_TEST

START_TEST(an_approval_is_used_once)
{
	setup();
	open_class(APPROVAL_R2);
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(check_it(), 0);
	ck_assert_int_eq(use_it(), 0);
	ck_assert_int_eq(load()->state, APPROVAL_USED);
	expect(use_it(), ERROR_NOT_APPROVED, "is USED");
	ck_assert_str_eq(world.audited, "approval.open approval.decide approval.use");
	teardown();
}
END_TEST

START_TEST(a_decision_is_counted_again_when_used)
{
	setup();
	open_class(APPROVAL_R2);
	ck_assert_int_eq(approve_as(&ann), 0);
	ann.roles = ROLE_VIEWER;
	expect(use_it(), ERROR_NOT_APPROVED, "ann no longer has role approver");
	ann.roles = ROLE_APPROVER;
	ann.is_disabled = true;
	expect(use_it(), ERROR_NOT_APPROVED, "ann is disabled");
	ann.is_disabled = false;
	ck_assert_int_eq(use_it(), 0);
	teardown();
}
END_TEST

START_TEST(another_digest_is_not_approved)
{
	setup();
	open_class(APPROVAL_R2);
	ck_assert_int_eq(approve_as(&ann), 0);
	err = ERROR_INIT;
	expect(plan_world_write(ask_use, (void *)(uintptr_t)OTHER, &err), ERROR_NOT_APPROVED,
		"nobody was asked");
	teardown();
}
END_TEST

/* --- void --- */

static int ask_void(struct store_tx *tx, void *arg, struct error *problem)
{
	return approval_void(tx, "graph", "run-1", arg, "edited: version 3 replaces it",
		&audit_system, NOW + HOUR, problem);
}

START_TEST(a_change_voids_with_its_reason)
{
	setup();
	open_class(APPROVAL_R2);
	ck_assert_int_eq(plan_world_write(ask_void, NULL, &err), 0);
	ck_assert_int_eq(load()->state, APPROVAL_VOID);
	expect(approve_as(&ann), ERROR_STALE, "void: edited: version 3 replaces it");
	expect(check_it(), ERROR_NOT_APPROVED, "VOID: edited: version 3 replaces it");
	teardown();
}
END_TEST

START_TEST(the_same_digest_keeps_its_approval)
{
	setup();
	open_class(APPROVAL_R2);
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(plan_world_write(ask_void, (void *)(uintptr_t)DIGEST, &err), 0);
	ck_assert_int_eq(load()->state, APPROVAL_APPROVED);
	ck_assert_int_eq(plan_world_write(ask_void, (void *)(uintptr_t)OTHER, &err), 0);
	ck_assert_int_eq(load()->state, APPROVAL_VOID);
	teardown();
}
END_TEST

/* --- what is shown --- */

START_TEST(the_json_says_who_decided_and_what_is_missing)
{
	json_t *object = NULL;

	setup();
	open_class(APPROVAL_R3);
	ck_assert_int_eq(approve_as(&ann), 0);
	ck_assert_int_eq(approval_json(store_reader(world.store), &world.arena, load(),
				 plan_principal(&bob), &object, &err),
		0);
	ck_assert_str_eq(json_string_value(json_object_get(object, "state")), "PENDING");
	ck_assert_str_eq(
		json_string_value(json_object_get(
			json_object_get(
				json_array_get(json_object_get(object, "decisions"), 0), "person"),
			"name")),
		"ann");
	ck_assert(json_is_true(json_object_get(object, "may_decide")));
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_object_get(object, "note")), "still needs 1"));
	json_decref(object);
	ck_assert_int_eq(approval_json(store_reader(world.store), &world.arena, load(),
				 plan_principal(&li), &object, &err),
		0);
	ck_assert(json_is_false(json_object_get(object, "may_decide")));
	ck_assert_ptr_nonnull(json_object_get(object, "may_not_because"));
	json_decref(object);
	teardown();
}
END_TEST

CHECK_MAIN("approval", &policy_asks_by_class, &opening_is_audited_and_told,
	&a_second_request_over_the_same_is_refused, &a_request_without_levels_is_refused,
	&without_anybody_it_stays_pending_and_says_so, &one_of_one_approves,
	&what_cannot_be_followed_is_not_decided, &the_requester_cannot_decide,
	&an_editor_cannot_decide, &who_has_no_role_cannot_decide,
	&a_token_without_the_role_cannot_decide, &a_right_elsewhere_does_not_count,
	&an_unmapped_peer_cannot_decide, &a_disabled_person_cannot_decide, &a_person_counts_once,
	&two_of_one_team_do_not_do, &who_is_in_no_team_does_not_count_as_another,
	&all_of_a_group_is_everybody_in_it, &who_is_excluded_or_disabled_is_not_waited_for,
	&who_joins_the_group_later_must_say_yes_too, &who_leaves_the_group_approves_nothing_by_that,
	&all_of_a_group_without_anybody_is_never_enough, &all_is_asked_of_groups_only,
	&levels_are_done_in_order, &one_reject_closes, &a_rejection_needs_a_reason,
	&another_digest_is_stale, &another_row_version_is_stale, &after_its_time_it_is_a_no,
	&what_is_overdue_is_marked, &nobody_was_asked, &a_pending_one_says_what_is_missing,
	&an_approval_is_used_once, &a_decision_is_counted_again_when_used,
	&another_digest_is_not_approved, &a_change_voids_with_its_reason,
	&the_same_digest_keeps_its_approval, &the_json_says_who_decided_and_what_is_missing)
