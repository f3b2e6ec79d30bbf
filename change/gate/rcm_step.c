#include "change/gate/rcm_rooms.h"

#include "change/gate/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTENT_WORD "content:" /* an argument "content:NAME" is the path of that content */

static int check_content(int fd, const struct gate_content *content, struct error *err)
{
	uint8_t digest[SEAL_SHA256_BYTES];
	char hex[SEAL_HEX_SIZE];
	uint64_t size;
	int code = seal_check(fd, err);

	if (code == 0)
		code = seal_hash(fd, digest, &size, err);
	if (code == 0 && (size != content->size || strcmp(seal_hex(digest, hex), content->sha256)))
		code = error_set(err, ERROR_TAMPERED, "it is sha256:%s, and sha256:%s was approved",
			hex, content->sha256);
	return code < 0 ? error_prefix(err, "content %s", content->role) : 0;
}

/* Arguments "content:NAME" become the path of that content; each content must be used. */
static int place_content(
	struct job *job, const struct gate_content *content, int fd, struct error *err)
{
	bool is_used = false;

	for (size_t i = 0; job->argv[i]; i++) {
		const char *word = job->argv[i];

		if (strncmp(word, CONTENT_WORD, strlen(CONTENT_WORD)) != 0 ||
			strcmp(word + strlen(CONTENT_WORD), content->role) != 0)
			continue;
		((const char **)job->argv)[i] =
			arena_format(&job->rcm->arena, "/proc/self/fd/%d", fd);
		is_used = true;
	}
	if (!is_used) {
		error_set(err, ERROR_INVALID,
			"content %s of the step is used by none of its arguments", content->role);
		return error_remedy(err, "name it in the step: " CONTENT_WORD "%s", content->role);
	}
	fcntl(fd, F_SETFD, 0);
	return 0;
}

/* The first content of a script is what is executed, the first of an sql step what its client
 * reads. */
static bool is_program(const struct gate_step *step, size_t index)
{
	return !strcmp(step->exec.contents[index].role, "program") ||
	       (index == 0 && !strcmp(step->kind, "script"));
}

static bool is_input(const struct gate_step *step, size_t index)
{
	return !strcmp(step->exec.contents[index].role, "stdin") ||
	       (index == 0 && !strcmp(step->kind, "sql"));
}

static int take_input_content(struct job *job, int fd, struct error *err)
{
	if (job->stdin_fd >= 0)
		return error_set(err, ERROR_INVALID, "the step has two standard inputs");
	job->stdin_fd = seal_reopen(fd);
	return job->stdin_fd < 0 ? error_errno(err, ERROR_IO, "standard input") : 0;
}

static int take_content(struct job *job, const struct gate_step *step, size_t index, int fd,
	const char *search, struct error *err)
{
	const struct gate_content *content = &step->exec.contents[index];
	int code = check_content(fd, content, err);

	if (code < 0)
		return code;
	if (is_input(step, index))
		return take_input_content(job, fd, err);
	if (!is_program(step, index))
		return place_content(job, content, fd, err);
	if (job->program.fd >= 0)
		return error_set(err, ERROR_INVALID, "the step has two programs");
	return program_open_sealed(&job->rcm->arena, fd, content, search, &job->program, err);
}

/* What it reads: nothing, what was approved, or what stands open here. */
static int take_input(struct job *job, const struct gate_step *step, struct error *err)
{
	if (step->exec.stdin_kind == GATE_STDIN_BOUND && job->stdin_fd < 0)
		return error_set(err, ERROR_INVALID, "the step's standard input did not come");
	if (step->exec.stdin_kind == GATE_STDIN_OPEN && job->stdin_fd >= 0)
		return error_set(err, ERROR_INVALID, "the step's standard input is open and bound");
	if (step->exec.stdin_kind != GATE_STDIN_NONE || job->stdin_fd >= 0)
		return 0;
	job->stdin_fd = input_open_null();
	return job->stdin_fd < 0 ? error_errno(err, ERROR_IO, "/dev/null") : 0;
}

static int take_step_program(
	struct job *job, const struct gate_step *step, const char *search, struct error *err)
{
	int code;

	if (job->program.fd >= 0) {
		if (!step->exec.path[0] || !strcmp(step->exec.path, job->program.path))
			return 0;
		return error_set(err, ERROR_TAMPERED, "%s was approved, and %s came",
			step->exec.path, job->program.path);
	}
	if (!step->exec.path[0])
		return error_set(err, ERROR_INVALID, "the step names no program");
	code = program_open(&job->rcm->arena, step->exec.path, search, &job->program, err);
	if (code == 0 && strcmp(job->program.path, step->exec.path) != 0)
		code = error_set(err, ERROR_TAMPERED, "%s was approved, and it is %s now",
			step->exec.path, job->program.path);
	return code;
}

static int check_account(const struct job *job, const struct gate_step *step, struct error *err)
{
	if (!strcmp(step->exec.runas, job->request.exec.runas))
		return 0;
	error_set(err, ERROR_CONFLICT, "the step runs as %s, and this is %s", step->exec.runas,
		job->request.exec.runas);
	return error_remedy(err, "sudo -u %s rcm exec %s --step %u", step->exec.runas, step->change,
		(unsigned)step->step);
}

static int take_cwd(struct job *job, const struct gate_step *step, struct error *err)
{
	if (step->exec.cwd[0] && strcmp(step->exec.cwd, "-") && chdir(step->exec.cwd) < 0)
		return error_errno(err, ERROR_INVALID, step->exec.cwd);
	return rcm_read_cwd(&job->rcm->arena, &job->request.exec.cwd, err);
}

static const char *const *copy_list(struct arena *arena, const char *const *list)
{
	size_t count = 0;

	while (list[count])
		count++;
	return arena_copy(arena, list, (count + 1) * sizeof(*list));
}

/* Descriptors that were not taken end with this program. */
int rcm_take_step(struct job *job, const struct gate_step *step, const int *fds, struct error *err)
{
	struct gate_exec *exec = &job->request.exec;
	const char *search;
	int code = check_account(job, step, err);

	if (code == 0)
		code = take_cwd(job, step, err);
	if (code < 0)
		return code;
	if (!step->exec.argv[0])
		return error_set(err, ERROR_INVALID, "the step has no arguments");
	exec->argv = step->exec.argv;
	exec->env = rcm_environment(job->rcm, step->exec.env);
	exec->stdin_kind = step->exec.stdin_kind;
	exec->contents = step->exec.contents;
	exec->content_count = step->exec.content_count;
	job->argv = copy_list(&job->rcm->arena, step->exec.argv);
	job->timeout_s = step->timeout_s;
	job->request.step = step->step;
	search = rcm_search(exec->env);
	for (size_t i = 0; code == 0 && i < step->exec.content_count; i++)
		code = take_content(job, step, i, fds[i], search, err);
	if (code == 0)
		code = take_input(job, step, err);
	if (code == 0)
		code = take_step_program(job, step, search, err);
	if (code == 0)
		rcm_ask_about_program(job);
	return code;
}
