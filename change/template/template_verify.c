/* What the log says of templates, against their rows. */
#include "change/template/template_rooms.h"

#include <string.h>

enum { STATE, STATE_REASON, APPROVED_AT, DIGEST };

static void hear(struct audit_ledger *ledger, const struct audit_said *said)
{
	struct audit_subject *row;

	if (!audit_said_is(said, AUDIT_TEMPLATE_CREATE) &&
		!audit_said_is(said, AUDIT_TEMPLATE_STATE))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_subject_says(row, STATE, audit_said_detail(said, "state"));
	audit_subject_says(row, STATE_REASON, audit_said_detail(said, "state_reason"));
	audit_subject_says(row, APPROVED_AT, audit_said_detail(said, "approved_at_us"));
	audit_subject_says(row, DIGEST, audit_said_subject_digest(said));
}

/* What was approved is what its digest says. */
static int check(struct audit_ledger *ledger, struct store_tx *tx, struct store_query *row,
	struct error *err)
{
	struct change_template template = {
		.name = store_text(row, "name"),
		.version = store_int(row, "version"),
		.summary = store_text(row, "summary"),
		.owner = store_text(row, "owner"),
		.params = store_text(row, "params"),
		.body = store_text(row, "body"),
	};

	(void)tx;
	(void)err;
	template_digest(&template, template.digest);
	if (strcmp(template.digest, store_text(row, "digest")) != 0)
		audit_ledger_find(ledger, store_text(row, "subject"),
			"its text is not the one of its digest");
	return 0;
}

const struct audit_crosscheck template_crosscheck = {
	.noun = "template",
	.key = "subject",
	.columns = {"state", "state_reason", "approved_at_us", "digest"},
	.hear = hear,
	.rows = template_store_rows,
	.check = check,
};
