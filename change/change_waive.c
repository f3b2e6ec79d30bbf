/* Waivers: a named person takes a finding of one revision upon them, for a time, with a reason. */
#include "change/change_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

int change_waived(struct store_tx *tx, struct arena *arena, const struct change *change,
	int64_t now_us, const char *const **ret, struct error *err)
{
	struct change_waiver *waivers;
	const char **rules;
	size_t count, kept = 0;
	int rc = waiver_store_list(tx, arena, change->seq, change->revision, &waivers, &count, err);

	if (rc < 0)
		return rc;
	rules = arena_alloc(arena, (count + 1) * sizeof(*rules));
	for (size_t i = 0; i < count; i++)
		if (waivers[i].expires_at_us > now_us)
			rules[kept++] = waivers[i].rule;
	*ret = rules;
	return 0;
}

static const struct risk_finding *finding_of(const struct risk_report *report, const char *rule)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->findings[i].rule, rule))
			return &report->findings[i];
	return NULL;
}

static int check_finding(const struct change *change, const struct risk_report *report,
	const char *rule, const struct risk_finding **ret, struct error *err)
{
	*ret = finding_of(report, rule);
	if (!*ret) {
		error_set(err, ERROR_NOT_FOUND, "%s has no finding of the rule %s", change->name,
			rule);
		error_field(err, "rule");
		return error_remedy(err, "rcm findings %s", change->name);
	}
	if (strcmp((*ret)->waivable, "none") != 0 && strcmp(rule, "rule_error") != 0)
		return 0;
	error_set(err, ERROR_FORBIDDEN, "nobody may waive %s", rule);
	error_field(err, "rule");
	return error_remedy(err, "do what it suggests: %.200s", (*ret)->suggestion);
}

/* Who may is what the rule says: an approver there, or those who own the rule. */
static int check_right(struct store_tx *tx, const struct change_command *command,
	const struct risk_finding *finding, const struct revision *revision, struct error *err)
{
	if (!strcmp(finding->waivable, "approver"))
		return change_require(command->act.by, ROLE_APPROVER, revision, err);
	if (people_is_in_group(tx, command->act.by->person_id, finding->owner))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "%s is waived by its owners: the group %s", finding->rule,
		finding->owner);
	return error_remedy(err, "ask one of them");
}

static int check_other(struct store_tx *tx, const struct change_command *command,
	const struct change *change, const struct revision *revision, struct error *err)
{
	const char *const *excluded;
	int rc = change_excluded(tx, command->act.arena, change, revision, &excluded, err);

	for (size_t i = 0; rc >= 0 && excluded[i]; i++)
		if (!strcmp(excluded[i], command->act.by->person_id)) {
			error_set(err, ERROR_FORBIDDEN,
				"self_approval: you took part in %s, so you waive nothing of it",
				change->name);
			return error_remedy(err, "another person must");
		}
	return rc;
}

/* The level may be lower now: who is asked, and over what, begins anew. */
static int ask_again(struct store_tx *tx, const struct change_command *command,
	struct change *change, const struct revision *revision, struct risk_report *report,
	struct error *err)
{
	static const char why[] = "a finding was waived";
	struct change_ask ask = {
		.limits = changes_limits(command->act.changes),
		.change = change,
		.revision = revision,
		.report = report,
		.approval_id = command->act.ids[0],
		.notify_id = command->act.ids[1],
		.at_us = command->act.at_us,
	};
	struct change old = *change;
	const char *const *waived;
	int rc = change_waived(tx, command->act.arena, change, command->act.at_us, &waived, err);

	if (rc < 0)
		return rc;
	risk_recount(report, waived, command->act.arena);
	change->level = change_level(revision, report);
	if (change->level == old.level)
		return 0;
	change_approval_digest(change, report->revision, change->approval_digest);
	change->version++;
	change->changed_at_us = command->act.at_us;
	if ((rc = change_store_update(tx, change, &old, err)) < 0 ||
		(rc = approval_void(tx, CHANGE_SUBJECT, change->name, NULL, why,
			 &command->act.by->actor, command->act.at_us, err)) < 0)
		return rc;
	if (change->level)
		return change_ask_approval(tx, command->act.arena, &ask, err);
	return change_approve_standard(tx, command->act.arena, change, revision,
		&command->act.by->actor, command->act.at_us, err);
}

static int insert(struct store_tx *tx, const struct change *change,
	const struct change_waiver *waiver, struct error *err)
{
	int rc = waiver_store_insert(tx, waiver, err);

	if (rc != ERROR_CONFLICT)
		return rc;
	return error_set(
		err, ERROR_NO_EFFECT, "%s of %s is waived already", waiver->rule, change->name);
}

static int record(struct store_tx *tx, const struct change_command *command,
	const struct change *change, const struct change_waiver *waiver, struct error *err)
{
	json_t *detail = json_object();

	json_set_text(detail, "id", waiver->id);
	json_set_text(detail, "rule", waiver->rule);
	json_set_text(detail, "waiver_reason", waiver->reason);
	json_set_text(detail, "waived_by", waiver->waived_by);
	json_set_text(detail, "waived_by_id", waiver->waived_by_id);
	json_set_int(detail, "expires_at_us", waiver->expires_at_us);
	json_set_int(detail, "waived_at_us", waiver->waived_at_us);
	json_set_int(detail, "level", change->level);
	json_set_text(detail, "approval_digest", change->approval_digest);
	return change_record(tx, change, AUDIT_CHANGE_WAIVE, &command->act.by->actor, detail,
		command->act.at_us, err);
}

static int check_words(const struct change_command *command, struct error *err)
{
	if (!command->reason || strlen(command->reason) < CHANGE_REASON_MIN) {
		error_set(err, ERROR_INVALID, "the reason is missing or shorter than %d bytes",
			CHANGE_REASON_MIN);
		error_field(err, "reason");
		return error_remedy(
			err, "say why it is no danger here, for those who read it later");
	}
	if (command->expires_at_us > command->act.at_us &&
		command->expires_at_us <= command->act.at_us + CHANGE_WAIVER_US)
		return text_check_prose("reason", command->reason, CHANGE_REASON_MAX, err);
	error_set(err, ERROR_INVALID, "a waiver ends within 7 days from now");
	return error_field(err, "expires_at");
}

int change_waive(struct store_tx *tx, struct change_command *command, struct error *err)
{
	struct arena *arena = command->act.arena;
	const struct risk_finding *finding;
	struct risk_report *report;
	struct revision *revision;
	struct change *change;
	struct change_waiver waiver = {.rule = command->rule,
		.reason = command->reason,
		.waived_by = command->act.by->person_name,
		.waived_by_id = command->act.by->person_id,
		.waived_at_us = command->act.at_us,
		.expires_at_us = command->expires_at_us};
	int rc;

	if ((rc = check_words(command, err)) < 0 ||
		(rc = change_act_load(tx, &command->act, &change, err)) < 0)
		return rc;
	if (change->state != CHANGE_PENDING) {
		error_set(err, ERROR_CONFLICT, "%s is %s: findings are waived while it is pending",
			change->name, change_state_word(change->state));
		return error_remedy(err, "rcm show %s", change->name);
	}
	if ((rc = change_get_revision(tx, arena, change, &revision, err)) < 0 ||
		(rc = risk_get(tx, arena, change->seq, change->revision, &report, err)) < 0 ||
		(rc = check_finding(change, report, command->rule, &finding, err)) < 0 ||
		(rc = check_right(tx, command, finding, revision, err)) < 0 ||
		(rc = check_other(tx, command, change, revision, err)) < 0)
		return rc;
	waiver.change_seq = change->seq;
	waiver.revision = change->revision;
	memcpy(waiver.id, command->waiver_id, ID_SIZE);
	if ((rc = insert(tx, change, &waiver, err)) < 0)
		return rc;
	if (*change->approval_digest &&
		(rc = ask_again(tx, command, change, revision, report, err)) < 0)
		return rc;
	return record(tx, command, change, &waiver, err);
}
