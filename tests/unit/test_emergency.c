#include "change/emergency/emergency_rooms.h"
#include "check_main.h"
#include "incidents/incident.h"
#include "lib/base/time.h"
#include "plan_world.h"

#include <string.h>

#define MINUTE INT64_C(60000000)
#define HOUR   (60 * MINUTE)
#define REASON "the disk of the database is full"

static struct error err;
static int64_t now;
static struct emergencies *watch;

/* --- acts, each in its own transaction; they answer the code --- */

static int ask_incident(struct store_tx *tx, void *arg, struct error *problem)
{
	return incident_open(tx, arg, problem);
}

static int ask_close_incident(struct store_tx *tx, void *arg, struct error *problem)
{
	return incident_close(tx, arg, problem);
}

static int ask_start(struct store_tx *tx, void *arg, struct error *problem)
{
	return emergency_start(tx, arg, problem);
}

static int ask_confirm(struct store_tx *tx, void *arg, struct error *problem)
{
	return emergency_confirm(tx, arg, problem);
}

static int ask_renew(struct store_tx *tx, void *arg, struct error *problem)
{
	return emergency_renew(tx, arg, problem);
}

static int ask_end(struct store_tx *tx, void *arg, struct error *problem)
{
	return emergency_end(tx, arg, problem);
}

static int ask_review(struct store_tx *tx, void *arg, struct error *problem)
{
	return follow_up_close(tx, arg, problem);
}

static int commit(store_ask ask, void *arg)
{
	err = ERROR_INIT;
	return plan_world_write(ask, arg, &err);
}

static struct emergency_act act_of(const struct plan_person *person)
{
	struct emergency_act act = {
		.by = plan_principal(person), .at_us = now, .arena = &world.arena};

	id_new(act.notify_id);
	return act;
}

static struct emergency_start start_of(const struct plan_person *person)
{
	return (struct emergency_start){.act = act_of(person),
		.scope = "host:edge-1",
		.reason = REASON,
		.incident = "INC-1",
		.ttl_us = 30 * MINUTE};
}

static int start(const struct plan_person *person)
{
	struct emergency_start what = start_of(person);

	return commit(ask_start, &what);
}

static int change(store_ask ask, const struct plan_person *person, const char *name, int64_t ttl_us)
{
	struct emergency_change what = {
		.act = act_of(person), .name = name, .ttl_us = ttl_us, .if_version = -1};

	return commit(ask, &what);
}

static int confirm(const struct plan_person *person, const char *name)
{
	return change(ask_confirm, person, name, 0);
}

static int end(const struct plan_person *person, const char *name)
{
	return change(ask_end, person, name, 0);
}

static int review(const struct plan_person *person, const char *name)
{
	struct follow_up_close what = {.act = act_of(person),
		.emergency = name,
		.verdict = "justified",
		.note = "it was the disk"};

	return commit(ask_review, &what);
}

static const struct emergency *get(const char *name)
{
	struct emergency *emergency;

	ck_assert_int_eq(
		emergency_get(store_reader(world.store), &world.arena, name, &emergency, &err), 0);
	return emergency;
}

static bool covers(const struct plan_person *person, const char *target, const char *service)
{
	const char *const services[] = {service, NULL};
	struct error none = ERROR_INIT;
	struct emergency *found;
	int rc = emergency_find(store_reader(world.store), &world.arena, person->id, target,
		services, now, &found, &none);

	ck_assert(rc == 0 || rc == ERROR_NOT_FOUND);
	return rc == 0;
}

static void close_incident(void)
{
	struct incident_close what = {
		.act = {.by = plan_principal(&dan), .at_us = now, .arena = &world.arena},
		.name = "INC-1",
		.finding = "x",
		.if_version = -1};

	ck_assert_int_eq(commit(ask_close_incident, &what), 0);
}

static void check_said(int got, int wanted, const char *words)
{
	ck_assert_msg(got == wanted, "%d, not %d: %s", got, wanted, err.message);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
}

/* --- the world --- */

static void open_world(void)
{
	static const struct store_schema *const schemas[] = {&incident_schema, &emergency_schema};
	struct incident_open what = {.incident = {.title = "t", .severity = 1}};

	err = ERROR_INIT;
	now = time_now_us();
	plan_world_open(schemas, 2);
	dan.roles = ROLE_COMMANDER;
	eve.roles = ROLE_VIEWER;
	what.act.by = plan_principal(&dan);
	what.act.at_us = now;
	what.act.arena = &world.arena;
	what.incident.environment = what.incident.service = "";
	ck_assert_int_eq(commit(ask_incident, &what), 0);
}

/* --- one person --- */

START_TEST(a_commander_starts_alone)
{
	struct follow_up **owed;
	size_t count;

	open_world();
	ck_assert_int_eq(start(&dan), 0);
	ck_assert_str_eq(get("EMG-1")->state, "active");
	ck_assert_int_eq(get("EMG-1")->ends_at_us, now + 30 * MINUTE);
	ck_assert_ptr_nonnull(strstr(world.audited, "emergency.start"));
	ck_assert_ptr_nonnull(strstr(world.notified, "emergency.started"));
	ck_assert_ptr_nonnull(strstr(world.last_text, REASON));
	ck_assert_int_eq(follow_up_list_open(
				 store_reader(world.store), &world.arena, now, &owed, &count, &err),
		0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(owed[0]->due_at_us, now + 30 * MINUTE + FOLLOW_UP_DUE_US);
	plan_world_close();
}
END_TEST

START_TEST(it_covers_its_scope_its_person_and_its_time)
{
	open_world();
	ck_assert_int_eq(start(&dan), 0);
	ck_assert(covers(&dan, "edge-1", "shop"));
	ck_assert(!covers(&dan, "edge-11", "shop"));
	ck_assert(!covers(&dan, "edge-", "shop"));
	ck_assert(!covers(&ann, "edge-1", "shop"));
	now += 30 * MINUTE - 1;
	ck_assert(covers(&dan, "edge-1", "shop"));
	now += 1;
	ck_assert(!covers(&dan, "edge-1", "shop"));
	plan_world_close();
}
END_TEST

START_TEST(a_service_covers_its_targets)
{
	struct emergency_start what;

	open_world();
	what = start_of(&dan);
	what.scope = "svc:shop";
	ck_assert_int_eq(commit(ask_start, &what), 0);
	ck_assert(covers(&dan, "edge-2", "shop"));
	ck_assert(!covers(&dan, "shop", "pay"));
	ck_assert(!covers(&dan, "edge-2", NULL));
	plan_world_close();
}
END_TEST

START_TEST(nothing_runs_after_the_end)
{
	open_world();
	ck_assert_int_eq(start(&dan), 0);
	ck_assert_int_eq(end(&dan, "EMG-1"), 0);
	ck_assert(!covers(&dan, "edge-1", "shop"));
	ck_assert_str_eq(get("EMG-1")->state_reason, "dan ended it");
	check_said(end(&dan, "EMG-1"), ERROR_NO_EFFECT, "ended already");
	check_said(change(ask_renew, &dan, "EMG-1", HOUR), ERROR_CONFLICT, "ended");
	check_said(confirm(&ann, "EMG-1"), ERROR_CONFLICT, "ended");
	plan_world_close();
}
END_TEST

START_TEST(a_closed_incident_ends_it)
{
	open_world();
	ck_assert_int_eq(start(&dan), 0);
	close_incident();
	ck_assert(!covers(&dan, "edge-1", "shop"));
	check_said(change(ask_renew, &dan, "EMG-1", HOUR), ERROR_CONFLICT, "INC-1 is closed");
	check_said(start(&ann), ERROR_CONFLICT, "INC-1 is closed");
	plan_world_close();
}
END_TEST

START_TEST(rights_are_looked_at_at_each_use)
{
	open_world();
	ck_assert_int_eq(start(&dan), 0);
	dan.roles = ROLE_APPROVER;
	ck_assert(!covers(&dan, "edge-1", "shop"));
	dan.roles = ROLE_COMMANDER;
	ck_assert(covers(&dan, "edge-1", "shop"));
	dan.is_disabled = true;
	ck_assert(!covers(&dan, "edge-1", "shop"));
	plan_world_close();
}
END_TEST

START_TEST(who_may_nothing_starts_nothing)
{
	open_world();
	ck_assert_int_eq(start(&eve), ERROR_FORBIDDEN);
	plan_world_close();
}
END_TEST

static void check_field(const struct emergency_start *what, const char *field)
{
	struct emergency_start copy = *what;

	ck_assert_msg(commit(ask_start, &copy) == ERROR_INVALID, "%s: %s", field, err.message);
	ck_assert_str_eq(err.field, field);
}

START_TEST(bad_input_names_its_field)
{
	struct emergency_start good, what;

	open_world();
	good = what = start_of(&dan);
	what.ttl_us = EMERGENCY_TTL_MAX_US + 1;
	check_field(&what, "ttl");
	what.ttl_us = 0;
	check_field(&what, "ttl");
	what = good;
	what.reason = "nineteen bytes long";
	check_field(&what, "reason");
	what.reason = "  short                             ";
	check_field(&what, "reason");
	what = good;
	what.scope = "edge-1";
	check_field(&what, "scope");
	what.scope = "svc:shpo";
	ck_assert_int_eq(commit(ask_start, &what), ERROR_INVALID);
	ck_assert_str_eq(err.field, "scope");
	what.scope = "host:edge-9";
	ck_assert_int_eq(commit(ask_start, &what), ERROR_INVALID);
	ck_assert_str_eq(err.field, "scope");
	what.scope = "host:";
	check_field(&what, "scope");
	what.scope = "host:a\xe2\x80\xae";
	check_field(&what, "scope");
	what = good;
	what.incident = NULL;
	check_field(&what, "incident");
	what.incident = "";
	check_field(&what, "incident");
	ck_assert_str_eq(world.notified, "");
	plan_world_close();
}
END_TEST

/* --- two persons --- */

START_TEST(others_need_a_second_person)
{
	open_world();
	ck_assert_int_eq(start(&li), 0);
	ck_assert_str_eq(get("EMG-1")->state, "pending");
	ck_assert(!covers(&li, "edge-1", "shop"));
	check_said(confirm(&li, "EMG-1"), ERROR_FORBIDDEN, "must be another");
	ck_assert_int_eq(confirm(&eve, "EMG-1"), ERROR_FORBIDDEN);
	check_said(start(&li), ERROR_CONFLICT, "waits for a second person");
	now += 14 * MINUTE;
	ck_assert_int_eq(confirm(&ann, "EMG-1"), 0);
	ck_assert(covers(&li, "edge-1", "shop"));
	ck_assert(!covers(&ann, "edge-1", "shop"));
	ck_assert_int_eq(get("EMG-1")->ends_at_us, now + 30 * MINUTE);
	check_said(confirm(&bob, "EMG-1"), ERROR_CONFLICT, "is active");
	plan_world_close();
}
END_TEST

START_TEST(a_second_person_who_comes_late_confirms_nothing)
{
	open_world();
	ck_assert_int_eq(start(&li), 0);
	now += EMERGENCY_CONFIRM_US;
	check_said(confirm(&ann, "EMG-1"), ERROR_CONFLICT, "nobody confirmed");
	ck_assert_str_eq(get("EMG-1")->state, "pending");
	plan_world_close();
}
END_TEST

/* What was asked for may be wrong by the time it is confirmed. */
START_TEST(a_confirmation_looks_again)
{
	open_world();
	ck_assert_int_eq(start(&li), 0);
	li.is_disabled = true;
	check_said(confirm(&ann, "EMG-1"), ERROR_CONFLICT, "disabled");
	li.is_disabled = false;
	close_incident();
	check_said(confirm(&ann, "EMG-1"), ERROR_CONFLICT, "INC-1 is closed");
	plan_world_close();
}
END_TEST

/* --- renewals --- */

START_TEST(it_is_renewed_once)
{
	struct follow_up *owed;

	open_world();
	ck_assert_int_eq(start(&dan), 0);
	check_said(change(ask_renew, &dan, "EMG-1", 30 * MINUTE), ERROR_NO_EFFECT, "not end later");
	check_said(change(ask_renew, &dan, "EMG-1", 61 * MINUTE), ERROR_INVALID, "out of range");
	now += 29 * MINUTE;
	ck_assert_int_eq(change(ask_renew, &dan, "EMG-1", HOUR), 0);
	ck_assert_int_eq(get("EMG-1")->ends_at_us, now + HOUR);
	ck_assert_int_eq(
		follow_up_get(store_reader(world.store), &world.arena, "EMG-1", now, &owed, &err),
		0);
	ck_assert_int_eq(owed->due_at_us, now + HOUR + FOLLOW_UP_DUE_US);
	now += 59 * MINUTE;
	check_said(change(ask_renew, &dan, "EMG-1", HOUR), ERROR_CONFLICT, "renewed already");
	plan_world_close();
}
END_TEST

START_TEST(what_is_over_is_not_renewed)
{
	open_world();
	ck_assert_int_eq(start(&dan), 0);
	now += 30 * MINUTE;
	check_said(change(ask_renew, &dan, "EMG-1", HOUR), ERROR_CONFLICT, "its time has passed");
	plan_world_close();
}
END_TEST

START_TEST(what_needed_two_needs_two_again)
{
	open_world();
	ck_assert_int_eq(start(&li), 0);
	ck_assert_int_eq(confirm(&ann, "EMG-1"), 0);
	check_said(change(ask_renew, &li, "EMG-1", HOUR), ERROR_FORBIDDEN, "must be another");
	ck_assert_int_eq(change(ask_renew, &bob, "EMG-1", HOUR), 0);
	plan_world_close();
}
END_TEST

/* --- what is owed --- */

static void owe(const struct plan_person *person, const char *name)
{
	ck_assert_msg(start(person) == 0, "%s", err.message);
	if (person != &dan)
		ck_assert_msg(confirm(person == &bob ? &ann : &bob, name) == 0, "%s", err.message);
	ck_assert_int_eq(end(person, name), 0);
}

START_TEST(who_owes_one_starts_no_other)
{
	open_world();
	ck_assert_int_eq(start(&dan), 0);
	check_said(start(&dan), ERROR_CONFLICT, "EMG-001: close the follow-up of EMG-1");
	ck_assert_int_eq(end(&dan, "EMG-1"), 0);
	check_said(start(&dan), ERROR_CONFLICT, "EMG-001");
	ck_assert_int_eq(review(&ann, "EMG-1"), 0);
	ck_assert_int_eq(start(&dan), 0);
	plan_world_close();
}
END_TEST

START_TEST(a_team_owes_no_more_than_two)
{
	open_world();
	cid.team = ann.team = dan.team = "sre";
	bob.team = "sre";
	owe(&ann, "EMG-1");
	owe(&cid, "EMG-2");
	owe(&bob, "EMG-3");
	check_said(start(&dan), ERROR_CONFLICT, "the team sre owes more than 2");
	dan.team = "edge";
	ck_assert_int_eq(start(&dan), 0);
	dan.team = "sre";
	bob.team = "shop";
	plan_world_close();
}
END_TEST

START_TEST(an_overdue_one_blocks_everybody)
{
	open_world();
	owe(&dan, "EMG-1");
	now += FOLLOW_UP_DUE_US - 1;
	ck_assert_int_eq(start(&li), 0);
	ck_assert_int_eq(end(&li, "EMG-2"), 0);
	now += 1;
	check_said(start(&li), ERROR_CONFLICT, "overdue");
	ck_assert_int_eq(review(&ann, "EMG-1"), 0);
	ck_assert_int_eq(start(&li), 0);
	plan_world_close();
}
END_TEST

START_TEST(a_duty_manager_lets_it_pass)
{
	struct emergency_start what;

	open_world();
	owe(&dan, "EMG-1");
	what = start_of(&dan);
	what.is_override = true;
	ck_assert_int_eq(commit(ask_start, &what), 0);
	ck_assert_str_eq(get("EMG-2")->state, "pending");
	ck_assert_int_eq(confirm(&ann, "EMG-2"), ERROR_FORBIDDEN);
	dan.roles |= ROLE_ADMIN;
	check_said(confirm(&dan, "EMG-2"), ERROR_FORBIDDEN, "must be another");
	ann.roles |= ROLE_ADMIN;
	ck_assert_int_eq(confirm(&ann, "EMG-2"), 0);
	ck_assert(get("EMG-2")->is_override);
	ck_assert_str_eq(get("EMG-2")->second, "ann");
	ck_assert(covers(&dan, "edge-1", "shop"));
	plan_world_close();
}
END_TEST

START_TEST(an_override_of_nothing_is_refused)
{
	struct emergency_start what;

	open_world();
	what = start_of(&dan);
	what.is_override = true;
	check_said(commit(ask_start, &what), ERROR_NO_EFFECT, "nothing is owed");
	plan_world_close();
}
END_TEST

START_TEST(a_follow_up_is_closed_by_who_was_not_in_it)
{
	struct follow_up *owed;

	open_world();
	ck_assert_int_eq(start(&li), 0);
	ck_assert_int_eq(confirm(&ann, "EMG-1"), 0);
	check_said(review(&bob, "EMG-1"), ERROR_CONFLICT, "still active");
	ck_assert_int_eq(end(&ann, "EMG-1"), 0);
	check_said(review(&li, "EMG-1"), ERROR_FORBIDDEN, "took part");
	check_said(review(&ann, "EMG-1"), ERROR_FORBIDDEN, "took part");
	ck_assert_int_eq(review(&eve, "EMG-1"), ERROR_FORBIDDEN);
	ck_assert_int_eq(review(&bob, "EMG-1"), 0);
	check_said(review(&cid, "EMG-1"), ERROR_NO_EFFECT, "closed already");
	ck_assert_int_eq(
		follow_up_get(store_reader(world.store), &world.arena, "EMG-1", now, &owed, &err),
		0);
	ck_assert_str_eq(owed->verdict, "justified");
	ck_assert_str_eq(owed->closed_by, "bob");
	ck_assert_ptr_nonnull(strstr(world.audited, "follow-up.close"));
	ck_assert_ptr_nonnull(strstr(world.notified, "follow-up.closed"));
	plan_world_close();
}
END_TEST

START_TEST(only_who_is_in_it_or_leads_ends_it)
{
	open_world();
	ck_assert_int_eq(start(&li), 0);
	ck_assert_int_eq(confirm(&ann, "EMG-1"), 0);
	ck_assert_int_eq(end(&bob, "EMG-1"), ERROR_FORBIDDEN);
	ck_assert_int_eq(end(&dan, "EMG-1"), 0);
	plan_world_close();
}
END_TEST

/* --- drills --- */

START_TEST(a_drill_owes_nothing_and_needs_a_second_person)
{
	struct emergency_start what;
	struct follow_up *owed;

	open_world();
	what = start_of(&dan);
	what.incident = NULL;
	what.is_drill = true;
	ck_assert_int_eq(commit(ask_start, &what), 0);
	ck_assert_str_eq(get("EMG-1")->state, "pending");
	ck_assert_int_eq(confirm(&ann, "EMG-1"), ERROR_FORBIDDEN);
	ann.roles |= ROLE_COMMANDER;
	ck_assert_int_eq(confirm(&ann, "EMG-1"), 0);
	ck_assert(covers(&dan, "edge-1", "shop"));
	ck_assert_int_eq(end(&dan, "EMG-1"), 0);
	ck_assert_int_eq(
		follow_up_get(store_reader(world.store), &world.arena, "EMG-1", now, &owed, &err),
		ERROR_NOT_FOUND);
	ck_assert_int_eq(start(&dan), 0);
	plan_world_close();
}
END_TEST

/* --- what ran --- */

static int note_run(struct store_tx *tx, void *arg, struct error *problem)
{
	return emergency_note_run(tx, 1, arg, "rm \x1b[2J\xff /tmp/x", now, problem);
}

START_TEST(what_ran_is_kept_as_it_can_be_read)
{
	char run_id[] = "RUN-1";
	struct emergency_run *runs;
	size_t count;

	open_world();
	ck_assert_int_eq(start(&dan), 0);
	ck_assert_int_eq(commit(note_run, run_id), 0);
	ck_assert_int_eq(commit(note_run, run_id), ERROR_CONFLICT);
	ck_assert_int_eq(emergency_store_runs(
				 store_reader(world.store), &world.arena, 1, &runs, &count, &err),
		0);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(runs[0].line, "rm \\x1b[2J\\xff /tmp/x");
	ck_assert_ptr_nonnull(strstr(world.audited, "emergency.use"));
	plan_world_close();
}
END_TEST

/* --- by itself --- */

static void stop(void *arg)
{
	loop_stop(arg);
}

static void turn(int64_t ms)
{
	struct loop_timer *timer = loop_timer_new(world.loop, stop, world.loop);

	loop_timer_start(timer, ms, 0);
	loop_run(world.loop);
	loop_timer_free(timer);
}

/* Until it has done what is due, however busy the disk is. */
static void run_watch(void)
{
	struct store_figures figures;

	ck_assert_int_eq(emergencies_open(world.store, world.loop, &watch, &err), 0);
	turn(200);
	for (int rest = 0; rest < 3; rest++) {
		store_get_figures(world.store, &figures);
		if (figures.waiting)
			rest = -1;
		turn(2);
	}
	emergencies_close(watch);
}

START_TEST(time_ends_it_and_an_overdue_follow_up_is_told)
{
	int64_t today = time_now_us();

	open_world();
	ck_assert_int_eq(start(&li), 0); /* nobody confirms it */
	run_watch();
	ck_assert_str_eq(get("EMG-1")->state, "pending");
	now = today - 25 * HOUR;
	ck_assert_int_eq(end(&dan, "EMG-1"), 0);
	ck_assert_int_eq(start(&dan), 0);
	run_watch();
	ck_assert_str_eq(get("EMG-2")->state, "ended");
	ck_assert_str_eq(get("EMG-2")->state_reason, "its time has passed");
	ck_assert_ptr_nonnull(strstr(world.notified, "emergency.ended"));
	ck_assert_ptr_null(strstr(world.notified, "follow-up.overdue"));
	plan_world_close();
}
END_TEST

START_TEST(an_overdue_follow_up_is_told_once_a_day)
{
	const char *first;

	open_world();
	now -= 26 * HOUR;
	owe(&dan, "EMG-1");
	run_watch();
	first = strstr(world.notified, "follow-up.overdue");
	ck_assert_ptr_nonnull(first);
	run_watch();
	ck_assert_ptr_null(strstr(first + 1, "follow-up.overdue"));
	plan_world_close();
}
END_TEST

CHECK_MAIN("emergency", &a_commander_starts_alone, &it_covers_its_scope_its_person_and_its_time,
	&a_service_covers_its_targets, &nothing_runs_after_the_end, &a_closed_incident_ends_it,
	&rights_are_looked_at_at_each_use, &who_may_nothing_starts_nothing,
	&bad_input_names_its_field, &others_need_a_second_person,
	&a_second_person_who_comes_late_confirms_nothing, &a_confirmation_looks_again,
	&it_is_renewed_once, &what_is_over_is_not_renewed, &what_needed_two_needs_two_again,
	&who_owes_one_starts_no_other, &a_team_owes_no_more_than_two,
	&an_overdue_one_blocks_everybody, &a_duty_manager_lets_it_pass,
	&an_override_of_nothing_is_refused, &a_follow_up_is_closed_by_who_was_not_in_it,
	&only_who_is_in_it_or_leads_ends_it, &a_drill_owes_nothing_and_needs_a_second_person,
	&what_ran_is_kept_as_it_can_be_read, &time_ends_it_and_an_overdue_follow_up_is_told,
	&an_overdue_follow_up_is_told_once_a_day)
