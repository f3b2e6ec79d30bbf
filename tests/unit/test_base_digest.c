#include "lib/base/digest.h"
#include "lib/base/id.h"

#include "check_main.h"

#include <string.h>

START_TEST(sha256_of_known_texts)
{
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;

	digest_of("abc", 3, &digest);
	ck_assert_str_eq(digest_text(&digest, text),
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_of("", 0, &digest);
	ck_assert_str_eq(digest_text(&digest, text),
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(a_domain_goes_before_the_bytes)
{
	struct digest with_domain, plain;

	digest_of_domain("ab", "c", 1, &with_domain);
	digest_of("abc", 3, &plain);
	ck_assert(digest_is_equal(&with_domain, &plain));
}
END_TEST

START_TEST(fields_cannot_run_together)
{
	struct digest_state *state = digest_new();
	struct digest one, two, expected;

	digest_add_field(state, "ab", 2);
	digest_add_field(state, "c", 1);
	digest_end(state, &one);
	digest_add_field(state, "a", 1);
	digest_add_field(state, "bc", 2);
	digest_end(state, &two);
	ck_assert(!digest_is_equal(&one, &two));
	digest_of("\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c", 19, &expected);
	ck_assert(digest_is_equal(&one, &expected));
	digest_free(state);
	digest_free(NULL);
}
END_TEST

START_TEST(text_is_read_back_and_nothing_else)
{
	struct digest digest, again;
	char text[DIGEST_TEXT_SIZE];

	digest_of("x", 1, &digest);
	ck_assert(digest_parse(digest_text(&digest, text), &again));
	ck_assert(digest_is_equal(&digest, &again));
	text[20] = 'G';
	ck_assert(!digest_parse(text, &again));
	text[20] = 'A';
	ck_assert(!digest_parse(text, &again));
	ck_assert(!digest_parse("sha256:", &again));
	ck_assert(!digest_parse("md5:00", &again));
	ck_assert(!digest_parse(NULL, &again));
}
END_TEST

START_TEST(later_ids_sort_later)
{
	char before[ID_SIZE] = "", now[ID_SIZE];

	for (int i = 0; i < 5000; i++) {
		id_new(now);
		ck_assert_int_lt(strcmp(before, now), 0);
		memcpy(before, now, ID_SIZE);
	}
	ck_assert(id_is_valid(now));
}
END_TEST

START_TEST(only_ulids_are_ids)
{
	ck_assert(id_is_valid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
	ck_assert(!id_is_valid("81ARZ3NDEKTSV4RRFFQ69G5FAV"));
	ck_assert(!id_is_valid("01ARZ3NDEKTSV4RRFFQ69G5FAU"));
	ck_assert(!id_is_valid("01arz3ndektsv4rrffq69g5fav"));
	ck_assert(!id_is_valid("01ARZ3NDEKTSV4RRFFQ69G5FA"));
	ck_assert(!id_is_valid("01ARZ3NDEKTSV4RRFFQ69G5FAVX"));
	ck_assert(!id_is_valid(NULL));
}
END_TEST

START_TEST(random_bytes_differ)
{
	unsigned char one[32], two[32];

	id_random(one, sizeof(one));
	id_random(two, sizeof(two));
	ck_assert_mem_ne(one, two, sizeof(one));
}
END_TEST

CHECK_MAIN("base digest and id", &sha256_of_known_texts, &a_domain_goes_before_the_bytes,
	&fields_cannot_run_together, &text_is_read_back_and_nothing_else, &later_ids_sort_later,
	&only_ulids_are_ids, &random_bytes_differ)
