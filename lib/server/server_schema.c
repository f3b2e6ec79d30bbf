#include "lib/server/server.h"

static const struct store_migration migrations[] = {
	{"idempotency keys",
		"CREATE TABLE server_idempotency ("
		" principal TEXT NOT NULL,"
		" key TEXT NOT NULL,"
		" digest TEXT NOT NULL,"    /* of the request */
		" status INTEGER NOT NULL," /* 0: the reply held a secret and was not kept */
		" type TEXT,"
		" headers TEXT NOT NULL,"
		" body BLOB NOT NULL,"
		" created_at_us INTEGER NOT NULL,"
		" PRIMARY KEY (principal, key)"
		") STRICT, WITHOUT ROWID;"
		"CREATE INDEX server_idempotency_created ON server_idempotency (created_at_us);"},
};

const struct store_schema server_schema = {
	.room = "lib/server",
	.migrations = migrations,
	.count = sizeof(migrations) / sizeof(migrations[0]),
};
