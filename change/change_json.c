#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "lib/base/json.h"

#include <string.h>

json_t *change_json(const struct change *change)
{
	json_t *object = json_object();

	json_set_text(object, "name", change->name);
	json_set_text(object, "title", change->title);
	json_set_text(object, "state", change_state_word(change->state));
	json_set_text(object, "state_reason", change->state_reason);
	json_set_text(object, "result", change->result);
	json_set_text(object, "verdict", change->verdict);
	json_set_text(object, "requester", change->requester);
	json_set_int(object, "revision", change->revision);
	json_set_text(object, "revision_digest", change->revision_digest);
	if (*change->render_digest)
		json_set_text(object, "render_digest", change->render_digest);
	if (*change->approval_digest)
		json_set_text(object, "approval_digest", change->approval_digest);
	if (change->level >= 0)
		json_set_int(object, "level", change->level);
	json_set_time(object, "start", change->start_us);
	json_set_time(object, "end", change->end_us);
	json_set_time(object, "created_at", change->created_at_us);
	json_set_time(object, "changed_at", change->changed_at_us);
	json_set_time(object, "submitted_at", change->submitted_at_us);
	json_set_time(object, "closed_at", change->closed_at_us);
	json_set_int(object, "version", change->version);
	return object;
}

/* --- what stands beside it --- */

static int add_body(struct store_tx *tx, struct arena *arena, const struct change *change,
	json_t *into, struct error *err)
{
	struct change_revision *row;
	json_t *body = NULL;
	int rc = revision_store_get(tx, arena, change->seq, change->revision, &row, err);

	if (rc < 0 ||
		(rc = json_parse(row->body, strlen(row->body), JSON_DEPTH_MAX, &body, err)) < 0)
		return rc;
	json_object_set_new(into, "body", body);
	json_set_text(into, "author", row->author);
	return 0;
}

static int add_report(struct store_tx *tx, struct arena *arena, const struct change *change,
	int64_t now_us, json_t *into, struct error *err)
{
	const char *const *waived;
	struct risk_report *report;
	int rc = risk_get(tx, arena, change->seq, change->revision, &report, err);

	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc < 0 || (rc = change_waived(tx, arena, change, now_us, &waived, err)) < 0)
		return rc;
	risk_recount(report, waived, arena);
	json_object_set_new(into, "report", risk_report_json(report));
	return 0;
}

static int add_approval(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct principal *principal, json_t *into, struct error *err)
{
	struct approval_request *request;
	json_t *object;
	int rc;

	if (!*change->approval_digest)
		return 0;
	rc = approval_find(
		tx, arena, CHANGE_SUBJECT, change->name, change->approval_digest, &request, err);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc < 0 || (rc = approval_json(tx, arena, request, principal, &object, err)) < 0)
		return rc;
	json_object_set_new(into, "approval", object);
	return 0;
}

static int add_waivers(struct store_tx *tx, struct arena *arena, const struct change *change,
	json_t *into, struct error *err)
{
	json_t *list = json_array(), *one;
	struct change_waiver *waivers;
	size_t count = 0;
	int rc = waiver_store_list(tx, arena, change->seq, change->revision, &waivers, &count, err);

	json_object_set_new(into, "waivers", list);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, one = json_object());
		json_set_text(one, "rule", waivers[i].rule);
		json_set_text(one, "reason", waivers[i].reason);
		json_set_text(one, "waived_by", waivers[i].waived_by);
		json_set_time(one, "waived_at", waivers[i].waived_at_us);
		json_set_time(one, "expires_at", waivers[i].expires_at_us);
	}
	return rc;
}

static int add_comments(struct store_tx *tx, struct arena *arena, const struct change *change,
	json_t *into, struct error *err)
{
	json_t *list = json_array(), *one;
	struct change_comment *comments;
	size_t count = 0;
	int rc = comment_store_list(tx, arena, change->seq, &comments, &count, err);

	json_object_set_new(into, "comments", list);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, one = json_object());
		json_set_text(one, "id", comments[i].id);
		json_set_text(one, "written_by", comments[i].written_by);
		json_set_text(one, "text", comments[i].text);
		json_set_time(one, "written_at", comments[i].written_at_us);
	}
	return rc;
}

static int add_readings(struct store_tx *tx, struct arena *arena, const struct change *change,
	json_t *into, struct error *err)
{
	json_t *list = json_array(), *one;
	struct change_reading *readings;
	size_t count = 0;
	int rc = reading_store_list(tx, arena, change->seq, &readings, &count, err);

	json_object_set_new(into, "readings", list);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, one = json_object());
		json_set_text(one, "name", readings[i].name);
		json_set_text(one, "outcome", readings[i].outcome);
		json_set_text(one, "value", readings[i].value);
		json_set_time(one, "read_at", readings[i].read_at_us);
	}
	return rc;
}

static int add_afters(struct store_tx *tx, struct arena *arena, const struct change *change,
	json_t *into, struct error *err)
{
	json_t *list = json_array(), *one;
	struct change_after *afters;
	size_t count = 0;
	int rc = after_store_list(tx, arena, change->seq, &afters, &count, err);

	json_object_set_new(into, "findings_after", list);
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, one = json_object());
		json_set_text(one, "kind", afters[i].kind);
		json_set_text(one, "reference", afters[i].reference);
		json_set_time(one, "found_at", afters[i].found_at_us);
	}
	return rc;
}

static int add_grants(struct store_tx *tx, struct arena *arena, const struct change *change,
	json_t *into, struct error *err)
{
	json_t *list = json_array(), *one;
	struct grant **grants;
	size_t count = 0;
	int rc = grant_list(tx, arena, change->seq, &grants, &count, err);

	json_object_set_new(into, "grants", list);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		json_array_append_new(list, one = json_object());
		json_set_text(one, "id", grants[i]->id);
		json_set_int(one, "step", grants[i]->step);
		json_set_text(one, "phase", grants[i]->phase);
		json_set_text(one, "target", grants[i]->target);
		json_set_text(one, "fingerprint", grants[i]->fingerprint);
		json_set_int(one, "runs_left", grants[i]->runs_left);
		json_set_text(one, "revoked", grants[i]->revoked_reason);
	}
	return rc;
}

static int add_runs(struct store_tx *tx, struct arena *arena, const struct change *change,
	json_t *into, struct error *err)
{
	json_t *list = json_array();
	struct rcm_run **runs;
	size_t count = 0;
	int rc = run_list(tx, arena, change->seq, &runs, &count, err);

	json_object_set_new(into, "runs", list);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		json_array_append_new(list, run_json(runs[i]));
	return rc;
}

static bool has_approved(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct principal *principal)
{
	struct approval_request *request;

	return *change->approval_digest &&
	       approval_find(tx, arena, CHANGE_SUBJECT, change->name, change->approval_digest,
		       &request, NULL) >= 0 &&
	       approval_was_given_by(tx, arena, request->id, principal->person_id);
}

/* For who approved a revision that this one only narrows, and not yet this one. */
static int add_narrows(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct principal *principal, json_t *object, struct error *err)
{
	int64_t revision;
	json_t *diff;
	int rc;

	if (!principal || has_approved(tx, arena, change, principal))
		return 0;
	rc = change_find_narrower(tx, arena, change, principal->person_id, &revision, &diff, err);
	if (rc > 0)
		json_object_set_new(object, "narrows",
			json_pack("{s:I, s:o}", "revision", (json_int_t)revision, "items", diff));
	return rc < 0 ? rc : 0;
}

int change_detail_json(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct principal *principal, int64_t now_us, json_t **ret, struct error *err)
{
	json_t *object = change_json(change);
	int rc;

	if ((rc = add_body(tx, arena, change, object, err)) < 0 ||
		(rc = add_report(tx, arena, change, now_us, object, err)) < 0 ||
		(rc = add_approval(tx, arena, change, principal, object, err)) < 0 ||
		(rc = add_narrows(tx, arena, change, principal, object, err)) < 0 ||
		(rc = add_waivers(tx, arena, change, object, err)) < 0 ||
		(rc = add_comments(tx, arena, change, object, err)) < 0 ||
		(rc = add_readings(tx, arena, change, object, err)) < 0 ||
		(rc = add_grants(tx, arena, change, object, err)) < 0 ||
		(rc = add_runs(tx, arena, change, object, err)) < 0 ||
		(rc = add_afters(tx, arena, change, object, err)) < 0) {
		json_decref(object);
		return rc;
	}
	*ret = object;
	return 0;
}
