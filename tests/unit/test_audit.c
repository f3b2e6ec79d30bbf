#include "audit/audit_rooms.h"
#include "audit_world.h"
#include "lib/base/canonical.h"
#include "lib/base/text.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the tree --- */

static void root_of(int count, char text[static DIGEST_TEXT_SIZE])
{
	struct audit_edge edge = {0};
	struct digest leaf, root;

	for (int i = 0; i < count; i++) {
		char entry[32];
		int length = snprintf(entry + 1, sizeof(entry) - 1, "entry-%d", i);

		audit_leaf(entry, (size_t)length, &leaf);
		audit_edge_add(&edge, &leaf);
	}
	ck_assert_int_eq(edge.count, __builtin_popcount((unsigned)count));
	audit_edge_root(&edge, &root);
	digest_text(&root, text);
}

START_TEST(the_root_of_no_leaf_is_the_hash_of_nothing)
{
	char text[DIGEST_TEXT_SIZE];

	root_of(0, text);
	ck_assert_str_eq(
		text, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

/* As libsodium and the recursive definition of RFC 6962 gave it for a transparency log's note. */
START_TEST(the_root_of_five_entries_is_that_of_the_reference)
{
	char text[DIGEST_TEXT_SIZE];

	root_of(5, text);
	ck_assert_str_eq(
		text, "sha256:1aa68d3074905a581f84cbbd0f753794904fd80451bc4c13e69d9a53bc59502c");
}
END_TEST

/* The definition itself, the slow way. */
static void define_root(int first, int count, struct digest *ret)
{
	unsigned char both[65] = {1};
	char entry[32];
	int half = 1;

	if (count == 1) {
		int length = snprintf(entry + 1, sizeof(entry) - 1, "entry-%d", first);

		audit_leaf(entry, (size_t)length, ret);
		return;
	}
	while (half * 2 < count)
		half *= 2;
	define_root(first, half, (struct digest *)(both + 1));
	define_root(first + half, count - half, (struct digest *)(both + 33));
	digest_of(both, sizeof(both), ret);
}

START_TEST(the_edge_gives_the_root_of_the_definition_for_every_size)
{
	for (int count = 1; count <= 130; count++) {
		char expected[DIGEST_TEXT_SIZE], text[DIGEST_TEXT_SIZE];
		struct digest root;

		define_root(0, count, &root);
		digest_text(&root, expected);
		root_of(count, text);
		ck_assert_str_eq(text, expected);
	}
}
END_TEST

START_TEST(an_edge_of_the_wrong_length_is_refused)
{
	struct audit_edge edge;
	char hashes[96] = {0};

	ck_assert(audit_edge_read(&edge, 5, hashes, 64));
	ck_assert(!audit_edge_read(&edge, 5, hashes, 96));
	ck_assert(!audit_edge_read(&edge, -1, hashes, 64));
	ck_assert(audit_edge_read(&edge, 0, "", 0));
}
END_TEST

/* --- appending --- */

static struct audit_row *get_row(struct arena *arena, int64_t seq)
{
	struct audit_row *row = NULL;
	struct error err = ERROR_INIT;

	ck_assert_msg(audit_store_get(store_reader(audit_world.store), arena, seq, &row, &err) == 0,
		"%s", err.message);
	return row;
}

START_TEST(records_are_numbered_without_gap_and_their_bytes_are_canonical)
{
	struct arena arena = ARENA_INIT;

	audit_world_fill(200);
	for (int64_t seq = 1; seq <= 200; seq++) {
		struct audit_row *row = get_row(&arena, seq);
		struct error err = ERROR_INIT;
		json_t *value = NULL;

		ck_assert_msg(canonical_parse(row->bytes, row->length, 64, &value, &err) == 0,
			"%s: %s", err.message, row->bytes);
		ck_assert_int_eq(json_integer_value(json_object_get(value, "seq")), seq);
		ck_assert_int_eq(json_integer_value(json_object_get(value, "v")), 1);
		ck_assert_uint_eq(json_object_size(value), 11);
		json_decref(value);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(the_edge_in_the_store_is_that_of_the_leaves)
{
	struct arena arena = ARENA_INIT;
	struct audit_edge edge = {0}, stored;
	struct error err = ERROR_INIT;

	audit_world_fill(77);
	for (int64_t seq = 1; seq <= 77; seq++)
		audit_edge_add(&edge, get_row(&arena, seq)->leaf);
	ck_assert_int_eq(audit_store_edge(store_reader(audit_world.store), &stored, &err), 0);
	ck_assert(audit_edge_is_equal(&edge, &stored));
	arena_done(&arena);
}
END_TEST

static int ask_refused(struct store_tx *tx, void *arg, struct error *err)
{
	struct audit_record record = {
		.actor = &audit_system, .subject_kind = "plan", .subject_id = "a"};

	(void)arg;
	if (audit_append(tx, &record, 1, NULL, err) < 0)
		return err->code;
	return error_set(err, ERROR_CONFLICT, "refused after its record");
}

START_TEST(a_refused_act_leaves_no_record_and_no_gap)
{
	struct audit_edge edge;
	struct error err = ERROR_INIT;

	audit_world_fill(3);
	ck_assert_int_eq(audit_world_write(ask_refused, NULL, &err), ERROR_CONFLICT);
	ck_assert_int_eq(audit_store_edge(store_reader(audit_world.store), &edge, &err), 0);
	ck_assert_int_eq(edge.size, 3);
}
END_TEST

START_TEST(what_has_no_canonical_form_is_refused_with_its_field)
{
	struct error err = ERROR_INIT;
	struct audit_record record = {
		.actor = &audit_system, .subject_kind = "plan", .subject_id = "bad\x01name"};
	json_t *real = json_pack("{s:f}", "share", 0.5);

	ck_assert_int_eq(audit_world_append(&record, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "subject.id");
	record.subject_id = "\xff";
	ck_assert_int_eq(audit_world_append(&record, &err), ERROR_INVALID);
	record.subject_id = "good";
	record.detail = real;
	ck_assert_int_eq(audit_world_append(&record, &err), ERROR_INVALID);
	record.detail = NULL;
	record.approvals = "[ \"spaced\" ]";
	ck_assert_int_eq(audit_world_append(&record, &err), ERROR_INVALID);
	record.approvals = NULL;
	ck_assert_int_eq(audit_world_append(&record, &err), 0);
	json_decref(real);
}
END_TEST

static const TTest *const *const pure_tests[] = {
	&the_root_of_no_leaf_is_the_hash_of_nothing,
	&the_root_of_five_entries_is_that_of_the_reference,
	&the_edge_gives_the_root_of_the_definition_for_every_size,
	&an_edge_of_the_wrong_length_is_refused,
};
static const TTest *const *const store_tests[] = {
	&records_are_numbered_without_gap_and_their_bytes_are_canonical,
	&the_edge_in_the_store_is_that_of_the_leaves,
	&a_refused_act_leaves_no_record_and_no_gap,
	&what_has_no_canonical_form_is_refused_with_its_field,
};

int main(void)
{
	Suite *suite = suite_create("audit");
	TCase *pure = tcase_create("pure"), *stored = tcase_create("stored");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, pure);
	suite_add_tcase(suite, stored);
	tcase_add_checked_fixture(stored, audit_world_open, audit_world_close);
	for (size_t i = 0; i < sizeof(pure_tests) / sizeof(pure_tests[0]); i++)
		tcase_add_test(pure, *pure_tests[i]);
	for (size_t i = 0; i < sizeof(store_tests) / sizeof(store_tests[0]); i++)
		tcase_add_test(stored, *store_tests[i]);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
