#include "change/emergency/emergency_rooms.h"
#include "lib/base/json.h"
#include "notify/notify.h"

#include <string.h>

/* --- audit: every record says all that a verification compares --- */

static json_t *detail_of(const struct emergency *emergency)
{
	json_t *detail = json_object();

	json_set_text(detail, "incident", emergency->incident);
	json_set_text(detail, "reason", emergency->reason);
	json_set_text(detail, "person_id", emergency->person_id);
	json_set_text(detail, "person", emergency->person);
	json_set_text(detail, "second_id", emergency->second_id);
	json_set_text(detail, "second", emergency->second);
	json_set_text(detail, "team", emergency->team);
	json_set_text(detail, "scope", emergency->scope);
	json_set_text(detail, "state", emergency->state);
	json_set_text(detail, "state_reason", emergency->state_reason);
	json_set_int(detail, "is_drill", emergency->is_drill);
	json_set_int(detail, "is_override", emergency->is_override);
	json_set_int(detail, "ttl_us", emergency->ttl_us);
	json_set_int(detail, "asked_at_us", emergency->asked_at_us);
	json_set_int(detail, "started_at_us", emergency->started_at_us);
	json_set_int(detail, "ends_at_us", emergency->ends_at_us);
	json_set_int(detail, "ended_at_us", emergency->ended_at_us);
	json_set_int(detail, "renewals", emergency->renewals);
	return detail;
}

/* When the follow-up is due after this act; 0 = none is owed. */
static int64_t due_of(const struct emergency *emergency)
{
	if (emergency->is_drill || !emergency->started_at_us)
		return 0;
	return (emergency->ended_at_us ? emergency->ended_at_us : emergency->ends_at_us) +
	       FOLLOW_UP_DUE_US;
}

static int append(struct store_tx *tx, const struct emergency *emergency,
	const struct audit_actor *actor, enum audit_action action, json_t *owned_detail,
	int64_t at_us, struct error *err)
{
	const struct audit_record record = {
		.actor = actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "emergency",
		.subject_id = emergency->name,
		.detail = owned_detail,
	};
	int rc = audit_append(tx, &record, at_us, NULL, err);

	json_decref(owned_detail);
	return rc;
}

int emergency_audit(struct store_tx *tx, const struct emergency *emergency,
	const struct audit_actor *actor, enum audit_action action, int64_t at_us, struct error *err)
{
	json_t *detail = detail_of(emergency);

	json_set_int(detail, "due_at_us", due_of(emergency));
	return append(tx, emergency, actor, action, detail, at_us, err);
}

int emergency_audit_run(struct store_tx *tx, const struct emergency *emergency,
	const struct emergency_run *run, struct error *err)
{
	json_t *detail = json_object();

	json_set_text(detail, "run", run->run_id);
	json_set_text(detail, "command", run->line);
	json_set_text(detail, "person_id", emergency->person_id);
	json_set_text(detail, "person", emergency->person);
	return append(tx, emergency, &audit_system, AUDIT_EMERGENCY_USE, detail, run->at_us, err);
}

/* --- notifications --- */

/* Who is to read it: a receiver routes by this. */
static json_t *audience_of(const char *scope)
{
	struct scope where = emergency_scope(scope);
	json_t *audience = json_object();

	json_object_set_new(
		audience, "roles", json_pack("[s, s, s]", "approver", "commander", "admin"));
	json_set_text(audience, "owner_of", where.service ? where.service : scope);
	return audience;
}

static int send(struct store_tx *tx, const char *id, const char *type, const char *subject,
	const char *text, json_t *owned_data, int64_t at_us, struct error *err)
{
	struct notify_event event = {
		.type = type, .subject = subject, .text = text, .data = owned_data};
	int rc;

	memcpy(event.id, id, ID_SIZE);
	rc = notify_send(tx, &event, at_us, err);
	json_decref(owned_data);
	return rc;
}

int emergency_notify(struct store_tx *tx, const struct emergency *emergency, const char *id,
	const char *type, const char *text, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *data = json_object();
	int rc;

	json_object_set_new(data, "emergency", emergency_json(emergency));
	json_object_set_new(data, "audience", audience_of(emergency->scope));
	rc = send(tx, id, type, arena_format(&arena, "emergency/%s", emergency->name), text, data,
		at_us, err);
	arena_done(&arena);
	return rc;
}

int follow_up_notify(struct store_tx *tx, const struct follow_up *follow_up, const char *id,
	const char *type, const char *text, int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct emergency *emergency;
	json_t *data;
	int rc = emergency_store_get(tx, &arena, follow_up->seq, &emergency, err);

	if (rc < 0) {
		arena_done(&arena);
		return rc;
	}
	data = json_object();
	json_object_set_new(data, "follow_up", follow_up_json(follow_up));
	json_object_set_new(data, "audience", audience_of(emergency->scope));
	rc = send(tx, id, type, arena_format(&arena, "emergency/%s", follow_up->emergency), text,
		data, at_us, err);
	arena_done(&arena);
	return rc;
}
