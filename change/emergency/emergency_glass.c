/* A sealed code that was used while nobody could be asked: told afterwards, and owed like any
 * emergency. */
#include "change/emergency/emergency_rooms.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static int fill(struct store_tx *tx, const struct emergency_glass *glass,
	struct emergency *emergency, struct error *err)
{
	char team[TEXT_NAME_MAX + 8], name[TEXT_NAME_MAX + 8];
	int rc;

	if ((rc = people_team(tx, glass->person_id, team, sizeof(team), err)) < 0 ||
		(rc = people_name(tx, glass->person_id, name, sizeof(name), err)) < 0 ||
		(rc = emergency_store_next(tx, &emergency->seq, err)) < 0)
		return rc;
	snprintf(emergency->name, sizeof(emergency->name), "EMG-%lld", (long long)emergency->seq);
	snprintf(emergency->person_id, sizeof(emergency->person_id), "%s", glass->person_id);
	emergency->person = arena_text(glass->arena, name);
	emergency->team = arena_text(glass->arena, team);
	emergency->second = emergency->state_reason = "";
	emergency->scope = arena_format(glass->arena, "host:%s", glass->target);
	emergency->reason = arena_format(glass->arena,
		"the sealed code of %s was used by the account %s while the gate was unavailable",
		glass->target, glass->account);
	emergency->incident = "sealed code";
	emergency->state = "active";
	emergency->ttl_us = 1;
	emergency->asked_at_us = emergency->started_at_us = glass->used_at_us;
	emergency->ends_at_us = glass->used_at_us + 1;
	emergency->version = 1;
	return 0;
}

int emergency_note_glass(struct store_tx *tx, struct emergency_glass *glass, struct error *err)
{
	struct emergency *emergency = arena_alloc(glass->arena, sizeof(*emergency));
	int rc;

	if ((rc = fill(tx, glass, emergency, err)) < 0 ||
		(rc = emergency_store_insert(tx, emergency, err)) < 0 ||
		(rc = follow_up_store_insert(
			 tx, emergency, emergency->ends_at_us + FOLLOW_UP_DUE_US, err)) < 0 ||
		(rc = emergency_audit(tx, emergency, glass->actor, AUDIT_EMERGENCY_START,
			 glass->at_us, err)) < 0 ||
		(rc = emergency_note_run(
			 tx, emergency->seq, glass->run_id, glass->line, glass->at_us, err)) < 0)
		return rc;
	glass->ret_emergency = emergency;
	return emergency_finish(tx, emergency, emergency->reason, glass->actor, glass->notify_id,
		glass->at_us, err);
}
