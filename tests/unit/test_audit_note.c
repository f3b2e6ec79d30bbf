#include "audit/audit_note.h"
#include "check_main.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made by another program: five leaves entry-0 to entry-4, seed of 32 bytes 0x01. */
static const char reference[] =
	"redbutton.example/audit\n5\nGqaNMHSQWlgfhMu9D3U3lJBP2ARRvEwT5p2aU7xZUCw=\n\n"
	"\xe2\x80\x94 redbutton.example/audit "
	"riyr6gjQpPwncihLVrbIctlpY4S6HU2NLcNrNyLI20BCcHCXeH2scjtrZGNtXE0j8QBt0xTAhpt1IkxaoXNjZUxur"
	"wE=\n";
static const char reference_key[] =
	"redbutton.example/audit+ae2cabea+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
static const char origin[] = "redbutton.example/audit";

static void write_key(const char *path)
{
	unsigned char key[33];
	char base64[64];
	FILE *file = fopen(path, "w");

	memset(key, 1, sizeof(key));
	ck_assert_int_ge(sodium_init(), 0);
	sodium_bin2base64(base64, sizeof(base64), key, sizeof(key), sodium_base64_VARIANT_ORIGINAL);
	ck_assert_ptr_nonnull(file);
	fprintf(file, "PRIVATE+KEY+%s+ae2cabea+%s\n", origin, base64);
	fclose(file);
	chmod(path, 0600);
}

static struct audit_signer *open_reference(void)
{
	char path[64] = "/tmp/test-note-XXXXXX", name[80];
	struct audit_signer *signer = NULL;
	struct error err = ERROR_INIT;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	write_key(path);
	snprintf(name, sizeof(name), "file:%s", path);
	ck_assert_msg(
		audit_signer_open(name, origin, false, &signer, &err) == 0, "%s", err.message);
	unlink(path);
	return signer;
}

START_TEST(the_note_of_the_reference_is_written_byte_for_byte)
{
	struct audit_signer *signer = open_reference();
	struct audit_note parsed;
	struct buf note = BUF_INIT;

	ck_assert_int_eq(audit_note_parse(reference, sizeof(reference) - 1, &parsed, NULL), 0);
	audit_note_write(&note, origin, 5, &parsed.root, signer);
	ck_assert_str_eq(buf_text(&note), reference);
	buf_done(&note);
	audit_signer_free(signer);
}
END_TEST

START_TEST(the_verifier_key_of_the_reference_comes_of_its_private_key)
{
	struct audit_signer *signer = open_reference();
	struct audit_verifier verifier;
	char text[NOTE_KEY_SIZE];

	audit_signer_verifier(signer, &verifier);
	ck_assert_str_eq(audit_verifier_text(&verifier, text), reference_key);
	audit_signer_free(signer);
}
END_TEST

START_TEST(the_note_of_the_reference_is_read_and_its_signature_is_good)
{
	struct audit_verifier verifier;
	struct audit_note note;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(audit_verifier_parse(reference_key, &verifier, &err), 0);
	ck_assert_int_eq(audit_note_parse(reference, sizeof(reference) - 1, &note, &err), 0);
	ck_assert_str_eq(note.origin, origin);
	ck_assert_int_eq(note.size, 5);
	ck_assert_int_eq(audit_note_check(&note, &verifier, 1, &err), 0);
}
END_TEST

START_TEST(any_byte_of_a_note_changed_or_cut_is_noticed)
{
	char text[sizeof(reference)];
	struct audit_verifier verifier;
	struct audit_note note;

	ck_assert_int_eq(audit_verifier_parse(reference_key, &verifier, NULL), 0);
	for (size_t i = 0; i < sizeof(reference) - 1; i++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(text, reference, sizeof(text));
			text[i] = (char)(text[i] ^ (1 << bit));
			ck_assert_msg(audit_note_parse(text, sizeof(text) - 1, &note, NULL) < 0 ||
					      audit_note_check(&note, &verifier, 1, NULL) < 0,
				"byte %zu bit %d", i, bit);
		}
	for (size_t length = 0; length < sizeof(reference) - 1; length++)
		ck_assert_msg(audit_note_parse(reference, length, &note, NULL) < 0 ||
				      audit_note_check(&note, &verifier, 1, NULL) < 0,
			"cut to %zu", length);
}
END_TEST

START_TEST(an_unsigned_note_says_so_and_is_not_taken_for_a_signed_one)
{
	struct audit_verifier verifier;
	struct digest root = {{0}};
	struct buf text = BUF_INIT;
	struct audit_note note;
	struct error err = ERROR_INIT;

	audit_note_write(&text, origin, 7, &root, NULL);
	ck_assert_ptr_nonnull(strstr(buf_text(&text), "\nunsigned\n"));
	ck_assert_int_eq(audit_note_parse(text.bytes, text.length, &note, &err), 0);
	ck_assert_int_eq(note.size, 7);
	ck_assert_int_eq(audit_verifier_parse(reference_key, &verifier, &err), 0);
	ck_assert_int_eq(audit_note_check(&note, &verifier, 1, &err), ERROR_TAMPERED);
	buf_done(&text);
}
END_TEST

START_TEST(a_key_that_does_not_fit_its_hash_is_refused)
{
	char text[sizeof(reference_key)];
	struct audit_verifier verifier;
	struct error err = ERROR_INIT;

	memcpy(text, reference_key, sizeof(text));
	text[0] = 'R';
	ck_assert_int_eq(audit_verifier_parse(text, &verifier, &err), ERROR_INVALID);
	ck_assert_int_eq(audit_verifier_parse("", &verifier, &err), ERROR_INVALID);
	ck_assert_int_eq(audit_verifier_parse("a+b+c", &verifier, &err), ERROR_INVALID);
}
END_TEST

START_TEST(a_key_is_made_once_for_its_owner_only_with_its_public_half_beside)
{
	char directory[] = "/tmp/test-note-XXXXXX", path[64], public_path[80], name[80];
	struct audit_signer *first, *second = NULL, *other = NULL;
	struct audit_verifier a, b, list[2];
	struct error err = ERROR_INIT;
	struct stat info;
	size_t count;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/key", directory);
	snprintf(public_path, sizeof(public_path), "%s.pub", path);
	snprintf(name, sizeof(name), "file:%s", path);
	ck_assert_int_lt(audit_signer_open(name, origin, false, &first, &err), 0);
	ck_assert_msg(audit_signer_open(name, origin, true, &first, &err) == 0, "%s", err.message);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	ck_assert_int_eq(audit_signer_open(name, origin, true, &second, &err), 0);
	audit_signer_verifier(first, &a);
	audit_signer_verifier(second, &b);
	ck_assert_mem_eq(&a.key, &b.key, sizeof(a.key));
	ck_assert_int_eq(audit_verifiers_read(public_path, list, 2, &count, &err), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_mem_eq(&a.key, &list[0].key, sizeof(a.key));
	ck_assert_int_eq(audit_signer_open(name, "another.log", true, &other, &err), ERROR_INVALID);
	audit_signer_free(first);
	audit_signer_free(second);
	unlink(path);
	unlink(public_path);
	rmdir(directory);
}
END_TEST

CHECK_MAIN("audit_note", &the_note_of_the_reference_is_written_byte_for_byte,
	&the_verifier_key_of_the_reference_comes_of_its_private_key,
	&the_note_of_the_reference_is_read_and_its_signature_is_good,
	&any_byte_of_a_note_changed_or_cut_is_noticed,
	&an_unsigned_note_says_so_and_is_not_taken_for_a_signed_one,
	&a_key_that_does_not_fit_its_hash_is_refused,
	&a_key_is_made_once_for_its_owner_only_with_its_public_half_beside)
