/* What risk rules are given: the shape is that of executor/runner/prelude/rule_input.lua. */
#include "change/change_rooms.h"
#include "change/command/command.h"
#include "inventory/target.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <string.h>

static json_t *names_json(const char *const *names)
{
	json_t *list = json_array();

	for (; *names; names++)
		json_array_append_new(list, json_string(*names));
	return list;
}

json_t *change_rule_frame(const struct change_limits *limits, const bool *baselines, size_t count)
{
	json_t *frame = json_object(), *list = json_array();

	json_object_set_new(frame, "limits",
		json_pack("{s:I, s:I, s:I}", "affected_rows", (json_int_t)limits->affected_rows,
			"table_rows", (json_int_t)limits->table_rows, "drained_nodes",
			(json_int_t)limits->drained_nodes));
	json_object_set_new(frame, "protected_paths", names_json(limits->protected_paths));
	json_object_set_new(frame, "tier0_units", names_json(limits->tier0_units));
	json_object_set_new(frame, "trusted_dirs", names_json(limits->trusted_dirs));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_boolean(baselines[i]));
	json_object_set_new(frame, "baselines", list);
	return frame;
}

/* --- one step --- */

static void note_text(json_t *texts, json_t *secrets, const char *where, const char *bytes,
	size_t length, bool is_command_word)
{
	json_t *problems = command_text_problems(bytes, length, is_command_word);

	if (json_array_size(problems))
		json_array_append_new(
			texts, json_pack("{s:s, s:O}", "where", where, "problems", problems));
	json_decref(problems);
	if (command_has_secret(bytes, length))
		json_array_append_new(secrets, json_pack("{s:s}", "where", where));
}

/* A secret in a file is a word of it; its problems are those of the whole. */
static void note_content(
	json_t *texts, json_t *secrets, const char *where, const char *bytes, size_t length)
{
	json_t *problems = command_text_problems(bytes, length, false);
	bool has_secret = false;

	if (json_array_size(problems))
		json_array_append_new(
			texts, json_pack("{s:s, s:O}", "where", where, "problems", problems));
	json_decref(problems);
	for (size_t at = 0, end; at < length && !has_secret; at = end + 1) {
		for (end = at; end < length && !isspace((unsigned char)bytes[end]); end++)
			;
		has_secret = end > at && command_has_secret(bytes + at, end - at);
	}
	if (has_secret)
		json_array_append_new(secrets, json_pack("{s:s}", "where", where));
}

static void note_words(
	struct arena *arena, const struct revision_step *step, json_t *texts, json_t *secrets)
{
	for (size_t i = 0; step->argv[i]; i++)
		note_text(texts, secrets, arena_format(arena, "argv %zu", i), step->argv[i],
			strlen(step->argv[i]), i == 0);
	for (size_t i = 0; step->env[i]; i++)
		note_text(texts, secrets, arena_format(arena, "env %zu", i + 1), step->env[i],
			strlen(step->env[i]), false);
	if (*step->path)
		note_text(texts, secrets, "path", step->path, strlen(step->path), true);
	if (*step->cwd)
		note_text(texts, secrets, "cwd", step->cwd, strlen(step->cwd), false);
}

static json_t *environment_json(struct arena *arena, const struct revision_step *step)
{
	json_t *map = json_object();

	for (size_t i = 0; step->env[i]; i++) {
		const char *equals = strchr(step->env[i], '=');

		json_set_text(map,
			arena_text_n(arena, step->env[i], (size_t)(equals - step->env[i])),
			text_visible(arena, equals + 1));
	}
	return map;
}

struct bound {
	const char **names; /* NULL-ended */
	const char *sql;
};

static int add_contents(struct arena *arena, const struct rule_input *input,
	const struct revision_step *step, json_t *made, struct bound *bound, struct error *err)
{
	json_t *list = json_array(), *texts = json_object_get(made, "texts");
	const char *bytes;
	size_t length;
	int rc;

	json_object_set_new(made, "contents", list);
	bound->names = arena_alloc(arena, (step->content_count + 2) * sizeof(*bound->names));
	for (size_t i = 0; i < step->content_count; i++) {
		const struct revision_content *content = &step->contents[i];

		rc = change_get_content(input->tx, arena, content->sha256, &bytes, &length, err);
		if (rc < 0)
			return rc;
		bound->names[i] = content->name;
		if (!strcmp(content->role, "sql") && !bound->sql)
			bound->sql = bytes;
		note_content(texts, json_object_get(made, "secrets"),
			arena_format(arena, "content %s", text_visible(arena, content->name)),
			bytes, length);
		json_array_append_new(list,
			json_pack("{s:s, s:s}", "role", content->role, "sha256", content->sha256));
	}
	return 0;
}

/* How many rows a statement touches is what it says itself, else what was declared. */
static void declare_rows(json_t *commands, int64_t rows)
{
	json_t *command, *impact;
	size_t i, k;

	if (rows < 0)
		return;
	json_array_foreach (commands, i, command)
		json_array_foreach (json_object_get(command, "impacts"), k, impact)
			if (!strcmp(json_string_value(json_object_get(impact, "kind")), "db") &&
				json_is_null(json_object_get(impact, "rows")))
				json_set_int(impact, "rows", rows);
}

static int add_commands(const struct revision_step *step, const struct bound *bound, json_t *made,
	struct error *err)
{
	struct command_input command = {
		.path = *step->path ? step->path : NULL,
		.argv = step->argv,
		.env = step->env,
		.cwd = *step->cwd ? step->cwd : NULL,
		.runas = step->runas,
		.is_trusted = -1,
		.bound_files = bound->names,
		.sql = bound->sql,
	};
	enum command_proof proof;
	const char *reason;
	json_t *commands = NULL;
	int rc;

	if (!step->argv[0]) {
		json_object_set_new(made, "commands", json_array());
		return 0;
	}
	rc = command_analyse(&command, &commands, &proof, &reason, err);
	if (rc < 0)
		return rc;
	declare_rows(commands, step->rows);
	json_object_set_new(made, "commands", commands);
	return 0;
}

static int add_step(struct arena *arena, const struct rule_input *input,
	const struct revision_step *step, json_t *list, struct error *err)
{
	json_t *made = json_object();
	struct bound bound = {0};
	int rc;

	json_array_append_new(list, made);
	json_set_int(made, "seq", step->seq);
	json_set_text(made, "phase", step_phase_word(step->phase));
	json_set_text(made, "kind", step_kind_word(step->kind));
	json_set_text(made, "runas", step->runas);
	json_set_text(made, "cwd", text_visible(arena, step->cwd));
	json_object_set_new(made, "targets", names_json(step->targets));
	json_object_set_new(made, "environment", environment_json(arena, step));
	json_object_set_new(made, "texts", json_array());
	json_object_set_new(made, "secrets", json_array());
	note_words(arena, step, json_object_get(made, "texts"), json_object_get(made, "secrets"));
	if ((rc = add_contents(arena, input, step, made, &bound, err)) < 0)
		return rc;
	return add_commands(step, &bound, made, err);
}

int change_input_steps(
	struct arena *arena, const struct rule_input *input, json_t **ret, struct error *err)
{
	json_t *list = json_array();
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < input->revision->step_count; i++)
		rc = add_step(arena, input, &input->revision->steps[i], list, err);
	if (rc < 0)
		json_decref(list);
	else
		*ret = list;
	return rc;
}

/* --- the request --- */

/* How many targets of its kinds the services have. */
static int count_of_services(
	struct arena *arena, const struct rule_input *input, int64_t *ret, struct error *err)
{
	const struct revision *revision = input->revision;
	struct target **list;
	size_t count;
	int rc = 0;

	*ret = 0;
	for (size_t i = 0; rc >= 0 && revision->services[i] && revision->target_count; i++) {
		json_t *labels = json_pack("{s:s, s:s}", "service", revision->services[i],
			"environment", revision->environment);

		rc = target_select(
			input->tx, arena, revision->targets[0].kind, labels, &list, &count, err);
		json_decref(labels);
		*ret += rc < 0 ? 0 : (int64_t)count;
	}
	return rc;
}

static json_t *verification_json(const struct rule_input *input)
{
	const json_t *baselines = json_object_get(input->frame, "baselines");
	json_t *list = json_array();

	for (size_t i = 0; i < input->revision->metric_count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:b, s:I}", "metric",
				      input->revision->verification[i].name, "baseline_7d",
				      json_is_true(json_array_get(baselines, i)), "window_s",
				      (json_int_t)input->revision->verification[i].window_s));
	return list;
}

static json_t *rollback_json(const struct revision *revision)
{
	json_t *list = json_array();

	for (size_t i = 0; i < revision->step_count; i++)
		if (revision->steps[i].phase == PHASE_ROLLBACK)
			json_array_append_new(
				list, json_pack("{s:s}", "kind",
					      step_kind_word(revision->steps[i].kind)));
	return list;
}

static bool is_irreversible(const struct revision *revision)
{
	for (size_t i = 0; i < revision->step_count; i++)
		if (revision->steps[i].irreversible_reason)
			return true;
	return false;
}

static void fill_request(const struct rule_input *input, json_t *request)
{
	const struct revision *revision = input->revision;
	const struct change *change = input->change;

	json_set_text(request, "id", change->name);
	json_set_int(request, "revision", change->revision);
	json_set_text(request, "type", revision->type);
	json_set_text(request, "title", change->title);
	json_set_text(request, "requester", change->requester);
	json_object_set_new(request, "executors", names_json(revision->executors));
	json_object_set_new(request, "services", names_json(revision->services));
	json_set_text(request, "environment", revision->environment);
	json_set_int(request, "start_us", revision->start_us);
	json_set_int(request, "end_us", revision->end_us);
	json_set_text(request, "zone", revision->zone);
	json_set_int(request, "filed_us", change->created_at_us);
	json_set_bool(request, "declared_irreversible", is_irreversible(revision));
	json_set_int(request, "target_total", (int64_t)revision->target_count);
	json_object_set_new(request, "verification", verification_json(input));
	json_object_set_new(request, "rollback", rollback_json(revision));
	json_set_int(request, "rendering_bytes", (int64_t)input->rendering_bytes);
	json_set_int(request, "step_count", (int64_t)revision->step_count);
	json_object_set_new(request, "coordinated_with", names_json(revision->coordinated_with));
	if (revision->release)
		json_object_set(request, "release", (json_t *)revision->release);
	else
		json_object_set_new(request, "release", json_null());
}

static int make_request(
	struct arena *arena, const struct rule_input *input, json_t *request, struct error *err)
{
	json_t *batches = NULL;
	int64_t total = 0;
	int rc;

	fill_request(input, request);
	if ((rc = change_input_batches(arena, input, &batches, err)) < 0)
		return rc;
	json_object_set_new(request, "batches", batches);
	if ((rc = count_of_services(arena, input, &total, err)) < 0)
		return rc;
	json_set_int(request, "service_total", total);
	return 0;
}

/* --- the whole --- */

/* Which are known; why one is not may be said in other words each time. */
static json_t *known_sources(const json_t *sources)
{
	json_t *made = json_array(), *one;
	size_t i;

	json_array_foreach (sources, i, one) {
		json_t *copy = json_copy(one);

		json_object_del(copy, "reason");
		json_array_append_new(made, copy);
	}
	return made;
}

/* What of the context moves by itself, without its times. */
static int digest_context(
	const json_t *context, char ret[static DIGEST_TEXT_SIZE], struct error *err)
{
	json_t *moving = json_object(), *calendars = json_array(), *one;
	struct buf bytes = BUF_INIT;
	struct digest digest;
	size_t i;
	int rc;

	json_array_foreach (json_object_get(context, "calendars"), i, one) {
		json_t *copy = json_copy(one);

		json_object_del(copy, "next_us");
		json_array_append_new(calendars, copy);
	}
	json_object_set_new(moving, "calendars", calendars);
	json_object_set(moving, "conflicts", json_object_get(context, "conflicts"));
	json_object_set(moving, "incidents", json_object_get(context, "incidents"));
	json_object_set(moving, "alerts", json_object_get(context, "alerts"));
	json_object_set_new(
		moving, "alert_sources", known_sources(json_object_get(context, "alert_sources")));
	json_object_set(moving, "releases", json_object_get(context, "releases"));
	rc = canonical_add(&bytes, moving, err);
	digest_of_domain("rcm context 1\n", buf_text(&bytes), bytes.length, &digest);
	digest_text(&digest, ret);
	buf_done(&bytes);
	json_decref(moving);
	return rc;
}

int change_make_input(struct arena *arena, const struct rule_input *input, json_t **ret,
	char ret_context[static DIGEST_TEXT_SIZE], struct error *err)
{
	json_t *whole = json_object(), *request = json_object(), *steps = NULL, *context = NULL;
	int rc;

	json_object_set_new(whole, "request", request);
	if ((rc = make_request(arena, input, request, err)) >= 0 &&
		(rc = change_input_steps(arena, input, &steps, err)) >= 0) {
		json_object_set_new(whole, "steps", steps);
		rc = change_input_context(arena, input, steps, &context, err);
	}
	if (rc >= 0) {
		json_object_set_new(whole, "context", context);
		rc = digest_context(context, ret_context, err);
	}
	if (rc < 0)
		json_decref(whole);
	else
		*ret = whole;
	return rc;
}

/* --- asked by the gate --- */

int change_rule_input(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct alerts *alerts, int64_t now_us, json_t **ret_input,
	char ret_context[static DIGEST_TEXT_SIZE], struct error *err)
{
	struct change_revision *row;
	struct rule_input input = {.tx = tx, .change = change, .alerts = alerts, .now_us = now_us};
	struct revision *revision;
	json_t *frame = NULL;
	int rc = revision_store_get(tx, arena, change->seq, change->revision, &row, err);

	if (rc < 0 || (rc = change_get_revision(tx, arena, change, &revision, err)) < 0)
		return rc;
	if (!row->context_digest[0])
		return error_set(err, ERROR_CONFLICT, "%s was not assessed", change->name);
	if ((rc = json_parse(
		     row->rule_frame, strlen(row->rule_frame), JSON_DEPTH_MAX, &frame, err)) < 0)
		return rc;
	input.revision = revision;
	input.frame = frame;
	input.rendering_bytes = strlen(row->rendering);
	rc = change_make_input(arena, &input, ret_input, ret_context, err);
	json_decref(frame);
	return rc;
}

int change_assessed_context(struct store_tx *tx, const struct change *change,
	char ret_context[static DIGEST_TEXT_SIZE], struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct change_revision *row;
	int rc = revision_store_get(tx, &arena, change->seq, change->revision, &row, err);

	if (rc >= 0)
		memcpy(ret_context, row->context_digest, DIGEST_TEXT_SIZE);
	arena_done(&arena);
	return rc;
}
