/*
 * redbutton-runner: evaluates plans in jailed processes. It holds Lua, the jail and JSON, and links
 * nothing else.
 */
#include "executor/runner/evaluation.h"
#include "executor/runner/nursery.h"
#include "executor/runner/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2

static int run_once(void);
static int print_version(void);

static const struct {
	const char *name;
	int (*run)(void);
	const char *help;
} verbs[] = {
	{"--nursery", nursery_run, "fork jailed children for the daemon at descriptor 3"},
	{"--once", run_once,
		"evaluate one frame from standard input, one frame to standard output"},
	{"--walls", walls_print, "tell as JSON which walls of the jail hold here"},
	{"--version", print_version, "tell the version"},
};

#define VERB_COUNT (sizeof(verbs) / sizeof(*verbs))

/* The same life as a child of the nursery has, with one door in and one out. */
static int run_once(void)
{
	const struct jail_doors doors = {3, 4};
	struct evaluation evaluation;
	const int in = fcntl(STDIN_FILENO, F_DUPFD, 5);
	const int out = fcntl(STDOUT_FILENO, F_DUPFD, 5);

	if (in < 0 || out < 0 || dup2(in, doors.in) < 0 || dup2(out, doors.out) < 0) {
		fprintf(stderr, "redbutton-runner: --once: %s\n", strerror(errno));
		return EXIT_USAGE;
	}
	if (evaluation_prepare(&evaluation, doors) < 0)
		return 70;
	evaluation_live(&evaluation, 0);
}

static int print_version(void)
{
	printf("redbutton-runner %s\n", RB_VERSION);
	return 0;
}

static int print_usage(FILE *to)
{
	fprintf(to, "usage: redbutton-runner VERB\n\n");
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	return to == stdout ? 0 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return print_usage(stdout);
	for (size_t i = 0; argc == 2 && i < VERB_COUNT; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run();
	return print_usage(stderr);
}
