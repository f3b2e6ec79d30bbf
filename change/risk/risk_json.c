#include "change/risk/risk_rooms.h"
#include "lib/base/json.h"

const char *risk_severity_word(char severity)
{
	switch (severity) {
	case 'H':
		return "high";
	case 'M':
		return "medium";
	case 'L':
		return "low";
	default:
		return "critical";
	}
}

static json_t *finding_json(const struct risk_finding *finding)
{
	json_t *object = json_object();

	json_set_text(object, "rule", finding->rule);
	json_set_text(object, "title", finding->title);
	json_set_text(object, "severity", risk_severity_word(finding->severity));
	json_set_text(object, "tier", finding->tier);
	json_set_int(object, "step", finding->step);
	json_set_text(object, "object", finding->object);
	json_set_text(object, "seen", finding->seen);
	json_set_text(object, "message", finding->message);
	json_set_text(object, "why", finding->why);
	json_set_text(object, "suggestion", finding->suggestion);
	json_set_text(object, "waivable", finding->waivable);
	json_set_text(object, "owner", finding->owner);
	json_set_text(object, "doc", finding->doc);
	return object;
}

json_t *risk_report_json(const struct risk_report *report)
{
	json_t *object = json_object(), *findings = json_array();

	json_set_int(object, "level", report->level);
	json_set_int(object, "score", report->total);
	json_set_text(object, "terms", report->terms);
	json_object_set_new(object, "history",
		json_pack("{s:I, s:I}", "of", (json_int_t)report->history_of, "failed",
			(json_int_t)report->history_failed));
	json_set_bool(object, "has_error", report->has_error);
	json_set_text(object, "input_digest", report->input_digest);
	json_set_text(object, "rules_revision", report->revision);
	for (size_t i = 0; i < report->count; i++)
		json_array_append_new(findings, finding_json(&report->findings[i]));
	json_object_set_new(object, "findings", findings);
	return object;
}

json_t *risk_rule_json(const struct risk_rule *rule)
{
	json_t *object = json_object();

	json_set_text(object, "id", rule->id);
	json_set_text(object, "title", rule->title);
	json_set_text(object, "severity", risk_severity_word(rule->severity));
	json_set_text(object, "tier", rule->tier);
	json_set_text(object, "on_error", rule->is_blocking ? "block" : "warn");
	json_set_text(object, "waivable", rule->waivable);
	json_set_text(object, "owner", rule->owner);
	json_set_text(object, "looks_at", rule->looks_at);
	json_set_text(object, "why", rule->why);
	json_set_text(object, "suggestion", rule->suggestion);
	json_set_text(object, "doc", rule->doc);
	json_set_text(object, "fault", rule->fault);
	return object;
}
