/* Releases of other platforms: a phase asks before it begins (node_start) and tells its end. */
#include "change/decision/decision_facts.h"
#include "change/object/object.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* --- what a body says --- */

static const char *word_of(const json_t *release, const char *key)
{
	const char *text = json_string_value(json_object_get(release, key));

	return text ? text : "";
}

static bool is_end(const struct decision_question *question)
{
	return !strcmp(question->phase, "node_end");
}

static void fill(struct release *release, const struct decision_question *question)
{
	const json_t *body = question->release;

	release->platform = word_of(body, "platform");
	release->service = word_of(body, "service");
	release->environment = word_of(body, "environment");
	release->artifact_digest = word_of(body, "artifact_digest");
	release->version_from = word_of(body, "version_from");
	release->version_to = word_of(body, "version_to");
	release->phase = word_of(body, "phase");
	release->person_id = question->person_id;
	release->batch_no = json_integer_value(json_object_get(body, "batch_no"));
	release->batch_pct = json_integer_value(json_object_get(body, "batch_pct"));
}

/* The release that is under way, or a new one that no row is of yet (*ret_is_new). */
static int find(struct store_tx *tx, struct arena *arena, const struct decision_question *question,
	struct release **ret, bool *ret_is_new, struct error *err)
{
	struct release *release = arena_alloc(arena, sizeof(*release));
	int rc;

	fill(release, question);
	release->started_at_us = question->now_us;
	rc = release_store_find(
		tx, arena, release->platform, release->service, release->version_to, ret, err);
	*ret_is_new = rc == 0;
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if ((rc = release_store_next(tx, &release->seq, err)) < 0)
		return rc;
	snprintf(release->name, sizeof(release->name), "REL-%lld", (long long)release->seq);
	release->state = "between";
	*ret = release;
	return 0;
}

/* --- facts --- */

static const char *refusal(struct loading *l, const struct release *release, bool is_new)
{
	const json_t *body = l->question->release;
	bool is_running = !strcmp(release->state, "running");
	bool is_same_phase = !strcmp(release->phase, word_of(body, "phase"));

	if (strcmp(release->artifact_digest, word_of(body, "artifact_digest")) != 0)
		return arena_format(l->arena, "%s releases another artifact (%s)", release->name,
			release->artifact_digest);
	if (is_end(l->question) && (is_new || !is_running || !is_same_phase))
		return arena_format(l->arena, "the phase %s of %s %s is not open",
			word_of(body, "phase"), word_of(body, "service"),
			word_of(body, "version_to"));
	if (!is_end(l->question) && is_running && !is_same_phase)
		return arena_format(l->arena, "the phase %s of %s is open: end it first",
			release->phase, release->name);
	return "";
}

static json_t *rules_of(const struct decision_question *question, const char *const *passed)
{
	const json_t *body = question->release, *model = json_object_get(body, "model");
	static const char *const words[] = {
		"platform", "artifact_digest", "version_from", "version_to", "phase"};
	json_t *rules = json_object(), *phases = json_array();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		json_set_text(rules, words[i], word_of(body, words[i]));
	for (; *passed; passed++)
		json_array_append_new(phases, json_string(*passed));
	json_object_set_new(rules, "passed_phases", phases);
	json_set_bool(rules, "tag_mutable", json_is_true(json_object_get(body, "tag_mutable")));
	json_object_set_new(rules, "model", model ? json_deep_copy(model) : json_null());
	return rules;
}

static int load_named_change(struct loading *l)
{
	const char *name = l->question->request.change;
	enum gate_reason reason = REASON_NOT_APPROVED;
	struct change *change;
	json_t *facts;
	int rc;

	if (!name || !*name)
		return 0;
	facts = json_object();
	json_object_set_new(l->facts, "change", facts);
	rc = change_get(l->tx, l->arena, name, &change, NULL);
	if (rc == ERROR_NOT_FOUND || rc == ERROR_INVALID) {
		json_set_text(facts, "approval", "no_change");
		return 0;
	}
	if (rc < 0)
		return error_set(l->err, rc, "the change cannot be looked up");
	rc = change_check_approved(l->tx, l->arena, change, l->question->now_us, &reason, NULL);
	json_set_text(facts, "state", change_state_word(change->state));
	json_set_text(facts, "approval", rc == 0 ? "ok" : gate_reason_word(reason));
	return 0;
}

int loading_release(struct loading *l)
{
	const json_t *body = l->question->release;
	json_t *facts = json_object();
	const char *const *passed;
	bool is_new;
	int rc;

	json_object_set_new(l->facts, "release", facts);
	if ((rc = find(l->tx, l->arena, l->question, &l->release, &is_new, l->err)) < 0)
		return rc;
	json_set_text(facts, "name", l->release->name);
	json_set_text(facts, "service", word_of(body, "service"));
	json_set_text(facts, "phase", word_of(body, "phase"));
	json_set_text(facts, "refusal", refusal(l, l->release, is_new));
	if ((rc = load_named_change(l)) < 0 || is_end(l->question))
		return rc;
	rc = release_store_passed(l->tx, l->arena, word_of(body, "platform"),
		word_of(body, "service"), word_of(body, "artifact_digest"), &passed, l->err);
	if (rc >= 0)
		json_object_set_new(facts, "rules", rules_of(l->question, passed));
	return rc;
}

/* --- what an allowed question does --- */

json_t *release_json(const struct release *release)
{
	json_t *object = json_object();

	json_set_text(object, "name", release->name);
	json_set_text(object, "platform", release->platform);
	json_set_text(object, "service", release->service);
	json_set_text(object, "environment", release->environment);
	json_set_text(object, "artifact_digest", release->artifact_digest);
	json_set_text(object, "version_from", release->version_from);
	json_set_text(object, "version_to", release->version_to);
	json_set_text(object, "phase", release->phase);
	json_set_text(object, "state", release->state);
	json_set_int(object, "batch_no", release->batch_no);
	json_set_int(object, "batch_pct", release->batch_pct);
	json_set_time(object, "started_at", release->started_at_us);
	json_set_time(object, "changed_at", release->changed_at_us);
	return object;
}

static int put(struct store_tx *tx, const struct decision_question *question,
	const struct release *release, enum audit_action action, struct error *err)
{
	json_t *detail = release_json(release);
	const struct audit_record record = {
		.actor = &question->actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "release",
		.subject_id = release->name,
		.detail = detail,
	};
	int rc = release_store_put(tx, release, err);

	if (rc >= 0)
		rc = audit_append(tx, &record, question->now_us, NULL, err);
	json_decref(detail);
	return rc;
}

int release_begin(struct store_tx *tx, struct arena *arena,
	const struct decision_question *question, struct release **ret, struct error *err)
{
	struct object_claim claim = {.is_exclusive = true};
	struct release *release;
	bool is_new;
	int rc = find(tx, arena, question, &release, &is_new, err);

	if (rc < 0)
		return rc;
	fill(release, question);
	release->state = "running";
	release->changed_at_us = question->now_us;
	release->open_until_us = question->now_us + RELEASE_LIFE_US;
	claim.key = arena_format(arena, "svc:%s", release->service);
	if ((rc = put(tx, question, release, AUDIT_RELEASE_BEGIN, err)) < 0)
		return rc;
	*ret = release;
	return object_claim_put(
		tx, release->name, &claim, 1, question->now_us, release->open_until_us, err);
}

int release_end(struct store_tx *tx, struct arena *arena, const struct decision_question *question,
	struct release **ret, struct error *err)
{
	bool is_good = !strcmp(word_of(question->release, "outcome"), "success"), is_new;
	struct release *release;
	int rc = find(tx, arena, question, &release, &is_new, err);

	if (rc < 0)
		return rc;
	release->state = !is_good ? "failed" : !strcmp(release->phase, "full") ? "done" : "between";
	release->changed_at_us = question->now_us;
	if ((rc = put(tx, question, release, AUDIT_RELEASE_END, err)) < 0 ||
		(rc = object_claim_drop(tx, release->name, err)) < 0)
		return rc;
	*ret = release;
	return is_good ? release_store_pass(tx, release, question->now_us, err) : 0;
}
