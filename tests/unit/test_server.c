#include "lib/base/time.h"
#include "tests/unit/check_main.h"
#include "tests/unit/server_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct world world;

static struct talk ask(const char *line, const char *headers, const char *body)
{
	return world_talk(&world, world_request(line, headers, body));
}

static void expect(
	const char *line, const char *headers, const char *body, int status, const char *part)
{
	struct talk talk = ask(line, headers, body);

	ck_assert_msg(talk.status == status, "%s: %d, not %d: %s", line, talk.status, status,
		talk.received);
	ck_assert_msg(strstr(talk.received, part) != NULL, "%s: no <%s> in %s", line, part,
		talk.received);
	free(talk.received);
}

#define TOKEN "Authorization: Bearer good\r\n"

START_TEST(a_literal_segment_beats_a_parameter)
{
	world_open(&world, NULL);
	expect("GET /api/things/cup", "", NULL, 200, "\"name\":\"cup\"");
	expect("GET /api/things/special", "", NULL, 200, "{}");
	world_close(&world);
}
END_TEST

START_TEST(segments_are_decoded_after_the_split)
{
	world_open(&world, NULL);
	expect("GET /api/plans/checkout%2Fdrain-zone", "", NULL, 200,
		"\"path\":\"checkout/drain-zone\"");
	expect("GET /api/plans/checkout/drain-zone", "", NULL, 404, "not_found");
	expect("GET /api/things/%E5%BC%80%E5%85%B3", "", NULL, 200, "开关");
	expect("GET /api/things/a+b", "", NULL, 200, "\"name\":\"a+b\"");
	world_close(&world);
}
END_TEST

START_TEST(crooked_paths_are_refused)
{
	world_open(&world, NULL);
	expect("GET /api//things", "", NULL, 400, "empty segment");
	expect("GET /api/things/", "", NULL, 400, "ends with '/'");
	expect("GET /api/../api/who", "", NULL, 400, "dot segment");
	expect("GET /api/%2e%2E/who", "", NULL, 400, "dot segment");
	expect("GET /api/things/a%00b", "", NULL, 400, "zero byte");
	expect("GET /api/things/%ff", "", NULL, 400, "UTF-8");
	expect("GET /api/things/%4", "", NULL, 400, "escape");
	expect("GET /api/things/%e2%80%ae", "", NULL, 400, "\"field\":\"name\"");
	expect("GET http://localhost/api/who", "", NULL, 400, "path");
	world_close(&world);
}
END_TEST

START_TEST(unknown_paths_and_methods_name_the_right_ones)
{
	struct talk talk;

	world_open(&world, NULL);
	expect("GET /api/thing", "", NULL, 404, "did you mean /api/things?");
	talk = ask("DELETE /api/things/cup", "", NULL);
	ck_assert_int_eq(talk.status, 405);
	ck_assert_ptr_nonnull(strstr(talk.received, "Allow: GET, HEAD, PUT\r\n"));
	free(talk.received);
	expect("BREW /api/things/cup", "", NULL, 405, "BREW is not a method");
	world_close(&world);
}
END_TEST

START_TEST(head_answers_like_get_without_a_body)
{
	struct talk talk;

	world_open(&world, NULL);
	talk = ask("HEAD /api/things/cup", "", NULL);
	ck_assert_int_eq(talk.status, 200);
	ck_assert_str_eq(talk.body, "");
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(query_parameters_are_typed_and_named)
{
	world_open(&world, NULL);
	expect("GET /api/things/a?limit=7&deep=true&q=x+y%2Bz", "", NULL, 200,
		"{\"name\":\"a\",\"q\":\"x y+z\",\"limit\":7,\"deep\":true,\"has_q\":true}");
	expect("GET /api/things/a?q=", "", NULL, 200, "\"q\":\"\"");
	expect("GET /api/things/a?limit=0", "", NULL, 400, "\"field\":\"limit\"");
	expect("GET /api/things/a?limit=1x", "", NULL, 400, "\"field\":\"limit\"");
	expect("GET /api/things/a?limit=99999999999999999999", "", NULL, 400,
		"\"field\":\"limit\"");
	expect("GET /api/things/a?deep=1", "", NULL, 400, "true or false");
	expect("GET /api/things/a?limt=3", "", NULL, 400, "did you mean limit?");
	expect("GET /api/things/a?limit=3&limit=4", "", NULL, 400, "twice");
	expect("GET /api/things/a?color=green", "", NULL, 200, "\"name\":\"a\"");
	expect("GET /api/things/a?color=gren", "", NULL, 400, "did you mean green?");
	expect("GET /api/things/a?color=", "", NULL, 400, "\"field\":\"color\"");
	expect("GET /api/things/a?=1", "", NULL, 400, "\"field\":\"query\"");
	expect("GET /api/who?x=1", TOKEN, NULL, 400, "takes no parameters");
	expect("GET /api/ids/abc", "", NULL, 400, "\"field\":\"id\"");
	world_close(&world);
}
END_TEST

START_TEST(every_reply_carries_the_security_headers)
{
	struct talk talk;

	world_open(&world, NULL);
	talk = ask("GET /api/things/cup", "", NULL);
	ck_assert_ptr_nonnull(strstr(talk.received, "X-Content-Type-Options: nosniff\r\n"));
	ck_assert_ptr_nonnull(strstr(talk.received, "Cache-Control: no-store\r\n"));
	ck_assert_ptr_nonnull(strstr(talk.received, "Content-Security-Policy: default-src 'none'"));
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_body_must_be_one_json_object)
{
	const char *deep = "{\"name\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]"
			   "]]]]]]]]]]]]}";

	world_open(&world, NULL);
	expect("POST /api/things", TOKEN, "{\"name\":\"a\"}", 201, "\"name\":\"a\"");
	expect("POST /api/things", TOKEN, "{\"name\":", 400, "application/problem+json");
	expect("POST /api/things", TOKEN, "[1]", 400, "not a JSON object");
	expect("POST /api/things", TOKEN, "{\"name\":\"a\",\"name\":\"b\"}", 400, "invalid");
	expect("POST /api/things", TOKEN, "{\"name\":1}", 400, "\"field\":\"name\"");
	expect("POST /api/things", TOKEN, "{}", 400, "\"field\":\"name\"");
	expect("POST /api/things", TOKEN, deep, 400, "invalid");
	expect("POST /api/things", TOKEN, NULL, 400, "\"field\":\"name\"");
	expect("POST /api/things", TOKEN "Content-Type: text/plain\r\n", "{\"name\":\"c\"}", 415,
		"application/json");
	expect("POST /api/things", TOKEN "Content-Type: application/json; charset=utf-8\r\n",
		"{\"name\":\"d\"}", 201, "\"d\"");
	expect("POST /api/things", TOKEN "Content-Encoding: gzip\r\n", "{\"name\":\"e\"}", 415,
		"Content-Encoding");
	world_close(&world);
}
END_TEST

START_TEST(bodies_have_limits_declared_or_not)
{
	char body[3000], chunked[4000];

	world_open(&world, NULL);
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = 0;
	expect("POST /api/things", TOKEN, body, 413, "too_large");
	snprintf(chunked, sizeof(chunked),
		"POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN
		"Content-Type: application/json\r\nTransfer-Encoding: "
		"chunked\r\n\r\nBB7\r\n%s\r\n0\r\n\r\n",
		body);
	{
		struct talk talk = world_talk(&world, chunked);

		ck_assert_int_eq(talk.status, 413);
		free(talk.received);
	}
	expect("POST /api/things",
		TOKEN "Content-Type: application/json\r\nContent-Length: 99999999\r\n", NULL, 413,
		"Connection: close");
	expect("GET /api/things/cup", "", "{}", 400, "takes no body");
	ck_assert_int_eq(world.asks, 0);
	world_close(&world);
}
END_TEST

START_TEST(a_large_raw_body_comes_back_whole)
{
	static char send[70000];
	struct talk talk;
	int head;

	world_open(&world, NULL);
	head = snprintf(send, sizeof(send),
		"POST /api/raw HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
		"60000\r\n\r\n");
	memset(send + head, 'r', 60000);
	talk = (struct talk){.send = send, .length = (size_t)head + 60000};
	world_talk_all(&world, &talk, 1);
	ck_assert_int_eq(talk.status, 200);
	ck_assert_uint_eq(strspn(talk.body, "r"), 60000);
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(headers_that_two_readers_could_read_differently_are_refused)
{
	world_open(&world, NULL);
	expect("POST /api/things", TOKEN "Content-Length: 2\r\n", "{\"name\":\"a\"}", 400, "twice");
	expect("GET /api/who", TOKEN TOKEN, NULL, 400, "Authorization is given twice");
	ck_assert_int_eq(world.asks, 0);
	world_close(&world);
}
END_TEST

START_TEST(who_is_not_known_gets_401_and_who_may_not_403)
{
	struct talk talk;

	world_open(&world, NULL);
	talk = ask("GET /api/who", "", NULL);
	ck_assert_int_eq(talk.status, 401);
	ck_assert_ptr_nonnull(strstr(talk.received, "WWW-Authenticate: Bearer"));
	free(talk.received);
	expect("GET /api/who", "Authorization: Bearer bad\r\n", NULL, 401, "unauthenticated");
	expect("GET /api/who", "Authorization: Basic good\r\n", NULL, 401, "unauthenticated");
	expect("GET /api/who", TOKEN, NULL, 200, "\"who\":\"good\"");
	expect("GET /api/admin", TOKEN, NULL, 403, "forbidden");
	world_close(&world);
}
END_TEST

START_TEST(a_refusal_of_somebody_known_is_told_once)
{
	struct talk gone = {.leaves = true};

	world_open(&world, NULL);
	expect("POST /api/refused", TOKEN, NULL, 403, "not you");
	ck_assert_int_eq(world.denials, 1);
	ck_assert_str_eq(world.denied, "good: not you");
	expect("POST /api/refused", TOKEN "Idempotency-Key: key-of-a-test\r\n", NULL, 403,
		"not you");
	ck_assert_int_eq(world.denials, 2);
	expect("GET /api/admin", TOKEN, NULL, 403, "forbidden");
	expect("PUT /api/things/cup", TOKEN, NULL, 428, "If-Match");
	ck_assert_int_eq(world.denials, 2);
	gone.send = world_request("POST /api/refused", TOKEN, NULL);
	world_talk_all(&world, &gone, 1);
	world_turn(&world, 50);
	free(gone.received);
	ck_assert_int_eq(world.asks, 3);
	ck_assert_int_eq(world.denials, 3);
	world_close(&world);
}
END_TEST

START_TEST(a_unix_peer_is_known_by_its_uid)
{
	char expected[64];
	struct talk talk = {.is_unix = true};

	world_open(&world, NULL);
	talk.send = world_request("GET /api/who", "", NULL);
	world_talk_all(&world, &talk, 1);
	snprintf(expected, sizeof(expected), "\"who\":\"uid:%d\"", (int)getuid());
	ck_assert_ptr_nonnull(strstr(talk.received, expected));
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_foreign_host_is_refused_on_tcp)
{
	static const char *const hosts[] = {"button.example", NULL};
	struct server_options limits = {.hosts = hosts};

	world_open(&world, &limits);
	expect("GET /api/things/cup", "Host: evil.example\r\n", NULL, 403, "\"field\":\"Host\"");
	expect("GET /api/things/cup", "Host: button.example:7433\r\n", NULL, 200, "cup");
	expect("GET /api/things/cup", "Host: 127.0.0.1:7433\r\n", NULL, 200, "cup");
	expect("GET /api/things/cup", "Host: [::1]:7433\r\n", NULL, 200, "cup");
	expect("GET /api/things/cup", "Host: localhost.evil.example\r\n", NULL, 403, "Host");
	world_close(&world);
}
END_TEST

START_TEST(another_sites_page_changes_nothing)
{
	world_open(&world, NULL);
	expect("POST /api/things", TOKEN "Origin: http://evil.example\r\n", "{\"name\":\"a\"}", 403,
		"Origin");
	expect("POST /api/things", TOKEN "Origin: null\r\n", "{\"name\":\"a\"}", 403, "Origin");
	expect("POST /api/things", TOKEN "Sec-Fetch-Site: cross-site\r\n", "{\"name\":\"a\"}", 403,
		"Sec-Fetch-Site");
	expect("POST /api/things",
		TOKEN "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n",
		"{\"name\":\"a\"}", 201, "\"a\"");
	expect("GET /api/things/cup", "Sec-Fetch-Site: cross-site\r\n", NULL, 200, "cup");
	ck_assert_int_eq(world.asks, 1);
	world_close(&world);
}
END_TEST

START_TEST(if_match_is_read_and_demanded)
{
	world_open(&world, NULL);
	expect("POST /api/things", TOKEN, "{\"name\":\"cup\"}", 201, "ETag: \"v1\"");
	expect("PUT /api/things/cup", "", NULL, 428, "If-Match is missing");
	expect("PUT /api/things/cup", "If-Match: v1\r\n", NULL, 400, "If-Match");
	expect("PUT /api/things/cup", "If-Match: W/\"v1\"\r\n", NULL, 400, "If-Match");
	expect("PUT /api/things/cup", "If-Match: \"v9\"\r\n", NULL, 412, "stale");
	expect("PUT /api/things/cup", "If-Match: \"v1\"\r\n", NULL, 204, "ETag: \"v2\"");
	expect("PUT /api/things/cup", "If-Match: \"\r\n", NULL, 400, "If-Match");
	expect("PUT /api/things/cup", "If-Match:\r\n", NULL, 400, "If-Match");
	expect("GET /api/things/cup", "If-Match: \"v1\"\r\n", NULL, 400, "is not taken here");
	expect("POST /api/things", TOKEN "If-None-Match: *\r\n", "{\"name\":\"x\"}", 400,
		"If-None-Match");
	world_close(&world);
}
END_TEST

START_TEST(a_row_that_names_no_schema_takes_no_member)
{
	world_open(&world, NULL);
	expect("POST /api/steps", TOKEN, "{\"name\":\"x\"}", 400, "takes no body");
	expect("POST /api/secrets", TOKEN, "{\"name\":\"x\"}", 400, "\"field\":\"name\"");
	ck_assert_int_eq(world.asks, 0);
	expect("POST /api/secrets", TOKEN, "{}", 201, "secret");
	world_close(&world);
}
END_TEST

START_TEST(crooked_headers_are_refused)
{
	world_open(&world, NULL);
	expect("GET /api/who", TOKEN "X Y: z\r\n", NULL, 400, "\"field\":\"headers\"");
	expect("GET /api/who", TOKEN "X-A\t: z\r\n", NULL, 400, "\"field\":\"headers\"");
	expect("GET /api/who", TOKEN "X-A: a\x1b[2J\r\n", NULL, 400, "\"field\":\"headers\"");
	expect("GET /api/who", TOKEN "X-A: a\tb \xe6\xb5\x8b\r\n", NULL, 200, "good");
	world_close(&world);
}
END_TEST

/* The client waits for 100 Continue before it sends: a refusal must come instead. */
START_TEST(who_asks_before_sending_is_refused_before_sending)
{
	struct talk talk = {.send = "POST /api/things HTTP/1.1\r\nHost: localhost\r\n"
				    "Content-Type: application/json\r\nContent-Length: 20\r\n"
				    "Expect: 100-continue\r\n\r\n"};

	world_open(&world, NULL);
	world_talk_all(&world, &talk, 1);
	ck_assert_int_eq(talk.status, 401);
	ck_assert_int_le(talk.took_ms, 3000);
	free(talk.received);
	world_close(&world);
}
END_TEST

/* The library answers by itself and tells no end: a request that stays would hold up the stop. */
START_TEST(a_request_that_the_library_refuses_is_freed)
{
	static char raw[24000];
	struct talk talk = {.send = raw};
	int64_t start_ms;

	/* More parameters than the library's memory of a connection holds. */
	for (size_t i = 0; i < 5000; i++)
		memcpy(raw + 4 * i + 14, "a=1&", 4);
	memcpy(raw, "GET /api/who?a", 14);
	strcpy(raw + 14 + 20000, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
	world_open(&world, NULL);
	world_talk_all(&world, &talk, 1);
	ck_assert_int_lt(talk.status, 500);
	free(talk.received);
	world_turn(&world, 50);
	start_ms = time_mono_ms();
	world_close(&world);
	ck_assert_int_lt(time_mono_ms() - start_ms, 3000);
}
END_TEST

START_TEST(what_ask_refuses_is_answered_with_its_problem)
{
	world_open(&world, NULL);
	expect("POST /api/things", TOKEN, "{\"name\":\"cup\"}", 201, "cup");
	expect("POST /api/things", TOKEN, "{\"name\":\"cup\"}", 409, "\"code\":\"conflict\"");
	ck_assert_int_eq(world.tells, 1);
	world_close(&world);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct talk talk;
	const char *at;

	world_open(&world, NULL);
	talk = world_talk(&world,
		"GET /api/things/one HTTP/1.1\r\nHost: localhost\r\n\r\n"
		"GET /api/held HTTP/1.1\r\nHost: localhost\r\n\r\n"
		"POST /api/things HTTP/1.1\r\nHost: localhost\r\n" TOKEN
		"Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"name\":\"two\"}"
		"GET /api/things/three HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	at = strstr(talk.received, "\"name\":\"one\"");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "\"held\":true");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "\"name\":\"two\"");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, "\"name\":\"three\""));
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_refused_upload_keeps_the_connection)
{
	struct talk talk;

	world_open(&world, NULL);
	talk = world_talk(&world,
		"POST /api/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
		"GET /api/things/after HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	ck_assert_int_eq(talk.status, 404);
	ck_assert_ptr_nonnull(strstr(talk.received, "\"name\":\"after\""));
	free(talk.received);
	world_close(&world);
}
END_TEST

START_TEST(a_handler_that_does_nothing_is_an_internal_error)
{
	world_open(&world, NULL);
	expect("GET /api/forgetful", "", NULL, 500, "\"code\":\"internal\"");
	world_close(&world);
}
END_TEST

START_TEST(closure_await_closure_is_one_request)
{
	world_open(&world, NULL);
	expect("POST /api/steps", TOKEN, NULL, 201, "\"name\":\"second\"");
	ck_assert_int_eq(world.asks, 2);
	ck_assert_int_eq(world.tells, 1);
	world_close(&world);
}
END_TEST

START_TEST(a_commit_that_fails_is_a_503_for_the_writer_only)
{
	struct rlimit limit = {0, RLIM_INFINITY};
	struct talk talk;

	world_open(&world, NULL);
	signal(SIGXFSZ, SIG_IGN);
	expect("POST /api/things", TOKEN, "{\"name\":\"before\"}", 201, "before");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	talk = ask("POST /api/things", TOKEN, "{\"name\":\"lost\"}");
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_msg(talk.status == 503, "%s", talk.received);
	ck_assert_ptr_nonnull(strstr(talk.received, "Retry-After: 1"));
	free(talk.received);
	ck_assert_int_eq(world.tells, 1);
	expect("GET /api/things/cup", "", NULL, 200, "cup");
	world_close(&world);
}
END_TEST

START_TEST(writers_of_one_turn_are_answered_each_with_their_own)
{
	struct talk talks[8] = {{0}};
	char bodies[8][64];

	world_open(&world, NULL);
	for (int i = 0; i < 8; i++) {
		snprintf(bodies[i], sizeof(bodies[i]), "{\"name\":\"n%d\"}", i / 2);
		talks[i].send = world_request("POST /api/things", TOKEN, bodies[i]);
	}
	world_talk_all(&world, talks, 8);
	for (int i = 0; i < 8; i += 2) {
		ck_assert_int_eq(talks[i].status + talks[i + 1].status, 201 + 409);
		free(talks[i].received);
		free(talks[i + 1].received);
	}
	world_close(&world);
}
END_TEST

START_TEST(a_client_that_leaves_during_a_write_does_no_harm)
{
	struct talk talk = {.leaves = true};

	world_open(&world, NULL);
	talk.send = world_request("POST /api/things", TOKEN, "{\"name\":\"gone\"}");
	world_talk_all(&world, &talk, 1);
	world_turn(&world, 50);
	ck_assert_int_eq(world.asks, 1);
	free(talk.received);
	expect("POST /api/things", TOKEN, "{\"name\":\"gone\"}", 409, "conflict");
	world_close(&world);
}
END_TEST

START_TEST(without_tls_only_loopback_is_served)
{
	struct error err = ERROR_INIT;
	struct listener_options options = {.name = "open", .address = "0.0.0.0:0"};

	world_open(&world, NULL);
	ck_assert_int_eq(server_listen(world.server, &options, &err), ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.remedy, "tls-certificate"));
	options.address = "nonsense";
	ck_assert_int_eq(server_listen(world.server, &options, &err), ERROR_INVALID);
	options.address = "127.0.0.1:99999";
	ck_assert_int_eq(server_listen(world.server, &options, &err), ERROR_INVALID);
	world_close(&world);
}
END_TEST

static void make_certificate(char *certificate, char *key, size_t size)
{
	char command[1024];

	snprintf(certificate, size, "%s/tls.crt", world.directory);
	snprintf(key, size, "%s/tls.key", world.directory);
	snprintf(command, sizeof(command),
		"umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
		"-nodes -days 2 "
		"-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout %s -out %s "
		"2>/dev/null",
		key, certificate);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(tls_serves_also_beyond_loopback)
{
	struct error err = ERROR_INIT;
	char certificate[128], key[128], command[512], out[64] = "";
	struct listener_options options = {.name = "tls",
		.address = "0.0.0.0:0",
		.certificate_path = certificate,
		.key_path = key};
	FILE *curl;

	world_open(&world, NULL);
	make_certificate(certificate, key, sizeof(key));
	options.key_path = NULL;
	ck_assert_int_eq(server_listen(world.server, &options, &err), ERROR_INVALID);
	options.key_path = key;
	ck_assert_msg(server_listen(world.server, &options, &err) == 0, "%s", err.message);
	snprintf(command, sizeof(command),
		"curl -s -m 5 --cacert %s https://localhost:%d/api/things/cup", certificate,
		server_port(world.server, "tls"));
	curl = popen(command, "r");
	for (ssize_t got = 0; got <= 0;) {
		world_turn(&world, 5);
		fcntl(fileno(curl), F_SETFL, O_NONBLOCK);
		got = read(fileno(curl), out, sizeof(out) - 1);
		ck_assert(got > 0 || (got < 0 && errno == EAGAIN));
	}
	ck_assert_int_eq(pclose(curl), 0);
	ck_assert_ptr_nonnull(strstr(out, "\"name\":\"cup\""));
	world_close(&world);
}
END_TEST

START_TEST(a_socket_that_answers_is_another_daemons)
{
	struct error err = ERROR_INIT;
	char address[128];
	struct listener_options options = {.name = "again", .address = address};

	world_open(&world, NULL);
	snprintf(address, sizeof(address), "unix:%s", world.socket_path);
	ck_assert_int_eq(server_listen(world.server, &options, &err), ERROR_LOCKED);
	world_close(&world);
}
END_TEST

CHECK_MAIN("server", &a_literal_segment_beats_a_parameter, &segments_are_decoded_after_the_split,
	&crooked_paths_are_refused, &unknown_paths_and_methods_name_the_right_ones,
	&head_answers_like_get_without_a_body, &query_parameters_are_typed_and_named,
	&every_reply_carries_the_security_headers, &a_body_must_be_one_json_object,
	&bodies_have_limits_declared_or_not, &a_large_raw_body_comes_back_whole,
	&headers_that_two_readers_could_read_differently_are_refused,
	&a_refusal_of_somebody_known_is_told_once, &who_is_not_known_gets_401_and_who_may_not_403,
	&a_unix_peer_is_known_by_its_uid, &a_foreign_host_is_refused_on_tcp,
	&another_sites_page_changes_nothing, &if_match_is_read_and_demanded,
	&a_row_that_names_no_schema_takes_no_member, &crooked_headers_are_refused,
	&who_asks_before_sending_is_refused_before_sending,
	&a_request_that_the_library_refuses_is_freed,
	&what_ask_refuses_is_answered_with_its_problem, &pipelined_requests_are_answered_in_order,
	&a_refused_upload_keeps_the_connection, &a_handler_that_does_nothing_is_an_internal_error,
	&closure_await_closure_is_one_request, &a_commit_that_fails_is_a_503_for_the_writer_only,
	&writers_of_one_turn_are_answered_each_with_their_own,
	&a_client_that_leaves_during_a_write_does_no_harm, &without_tls_only_loopback_is_served,
	&tls_serves_also_beyond_loopback, &a_socket_that_answers_is_another_daemons)
