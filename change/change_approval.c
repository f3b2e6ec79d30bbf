/* Who must approve a change, what they sign, and what their decision does. */
#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

#define SUMMARY_MAX 900

/* --- what is signed --- */

void change_approval_digest(
	const struct change *change, const char *rules_revision, char ret[static DIGEST_TEXT_SIZE])
{
	json_t *signed_over = json_object();
	struct buf bytes = BUF_INIT;
	struct digest digest;

	json_set_text(signed_over, "change", change->name);
	json_set_int(signed_over, "revision", change->revision);
	json_set_text(signed_over, "revision_digest", change->revision_digest);
	json_set_text(signed_over, "render_digest", change->render_digest);
	json_set_text(signed_over, "rules_revision", rules_revision);
	json_set_int(signed_over, "level", change->level);
	if (*change->exceptions)
		json_set_text(signed_over, "exceptions", change->exceptions);
	(void)canonical_add(&bytes, signed_over, NULL);
	digest_of_domain("rcm approval 1\n", buf_text(&bytes), bytes.length, &digest);
	digest_text(&digest, ret);
	buf_done(&bytes);
	json_decref(signed_over);
}

/* --- who is left out --- */

static bool holds(const char *const *list, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], id))
			return true;
	return false;
}

int change_excluded(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, const char *const **ret, struct error *err)
{
	const char *const *authors, **list = NULL;
	size_t count = 0, capacity = 0;
	int rc = revision_store_authors(tx, arena, change->seq, &authors, err);
	char id[ID_SIZE];

	if (rc < 0)
		return rc;
	list = arena_grow(arena, list, count, &capacity, sizeof(*list));
	list[count++] = change->requester_id;
	for (size_t i = 0; authors[i]; i++) {
		if (holds(list, count, authors[i]))
			continue;
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = authors[i];
	}
	for (size_t i = 0; revision->executors[i]; i++) {
		if ((rc = people_find(tx, revision->executors[i], id, err)) < 0)
			return rc;
		if (holds(list, count, id))
			continue;
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = arena_text(arena, id);
	}
	list = arena_grow(arena, list, count, &capacity, sizeof(*list));
	list[count] = NULL;
	*ret = list;
	return 0;
}

/* --- levels --- */

int64_t change_level(const struct revision *revision, const struct risk_report *report)
{
	bool may_be_free = revision->template_name && !revision->exception_calendars[0];
	int64_t least = may_be_free ? 0 : 1;
	int64_t level = report->level < least ? least : report->level;

	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].severity == 'C' &&
			!strcmp(report->findings[i].tier, "ENFORCE"))
			level = RISK_LEVELS - 1;
	return level;
}

/* The group of owners; the fallback where it has nobody who may decide: never nobody at all. */
static const char *owners_of(struct store_tx *tx, const struct change_limits *limits,
	const char *service, const char *const *excluded, struct arena *arena)
{
	const char *owners = arena_format(arena, "%s%s", service, limits->owners_suffix);

	if (people_count_in_group(tx, owners, excluded) > 0 ||
		people_count_in_group(tx, limits->fallback_group, excluded) <= 0)
		return owners;
	return limits->fallback_group;
}

void change_levels(struct store_tx *tx, const struct change_limits *limits,
	const struct revision *revision, int64_t level, const char *const *excluded,
	struct arena *arena, struct approval_level *ret, size_t *ret_count)
{
	struct scope scope = {
		.environment = revision->environment, .service = revision->services[0]};
	size_t count = 0;

	if (level < 3)
		ret[count++] =
			(struct approval_level){.role = ROLE_APPROVER, .scope = scope, .need = 1};
	for (size_t i = 0; level >= 2 && revision->services[i]; i++) {
		struct scope of_service = {
			.environment = revision->environment, .service = revision->services[i]};

		ret[count++] = (struct approval_level){
			.group = owners_of(tx, limits, revision->services[i], excluded, arena),
			.scope = of_service,
			.need = level >= 3 ? 2 : 1,
			.different_teams = level >= 3,
		};
	}
	if (level >= 3)
		ret[count++] = (struct approval_level){
			.group = limits->oncall_group, .scope = scope, .need = 1};
	*ret_count = count;
}

/* --- the request --- */

/* What the approver is told in one sentence: how risky, and each critical rule by its name. */
static const char *summary_of(struct arena *arena, const struct change_ask *ask)
{
	struct buf text = BUF_INIT;
	const char *before = "", *summary;

	buf_add_format(&text, "%s, revision %lld, level %lld, score %lld", ask->change->title,
		(long long)ask->change->revision, (long long)ask->change->level,
		(long long)ask->report->total);
	for (size_t i = 0; i < ask->report->count && text.length < SUMMARY_MAX; i++) {
		const struct risk_finding *finding = &ask->report->findings[i];

		if (finding->severity != 'C' || !strcmp(before, finding->rule))
			continue;
		buf_add_format(&text, "%s%s", *before ? ", " : "; critical: ", finding->rule);
		before = finding->rule;
	}
	summary = arena_text(arena, buf_text(&text));
	buf_done(&text);
	return summary;
}

/* Who waived a finding made the level what it is, so somebody else says yes to it. */
static int add_waivers(struct store_tx *tx, struct arena *arena, const struct change *change,
	const char *const **excluded, struct error *err)
{
	struct change_waiver *waivers;
	size_t waiver_count, count = 0;
	const char **list;
	int rc = waiver_store_list(
		tx, arena, change->seq, change->revision, &waivers, &waiver_count, err);

	if (rc < 0)
		return rc;
	while ((*excluded)[count])
		count++;
	list = arena_alloc(arena, (count + waiver_count + 1) * sizeof(*list));
	memcpy(list, *excluded, count * sizeof(*list));
	for (size_t i = 0; i < waiver_count; i++)
		if (!holds(list, count, waivers[i].waived_by_id))
			list[count++] = waivers[i].waived_by_id;
	*excluded = list;
	return 0;
}

int change_ask_approval(
	struct store_tx *tx, struct arena *arena, const struct change_ask *ask, struct error *err)
{
	static const enum approval_class classes[] = {
		APPROVAL_R0, APPROVAL_R1, APPROVAL_R2, APPROVAL_R3};
	const struct change *change = ask->change;
	struct approval_request request = {
		.subject_kind = CHANGE_SUBJECT,
		.subject_id = change->name,
		.subject_digest = change->approval_digest,
		.approval_class = classes[change->level],
		.summary = summary_of(arena, ask),
		.requested_by = change->requester_id,
		.requested_at_us = ask->at_us,
		.expires_at_us = change->submitted_at_us + CHANGE_EXPIRY_US,
	};
	int rc = change_excluded(tx, arena, change, ask->revision, &request.excluded, err);

	if (rc < 0 || (rc = add_waivers(tx, arena, change, &request.excluded, err)) < 0)
		return rc;
	memcpy(request.id, ask->approval_id, ID_SIZE);
	change_levels(tx, ask->limits, ask->revision, change->level, request.excluded, arena,
		request.levels, &request.level_count);
	change_add_exception_levels(
		arena, ask->revision, change->exceptions, request.levels, &request.level_count);
	return approval_open(tx, &request, &audit_system, ask->notify_id, err);
}

/* --- what a decision does --- */

static int follow_approved(struct store_tx *tx, struct arena *arena, struct change *change,
	const struct approval_ended *what, int64_t at_us, struct error *err)
{
	struct change_move move = {.event = EVENT_APPROVE, .actor = &audit_system, .at_us = at_us};
	struct revision *revision;
	int rc = change_get_revision(tx, arena, change, &revision, err);

	if (rc < 0)
		return rc;
	move.detail = json_pack("{s:s}", "approval", what->id);
	if ((rc = change_move(tx, change, &move, err)) < 0)
		return rc;
	return change_mint(tx, arena, change, revision, &audit_system, at_us, err);
}

static int follow_ended(struct store_tx *tx, struct change *change,
	const struct approval_ended *what, int64_t at_us, struct error *err)
{
	bool is_rejected = what->state == APPROVAL_REJECTED;
	const struct change_move move = {
		.event = is_rejected ? EVENT_REJECT : EVENT_EXPIRE,
		.reason = is_rejected ? "an approver rejected it" : "nobody decided in time",
		.actor = &audit_system,
		.at_us = at_us,
		.detail = json_pack("{s:s}", "approval", what->id),
	};

	return change_move(tx, change, &move, err);
}

/* A decision about what the change is not any more moves nothing. */
int change_follow_approval(void *changes, struct store_tx *tx, const struct approval_ended *what,
	int64_t at_us, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct change *change;
	int rc = 0;

	(void)changes;
	if (strcmp(what->subject_kind, CHANGE_SUBJECT) != 0)
		return 0;
	rc = change_get(tx, &arena, what->subject_id, &change, err);
	if (rc >= 0 && change->state == CHANGE_PENDING &&
		!strcmp(change->approval_digest, what->subject_digest))
		rc = what->state == APPROVAL_APPROVED
			     ? follow_approved(tx, &arena, change, what, at_us, err)
			     : follow_ended(tx, change, what, at_us, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}
