#include "change/decision/gate_spool.h"

static const struct store_statement insert_record = STORE_STATEMENT(
	"INSERT INTO change_spool (gate, chain, seq, digest, kind, record, has_gap, at_us)"
	" VALUES (:gate, :chain, :seq, :digest, :kind, :record, :has_gap, :at)");
static const struct store_statement select_record =
	STORE_STATEMENT("SELECT digest FROM change_spool WHERE gate = :gate AND chain = :chain"
			" AND seq = :seq");

int spool_store_insert(struct store_tx *tx, const struct spool_row *row, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_record);
	int rc;

	store_bind_text(query, "gate", row->gate);
	store_bind_text(query, "chain", row->chain);
	store_bind_int(query, "seq", row->seq);
	store_bind_text(query, "digest", row->digest);
	store_bind_text(query, "kind", row->kind);
	store_bind_text(query, "record", row->record);
	store_bind_int(query, "has_gap", row->has_gap);
	store_bind_int(query, "at", row->at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int spool_store_digest(struct store_tx *tx, struct arena *arena, const char *gate,
	const char *chain, int64_t seq, const char **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_record);
	int rc;

	store_bind_text(query, "gate", gate);
	store_bind_text(query, "chain", chain);
	store_bind_int(query, "seq", seq);
	if ((rc = store_next(query, err)) <= 0)
		return rc;
	*ret = store_text_copy(query, "digest", arena);
	store_finish(query);
	return 1;
}
