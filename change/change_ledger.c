/* What the log says of changes, revisions and waivers, against their rows. */
#include "change/change_rooms.h"

#include <stdio.h>
#include <string.h>

static bool is_about_change(const struct audit_said *said)
{
	struct audit_value kind = audit_said_subject_kind(said);

	return kind.at && kind.length == strlen(CHANGE_SUBJECT) &&
	       !memcmp(kind.at, CHANGE_SUBJECT, kind.length);
}

/* --- changes --- */

enum { STATE, RESULT, STATE_REASON, REVISION, LEVEL, APPROVAL_DIGEST, VERDICT };

static void hear_create(struct audit_subject *row, const struct audit_said *said)
{
	audit_subject_says(row, STATE, audit_value_of("draft"));
	audit_subject_says(row, RESULT, audit_value_of(NULL));
	audit_subject_says(row, STATE_REASON, audit_value_of(NULL));
	audit_subject_says(row, REVISION, audit_value_of("1"));
	audit_subject_says(row, LEVEL, audit_value_of("-1"));
	audit_subject_says(row, APPROVAL_DIGEST, audit_value_of(NULL));
	audit_subject_says(row, VERDICT, audit_value_of(NULL));
	audit_subject_terms(row, said);
}

static void hear_state(struct audit_subject *row, const struct audit_said *said)
{
	static const char *const members[] = {
		"state", "result", "reason", "revision", "level", "approval_digest", "verdict"};
	struct audit_value values[sizeof(members) / sizeof(members[0])];

	audit_said_details(said, members, sizeof(members) / sizeof(members[0]), values);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		audit_subject_says(row, i, values[i]);
}

static void hear_waive(struct audit_subject *row, const struct audit_said *said)
{
	audit_subject_says(row, LEVEL, audit_said_detail(said, "level"));
	audit_subject_says(row, APPROVAL_DIGEST, audit_said_detail(said, "approval_digest"));
}

static void hear_change(struct audit_ledger *ledger, const struct audit_said *said)
{
	struct audit_value name = audit_said_subject(said);

	if (!is_about_change(said))
		return;
	if (audit_said_is(said, AUDIT_CHANGE_CREATE))
		hear_create(audit_ledger_hear(ledger, name, said), said);
	else if (audit_said_is(said, AUDIT_CHANGE_STATE))
		hear_state(audit_ledger_hear(ledger, name, said), said);
	else if (audit_said_is(said, AUDIT_CHANGE_WAIVE))
		hear_waive(audit_ledger_hear(ledger, name, said), said);
	else if (audit_said_is(said, AUDIT_CHANGE_VERIFY))
		audit_subject_says(audit_ledger_hear(ledger, name, said), VERDICT,
			audit_said_detail(said, "verdict"));
}

const struct audit_crosscheck change_crosscheck = {
	.noun = "change",
	.key = "name",
	.columns = {"state", "result", "state_reason", "revision", "level", "approval_digest",
		"verdict"},
	/* As in change_terms (change_file.c). */
	.terms = {"requester_id", "requester", "created_at_us"},
	.hear = hear_change,
	.rows = change_store_rows,
};

/* --- revisions --- */

enum { DIGEST, AUTHOR_ID, AUTHOR, RENDER_DIGEST, CONTEXT_DIGEST, EXCEPTIONS };

/* "CHG-7@2" */
static struct audit_value key_of(const struct audit_said *said, char *text, size_t size)
{
	struct audit_value name = audit_said_subject(said);
	struct audit_value revision = audit_said_detail(said, "revision");

	snprintf(text, size, "%.*s@%.*s", (int)name.length, name.at, (int)revision.length,
		revision.at ? revision.at : "");
	return audit_value_of(text);
}

static void hear_revision(struct audit_ledger *ledger, const struct audit_said *said)
{
	bool is_made = audit_said_is(said, AUDIT_CHANGE_REVISE);
	struct audit_subject *row;
	char key[80];

	if (!is_about_change(said) || (!is_made && !audit_said_is(said, AUDIT_CHANGE_ASSESS)))
		return;
	row = audit_ledger_hear(ledger, key_of(said, key, sizeof(key)), said);
	audit_subject_says(row, RENDER_DIGEST, audit_said_detail(said, "rendering"));
	audit_subject_says(row, CONTEXT_DIGEST, audit_said_detail(said, "context"));
	audit_subject_says(row, EXCEPTIONS, audit_said_detail(said, "exceptions"));
	if (!is_made)
		return;
	audit_subject_says(row, DIGEST, audit_said_detail(said, "digest"));
	audit_subject_says(row, AUTHOR_ID, audit_said_detail(said, "author_id"));
	audit_subject_says(row, AUTHOR, audit_said_detail(said, "author"));
}

/* The log knows digests only: what they are over must still be that. */
static int check_revision(struct audit_ledger *ledger, struct store_tx *tx, struct store_query *row,
	struct error *err)
{
	const char *body = store_text(row, "body"), *rendering = store_text(row, "rendering");
	const char *name = store_text(row, "name");
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;

	(void)tx;
	(void)err;
	digest_of_domain("rcm revision 1\n", body, strlen(body), &digest);
	if (strcmp(digest_text(&digest, text), store_text(row, "digest")) != 0)
		audit_ledger_find(ledger, name, "the body of %s is not what its digest says", name);
	if (!*rendering)
		return 0;
	change_render_digest(rendering, text);
	if (strcmp(text, store_text(row, "render_digest")) != 0)
		audit_ledger_find(
			ledger, name, "the rendering of %s is not what its digest says", name);
	return 0;
}

const struct audit_crosscheck change_revision_crosscheck = {
	.noun = "revision",
	.key = "name",
	.columns = {"digest", "author_id", "author", "render_digest", "context_digest",
		"exceptions"},
	.hear = hear_revision,
	.rows = revision_store_rows,
	.check = check_revision,
};

/* --- waivers --- */

static void hear_waiver(struct audit_ledger *ledger, const struct audit_said *said)
{
	static const char *const members[] = {"revision", "rule", "waiver_reason", "waived_by_id",
		"waived_by", "waived_at_us", "expires_at_us"};
	struct audit_value values[sizeof(members) / sizeof(members[0])];
	struct audit_subject *row;

	if (!audit_said_is(said, AUDIT_CHANGE_WAIVE))
		return;
	row = audit_ledger_hear(ledger, audit_said_detail(said, "id"), said);
	audit_said_details(said, members, sizeof(members) / sizeof(members[0]), values);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		audit_subject_says(row, i, values[i]);
}

const struct audit_crosscheck change_waiver_crosscheck = {
	.noun = "waiver",
	.key = "id",
	.columns = {"revision", "rule", "reason", "waived_by_id", "waived_by", "waived_at_us",
		"expires_at_us"},
	.hear = hear_waiver,
	.rows = waiver_store_rows,
};
