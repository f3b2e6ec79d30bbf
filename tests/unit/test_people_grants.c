#include "tests/unit/check_main.h"
#include "tests/unit/feature_world.h"

#include "lib/base/json.h"
#include "lib/base/time.h"
#include "people/people_rooms.h"

#include <string.h>

static const char *admin(void)
{
	return world.first_token;
}

/* A second admin with a token of her own; she has not acted yet. */
static const char *second_admin(void)
{
	return feature_person("wang", "admin");
}

static const char *id_path(const char *format, const json_t *object)
{
	return arena_format(&world.arena, "%s%s", format, feature_member(object, "id"));
}

static const char *confirm_path(const char *what, const json_t *object)
{
	return arena_format(
		&world.arena, "/api/v1/%s/%s/confirm", what, feature_member(object, "id"));
}

START_TEST(the_first_admin_grants_alone_and_it_is_marked)
{
	json_t *grant;

	feature_open(NULL);
	feature_ask(201, admin(), "POST", "/api/v1/persons", "{\"name\":\"wang\"}");
	grant = feature_ask(
		201, admin(), "POST", "/api/v1/grants", "{\"person\":\"wang\",\"role\":\"admin\"}");
	ck_assert_str_eq(feature_member(grant, "state"), "ACTIVE");
	ck_assert(json_is_true(json_object_get(grant, "bootstrap")));
	feature_close();
}
END_TEST

START_TEST(once_a_second_admin_acted_admin_needs_two)
{
	const char *wang;
	json_t *grant, *problem;

	feature_open(NULL);
	wang = second_admin();
	feature_ask(201, wang, "POST", "/api/v1/persons", "{\"name\":\"chen\"}");
	grant = feature_ask(
		202, wang, "POST", "/api/v1/grants", "{\"person\":\"chen\",\"role\":\"admin\"}");
	ck_assert_str_eq(feature_member(grant, "state"), "PENDING");
	ck_assert(json_is_false(json_object_get(grant, "bootstrap")));
	problem = feature_ask(403, wang, "POST", confirm_path("grants", grant), NULL);
	ck_assert_str_eq(feature_member(problem, "code"), "forbidden");
	ck_assert_int_eq(
		people_count_with_role(store_reader(world.store), ROLE_ADMIN, NULL, NULL), 2);
	feature_close();
}
END_TEST

/* The token of the first start ends with the second credential: the first admin needs another. */
static const char *lasting_admin(void)
{
	return feature_member(feature_ask(201, admin(), "POST", "/api/v1/tokens",
				      "{\"name\":\"mine\",\"roles\":[\"viewer\",\"admin\"],"
				      "\"expires_in\":\"30d\"}"),
		"token");
}

START_TEST(another_admin_confirms)
{
	const char *wang, *first;
	json_t *grant;

	feature_open(NULL);
	wang = second_admin();
	first = lasting_admin();
	feature_ask(201, wang, "POST", "/api/v1/persons", "{\"name\":\"chen\"}");
	grant = feature_ask(
		202, wang, "POST", "/api/v1/grants", "{\"person\":\"chen\",\"role\":\"admin\"}");
	grant = feature_ask(200, first, "POST", confirm_path("grants", grant), NULL);
	ck_assert_str_eq(feature_member(grant, "state"), "ACTIVE");
	ck_assert_str_eq(feature_member(grant, "requested_by"), "wang");
	ck_assert_str_eq(feature_member(grant, "confirmed_by"), "admin");
	ck_assert_int_eq(
		people_count_with_role(store_reader(world.store), ROLE_ADMIN, NULL, NULL), 3);
	ck_assert_int_eq(feature_audited("grant.confirm"), 1);
	feature_ask(409, first, "POST", confirm_path("grants", grant), NULL);
	feature_close();
}
END_TEST

START_TEST(other_roles_need_one_admin)
{
	const char *wang;
	json_t *grant;

	feature_open(NULL);
	wang = second_admin();
	feature_ask(201, wang, "POST", "/api/v1/persons", "{\"name\":\"chen\"}");
	grant = feature_ask(201, wang, "POST", "/api/v1/grants",
		"{\"person\":\"chen\",\"role\":\"commander\",\"service\":\"shop\"}");
	ck_assert_str_eq(feature_member(grant, "state"), "ACTIVE");
	ck_assert_str_eq(feature_member(json_object_get(grant, "scope"), "service"), "shop");
	feature_close();
}
END_TEST

START_TEST(admin_is_not_granted_to_groups)
{
	json_t *problem;

	feature_open(NULL);
	feature_ask(201, admin(), "POST", "/api/v1/groups", "{\"name\":\"root\"}");
	problem = feature_ask(
		400, admin(), "POST", "/api/v1/grants", "{\"group\":\"root\",\"role\":\"admin\"}");
	ck_assert_str_eq(feature_member(problem, "field"), "group");
	feature_ask(400, admin(), "POST", "/api/v1/grants", "{\"role\":\"admin\"}");
	feature_ask(
		400, admin(), "POST", "/api/v1/grants", "{\"person\":\"admin\",\"role\":\"king\"}");
	feature_close();
}
END_TEST

START_TEST(the_same_grant_twice_is_a_conflict)
{
	feature_open(NULL);
	feature_person("li", "author");
	feature_ask(
		409, admin(), "POST", "/api/v1/grants", "{\"person\":\"li\",\"role\":\"author\"}");
	feature_ask(201, admin(), "POST", "/api/v1/grants",
		"{\"person\":\"li\",\"role\":\"author\",\"team\":\"sre\"}");
	feature_close();
}
END_TEST

START_TEST(a_revoked_grant_is_gone_at_once)
{
	const char *token;
	json_t *items, *grant = NULL;
	size_t i;

	feature_open(NULL);
	token = feature_person("li", "admin");
	items = json_object_get(feature_ask(200, admin(), "GET", "/api/v1/grants", NULL), "items");
	json_array_foreach (items, i, grant)
		if (!strcmp(feature_member(grant, "person"), "li"))
			break;
	feature_ask(200, token, "GET", "/api/v1/peers", NULL);
	/* Her first use ended the token of the first start: she acts on herself. */
	feature_ask(200, token, "DELETE", id_path("/api/v1/grants/", grant), NULL);
	feature_ask(403, token, "POST", "/api/v1/persons", "{\"name\":\"x\"}");
	ck_assert_int_eq(feature_audited("grant.revoke"), 1);
	feature_close();
}
END_TEST

START_TEST(the_last_admin_stays)
{
	json_t *items, *problem;

	feature_open(NULL);
	items = json_object_get(feature_ask(200, admin(), "GET", "/api/v1/grants", NULL), "items");
	problem = feature_ask(
		409, admin(), "DELETE", id_path("/api/v1/grants/", json_array_get(items, 0)), NULL);
	ck_assert_str_eq(feature_member(problem, "detail"), "this is the last admin");
	feature_close();
}
END_TEST

START_TEST(who_is_no_admin_changes_nothing_and_is_recorded)
{
	const char *token;

	feature_open(NULL);
	token = feature_person("li", "commander");
	feature_ask(403, token, "POST", "/api/v1/persons", "{\"name\":\"x\"}");
	feature_ask(403, token, "POST", "/api/v1/grants", "{\"person\":\"li\",\"role\":\"admin\"}");
	feature_settle();
	ck_assert_int_eq(feature_audited("access.denied"), 2);
	feature_close();
}
END_TEST

START_TEST(a_scoped_admin_is_no_admin_of_people)
{
	const char *token;
	json_t *problem;

	feature_open(NULL);
	token = feature_person("li", "viewer");
	feature_ask(201, admin(), "POST", "/api/v1/grants",
		"{\"person\":\"li\",\"role\":\"admin\",\"environment\":\"lab\"}");
	token = feature_member(feature_ask(201, admin(), "POST", "/api/v1/tokens",
				       "{\"person\":\"li\",\"name\":\"t\",\"roles\":[\"admin\"],"
				       "\"expires_in\":\"1d\"}"),
		"token");
	problem = feature_ask(403, token, "POST", "/api/v1/persons", "{\"name\":\"x\"}");
	ck_assert_str_eq(
		feature_member(problem, "detail"), "li with this token is not admin everywhere");
	feature_settle();
	ck_assert_int_eq(feature_audited("access.denied"), 1);
	feature_close();
}
END_TEST

START_TEST(an_admins_token_by_another_admin_waits)
{
	const char *wang, *first, *text;
	json_t *token, *problem;

	feature_open(NULL);
	wang = second_admin();
	first = lasting_admin();
	feature_ask(201, wang, "POST", "/api/v1/groups", "{\"name\":\"g\"}");
	token = feature_ask(201, wang, "POST", "/api/v1/tokens",
		"{\"person\":\"admin\",\"name\":\"x\",\"roles\":[\"admin\"],\"expires_in\":"
		"\"1d\"}");
	text = feature_member(token, "token");
	ck_assert_str_eq(feature_member(token, "state"), "PENDING");
	problem = feature_ask(401, text, "GET", "/api/v1/me", NULL);
	ck_assert_str_eq(feature_member(problem, "detail"),
		"the token waits for the confirmation of another admin");
	feature_ask(403, wang, "POST", confirm_path("tokens", token), NULL);
	feature_ask(200, first, "POST", confirm_path("tokens", token), NULL);
	feature_ask(200, text, "GET", "/api/v1/me", NULL);
	feature_close();
}
END_TEST

START_TEST(a_peer_of_another_admin_waits)
{
	const char *wang, *first;
	json_t *peer;

	feature_open(NULL);
	wang = second_admin();
	first = lasting_admin();
	feature_ask(201, wang, "POST", "/api/v1/groups", "{\"name\":\"g\"}");
	peer = feature_ask(202, wang, "PUT", "/api/v1/peers/1000", "{\"person\":\"admin\"}");
	ck_assert_str_eq(feature_member(peer, "state"), "PENDING");
	feature_ask(403, wang, "POST", "/api/v1/peers/1000/confirm", NULL);
	peer = feature_ask(200, first, "POST", "/api/v1/peers/1000/confirm", NULL);
	ck_assert_str_eq(feature_member(peer, "state"), "ACTIVE");
	feature_ask(204, wang, "DELETE", "/api/v1/peers/1000", NULL);
	feature_ask(404, wang, "DELETE", "/api/v1/peers/1000", NULL);
	feature_close();
}
END_TEST

START_TEST(a_request_for_admin_ends_after_a_day)
{
	struct grant_decide decide = {0};
	struct error err = ERROR_INIT;
	const char *wang, *first;
	json_t *grant;
	struct store_tx *tx;

	feature_open(NULL);
	wang = second_admin();
	first = lasting_admin();
	feature_ask(201, wang, "POST", "/api/v1/persons", "{\"name\":\"chen\"}");
	grant = feature_ask(
		202, wang, "POST", "/api/v1/grants", "{\"person\":\"chen\",\"role\":\"admin\"}");
	decide.by = feature_principal(first);
	decide.arena = &world.arena;
	decide.id = feature_member(grant, "id");
	decide.at_us = time_now_us() + PEOPLE_CONFIRM_WITHIN_US + 1;
	tx = store_reader(world.store);
	ck_assert_int_eq(grant_confirm(tx, &decide, &err), ERROR_CONFLICT);
	ck_assert_str_eq(err.message, "the request is older than 24 hours");
	feature_close();
}
END_TEST

CHECK_MAIN("people grants", &the_first_admin_grants_alone_and_it_is_marked,
	&once_a_second_admin_acted_admin_needs_two, &another_admin_confirms,
	&other_roles_need_one_admin, &admin_is_not_granted_to_groups,
	&the_same_grant_twice_is_a_conflict, &a_revoked_grant_is_gone_at_once,
	&the_last_admin_stays, &who_is_no_admin_changes_nothing_and_is_recorded,
	&a_scoped_admin_is_no_admin_of_people, &an_admins_token_by_another_admin_waits,
	&a_peer_of_another_admin_waits, &a_request_for_admin_ends_after_a_day)
