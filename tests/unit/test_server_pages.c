/* ROUTE_KEPT: the handler is asked once for each address and principal until something is
 * committed. */
#include "tests/unit/check_main.h"
#include "tests/unit/server_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD  "Authorization: Bearer good\r\n"
#define OTHER "Authorization: Bearer other\r\n"
#define PAGE  "GET /api/pages/cup"

static struct world world;

static struct talk ask(const char *line, const char *headers, const char *body)
{
	return world_talk(&world, world_request(line, headers, body));
}

/* The answer without its date; the caller's. */
static char *answer_to(const char *line, const char *headers, int status)
{
	struct talk talk = ask(line, headers, NULL);
	char *date = strstr(talk.received, "Date: ");

	ck_assert_msg(talk.status == status, "%s: %s", line, talk.received);
	if (date)
		memset(date, '-', strcspn(date, "\r"));
	return talk.received;
}

static void expect(const char *line, const char *headers, int status, const char *part)
{
	char *text = answer_to(line, headers, status);

	ck_assert_msg(strstr(text, part) != NULL, "%s: no <%s> in %s", line, part, text);
	free(text);
}

static void commit(const char *name)
{
	char body[64];
	struct talk talk;

	snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	talk = ask("POST /api/things", GOOD, body);
	ck_assert_int_eq(talk.status, 201);
	free(talk.received);
}

static struct server_figures figures(void)
{
	struct server_figures now;

	server_get_figures(world.server, &now);
	return now;
}

/* "If-None-Match: <the tag of this answer>\r\n" */
static const char *if_none_match(const char *answer)
{
	static char header[128];
	const char *tag = strstr(answer, "ETag: ");

	ck_assert_ptr_nonnull(tag);
	tag += strlen("ETag: ");
	snprintf(header, sizeof(header), GOOD "If-None-Match: \"other\", %.*s\r\n",
		(int)strcspn(tag, "\r"), tag);
	return header;
}

START_TEST(what_was_built_once_is_sent_again)
{
	char *first, *second;

	world_open(&world, NULL);
	first = answer_to(PAGE, GOOD, 200);
	second = answer_to(PAGE, GOOD, 200);
	ck_assert_str_eq(first, second);
	ck_assert_ptr_nonnull(strstr(first, "Content-Type: application/json\r\n"));
	ck_assert_ptr_nonnull(strstr(first, "Cache-Control: no-store\r\n"));
	ck_assert_ptr_nonnull(strstr(first, "{\"who\":\"good\",\"padding\":\"\"}"));
	ck_assert_int_eq(world.built, 1);
	ck_assert_uint_eq(figures().page_hits, 1);
	free(first);
	free(second);
	world_close(&world);
}
END_TEST

START_TEST(a_commit_ends_what_was_kept)
{
	world_open(&world, NULL);
	expect(PAGE, GOOD, 200, "{\"who\"");
	commit("cup");
	expect(PAGE, GOOD, 200, "{\"version\":1,");
	expect(PAGE, GOOD, 200, "{\"version\":1,");
	ck_assert_int_eq(world.built, 2);
	commit("plate");
	expect(PAGE, GOOD, 200, "{\"version\":1,");
	ck_assert_int_eq(world.built, 3);
	ck_assert_uint_eq(figures().pages, 1);
	world_close(&world);
}
END_TEST

START_TEST(nobody_gets_what_was_built_for_another)
{
	struct talk local = {.send = world_request(PAGE, "", NULL), .is_unix = true};

	world_open(&world, NULL);
	expect(PAGE, GOOD, 200, "\"who\":\"good\"");
	expect(PAGE, OTHER, 200, "\"who\":\"other\"");
	world_talk_all(&world, &local, 1);
	ck_assert_ptr_nonnull(strstr(local.received, "\"who\":\"uid:"));
	free(local.received);
	ck_assert_int_eq(world.built, 3);
	expect(PAGE, OTHER, 200, "\"who\":\"other\"");
	expect(PAGE, GOOD, 200, "\"who\":\"good\"");
	ck_assert_int_eq(world.built, 3);
	expect(PAGE, "Authorization: Bearer bad\r\n", 401, "unauthenticated");
	expect(PAGE, "", 401, "unauthenticated");
	world_close(&world);
}
END_TEST

START_TEST(an_address_is_all_of_it)
{
	world_open(&world, NULL);
	expect(PAGE, GOOD, 200, "\"padding\":\"\"");
	expect(PAGE "?bytes=3", GOOD, 200, "\"padding\":\"xxx\"");
	expect("GET /api/pages/cu", GOOD, 200, "\"padding\":\"\"");
	ck_assert_int_eq(world.built, 3);
	expect(PAGE "?bites=3", GOOD, 400, "did you mean");
	expect(PAGE, GOOD "If-Match: \"v1\"\r\n", 400, "If-Match");
	ck_assert_int_eq(world.built, 3);
	world_close(&world);
}
END_TEST

START_TEST(head_is_the_same_page_without_its_body)
{
	char *head, *page;

	world_open(&world, NULL);
	page = answer_to(PAGE, GOOD, 200);
	head = answer_to("HEAD /api/pages/cup", GOOD, 200);
	ck_assert_int_eq(strncmp(page, head, strlen(head)), 0);
	ck_assert_str_eq(head + strlen(head) - 4, "\r\n\r\n");
	ck_assert_int_eq(world.built, 1);
	free(page);
	free(head);
	world_close(&world);
}
END_TEST

START_TEST(who_has_the_page_is_told_so)
{
	char *page, *unchanged;
	const char *header;

	world_open(&world, NULL);
	page = answer_to(PAGE, GOOD, 200);
	header = if_none_match(page);
	unchanged = answer_to(PAGE, header, 304);
	ck_assert_ptr_nonnull(strstr(unchanged, "ETag: \""));
	ck_assert_str_eq(unchanged + strlen(unchanged) - 4, "\r\n\r\n");
	ck_assert_int_eq(world.built, 1);
	/* The same bytes, built anew. */
	commit("plate");
	free(unchanged);
	unchanged = answer_to(PAGE, header, 304);
	ck_assert_int_eq(world.built, 2);
	commit("cup");
	expect(PAGE, header, 200, "\"version\":1");
	expect(PAGE, GOOD "If-None-Match: *\r\n", 304, "ETag");
	free(page);
	free(unchanged);
	world_close(&world);
}
END_TEST

/* What stands around a row may change while the row's version stays. */
START_TEST(the_version_of_a_row_says_nothing_of_the_page)
{
	const char *header = GOOD "If-None-Match: \"v7\"\r\n";

	world_open(&world, NULL);
	expect(PAGE "?versioned=true", GOOD, 200, "ETag: \"v7\"\r\n");
	expect(PAGE "?versioned=true", header, 200, "{\"who\"");
	ck_assert_int_eq(world.built, 1);
	world_close(&world);
}
END_TEST

START_TEST(only_what_is_marked_and_whole_is_kept)
{
	static const char *const lines[] = {"GET /api/built/cup", PAGE "?accepted=true",
		PAGE "?doubtful=true", PAGE "?bytes=300000"};

	world_open(&world, NULL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		world.built = 0;
		for (int j = 0; j < 2; j++)
			free(answer_to(lines[i], GOOD, i == 1 ? 202 : 200));
		ck_assert_msg(world.built == 2, "%s: %d", lines[i], world.built);
	}
	ck_assert_uint_eq(figures().pages, 0);
	/* The tag says what the bytes are, kept or not. */
	expect(lines[2], GOOD, 200, "ETag: \"");
	expect(lines[3], GOOD, 200, "ETag: \"");
	world_close(&world);
}
END_TEST

static void ask_many(int count, int bytes)
{
	static char text[64 * 1024];
	struct talk talk = {.send = text};
	size_t at = 0;

	for (int i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"GET /api/pages/n%d?bytes=%d HTTP/1.1\r\nHost: localhost\r\n" GOOD "%s\r\n",
			i, bytes, i == count - 1 ? "Connection: close\r\n" : "");
	world_talk_all(&world, &talk, 1);
	ck_assert_int_eq(talk.status, 200);
	free(talk.received);
}

START_TEST(pages_are_bounded_in_number_and_bytes)
{
	world_open(&world, NULL);
	ask_many(600, 1);
	ck_assert_int_eq(world.built, 600);
	ck_assert_uint_eq(figures().pages, 512);
	ask_many(60, 200000);
	ck_assert_uint_eq(figures().pages, 20);
	ck_assert_uint_le(figures().page_bytes, 4 << 20);
	/* The last is there, the first had to go. */
	world.built = 0;
	expect("GET /api/pages/n59?bytes=200000", GOOD, 200, "xxx");
	ck_assert_int_eq(world.built, 0);
	expect("GET /api/pages/n0?bytes=200000", GOOD, 200, "xxx");
	ck_assert_int_eq(world.built, 1);
	world_close(&world);
}
END_TEST

CHECK_MAIN("server pages", &what_was_built_once_is_sent_again, &a_commit_ends_what_was_kept,
	&nobody_gets_what_was_built_for_another, &an_address_is_all_of_it,
	&head_is_the_same_page_without_its_body, &who_has_the_page_is_told_so,
	&the_version_of_a_row_says_nothing_of_the_page, &only_what_is_marked_and_whole_is_kept,
	&pages_are_bounded_in_number_and_bytes)
