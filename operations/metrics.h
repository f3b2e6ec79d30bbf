/*
 * What the daemon is at, as figures for Prometheus. Made from memory and a few counted rows; no
 * target is asked. The table of all of them is in docs/operations.md.
 */
#ifndef RB_OPERATIONS_METRICS_H
#define RB_OPERATIONS_METRICS_H

#include "audit/audit.h"
#include "executor/executor.h"
#include "inventory/target_watch.h"
#include "lib/base/buf.h"
#include "lib/jail/jail.h"
#include "lib/store/store.h"

/* The living parts that are looked at; main's, as long as the server is open. */
struct metrics_rooms {
	struct store *store;
	struct executor *executor;
	const struct jail *jail;
	struct audit *audit;
	struct target_watch *watch;
	int64_t started_at_us;
};

/* More targets than this have no lines of their own, only sums. */
#define METRICS_TARGETS_MAX 500

/* Appends all families but those of HTTP. */
int metrics_write(const struct metrics_rooms *rooms, int64_t now_us, struct arena *arena,
	struct buf *out, struct error *err);

#endif
