/* What every act of a person on a change begins with; and the acts that are one sentence. */
#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

int change_act_load(
	struct store_tx *tx, struct change_act *act, struct change **ret, struct error *err)
{
	int rc = change_get(tx, act->arena, act->name, ret, err);

	if (rc < 0)
		return rc;
	act->ret_change = *ret;
	if (act->if_version < 0 || act->if_version == (*ret)->version)
		return 0;
	error_set(err, ERROR_STALE, "%s is at version %lld, not at %lld", (*ret)->name,
		(long long)(*ret)->version, (long long)act->if_version);
	error_field(err, "If-Match");
	return error_remedy(err, "look at it again: rcm show %s", (*ret)->name);
}

/* For one service: any of the roles. The error is that of the first. */
static int require_one(
	const struct principal *by, unsigned roles, const struct scope *scope, struct error *err)
{
	struct error first = ERROR_INIT;
	int rc = 0;

	for (unsigned bit = 1; bit <= roles; bit <<= 1) {
		if (!(roles & bit))
			continue;
		rc = principal_require(by, (enum role)bit, scope, first.code ? NULL : &first);
		if (rc >= 0)
			return 0;
	}
	if (err)
		*err = first;
	return first.code ? first.code : rc;
}

int change_require(const struct principal *by, unsigned roles, const struct revision *revision,
	struct error *err)
{
	int rc;

	for (size_t i = 0; revision->services[i]; i++) {
		struct scope scope = {
			.environment = revision->environment, .service = revision->services[i]};

		if ((rc = require_one(by, roles, &scope, err)) < 0)
			return rc;
	}
	return 0;
}

bool change_is_executor(const struct principal *by, const struct revision *revision)
{
	for (size_t i = 0; by->person_id[0] && revision->executors[i]; i++)
		if (!strcmp(revision->executors[i], by->person_name))
			return true;
	return false;
}

bool change_is_requester(const struct principal *by, const struct change *change)
{
	return by->person_id[0] && !strcmp(by->person_id, change->requester_id);
}

static int begin(struct store_tx *tx, struct change_command *command, struct change **ret,
	struct revision **ret_revision, struct error *err)
{
	int rc = change_act_load(tx, &command->act, ret, err);

	return rc < 0 ? rc : change_get_revision(tx, command->act.arena, *ret, ret_revision, err);
}

/* Whose change it is, or who has the command there. */
static int require_owner(const struct change_command *command, const struct change *change,
	const struct revision *revision, struct error *err)
{
	if (change_is_requester(command->act.by, change) ||
		change_is_executor(command->act.by, revision))
		return 0;
	return change_require(command->act.by, ROLE_COMMANDER | ROLE_ADMIN, revision, err);
}

static int check_reason(const struct change_command *command, struct error *err)
{
	if (!command->reason || strlen(command->reason) < CHANGE_REASON_MIN) {
		error_set(err, ERROR_INVALID, "the reason is missing or shorter than %d bytes",
			CHANGE_REASON_MIN);
		error_field(err, "reason");
		return error_remedy(err, "say why, for those who read it later");
	}
	return text_check_prose("reason", command->reason, CHANGE_REASON_MAX, err);
}

/* --- submit, reassess --- */

static int move_on(struct store_tx *tx, struct change *change, const struct change_command *command,
	enum change_event event, const char *reason, const char *result, struct error *err)
{
	const struct change_move move = {
		.event = event,
		.reason = reason,
		.result = result,
		.actor = &command->act.by->actor,
		.at_us = command->act.at_us,
	};

	return change_move(tx, change, &move, err);
}

/* What an assessment gave ends with it. */
static void forget_assessment(struct change *change)
{
	change->level = -1;
	change->approval_digest[0] = 0;
}

/* What nobody could be shown whole is not filed for approval. */
static int check_readable(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, struct error *err)
{
	struct render_input input = {.tx = tx, .change = change, .revision = revision};
	struct change_revision *row;
	const char *text;
	int rc = revision_store_get(tx, arena, change->seq, change->revision, &row, err);

	if (rc < 0)
		return rc;
	input.row = row;
	return change_render(arena, &input, &text, err);
}

int change_submit(struct store_tx *tx, struct change_command *command, struct error *err)
{
	struct revision *revision;
	struct change *change;
	int rc = begin(tx, command, &change, &revision, err);

	if (rc < 0 || (rc = change_require(command->act.by, CHANGE_MAY_FILE, revision, err)) < 0)
		return rc;
	if (revision->end_us <= command->act.at_us) {
		error_set(err, ERROR_CONFLICT, "the window of %s is over", change->name);
		error_field(err, "end");
		return error_remedy(
			err, "give it another: rcm edit %s --start ... --end ...", change->name);
	}
	if ((rc = check_readable(tx, command->act.arena, change, revision, err)) < 0)
		return rc;
	forget_assessment(change);
	change->submitted_at_us = command->act.at_us;
	if ((rc = move_on(tx, change, command, EVENT_SUBMIT, NULL, NULL, err)) < 0)
		return rc;
	changes_assess_soon(command->act.changes, tx, change->seq);
	return 0;
}

/* The time that a submit gave keeps running; what was approved is void. */
int change_reassess(struct store_tx *tx, struct change_command *command, struct error *err)
{
	static const char why[] = "assessed again";
	struct revision *revision;
	struct change *change;
	int rc = begin(tx, command, &change, &revision, err);

	if (rc < 0 || (rc = change_require(command->act.by, CHANGE_MAY_FILE | ROLE_APPROVER,
			       revision, err)) < 0)
		return rc;
	forget_assessment(change);
	if ((rc = move_on(tx, change, command, EVENT_REASSESS, why, NULL, err)) < 0 ||
		(rc = change_withdraw(
			 tx, change, why, &command->act.by->actor, command->act.at_us, err)) < 0)
		return rc;
	changes_assess_soon(command->act.changes, tx, change->seq);
	return 0;
}

/* --- cancel, done, accept, close --- */

int change_cancel(struct store_tx *tx, struct change_command *command, struct error *err)
{
	struct revision *revision;
	struct change *change;
	int rc = begin(tx, command, &change, &revision, err);

	if (rc < 0 || (rc = require_owner(command, change, revision, err)) < 0)
		return rc;
	if (command->reason &&
		(rc = text_check_prose("reason", command->reason, CHANGE_REASON_MAX, err)) < 0)
		return rc;
	if (change->state == CHANGE_EXECUTING || change->state == CHANGE_VERIFYING) {
		error_set(err, ERROR_CONFLICT, "%s ran already: it cannot be as if it had not",
			change->name);
		return error_remedy(err, "put it back: rcm rollback %s; or end it: rcm done %s",
			change->name, change->name);
	}
	if ((rc = move_on(tx, change, command, EVENT_CANCEL, command->reason, NULL, err)) < 0)
		return rc;
	return change_withdraw(tx, change, "the change was cancelled", &command->act.by->actor,
		command->act.at_us, err);
}

int change_done(struct store_tx *tx, struct change_command *command, struct error *err)
{
	struct revision *revision;
	struct change *change;
	int rc = begin(tx, command, &change, &revision, err);

	if (rc < 0 || (rc = require_owner(command, change, revision, err)) < 0)
		return rc;
	if (command->reason &&
		(rc = text_check_prose("reason", command->reason, CHANGE_REASON_MAX, err)) < 0)
		return rc;
	return change_end_runs(
		tx, change, command->reason, &command->act.by->actor, command->act.at_us, err);
}

static int check_verdict(const struct change *change, struct error *err)
{
	if (change->state != CHANGE_VERIFYING || change->verdict)
		return 0;
	error_set(err, ERROR_CONFLICT, "the verification of %s is not over", change->name);
	return error_remedy(err, "wait for it: rcm show %s", change->name);
}

static int end_as(struct store_tx *tx, const struct change_command *command, struct change *change,
	enum change_event event, const char *result, struct error *err)
{
	size_t count;
	int rc;

	change->verify_at_us = 0;
	if ((rc = move_on(tx, change, command, event, command->reason, result, err)) < 0)
		return rc;
	return grant_revoke(tx, change->seq, false, false, "the change is closed",
		&command->act.by->actor, command->act.at_us, &count, err);
}

/* A second person takes what the verification could not say or said no to. */
int change_accept(struct store_tx *tx, struct change_command *command, struct error *err)
{
	const char *const *excluded;
	struct revision *revision;
	struct change *change;
	int rc = begin(tx, command, &change, &revision, err);

	if (rc < 0 || (rc = check_verdict(change, err)) < 0 ||
		(rc = check_reason(command, err)) < 0 ||
		(rc = change_require(command->act.by, ROLE_APPROVER, revision, err)) < 0 ||
		(rc = change_excluded(tx, command->act.arena, change, revision, &excluded, err)) <
			0)
		return rc;
	for (size_t i = 0; excluded[i]; i++)
		if (!strcmp(excluded[i], command->act.by->person_id)) {
			error_set(err, ERROR_FORBIDDEN,
				"you took part in %s: another person accepts how it ended",
				change->name);
			return error_remedy(err, "ask an approver who had no part in it");
		}
	return end_as(tx, command, change, EVENT_ACCEPT, "success", err);
}

int change_close_failed(struct store_tx *tx, struct change_command *command, struct error *err)
{
	struct revision *revision;
	struct change *change;
	int rc = begin(tx, command, &change, &revision, err);

	if (rc < 0 || (rc = require_owner(command, change, revision, err)) < 0 ||
		(rc = check_verdict(change, err)) < 0 || (rc = check_reason(command, err)) < 0)
		return rc;
	return end_as(tx, command, change, EVENT_CLOSE, "failed", err);
}

/* --- comment --- */

int change_comment(struct store_tx *tx, struct change_command *command, struct error *err)
{
	struct change_comment comment = {.written_by = command->act.by->person_name,
		.text = command->reason,
		.written_at_us = command->act.at_us};
	struct change *change;
	int rc = text_check_prose("text", command->reason, CHANGE_COMMENT_MAX, err);

	if (rc < 0 || (rc = change_act_load(tx, &command->act, &change, err)) < 0)
		return rc;
	memcpy(comment.id, command->act.ids[0], ID_SIZE);
	if ((rc = comment_store_insert(tx, change->seq, &comment, err)) < 0)
		return rc;
	return change_record(tx, change, AUDIT_CHANGE_COMMENT, &command->act.by->actor,
		json_pack("{s:s}", "text", command->reason), command->act.at_us, err);
}
