#include "executor/execution.h"
#include "executor/execution_json.h"
#include "executor/execution_store.h"
#include "executor/executor_api.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <string.h>

static void post_execution(struct request *req);
static void post_undo(struct request *req);
static void list_executions(struct request *req);
static void get_execution(struct request *req);
static void get_journal(struct request *req);
static void post_pause(struct request *req);
static void post_resume(struct request *req);
static void post_abort(struct request *req);
static void post_retry(struct request *req);
static void post_skip(struct request *req);
static void post_mark(struct request *req);
static void post_answer(struct request *req);
static void post_accept(struct request *req);
static void post_rollback(struct request *req);
static void post_force_close(struct request *req);

#define BODY_MAX (64 * 1024)
#define ACT	 (ROLE_COMMANDER | ROLE_AUTHOR)
#define ID_PARAM                                                                                   \
	{                                                                                          \
		{                                                                                  \
			"id", PARAM_ID, 0, 0, "the execution"                                      \
		}                                                                                  \
	}
#define COMMAND(word, access_bits, more_flags, handler, what)                                      \
	{                                                                                          \
		.method = ROUTE_POST, .path = "/api/v1/executions/{id}/" word,                     \
		.access = (access_bits), .max_body = BODY_MAX,                                     \
		.flags = ROUTE_ETAG | ROUTE_IF_MATCH | (more_flags), .handle = (handler),          \
		.path_params = ID_PARAM, .summary = (what), .request = "ExecutionCommand",         \
		.answers = {                                                                       \
			"200 CommandResult",                                                       \
			"202 CommandResult"                                                        \
		}                                                                                  \
	}

#define WORD(name, word, terminal) " " word

static const struct route routes[] = {
	{.method = ROUTE_POST,
		.path = "/api/v1/executions",
		.access = ACT,
		.max_body = BODY_MAX,
		.flags = ROUTE_ETAG,
		.handle = post_execution,
		.summary = "Start the graph of a preview",
		.request = "ExecutionStart",
		/* The digest takes the place of If-Match. */
		.answers = {"202 Execution", "412 Problem"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/executions",
		.access = ROLE_ANY,
		.handle = list_executions,
		.query_params = {{"state", PARAM_WORD, 0, 0, "open" EXECUTION_STATES(WORD)},
			{"plan", PARAM_PATH_NAME, 0, 0, "of one plan"},
			{"before", PARAM_ID, 0, 0, "older than this execution"},
			{"limit", PARAM_INT, 1, 500, "how many, 50"}},
		.summary = "Executions, newest first",
		.answers = {"200 ExecutionList"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/executions/{id}",
		.access = ROLE_ANY,
		.flags = ROUTE_ETAG,
		.handle = get_execution,
		.path_params = ID_PARAM,
		.summary = "One execution with its steps",
		.answers = {"200 ExecutionWhole"}},
	{.method = ROUTE_GET,
		.path = "/api/v1/executions/{id}/journal",
		.access = ROLE_ANY,
		.handle = get_journal,
		.path_params = ID_PARAM,
		.summary = "Its effects, in the order of their intents",
		.answers = {"200 EffectList"}},
	{.method = ROUTE_POST,
		.path = "/api/v1/executions/{id}/undo",
		.access = ACT,
		.max_body = BODY_MAX,
		.flags = ROUTE_ETAG | ROUTE_VITAL,
		.handle = post_undo,
		.path_params = ID_PARAM,
		.summary = "Undo an execution that has ended, as a new execution",
		.request = "ExecutionUndo",
		.answers = {"202 Execution"}},
	COMMAND("pause", ACT, ROUTE_VITAL, post_pause, "Pause at the next node"),
	COMMAND("resume", ACT, 0, post_resume, "Go on"),
	COMMAND("abort", ACT, ROUTE_VITAL, post_abort, "Stop and keep what is in effect"),
	COMMAND("retry", ACT, ROUTE_VITAL, post_retry, "Try what failed again"),
	COMMAND("skip", ACT, 0, post_skip, "Go on without a failed step"),
	COMMAND("mark", ACT, ROUTE_VITAL, post_mark,
		"Say that a failed or doubtful step is done, or not done"),
	COMMAND("answer", ROLE_ANY, ROUTE_VITAL, post_answer,
		"Answer a gate, or a conflict of a rollback"),
	COMMAND("accept", ACT, ROUTE_VITAL, post_accept, "End it as it is, with exceptions"),
	COMMAND("rollback", ACT, ROUTE_VITAL, post_rollback, "Stop and undo"),
	COMMAND("force-close", ROLE_COMMANDER | ROLE_ADMIN, ROUTE_VITAL, post_force_close,
		"Give up; what remains is ORPHANED"),
};

struct route_table execution_routes(struct executor_api *api)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), api};
}

/* --- waking the engine after the commit --- */

struct wake {
	struct executor *executor;
	char id[ID_SIZE];
};

static void wake(void *arg)
{
	struct wake *call = arg;

	executor_wake(call->executor, call->id);
}

static void wake_after_commit(struct store_tx *tx, struct executor *executor, const char *id)
{
	struct wake *call = arena_alloc(store_tx_arena(tx), sizeof(*call));

	call->executor = executor;
	snprintf(call->id, sizeof(call->id), "%s", id);
	store_after_commit(tx, wake, call);
}

/* --- start --- */

struct start_request {
	struct executor *executor;
	struct execution_start start;
	json_t *reply;
};

static int check_ready(const struct executor_api *api, struct error *err)
{
	if (executor_is_ready(api->executor))
		return 0;
	return error_set(err, ERROR_NOT_DURABLE,
		"the daemon has not yet taken over the runs of before; try again");
}

static struct start_request *new_start(struct request *req)
{
	const struct executor_api *api = request_context(req);
	struct start_request *take = request_alloc(req, sizeof(*take));

	take->executor = api->executor;
	take->start.principal = request_principal(req);
	take->start.at_us = request_now_us(req);
	take->start.epoch = executor_epoch(api->executor);
	snprintf(take->start.owner, sizeof(take->start.owner), "%s", executor_owner(api->executor));
	id_new(take->start.id);
	id_new(take->start.approval_id);
	id_new(take->start.notify_id);
	return take;
}

static int ask_start(struct store_tx *tx, void *arg, struct error *err)
{
	struct start_request *take = arg;
	struct execution *row;

	if (execution_start(tx, &take->start, err) < 0 ||
		execution_get(tx, store_tx_arena(tx), take->start.id, &row, err) < 0)
		return err->code;
	take->reply = execution_json(row);
	executor_expect(take->executor, tx, &take->start);
	return 0;
}

static void tell_started(struct request *req, void *arg)
{
	struct start_request *take = arg;

	request_set_version(req, 1);
	request_reply_json(req, 202, take->reply);
}

static int take_within(const json_t *body, struct execution_start *start, struct error *err)
{
	const char *within = NULL, *at_deadline = "pause";

	if (json_get_text(body, "within", false, &within, err) < 0 ||
		json_get_text(body, "at_deadline", false, &at_deadline, err) < 0)
		return err->code;
	if (within && time_parse_duration("within", within, &start->within_ms, err) < 0)
		return err->code;
	start->rollback_at_deadline = text_is_equal(at_deadline, "rollback");
	if (start->rollback_at_deadline || text_is_equal(at_deadline, "pause"))
		return 0;
	error_set(err, ERROR_INVALID, "at_deadline: it is \"pause\" or \"rollback\"");
	return error_field(err, "at_deadline");
}

static int take_why(const json_t *body, const char *field, const char **ret, struct error *err)
{
	if (json_get_text(body, field, false, ret, err) < 0)
		return err->code;
	return *ret ? text_check_prose(field, *ret, 2000, err) : 0;
}

static int take_start(struct request *req, struct start_request *take, struct error *err)
{
	static const char *const FIELDS[] = {
		"preview", "digest", "reason", "within", "at_deadline", "restores", NULL};
	const struct executor_api *api = request_context(req);
	const json_t *body = request_json(req);
	struct execution_start *start = &take->start;

	if (check_ready(api, err) < 0 || json_check_keys(body, FIELDS, err) < 0 ||
		json_get_id(body, "preview", true, &start->preview_id, err) < 0 ||
		json_get_digest(body, "digest", true, &start->graph_digest, err) < 0 ||
		json_get_id(body, "restores", false, &start->restores_id, err) < 0 ||
		take_why(body, "reason", &start->why, err) < 0)
		return err->code;
	/* The way back of a run may start while space is low. */
	if (!start->restores_id && store_check_space(api->store, err) < 0)
		return err->code;
	return take_within(body, start, err);
}

static void post_execution(struct request *req)
{
	struct start_request *take = new_start(req);

	if (take_start(req, take, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_start, tell_started, take);
}

/* --- undo of a run that has ended --- */

static int take_undo(struct request *req, struct start_request *take, struct error *err)
{
	static const char *const FIELDS[] = {"reason", NULL};
	struct execution *ended;

	if (check_ready(request_context(req), err) < 0 ||
		json_check_keys(request_json(req), FIELDS, err) < 0 ||
		take_why(request_json(req), "reason", &take->start.why, err) < 0 ||
		execution_get(request_reader(req), request_arena(req), request_text(req, "id"),
			&ended, err) < 0)
		return err->code;
	take->start.is_undo = true;
	take->start.restores_id = ended->is_undo ? ended->restores_id : ended->id;
	take->start.graph_digest = ended->graph_digest;
	return 0;
}

static void post_undo(struct request *req)
{
	struct start_request *take = new_start(req);

	if (take_undo(req, take, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_start, tell_started, take);
}

/* --- looking --- */

/* A misspelt state would give an empty list, which says that nothing is wrong. */
static int check_state(const char *word, struct error *err)
{
	if (!word || text_is_equal(word, "open") ||
		text_is_equal(execution_state_word(execution_state_of(word)), word))
		return 0;
	error_set(err, ERROR_INVALID, "state: \"%s\" is no state of an execution", word);
	error_field(err, "state");
	return error_remedy(
		err, "a state as RUNNING or PAUSED, or open for all that have not ended");
}

static void list_executions(struct request *req)
{
	struct execution_filter filter = {
		.state = request_text(req, "state"),
		.plan = request_text(req, "plan"),
		.before = request_text(req, "before"),
		.limit = request_int(req, "limit", 50),
	};
	struct execution **rows;
	json_t *list;
	size_t count;

	if (check_state(filter.state, request_error(req)) < 0 ||
		execution_store_list(request_reader(req), request_arena(req), &filter, &rows,
			&count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, execution_json(rows[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", list));
}

static void get_execution(struct request *req)
{
	struct execution *row;
	json_t *reply;

	if (execution_get(request_reader(req), request_arena(req), request_text(req, "id"), &row,
		    request_error(req)) < 0 ||
		execution_json_whole(request_reader(req), request_arena(req), row, &reply,
			request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	request_set_version(req, row->version);
	request_reply_json(req, 200, reply);
}

static void get_journal(struct request *req)
{
	struct execution *row;
	json_t *journal;

	if (execution_get(request_reader(req), request_arena(req), request_text(req, "id"), &row,
		    request_error(req)) < 0 ||
		execution_json_journal(request_reader(req), request_arena(req), row->id, &journal,
			request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, json_pack("{s:o}", "items", journal));
}

/* --- commands --- */

struct command_request {
	struct executor *executor;
	struct execution_command command;
};

static int ask_command(struct store_tx *tx, void *arg, struct error *err)
{
	struct command_request *take = arg;

	if (execution_command(tx, &take->command, err) < 0)
		return err->code;
	wake_after_commit(tx, take->executor, take->command.execution_id);
	return 0;
}

static void tell_command(struct request *req, void *arg)
{
	const struct execution_command *command = &((struct command_request *)arg)->command;
	json_t *reply = json_object();

	json_set_text(reply, "execution", command->execution_id);
	json_set_text(reply, "command", execution_verb_word(command->verb));
	json_set_text(reply, "result", command->ret_is_done ? "done" : "accepted");
	json_set_text(reply, "state", execution_state_word(command->ret_state));
	json_set_text(reply, "message", command->ret_message);
	json_set_int(reply, "version", command->ret_version);
	request_set_version(req, command->ret_version);
	request_reply_json(req, command->ret_is_done ? 200 : 202, reply);
}

static int take_command(struct request *req, struct execution_command *command, struct error *err)
{
	static const char *const FIELDS[] = {"reason", "path", "value", NULL};
	const json_t *body = request_json(req);

	command->execution_id = request_text(req, "id");
	command->principal = request_principal(req);
	command->at_us = request_now_us(req);
	command->if_version = request_if_match(req);
	id_new(command->id);
	id_new(command->notify_id);
	if (!body)
		return 0;
	if (json_check_keys(body, FIELDS, err) < 0 ||
		json_get_text(body, "path", false, &command->path, err) < 0 ||
		json_get_text(body, "value", false, &command->value, err) < 0)
		return err->code;
	return take_why(body, "reason", &command->reason, err);
}

static void post_command(struct request *req, enum execution_verb verb)
{
	const struct executor_api *api = request_context(req);
	struct command_request *take = request_alloc(req, sizeof(*take));

	take->executor = api->executor;
	take->command.verb = verb;
	if (take_command(req, &take->command, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_command, tell_command, take);
}

#define POST(name, verb)                                                                           \
	static void post_##name(struct request *req)                                               \
	{                                                                                          \
		post_command(req, EXECUTION_VERB_##verb);                                          \
	}
POST(pause, PAUSE)
POST(resume, RESUME)
POST(abort, ABORT)
POST(retry, RETRY)
POST(skip, SKIP)
POST(mark, MARK)
POST(answer, ANSWER)
POST(accept, ACCEPT)
POST(rollback, ROLLBACK)
POST(force_close, FORCE_CLOSE)
