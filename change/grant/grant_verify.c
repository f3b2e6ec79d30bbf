/* What the log says of grants and runs, against their rows. */
#include "change/grant/grant_rooms.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --- grants --- */

enum { RUNS_LEFT, REVOKED_REASON };

static void hear_grant(struct audit_ledger *ledger, const struct audit_said *said)
{
	bool is_mint = audit_said_is(said, AUDIT_GRANT_MINT);
	bool is_void = audit_said_is(said, AUDIT_GRANT_VOID);
	bool is_reset = audit_said_is(said, AUDIT_RUN_RESET);
	struct audit_subject *row;

	if (!is_mint && !is_void && !is_reset && !audit_said_is(said, AUDIT_GRANT_TAKE))
		return;
	row = audit_ledger_hear(ledger,
		is_reset ? audit_said_detail(said, "grant") : audit_said_subject(said), said);
	audit_subject_says(row, RUNS_LEFT, audit_said_detail(said, "runs_left"));
	if (is_void)
		audit_subject_says(row, REVOKED_REASON, audit_said_detail(said, "reason"));
	if (!is_mint)
		return;
	audit_subject_says(row, REVOKED_REASON, audit_value_of(NULL));
	audit_subject_terms(row, said);
}

const struct audit_crosscheck change_grant_crosscheck = {
	.noun = "change grant",
	.key = "id",
	.columns = {"runs_left", "revoked_reason"},
	/* As in grant_terms. */
	.terms = {"change_seq", "revision", "step", "phase", "target", "target_identity",
		"fingerprint", "env_allow", "persons", "not_before_us", "not_after_us", "runs"},
	.hear = hear_grant,
	.rows = change_grant_store_rows,
};

/* --- runs --- */

enum { STATE, STOP_REASON, STATUS, RECORDING, RECORDING_SHA256, RECORDING_BYTES };

static void hear_begin(struct audit_subject *row, const struct audit_said *said)
{
	audit_subject_says(row, STOP_REASON, audit_value_of(NULL));
	audit_subject_says(row, STATUS, audit_value_of("-1"));
	audit_subject_says(row, RECORDING, audit_value_of(NULL));
	audit_subject_says(row, RECORDING_SHA256, audit_value_of(NULL));
	audit_subject_says(row, RECORDING_BYTES, audit_value_of("0"));
	audit_subject_terms(row, said);
}

static void hear_stop(struct audit_subject *row, const struct audit_said *said)
{
	audit_subject_says(row, STOP_REASON, audit_said_detail(said, "reason"));
}

static void hear_end(struct audit_subject *row, const struct audit_said *said)
{
	audit_subject_says(row, STATUS, audit_said_detail(said, "status"));
	audit_subject_says(row, RECORDING, audit_said_detail(said, "recording"));
	audit_subject_says(row, RECORDING_SHA256, audit_said_detail(said, "recording_sha256"));
	audit_subject_says(row, RECORDING_BYTES, audit_said_detail(said, "recording_bytes"));
}

static void hear_nothing(struct audit_subject *row, const struct audit_said *said)
{
	(void)row;
	(void)said;
}

static const struct {
	enum audit_action action;
	void (*hear)(struct audit_subject *row, const struct audit_said *said);
} hearings[] = {
	{AUDIT_RUN_BEGIN, hear_begin},
	{AUDIT_RUN_STOP, hear_stop},
	{AUDIT_RUN_END, hear_end},
	{AUDIT_RUN_LOST, hear_nothing},
	{AUDIT_RUN_RESET, hear_nothing},
};

static void hear_run(struct audit_ledger *ledger, const struct audit_said *said)
{
	for (size_t i = 0; i < COUNT(hearings); i++)
		if (audit_said_is(said, hearings[i].action)) {
			struct audit_subject *row =
				audit_ledger_hear(ledger, audit_said_subject(said), said);

			audit_subject_says(row, STATE, audit_said_detail(said, "state"));
			hearings[i].hear(row, said);
		}
}

const struct audit_crosscheck rcm_run_crosscheck = {
	.noun = "run",
	.key = "id",
	.columns = {"state", "stop_reason", "status", "recording", "recording_sha256",
		"recording_bytes"},
	/* As in run_terms. */
	.terms = {"grant_id", "change_seq", "revision", "step", "emergency", "target", "person_id",
		"host", "line", "started_at_us", "kill_at_us"},
	.hear = hear_run,
	.rows = rcm_run_store_rows,
};
