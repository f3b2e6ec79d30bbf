#include "tests/unit/check_main.h"
#include "tests/unit/server_world.h"

#include <stdio.h>
#include <string.h>

#define TOKEN "Authorization: Bearer good\r\n"
#define OTHER "Authorization: Bearer other\r\n"
#define KEY   "Idempotency-Key: k1\r\n"

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

START_TEST(the_same_request_is_answered_by_the_first_answer)
{
	struct talk first, second;

	world_open(&world, NULL);
	first = ask("POST /api/things", TOKEN KEY, "{\"name\":\"a\"}");
	second = ask("POST /api/things", TOKEN KEY, "{\"name\":\"a\"}");
	ck_assert_int_eq(first.status, 201);
	ck_assert_int_eq(second.status, 201);
	ck_assert_str_eq(first.body, second.body);
	ck_assert_ptr_nonnull(strstr(second.received, "ETag: \"v1\"\r\n"));
	ck_assert_ptr_nonnull(strstr(second.received, "Location: /api/things/x\r\n"));
	ck_assert_ptr_nonnull(strstr(second.received, "Content-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(second.received, "Idempotency-Replayed: true"));
	ck_assert_ptr_null(strstr(first.received, "Idempotency-Replayed"));
	ck_assert_int_eq(world.asks, 1);
	free(first.received);
	free(second.received);
	world_close(&world);
}
END_TEST

START_TEST(another_request_with_the_key_is_refused)
{
	world_open(&world, NULL);
	expect("POST /api/things", TOKEN KEY, "{\"name\":\"a\"}", 201, "a");
	expect("POST /api/things", TOKEN KEY, "{\"name\":\"b\"}", 422, "idempotency_key_reused");
	expect("POST /api/secrets", TOKEN KEY, NULL, 422, "idempotency_key_reused");
	ck_assert_int_eq(world.asks, 1);
	world_close(&world);
}
END_TEST

START_TEST(keys_belong_to_who_asks)
{
	world_open(&world, NULL);
	expect("POST /api/things", TOKEN KEY, "{\"name\":\"a\"}", 201, "a");
	expect("POST /api/things", OTHER KEY, "{\"name\":\"b\"}", 201, "b");
	world_close(&world);
}
END_TEST

START_TEST(what_was_refused_can_be_tried_again)
{
	world_open(&world, NULL);
	expect("POST /api/things", TOKEN, "{\"name\":\"a\"}", 201, "a");
	expect("POST /api/things", TOKEN KEY, "{\"name\":\"a\"}", 409, "\"code\":\"conflict\"");
	expect("POST /api/things", TOKEN KEY, "{\"name\":\"b\"}", 201, "b");
	world_close(&world);
}
END_TEST

START_TEST(the_same_request_in_flight_is_carried_out_once)
{
	struct talk talks[3] = {{0}};
	int done = 0;

	world_open(&world, NULL);
	for (int i = 0; i < 3; i++)
		talks[i].send = world_request("POST /api/things", TOKEN KEY, "{\"name\":\"a\"}");
	world_talk_all(&world, talks, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(
			talks[i].status == 201 || talks[i].status == 409, "%s", talks[i].received);
		done += talks[i].status == 201;
		free(talks[i].received);
	}
	ck_assert_int_ge(done, 1);
	ck_assert_int_eq(world.asks, 1);
	world_close(&world);
}
END_TEST

START_TEST(a_key_works_across_an_await)
{
	world_open(&world, NULL);
	expect("POST /api/steps", TOKEN KEY, NULL, 201, "second");
	expect("POST /api/steps", TOKEN KEY, NULL, 201, "Idempotency-Replayed");
	ck_assert_int_eq(world.asks, 2);
	world_close(&world);
}
END_TEST

START_TEST(a_secret_is_shown_once)
{
	world_open(&world, NULL);
	expect("POST /api/secrets", TOKEN KEY, NULL, 201, "secret");
	expect("POST /api/secrets", TOKEN KEY, NULL, 409, "shown once");
	ck_assert_int_eq(world.asks, 1);
	world_close(&world);
}
END_TEST

START_TEST(a_crooked_key_is_refused)
{
	char headers[300], key[140];

	world_open(&world, NULL);
	memset(key, 'k', sizeof(key));
	key[129] = 0;
	snprintf(headers, sizeof(headers), TOKEN "Idempotency-Key: %s\r\n", key);
	expect("POST /api/things", headers, "{\"name\":\"a\"}", 400, "Idempotency-Key");
	expect("POST /api/things", TOKEN "Idempotency-Key: a b\r\n", "{\"name\":\"a\"}", 400,
		"Idempotency-Key");
	world_close(&world);
}
END_TEST

CHECK_MAIN("server_idempotency", &the_same_request_is_answered_by_the_first_answer,
	&another_request_with_the_key_is_refused, &keys_belong_to_who_asks,
	&what_was_refused_can_be_tried_again, &the_same_request_in_flight_is_carried_out_once,
	&a_key_works_across_an_await, &a_secret_is_shown_once, &a_crooked_key_is_refused)
