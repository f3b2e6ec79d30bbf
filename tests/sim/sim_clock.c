/* Time that passes only when nothing is left to do. Everybody in the process sees it, libuv too. */
#include "sim.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define EPOCH_S 1790000000 /* of the wall clock at 0 */

int64_t sim_now_ms;

void sim_clock_start(void)
{
	sim_now_ms = 1000000;
}

/* The C library's, for all callers. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
	if (!sim_now_ms || (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC &&
				   id != CLOCK_MONOTONIC_COARSE && id != CLOCK_REALTIME_COARSE))
		return (int)syscall(SYS_clock_gettime, id, ret);
	ret->tv_sec = (time_t)(sim_now_ms / 1000);
	ret->tv_nsec = (long)(sim_now_ms % 1000) * 1000000;
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ret->tv_sec += EPOCH_S;
	return 0;
}

void sim_turn(struct loop *loop, int64_t until_ms)
{
	uv_loop_t *uv = loop_uv(loop);
	int timeout_ms;

	uv_run(uv, UV_RUN_NOWAIT);
	sim_counts.walks++;
	timeout_ms = uv_backend_timeout(uv);
	if (timeout_ms == 0 || sim_is_dead)
		return;
	if (timeout_ms < 0 || sim_now_ms + timeout_ms > until_ms)
		sim_now_ms = until_ms;
	else
		sim_now_ms += timeout_ms;
}
