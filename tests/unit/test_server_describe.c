/* The API document out of a route table. */
#include "lib/base/json.h"
#include "lib/server/server.h"
#include "tests/unit/check_main.h"

#include <string.h>

static void nothing(struct request *req)
{
	(void)req;
}

static const char *word_of(unsigned bit)
{
	return bit == 1 ? "viewer" : "admin";
}

static json_t *frame(void)
{
	return json_pack("{s:{s:{s:{s:s}, s:{s:[s]}, s:{s:s}, s:{s:s}}}}", "components", "schemas",
		"Thing", "type", "object", "ThingAdd", "required", "name", "Name", "type", "string",
		"Problem", "type", "object");
}

/* Where "a/b/c" leads; NULL when there is nothing. */
static json_t *at(json_t *object, const char *const *path)
{
	for (; object && *path; path++)
		object = json_object_get(object, *path);
	return object;
}
#define AT(object, ...) at(object, (const char *const[]){__VA_ARGS__, NULL})

static json_t *describe(const struct route *routes, size_t count, struct error *err)
{
	struct route_table table = {routes, count, NULL};
	json_t *document = frame();

	if (server_describe(&table, 1, word_of, document, err) < 0) {
		json_decref(document);
		return NULL;
	}
	return document;
}

static const struct route things[] = {
	{.method = ROUTE_GET,
		.path = "/api/v1/things",
		.access = 3,
		.handle = nothing,
		.query_params = {{"limit", PARAM_INT, 1, 9, "how many"},
			{"color", PARAM_WORD, 0, 0, "red green"}},
		.answers = {"200 ThingList"}},
	{.method = ROUTE_POST,
		.path = "/api/v1/things",
		.access = 2,
		.max_body = 77,
		.flags = ROUTE_ETAG,
		.handle = nothing,
		.request = "ThingAdd",
		.answers = {"201 Thing"}},
	{.method = ROUTE_DELETE,
		.path = "/api/v1/things/{name}",
		.access = 2,
		.flags = ROUTE_NEED_MATCH,
		.handle = nothing,
		.path_params = {{"name", PARAM_NAME, 0, 0, "its name"}},
		.answers = {"204"}},
};

START_TEST(a_row_says_what_its_operation_is)
{
	json_t *document = describe(things, 3, NULL);
	json_t *list = AT(document, "paths", "/api/v1/things", "get");
	json_t *add = AT(document, "paths", "/api/v1/things", "post");
	json_t *color = json_array_get(AT(list, "parameters"), 1);

	ck_assert_str_eq(json_string_value(AT(list, "operationId")), "get_things");
	ck_assert_uint_eq(json_array_size(AT(list, "x-roles")), 2);
	ck_assert_uint_eq(json_array_size(AT(color, "schema", "enum")), 2);
	ck_assert_ptr_null(AT(list, "responses", "409"));
	ck_assert_int_eq(json_integer_value(AT(add, "requestBody", "x-max-bytes")), 77);
	ck_assert(json_is_true(AT(add, "requestBody", "required")));
	ck_assert_ptr_nonnull(AT(add, "responses", "201", "headers", "ETag"));
	ck_assert_ptr_nonnull(AT(add, "responses", "422"));
	json_decref(document);
}
END_TEST

START_TEST(what_is_demanded_is_said)
{
	json_t *document = describe(things, 3, NULL);
	json_t *removal = AT(document, "paths", "/api/v1/things/{name}", "delete");

	ck_assert_str_eq(json_string_value(AT(removal, "operationId")), "delete_things_by_name");
	ck_assert_uint_eq(json_array_size(AT(removal, "parameters")), 2);
	ck_assert_ptr_nonnull(AT(removal, "responses", "428"));
	ck_assert_ptr_null(AT(removal, "responses", "204", "content"));
	ck_assert_ptr_null(AT(removal, "responses", "413"));
	json_decref(document);
}
END_TEST

START_TEST(a_list_is_made_of_its_item)
{
	json_t *document = describe(things, 3, NULL);
	json_t *items = AT(document, "components", "schemas", "ThingList", "properties", "items");

	ck_assert_str_eq(
		json_string_value(AT(items, "items", "$ref")), "#/components/schemas/Thing");
	json_decref(document);
}
END_TEST

START_TEST(a_schema_that_nobody_gives_is_an_error)
{
	struct route route = things[1];
	struct error err = ERROR_INIT;

	route.request = "Nobody";
	ck_assert_ptr_null(describe(&route, 1, &err));
	ck_assert_int_eq(err.code, ERROR_INTERNAL);
	ck_assert_ptr_nonnull(strstr(err.message, "Nobody"));
}
END_TEST

START_TEST(a_row_without_an_answer_is_an_error)
{
	struct route route = things[1];
	struct error err = ERROR_INIT;

	route.answers[0] = NULL;
	ck_assert_ptr_null(describe(&route, 1, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "no answer"));
}
END_TEST

CHECK_MAIN("server_describe", &a_row_says_what_its_operation_is, &what_is_demanded_is_said,
	&a_list_is_made_of_its_item, &a_schema_that_nobody_gives_is_an_error,
	&a_row_without_an_answer_is_an_error)
