/* What the log says of requests and decisions, against their rows. */
#include "approval/approval_rooms.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --- requests --- */

enum { STATE, STATE_REASON, SUBJECT_KIND, SUBJECT_ID, SUBJECT_DIGEST };

static void hear_state(struct audit_subject *row, struct audit_value state, struct audit_value why)
{
	audit_subject_says(row, STATE, state);
	audit_subject_says(row, STATE_REASON, why);
}

static void hear_open(struct audit_subject *row, const struct audit_said *said)
{
	hear_state(row, audit_value_of("PENDING"), audit_value_of(NULL));
	audit_subject_says(row, SUBJECT_KIND, audit_said_subject_kind(said));
	audit_subject_says(row, SUBJECT_ID, audit_said_subject(said));
	audit_subject_says(row, SUBJECT_DIGEST, audit_said_subject_digest(said));
	audit_subject_terms(row, said);
}

static void hear_decide(struct audit_subject *row, const struct audit_said *said)
{
	hear_state(row, audit_said_detail(said, "state"), audit_said_detail(said, "state_reason"));
}

static void hear_void(struct audit_subject *row, const struct audit_said *said)
{
	hear_state(row, audit_value_of("VOID"), audit_said_detail(said, "reason"));
}

static void hear_use(struct audit_subject *row, const struct audit_said *said)
{
	(void)said;
	hear_state(row, audit_value_of("USED"), audit_value_of(NULL));
}

static void hear_close(struct audit_subject *row, const struct audit_said *said)
{
	hear_state(row, audit_said_detail(said, "state"), audit_said_detail(said, "reason"));
}

static const struct {
	enum audit_action action;
	void (*hear)(struct audit_subject *row, const struct audit_said *said);
} hearings[] = {
	{AUDIT_APPROVAL_OPEN, hear_open},
	{AUDIT_APPROVAL_DECIDE, hear_decide},
	{AUDIT_APPROVAL_VOID, hear_void},
	{AUDIT_APPROVAL_USE, hear_use},
	{AUDIT_APPROVAL_CLOSE, hear_close},
};

static void hear_request(struct audit_ledger *ledger, const struct audit_said *said)
{
	for (size_t i = 0; i < COUNT(hearings); i++)
		if (audit_said_is(said, hearings[i].action))
			hearings[i].hear(audit_ledger_hear(
						 ledger, audit_said_detail(said, "approval"), said),
				said);
}

const struct audit_crosscheck approval_crosscheck = {
	.noun = "approval",
	.key = "id",
	.columns = {"state", "state_reason", "subject_kind", "subject_id", "subject_digest"},
	/* As in approval_terms. */
	.terms = {"class", "levels", "excluded", "reading", "summary", "requested_by",
		"requested_at_us", "expires_at_us"},
	.hear = hear_request,
	.rows = approval_store_rows,
};

/* --- decisions --- */

enum { APPROVAL_ID, PERSON, LEVEL, DECISION, DIGEST, REASON, FOR_PERSON, DELEGATION };

static void hear_vote(struct audit_ledger *ledger, const struct audit_said *said)
{
	struct audit_subject *row;

	if (!audit_said_is(said, AUDIT_APPROVAL_DECIDE))
		return;
	row = audit_ledger_hear(ledger, audit_said_detail(said, "id"), said);
	audit_subject_says(row, APPROVAL_ID, audit_said_detail(said, "approval"));
	audit_subject_says(row, PERSON, audit_said_detail(said, "person"));
	audit_subject_says(row, LEVEL, audit_said_detail(said, "level"));
	audit_subject_says(row, DECISION, audit_said_detail(said, "decision"));
	audit_subject_says(row, DIGEST, audit_said_detail(said, "digest"));
	audit_subject_says(row, REASON, audit_said_detail(said, "reason"));
	audit_subject_says(row, FOR_PERSON, audit_said_detail(said, "for_person"));
	audit_subject_says(row, DELEGATION, audit_said_detail(said, "delegation"));
}

const struct audit_crosscheck approval_decision_crosscheck = {
	.noun = "decision",
	.key = "id",
	.columns = {"approval_id", "person_id", "level", "decision", "digest", "reason",
		"for_person_id", "delegation_id"},
	.hear = hear_vote,
	.rows = approval_store_vote_rows,
};

/* --- delegations --- */

enum { WITHDRAWN_BY };

static void hear_delegation(struct audit_ledger *ledger, const struct audit_said *said)
{
	bool is_made = audit_said_is(said, AUDIT_DELEGATION_CREATE);
	struct audit_subject *row;

	if (!is_made && !audit_said_is(said, AUDIT_DELEGATION_WITHDRAW))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_subject_says(row, WITHDRAWN_BY, audit_said_detail(said, "withdrawn_by_id"));
	if (is_made)
		audit_subject_terms(row, said);
}

const struct audit_crosscheck delegation_crosscheck = {
	.noun = "delegation",
	.key = "id",
	.columns = {"withdrawn_by_id"},
	/* As in terms_of (delegation.c). */
	.terms = {"from_id", "to_id", "reason", "start_us", "end_us", "created_at_us"},
	.hear = hear_delegation,
	.rows = delegation_store_rows,
};
