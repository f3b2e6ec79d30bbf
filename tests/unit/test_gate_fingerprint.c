#include "change/gate/fingerprint.h"

#include "check_main.h"
#include "gate_samples.h"

#include <sodium.h>
#include <string.h>

#define TARGET "host:0123/SHA256:abc"

static const char *const allow[] = {"LANG", NULL};

static void of(const struct gate_exec *exec, const char *target, char ret[FINGERPRINT_TEXT_SIZE])
{
	uint8_t bytes[FINGERPRINT_BYTES];

	fingerprint_of(exec, allow, target, bytes);
	fingerprint_text(bytes, ret);
}

static void check_same(const struct gate_exec *exec, const char *target, bool same, int line)
{
	char one[FINGERPRINT_TEXT_SIZE], two[FINGERPRINT_TEXT_SIZE];
	struct gate_exec base = gate_sample_exec();

	of(&base, TARGET, one);
	of(exec, target, two);
	ck_assert_msg(!strcmp(one, two) == same, "line %d: %s %s", line, one, two);
}
#define SAME(exec)  check_same(&(exec), TARGET, true, __LINE__)
#define OTHER(exec) check_same(&(exec), TARGET, false, __LINE__)

/* The layout, written once more by hand. */
START_TEST(it_is_sha256_over_fields_with_their_length)
{
	static const char expected[] = "\0\0\0\0\0\0\0\x08rcm-fp-1"
				       "\0\0\0\0\0\0\0\x0b/bin/a.real"
				       "\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x02"
				       "\0\0\0\0\0\0\0\x01z"
				       "\0\0\0\0\0\0\0\x02-x"
				       "\0\0\0\0\0\0\0\x04root"
				       "\0\0\0\0\0\0\0\x01t"
				       "\0\0\0\0\0\0\0\x01-"
				       "\0\0\0\0\0\0\0\x04none";
	const char *const argv[] = {"/bin/z", "-x", NULL};
	struct gate_exec exec = {.path = "/bin/a.real", .argv = argv, .cwd = "", .runas = "root"};
	uint8_t want[FINGERPRINT_BYTES], got[FINGERPRINT_BYTES];
	char text[FINGERPRINT_TEXT_SIZE];

	crypto_hash_sha256(want, (const unsigned char *)expected, sizeof(expected) - 1);
	fingerprint_of(&exec, NULL, "t", got);
	ck_assert_mem_eq(got, want, sizeof(want));
	fingerprint_text(got, text);
	ck_assert_uint_eq(strlen(text), 71);
	ck_assert(!strncmp(text, "sha256:", 7));
}
END_TEST

START_TEST(arguments_cannot_run_together)
{
	const char *const joined[] = {"systemctl", "restart", "a b", "", "\xff\x01", "", NULL};
	const char *const shifted[] = {"systemctl", "restarta", " b", "", "\xff\x01", NULL};
	const char *const moved[] = {"systemctl", "restart", "a b", "\xff\x01", "", NULL};
	struct gate_exec exec = gate_sample_exec();

	SAME(exec);
	exec.argv = joined;
	OTHER(exec);
	exec.argv = shifted;
	OTHER(exec);
	exec.argv = moved;
	OTHER(exec);
}
END_TEST

START_TEST(an_argument_is_not_an_account)
{
	const char *const longer[] = {"a", "b", "root", NULL};
	const char *const shorter[] = {"a", "b", NULL};
	struct gate_exec one = {.path = "/a", .argv = longer, .runas = "x", .cwd = "/"};
	struct gate_exec two = {.path = "/a", .argv = shorter, .runas = "root", .cwd = "/"};
	char text_one[FINGERPRINT_TEXT_SIZE], text_two[FINGERPRINT_TEXT_SIZE];

	of(&one, "y", text_one);
	of(&two, "x", text_two);
	ck_assert_str_ne(text_one, text_two);
}
END_TEST

START_TEST(each_bound_text_counts_from_its_first_to_its_last_byte)
{
	const char *target = TARGET;

	for (int part = 0; part < 8; part++) {
		struct gate_exec exec = gate_sample_exec();
		struct gate_content contents[2];
		const char *argv[8], *env[4];
		const char **texts[8];

		memcpy(contents, exec.contents, sizeof(contents));
		memcpy(argv, exec.argv, 6 * sizeof(*argv));
		memcpy(env, exec.env, 3 * sizeof(*env));
		exec.contents = contents;
		exec.argv = argv;
		exec.env = env;
		texts[0] = &exec.path;
		texts[1] = &argv[1];
		texts[2] = &exec.runas;
		texts[3] = &exec.cwd;
		texts[4] = &env[0];
		texts[5] = &contents[0].role;
		texts[6] = &contents[0].sha256;
		texts[7] = &contents[1].sha256;
		for (size_t at = 0, length = strlen(*texts[part]); at < length; at++) {
			const char *before = *texts[part];
			char copy[256];

			snprintf(copy, sizeof(copy), "%s", before);
			copy[at] ^= 1;
			*texts[part] = copy;
			check_same(&exec, target, false, __LINE__);
			*texts[part] = before;
		}
		check_same(&exec, target, true, __LINE__);
	}
	for (size_t at = 0; at < strlen(TARGET); at++) {
		struct gate_exec exec = gate_sample_exec();
		char copy[] = TARGET;

		copy[at] ^= 1;
		check_same(&exec, copy, false, __LINE__);
	}
}
END_TEST

START_TEST(the_name_counts_and_the_folder_before_it_does_not)
{
	const char *const typed[] = {
		"/usr/sbin/../bin/systemctl", "restart", "a b", "", "\xff\x01", NULL};
	const char *const other[] = {"reboot", "restart", "a b", "", "\xff\x01", NULL};
	struct gate_exec exec = gate_sample_exec();

	exec.argv = typed;
	SAME(exec);
	exec.argv = other;
	OTHER(exec);
}
END_TEST

START_TEST(of_the_environment_the_allowed_names_count_in_any_order)
{
	const char *const more[] = {"TERM=x", "LANG=C", "LANGUAGE=de", NULL};
	const char *const twice[] = {"LANG=C", "LANG=D", NULL};
	const char *const without[] = {"LANG", "PATH=/usr/bin:/bin", NULL};
	const char *const names[] = {"B", "A", NULL};
	const char *const forth[] = {"A=1", "B=2", NULL}, *const back[] = {"B=2", "A=1", NULL};
	uint8_t one[FINGERPRINT_BYTES], two[FINGERPRINT_BYTES];
	struct gate_exec exec = gate_sample_exec();

	exec.env = more;
	SAME(exec);
	exec.env = twice;
	OTHER(exec);
	exec.env = without;
	OTHER(exec);
	exec.env = forth;
	fingerprint_of(&exec, names, TARGET, one);
	exec.env = back;
	fingerprint_of(&exec, names, TARGET, two);
	ck_assert_mem_eq(one, two, sizeof(one));
}
END_TEST

START_TEST(the_kind_of_input_counts)
{
	struct gate_exec exec = gate_sample_exec();
	char none[FINGERPRINT_TEXT_SIZE], open[FINGERPRINT_TEXT_SIZE], bound[FINGERPRINT_TEXT_SIZE];

	exec.content_count = 0;
	of(&exec, TARGET, bound);
	exec.stdin_kind = GATE_STDIN_NONE;
	of(&exec, TARGET, none);
	exec.stdin_kind = GATE_STDIN_OPEN;
	of(&exec, TARGET, open);
	ck_assert_str_ne(none, open);
	ck_assert_str_ne(none, bound);
	ck_assert_str_ne(open, bound);
}
END_TEST

START_TEST(the_program_itself_counts_by_its_path)
{
	struct gate_exec exec = gate_sample_exec();
	struct gate_content contents[2] = {exec.contents[0], exec.contents[1]};
	uint8_t by_role[FINGERPRINT_BYTES], by_path[FINGERPRINT_BYTES], other[FINGERPRINT_BYTES];
	static const char *const none[] = {NULL};
	char path[80];

	exec.contents = contents;
	snprintf(path, sizeof(path), "sha256:%s", contents[0].sha256);
	exec.path = path;
	contents[0].role = "program";
	fingerprint_of(&exec, none, "host:x", by_role);
	contents[0].role = "script";
	fingerprint_of(&exec, none, "host:x", by_path);
	ck_assert_int_eq(memcmp(by_role, by_path, sizeof(by_role)), 0);
	contents[0].sha256 = contents[1].sha256;
	fingerprint_of(&exec, none, "host:x", other);
	ck_assert_int_ne(memcmp(other, by_path, sizeof(other)), 0);
}
END_TEST

CHECK_MAIN("gate fingerprint", &the_program_itself_counts_by_its_path,
	&it_is_sha256_over_fields_with_their_length, &arguments_cannot_run_together,
	&an_argument_is_not_an_account, &each_bound_text_counts_from_its_first_to_its_last_byte,
	&the_name_counts_and_the_folder_before_it_does_not,
	&of_the_environment_the_allowed_names_count_in_any_order, &the_kind_of_input_counts)
