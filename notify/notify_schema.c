#include "notify/notify.h"

static const struct store_migration migrations[] = {
	{"hooks, events and their deliveries",
		"CREATE TABLE notify_hook ("
		" id TEXT PRIMARY KEY,"
		" name TEXT NOT NULL UNIQUE,"
		" url TEXT NOT NULL,"
		" secret TEXT NOT NULL," /* a reference, never the key */
		" types TEXT NOT NULL,"	 /* JSON list of patterns */
		" state TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED')),"
		" created_at_us INTEGER NOT NULL"
		") STRICT;"
		"CREATE TABLE notify_event ("
		" id TEXT PRIMARY KEY,"
		" type TEXT NOT NULL,"
		" subject TEXT NOT NULL,"
		" text TEXT NOT NULL,"
		" data TEXT NOT NULL," /* JSON object */
		" at_us INTEGER NOT NULL"
		") STRICT;"
		"CREATE TABLE notify_delivery ("
		" event_id TEXT NOT NULL REFERENCES notify_event (id),"
		" hook_id TEXT NOT NULL," /* the hook may be gone */
		" hook TEXT NOT NULL,"
		" state TEXT NOT NULL CHECK (state IN ('PENDING', 'DELIVERED', 'GIVEN_UP')),"
		" attempts INTEGER NOT NULL,"
		" due_at_us INTEGER NOT NULL,"
		" ended_at_us INTEGER,"
		" status INTEGER,"
		" last_error TEXT,"
		" PRIMARY KEY (event_id, hook_id)"
		") STRICT;"
		"CREATE INDEX notify_delivery_due ON notify_delivery (hook_id, state, due_at_us);"},
};

const struct store_schema notify_schema = {.room = "notify",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0])};
