#include "adapters/adapter.h"
#include "adapters/adapter_rooms.h"

#include "check_main.h"

#include <string.h>

static const struct adapter *const adapters[] = {&haproxy_adapter, &prometheus_adapter};
static const struct adapter_list list = {adapters, 2};

/* The canonical text, "" when it was refused (then err says why). */
static const char *parse(struct arena *arena, const char *type, const char *first,
	const char *second, const char *json, struct error *err)
{
	const char *const args[] = {first, second, NULL};
	const struct adapter_register reg = {.type = type, .args = args};
	const struct adapter *adapter =
		strncmp(type, "haproxy", 7) ? &prometheus_adapter : &haproxy_adapter;
	json_t *value = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
	const char *canonical = NULL;
	int rc;

	ck_assert_msg(!json || value, "%s", json);
	rc = adapter->parse(&reg, value, arena, &canonical, err);
	json_decref(value);
	if (rc < 0) {
		ck_assert_int_eq(rc, ERROR_INVALID);
		ck_assert_int_eq(err->code, ERROR_INVALID);
		ck_assert_str_ne(err->field, "");
		ck_assert_ptr_null(canonical);
		return "";
	}
	return canonical ? canonical : "(none)";
}

struct spelling {
	const char *json, *canonical; /* "" = refused */
};

static void check_spellings(const char *type, const char *first, const char *second,
	const struct spelling *spellings, size_t count)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < count; i++) {
		const char *canonical = parse(&arena, type, first, second, spellings[i].json, &err);

		ck_assert_msg(!strcmp(canonical, spellings[i].canonical), "%s %s gives %s, not %s",
			type, spellings[i].json, canonical, spellings[i].canonical);
	}
	arena_done(&arena);
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

START_TEST(weights_are_integers_in_every_spelling)
{
	static const struct spelling spellings[] = {{"50", "50"}, {"50.0", "50"}, {"\"50\"", "50"},
		{"\"50 (initial 100)\"", "50"}, {"{\"$decimal\":\"50\"}", "50"}, {"5e1", "50"},
		{"0", "0"}, {"256", "256"}, {"-0", "0"}, {"257", ""}, {"-1", ""}, {"50.5", ""},
		{"\"50%\"", ""}, {"\"\"", ""}, {"true", ""}, {"null", ""}, {"[50]", ""},
		{"{\"$percent\":{}}", ""}, {"\"5 0\"", ""}, {"\"NaN\"", ""}, {"1e400", ""}};

	check_spellings("haproxy.weight", "app/s1", NULL, spellings, COUNT(spellings) - 1);
}
END_TEST

START_TEST(states_are_three_words)
{
	static const struct spelling spellings[] = {{"\"ready\"", "\"ready\""},
		{"\"drain\"", "\"drain\""}, {"\"maint\"", "\"maint\""}, {"\"Drain\"", ""},
		{"\"down\"", ""}, {"true", ""}, {"0", ""}};

	check_spellings("haproxy.state", "app/s1", NULL, spellings, COUNT(spellings));
}
END_TEST

START_TEST(values_of_a_map_are_one_word_of_text)
{
	static const struct spelling spellings[] = {{"\"on\"", "\"on\""}, {"200", "\"200\""},
		{"\"200\"", "\"200\""}, {"0.5", "\"0.5\""}, {"{\"$decimal\":\"0.5\"}", "\"0.5\""},
		{"true", "\"true\""}, {"-3", "\"-3\""}, {"\"\xE5\x88\x87\"", "\"\xE5\x88\x87\""},
		{"\"\"", ""}, {"\"a b\"", ""}, {"\"a;b\"", ""}, {"\"a\\nb\"", ""},
		{"\"a\\tb\"", ""}, {"\"a\\\\b\"", ""}, {"\"<<\"", ""}, {"\"x<<\"", ""},
		{"\"\\u202e\"", ""}, {"\"\\u007f\"", ""}, {"null", ""}, {"[]", ""}, {"{}", ""}};

	check_spellings("haproxy.map", "limits.map", "acme/", spellings, COUNT(spellings));
}
END_TEST

START_TEST(limits_and_frontends_have_their_values)
{
	static const struct spelling limits[] = {{"0", "0"}, {"1000", "1000"}, {"\"1000\"", "1000"},
		{"2147483647", "2147483647"}, {"2147483648", ""}, {"-1", ""}, {"\"10x\"", ""}};
	static const struct spelling enabled[] = {{"true", "true"}, {"false", "false"},
		{"\"enabled\"", "true"}, {"\"disabled\"", "false"}, {"1", ""}, {"\"yes\"", ""},
		{"null", ""}};

	check_spellings("haproxy.maxconn", "web", NULL, limits, COUNT(limits));
	check_spellings("haproxy.frontend", "web", NULL, enabled, COUNT(enabled));
}
END_TEST

START_TEST(readings_are_numbers)
{
	static const struct spelling spellings[] = {{"5", "5"}, {"0.5", "{\"$decimal\":\"0.5\"}"},
		{"\"0.50\"", "{\"$decimal\":\"0.5\"}"}, {"\"5.0\"", "5"},
		{"{\"$decimal\":\"0.25\"}", "{\"$decimal\":\"0.25\"}"}, {"\"x\"", ""},
		{"true", ""}};

	check_spellings("prometheus.value", "up", NULL, spellings, COUNT(spellings));
}
END_TEST

START_TEST(a_decimal_has_one_spelling)
{
	static const char *const cases[][2] = {
		{"0.28571428571428575", "{\"$decimal\":\"0.28571428571428575\"}"},
		{"1e+06", "1000000"},
		{"2.8571428571428575e-01", "{\"$decimal\":\"0.28571428571428575\"}"}, {"-0", "0"},
		{"0.000", "0"}, {"5.000", "5"}, {"+5", "5"},
		{"1.5e-07", "{\"$decimal\":\"0.00000015\"}"},
		{"-12.250", "{\"$decimal\":\"-12.25\"}"}, {"007", "7"},
		{".5", "{\"$decimal\":\"0.5\"}"}, {"5.", "5"},
		{"9223372036854775807", "9223372036854775807"},
		{"9223372036854775808", "{\"$decimal\":\"9223372036854775808\"}"},
		{"1e30", "{\"$decimal\":\"1000000000000000000000000000000\"}"}, {"1e-40", "0"},
		{"-1e-40", "0"}, {"1.23e2", "123"}, {"12345e-2", "{\"$decimal\":\"123.45\"}"},
		{"0e10", "0"}};
	static const char *const bad[] = {"", "NaN", "+Inf", "-Inf", "e5", "1e", "1e+", ".",
		"1.2.3", "0x10", " 1", "1 ", "1e39", "1e99999", "--1", "1,5"};
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *canonical = adapter_decimal(&arena, cases[i][0]);

		ck_assert_msg(canonical && !strcmp(canonical, cases[i][1]), "%s gives %s",
			cases[i][0], canonical ? canonical : "nothing");
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!adapter_decimal(&arena, bad[i]), "%s", bad[i]);
	arena_done(&arena);
}
END_TEST

START_TEST(what_is_syntax_to_haproxy_is_refused)
{
	static const char *const servers[] = {"", "app", "app/", "/s1", "app/s1/x", "app/s 1",
		"app/s1;x", "app/s1\nshutdown", "app/s\\1", "b/s; shutdown sessions", "app/s\t1",
		"\xE5\x88\x87/s", "app/s#1"};
	static const char *const frontends[] = {"", "we b", "web;x", "web/x", "web\n"};
	static const char *const files[] = {
		"", "a b", "a;b", "@1", "#0", "a\\b", "a\n", "<<", "a<<b", "\"a\""};
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < COUNT(servers); i++) {
		ck_assert_str_eq(parse(&arena, "haproxy.weight", servers[i], NULL, NULL, &err), "");
		ck_assert_str_eq(err.field, "args[0]");
		ck_assert_str_eq(parse(&arena, "haproxy.state", servers[i], NULL, NULL, &err), "");
	}
	for (size_t i = 0; i < COUNT(frontends); i++) {
		ck_assert_str_eq(
			parse(&arena, "haproxy.maxconn", frontends[i], NULL, NULL, &err), "");
		ck_assert_str_eq(
			parse(&arena, "haproxy.frontend", frontends[i], NULL, NULL, &err), "");
	}
	for (size_t i = 0; i < COUNT(files); i++) {
		ck_assert_msg(
			!*parse(&arena, "haproxy.map", files[i], "k", NULL, &err), "%s", files[i]);
		ck_assert_str_eq(err.field, "args[0]");
		if (*files[i] == '@')
			continue;
		ck_assert_msg(!*parse(&arena, "haproxy.map", "f.map", files[i], NULL, &err), "%s",
			files[i]);
		ck_assert_str_eq(err.field, "args[1]");
	}
	ck_assert_str_eq(
		parse(&arena, "haproxy.map", "/etc/haproxy/limits.map", "acme/", NULL, &err),
		"(none)");
	ck_assert_str_eq(
		parse(&arena, "haproxy.weight", "app_1.x:y/s-1", NULL, NULL, &err), "(none)");
	arena_done(&arena);
}
END_TEST

START_TEST(types_and_counts_of_arguments_are_checked)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;

	ck_assert_str_eq(parse(&arena, "haproxy.wieght", "a/b", NULL, NULL, &err), "");
	ck_assert_str_eq(err.field, "type");
	ck_assert_str_eq(parse(&arena, "haproxy.weight", NULL, NULL, NULL, &err), "");
	ck_assert_str_eq(err.field, "args");
	ck_assert_str_eq(parse(&arena, "haproxy.weight", "a/b", "c", NULL, &err), "");
	ck_assert_str_eq(parse(&arena, "haproxy.map", "f", NULL, NULL, &err), "");
	ck_assert_str_eq(parse(&arena, "prometheus.value", "", NULL, NULL, &err), "");
	ck_assert_str_eq(parse(&arena, "prometheus.value", "up\x01", NULL, NULL, &err), "");
	ck_assert_str_eq(
		parse(&arena, "prometheus.value", "sum by (a)\n(up)", NULL, NULL, &err), "(none)");
	arena_done(&arena);
}
END_TEST

START_TEST(adapters_and_types_are_found_by_name)
{
	const struct adapter_type *map = adapter_type_find(&list, "haproxy.map");
	const struct adapter_type *value = adapter_type_find(&list, "prometheus.value");

	ck_assert_ptr_eq(adapter_find(&list, "prometheus"), &prometheus_adapter);
	ck_assert_ptr_null(adapter_find(&list, "nginx"));
	ck_assert_ptr_null(adapter_type_find(&list, "haproxy.nothing"));
	ck_assert_int_eq(map->arg_count, 2);
	ck_assert(map->is_writable && map->can_be_absent && map->is_forgetful &&
		  !map->has_compare_and_set);
	ck_assert(!value->is_writable && !value->can_be_absent);
}
END_TEST

START_TEST(addresses_fit_the_kind)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(haproxy_adapter.check_address("unix:/run/haproxy/admin.sock", &err), 0);
	ck_assert_int_eq(haproxy_adapter.check_address("tcp:10.0.0.7:9999", &err), 0);
	ck_assert_int_eq(
		haproxy_adapter.check_address("http://10.0.0.7:9999", &err), ERROR_INVALID);
	ck_assert_int_eq(prometheus_adapter.check_address("https://prom.example/prefix", &err), 0);
	ck_assert_int_eq(prometheus_adapter.check_address("tcp:prom:9090", &err), ERROR_INVALID);
	ck_assert_int_eq(prometheus_adapter.check_address("http://prom:9090/?query=up", &err),
		ERROR_INVALID);
	ck_assert_str_eq(err.field, "address");
}
END_TEST

CHECK_MAIN("adapter values", &weights_are_integers_in_every_spelling, &states_are_three_words,
	&values_of_a_map_are_one_word_of_text, &limits_and_frontends_have_their_values,
	&readings_are_numbers, &a_decimal_has_one_spelling, &what_is_syntax_to_haproxy_is_refused,
	&types_and_counts_of_arguments_are_checked, &adapters_and_types_are_found_by_name,
	&addresses_fit_the_kind)
