/*
 * bench_runner RUNNER SCRIPT ROUNDS: from a plan's text to its graph, parsed, interleaved:
 *   warm.jailed  a child of the nursery that waits already, with all walls
 *   warm.bare    a forked child with a Lua state that waits already: no walls, no plan language, a
 *                script of 30 steps that only writes its JSON
 *   burst.jailed, burst.bare   one of 16 at once, more than wait: births are paid
 * One figure per line, "name microseconds".
 */
#include "lib/base/time.h"
#include "lib/jail/jail.h"

#include <jansson.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BURST	 16
#define BYTES	 (1 << 20)
#define PAUSE_US 20000 /* for the nursery's next child */

static const char bare_script[] =
	"local steps = {}\n"
	"for i = 1, 30 do\n"
	"  steps[i] = string.format('{\"kind\":\"step\",\"title\":\"step %d\",\"nodes\":"
	"[{\"kind\":\"set\",\"register\":%d,\"value\":\"%d\"}]}', i, i - 1, i)\n"
	"end\n"
	"return '{\"nodes\":[' .. table.concat(steps, ',') .. ']}'\n";

static char bytes[BYTES];

static double now_us(void)
{
	return (double)time_mono_ns() / 1000;
}

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	fprintf(stderr, "bench_runner: %s\n", what);
	exit(1);
}

static void parse(const char *text, size_t length)
{
	json_t *object = json_loadb(text, length, 0, NULL);

	must(object != NULL && !json_object_get(object, "errors"), text);
	json_decref(object);
}

/* --- bare --- */

static void serve_bare(int fd)
{
	lua_State *L = luaL_newstate();
	const char *result;
	ssize_t got;
	size_t length;

	luaL_openlibs(L);
	got = read(fd, bytes, sizeof(bytes));
	if (got > 0 && luaL_loadbufferx(L, bytes, (size_t)got, "=plan", "t") == LUA_OK &&
		lua_pcall(L, 0, 1, 0) == LUA_OK) {
		result = lua_tolstring(L, -1, &length);
		if (write(fd, result, length) < 0)
			_exit(1);
	}
	_exit(0);
}

static int begin_bare(pid_t *ret_pid)
{
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
	*ret_pid = fork();
	must(*ret_pid >= 0, "fork");
	if (*ret_pid == 0) {
		close(pair[0]);
		serve_bare(pair[1]);
	}
	close(pair[1]);
	return pair[0];
}

static void end_bare(int fd, pid_t pid)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, bytes + length, sizeof(bytes) - length)) > 0)
		length += (size_t)got;
	parse(bytes, length);
	close(fd);
	waitpid(pid, NULL, 0);
}

static void ask_bare(int fd)
{
	must(write(fd, bare_script, strlen(bare_script)) > 0, "write");
}

static double time_bare_warm(void)
{
	pid_t pid;
	int fd = begin_bare(&pid);
	double since_us;

	usleep(PAUSE_US);
	since_us = now_us();
	ask_bare(fd);
	end_bare(fd, pid);
	return now_us() - since_us;
}

static double time_bare_burst(void)
{
	double since_us = now_us();
	pid_t pids[BURST];
	int fds[BURST];

	for (int i = 0; i < BURST; i++) {
		fds[i] = begin_bare(&pids[i]);
		ask_bare(fds[i]);
	}
	for (int i = 0; i < BURST; i++)
		end_bare(fds[i], pids[i]);
	return (now_us() - since_us) / BURST;
}

/* --- jailed --- */

struct jailed {
	struct loop *loop;
	struct jail *jail;
	char *input;
	int waiting;
};

static void done(void *arg, const char *text, size_t length, const struct error *err)
{
	struct jailed *jailed = arg;

	must(text != NULL, err ? err->message : "no result");
	parse(text, length);
	if (--jailed->waiting == 0)
		loop_stop(jailed->loop);
}

static double time_jailed(struct jailed *jailed, int count)
{
	struct jail_job job = {.input = jailed->input,
		.length = strlen(jailed->input),
		.done = done,
		.arg = jailed};
	struct error err = ERROR_INIT;
	double since_us = now_us();

	jailed->waiting = count;
	for (int i = 0; i < count; i++)
		must(jail_run(jailed->jail, &job, &err) == 0, err.message);
	loop_run(jailed->loop);
	return (now_us() - since_us) / count;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void pause_loop(struct jailed *jailed)
{
	struct loop_timer *timer = loop_timer_new(jailed->loop, stop, jailed->loop);

	loop_timer_start(timer, PAUSE_US / 1000, 0);
	loop_run(jailed->loop);
	loop_timer_free(timer);
}

static char *read_input(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(bytes, 1, sizeof(bytes) - 1, file) : 0;
	json_t *input;
	char *text;

	must(length > 0, path);
	bytes[length] = 0;
	fclose(file);
	input = json_pack("{s:s,s:s,s:s,s:{},s:{},s:s,s:{},s:{s:[{s:s,s:s,s:{}}]}}", "verb",
		"build", "file", "steps.lua", "script", bytes, "modules", "calls", "action",
		"apply", "params", "targets", "edge", "name", "edge-1", "kind", "haproxy",
		"labels");
	must(input != NULL, "the input");
	text = json_dumps(input, JSON_COMPACT);
	json_decref(input);
	return text;
}

int main(int argc, char **argv)
{
	struct jailed jailed = {0};
	struct jail_options options = {0};
	struct error err = ERROR_INIT;

	must(argc == 4, "RUNNER SCRIPT ROUNDS");
	options.runner_path = argv[1];
	jailed.input = read_input(argv[2]);
	must(loop_open(&jailed.loop, &err) == 0 &&
			jail_open(jailed.loop, &options, &jailed.jail, &err) == 0,
		err.message);
	time_jailed(&jailed, 1);
	for (int i = 0; i < atoi(argv[3]); i++) {
		pause_loop(&jailed);
		printf("warm.jailed %.1f\n", time_jailed(&jailed, 1));
		printf("warm.bare %.1f\n", time_bare_warm());
		if (i % 10)
			continue;
		pause_loop(&jailed);
		printf("burst.jailed %.1f\n", time_jailed(&jailed, BURST));
		printf("burst.bare %.1f\n", time_bare_burst());
	}
	jail_close(jailed.jail);
	loop_close(jailed.loop);
	free(jailed.input);
	return 0;
}
