/* Grants: one winner a use, exact refusals, leases that end, uses that come back by a person only.
 */
#include "tests/unit/check_main.h"

#include "change/grant/grant.h"
#include "lib/base/time.h"
#include "tests/unit/test_directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE INT64_C(60000000)
#define START  (INT64_C(1900000000) * 1000000)
#define PERSON "01J0000000000000000000PERS"
#define OTHER  "01J0000000000000000000OTHR"

static struct {
	struct loop *loop;
	struct store *store;
	struct arena arena;
	char directory[64];
	char grant[ID_SIZE];
} world;

static void open_world(void)
{
	static const struct store_schema *const schemas[] = {
		&audit_schema, &people_schema, &grant_schema};
	struct store_options options = {.schemas = schemas, .schema_count = 3};
	struct error err = ERROR_INIT;

	memset(&world, 0, sizeof(world));
	test_directory(world.directory, sizeof(world.directory), "grant");
	options.path = arena_format(&world.arena, "%s/db", world.directory);
	options.append_only = audit_append_only;
	ck_assert_int_eq(loop_open(&world.loop, &err), 0);
	ck_assert_msg(store_open(&options, world.loop, &world.store, &err) == 0, "%s", err.message);
}

static void close_world(void)
{
	char command[96];

	store_close(world.store);
	loop_close(world.loop);
	arena_done(&world.arena);
	snprintf(command, sizeof(command), "rm -r '%s'", world.directory);
	ck_assert_int_eq(system(command), 0);
}

/* --- one closure --- */

struct act {
	const char *what;
	struct grant grant;
	const char *id, *person;
	struct rcm_run run;
	int64_t at_us, status;
	bool keep_rollback, stop_runs;
	struct principal *by;
	/* What came of it. */
	int code;
	enum gate_reason reason;
	size_t count;
	struct error err;
	int *open;
};

static int ask_act(struct store_tx *tx, void *arg, struct error *err)
{
	struct act *act = arg;
	struct run_end end = {.id = act->id, .person_id = act->person, .status = act->status};
	struct run_act reset = {
		.by = act->by, .id = act->id, .reason = "it never began", .at_us = act->at_us};
	int64_t *changes;

	end.at_us = act->at_us;
	reset.arena = &world.arena;
	if (!strcmp(act->what, "mint"))
		return grant_insert(tx, &act->grant, &audit_system, act->at_us, err);
	if (!strcmp(act->what, "take"))
		return grant_take(tx, act->id, act->person, &act->run, &audit_system, act->at_us,
			&act->reason, err);
	if (!strcmp(act->what, "revoke"))
		return grant_revoke(tx, 7, act->keep_rollback, act->stop_runs, "edited",
			&audit_system, act->at_us, &act->count, err);
	if (!strcmp(act->what, "beat"))
		return run_heartbeat(tx, act->id, act->person, act->at_us, err);
	if (!strcmp(act->what, "end"))
		return run_end(tx, &end, &audit_system, err);
	if (!strcmp(act->what, "reset"))
		return run_reset(tx, &reset, err);
	ck_assert_str_eq(act->what, "reap");
	return run_reap(tx, &world.arena, act->at_us, &changes, &act->count, err);
}

static void on_act(void *arg, const struct error *err)
{
	struct act *act = arg;

	act->code = err ? err->code : 0;
	if (err)
		act->err = *err;
	if (--*act->open == 0)
		loop_stop(world.loop);
}

static int do_act(struct act *act)
{
	int open = 1;

	act->open = &open;
	store_write(world.store, ask_act, on_act, act);
	while (open)
		loop_run(world.loop);
	return act->code;
}

static void mint(int64_t runs, const char *phase)
{
	static const char *const persons[] = {PERSON, NULL};
	static const char *const env[] = {"LANG", NULL};
	struct act act = {.what = "mint", .at_us = START};

	id_new(world.grant);
	memcpy(act.grant.id, world.grant, ID_SIZE);
	act.grant.change_seq = 7;
	act.grant.revision = 1;
	act.grant.step = 1;
	act.grant.phase = phase;
	act.grant.target = "web-1";
	act.grant.target_identity = "host:abc/def";
	act.grant.fingerprint = "sha256:1111";
	act.grant.env_allow = env;
	act.grant.persons = persons;
	act.grant.not_before_us = START;
	act.grant.not_after_us = START + 60 * MINUTE;
	act.grant.runs_left = runs;
	ck_assert_msg(do_act(&act) == 0, "%s", act.err.message);
}

static struct act take_of(const char *person, int64_t at_us)
{
	struct act act = {.what = "take", .id = world.grant, .person = person, .at_us = at_us};

	id_new(act.run.id);
	act.run.host = "web-1";
	act.run.line = "/bin/true";
	return act;
}

static struct act take(const char *person, int64_t at_us)
{
	struct act act = take_of(person, at_us);

	do_act(&act);
	return act;
}

static int act_on(const char *what, const char *id, const char *person, int64_t at_us)
{
	struct act act = {.what = what, .id = id, .person = person, .at_us = at_us};

	return do_act(&act);
}

static struct rcm_run *run_of(const char *id)
{
	struct rcm_run *run = NULL;

	ck_assert_int_eq(run_get(store_reader(world.store), &world.arena, id, &run, NULL), 0);
	return run;
}

static int64_t left(void)
{
	struct grant *grant = NULL;

	ck_assert_int_eq(
		grant_get(store_reader(world.store), &world.arena, world.grant, &grant, NULL), 0);
	return grant->runs_left;
}

static int64_t audited(const char *action)
{
	static const struct store_statement count =
		STORE_STATEMENT("SELECT count(*) AS n FROM audit WHERE action = :action");
	struct store_query *query = store_query(store_reader(world.store), &count);
	int64_t n;

	store_bind_text(query, "action", action);
	ck_assert_int_eq(store_one(query, "count", NULL), 0);
	n = store_int(query, "n");
	store_finish(query);
	return n;
}

/* --- taking --- */

START_TEST(hundred_takers_have_one_winner)
{
	static struct act acts[100];
	int open = 100, winners = 0;

	open_world();
	mint(1, "full");
	for (int i = 0; i < 100; i++) {
		acts[i] = take_of(PERSON, START + 1);
		acts[i].open = &open;
		store_write(world.store, ask_act, on_act, &acts[i]);
	}
	while (open)
		loop_run(world.loop);
	for (int i = 0; i < 100; i++) {
		winners += acts[i].code == 0;
		if (acts[i].code)
			ck_assert_int_eq(acts[i].reason, REASON_USED_UP);
	}
	ck_assert_int_eq(winners, 1);
	ck_assert_int_eq(left(), 0);
	ck_assert_int_eq(audited("change-grant.take"), 1);
	ck_assert_int_eq(audited("run.begin"), 1);
	close_world();
}
END_TEST

START_TEST(a_refusal_says_why)
{
	open_world();
	mint(2, "full");
	ck_assert_int_eq(take(PERSON, START - 1).reason, REASON_NOT_YET);
	ck_assert_int_eq(take(PERSON, START + 60 * MINUTE).reason, REASON_EXPIRED);
	ck_assert_int_eq(take(OTHER, START).reason, REASON_ACTOR_MISMATCH);
	ck_assert_int_eq(left(), 2);
	ck_assert_int_eq(audited("run.begin"), 0);
	ck_assert_int_eq(act_on("revoke", NULL, NULL, START), 0);
	ck_assert_int_eq(take(PERSON, START).reason, REASON_REVOKED);
	close_world();
}
END_TEST

START_TEST(a_grant_is_bound_to_the_right_target_and_bytes)
{
	struct store_tx *tx;
	struct grant **list;
	size_t count;

	open_world();
	mint(1, "full");
	tx = store_reader(world.store);
	ck_assert_int_eq(
		grant_find(tx, &world.arena, "sha256:1111", "host:abc/def", 0, &list, &count, NULL),
		0);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(list[0]->env_allow[0], "LANG");
	ck_assert_int_eq(
		grant_find(tx, &world.arena, "sha256:1111", "host:abc/dee", 0, &list, &count, NULL),
		0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(
		grant_find(tx, &world.arena, "sha256:1111", "host:abc/def", 8, &list, &count, NULL),
		0);
	ck_assert_uint_eq(count, 0);
	close_world();
}
END_TEST

/* --- leases --- */

START_TEST(a_crash_after_the_take_loses_the_run_and_gives_nothing_back)
{
	struct act taken;

	open_world();
	mint(1, "full");
	taken = take(PERSON, START);
	ck_assert_int_eq(taken.code, 0);
	store_close(world.store);
	{
		static const struct store_schema *const schemas[] = {
			&audit_schema, &people_schema, &grant_schema};
		struct store_options options = {.schemas = schemas, .schema_count = 3};

		options.path = arena_format(&world.arena, "%s/db", world.directory);
		options.append_only = audit_append_only;
		ck_assert_int_eq(store_open(&options, world.loop, &world.store, NULL), 0);
	}
	ck_assert_str_eq(run_of(taken.run.id)->state, "started");
	ck_assert_int_eq(act_on("reap", NULL, NULL, START + MINUTE), 0);
	ck_assert_str_eq(run_of(taken.run.id)->state, "started");
	ck_assert_int_eq(act_on("reap", NULL, NULL, START + MINUTE + 1), 0);
	ck_assert_str_eq(run_of(taken.run.id)->state, "lost");
	ck_assert_int_eq(left(), 0);
	ck_assert_int_eq(take(PERSON, START + 2 * MINUTE).reason, REASON_USED_UP);
	ck_assert_int_eq(audited("run.lost"), 1);
	close_world();
}
END_TEST

START_TEST(a_heartbeat_moves_the_lease)
{
	struct act taken;

	open_world();
	mint(1, "full");
	taken = take(PERSON, START);
	ck_assert_int_eq(act_on("beat", taken.run.id, OTHER, START), ERROR_FORBIDDEN);
	ck_assert_int_eq(act_on("beat", taken.run.id, PERSON, START + MINUTE / 2), 0);
	ck_assert_int_eq(act_on("reap", NULL, NULL, START + MINUTE + 1), 0);
	ck_assert_str_eq(run_of(taken.run.id)->state, "started");
	ck_assert_int_eq(act_on("end", taken.run.id, PERSON, START + MINUTE + 2), 0);
	ck_assert_str_eq(run_of(taken.run.id)->state, "ended");
	ck_assert_int_eq(act_on("end", taken.run.id, PERSON, START + MINUTE + 3), ERROR_NO_EFFECT);
	ck_assert_int_eq(act_on("beat", taken.run.id, PERSON, START + MINUTE), ERROR_CONFLICT);
	close_world();
}
END_TEST

START_TEST(a_lost_run_may_end_late)
{
	struct act taken;

	open_world();
	mint(1, "full");
	taken = take(PERSON, START);
	ck_assert_int_eq(act_on("reap", NULL, NULL, START + 2 * MINUTE), 0);
	ck_assert_int_eq(act_on("beat", taken.run.id, PERSON, START + 2 * MINUTE), ERROR_CONFLICT);
	ck_assert_int_eq(act_on("end", taken.run.id, NULL, START + 3 * MINUTE), 0);
	ck_assert_str_eq(run_of(taken.run.id)->state, "ended");
	close_world();
}
END_TEST

/* --- revoking --- */

START_TEST(a_revocation_stops_what_runs_under_it)
{
	struct act taken, revoke = {.what = "revoke", .at_us = START, .stop_runs = true};
	char kept[ID_SIZE];

	open_world();
	mint(1, "rollback");
	memcpy(kept, world.grant, ID_SIZE);
	mint(2, "full");
	taken = take(PERSON, START);
	revoke.keep_rollback = true;
	ck_assert_int_eq(do_act(&revoke), 0);
	ck_assert_uint_eq(revoke.count, 1);
	ck_assert_str_eq(run_of(taken.run.id)->stop_reason, "edited");
	ck_assert_int_eq(act_on("beat", taken.run.id, PERSON, START), ERROR_CONFLICT);
	ck_assert_int_eq(audited("run.stop"), 1);
	memcpy(world.grant, kept, ID_SIZE);
	taken = take(PERSON, START);
	ck_assert_int_eq(taken.code, 0);
	ck_assert_int_eq(do_act(&revoke), 0);
	ck_assert_ptr_null(run_of(taken.run.id)->stop_reason);
	close_world();
}
END_TEST

/* --- giving back --- */

static struct principal approver_of(const char *person_id, unsigned roles)
{
	static struct principal_grant grant = {.role = ROLE_APPROVER};
	struct principal by = {.roles = roles};

	by.actor = audit_system;
	snprintf(by.person_id, sizeof(by.person_id), "%s", person_id);
	snprintf(by.person_name, sizeof(by.person_name), "somebody");
	by.grants = &grant;
	by.grant_count = roles ? 1 : 0;
	return by;
}

static int reset_by(const char *run, const char *person, unsigned roles)
{
	struct principal by = approver_of(person, roles);
	struct act act = {.what = "reset", .id = run, .by = &by, .at_us = START + 2 * MINUTE};

	return do_act(&act);
}

START_TEST(only_another_approver_gives_a_lost_use_back)
{
	struct act taken;

	open_world();
	mint(1, "full");
	taken = take(PERSON, START);
	ck_assert_int_eq(reset_by(taken.run.id, OTHER, ROLE_APPROVER), ERROR_CONFLICT);
	ck_assert_int_eq(act_on("reap", NULL, NULL, START + 2 * MINUTE), 0);
	ck_assert_int_eq(reset_by(taken.run.id, OTHER, 0), ERROR_FORBIDDEN);
	ck_assert_int_eq(reset_by(taken.run.id, PERSON, ROLE_APPROVER), ERROR_FORBIDDEN);
	ck_assert_int_eq(left(), 0);
	ck_assert_int_eq(reset_by(taken.run.id, OTHER, ROLE_APPROVER), 0);
	ck_assert_int_eq(left(), 1);
	ck_assert_int_eq(reset_by(taken.run.id, OTHER, ROLE_APPROVER), ERROR_CONFLICT);
	ck_assert_int_eq(left(), 1);
	ck_assert_int_eq(take(PERSON, START + 3 * MINUTE).code, 0);
	ck_assert_int_eq(act_on("end", taken.run.id, PERSON, START + 4 * MINUTE), 0);
	ck_assert_str_eq(run_of(taken.run.id)->state, "reset");
	close_world();
}
END_TEST

CHECK_MAIN("grant", &hundred_takers_have_one_winner, &a_refusal_says_why,
	&a_grant_is_bound_to_the_right_target_and_bytes,
	&a_crash_after_the_take_loses_the_run_and_gives_nothing_back, &a_heartbeat_moves_the_lease,
	&a_lost_run_may_end_late, &a_revocation_stops_what_runs_under_it,
	&only_another_approver_gives_a_lost_use_back)
