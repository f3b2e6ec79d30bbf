#include "change/gate/account.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PASSWD_PATH "/etc/passwd"

struct wanted {
	const char *name; /* or NULL: by uid */
	uid_t uid;
};

static bool is_wanted(const struct passwd *entry, const struct wanted *wanted)
{
	return wanted->name ? !strcmp(entry->pw_name, wanted->name) : entry->pw_uid == wanted->uid;
}

/* Out of memory: of a file, fgetpwent asks the kernel for its place twice a line. */
static FILE *open_entries(struct buf *bytes)
{
	int fd = open(PASSWD_PATH, O_RDONLY | O_CLOEXEC);
	char part[4096];
	ssize_t got;

	while (fd >= 0 && (got = read(fd, part, sizeof(part))) > 0)
		buf_add(bytes, part, (size_t)got);
	if (fd >= 0)
		close(fd);
	return bytes->length ? fmemopen(bytes->bytes, bytes->length, "r") : NULL;
}

static bool find_entry(const struct wanted *wanted, struct arena *arena, struct account *ret)
{
	struct buf bytes = BUF_INIT;
	FILE *file = open_entries(&bytes);
	struct passwd *entry;
	bool found = false;

	while (file && !found && (entry = fgetpwent(file))) {
		found = is_wanted(entry, wanted);
		if (found)
			*ret = (struct account){entry->pw_uid, arena_text(arena, entry->pw_name),
				arena_text(arena, entry->pw_dir[0] ? entry->pw_dir : "/"),
				arena_text(
					arena, entry->pw_shell[0] ? entry->pw_shell : "/bin/sh")};
	}
	if (file)
		fclose(file);
	buf_done(&bytes);
	return found;
}

struct account account_of(struct arena *arena, uid_t uid)
{
	struct account account = {uid, NULL, "/", "/bin/sh"};

	if (!find_entry(&(struct wanted){NULL, uid}, arena, &account))
		account.name = arena_format(arena, "#%u", (unsigned)uid);
	return account;
}

int account_uid(const char *name, uid_t *ret, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct account account;
	int64_t number;
	bool found;

	if (name[0] >= '0' && name[0] <= '9') {
		int code = text_parse_int64("uid", name, 0, UINT32_MAX - 1, &number, err);

		if (code == 0)
			*ret = (uid_t)number;
		return code;
	}
	if (!strcmp(name, "root")) {
		*ret = 0;
		return 0;
	}
	found = find_entry(&(struct wanted){name, 0}, &arena, &account);
	if (found)
		*ret = account.uid;
	arena_done(&arena);
	return found ? 0 : error_set(err, ERROR_NOT_FOUND, "no account %s in " PASSWD_PATH, name);
}
