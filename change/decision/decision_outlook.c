/* What a check says of a command that nothing covers: what the rules find in it, what that scores,
 * and who would have to approve it. A decision never asks. */
#include "change/decision/decision_facts.h"
#include "lib/base/json.h"

#include <string.h>

#define FINDINGS_SHOWN 20
#define FINDINGS_BYTES 8192

/* --- the rules' word --- */

/* Of the command itself: what a change as a whole lacks (a rollback, a metric) is told when there
 * is one. */
static struct risk_report *of_the_command(struct arena *arena, const struct risk_report *report)
{
	struct risk_report *made = arena_copy(arena, report, sizeof(*report));

	made->count = 0;
	made->findings = arena_alloc(arena, (report->count + 1) * sizeof(*made->findings));
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].step && strcmp(report->findings[i].tier, "SHADOW") != 0)
			made->findings[made->count++] = report->findings[i];
	risk_recount(made, NULL, arena);
	return made;
}

static json_t *approvals_json(const char *const *who)
{
	json_t *list = json_array();

	for (size_t i = 0; who[i]; i++) {
		json_t *one = json_object();

		json_set_int(one, "level", (int64_t)i + 1);
		json_set_text(one, "text", who[i]);
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *score_json(const struct risk_report *report, int64_t level)
{
	json_t *score = json_object();

	json_set_int(score, "total", report->total);
	json_set_text(score, "terms", report->terms);
	json_set_int(score, "level", level);
	return score;
}

static void set_report(struct loading *l, json_t *outlook)
{
	const struct risk_report *report = of_the_command(l->arena, l->assessed->report);
	struct change_outlook needs = {
		.environment = l->target->environment,
		.service = l->target->service,
		.person_id = l->question->person_id,
		.report = report,
	};
	json_t *findings = json_array();

	change_look_out(l->tx, l->arena, l->assessed->changes, &needs);
	for (size_t i = 0; i < report->count; i++) {
		json_t *finding = loading_finding_json(&report->findings[i]);

		json_set_text(finding, "tier", report->findings[i].tier);
		json_set_text(finding, "suggestion", report->findings[i].suggestion);
		json_set_text(finding, "doc", report->findings[i].doc);
		json_array_append_new(findings, finding);
	}
	json_object_set_new(outlook, "findings", findings);
	json_object_set_new(outlook, "score", score_json(report, needs.ret_level));
	json_object_set_new(outlook, "approvals_needed", approvals_json(needs.ret_who));
}

static bool has_outlook(struct loading *l)
{
	struct decision_outcome outcome;

	if (l->question->request.kind != GATE_CHECK || !l->assessed->changes || !l->target ||
		!l->analysis->commands || l->rules || l->match.grant ||
		json_object_get(l->facts, "named") || json_object_get(l->facts, "emergency"))
		return false;
	decision_decide(l->arena, l->facts, &outcome);
	return gate_reason_verdict(outcome.reason) != GATE_ALLOW;
}

int loading_outlook(struct loading *l)
{
	const struct decision_assessed *assessed = l->assessed;
	char context[DIGEST_TEXT_SIZE];
	json_t *outlook, *frame, *input;

	if (!has_outlook(l))
		return 0;
	frame = change_site_frame(assessed->changes);
	input = loading_rule_input(l, frame, NULL);
	json_decref(frame);
	loading_digest(input, context);
	if (!assessed->is_done || strcmp(assessed->context, context) != 0) {
		l->rules = input;
		memcpy(l->context, context, DIGEST_TEXT_SIZE);
		return 0;
	}
	json_decref(input);
	outlook = json_object();
	json_object_set_new(l->facts, "outlook", outlook);
	if (!assessed->has_failed && !assessed->report->has_error)
		set_report(l, outlook);
	return 0;
}

/* --- for people --- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static const char *severity_word(const char *letter)
{
	static const char *const words[] = {"critical", "high", "medium", "low"};
	static const char letters[] = "CHML";
	const char *at = *letter ? strchr(letters, *letter) : NULL;

	return at ? words[at - letters] : "unknown";
}

static void add_findings(struct buf *out, const json_t *findings)
{
	const json_t *finding;
	size_t i;

	json_array_foreach (findings, i, finding) {
		if (i == FINDINGS_SHOWN || out->length > FINDINGS_BYTES) {
			buf_add_format(
				out, "\nand %zu more: --json", json_array_size(findings) - i);
			return;
		}
		buf_add_format(out, "\n%s %s: %s\n  do: %s",
			severity_word(text_of(finding, "severity")), text_of(finding, "rule"),
			text_of(finding, "message"), text_of(finding, "suggestion"));
	}
}

static void add_score(struct buf *out, const json_t *outlook)
{
	const json_t *score = json_object_get(outlook, "score"), *one;
	const char *terms = text_of(score, "terms");
	size_t i;

	buf_add_format(out, "\nthe command alone: score %lld%s%s, level %lld: ",
		(long long)json_integer_value(json_object_get(score, "total")), *terms ? " = " : "",
		terms, (long long)json_integer_value(json_object_get(score, "level")));
	json_array_foreach (json_object_get(outlook, "approvals_needed"), i, one)
		buf_add_format(out, "%s%s", i ? ", then " : "", text_of(one, "text"));
}

const char *decision_outlook_text(struct arena *arena, const json_t *facts, const char *message)
{
	const json_t *outlook = json_object_get(facts, "outlook");
	struct buf text = BUF_INIT;
	const char *made;

	if (!outlook)
		return message;
	buf_add_text(&text, message);
	if (json_object_get(outlook, "score")) {
		add_findings(&text, json_object_get(outlook, "findings"));
		add_score(&text, outlook);
	} else {
		buf_add_text(&text, "\nthe risk rules could not be asked: what they find in it is "
				    "not known");
	}
	made = arena_text(arena, buf_text(&text));
	buf_done(&text);
	return made;
}
