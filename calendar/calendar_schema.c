#include "calendar/calendar.h"

static const struct store_migration migrations[] = {
	{"calendars", "CREATE TABLE calendar ("
		      " id TEXT PRIMARY KEY,"
		      " name TEXT NOT NULL UNIQUE,"
		      " default_state TEXT NOT NULL CHECK (default_state IN ('open', 'closed')),"
		      " zone TEXT NOT NULL,"
		      " selector TEXT NOT NULL," /* JSON object of texts */
		      " overrun TEXT NOT NULL CHECK (overrun IN ('allow', 'warn', 'kill')),"
		      " grace_ms INTEGER NOT NULL,"
		      " approvers TEXT," /* name of a group */
		      " max_age_ms INTEGER NOT NULL,"
		      " ics TEXT NOT NULL,"
		      " digest TEXT NOT NULL,"
		      " imported_at_us INTEGER NOT NULL,"
		      " known_until_us INTEGER NOT NULL,"
		      " version INTEGER NOT NULL,"
		      " created_at_us INTEGER NOT NULL,"
		      " changed_at_us INTEGER NOT NULL"
		      ") STRICT;"
		      "CREATE TABLE calendar_window ("
		      " calendar_id TEXT NOT NULL REFERENCES calendar (id),"
		      " seq INTEGER NOT NULL,"
		      " start_at_us INTEGER NOT NULL,"
		      " end_at_us INTEGER NOT NULL CHECK (end_at_us > start_at_us),"
		      " uid TEXT NOT NULL,"
		      " title TEXT NOT NULL,"
		      " is_advisory INTEGER NOT NULL,"
		      " PRIMARY KEY (calendar_id, seq)"
		      ") STRICT, WITHOUT ROWID;"
		      "CREATE INDEX calendar_window_by_start ON calendar_window (calendar_id, "
		      "start_at_us);"},
};

const struct store_schema calendar_schema = {.room = "calendar",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0])};
