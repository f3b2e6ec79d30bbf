#include "change/change_api_rooms.h"

#include "lib/base/json.h"
#include "lib/base/time.h"

#define BODY_MAX    ((size_t)512 * 1024)
#define COMMAND_MAX ((size_t)16 * 1024)
#define CONTENT_MAX ((size_t)1536 * 1024) /* 1 MiB as base64 */
#define ANY_STATE                                                                                  \
	"draft assessing pending approved executing verifying closed rejected cancelled expired"
#define NAME                                                                                       \
	{                                                                                          \
		"name", PARAM_NAME, 0, 0, "CHG- and a number"                                      \
	}

static void file_change(struct request *req);
static void edit_change(struct request *req);
static void submit_change(struct request *req);
static void reassess_change(struct request *req);
static void cancel_change(struct request *req);
static void end_change(struct request *req);
static void accept_change(struct request *req);
static void close_change(struct request *req);
static void waive_finding(struct request *req);
static void comment_change(struct request *req);

#define COMMAND(verb, access, handler, summary, body)                                              \
	{                                                                                          \
		ROUTE_POST, "/api/v1/changes/{name}/" verb, access, COMMAND_MAX,                   \
			ROUTE_ETAG | ROUTE_IF_MATCH, handler, {NAME}, {{0}}, summary, body,        \
		{                                                                                  \
			"200 ChangeWhole"                                                          \
		}                                                                                  \
	}

static const struct route routes[] = {
	{ROUTE_POST, "/api/v1/contents", CHANGE_MAY_FILE, CONTENT_MAX, ROUTE_RAW_BODY,
		content_api_put, {{0}}, {{0}},
		"Put a script or file, at most 1 MiB: its bytes, or JSON {b64}", "ContentPut",
		{"200 Content"}},
	{ROUTE_GET, "/api/v1/contents/{sha256}", ROLE_ANY, 0, 0, content_api_get,
		{{"sha256", PARAM_NAME, 0, 0, "64 hex digits"}}, {{0}}, "The bytes of a content",
		NULL, {"200 application/octet-stream"}},
	{ROUTE_POST, "/api/v1/changes", CHANGE_MAY_FILE, BODY_MAX, ROUTE_ETAG, file_change, {{0}},
		{{0}}, "File a change", "ChangeFile", {"201 ChangeWhole"}},
	{ROUTE_GET, "/api/v1/changes", ROLE_ANY, 0, 0, change_api_list, {{0}},
		{{"state", PARAM_WORD, 0, 0, ANY_STATE},
			{"requester", PARAM_NAME, 0, 0, "only those of that person"},
			{"before", PARAM_INT, 1, INT64_MAX, "only those with a smaller number"},
			{"limit", PARAM_INT, 1, CHANGE_PAGE, "how many at most"}},
		"Changes, the newest first", NULL, {"200 ChangeList"}},
	{ROUTE_GET, "/api/v1/changes/{name}", ROLE_ANY, 0, ROUTE_ETAG, change_api_show, {NAME},
		{{0}}, "One change with all that stands beside it", NULL, {"200 ChangeWhole"}},
	{ROUTE_GET, "/api/v1/changes/{name}/render", ROLE_ANY, 0, 0, change_api_render, {NAME},
		{{0}}, "What an approver must read, and the digests of it", NULL,
		{"200 ChangeRendering"}},
	{ROUTE_GET, "/api/v1/changes/{name}/diff", ROLE_ANY, 0, 0, change_api_diff, {NAME}, {{0}},
		"What its revision changed", NULL, {"200 ChangeDiff"}},
	{ROUTE_GET, "/api/v1/changes/{name}/findings", ROLE_ANY, 0, 0, change_api_findings, {NAME},
		{{0}}, "What the rules found, and the score", NULL, {"200 RiskReport"}},
	{ROUTE_POST, "/api/v1/changes/{name}/edit", CHANGE_MAY_FILE, BODY_MAX,
		ROUTE_ETAG | ROUTE_NEED_MATCH, edit_change, {NAME}, {{0}},
		"Make a new revision: approvals of the old one are void (If-Match)", "ChangeEdit",
		{"200 ChangeWhole"}},
	{ROUTE_POST, "/api/v1/changes/{name}/approve", ROLE_ANY, COMMAND_MAX,
		ROUTE_ETAG | ROUTE_NEED_DIGEST, change_api_approve, {NAME}, {{0}},
		"Approve the revision whose digest If-Match names", "ChangeApprove",
		{"200 ChangeWhole", "403 ChangeProblem", "412 ChangeProblem"}},
	{ROUTE_POST, "/api/v1/changes/{name}/reapprove", ROLE_ANY, COMMAND_MAX,
		ROUTE_ETAG | ROUTE_NEED_DIGEST, change_api_reapprove, {NAME}, {{0}},
		"Approve what only does less than a revision that you approved (If-Match)", NULL,
		{"200 ChangeWhole", "403 ChangeProblem", "412 ChangeProblem"}},
	{ROUTE_POST, "/api/v1/changes/{name}/reject", ROLE_ANY, COMMAND_MAX, ROUTE_ETAG,
		change_api_reject, {NAME}, {{0}}, "Reject it, with a reason", "ChangeReject",
		{"200 ChangeWhole", "403 ChangeProblem"}},
	COMMAND("submit", CHANGE_MAY_FILE, submit_change,
		"Fix its revision, have its risk assessed, ask for approval", NULL),
	COMMAND("reassess", ROLE_ANY, reassess_change, "Assess it again: approvals are void", NULL),
	COMMAND("cancel", ROLE_ANY, cancel_change, "Give it up before anything ran",
		"ChangeCommand"),
	COMMAND("done", ROLE_ANY, end_change, "All that is to run has run", "ChangeCommand"),
	COMMAND("accept", ROLE_ANY, accept_change,
		"A second person takes what its verification did not pass", "ChangeReason"),
	COMMAND("close", ROLE_ANY, close_change, "Close it as failed", "ChangeReason"),
	COMMAND("waive", ROLE_ANY, waive_finding, "Take a finding upon yourself, for a time",
		"ChangeWaive"),
	COMMAND("comment", ROLE_ANY, comment_change, "Say something about it", "ChangeComment"),
};

struct route_table change_routes(struct changes *changes)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), changes};
}

void change_api_fill_act(struct request *req, struct change_act *act)
{
	act->by = request_principal(req);
	act->at_us = request_now_us(req);
	act->arena = request_arena(req);
	act->changes = request_context(req);
	act->name = request_text(req, "name");
	act->if_version = request_if_match(req);
	id_new(act->ids[0]);
	id_new(act->ids[1]);
}

void change_api_reply(struct request *req, unsigned status, const struct change *change)
{
	json_t *object;

	if (change_detail_json(request_reader(req), request_arena(req), change,
		    request_principal(req), request_now_us(req), &object, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	request_set_version(req, change->version);
	request_reply_json(req, status, object);
}

/* --- filing, editing --- */

static int take_file(struct request *req, struct change_file *file, bool is_new, struct error *err)
{
	static const char *const keys[] = {"title", "body", NULL};
	json_t *body = NULL;
	int rc;

	change_api_fill_act(req, &file->act);
	if ((rc = json_check_keys(request_json(req), keys, err)) < 0 ||
		(rc = json_get_text(request_json(req), "title", is_new, &file->title, err)) < 0 ||
		(rc = json_get_object(request_json(req), "body", true, &body, err)) < 0)
		return rc;
	file->body = body;
	return 0;
}

static int ask_file(struct store_tx *tx, void *arg, struct error *err)
{
	return change_file(tx, arg, err);
}

static void tell_filed(struct request *req, void *arg)
{
	change_api_reply(req, 201, ((const struct change_file *)arg)->act.ret_change);
}

static void file_change(struct request *req)
{
	struct change_file *file = request_alloc(req, sizeof(*file));

	if (take_file(req, file, true, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_file, tell_filed, file);
}

static int ask_edit(struct store_tx *tx, void *arg, struct error *err)
{
	return change_edit(tx, arg, err);
}

static void tell_edited(struct request *req, void *arg)
{
	change_api_reply(req, 200, ((const struct change_file *)arg)->act.ret_change);
}

static void edit_change(struct request *req)
{
	struct change_file *file = request_alloc(req, sizeof(*file));

	if (take_file(req, file, false, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_edit, tell_edited, file);
}

/* --- commands: a reason, and what belongs to a waiver --- */

static struct change_command *take_command(
	struct request *req, const char *const *keys, const char *reason, bool required)
{
	struct change_command *command = request_alloc(req, sizeof(*command));
	const json_t *body = request_json(req);
	struct error *err = request_error(req);

	change_api_fill_act(req, &command->act);
	if (!body && !required)
		return command;
	if (json_check_keys(body, keys, err) < 0 ||
		json_get_text(body, reason, required, &command->reason, err) < 0) {
		request_fail(req);
		return NULL;
	}
	return command;
}

static void tell_command(struct request *req, void *arg)
{
	change_api_reply(req, 200, ((const struct change_command *)arg)->act.ret_change);
}

static const char *const reason_keys[] = {"reason", NULL};

#define ASK(name, function)                                                                        \
	static int name(struct store_tx *tx, void *arg, struct error *err)                         \
	{                                                                                          \
		return function(tx, arg, err);                                                     \
	}
ASK(ask_submit, change_submit)
ASK(ask_reassess, change_reassess)
ASK(ask_cancel, change_cancel)
ASK(ask_done, change_done)
ASK(ask_accept, change_accept)
ASK(ask_close, change_close_failed)
ASK(ask_waive, change_waive)
ASK(ask_comment, change_comment)
#undef ASK

static void run_command(struct request *req, store_ask ask, bool required)
{
	struct change_command *command = take_command(req, reason_keys, "reason", required);

	if (command)
		request_write(req, ask, tell_command, command);
}

static void cancel_change(struct request *req)
{
	run_command(req, ask_cancel, false);
}

static void end_change(struct request *req)
{
	run_command(req, ask_done, false);
}

static void accept_change(struct request *req)
{
	run_command(req, ask_accept, true);
}

static void close_change(struct request *req)
{
	run_command(req, ask_close, true);
}

static void comment_change(struct request *req)
{
	static const char *const keys[] = {"text", NULL};
	struct change_command *command = take_command(req, keys, "text", true);

	if (command)
		request_write(req, ask_comment, tell_command, command);
}

static void waive_finding(struct request *req)
{
	static const char *const keys[] = {"rule", "reason", "expires_at", NULL};
	struct change_command *command = take_command(req, keys, "reason", true);
	struct error *err = request_error(req);
	const char *expires = NULL;

	if (!command)
		return;
	id_new(command->waiver_id);
	if (json_get_text(request_json(req), "rule", true, &command->rule, err) < 0 ||
		json_get_text(request_json(req), "expires_at", true, &expires, err) < 0 ||
		time_parse("expires_at", expires, &command->expires_at_us, err) < 0)
		request_fail(req);
	else
		request_write(req, ask_waive, tell_command, command);
}

/* --- submit and reassess: the answer comes with the assessment --- */

struct waiting {
	struct change_command *command;
	struct request *req;
};

static void reply_assessed(void *arg)
{
	struct waiting *waiting = arg;
	struct request *req = waiting->req;
	struct change *change;

	if (change_get_seq(request_reader(req), request_arena(req),
		    waiting->command->act.ret_change->seq, &change, request_error(req)) < 0)
		request_fail(req);
	else
		change_api_reply(req, 200, change);
}

static void wait_for(struct request *req, void *arg)
{
	struct change_command *command = arg;
	struct waiting *waiting = request_alloc(req, sizeof(*waiting));

	*waiting = (struct waiting){command, req};
	request_hold(req);
	changes_when_assessed(
		command->act.changes, command->act.ret_change->seq, reply_assessed, waiting);
}

static void run_assessed(struct request *req, store_ask ask)
{
	static const char *const none[] = {NULL};
	struct change_command *command = take_command(req, none, "reason", false);

	if (command)
		request_write_step(req, ask, wait_for, command);
}

static void submit_change(struct request *req)
{
	run_assessed(req, ask_submit);
}

static void reassess_change(struct request *req)
{
	run_assessed(req, ask_reassess);
}
