#include "change/decision/decision.h"

static const struct store_migration migrations[] = {
	{"decisions, accounts, releases",
		"CREATE TABLE change_decision ("
		" seq INTEGER PRIMARY KEY," /* DEC-<seq> */
		" asker TEXT NOT NULL,"	    /* namespace of request_id */
		" request_id TEXT NOT NULL,"
		" body_digest TEXT NOT NULL,"
		" at_us INTEGER NOT NULL,"
		" expires_at_us INTEGER NOT NULL,"
		" verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'review', 'deny')),"
		" reason TEXT NOT NULL,"
		" person_id TEXT,"
		" target TEXT NOT NULL,"
		" change TEXT,"
		" run TEXT,"
		" policy INTEGER NOT NULL,"
		" rules TEXT NOT NULL,"
		" input TEXT NOT NULL," /* canonical JSON, as all four */
		" facts TEXT NOT NULL,"
		" core TEXT NOT NULL,"
		" answer TEXT NOT NULL,"
		" UNIQUE (asker, request_id)"
		") STRICT;"
		"CREATE TABLE change_account ("
		" target TEXT NOT NULL," /* name of the host's target, or '@all' */
		" account TEXT NOT NULL,"
		" person_id TEXT NOT NULL,"
		" mapped_by TEXT NOT NULL,"
		" mapped_at_us INTEGER NOT NULL,"
		" PRIMARY KEY (target, account)"
		") STRICT, WITHOUT ROWID;"
		"CREATE TABLE change_release ("
		" seq INTEGER PRIMARY KEY," /* REL-<seq> */
		" platform TEXT NOT NULL,"
		" service TEXT NOT NULL,"
		" environment TEXT NOT NULL,"
		" artifact_digest TEXT NOT NULL,"
		" version_from TEXT NOT NULL,"
		" version_to TEXT NOT NULL,"
		" phase TEXT NOT NULL,"
		" state TEXT NOT NULL CHECK (state IN ('running', 'between', 'failed', 'done')),"
		" person_id TEXT NOT NULL,"
		" batch_no INTEGER NOT NULL,"
		" batch_pct INTEGER NOT NULL,"
		" started_at_us INTEGER NOT NULL,"
		" changed_at_us INTEGER NOT NULL,"
		" open_until_us INTEGER NOT NULL"
		") STRICT;"
		"CREATE INDEX change_release_by_service ON change_release (service, state);"
		"CREATE TABLE change_release_phase ("
		" platform TEXT NOT NULL,"
		" service TEXT NOT NULL,"
		" artifact_digest TEXT NOT NULL,"
		" phase TEXT NOT NULL,"
		" release_seq INTEGER NOT NULL REFERENCES change_release (seq),"
		" passed_at_us INTEGER NOT NULL,"
		" PRIMARY KEY (platform, service, artifact_digest, phase)"
		") STRICT, WITHOUT ROWID;"
		"CREATE TABLE change_spool ("
		" gate TEXT NOT NULL," /* person whose token told it */
		" chain TEXT NOT NULL,"
		" seq INTEGER NOT NULL,"
		" digest TEXT NOT NULL," /* of the record's bytes */
		" kind TEXT NOT NULL,"
		" record TEXT NOT NULL,"
		" has_gap INTEGER NOT NULL CHECK (has_gap IN (0, 1)),"
		" at_us INTEGER NOT NULL,"
		" PRIMARY KEY (gate, chain, seq)"
		") STRICT, WITHOUT ROWID;"},
};

const struct store_schema decision_schema = {
	.room = "change/decision",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
