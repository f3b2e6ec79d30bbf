/* What is so now, as one object that the decision is made of. */
#include "change/decision/decision_facts.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

static json_t *text_list(const json_t *list)
{
	return list ? json_deep_copy(list) : json_array();
}

/* --- the question's own --- */

static int load_actor(struct loading *l)
{
	const struct decision_question *question = l->question;
	json_t *actor = json_object();
	char name[128] = "";
	int rc = 0;

	json_set_text(actor, "person", question->person_id);
	json_set_text(
		actor, "user", question->request.actor_user ? question->request.actor_user : "");
	if (*question->person_id) {
		rc = people_name(l->tx, question->person_id, name, sizeof(name), l->err);
		json_set_bool(actor, "enabled", people_is_enabled(l->tx, question->person_id));
	}
	json_set_text(actor, "name", name);
	json_object_set_new(l->facts, "actor", actor);
	return rc;
}

/* Who asks for another host must be the agent that the host's label names. */
static int load_target(struct loading *l)
{
	const struct decision_question *question = l->question;
	json_t *target = json_object(), *labels;
	const char *gate;
	int rc;

	json_set_text(target, "identity", question->target_identity);
	json_object_set_new(l->facts, "target", target);
	if (!*question->target_identity)
		return 0;
	rc = target_find_identity(l->tx, l->arena, question->target_identity, &l->target, NULL);
	if (rc == ERROR_NOT_FOUND || rc == ERROR_CONFLICT)
		return 0;
	if (rc < 0)
		return error_set(l->err, rc, "the target cannot be looked up");
	json_set_text(target, "name", l->target->name);
	labels = target_all_labels(l->target);
	gate = json_string_value(json_object_get(labels, "gate"));
	json_set_bool(
		target, "gate_fits", !*question->gate || (gate && !strcmp(gate, question->gate)));
	json_decref(labels);
	return 0;
}

static int load_named(struct loading *l)
{
	const struct gate_request *request = &l->question->request;
	json_t *named;

	if (!request->change || !*request->change)
		return 0;
	named = json_object();
	json_set_text(named, "change", request->change);
	json_set_int(named, "step", request->step);
	json_object_set_new(l->facts, "named", named);
	return 0;
}

static int load_command(struct loading *l)
{
	const struct decision_analysis *analysis = l->analysis;
	json_t *command = json_object();

	json_set_text(command, "proof", command_proof_word(analysis->proof));
	json_set_text(command, "reason", analysis->reason ? analysis->reason : "");
	json_set_bool(command, "trusted", l->question->request.exec.is_trusted);
	json_set_bool(command, "secret", *analysis->has_secret != 0);
	json_set_text(command, "line", analysis->line);
	json_object_set_new(l->facts, "command", command);
	json_set_text(l->facts, "text", analysis->text);
	json_object_set_new(l->facts, "steering", text_list(analysis->steering));
	return 0;
}

/* --- grant and change --- */

static int load_step(struct loading *l, json_t *grant)
{
	const struct revision_step *step = NULL;

	for (size_t i = 0; i < l->revision->step_count; i++)
		if (l->revision->steps[i].seq == l->match.grant->step)
			step = &l->revision->steps[i];
	json_set_text(grant, "kind", step ? step_kind_word(step->kind) : "");
	json_set_int(grant, "observe_s", step ? step->observe_s : 0);
	return 0;
}

/* A steering variable that the approved step sets is as approved as its arguments. */
static void forgive_steering(struct loading *l)
{
	json_t *names = json_object_get(l->facts, "steering");

	for (size_t i = json_array_size(names); i-- > 0;) {
		const char *name = json_string_value(json_array_get(names, i));

		for (const char *const *allow = l->match.grant->env_allow; *allow; allow++)
			if (!strcmp(*allow, name)) {
				json_array_remove(names, i);
				break;
			}
	}
}

static bool has_person(const struct grant *grant, const char *person)
{
	for (size_t i = 0; grant->persons[i]; i++)
		if (!strcmp(grant->persons[i], person))
			return true;
	return false;
}

static int load_change(struct loading *l, int64_t seq)
{
	enum gate_reason reason = REASON_NOT_APPROVED;
	json_t *change = json_object();
	int rc;

	json_object_set_new(l->facts, "change", change);
	if ((rc = change_get_seq(l->tx, l->arena, seq, &l->change, l->err)) < 0 ||
		(rc = change_get_revision(l->tx, l->arena, l->change, &l->revision, l->err)) < 0)
		return rc;
	json_set_text(change, "name", l->change->name);
	json_set_text(change, "state", change_state_word(l->change->state));
	json_set_int(change, "revision", l->change->revision);
	json_set_int(change, "end_us", l->change->end_us);
	rc = change_check_approved(l->tx, l->arena, l->change, l->question->now_us, &reason, NULL);
	json_set_text(change, "approval", rc == 0 ? "ok" : gate_reason_word(reason));
	return 0;
}

static int load_grant(struct loading *l)
{
	struct grant *found;
	json_t *grant, *mismatch;
	char name[32];
	int rc = decision_match(l->tx, l->arena, l->question, &l->match, l->err);

	if (rc < 0)
		return rc;
	found = l->match.grant;
	if (!found) {
		mismatch = json_object();
		json_set_text(mismatch, "reason", gate_reason_word(l->match.mismatch));
		json_set_text(mismatch, "detail", l->match.detail ? l->match.detail : "");
		json_object_set_new(l->facts, "mismatch", mismatch);
		return 0;
	}
	if ((rc = load_change(l, found->change_seq)) < 0)
		return rc;
	grant = json_object();
	snprintf(name, sizeof(name), "CHG-%lld", (long long)found->change_seq);
	json_set_text(grant, "id", found->id);
	json_set_text(grant, "change", name);
	json_set_int(grant, "revision", found->revision);
	json_set_int(grant, "step", found->step);
	json_set_text(grant, "fingerprint", l->match.fingerprint);
	json_set_bool(grant, "person_fits", has_person(found, l->question->person_id));
	if (l->match.is_null_input)
		json_set_bool(grant, "null_input", true);
	json_set_text(grant, "revoked", found->revoked_reason ? found->revoked_reason : "");
	json_set_int(grant, "not_before_us", found->not_before_us);
	json_set_int(grant, "not_after_us", found->not_after_us);
	json_set_int(grant, "runs_left", found->runs_left);
	json_object_set_new(l->facts, "grant", grant);
	forgive_steering(l);
	return load_step(l, grant);
}

/* --- the run that it is started by --- */

static int load_parent(struct loading *l)
{
	const char *id = l->question->request.parent_run;
	struct rcm_run *run;
	json_t *parent;
	char name[32];
	int rc;

	if (!id || !*id)
		return 0;
	parent = json_object();
	json_object_set_new(l->facts, "parent", parent);
	json_set_text(parent, "run", id);
	rc = run_get(l->tx, l->arena, id, &run, NULL);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc < 0)
		return error_set(l->err, rc, "the parent's run cannot be looked up");
	json_set_text(parent, "state", run->state);
	json_set_bool(parent, "same_person", !strcmp(run->person_id, l->question->person_id));
	json_set_bool(parent, "same_target", l->target && !strcmp(run->target, l->target->name));
	json_set_text(parent, "stop", run->stop_reason ? run->stop_reason : "");
	json_set_text(parent, "emergency", run->emergency ? run->emergency : "");
	if (!run->change_seq)
		return 0;
	snprintf(name, sizeof(name), "CHG-%lld", (long long)run->change_seq);
	json_set_text(parent, "change", name);
	json_set_int(parent, "step", run->step);
	return loading_parent_kind(l, run, parent);
}

int loading_parent_kind(struct loading *l, const struct rcm_run *run, json_t *parent)
{
	struct revision *revision;
	struct change *change;
	int rc;

	if ((rc = change_get_seq(l->tx, l->arena, run->change_seq, &change, l->err)) < 0)
		return rc;
	/* An edited change revoked the run's grant: its kind is not that of today's step. */
	if (change->revision != run->revision)
		return 0;
	if ((rc = change_get_revision(l->tx, l->arena, change, &revision, l->err)) < 0)
		return rc;
	for (size_t i = 0; i < revision->step_count; i++)
		if (revision->steps[i].seq == run->step)
			json_set_text(parent, "kind", step_kind_word(revision->steps[i].kind));
	return 0;
}

/* --- all of it --- */

/* A proved read needs no more: what there is already allows it. */
static int stop_when_allowed(struct loading *l)
{
	struct decision_outcome outcome;

	decision_decide(l->arena, l->facts, &outcome);
	return gate_reason_verdict(outcome.reason) == GATE_ALLOW;
}

/* 0, 1 = enough, or negative. */
typedef int (*load_part)(struct loading *l);
static const load_part command_parts[] = {
	load_actor,
	load_target,
	load_named,
	load_command,
	load_parent,
	stop_when_allowed,
	load_grant,
	loading_calendar,
	loading_conflicts,
	loading_rules,
	loading_emergency,
	loading_outlook,
};
static const load_part release_parts[] = {
	load_actor,
	load_named,
	loading_release,
	loading_calendar,
	loading_conflicts,
	loading_rules,
};

static json_t *begin_facts(const struct decision_question *question)
{
	json_t *facts = json_object();

	json_set_int(facts, "v", DECISION_POLICY);
	json_set_int(facts, "now_us", question->now_us);
	json_set_text(facts, "source", question->request.source ? question->request.source : "");
	json_set_text(facts, "phase", question->phase);
	json_set_bool(facts, "strict", question->request.is_strict);
	json_set_int(facts, "skew_us",
		question->asked_at_us ? question->asked_at_us - question->now_us : 0);
	return facts;
}

int decision_load_facts(struct store_tx *tx, struct arena *arena,
	const struct decision_question *question, const struct decision_analysis *analysis,
	const struct decision_assessed *assessed, const struct alerts *alerts, json_t **ret_facts,
	json_t **ret_rules, char ret_context[static DIGEST_TEXT_SIZE], struct error *err)
{
	struct loading l = {
		.tx = tx,
		.arena = arena,
		.question = question,
		.analysis = analysis,
		.assessed = assessed,
		.alerts = alerts,
		.facts = begin_facts(question),
		.err = err,
	};
	const load_part *parts = question->release ? release_parts : command_parts;
	size_t count = question->release ? sizeof(release_parts) / sizeof(*parts)
					 : sizeof(command_parts) / sizeof(*parts);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = parts[i](&l);
	if (rc < 0) {
		json_decref(l.facts);
		json_decref(l.rules);
		return rc;
	}
	*ret_facts = l.facts;
	*ret_rules = l.rules;
	memcpy(ret_context, l.context, DIGEST_TEXT_SIZE);
	return 0;
}
