#include "plans/plan.h"

static const struct store_migration migrations[] = {
	{"plan versions and graphs",
		"CREATE TABLE plan_version ("
		" id TEXT PRIMARY KEY,"
		" plan TEXT NOT NULL,"
		" number INTEGER NOT NULL,"
		" digest TEXT NOT NULL,"
		" file TEXT NOT NULL,"
		" script TEXT NOT NULL,"
		" modules TEXT NOT NULL,"  /* canonical JSON {name: text} */
		" manifest TEXT NOT NULL," /* JSON as the runner gave it */
		" state TEXT NOT NULL CHECK (state IN ('DRAFT', 'IN_REVIEW', 'APPROVED', 'ACTIVE',"
		"  'SUPERSEDED', 'SUSPENDED', 'RETIRED', 'REJECTED', 'DISCARDED', 'EXPIRED')),"
		" state_reason TEXT,"
		" created_by TEXT NOT NULL,"
		" created_at_us INTEGER NOT NULL,"
		" changed_at_us INTEGER NOT NULL,"
		" version INTEGER NOT NULL,"
		" UNIQUE (plan, number)"
		") STRICT;"
		"CREATE UNIQUE INDEX plan_version_one_active ON plan_version (plan) WHERE state = "
		"'ACTIVE';"
		"CREATE INDEX plan_version_by_digest ON plan_version (digest);"
		"CREATE INDEX plan_version_by_state ON plan_version (state);"
		"CREATE TABLE plan_version_editor ("
		" version_id TEXT NOT NULL REFERENCES plan_version (id),"
		" person_id TEXT NOT NULL,"
		" edited_at_us INTEGER NOT NULL,"
		" PRIMARY KEY (version_id, person_id)"
		") STRICT;"
		"CREATE TABLE plan_graph ("
		" digest TEXT PRIMARY KEY,"
		" bytes BLOB NOT NULL,"
		" version_id TEXT NOT NULL REFERENCES plan_version (id),"
		" lines TEXT NOT NULL," /* JSON {path: \"file:line\"} */
		" class TEXT NOT NULL CHECK (class IN ('R0', 'R1', 'R2', 'R3')),"
		" created_at_us INTEGER NOT NULL"
		") STRICT;"},
};

const struct store_schema plans_schema = {
	.room = "plans",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
