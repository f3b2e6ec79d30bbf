#include "change/emergency/emergency_rooms.h"
#include "lib/base/json.h"

static void set_known(json_t *object, const char *key, const char *text)
{
	if (*text)
		json_set_text(object, key, text);
}

json_t *emergency_json(const struct emergency *emergency)
{
	json_t *object = json_object();

	json_set_text(object, "name", emergency->name);
	json_set_text(object, "state", emergency->state);
	set_known(object, "state_reason", emergency->state_reason);
	json_set_text(object, "scope", emergency->scope);
	json_set_text(object, "reason", emergency->reason);
	set_known(object, "incident", emergency->incident);
	json_set_bool(object, "drill", emergency->is_drill);
	json_set_bool(object, "override", emergency->is_override);
	json_set_text(object, "person", emergency->person);
	set_known(object, "second", emergency->second);
	json_set_text(object, "team", emergency->team);
	json_set_int(object, "ttl_s", emergency->ttl_us / 1000000);
	json_set_time(object, "asked_at", emergency->asked_at_us);
	json_set_time(object, "started_at", emergency->started_at_us);
	json_set_time(object, "ends_at", emergency->ends_at_us);
	json_set_time(object, "ended_at", emergency->ended_at_us);
	json_set_int(object, "renewals", emergency->renewals);
	json_set_int(object, "version", emergency->version);
	return object;
}

json_t *emergency_run_json(const struct emergency_run *run)
{
	json_t *object = json_object();

	json_set_text(object, "run", run->run_id);
	json_set_text(object, "command", run->line);
	json_set_time(object, "at", run->at_us);
	return object;
}

json_t *follow_up_json(const struct follow_up *follow_up)
{
	json_t *object = json_object();

	json_set_text(object, "emergency", follow_up->emergency);
	json_set_text(object, "person", follow_up->person);
	json_set_text(object, "team", follow_up->team);
	json_set_text(object, "state",
		follow_up->verdict	? "closed"
		: follow_up->is_overdue ? "overdue"
					: "open");
	json_set_time(object, "due_at", follow_up->due_at_us);
	json_set_text(object, "verdict", follow_up->verdict);
	json_set_text(object, "note", follow_up->note);
	json_set_text(object, "closed_by", follow_up->closed_by);
	json_set_time(object, "closed_at", follow_up->closed_at_us);
	return object;
}

json_t *follow_up_rule_json(const struct follow_up *follow_up)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "change", follow_up->emergency, "person",
		follow_up->person, "team", follow_up->team ? follow_up->team : "", "overdue",
		follow_up->is_overdue);
}
