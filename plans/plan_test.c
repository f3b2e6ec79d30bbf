#include "plans/plan_test.h"

#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_test_rooms.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNER	       "redbutton-runner"
#define RUNNER_LIBEXEC "/usr/libexec/redbutton/" RUNNER
#define CALL_DEPTH_MAX 3

/* --- what was asked for --- */

static const struct option_row {
	const char *name;
	size_t offset;
	bool is_switch;
} option_rows[] = {
	{"--lint", offsetof(struct plan_test, is_lint), true},
	{"--describe", offsetof(struct plan_test, is_describe), true},
	{"--json", offsetof(struct plan_test, is_json), true},
	{"--accept-no-jail", offsetof(struct plan_test, accept_no_jail), true},
	{"--action", offsetof(struct plan_test, action), false},
	{"--library", offsetof(struct plan_test, library), false},
	{"--inventory", offsetof(struct plan_test, inventory_path), false},
	{"--runner", offsetof(struct plan_test, runner_path), false},
};

static const struct option_row *find_option(const char *word)
{
	for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++)
		if (strcmp(option_rows[i].name, word) == 0)
			return &option_rows[i];
	return NULL;
}

static int take_param(struct plan_test *test, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	char *name;

	if (!equals || equals == word) {
		error_set(err, ERROR_USAGE, "\"%s\" is no parameter", word);
		return error_remedy(err, "write it as name=value");
	}
	name = arena_text_n(&test->arena, word, (size_t)(equals - word));
	if (json_object_get(test->params, name))
		return error_set(err, ERROR_USAGE, "parameter %s is given twice", name);
	json_set_text(test->params, name, equals + 1);
	return 0;
}

static int take_words(struct plan_test *test, int argc, char **argv, struct error *err)
{
	const struct option_row *row;
	int rc;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--plan-test") == 0)
			continue;
		row = find_option(argv[i]);
		if (row && row->is_switch) {
			*(bool *)((char *)test + row->offset) = true;
		} else if (row) {
			if (i + 1 == argc)
				return error_set(err, ERROR_USAGE, "%s needs a value", row->name);
			*(const char **)((char *)test + row->offset) = argv[++i];
		} else if (strncmp(argv[i], "--", 2) == 0) {
			return error_set(err, ERROR_USAGE, "there is no flag %s here", argv[i]);
		} else if (!test->path && !test->is_describe) {
			test->path = argv[i];
		} else if ((rc = take_param(test, argv[i], err)) < 0) {
			return rc;
		}
	}
	if (test->path || test->is_describe)
		return 0;
	error_set(err, ERROR_USAGE, "which plan?");
	return error_remedy(err, "redbutton plan test FILE [PARAM=VALUE ...]");
}

/* --- the runner, waited for --- */

struct waiting {
	struct plan_test *test;
	const char *bytes;
	size_t length;
	struct error *err;
	int rc;
};

static void take_answer(void *arg, const char *bytes, size_t length, const struct error *err)
{
	struct waiting *waiting = arg;

	if (err) {
		*waiting->err = *err;
		waiting->rc = err->code;
	} else {
		waiting->bytes = arena_text_n(&waiting->test->arena, bytes, length);
		waiting->length = length;
	}
	loop_stop(waiting->test->loop);
}

int plan_test_run(struct plan_test *test, json_t *owned_input, bool is_twice, const json_t **ret,
	struct error *err)
{
	char *text = json_dumps(owned_input, JSON_COMPACT);
	struct waiting waiting = {.test = test, .err = err};
	struct jail_job job = {.input = text,
		.length = text ? strlen(text) : 0,
		.done = take_answer,
		.arg = &waiting};
	int rc;

	json_decref(owned_input);
	if (!text)
		return error_set(err, ERROR_INVALID, "the input cannot be written as JSON");
	rc = is_twice ? jail_run_twice(test->jail, &job, err) : jail_run(test->jail, &job, err);
	free(text);
	if (rc < 0)
		return rc;
	loop_run(test->loop);
	if (waiting.rc < 0)
		return waiting.rc;
	return plan_output_parse(&test->arena, waiting.bytes, waiting.length, ret, err);
}

/* Beside this program, in the folder that packages use, or where --runner says. */
static const char *find_runner(struct plan_test *test)
{
	static const char *const places[] = {"", "../libexec/redbutton/"};
	char self[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (test->runner_path)
		return test->runner_path;
	while (length > 0 && self[length - 1] != '/')
		length--;
	for (size_t i = 0; length > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path = arena_format(
			&test->arena, "%.*s%s%s", (int)length, self, places[i], RUNNER);

		if (access(path, X_OK) == 0)
			return path;
	}
	return RUNNER_LIBEXEC;
}

static int open_jail(struct plan_test *test, struct error *err)
{
	struct jail_options options = {
		.runner_path = find_runner(test), .accept_no_jail = test->accept_no_jail};
	int rc = loop_open(&test->loop, err);

	return rc < 0 ? rc : jail_open(test->loop, &options, &test->jail, err);
}

/* --- the three things it does --- */

/* Prints the errors of a refused plan; the code is that of the refusal. */
static int print_errors(struct plan_test *test, const json_t *output, struct error *err)
{
	const json_t *errors;
	int rc = plan_output_errors(&test->arena, output, &errors, err);
	json_t *answer;

	if (!test->is_json)
		return rc;
	answer = json_pack("{s:b, s:O}", "ok", 0, "errors", errors);
	printf("%s\n", json_text(&test->arena, answer));
	json_decref(answer);
	test->is_told = true;
	return rc;
}

static void print_warnings(struct plan_test *test, const json_t *output)
{
	const json_t *warning;
	size_t i;

	json_array_foreach (json_object_get(output, "warnings"), i, warning) {
		const char *file = json_string_value(json_object_get(warning, "file"));
		const char *message = json_string_value(json_object_get(warning, "message"));

		printf("%s:%lld: warning: %s\n", text_visible(&test->arena, file ? file : ""),
			(long long)json_integer_value(json_object_get(warning, "line")),
			text_visible(&test->arena, message ? message : ""));
	}
}

static int lint(struct plan_test *test, struct error *err)
{
	const json_t *output, *manifest;
	int rc;

	rc = plan_test_run(
		test, plan_input_source("lint", &test->source, test->calls), false, &output, err);
	if (rc < 0)
		return rc;
	if (!plan_output_is_ok(output))
		return print_errors(test, output, err);
	if ((rc = plan_output_manifest(output, &manifest, err)) < 0)
		return rc;
	if (test->is_json) {
		printf("%s\n", json_text(&test->arena, output));
		return 0;
	}
	print_warnings(test, output);
	printf("%s is fine\n", json_string_value(json_object_get(manifest, "name")));
	return 0;
}

static int describe(struct plan_test *test, struct error *err)
{
	const struct plan_source nothing = {"describe.lua", "", NULL};
	const json_t *output;
	int rc = plan_test_run(
		test, plan_input_source("describe", &nothing, NULL), false, &output, err);

	if (rc < 0)
		return rc;
	if (!plan_output_is_ok(output))
		return print_errors(test, output, err);
	printf("%s\n", json_text(&test->arena, json_object_get(output, "language")));
	return 0;
}

static const char *give_identity(void *arg, const char *target_name)
{
	struct plan_test *test = arg;
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;

	digest_of(target_name, strlen(target_name), &digest);
	return arena_text(&test->arena, digest_text(&digest, text));
}

static int print_graph(struct plan_test *test, const json_t *output, struct error *err)
{
	char version[DIGEST_TEXT_SIZE];
	struct graph_completion completion = {.version_digest = version,
		.kind = "real",
		.mode = "graceful",
		.identity = give_identity,
		.arg = test};
	struct buf given = BUF_INIT, bytes = BUF_INIT, tree = BUF_INIT;
	struct graph *graph = NULL;
	struct digest digest;
	const char *why;
	int rc;

	plan_source_digest(&test->source, version);
	if ((rc = canonical_add(&given, json_object_get(output, "graph"), err)) >= 0 &&
		(rc = graph_complete(&test->arena, buf_text(&given), given.length, &completion,
			 &bytes, &digest, err)) >= 0 &&
		(rc = graph_parse(&test->arena, buf_text(&bytes), bytes.length, &graph, err)) >=
			0) {
		graph_add_tree(&tree, graph, json_object_get(output, "lines"));
		fputs(test->is_json ? buf_text(&bytes) : buf_text(&tree), stdout);
		if (test->is_json)
			putchar('\n');
		else if (graph_first_unsupported(graph, &why))
			printf("cannot be run yet: %s\n", why);
	}
	buf_done(&given);
	buf_done(&bytes);
	buf_done(&tree);
	return rc;
}

static int build(struct plan_test *test, struct error *err)
{
	json_t *input = plan_input_source("build", &test->source, test->calls);
	const json_t *output;
	int rc;

	json_set_text(input, "action", test->action ? test->action : "apply");
	json_object_set(input, "params", test->params);
	json_object_set(input, "targets", test->targets);
	rc = plan_test_run(test, input, true, &output, err);
	if (rc < 0)
		return rc;
	return plan_output_is_ok(output) ? print_graph(test, output, err)
					 : print_errors(test, output, err);
}

static int work(struct plan_test *test, struct error *err)
{
	const json_t *output, *manifest;
	int rc;

	if (test->is_describe)
		return describe(test, err);
	if ((rc = plan_test_read(test, test->path, &test->source, err)) < 0 ||
		(rc = plan_test_run(test, plan_input_source("manifest", &test->source, NULL), false,
			 &output, err)) < 0)
		return rc;
	if (!plan_output_is_ok(output))
		return test->is_lint ? lint(test, err) : print_errors(test, output, err);
	if ((rc = plan_output_manifest(output, &manifest, err)) < 0 ||
		(rc = plan_test_add_calls(
			 test, json_object_get(manifest, "calls"), CALL_DEPTH_MAX, err)) < 0)
		return rc;
	if (test->is_lint)
		return lint(test, err);
	if ((rc = plan_test_add_targets(test, manifest, test->targets, err)) < 0)
		return rc;
	return build(test, err);
}

static void print_error(const struct plan_test *test, const struct error *err)
{
	if (test->is_told)
		return;
	if (test->is_json) {
		json_t *answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "code",
			error_word(err->code), "detail", err->message);

		json_set_text(answer, "remedy", err->remedy[0] ? err->remedy : NULL);
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(answer);
		return;
	}
	fprintf(stderr, "%s\n", err->message);
	if (err->remedy[0])
		fprintf(stderr, "  %s\n", err->remedy);
}

int plan_test_main(int argc, char **argv)
{
	struct plan_test test = {
		.params = json_object(), .targets = json_object(), .calls = json_object()};
	struct error err = ERROR_INIT;
	int rc;

	if ((rc = take_words(&test, argc, argv, &err)) >= 0 && (rc = open_jail(&test, &err)) >= 0)
		rc = work(&test, &err);
	if (rc < 0)
		print_error(&test, &err);
	if (test.jail)
		jail_close(test.jail);
	if (test.loop)
		loop_close(test.loop);
	json_decref(test.params);
	json_decref(test.targets);
	json_decref(test.calls);
	arena_done(&test.arena);
	fflush(stdout);
	return rc < 0 ? error_exit(rc) : 0;
}
