#include "tests/unit/check_main.h"
#include "tests/unit/feature_world.h"

#include "lib/base/json.h"
#include "lib/base/time.h"
#include "people/people_rooms.h"

#include <string.h>

#define DAY_US (INT64_C(86400) * 1000000)

static const char *admin(void)
{
	return world.first_token;
}

static int login(const char *token, const char *address, int64_t at_us, struct principal **ret,
	struct error *err)
{
	return people_authenticate_token(
		world.people, &world.arena, token, address, at_us, ret, err);
}

START_TEST(a_token_has_its_form)
{
	char text[TOKEN_TEXT_SIZE], hash[PEOPLE_HASH_SIZE], again[PEOPLE_HASH_SIZE];

	token_draw(text, hash);
	ck_assert_uint_eq(strlen(text), TOKEN_TEXT_SIZE - 1);
	ck_assert(token_is_well_formed(text));
	token_hash(text, again);
	ck_assert_str_eq(hash, again);
	text[10] = '!';
	ck_assert(!token_is_well_formed(text));
	ck_assert(!token_is_well_formed("rb_short"));
	ck_assert(!token_is_well_formed(""));
}
END_TEST

START_TEST(the_first_start_happens_once)
{
	struct people_bootstrap again;

	feature_open(NULL);
	people_bootstrap_init(&again, time_now_us());
	ck_assert_int_eq(feature_write(people_bootstrap, &again, NULL), 0);
	ck_assert(!again.ret_created);
	feature_ask(401, again.token, "GET", "/api/v1/me", NULL);
	feature_ask(200, admin(), "GET", "/api/v1/me", NULL);
	feature_close();
}
END_TEST

START_TEST(the_first_token_lives_a_day)
{
	struct principal *principal;
	struct error err = ERROR_INIT;

	feature_open(NULL);
	ck_assert_int_eq(
		login(admin(), "10.0.0.1:1", time_now_us() + DAY_US + 1000000, &principal, &err),
		ERROR_UNAUTHENTICATED);
	ck_assert_msg(
		strstr(err.message, "the token expired at ") == err.message, "%s", err.message);
	feature_close();
}
END_TEST

START_TEST(the_first_token_ends_with_another_credential_of_an_admin)
{
	const char *other;
	json_t *problem;

	feature_open(NULL);
	feature_ask(200, feature_person("li", "commander"), "GET", "/api/v1/me", NULL);
	other = feature_person("wang", "admin");
	feature_ask(200, admin(), "GET", "/api/v1/me", NULL);
	feature_ask(200, other, "GET", "/api/v1/me", NULL);
	feature_settle();
	problem = feature_ask(401, admin(), "GET", "/api/v1/me", NULL);
	ck_assert_msg(strstr(feature_member(problem, "detail"), "was revoked at") != NULL, "%s",
		feature_member(problem, "detail"));
	ck_assert_int_eq(feature_audited("token.revoke"), 1);
	feature_close();
}
END_TEST

START_TEST(a_mapped_peer_of_an_admin_ends_the_first_token)
{
	struct principal *principal;
	struct error err = ERROR_INIT;

	feature_open(NULL);
	feature_ask(200, admin(), "PUT", "/api/v1/peers/4711", "{\"person\":\"admin\"}");
	ck_assert_int_eq(people_authenticate_peer(world.people, &world.arena, 4711, "unix",
				 time_now_us(), &principal, &err),
		0);
	ck_assert(principal->roles & ROLE_ADMIN);
	ck_assert(!principal->is_token);
	ck_assert_str_eq(principal->person_name, "admin");
	feature_settle();
	feature_ask(401, admin(), "GET", "/api/v1/me", NULL);
	feature_close();
}
END_TEST

START_TEST(an_unmapped_uid_is_a_viewer_root_too)
{
	struct principal *principal;
	struct error err = ERROR_INIT;

	feature_open(NULL);
	ck_assert_int_eq(people_authenticate_peer(world.people, &world.arena, 0, "unix",
				 time_now_us(), &principal, &err),
		0);
	ck_assert_uint_eq(principal->roles, ROLE_VIEWER);
	ck_assert_str_eq(principal->person_id, "");
	ck_assert_str_eq(principal->actor.id, "uid:0");
	feature_close();
}
END_TEST

START_TEST(a_token_has_only_the_roles_it_names)
{
	const char *token;
	json_t *me;

	feature_open(NULL);
	feature_person("li", "commander");
	token = feature_member(feature_ask(201, admin(), "POST", "/api/v1/tokens",
				       "{\"person\":\"li\",\"name\":\"看\",\"roles\":[\"viewer\","
				       "\"approver\"],\"expires_in\":\"1h\"}"),
		"token");
	me = feature_ask(200, token, "GET", "/api/v1/me", NULL);
	ck_assert_int_eq(json_array_size(json_object_get(me, "roles")), 1);
	ck_assert_str_eq(feature_member(me, "credential"), "token");
	feature_close();
}
END_TEST

START_TEST(nobody_hands_a_token_more_than_they_have)
{
	const char *token;
	json_t *problem;

	feature_open(NULL);
	token = feature_person("li", "author");
	feature_ask(201, token, "POST", "/api/v1/tokens",
		"{\"name\":\"ci\",\"roles\":[\"author\"],\"expires_in\":\"30d\"}");
	problem = feature_ask(403, token, "POST", "/api/v1/tokens",
		"{\"name\":\"ci\",\"roles\":[\"author\",\"admin\"],\"expires_in\":\"30d\"}");
	ck_assert_str_eq(feature_member(problem, "detail"),
		"li does not have admin and cannot hand it to a token");
	feature_ask(403, token, "POST", "/api/v1/tokens",
		"{\"person\":\"admin\",\"name\":\"x\",\"roles\":[\"viewer\"],\"expires_in\":"
		"\"1d\"}");
	feature_close();
}
END_TEST

START_TEST(a_life_is_mandatory_and_bounded)
{
	json_t *problem;

	feature_open(NULL);
	problem = feature_ask(
		400, admin(), "POST", "/api/v1/tokens", "{\"name\":\"x\",\"roles\":[\"viewer\"]}");
	ck_assert_str_eq(feature_member(problem, "field"), "expires_in");
	feature_ask(400, admin(), "POST", "/api/v1/tokens",
		"{\"name\":\"x\",\"roles\":[\"viewer\"],\"expires_in\":\"367d\"}");
	feature_ask(400, admin(), "POST", "/api/v1/tokens",
		"{\"name\":\"x\",\"roles\":[],\"expires_in\":\"1d\"}");
	feature_ask(201, admin(), "POST", "/api/v1/tokens",
		"{\"name\":\"x\",\"roles\":[\"viewer\"],\"expires_in\":\"366d\"}");
	feature_close();
}
END_TEST

START_TEST(a_revoked_token_says_so)
{
	const char *text;
	json_t *token, *problem;

	feature_open(NULL);
	token = feature_ask(201, admin(), "POST", "/api/v1/tokens",
		"{\"name\":\"x\",\"roles\":[\"viewer\"],\"expires_in\":\"1d\"}");
	text = feature_member(token, "token");
	feature_ask(200, admin(), "DELETE",
		arena_format(&world.arena, "/api/v1/tokens/%s", feature_member(token, "id")), NULL);
	problem = feature_ask(401, text, "GET", "/api/v1/me", NULL);
	ck_assert_msg(strstr(feature_member(problem, "detail"), "was revoked at") != NULL, "%s",
		feature_member(problem, "detail"));
	feature_close();
}
END_TEST

/* What is kept of a token, of its person and of pages ends with the commit that changes them. */
START_TEST(what_is_taken_away_is_gone_at_the_next_request)
{
	const char *li, *wang;
	json_t *tokens, *grants, *grant;
	size_t i;

	feature_open(NULL);
	li = feature_person("li", "author");
	wang = feature_person("wang", "auditor");
	for (i = 0; i < 3; i++) {
		feature_ask(200, li, "GET", "/api/v1/persons", NULL);
		feature_ask(200, wang, "GET", "/api/v1/hooks", NULL);
	}
	tokens = json_object_get(feature_ask(200, li, "GET", "/api/v1/tokens", NULL), "items");
	feature_ask(200, admin(), "DELETE",
		arena_format(&world.arena, "/api/v1/tokens/%s",
			feature_member(json_array_get(tokens, 0), "id")),
		NULL);
	feature_ask(401, li, "GET", "/api/v1/persons", NULL);
	grants = json_object_get(feature_ask(200, admin(), "GET", "/api/v1/grants", NULL), "items");
	json_array_foreach (grants, i, grant)
		if (!strcmp(feature_member(grant, "person"), "wang"))
			feature_ask(200, admin(), "DELETE",
				arena_format(&world.arena, "/api/v1/grants/%s",
					feature_member(grant, "id")),
				NULL);
	feature_ask(403, wang, "GET", "/api/v1/hooks", NULL);
	feature_ask(200, wang, "GET", "/api/v1/persons", NULL);
	feature_ask(200, admin(), "GET", "/api/v1/persons/wang", NULL);
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/persons/wang", world.etag,
				 "{\"enabled\":false}", &grant),
		200);
	feature_ask(403, wang, "GET", "/api/v1/persons", NULL);
	feature_ask(403, wang, "GET", "/api/v1/persons", NULL);
	feature_close();
}
END_TEST

START_TEST(a_token_that_was_good_expires_without_a_commit)
{
	int64_t now_us = time_now_us();
	struct principal *first, *second;
	struct error err = ERROR_INIT;

	feature_open(NULL);
	ck_assert_int_eq(login(admin(), "10.0.0.1:1", now_us, &first, &err), 0);
	feature_settle(); /* "last used" is written */
	ck_assert_int_eq(login(admin(), "10.0.0.1:1", now_us, &first, &err), 0);
	ck_assert_int_eq(login(admin(), "10.0.0.2:1", now_us + 1, &second, &err), 0);
	ck_assert_str_eq(first->actor.session, second->actor.session);
	ck_assert_str_eq(first->actor.address, "10.0.0.1:1");
	ck_assert_str_eq(second->actor.address, "10.0.0.2:1");
	ck_assert_uint_eq(first->grant_count, second->grant_count);
	ck_assert_int_eq(login(admin(), "10.0.0.1:1", first->expires_at_us - 1, &second, &err), 0);
	ck_assert_int_eq(login(admin(), "10.0.0.1:1", first->expires_at_us, &second, &err),
		ERROR_UNAUTHENTICATED);
	feature_close();
}
END_TEST

/* A request that waits for its own commit still has its rights when others commit. */
START_TEST(rights_outlive_what_was_kept_of_them)
{
	struct principal *principal;
	const char *li;

	feature_open(NULL);
	li = feature_person("li", "author");
	ck_assert_int_eq(login(li, "10.0.0.1:1", time_now_us(), &principal, NULL), 0);
	feature_person("wang", "author");
	ck_assert_int_eq(
		login(li, "10.0.0.1:1", time_now_us(), &(struct principal *){NULL}, NULL), 0);
	ck_assert_uint_eq(principal->grant_count, 2);
	ck_assert(principal->roles & ROLE_AUTHOR);
	ck_assert_int_eq(principal_require(principal, ROLE_AUTHOR,
				 &(struct scope){.environment = "lab"}, NULL),
		0);
	feature_close();
}
END_TEST

START_TEST(one_sees_ones_own_tokens_and_an_admin_all)
{
	const char *li;

	feature_open(NULL);
	li = feature_person("li", "author");
	ck_assert_int_eq(json_array_size(json_object_get(
				 feature_ask(200, li, "GET", "/api/v1/tokens", NULL), "items")),
		1);
	ck_assert_int_eq(
		json_array_size(json_object_get(
			feature_ask(200, admin(), "GET", "/api/v1/tokens", NULL), "items")),
		2);
	feature_close();
}
END_TEST

START_TEST(last_used_is_kept_to_the_minute)
{
	struct token *token;
	struct principal *principal;
	int64_t now_us = time_now_us();
	const char *text;
	char hash[PEOPLE_HASH_SIZE];

	feature_open(NULL);
	text = feature_person("li", "author");
	token_hash(text, hash);
	ck_assert_int_eq(login(text, "10.0.0.1:1", now_us, &principal, NULL), 0);
	ck_assert_int_eq(login(text, "10.0.0.1:1", now_us + 1000000, &principal, NULL), 0);
	feature_settle();
	ck_assert_int_eq(
		token_store_find(store_reader(world.store), &world.arena, hash, &token, NULL), 1);
	ck_assert_int_eq(token->used_at_us, now_us);
	ck_assert_int_eq(login(text, "10.0.0.1:1", now_us + 61000000, &principal, NULL), 0);
	feature_settle();
	ck_assert_int_eq(
		token_store_find(store_reader(world.store), &world.arena, hash, &token, NULL), 1);
	ck_assert_int_eq(token->used_at_us, now_us + 61000000);
	feature_close();
}
END_TEST

START_TEST(ten_refused_tokens_a_minute_slow_that_address_alone)
{
	static const char bad[] = "rb_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	int64_t now_us = time_now_us();
	struct principal *principal;
	struct error err = ERROR_INIT;

	feature_open(NULL);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(
			login(bad, "10.0.0.1:7", now_us, &principal, &err), ERROR_UNAUTHENTICATED);
	ck_assert_int_eq(login(bad, "10.0.0.1:8", now_us, &principal, &err), ERROR_TOO_MANY);
	ck_assert_int_eq(login("nonsense", "10.0.0.1:8", now_us, &principal, &err), ERROR_TOO_MANY);
	ck_assert_int_eq(login(bad, "10.0.0.2:7", now_us, &principal, &err), ERROR_UNAUTHENTICATED);
	/* No lock-out: who has a good token gets in from there too. */
	ck_assert_int_eq(login(admin(), "10.0.0.1:9", now_us, &principal, &err), 0);
	ck_assert_int_eq(login(bad, "10.0.0.1:7", now_us + 61000000, &principal, &err),
		ERROR_UNAUTHENTICATED);
	feature_close();
}
END_TEST

START_TEST(a_network_of_v6_addresses_counts_as_one)
{
	int64_t now_us = time_now_us();
	struct principal *principal;
	struct error err = ERROR_INIT;
	char address[64];

	feature_open(NULL);
	for (int i = 0; i < 10; i++) {
		snprintf(address, sizeof(address), "[2001:db8::%d]:5", i + 1);
		ck_assert_int_eq(
			login("x", address, now_us, &principal, &err), ERROR_UNAUTHENTICATED);
	}
	ck_assert_int_eq(
		login("x", "[2001:db8::ffff]:5", now_us, &principal, &err), ERROR_TOO_MANY);
	ck_assert_int_eq(
		login("x", "[2001:db8:0:1::1]:5", now_us, &principal, &err), ERROR_UNAUTHENTICATED);
	feature_close();
}
END_TEST

START_TEST(denials_are_recorded_ten_a_minute)
{
	struct audit_actor actor = {.id = "x", .name = "x", .address = "10.0.0.1:1"};
	struct error why = ERROR_INIT;
	int64_t now_us = time_now_us();

	feature_open(NULL);
	error_set(&why, ERROR_FORBIDDEN, "no");
	for (int i = 0; i < 25; i++)
		people_record_denial(world.people, &actor, &why, now_us);
	feature_settle();
	ck_assert_int_eq(feature_audited("access.denied"), 10);
	people_record_denial(world.people, &actor, &why, now_us + 61000000);
	feature_settle();
	ck_assert_int_eq(feature_audited("access.denied"), 11);
	feature_close();
}
END_TEST

START_TEST(without_a_credential_a_token_is_asked_for)
{
	json_t *problem;

	feature_open(NULL);
	problem = feature_ask(401, NULL, "GET", "/api/v1/persons", NULL);
	ck_assert_str_eq(feature_member(problem, "detail"), "a token is needed");
	feature_close();
}
END_TEST

START_TEST(a_token_is_nowhere_but_in_its_answer)
{
	static const char bad[] = "rb_CanaryCanaryCanaryCanaryCanaryCanaryCanary0";
	const char *token;

	feature_open(NULL);
	token = feature_person("li", "admin");
	feature_ask(401, bad, "GET", "/api/v1/me", NULL);
	feature_ask(200, token, "GET", "/api/v1/me", NULL);
	feature_ask(200, token, "GET", "/api/v1/tokens", NULL);
	feature_settle();
	ck_assert(feature_holds("li")); /* the search itself works */
	ck_assert(!feature_holds(token));
	ck_assert(!feature_holds(token + 3));
	ck_assert(!feature_holds(world.first_token));
	ck_assert(!feature_holds(bad));
	feature_close();
}
END_TEST

CHECK_MAIN("people login", &a_token_has_its_form, &the_first_start_happens_once,
	&the_first_token_lives_a_day, &the_first_token_ends_with_another_credential_of_an_admin,
	&a_mapped_peer_of_an_admin_ends_the_first_token, &an_unmapped_uid_is_a_viewer_root_too,
	&a_token_has_only_the_roles_it_names, &nobody_hands_a_token_more_than_they_have,
	&a_life_is_mandatory_and_bounded, &a_revoked_token_says_so,
	&what_is_taken_away_is_gone_at_the_next_request,
	&a_token_that_was_good_expires_without_a_commit, &rights_outlive_what_was_kept_of_them,
	&one_sees_ones_own_tokens_and_an_admin_all, &last_used_is_kept_to_the_minute,
	&ten_refused_tokens_a_minute_slow_that_address_alone,
	&a_network_of_v6_addresses_counts_as_one, &denials_are_recorded_ten_a_minute,
	&without_a_credential_a_token_is_asked_for, &a_token_is_nowhere_but_in_its_answer)
