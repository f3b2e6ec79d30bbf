#include "lib/client/client.h"

#include "check_main.h"
#include "client_peer.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	struct loop *loop;
	struct client *client;
	int expected, ended, code;
	char body[4096], message[1024];
} world;

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	world.expected = 1;
	ck_assert_int_eq(loop_open(&world.loop, NULL), 0);
	ck_assert_int_eq(client_open(world.loop, &world.client, NULL), 0);
}

static void end(void)
{
	client_close(world.client);
	loop_close(world.loop);
}

static void stop_loop(void *loop)
{
	loop_stop(loop);
}

static void on_done(void *arg, const struct client_response *response, const struct error *err)
{
	(void)arg;
	ck_assert((response == NULL) != (err == NULL));
	world.code = err ? err->code : 0;
	snprintf(world.message, sizeof(world.message), "%s", err ? err->message : "");
	snprintf(world.body, sizeof(world.body), "%s", response ? response->body : "");
	if (++world.ended == world.expected)
		loop_stop(world.loop);
}

static void converse(struct client_conversation conversation, const char *address)
{
	struct error err = ERROR_INIT;

	conversation.address = address;
	conversation.request = "show version\n";
	conversation.request_length = 13;
	world.ended = 0;
	ck_assert_msg(client_converse(world.client, &conversation, on_done, NULL, NULL, &err) == 0,
		"%s", err.message);
	ck_assert_int_eq(world.ended, 0);
	loop_run(world.loop);
	ck_assert_int_eq(world.ended, 1);
}

START_TEST(a_unix_socket_is_spoken_to)
{
	struct peer peer;

	begin();
	peer_open_unix(&peer, peer_answer_line, "2.6.12\n\n");
	converse((struct client_conversation){0}, peer.address);
	ck_assert_int_eq(world.code, 0);
	ck_assert_str_eq(world.body, "2.6.12\n\n");
	ck_assert_str_eq(peer.seen, "show version\n");
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(a_port_is_spoken_to_by_number_and_by_name)
{
	struct peer peer;
	char by_name[64];

	begin();
	peer_open(&peer, peer_answer_line, "yes\n");
	converse((struct client_conversation){0}, peer.address);
	ck_assert_str_eq(world.body, "yes\n");
	snprintf(by_name, sizeof(by_name), "tcp:localhost:%d", peer.port);
	converse((struct client_conversation){0}, by_name);
	ck_assert_str_eq(world.body, "yes\n");
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(nobody_there_means_nothing_was_sent)
{
	struct peer peer;
	char by_name[64];

	begin();
	peer_open(&peer, peer_answer_line, "x");
	peer_close(&peer);
	converse((struct client_conversation){0}, peer.address);
	ck_assert_int_eq(world.code, ERROR_UNREACHABLE);
	snprintf(by_name, sizeof(by_name), "tcp:localhost:%d", peer.port);
	converse((struct client_conversation){0}, by_name);
	ck_assert_int_eq(world.code, ERROR_UNREACHABLE);
	converse((struct client_conversation){0}, "unix:/nonexistent/x.sock");
	ck_assert_int_eq(world.code, ERROR_UNREACHABLE);
	converse((struct client_conversation){0}, "tcp:no-such-host.invalid:80");
	ck_assert_int_eq(world.code, ERROR_UNREACHABLE);
	end();
}
END_TEST

START_TEST(the_peer_must_lie_in_the_networks)
{
	static const char *const elsewhere[] = {"10.0.0.0/8", NULL};
	struct peer peer;
	char by_name[64];

	begin();
	peer_open(&peer, peer_answer_line, "x");
	snprintf(by_name, sizeof(by_name), "tcp:localhost:%d", peer.port);
	converse((struct client_conversation){.networks = elsewhere}, peer.address);
	ck_assert_int_eq(world.code, ERROR_FORBIDDEN);
	converse((struct client_conversation){.networks = elsewhere}, by_name);
	ck_assert_int_eq(world.code, ERROR_FORBIDDEN);
	ck_assert_int_eq(atomic_load(&peer.connections), 0);
	end();
	peer_close(&peer);
}
END_TEST

static void close_after_reading(struct peer *peer, int fd)
{
	peer_read_line(peer, fd);
}

static void reset_after_half(struct peer *peer, int fd)
{
	struct linger linger = {1, 0};

	peer_read_line(peer, fd);
	send(fd, "half", 4, MSG_NOSIGNAL);
	usleep(20000);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

START_TEST(no_whole_answer_means_it_may_have_happened)
{
	struct peer silent, closing, resetting;

	begin();
	peer_open_unix(&silent, peer_answer_never, NULL);
	converse((struct client_conversation){.timeout_ms = 500}, silent.address);
	ck_assert_int_eq(world.code, ERROR_OUTCOME_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(world.message, "time-out"));
	peer_open_unix(&closing, close_after_reading, NULL);
	converse((struct client_conversation){0}, closing.address);
	ck_assert_int_eq(world.code, ERROR_OUTCOME_UNKNOWN);
	peer_open(&resetting, reset_after_half, NULL);
	converse((struct client_conversation){0}, resetting.address);
	ck_assert_int_eq(world.code, ERROR_OUTCOME_UNKNOWN);
	end();
	peer_close(&silent);
	peer_close(&closing);
	peer_close(&resetting);
}
END_TEST

static void answer_endless(struct peer *peer, int fd)
{
	peer_read_line(peer, fd);
	while (send(fd, "nonsense\n", 9, MSG_NOSIGNAL) > 0)
		continue;
}

START_TEST(a_large_answer_is_cut_off)
{
	struct peer peer;

	begin();
	peer_open(&peer, answer_endless, NULL);
	converse((struct client_conversation){.max_bytes = 100}, peer.address);
	ck_assert_int_eq(world.code, ERROR_TOO_LARGE);
	converse((struct client_conversation){0}, peer.address);
	ck_assert_int_eq(world.code, ERROR_TOO_LARGE);
	end();
	peer_close(&peer);
}
END_TEST

static void answer_slowly(struct peer *peer, int fd)
{
	peer_call_begins(peer);
	peer_read_line(peer, fd);
	usleep(10000);
	peer_call_ends(peer);
	send(fd, "ok\n", 3, MSG_NOSIGNAL);
}

START_TEST(many_conversations_wait_for_their_turn)
{
	struct client_conversation conversation = {.request = "x\n", .request_length = 2};
	struct peer peer;

	begin();
	peer_open_unix(&peer, answer_slowly, NULL);
	conversation.address = peer.address;
	world.expected = 200;
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(
			client_converse(world.client, &conversation, on_done, NULL, NULL, NULL), 0);
	loop_run(world.loop);
	ck_assert_int_eq(world.ended, 200);
	ck_assert_int_eq(world.code, 0);
	ck_assert_int_le(atomic_load(&peer.most_in_flight), CLIENT_IN_FLIGHT_MAX);
	end();
	peer_close(&peer);
}
END_TEST

static void must_not_come(
	void *arg, const struct client_response *response, const struct error *err)
{
	(void)arg;
	(void)response;
	(void)err;
	ck_abort_msg("a cancelled call had its callback");
}

static void count_drop(void *arg)
{
	++*(int *)arg;
}

START_TEST(cancelled_and_closed_conversations_are_dropped)
{
	struct client_conversation conversation = {
		.request = "x\n", .request_length = 2, .drop = count_drop};
	int dropped = 0;
	struct client_call *running = NULL, *resolving = NULL;
	struct loop_timer *timer;
	struct peer peer;

	begin();
	peer_open_unix(&peer, peer_answer_never, NULL);
	conversation.address = peer.address;
	ck_assert_int_eq(client_converse(world.client, &conversation, must_not_come, &dropped,
				 &running, NULL),
		0);
	ck_assert_int_eq(
		client_converse(world.client, &conversation, must_not_come, &dropped, NULL, NULL),
		0);
	timer = loop_timer_new(world.loop, stop_loop, world.loop);
	loop_timer_start(timer, 30, 0);
	loop_run(world.loop);
	client_cancel(running);
	ck_assert_int_eq(dropped, 1);
	conversation.address = "tcp:localhost:1";
	ck_assert_int_eq(client_converse(world.client, &conversation, must_not_come, &dropped,
				 &resolving, NULL),
		0);
	loop_timer_start(timer, 0, 0);
	loop_run(world.loop);
	end();
	ck_assert_int_eq(dropped, 3);
	peer_close(&peer);
}
END_TEST

START_TEST(a_url_is_no_address_of_a_conversation)
{
	struct client_conversation conversation = {
		.address = "http://h/", .request = "x", .request_length = 1};
	struct error err = ERROR_INIT;

	begin();
	ck_assert_int_eq(client_converse(world.client, &conversation, on_done, NULL, NULL, &err),
		ERROR_INVALID);
	ck_assert_str_eq(err.field, "address");
	end();
}
END_TEST

CHECK_MAIN("client line", &a_unix_socket_is_spoken_to, &a_port_is_spoken_to_by_number_and_by_name,
	&nobody_there_means_nothing_was_sent, &the_peer_must_lie_in_the_networks,
	&no_whole_answer_means_it_may_have_happened, &a_large_answer_is_cut_off,
	&many_conversations_wait_for_their_turn, &cancelled_and_closed_conversations_are_dropped,
	&a_url_is_no_address_of_a_conversation)
