/* Keys of objects, and who is in whose way. */
#include "audit/audit.h"
#include "change/object/object.h"
#include "people/people.h"

#include "check_main.h"
#include "test_directory.h"

#include <stdio.h>
#include <string.h>

#define HOUR_US	     (INT64_C(3600000000))
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static char directory[64];
static struct loop *loop;
static struct store *store;
static struct arena arena;

static void open_world(void)
{
	static const struct store_schema *const schemas[] = {
		&audit_schema, &people_schema, &object_schema};
	struct error err = ERROR_INIT;
	struct store_options options = {
		.schemas = schemas, .schema_count = 3, .append_only = audit_append_only};

	test_directory(directory, sizeof(directory), "object");
	options.path = arena_format(&arena, "%s/object.db", directory);
	ck_assert_int_eq(loop_open(&loop, &err), 0);
	ck_assert_msg(store_open(&options, loop, &store, &err) == 0, "%s", err.message);
}

static void remove_files(void)
{
	static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
	char path[128];

	for (size_t i = 0; i < COUNT(endings); i++) {
		snprintf(path, sizeof(path), "%s/object.db%s", directory, endings[i]);
		unlink(path);
	}
	rmdir(directory);
}

static void close_world(void)
{
	store_close(store);
	loop_close(loop);
	arena_done(&arena);
	remove_files();
}

/* --- one closure --- */

struct work {
	store_ask ask;
	void *arg;
	int rc;
};

static void told(void *arg, const struct error *err)
{
	((struct work *)arg)->rc = err ? err->code : 0;
	loop_stop(loop);
}

static int run_work(struct store_tx *tx, void *arg, struct error *err)
{
	const struct work *work = arg;

	return work->ask(tx, work->arg, err);
}

static int write_now(store_ask ask, void *arg)
{
	struct work work = {.ask = ask, .arg = arg};

	store_write(store, run_work, told, &work);
	loop_run(loop);
	return work.rc;
}

struct claim {
	const char *holder, *key;
	bool is_exclusive;
	int64_t start_us, end_us;
};

static int ask_claim(struct store_tx *tx, void *arg, struct error *err)
{
	const struct claim *claim = arg;
	const struct object_claim one = {claim->key, claim->is_exclusive};

	return object_claim_put(tx, claim->holder, &one, 1, claim->start_us, claim->end_us, err);
}

static int claim(const char *holder, const char *key, bool is_exclusive, int64_t from, int64_t to)
{
	struct claim one = {holder, key, is_exclusive, from * HOUR_US, to * HOUR_US};

	return write_now(ask_claim, &one);
}

/* "CHG-1 db:s/shop.orders exclusive; ..." */
static const char *conflicts(
	const char *holder, const char *key, bool is_exclusive, int64_t from, int64_t to)
{
	const struct object_claim one = {key, is_exclusive};
	struct object_conflict *list;
	struct error err = ERROR_INIT;
	char *text = arena_text(&arena, "");
	size_t count = 0;

	ck_assert_int_eq(object_find_conflicts(store_reader(store), &arena, holder, &one, 1,
				 from * HOUR_US, to * HOUR_US, &list, &count, &err),
		0);
	for (size_t i = 0; i < count; i++)
		text = arena_format(&arena, "%s%s%s %s %s", text, *text ? "; " : "", list[i].holder,
			list[i].other_key, list[i].kind);
	return text;
}

/* --- tests --- */

START_TEST(a_key_has_a_kind_and_a_name)
{
	static const char *const good[] = {"host:web-1", "svc:结账", "k8s:prod/shop/deploy/web",
		"db:orders/shop.cart", "model:ranker", "config:shop/limits"};
	static const char *const bad[] = {"", "web-1", "host:", "host:/", "host:a//b", "host:a/",
		"poem:x", "svc:a b", "svc:a\xe2\x80\xae", "svc:\xff", "host:a\n"};

	for (size_t i = 0; i < COUNT(good); i++)
		ck_assert_msg(object_check_key("objects", good[i], NULL) == 0, "%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error err = ERROR_INIT;

		ck_assert_msg(
			object_check_key("objects", bad[i], &err) == ERROR_INVALID, "%s", bad[i]);
		ck_assert_str_eq(err.field, "objects");
		ck_assert_str_ne(err.remedy, "");
	}
}
END_TEST

START_TEST(keys_overlap_part_by_part)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} rows[] = {
		{"host:web-1", "host:web-1", true},
		{"host:web-1", "host:web-10", false},
		{"k8s:c/ns", "k8s:c/ns/deploy/web", true},
		{"k8s:c/ns", "k8s:c/ns2/deploy/web", false},
		{"db:s", "db:s/shop.orders", true},
		{"db:s/shop", "db:s/shop.orders", true},
		{"db:s/shop", "db:s/shopping.orders", false},
		{"host:a.b", "host:a", false},
		{"svc:shop", "host:shop", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_msg(object_keys_overlap(rows[i].a, rows[i].b) == rows[i].overlap, "%s %s",
			rows[i].a, rows[i].b);
		ck_assert_msg(object_keys_overlap(rows[i].b, rows[i].a) == rows[i].overlap, "%s %s",
			rows[i].b, rows[i].a);
	}
}
END_TEST

START_TEST(who_touches_the_same_at_the_same_time_is_in_the_way)
{
	ck_assert_int_eq(claim("CHG-1", "db:s/shop.orders", true, 10, 12), 0);
	ck_assert_str_eq(
		conflicts("CHG-2", "db:s/shop", true, 11, 13), "CHG-1 db:s/shop.orders exclusive");
	ck_assert_str_eq(conflicts("CHG-2", "db:s/shop.orders", false, 11, 13),
		"CHG-1 db:s/shop.orders exclusive");
	ck_assert_str_eq(conflicts("CHG-2", "db:s/shop.carts", true, 11, 13), "");
	ck_assert_str_eq(conflicts("CHG-1", "db:s/shop.orders", true, 11, 13), "");
	ck_assert_str_eq(conflicts("CHG-2", "db:s/shop", true, 13, 14), "");
}
END_TEST

START_TEST(a_start_within_five_minutes_of_the_end_overlaps)
{
	ck_assert_int_eq(claim("CHG-1", "host:web-1", true, 10, 12), 0);
	ck_assert_str_eq(
		conflicts("CHG-2", "host:web-1", true, 12, 13), "CHG-1 host:web-1 exclusive");
	ck_assert_str_eq(
		conflicts("CHG-2", "host:web-1", true, 9, 10), "CHG-1 host:web-1 exclusive");
}
END_TEST

START_TEST(two_that_look_are_not_in_the_way)
{
	ck_assert_int_eq(claim("CHG-1", "host:web-1", false, 10, 12), 0);
	ck_assert_str_eq(conflicts("CHG-2", "host:web-1", false, 10, 12), "");
	ck_assert_str_eq(
		conflicts("CHG-2", "host:web-1", true, 10, 12), "CHG-1 host:web-1 exclusive");
}
END_TEST

static int ask_drop(struct store_tx *tx, void *arg, struct error *err)
{
	(void)arg;
	return object_claim_drop(tx, "CHG-1", err);
}

START_TEST(what_was_dropped_or_replaced_is_gone)
{
	ck_assert_int_eq(claim("CHG-1", "host:web-1", true, 10, 12), 0);
	ck_assert_int_eq(claim("CHG-1", "host:web-2", true, 10, 12), 0);
	ck_assert_str_eq(conflicts("CHG-2", "host:web-1", true, 10, 12), "");
	ck_assert_int_eq(write_now(ask_drop, NULL), 0);
	ck_assert_str_eq(conflicts("CHG-2", "host:web-2", true, 10, 12), "");
}
END_TEST

START_TEST(a_bad_key_changes_nothing)
{
	ck_assert_int_eq(claim("CHG-1", "host:web-1", true, 10, 12), 0);
	ck_assert_int_eq(claim("CHG-1", "host:", true, 10, 12), ERROR_INVALID);
	ck_assert_str_eq(
		conflicts("CHG-2", "host:web-1", true, 10, 12), "CHG-1 host:web-1 exclusive");
}
END_TEST

/* --- edges --- */

static struct principal admin_of_all(void)
{
	static struct principal_grant grant = {.role = ROLE_ADMIN};
	struct principal admin = {
		.person_id = "01J00000000000000000000000",
		.person_name = "root",
		.roles = ROLE_ADMIN,
		.grants = &grant,
		.grant_count = 1,
	};

	admin.actor = audit_system;
	return admin;
}

static int ask_edges(struct store_tx *tx, void *arg, struct error *err)
{
	return object_edges_put(tx, arg, err);
}

static int put_edges(const char *text, size_t *ret_count)
{
	struct principal admin = admin_of_all();
	struct object_edges_put put = {
		.by = &admin, .at_us = HOUR_US, .text = text, .arena = &arena};
	int rc = write_now(ask_edges, &put);

	*ret_count = put.ret_count;
	return rc;
}

START_TEST(an_edge_relates_both_ends)
{
	size_t count;

	ck_assert_int_eq(put_edges("# who needs whom\nsvc:shop -> db:s/shop\n\n  "
				   "svc:shop->svc:ranker # models\n",
				 &count),
		0);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(claim("CHG-1", "db:s/shop.orders", true, 10, 12), 0);
	ck_assert_str_eq(
		conflicts("CHG-2", "svc:shop", true, 10, 12), "CHG-1 db:s/shop.orders related");
	ck_assert_int_eq(claim("CHG-1", "svc:shop", true, 10, 12), 0);
	ck_assert_str_eq(
		conflicts("CHG-2", "db:s/shop.orders", true, 10, 12), "CHG-1 svc:shop related");
	ck_assert_str_eq(conflicts("CHG-2", "svc:ranker", true, 10, 12), "CHG-1 svc:shop related");
}
END_TEST

START_TEST(a_line_that_is_no_edge_changes_nothing)
{
	static const char *const bad[] = {"svc:shop db:orders", "svc:shop -> ", "-> svc:shop",
		"svc:a -> svc:a", "svc:a -> svc:a/b", "svc:a -> poem:b", "svc:a -> svc:b -> svc:c"};
	struct object_edge *edges;
	size_t count;

	ck_assert_int_eq(put_edges("svc:a -> svc:b", &count), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(put_edges(bad[i], &count) == ERROR_INVALID, "%s", bad[i]);
	ck_assert_int_eq(object_edges_list(store_reader(store), &arena, &edges, &count, NULL), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(edges[0].to, "svc:b");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("change object");
	TCase *tests = tcase_create("object");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, open_world, close_world);
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, a_key_has_a_kind_and_a_name);
	tcase_add_test(tests, keys_overlap_part_by_part);
	tcase_add_test(tests, who_touches_the_same_at_the_same_time_is_in_the_way);
	tcase_add_test(tests, a_start_within_five_minutes_of_the_end_overlaps);
	tcase_add_test(tests, two_that_look_are_not_in_the_way);
	tcase_add_test(tests, what_was_dropped_or_replaced_is_gone);
	tcase_add_test(tests, a_bad_key_changes_nothing);
	tcase_add_test(tests, an_edge_relates_both_ends);
	tcase_add_test(tests, a_line_that_is_no_edge_changes_nothing);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
