#include "audit/audit.h"

/*
 * `bytes` is the record; the other columns are an index over it that verification derives again.
 * The triggers stop a careless hand; the authorizer stops this program; the checkpoints outside
 * tell of everybody else.
 */
static const struct store_migration migrations[] = {
	{"the log, its right edge and its checkpoints",
		"CREATE TABLE audit ("
		" seq INTEGER PRIMARY KEY CHECK (seq > 0),"
		" at_us INTEGER NOT NULL,"
		" action TEXT NOT NULL,"
		" outcome TEXT NOT NULL,"
		" actor_id TEXT NOT NULL,"
		" subject_kind TEXT NOT NULL,"
		" subject_id TEXT NOT NULL,"
		" intent_id TEXT,"
		" bytes BLOB NOT NULL,"
		" leaf BLOB NOT NULL CHECK (length(leaf) = 32)"
		") STRICT;"
		"CREATE INDEX audit_by_subject ON audit (subject_id);"
		"CREATE TABLE audit_edge ("
		" id INTEGER PRIMARY KEY CHECK (id = 1),"
		" size INTEGER NOT NULL,"
		" hashes BLOB NOT NULL"
		") STRICT;"
		"INSERT INTO audit_edge (id, size, hashes) VALUES (1, 0, x'');"
		"CREATE TABLE audit_checkpoint ("
		" size INTEGER PRIMARY KEY,"
		" at_us INTEGER NOT NULL,"
		" note TEXT NOT NULL,"
		" hashes BLOB NOT NULL"
		") STRICT;"
		"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
		" BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;"
		"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
		" BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;"
		"CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint"
		" BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;"
		"CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint"
		" BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END;"},
};

const struct store_schema audit_schema = {
	.room = "audit",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};

const char *const audit_append_only[] = {"audit", "audit_checkpoint", NULL};
