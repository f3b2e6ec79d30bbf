#include "safety/lock.h"

static const struct store_migration migrations[] = {
	{"locks and items in effect",
		"CREATE TABLE safety_lock ("
		" register_key TEXT PRIMARY KEY,"
		" execution_id TEXT NOT NULL,"
		" taken_at_us INTEGER NOT NULL"
		") STRICT;"
		"CREATE INDEX safety_lock_by_execution ON safety_lock (execution_id);"
		"CREATE TABLE safety_item ("
		" id TEXT PRIMARY KEY,"
		" position INTEGER NOT NULL," /* in its register's stack, 1 is the lowest */
		" register_key TEXT NOT NULL,"
		" target TEXT NOT NULL,"
		" type TEXT NOT NULL,"
		" args TEXT NOT NULL,"
		" execution_id TEXT NOT NULL,"
		" plan TEXT NOT NULL,"
		" person TEXT NOT NULL,"
		" baseline TEXT,"
		" ours TEXT,"
		" previous TEXT," /* ours before the write that is out */
		" has_previous INTEGER NOT NULL DEFAULT 0 CHECK (has_previous IN (0, 1)),"
		" observed TEXT,"
		" state TEXT NOT NULL CHECK (state IN"
		"  ('UNCONFIRMED', 'IN_EFFECT', 'UNKNOWN', 'CONFLICT', 'ORPHANED', 'CLOSED')),"
		" since_us INTEGER NOT NULL,"
		" expires_at_us INTEGER NOT NULL,"
		" expiry_told INTEGER NOT NULL DEFAULT 0 CHECK (expiry_told IN (0, 1)),"
		" on_expiry TEXT NOT NULL CHECK (on_expiry IN ('ask', 'restore')),"
		" closed_at_us INTEGER,"
		" closed_reason TEXT"
		") STRICT;"
		"CREATE INDEX safety_item_by_register ON safety_item (register_key, position) "
		"WHERE state <> 'CLOSED';"
		"CREATE INDEX safety_item_by_expiry ON safety_item (expires_at_us) WHERE state <> "
		"'CLOSED';"
		"CREATE INDEX safety_item_by_execution ON safety_item (execution_id);"},
};

const struct store_schema safety_schema = {
	.room = "safety",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
