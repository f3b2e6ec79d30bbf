/*
 * bench_fill_changes DATABASE PERSON TARGET COUNT: that many changes filed by one who is there
 * already, made by the product's own rooms: a revision, an assessment without findings, grants, and
 * of nineteen in twenty a run that ended well and the closing. Every twentieth is approved and
 * waits, with its grants and claims in force.
 */
#include "fill_store.h"

#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGES_OF_COMMIT 50
#define OPEN_EACH	  20
#define WINDOW_US	  (4 * INT64_C(3600000000))

static const char no_rules[] =
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct fill {
	const char *person, *target;
	int64_t left, made;
	struct principal by;
	struct principal_grant grant;
};

/* One change on its way. */
struct made {
	struct store_tx *tx;
	struct arena *arena;
	struct fill *fill;
	struct change *change;
	struct revision *revision;
	int64_t at_us;
};

static int move(struct made *made, enum change_event event, const char *result, struct error *err)
{
	const struct change_move move = {.event = event,
		.result = result,
		.actor = &made->fill->by.actor,
		.at_us = made->at_us};

	return change_move(made->tx, made->change, &move, err);
}

/* --- filed --- */

static json_t *body_of(const struct made *made)
{
	const char *unit = arena_format(made->arena, "unit-%lld", (long long)made->fill->made);
	char start[TIME_TEXT_SIZE], end[TIME_TEXT_SIZE];

	time_format(made->at_us - 60000000, start, sizeof(start));
	time_format(made->at_us + WINDOW_US, end, sizeof(end));
	return json_pack(
		"{s:s, s:[s], s:s, s:s, s:i, s:[{s:[s,s,s], s:[s]}, {s:[s,s,s], s:[s], s:s}]}",
		"environment", "production", "services", "shop", "start", start, "end", end,
		"observe_s", 0, "steps", "argv", "/usr/bin/systemctl", "restart", unit, "targets",
		made->fill->target, "argv", "/usr/bin/systemctl", "start", unit, "targets",
		made->fill->target, "phase", "rollback");
}

static int file_change(struct made *made, struct error *err)
{
	json_t *body = body_of(made);
	struct change_file file = {
		.act = {.by = &made->fill->by,
			.at_us = made->at_us,
			.arena = made->arena,
			.if_version = -1},
		.title =
			arena_format(made->arena, "restart unit %lld", (long long)made->fill->made),
		.body = body,
	};
	int rc = change_file(made->tx, &file, err);

	json_decref(body);
	made->change = file.act.ret_change;
	if (rc < 0)
		return rc;
	return change_get_revision(made->tx, made->arena, made->change, &made->revision, err);
}

/* --- assessed --- */

static int put_assessment(struct made *made, struct error *err)
{
	struct risk_report report = {.findings = NULL, .terms = ""};
	struct change_revision *row;
	struct render_input input = {.tx = made->tx,
		.change = made->change,
		.revision = made->revision,
		.report = &report};
	int rc = revision_store_get(
		made->tx, made->arena, made->change->seq, made->change->revision, &row, err);

	if (rc < 0)
		return rc;
	snprintf(report.revision, sizeof(report.revision), "%s", no_rules);
	snprintf(report.input_digest, sizeof(report.input_digest), "%s", no_rules);
	input.row = row;
	if ((rc = change_render(made->arena, &input, &row->rendering, err)) < 0)
		return rc;
	change_render_digest(row->rendering, row->render_digest);
	row->rule_frame = "{}";
	memcpy(row->context_digest, no_rules, sizeof(no_rules));
	memcpy(made->change->render_digest, row->render_digest, sizeof(row->render_digest));
	change_approval_digest(made->change, report.revision, made->change->approval_digest);
	if ((rc = risk_put(made->tx, made->change->seq, made->change->revision, &report,
		     made->at_us, err)) < 0)
		return rc;
	if ((rc = revision_store_assess(made->tx, row, err)) < 0)
		return rc;
	return change_record(made->tx, made->change, AUDIT_CHANGE_ASSESS, &audit_system,
		json_pack("{s:s, s:s}", "context", no_rules, "rendering", row->render_digest),
		made->at_us, err);
}

static int put_claims(struct made *made, struct error *err)
{
	const struct object_claim claims[] = {
		{arena_format(made->arena, "config:unit-%lld", (long long)made->fill->made), true},
		{"svc:shop", false},
	};

	return object_claim_put(made->tx, made->change->name, claims, 2, made->revision->start_us,
		made->revision->end_us, err);
}

static int assess(struct made *made, struct error *err)
{
	int rc;

	made->change->submitted_at_us = made->at_us;
	if ((rc = move(made, EVENT_SUBMIT, NULL, err)) < 0)
		return rc;
	made->change->level = 1;
	if ((rc = put_assessment(made, err)) < 0 || (rc = put_claims(made, err)) < 0 ||
		(rc = move(made, EVENT_ASSESSED, NULL, err)) < 0 ||
		(rc = move(made, EVENT_APPROVE, NULL, err)) < 0)
		return rc;
	return change_mint(made->tx, made->arena, made->change, made->revision,
		&made->fill->by.actor, made->at_us, err);
}

/* --- run and closed --- */

static int run_step(struct made *made, struct error *err)
{
	struct rcm_run run = {.host = "bench", .line = made->change->title};
	struct run_end end = {.id = run.id, .at_us = made->at_us};
	enum gate_reason reason;
	struct grant **grants;
	size_t count;
	int rc = grant_list(made->tx, made->arena, made->change->seq, &grants, &count, err);

	if (rc < 0)
		return rc;
	id_new(run.id);
	rc = grant_take(made->tx, grants[0]->id, made->fill->by.person_id, &run,
		&made->fill->by.actor, made->at_us, &reason, err);
	if (rc < 0)
		return rc;
	return run_end(made->tx, &end, &made->fill->by.actor, err);
}

static int run_and_close(struct made *made, struct error *err)
{
	size_t count;
	int rc;

	if ((rc = run_step(made, err)) < 0 || (rc = move(made, EVENT_RUN, NULL, err)) < 0)
		return rc;
	made->change->runs_ended_at_us = made->at_us;
	if ((rc = move(made, EVENT_RUNS_ENDED, NULL, err)) < 0 ||
		(rc = move(made, EVENT_PASS, "success", err)) < 0)
		return rc;
	return grant_revoke(made->tx, made->change->seq, false, false, "the change is closed",
		&made->fill->by.actor, made->at_us, &count, err);
}

/* --- all --- */

static int make_one(struct store_tx *tx, struct fill *fill, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct made made = {.tx = tx, .arena = &arena, .fill = fill, .at_us = time_now_us()};
	int rc = file_change(&made, err);

	if (rc >= 0)
		rc = assess(&made, err);
	if (rc >= 0 && fill->made % OPEN_EACH)
		rc = run_and_close(&made, err);
	arena_done(&arena);
	fill->made++;
	return rc;
}

static int find_person(struct store_tx *tx, struct fill *fill, struct error *err)
{
	struct principal *by = &fill->by;
	int rc = people_find(tx, fill->person, by->person_id, err);

	if (rc < 0)
		return rc;
	snprintf(by->person_name, sizeof(by->person_name), "%s", fill->person);
	by->actor = (struct audit_actor){.kind = AUDIT_HUMAN};
	memcpy(by->actor.id, by->person_id, ID_SIZE);
	snprintf(by->actor.name, sizeof(by->actor.name), "%s", fill->person);
	fill->grant.role = ROLE_AUTHOR;
	by->roles = ROLE_AUTHOR;
	by->grants = &fill->grant;
	by->grant_count = 1;
	return 0;
}

static int ask_changes(struct store_tx *tx, void *arg, struct error *err)
{
	struct fill *fill = arg;
	int rc = fill->by.roles ? 0 : find_person(tx, fill, err);

	for (int i = 0; rc >= 0 && i < CHANGES_OF_COMMIT && fill->left > 0; i++, fill->left--)
		rc = make_one(tx, fill, err);
	return rc < 0 ? rc : 0;
}

int main(int argc, char **argv)
{
	struct fill fill = {0};
	struct error err = ERROR_INIT;

	if (argc != 5 || atoll(argv[4]) <= 0) {
		fputs("bench_fill_changes DATABASE PERSON TARGET COUNT\n", stderr);
		return 2;
	}
	fill.person = argv[2];
	fill.target = argv[3];
	fill.left = atoll(argv[4]);
	if (fill_store(argv[1], ask_changes, &fill, &fill.left, &err) < 0) {
		fprintf(stderr, "bench_fill_changes: change %lld: %s%s%s\n", (long long)fill.made,
			err.field, err.field[0] ? ": " : "", err.message);
		return 1;
	}
	return 0;
}
