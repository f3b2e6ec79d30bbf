/* The client of the command line against a server of ours. */
#include "lib/cli/cli_rooms.h"
#include "tests/unit/check_main.h"
#include "tests/unit/server_world.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct world world;
static char text[8192];

/* --- verbs that call --- */

static int get(struct cli *cli, struct error *err)
{
	json_t *answer = NULL;
	int rc = cli_get(cli, cli_arg(cli, 0), &answer, err);

	if (rc >= 0)
		cli_print_json(cli, answer);
	return rc;
}

static int post(struct cli *cli, struct error *err)
{
	json_t *body = json_pack("{s:s}", "name", cli_arg(cli, 0)), *answer = NULL;
	int rc = cli_post(cli, "/api/things", body, &answer, err);

	json_decref(body);
	if (rc >= 0)
		fprintf(cli_out(cli), "%s %s", cli_member(cli, answer, "name"), cli_etag(cli));
	return rc;
}

static int put(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "PUT",
		.path = cli_path(cli, "/api/things/%s", cli_arg(cli, 0)),
		.if_match = cli_arg(cli, 1)};
	json_t *answer = NULL;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc >= 0)
		fprintf(cli_out(cli), "%s %s", answer ? "body" : "none", cli_etag(cli));
	return rc;
}

static bool print_line(void *arg, const char *line)
{
	fprintf(arg, "<%s>", line);
	return strcmp(line, "data: world") != 0;
}

static int follow(struct cli *cli, struct error *err)
{
	return cli_stream(cli, cli_arg(cli, 0), print_line, cli_out(cli), err);
}

static const struct cli_verb verbs[] = {
	{.verb = "get", .args = "PATH", .min_args = 1, .max_args = 1, .run = get},
	{.verb = "post", .args = "NAME", .min_args = 1, .max_args = 1, .run = post},
	{.verb = "put", .args = "NAME VERSION", .min_args = 2, .max_args = 2, .run = put},
	{.verb = "follow", .args = "PATH", .min_args = 1, .max_args = 1, .run = follow},
};
static const struct cli_verbs groups[] = {{verbs, 4}};
static const struct cli_program program = {
	.name = "button", .summary = "a program", .groups = groups, .group_count = 1};

/* --- the program runs in a thread, the server in this one --- */

struct call {
	char *argv[16];
	int argc, rc;
	char *out, *errors;
	size_t out_size, errors_size;
	atomic_bool is_done;
};

static void *run_call(void *arg)
{
	struct call *call = arg;
	FILE *out = open_memstream(&call->out, &call->out_size);
	FILE *errors = open_memstream(&call->errors, &call->errors_size);

	call->rc = cli_run(&program, call->argc, call->argv, out, errors, false);
	fclose(out);
	fclose(errors);
	call->is_done = true;
	return NULL;
}

static void check_done(void *arg)
{
	struct call *call = arg;

	if (call->is_done)
		loop_stop(world.loop);
}

static struct call run(const char *line)
{
	struct call call = {0};
	struct loop_timer *timer = loop_timer_new(world.loop, check_done, &call);
	char *rest = text, *word;
	pthread_t thread;

	snprintf(text, sizeof(text), "button --socket %s %s", world.socket_path, line);
	while ((word = strsep(&rest, " ")))
		call.argv[call.argc++] = word;
	pthread_create(&thread, NULL, run_call, &call);
	loop_timer_start(timer, 1, 1);
	loop_run(world.loop);
	loop_timer_free(timer);
	pthread_join(thread, NULL);
	return call;
}

static void expect(const char *line, int rc, const char *out, const char *errors)
{
	struct call call = run(line);

	ck_assert_msg(call.rc == rc, "%s: %d, not %d: %s", line, call.rc, rc, call.errors);
	ck_assert_msg(strstr(call.out, out) != NULL, "%s: no <%s> in %s", line, out, call.out);
	ck_assert_msg(strstr(call.errors, errors) != NULL, "%s: no <%s> in %s", line, errors,
		call.errors);
	free(call.out);
	free(call.errors);
}

START_TEST(an_answer_is_json)
{
	world_open(&world, NULL);
	expect("get /api/things/cup?limit=3", 0, "\"limit\": 3", "");
	expect("get /api/large?bytes=3", 0, "\"xxx\"", "");
	world_close(&world);
}
END_TEST

START_TEST(a_problem_becomes_its_error)
{
	world_open(&world, NULL);
	expect("get /api/thing", 6, "", "remedy: did you mean /api/things?");
	expect("get /api/things/cup?limit=x", 2, "", "limit");
	expect("get /api/admin", 4, "", "the role admin is needed");
	expect("get /api/forgetful --json", 70, "", "\"code\":\"internal\"");
	world_close(&world);
}
END_TEST

START_TEST(a_write_gives_its_version_and_takes_one)
{
	world_open(&world, NULL);
	expect("post cup", 0, "cup v1", "");
	expect("put cup v1", 0, "none v2", "");
	expect("put cup v1", 7, "", "somebody changed it");
	expect("post cup", 5, "", "button: ");
	world_close(&world);
}
END_TEST

START_TEST(a_token_is_sent_over_tcp)
{
	char line[200], path[128];
	FILE *file;

	world_open(&world, NULL);
	snprintf(path, sizeof(path), "%.60s/token", world.directory);
	file = fopen(path, "w");
	fputs("good\n", file);
	fclose(file);
	snprintf(line, sizeof(line), "get /api/who --url http://127.0.0.1:%d --token-file %s",
		world.port, path);
	expect(line, 0, "\"who\": \"good\"", "");
	snprintf(line, sizeof(line), "get /api/who --url http://127.0.0.1:%d", world.port);
	expect(line, 3, "", "nobody is known");
	setenv("RB_TOKEN", "good", 1);
	expect(line, 0, "\"who\": \"good\"", "");
	expect("get /x --url http://192.0.2.1:1", 2, "", "in clear");
	expect("get /x --url ftp://127.0.0.1", 2, "", "https://");
	expect("get /x --token-file /nowhere", 2, "", "/nowhere");
	world_close(&world);
}
END_TEST

START_TEST(a_daemon_that_is_away_is_named_with_the_remedy)
{
	world_open(&world, NULL);
	expect("get /x --url http://127.0.0.1:1", 69, "", "cannot be reached");
	strcat(world.socket_path, "x");
	expect("get /x", 69, "", "the daemon is not running: nobody answers on the socket /");
	expect("get /x", 69, "", "remedy: start redbuttond");
	world_close(&world);
}
END_TEST

START_TEST(an_answer_that_does_not_come_ends_in_time)
{
	world_open(&world, NULL);
	expect("get /api/held?ms=1000 --timeout 100ms", 75, "", "did not answer in time");
	expect("get /x --timeout soon", 2, "", "timeout");
	world_turn(&world, 1050);
	world_close(&world);
}
END_TEST

static void tell_world(void *arg)
{
	(void)arg;
	if (world.stream)
		stream_send(world.stream, "data: world\n\n", 13);
}

START_TEST(lines_come_as_they_are_sent)
{
	struct loop_timer *timer;

	world_open(&world, NULL);
	timer = loop_timer_new(world.loop, tell_world, NULL);
	loop_timer_start(timer, 100, 50);
	expect("follow /api/stream", 0, "<data: hello><><data: world>", "");
	loop_timer_free(timer);
	expect("follow /api/thing", 6, "", "did you mean");
	world_close(&world);
}
END_TEST

CHECK_MAIN("cli_client", &an_answer_is_json, &a_problem_becomes_its_error,
	&a_write_gives_its_version_and_takes_one, &a_token_is_sent_over_tcp,
	&a_daemon_that_is_away_is_named_with_the_remedy, &an_answer_that_does_not_come_ends_in_time,
	&lines_come_as_they_are_sent)
