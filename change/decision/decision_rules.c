/* The rules' input for what no change describes: one command in an emergency or of a check, or a
 * release. */
#include "change/decision/decision_rooms.h"
#include "lib/base/json.h"

static json_t *one(const char *text)
{
	json_t *list = json_array();

	if (text && *text)
		json_array_append_new(list, json_string(text));
	return list;
}

static json_t *copy_or_null(const json_t *value)
{
	return value ? json_deep_copy(value) : json_null();
}

static json_t *secrets_of(const struct decision_subject *subject)
{
	json_t *list = json_array();

	if (subject->secret && *subject->secret)
		json_array_append_new(list, json_pack("{s:s}", "where", subject->secret));
	return list;
}

static json_t *step_of(const struct decision_subject *subject)
{
	json_t *step = json_object();

	json_set_int(step, "seq", 1);
	json_set_text(step, "phase", "full");
	json_set_text(step, "kind", subject->commands ? "exec" : "release");
	json_set_text(step, "runas", subject->runas ? subject->runas : "");
	json_set_text(step, "cwd", subject->cwd ? subject->cwd : "");
	json_object_set_new(step, "targets", one(subject->target));
	json_object_set_new(step, "environment", json_object());
	json_object_set_new(step, "commands",
		subject->commands ? json_deep_copy(subject->commands) : json_array());
	json_object_set_new(step, "texts", json_array());
	json_object_set_new(step, "secrets", secrets_of(subject));
	json_object_set_new(step, "contents", json_array());
	return step;
}

static json_t *request_of(const struct decision_subject *subject)
{
	static const char *const lists[] = {
		"batches", "verification", "rollback", "coordinated_with"};
	static const char *const numbers[] = {"start_us", "end_us", "filed_us"};
	static const struct {
		const char *name;
		int64_t value;
	} counts[] = {{"revision", 1}, {"target_total", 1}, {"service_total", 1},
		{"rendering_bytes", 0}, {"step_count", 1}};
	json_t *request = json_object();

	json_set_text(request, "id", subject->id);
	json_set_text(
		request, "type", subject->commands && !subject->frame ? "emergency" : "normal");
	json_set_text(request, "title", "");
	json_set_text(request, "requester", subject->person ? subject->person : "");
	json_object_set_new(request, "executors", one(subject->person));
	json_object_set_new(request, "services", one(subject->service));
	json_set_text(request, "environment", subject->environment);
	json_set_text(request, "zone", "UTC");
	json_set_bool(request, "declared_irreversible", false);
	json_object_set_new(request, "release", copy_or_null(subject->release));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_set_int(request, numbers[i], subject->now_us);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_set_int(request, counts[i].name, counts[i].value);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_object_set_new(request, lists[i], json_array());
	return request;
}

static json_t *context_of(const struct decision_subject *subject)
{
	static const char *const lists[] = {"calendars", "conflicts", "incidents", "alerts",
		"alert_sources", "releases", "follow_ups", "protected_paths", "tier0_units",
		"trusted_dirs"};
	json_t *context = json_object();

	json_set_int(context, "now_us", subject->now_us);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_object_set_new(context, lists[i], json_array());
	if (subject->follow_ups)
		json_object_set(context, "follow_ups", (json_t *)subject->follow_ups);
	json_object_set_new(context, "limits", json_object());
	json_object_set_new(context, "inventory", json_pack("{s:[]}", "zones"));
	if (subject->frame)
		json_object_update_existing(context, (json_t *)(uintptr_t)subject->frame);
	return context;
}

json_t *decision_rule_input(const struct decision_subject *subject)
{
	json_t *input = json_object(), *steps = json_array();

	json_array_append_new(steps, step_of(subject));
	json_object_set_new(input, "request", request_of(subject));
	json_object_set_new(input, "steps", steps);
	json_object_set_new(input, "context", context_of(subject));
	return input;
}
