#include "approval/approval.h"

static const struct store_migration migrations[] = {
	{"approvals and decisions",
		"CREATE TABLE approval ("
		" id TEXT PRIMARY KEY,"
		" subject_kind TEXT NOT NULL,"
		" subject_id TEXT NOT NULL,"
		" subject_digest TEXT NOT NULL,"
		" class TEXT NOT NULL CHECK (class IN ('R0', 'R1', 'R2', 'R3')),"
		" levels TEXT NOT NULL,"   /* JSON list, in order */
		" excluded TEXT NOT NULL," /* JSON list of person ids */
		" reading TEXT,"
		" summary TEXT NOT NULL,"
		" requested_by TEXT NOT NULL,"
		" requested_at_us INTEGER NOT NULL,"
		" expires_at_us INTEGER NOT NULL,"
		" state TEXT NOT NULL CHECK (state IN"
		"  ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED', 'VOID', 'USED')),"
		" state_reason TEXT,"
		" ended_at_us INTEGER,"
		" version INTEGER NOT NULL"
		") STRICT;"
		"CREATE UNIQUE INDEX approval_one_open ON approval (subject_kind, subject_id, "
		"subject_digest)"
		" WHERE state = 'PENDING';"
		"CREATE INDEX approval_by_subject ON approval (subject_kind, subject_id, "
		"requested_at_us);"
		"CREATE INDEX approval_by_state ON approval (state, expires_at_us);"
		"CREATE TABLE approval_decision ("
		" id TEXT PRIMARY KEY,"
		" approval_id TEXT NOT NULL REFERENCES approval (id),"
		" person_id TEXT NOT NULL,"
		" level INTEGER NOT NULL," /* from 0 */
		" decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),"
		" digest TEXT NOT NULL," /* that the person was shown */
		" reason TEXT,"
		" decided_at_us INTEGER NOT NULL,"
		" UNIQUE (approval_id, person_id)"
		") STRICT;"},
	{"delegations",
		"CREATE TABLE approval_delegation ("
		" id TEXT PRIMARY KEY,"
		" from_id TEXT NOT NULL,"
		" to_id TEXT NOT NULL CHECK (to_id <> from_id),"
		" reason TEXT NOT NULL,"
		" start_us INTEGER NOT NULL,"
		" end_us INTEGER NOT NULL CHECK (end_us > start_us),"
		" created_at_us INTEGER NOT NULL,"
		" withdrawn_by_id TEXT," /* NULL while it stands */
		" withdrawn_at_us INTEGER NOT NULL,"
		" version INTEGER NOT NULL"
		") STRICT;"
		"CREATE INDEX approval_delegation_by_from ON approval_delegation (from_id, end_us);"
		"CREATE INDEX approval_delegation_by_to ON approval_delegation (to_id, end_us);"
		"ALTER TABLE approval_decision ADD COLUMN for_person_id TEXT;"
		"ALTER TABLE approval_decision ADD COLUMN delegation_id TEXT;"
		"CREATE UNIQUE INDEX approval_decision_one_for ON approval_decision"
		" (approval_id, for_person_id) WHERE for_person_id IS NOT NULL;"},
};

const struct store_schema approval_schema = {
	.room = "approval",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
