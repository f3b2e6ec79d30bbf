#include "incidents/incident.h"

static const struct store_migration migrations[] = {
	{"incidents", "CREATE TABLE incident ("
		      " seq INTEGER PRIMARY KEY," /* INC-<seq> */
		      " title TEXT NOT NULL,"
		      " severity INTEGER NOT NULL CHECK (severity BETWEEN 1 AND 4),"
		      " environment TEXT NOT NULL,"
		      " service TEXT NOT NULL,"
		      " state TEXT NOT NULL CHECK (state IN ('open', 'closed')),"
		      " opened_by TEXT NOT NULL,"
		      " opened_at_us INTEGER NOT NULL,"
		      " closed_by TEXT,"
		      " closed_at_us INTEGER NOT NULL,"
		      " finding TEXT,"
		      " version INTEGER NOT NULL"
		      ") STRICT;"
		      "CREATE INDEX incident_by_state ON incident (state, seq);"
		      "CREATE TABLE incident_link ("
		      " incident_seq INTEGER NOT NULL REFERENCES incident (seq),"
		      " kind TEXT NOT NULL CHECK (kind IN ('execution', 'change', 'alert', 'url')),"
		      " reference TEXT NOT NULL,"
		      " note TEXT NOT NULL,"
		      " linked_by TEXT NOT NULL,"
		      " linked_at_us INTEGER NOT NULL,"
		      " PRIMARY KEY (incident_seq, kind, reference)"
		      ") STRICT, WITHOUT ROWID;"},
	{"what an incident is linked to",
		"CREATE INDEX incident_link_by_reference ON incident_link (kind, reference);"},
};

const struct store_schema incident_schema = {.room = "incidents",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0])};
