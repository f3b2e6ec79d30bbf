#include "change/revision.h"

#include "change/revision_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

static const char *const phase_words[] = {
#define X(name, word) [PHASE_##name] = word,
	STEP_PHASES(X)
#undef X
};
static const char *const kind_words[] = {
#define X(name, word) [STEP_##name] = word,
	STEP_KINDS(X)
#undef X
};
static const char *const body_keys[] = {"type", "environment", "services", "executors",
	"coordinated_with", "start", "end", "zone", "steps", "targets", "verification", "observe_s",
	"objects", "template", "release", "incident", "freeze_exception", NULL};
static const char *const types[] = {"normal", "standard", "emergency", NULL};
static const char *const ops[] = {"<", "<=", ">", ">=", "==", NULL};

const char *step_phase_word(enum step_phase phase)
{
	return phase_words[phase];
}

const char *step_kind_word(enum step_kind kind)
{
	return kind_words[kind];
}

int revision_refuse(struct error *err, const char *field, const char *what, const char *remedy)
{
	error_set(err, ERROR_INVALID, "%s", what);
	error_field(err, "%s", field);
	return error_remedy(err, "%s", remedy);
}

int revision_word(const char *field, const char *text, const char *const *words, size_t *ret,
	struct error *err)
{
	size_t count = 0;
	const char *near;

	for (; words[count]; count++)
		if (!strcmp(words[count], text)) {
			*ret = count;
			return 0;
		}
	near = text_nearest(text, words, count);
	error_set(err, ERROR_INVALID, "\"%s\" is none of the words for it", text);
	error_field(err, "%s", field);
	return error_remedy(err, "%s%s%s", near ? "perhaps " : "write ", near ? near : words[0],
		near ? "" : " or another word of the API document");
}

/* --- small readers --- */

int revision_is_null_text(
	const json_t *object, const char *field, const char **ret, struct error *err)
{
	const json_t *value = json_object_get(object, field);

	if (!value || json_is_null(value)) {
		*ret = NULL;
		return 0;
	}
	return json_get_text(object, field, true, ret, err);
}

static int read_time(const json_t *body, const char *field, int64_t *ret, struct error *err)
{
	const char *text = NULL;
	int rc = json_get_text(body, field, true, &text, err);

	return rc < 0 ? rc : time_parse(field, text, ret, err);
}

/* --- targets, metrics, template --- */

static int read_target(struct arena *arena, const json_t *value, void *item, struct error *err)
{
	static const char *const keys[] = {"name", "kind", "identity", NULL};
	struct revision_target *ret = item;
	int rc;

	if ((rc = json_check_keys(value, keys, err)) < 0 ||
		(rc = json_get_text(value, "name", true, &ret->name, err)) < 0 ||
		(rc = json_get_text(value, "kind", true, &ret->kind, err)) < 0 ||
		(rc = json_get_text(value, "identity", true, &ret->identity, err)) < 0 ||
		(rc = text_check_name("name", ret->name, err)) < 0)
		return rc;
	if (!*ret->identity)
		return revision_refuse(err, "identity", "a target without identity matches nothing",
			"give it an address: redbutton target set");
	ret->name = arena_text(arena, ret->name);
	ret->kind = arena_text(arena, ret->kind);
	ret->identity = arena_text(arena, ret->identity);
	return 0;
}

static int read_metric(struct arena *arena, const json_t *value, void *item, struct error *err)
{
	static const char *const keys[] = {
		"name", "target", "query", "op", "threshold", "window_s", NULL};
	struct revision_metric *ret = item;
	size_t op;
	char *end;
	int rc;

	if ((rc = json_check_keys(value, keys, err)) < 0 ||
		(rc = json_get_text(value, "name", true, &ret->name, err)) < 0 ||
		(rc = json_get_text(value, "target", true, &ret->target, err)) < 0 ||
		(rc = json_get_text(value, "query", true, &ret->query, err)) < 0 ||
		(rc = json_get_text(value, "op", true, &ret->op, err)) < 0 ||
		(rc = json_get_text(value, "threshold", true, &ret->threshold, err)) < 0 ||
		(rc = json_get_int(value, "window_s", true, 1, 86400, &ret->window_s, err)) < 0 ||
		(rc = text_check_name("name", ret->name, err)) < 0 ||
		(rc = text_check_name("target", ret->target, err)) < 0 ||
		(rc = text_check_prose("query", ret->query, 4000, err)) < 0 ||
		(rc = revision_word("op", ret->op, ops, &op, err)) < 0)
		return rc;
	(void)strtold(ret->threshold, &end);
	if (!*ret->threshold || *end ||
		strspn(ret->threshold, "+-0123456789.eE") != strlen(ret->threshold))
		return revision_refuse(err, "threshold", "this is no decimal number", "0.01");
	ret->name = arena_text(arena, ret->name);
	ret->target = arena_text(arena, ret->target);
	ret->query = arena_text(arena, ret->query);
	ret->op = ops[op];
	ret->threshold = arena_text(arena, ret->threshold);
	return 0;
}

static const struct revision_list target_list = {
	.field = "targets",
	.max = REVISION_TARGETS_MAX,
	.remedy = "file several changes",
	.item_size = sizeof(struct revision_target),
	.read = read_target,
};
static const struct revision_list metric_list = {
	.field = "verification",
	.max = REVISION_METRICS_MAX,
	.remedy = "the ones that count",
	.item_size = sizeof(struct revision_metric),
	.read = read_metric,
};

static int read_lists(
	struct arena *arena, const json_t *body, struct revision *revision, struct error *err)
{
	void *targets = NULL, *metrics = NULL;
	int rc = revision_list(arena, body, &target_list, &targets, &revision->target_count, err);

	if (rc >= 0)
		rc = revision_list(
			arena, body, &metric_list, &metrics, &revision->metric_count, err);
	revision->targets = targets;
	revision->verification = metrics;
	return rc;
}

static int read_template(
	struct arena *arena, const json_t *body, struct revision *revision, struct error *err)
{
	static const char *const keys[] = {"name", "version", "params", NULL};
	const json_t *template = json_object_get(body, "template");
	json_t *params = NULL;
	int rc;

	if (!template || json_is_null(template))
		return 0;
	if ((rc = json_check_keys(template, keys, err)) < 0 ||
		(rc = json_get_text(template, "name", true, &revision->template_name, err)) < 0 ||
		(rc = json_get_int(template, "version", true, 1, INT64_MAX,
			 &revision->template_version, err)) < 0 ||
		(rc = json_get_object(template, "params", true, &params, err)) < 0)
		return rc;
	revision->template_name = arena_text(arena, revision->template_name);
	revision->template_params = params;
	return text_check_path_name("template.name", revision->template_name, err);
}

/* --- exceptions to calendars --- */

#define REASON_MIN 10 /* bytes */
#define REASON_MAX 1000

static int read_exception(
	struct arena *arena, const json_t *body, struct revision *revision, struct error *err)
{
	static const char *const keys[] = {"calendars", "reason", NULL};
	static const char *const none[] = {NULL};
	const json_t *exception = json_object_get(body, "freeze_exception");
	int rc;

	revision->exception_calendars = none;
	if (!exception || json_is_null(exception))
		return 0;
	if (!json_is_object(exception))
		return revision_refuse(err, "freeze_exception", "an object is needed",
			"{\"calendars\": [...], \"reason\": ...}, or leave it out");
	if ((rc = json_check_keys(exception, keys, err)) < 0 ||
		(rc = revision_names(arena, exception, "calendars", REVISION_EXCEPTIONS_MAX,
			 &revision->exception_calendars, err)) < 0 ||
		(rc = json_get_text(exception, "reason", true, &revision->exception_reason, err)) <
			0 ||
		(rc = text_check_prose("reason", revision->exception_reason, REASON_MAX, err)) < 0)
		return error_place(err, "freeze_exception");
	if (!revision->exception_calendars[0])
		return revision_refuse(err, "freeze_exception.calendars",
			"an exception is one of a calendar", "name it, or leave the exception out");
	if (strlen(revision->exception_reason) < REASON_MIN)
		return revision_refuse(err, "freeze_exception.reason",
			"the reason is shorter than 10 bytes",
			"say why it cannot wait for the end of the freeze");
	revision->exception_reason = arena_text(arena, revision->exception_reason);
	return 0;
}

/* --- the whole --- */

static int read_frame(
	struct arena *arena, const json_t *body, struct revision *revision, struct error *err)
{
	size_t type;
	int rc;

	if ((rc = json_check_keys(body, body_keys, err)) < 0 ||
		(rc = json_get_text(body, "type", true, &revision->type, err)) < 0 ||
		(rc = revision_word("type", revision->type, types, &type, err)) < 0 ||
		(rc = json_get_text(body, "environment", true, &revision->environment, err)) < 0 ||
		(rc = text_check_name("environment", revision->environment, err)) < 0 ||
		(rc = revision_names(arena, body, "services", REVISION_SERVICES_MAX,
			 &revision->services, err)) < 0 ||
		(rc = revision_names(arena, body, "executors", REVISION_EXECUTORS_MAX,
			 &revision->executors, err)) < 0 ||
		(rc = revision_names(arena, body, "coordinated_with", 32,
			 &revision->coordinated_with, err)) < 0 ||
		(rc = revision_names(arena, body, "objects", 200, &revision->objects, err)) < 0 ||
		(rc = read_time(body, "start", &revision->start_us, err)) < 0 ||
		(rc = read_time(body, "end", &revision->end_us, err)) < 0 ||
		(rc = json_get_text(body, "zone", true, &revision->zone, err)) < 0 ||
		(rc = json_get_int(body, "observe_s", true, 0, 86400, &revision->observe_s, err)) <
			0 ||
		(rc = revision_is_null_text(body, "incident", &revision->incident, err)) < 0)
		return rc;
	revision->type = types[type];
	revision->environment = arena_text(arena, revision->environment);
	revision->zone = arena_text(arena, revision->zone);
	revision->incident = arena_text(arena, revision->incident);
	revision->release = json_object_get(body, "release");
	if (json_is_null(revision->release))
		revision->release = NULL;
	return 0;
}

static int check_frame(const struct revision *revision, struct error *err)
{
	if (!revision->services[0])
		return revision_refuse(err, "services", "a change belongs to a service",
			"its owners are asked: name 1 to 3 services");
	if (!revision->executors[0])
		return revision_refuse(
			err, "executors", "nobody is to run it", "name who will run the steps");
	if (revision->end_us <= revision->start_us)
		return revision_refuse(
			err, "end", "the end is not behind the start", "give the window more time");
	if (revision->end_us - revision->start_us > REVISION_WINDOW_MAX_US)
		return revision_refuse(err, "end", "a window of more than 7 days is no window",
			"file one change for each piece of work");
	if (revision->release && !json_is_object(revision->release))
		return revision_refuse(err, "release", "an object is needed", "or leave it out");
	return 0;
}

int revision_parse(
	struct arena *arena, const json_t *body, struct revision **ret, struct error *err)
{
	struct revision *revision = arena_alloc(arena, sizeof(*revision));
	struct buf bytes = BUF_INIT;
	size_t length;
	int rc = canonical_add(&bytes, body, err);

	length = bytes.length;
	buf_done(&bytes);
	if (rc < 0)
		return rc;
	if (length > REVISION_BODY_MAX)
		return error_set(err, ERROR_TOO_LARGE,
			"the change is larger than 256 KiB: "
			"put what is long into contents");
	json_incref((json_t *)body);
	arena_defer(arena, (void (*)(void *))json_decref, (void *)body);
	if ((rc = read_frame(arena, body, revision, err)) < 0 ||
		(rc = check_frame(revision, err)) < 0 ||
		(rc = read_lists(arena, body, revision, err)) < 0 ||
		(rc = read_template(arena, body, revision, err)) < 0 ||
		(rc = read_exception(arena, body, revision, err)) < 0 ||
		(rc = revision_read_steps(arena, body, revision, err)) < 0)
		return rc;
	*ret = revision;
	return 0;
}

int revision_canonical(const json_t *body, char **ret_bytes, size_t *ret_length,
	struct digest *ret_digest, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int rc = canonical_add(&bytes, body, err);

	if (rc < 0) {
		buf_done(&bytes);
		return rc;
	}
	digest_of_domain("rcm revision 1\n", buf_text(&bytes), bytes.length, ret_digest);
	*ret_bytes = buf_take(&bytes, ret_length);
	return 0;
}

const struct revision_target *revision_target_of(const struct revision *revision, const char *name)
{
	for (size_t i = 0; i < revision->target_count; i++)
		if (!strcmp(revision->targets[i].name, name))
			return &revision->targets[i];
	return NULL;
}
