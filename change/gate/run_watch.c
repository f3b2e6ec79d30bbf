#include "change/gate/run_watch.h"

#include "lib/base/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_S   INT64_C(1000000000)
#define LEASE_S	   60
#define RETRY_MS   1000
#define CONNECT_MS 50 /* the run goes on meanwhile */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void run_stop(struct run_result *ret, const char *reason, const char *format, ...)
{
	va_list args;

	if (ret->is_stopped)
		return;
	ret->is_stopped = true;
	snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
	va_start(args, format);
	vsnprintf(ret->message, sizeof(ret->message), format, args);
	va_end(args);
}

void run_watch_init(struct run_watch *watch, const struct run_options *options)
{
	int64_t now_ns = time_mono_ns();
	int64_t lease_s = options->lease_s ? options->lease_s : LEASE_S;

	*watch = (struct run_watch){.client = options->client,
		.run = options->run,
		.lease_ns = lease_s * NS_PER_S,
		.beat_ns = least(RUN_HEARTBEAT_MS * NS_PER_MS, lease_s * NS_PER_S / 3),
		.noted_ns = now_ns,
		.timeout_s = options->timeout_s};
	watch->next_ns = now_ns + watch->beat_ns;
	if (options->kill_at_us) {
		watch->kill_ns = now_ns + (options->kill_at_us - time_now_us()) * 1000;
		watch->kill_ns = watch->kill_ns > 0 ? watch->kill_ns : 1;
	}
	if (options->timeout_s)
		watch->end_ns = now_ns + options->timeout_s * NS_PER_S;
}

int run_watch_fd(const struct run_watch *watch)
{
	return watch->client ? watch->client->fd : -1;
}

int64_t run_watch_next(const struct run_watch *watch)
{
	int64_t next = watch->client ? least(watch->next_ns, watch->noted_ns + watch->lease_ns)
				     : INT64_MAX;

	if (watch->kill_ns)
		next = least(next, watch->kill_ns);
	if (watch->end_ns)
		next = least(next, watch->end_ns);
	return next;
}

static void beat(struct run_watch *watch, int64_t now_ns)
{
	struct error err = ERROR_INIT;
	struct buf message = BUF_INIT;
	int64_t deadline_ns = now_ns + CONNECT_MS * NS_PER_MS;
	int code = gate_encode_heartbeat(&message, &(struct gate_heartbeat){watch->run}, &err);

	if (code == 0)
		code = gate_client_connect(watch->client, deadline_ns, &err);
	if (code == 0)
		code = gate_client_send(watch->client, &message, deadline_ns, &err);
	if (code < 0)
		gate_client_close(watch->client);
	watch->next_ns =
		now_ns + (code < 0 ? least(RETRY_MS * NS_PER_MS, watch->beat_ns) : watch->beat_ns);
	buf_done(&message);
}

void run_watch_tick(struct run_watch *watch, struct run_result *ret)
{
	int64_t now_ns = time_mono_ns();

	if (watch->kill_ns && now_ns >= watch->kill_ns)
		run_stop(ret, "outside_window", "its time is over");
	if (watch->end_ns && now_ns >= watch->end_ns)
		run_stop(ret, "outside_window", "it ran longer than the %u s of its step",
			(unsigned)watch->timeout_s);
	if (!watch->client)
		return;
	if (now_ns - watch->noted_ns >= watch->lease_ns)
		run_stop(ret, "gate_unavailable", "no word of the gate for %lld s",
			(long long)(watch->lease_ns / NS_PER_S));
	else if (now_ns >= watch->next_ns)
		beat(watch, now_ns);
}

void run_watch_hear(struct run_watch *watch, struct run_result *ret)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct gate_message message = {.kind = GATE_FAULT};
	int64_t now_ns = time_mono_ns();
	int code = gate_client_receive(
		watch->client, &arena, now_ns + NS_PER_MS, &message, NULL, NULL, &err);

	if (code < 0 && code != ERROR_TIMEOUT) {
		gate_client_close(watch->client);
		watch->next_ns =
			least(watch->next_ns, now_ns + least(RETRY_MS * NS_PER_MS, watch->beat_ns));
	} else if (code == 0 && message.kind == GATE_NOTED) {
		watch->noted_ns = now_ns;
	} else if (code == 0 && message.kind == GATE_STOP &&
		   !strcmp(message.stop.run, watch->run)) {
		run_stop(ret, message.stop.reason, "%s", message.stop.message);
	}
	arena_done(&arena);
}
