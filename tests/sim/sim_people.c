/* People: they start runs, disturb them at random, and in the end help them to end. */
#include "sim.h"

#include "../unit/engine_neighbours.h"
#include "executor/execution_store.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_runs sim_runs;
struct executor *sim_executor;
struct store *sim_store;

static const struct principal PERSON = {
	.person_id = "01HZZZZZZZZZZZZZZZZZZZZZZZ", .person_name = "alice"};

/* --- starting --- */

struct start {
	struct execution_start start;
	char digest[80], restores_id[ID_SIZE], id[ID_SIZE];
};

static int ask_start(struct store_tx *tx, void *arg, struct error *err)
{
	struct start *call = arg;

	if (execution_start(tx, &call->start, err) < 0)
		return err->code;
	if (sim_executor)
		executor_expect(sim_executor, tx, &call->start);
	return 0;
}

static void told_start(void *arg, const struct error *err)
{
	struct start *call = arg;

	if (!err && sim_runs.count < sizeof(sim_runs.ids) / sizeof(sim_runs.ids[0])) {
		memcpy(sim_runs.ids[sim_runs.count++], call->start.id, ID_SIZE);
		sim_counts.executions++;
		sim_trace("run %s started%s", call->start.id, call->start.is_undo ? " (undo)" : "");
	} else if (err) {
		sim_trace("no start: %s", err->message);
	}
	free(call);
}

static const char *ended_run(void)
{
	sqlite3_stmt *rows = sim_query("SELECT execution_id FROM safety_item JOIN execution ON "
				       "execution.id = execution_id WHERE safety_item.state <> "
				       "'CLOSED' AND ended_at_us > 0 ORDER BY 1",
		NULL, NULL);
	static char id[ID_SIZE];
	const char *found = NULL;

	while (sim_column(rows, 0))
		if (!found || sim_is(40))
			found = strcpy(id, sim_column(rows, 0)), sqlite3_step(rows);
		else
			sqlite3_step(rows);
	sqlite3_finalize(rows);
	return found;
}

static void send_start(struct start *call)
{
	call->start.principal = &PERSON;
	call->start.graph_digest = call->digest;
	call->start.at_us = time_now_us();
	call->start.epoch = executor_epoch(sim_executor);
	snprintf(call->start.owner, sizeof(call->start.owner), "%s", executor_owner(sim_executor));
	id_new(call->start.id);
	id_new(call->start.approval_id);
	id_new(call->start.notify_id);
	store_write(sim_store, ask_start, told_start, call);
}

void sim_people_start(const char *digest, int64_t within_ms)
{
	struct start *call = calloc(1, sizeof(*call));

	snprintf(call->digest, sizeof(call->digest), "%s", digest);
	call->start.within_ms = within_ms;
	send_start(call);
}

void sim_people_start_run(void)
{
	struct start *call = calloc(1, sizeof(*call));
	const char *ended = sim_is(50) ? ended_run() : NULL;

	if (sim_runs.count == sizeof(sim_runs.ids) / sizeof(sim_runs.ids[0]) ||
		!executor_is_ready(sim_executor)) {
		free(call);
		return;
	}
	snprintf(call->digest, sizeof(call->digest), "sha256:%064zx", ++sim_runs.graphs + 1);
	if (ended) {
		memcpy(call->restores_id, ended, ID_SIZE);
		call->start.restores_id = call->restores_id;
		call->start.is_undo = sim_is(50);
	}
	if (call->start.is_undo) {
		sqlite3_stmt *rows =
			sim_query("SELECT graph_digest FROM execution WHERE id = ?", ended, NULL);

		snprintf(call->digest, sizeof(call->digest), "%s", sim_column(rows, 0));
		sqlite3_finalize(rows);
	} else {
		sim_counts.nodes += sim_graph_make(call->digest, ended != NULL);
	}
	call->start.within_ms = sim_is(20) ? sim_between(1, 60) * 1000 : 0;
	call->start.rollback_at_deadline = sim_is(40);
	send_start(call);
}

/* --- commands --- */

struct command {
	struct execution_command command;
	char id[ID_SIZE], path[64], value[16];
	bool is_stale;
};

static int ask_command(struct store_tx *tx, void *arg, struct error *err)
{
	struct command *call = arg;
	struct execution *row;

	if (execution_get(tx, store_tx_arena(tx), call->id, &row, err) < 0)
		return err->code;
	call->is_stale = call->command.if_version >= 0 && call->command.if_version != row->version;
	if (execution_command(tx, &call->command, err) < 0)
		return err->code;
	if (call->is_stale || execution_is_terminal(row->state))
		sim_fail("%s succeeded on %s (%s, version %lld, seen %lld)",
			execution_verb_word(call->command.verb), call->id,
			execution_state_word(row->state), (long long)row->version,
			(long long)call->command.if_version);
	return 0;
}

static void told_command(void *arg, const struct error *err)
{
	struct command *call = arg;

	sim_trace("%s %s %s on %s: %s", execution_verb_word(call->command.verb), call->path,
		call->value, call->id, err ? err->message : call->command.ret_message);
	if (err && err->code == ERROR_STALE)
		sim_counts.stale++;
	else if (err)
		sim_counts.refused++;
	else
		sim_counts.accepted++;
	if (!err && (!call->command.ret_message || !call->command.ret_message[0]))
		sim_fail("%s was accepted without a word", execution_verb_word(call->command.verb));
	if (err && call->is_stale && err->code != ERROR_STALE && err->code != ERROR_NOT_DURABLE &&
		err->code != ERROR_OUTCOME_UNKNOWN)
		sim_fail("a stale %s was refused as: %s", execution_verb_word(call->command.verb),
			err->message);
	if (!err && sim_executor)
		executor_wake(sim_executor, call->id);
	free(call);
}

static void command(const char *id, enum execution_verb verb, const char *path, const char *value,
	int64_t if_version)
{
	struct command *call = calloc(1, sizeof(*call));

	snprintf(call->id, sizeof(call->id), "%s", id);
	snprintf(call->path, sizeof(call->path), "%s", path ? path : "");
	snprintf(call->value, sizeof(call->value), "%s", value ? value : "");
	call->command.execution_id = call->id;
	call->command.verb = verb;
	call->command.principal = &PERSON;
	call->command.path = path ? call->path : NULL;
	call->command.value = value ? call->value : NULL;
	call->command.reason = "simulated";
	call->command.if_version = if_version;
	call->command.at_us = time_now_us();
	id_new(call->command.id);
	id_new(call->command.notify_id);
	if (verb == EXECUTION_VERB_ANSWER && text_is_equal(value, "baseline"))
		sim_check_note_baseline(id);
	store_write(sim_store, ask_command, told_command, call);
}

/* --- what they look at --- */

struct look {
	char state[40], reason[40];
	int64_t version;
	bool is_back;
};

static struct look look_at(const char *id)
{
	sqlite3_stmt *rows = sim_query(
		"SELECT state, reason, version, is_phase_rollback FROM execution WHERE id = ?", id,
		NULL);
	struct look look = {.version = sqlite3_column_int64(rows, 2),
		.is_back = sqlite3_column_int(rows, 3) != 0};

	snprintf(look.state, sizeof(look.state), "%s", sim_column(rows, 0));
	snprintf(look.reason, sizeof(look.reason), "%s", sim_column(rows, 1));
	sqlite3_finalize(rows);
	return look;
}

/* A step that has failed, by chance; false when there is none. */
static bool find_failed(const char *id, char path[static 64])
{
	sqlite3_stmt *rows = sim_query("SELECT path FROM execution_node WHERE execution_id = ? AND "
				       "state IN ('FAILED', 'TIMED_OUT', 'IN_DOUBT') ORDER BY path",
		id, NULL);
	bool is_found = false;

	for (; sim_column(rows, 0); sqlite3_step(rows)) {
		if (!is_found || sim_is(50))
			snprintf(path, 64, "%s", sim_column(rows, 0));
		is_found = true;
	}
	sqlite3_finalize(rows);
	return is_found;
}

/* What is there: a person who marks a step looks before. NULL = neither done nor not done. */
static const char *truth(const char *id, const char *path)
{
	sqlite3_stmt *rows = sim_query("SELECT register, wanted, baseline FROM effect WHERE "
				       "execution_id = ? AND path = ? ORDER BY seq DESC LIMIT 1",
		id, path);
	size_t cell = (size_t)sqlite3_column_int(rows, 0);
	const char *answer = NULL;

	if (!sim_column(rows, 0) || text_is_equal(sim_value(cell), sim_column(rows, 1)))
		answer = "done";
	else if (text_is_equal(sim_value(cell), sim_column(rows, 2)))
		answer = "not_done";
	sqlite3_finalize(rows);
	return answer;
}

static int64_t version_seen(int64_t version)
{
	if (sim_is(50))
		return version;
	return sim_is(50) ? -1 : version - sim_between(1, 2);
}

void sim_people_disturb(void)
{
	static const char *const ANSWERS[] = {"yes", "no", "baseline", "keep"};
	enum execution_verb verb = (enum execution_verb)sim_between(0, EXECUTION_VERB_COUNT - 1);
	const char *value = NULL;
	char path[64] = "";
	struct look look = {0};
	const char *id = NULL;

	if (!sim_runs.count)
		return;
	if ((verb == EXECUTION_VERB_FORCE_CLOSE || verb == EXECUTION_VERB_ABORT) && sim_is(60))
		verb = EXECUTION_VERB_PAUSE;
	for (int i = 0; i < 4; i++) { /* rather one that is open */
		id = sim_runs.ids[sim_between(0, (int)sim_runs.count - 1)];
		look = look_at(id);
		if (!execution_is_terminal(execution_state_of(look.state)))
			break;
	}
	if (verb == EXECUTION_VERB_ANSWER)
		value = ANSWERS[sim_between(0, 3)];
	if (find_failed(id, path) && verb == EXECUTION_VERB_MARK) {
		value = truth(id, path);
		verb = value ? verb : EXECUTION_VERB_RETRY;
	}
	command(id, verb, path[0] && (sim_is(70) || value) ? path : NULL, value,
		version_seen(look.version));
}

/* --- helping --- */

static bool has_conflict(const char *id)
{
	sqlite3_stmt *rows = sim_query(
		"SELECT 1 FROM safety_item WHERE state = 'CONFLICT' AND execution_id IN (?1, "
		"(SELECT restores_id FROM execution WHERE id = ?1))",
		id, NULL);
	bool has = sim_column(rows, 0) != NULL;

	sqlite3_finalize(rows);
	return has;
}

static void help_back(const char *id, int round)
{
	if (has_conflict(id))
		command(id, EXECUTION_VERB_ANSWER, NULL, sim_is(50) ? "keep" : "baseline", -1);
	else if (round < 6)
		command(id, EXECUTION_VERB_RETRY, NULL, NULL, -1);
	else
		command(id, round < 9 ? EXECUTION_VERB_ACCEPT : EXECUTION_VERB_FORCE_CLOSE, NULL,
			NULL, -1);
}

static void help_paused(const char *id, const struct look *look, int round)
{
	char path[64] = "";
	bool has_failed = find_failed(id, path);
	int choice = sim_between(0, 5);

	if (look->is_back) {
		help_back(id, round);
		return;
	}
	if (round > 12)
		command(id, EXECUTION_VERB_ABORT, NULL, NULL, -1);
	else if (round > 8)
		command(id, EXECUTION_VERB_ROLLBACK, NULL, NULL, -1);
	else if (!has_failed || choice == 0)
		command(id, EXECUTION_VERB_RESUME, NULL, NULL, look->version);
	else if (choice <= 2)
		command(id, EXECUTION_VERB_RETRY, NULL, NULL, look->version);
	else if (choice == 3)
		command(id, EXECUTION_VERB_SKIP, path, NULL, look->version);
	else if (choice == 4 && truth(id, path))
		command(id, EXECUTION_VERB_MARK, path, truth(id, path), look->version);
	else
		command(id, EXECUTION_VERB_ROLLBACK, NULL, NULL, look->version);
}

static bool help(const char *id, int round)
{
	struct look look = look_at(id);

	if (execution_is_terminal(execution_state_of(look.state)))
		return false;
	sim_trace("%s is %s(%s)", id, look.state, look.reason);
	if (text_is_equal(look.state, "PAUSED"))
		help_paused(id, &look, round);
	else if (text_is_equal(look.state, "MONITORING"))
		command(id, EXECUTION_VERB_ACCEPT, NULL, NULL, -1);
	else if (text_is_equal(look.state, "RUNNING"))
		command(id, EXECUTION_VERB_ANSWER, NULL, sim_is(80) ? "yes" : "no", -1);
	return true;
}

/* Those that the daemon started by itself too. */
bool sim_people_help(int round)
{
	sqlite3_stmt *rows =
		sim_query("SELECT id FROM execution WHERE ended_at_us = 0 ORDER BY id", NULL, NULL);
	char ids[16][ID_SIZE];
	size_t count = 0;
	bool is_open = false;

	if (!sim_executor || !executor_is_ready(sim_executor))
		return true;
	for (; sim_column(rows, 0) && count < 16; sqlite3_step(rows))
		snprintf(ids[count++], ID_SIZE, "%s", sim_column(rows, 0));
	sqlite3_finalize(rows);
	for (size_t i = 0; i < count; i++)
		is_open |= help(ids[i], round);
	return is_open;
}
