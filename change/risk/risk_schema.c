#include "change/risk/risk.h"

static const struct store_migration migrations[] = {
	{"findings of risk rules",
		"CREATE TABLE risk_report ("
		" change_seq INTEGER NOT NULL," /* CHG-<seq> */
		" revision INTEGER NOT NULL,"
		" total INTEGER NOT NULL,"
		" terms TEXT NOT NULL,"
		" level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),"
		" has_error INTEGER NOT NULL CHECK (has_error IN (0, 1)),"
		" input_digest TEXT NOT NULL,"
		" rules_revision TEXT NOT NULL,"
		" assessed_at_us INTEGER NOT NULL,"
		" PRIMARY KEY (change_seq, revision)"
		") STRICT, WITHOUT ROWID;"
		"CREATE TABLE risk_finding ("
		" change_seq INTEGER NOT NULL,"
		" revision INTEGER NOT NULL,"
		" position INTEGER NOT NULL,"
		" rule TEXT NOT NULL,"
		" severity TEXT NOT NULL CHECK (severity IN ('C', 'H', 'M', 'L')),"
		" tier TEXT NOT NULL CHECK (tier IN ('SHADOW', 'WARN', 'ENFORCE')),"
		" step INTEGER NOT NULL," /* 0 = the change as a whole */
		" object TEXT NOT NULL,"
		" seen TEXT NOT NULL,"
		" message TEXT NOT NULL,"
		" why TEXT NOT NULL,"
		" suggestion TEXT NOT NULL,"
		" doc TEXT NOT NULL,"
		" owner TEXT NOT NULL,"
		" waivable TEXT NOT NULL CHECK (waivable IN ('none', 'approver', 'owner')),"
		" title TEXT NOT NULL,"
		" PRIMARY KEY (change_seq, revision, position),"
		" FOREIGN KEY (change_seq, revision) REFERENCES risk_report (change_seq, revision)"
		"  ON DELETE CASCADE"
		") STRICT, WITHOUT ROWID;"
		"CREATE INDEX risk_finding_by_rule ON risk_finding (rule, change_seq);"},
	{"what became of changes like it",
		"ALTER TABLE risk_report ADD COLUMN history_of INTEGER NOT NULL DEFAULT 0;"
		"ALTER TABLE risk_report ADD COLUMN history_failed INTEGER NOT NULL DEFAULT 0;"},
};

const struct store_schema risk_schema = {
	.room = "change/risk",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
