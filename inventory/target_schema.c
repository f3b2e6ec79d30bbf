#include "inventory/target.h"

static const struct store_migration migrations[] = {
	{"targets", "CREATE TABLE target ("
		    " id TEXT PRIMARY KEY,"
		    " name TEXT NOT NULL UNIQUE,"
		    " kind TEXT NOT NULL,"
		    " address TEXT NOT NULL,"
		    " credential TEXT," /* a reference, never the credential */
		    " environment TEXT NOT NULL,"
		    " site TEXT NOT NULL,"
		    " zone TEXT NOT NULL,"
		    " service TEXT NOT NULL,"
		    " tier TEXT NOT NULL,"
		    " labels TEXT NOT NULL,"   /* JSON object of texts */
		    " allow TEXT NOT NULL,"    /* JSON list of patterns */
		    " networks TEXT NOT NULL," /* JSON list of CIDRs */
		    " version INTEGER NOT NULL,"
		    " created_at_us INTEGER NOT NULL,"
		    " changed_at_us INTEGER NOT NULL"
		    ") STRICT;"
		    "CREATE INDEX target_by_kind ON target (kind, name);"},
	{"targets by identity", "CREATE INDEX target_by_address ON target (address);"},
};

const struct store_schema inventory_schema = {.room = "inventory",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0])};
