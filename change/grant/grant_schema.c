#include "change/grant/grant.h"

static const struct store_migration migrations[] = {
	{"grants and runs",
		"CREATE TABLE change_grant ("
		" id TEXT PRIMARY KEY,"
		" change_seq INTEGER NOT NULL,"
		" revision INTEGER NOT NULL,"
		" step INTEGER NOT NULL,"
		" phase TEXT NOT NULL,"
		" target TEXT NOT NULL,"
		" target_identity TEXT NOT NULL,"
		" fingerprint TEXT NOT NULL,"
		" env_allow TEXT NOT NULL," /* JSON list of names */
		" persons TEXT NOT NULL,"   /* JSON list of ids */
		" not_before_us INTEGER NOT NULL,"
		" not_after_us INTEGER NOT NULL,"
		" runs INTEGER NOT NULL CHECK (runs > 0),"
		" runs_left INTEGER NOT NULL CHECK (runs_left BETWEEN 0 AND runs),"
		" revoked_reason TEXT,"
		" revoked_at_us INTEGER"
		") STRICT;"
		"CREATE INDEX change_grant_by_fingerprint ON change_grant (fingerprint, "
		"target_identity);"
		"CREATE INDEX change_grant_by_target ON change_grant (target_identity, env_allow);"
		"CREATE INDEX change_grant_by_change ON change_grant (change_seq, step, target);"
		"CREATE TABLE rcm_run ("
		" id TEXT PRIMARY KEY,"
		" grant_id TEXT REFERENCES change_grant (id)," /* NULL in an emergency */
		" change_seq INTEGER NOT NULL,"		       /* 0 without */
		" revision INTEGER NOT NULL,"
		" step INTEGER NOT NULL,"
		" emergency TEXT,"
		" target TEXT NOT NULL,"
		" person_id TEXT NOT NULL,"
		" host TEXT NOT NULL,"
		" line TEXT NOT NULL,"
		" state TEXT NOT NULL CHECK (state IN ('started', 'ended', 'lost', 'reset')),"
		" started_at_us INTEGER NOT NULL,"
		" lease_until_us INTEGER NOT NULL,"
		" kill_at_us INTEGER NOT NULL,"
		" ended_at_us INTEGER NOT NULL,"
		" status INTEGER NOT NULL,"
		" recording TEXT,"
		" recording_sha256 TEXT,"
		" recording_bytes INTEGER NOT NULL,"
		" is_recording_whole INTEGER NOT NULL CHECK (is_recording_whole IN (0, 1)),"
		" stop_reason TEXT,"
		" CHECK ((grant_id IS NULL) <> (emergency IS NULL))"
		") STRICT;"
		"CREATE INDEX rcm_run_by_change ON rcm_run (change_seq, started_at_us);"
		"CREATE INDEX rcm_run_by_start ON rcm_run (started_at_us);"
		"CREATE INDEX rcm_run_started ON rcm_run (lease_until_us) WHERE state = "
		"'started';"},
};

const struct store_schema grant_schema = {
	.room = "change/grant",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
