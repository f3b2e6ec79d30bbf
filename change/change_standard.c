/* Standard changes: their template was approved, so without findings that count nobody is asked. */
#include "change/change_rooms.h"
#include "change/template/template.h"

int change_check_template(struct store_tx *tx, struct arena *arena, const struct revision *revision,
	int64_t now_us, struct error *err)
{
	int64_t version = 0;
	json_t *body = NULL;
	int rc;

	if (!revision->template_name)
		return error_set(err, ERROR_NOT_APPROVED, "it was made of no template");
	rc = template_render(tx, arena, revision->template_name, revision->template_params, now_us,
		&body, &version, err);
	if (rc < 0 || version == revision->template_version)
		return rc;
	error_set(err, ERROR_NOT_APPROVED, "version %lld of its template %s is not active any more",
		(long long)revision->template_version, revision->template_name);
	return error_remedy(err, "make it anew of the active one");
}

int change_approve_standard(struct store_tx *tx, struct arena *arena, struct change *change,
	const struct revision *revision, const struct audit_actor *actor, int64_t at_us,
	struct error *err)
{
	struct change_move move = {.event = EVENT_APPROVE,
		.reason = "its template is approved",
		.actor = actor,
		.at_us = at_us};
	int rc = change_check_template(tx, arena, revision, at_us, err);

	if (rc < 0)
		return rc;
	move.detail = json_pack("{s:s, s:I}", "template", revision->template_name,
		"template_version", (json_int_t)revision->template_version);
	if ((rc = change_move(tx, change, &move, err)) < 0)
		return rc;
	return change_mint(tx, arena, change, revision, actor, at_us, err);
}
