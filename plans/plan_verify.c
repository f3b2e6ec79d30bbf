/* What the log says of versions and graphs, against their rows; and that their text is theirs. */
#include "lib/base/text.h"
#include "plans/plan_rooms.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --- versions --- */

enum { STATE, STATE_REASON, DIGEST, FILE_NAME };

static void hear_version(struct audit_ledger *ledger, const struct audit_said *said)
{
	static const enum audit_action actions[] = {AUDIT_PLAN_ADD, AUDIT_PLAN_SUBMIT,
		AUDIT_PLAN_STATE, AUDIT_PLAN_ACTIVATE, AUDIT_PLAN_RETIRE};
	struct audit_subject *row;
	size_t at = 0;

	while (at < COUNT(actions) && !audit_said_is(said, actions[at]))
		at++;
	if (at == COUNT(actions))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject(said), said);
	audit_subject_says(row, STATE, audit_said_detail(said, "state"));
	audit_subject_says(row, STATE_REASON, audit_said_detail(said, "reason"));
	audit_subject_says(row, DIGEST, audit_said_subject_digest(said));
	if (actions[at] != AUDIT_PLAN_ADD)
		return;
	audit_subject_says(row, FILE_NAME, audit_said_detail(said, "file"));
	audit_subject_terms(row, said);
}

/* The text is what the digest that was approved says. */
static int check_text(struct audit_ledger *ledger, struct store_tx *tx, struct store_query *row,
	struct error *err)
{
	struct plan_source source = {.file = store_text(row, "file")};
	json_t *modules = json_loads(store_text(row, "modules"), 0, NULL);
	char digest[DIGEST_TEXT_SIZE];

	(void)tx;
	(void)err;
	source.modules = modules;
	source.script = store_text(row, "script");
	if (modules)
		plan_source_digest(&source, digest);
	if (!modules || !text_is_equal(digest, store_text(row, "digest")))
		audit_ledger_find(ledger, store_text(row, "subject"),
			"the text of the version %.80s is not the one of its digest",
			store_text(row, "subject"));
	json_decref(modules);
	return 0;
}

const struct audit_crosscheck plan_version_crosscheck = {
	.noun = "version",
	.key = "subject",
	.columns = {"state", "state_reason", "digest", "file"},
	/* As in plan_terms. */
	.terms = {"id", "manifest", "created_by", "created_at_us"},
	.hear = hear_version,
	.rows = plan_store_rows,
	.check = check_text,
};

/* --- graphs --- */

enum { CLASS, VERSION_ID };

/* The first preview stores it; later ones, and runs, find it there. */
static void hear_graph(struct audit_ledger *ledger, const struct audit_said *said)
{
	bool is_preview = audit_said_is(said, AUDIT_PREVIEW_CREATE);
	struct audit_subject *row;

	if (!is_preview && !audit_said_is(said, AUDIT_EXECUTION_CREATE))
		return;
	row = audit_ledger_hear(ledger, audit_said_subject_digest(said), said);
	if (!is_preview || audit_subject_has(row, CLASS))
		return;
	audit_subject_says(row, CLASS, audit_said_detail(said, "class"));
	audit_subject_says(row, VERSION_ID, audit_said_detail(said, "version"));
}

static int check_bytes(struct audit_ledger *ledger, struct store_tx *tx, struct store_query *row,
	struct error *err)
{
	const char *name = store_text(row, "digest");
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;
	const void *bytes;
	size_t length;

	(void)tx;
	(void)err;
	bytes = store_bytes(row, "bytes", &length);
	digest_of_domain(GRAPH_DIGEST_DOMAIN, bytes, length, &digest);
	if (!text_is_equal(digest_text(&digest, text), name))
		audit_ledger_find(
			ledger, name, "the stored graph %.80s is not what its digest says", name);
	return 0;
}

const struct audit_crosscheck graph_crosscheck = {
	.noun = "graph",
	.key = "digest",
	.columns = {"class", "version_id"},
	.hear = hear_graph,
	.rows = graph_store_rows,
	.check = check_bytes,
};
