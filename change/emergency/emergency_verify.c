/* What the log says of emergencies and follow-ups, against their rows. */
#include "change/emergency/emergency_rooms.h"

/* --- emergencies: each record of an act says all of it --- */

static const char *const members[] = {"incident", "reason", "person_id", "second_id", "scope",
	"state", "state_reason", "is_drill", "is_override", "ttl_us", "asked_at_us",
	"started_at_us", "ends_at_us", "ended_at_us", "renewals"};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static bool is_act(const struct audit_said *said)
{
	return audit_said_is(said, AUDIT_EMERGENCY_START) ||
	       audit_said_is(said, AUDIT_EMERGENCY_CONFIRM) ||
	       audit_said_is(said, AUDIT_EMERGENCY_RENEW) ||
	       audit_said_is(said, AUDIT_EMERGENCY_END);
}

static void hear_emergency(struct audit_ledger *ledger, const struct audit_said *said)
{
	struct audit_value values[MEMBERS];
	struct audit_subject *row;

	if (!is_act(said))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_said_details(said, members, MEMBERS, values);
	for (size_t i = 0; i < MEMBERS; i++)
		audit_subject_says(row, i, values[i]);
}

const struct audit_crosscheck emergency_crosscheck = {
	.noun = "emergency",
	.key = "name",
	.columns = {"incident", "reason", "person_id", "second_id", "scope", "state",
		"state_reason", "is_drill", "is_override", "ttl_us", "asked_at_us", "started_at_us",
		"ends_at_us", "ended_at_us", "renewals"},
	.hear = hear_emergency,
	.rows = emergency_store_rows,
};

/* --- follow-ups --- */

enum { PERSON, DUE, VERDICT, NOTE, CLOSED_BY };

static bool is_nothing_owed(struct audit_value due)
{
	return !due.at || (due.length == 1 && *due.at == '0');
}

static void hear_follow_up(struct audit_ledger *ledger, const struct audit_said *said)
{
	struct audit_subject *row;
	struct audit_value due;

	if (audit_said_is(said, AUDIT_FOLLOW_UP_CLOSE)) {
		row = audit_ledger_hear(ledger, audit_said_subject(said), said);
		audit_subject_says(row, VERDICT, audit_said_detail(said, "verdict"));
		audit_subject_says(row, NOTE, audit_said_detail(said, "note"));
		audit_subject_says(row, CLOSED_BY, audit_said_detail(said, "closed_by_id"));
		return;
	}
	due = is_act(said) ? audit_said_detail(said, "due_at_us") : audit_value_of(NULL);
	if (is_nothing_owed(due))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_subject_says(row, PERSON, audit_said_detail(said, "person_id"));
	audit_subject_says(row, DUE, due);
	if (audit_subject_has(row, VERDICT))
		return;
	audit_subject_says(row, VERDICT, audit_value_of(NULL));
	audit_subject_says(row, NOTE, audit_value_of(NULL));
	audit_subject_says(row, CLOSED_BY, audit_value_of(NULL));
}

const struct audit_crosscheck follow_up_crosscheck = {
	.noun = "follow-up",
	.key = "name",
	.columns = {"person_id", "due_at_us", "verdict", "note", "closed_by_id"},
	.hear = hear_follow_up,
	.rows = follow_up_store_rows,
};
