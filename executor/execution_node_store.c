/* SQL of the rows that hang on an execution: nodes, samples, commands. */
#include "executor/execution_store.h"

#include "lib/base/text.h"

static const struct store_statement PUT_NODE =
	STORE_STATEMENT("INSERT INTO execution_node (execution_id, path, state, message, position, "
			"started_at_us, ended_at_us)"
			" VALUES (:execution, :path, :state, :message, :position, :started, :ended)"
			" ON CONFLICT (execution_id, path) DO UPDATE SET state = excluded.state, "
			"message = excluded.message,"
			" position = excluded.position, started_at_us = excluded.started_at_us,"
			" ended_at_us = excluded.ended_at_us");
static const struct store_statement LIST_NODES = STORE_STATEMENT(
	"SELECT path, state, message, position, started_at_us, ended_at_us FROM execution_node"
	" WHERE execution_id = :execution ORDER BY path");
static const struct store_statement PUT_SAMPLE = STORE_STATEMENT(
	"INSERT INTO execution_sample (execution_id, register, outcome, value, message)"
	" VALUES (:execution, :register, :outcome, :value, :message)"
	" ON CONFLICT (execution_id, register) DO NOTHING");
static const struct store_statement LIST_SAMPLES =
	STORE_STATEMENT("SELECT register, outcome, value, message FROM execution_sample"
			" WHERE execution_id = :execution ORDER BY register");
static const struct store_statement INSERT_COMMAND = STORE_STATEMENT(
	"INSERT INTO execution_command (execution_id, seq, id, verb, path, value, reason, person, "
	"at_us)"
	" VALUES (:execution, (SELECT coalesce(max(seq), 0) + 1 FROM execution_command"
	"  WHERE execution_id = :execution), :id, :verb, :path, :value, :reason, :person, :at)");
static const struct store_statement LIST_COMMANDS = STORE_STATEMENT(
	"SELECT seq, id, verb, path, value, reason, person, at_us FROM execution_command"
	" WHERE execution_id = :execution AND seq > :after ORDER BY seq");

static const char *const STEP_WORDS[] = {
#define X(name, word) [STEP_##name] = (word),
	STEP_STATES(X)
#undef X
};

const char *step_state_word(enum step_state state)
{
	return STEP_WORDS[state];
}

enum step_state step_state_of(const char *word)
{
	for (size_t i = 0; i < sizeof(STEP_WORDS) / sizeof(STEP_WORDS[0]); i++)
		if (text_is_equal(STEP_WORDS[i], word))
			return (enum step_state)i;
	return STEP_NOT_STARTED;
}

int node_store_put(struct store_tx *tx, const char *execution_id, const struct node_row *row,
	struct error *err)
{
	struct store_query *query = store_query(tx, &PUT_NODE);

	store_bind_text(query, ":execution", execution_id);
	store_bind_text(query, ":path", row->path);
	store_bind_text(query, ":state", step_state_word(row->state));
	store_bind_text(query, ":message", row->message ? row->message : "");
	store_bind_int(query, ":position", row->position);
	store_bind_int(query, ":started", row->started_at_us);
	store_bind_int(query, ":ended", row->ended_at_us);
	return store_run(query, err) < 0 ? err->code : 0;
}

int node_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	struct node_row **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST_NODES);
	struct node_row *rows = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, ":execution", execution_id);
	while ((rc = store_next(query, err)) == 1) {
		rows = arena_grow(arena, rows, count, &capacity, sizeof(*rows));
		rows[count++] = (struct node_row){
			.path = store_text_copy(query, "path", arena),
			.state = step_state_of(store_text(query, "state")),
			.message = store_text_copy(query, "message", arena),
			.position = store_int(query, "position"),
			.started_at_us = store_int(query, "started_at_us"),
			.ended_at_us = store_int(query, "ended_at_us"),
		};
	}
	if (rc < 0)
		return rc;
	*ret = rows;
	*ret_count = count;
	return 0;
}

int sample_store_put(struct store_tx *tx, const char *execution_id, const struct sample_row *row,
	struct error *err)
{
	struct store_query *query = store_query(tx, &PUT_SAMPLE);

	store_bind_text(query, ":execution", execution_id);
	store_bind_int(query, ":register", row->reg);
	store_bind_text(query, ":outcome", row->outcome);
	store_bind_text(query, ":value", row->value);
	store_bind_text(query, ":message", row->message);
	return store_run(query, err) < 0 ? err->code : 0;
}

int sample_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	struct sample_row **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST_SAMPLES);
	struct sample_row *rows = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, ":execution", execution_id);
	while ((rc = store_next(query, err)) == 1) {
		rows = arena_grow(arena, rows, count, &capacity, sizeof(*rows));
		rows[count++] = (struct sample_row){
			.reg = store_int(query, "register"),
			.outcome = store_text_copy(query, "outcome", arena),
			.value = store_text_copy(query, "value", arena),
			.message = store_text_copy(query, "message", arena),
		};
	}
	if (rc < 0)
		return rc;
	*ret = rows;
	*ret_count = count;
	return 0;
}

int command_store_insert(struct store_tx *tx, const char *execution_id,
	const struct command_row *row, struct error *err)
{
	struct store_query *query = store_query(tx, &INSERT_COMMAND);

	store_bind_text(query, ":execution", execution_id);
	store_bind_text(query, ":id", row->id);
	store_bind_text(query, ":verb", row->verb);
	store_bind_text(query, ":path", row->path);
	store_bind_text(query, ":value", row->value);
	store_bind_text(query, ":reason", row->reason);
	store_bind_text(query, ":person", row->person);
	store_bind_int(query, ":at", row->at_us);
	return store_run(query, err) < 0 ? err->code : 0;
}

int command_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	int64_t after_seq, struct command_row **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST_COMMANDS);
	struct command_row *rows = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, ":execution", execution_id);
	store_bind_int(query, ":after", after_seq);
	while ((rc = store_next(query, err)) == 1) {
		rows = arena_grow(arena, rows, count, &capacity, sizeof(*rows));
		rows[count++] = (struct command_row){
			.seq = store_int(query, "seq"),
			.id = store_text_copy(query, "id", arena),
			.verb = store_text_copy(query, "verb", arena),
			.path = store_text_copy(query, "path", arena),
			.value = store_text_copy(query, "value", arena),
			.reason = store_text_copy(query, "reason", arena),
			.person = store_text_copy(query, "person", arena),
			.at_us = store_int(query, "at_us"),
		};
	}
	if (rc < 0)
		return rc;
	*ret = rows;
	*ret_count = count;
	return 0;
}
