#include "change/decision/decision_rooms.h"

#define COLUMNS                                                                                    \
	"seq, asker, request_id, body_digest, at_us, expires_at_us, verdict, reason, person_id,"   \
	" target, change, run, policy, rules, input, facts, core, answer"

static const struct store_statement select_next =
	STORE_STATEMENT("SELECT ifnull(max(seq), 0) + 1 AS seq FROM change_decision");
static const struct store_statement insert_decision = STORE_STATEMENT(
	"INSERT INTO change_decision (" COLUMNS ") VALUES (:seq, :asker, :request_id, :body_digest,"
	" :at, :expires_at, :verdict, :reason, :person, :target, :change, :run, :policy, :rules,"
	" :input, :facts, :core, :answer)");
static const struct store_statement select_decision =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_decision WHERE seq = :seq");
static const struct store_statement select_asked =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_decision WHERE asker = :asker"
			" AND request_id = :request_id");
static const struct store_statement all_rows =
	STORE_STATEMENT("SELECT 'DEC-' || seq AS name, " COLUMNS " FROM change_decision");

static struct decision_row *read_row(struct store_query *query, struct arena *arena)
{
	struct decision_row *row = arena_alloc(arena, sizeof(*row));

	row->seq = store_int(query, "seq");
	row->asker = store_text_copy(query, "asker", arena);
	row->request_id = store_text_copy(query, "request_id", arena);
	row->body_digest = store_text_copy(query, "body_digest", arena);
	row->at_us = store_int(query, "at_us");
	row->expires_at_us = store_int(query, "expires_at_us");
	row->verdict = store_text_copy(query, "verdict", arena);
	row->reason = store_text_copy(query, "reason", arena);
	row->person_id = store_text_copy(query, "person_id", arena);
	row->target = store_text_copy(query, "target", arena);
	row->change = store_text_copy(query, "change", arena);
	row->run = store_text_copy(query, "run", arena);
	row->policy = store_int(query, "policy");
	row->rules = store_text_copy(query, "rules", arena);
	row->input = store_text_copy(query, "input", arena);
	row->facts = store_text_copy(query, "facts", arena);
	row->core = store_text_copy(query, "core", arena);
	row->answer = store_text_copy(query, "answer", arena);
	return row;
}

int decision_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err)
{
	struct store_query *query = store_query(tx, &select_next);
	int rc = store_one(query, "decision", err);

	if (rc < 0)
		return rc;
	*ret_seq = store_int(query, "seq");
	store_finish(query);
	return 0;
}

int decision_store_insert(struct store_tx *tx, const struct decision_row *row, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_decision);
	int rc;

	store_bind_int(query, "seq", row->seq);
	store_bind_text(query, "asker", row->asker);
	store_bind_text(query, "request_id", row->request_id);
	store_bind_text(query, "body_digest", row->body_digest);
	store_bind_int(query, "at", row->at_us);
	store_bind_int(query, "expires_at", row->expires_at_us);
	store_bind_text(query, "verdict", row->verdict);
	store_bind_text(query, "reason", row->reason);
	store_bind_text(query, "person", row->person_id);
	store_bind_text(query, "target", row->target);
	store_bind_text(query, "change", row->change);
	store_bind_text(query, "run", row->run);
	store_bind_int(query, "policy", row->policy);
	store_bind_text(query, "rules", row->rules);
	store_bind_text(query, "input", row->input);
	store_bind_text(query, "facts", row->facts);
	store_bind_text(query, "core", row->core);
	store_bind_text(query, "answer", row->answer);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int decision_store_get(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct decision_row **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_decision);
	int rc;

	store_bind_int(query, "seq", seq);
	if ((rc = store_one(query, "decision", err)) < 0)
		return rc;
	*ret = read_row(query, arena);
	store_finish(query);
	return 0;
}

int decision_store_find(struct store_tx *tx, struct arena *arena, const char *asker,
	const char *request_id, struct decision_row **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_asked);
	int rc;

	store_bind_text(query, "asker", asker);
	store_bind_text(query, "request_id", request_id);
	if ((rc = store_next(query, err)) <= 0)
		return rc;
	*ret = read_row(query, arena);
	store_finish(query);
	return 1;
}

struct store_query *decision_store_rows(struct store_tx *tx)
{
	return store_query(tx, &all_rows);
}
