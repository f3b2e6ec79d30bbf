#include "change/emergency/emergency.h"

static const struct store_migration migrations[] = {
	{"emergencies and follow-ups",
		"CREATE TABLE emergency ("
		" seq INTEGER PRIMARY KEY," /* EMG-<seq> */
		" incident TEXT NOT NULL,"  /* INC-<n>; '' in a drill */
		" reason TEXT NOT NULL,"
		" person_id TEXT NOT NULL,"
		" person TEXT NOT NULL,"
		" second_id TEXT NOT NULL," /* '' = one was enough */
		" second TEXT NOT NULL,"
		" team TEXT NOT NULL,"
		" scope TEXT NOT NULL,"
		" state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'ended')),"
		" state_reason TEXT NOT NULL,"
		" is_drill INTEGER NOT NULL CHECK (is_drill IN (0, 1)),"
		" is_override INTEGER NOT NULL CHECK (is_override IN (0, 1)),"
		" ttl_us INTEGER NOT NULL,"
		" asked_at_us INTEGER NOT NULL,"
		" started_at_us INTEGER NOT NULL,"
		" ends_at_us INTEGER NOT NULL,"
		" ended_at_us INTEGER NOT NULL,"
		" renewals INTEGER NOT NULL,"
		" version INTEGER NOT NULL,"
		" CHECK (second_id != person_id),"
		" CHECK (incident != '' OR is_drill = 1)"
		") STRICT;"
		"CREATE INDEX emergency_by_state ON emergency (state, person_id);"
		"CREATE TABLE emergency_run ("
		" emergency_seq INTEGER NOT NULL REFERENCES emergency (seq),"
		" run_id TEXT NOT NULL,"
		" line TEXT NOT NULL,"
		" at_us INTEGER NOT NULL,"
		" PRIMARY KEY (emergency_seq, run_id)"
		") STRICT, WITHOUT ROWID;"
		"CREATE TABLE follow_up ("
		" emergency_seq INTEGER PRIMARY KEY REFERENCES emergency (seq),"
		" person_id TEXT NOT NULL,"
		" person TEXT NOT NULL,"
		" team TEXT NOT NULL,"
		" due_at_us INTEGER NOT NULL,"
		" verdict TEXT CHECK (verdict IN ('justified', 'unjustified'))," /* NULL = open */
		" note TEXT,"
		" closed_by_id TEXT NOT NULL,"
		" closed_by TEXT,"
		" closed_at_us INTEGER NOT NULL,"
		" told_at_us INTEGER NOT NULL," /* that it is overdue; 0 = never */
		" CHECK (closed_by_id != person_id)"
		") STRICT;"
		"CREATE INDEX follow_up_open ON follow_up (due_at_us) WHERE verdict IS NULL;"},
};

const struct store_schema emergency_schema = {
	.room = "change/emergency",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
