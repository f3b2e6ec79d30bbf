#include "incidents/incident.h"

#include "incidents/incident_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

const char *const incident_link_kinds[] = {"execution", "change", "alert", "url", NULL};

/* Whoever may act in production may say that something is wrong with it. */
#define MAY_OPEN (ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN | ROLE_AGENT)

/* --- checks --- */

static int refuse(struct error *err, const char *field, const char *what, const char *remedy)
{
	error_set(err, ERROR_INVALID, "%s", what);
	error_field(err, "%s", field);
	return error_remedy(err, "%s", remedy);
}

static int parse_name(const char *name, int64_t *ret_seq, struct error *err)
{
	if (strncmp(name, "INC-", 4))
		return refuse(err, "name", "an incident is named INC- and a number",
			"list them: redbutton incident list");
	return text_parse_int64("name", name + 4, 1, INT64_MAX, ret_seq, err);
}

static int check_label(const char *field, const char *label, struct error *err)
{
	return *label ? text_check_name(field, label, err) : 0;
}

static int check_incident(const struct incident *incident, struct error *err)
{
	int rc;

	if ((rc = text_check_prose("title", incident->title, INCIDENT_TITLE_MAX, err)) < 0 ||
		(rc = check_label("environment", incident->environment, err)) < 0 ||
		(rc = check_label("service", incident->service, err)) < 0)
		return rc;
	if (strchr(incident->title, '\n'))
		return refuse(err, "title", "the title has more than one line",
			"keep it to one; link or close with what more there is to say");
	if (incident->severity < 1 || incident->severity > INCIDENT_SEVERITY_MAX)
		return refuse(
			err, "severity", "the severity is out of range", "1 (the worst) to 4");
	return 0;
}

static int check_link(const struct incident_link *link, struct error *err)
{
	int rc;

	for (const char *const *kind = incident_link_kinds; *kind; kind++)
		if (!strcmp(*kind, link->kind)) {
			rc = text_check_prose(
				"reference", link->reference, INCIDENT_TITLE_MAX, err);
			if (rc < 0 || !*link->note)
				return rc;
			return text_check_prose("note", link->note, INCIDENT_NOTE_MAX, err);
		}
	return refuse(err, "kind", "this cannot be linked", "execution, change, alert or url");
}

/* --- acts --- */

static int require(const struct incident_act *act, const struct incident *incident, unsigned roles,
	struct error *err)
{
	struct scope scope = {
		.environment = *incident->environment ? incident->environment : NULL,
		.service = *incident->service ? incident->service : NULL,
	};

	for (unsigned bit = 1; bit <= roles; bit <<= 1)
		if ((roles & bit) && principal_require(act->by, (enum role)bit, &scope, NULL) == 0)
			return 0;
	return principal_require(act->by, ROLE_COMMANDER, &scope, err);
}

static int record(struct store_tx *tx, const struct incident_act *act, enum audit_action action,
	const struct incident *incident, json_t *detail, struct error *err)
{
	const struct audit_record record = {
		.actor = &act->by->actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "incident",
		.subject_id = incident->name,
		.detail = detail,
	};
	int rc = audit_append(tx, &record, act->at_us, NULL, err);

	json_decref(detail);
	return rc;
}

int incident_open(struct store_tx *tx, struct incident_open *open, struct error *err)
{
	struct incident *incident = &open->incident;
	int rc;

	if ((rc = check_incident(incident, err)) < 0 ||
		(rc = require(&open->act, incident, MAY_OPEN, err)) < 0 ||
		(rc = incident_store_next(tx, &incident->seq, err)) < 0)
		return rc;
	snprintf(incident->name, sizeof(incident->name), "INC-%lld", (long long)incident->seq);
	incident->opened_by = open->act.by->person_name;
	incident->opened_at_us = open->act.at_us;
	incident->version = 1;
	if ((rc = incident_store_insert(tx, incident, err)) < 0)
		return rc;
	open->act.ret_incident = incident;
	return record(tx, &open->act, AUDIT_INCIDENT_OPEN, incident, incident_json(incident), err);
}

int incident_add_link(struct store_tx *tx, struct incident_add_link *add, struct error *err)
{
	struct incident *incident;
	int rc;

	if ((rc = check_link(&add->link, err)) < 0 ||
		(rc = incident_get(tx, add->act.arena, add->name, &incident, err)) < 0 ||
		(rc = require(&add->act, incident, MAY_OPEN, err)) < 0)
		return rc;
	add->link.linked_by = add->act.by->person_name;
	add->link.linked_at_us = add->act.at_us;
	if ((rc = incident_store_insert_link(tx, incident->seq, &add->link, err)) < 0)
		return rc;
	add->act.ret_incident = incident;
	return record(
		tx, &add->act, AUDIT_INCIDENT_LINK, incident, incident_link_json(&add->link), err);
}

static int check_closable(const struct incident *incident, int64_t if_version, struct error *err)
{
	if (incident->closed_at_us)
		return error_set(err, ERROR_NO_EFFECT, "%s is closed already", incident->name);
	if (if_version < 0 || if_version == incident->version)
		return 0;
	error_set(err, ERROR_STALE, "%s is at version %lld, not at %lld", incident->name,
		(long long)incident->version, (long long)if_version);
	return error_remedy(err, "look at it again: redbutton incident show %s", incident->name);
}

int incident_close(struct store_tx *tx, struct incident_close *close, struct error *err)
{
	struct incident *incident;
	int64_t old_version;
	int rc;

	if ((rc = text_check_prose("finding", close->finding, INCIDENT_FINDING_MAX, err)) < 0 ||
		(rc = incident_get(tx, close->act.arena, close->name, &incident, err)) < 0 ||
		(rc = require(&close->act, incident, ROLE_COMMANDER | ROLE_ADMIN, err)) < 0 ||
		(rc = check_closable(incident, close->if_version, err)) < 0)
		return rc;
	old_version = incident->version++;
	incident->finding = close->finding;
	incident->closed_by = close->act.by->person_name;
	incident->closed_at_us = close->act.at_us;
	if ((rc = incident_store_update(tx, incident, old_version, err)) < 0)
		return rc;
	close->act.ret_incident = incident;
	return record(
		tx, &close->act, AUDIT_INCIDENT_CLOSE, incident, incident_json(incident), err);
}

/* --- questions --- */

int incident_get(struct store_tx *tx, struct arena *arena, const char *name, struct incident **ret,
	struct error *err)
{
	int64_t seq;
	int rc = parse_name(name, &seq, err);

	return rc < 0 ? rc : incident_store_get(tx, arena, seq, ret, err);
}

int incident_list_open(struct store_tx *tx, struct arena *arena, const char *environment,
	const char *service, struct incident ***ret, size_t *ret_count, struct error *err)
{
	return incident_store_list_open(tx, arena, environment, service, ret, ret_count, err);
}

int incident_check_open(struct store_tx *tx, struct arena *arena, const char *name,
	struct incident **ret, struct error *err)
{
	int rc = incident_get(tx, arena, name, ret, err);

	if (rc < 0 || !(*ret)->closed_at_us)
		return rc;
	error_set(err, ERROR_CONFLICT, "%s is closed", name);
	return error_remedy(err, "open another: redbutton incident open \"...\"");
}
