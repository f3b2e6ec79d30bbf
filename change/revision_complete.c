/* From what a person files to a whole body: defaults, and what names stand for. */
#include "calendar/calendar.h"
#include "change/change_rooms.h"
#include "change/object/object.h"
#include "change/revision_rooms.h"
#include "incidents/incident.h"
#include "inventory/target.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define OBSERVE_S      300
#define STEP_TIMEOUT_S 3600
#define WINDOW_S       300

static const char *const filed_keys[] = {"type", "environment", "services", "executors",
	"coordinated_with", "start", "end", "zone", "steps", "targets", "verification", "observe_s",
	"objects", "template", "release", "incident", "freeze_exception", NULL};

/* What has an identity that a gate can compare. */
static const char *const target_kinds[] = {"host", "k8s", "database", NULL};

/* Sets owned `fallback` where nothing was filed. */
static void set_default(json_t *body, const char *key, json_t *fallback)
{
	if (json_object_get(body, key))
		json_decref(fallback);
	else
		json_object_set_new(body, key, fallback);
}

/* --- times --- */

static int complete_time(const char *field, const char *zone, json_t *body, struct error *err)
{
	const char *text = NULL;
	char canonical[TIME_TEXT_SIZE];
	int64_t at_us;
	int rc = json_get_text(body, field, true, &text, err);

	if (rc < 0)
		return rc;
	if (time_parse(field, text, &at_us, NULL) < 0 &&
		(rc = calendar_parse_local(field, text, zone, &at_us, err)) < 0)
		return rc;
	json_set_text(body, field, time_format(at_us, canonical, sizeof(canonical)));
	return 0;
}

static int complete_times(json_t *body, struct error *err)
{
	const char *zone = NULL;
	int rc;

	set_default(body, "zone", json_string("UTC"));
	if ((rc = json_get_text(body, "zone", true, &zone, err)) < 0 ||
		(rc = calendar_check_zone(zone, err)) < 0 ||
		(rc = complete_time("start", zone, body, err)) < 0)
		return rc;
	return complete_time("end", zone, body, err);
}

/* --- targets --- */

static const char *name_of(const json_t *target)
{
	return json_is_object(target) ? json_string_value(json_object_get(target, "name"))
				      : json_string_value(target);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add_target(struct arena *arena, const struct revision_filing *filing, const char *name,
	json_t *list, struct error *err)
{
	struct target *target;
	size_t kind;
	int rc = target_get(filing->tx, arena, name, &target, err);

	if (rc < 0)
		return rc;
	if (revision_word("kind", target->kind, target_kinds, &kind, NULL) < 0) {
		error_set(err, ERROR_INVALID, "%s is a %s: no command is run on it", name,
			target->kind);
		error_field(err, "targets");
		return error_remedy(err, "name targets of kind host, k8s or database");
	}
	json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", target->name, "kind",
					    target->kind, "identity", target->address));
	return 0;
}

/* All that the steps name, each once, sorted: who they are now. */
static int complete_targets(
	struct arena *arena, const struct revision_filing *filing, json_t *body, struct error *err)
{
	const char **names = NULL;
	size_t count = 0, capacity = 0, i, k;
	json_t *steps = NULL, *step, *one, *list;
	int rc = json_get_array(body, "steps", true, &steps, err);

	if (rc < 0)
		return rc;
	json_array_foreach (steps, i, step)
		json_array_foreach (json_object_get(step, "targets"), k, one) {
			names = arena_grow(arena, names, count, &capacity, sizeof(*names));
			if (!(names[count++] = name_of(one)))
				return revision_refuse(err, "targets", "a name is needed",
					"the name of a target of the inventory");
		}
	if (count)
		qsort(names, count, sizeof(*names), compare_texts);
	list = json_array();
	for (i = 0; rc >= 0 && i < count; i++)
		if (!i || strcmp(names[i - 1], names[i]) != 0)
			rc = add_target(arena, filing, names[i], list, err);
	if (rc >= 0)
		json_object_set(body, "targets", list);
	json_decref(list);
	return rc;
}

/* --- contents --- */

static int complete_content(
	const struct revision_filing *filing, json_t *content, struct error *err)
{
	const char *sha256 = NULL, *role = NULL;
	int64_t size;
	int rc;

	if ((rc = json_get_text(content, "sha256", true, &sha256, err)) < 0 ||
		(rc = json_get_text(content, "role", true, &role, err)) < 0)
		return rc;
	if (content_store_size(filing->tx, sha256, &size, err) < 0) {
		error_set(err, ERROR_INVALID, "nobody uploaded the content %.64s", sha256);
		error_field(err, "sha256");
		return error_remedy(err, "send its bytes first: POST /api/v1/contents");
	}
	json_set_int(content, "size", size);
	set_default(content, "name", json_string(role));
	set_default(content, "mode", json_integer(strcmp(role, "script") == 0 ? 0755 : 0644));
	return 0;
}

/* --- steps --- */

static int compare_env(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;

	return strcmp(left, right);
}

/* Sorted by bytes, as the fingerprint takes them. */
static int sort_env(struct arena *arena, json_t *step, struct error *err)
{
	json_t *filed = NULL, *value, *sorted;
	const char **list;
	size_t i, count;
	int rc = json_get_array(step, "env", true, &filed, err);

	if (rc < 0)
		return rc;
	count = json_array_size(filed);
	list = arena_alloc(arena, (count + 1) * sizeof(*list));
	json_array_foreach (filed, i, value)
		if ((rc = revision_bytes_parse(arena, "env", value, &list[i], err)) < 0)
			return rc;
	if (count)
		qsort(list, count, sizeof(*list), compare_env);
	sorted = json_array();
	for (i = 0; i < count; i++)
		json_array_append_new(sorted, revision_bytes_json(list[i]));
	json_object_set_new(step, "env", sorted);
	return 0;
}

/* The program is what argv says when that is a path, and a script is its content. */
static void complete_path(json_t *step)
{
	const json_t *program = json_array_get(json_object_get(step, "argv"), 0);
	const char *kind = json_string_value(json_object_get(step, "kind"));
	const char *text = json_string_value(program);

	if (json_object_get(step, "path"))
		return;
	if (kind && strcmp(kind, "script") != 0 && text && text[0] == '/')
		json_object_set_new(step, "path", json_string(text));
	else
		json_object_set_new(step, "path", json_string(""));
}

static int complete_step(struct arena *arena, const struct revision_filing *filing, json_t *step,
	size_t position, const json_t *targets, struct error *err)
{
	json_t *contents = NULL, *content, *names = json_array(), *one;
	size_t i;
	int rc;

	set_default(step, "seq", json_integer((json_int_t)position + 1));
	set_default(step, "phase", json_string("full"));
	set_default(step, "kind", json_string("exec"));
	set_default(step, "argv", json_array());
	complete_path(step);
	set_default(step, "runas", json_string("root"));
	set_default(step, "cwd", json_string(""));
	set_default(step, "env", json_array());
	set_default(step, "stdin", json_null());
	set_default(step, "contents", json_array());
	set_default(step, "max_runs", json_integer(1));
	set_default(step, "timeout_s", json_integer(STEP_TIMEOUT_S));
	set_default(step, "observe_s", json_integer(0));
	set_default(step, "irreversible_reason", json_null());
	json_array_foreach (json_object_get(step, "targets") ? json_object_get(step, "targets")
							     : (json_t *)targets,
		i, one)
		json_array_append_new(
			names, name_of(one) ? json_string(name_of(one)) : json_null());
	json_object_set_new(step, "targets", names);
	if ((rc = json_get_array(step, "contents", true, &contents, err)) < 0)
		return rc;
	json_array_foreach (contents, i, content)
		if ((rc = complete_content(filing, content, err)) < 0)
			return rc;
	return sort_env(arena, step, err);
}

static int complete_steps(
	struct arena *arena, const struct revision_filing *filing, json_t *body, struct error *err)
{
	json_t *steps = NULL, *step;
	size_t i;
	int rc = json_get_array(body, "steps", true, &steps, err);

	if (rc < 0)
		return rc;
	json_array_foreach (steps, i, step) {
		if (!json_is_object(step))
			return revision_refuse(err, "steps", "a step is an object",
				"{\"argv\": [...], \"targets\": [...]}");
		if ((rc = complete_step(
			     arena, filing, step, i, json_object_get(body, "targets"), err)) < 0)
			return error_place(err, "steps[%zu]", i);
	}
	return 0;
}

/* --- the whole --- */

/* A metric that nothing can answer would be unknown for ever. */
static int check_metric_target(struct arena *arena, const struct revision_filing *filing,
	const char *name, struct error *err)
{
	struct target *target;
	int rc = target_get(filing->tx, arena, name, &target, err);

	if (rc < 0)
		return error_field(err, "target");
	if (!strcmp(target->kind, "prometheus"))
		return 0;
	error_set(err, ERROR_INVALID, "%s is a %s: no metric is read from it", name, target->kind);
	error_field(err, "target");
	return error_remedy(err, "name a target of kind prometheus");
}

static int complete_metrics(
	struct arena *arena, const struct revision_filing *filing, json_t *body, struct error *err)
{
	json_t *metric;
	size_t i;

	set_default(body, "verification", json_array());
	json_array_foreach (json_object_get(body, "verification"), i, metric) {
		const char *target = json_string_value(json_object_get(metric, "target"));

		set_default(metric, "window_s", json_integer(WINDOW_S));
		if (target && check_metric_target(arena, filing, target, err) < 0) {
			error_place(err, "verification[%zu]", i);
			return err->code;
		}
	}
	return 0;
}

/* What is named besides: objects, and the incident that it is to end. */
static int check_names(
	struct arena *arena, const struct revision_filing *filing, json_t *body, struct error *err)
{
	const char *name = json_string_value(json_object_get(body, "incident"));
	struct incident *incident;
	json_t *key;
	size_t i;
	int rc;

	json_array_foreach (json_object_get(body, "objects"), i, key)
		if (json_is_string(key) &&
			(rc = object_check_key("objects", json_string_value(key), err)) < 0)
			return error_place(err, "objects[%zu]", i);
	if (!name || incident_get(filing->tx, arena, name, &incident, err) >= 0)
		return 0;
	return error_field(err, "incident");
}

int revision_complete(struct arena *arena, const struct revision_filing *filing, json_t **ret_body,
	struct error *err)
{
	json_t *body = json_deep_copy(filing->filed);
	int rc;

	arena_defer(arena, (void (*)(void *))json_decref, body);
	if ((rc = json_check_keys(body, filed_keys, err)) < 0)
		return rc;
	set_default(body, "type", json_string("normal"));
	set_default(body, "services", json_array());
	set_default(body, "executors", json_pack("[s]", filing->person));
	set_default(body, "coordinated_with", json_array());
	set_default(body, "observe_s", json_integer(OBSERVE_S));
	set_default(body, "objects", json_array());
	set_default(body, "template", json_null());
	set_default(body, "release", json_null());
	set_default(body, "incident", json_null());
	if ((rc = complete_times(body, err)) < 0 ||
		(rc = complete_metrics(arena, filing, body, err)) < 0 ||
		(rc = check_names(arena, filing, body, err)) < 0 ||
		(rc = complete_steps(arena, filing, body, err)) < 0 ||
		(rc = complete_targets(arena, filing, body, err)) < 0)
		return rc;
	*ret_body = body;
	return 0;
}
