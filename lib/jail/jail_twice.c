#include "lib/jail/jail.h"

#include "lib/base/buf.h"

#include <stdlib.h>
#include <string.h>

struct result {
	struct twice *twice;
	struct buf bytes;
	struct error problem; /* code 0: there are bytes */
};

/* Two runs of one input; ends with the second result. */
struct twice {
	struct result results[2];
	size_t missing;
	jail_done *done;
	void *arg;
};

static void free_twice(struct twice *twice)
{
	for (size_t i = 0; i < 2; i++)
		buf_done(&twice->results[i].bytes);
	free(twice);
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void tell(struct twice *twice)
{
	const struct result *first = &twice->results[0];
	const struct result *second = &twice->results[1];
	struct error problem = first->problem.code != 0 ? first->problem : second->problem;

	if (problem.code == 0 && !is_same(&first->bytes, &second->bytes)) {
		error_set(&problem, ERROR_NONDETERMINISTIC,
			"the plan gives another graph each time it is built");
		error_remedy(&problem, "let the graph depend on parameters and targets alone, and "
				       "walk tables in order");
	}
	if (problem.code != 0)
		twice->done(twice->arg, NULL, 0, &problem);
	else
		twice->done(twice->arg, first->bytes.bytes, first->bytes.length, NULL);
	free_twice(twice);
}

static void take_result(void *arg, const char *bytes, size_t length, const struct error *problem)
{
	struct result *result = arg;
	struct twice *twice = result->twice;

	if (problem != NULL)
		result->problem = *problem;
	else
		buf_add(&result->bytes, bytes, length);
	if (--twice->missing == 0)
		tell(twice);
}

/* Once the first run is accepted the caller gets a callback: a refused second is its result. */
int jail_run_twice(struct jail *jail, const struct jail_job *job, struct error *err)
{
	struct twice *twice = calloc(1, sizeof(*twice));
	struct jail_job run = *job;
	int status;

	if (twice == NULL)
		abort();
	twice->done = job->done;
	twice->arg = job->arg;
	twice->missing = 2;
	twice->results[0].twice = twice;
	twice->results[1].twice = twice;
	run.done = take_result;
	run.arg = &twice->results[0];
	status = jail_run(jail, &run, err);
	if (status < 0) {
		free_twice(twice);
		return status;
	}
	run.arg = &twice->results[1];
	if (jail_run(jail, &run, &twice->results[1].problem) < 0)
		twice->missing--;
	return 0;
}
