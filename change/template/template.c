#include "change/template/template.h"

#include "change/template/template_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "notify/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "rcm template 1\n"

static const char *const state_words[] = {
#define X(name, word) [TEMPLATE_##name] = word,
	TEMPLATE_STATES(X)
#undef X
};

const char *template_state_word(enum template_state state)
{
	return state_words[state];
}

const char *template_subject(struct arena *arena, const char *name, int64_t version)
{
	return arena_format(arena, "%s@%lld", name, (long long)version);
}

void template_digest(const struct change_template *template, char ret[static DIGEST_TEXT_SIZE])
{
	const char *const fields[] = {template->name, template->summary, template->owner,
		template->params, template->body};
	struct digest_state *state = digest_new();
	struct digest digest;
	char version[24];

	digest_add(state, DOMAIN, strlen(DOMAIN));
	snprintf(version, sizeof(version), "%lld", (long long)template->version);
	digest_add_field(state, version, strlen(version));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		digest_add_field(state, fields[i], strlen(fields[i]));
	digest_end(state, &digest);
	digest_free(state);
	digest_text(&digest, ret);
}

/* --- audit --- */

int template_audit(struct store_tx *tx, const struct change_template *template,
	const struct audit_actor *actor, enum audit_action action, const char *approval_id,
	int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *detail = json_object();
	const struct audit_record record = {
		.actor = actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = TEMPLATE_SUBJECT,
		.subject_id = template_subject(&arena, template->name, template->version),
		.subject_digest = template->digest,
		.approvals = approval_id ? arena_format(&arena, "[\"%s\"]", approval_id) : NULL,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "state", template_state_word(template->state));
	json_set_text(detail, "state_reason", template->state_reason);
	json_set_int(detail, "approved_at_us", template->approved_at_us);
	rc = audit_append(tx, &record, at_us, NULL, err);
	json_decref(detail);
	arena_done(&arena);
	return rc;
}

int template_set_state(struct store_tx *tx, struct change_template *template,
	enum template_state state, const char *reason, const char *approval_id,
	const struct audit_actor *actor, int64_t at_us, struct error *err)
{
	int rc;

	template->state = state;
	template->state_reason = reason ? reason : "";
	if (state == TEMPLATE_ACTIVE)
		template->approved_at_us = at_us;
	rc = template_store_update(tx, template, err);
	return rc < 0 ? rc
		      : template_audit(
				tx, template, actor, AUDIT_TEMPLATE_STATE, approval_id, at_us, err);
}

/* --- rights and words --- */

static int require(const struct principal *by, unsigned roles, enum role wanted, struct error *err)
{
	const struct scope anywhere = {0};

	for (unsigned bit = 1; bit <= roles; bit <<= 1)
		if ((roles & bit) && principal_require(by, (enum role)bit, &anywhere, NULL) == 0)
			return 0;
	return principal_require(by, wanted, &anywhere, err);
}

static int begin(
	struct store_tx *tx, const struct template_act *act, unsigned roles, struct error *err)
{
	int rc;

	if (!*act->by->person_id) {
		error_set(err, ERROR_FORBIDDEN,
			"only a known person changes templates; this peer is mapped to nobody");
		return error_remedy(err, "an admin maps it: redbutton peer map");
	}
	rc = require(act->by, roles, ROLE_AUTHOR, err);
	return rc < 0 ? rc : people_note_act(tx, act->by, act->at_us, err);
}

static int check_owner(struct store_tx *tx, const char *owner, struct error *err)
{
	int rc = text_check_name("owner", owner, err);

	if (rc < 0 || people_has_group(tx, owner))
		return rc;
	error_set(err, ERROR_INVALID, "there is no group %s", owner);
	error_field(err, "owner");
	return error_remedy(err, "an admin makes it: redbutton group add");
}

static int check_summary(const char *summary, struct error *err)
{
	int rc = text_check_prose("summary", summary, 200, err);

	if (rc < 0 || !strchr(summary, '\n'))
		return rc;
	error_set(err, ERROR_INVALID, "the summary has more than one line");
	error_field(err, "summary");
	return error_remedy(err, "keep it to one");
}

/* --- adding --- */

static int to_canonical(struct arena *arena, const char *field, const json_t *value,
	const char **ret, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int rc = canonical_add(&bytes, value, err);

	if (rc >= 0 && bytes.length > TEMPLATE_BODY_MAX)
		rc = error_set(err, ERROR_TOO_LARGE, "%s is larger than %zu bytes", field,
			TEMPLATE_BODY_MAX);
	if (rc >= 0)
		*ret = arena_text_n(arena, buf_text(&bytes), bytes.length);
	else
		error_field(err, "%s", field);
	buf_done(&bytes);
	return rc;
}

/* The next number of that name; the same again while it waits has no effect. */
static int number(struct store_tx *tx, const struct template_add *add,
	struct change_template *template, struct error *err)
{
	struct change_template *newest;
	int rc = template_store_find(tx, add->act.arena, add->name, 0, &newest, err);

	if (rc < 0)
		return rc;
	template->version = rc ? newest->version + 1 : 1;
	if (!rc || newest->state > TEMPLATE_IN_REVIEW ||
		strcmp(newest->body, template->body) != 0 ||
		strcmp(newest->params, template->params) != 0 ||
		strcmp(newest->owner, template->owner) != 0 ||
		strcmp(newest->summary, template->summary) != 0)
		return 0;
	error_set(err, ERROR_NO_EFFECT, "%s@%lld is the same, and is %s", newest->name,
		(long long)newest->version, template_state_word(newest->state));
	return error_remedy(err, "submit it: redbutton template submit %s@%lld", newest->name,
		(long long)newest->version);
}

static int check_add(struct store_tx *tx, const struct template_add *add, struct error *err)
{
	int rc;

	if ((rc = text_check_path_name("name", add->name, err)) < 0 ||
		(rc = check_summary(add->summary, err)) < 0 ||
		(rc = begin(tx, &add->act, MAY_WRITE, err)) < 0 ||
		(rc = check_owner(tx, add->owner, err)) < 0 ||
		(rc = template_check_visible("params", add->params, err)) < 0 ||
		(rc = template_check_visible("body", add->body, err)) < 0 ||
		(rc = template_check_params(add->act.arena, add->params, err)) < 0)
		return rc;
	return template_check_body(add->act.arena, add->body, add->params, err);
}

int template_add(struct store_tx *tx, struct template_add *add, struct error *err)
{
	struct arena *arena = add->act.arena;
	struct change_template *template = arena_alloc(arena, sizeof(*template));
	int rc;

	if ((rc = check_add(tx, add, err)) < 0 ||
		(rc = to_canonical(arena, "params", add->params, &template->params, err)) < 0 ||
		(rc = to_canonical(arena, "body", add->body, &template->body, err)) < 0)
		return rc;
	template->name = add->name;
	template->summary = add->summary;
	template->owner = add->owner;
	template->author = add->act.by->person_name;
	memcpy(template->author_id, add->act.by->person_id, ID_SIZE);
	template->state_reason = "";
	template->created_at_us = add->act.at_us;
	template->row_version = 1;
	if ((rc = number(tx, add, template, err)) < 0)
		return rc;
	template_digest(template, template->digest);
	if ((rc = template_store_insert(tx, template, err)) < 0)
		return rc;
	add->act.ret_template = template;
	return template_audit(tx, template, &add->act.by->actor, AUDIT_TEMPLATE_CREATE, NULL,
		add->act.at_us, err);
}

/* --- what holds --- */

int template_check_holds(struct store_tx *tx, struct arena *arena,
	const struct change_template *template, int64_t now_us, struct error *err)
{
	char approval_id[ID_SIZE], digest[DIGEST_TEXT_SIZE];

	if (now_us >= template->approved_at_us + TEMPLATE_LIFE_US) {
		error_set(err, ERROR_NOT_APPROVED, "%s@%lld was approved more than 180 days ago",
			template->name, (long long)template->version);
		return error_remedy(err, "ask anew: redbutton template submit %s@%lld",
			template->name, (long long)template->version);
	}
	template_digest(template, digest);
	if (strcmp(digest, template->digest) != 0)
		return error_set(err, ERROR_TAMPERED, "%s@%lld is not what was approved",
			template->name, (long long)template->version);
	return approval_check(tx, TEMPLATE_SUBJECT,
		template_subject(arena, template->name, template->version), template->digest,
		now_us, approval_id, err);
}

static int get_for(struct store_tx *tx, struct template_change *change,
	struct change_template **ret, struct error *err)
{
	struct template_act *act = &change->act;
	int rc = template_get(tx, act->arena, change->name, change->version, ret, err);

	if (rc < 0)
		return rc;
	if (act->if_version >= 0 && act->if_version != (*ret)->row_version) {
		error_set(err, ERROR_STALE, "%s@%lld changed since you looked at it: it is %s now",
			change->name, (long long)(*ret)->version,
			template_state_word((*ret)->state));
		return error_field(err, "If-Match");
	}
	act->ret_template = *ret;
	return 0;
}

/* --- submitting --- */

static int check_submittable(struct store_tx *tx, const struct template_change *change,
	const struct change_template *template, struct error *err)
{
	struct error lost = ERROR_INIT;

	if (template->state == TEMPLATE_DRAFT || template->state == TEMPLATE_SUSPENDED)
		return 0;
	if (template->state != TEMPLATE_ACTIVE) {
		error_set(err, ERROR_CONFLICT, "%s@%lld is %s", template->name,
			(long long)template->version, template_state_word(template->state));
		return error_remedy(err, "add another version: redbutton template add");
	}
	if (template_check_holds(tx, change->act.arena, template, change->act.at_us, &lost) == 0) {
		error_set(err, ERROR_NO_EFFECT, "%s@%lld is approved already", template->name,
			(long long)template->version);
		return error_remedy(
			err, "to renew it without a gap add the same as another version");
	}
	if (lost.code == ERROR_NOT_APPROVED)
		return 0;
	*err = lost;
	return lost.code;
}

/* First an approver, then somebody of the group that owns it; a person counts once. */
static int open_approval(struct store_tx *tx, const struct template_change *change,
	const struct change_template *template, struct error *err)
{
	const struct template_act *act = &change->act;
	const char *excluded[] = {template->author_id, act->by->person_id, NULL};
	struct approval_request request = {
		.subject_kind = TEMPLATE_SUBJECT,
		.subject_id = template_subject(act->arena, template->name, template->version),
		.subject_digest = template->digest,
		.approval_class = APPROVAL_R2,
		.levels = {{.role = ROLE_APPROVER, .need = 1},
			{.group = template->owner, .role = ROLE_APPROVER, .need = 1}},
		.level_count = 2,
		.excluded = excluded,
		.summary = template->summary,
		.requested_by = act->by->person_id,
		.requested_at_us = act->at_us,
		.expires_at_us = act->at_us + APPROVAL_EXPIRY_US,
	};

	memcpy(request.id, act->approval_id, ID_SIZE);
	request.reading = arena_format(
		act->arena, "{\"body\":%s,\"params\":%s}", template->body, template->params);
	return approval_open(tx, &request, &act->by->actor, act->notify_id, err);
}

int template_submit(struct store_tx *tx, struct template_change *change, struct error *err)
{
	const struct template_act *act = &change->act;
	struct change_template *template;
	int rc;

	if ((rc = begin(tx, act, MAY_WRITE, err)) < 0 ||
		(rc = get_for(tx, change, &template, err)) < 0 ||
		(rc = check_submittable(tx, change, template, err)) < 0 ||
		(rc = check_owner(tx, template->owner, err)) < 0 ||
		(rc = approval_void(tx, TEMPLATE_SUBJECT,
			 template_subject(act->arena, template->name, template->version), NULL,
			 "asked again", &act->by->actor, act->at_us, err)) < 0 ||
		(rc = open_approval(tx, change, template, err)) < 0)
		return rc;
	return template_set_state(tx, template, TEMPLATE_IN_REVIEW, NULL, act->approval_id,
		&act->by->actor, act->at_us, err);
}

int template_retire(struct store_tx *tx, struct template_change *change, struct error *err)
{
	const struct template_act *act = &change->act;
	struct change_template *template;
	int rc;

	if ((rc = text_check_prose("reason", change->reason, TEMPLATE_REASON_MAX, err)) < 0 ||
		(rc = begin(tx, act, MAY_RETIRE, err)) < 0 ||
		(rc = get_for(tx, change, &template, err)) < 0)
		return rc;
	if (template->state == TEMPLATE_RETIRED || template->state == TEMPLATE_REJECTED)
		return error_set(err, ERROR_NO_EFFECT, "%s@%lld is %s already", template->name,
			(long long)template->version, template_state_word(template->state));
	if ((rc = approval_void(tx, TEMPLATE_SUBJECT,
		     template_subject(act->arena, template->name, template->version), NULL,
		     "the template is retired", &act->by->actor, act->at_us, err)) < 0)
		return rc;
	return template_set_state(tx, template, TEMPLATE_RETIRED, change->reason, NULL,
		&act->by->actor, act->at_us, err);
}

/* --- following the approval --- */

struct templates {
	struct approvals *approvals;
};

static int retire_active(struct store_tx *tx, struct arena *arena, const struct change_template *by,
	int64_t at_us, struct error *err)
{
	struct change_template *active;
	int rc = template_store_find_active(tx, arena, by->name, &active, err);

	if (rc <= 0 || active->version == by->version)
		return rc;
	if ((rc = approval_void(tx, TEMPLATE_SUBJECT,
		     template_subject(arena, active->name, active->version), NULL,
		     "another version is active", &audit_system, at_us, err)) < 0)
		return rc;
	return template_set_state(tx, active, TEMPLATE_RETIRED,
		arena_format(arena, "version %lld is active", (long long)by->version), NULL,
		&audit_system, at_us, err);
}

static int follow_end(struct store_tx *tx, struct change_template *template,
	const struct approval_ended *what, int64_t at_us, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	int rc;

	switch (what->state) {
	case APPROVAL_APPROVED:
		if ((rc = retire_active(tx, arena, template, at_us, err)) < 0)
			return rc;
		return template_set_state(
			tx, template, TEMPLATE_ACTIVE, NULL, what->id, &audit_system, at_us, err);
	case APPROVAL_REJECTED:
		return template_set_state(tx, template, TEMPLATE_REJECTED, "an approver said no",
			what->id, &audit_system, at_us, err);
	case APPROVAL_EXPIRED:
		return template_set_state(tx, template, TEMPLATE_DRAFT, "nobody decided in time",
			what->id, &audit_system, at_us, err);
	default:
		return 0;
	}
}

/* A template is what its approval says, from the same commit on. */
static int follow(void *arg, struct store_tx *tx, const struct approval_ended *what, int64_t at_us,
	struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	const char *at = strrchr(what->subject_id, '@');
	struct change_template *template;
	int64_t version;
	int rc;

	(void)arg;
	if (strcmp(what->subject_kind, TEMPLATE_SUBJECT) != 0 || !at)
		return 0;
	if ((rc = text_parse_int64("version", at + 1, 1, INT64_MAX, &version, err)) < 0 ||
		(rc = template_store_find(tx, arena,
			 arena_text_n(arena, what->subject_id, (size_t)(at - what->subject_id)),
			 version, &template, err)) < 0)
		return rc;
	if (!rc || template->state != TEMPLATE_IN_REVIEW ||
		strcmp(template->digest, what->subject_digest) != 0)
		return 0;
	return follow_end(tx, template, what, at_us, err);
}

int templates_open(struct approvals *approvals, struct templates **ret, struct error *err)
{
	struct templates *templates = calloc(1, sizeof(*templates));

	if (!templates)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	templates->approvals = approvals;
	approvals_follow(approvals, follow, templates);
	*ret = templates;
	return 0;
}

void templates_close(struct templates *templates)
{
	free(templates);
}

/* --- use --- */

int template_get(struct store_tx *tx, struct arena *arena, const char *name, int64_t version,
	struct change_template **ret, struct error *err)
{
	int rc = template_store_find(tx, arena, name, version, ret, err);

	if (rc < 0 || rc)
		return rc < 0 ? rc : 0;
	error_set(err, ERROR_NOT_FOUND, "there is no template %.120s", name);
	return error_remedy(err, "list them: redbutton template list");
}

static void free_json(void *value)
{
	json_decref(value);
}

static int parse_stored(
	struct arena *arena, const char *text, const json_t **ret, struct error *err)
{
	json_t *value;
	int rc = json_parse(text, strlen(text), JSON_DEPTH_MAX, &value, err);

	if (rc < 0)
		return rc;
	arena_defer(arena, free_json, value);
	*ret = value;
	return 0;
}

static int find_usable(struct store_tx *tx, struct arena *arena, const char *name, int64_t now_us,
	struct change_template **ret, struct error *err)
{
	struct change_template *newest;
	int rc = template_store_find_active(tx, arena, name, ret, err);

	if (rc < 0)
		return rc;
	if (rc)
		return template_check_holds(tx, arena, *ret, now_us, err);
	if ((rc = template_get(tx, arena, name, 0, &newest, err)) < 0)
		return rc;
	error_set(err, ERROR_NOT_APPROVED, "no version of %s is active: %s@%lld is %s%s%s", name,
		name, (long long)newest->version, template_state_word(newest->state),
		*newest->state_reason ? ": " : "", newest->state_reason);
	return error_remedy(err, "redbutton template show %s", name);
}

int template_render(struct store_tx *tx, struct arena *arena, const char *name,
	const json_t *params, int64_t now_us, json_t **ret_body, int64_t *ret_version,
	struct error *err)
{
	struct change_template *template;
	const json_t *declared, *body;
	json_t *texts, *filled;
	int rc;

	if ((rc = find_usable(tx, arena, name, now_us, &template, err)) < 0 ||
		(rc = parse_stored(arena, template->params, &declared, err)) < 0 ||
		(rc = parse_stored(arena, template->body, &body, err)) < 0 ||
		(rc = template_take_values(tx, arena, declared, params, &texts, err)) < 0)
		return rc;
	filled = template_fill_body(body, texts);
	arena_defer(arena, free_json, filled);
	json_set_text(filled, "type", "standard");
	json_object_set_new(filled, "template",
		json_pack("{s:s, s:I, s:o}", "name", template->name, "version",
			(json_int_t) template->version, "params", texts));
	*ret_body = filled;
	*ret_version = template->version;
	return 0;
}

static int tell_suspended(struct store_tx *tx, const struct change_template *template,
	const struct template_outcome *outcome, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	json_t *data = json_pack("{s:s, s:I, s:s, s:s}", "template", template->name, "version",
		(json_int_t) template->version, "owner", template->owner, "change",
		outcome->change);
	struct notify_event event = {.type = "template.suspended",
		.subject = arena_format(arena, "template/%s", template->name),
		.text = arena_format(arena, "the template %s@%lld is suspended: %s", template->name,
			(long long)template->version, template->state_reason),
		.data = data};
	int rc;

	memcpy(event.id, outcome->notify_id, ID_SIZE);
	rc = notify_send(tx, &event, outcome->at_us, err);
	json_decref(data);
	return rc;
}

static int audit_use(struct store_tx *tx, const struct change_template *template,
	const struct template_outcome *outcome, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	json_t *detail = json_object();
	const struct audit_record record = {
		.actor = outcome->actor,
		.action = AUDIT_TEMPLATE_USE,
		.outcome = AUDIT_OK,
		.subject_kind = TEMPLATE_SUBJECT,
		.subject_id = template_subject(arena, template->name, template->version),
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "change", outcome->change);
	json_set_bool(detail, "success", outcome->is_success);
	rc = audit_append(tx, &record, outcome->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

int template_note_outcome(
	struct store_tx *tx, const struct template_outcome *outcome, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct change_template *template;
	int64_t failures;
	int rc;

	if ((rc = template_get(tx, arena, outcome->name, outcome->version, &template, err)) < 0 ||
		(rc = template_store_insert_use(tx, outcome, err)) < 0 ||
		(rc = audit_use(tx, template, outcome, err)) < 0 ||
		(rc = template_store_failures(tx, template->name, template->version,
			 template->approved_at_us, TEMPLATE_USES, &failures, err)) < 0)
		return rc;
	if (failures < TEMPLATE_FAILURES || template->state != TEMPLATE_ACTIVE)
		return 0;
	if ((rc = template_set_state(tx, template, TEMPLATE_SUSPENDED,
		     arena_format(arena, "%lld of its last %d uses failed, the last as %s",
			     (long long)failures, TEMPLATE_USES, outcome->change),
		     NULL, &audit_system, outcome->at_us, err)) < 0)
		return rc;
	return tell_suspended(tx, template, outcome, err);
}
