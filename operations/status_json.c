#include "lib/base/json.h"
#include "operations/status_rooms.h"

#define US_PER_S 1000000

/* Whole seconds since then; nothing when it never was. */
static void set_age(json_t *object, const char *key, int64_t now_us, int64_t at_us)
{
	if (at_us)
		json_set_int(object, key, now_us > at_us ? (now_us - at_us) / US_PER_S : 0);
}

static json_t *who_json(const struct principal *who)
{
	json_t *object = json_object(), *roles = json_array();

	json_set_text(object, "name", who->person_id[0] ? who->person_name : NULL);
#define X(name, bit, word)                                                                         \
	if (who->roles & ROLE_##name)                                                              \
		json_array_append_new(roles, json_string(word));
	ROLE_TABLE(X)
#undef X
	json_object_set_new(object, "roles", roles);
	return object;
}

static json_t *holds_json(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->hold_count; i++) {
		json_t *object = json_object();

		json_set_text(object, "what", status->holds[i].what);
		json_set_text(object, "why", status->holds[i].why);
		json_set_text(object, "next", status->holds[i].next);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *effect_json(const struct status *status, const struct status_effect *effect)
{
	const struct item_group *group = effect->group;
	json_t *object = json_object();

	json_set_text(object, "execution", group->execution_id);
	json_set_text(object, "plan", group->plan);
	json_set_text(object, "person", group->person);
	json_set_text(object, "register", group->register_key);
	json_set_int(object, "registers", group->count);
	json_set_int(object, "troubled", group->troubled);
	json_set_int(object, "unconfirmed", group->unconfirmed);
	json_set_time(object, "since", group->since_us);
	set_age(object, "age_s", status->now_us, group->since_us);
	json_set_time(object, "expires_at", group->expires_at_us);
	json_set_int(object, "expires_in_s", (group->expires_at_us - status->now_us) / US_PER_S);
	json_set_text(object, "on_expiry", group->on_expiry);
	json_set_bool(object, "expired", effect->is_expired);
	json_set_bool(object, "needs_person", effect->needs_person);
	json_set_text(object, "next", effect->next);
	return object;
}

static json_t *effects_json(const struct status *status)
{
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < status->effect_count; i++)
		json_array_append_new(list, effect_json(status, &status->effects[i]));
	json_set_int(object, "registers", status->items);
	json_set_int(object, "expired", status->items_expired);
	json_set_int(object, "troubled", status->items_troubled);
	json_object_set_new(object, "items", list);
	return object;
}

static json_t *step_json(const struct status *status, const struct execution_look *look)
{
	json_t *step = json_object();

	json_set_text(step, "path", look->step_path);
	json_set_text(step, "text", look->step_text);
	json_set_text(step, "state", look->step_state);
	json_set_text(step, "message", look->step_message);
	set_age(step, "age_s", status->now_us, look->step_since_us);
	return step;
}

static json_t *run_json(const struct status *status, const struct status_run *run)
{
	const struct execution_look *look = run->look;
	const struct execution *row = look->row;
	json_t *object = json_object();

	json_set_text(object, "execution", row->id);
	json_set_text(object, "plan", row->plan);
	json_object_set_new(object, "params", json_loads(row->params, 0, NULL));
	json_set_text(object, "action", row->is_undo ? "rollback" : row->action);
	json_set_text(object, "state", execution_state_word(row->state));
	json_set_text(object, "reason", pause_reason_word(row->reason));
	json_set_text(object, "message", row->message);
	json_set_text(object, "requested_by", row->requested_name);
	json_set_time(object, "started_at", row->started_at_us);
	set_age(object, "elapsed_s", status->now_us,
		row->started_at_us ? row->started_at_us : row->created_at_us);
	set_age(object, "in_state_s", status->now_us, row->changed_at_us);
	if (look->step_path)
		json_object_set_new(object, "step", step_json(status, look));
	json_set_int(object, "done", (int64_t)look->done);
	json_set_int(object, "total", (int64_t)look->total);
	json_set_text(object, "asks", run->asks);
	json_set_bool(object, "needs_person", run->needs_person);
	json_set_text(object, "next", run->next);
	return object;
}

static json_t *runs_json(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->run_count; i++)
		json_array_append_new(list, run_json(status, &status->runs[i]));
	return list;
}

static json_t *waits_json(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->wait_count; i++) {
		const struct status_wait *wait = &status->waits[i];
		json_t *object = json_object();

		json_set_text(object, "kind", wait->kind);
		json_set_text(object, "id", wait->id);
		json_set_text(object, "text", wait->text);
		set_age(object, "age_s", status->now_us, wait->since_us);
		json_set_text(object, "next", wait->next);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *emergencies_json(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->emergency_count; i++) {
		const struct emergency *emergency = status->emergencies[i];
		json_t *object = json_object();

		json_set_text(object, "emergency", emergency->name);
		json_set_text(object, "state", emergency->state);
		json_set_text(object, "scope", emergency->scope);
		json_set_text(object, "person", emergency->person);
		json_set_text(object, "reason", emergency->reason);
		json_set_time(object, "asked_at", emergency->asked_at_us);
		set_age(object, "age_s", status->now_us, emergency->asked_at_us);
		json_set_time(object, "ends_at", emergency->ends_at_us);
		if (emergency->ends_at_us)
			set_age(object, "left_s", emergency->ends_at_us, status->now_us);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *overdue_json(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->overdue_count; i++) {
		const struct follow_up *owed = status->overdue[i];
		json_t *object = json_object();

		json_set_text(object, "emergency", owed->emergency);
		json_set_text(object, "person", owed->person);
		json_set_text(object, "team", owed->team);
		json_set_time(object, "due_at", owed->due_at_us);
		set_age(object, "overdue_s", status->now_us, owed->due_at_us);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *target_json(const struct status *status, const struct target_seen *seen)
{
	json_t *object = json_object();

	json_set_text(object, "name", seen->name);
	json_set_text(object, "kind", seen->kind);
	json_set_text(object, "outcome",
		seen->is_checked  ? seen->outcome
		: seen->has_check ? "not checked yet"
				  : "no check");
	if (seen->is_checked)
		json_set_bool(object, "reachable", seen->is_reachable);
	json_set_text(object, "message", seen->message);
	set_age(object, "checked_s", status->now_us, seen->checked_at_us);
	set_age(object, "seen_s", status->now_us, seen->seen_at_us);
	return object;
}

static json_t *targets_json(const struct status *status)
{
	const struct status_targets *targets = &status->targets;
	json_t *object = json_object(), *list = json_array();

	for (size_t i = 0; i < targets->count && i < STATUS_LIST_MAX; i++)
		json_array_append_new(list, target_json(status, &targets->list[i]));
	json_set_int(object, "count", (int64_t)targets->count);
	json_set_int(object, "reachable", (int64_t)targets->reachable);
	json_set_int(object, "unreachable", (int64_t)targets->unreachable);
	json_set_int(object, "not_checked", (int64_t)targets->not_checked);
	json_object_set_new(object, "items", list);
	return object;
}

static json_t *store_json(const struct status *status)
{
	json_t *object = json_object();

	json_set_text(object, "state", status->is_store_writable ? "ok" : "held");
	json_set_int(object, "commit_us", (int64_t)(status->commit_ms * 1000));
	return object;
}

static json_t *jail_json(const struct status *status)
{
	json_t *object = json_object();

	json_set_bool(object, "ok", status->is_jail_good);
	json_object_set_new(object, "walls", json_loads(status->jail_walls, 0, NULL));
	return object;
}

static json_t *audit_json(const struct status *status)
{
	const struct audit_status *audit = &status->audit;
	json_t *object = json_object();

	json_set_int(object, "records", audit->size);
	json_set_int(object, "checkpoint_records", audit->checkpoint_size);
	json_set_time(object, "checkpoint_at", audit->checkpoint_at_us);
	set_age(object, "checkpoint_s", status->now_us, audit->checkpoint_at_us);
	json_set_bool(object, "signed", audit->is_signed);
	json_set_bool(object, "outside", audit->is_outside);
	json_set_text(object, "trouble", audit->trouble);
	return object;
}

json_t *status_json(const struct status *status)
{
	json_t *object = json_object();

	json_set_text(object, "version", RB_VERSION);
	json_set_time(object, "at", status->now_us);
	json_set_time(object, "started_at", status->started_at_us);
	set_age(object, "up_s", status->now_us, status->started_at_us);
	json_set_bool(object, "needs_person", status->needs_person);
	json_object_set_new(object, "you", who_json(status->who));
	json_object_set_new(object, "held", holds_json(status));
	json_object_set_new(object, "waiting_for_you", waits_json(status));
	json_set_int(object, "open_approvals", (int64_t)status->open_approvals);
	json_object_set_new(object, "emergencies", emergencies_json(status));
	json_object_set_new(object, "overdue_follow_ups", overdue_json(status));
	json_object_set_new(object, "running", runs_json(status));
	json_object_set_new(object, "in_effect", effects_json(status));
	json_object_set_new(object, "targets", targets_json(status));
	json_object_set_new(object, "store", store_json(status));
	json_object_set_new(object, "jail", jail_json(status));
	json_object_set_new(object, "audit", audit_json(status));
	return object;
}
