/* One jail on one loop, and the results of its jobs; for test_jail.c and test_jail_liar.c. */
#ifndef RB_TESTS_JAIL_WORLD_H
#define RB_TESTS_JAIL_WORLD_H

#include "check_main.h"

#include "lib/base/buf.h"
#include "lib/base/time.h"
#include "lib/jail/jail.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifndef TEST_PROGRAMS
#define TEST_PROGRAMS "" /* the folder, with its slash, by CMake */
#endif
#define WAIT_MS 120000 /* longer than any test may take */

/* What a job ended with. */
struct result {
	bool is_there;
	struct buf bytes;
	struct error problem;
	int64_t at_ms;
};

static struct loop *loop;
static struct jail *jail;
static size_t missing; /* results that are waited for */

__attribute__((unused)) static void take(
	void *arg, const char *bytes, size_t length, const struct error *problem)
{
	struct result *result = arg;

	ck_assert(!result->is_there);
	result->is_there = true;
	result->at_ms = time_mono_ms();
	if (problem != NULL)
		result->problem = *problem;
	else
		buf_add(&result->bytes, bytes, length);
	if (--missing == 0)
		loop_stop(loop);
}

__attribute__((unused)) static void give_up(void *arg)
{
	(void)arg;
	ck_abort_msg("no result within %d ms", WAIT_MS);
}

__attribute__((unused)) static void wait_for_results(void)
{
	struct loop_timer *timer = loop_timer_new(loop, give_up, NULL);

	loop_timer_start(timer, WAIT_MS, 0);
	if (missing > 0)
		loop_run(loop);
	loop_timer_free(timer);
}

__attribute__((unused)) static void open_jail(
	const char *program, size_t max_children, bool accept_no_jail)
{
	char path[512];
	const struct jail_options options = {.runner_path = path,
		.max_children = max_children,
		.first_pause_ms = 20,
		.accept_no_jail = accept_no_jail};
	struct error err = ERROR_INIT;

	snprintf(path, sizeof(path), "%s%s", TEST_PROGRAMS, program);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	ck_assert_msg(jail_open(loop, &options, &jail, &err) == 0, "%s", err.message);
}

/* The runner as it is built here: in a sanitizer tree it has no walls. */
__attribute__((unused)) static void open_probe(size_t max_children)
{
#ifdef TEST_HAS_JAIL
	open_jail("runner_probe", max_children, false);
#else
	open_jail("runner_probe", max_children, true);
#endif
}

__attribute__((unused)) static void close_jail(void)
{
	jail_close(jail);
	loop_close(loop);
}

__attribute__((unused)) static int give(
	struct result *result, const char *input, int64_t deadline_ms, struct error *err)
{
	const struct jail_job job = {.input = input,
		.length = strlen(input),
		.deadline_ms = deadline_ms,
		.done = take,
		.arg = result};
	int status;

	*result = (struct result){0};
	status = jail_run(jail, &job, err);
	if (status == 0)
		missing++;
	return status;
}

__attribute__((unused)) static void run(
	struct result *result, const char *input, int64_t deadline_ms)
{
	ck_assert_int_eq(give(result, input, deadline_ms, NULL), 0);
	wait_for_results();
}

__attribute__((unused)) static void run_twice(struct result *result, const char *input)
{
	const struct jail_job job = {
		.input = input, .length = strlen(input), .done = take, .arg = result};

	*result = (struct result){0};
	ck_assert_int_eq(jail_run_twice(jail, &job, NULL), 0);
	missing++;
	wait_for_results();
}

__attribute__((unused)) static void check_bytes(struct result *result, const char *expected)
{
	ck_assert_msg(result->problem.code == 0, "%s", result->problem.message);
	ck_assert_str_eq(buf_text(&result->bytes), expected);
	buf_done(&result->bytes);
}

__attribute__((unused)) static void check_problem(
	struct result *result, int code, const char *words)
{
	ck_assert_int_eq(result->problem.code, code);
	ck_assert_msg(
		strstr(result->problem.message, words) != NULL, "%s", result->problem.message);
}

#endif
