/* The release that a change is: all that the rules for releases look at, and nothing else. */
#include "change/revision_rooms.h"
#include "lib/base/json.h"

#include <stdio.h>

/* The field of the error lies in that object. */
static int within(const char *object, struct error *err)
{
	char field[sizeof(err->field)];

	snprintf(field, sizeof(field), "%s", err->field);
	return error_field(err, "%s.%s", object, field);
}

static int check_text_or_null(const json_t *object, const char *field, struct error *err)
{
	const char *text;

	if (json_is_null(json_object_get(object, field)))
		return 0;
	return json_get_text(object, field, true, &text, err);
}

static int check_phases(const json_t *release, struct error *err)
{
	json_t *phases = NULL, *phase;
	size_t i;
	int rc = json_get_array(release, "passed_phases", true, &phases, err);

	if (rc < 0)
		return rc;
	json_array_foreach (phases, i, phase)
		if (!json_is_string(phase))
			return revision_refuse(err, "passed_phases", "a phase is a text",
				"name the phases that this artifact passed, like \"staging\"");
	return 0;
}

/* Percent in whole numbers: numbers of a change are integers. */
static int check_model(const json_t *model, struct error *err)
{
	static const char *const keys[] = {
		"eval_report", "traffic_step_percent", "shadow_period_s", "rollback_model", NULL};
	int64_t number;
	bool flag;
	int rc;

	if (json_is_null(model))
		return 0;
	if (!json_is_object(model)) {
		revision_refuse(
			err, "model", "an object is needed", "null when no model is published");
		return within("release", err);
	}
	if ((rc = json_check_keys(model, keys, err)) < 0 ||
		(rc = json_get_bool(model, "eval_report", true, &flag, err)) < 0 ||
		(rc = json_get_int(model, "traffic_step_percent", true, 0, 100, &number, err)) <
			0 ||
		(rc = json_get_int(model, "shadow_period_s", true, 0, INT32_MAX, &number, err)) <
			0 ||
		(rc = check_text_or_null(model, "rollback_model", err)) < 0)
		return within("release.model", err);
	return 0;
}

static int check_release(const json_t *release, struct error *err)
{
	static const char *const words[] = {
		"platform", "artifact_digest", "version_from", "version_to", "phase"};
	static const char *const keys[] = {"platform", "artifact_digest", "version_from",
		"version_to", "phase", "passed_phases", "tag_mutable", "model", NULL};
	const char *text;
	bool flag;
	int rc = json_check_keys(release, keys, err);

	for (size_t i = 0; rc >= 0 && i < sizeof(words) / sizeof(words[0]); i++)
		rc = json_get_text(release, words[i], true, &text, err);
	if (rc < 0 || (rc = check_phases(release, err)) < 0 ||
		(rc = json_get_bool(release, "tag_mutable", true, &flag, err)) < 0)
		return within("release", err);
	return check_model(json_object_get(release, "model"), err);
}

int revision_check_release(const json_t *body, struct error *err)
{
	const json_t *release = json_object_get(body, "release");

	return json_is_object(release) ? check_release(release, err) : 0;
}
