#include "change/risk/risk.h"

#include "change/risk/risk_rooms.h"
#include "lib/base/buf.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "risk_texts.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_DOMAIN	 "rcm risk input 1\n"
#define SET_DOMAIN	 "rcm rules 1"
#define TEST_DEADLINE_MS 10000

struct waiter {
	risk_ready *ready;
	void *arg;
	struct waiter *next;
};

struct risk {
	struct jail *jail;
	struct arena arena;
	struct risk_files files;
	char *set_text; /* "modules":{...},"rules":[...] */
	char revision[DIGEST_TEXT_SIZE];
	struct risk_rule *rules; /* by id */
	size_t count;
	struct waiter *waiting;
	bool is_ready, is_asking;
};

/* --- the set --- */

static int read_built_in(struct risk *risk, struct error *err)
{
	int rc = 0;

	risk_files_init(&risk->arena, &risk->files);
	for (size_t i = 0; rc >= 0 && i < risk_texts_count; i++)
		rc = risk_files_add(&risk->files, strrchr(risk_texts[i].name, '/') + 1,
			(const char *)risk_texts[i].bytes, err);
	return rc;
}

/* Over names and texts, each with its length before it. */
static void digest_set(struct risk *risk)
{
	struct digest_state *state = digest_new();
	struct digest digest;
	const json_t *row, *text;
	const char *name;
	size_t i;

	digest_add_field(state, SET_DOMAIN, strlen(SET_DOMAIN));
	json_array_foreach (risk->files.rules, i, row) {
		const json_t *file = json_object_get(row, "file");
		const json_t *script = json_object_get(row, "script");

		digest_add_field(state, json_string_value(file), json_string_length(file));
		digest_add_field(state, json_string_value(script), json_string_length(script));
	}
	json_object_foreach (risk->files.modules, name, text) {
		digest_add_field(state, name, strlen(name));
		digest_add_field(state, json_string_value(text), json_string_length(text));
	}
	digest_end(state, &digest);
	digest_free(state);
	digest_text(&digest, risk->revision);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct risk_rule *)a)->id, ((const struct risk_rule *)b)->id);
}

static void list_ids(struct risk *risk)
{
	const json_t *row;
	size_t i;

	risk->count = json_array_size(risk->files.rules);
	risk->rules = arena_alloc(&risk->arena, risk->count * sizeof(*risk->rules));
	json_array_foreach (risk->files.rules, i, row) {
		const char *file = json_string_value(json_object_get(row, "file"));

		risk->rules[i].id = arena_text_n(&risk->arena, file, strlen(file) - strlen(".lua"));
	}
	qsort(risk->rules, risk->count, sizeof(*risk->rules), compare_ids);
}

static char *dump_set(const struct risk_files *files)
{
	char *rules = json_dumps(files->rules, JSON_COMPACT);
	char *modules = json_dumps(files->modules, JSON_COMPACT | JSON_SORT_KEYS);
	struct buf text = BUF_INIT;

	buf_add_format(&text, "\"modules\":%s,\"rules\":%s", modules, rules);
	free(modules);
	free(rules);
	return buf_take(&text, NULL);
}

static int ask_list(struct risk *risk, struct error *err);

static void log_first(void *arg, const struct error *err)
{
	(void)arg;
	if (err)
		log_warn("risk", "the rules are not known yet", "error", err->message);
}

int risk_open(const struct risk_options *options, struct risk **ret, struct error *err)
{
	struct risk *risk = calloc(1, sizeof(*risk));
	int rc;

	if (!risk)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	risk->jail = options->jail;
	rc = options->directory
		     ? risk_files_read(&risk->arena, options->directory, &risk->files, err)
		     : read_built_in(risk, err);
	if (rc < 0) {
		risk_close(risk);
		return rc;
	}
	digest_set(risk);
	list_ids(risk);
	risk->set_text = dump_set(&risk->files);
	/* Without a jail now there is one later, or none: then nothing is assessed. */
	(void)risk_need(risk, log_first, NULL, NULL);
	*ret = risk;
	return 0;
}

void risk_close(struct risk *risk)
{
	if (!risk)
		return;
	free(risk->set_text);
	arena_done(&risk->arena);
	free(risk);
}

const char *risk_revision(const struct risk *risk)
{
	return risk->revision;
}

/* --- what the rules are: asked of a child that sees no input --- */

bool risk_is_ready(const struct risk *risk)
{
	return risk->is_ready;
}

const struct risk_rule *risk_rules(const struct risk *risk, size_t *ret_count)
{
	*ret_count = risk->count;
	return risk->rules;
}

static void tell_waiting(struct risk *risk, const struct error *err)
{
	struct waiter *waiter = risk->waiting;

	risk->waiting = NULL;
	while (waiter) {
		struct waiter *next = waiter->next;

		waiter->ready(waiter->arg, err);
		free(waiter);
		waiter = next;
	}
}

static void warn_of_unreadable(const struct risk *risk)
{
	for (size_t i = 0; i < risk->count; i++)
		if (risk->rules[i].fault)
			log_warn("risk", "a rule cannot be read: it blocks every change", "rule",
				risk->rules[i].id, "error", risk->rules[i].fault);
}

static void listed(void *arg, const char *bytes, size_t length, const struct error *err)
{
	struct risk *risk = arg;
	struct error problem = ERROR_INIT;
	int rc = err ? err->code : 0;

	risk->is_asking = false;
	if (err)
		problem = *err;
	else
		rc = risk_answer_list(
			&risk->arena, bytes, length, risk->rules, risk->count, &problem);
	if (rc < 0) {
		/* What was taken of a bad answer is taken anew with the next. */
		list_ids(risk);
	} else {
		risk->is_ready = true;
		warn_of_unreadable(risk);
	}
	tell_waiting(risk, rc < 0 ? &problem : NULL);
}

static int run_job(struct risk *risk, const char *verb, const char *set_text, const char *input,
	int64_t deadline_ms, jail_done *done, void *arg, struct error *err)
{
	struct buf text = BUF_INIT;
	struct jail_job job = {.deadline_ms = deadline_ms, .done = done, .arg = arg};
	int rc;

	buf_add_format(&text, "{\"verb\":\"%s\",%s%s%s}", verb, set_text,
		input ? ",\"input\":" : "", input ? input : "");
	job.input = text.bytes;
	job.length = text.length;
	rc = jail_run(risk->jail, &job, err);
	buf_done(&text);
	return rc;
}

static int ask_list(struct risk *risk, struct error *err)
{
	int rc;

	if (risk->is_asking)
		return 0;
	rc = run_job(risk, "rules_list", risk->set_text, NULL, 0, listed, risk, err);
	if (rc == 0)
		risk->is_asking = true;
	return rc;
}

int risk_need(struct risk *risk, risk_ready *ready, void *arg, struct error *err)
{
	struct waiter *waiter;
	int rc;

	if (risk->is_ready) {
		ready(arg, NULL);
		return 0;
	}
	if ((rc = ask_list(risk, err)) < 0)
		return rc;
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	*waiter = (struct waiter){ready, arg, risk->waiting};
	risk->waiting = waiter;
	return 0;
}

/* --- an assessment --- */

struct assessment {
	struct risk *risk;
	struct arena *arena;
	char *input;		    /* canonical */
	struct risk_report *report; /* the arena's */
	risk_done *done;
	void *arg;
};

static void free_assessment(struct assessment *assessment)
{
	free(assessment->input);
	free(assessment);
}

static void end_assessment(struct assessment *assessment, const struct error *err)
{
	assessment->done(assessment->arg, err ? NULL : assessment->report, err);
	free_assessment(assessment);
}

static void assessed(void *arg, const char *bytes, size_t length, const struct error *err)
{
	struct assessment *assessment = arg;
	struct risk_report *report = assessment->report;
	struct error problem = ERROR_INIT;

	if (err) {
		end_assessment(assessment, err);
		return;
	}
	if (risk_answer_report(assessment->arena, bytes, length, assessment->risk->rules,
		    assessment->risk->count, report, &problem) < 0) {
		end_assessment(assessment, &problem);
		return;
	}
	risk_score_sort(report);
	risk_recount(report, NULL, assessment->arena);
	end_assessment(assessment, NULL);
}

static int run_assessment(struct assessment *assessment, struct error *err)
{
	return run_job(assessment->risk, "rules", assessment->risk->set_text, assessment->input, 0,
		assessed, assessment, err);
}

static void assess_when_ready(void *arg, const struct error *err)
{
	struct assessment *assessment = arg;
	struct error problem = ERROR_INIT;

	if (err)
		end_assessment(assessment, err);
	else if (run_assessment(assessment, &problem) < 0)
		end_assessment(assessment, &problem);
}

static int take_input(struct assessment *assessment, const json_t *input, struct error *err)
{
	struct buf text = BUF_INIT;
	struct digest digest;
	int rc = canonical_add(&text, input, err);

	if (rc < 0) {
		buf_done(&text);
		return error_prefix(err, "the input of the rules");
	}
	digest_of_domain(INPUT_DOMAIN, text.bytes, text.length, &digest);
	digest_text(&digest, assessment->report->input_digest);
	memcpy(assessment->report->revision, assessment->risk->revision, DIGEST_TEXT_SIZE);
	assessment->input = buf_take(&text, NULL);
	return 0;
}

int risk_assess(struct risk *risk, struct arena *arena, const json_t *input, risk_done *done,
	void *arg, struct error *err)
{
	struct assessment *assessment = calloc(1, sizeof(*assessment));
	int rc;

	if (!assessment)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	*assessment = (struct assessment){.risk = risk, .arena = arena, .done = done, .arg = arg};
	assessment->report = arena_alloc(arena, sizeof(*assessment->report));
	rc = take_input(assessment, input, err);
	if (rc == 0)
		rc = risk->is_ready ? run_assessment(assessment, err)
				    : risk_need(risk, assess_when_ready, assessment, err);
	if (rc < 0)
		free_assessment(assessment);
	return rc;
}

/* --- the rules' own tests --- */

struct testing {
	struct arena *arena;
	risk_tested *done;
	void *arg;
};

static void tested(void *arg, const char *bytes, size_t length, const struct error *err)
{
	struct testing testing = *(struct testing *)arg;
	struct error problem = ERROR_INIT;
	const json_t *answer = NULL;

	free(arg);
	if (!err && risk_answer_test(testing.arena, bytes, length, &answer, &problem) < 0)
		err = &problem;
	testing.done(testing.arg, err ? NULL : answer, err);
}

int risk_test(struct risk *risk, struct arena *arena, const struct risk_files *given,
	risk_tested *done, void *arg, struct error *err)
{
	struct testing *testing = calloc(1, sizeof(*testing));
	struct risk_files files;
	char *set_text;
	int rc;

	if (!testing)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	*testing = (struct testing){arena, done, arg};
	files = given ? *given : risk->files;
	if (!json_object_size(files.modules))
		files.modules = risk->files.modules;
	set_text = dump_set(&files);
	rc = run_job(risk, "rules_test", set_text, NULL, TEST_DEADLINE_MS, tested, testing, err);
	free(set_text);
	if (rc < 0)
		free(testing);
	return rc;
}
