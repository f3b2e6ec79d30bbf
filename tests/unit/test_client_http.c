#include "lib/base/time.h"
#include "lib/client/client.h"

#include "check_main.h"
#include "client_peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"v1\"\r\n\r\nhi"

/* What the last callbacks said. */
static struct {
	struct loop *loop;
	struct client *client;
	int expected, ended, failed;
	int code, status;
	char body[4096], etag[64], message[1024], place[192];
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
	if (err) {
		world.failed++;
		world.code = err->code;
		snprintf(world.message, sizeof(world.message), "%s", err->message);
		snprintf(world.place, sizeof(world.place), "%s", err->place);
	} else {
		const char *etag = client_response_header(response, "etag");

		world.code = 0;
		world.status = response->status;
		snprintf(world.body, sizeof(world.body), "%s", response->body);
		snprintf(world.etag, sizeof(world.etag), "%s", etag ? etag : "");
	}
	if (++world.ended == world.expected)
		loop_stop(world.loop);
}

static void send_one(struct client_request *request, const char *origin, const char *path)
{
	char url[256];
	struct error err = ERROR_INIT;
	int rc;

	snprintf(url, sizeof(url), "%s%s", origin, path);
	request->url = url;
	if (!request->method)
		request->method = "GET";
	rc = client_send(world.client, request, on_done, NULL, NULL, &err);
	ck_assert_msg(rc == 0, "%s", err.message);
}

static void fetch(struct client_request request, const char *origin, const char *path)
{
	world.ended = 0;
	send_one(&request, origin, path);
	ck_assert_int_eq(world.ended, 0);
	loop_run(world.loop);
	ck_assert_int_eq(world.ended, 1);
}

START_TEST(a_response_comes_with_status_body_and_headers)
{
	struct peer peer;

	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	fetch((struct client_request){0}, peer.origin, "/a/../b?q=1");
	ck_assert_int_eq(world.code, 0);
	ck_assert_int_eq(world.status, 200);
	ck_assert_str_eq(world.body, "hi");
	ck_assert_str_eq(world.etag, "\"v1\"");
	ck_assert_int_eq(strncmp(peer.seen, "GET /a/../b?q=1 HTTP/1.1\r\n", 26), 0);
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(a_body_goes_out_as_given)
{
	static const struct client_header headers[] = {
		{"Content-Type", "application/json"}, {"X-Empty", ""}};
	struct peer peer;

	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	fetch((struct client_request){.method = "PUT",
		      .body = "{}",
		      .body_length = 2,
		      .headers = headers,
		      .header_count = 2,
		      .idempotency_key = "01X/2/0"},
		peer.origin, "/");
	ck_assert_int_eq(strncmp(peer.seen, "PUT / HTTP/1.1\r\n", 16), 0);
	ck_assert_ptr_nonnull(strstr(peer.seen, "Content-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(peer.seen, "X-Empty:"));
	ck_assert_ptr_nonnull(strstr(peer.seen, "Content-Length: 2\r\n"));
	ck_assert_ptr_nonnull(strstr(peer.seen, "Idempotency-Key: 01X/2/0\r\n"));
	ck_assert_ptr_nonnull(strstr(peer.seen, "\r\n\r\n{}"));
	ck_assert_ptr_null(strcasestr(peer.seen, "expect:"));
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(a_post_without_body_says_so)
{
	struct peer peer;

	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	fetch((struct client_request){.method = "POST"}, peer.origin, "/");
	ck_assert_ptr_nonnull(strstr(peer.seen, "Content-Length: 0\r\n"));
	ck_assert_ptr_null(strcasestr(peer.seen, "content-type:"));
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(errors_of_http_are_responses_and_redirects_are_not_followed)
{
	struct peer peer, failing;

	begin();
	peer_open(&peer, peer_answer_http,
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
	fetch((struct client_request){0}, peer.origin, "/");
	ck_assert_int_eq(world.status, 302);
	ck_assert_int_eq(atomic_load(&peer.connections), 1);
	peer_open(&failing, peer_answer_http, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
	fetch((struct client_request){0}, failing.origin, "/");
	ck_assert_int_eq(world.status, 503);
	end();
	peer_close(&failing);
	peer_close(&peer);
}
END_TEST

START_TEST(proxies_of_the_environment_are_ignored)
{
	struct peer peer;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	fetch((struct client_request){0}, peer.origin, "/");
	ck_assert_int_eq(world.code, 0);
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(nobody_there_means_nothing_was_sent)
{
	struct peer peer;

	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	peer_close(&peer);
	fetch((struct client_request){0}, peer.origin, "/");
	ck_assert_int_eq(world.code, ERROR_UNREACHABLE);
	ck_assert_str_eq(world.place, peer.origin);
	fetch((struct client_request){0}, "http://no-such-host.invalid", "/");
	ck_assert_int_eq(world.code, ERROR_UNREACHABLE);
	end();
}
END_TEST

static void close_after_reading(struct peer *peer, int fd)
{
	peer_read_http(peer, fd);
}

START_TEST(no_whole_answer_means_it_may_have_happened)
{
	struct peer silent, cut, closing, nonsense;

	begin();
	peer_open(&silent, peer_answer_never, NULL);
	fetch((struct client_request){.method = "POST", .timeout_ms = 500}, silent.origin, "/");
	ck_assert_int_eq(world.code, ERROR_OUTCOME_UNKNOWN);
	peer_open(&closing, close_after_reading, NULL);
	fetch((struct client_request){.method = "POST"}, closing.origin, "/");
	ck_assert_int_eq(world.code, ERROR_OUTCOME_UNKNOWN);
	peer_open(&cut, peer_answer_http, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhi");
	fetch((struct client_request){0}, cut.origin, "/");
	ck_assert_int_eq(world.code, ERROR_OUTCOME_UNKNOWN);
	peer_open(&nonsense, peer_answer_http, "220 smtp.example ESMTP\r\n");
	fetch((struct client_request){0}, nonsense.origin, "/");
	ck_assert_int_eq(world.code, ERROR_OUTCOME_UNKNOWN);
	end();
	peer_close(&silent);
	peer_close(&cut);
	peer_close(&closing);
	peer_close(&nonsense);
}
END_TEST

static void send_endless(int fd, const char *head, const char *more)
{
	ssize_t sent = send(fd, head, strlen(head), MSG_NOSIGNAL);

	while (sent > 0)
		sent = send(fd, more, strlen(more), MSG_NOSIGNAL);
}

static void answer_endless_body(struct peer *peer, int fd)
{
	peer_read_http(peer, fd);
	send_endless(fd, "HTTP/1.1 200 OK\r\n\r\n", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void answer_endless_headers(struct peer *peer, int fd)
{
	peer_read_http(peer, fd);
	send_endless(fd, "HTTP/1.1 200 OK\r\n",
		"X-Long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
}

START_TEST(a_large_answer_is_cut_off)
{
	struct peer body, headers, announced;

	begin();
	peer_open(&body, answer_endless_body, NULL);
	fetch((struct client_request){.max_bytes = 1000}, body.origin, "/");
	ck_assert_int_eq(world.code, ERROR_TOO_LARGE);
	fetch((struct client_request){0}, body.origin, "/");
	ck_assert_int_eq(world.code, ERROR_TOO_LARGE);
	peer_open(&headers, answer_endless_headers, NULL);
	fetch((struct client_request){0}, headers.origin, "/");
	ck_assert_int_eq(world.code, ERROR_TOO_LARGE);
	peer_open(&announced, peer_answer_http, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
	fetch((struct client_request){.max_bytes = 2}, announced.origin, "/");
	ck_assert_int_eq(world.code, ERROR_TOO_LARGE);
	fetch((struct client_request){.max_bytes = 3}, announced.origin, "/");
	ck_assert_int_eq(world.code, 0);
	end();
	peer_close(&body);
	peer_close(&headers);
	peer_close(&announced);
}
END_TEST

START_TEST(requests_that_break_the_rules_are_refused_at_once)
{
	static const struct client_header bad_headers[] = {{"Host", "x"}, {"content-length", "5"},
		{"Authorization", "x"}, {"Cookie", "x"}, {"X-Forwarded-For", "x"},
		{"x-remote-user", "x"}, {"Idempotency-Key", "x"}, {"Proxy-Authorization", "x"},
		{"Connection", "close"}, {"Transfer-Encoding", "chunked"}, {"Bad Name", "x"},
		{"", "x"}, {"X-A", "a\r\nB: c"}, {"X-A", "a\nb"}, {"X:A", "x"}, {"X-A", NULL},
		{NULL, "x"}};
	static const char *const bad_methods[] = {
		"get", "TRACE", "CONNECT", "OPTIONS", "GET /", ""};
	static const char *const bad_urls[] = {
		"ftp://h/", "http://u@h/", "file:///etc/passwd", "unix:/x"};
	struct client_request request = {.method = "GET", .url = "http://127.0.0.1:1/"};
	struct error err = ERROR_INIT;

	begin();
	for (size_t i = 0; i < sizeof(bad_headers) / sizeof(bad_headers[0]); i++) {
		request.headers = &bad_headers[i];
		request.header_count = 1;
		ck_assert_msg(client_send(world.client, &request, on_done, NULL, NULL, &err) ==
				      ERROR_INVALID,
			"%s", bad_headers[i].name);
	}
	request.header_count = 0;
	for (size_t i = 0; i < sizeof(bad_methods) / sizeof(bad_methods[0]); i++) {
		request.method = bad_methods[i];
		ck_assert_int_eq(client_send(world.client, &request, on_done, NULL, NULL, &err),
			ERROR_INVALID);
	}
	request.method = "GET";
	for (size_t i = 0; i < sizeof(bad_urls) / sizeof(bad_urls[0]); i++) {
		request.url = bad_urls[i];
		ck_assert_int_eq(client_send(world.client, &request, on_done, NULL, NULL, &err),
			ERROR_INVALID);
	}
	request.url = "http://127.0.0.1:1/";
	request.login = CLIENT_LOGIN_BEARER;
	ck_assert_int_eq(
		client_send(world.client, &request, on_done, NULL, NULL, &err), ERROR_INVALID);
	request.credential = "hunter2";
	ck_assert_int_eq(
		client_send(world.client, &request, on_done, NULL, NULL, &err), ERROR_INVALID);
	end();
}
END_TEST

static void write_secret(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

START_TEST(credentials_are_sent_to_the_peer_only)
{
	char directory[] = "/tmp/test-client-XXXXXX", path[64], reference[80];
	struct peer peer;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/secret", directory);
	snprintf(reference, sizeof(reference), "file:%s", path);
	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	write_secret(path, "s3cret-token\n");
	fetch((struct client_request){.login = CLIENT_LOGIN_BEARER, .credential = reference},
		peer.origin, "/");
	ck_assert_ptr_nonnull(strstr(peer.seen, "Authorization: Bearer s3cret-token\r\n"));
	fetch((struct client_request){0}, peer.origin, "/");
	ck_assert_msg(world.code == 0, "%s", world.message);
	ck_assert_ptr_null(strstr(peer.seen, "Authorization"));
	write_secret(path, "user:pass\n");
	fetch((struct client_request){.login = CLIENT_LOGIN_BASIC, .credential = reference},
		peer.origin, "/");
	ck_assert_ptr_nonnull(strstr(peer.seen, "Authorization: Basic dXNlcjpwYXNz\r\n"));
	fetch((struct client_request){.login = CLIENT_LOGIN_BY_FORM, .credential = reference},
		peer.origin, "/");
	ck_assert_ptr_nonnull(strstr(peer.seen, "Authorization: Basic dXNlcjpwYXNz\r\n"));
	write_secret(path, "token\n");
	fetch((struct client_request){.login = CLIENT_LOGIN_BY_FORM, .credential = reference},
		peer.origin, "/");
	ck_assert_ptr_nonnull(strstr(peer.seen, "Authorization: Bearer token\r\n"));
	write_secret(path, "two words\n");
	fetch((struct client_request){.login = CLIENT_LOGIN_BEARER, .credential = reference},
		peer.origin, "/");
	ck_assert_int_eq(world.code, ERROR_INVALID);
	ck_assert_ptr_null(strstr(world.message, "words\n"));
	fetch((struct client_request){.login = CLIENT_LOGIN_BASIC, .credential = reference},
		peer.origin, "/");
	ck_assert_int_eq(world.code, ERROR_INVALID);
	unlink(path);
	fetch((struct client_request){.login = CLIENT_LOGIN_BASIC, .credential = reference},
		peer.origin, "/");
	ck_assert_int_eq(world.code, ERROR_IO);
	rmdir(directory);
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(the_peer_must_lie_in_the_networks)
{
	static const char *const elsewhere[] = {"10.0.0.0/8", NULL};
	static const char *const here[] = {"127.0.0.0/8", "::1", NULL};
	struct peer peer;
	char by_name[64];

	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	fetch((struct client_request){.networks = elsewhere}, peer.origin, "/");
	ck_assert_int_eq(world.code, ERROR_FORBIDDEN);
	ck_assert_ptr_nonnull(strstr(world.message, "127.0.0.1"));
	snprintf(by_name, sizeof(by_name), "http://localhost:%d", peer.port);
	fetch((struct client_request){.networks = elsewhere}, by_name, "/");
	ck_assert_int_eq(world.code, ERROR_FORBIDDEN);
	ck_assert_int_eq(atomic_load(&peer.connections), 0);
	fetch((struct client_request){.networks = here}, by_name, "/");
	ck_assert_int_eq(world.code, 0);
	end();
	peer_close(&peer);
}
END_TEST

START_TEST(a_kept_connection_is_used_again_but_not_across_networks)
{
	static const char *const elsewhere[] = {"10.0.0.0/8", NULL};
	struct peer peer;

	begin();
	peer_open(&peer, peer_answer_kept, OK_REPLY);
	fetch((struct client_request){0}, peer.origin, "/1");
	fetch((struct client_request){0}, peer.origin, "/2");
	ck_assert_int_eq(atomic_load(&peer.connections), 1);
	fetch((struct client_request){.networks = elsewhere}, peer.origin, "/3");
	ck_assert_int_eq(world.code, ERROR_FORBIDDEN);
	ck_assert_ptr_null(strstr(peer.seen, "/3"));
	fetch((struct client_request){.is_lone_origin = true}, peer.origin, "/4");
	ck_assert_int_eq(world.code, 0);
	end();
	peer_close(&peer);
}
END_TEST

static void answer_slowly(struct peer *peer, int fd)
{
	peer_call_begins(peer);
	peer_read_http(peer, fd);
	usleep(20000);
	peer_call_ends(peer);
	send(fd, OK_REPLY, strlen(OK_REPLY), MSG_NOSIGNAL);
}

START_TEST(at_most_fifty_are_in_flight_and_all_end)
{
	struct peer peer;

	begin();
	peer_open(&peer, answer_slowly, NULL);
	world.expected = 300;
	for (int i = 0; i < 300; i++) {
		struct client_request request = {.is_lone_origin = true};

		send_one(&request, peer.origin, "/");
	}
	loop_run(world.loop);
	ck_assert_int_eq(world.ended, 300);
	ck_assert_int_eq(world.failed, 0);
	ck_assert_int_le(atomic_load(&peer.most_in_flight), CLIENT_IN_FLIGHT_MAX);
	ck_assert_int_gt(atomic_load(&peer.most_in_flight), CLIENT_IN_FLIGHT_MAX / 2);
	end();
	peer_close(&peer);
}
END_TEST

static struct client_call *victims[4];

static void cancel_others(
	void *arg, const struct client_response *response, const struct error *err)
{
	for (size_t i = 0; i < 4; i++)
		client_cancel(victims[i]);
	on_done(arg, response, err);
}

static void must_not_come(
	void *arg, const struct client_response *response, const struct error *err)
{
	(void)arg;
	(void)response;
	(void)err;
	ck_abort_msg("a cancelled call had its callback");
}

START_TEST(a_cancelled_call_says_nothing)
{
	struct peer peer, silent;
	char url[128], silent_url[128];
	struct client_request request = {.method = "GET", .url = url},
			      slow = {.method = "GET", .url = silent_url};
	struct client_call *waiting = NULL;
	struct loop_timer *timer;

	begin();
	peer_open(&peer, peer_answer_http, OK_REPLY);
	peer_open(&silent, peer_answer_never, NULL);
	snprintf(url, sizeof(url), "%s/", peer.origin);
	snprintf(silent_url, sizeof(silent_url), "%s/", silent.origin);
	ck_assert_int_eq(
		client_send(world.client, &request, must_not_come, NULL, &waiting, NULL), 0);
	client_cancel(waiting);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(
			client_send(world.client, &slow, must_not_come, NULL, &victims[i], NULL),
			0);
	ck_assert_int_eq(client_send(world.client, &request, cancel_others, NULL, NULL, NULL), 0);
	loop_run(world.loop);
	timer = loop_timer_new(world.loop, stop_loop, world.loop);
	loop_timer_start(timer, 50, 0);
	loop_run(world.loop);
	ck_assert_int_eq(world.ended, 1);
	loop_timer_free(timer);
	end();
	peer_close(&peer);
	peer_close(&silent);
}
END_TEST

START_TEST(closing_drops_what_runs_and_waits)
{
	struct peer silent;
	char url[128];
	struct client_request request = {.method = "GET", .url = url};
	struct loop_timer *timer;

	begin();
	peer_open(&silent, peer_answer_never, NULL);
	snprintf(url, sizeof(url), "%s/", silent.origin);
	for (int i = 0; i < CLIENT_IN_FLIGHT_MAX + 10; i++)
		ck_assert_int_eq(
			client_send(world.client, &request, must_not_come, NULL, NULL, NULL), 0);
	timer = loop_timer_new(world.loop, stop_loop, world.loop);
	loop_timer_start(timer, 50, 0);
	loop_run(world.loop);
	end();
	peer_close(&silent);
}
END_TEST

START_TEST(an_idle_client_lets_the_loop_sleep)
{
	struct loop_timer *timer;
	struct peer peer;
	int64_t cpu_ms;

	begin();
	peer_open(&peer, peer_answer_kept, OK_REPLY);
	fetch((struct client_request){0}, peer.origin, "/");
	timer = loop_timer_new(world.loop, stop_loop, world.loop);
	loop_timer_start(timer, 300, 0);
	cpu_ms = (int64_t)(clock() * 1000 / CLOCKS_PER_SEC);
	loop_run(world.loop);
	ck_assert_int_lt((int64_t)(clock() * 1000 / CLOCKS_PER_SEC) - cpu_ms, 50);
	loop_timer_free(timer);
	end();
	peer_close(&peer);
}
END_TEST

CHECK_MAIN("client http", &a_response_comes_with_status_body_and_headers, &a_body_goes_out_as_given,
	&a_post_without_body_says_so, &errors_of_http_are_responses_and_redirects_are_not_followed,
	&proxies_of_the_environment_are_ignored, &nobody_there_means_nothing_was_sent,
	&no_whole_answer_means_it_may_have_happened, &a_large_answer_is_cut_off,
	&requests_that_break_the_rules_are_refused_at_once, &credentials_are_sent_to_the_peer_only,
	&the_peer_must_lie_in_the_networks,
	&a_kept_connection_is_used_again_but_not_across_networks,
	&at_most_fifty_are_in_flight_and_all_end, &a_cancelled_call_says_nothing,
	&closing_drops_what_runs_and_waits, &an_idle_client_lets_the_loop_sleep)
