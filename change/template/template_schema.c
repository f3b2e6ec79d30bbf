#include "change/template/template.h"

static const struct store_migration migrations[] = {
	{"templates of standard changes",
		"CREATE TABLE change_template ("
		" name TEXT NOT NULL,"
		" version INTEGER NOT NULL,"
		" summary TEXT NOT NULL,"
		" owner TEXT NOT NULL,"	 /* group */
		" params TEXT NOT NULL," /* canonical JSON */
		" body TEXT NOT NULL,"	 /* canonical JSON */
		" digest TEXT NOT NULL,"
		" author_id TEXT NOT NULL,"
		" author TEXT NOT NULL,"
		" state TEXT NOT NULL CHECK (state IN"
		"  ('draft', 'in_review', 'active', 'suspended', 'rejected', 'retired')),"
		" state_reason TEXT NOT NULL,"
		" created_at_us INTEGER NOT NULL,"
		" approved_at_us INTEGER NOT NULL,"
		" row_version INTEGER NOT NULL,"
		" PRIMARY KEY (name, version),"
		" CHECK (state != 'active' OR approved_at_us > 0)"
		") STRICT, WITHOUT ROWID;"
		"CREATE UNIQUE INDEX change_template_one_active ON change_template (name)"
		" WHERE state = 'active';"
		"CREATE TABLE change_template_use ("
		" name TEXT NOT NULL,"
		" version INTEGER NOT NULL,"
		" change TEXT NOT NULL," /* CHG-<n> */
		" is_success INTEGER NOT NULL CHECK (is_success IN (0, 1)),"
		" at_us INTEGER NOT NULL,"
		" PRIMARY KEY (name, version, change),"
		" FOREIGN KEY (name, version) REFERENCES change_template (name, version)"
		") STRICT, WITHOUT ROWID;"
		"CREATE INDEX change_template_use_by_time ON change_template_use"
		" (name, version, at_us);"},
};

const struct store_schema template_schema = {
	.room = "change/template",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
