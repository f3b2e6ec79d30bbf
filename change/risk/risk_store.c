#include "change/risk/risk_rooms.h"

#include <string.h>

static const struct store_statement delete_report = STORE_STATEMENT(
	"DELETE FROM risk_report WHERE change_seq = :change_seq AND revision = :revision");
static const struct store_statement insert_report =
	STORE_STATEMENT("INSERT INTO risk_report (change_seq, revision, total, terms, level,"
			" has_error, input_digest, rules_revision, assessed_at_us, history_of,"
			" history_failed) VALUES (:change_seq, :revision, :total, :terms, :level,"
			" :has_error, :input_digest, :rules_revision, :assessed_at_us, :history_of,"
			" :history_failed)");
static const struct store_statement insert_finding =
	STORE_STATEMENT("INSERT INTO risk_finding (change_seq, revision, position, rule, severity,"
			" tier, step, object, seen, message, why, suggestion, doc, owner, waivable,"
			" title) VALUES (:change_seq, :revision, :position, :rule, :severity,"
			" :tier, :step, :object, :seen, :message, :why, :suggestion, :doc, :owner,"
			" :waivable, :title)");
static const struct store_statement select_report = STORE_STATEMENT(
	"SELECT total, terms, level, has_error, input_digest, rules_revision,"
	" history_of, history_failed FROM risk_report WHERE change_seq = :change_seq AND revision ="
	" :revision");
static const struct store_statement select_findings =
	STORE_STATEMENT("SELECT rule, severity, tier, step, object, seen, message, why, suggestion,"
			" doc, owner, waivable, title FROM risk_finding WHERE change_seq ="
			" :change_seq AND revision = :revision ORDER BY position");

static void bind_key(struct store_query *query, int64_t change_seq, int64_t revision)
{
	store_bind_int(query, "change_seq", change_seq);
	store_bind_int(query, "revision", revision);
}

static int put_finding(struct store_tx *tx, int64_t change_seq, int64_t revision, size_t position,
	const struct risk_finding *finding, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_finding);
	const char severity[] = {finding->severity, 0};

	bind_key(query, change_seq, revision);
	store_bind_int(query, "position", (int64_t)position);
	store_bind_text(query, "rule", finding->rule);
	store_bind_text(query, "severity", severity);
	store_bind_text(query, "tier", finding->tier);
	store_bind_int(query, "step", finding->step);
	store_bind_text(query, "object", finding->object);
	store_bind_text(query, "seen", finding->seen);
	store_bind_text(query, "message", finding->message);
	store_bind_text(query, "why", finding->why);
	store_bind_text(query, "suggestion", finding->suggestion);
	store_bind_text(query, "doc", finding->doc);
	store_bind_text(query, "owner", finding->owner);
	store_bind_text(query, "waivable", finding->waivable);
	store_bind_text(query, "title", finding->title);
	return store_run(query, err);
}

static int put_report(struct store_tx *tx, int64_t change_seq, int64_t revision,
	const struct risk_report *report, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_report);

	bind_key(query, change_seq, revision);
	store_bind_int(query, "total", report->total);
	store_bind_text(query, "terms", report->terms);
	store_bind_int(query, "level", report->level);
	store_bind_int(query, "has_error", report->has_error);
	store_bind_text(query, "input_digest", report->input_digest);
	store_bind_text(query, "rules_revision", report->revision);
	store_bind_int(query, "assessed_at_us", at_us);
	store_bind_int(query, "history_of", report->history_of);
	store_bind_int(query, "history_failed", report->history_failed);
	return store_run(query, err);
}

int risk_put(struct store_tx *tx, int64_t change_seq, int64_t revision,
	const struct risk_report *report, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &delete_report);
	int rc;

	bind_key(query, change_seq, revision);
	if ((rc = store_run(query, err)) < 0 ||
		(rc = put_report(tx, change_seq, revision, report, at_us, err)) < 0)
		return rc;
	for (size_t i = 0; i < report->count; i++)
		if ((rc = put_finding(tx, change_seq, revision, i, &report->findings[i], err)) < 0)
			return rc;
	return 0;
}

static struct risk_finding read_finding(struct store_query *row, struct arena *arena)
{
	return (struct risk_finding){
		.rule = store_text_copy(row, "rule", arena),
		.severity = *store_text(row, "severity"),
		.tier = store_text_copy(row, "tier", arena),
		.step = store_int(row, "step"),
		.object = store_text_copy(row, "object", arena),
		.seen = store_text_copy(row, "seen", arena),
		.message = store_text_copy(row, "message", arena),
		.why = store_text_copy(row, "why", arena),
		.suggestion = store_text_copy(row, "suggestion", arena),
		.doc = store_text_copy(row, "doc", arena),
		.owner = store_text_copy(row, "owner", arena),
		.waivable = store_text_copy(row, "waivable", arena),
		.title = store_text_copy(row, "title", arena),
	};
}

static int get_findings(struct store_tx *tx, struct arena *arena, int64_t change_seq,
	int64_t revision, struct risk_report *report, struct error *err)
{
	struct store_query *query = store_query(tx, &select_findings);
	size_t capacity = 0;
	int rc;

	bind_key(query, change_seq, revision);
	while ((rc = store_next(query, err)) > 0) {
		report->findings = arena_grow(arena, report->findings, report->count, &capacity,
			sizeof(*report->findings));
		report->findings[report->count++] = read_finding(query, arena);
	}
	return rc;
}

int risk_get(struct store_tx *tx, struct arena *arena, int64_t change_seq, int64_t revision,
	struct risk_report **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_report);
	struct risk_report *report = arena_alloc(arena, sizeof(*report));
	int rc;

	bind_key(query, change_seq, revision);
	if ((rc = store_one(query, "assessment", err)) < 0)
		return rc;
	report->total = store_int(query, "total");
	report->terms = store_text_copy(query, "terms", arena);
	report->level = (int)store_int(query, "level");
	report->has_error = store_int(query, "has_error") != 0;
	report->history_of = store_int(query, "history_of");
	report->history_failed = store_int(query, "history_failed");
	store_text_into(query, "input_digest", report->input_digest, sizeof(report->input_digest));
	store_text_into(query, "rules_revision", report->revision, sizeof(report->revision));
	store_finish(query);
	if ((rc = get_findings(tx, arena, change_seq, revision, report, err)) < 0)
		return rc;
	*ret = report;
	return 0;
}
