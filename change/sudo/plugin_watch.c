#include "change/sudo/plugin_watch.h"

#include "change/gate/gate_client.h"
#include "change/sudo/plugin_guard.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_MS	     1000
#define HEARTBEAT_MS 10000
#define AT_ONCE_MS   20
#define NS_PER_MS    1000000

struct plugin_watch {
	struct plugin_watch *next;
	struct plugin *plugin;
	struct plugin_run run;
	struct gate_client client; /* its fd is -1 while the gate is lost */
	struct sudo_plugin_event *readable, *tick;
	int64_t noted_ms; /* when the gate was last heard */
	int64_t beat_ms;  /* when it was last told that the run goes on */
	bool is_stopping;
};

/* --- messages --- */

static int64_t deadline_ns(void)
{
	return time_mono_ns() + (int64_t)GATE_DEADLINE_MS * NS_PER_MS;
}

/* Deadlines of what must not block sudo's loop: the gate takes a packet at once, or it is lost. */
static int64_t at_once_ns(void)
{
	return time_mono_ns() + AT_ONCE_MS * NS_PER_MS;
}

static int send_watch(
	struct gate_client *client, const char *run, int64_t until_ns, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int code = gate_encode_watch(&bytes, &(struct gate_watch){.run = run}, err);

	if (code == 0)
		code = gate_client_send(client, &bytes, until_ns, err);
	buf_done(&bytes);
	return code;
}

static int send_heartbeat(
	struct gate_client *client, const char *run, int64_t until_ns, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int code = gate_encode_heartbeat(&bytes, &(struct gate_heartbeat){.run = run}, err);

	if (code == 0)
		code = gate_client_send(client, &bytes, until_ns, err);
	buf_done(&bytes);
	return code;
}

static int await_noted(struct gate_client *client, int64_t until_ns, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct gate_message answer;
	int code = gate_client_receive(client, &arena, until_ns, &answer, NULL, NULL, err);

	if (code == 0 && answer.kind == GATE_STOP)
		code = error_set(err, ERROR_REFUSED, "the run must not start: %s: %s",
			answer.stop.reason, answer.stop.message);
	else if (code == 0 && answer.kind == GATE_FAULT)
		code = error_set(err, ERROR_REFUSED, "the gate does not watch the run: %s: %s",
			answer.fault.field, answer.fault.message);
	else if (code == 0 && answer.kind != GATE_NOTED)
		code = error_set(err, ERROR_INVALID, "the gate's answer is not \"noted\"");
	arena_done(&arena);
	return code;
}

int plugin_watch_end(const struct gate_config *gate, const struct gate_end *end, struct error *err)
{
	struct gate_client client = GATE_CLIENT_INIT(gate);
	int code = gate_tell_end(&client, end, err);

	gate_client_close(&client);
	return code;
}

/* --- the end of the command --- */

bool plugin_watch_is_stopping(const struct plugin_watch *watch)
{
	for (; watch; watch = watch->next)
		if (watch->is_stopping)
			return true;
	return false;
}

void plugin_watch_stop(struct plugin_watch *watch, const char *reason, const char *message)
{
	if (plugin_watch_is_stopping(watch->plugin->watch))
		return;
	watch->is_stopping = true;
	plugin_say_refusal(
		watch->plugin, GATE_DENY, reason, watch->run.change, watch->run.step, message);
	watch->tick->loopbreak(watch->tick);
}

/* --- events --- */

static void lose(struct plugin_watch *watch)
{
	watch->readable->del(watch->readable);
	gate_client_close(&watch->client);
}

/* 0, or negative when the connection is of no more use. */
static int take(struct plugin_watch *watch, const struct gate_message *message)
{
	const char *unknown = gate_reason_word(REASON_SESSION_STATE);

	switch (message->kind) {
	case GATE_NOTED:
		watch->noted_ms = time_mono_ms();
		return 0;
	case GATE_STOP:
		if (strcmp(message->stop.run, watch->run.run) != 0)
			return -1;
		plugin_watch_stop(watch, message->stop.reason, message->stop.message);
		return 0;
	case GATE_FAULT:
		plugin_watch_stop(watch, unknown, message->fault.message);
		return 0;
	default:
		return -1;
	}
}

static int read_one(void *argument)
{
	struct plugin_watch *watch = argument;
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	struct gate_message message;
	int code = gate_client_receive(
		&watch->client, &arena, at_once_ns(), &message, NULL, NULL, &err);

	if (code == 0)
		code = take(watch, &message);
	if (code < 0 && code != ERROR_TIMEOUT)
		lose(watch);
	arena_done(&arena);
	return 0;
}

static void on_readable(int fd, int what, void *closure)
{
	struct plugin_watch *watch = closure;

	(void)fd;
	(void)what;
	if (plugin_guard(read_one, watch, -1) < 0)
		plugin_watch_stop(watch, gate_reason_word(REASON_GATE_UNAVAILABLE), "no memory");
}

static int expect(struct plugin_watch *watch)
{
	struct sudo_plugin_event *event = watch->readable;

	return event->set(event, watch->client.fd, SUDO_PLUGIN_EV_READ | SUDO_PLUGIN_EV_PERSIST,
		       on_readable, watch) == 1 &&
			       event->add(event, NULL) == 1
		       ? 0
		       : -1;
}

/* Without waiting: the gate's word comes, or does not, by on_readable. */
static void find_again(struct plugin_watch *watch)
{
	struct error err = ERROR_INIT;
	int64_t until_ns = at_once_ns();

	if (gate_client_connect(&watch->client, until_ns, &err) < 0)
		return;
	if (send_watch(&watch->client, watch->run.run, until_ns, &err) < 0 || expect(watch) < 0)
		lose(watch);
	else
		watch->beat_ms = time_mono_ms();
}

static void beat(struct plugin_watch *watch)
{
	struct error err = ERROR_INIT;
	int64_t now_ms = time_mono_ms();

	if (now_ms - watch->beat_ms < HEARTBEAT_MS)
		return;
	watch->beat_ms = now_ms;
	if (send_heartbeat(&watch->client, watch->run.run, at_once_ns(), &err) < 0)
		lose(watch);
}

static int look(void *argument)
{
	struct plugin_watch *watch = argument;
	const struct plugin_run *run = &watch->run;

	if (run->kill_at_us && time_now_us() >= run->kill_at_us) {
		plugin_watch_stop(watch, gate_reason_word(REASON_EXPIRED),
			"the time for this command is over");
	} else if (time_mono_ms() - watch->noted_ms > (int64_t)run->lease_s * 1000) {
		plugin_watch_stop(watch, gate_reason_word(REASON_GATE_UNAVAILABLE),
			"nothing was heard from the gate for as long as the lease");
	} else if (watch->client.fd < 0) {
		find_again(watch);
	} else {
		beat(watch);
	}
	return 0;
}

/* A second, or less when kill_at is nearer. */
static int arm(struct plugin_watch *watch)
{
	int64_t kill_at_us = watch->run.kill_at_us, wait_us = TICK_MS * 1000;
	struct timespec wait;

	if (kill_at_us && kill_at_us - time_now_us() < wait_us)
		wait_us = kill_at_us - time_now_us();
	if (wait_us < 1000)
		wait_us = 1000;
	wait.tv_sec = wait_us / 1000000;
	wait.tv_nsec = wait_us % 1000000 * 1000;
	return watch->tick->add(watch->tick, &wait) == 1 ? 0 : -1;
}

static void on_tick(int fd, int what, void *closure)
{
	struct plugin_watch *watch = closure;

	(void)fd;
	(void)what;
	if (plugin_guard(look, watch, -1) < 0 || (!watch->is_stopping && arm(watch) < 0))
		plugin_watch_stop(watch, gate_reason_word(REASON_GATE_UNAVAILABLE), "no memory");
}

/* --- open --- */

static int begin_events(
	struct plugin_watch *watch, plugin_event_alloc event_alloc, struct error *err)
{
	if (event_alloc) {
		watch->readable = event_alloc();
		watch->tick = event_alloc();
	}
	if (!watch->readable || !watch->tick ||
		watch->tick->set(watch->tick, -1, SUDO_PLUGIN_EV_TIMEOUT, on_tick, watch) != 1 ||
		arm(watch) < 0 || expect(watch) < 0)
		return error_set(err, ERROR_NO_MEMORY, "sudo gives no events to watch the run");
	return 0;
}

static void free_event(struct sudo_plugin_event *event)
{
	if (event)
		event->free(event);
}

static void free_one(struct plugin_watch *watch)
{
	free_event(watch->readable);
	free_event(watch->tick);
	gate_client_close(&watch->client);
	free(watch);
}

void plugin_watch_free(struct plugin_watch *watch)
{
	while (watch) {
		struct plugin_watch *next = watch->next;

		free_one(watch);
		watch = next;
	}
}

const struct plugin_watch *plugin_watch_next(const struct plugin_watch *watch)
{
	return watch ? watch->next : NULL;
}

const char *plugin_watch_run(const struct plugin_watch *watch)
{
	return watch->run.run;
}

static int begin(struct plugin_watch *watch, plugin_event_alloc event_alloc, struct error *err)
{
	int64_t until_ns = deadline_ns();
	int code = gate_client_connect(&watch->client, until_ns, err);

	if (code == 0)
		code = send_watch(&watch->client, watch->run.run, until_ns, err);
	if (code == 0)
		code = await_noted(&watch->client, until_ns, err);
	if (code == 0)
		code = begin_events(watch, event_alloc, err);
	return code;
}

int plugin_watch_add(struct plugin *plugin, const struct plugin_run *run,
	plugin_event_alloc event_alloc, struct error *err)
{
	struct plugin_watch **end = &plugin->watch, *watch;
	size_t count = 0;
	int code;

	for (; *end; end = &(*end)->next)
		count++;
	if (count == PLUGIN_WATCH_MAX)
		return error_set(
			err, ERROR_TOO_MANY, "more than %d runs in one sudo", PLUGIN_WATCH_MAX);
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	watch->plugin = plugin;
	watch->run = *run;
	watch->client = GATE_CLIENT_INIT(&plugin->session.gate);
	watch->noted_ms = watch->beat_ms = time_mono_ms();
	code = begin(watch, event_alloc, err);
	if (code < 0) {
		free_one(watch);
		return code;
	}
	*end = watch;
	return 0;
}
