#include "lib/jail/jail.h"

#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/time.h"
#include "lib/jail/jail_rooms.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES	 4
#define FIRST_PAUSE_MS	 200
#define LONGEST_PAUSE_MS 30000
#define REST_MS		 20 /* a running evaluation has the processors so long */
#define FAILURES_MAX	 3  /* in a row: from then on jobs are refused until a child is born */

/* One evaluation that was asked for: waits, then runs in a worker, then is told and freed. */
struct job {
	struct jail *jail;
	struct job *next; /* in the queue */
	struct jail_worker *worker;
	char *frame;
	size_t frame_length;
	int64_t deadline_ms;
	bool was_orphaned;
	int64_t started_ns; /* monotonic; when a child had it */
	jail_done *done;
	void *arg;
};

enum jail_state { JAIL_LOOKING, JAIL_READY, JAIL_REFUSED };

struct jail {
	struct loop *loop;
	char *runner_path;
	size_t max_children;
	int64_t first_pause_ms;
	size_t warm_children;
	bool accept_no_jail;

	enum jail_state state;
	struct error reason; /* of JAIL_REFUSED, or of the last failure */
	struct jail_walls *walls;
	char *walls_text;

	struct jail_nursery *nursery;
	struct loop_timer *pause, *rest;
	int failures; /* of the nursery in a row */

	struct job *first, **end; /* the queue */
	size_t waiting;
	struct job *running[JAIL_MAX_CHILDREN];
	size_t running_count;
	struct jail_worker *warm[JAIL_MAX_CHILDREN];
	size_t warm_count;
	struct jail_figures figures; /* the sums only */
	size_t asked;		     /* children that the nursery owes */
};

static void pump(struct jail *jail);

static void free_job(struct job *job)
{
	free(job->frame);
	free(job);
}

/* The queue is not empty. */
static struct job *pop_job(struct jail *jail)
{
	struct job *job = jail->first;

	jail->first = job->next;
	if (jail->first == NULL)
		jail->end = &jail->first;
	jail->waiting--;
	return job;
}

static void push_job(struct jail *jail, struct job *job)
{
	*jail->end = job;
	jail->end = &job->next;
	jail->waiting++;
}

static void fail_job(struct job *job, const struct error *problem)
{
	job->done(job->arg, NULL, 0, problem);
	free_job(job);
}

/* Only those that wait now: a callback may bring new ones. */
static void fail_waiting(struct jail *jail, const struct error *problem)
{
	const struct error copy = *problem;

	for (size_t count = jail->waiting; count > 0; count--)
		fail_job(pop_job(jail), &copy);
}

static void forget_running(struct job *job)
{
	struct jail *jail = job->jail;
	size_t i = 0;

	while (jail->running[i] != job)
		i++;
	jail->running[i] = jail->running[--jail->running_count];
	jail_worker_free(job->worker);
}

/* When the nursery dies, its children die of that and not of their plans. */
static bool is_orphaned(const struct jail *jail, const struct error *problem)
{
	return problem != NULL && problem->code == ERROR_RUNNER_LIMIT &&
	       (jail->nursery == NULL || jail_nursery_is_ending(jail->nursery));
}

/* An evaluation changes nothing, so it can be done once more. */
static void try_again(struct jail *jail, struct job *job)
{
	job->was_orphaned = true;
	job->next = jail->first;
	if (jail->first == NULL)
		jail->end = &job->next;
	jail->first = job;
	jail->waiting++;
}

static void on_worker_done(void *arg, const char *bytes, size_t length, const struct error *problem)
{
	struct job *job = arg;
	struct jail *jail = job->jail;

	if (is_orphaned(jail, problem) && !job->was_orphaned) {
		forget_running(job);
		try_again(jail, job);
	} else {
		histogram_add(&jail->figures.evaluations,
			(double)(time_mono_ns() - job->started_ns) / 1e9);
		jail->figures.failed += problem != NULL;
		job->done(job->arg, bytes, length, problem);
		forget_running(job); /* the bytes were the worker's */
		free_job(job);
	}
	pump(jail);
}

/* The last that was born is the warmest; those that died meanwhile are put away. */
static struct jail_worker *take_warm(struct jail *jail)
{
	while (jail->warm_count > 0) {
		struct jail_worker *worker = jail->warm[--jail->warm_count];

		if (jail_worker_is_waiting(worker))
			return worker;
		jail_worker_free(worker);
	}
	return NULL;
}

static void drop_warm(struct jail *jail)
{
	while (jail->warm_count > 0)
		jail_worker_free(jail->warm[--jail->warm_count]);
}

static void start_job(struct jail *jail, struct job *job, struct jail_worker *worker)
{
	job->worker = worker;
	job->started_ns = time_mono_ns();
	jail->running[jail->running_count++] = job;
	jail_worker_start(
		worker, job->frame, job->frame_length, job->deadline_ms, on_worker_done, job);
}

/* A birth takes as long as an evaluation does: what nobody waits for yet is born after it. */
static bool may_rest(const struct jail *jail)
{
	const int64_t now_ns = time_mono_ns();

	if (jail->running_count == 0 || jail->waiting > 0)
		return false;
	for (size_t i = 0; i < jail->running_count; i++)
		if (now_ns - jail->running[i]->started_ns >= REST_MS * INT64_C(1000000))
			return false;
	return true;
}

static size_t count_wanted(const struct jail *jail)
{
	const size_t alive = jail->running_count + jail->warm_count + jail->asked;
	const size_t ready = jail->warm_count + jail->asked;
	const size_t wanted = jail->waiting + jail->warm_children;
	const size_t room = alive < jail->max_children ? jail->max_children - alive : 0;

	if (wanted <= ready)
		return 0;
	return wanted - ready < room ? wanted - ready : room;
}

/* Gives waiting jobs to warm children and has new ones made. */
static void pump(struct jail *jail)
{
	while (jail->first != NULL && jail->running_count < jail->max_children) {
		struct jail_worker *worker = take_warm(jail);

		if (worker == NULL)
			break;
		start_job(jail, pop_job(jail), worker);
	}
	if (jail->nursery == NULL)
		return;
	if (may_rest(jail)) {
		loop_timer_start(jail->rest, REST_MS, 0);
		return;
	}
	for (size_t wanted = count_wanted(jail); wanted > 0; wanted--)
		if (jail_nursery_ask(jail->nursery))
			jail->asked++;
}

static void note_failure(struct jail *jail, const struct error *problem)
{
	int64_t pause_ms = jail->first_pause_ms;

	jail->reason = *problem;
	jail->figures.failed_starts++;
	jail->failures++;
	for (int i = 1; i < jail->failures && pause_ms < LONGEST_PAUSE_MS; i++)
		pause_ms *= 2;
	if (pause_ms > LONGEST_PAUSE_MS)
		pause_ms = LONGEST_PAUSE_MS;
	loop_timer_start(jail->pause, pause_ms, 0);
	if (jail->failures == FAILURES_MAX)
		log_error("jail", "no runner can be had", "problem", problem->message);
	if (jail->failures >= FAILURES_MAX)
		fail_waiting(jail, problem);
}

static void on_born(void *arg, int socket, int pidfd, const struct error *problem)
{
	struct jail *jail = arg;

	jail->asked--;
	if (problem != NULL) {
		note_failure(jail, problem);
		return;
	}
	jail->failures = 0;
	jail->figures.children++;
	jail->warm[jail->warm_count++] = jail_worker_new(jail->loop, socket, pidfd);
	pump(jail);
}

static void on_gone(void *arg)
{
	struct jail *jail = arg;
	struct error problem = ERROR_INIT;

	jail->nursery = NULL;
	jail->asked = 0;
	drop_warm(jail);
	error_set(&problem, ERROR_NO_JAIL, "the runner's nursery has ended");
	log_warn("jail", problem.message);
	note_failure(jail, &problem);
}

/* The timer's callback too: tries again what failed. */
static void start_nursery(void *arg)
{
	struct jail *jail = arg;
	const struct jail_nursery_events events = {on_born, on_gone, jail};
	struct error problem = ERROR_INIT;

	if (jail->nursery == NULL && jail_nursery_start(jail->loop, jail->runner_path, &events,
					     &jail->nursery, &problem) < 0) {
		problem.code = ERROR_NO_JAIL;
		note_failure(jail, &problem);
		return;
	}
	pump(jail);
}

static void refuse(struct jail *jail, const struct error *problem)
{
	jail->state = JAIL_REFUSED;
	jail->reason = *problem;
	log_error("jail", "no plan will be evaluated", "problem", problem->message);
	fail_waiting(jail, problem);
}

static void on_walls(void *arg, char *text, bool is_jailed, const struct error *problem)
{
	struct jail *jail = arg;
	struct error none = ERROR_INIT;

	jail->walls = NULL;
	jail->walls_text = text;
	if (problem != NULL) {
		refuse(jail, problem);
		return;
	}
	if (!is_jailed && !jail->accept_no_jail) {
		error_set(&none, ERROR_NO_JAIL,
			"the jail of the runner does not hold on this machine");
		error_remedy(&none, "see `redbutton doctor` for the walls that hold; a runner "
				    "built without a jail is only for tests");
		refuse(jail, &none);
		return;
	}
	if (!is_jailed)
		log_warn("jail", "plans are evaluated WITHOUT A JAIL, as configured");
	jail->state = JAIL_READY;
	start_nursery(jail);
}

static size_t pick(size_t given, size_t standard, size_t most)
{
	if (given == 0)
		return standard;
	return given < most ? given : most;
}

static void on_rest(void *arg)
{
	pump(arg);
}

int jail_open(
	struct loop *loop, const struct jail_options *options, struct jail **ret, struct error *err)
{
	struct jail *jail = calloc(1, sizeof(*jail));
	int status;

	if (jail == NULL)
		abort();
	jail->loop = loop;
	jail->runner_path = strdup(options->runner_path);
	jail->max_children = pick(options->max_children, JAIL_DEFAULT_CHILDREN, JAIL_MAX_CHILDREN);
	jail->warm_children = pick(options->warm_children, JAIL_DEFAULT_WARM, jail->max_children);
	jail->first_pause_ms =
		options->first_pause_ms > 0 ? options->first_pause_ms : FIRST_PAUSE_MS;
	jail->accept_no_jail = options->accept_no_jail;
	jail->end = &jail->first;
	jail->pause = loop_timer_new(loop, start_nursery, jail);
	jail->rest = loop_timer_new(loop, on_rest, jail);
	status = jail_walls_look(loop, options->runner_path, on_walls, jail, &jail->walls, err);
	if (status < 0) {
		jail_close(jail);
		return status;
	}
	*ret = jail;
	return 0;
}

void jail_close(struct jail *jail)
{
	struct error problem = ERROR_INIT;

	if (jail == NULL)
		return;
	error_set(&problem, ERROR_TIMEOUT, "the daemon stops before the plan was evaluated");
	jail->state = JAIL_REFUSED; /* a callback cannot bring new jobs */
	jail->reason = problem;
	jail_walls_stop(jail->walls);
	loop_timer_free(jail->pause);
	loop_timer_free(jail->rest);
	drop_warm(jail);
	fail_waiting(jail, &problem);
	while (jail->running_count > 0) {
		struct job *job = jail->running[0];

		forget_running(job); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
		fail_job(job, &problem);
	}
	jail_nursery_stop(jail->nursery);
	free(jail->walls_text);
	free(jail->runner_path);
	free(jail);
}

/* The frame as it goes out: length, little endian, then the bytes. */
static char *copy_frame(const struct jail_job *wanted, size_t *ret_length)
{
	const size_t length = wanted->length;
	char *frame = malloc(HEAD_BYTES + length);

	if (frame == NULL)
		abort();
	for (size_t i = 0; i < HEAD_BYTES; i++)
		frame[i] = (char)(unsigned char)(length >> (8 * i));
	memcpy(frame + HEAD_BYTES, wanted->input, length);
	*ret_length = HEAD_BYTES + length;
	return frame;
}

static int check_job(const struct jail *jail, const struct jail_job *job, struct error *err)
{
	if (job->length == 0 || job->length > JAIL_MAX_INPUT_BYTES)
		return error_set(err, ERROR_TOO_LARGE,
			"a plan with its modules and targets has at most %lu MB, this has %zu "
			"bytes",
			JAIL_MAX_INPUT_BYTES >> 20, job->length);
	if (jail->state == JAIL_REFUSED || jail->failures >= FAILURES_MAX)
		return jail_check(jail, err);
	if (jail->waiting < JAIL_MAX_WAITING)
		return 0;
	error_set(err, ERROR_TOO_MANY, "%zu plans wait to be evaluated", jail->waiting);
	return error_remedy(err, "try again in a few seconds");
}

int jail_run(struct jail *jail, const struct jail_job *wanted, struct error *err)
{
	struct job *job;
	const int status = check_job(jail, wanted, err);

	if (status < 0)
		return status;
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		abort();
	job->jail = jail;
	job->frame = copy_frame(wanted, &job->frame_length);
	job->deadline_ms = wanted->deadline_ms > 0 ? wanted->deadline_ms : JAIL_DEFAULT_DEADLINE_MS;
	job->done = wanted->done;
	job->arg = wanted->arg;
	push_job(jail, job);
	pump(jail);
	return 0;
}

int jail_check(const struct jail *jail, struct error *err)
{
	struct error unknown = ERROR_INIT;

	if (jail->state == JAIL_READY && jail->failures < FAILURES_MAX)
		return 0;
	if (jail->state == JAIL_LOOKING) {
		error_set(&unknown, ERROR_NO_JAIL, "the jail of the runner is being looked at");
		error_remedy(&unknown, "try again in a second");
	}
	if (err != NULL)
		*err = jail->state == JAIL_LOOKING ? unknown : jail->reason;
	return jail->state == JAIL_LOOKING ? unknown.code : jail->reason.code;
}

const char *jail_walls(const struct jail *jail)
{
	return jail->walls_text != NULL ? jail->walls_text : "{\"jail\":false}";
}

void jail_get_figures(const struct jail *jail, struct jail_figures *ret)
{
	*ret = jail->figures;
	ret->waiting = jail->waiting;
	ret->running = jail->running_count;
	ret->warm = jail->warm_count;
}
