#include "tests/unit/check_main.h"
#include "tests/unit/feature_world.h"

#include "lib/base/json.h"
#include "people/people_rooms.h"

#include <string.h>

static const char *admin(void)
{
	return world.first_token;
}

START_TEST(roles_have_words_and_bits)
{
	enum role role = ROLE_VIEWER;
	struct error err = ERROR_INIT;
	char words[128];

	ck_assert_str_eq(role_word(ROLE_COMMANDER), "commander");
	ck_assert_int_eq(role_parse("role", "admin", &role, &err), 0);
	ck_assert_int_eq(role, ROLE_ADMIN);
	ck_assert_int_eq(role_parse("role", "comander", &role, &err), ERROR_INVALID);
	ck_assert_str_eq(err.remedy, "did you mean commander?");
	people_role_words(ROLE_ADMIN | ROLE_VIEWER, words, sizeof(words));
	ck_assert_str_eq(words, "viewer admin");
	ck_assert_uint_eq(people_role_bits(words), ROLE_ADMIN | ROLE_VIEWER);
}
END_TEST

START_TEST(a_scoped_grant_covers_only_its_scope)
{
	struct principal_grant grant = {
		.role = ROLE_COMMANDER, .scope = {.environment = "production", .service = "shop"}};
	struct principal principal = {.grants = &grant, .grant_count = 1, .person_name = "li.wei"};
	struct scope here = {.environment = "production", .service = "shop", .kind = "drain"};
	struct scope elsewhere = {.environment = "staging", .service = "shop"};
	struct error err = ERROR_INIT;

	strcpy(principal.actor.name, "li.wei");
	strcpy(principal.person_id, "01");
	ck_assert_int_eq(principal_require(&principal, ROLE_COMMANDER, &here, &err), 0);
	ck_assert_int_eq(
		principal_require(&principal, ROLE_COMMANDER, &elsewhere, &err), ERROR_FORBIDDEN);
	ck_assert_str_eq(
		err.message, "li.wei is not commander in environment staging in service shop");
	ck_assert_str_eq(err.remedy,
		"an admin can grant it: redbutton grant add --person li.wei --role commander"
		" --environment staging --service shop");
	ck_assert_int_eq(
		principal_require(&principal, ROLE_COMMANDER, NULL, NULL), ERROR_FORBIDDEN);
	ck_assert_int_eq(principal_require(&principal, ROLE_ADMIN, &here, NULL), ERROR_FORBIDDEN);
}
END_TEST

START_TEST(a_person_is_added_shown_and_listed)
{
	json_t *person;

	feature_open(NULL);
	person = feature_ask(201, admin(), "POST", "/api/v1/persons",
		"{\"name\":\"Li.Wei\",\"display_name\":\"李伟\",\"team\":\"交易\"}");
	ck_assert_str_eq(feature_member(person, "name"), "li.wei");
	person = feature_ask(200, admin(), "GET", "/api/v1/persons/LI.wei", NULL);
	ck_assert_str_eq(feature_member(person, "display_name"), "李伟");
	ck_assert_str_eq(feature_member(person, "team"), "交易");
	ck_assert_str_eq(world.etag, "\"v1\"");
	ck_assert_int_eq(
		json_array_size(json_object_get(
			feature_ask(200, admin(), "GET", "/api/v1/persons", NULL), "items")),
		2);
	feature_close();
}
END_TEST

START_TEST(a_chinese_name_works_everywhere)
{
	feature_open(NULL);
	feature_ask(201, admin(), "POST", "/api/v1/persons", "{\"name\":\"王芳\"}");
	feature_ask(201, admin(), "POST", "/api/v1/groups", "{\"name\":\"值班\"}");
	feature_ask(200, admin(), "PUT",
		"/api/v1/groups/%E5%80%BC%E7%8F%AD/members/%E7%8E%8B%E8%8A%B3", NULL);
	feature_ask(201, admin(), "POST", "/api/v1/grants",
		"{\"group\":\"值班\",\"role\":\"commander\",\"service\":\"结算\"}");
	feature_ask(200, admin(), "GET", "/api/v1/persons/%E7%8E%8B%E8%8A%B3", NULL);
	feature_close();
}
END_TEST

START_TEST(deceptive_names_are_refused_with_the_field)
{
	json_t *problem;

	feature_open(NULL);
	problem =
		feature_ask(400, admin(), "POST", "/api/v1/persons", "{\"name\":\"ad\\u202enim\"}");
	ck_assert_str_eq(feature_member(problem, "field"), "name");
	problem = feature_ask(400, admin(), "POST", "/api/v1/persons",
		"{\"name\":\"li\",\"display_name\":\"a\\u200bb\"}");
	ck_assert_str_eq(feature_member(problem, "field"), "display_name");
	problem = feature_ask(
		400, admin(), "POST", "/api/v1/persons", "{\"name\":\"li\",\"teem\":\"x\"}");
	ck_assert_str_eq(feature_member(problem, "remedy"), "did you mean \"team\"?");
	feature_close();
}
END_TEST

START_TEST(a_second_person_of_a_name_is_a_conflict)
{
	feature_open(NULL);
	feature_ask(409, admin(), "POST", "/api/v1/persons", "{\"name\":\"ADMIN\"}");
	feature_close();
}
END_TEST

START_TEST(an_unknown_person_gets_the_nearest_name)
{
	json_t *problem;

	feature_open(NULL);
	problem = feature_ask(404, admin(), "GET", "/api/v1/persons/admim", NULL);
	ck_assert_str_eq(feature_member(problem, "remedy"), "did you mean admin?");
	feature_close();
}
END_TEST

START_TEST(a_change_needs_the_version_it_saw)
{
	json_t *answer;

	feature_open(NULL);
	feature_person("li", "viewer");
	feature_ask(428, admin(), "PUT", "/api/v1/persons/li", "{\"team\":\"edge\"}");
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/persons/li", "\"v1\"",
				 "{\"team\":\"edge\"}", &answer),
		200);
	ck_assert_str_eq(world.etag, "\"v2\"");
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/persons/li", "\"v1\"",
				 "{\"team\":\"x\"}", &answer),
		412);
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/persons/li", "\"v2\"",
				 "{\"team\":\"edge\"}", &answer),
		409);
	ck_assert_str_eq(feature_member(answer, "code"), "no_effect");
	feature_close();
}
END_TEST

START_TEST(a_disabled_person_is_refused_at_once)
{
	const char *token;
	json_t *answer;

	feature_open(NULL);
	token = feature_person("li", "author");
	feature_ask(200, token, "GET", "/api/v1/me", NULL);
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/persons/li", "*",
				 "{\"enabled\":false}", &answer),
		200);
	answer = feature_ask(403, token, "GET", "/api/v1/me", NULL);
	ck_assert_str_eq(feature_member(answer, "detail"), "li is disabled");
	feature_close();
}
END_TEST

START_TEST(the_last_admin_cannot_be_disabled)
{
	json_t *answer;

	feature_open(NULL);
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/persons/admin", "*",
				 "{\"enabled\":false}", &answer),
		409);
	feature_close();
}
END_TEST

START_TEST(membership_gives_the_rights_of_the_group)
{
	char id[ID_SIZE];
	const char *token;
	struct store_tx *tx;

	feature_open(NULL);
	token = feature_person("li", "viewer");
	feature_ask(201, admin(), "POST", "/api/v1/groups", "{\"name\":\"oncall\"}");
	feature_ask(201, admin(), "POST", "/api/v1/grants",
		"{\"group\":\"oncall\",\"role\":\"approver\",\"environment\":\"production\"}");
	feature_ask(200, admin(), "PUT", "/api/v1/groups/oncall/members/li", NULL);
	feature_ask(409, admin(), "PUT", "/api/v1/groups/oncall/members/li", NULL);
	tx = store_reader(world.store);
	ck_assert_int_eq(people_find(tx, "Li", id, NULL), 0);
	ck_assert(people_is_in_group(tx, id, "oncall"));
	ck_assert_int_eq(people_count_in_group(tx, "oncall", NULL), 1);
	ck_assert_int_eq(people_count_in_group(tx, "oncall", (const char *const[]){id, NULL}), 0);
	ck_assert_int_eq(people_count_in_group(tx, "nosuch", NULL), 0);
	ck_assert(people_has_role(
		tx, id, ROLE_APPROVER, &(struct scope){.environment = "production"}));
	ck_assert(!people_has_role(tx, id, ROLE_APPROVER, &(struct scope){.environment = "lab"}));
	ck_assert_int_eq(people_count_with_role(tx, ROLE_APPROVER,
				 &(struct scope){.environment = "production"}, NULL),
		1);
	ck_assert_int_eq(people_count_with_role(tx, ROLE_APPROVER,
				 &(struct scope){.environment = "production"},
				 (const char *const[]){id, NULL}),
		0);
	feature_ask(200, admin(), "DELETE", "/api/v1/groups/oncall/members/li", NULL);
	ck_assert(!people_is_in_group(store_reader(world.store), id, "oncall"));
	ck_assert_int_eq(people_count_in_group(store_reader(world.store), "oncall", NULL), 0);
	ck_assert(!people_has_role(store_reader(world.store), id, ROLE_APPROVER,
		&(struct scope){.environment = "production"}));
	feature_ask(200, token, "GET", "/api/v1/me", NULL);
	feature_close();
}
END_TEST

START_TEST(a_disabled_person_counts_for_nothing)
{
	char id[ID_SIZE], team[64];
	json_t *answer;

	feature_open(NULL);
	feature_person("li", "approver");
	ck_assert_int_eq(people_find(store_reader(world.store), "li", id, NULL), 0);
	ck_assert_int_eq(people_team(store_reader(world.store), id, team, sizeof(team), NULL), 0);
	ck_assert_str_eq(team, "sre");
	ck_assert(people_has_role(store_reader(world.store), id, ROLE_APPROVER, NULL));
	feature_call(admin(), "PUT", "/api/v1/persons/li", "*", "{\"enabled\":false}", &answer);
	ck_assert(!people_is_enabled(store_reader(world.store), id));
	ck_assert(!people_has_role(store_reader(world.store), id, ROLE_APPROVER, NULL));
	ck_assert_int_eq(
		people_count_with_role(store_reader(world.store), ROLE_APPROVER, NULL, NULL), 0);
	feature_close();
}
END_TEST

START_TEST(each_change_is_audited)
{
	feature_open(NULL);
	feature_person("li", "author");
	feature_ask(201, admin(), "POST", "/api/v1/groups", "{\"name\":\"oncall\"}");
	feature_ask(200, admin(), "PUT", "/api/v1/groups/oncall/members/li", NULL);
	ck_assert_int_eq(feature_audited("person.create"), 2);
	ck_assert_int_eq(feature_audited("grant.create"), 2);
	ck_assert_int_eq(feature_audited("token.create"), 2);
	ck_assert_int_eq(feature_audited("group.create"), 1);
	ck_assert_int_eq(feature_audited("group.change"), 1);
	feature_close();
}
END_TEST

CHECK_MAIN("people", &roles_have_words_and_bits, &a_scoped_grant_covers_only_its_scope,
	&a_person_is_added_shown_and_listed, &a_chinese_name_works_everywhere,
	&deceptive_names_are_refused_with_the_field, &a_second_person_of_a_name_is_a_conflict,
	&an_unknown_person_gets_the_nearest_name, &a_change_needs_the_version_it_saw,
	&a_disabled_person_is_refused_at_once, &the_last_admin_cannot_be_disabled,
	&membership_gives_the_rights_of_the_group, &a_disabled_person_counts_for_nothing,
	&each_change_is_audited)
