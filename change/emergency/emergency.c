#include "change/emergency/emergency.h"

#include "change/emergency/emergency_rooms.h"
#include "incidents/incident.h"
#include "inventory/target.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static int refuse(struct error *err, const char *field, const char *what, const char *remedy)
{
	error_set(err, ERROR_INVALID, "%s", what);
	error_field(err, "%s", field);
	error_remedy(err, "%s", remedy);
	return ERROR_INVALID;
}

/* --- rights --- */

struct scope emergency_scope(const char *scope)
{
	return (struct scope){
		.service = text_starts_with(scope, "svc:") ? scope + strlen("svc:") : NULL};
}

int emergency_require(const struct principal *by, unsigned roles, enum role wanted,
	const char *scope, struct error *err)
{
	struct scope where = emergency_scope(scope);

	for (unsigned bit = 1; bit <= roles; bit <<= 1)
		if ((roles & bit) && principal_require(by, (enum role)bit, &where, NULL) == 0)
			return 0;
	return principal_require(by, wanted, &where, err);
}

bool emergency_is_in(const struct emergency *emergency, const char *person_id)
{
	return strcmp(emergency->person_id, person_id) == 0 ||
	       strcmp(emergency->second_id, person_id) == 0;
}

static int check_person(const struct principal *by, struct error *err)
{
	if (*by->person_id)
		return 0;
	error_set(err, ERROR_FORBIDDEN,
		"only a known person acts in an emergency; this peer is mapped to nobody");
	return error_remedy(err, "an admin maps it: redbutton peer map");
}

/* Who confirms what another started. */
static int check_second(
	const struct emergency *emergency, const struct principal *by, struct error *err)
{
	unsigned roles = MAY_CONFIRM;
	int rc = check_person(by, err);

	if (rc < 0)
		return rc;
	if (strcmp(emergency->person_id, by->person_id) == 0) {
		error_set(err, ERROR_FORBIDDEN, "%s is yours: the second person must be another",
			emergency->name);
		return error_remedy(err, "ask somebody who may approve in %s", emergency->scope);
	}
	if (emergency->is_override)
		roles = ROLE_ADMIN;
	else if (emergency->is_drill)
		roles = ROLE_COMMANDER | ROLE_ADMIN;
	return emergency_require(by, roles,
		emergency->is_override ? ROLE_ADMIN
		: emergency->is_drill  ? ROLE_COMMANDER
				       : ROLE_APPROVER,
		emergency->scope, err);
}

/* --- what is asked for --- */

static int check_scope(const char *scope, struct error *err)
{
	static const char *const kinds[] = {"host:", "svc:"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (text_starts_with(scope, kinds[i]))
			return text_check_name("scope", scope + strlen(kinds[i]), err);
	return refuse(err, "scope", "the scope is neither a host nor a service",
		"host:NAME of one target, or svc:NAME");
}

/* One that covers nothing would open no gate, and what is owed for it would bar the right one. */
static int check_covers(
	struct store_tx *tx, struct arena *arena, const char *scope, struct error *err)
{
	const char *name = strchr(scope, ':') + 1;
	struct target *target;
	int rc;

	if (text_starts_with(scope, "host:")) {
		rc = target_get(tx, arena, name, &target, err);
		return rc == ERROR_NOT_FOUND
			       ? refuse(err, "scope",
					 arena_format(arena, "there is no target %s", name),
					 "list them: redbutton target list")
			       : rc;
	}
	if ((rc = target_has_service(tx, name, err)) != 0)
		return rc < 0 ? rc : 0;
	return refuse(err, "scope", arena_format(arena, "no target belongs to a service %s", name),
		"see which there are: redbutton target list; or name one host");
}

static int check_reason(const char *reason, struct error *err)
{
	size_t blank = strspn(reason, " \t\n"), length = strlen(reason);
	int rc = text_check_prose("reason", reason, EMERGENCY_REASON_MAX, err);

	if (rc < 0)
		return rc;
	while (length > blank && strchr(" \t\n", reason[length - 1]))
		length--;
	if (length - blank >= EMERGENCY_REASON_MIN)
		return 0;
	error_set(err, ERROR_INVALID, "the reason is shorter than %d bytes", EMERGENCY_REASON_MIN);
	error_field(err, "reason");
	return error_remedy(
		err, "say what is broken and what you are about to do: everybody skipped reads it");
}

static int check_ttl(int64_t ttl_us, struct error *err)
{
	if (ttl_us > 0 && ttl_us <= EMERGENCY_TTL_MAX_US)
		return 0;
	return refuse(
		err, "ttl", "the time is out of range", "at most 60m; it can be renewed once");
}

static int check_incident(struct store_tx *tx, struct arena *arena, const char *incident,
	bool is_drill, struct error *err)
{
	struct incident *found;

	if (incident && *incident) {
		int rc = incident_check_open(tx, arena, incident, &found, err);

		return rc < 0 ? error_field(err, "incident") : 0;
	}
	if (is_drill)
		return 0;
	return refuse(err, "incident", "an emergency needs an incident",
		"open one: redbutton incident open \"...\"");
}

/* --- EMG-001: what is owed --- */

static int refuse_owed(const struct follow_up *owed, const char *why, struct error *err)
{
	error_set(err, ERROR_CONFLICT, "EMG-001: close the follow-up of %s first: %s",
		owed->emergency, why);
	return error_remedy(err,
		"redbutton follow-up close %s, by a person who was not in it; an admin as duty "
		"manager can let this one pass: start it with --override",
		owed->emergency);
}

static int check_owed(struct store_tx *tx, struct arena *arena, const struct emergency *emergency,
	int64_t now_us, struct error *err)
{
	struct follow_up **open;
	size_t count, of_team = 0;
	int rc = follow_up_list_open(tx, arena, now_us, &open, &count, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(open[i]->person_id, emergency->person_id) == 0)
			return refuse_owed(open[i], "you owe it", err);
		if (open[i]->is_overdue)
			return refuse_owed(open[i], "it is overdue", err);
	}
	for (size_t i = 0; *emergency->team && i < count; i++)
		if (strcmp(open[i]->team, emergency->team) == 0 && ++of_team > EMERGENCY_TEAM_LIMIT)
			return refuse_owed(open[i],
				arena_format(arena, "the team %s owes more than %d",
					emergency->team, EMERGENCY_TEAM_LIMIT),
				err);
	return 0;
}

/* --- starting --- */

static int activate(
	struct store_tx *tx, struct emergency *emergency, int64_t at_us, struct error *err)
{
	emergency->state = "active";
	emergency->started_at_us = at_us;
	emergency->ends_at_us = at_us + emergency->ttl_us;
	if (emergency->is_drill)
		return 0;
	return follow_up_store_insert(tx, emergency, emergency->ends_at_us + FOLLOW_UP_DUE_US, err);
}

static int notify_state(struct store_tx *tx, const struct emergency *emergency,
	const struct emergency_act *act, struct error *err)
{
	const char *kind = emergency->is_drill ? "a drill of an emergency" : "an emergency";

	if (strcmp(emergency->state, "pending") == 0)
		return emergency_notify(tx, emergency, act->notify_id, "emergency.requested",
			arena_format(act->arena,
				"%s asks for %s on %s and needs a second person: "
				"%s",
				emergency->person, kind, emergency->scope, emergency->reason),
			act->at_us, err);
	return emergency_notify(tx, emergency, act->notify_id, "emergency.started",
		arena_format(act->arena,
			"%s started %s on %s: approvals and windows are skipped there: %s",
			emergency->person, kind, emergency->scope, emergency->reason),
		act->at_us, err);
}

static int check_no_other_pending(
	struct store_tx *tx, struct arena *arena, const char *person_id, struct error *err)
{
	struct emergency **open;
	size_t count;
	int rc = emergency_store_open(tx, arena, person_id, &open, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		if (strcmp(open[i]->state, "pending") == 0) {
			error_set(err, ERROR_CONFLICT, "%s of yours waits for a second person",
				open[i]->name);
			return error_remedy(err,
				"have it confirmed, or end it: redbutton "
				"emergency end %s",
				open[i]->name);
		}
	return rc;
}

/* Does somebody else have to say yes? */
static int check_need(struct store_tx *tx, const struct emergency_start *start,
	struct emergency *emergency, bool *ret_pending, struct error *err)
{
	struct scope where = emergency_scope(start->scope);
	int owed = check_owed(tx, start->act.arena, emergency, start->act.at_us, err);

	*ret_pending = start->is_drill || start->is_override ||
		       principal_require(start->act.by, ROLE_COMMANDER, &where, NULL) < 0;
	if (owed < 0)
		return owed == ERROR_CONFLICT && start->is_override ? 0 : owed;
	if (!start->is_override)
		return 0;
	error_set(err, ERROR_NO_EFFECT, "nothing is owed: there is nothing to override");
	error_field(err, "override");
	return error_remedy(err, "start it without");
}

static int fill(struct store_tx *tx, const struct emergency_start *start,
	struct emergency *emergency, struct error *err)
{
	char team[TEXT_NAME_MAX + 8];
	int rc = people_team(tx, start->act.by->person_id, team, sizeof(team), err);

	if (rc < 0)
		return rc;
	memcpy(emergency->person_id, start->act.by->person_id, ID_SIZE);
	emergency->person = start->act.by->person_name;
	emergency->second = emergency->state_reason = "";
	emergency->team = arena_text(start->act.arena, team);
	emergency->scope = start->scope;
	emergency->reason = start->reason;
	emergency->incident = start->incident ? start->incident : "";
	emergency->is_drill = start->is_drill;
	emergency->is_override = start->is_override;
	emergency->ttl_us = start->ttl_us;
	emergency->asked_at_us = start->act.at_us;
	emergency->version = 1;
	return 0;
}

static int check_start(struct store_tx *tx, const struct emergency_start *start, struct error *err)
{
	const struct emergency_act *act = &start->act;
	int rc;

	if ((rc = check_scope(start->scope, err)) < 0 ||
		(rc = check_reason(start->reason, err)) < 0 ||
		(rc = check_ttl(start->ttl_us, err)) < 0 || (rc = check_person(act->by, err)) < 0 ||
		(rc = emergency_require(act->by, MAY_START, ROLE_COMMANDER, start->scope, err)) <
			0 ||
		(rc = check_covers(tx, act->arena, start->scope, err)) < 0 ||
		(rc = check_incident(tx, act->arena, start->incident, start->is_drill, err)) < 0)
		return rc;
	return check_no_other_pending(tx, act->arena, act->by->person_id, err);
}

int emergency_start(struct store_tx *tx, struct emergency_start *start, struct error *err)
{
	struct emergency *emergency = arena_alloc(start->act.arena, sizeof(*emergency));
	bool is_pending;
	int rc;

	if ((rc = check_start(tx, start, err)) < 0 || (rc = fill(tx, start, emergency, err)) < 0 ||
		(rc = check_need(tx, start, emergency, &is_pending, err)) < 0 ||
		(rc = emergency_store_next(tx, &emergency->seq, err)) < 0)
		return rc;
	snprintf(emergency->name, sizeof(emergency->name), "EMG-%lld", (long long)emergency->seq);
	emergency->state = "pending";
	if ((rc = emergency_store_insert(tx, emergency, err)) < 0)
		return rc;
	if (!is_pending && ((rc = activate(tx, emergency, start->act.at_us, err)) < 0 ||
				   (rc = emergency_store_update(tx, emergency, err)) < 0))
		return rc;
	start->act.ret_emergency = emergency;
	if ((rc = emergency_audit(tx, emergency, &start->act.by->actor, AUDIT_EMERGENCY_START,
		     start->act.at_us, err)) < 0)
		return rc;
	return notify_state(tx, emergency, &start->act, err);
}

/* --- what follows --- */

static int get_for(struct store_tx *tx, struct emergency_change *change, const char *state,
	struct emergency **ret, struct error *err)
{
	struct emergency *emergency;
	int rc = emergency_get(tx, change->act.arena, change->name, &emergency, err);

	if (rc < 0)
		return rc;
	if (strcmp(emergency->state, state) != 0)
		return error_set(err, ERROR_CONFLICT, "%s is %s%s%s, not %s", emergency->name,
			emergency->state, *emergency->state_reason ? ": " : "",
			emergency->state_reason, state);
	if (change->if_version >= 0 && change->if_version != emergency->version) {
		error_set(err, ERROR_STALE, "%s is at version %lld, not at %lld", emergency->name,
			(long long)emergency->version, (long long)change->if_version);
		error_remedy(err, "look at it again: redbutton emergency show %s", emergency->name);
		return ERROR_STALE;
	}
	*ret = change->act.ret_emergency = emergency;
	return 0;
}

static int check_still_wanted(struct store_tx *tx, const struct emergency_act *act,
	const struct emergency *emergency, struct error *err)
{
	const char *why = emergency_overrun(tx, act->arena, emergency, act->at_us);

	if (why) {
		error_set(err, ERROR_CONFLICT, "%s is over: %s", emergency->name, why);
		return error_remedy(err, "start another: redbutton emergency start");
	}
	if (!people_is_enabled(tx, emergency->person_id))
		return error_set(
			err, ERROR_CONFLICT, "%s, whose it is, is disabled", emergency->person);
	return 0;
}

int emergency_confirm(struct store_tx *tx, struct emergency_change *change, struct error *err)
{
	const struct emergency_act *act = &change->act;
	struct emergency *emergency;
	int rc;

	if ((rc = get_for(tx, change, "pending", &emergency, err)) < 0 ||
		(rc = check_second(emergency, act->by, err)) < 0 ||
		(rc = people_note_act(tx, act->by, act->at_us, err)) < 0 ||
		(rc = check_still_wanted(tx, act, emergency, err)) < 0)
		return rc;
	if (!emergency->is_override &&
		(rc = check_owed(tx, act->arena, emergency, act->at_us, err)) < 0)
		return rc;
	memcpy(emergency->second_id, act->by->person_id, ID_SIZE);
	emergency->second = act->by->person_name;
	if ((rc = activate(tx, emergency, act->at_us, err)) < 0 ||
		(rc = emergency_store_update(tx, emergency, err)) < 0 ||
		(rc = emergency_audit(tx, emergency, &act->by->actor, AUDIT_EMERGENCY_CONFIRM,
			 act->at_us, err)) < 0)
		return rc;
	return notify_state(tx, emergency, act, err);
}

/* Who started it alone renews it alone; what needed a second person needs one again. */
static int check_renewer(
	const struct emergency *emergency, const struct principal *by, struct error *err)
{
	if (*emergency->second_id || strcmp(emergency->person_id, by->person_id) != 0)
		return check_second(emergency, by, err);
	return emergency_require(by, ROLE_COMMANDER, ROLE_COMMANDER, emergency->scope, err);
}

static int check_renewal(
	const struct emergency *emergency, const struct emergency_change *change, struct error *err)
{
	int rc = check_ttl(change->ttl_us, err);

	if (rc < 0)
		return rc;
	if (emergency->renewals >= EMERGENCY_RENEWAL_MAX) {
		error_set(err, ERROR_CONFLICT, "%s was renewed already", emergency->name);
		return error_remedy(err, "file a change: rcm new");
	}
	if (change->act.at_us + change->ttl_us <= emergency->ends_at_us) {
		error_set(err, ERROR_NO_EFFECT, "it would not end later than it does");
		return error_field(err, "ttl");
	}
	return 0;
}

int emergency_renew(struct store_tx *tx, struct emergency_change *change, struct error *err)
{
	const struct emergency_act *act = &change->act;
	struct emergency *emergency;
	int rc;

	if ((rc = get_for(tx, change, "active", &emergency, err)) < 0 ||
		(rc = check_renewer(emergency, act->by, err)) < 0 ||
		(rc = check_renewal(emergency, change, err)) < 0 ||
		(rc = check_still_wanted(tx, act, emergency, err)) < 0)
		return rc;
	emergency->renewals++;
	emergency->ends_at_us = act->at_us + change->ttl_us;
	if ((!emergency->is_drill &&
		    (rc = follow_up_store_move(tx, emergency->seq,
			     emergency->ends_at_us + FOLLOW_UP_DUE_US, err)) < 0) ||
		(rc = emergency_store_update(tx, emergency, err)) < 0 ||
		(rc = emergency_audit(tx, emergency, &act->by->actor, AUDIT_EMERGENCY_RENEW,
			 act->at_us, err)) < 0)
		return rc;
	return emergency_notify(tx, emergency, act->notify_id, "emergency.renewed",
		arena_format(act->arena, "%s renewed %s on %s", act->by->person_name,
			emergency->name, emergency->scope),
		act->at_us, err);
}

int emergency_finish(struct store_tx *tx, struct emergency *emergency, const char *why,
	const struct audit_actor *actor, const char *notify_id, int64_t at_us, struct error *err)
{
	bool was_active = strcmp(emergency->state, "active") == 0;
	const char *text;
	int rc;

	emergency->state = "ended";
	emergency->state_reason = why;
	emergency->ended_at_us = at_us;
	if (was_active && !emergency->is_drill &&
		(rc = follow_up_store_move(tx, emergency->seq, at_us + FOLLOW_UP_DUE_US, err)) < 0)
		return rc;
	if ((rc = emergency_store_update(tx, emergency, err)) < 0 ||
		(rc = emergency_audit(tx, emergency, actor, AUDIT_EMERGENCY_END, at_us, err)) < 0)
		return rc;
	text = arena_format(store_tx_arena(tx), "%s of %s on %s has ended: %s", emergency->name,
		emergency->person, emergency->scope, why);
	return emergency_notify(tx, emergency, notify_id, "emergency.ended", text, at_us, err);
}

int emergency_end(struct store_tx *tx, struct emergency_change *change, struct error *err)
{
	const struct emergency_act *act = &change->act;
	struct emergency *emergency;
	int rc = emergency_get(tx, act->arena, change->name, &emergency, err);

	if (rc < 0)
		return rc;
	if (strcmp(emergency->state, "ended") == 0)
		return error_set(err, ERROR_NO_EFFECT, "%s has ended already: %s", emergency->name,
			emergency->state_reason);
	if ((rc = get_for(tx, change, emergency->state, &emergency, err)) < 0 ||
		(rc = check_person(act->by, err)) < 0)
		return rc;
	if (!emergency_is_in(emergency, act->by->person_id) &&
		(rc = emergency_require(act->by, ROLE_COMMANDER | ROLE_ADMIN, ROLE_COMMANDER,
			 emergency->scope, err)) < 0)
		return rc;
	if ((rc = people_note_act(tx, act->by, act->at_us, err)) < 0)
		return rc;
	return emergency_finish(tx, emergency,
		arena_format(act->arena, "%s ended it", act->by->person_name), &act->by->actor,
		act->notify_id, act->at_us, err);
}

/* --- questions --- */

const char *emergency_overrun(
	struct store_tx *tx, struct arena *arena, const struct emergency *emergency, int64_t now_us)
{
	bool is_pending = strcmp(emergency->state, "pending") == 0;
	struct error ignored = ERROR_INIT;
	struct incident *incident;

	if (is_pending && now_us >= emergency->asked_at_us + EMERGENCY_CONFIRM_US)
		return "nobody confirmed it in time";
	if (!is_pending && now_us >= emergency->ends_at_us)
		return "its time has passed";
	if (*emergency->incident &&
		incident_check_open(tx, arena, emergency->incident, &incident, &ignored) < 0)
		return arena_format(arena, "%s is closed", emergency->incident);
	return NULL;
}

static bool covers(
	const struct emergency *emergency, const char *target, const char *const *services)
{
	if (text_starts_with(emergency->scope, "host:"))
		return strcmp(emergency->scope + strlen("host:"), target) == 0;
	for (; services && *services; services++)
		if (strcmp(emergency->scope + strlen("svc:"), *services) == 0)
			return true;
	return false;
}

/* The right of who started alone, and the person, now. */
static bool is_good(
	struct store_tx *tx, struct arena *arena, const struct emergency *emergency, int64_t now_us)
{
	struct scope where = emergency_scope(emergency->scope);

	if (strcmp(emergency->state, "active") != 0 ||
		emergency_overrun(tx, arena, emergency, now_us) ||
		!people_is_enabled(tx, emergency->person_id))
		return false;
	return *emergency->second_id ||
	       people_has_role(tx, emergency->person_id, ROLE_COMMANDER, &where);
}

int emergency_find(struct store_tx *tx, struct arena *arena, const char *person_id,
	const char *target, const char *const *services, int64_t now_us, struct emergency **ret,
	struct error *err)
{
	struct emergency **open;
	size_t count;
	int rc = emergency_store_open(tx, arena, person_id, &open, &count, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (covers(open[i], target, services) && is_good(tx, arena, open[i], now_us)) {
			*ret = open[i];
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "no emergency of this person covers %s", target);
}

int emergency_list_open(struct store_tx *tx, struct arena *arena, struct emergency ***ret,
	size_t *ret_count, struct error *err)
{
	return emergency_store_open(tx, arena, NULL, ret, ret_count, err);
}

int emergency_get(struct store_tx *tx, struct arena *arena, const char *name,
	struct emergency **ret, struct error *err)
{
	int64_t seq;
	int rc;

	if (!text_starts_with(name, "EMG-"))
		return refuse(err, "name", "an emergency is named EMG- and a number",
			"list them: redbutton emergency list");
	rc = text_parse_int64("name", name + strlen("EMG-"), 1, INT64_MAX, &seq, err);
	return rc < 0 ? rc : emergency_store_get(tx, arena, seq, ret, err);
}

int emergency_note_run(struct store_tx *tx, int64_t seq, const char *run_id, const char *line,
	int64_t at_us, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct emergency_run run = {.run_id = run_id, .at_us = at_us};
	struct emergency *emergency;
	int rc;

	run.line =
		text_visible(arena, arena_text_n(arena, line, strnlen(line, EMERGENCY_LINE_MAX)));
	if ((rc = emergency_store_get(tx, arena, seq, &emergency, err)) < 0 ||
		(rc = emergency_store_insert_run(tx, seq, &run, err)) < 0)
		return rc;
	return emergency_audit_run(tx, emergency, &run, err);
}
