#include "tests/unit/check_main.h"
#include "tests/unit/feature_world.h"

#include "inventory/target_rooms.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* --- an adapter whose check is answered by a timer --- */

static struct {
	enum adapter_outcome outcome;
	adapter_done done;
	void *arg;
	struct loop_timer *timer;
} plane;

static void answer_check(void *arg)
{
	struct adapter_result result = {.outcome = plane.outcome, .message = "Plane 1.0"};

	(void)arg;
	loop_timer_free(plane.timer);
	plane.done(plane.arg, &result);
}

static int check_plane(struct client *client, const struct adapter_target *target, int timeout_ms,
	adapter_done done, void *arg, struct error *err)
{
	(void)client;
	(void)timeout_ms;
	if (!strcmp(target->address, "tcp:127.0.0.1:2"))
		return error_set(err, ERROR_UNREACHABLE, "the socket is not there");
	plane.done = done;
	plane.arg = arg;
	plane.timer = loop_timer_new(world.loop, answer_check, NULL);
	loop_timer_start(plane.timer, 5, 0);
	return 0;
}

static const struct adapter_type plane_types[] = {
	{.name = "plane.weight", .arg_count = 1, .is_writable = true},
	{.name = "plane.map", .arg_count = 2, .is_writable = true},
};
static const struct adapter plane_adapter = {
	.kind = "plane", .types = plane_types, .type_count = 2, .check = check_plane};
static const struct adapter *const list[] = {&haproxy_adapter, &prometheus_adapter, &plane_adapter};
static const struct adapter_list adapters = {list, 3};

static const char *admin(void)
{
	return world.first_token;
}

/* A target of kind plane in an environment; `more` are further members. */
static json_t *add(int status, const char *name, const char *environment, const char *more)
{
	return feature_ask(status, admin(), "POST", "/api/v1/targets",
		arena_format(&world.arena,
			"{\"name\":\"%s\",\"kind\":\"plane\",\"address\":\"tcp:127.0.0.1:1\","
			"\"environment\":\"%s\",\"allow\":[\"plane.*\"]%s}",
			name, environment, more));
}

static void expect_refused(const char *more, const char *field)
{
	json_t *problem = add(400, "edge-9", "lab", more);

	ck_assert_msg(!strcmp(feature_member(problem, "field"), field), "%s: %s: %s", more,
		feature_member(problem, "field"), feature_member(problem, "detail"));
}

/* --- rules --- */

START_TEST(a_star_stays_within_its_argument)
{
	static const char *const allow[] = {"haproxy.weight checkout/zone-* ", "haproxy.state a/b",
		"haproxy.map /etc/m *", "prometheus.*", NULL};
	struct target target = {.name = "edge-1", .allow = allow};
	struct error err = ERROR_INIT;
#define ALLOWED(type, ...)                                                                         \
	target_check_allowed(&target, type, (const char *const[]){__VA_ARGS__, NULL}, &err)

	ck_assert_int_eq(ALLOWED("haproxy.weight", "checkout/zone-a"), 0);
	ck_assert_int_eq(ALLOWED("haproxy.weight", "cart/zone-a"), ERROR_FORBIDDEN);
	ck_assert_int_eq(ALLOWED("haproxy.weight", "checkout/zone-a", "x"), ERROR_FORBIDDEN);
	ck_assert_int_eq(ALLOWED("haproxy.weights", "checkout/zone-a"), ERROR_FORBIDDEN);
	ck_assert_int_eq(ALLOWED("haproxy.state", "a/b"), 0);
	ck_assert_int_eq(ALLOWED("haproxy.state", "a/bc"), ERROR_FORBIDDEN);
	ck_assert_int_eq(ALLOWED("haproxy.map", "/etc/m", "a key with spaces"), 0);
	ck_assert_int_eq(ALLOWED("haproxy.map", "/etc/m x"), ERROR_FORBIDDEN);
	ck_assert_int_eq(ALLOWED("haproxy.map", "/etc/other", "k"), ERROR_FORBIDDEN);
	ck_assert_int_eq(ALLOWED("prometheus.value", "sum(rate(x[1m])) by (zone)"), 0);
	ck_assert_int_eq(ALLOWED("haproxy.state", "a/c"), ERROR_FORBIDDEN);
	ck_assert_str_eq(err.message, "haproxy.state a/c is not on the allow-list of edge-1");
	ck_assert_str_eq(err.place, "target edge-1");
}
END_TEST

START_TEST(globs_match_whole_texts)
{
	ck_assert(target_glob("*", 1, ""));
	ck_assert(target_glob("a*b*c", 5, "a-b-b-c"));
	ck_assert(!target_glob("a*b*c", 5, "a-b-b-d"));
	ck_assert(target_glob("abc", 3, "abc"));
	ck_assert(!target_glob("abc", 3, "abcd"));
	ck_assert(!target_glob("", 0, "a"));
}
END_TEST

START_TEST(what_looks_like_a_credential_is_known)
{
	static const char *const secrets[] = {"http://user:pass@prom:9090", "https://token@host/x",
		"rb_N1zd0sZJQ9cN3b1sXo7Vx2mG5kQp8rTyUwIeLhFaBcD",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"ghp_16C7e42F292c6912E7710c838347Ae178B4a", "AKIAIOSFODNN7EXAMPLE",
		"0123456789abcdef0123456789abcdef01234567",
		"http://prom:9090/?token=x8Jk2Lm9Qp4Rt7Vw1Yz5", "k3j4h5g6k7l8m9n1p2q3r4s5"};
	static const char *const plain[] = {"unix:/run/haproxy/checkout-production-zone-a1.sock",
		"http://prometheus.monitoring.svc.cluster.local:9090/api", "tcp:[2001:db8::1]:9999",
		"checkout-service-production-zone-a1", "交易核心系统生产环境北京可用区一",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "li.wei", "1234567890", ""};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		struct error err = ERROR_INIT;

		ck_assert_msg(target_check_no_secret("address", secrets[i], &err) == ERROR_INVALID,
			"%s", secrets[i]);
		ck_assert_str_eq(err.remedy, "give it by reference: --credential file:/path");
		ck_assert_ptr_null(strstr(err.message, secrets[i]));
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		ck_assert_msg(
			target_check_no_secret("address", plain[i], NULL) == 0, "%s", plain[i]);
}
END_TEST

START_TEST(identity_is_kind_address_credential_and_lists)
{
	static const char *const one[] = {"a", "b", NULL}, *const other[] = {"ab", NULL};
	static const char *const none[] = {NULL};
	struct target target = {.name = "n",
		.kind = "k",
		.address = "a",
		.allow = one,
		.networks = none,
		.environment = "x"};
	struct digest first, second;

	target_identity(&target, &first);
	target.environment = "y";
	target.name = "m";
	target_identity(&target, &second);
	ck_assert(digest_is_equal(&first, &second));
	target.allow = other;
	target_identity(&target, &second);
	ck_assert(!digest_is_equal(&first, &second));
	target.allow = one;
	target.credential = "file:/x";
	target_identity(&target, &second);
	ck_assert(!digest_is_equal(&first, &second));
}
END_TEST

/* --- over HTTP --- */

START_TEST(a_target_is_added_shown_listed_and_removed)
{
	json_t *target, *items, *none;

	feature_open(&adapters);
	target = add(201, "北京-edge-1", "production",
		",\"site\":\"bj\",\"labels\":{\"owner\":\"李伟\"},\"networks\":[\"10.0.0.0/8\"],"
		"\"credential\":\"file:/etc/rb/edge\"");
	ck_assert_str_eq(feature_member(target, "credential"), "file:/etc/rb/edge");
	add(201, "edge-2", "lab", "");
	target =
		feature_ask(200, admin(), "GET", "/api/v1/targets/%E5%8C%97%E4%BA%AC-edge-1", NULL);
	ck_assert_str_eq(feature_member(json_object_get(target, "labels"), "owner"), "李伟");
	ck_assert_uint_eq(strlen(feature_member(target, "identity")), 71);
	items = json_object_get(
		feature_ask(200, admin(), "GET", "/api/v1/targets?environment=lab", NULL), "items");
	ck_assert_uint_eq(json_array_size(items), 1);
	ck_assert_str_eq(feature_member(json_array_get(items, 0), "name"), "edge-2");
	feature_ask(428, admin(), "DELETE", "/api/v1/targets/edge-2", NULL);
	ck_assert_int_eq(
		feature_call(admin(), "DELETE", "/api/v1/targets/edge-2", "\"v2\"", NULL, &none),
		412);
	ck_assert_int_eq(
		feature_call(admin(), "DELETE", "/api/v1/targets/edge-2", "\"v1\"", NULL, &none),
		204);
	feature_ask(404, admin(), "GET", "/api/v1/targets/edge-2", NULL);
	ck_assert_int_eq(feature_audited("target.create"), 2);
	ck_assert_int_eq(feature_audited("target.remove"), 1);
	feature_close();
}
END_TEST

START_TEST(a_change_keeps_what_is_not_given)
{
	json_t *answer;
	const char *before;

	feature_open(&adapters);
	before = feature_member(
		add(201, "edge-1", "lab", ",\"site\":\"bj\",\"labels\":{\"a\":\"b\"}"), "identity");
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/targets/edge-1", "\"v1\"",
				 "{\"tier\":\"edge\"}", &answer),
		200);
	ck_assert_str_eq(feature_member(answer, "site"), "bj");
	ck_assert_str_eq(feature_member(json_object_get(answer, "labels"), "a"), "b");
	ck_assert_str_eq(feature_member(answer, "identity"), before);
	ck_assert_str_eq(world.etag, "\"v2\"");
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/targets/edge-1", "\"v2\"",
				 "{\"address\":\"tcp:127.0.0.1:2\"}", &answer),
		200);
	ck_assert_str_ne(feature_member(answer, "identity"), before);
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/targets/edge-1", "\"v3\"",
				 "{\"tier\":\"edge\"}", &answer),
		409);
	ck_assert_int_eq(feature_call(admin(), "PUT", "/api/v1/targets/edge-1", "\"v3\"",
				 "{\"kind\":\"haproxy\"}", &answer),
		400);
	feature_close();
}
END_TEST

START_TEST(bad_fields_are_named)
{
	feature_open(&adapters);
	expect_refused(",\"credential\":\"hunter2\"", "credential");
	expect_refused(",\"networks\":[\"10.0.0.1/8\"]", "networks[0]");
	expect_refused(",\"labels\":{\"site\":\"x\"}", "labels.site");
	expect_refused(",\"labels\":{\"Ä\":\"x\"}", "labels");
	expect_refused(",\"labels\":{\"a\":1}", "labels.a");
	expect_refused(",\"labels\":{\"a\":\"x\\u202ey\"}", "labels.a");
	expect_refused(",\"labels\":{\"key\":\"x8Jk2Lm9Qp4Rt7Vw1Yz5\"}", "labels.key");
	expect_refused(",\"zone\":\" a\"", "zone");
	expect_refused(",\"zome\":\"a\"", "zome");
	ck_assert_str_eq(feature_member(add(400, "a\\u0007b", "lab", ""), "field"), "name");
	ck_assert_str_eq(feature_member(add(400, "a", "", ""), "field"), "environment");
	feature_close();
}
END_TEST

START_TEST(the_allow_list_must_name_registers_of_the_kind)
{
	static const struct {
		const char *allow;
		int status;
	} cases[] = {{"[]", 400}, {"[\"plane.weigth a\"]", 400}, {"[\"plane.map a\"]", 400},
		{"[\"plane.map a b\"]", 201}, {"[\"plane.w*\"]", 201},
		{"[\"haproxy.weight a\"]", 400}, {"[\" \"]", 400}, {"[1]", 400}};

	feature_open(&adapters);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		feature_ask(cases[i].status, admin(), "POST", "/api/v1/targets",
			arena_format(&world.arena,
				"{\"name\":\"t%zu\",\"kind\":\"plane\",\"address\":\"tcp:h:1\","
				"\"environment\":\"lab\",\"allow\":%s}",
				i, cases[i].allow));
	feature_close();
}
END_TEST

START_TEST(a_kind_that_is_only_read_needs_no_list)
{
	json_t *target;

	feature_open(&adapters);
	target = feature_ask(201, admin(), "POST", "/api/v1/targets",
		"{\"name\":\"prom\",\"kind\":\"prometheus\",\"address\":\"http://127.0.0.1:9090\","
		"\"environment\":\"lab\"}");
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(target, "allow"), 0)),
		"prometheus.*");
	feature_ask(400, admin(), "POST", "/api/v1/targets",
		"{\"name\":\"p2\",\"kind\":\"prometheus\",\"address\":\"ftp://127.0.0.1\","
		"\"environment\":\"lab\"}");
	feature_ask(400, admin(), "POST", "/api/v1/targets",
		"{\"name\":\"p3\",\"kind\":\"promethius\",\"address\":\"http://127.0.0.1\","
		"\"environment\":\"lab\"}");
	feature_close();
}
END_TEST

START_TEST(labels_select_and_none_is_an_error)
{
	json_t *wanted = json_pack("{s:s,s:s}", "environment", "production", "ring", "1");
	json_t *none = json_object();
	struct target **found;
	struct error err = ERROR_INIT;
	size_t count = 9;

	feature_open(&adapters);
	add(201, "b", "production", ",\"labels\":{\"ring\":\"1\"}");
	add(201, "a", "production", ",\"labels\":{\"ring\":\"1\"}");
	add(201, "c", "production", ",\"labels\":{\"ring\":\"2\"}");
	add(201, "d", "lab", ",\"labels\":{\"ring\":\"1\"}");
	ck_assert_int_eq(target_select(store_reader(world.store), &world.arena, "plane", wanted,
				 &found, &count, &err),
		0);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(found[0]->name, "a");
	ck_assert_str_eq(found[1]->name, "b");
	ck_assert_int_eq(target_select(store_reader(world.store), &world.arena, "haproxy", wanted,
				 &found, &count, &err),
		0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(target_select(store_reader(world.store), &world.arena, "plane", none,
				 &found, &count, &err),
		ERROR_INVALID);
	json_decref(wanted);
	json_decref(none);
	feature_close();
}
END_TEST

START_TEST(an_unknown_target_gets_the_nearest_name)
{
	json_t *problem;

	feature_open(&adapters);
	add(201, "edge-1", "lab", "");
	problem = feature_ask(404, admin(), "GET", "/api/v1/targets/egde-1", NULL);
	ck_assert_str_eq(feature_member(problem, "remedy"), "did you mean edge-1?");
	feature_close();
}
END_TEST

START_TEST(a_scoped_admin_changes_only_there)
{
	const char *token;
	json_t *answer;

	feature_open(&adapters);
	add(201, "edge-1", "production", "");
	add(201, "edge-2", "lab", "");
	feature_person("li", "viewer");
	feature_ask(201, admin(), "POST", "/api/v1/grants",
		"{\"person\":\"li\",\"role\":\"admin\",\"environment\":\"lab\"}");
	token = feature_member(feature_ask(201, admin(), "POST", "/api/v1/tokens",
				       "{\"person\":\"li\",\"name\":\"t\",\"roles\":[\"admin\"],"
				       "\"expires_in\":\"1d\"}"),
		"token");
	ck_assert_int_eq(feature_call(token, "PUT", "/api/v1/targets/edge-2", "*",
				 "{\"tier\":\"edge\"}", &answer),
		200);
	ck_assert_int_eq(feature_call(token, "PUT", "/api/v1/targets/edge-1", "*",
				 "{\"tier\":\"edge\"}", &answer),
		403);
	ck_assert_int_eq(feature_call(token, "PUT", "/api/v1/targets/edge-2", "*",
				 "{\"environment\":\"production\"}", &answer),
		403);
	feature_settle();
	ck_assert_int_eq(feature_audited("access.denied"), 2);
	feature_close();
}
END_TEST

START_TEST(a_check_waits_for_the_adapter)
{
	json_t *answer;

	feature_open(&adapters);
	add(201, "edge-1", "lab", "");
	plane.outcome = ADAPTER_OK;
	answer = feature_ask(200, feature_person("li", "commander"), "POST",
		"/api/v1/targets/edge-1/check", NULL);
	ck_assert_str_eq(feature_member(answer, "outcome"), "ok");
	ck_assert_str_eq(feature_member(answer, "message"), "Plane 1.0");
	plane.outcome = ADAPTER_REFUSED;
	answer = feature_ask(200, admin(), "POST", "/api/v1/targets/edge-1/check", NULL);
	ck_assert_str_eq(feature_member(answer, "outcome"), "refused");
	feature_call(admin(), "PUT", "/api/v1/targets/edge-1", "*",
		"{\"address\":\"tcp:127.0.0.1:2\"}", &answer);
	answer = feature_ask(200, admin(), "POST", "/api/v1/targets/edge-1/check", NULL);
	ck_assert_str_eq(feature_member(answer, "outcome"), "unreachable");
	feature_ask(
		403, feature_person("eve", "viewer"), "POST", "/api/v1/targets/edge-1/check", NULL);
	feature_close();
}
END_TEST

START_TEST(a_credential_given_by_mistake_is_kept_nowhere)
{
	feature_open(&adapters);
	add(201, "edge-1", "lab", "");
	expect_refused(",\"credential\":\"c4n4ryC4n4ryC4n4ryC4n4ry\"", "credential");
	expect_refused(",\"labels\":{\"token\":\"c4n4ry\"}", "labels.token");
	expect_refused(",\"labels\":{\"x\":\"c4n4ryT7uB2xQz9LkW3vHp\"}", "labels.x");
	ck_assert_str_eq(
		feature_member(
			feature_ask(400, admin(), "POST", "/api/v1/targets",
				"{\"name\":\"p\",\"kind\":\"prometheus\",\"address\":"
				"\"http://u:c4n4ryC4n4ryC4n4ryC4n4ry@h:1\",\"environment\":\"x\"}"),
			"remedy"),
		"give it by reference: --credential file:/path");
	feature_settle();
	ck_assert(feature_holds("edge-1"));
	ck_assert(!feature_holds("c4n4ry"));
	feature_close();
}
END_TEST

CHECK_MAIN("inventory", &a_star_stays_within_its_argument, &globs_match_whole_texts,
	&what_looks_like_a_credential_is_known, &identity_is_kind_address_credential_and_lists,
	&a_target_is_added_shown_listed_and_removed, &a_change_keeps_what_is_not_given,
	&bad_fields_are_named, &the_allow_list_must_name_registers_of_the_kind,
	&a_kind_that_is_only_read_needs_no_list, &labels_select_and_none_is_an_error,
	&an_unknown_target_gets_the_nearest_name, &a_scoped_admin_changes_only_there,
	&a_check_waits_for_the_adapter, &a_credential_given_by_mistake_is_kept_nowhere)
