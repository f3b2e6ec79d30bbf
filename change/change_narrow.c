/*
 * Fast re-approval: a revision that does less than one that a person approved, and nothing else:
 * fewer targets, a shorter window. A target is taken away from all steps or from none: one that
 * only lost its drain, or its way back, would be treated otherwise than approved. The same person
 * may say yes to it by what was taken away alone. It is a decision like any other, of exactly the
 * revision that is there; nothing is approved by itself.
 */
#include "change/change_rooms.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <string.h>

static int64_t time_of(const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));
	int64_t at_us = 0;

	return text && time_parse(key, text, &at_us, NULL) == 0 ? at_us : 0;
}

static bool holds(const json_t *list, const json_t *value)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (json_equal(one, value))
			return true;
	return false;
}

/* Some of `from`, at least one, and nothing that is not in it. */
static bool is_part_of(const json_t *from, const json_t *to)
{
	json_t *one;
	size_t i;

	if (!json_is_array(from) || !json_array_size(to))
		return false;
	json_array_foreach (to, i, one)
		if (!holds(from, one))
			return false;
	return true;
}

static bool is_in_a_step(const json_t *steps, const json_t *target)
{
	json_t *step;
	size_t i;

	json_array_foreach (steps, i, step)
		if (holds(json_object_get(step, "targets"), target))
			return true;
	return false;
}

/* What this step lost is a target of no step any more. */
static bool is_gone_wholly(const json_t *from, const json_t *to, const json_t *steps)
{
	json_t *target;
	size_t i;

	json_array_foreach (from, i, target)
		if (!holds(to, target) && is_in_a_step(steps, target))
			return false;
	return true;
}

/* `steps`: all that there are now. */
static bool is_step_narrower(const json_t *from, const json_t *to, const json_t *steps)
{
	const json_t *old = json_object_get(from, "targets"), *now = json_object_get(to, "targets");
	json_t *bare = json_copy((json_t *)from);
	bool is_same;

	json_object_set(bare, "targets", (json_t *)now);
	is_same = json_equal(bare, to);
	json_decref(bare);
	return is_same && is_part_of(old, now) && is_gone_wholly(old, now, steps);
}

static bool are_steps_narrower(const json_t *from, const json_t *to)
{
	if (!json_array_size(from) || json_array_size(from) != json_array_size(to))
		return false;
	for (size_t i = 0; i < json_array_size(from); i++)
		if (!is_step_narrower(json_array_get(from, i), json_array_get(to, i), to))
			return false;
	return true;
}

static bool is_member_narrower(const char *key, const json_t *from, const json_t *to)
{
	const json_t *old = json_object_get(from, key), *now = json_object_get(to, key);

	if (!strcmp(key, "start"))
		return time_of(from, key) && time_of(to, key) >= time_of(from, key);
	if (!strcmp(key, "end"))
		return time_of(to, key) && time_of(to, key) <= time_of(from, key);
	if (!strcmp(key, "targets"))
		return is_part_of(old, now);
	return !strcmp(key, "steps") && are_steps_narrower(old, now);
}

bool change_is_narrower(const json_t *from, const json_t *to)
{
	bool differs = false;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)from, key, value)
		if (!json_object_get(to, key))
			return false;
	json_object_foreach ((json_t *)to, key, value) {
		if (json_object_get(from, key) && json_equal(value, json_object_get(from, key)))
			continue;
		if (!is_member_narrower(key, from, to))
			return false;
		differs = true;
	}
	return differs;
}

/* --- which revision a person approved --- */

/* The request over a revision of before; what it signed is made again, for the level it was. */
static int find_request(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct change_revision *row, const struct risk_report *report,
	struct approval_request **ret, int64_t *ret_level)
{
	struct change then = *change;

	then.revision = row->revision;
	then.exceptions = row->exceptions;
	memcpy(then.revision_digest, row->digest, sizeof(then.revision_digest));
	memcpy(then.render_digest, row->render_digest, sizeof(then.render_digest));
	for (then.level = 1; then.level < RISK_LEVELS; then.level++) {
		change_approval_digest(&then, report->revision, then.approval_digest);
		if (approval_find(tx, arena, CHANGE_SUBJECT, change->name, then.approval_digest,
			    ret, NULL) < 0)
			continue;
		*ret_level = then.level;
		return 0;
	}
	return ERROR_NOT_FOUND;
}

static bool counts(const struct risk_finding *finding)
{
	return !strcmp(finding->tier, "ENFORCE") &&
	       (finding->severity == 'C' || finding->severity == 'H');
}

/* Whoever approved then has seen each of these. */
static bool were_seen(const struct risk_report *now, const struct risk_report *then)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct risk_finding *finding = &now->findings[i];
		bool is_known = !counts(finding);

		for (size_t k = 0; k < then->count && !is_known; k++)
			is_known = !strcmp(then->findings[k].rule, finding->rule) &&
				   then->findings[k].step == finding->step &&
				   !strcmp(then->findings[k].object, finding->object);
		if (!is_known)
			return false;
	}
	return !now->has_error;
}

struct narrowing {
	struct store_tx *tx;
	struct arena *arena;
	const struct change *change;
	const char *person_id;
	const json_t *body; /* of the current revision */
	const struct risk_report *report;
};

static bool is_approved_by(const struct narrowing *n, const struct change_revision *row)
{
	struct approval_request *request;
	struct risk_report *report;
	int64_t level;

	if (!*row->rendering || strcmp(row->exceptions, n->change->exceptions) != 0 ||
		risk_get(n->tx, n->arena, n->change->seq, row->revision, &report, NULL) < 0 ||
		find_request(n->tx, n->arena, n->change, row, report, &request, &level) < 0)
		return false;
	return level >= n->change->level && request->state == APPROVAL_VOID &&
	       were_seen(n->report, report) &&
	       approval_was_given_by(n->tx, n->arena, request->id, n->person_id);
}

/* The newest revision of before that the person approved decides; what it forbids, no older one
 * allows. */
static int look_back(
	struct narrowing *n, int64_t *ret_revision, json_t **ret_diff, struct error *err)
{
	struct change_revision *row;
	json_t *before = NULL;
	int rc;

	for (int64_t revision = n->change->revision - 1; revision > 0; revision--) {
		if ((rc = revision_store_get(
			     n->tx, n->arena, n->change->seq, revision, &row, err)) < 0)
			return rc;
		if (!is_approved_by(n, row))
			continue;
		if ((rc = json_parse(row->body, strlen(row->body), JSON_DEPTH_MAX, &before, err)) <
			0)
			return rc;
		rc = change_is_narrower(before, n->body);
		if (rc) {
			*ret_revision = revision;
			*ret_diff = change_diff(before, n->body);
		}
		json_decref(before);
		return rc;
	}
	return 0;
}

int change_find_narrower(struct store_tx *tx, struct arena *arena, const struct change *change,
	const char *person_id, int64_t *ret_revision, json_t **ret_diff, struct error *err)
{
	struct narrowing n = {.tx = tx, .arena = arena, .change = change, .person_id = person_id};
	struct change_revision *row;
	struct risk_report *report;
	json_t *body = NULL;
	int rc;

	if (change->state != CHANGE_PENDING || change->revision < 2 || !*person_id ||
		!*change->approval_digest ||
		risk_get(tx, arena, change->seq, change->revision, &report, NULL) < 0)
		return 0;
	if ((rc = revision_store_get(tx, arena, change->seq, change->revision, &row, err)) < 0 ||
		(rc = json_parse(row->body, strlen(row->body), JSON_DEPTH_MAX, &body, err)) < 0)
		return rc;
	n.report = report;
	n.body = body;
	rc = look_back(&n, ret_revision, ret_diff, err);
	json_decref(body);
	return rc;
}

int change_reapprove(struct store_tx *tx, struct change_decide *decide, struct error *err)
{
	struct change *change;
	int64_t revision;
	json_t *diff = NULL;
	int rc = change_act_load(tx, &decide->act, &change, err);

	if (rc < 0)
		return rc;
	rc = change_find_narrower(
		tx, decide->act.arena, change, decide->act.by->person_id, &revision, &diff, err);
	json_decref(diff);
	if (rc < 0)
		return rc;
	if (!rc) {
		error_set(err, ERROR_CONFLICT,
			"%s is not just narrower than a revision that you approved", change->name);
		return error_remedy(err, "read all of it: rcm approve %s", change->name);
	}
	decide->reason = arena_format(decide->act.arena,
		"only narrower than revision %lld, which they approved", (long long)revision);
	return change_decide(tx, decide, err);
}
