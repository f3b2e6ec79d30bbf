/*
 * What a host's gate could not tell when it happened: ends of runs, and uses of its sealed code.
 * Records are lines of canonical JSON that name the digest of the one before; the daemon keeps them
 * as they were and says where one is missing.
 */
#ifndef RB_CHANGE_DECISION_GATE_SPOOL_H
#define RB_CHANGE_DECISION_GATE_SPOOL_H

#include "audit/audit.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define SPOOL_RECORD_MAX ((size_t)64 * 1024)

/* --- at the host: gate_spool.c --- */

struct gate_spool;
/* Opens or makes the file (mode 0600) and checks its chain. ERROR_TAMPERED names the line. */
int gate_spool_open(const char *path, struct gate_spool **ret, struct error *err);
void gate_spool_close(struct gate_spool *spool); /* NULL is fine */
/*
 * Appends `what` (an object; chain, seq, prev and kind are put in) and returns when it is on disk:
 * only then may what it tells of begin.
 */
int gate_spool_add(
	struct gate_spool *spool, const char *kind, const json_t *what, struct error *err);
/* The first record that was not taken yet, borrowed until the next call; NULL = none. */
const char *gate_spool_first(const struct gate_spool *spool);
/* It was taken: the place is remembered beside the file. */
int gate_spool_taken(struct gate_spool *spool, struct error *err);

/* --- at the daemon: spool.c, spool_store.c --- */

struct spool_row {
	const char *gate, *chain, *digest, *kind, *record;
	int64_t seq, at_us;
	bool has_gap;
};
int spool_store_insert(struct store_tx *tx, const struct spool_row *row, struct error *err);
/* 1 and the digest of that record, 0 when it was never told. */
int spool_store_digest(struct store_tx *tx, struct arena *arena, const char *gate,
	const char *chain, int64_t seq, const char **ret, struct error *err);

struct spool_take {
	const struct audit_actor *actor;
	const char *gate, *person_id; /* whose token tells it */
	const char *record;	      /* the line, without its newline */
	int64_t at_us;
	char notify_id[ID_SIZE];
	struct arena *arena;
	bool ret_has_gap;
};
/*
 * Takes one record and does what it tells of. The same record again changes nothing; another under
 * its number is ERROR_CONFLICT.
 */
int spool_take(struct store_tx *tx, struct spool_take *take, struct error *err);

#endif
