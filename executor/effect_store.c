#include "executor/effect.h"

#include "lib/base/text.h"

static const struct store_statement INSERT = STORE_STATEMENT(
	"INSERT INTO effect (id, execution_id, seq, path, group_path, attempt, direction, register,"
	" register_key, item_id, baseline, wanted, observed, state, message, idempotency_key, "
	"intent_at_us,"
	" outcome_at_us) VALUES (:id, :execution, :seq, :path, :group_path, :attempt, :direction, "
	":register,"
	" :key, :item, :baseline, :wanted, :observed, :state, :message, :idempotency_key, "
	":intent_at,"
	" :outcome_at)");
static const struct store_statement OUTCOME =
	STORE_STATEMENT("UPDATE effect SET state = :state, observed = :observed, message = "
			":message, outcome_at_us = :at"
			" WHERE id = :id AND state = :from");
static const struct store_statement LIST = STORE_STATEMENT(
	"SELECT id, execution_id, seq, path, group_path, attempt, direction, register, "
	"register_key, item_id,"
	" baseline, wanted, observed, state, message, idempotency_key, intent_at_us, outcome_at_us"
	" FROM effect WHERE execution_id = :execution ORDER BY seq");

/* In the order in which a verification reads them. */
static const struct store_statement ROWS = STORE_STATEMENT(
	"SELECT id, state, observed, message, register_key, direction, baseline, wanted,"
	" idempotency_key, attempt, seq, register, group_path, execution_id || '/' || path AS"
	" subject FROM effect");

static const char *const STATE_WORDS[] = {
#define X(name, word) [EFFECT_##name] = (word),
	EFFECT_STATES(X)
#undef X
};

const char *effect_state_word(enum effect_state state)
{
	return STATE_WORDS[state];
}

static enum effect_state state_of(const char *word)
{
	for (size_t i = 0; i < sizeof(STATE_WORDS) / sizeof(STATE_WORDS[0]); i++)
		if (text_is_equal(STATE_WORDS[i], word))
			return (enum effect_state)i;
	return EFFECT_IN_DOUBT;
}

int effect_store_insert(struct store_tx *tx, const struct effect_row *row, struct error *err)
{
	struct store_query *query = store_query(tx, &INSERT);

	store_bind_text(query, ":id", row->id);
	store_bind_text(query, ":execution", row->execution_id);
	store_bind_int(query, ":seq", row->seq);
	store_bind_text(query, ":path", row->path);
	store_bind_text(query, ":group_path", row->group_path);
	store_bind_int(query, ":attempt", row->attempt);
	store_bind_text(query, ":direction", row->is_undo ? "undo" : "do");
	store_bind_int(query, ":register", row->reg);
	store_bind_text(query, ":key", row->register_key);
	store_bind_text(query, ":item", row->item_id);
	store_bind_text(query, ":baseline", row->baseline);
	store_bind_text(query, ":wanted", row->wanted);
	store_bind_text(query, ":observed", row->observed);
	store_bind_text(query, ":state", effect_state_word(row->state));
	store_bind_text(query, ":message", row->message ? row->message : "");
	store_bind_text(query, ":idempotency_key", row->idempotency_key);
	store_bind_int(query, ":intent_at", row->intent_at_us);
	store_bind_int(query, ":outcome_at", row->outcome_at_us);
	return store_run(query, err) < 0 ? err->code : 0;
}

int effect_store_outcome(struct store_tx *tx, const struct effect_row *row, enum effect_state from,
	struct error *err)
{
	struct store_query *query = store_query(tx, &OUTCOME);

	store_bind_text(query, ":id", row->id);
	store_bind_text(query, ":from", effect_state_word(from));
	store_bind_text(query, ":state", effect_state_word(row->state));
	store_bind_text(query, ":observed", row->observed);
	store_bind_text(query, ":message", row->message ? row->message : "");
	store_bind_int(query, ":at", row->outcome_at_us);
	return store_run(query, err);
}

static void read_row(struct store_query *query, struct arena *arena, struct effect_row *row)
{
	store_text_into(query, "id", row->id, sizeof(row->id));
	row->execution_id = store_text_copy(query, "execution_id", arena);
	row->seq = store_int(query, "seq");
	row->path = store_text_copy(query, "path", arena);
	row->group_path = store_text_copy(query, "group_path", arena);
	row->attempt = store_int(query, "attempt");
	row->is_undo = text_is_equal(store_text(query, "direction"), "undo");
	row->reg = store_int(query, "register");
	row->register_key = store_text_copy(query, "register_key", arena);
	row->item_id = store_text_copy(query, "item_id", arena);
	row->baseline = store_text_copy(query, "baseline", arena);
	row->wanted = store_text_copy(query, "wanted", arena);
	row->observed = store_text_copy(query, "observed", arena);
	row->state = state_of(store_text(query, "state"));
	row->message = store_text_copy(query, "message", arena);
	row->idempotency_key = store_text_copy(query, "idempotency_key", arena);
	row->intent_at_us = store_int(query, "intent_at_us");
	row->outcome_at_us = store_int(query, "outcome_at_us");
}

int effect_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	struct effect_row ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST);
	struct effect_row **rows = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, ":execution", execution_id);
	while ((rc = store_next(query, err)) == 1) {
		rows = arena_grow(arena, rows, count, &capacity, sizeof(*rows));
		rows[count] = arena_alloc(arena, sizeof(**rows));
		read_row(query, arena, rows[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = rows;
	*ret_count = count;
	return 0;
}

struct store_query *effect_store_rows(struct store_tx *tx)
{
	return store_query(tx, &ROWS);
}
