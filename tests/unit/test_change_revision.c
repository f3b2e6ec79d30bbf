/* A revision as data: each field is checked, each byte is in the digest. */
#include "change/revision.h"
#include "check_main.h"
#include "lib/base/json.h"

#include <string.h>

static struct arena arena;
static struct error err;

static const char body_text[] =
	"{\"type\":\"normal\",\"environment\":\"production\",\"services\":[\"shop\"],"
	"\"executors\":[\"li\"],\"coordinated_with\":[\"CHG-2\"],"
	"\"start\":\"2026-12-01T02:00:00.000000Z\",\"end\":\"2026-12-01T03:00:00.000000Z\","
	"\"zone\":\"Asia/Shanghai\",\"steps\":[{\"seq\":1,\"phase\":\"canary\",\"kind\":\"exec\","
	"\"path\":\"/usr/bin/nginx\",\"argv\":[\"nginx\",\"-s\",{\"b64\":\"AQ==\"}],"
	"\"runas\":\"root\",\"cwd\":\"/srv\",\"targets\":[\"web-1\"],\"env\":[\"A=1\",\"B=2\"],"
	"\"stdin\":\"1111111111111111111111111111111111111111111111111111111111111111\","
	"\"contents\":[{\"role\":\"stdin\",\"name\":\"in\",\"sha256\":"
	"\"1111111111111111111111111111111111111111111111111111111111111111\",\"size\":5,"
	"\"mode\":420}],\"max_runs\":2,\"timeout_s\":60,\"observe_s\":30,"
	"\"irreversible_reason\":\"gone is gone\"}],"
	"\"targets\":[{\"name\":\"web-1\",\"kind\":\"host\",\"identity\":\"host:1\"}],"
	"\"verification\":[{\"name\":\"errors\",\"target\":\"prom\",\"query\":\"up\",\"op\":\"<\","
	"\"threshold\":\"0.01\",\"window_s\":300}],\"observe_s\":60,\"objects\":[\"svc:pay\"],"
	"\"template\":{\"name\":\"web/reload\",\"version\":3,\"params\":{\"unit\":\"nginx\"}},"
	"\"release\":{\"platform\":\"x\",\"artifact_digest\":\"sha256:1\",\"version_from\":\"1\","
	"\"version_to\":\"2\",\"phase\":\"canary\",\"passed_phases\":[\"test\"],"
	"\"tag_mutable\":false,\"model\":{\"eval_report\":true,\"traffic_step_percent\":5,"
	"\"shadow_period_s\":60,\"rollback_model\":null}},\"incident\":\"INC-4\"}";

static void setup(void)
{
	arena = ARENA_INIT;
	err = ERROR_INIT;
}

static void teardown(void)
{
	arena_done(&arena);
}

static json_t *body(void)
{
	json_t *made = NULL;

	ck_assert_msg(json_parse(body_text, strlen(body_text), JSON_DEPTH_MAX, &made, &err) == 0,
		"%s", err.message);
	return made;
}

static void digest_of_body(const json_t *of, char text[static DIGEST_TEXT_SIZE])
{
	struct digest digest;
	char *bytes = NULL;
	size_t length;

	ck_assert_msg(
		revision_canonical(of, &bytes, &length, &digest, &err) == 0, "%s", err.message);
	digest_text(&digest, text);
	free(bytes);
}

START_TEST(test_all_of_a_body_is_read)
{
	json_t *whole = body();
	struct revision *revision;

	setup();
	ck_assert_msg(revision_parse(&arena, whole, &revision, &err) == 0, "%s: %s", err.field,
		err.message);
	ck_assert_str_eq(revision->services[0], "shop");
	ck_assert_str_eq(revision->steps[0].argv[2], "\x01");
	ck_assert_int_eq(revision->steps[0].phase, PHASE_CANARY);
	ck_assert_str_eq(revision->steps[0].env[1], "B=2");
	ck_assert_int_eq(revision->start_us, INT64_C(1796090400000000));
	ck_assert_str_eq(revision->verification[0].op, "<");
	ck_assert_int_eq(revision->template_version, 3);
	ck_assert_ptr_nonnull(revision_target_of(revision, "web-1"));
	ck_assert_ptr_null(revision_target_of(revision, "web-2"));
	json_decref(whole);
	teardown();
}
END_TEST

START_TEST(test_a_release_says_all_that_its_rules_look_at)
{
	static const char *const fields[] = {"platform", "artifact_digest", "version_from",
		"version_to", "phase", "passed_phases", "tag_mutable", "model", "model.eval_report",
		"model.traffic_step_percent", "model.shadow_period_s", "model.rollback_model"};
	struct revision *revision;

	setup();
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		json_t *whole = body(), *object = json_object_get(whole, "release");
		bool is_of_model = strncmp(fields[i], "model.", 6) == 0;
		const char *key = is_of_model ? fields[i] + 6 : fields[i];
		char named[64];

		object = is_of_model ? json_object_get(object, "model") : object;
		snprintf(named, sizeof(named), "release.%s", fields[i]);
		ck_assert_int_eq(revision_check_release(whole, &err), 0);
		ck_assert_int_eq(json_object_set_new(object, key, json_real(12.5)), 0);
		ck_assert_int_lt(revision_check_release(whole, &err), 0);
		ck_assert_str_eq(err.field, named);
		ck_assert_int_eq(json_object_del(object, key), 0);
		ck_assert_int_lt(revision_check_release(whole, &err), 0);
		ck_assert_str_eq(err.field, named);
		ck_assert_int_eq(revision_parse(&arena, whole, &revision, &err), 0);
		json_decref(whole);
	}
	teardown();
}
END_TEST

START_TEST(test_a_body_lacks_nothing_and_has_no_more)
{
	json_t *whole = body(), *value;
	struct revision *revision;
	const char *key;

	setup();
	json_object_foreach (whole, key, value) {
		json_t *less = json_copy(whole);

		if (!strcmp(key, "template") || !strcmp(key, "release") ||
			!strcmp(key, "incident")) {
			json_decref(less);
			continue;
		}
		json_object_del(less, key);
		ck_assert_int_lt(revision_parse(&arena, less, &revision, &err), 0);
		ck_assert_str_eq(err.field, key);
		json_decref(less);
	}
	json_object_set_new(whole, "more", json_true());
	ck_assert_int_lt(revision_parse(&arena, whole, &revision, &err), 0);
	ck_assert_str_eq(err.field, "more");
	json_decref(whole);
	teardown();
}
END_TEST

/* Changes one leaf after the other; each time the digest must be another. */
static size_t change_each(json_t *root, json_t *at, const char *digest)
{
	char now[DIGEST_TEXT_SIZE], *text;
	json_t *member;
	size_t count = 0, i;
	const char *key;

	json_array_foreach (at, i, member)
		count += change_each(root, member, digest);
	json_object_foreach (at, key, member)
		count += change_each(root, member, digest);
	if (json_is_string(at)) {
		text = arena_text(&arena, json_string_value(at));
		for (size_t k = 0; text[k]; k++) {
			char *other = arena_text(&arena, text);

			other[k] = other[k] == 'x' ? 'y' : 'x';
			json_string_set(at, other);
			digest_of_body(root, now);
			ck_assert_str_ne(now, digest);
			count++;
		}
		json_string_set(at, text);
	} else if (json_is_integer(at)) {
		json_integer_set(at, json_integer_value(at) + 1);
		digest_of_body(root, now);
		ck_assert_str_ne(now, digest);
		json_integer_set(at, json_integer_value(at) - 1);
		count++;
	}
	return count;
}

START_TEST(test_one_changed_byte_anywhere_is_another_digest)
{
	json_t *whole = body();
	char digest[DIGEST_TEXT_SIZE], again[DIGEST_TEXT_SIZE];

	setup();
	digest_of_body(whole, digest);
	ck_assert_uint_gt(change_each(whole, whole, digest), 300);
	digest_of_body(whole, again);
	ck_assert_str_eq(digest, again);
	json_decref(whole);
	teardown();
}
END_TEST

START_TEST(test_bytes_have_one_spelling)
{
	static const struct {
		const char *json;
		const char *bytes; /* NULL = refused */
	} rows[] = {
		{"\"a b\"", "a b"},
		{"\"\"", ""},
		{"\"\\u4e2d\"", "\xe4\xb8\xad"},
		{"{\"b64\":\"AQ==\"}", "\x01"},
		{"{\"b64\":\"/w==\"}", "\xff"},
		{"{\"b64\":\"YQ==\"}", NULL}, /* a plain text */
		{"{\"b64\":\"AQ\"}", NULL},   /* no padding */
		{"{\"b64\":\"AR==\"}", NULL}, /* bits left over */
		{"{\"b64\":\"AAE=\"}", NULL}, /* a NUL */
		{"{\"b64\":\"\"}", NULL},     /* a plain text */
		{"{\"b64\":\"AQ==\",\"x\":1}", NULL},
		{"\"a\\u202eb\"", NULL},
		{"\"a\\nb\"", NULL},
		{"7", NULL},
		{"null", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *value = json_loads(rows[i].json, JSON_DECODE_ANY, NULL), *back;
		const char *bytes = NULL;
		int rc;

		setup();
		rc = revision_bytes_parse(&arena, "argv", value, &bytes, &err);
		if (!rows[i].bytes) {
			ck_assert_msg(rc == ERROR_INVALID, "%s was taken", rows[i].json);
			ck_assert_str_eq(err.field, "argv");
		} else {
			ck_assert_msg(rc == 0, "%s: %s", rows[i].json, err.message);
			ck_assert_str_eq(bytes, rows[i].bytes);
			back = revision_bytes_json(bytes);
			ck_assert(json_equal(back, value));
			json_decref(back);
		}
		json_decref(value);
		teardown();
	}
}
END_TEST

CHECK_MAIN("change_revision", &test_all_of_a_body_is_read,
	&test_a_body_lacks_nothing_and_has_no_more, &test_a_release_says_all_that_its_rules_look_at,
	&test_one_changed_byte_anywhere_is_another_digest, &test_bytes_have_one_spelling)
