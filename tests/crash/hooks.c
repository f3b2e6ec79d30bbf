/*
 * redbuttond-hooks only: `--crash-at N` kills the program by SIGKILL at the N-th moment it passes
 * (lib/base/moment.h), counted from its start. SIGUSR2 with a value sent by sigqueue() counts that
 * many from now on; 0 = never. It says so in its log, and also what it died of.
 */
#include "lib/base/moment.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int left;
static atomic_bool is_armed;

static void say(const char *what, const char *rest)
{
	char line[80];
	int length = snprintf(line, sizeof(line), "hooks: %s%s\n", what, rest);

	if (write(STDERR_FILENO, line, (size_t)length) != length)
		abort();
}

void moment_pass(const char *where)
{
	int now = atomic_load(&left);

	while (now > 0 && !atomic_compare_exchange_weak(&left, &now, now - 1))
		;
	if (now != 1)
		return;
	say("killed at ", where);
	kill(getpid(), SIGKILL);
	pause();
}

static void count_anew(int number, siginfo_t *info, void *context)
{
	int count = info->si_value.sival_int;

	(void)number;
	(void)context;
	/* The last count is used up: who did it is about to strike. */
	if (atomic_load(&is_armed) && atomic_load(&left) == 0)
		kill(getpid(), SIGKILL);
	atomic_store(&left, count);
	atomic_store(&is_armed, count > 0);
	say("counts anew", "");
}

static int take_count(const char *text, struct error *err)
{
	char *end;
	long count = text ? strtol(text, &end, 10) : -1;

	if (count < 0 || count > 1000000 || *end)
		return error_set(err, ERROR_USAGE, "--crash-at takes a count");
	atomic_store(&left, (int)count);
	atomic_store(&is_armed, count > 0);
	return 0;
}

int moment_take_flags(int *argc, char **argv, struct error *err)
{
	struct sigaction action = {.sa_sigaction = count_anew, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigaction(SIGUSR2, &action, NULL);
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--crash-at") != 0)
			continue;
		if (take_count(argv[i + 1], err) < 0)
			return err->code;
		memmove(&argv[i], &argv[i + 2], (size_t)(*argc - i - 1) * sizeof(*argv));
		*argc -= 2;
		return 0;
	}
	return 0;
}
