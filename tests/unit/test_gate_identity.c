#include "change/gate/identity.h"

#include "check_main.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE "0123456789abcdef0123456789abcdef"
/* The 32 bytes of the key are zero; its digest was taken by another program. */
#define KEY                                                                                        \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA "        \
	"root@x\n"

#define DIGEST "SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk"

static char root[] = "/tmp/rb-identity-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (!text) {
		unlink(path);
		return;
	}
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static int look(char ret[256], struct error *err)
{
	struct arena arena = ARENA_INIT;
	const char *identity = "";
	int code = identity_host(&arena, root, &identity, err);

	snprintf(ret, 256, "%s", identity);
	arena_done(&arena);
	return code;
}

START_TEST(it_needs_the_machine_id_and_a_host_key)
{
	static const char *const folders[] = {"/etc", "/etc/ssh"};
	struct error err = ERROR_INIT;
	char identity[256], path[128];

	ck_assert_ptr_nonnull(mkdtemp(root));
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	ck_assert_int_eq(look(identity, &err), ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.remedy, "systemd-machine-id-setup"));
	write_file("etc/machine-id", "uninitialized\n");
	ck_assert_int_eq(look(identity, &err), ERROR_INVALID);
	write_file("etc/machine-id", "00000000000000000000000000000000\n");
	ck_assert_int_eq(look(identity, &err), ERROR_INVALID);
	write_file("etc/machine-id", MACHINE "\n");
	ck_assert_int_eq(look(identity, &err), ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.remedy, "ssh-keygen -A"));
	write_file("etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa nonsense\n");
	ck_assert_int_eq(look(identity, &err), ERROR_INVALID);
	write_file("etc/ssh/ssh_host_ed25519_key.pub", KEY);
	ck_assert_msg(look(identity, &err) == 0, "%s", err.message);
	ck_assert_str_eq(identity, "host:" MACHINE "/" DIGEST);
	write_file("etc/ssh/ssh_host_ed25519_key.pub", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAA x\n");
	ck_assert_int_eq(look(identity, &err), ERROR_INVALID);
	write_file("etc/ssh/ssh_host_ed25519_key.pub", NULL);
	write_file("etc/ssh/ssh_host_rsa_key.pub", NULL);
	write_file("etc/machine-id", NULL);
	for (int i = 1; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		rmdir(path);
	}
	rmdir(root);
}
END_TEST

CHECK_MAIN("gate identity", &it_needs_the_machine_id_and_a_host_key)
