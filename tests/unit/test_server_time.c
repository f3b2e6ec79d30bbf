/* Streams, deadlines, and the end of the server. */
#include "tests/unit/check_main.h"
#include "tests/unit/server_world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct world world;

static int count(const char *text, const char *part)
{
	int found = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		found++;
	return found;
}

static void send_and_close(void *arg)
{
	(void)arg;
	if (!world.stream)
		return;
	stream_send(world.stream, "data: world\n\n", 13);
	stream_close(world.stream);
}

START_TEST(a_stream_gives_events_as_they_come_and_ends)
{
	struct loop_timer *timer;
	struct talk talk;

	world_open(&world, NULL);
	timer = loop_timer_new(world.loop, send_and_close, NULL);
	loop_timer_start(timer, 100, 20);
	talk = world_talk(&world, world_request("GET /api/stream", "", NULL));
	loop_timer_free(timer);
	ck_assert_int_eq(talk.status, 200);
	ck_assert_ptr_nonnull(strstr(talk.received, "Content-Type: text/event-stream\r\n"));
	ck_assert_ptr_nonnull(strstr(talk.received, "data: hello\n\n"));
	ck_assert_ptr_nonnull(strstr(talk.received, "data: world\n\n"));
	ck_assert_int_eq(world.opened, 1);
	ck_assert_int_eq(world.closed, 1);
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(the_heartbeat_finds_a_client_that_left)
{
	struct server_options limits = {.heartbeat_ms = 20};
	struct talk talk = {.leaves = true};

	world_open(&world, &limits);
	talk.send = world_request("GET /api/stream", "", NULL);
	world_talk_all(&world, &talk, 1);
	for (int i = 0; i < 1000 && !world.closed; i++)
		world_turn(&world, 20);
	ck_assert_int_eq(world.opened, 1);
	ck_assert_int_eq(world.closed, 1);
	free(talk.received);
	world_close(&world);
}
END_TEST

static void flood(void *arg)
{
	static char event[65536];

	(void)arg;
	memset(event, 'e', sizeof(event));
	for (int i = 0; i < 200 && world.stream; i++)
		stream_send(world.stream, event, sizeof(event));
}

START_TEST(a_stream_that_lags_is_dropped)
{
	struct server_options limits = {.lag_bytes = 100000};
	struct talk talk = {.read_after_ms = 300};
	struct loop_timer *timer;

	world_open(&world, &limits);
	talk.send = world_request("GET /api/stream", "", NULL);
	timer = loop_timer_new(world.loop, flood, NULL);
	loop_timer_start(timer, 100, 20);
	world_talk_all(&world, &talk, 1);
	loop_timer_free(timer);
	ck_assert_int_eq(world.closed, 1);
	ck_assert_uint_lt(talk.received_length, 200 * 65536);
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(streams_have_a_number)
{
	struct server_options limits = {.stream_limit = 1, .request_deadline_ms = 300};
	struct talk talks[2] = {{0}};
	struct loop_timer *timer;

	world_open(&world, &limits);
	for (int i = 0; i < 2; i++)
		talks[i].send = world_request("GET /api/stream", "", NULL);
	timer = loop_timer_new(world.loop, send_and_close, NULL);
	loop_timer_start(timer, 200, 0);
	world_talk_all(&world, talks, 2);
	loop_timer_free(timer);
	ck_assert_int_eq(talks[0].status + talks[1].status, 200 + 429);
	free(talks[0].received);
	free(talks[1].received);
	world_close(&world);
}
END_TEST

START_TEST(a_dripping_request_ends_at_its_deadline)
{
	struct server_options limits = {.request_deadline_ms = 200};
	struct talk talk = {.drip_ms = 10};

	world_open(&world, &limits);
	talk.send = world_request(
		"POST /api/things", "Authorization: Bearer good\r\n", "{\"name\":\"slow\"}");
	world_talk_all(&world, &talk, 1);
	ck_assert_int_eq(talk.status, 0);
	ck_assert_int_ge(talk.took_ms, 200);
	ck_assert_int_le(talk.took_ms, 9000);
	ck_assert_int_eq(world.asks, 0);
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_silent_connection_ends_at_the_idle_time)
{
	struct server_options limits = {.idle_timeout_s = 1};
	struct talk talk = {.send = "GET /api"};

	world_open(&world, &limits);
	world_talk_all(&world, &talk, 1);
	ck_assert_int_le(talk.took_ms, 9000);
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_reader_that_does_not_read_ends_at_the_deadline)
{
	struct server_options limits = {.request_deadline_ms = 100, .held_deadline_ms = 150};
	struct talk talk = {.read_after_ms = 400};

	world_open(&world, &limits);
	talk.send = world_request("GET /api/large?bytes=30000000", "", NULL);
	world_talk_all(&world, &talk, 1);
	ck_assert_uint_lt(talk.received_length, 30000000);
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_held_request_is_answered_later)
{
	struct server_options limits = {.request_deadline_ms = 50};
	struct talk talk;

	world_open(&world, &limits);
	talk = world_talk(&world, world_request("GET /api/held?ms=200", "", NULL));
	ck_assert_int_eq(talk.status, 200);
	ck_assert_ptr_nonnull(strstr(talk.received, "\"held\":true"));
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_holder_that_is_late_finds_nobody)
{
	struct server_options limits = {.held_deadline_ms = 50};
	struct talk talk;

	world_open(&world, &limits);
	talk = world_talk(&world, world_request("GET /api/held?ms=200", "", NULL));
	ck_assert_int_eq(talk.status, 503);
	ck_assert_ptr_nonnull(strstr(talk.received, "\"code\":\"timeout\""));
	free(talk.received);
	world_turn(&world, 300);
	ck_assert_int_eq(world.late_answers, 1);
	world_close(&world);
}
END_TEST

START_TEST(many_connections_wait_for_a_free_slot)
{
	struct talk talks[40] = {{0}};

	world_open(&world, NULL);
	for (int i = 0; i < 40; i++)
		talks[i].send = "GET /api/held?ms=5 HTTP/1.1\r\nHost: localhost\r\nConnection: "
				"close\r\n\r\n";
	world_talk_all(&world, talks, 40);
	for (int i = 0; i < 40; i++) {
		ck_assert_msg(talks[i].status == 200, "%d: %s", i, talks[i].received);
		free(talks[i].received);
	}
	world_close(&world);
}
END_TEST

/* --- the end --- */

static void stop_when_it_runs(void *arg)
{
	(void)arg;
	if (world.opened || world.held)
		loop_stop(world.loop);
}

static pid_t fork_client(const char *line)
{
	pid_t pid = fork();
	char command[512];

	if (pid)
		return pid;
	snprintf(command, sizeof(command),
		"curl -s -m 9 --unix-socket %s http://x%s > %s/out; echo $? > %s/rc",
		world.socket_path, line, world.directory, world.directory);
	_exit(system(command));
}

static void read_result(const char *name, char *text, size_t size)
{
	char path[128];
	FILE *file;
	size_t length = 0;

	snprintf(path, sizeof(path), "%s/%s", world.directory, name);
	file = fopen(path, "r");
	if (file) {
		length = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[length] = 0;
}

/* The client is a process of its own, because the loop is turned by server_close. */
static void stop_under(const char *line, char *ret_out, size_t size)
{
	struct loop_timer *timer = loop_timer_new(world.loop, stop_when_it_runs, NULL);
	char rc[16];

	fork_client(line);
	loop_timer_start(timer, 5, 5);
	loop_run(world.loop);
	loop_timer_free(timer);
	server_close(world.server);
	world.server = NULL;
	for (int i = 0; i < 15000; i++) {
		usleep(2000);
		read_result("rc", rc, sizeof(rc));
		if (*rc)
			break;
	}
	ck_assert_str_eq(rc, "0\n");
	read_result("out", ret_out, size);
}

START_TEST(a_stream_sees_a_proper_end_at_the_stop)
{
	char out[256];

	world_open(&world, NULL);
	stop_under("/api/stream", out, sizeof(out));
	ck_assert_int_eq(count(out, "data: hello"), 1);
	ck_assert_int_eq(world.closed, 1);
	world_close(&world);
}
END_TEST

START_TEST(a_running_request_is_answered_at_the_stop)
{
	char out[256];

	world_open(&world, NULL);
	stop_under("/api/held?ms=300", out, sizeof(out));
	ck_assert_int_eq(count(out, "\"held\":true"), 1);
	world_close(&world);
}
END_TEST

START_TEST(a_holder_that_never_answers_does_not_hold_up_the_stop)
{
	struct server_options limits = {.grace_ms = 200};
	char out[512];

	world_open(&world, &limits);
	stop_under("/api/held?ms=600", out, sizeof(out));
	ck_assert_int_eq(count(out, "\"code\":\"unreachable\""), 1);
	world_turn(&world, 600);
	ck_assert_int_eq(world.late_answers, 1);
	world_close(&world);
}
END_TEST

CHECK_MAIN("server_time", &a_stream_gives_events_as_they_come_and_ends,
	&the_heartbeat_finds_a_client_that_left, &a_stream_that_lags_is_dropped,
	&streams_have_a_number, &a_dripping_request_ends_at_its_deadline,
	&a_silent_connection_ends_at_the_idle_time,
	&a_reader_that_does_not_read_ends_at_the_deadline, &a_held_request_is_answered_later,
	&a_holder_that_is_late_finds_nobody, &many_connections_wait_for_a_free_slot,
	&a_stream_sees_a_proper_end_at_the_stop, &a_running_request_is_answered_at_the_stop,
	&a_holder_that_never_answers_does_not_hold_up_the_stop)
