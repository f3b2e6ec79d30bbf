#include "lib/jail/jail_rooms.h"

#include "lib/base/child.h"
#include "lib/base/json.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_BYTES   4096 /* far below what a pipe holds, so the program never waits for us */
#define DEADLINE_MS 10000

struct jail_walls {
	struct child *child;
	struct loop_timer *deadline;
	int pipe;
	jail_walls_seen *seen;
	void *arg;
};

static void release(struct jail_walls *walls)
{
	loop_timer_free(walls->deadline);
	close(walls->pipe);
	free(walls);
}

/* The text is checked and believed only as a whole. */
static int read_walls(int fd, char **ret_text, bool *ret_is_jailed, struct error *err)
{
	char text[MAX_BYTES];
	const ssize_t length = read(fd, text, sizeof(text) - 1);
	json_t *value = NULL;
	bool is_jailed = false;
	int status;

	if (length <= 0)
		return error_set(err, ERROR_NO_JAIL, "the runner tells nothing of its walls");
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	status = json_parse(text, strlen(text), JSON_DEPTH_MAX, &value, err);
	if (status == 0)
		status = json_get_bool(value, "jail", true, &is_jailed, err);
	json_decref(value);
	if (status < 0)
		return error_set(
			err, ERROR_NO_JAIL, "what the runner tells of its walls is no JSON");
	*ret_text = strdup(text);
	*ret_is_jailed = is_jailed;
	return 0;
}

static void on_ended(void *arg, int wait_status)
{
	struct jail_walls *walls = arg;
	jail_walls_seen *seen = walls->seen;
	void *seen_arg = walls->arg;
	struct error problem = ERROR_INIT;
	bool is_jailed = false;
	char *text = NULL;
	const int status = read_walls(walls->pipe, &text, &is_jailed, &problem);

	(void)wait_status;
	release(walls);
	seen(seen_arg, text, is_jailed, status < 0 ? &problem : NULL);
}

static void on_deadline(void *arg)
{
	struct jail_walls *walls = arg;

	child_kill(walls->child, SIGKILL); /* on_ended follows, and finds nothing to read */
}

int jail_walls_look(struct loop *loop, const char *runner_path, jail_walls_seen *seen, void *arg,
	struct jail_walls **ret, struct error *err)
{
	const char *const argv[] = {"redbutton-runner", "--walls", NULL};
	struct child_fd fd = {.theirs = STDOUT_FILENO};
	const struct child_options options = {
		.path = runner_path, .argv = argv, .fds = &fd, .fd_count = 1};
	struct jail_walls *walls;
	int pair[2];
	int status;

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(err, ERROR_IO, "pipe");
	walls = calloc(1, sizeof(*walls));
	if (walls == NULL)
		abort();
	*walls = (struct jail_walls){.pipe = pair[0], .seen = seen, .arg = arg};
	walls->deadline = loop_timer_new(loop, on_deadline, walls);
	fd.ours = pair[1];
	status = child_start(loop, &options, on_ended, walls, &walls->child, err);
	close(pair[1]);
	if (status < 0) {
		release(walls);
		return status;
	}
	loop_timer_start(walls->deadline, DEADLINE_MS, 0);
	*ret = walls;
	return 0;
}

void jail_walls_stop(struct jail_walls *walls)
{
	if (walls == NULL)
		return;
	child_abandon(walls->child);
	release(walls);
}
