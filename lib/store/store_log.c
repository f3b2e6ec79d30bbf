/*
 * The log at its full length before it is used: a flush of bytes that overwrite others is cheaper
 * than one of a file that grows, and SQLite writes a log from its beginning again once it was
 * written back. Zeros are no frame: a recovery ends at the first of them.
 */
#include "lib/store/store_rooms.h"

/* The disk must have room for this many such logs: what is short is not spent on speed. */
#define ROOM_FOR 8

static bool is_room(const struct store *store)
{
	return store_space_free(store) - store->options.reserve_bytes >=
	       ROOM_FOR * store->options.log_bytes;
}

/* Behind what stands in it: frames that an end without order left there are kept. */
static int lengthen(sqlite3_file *log, sqlite3_int64 bytes)
{
	static const char zeros[64 * 1024];
	sqlite3_int64 at = 0;
	int rc = log->pMethods->xFileSize(log, &at);

	for (; rc == SQLITE_OK && at < bytes; at += (sqlite3_int64)sizeof(zeros))
		rc = log->pMethods->xWrite(log, zeros, sizeof(zeros), at);
	return rc == SQLITE_OK ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : rc;
}

void store_log_prepare(struct store *store)
{
	sqlite3_file *log = NULL;

	if (store->options.log_bytes <= 0 || !is_room(store) ||
		sqlite3_file_control(store->writer.db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
			&log) != SQLITE_OK ||
		!log || !log->pMethods)
		return;
	/* A log that stayed shorter grows as it is written. */
	lengthen(log, store->options.log_bytes);
}
