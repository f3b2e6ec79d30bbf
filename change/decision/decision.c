#include "change/decision/decision_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <string.h>

/* --- reading facts: what is not there says no --- */

struct deciding {
	struct arena *arena;
	const json_t *facts;
	struct decision_outcome *out;
};

static const json_t *part(const struct deciding *d, const char *name)
{
	return json_object_get(d->facts, name);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int64_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static bool is_word(const json_t *object, const char *key, const char *word)
{
	return !strcmp(text_of(object, key), word);
}

static int64_t now_of(const struct deciding *d)
{
	return int_of(d->facts, "now_us");
}

static const char *time_text(const struct deciding *d, int64_t at_us)
{
	char text[TIME_TEXT_SIZE];

	return arena_text(d->arena, time_format(at_us, text, sizeof(text)));
}

/* What the person named or what was found: "CHG-7 step 2". */
static const char *subject(const struct deciding *d)
{
	const json_t *grant = part(d, "grant"), *named = part(d, "named");
	const json_t *what = grant ? grant : named;
	int64_t step = int_of(what, "step");

	if (!*text_of(what, "change"))
		return "the command";
	return step ? arena_format(
			      d->arena, "%s step %lld", text_of(what, "change"), (long long)step)
		    : text_of(what, "change");
}

static bool say(struct deciding *d, enum gate_reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool say(struct deciding *d, enum gate_reason reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	d->out->reason = reason;
	d->out->message = arena_vformat(d->arena, format, args);
	va_end(args);
	return true;
}

static bool is_mutating(const struct deciding *d)
{
	return !is_word(part(d, "command"), "proof", "read");
}

/* --- who, where, when --- */

static bool check_actor(struct deciding *d)
{
	const json_t *actor = part(d, "actor");

	if (!*text_of(actor, "person"))
		return say(d, REASON_ACTOR_MISMATCH,
			"the account %s is nobody's here\nan admin maps it: rcm account map HOST "
			"ACCOUNT PERSON; on the daemon's own host: rcm peer map UID PERSON",
			text_of(actor, "user"));
	if (!is_set(actor, "enabled"))
		return say(d, REASON_ACTOR_MISMATCH, "%s is disabled", text_of(actor, "name"));
	return false;
}

static bool check_target(struct deciding *d)
{
	const json_t *target = part(d, "target");

	if (!*text_of(target, "identity") || !*text_of(target, "name"))
		return say(d, REASON_TARGET_MISMATCH,
			"no target has the identity of this host\nprint it there (rcm identity), "
			"and add a target of kind host with that address");
	if (!is_set(target, "gate_fits"))
		return say(d, REASON_TARGET_MISMATCH,
			"the token is not the one of %s\nits label `gate` names the agent that may "
			"ask for it",
			text_of(target, "name"));
	return false;
}

static bool check_clock(struct deciding *d)
{
	int64_t skew = int_of(d->facts, "skew_us");

	if (skew >= -DECISION_SKEW_US && skew <= DECISION_SKEW_US)
		return false;
	return say(d, REASON_CLOCK_SKEW,
		"the clocks differ by %lld seconds, more than %lld\nset the clock of the host that "
		"asks",
		(long long)(skew / 1000000), (long long)(DECISION_SKEW_US / 1000000));
}

/* --- the command by itself --- */

static bool check_steering(struct deciding *d)
{
	const json_t *names = part(d, "steering");

	if (!json_is_array(names))
		return say(d, REASON_OPAQUE, "its environment is not known");
	if (!json_array_size(names))
		return false;
	d->out->rule = "EXEC-005";
	return say(d, REASON_RULE,
		"the variable %s changes what is executed\nrun it without: env -u %s",
		json_string_value(json_array_get(names, 0)),
		json_string_value(json_array_get(names, 0)));
}

static bool check_text(struct deciding *d)
{
	const char *problem = text_of(d->facts, "text");
	enum gate_reason reason = REASON_ENCODING;

	if (!*problem || part(d, "grant"))
		return false;
	gate_reason_parse(problem, &reason);
	return say(d, reason,
		"a word of the command holds bytes that deceive who reads it\nwrite it in plain "
		"characters, or file it as a script");
}

static bool check_strict(struct deciding *d)
{
	const json_t *command = part(d, "command");
	enum gate_reason reason = REASON_OPAQUE;

	if (!is_set(d->facts, "strict") || !*text_of(command, "reason"))
		return false;
	gate_reason_parse(text_of(command, "reason"), &reason);
	return say(d, reason, "it cannot be proved what the command does (%s)",
		text_of(command, "reason"));
}

/* --- a command that an allowed run started --- */

static bool is_proved_read(const struct deciding *d)
{
	const json_t *command = part(d, "command");

	return is_word(command, "proof", "read") && is_set(command, "trusted");
}

static bool allow_child(struct deciding *d, const char *why)
{
	d->out->take = DECISION_TAKE_PARENT;
	return say(d,
		*text_of(part(d, "parent"), "emergency") ? REASON_OK_EMERGENCY : REASON_OK_GRANT,
		"%s", why);
}

/*
 * A run covers of its children: proved reads of trusted programs; under a step of kind shell, what
 * the change lists as steps of their own (those have grants, below); under a script whose bytes are
 * bound, any trusted program. Nothing under an exec, sql or edit step.
 */
static bool check_parent(struct deciding *d)
{
	const json_t *parent = part(d, "parent");
	bool is_trusted = is_set(part(d, "command"), "trusted");

	if (!parent)
		return false;
	if (!is_word(parent, "state", "started") || !is_set(parent, "same_person") ||
		!is_set(parent, "same_target"))
		return say(d, REASON_SESSION_STATE, "the run %s is not under way here",
			text_of(parent, "run"));
	if (*text_of(parent, "stop"))
		return say(d, REASON_REVOKED, "the run must stop: %s", text_of(parent, "stop"));
	if (is_proved_read(d))
		return allow_child(d, "a proved read within an allowed run");
	if (is_word(parent, "kind", "script") && is_trusted)
		return allow_child(d, "a program that the approved script starts");
	if (part(d, "grant") || *text_of(parent, "emergency"))
		return false;
	return say(d, REASON_FINGERPRINT_MISMATCH,
		"what %s step %lld runs is approved, this command that it starts is not\nfile it "
		"as "
		"a step of its own, or as a script",
		text_of(parent, "change"), (long long)int_of(parent, "step"));
}

/* --- without a grant --- */

static bool check_readonly(struct deciding *d)
{
	if (part(d, "named") || !is_proved_read(d))
		return false;
	return say(d, REASON_OK_READONLY, "it only reads");
}

static bool check_named(struct deciding *d)
{
	const json_t *mismatch = part(d, "mismatch");
	enum gate_reason reason = REASON_FINGERPRINT_MISMATCH;

	if (part(d, "grant") || !part(d, "named"))
		return false;
	gate_reason_parse(text_of(mismatch, "reason"), &reason);
	return say(d, reason, "%s", text_of(mismatch, "detail"));
}

/* Unprovable in a way that no other filing would mend is said so; else the way is a change. */
static bool check_covered(struct deciding *d)
{
	const json_t *command = part(d, "command");
	enum gate_reason reason;

	if (part(d, "grant"))
		return false;
	if (gate_reason_parse(text_of(command, "reason"), &reason) &&
		(reason == REASON_OPAQUE || reason == REASON_INTERACTIVE_SHELL))
		return say(d, reason,
			"it cannot be seen what the command does (%s)\nfile it as a script or a "
			"session: rcm new",
			text_of(command, "reason"));
	if (is_word(command, "proof", "read"))
		return say(d, REASON_NO_CHANGE,
			"the program can be changed by others than root, so it is not proved to "
			"read\nfile it: rcm new");
	return say(d, REASON_NO_CHANGE, "no change covers it (%s)\nfile one: rcm new",
		is_word(command, "proof", "mutate") ? "it changes something"
						    : "it is not proved to read only");
}

/* --- with a grant --- */

static bool check_person(struct deciding *d)
{
	if (is_set(part(d, "grant"), "person_fits"))
		return false;
	return say(d, REASON_ACTOR_MISMATCH, "%s is not among those who may run it",
		text_of(part(d, "actor"), "name"));
}

/* Before what came of the grant since: its last run may have ended the change. */
static bool check_used(struct deciding *d)
{
	if (int_of(part(d, "grant"), "runs_left") > 0)
		return false;
	return say(d, REASON_USED_UP, "it was run as often as it may be");
}

static bool check_revision(struct deciding *d)
{
	const json_t *grant = part(d, "grant"), *change = part(d, "change");

	if (is_word(grant, "revoked", "") &&
		int_of(grant, "revision") == int_of(change, "revision"))
		return false;
	if (!is_word(grant, "revoked", ""))
		return say(
			d, REASON_REVOKED, "the grant was revoked: %s", text_of(grant, "revoked"));
	return say(d, REASON_REVISION_MISMATCH,
		"what was approved is revision %lld, and %lld is current",
		(long long)int_of(grant, "revision"), (long long)int_of(change, "revision"));
}

static bool check_approved(struct deciding *d)
{
	const char *why = text_of(part(d, "change"), "approval");
	enum gate_reason reason = REASON_NOT_APPROVED;

	if (!strcmp(why, "ok"))
		return false;
	gate_reason_parse(why, &reason);
	return say(d, reason, "the approval does not count now (%s); the change is %s",
		gate_reason_word(reason), text_of(part(d, "change"), "state"));
}

static bool check_window(struct deciding *d)
{
	const json_t *grant = part(d, "grant");
	int64_t from = int_of(grant, "not_before_us"), to = int_of(grant, "not_after_us");

	if (now_of(d) < from)
		return say(d, REASON_NOT_YET, "it may run from %s on", time_text(d, from));
	if (now_of(d) >= to)
		return say(d, REASON_EXPIRED, "it could run until %s", time_text(d, to));
	return false;
}

static bool check_contents(struct deciding *d)
{
	const json_t *unbound = part(d, "unbound");

	if (!json_array_size(unbound))
		return false;
	return say(d, REASON_CONTENT_UNBOUND, "the content %s is bound to nothing",
		json_string_value(json_array_get(unbound, 0)));
}

/* --- what moves by itself --- */

static bool check_calendar(struct deciding *d)
{
	const json_t *calendar = part(d, "calendar");
	const char *why = text_of(calendar, "why");

	if (is_set(calendar, "open") || is_set(calendar, "excepted"))
		return false;
	if (!strcmp(why, "stale"))
		return say(d, REASON_CALENDAR_STALE,
			"the calendar %s is too old to go by\nimport it anew",
			text_of(calendar, "name"));
	if (!strcmp(why, "freeze"))
		return say(d, REASON_FROZEN, "frozen by %s (%s)%s%s", text_of(calendar, "event"),
			text_of(calendar, "name"), int_of(calendar, "until_us") ? " until " : "",
			int_of(calendar, "until_us") ? time_text(d, int_of(calendar, "until_us"))
						     : "");
	return say(d, REASON_OUTSIDE_WINDOW, "no window of %s is open%s%s",
		text_of(calendar, "name"),
		int_of(calendar, "next_us") ? "; the next change is at " : "",
		int_of(calendar, "next_us") ? time_text(d, int_of(calendar, "next_us")) : "");
}

static bool check_conflicts(struct deciding *d)
{
	const json_t *conflict;
	size_t i;

	if (!json_is_array(part(d, "conflicts")))
		return say(d, REASON_CONFLICT, "what else is under way is not known");
	json_array_foreach (part(d, "conflicts"), i, conflict) {
		if (is_set(conflict, "coordinated"))
			continue;
		return say(d, REASON_CONFLICT, "%s of %s is held by %s (%s) until %s%s",
			text_of(conflict, "key"), subject(d), text_of(conflict, "change"),
			text_of(conflict, "other_key"), time_text(d, int_of(conflict, "until_us")),
			text_starts_with(text_of(conflict, "change"), "REL-")
				? "\nCONF-003: wait for the release, or end it"
				: "\nwait, or name each other in coordinated_with");
	}
	return false;
}

static bool check_rules(struct deciding *d)
{
	const json_t *rules = part(d, "rules"),
		     *finding = json_array_get(json_object_get(rules, "added"), 0);

	if (is_word(rules, "state", "same"))
		return false;
	if (!is_word(rules, "state", "asked") || is_set(rules, "has_error"))
		return say(d, REASON_RULE_ERROR,
			"the risk rules cannot be asked again, and what they looked at has "
			"changed\nassess it anew: rcm submit");
	if (!finding)
		return false;
	d->out->rule = text_of(finding, "rule");
	return say(d, REASON_RULE, "%s\nthis was not so when it was approved",
		text_of(finding, "message"));
}

/* --- releases --- */

static bool check_release(struct deciding *d)
{
	const json_t *release = part(d, "release");

	if (!release)
		return false;
	if (*text_of(release, "refusal"))
		return say(d, REASON_SESSION_STATE, "%s", text_of(release, "refusal"));
	return false;
}

/* A platform that names a change goes on under its approval. */
static bool check_release_approved(struct deciding *d)
{
	return part(d, "named") && check_approved(d);
}

static bool allow_release(struct deciding *d)
{
	const json_t *release = part(d, "release");

	if (!release)
		return false;
	return say(d, REASON_OK_GRANT, "%s of %s %s", text_of(release, "phase"),
		text_of(release, "service"),
		is_word(d->facts, "phase", "node_end") ? "has ended" : "may go on");
}

static bool allow_grant(struct deciding *d)
{
	d->out->take = DECISION_TAKE_GRANT;
	return say(d, REASON_OK_GRANT, "%s", subject(d));
}

/* --- the tables --- */

struct check {
	const char *name;
	bool (*decides)(struct deciding *d);
	bool is_skipped; /* in an emergency */
};

/* In this order: the first that decides has the word. */
static const struct check command_checks[] = {
	{"actor", check_actor, false},
	{"target", check_target, false},
	{"clock", check_clock, false},
	{"steering", check_steering, false},
	{"text", check_text, false},
	{"parent", check_parent, true},
	{"strict", check_strict, false},
	{"readonly", check_readonly, false},
	{"named", check_named, true},
	{"covered", check_covered, true},
	{"person", check_person, true},
	{"used", check_used, true},
	{"revision", check_revision, true},
	{"approved", check_approved, true},
	{"window", check_window, true},
	{"contents", check_contents, true},
	{"calendar", check_calendar, true},
	{"conflicts", check_conflicts, true},
	{"rules", check_rules, true},
	{"grant", allow_grant, false},
	{NULL, NULL, false},
};

static const struct check release_checks[] = {
	{"actor", check_actor, false},
	{"clock", check_clock, false},
	{"release", check_release, false},
	{"approved", check_release_approved, false},
	{"calendar", check_calendar, false},
	{"conflicts", check_conflicts, false},
	{"rules", check_rules, false},
	{"allow", allow_release, false},
	{NULL, NULL, false},
};

/* What has begun may always be told to have ended. */
static const struct check release_end_checks[] = {
	{"actor", check_actor, false},
	{"clock", check_clock, false},
	{"release", check_release, false},
	{"allow", allow_release, false},
	{NULL, NULL, false},
};

static const struct check *table_of(const struct deciding *d)
{
	if (!part(d, "release"))
		return command_checks;
	return is_word(d->facts, "phase", "node_end") ? release_end_checks : release_checks;
}

static const struct check *decide_by(struct deciding *d, const struct check *checks)
{
	const struct check *check = checks;

	while (check->name && !check->decides(d))
		check++;
	if (check->name)
		d->out->check = check->name;
	else
		say(d, REASON_NO_CHANGE, "nothing allows it");
	return check;
}

/*
 * Approvals and windows are skipped; what destroys devices, databases or the gate's eyes needs the
 * second person's key, typed now. So does everything when the rules cannot be asked.
 */
static void decide_emergency(struct deciding *d)
{
	const json_t *emergency = part(d, "emergency"), *hard = json_object_get(emergency, "hard");
	const char *name = text_of(emergency, "name");

	d->out->take = DECISION_TAKE_NOTHING;
	d->out->check = "emergency";
	if (!is_set(emergency, "is_assessed") && !is_set(emergency, "has_key")) {
		say(d, REASON_RULE_ERROR,
			"%s: the risk rules cannot be asked now\na second person types their key, "
			"and it may run",
			name);
		d->out->must |= GATE_WANTS_KEY;
		return;
	}
	if (json_array_size(hard) && !is_set(emergency, "has_key")) {
		const json_t *finding = json_array_get(hard, 0);

		d->out->rule = text_of(finding, "rule");
		say(d, REASON_RULE, "%s\n%s does not skip this: a second person types their key",
			text_of(finding, "message"), name);
		d->out->must |= GATE_WANTS_KEY;
		return;
	}
	d->out->take = part(d, "parent") ? DECISION_TAKE_PARENT : DECISION_TAKE_EMERGENCY;
	say(d, REASON_OK_EMERGENCY, "%s: recorded, and a follow-up is owed", name);
}

/* --- what the client must do --- */

static void oblige(struct deciding *d)
{
	struct decision_outcome *out = d->out;
	const json_t *grant = part(d, "grant"), *calendar = part(d, "calendar");

	if (gate_reason_verdict(out->reason) != GATE_ALLOW || part(d, "release"))
		return;
	if (is_set(part(d, "command"), "secret"))
		out->must |= GATE_MUST_MASK;
	if (out->take == DECISION_TAKE_NOTHING)
		return;
	out->must |= GATE_MUST_PARENT;
	if (out->reason == REASON_OK_EMERGENCY || is_mutating(d))
		out->must |= GATE_MUST_RECORD;
	if (out->take != DECISION_TAKE_GRANT)
		return;
	if (is_word(grant, "kind", "script") || is_word(grant, "kind", "sql"))
		out->must |= GATE_MUST_SEAL;
	if (is_set(grant, "null_input") && !is_word(part(d, "parent"), "kind", "shell"))
		out->must |= GATE_MUST_NULL_INPUT;
	out->kill_at_us = int_of(calendar, "kill_at_us");
}

void decision_decide(struct arena *arena, const json_t *facts, struct decision_outcome *ret)
{
	struct deciding d = {arena, facts, ret};
	const struct check *check;

	*ret = (struct decision_outcome){.reason = REASON_NO_CHANGE, .message = "", .check = ""};
	check = decide_by(&d, table_of(&d));
	if (check->is_skipped && part(&d, "emergency") && !part(&d, "named")) {
		ret->rule = NULL;
		decide_emergency(&d);
	}
	oblige(&d);
}

/* --- as text --- */

const char *decision_reason_text(struct arena *arena, const struct decision_outcome *outcome)
{
	if (outcome->reason != REASON_RULE)
		return gate_reason_word(outcome->reason);
	return arena_format(arena, "rule:%s", outcome->rule);
}

json_t *decision_core_json(
	struct arena *arena, const json_t *facts, const struct decision_outcome *outcome)
{
	const json_t *grant = json_object_get(facts, "grant");
	const json_t *named = json_object_get(facts, "named");
	const json_t *what = grant ? grant : named;
	json_t *core = json_object();

	json_set_text(core, "verdict", gate_verdict_word(gate_reason_verdict(outcome->reason)));
	json_set_text(core, "reason", decision_reason_text(arena, outcome));
	json_set_int(core, "exit_code", gate_reason_exit(outcome->reason));
	json_set_text(core, "message", outcome->message);
	json_set_text(core, "check", outcome->check);
	json_set_int(core, "must", outcome->must);
	json_set_int(core, "kill_at_us", outcome->kill_at_us);
	if (*text_of(what, "change"))
		json_set_text(core, "change", text_of(what, "change"));
	if (int_of(what, "step"))
		json_set_int(core, "step", int_of(what, "step"));
	if (outcome->take == DECISION_TAKE_GRANT)
		json_set_text(core, "grant", text_of(grant, "id"));
	return core;
}
