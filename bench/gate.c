/*
 * bench_gate flush FILE: 4 KiB written in place and flushed for each line of its input; ns of it.
 *
 * bench_gate: starts what it is told and says how long that took. Each line of its input is a
 * command, its words separated by tabs; the answer is a line with ns from the start to the end as
 * the parent sees it (posix_spawn to waitpid), and the status of the end. Input and output of the
 * command are the null device. Words that begin with '=' before the command are variables for it
 * ("=RCM_CHANGE=CHG-7"); besides, it gets PATH and LC_ALL alone.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 8192
#define WORDS_MAX  64

struct command {
	char *words[WORDS_MAX + 1];
	char *env[WORDS_MAX + 3];
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void split(char *line, struct command *ret)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C.UTF-8";
	size_t count = 0, variables = 0;
	char *word;

	ret->env[variables++] = path;
	ret->env[variables++] = locale;
	while ((word = strsep(&line, "\t")) && count < WORDS_MAX) {
		if (*word == '=' && !count && variables < WORDS_MAX + 2)
			ret->env[variables++] = word + 1;
		else
			ret->words[count++] = word;
	}
	ret->words[count] = ret->env[variables] = NULL;
}

/* "heard": what it says goes to our standard error. */
static int run(const struct command *command, posix_spawn_file_actions_t *files, int64_t *ret_ns)
{
	int64_t since = now_ns();
	int status = -1;
	pid_t pid;

	if (posix_spawnp(&pid, command->words[0], files, NULL, command->words, command->env) != 0)
		return -1;
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	*ret_ns = now_ns() - since;
	return status;
}

static int64_t flush_ns(int fd)
{
	static char page[4096];
	int64_t since = now_ns();

	page[0]++;
	if (pwrite(fd, page, sizeof(page), 0) < 0 || fdatasync(fd) < 0)
		return -1;
	return now_ns() - since;
}

static int flush_each(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char line[16];

	while (fd >= 0 && fgets(line, sizeof(line), stdin)) {
		printf("%lld 0\n", (long long)flush_ns(fd));
		fflush(stdout);
	}
	return fd < 0;
}

int main(int argc, char **argv)
{
	bool is_heard = argc > 1 && !strcmp(argv[1], "heard");
	posix_spawn_file_actions_t files;
	char line[LINE_BYTES];

	if (argc > 2 && !strcmp(argv[1], "flush"))
		return flush_each(argv[2]);
	/* Reached anew: a folder entered from another mount namespace has no path in this one. */
	if (chdir("/tmp") < 0)
		return 1;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(
		&files, is_heard ? STDERR_FILENO : STDIN_FILENO, STDOUT_FILENO);
	if (!is_heard)
		posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDERR_FILENO);
	while (fgets(line, sizeof(line), stdin)) {
		struct command command;
		int64_t ns = 0;
		int status;

		line[strcspn(line, "\n")] = 0;
		split(line, &command);
		status = command.words[0] ? run(&command, &files, &ns) : -1;
		printf("%lld %d\n", (long long)ns, status);
		fflush(stdout);
	}
	return 0;
}
