#include "change/gate/program.h"

#include "change/gate/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHEBANG_BYTES 256 /* as the kernel reads them */
#define ARGUMENTS_MAX 8	  /* of "#!/usr/bin/env -S NAME ..." */
#define BLANK	      " \t"

#define CONTENT_REMEDY                                                                             \
	"attach it to the change as a script: then it runs from a copy that was approved"

/* Others than root could change what would run: no grant fits it, whatever it is now. */
static int be_untrusted(struct error *err)
{
	err->code = ERROR_NOT_APPROVED;
	return err->code;
}

/* Opening. */

static int open_again(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

/* The path the kernel knows the open file by; never one that somebody put there meanwhile. */
static int path_of(struct arena *arena, int fd, const char **ret, struct error *err)
{
	char link[64], path[PATH_MAX];
	struct stat opened, named;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return error_errno(err, ERROR_IO, link);
	path[length] = 0;
	if (path[0] != '/' || fstat(fd, &opened) < 0 || stat(path, &named) < 0 ||
		opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
		return error_set(err, ERROR_FORBIDDEN, "%s was moved while it was opened", path);
	*ret = arena_text(arena, path);
	return 0;
}

static int open_file(const char *path, int *ret_fd, struct error *err)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat state;

	if (fd < 0)
		return error_errno(err,
			errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_FORBIDDEN,
			path);
	if (fstat(fd, &state) < 0 || !S_ISREG(state.st_mode)) {
		close(fd);
		return error_set(err, ERROR_FORBIDDEN, "%s is no regular file", path);
	}
	if (faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0) {
		close(fd);
		return error_set(err, ERROR_FORBIDDEN, "%s may not be executed", path);
	}
	*ret_fd = fd;
	return 0;
}

/* Finding. */

static bool is_there(const char *path)
{
	struct stat state;

	return stat(path, &state) == 0 && S_ISREG(state.st_mode);
}

static const char *join_path(
	struct arena *arena, const char *folder, size_t length, const char *name)
{
	return arena_format(arena, "%.*s/%s", (int)length, folder, name);
}

/* Calls for each absolute folder of `search`, in order, until one holds the name. With
 * `must_trust` a folder before it that others can change is an error: they could put one there. */
static int search_folders(struct arena *arena, const char *name, const char *search,
	bool must_trust, const char **ret, struct error *err)
{
	const char *forbidden = NULL;

	for (const char *at = search; at && *at;) {
		size_t length = strcspn(at, ":");
		const char *path = join_path(arena, at, length, name);
		bool is_absolute = *at == '/';

		if (must_trust && !is_absolute)
			return error_set(err, ERROR_NOT_APPROVED,
				"PATH names a folder that is not written from /");
		if (must_trust &&
			trust_check(arena_text_n(arena, at, length), err) == ERROR_FORBIDDEN)
			return be_untrusted(err);
		if (is_absolute && is_there(path)) {
			if (access(path, X_OK) == 0) {
				*ret = path;
				return 0;
			}
			forbidden = path;
		}
		at += length + (at[length] == ':');
	}
	if (forbidden)
		return error_set(err, ERROR_FORBIDDEN, "%s may not be executed", forbidden);
	error_set(err, ERROR_NOT_FOUND, "%s: there is no such program in PATH", name);
	return error_remedy(err, "write its path, or set PATH to folders written from /");
}

int program_find(struct arena *arena, const char *name, const char *search, const char **ret,
	struct error *err)
{
	if (!name[0])
		return error_set(err, ERROR_NOT_FOUND, "the command has no name");
	if (!strchr(name, '/'))
		return search_folders(arena, name, search, false, ret, err);
	*ret = arena_text(arena, name);
	return 0;
}

/* Scripts. */

static char *next_word(char **at)
{
	char *word;

	*at += strspn(*at, BLANK);
	if (!**at)
		return NULL;
	word = *at;
	*at += strcspn(*at, BLANK);
	if (**at)
		*(*at)++ = 0;
	return word;
}

static int open_interpreter(const char *path, struct program *program, struct error *err)
{
	char head[4];
	int code = trust_check(path, err), readable;
	ssize_t got;

	if (code == 0)
		code = open_file(path, &program->interpreter, err);
	if (code < 0) {
		error_prefix(err, "its interpreter");
		error_remedy(err, "use an interpreter of the system, as /bin/sh");
		return code == ERROR_FORBIDDEN ? be_untrusted(err) : code;
	}
	readable = open_again(program->interpreter, O_RDONLY);
	got = readable < 0 ? -1 : pread(readable, head, sizeof(head), 0);
	if (readable >= 0)
		close(readable);
	if (got != sizeof(head) || memcmp(head,
					   "\x7f"
					   "ELF",
					   sizeof(head)) != 0)
		return error_set(
			err, ERROR_INVALID, "its interpreter %s is itself no program", path);
	return 0;
}

/* "#!/usr/bin/env NAME" is resolved here, once, instead of by env. */
static int resolve_env(struct arena *arena, char *rest, const char *search, const char **words,
	size_t *count, struct error *err)
{
	char *word = next_word(&rest);
	const char *path;
	int code;

	if (word && !strcmp(word, "-S"))
		word = next_word(&rest);
	else if (word && rest[strspn(rest, BLANK)])
		return error_set(err, ERROR_INVALID, "#! with env takes one name, or -S and words");
	if (!word || word[0] == '-' || strchr(word, '=') || strchr(word, '/'))
		return error_set(err, ERROR_INVALID, "#! with env names no program");
	code = search_folders(arena, word, search, true, &path, err);
	if (code < 0)
		return error_prefix(err, "its interpreter %s", word);
	words[(*count)++] = path;
	while ((word = next_word(&rest))) {
		if (*count == ARGUMENTS_MAX || strpbrk(word, "'\"\\$"))
			return error_set(
				err, ERROR_INVALID, "#! with env -S has words of more than text");
		words[(*count)++] = word;
	}
	return 0;
}

/* The words before the script: interpreter and what follows it on its line. */
static int parse_shebang(struct arena *arena, const char *head, const char *search,
	const char **words, size_t *count, struct error *err)
{
	const char *end = strchr(head, '\n');
	char *rest = arena_text_n(arena, head + 2, end ? (size_t)(end - head - 2) : 0);
	char *path = next_word(&rest), *last;

	if (!end)
		return error_set(err, ERROR_INVALID, "its first line is longer than %d bytes",
			SHEBANG_BYTES - 1);
	if (!path || path[0] != '/')
		return error_set(err, ERROR_INVALID, "its first line names no interpreter from /");
	rest += strspn(rest, BLANK);
	for (last = rest + strlen(rest); last > rest && strchr(BLANK "\r", last[-1]); last--)
		last[-1] = 0;
	*count = 0;
	if (!strcmp(path, "/usr/bin/env") || !strcmp(path, "/bin/env"))
		return resolve_env(arena, rest, search, words, count, err);
	words[(*count)++] = path;
	if (*rest)
		words[(*count)++] = rest;
	return 0;
}

/* How the interpreter reaches the script: by its path where only root can change it, else by the
 * descriptor of the sealed copy, which the child inherits. */
static const char *reach_of(struct arena *arena, const struct program *program)
{
	if (!program->is_sealed)
		return program->path;
	return arena_format(arena, "/proc/self/fd/%d", program->fd);
}

static int take_script(struct arena *arena, const char *head, const char *search,
	struct program *program, struct error *err)
{
	const char *words[ARGUMENTS_MAX + 2] = {NULL};
	size_t count = 0;
	int code = parse_shebang(arena, head, search, words, &count, err);

	if (code < 0)
		return code;
	if (!words[0])
		return error_set(err, ERROR_INVALID, "its first line names no interpreter");
	code = open_interpreter(words[0], program, err);
	if (code < 0)
		return code;
	words[count++] = reach_of(arena, program);
	words[count] = NULL;
	program->interpreted = arena_copy(arena, words, (count + 1) * sizeof(*words));
	return 0;
}

/* The first bytes as a text; what is after a NUL does not count. */
static int read_head(int fd, char head[static SHEBANG_BYTES], struct error *err)
{
	ssize_t got = pread(fd, head, SHEBANG_BYTES - 1, 0);

	if (got < 0)
		return error_errno(err, ERROR_IO, "reading the program");
	head[got] = 0;
	return 0;
}

static bool is_elf(const char *head)
{
	return !memcmp(head,
		"\x7f"
		"ELF",
		4);
}

static int refuse_format(const struct program *program, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is neither an ELF program nor a script with #!",
		program->shown);
	return error_remedy(err, "begin it with the line #!/bin/sh, or name its interpreter");
}

/* What the open, readable file is and how it runs. `is_sealed` copies may be ELF as well. */
static int take_format(struct arena *arena, int readable, const char *search,
	struct program *program, struct error *err)
{
	char head[SHEBANG_BYTES];
	int code = read_head(readable, head, err);

	if (code < 0)
		return code;
	if (is_elf(head))
		return 0;
	if (head[0] != '#' || head[1] != '!')
		return refuse_format(program, err);
	return take_script(arena, head, search, program, err);
}

static void take_content(
	struct arena *arena, struct program *program, const char *hex, uint64_t size)
{
	program->is_sealed = true;
	program->content = (struct gate_content){"program", arena_text(arena, hex), size};
	program->path = arena_format(arena, "sha256:%s", hex);
}

/* In place of the file that others can change: its sealed copy. */
static int take_sealed_copy(
	struct arena *arena, int readable, struct program *program, struct error *err)
{
	uint8_t digest[SEAL_SHA256_BYTES];
	char hex[SEAL_HEX_SIZE];
	uint64_t size;
	int copy, code = seal_copy(readable, "rcm", &copy, err);

	if (code < 0)
		return code;
	close(program->fd);
	program->fd = copy;
	code = seal_hash(copy, digest, &size, err);
	if (code == 0)
		take_content(arena, program, seal_hex(digest, hex), size);
	return code;
}

static int refuse_untrusted(struct program *program, struct error *err)
{
	error_prefix(err, "%s can be changed by others than root", program->shown);
	error_remedy(err, "%s", CONTENT_REMEDY);
	return be_untrusted(err);
}

static int take_untrusted(struct arena *arena, int readable, const char *search,
	struct program *program, struct error *err)
{
	char head[SHEBANG_BYTES];
	struct error why = *err;
	int code = read_head(readable, head, err);

	if (code < 0)
		return code;
	if (!is_elf(head)) {
		code = take_sealed_copy(arena, readable, program, err);
		if (code == 0)
			code = read_head(program->fd, head, err);
		if (code < 0)
			return code;
	}
	if (is_elf(head)) {
		*err = why;
		return refuse_untrusted(program, err);
	}
	return take_format(arena, program->fd, search, program, err);
}

static int take_file(
	struct arena *arena, const char *search, struct program *program, struct error *err)
{
	int readable, code = path_of(arena, program->fd, &program->path, err);

	if (code < 0)
		return code;
	program->shown = program->path;
	code = trust_check(program->path, err);
	if (code < 0 && code != ERROR_FORBIDDEN)
		return code;
	program->is_trusted = code == 0;
	readable = open_again(program->fd, O_RDONLY);
	if (readable < 0 && program->is_trusted)
		return 0; /* it may be executed and not be read: the kernel takes it as it is */
	if (readable < 0)
		return error_errno(err, ERROR_FORBIDDEN, program->path);
	code = program->is_trusted ? take_format(arena, readable, search, program, err)
				   : take_untrusted(arena, readable, search, program, err);
	close(readable);
	return code;
}

int program_open(struct arena *arena, const char *path, const char *search, struct program *ret,
	struct error *err)
{
	struct program program = {.fd = -1, .interpreter = -1};
	int code = open_file(path, &program.fd, err);

	if (code == 0)
		code = take_file(arena, search, &program, err);
	if (code < 0) {
		program_close(&program);
		return code;
	}
	*ret = program;
	return 0;
}

int program_open_sealed(struct arena *arena, int fd, const struct gate_content *content,
	const char *search, struct program *ret, struct error *err)
{
	struct program program = {
		.fd = fd, .interpreter = -1, .shown = content->role, .is_trusted = false};
	uint8_t digest[SEAL_SHA256_BYTES];
	char hex[SEAL_HEX_SIZE];
	uint64_t size;
	int code = seal_check(fd, err);

	if (code == 0)
		code = seal_hash(fd, digest, &size, err);
	if (code == 0 && strcmp(seal_hex(digest, hex), content->sha256) != 0)
		code = error_set(err, ERROR_TAMPERED, "is sha256:%s, and sha256:%s was approved",
			hex, content->sha256);
	if (code == 0) {
		take_content(arena, &program, hex, size);
		code = take_format(arena, fd, search, &program, err);
	}
	if (code < 0) {
		program_close(&program);
		return code;
	}
	*ret = program;
	return 0;
}

void program_close(struct program *program)
{
	if (program->fd >= 0)
		close(program->fd);
	if (program->interpreter >= 0)
		close(program->interpreter);
	program->fd = program->interpreter = -1;
}

/* Running. */

static void keep_open(int fd)
{
	fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) & ~FD_CLOEXEC);
}

static void execute_script(
	const struct program *program, const char *const *argv, const char *const *env)
{
	size_t before = 0, after = 0;
	const char **words;

	while (program->interpreted[before])
		before++;
	while (argv[0] && argv[1 + after])
		after++;
	words = calloc(before + after + 1, sizeof(*words));
	if (!words)
		return;
	memcpy(words, program->interpreted, before * sizeof(*words));
	if (after)
		memcpy(words + before, argv + 1, after * sizeof(*words));
	if (program->is_sealed)
		keep_open(program->fd);
	syscall(SYS_execveat, program->interpreter, "", words, env, AT_EMPTY_PATH);
	free(words);
}

void program_execute(const struct program *program, const char *const *argv, const char *const *env)
{
	if (program->interpreted)
		execute_script(program, argv, env);
	else
		syscall(SYS_execveat, program->fd, "", argv, env, AT_EMPTY_PATH);
}
