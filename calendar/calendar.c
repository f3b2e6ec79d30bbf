#include "calendar/calendar.h"

#include "calendar/calendar_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

#define GRACE_MAX_MS (24 * INT64_C(3600000))
#define AGE_MAX_MS   (366 * INT64_C(86400000))
#define LABELS_MAX   16

static const char *const overrun_words[] = {
	[CALENDAR_ALLOW] = "allow",
	[CALENDAR_WARN] = "warn",
	[CALENDAR_KILL] = "kill",
};

const char *calendar_overrun_word(enum calendar_overrun overrun)
{
	return overrun_words[overrun];
}

int calendar_overrun_parse(const char *word, enum calendar_overrun *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof(overrun_words) / sizeof(overrun_words[0]); i++)
		if (!strcmp(word, overrun_words[i])) {
			*ret = (enum calendar_overrun)i;
			return 0;
		}
	error_set(err, ERROR_INVALID, "\"%s\" is no overrun", word);
	error_field(err, "overrun");
	return error_remedy(err, "use allow, warn or kill");
}

/* --- checks --- */

static int refuse_range(struct error *err, const char *field, const char *limits)
{
	error_set(err, ERROR_INVALID, "%s is out of range", field);
	error_field(err, "%s", field);
	return error_remedy(err, "%s", limits);
}

static int check_selector(const json_t *selector, struct error *err)
{
	const char *key;
	json_t *value;
	int rc;

	if (json_object_size(selector) > LABELS_MAX)
		return refuse_range(err, "selector", "give at most 16 labels");
	json_object_foreach ((json_t *)selector, key, value) {
		if (!json_is_string(value)) {
			error_set(err, ERROR_INVALID, "the label %s is not a text", key);
			return error_field(err, "selector.%s", key);
		}
		if ((rc = text_check_name("selector", key, err)) < 0 ||
			(rc = text_check_name("selector", json_string_value(value), err)) < 0)
			return rc;
	}
	return 0;
}

static int check_group(struct store_tx *tx, const struct calendar *calendar, struct error *err)
{
	int rc;

	if (!calendar->approvers)
		return 0;
	rc = text_check_name("approvers", calendar->approvers, err);
	if (rc < 0 || people_has_group(tx, calendar->approvers))
		return rc;
	error_set(err, ERROR_INVALID, "there is no group %s", calendar->approvers);
	error_field(err, "approvers");
	return error_remedy(err, "make it: redbutton group add %s", calendar->approvers);
}

static int check_calendar(struct store_tx *tx, const struct calendar_put *put, struct error *err)
{
	const struct calendar *calendar = &put->calendar;
	int rc;

	if ((rc = text_check_name("name", calendar->name, err)) < 0 ||
		(put->selector && (rc = check_selector(put->selector, err)) < 0))
		return rc;
	if (!strcmp(calendar->name, "state")) {
		error_set(err, ERROR_INVALID, "a calendar cannot be called \"state\"");
		error_field(err, "name");
		return error_remedy(err, "choose another name");
	}
	if (calendar->grace_ms < 0 || calendar->grace_ms > GRACE_MAX_MS)
		return refuse_range(err, "grace_ms", "0 to 86400000, a day");
	if (calendar->max_age_ms < 0 || calendar->max_age_ms > AGE_MAX_MS)
		return refuse_range(err, "max_age_ms", "0 (any age) to 366 days");
	return check_group(tx, calendar, err);
}

static int require_admin(
	const struct calendar_act *act, const struct calendar *calendar, struct error *err)
{
	struct scope scope = {0};
	json_t *selector = NULL;
	int rc;

	if (json_parse(calendar->selector, strlen(calendar->selector), JSON_DEPTH_MAX, &selector,
		    err) < 0)
		return err->code;
	scope.environment = json_string_value(json_object_get(selector, "environment"));
	scope.service = json_string_value(json_object_get(selector, "service"));
	rc = principal_require(act->by, ROLE_ADMIN, &scope, err);
	json_decref(selector);
	return rc;
}

static int check_version(const struct calendar *calendar, int64_t if_version, struct error *err)
{
	if (if_version < 0 || if_version == calendar->version)
		return 0;
	error_set(err, ERROR_STALE, "%s is at version %lld, not at %lld", calendar->name,
		(long long)calendar->version, (long long)if_version);
	return error_remedy(
		err, "look at it again and repeat: redbutton calendar show %s", calendar->name);
}

/* --- acts --- */

static int record(struct store_tx *tx, const struct calendar_act *act, enum audit_action action,
	const struct calendar *calendar, struct error *err)
{
	json_t *detail = calendar_json(calendar);
	const struct audit_record record = {
		.actor = &act->by->actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "calendar",
		.subject_id = calendar->name,
		.subject_digest = calendar->digest,
		.detail = detail,
	};
	int rc = audit_append(tx, &record, act->at_us, NULL, err);

	json_decref(detail);
	return rc < 0 ? rc : people_note_act(tx, act->by, act->at_us, err);
}

static int complete(struct calendar_put *put, struct error *err)
{
	struct calendar *calendar = &put->calendar;
	struct buf text = BUF_INIT;
	struct digest digest;
	json_t *none = put->selector ? NULL : json_object();
	char hex[DIGEST_TEXT_SIZE];
	int rc = canonical_add(&text, put->selector ? put->selector : none, err);

	calendar->selector = arena_text(put->act.arena, buf_text(&text));
	digest_of(put->ics, strlen(put->ics), &digest);
	calendar->digest = arena_text(put->act.arena, digest_text(&digest, hex));
	calendar->changed_at_us = put->act.at_us;
	if (put->is_import)
		calendar->imported_at_us = put->act.at_us;
	buf_done(&text);
	json_decref(none);
	return rc;
}

static int insert(struct store_tx *tx, struct calendar_put *put, struct error *err)
{
	struct calendar *other;
	int rc = calendar_store_get(tx, put->act.arena, put->calendar.name, &other, err);

	if (rc == 0) {
		error_set(
			err, ERROR_CONFLICT, "there is a calendar %s already", put->calendar.name);
		error_field(err, "name");
		return error_remedy(
			err, "change it: redbutton calendar set %s", put->calendar.name);
	}
	if (rc != ERROR_NOT_FOUND)
		return rc;
	error_clear(err);
	put->calendar.version = 1;
	put->calendar.created_at_us = put->act.at_us;
	return calendar_store_insert(tx, &put->calendar, put->ics, err);
}

static int update(struct store_tx *tx, struct calendar_put *put, struct error *err)
{
	struct calendar *old;
	int rc = calendar_store_get(tx, put->act.arena, put->calendar.name, &old, err);

	if (rc < 0 || (rc = require_admin(&put->act, old, err)) < 0 ||
		(rc = check_version(old, put->if_version, err)) < 0)
		return rc;
	memcpy(put->calendar.id, old->id, sizeof(old->id));
	put->calendar.version = old->version + 1;
	put->calendar.created_at_us = old->created_at_us;
	return calendar_store_update(tx, &put->calendar, put->ics, old->version, err);
}

int calendar_put(struct store_tx *tx, struct calendar_put *put, struct error *err)
{
	int rc;

	if ((rc = check_calendar(tx, put, err)) < 0 || (rc = complete(put, err)) < 0 ||
		(rc = require_admin(&put->act, &put->calendar, err)) < 0 ||
		(rc = put->is_new ? insert(tx, put, err) : update(tx, put, err)) < 0 ||
		(rc = calendar_store_set_windows(
			 tx, put->calendar.id, put->windows, put->window_count, err)) < 0)
		return rc;
	put->ret_calendar = &put->calendar;
	return record(tx, &put->act, put->is_new ? AUDIT_CALENDAR_CREATE : AUDIT_CALENDAR_CHANGE,
		&put->calendar, err);
}

int calendar_remove(struct store_tx *tx, struct calendar_remove *remove, struct error *err)
{
	struct calendar *calendar;
	int rc;

	if ((rc = calendar_store_get(tx, remove->act.arena, remove->name, &calendar, err)) < 0 ||
		(rc = require_admin(&remove->act, calendar, err)) < 0 ||
		(rc = check_version(calendar, remove->if_version, err)) < 0 ||
		(rc = calendar_store_delete(tx, calendar->id, err)) < 0)
		return rc;
	return record(tx, &remove->act, AUDIT_CALENDAR_REMOVE, calendar, err);
}

int calendar_get(struct store_tx *tx, struct arena *arena, const char *name, struct calendar **ret,
	struct error *err)
{
	return calendar_store_get(tx, arena, name, ret, err);
}
