/*
 * An assessment: is there a baseline of each metric, which alerts fire, what do the rules find, who
 * must approve. It ends in one closure that compares state and revision first: what was edited
 * meanwhile is not touched. Rules that could not be evaluated leave the change pending with nobody
 * to approve it.
 */
#include "change/change_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct assessment {
	struct assessment *next;
	struct changes *changes;
	struct arena arena;
	int64_t seq;
	struct change *change;
	struct revision *revision;
	struct change_revision *row;
	bool *baselines;
	size_t waiting; /* for answers about metrics and alerts */
	json_t *frame;
	struct risk_report *report;
	struct error problem; /* why there is no report */
	int64_t at_us;
	char approval_id[ID_SIZE], notify_id[ID_SIZE];
};

static void forget(struct assessment *assessment)
{
	struct assessment **at = &assessment->changes->assessments;

	while (*at && *at != assessment)
		at = &(*at)->next;
	if (*at)
		*at = assessment->next;
	changes_tell_assessed(assessment->changes, assessment->seq);
	json_decref(assessment->frame);
	arena_done(&assessment->arena);
	free(assessment);
}

/* --- the end: one closure --- */

/* What stands in for a report that there is not: it blocks, and says why. */
static void make_error_report(struct assessment *assessment)
{
	struct arena *arena = &assessment->arena;
	struct risk_report *report = arena_alloc(arena, sizeof(*report));
	struct digest none;

	report->findings = arena_alloc(arena, sizeof(*report->findings));
	report->count = 1;
	report->findings[0] = (struct risk_finding){
		.rule = "rule_error",
		.severity = 'C',
		.tier = "ENFORCE",
		.object = "",
		.seen = "",
		.message = arena_text(arena, assessment->problem.message),
		.why = "What could not be checked is not safe.",
		.suggestion = "Mend it, then: rcm reassess",
		.doc = "docs/rules.md",
		.owner = "sre",
		.waivable = "none",
		.title = "the rules could not be evaluated",
	};
	risk_recount(report, NULL, arena);
	report->has_error = true;
	digest_of("", 0, &none);
	digest_text(&none, report->input_digest);
	snprintf(report->revision, sizeof(report->revision), "%s",
		risk_revision(assessment->changes->options.risk));
	assessment->report = report;
}

static int render(struct store_tx *tx, struct assessment *assessment, struct error *err)
{
	struct render_input input = {
		.tx = tx,
		.change = assessment->change,
		.row = assessment->row,
		.revision = assessment->revision,
		.report = assessment->report,
	};
	int rc = change_render(&assessment->arena, &input, &assessment->row->rendering, err);

	if (rc >= 0)
		change_render_digest(assessment->row->rendering, assessment->row->render_digest);
	return rc;
}

static int put_claims(struct store_tx *tx, struct assessment *assessment, struct error *err)
{
	const struct revision *revision = assessment->revision;
	struct rule_input input = {.tx = tx,
		.change = assessment->change,
		.revision = revision,
		.frame = assessment->frame,
		.now_us = assessment->at_us};
	struct object_claim *claims;
	json_t *steps = NULL;
	size_t count;
	int rc;

	if (assessment->report->has_error)
		return 0;
	if ((rc = change_input_steps(&assessment->arena, &input, &steps, err)) >= 0)
		rc = change_claims(&assessment->arena, revision, steps, &claims, &count, err);
	json_decref(steps);
	if (rc < 0)
		return rc;
	return object_claim_put(tx, assessment->change->name, claims, count, revision->start_us,
		revision->end_us + revision->observe_s * CHANGE_SECOND_US, err);
}

static json_t *assess_detail(const struct assessment *assessment)
{
	const struct risk_report *report = assessment->report;
	json_t *detail = json_object();

	json_set_int(detail, "score", report->total);
	json_set_text(detail, "terms", report->terms);
	json_set_text(detail, "rules", report->revision);
	json_set_text(detail, "input", report->input_digest);
	json_set_text(detail, "context", assessment->row->context_digest);
	json_set_text(detail, "rendering", assessment->row->render_digest);
	json_set_bool(detail, "has_error", report->has_error);
	if (*assessment->row->exceptions)
		json_set_text(detail, "exceptions", assessment->row->exceptions);
	return detail;
}

static int count_waivers(struct store_tx *tx, struct assessment *assessment, struct error *err)
{
	const char *const *waived;
	int rc = change_waived(
		tx, &assessment->arena, assessment->change, assessment->at_us, &waived, err);

	if (rc >= 0)
		risk_recount(assessment->report, waived, &assessment->arena);
	return rc;
}

/* Pending, and somebody is asked; with a rule that failed nobody is. */
static int move_on(struct store_tx *tx, struct assessment *assessment, struct error *err)
{
	struct change *change = assessment->change;
	struct change_move move = {
		.event = EVENT_ASSESSED, .actor = &audit_system, .at_us = assessment->at_us};
	struct change_ask ask = {
		.limits = changes_limits(assessment->changes),
		.change = change,
		.revision = assessment->revision,
		.report = assessment->report,
		.approval_id = assessment->approval_id,
		.notify_id = assessment->notify_id,
		.at_us = assessment->at_us,
	};
	int rc;

	memcpy(change->render_digest, assessment->row->render_digest,
		sizeof(change->render_digest));
	change->exceptions = assessment->row->exceptions;
	change->level = change_level(assessment->revision, assessment->report);
	/* A template that does not hold any more stands for nobody's yes. */
	if (!change->level && change_check_template(tx, &assessment->arena, assessment->revision,
				      assessment->at_us, NULL) < 0)
		change->level = 1;
	if (assessment->report->has_error)
		move.reason = "rule_error";
	else
		change_approval_digest(
			change, assessment->report->revision, change->approval_digest);
	if ((rc = change_move(tx, change, &move, err)) < 0 || assessment->report->has_error)
		return rc;
	if (change->level)
		return change_ask_approval(tx, &assessment->arena, &ask, err);
	return change_approve_standard(tx, &assessment->arena, change, assessment->revision,
		&audit_system, assessment->at_us, err);
}

static int count_history(struct store_tx *tx, struct assessment *assessment, struct error *err)
{
	struct risk_report *report = assessment->report;
	int rc = change_store_history(tx, assessment->change, assessment->revision,
		assessment->at_us - CHANGE_HISTORY_US, &report->history_of, &report->history_failed,
		err);

	if (rc >= 0)
		risk_recount(report, NULL, &assessment->arena);
	return rc;
}

static int ask_end(struct store_tx *tx, void *arg, struct error *err)
{
	struct assessment *assessment = arg;
	struct change *now;
	int rc = change_store_get(tx, &assessment->arena, assessment->seq, &now, err);

	if (rc < 0)
		return rc;
	if (now->state != CHANGE_ASSESSING || now->version != assessment->change->version)
		return 0;
	assessment->change = now;
	if ((rc = count_history(tx, assessment, err)) < 0 ||
		(rc = render(tx, assessment, err)) < 0 ||
		(rc = risk_put(tx, now->seq, now->revision, assessment->report, assessment->at_us,
			 err)) < 0 ||
		(rc = revision_store_assess(tx, assessment->row, err)) < 0 ||
		(rc = put_claims(tx, assessment, err)) < 0 ||
		(rc = count_waivers(tx, assessment, err)) < 0 ||
		(rc = change_record(tx, now, AUDIT_CHANGE_ASSESS, &audit_system,
			 assess_detail(assessment), assessment->at_us, err)) < 0)
		return rc;
	return move_on(tx, assessment, err);
}

/* What cannot be written stays `assessing`: the next look tries again. */
static void tell_end(void *arg, const struct error *err)
{
	struct assessment *assessment = arg;

	if (err)
		log_warn("change", "an assessment could not be written", "change",
			assessment->change->name, "error", err->message);
	forget(assessment);
}

static void end(struct assessment *assessment)
{
	if (!assessment->report)
		make_error_report(assessment);
	assessment->at_us = time_now_us();
	store_write(assessment->changes->options.store, ask_end, tell_end, assessment);
}

/* --- the rules --- */

static void assessed(void *arg, const struct risk_report *report, const struct error *err)
{
	struct assessment *assessment = arg;

	if (assessment->changes->is_stopping) {
		forget(assessment);
		return;
	}
	if (report) {
		assessment->report =
			arena_copy(&assessment->arena, report, sizeof(*assessment->report));
	} else {
		assessment->problem = *err;
		log_warn("change", "rules could not be evaluated", "change",
			assessment->change->name, "error", err->message);
	}
	end(assessment);
}

static int make_input(struct assessment *assessment, json_t **ret, struct error *err)
{
	struct store_tx *tx = store_reader(assessment->changes->options.store);
	int64_t now_us = time_now_us();
	struct render_input bare = {
		.tx = tx,
		.change = assessment->change,
		.row = assessment->row,
		.revision = assessment->revision,
	};
	struct rule_input input = {.tx = tx,
		.change = assessment->change,
		.revision = assessment->revision,
		.frame = assessment->frame,
		.alerts = assessment->changes->options.alerts,
		.now_us = now_us};
	const char *text = "";
	int rc = change_list_exceptions(tx, &assessment->arena, assessment->revision, now_us,
		&assessment->row->exceptions, err);

	if (rc < 0 || (rc = change_render(&assessment->arena, &bare, &text, err)) < 0)
		return rc;
	input.rendering_bytes = strlen(text);
	return change_make_input(
		&assessment->arena, &input, ret, assessment->row->context_digest, err);
}

static int keep_frame(struct assessment *assessment, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int rc;

	assessment->frame = change_rule_frame(changes_limits(assessment->changes),
		assessment->baselines, assessment->revision->metric_count);
	rc = canonical_add(&bytes, assessment->frame, err);
	assessment->row->rule_frame = arena_text(&assessment->arena, buf_text(&bytes));
	buf_done(&bytes);
	return rc;
}

static void run_rules(struct assessment *assessment)
{
	struct error *err = &assessment->problem;
	json_t *input = NULL;
	int rc = keep_frame(assessment, err);

	if (rc >= 0)
		rc = make_input(assessment, &input, err);
	if (rc >= 0)
		rc = risk_assess(assessment->changes->options.risk, &assessment->arena, input,
			assessed, assessment, err);
	json_decref(input);
	if (rc < 0)
		end(assessment);
}

/* --- baselines and alerts, all at once --- */

/* All that had to be asked was asked. */
static void world_known(struct assessment *assessment)
{
	if (assessment->changes->is_stopping)
		forget(assessment);
	else
		run_rules(assessment);
}

static void alerts_known(void *arg)
{
	struct assessment *assessment = arg;

	if (!--assessment->waiting)
		world_known(assessment);
}

struct baseline {
	struct assessment *assessment;
	size_t position;
};

static void baseline_known(void *arg, enum metric_answer answer, const char *value)
{
	struct baseline *baseline = arg;
	struct assessment *assessment = baseline->assessment;

	(void)value;
	assessment->baselines[baseline->position] = answer == METRIC_PASS;
	if (!--assessment->waiting)
		world_known(assessment);
}

static void ask_world(struct assessment *assessment)
{
	struct alerts *alerts = assessment->changes->options.alerts;
	size_t count = assessment->revision->metric_count;

	assessment->baselines =
		arena_alloc(&assessment->arena, (count + 1) * sizeof(*assessment->baselines));
	assessment->waiting = count + (alerts != NULL);
	for (size_t i = 0; i < count; i++) {
		struct baseline *baseline = arena_alloc(&assessment->arena, sizeof(*baseline));

		*baseline = (struct baseline){assessment, i};
		metric_has_baseline(assessment->changes, &assessment->revision->verification[i],
			baseline_known, baseline);
	}
	if (alerts)
		alerts_refresh(alerts, alerts_known, assessment);
	if (!assessment->waiting)
		run_rules(assessment);
}

/* --- the beginning --- */

static int load(struct assessment *assessment, struct error *err)
{
	struct store_tx *tx = store_reader(assessment->changes->options.store);
	struct arena *arena = &assessment->arena;
	int rc = change_store_get(tx, arena, assessment->seq, &assessment->change, err);

	if (rc < 0 || (rc = change_get_revision(
			       tx, arena, assessment->change, &assessment->revision, err)) < 0)
		return rc;
	return revision_store_get(
		tx, arena, assessment->seq, assessment->change->revision, &assessment->row, err);
}

bool change_is_assessing(const struct changes *changes, int64_t seq)
{
	for (const struct assessment *one = changes->assessments; one; one = one->next)
		if (one->seq == seq)
			return true;
	return false;
}

void change_assess(struct changes *changes, int64_t seq)
{
	struct assessment *assessment;
	struct error err = ERROR_INIT;

	if (change_is_assessing(changes, seq) || changes->is_stopping)
		return;
	if (!(assessment = calloc(1, sizeof(*assessment))))
		abort();
	assessment->changes = changes;
	assessment->seq = seq;
	id_new(assessment->approval_id);
	id_new(assessment->notify_id);
	assessment->next = changes->assessments;
	changes->assessments = assessment;
	if (load(assessment, &err) < 0) {
		log_warn("change", "a change could not be read", "error", err.message);
		forget(assessment);
	} else if (assessment->change->state != CHANGE_ASSESSING) {
		forget(assessment);
	} else {
		ask_world(assessment);
	}
}

/* Without those who were to call back. */
void change_assess_stop(struct changes *changes)
{
	while (changes->assessments)
		forget(changes->assessments);
}
