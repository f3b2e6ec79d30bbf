/* What moves by itself: calendars, other changes, what the rules say of them, emergencies. */
#include "calendar/calendar.h"
#include "change/decision/decision_facts.h"
#include "change/emergency/emergency.h"
#include "change/object/object.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <string.h>

/* --- calendars --- */

/* Labels of what it is about: one object for the target, or for the release's service. */
static json_t *subjects_of(const struct loading *l)
{
	json_t *subjects = json_array(), *labels;

	if (l->target) {
		json_array_append_new(subjects, target_all_labels(l->target));
	} else if (l->release) {
		labels = json_object();
		json_set_text(labels, "service", l->release->service);
		json_set_text(labels, "environment", l->release->environment);
		json_array_append_new(subjects, labels);
	}
	return subjects;
}

/* Its approvers let that through; whether their yes counts now is asked apart. */
static bool is_excepted(const struct loading *l, const struct calendar_reason *reason)
{
	return l->change && change_is_excepted(l->change->exceptions, reason);
}

/* All that closes now is let through: one calendar that nobody was asked about is enough. */
static bool are_excepted(const struct loading *l, const struct calendar_state *state)
{
	for (size_t i = 0; i < state->reason_count; i++)
		if (state->reasons[i].why != CALENDAR_ADVISORY &&
			!is_excepted(l, &state->reasons[i]))
			return false;
	return true;
}

/* When what begins now must have stopped, because a calendar closes then and says kill. */
static int find_kill(struct loading *l, const json_t *subjects, int64_t closes_at_us,
	int64_t *ret_kill_at, struct error *err)
{
	struct calendar_state then;
	int rc;

	*ret_kill_at = 0;
	if (!closes_at_us)
		return 0;
	rc = calendar_get_state(l->tx, l->arena, subjects, closes_at_us, &then, err);
	for (size_t i = 0; rc >= 0 && !then.is_open && i < then.reason_count; i++) {
		const struct calendar_reason *reason = &then.reasons[i];
		int64_t at = closes_at_us + reason->grace_ms * 1000;

		if (reason->why == CALENDAR_ADVISORY || reason->overrun != CALENDAR_KILL ||
			is_excepted(l, reason))
			continue;
		if (!*ret_kill_at || at < *ret_kill_at)
			*ret_kill_at = at;
	}
	return rc;
}

static void set_closed(json_t *calendar, const struct calendar_state *state)
{
	const struct calendar_reason *first = NULL;

	/* What is stale is said before what is closed: it may hide more. */
	for (size_t i = 0; i < state->reason_count; i++)
		if (state->reasons[i].why != CALENDAR_ADVISORY &&
			(!first || (state->reasons[i].why == CALENDAR_STALE &&
					   first->why != CALENDAR_STALE)))
			first = &state->reasons[i];
	if (!first)
		return;
	json_set_text(calendar, "why",
		first->why == CALENDAR_STALE ? "stale" : calendar_why_word(first->why));
	json_set_text(calendar, "name", first->calendar);
	json_set_text(calendar, "event", first->event ? first->event : "");
	json_set_int(calendar, "until_us", first->until_us);
}

int loading_calendar(struct loading *l)
{
	json_t *calendar = json_object(), *subjects = subjects_of(l);
	struct calendar_state state;
	int64_t kill_at = 0;
	int rc = calendar_get_state(l->tx, l->arena, subjects, l->question->now_us, &state, l->err);

	json_object_set_new(l->facts, "calendar", calendar);
	if (rc >= 0 && state.is_open)
		rc = find_kill(l, subjects, state.next_transition_us, &kill_at, l->err);
	json_decref(subjects);
	if (rc < 0)
		return rc;
	json_set_bool(calendar, "open", state.is_open);
	json_set_bool(calendar, "excepted", !state.is_open && are_excepted(l, &state));
	json_set_int(calendar, "next_us", state.next_transition_us);
	json_set_int(calendar, "kill_at_us", kill_at);
	if (!state.is_open)
		set_closed(calendar, &state);
	return 0;
}

/* --- other changes --- */

static void add_claim(struct loading *l, size_t *capacity, const char *key, bool is_exclusive)
{
	l->claims = arena_grow(l->arena, l->claims, l->claim_count, capacity, sizeof(*l->claims));
	l->claims[l->claim_count++] =
		(struct object_claim){arena_text(l->arena, key), is_exclusive};
}

#define SHARED "shared "

/* What this command touches, what the change says besides, and that its services stand still. */
static void collect_claims(struct loading *l)
{
	const char *host = l->target ? arena_format(l->arena, "host:%s", l->target->name) : "";
	json_t *objects = NULL;
	const json_t *object;
	size_t i, capacity = 0;

	if (l->analysis && l->analysis->commands)
		objects = command_objects(l->analysis->commands, host);
	json_array_foreach (objects, i, object)
		add_claim(l, &capacity, json_string_value(json_object_get(object, "key")),
			strcmp(json_string_value(json_object_get(object, "mode")), "shared") != 0);
	json_decref(objects);
	if (l->release)
		add_claim(
			l, &capacity, arena_format(l->arena, "svc:%s", l->release->service), true);
	if (!l->revision || l->release)
		return;
	for (const char *const *key = l->revision->objects; key && *key; key++) {
		bool is_shared = !strncmp(*key, SHARED, strlen(SHARED));

		add_claim(l, &capacity, *key + (is_shared ? strlen(SHARED) : 0), !is_shared);
	}
	for (const char *const *service = l->revision->services; service && *service; service++)
		add_claim(l, &capacity, arena_format(l->arena, "svc:%s", *service), false);
}

static bool is_named_in(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

/* Both must name each other. */
static int load_coordinated(struct loading *l, const struct change *other, bool *ret)
{
	struct revision *revision;
	int rc;

	*ret = false;
	if (!l->change || l->release || !is_named_in(l->revision->coordinated_with, other->name))
		return 0;
	if ((rc = change_get_revision(l->tx, l->arena, other, &revision, l->err)) < 0)
		return rc;
	*ret = is_named_in(revision->coordinated_with, l->change->name);
	return 0;
}

static int add_conflict(struct loading *l, json_t *list, const struct object_conflict *conflict)
{
	bool is_coordinated = false;
	struct change *other;
	json_t *object;
	int rc = 0;

	if (!strncmp(conflict->holder, "CHG-", 4)) {
		if ((rc = change_get(l->tx, l->arena, conflict->holder, &other, l->err)) < 0 ||
			(rc = load_coordinated(l, other, &is_coordinated)) < 0)
			return rc;
		if (!change_holds_up(other))
			return 0;
	}
	object = json_object();
	json_set_text(object, "change", conflict->holder);
	json_set_text(object, "key", conflict->key);
	json_set_text(object, "other_key", conflict->other_key);
	json_set_text(object, "kind", conflict->kind);
	json_set_int(object, "until_us", conflict->end_us);
	/* Related through an edge is told (CONF-002), and held up by the rules alone. */
	json_set_bool(
		object, "coordinated", is_coordinated || strcmp(conflict->kind, "exclusive") != 0);
	json_array_append_new(list, object);
	return 0;
}

static int64_t end_of(const struct loading *l)
{
	if (l->release)
		return l->question->now_us + RELEASE_LIFE_US;
	if (!l->change)
		return l->question->now_us + 1;
	return l->change->end_us + l->revision->observe_s * 1000000;
}

int loading_conflicts(struct loading *l)
{
	struct object_conflict *found = NULL;
	const char *holder = l->release ? l->release->name : l->change ? l->change->name : "";
	json_t *list = json_array();
	size_t count = 0;
	int rc = 0;

	json_object_set_new(l->facts, "conflicts", list);
	collect_claims(l);
	if (l->claim_count)
		rc = object_find_conflicts(l->tx, l->arena, holder, l->claims, l->claim_count,
			l->question->now_us, end_of(l), &found, &count, l->err);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = add_conflict(l, list, &found[i]);
	return rc;
}

/* --- the rules --- */

json_t *loading_finding_json(const struct risk_finding *finding)
{
	const char severity[2] = {finding->severity, 0};
	json_t *object = json_object();

	json_set_text(object, "rule", finding->rule);
	json_set_text(object, "severity", severity);
	json_set_text(object, "object", finding->object);
	json_set_text(object, "message", finding->message);
	return object;
}

static bool counts(const struct risk_finding *finding)
{
	return !strcmp(finding->tier, "ENFORCE") &&
	       (finding->severity == 'C' || finding->severity == 'H');
}

static bool was_seen(const struct risk_report *report, const struct risk_finding *finding)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->findings[i].rule, finding->rule) &&
			report->findings[i].step == finding->step &&
			!strcmp(report->findings[i].object, finding->object) &&
			!strcmp(report->findings[i].seen, finding->seen))
			return true;
	return false;
}

/* What is found now and nobody approved (`before`); of a release, what the rules for releases find.
 */
static json_t *added_findings(const struct risk_report *now, const struct risk_report *before)
{
	json_t *added = json_array();

	for (size_t i = 0; i < now->count; i++)
		if (counts(&now->findings[i]) &&
			(before ? !was_seen(before, &now->findings[i])
				: !strncmp(now->findings[i].rule, "REL-", 4)))
			json_array_append_new(added, loading_finding_json(&now->findings[i]));
	return added;
}

/* The rules were asked for exactly this; else they are asked (again), and facts wait. */
static int set_rules(struct loading *l, json_t *rules, json_t *input, const char *context,
	const struct risk_report *before)
{
	const struct decision_assessed *assessed = l->assessed;

	if (!assessed->is_done || strcmp(assessed->context, context) != 0) {
		l->rules = input;
		memcpy(l->context, context, DIGEST_TEXT_SIZE);
		json_set_text(rules, "state", "unknown");
		return 0;
	}
	json_decref(input);
	json_set_text(rules, "state", assessed->has_failed ? "failed" : "asked");
	if (assessed->has_failed)
		return 0;
	json_set_text(rules, "revision", assessed->revision);
	json_set_bool(rules, "has_error", assessed->report->has_error);
	json_object_set_new(rules, "added", added_findings(assessed->report, before));
	return 0;
}

void loading_digest(const json_t *input, char ret[static DIGEST_TEXT_SIZE])
{
	struct arena arena = ARENA_INIT;
	struct digest digest;
	const char *text = json_text(&arena, input);

	digest_of(text, strlen(text), &digest);
	digest_text(&digest, ret);
	arena_done(&arena);
}

json_t *loading_rule_input(const struct loading *l, const json_t *frame, const json_t *follow_ups)
{
	const json_t *release = json_object_get(json_object_get(l->facts, "release"), "rules");
	struct decision_subject subject = {
		.commands = release ? NULL : l->analysis->commands,
		.release = release,
		.frame = frame,
		.follow_ups = follow_ups,
		.secret = frame ? l->analysis->has_secret : NULL,
		.id = l->release ? l->release->name : "CHG-0",
		.target = l->target ? l->target->name : "",
		.person = json_string_value(
			json_object_get(json_object_get(l->facts, "actor"), "name")),
		.service = l->release  ? l->release->service
			   : l->target ? l->target->service
				       : "",
		.environment = l->release  ? l->release->environment
			       : l->target ? l->target->environment
					   : "",
		.runas = l->question->request.exec.runas,
		.cwd = l->question->request.exec.cwd,
	};

	return decision_rule_input(&subject);
}

static int load_release_rules(struct loading *l, json_t *rules)
{
	const json_t *body = json_object_get(json_object_get(l->facts, "release"), "rules");
	char context[DIGEST_TEXT_SIZE];
	json_t *input;

	if (!body) { /* the end of a phase asks nothing */
		json_set_text(rules, "state", "same");
		return 0;
	}
	input = loading_rule_input(l, NULL, NULL);
	loading_digest(input, context);
	return set_rules(l, rules, input, context, NULL);
}

static bool is_in_force(const struct loading *l)
{
	const json_t *change = json_object_get(l->facts, "change");

	return l->match.grant && !l->match.grant->revoked_reason &&
	       l->match.grant->revision == l->change->revision &&
	       !strcmp(json_string_value(json_object_get(change, "approval")), "ok");
}

int loading_rules(struct loading *l)
{
	char before[DIGEST_TEXT_SIZE] = "", now[DIGEST_TEXT_SIZE] = "";
	struct risk_report *report = NULL;
	json_t *rules = json_object(), *input = NULL;
	int rc;

	json_object_set_new(l->facts, "rules", rules);
	if (l->release)
		return load_release_rules(l, rules);
	if (!l->change) {
		json_set_text(rules, "state", "same");
		return 0;
	}
	/* Of what is refused before the rules have a word, nothing need be asked. */
	if (!is_in_force(l))
		return 0;
	if ((rc = change_assessed_context(l->tx, l->change, before, l->err)) < 0 ||
		(rc = change_rule_input(l->tx, l->arena, l->change, l->alerts, l->question->now_us,
			 &input, now, l->err)) < 0)
		return rc;
	json_set_text(rules, "context", now);
	if (*before && !strcmp(before, now)) {
		json_decref(input);
		json_set_text(rules, "state", "same");
		return 0;
	}
	rc = risk_get(l->tx, l->arena, l->change->seq, l->change->revision, &report, l->err);
	if (rc < 0) {
		json_decref(input);
		return rc;
	}
	return set_rules(l, rules, input, now, report);
}

/* --- emergencies --- */

/* What destroys devices or databases, or blinds the gate. */
static const char *const hard_rules[] = {"FS-006", "DB-001", "SYS-003", NULL};

/* What is owed is said; whether it stops one was decided when the emergency began. */
static const char *const owed_rules[] = {"EMG-001", NULL};

static json_t *findings_of(const struct risk_report *report, const char *const *rules)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->count; i++)
		if (is_named_in(rules, report->findings[i].rule))
			json_array_append_new(list, loading_finding_json(&report->findings[i]));
	return list;
}

/* Its own is owed in any case, and the duty manager let pass what stood in the way of its start. */
static int load_owed(const struct loading *l, const struct emergency *emergency, json_t *list)
{
	struct follow_up **open;
	size_t count = 0;
	int rc = follow_up_list_open(l->tx, l->arena, l->question->now_us, &open, &count, l->err);

	for (size_t i = 0; rc >= 0 && !emergency->is_override && i < count; i++)
		if (open[i]->seq != emergency->seq)
			json_array_append_new(list, follow_up_rule_json(open[i]));
	return rc < 0 ? rc : 0;
}

static int assess_emergency(struct loading *l, const struct emergency *emergency, json_t *object)
{
	const struct decision_assessed *assessed = l->assessed;
	json_t *owed = json_array(), *input;
	char context[DIGEST_TEXT_SIZE];
	bool is_whole;
	int rc = load_owed(l, emergency, owed);

	input = rc < 0 ? NULL : loading_rule_input(l, NULL, owed);
	json_decref(owed);
	if (rc < 0)
		return rc;
	loading_digest(input, context);
	if (!assessed->is_done || strcmp(assessed->context, context) != 0) {
		/* What the rules say of a change is not asked as well: the emergency skips it. */
		json_decref(l->rules);
		l->rules = input;
		memcpy(l->context, context, DIGEST_TEXT_SIZE);
		return 0;
	}
	json_decref(input);
	is_whole = !assessed->has_failed && !assessed->report->has_error && l->analysis->commands;
	json_set_bool(object, "is_assessed", is_whole);
	if (is_whole) {
		json_object_set_new(object, "hard", findings_of(assessed->report, hard_rules));
		json_object_set_new(object, "owed", findings_of(assessed->report, owed_rules));
	}
	return 0;
}

int loading_emergency(struct loading *l)
{
	const char *services[2] = {NULL, NULL};
	struct decision_outcome outcome;
	struct emergency *emergency;
	json_t *object;
	int rc;

	if (!l->target || !*l->question->person_id)
		return 0;
	services[0] = *l->target->service ? l->target->service : NULL;
	rc = emergency_find(l->tx, l->arena, l->question->person_id, l->target->name, services,
		l->question->now_us, &emergency, NULL);
	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc < 0)
		return error_set(l->err, rc, "emergencies cannot be looked up");
	/* It is asked for only when nothing else allows the command. */
	decision_decide(l->arena, l->facts, &outcome);
	if (!l->rules && gate_reason_verdict(outcome.reason) == GATE_ALLOW)
		return 0;
	object = json_object();
	json_object_set_new(l->facts, "emergency", object);
	json_set_text(object, "name", emergency->name);
	json_set_int(object, "seq", emergency->seq);
	json_set_int(object, "ends_at_us", emergency->ends_at_us);
	json_set_bool(object, "has_key",
		l->question->key_person && *l->question->key_person &&
			strcmp(l->question->key_person, l->question->person_id) != 0);
	return assess_emergency(l, emergency, object);
}

/* --- one that runs --- */

static int64_t smallest_grace_ms(const struct loading *l, const struct calendar_state *state)
{
	int64_t grace_ms = -1;

	for (size_t i = 0; i < state->reason_count; i++) {
		const struct calendar_reason *reason = &state->reasons[i];

		if (reason->why == CALENDAR_ADVISORY || reason->overrun != CALENDAR_KILL ||
			is_excepted(l, reason))
			continue;
		if (grace_ms < 0 || reason->grace_ms < grace_ms)
			grace_ms = reason->grace_ms;
	}
	return grace_ms;
}

int64_t decision_kill_grace_ms(struct store_tx *tx, struct arena *arena, int64_t change_seq,
	const json_t *subjects, int64_t now_us)
{
	struct loading l = {.tx = tx, .arena = arena};
	struct calendar_state state;

	if (calendar_get_state(tx, arena, subjects, now_us, &state, NULL) < 0 || state.is_open)
		return -1;
	if (change_get_seq(tx, arena, change_seq, &l.change, NULL) < 0)
		l.change = NULL;
	return smallest_grace_ms(&l, &state);
}

static json_t *subjects_of_change(struct loading *l)
{
	json_t *subjects = json_array();

	for (size_t i = 0; i < l->revision->target_count; i++) {
		struct target *target;

		if (target_get(l->tx, l->arena, l->revision->targets[i].name, &target, NULL) == 0)
			json_array_append_new(subjects, target_all_labels(target));
	}
	return subjects;
}

static const char *why_closed(struct loading *l)
{
	json_t *subjects = subjects_of_change(l);
	struct calendar_state state;
	int rc = calendar_get_state(l->tx, l->arena, subjects, l->question->now_us, &state, l->err);

	json_decref(subjects);
	if (rc < 0)
		return "calendars cannot be read";
	return state.is_open || are_excepted(l, &state) ? "" : "a calendar is closed";
}

static const char *why_conflict(struct loading *l)
{
	const json_t *conflict;
	size_t i;

	if (loading_conflicts(l) < 0)
		return "conflicts cannot be looked up";
	json_array_foreach (json_object_get(l->facts, "conflicts"), i, conflict)
		if (!json_is_true(json_object_get(conflict, "coordinated")))
			return arena_format(l->arena, "%s holds %s",
				json_string_value(json_object_get(conflict, "change")),
				json_string_value(json_object_get(conflict, "other_key")));
	return "";
}

/* Nothing of it is under way: before its window or after it, or all that it started has ended. */
static int why_idle(struct loading *l, const char **ret_why)
{
	int64_t open_runs = 0, now_us = l->question->now_us;
	char text[TIME_TEXT_SIZE];
	int rc;

	*ret_why = "";
	if (now_us < l->change->start_us)
		*ret_why = arena_format(l->arena, "its window begins at %s",
			time_format(l->change->start_us, text, sizeof(text)));
	else if (now_us >= l->change->end_us)
		*ret_why = arena_format(l->arena, "its window was over at %s",
			time_format(l->change->end_us, text, sizeof(text)));
	if (**ret_why || l->change->state != CHANGE_VERIFYING)
		return 0;
	rc = run_count_open(l->tx, l->change->seq, &open_runs, l->err);
	if (rc >= 0 && !open_runs)
		*ret_why = "its commands have ended";
	return rc < 0 ? rc : 0;
}

int decision_may_go_on(struct store_tx *tx, struct arena *arena, const char *name, int64_t now_us,
	const char **ret_why, struct error *err)
{
	struct decision_question question = {.now_us = now_us};
	struct loading l = {.tx = tx, .arena = arena, .question = &question, .err = err};
	enum gate_reason reason = REASON_NOT_APPROVED;
	int rc;

	if ((rc = change_get(tx, arena, name, &l.change, err)) < 0 ||
		(rc = change_get_revision(tx, arena, l.change, &l.revision, err)) < 0)
		return rc;
	if (change_check_approved(tx, arena, l.change, now_us, &reason, NULL) < 0) {
		*ret_why = arena_format(arena, "it may not run: %s", gate_reason_word(reason));
		return 0;
	}
	if ((rc = why_idle(&l, ret_why)) < 0 || **ret_why)
		return rc;
	*ret_why = why_closed(&l);
	if (**ret_why)
		return 0;
	l.facts = json_object();
	*ret_why = why_conflict(&l);
	json_decref(l.facts);
	return 0;
}
