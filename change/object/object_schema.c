#include "change/object/object.h"

static const struct store_migration migrations[] = {
	{"objects of changes",
		"CREATE TABLE object_claim ("
		" holder TEXT NOT NULL," /* CHG-7, REL-3 */
		" path TEXT NOT NULL,"	 /* the key, '/' between all its parts */
		" object TEXT NOT NULL," /* the key as it was given */
		" is_exclusive INTEGER NOT NULL CHECK (is_exclusive IN (0, 1)),"
		" start_at_us INTEGER NOT NULL,"
		" end_at_us INTEGER NOT NULL CHECK (end_at_us > start_at_us),"
		" PRIMARY KEY (holder, path)"
		") STRICT, WITHOUT ROWID;"
		"CREATE INDEX object_claim_by_path ON object_claim (path, end_at_us);"
		"CREATE TABLE object_edge ("
		" from_path TEXT NOT NULL,"
		" to_path TEXT NOT NULL,"
		" from_object TEXT NOT NULL,"
		" to_object TEXT NOT NULL,"
		" PRIMARY KEY (from_path, to_path)"
		") STRICT, WITHOUT ROWID;"
		"CREATE INDEX object_edge_by_end ON object_edge (to_path, from_path);"},
	{"exclusive claims by path",
		"CREATE INDEX object_claim_exclusive ON object_claim (path, end_at_us)"
		" WHERE is_exclusive = 1;"},
};

const struct store_schema object_schema = {.room = "change_object",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0])};
