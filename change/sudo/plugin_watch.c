#include "change/sudo/plugin_watch.h"

#include "change/sudo/plugin_guard.h"
#include "change/sudo/plugin_link.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS	     1000
#define HEARTBEAT_MS 10000

struct plugin_watch {
	struct plugin *plugin;
	const struct plugin_options *options;
	int fd; /* -1 while the gate is lost */
	struct sudo_plugin_event *readable, *tick;
	int64_t noted_ms; /* when the gate was last heard */
	int64_t beat_ms;  /* when it was last told that the run goes on */
	bool is_stopping;
};

/* --- messages --- */

static int send_watch(int fd, const char *run, int64_t deadline_ms, struct error *err)
{
	const struct gate_watch watch = {.run = run};
	struct buf bytes = BUF_INIT;
	int code = gate_encode_watch(&bytes, &watch, err);

	if (code == 0)
		code = plugin_link_send(fd, &bytes, deadline_ms, err);
	buf_done(&bytes);
	return code;
}

static int send_heartbeat(int fd, const char *run, int64_t deadline_ms, struct error *err)
{
	const struct gate_heartbeat beat = {.run = run};
	struct buf bytes = BUF_INIT;
	int code = gate_encode_heartbeat(&bytes, &beat, err);

	if (code == 0)
		code = plugin_link_send(fd, &bytes, deadline_ms, err);
	buf_done(&bytes);
	return code;
}

/* One packet, decoded into the arena. ERROR_TIMEOUT when none came. */
static int receive(struct arena *arena, int fd, int64_t deadline_ms, struct gate_message *ret,
	struct error *err)
{
	struct buf packet = BUF_INIT;
	int code = plugin_link_receive(fd, deadline_ms, &packet, err);

	if (code == 0)
		code = gate_decode(arena, packet.bytes, packet.length, ret, err);
	buf_done(&packet);
	return code;
}

static int await_noted(int fd, int64_t deadline_ms, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct gate_message message;
	int code = receive(&arena, fd, deadline_ms, &message, err);

	if (code == 0 && message.kind == GATE_STOP)
		code = error_set(err, ERROR_REFUSED, "%s: %s", message.stop.reason,
			message.stop.message);
	else if (code == 0 && message.kind == GATE_FAULT)
		code = error_set(err, ERROR_REFUSED, "the gate refused: %s: %s",
			message.fault.field, message.fault.message);
	else if (code == 0 && message.kind != GATE_NOTED)
		code = error_set(err, ERROR_INVALID, "the gate's answer is not \"noted\"");
	arena_done(&arena);
	return code;
}

int plugin_watch_end(
	const struct plugin_options *options, const struct gate_end *end, struct error *err)
{
	int64_t deadline_ms = time_mono_ms() + PLUGIN_DEADLINE_MS;
	struct buf bytes = BUF_INIT;
	int fd = -1, code = gate_encode_end(&bytes, end, err);

	if (code == 0)
		code = plugin_link_open(options, deadline_ms, &fd, err);
	if (code == 0)
		code = plugin_link_send(fd, &bytes, deadline_ms, err);
	if (code == 0)
		code = await_noted(fd, deadline_ms, err);
	if (fd >= 0)
		close(fd);
	buf_done(&bytes);
	return code;
}

/* --- the end of the command --- */

bool plugin_watch_is_stopping(const struct plugin_watch *watch)
{
	return watch->is_stopping;
}

void plugin_watch_stop(struct plugin_watch *watch, const char *reason, const char *message)
{
	const struct plugin_session *session = &watch->plugin->session;

	if (watch->is_stopping)
		return;
	watch->is_stopping = true;
	plugin_say_refusal(watch->plugin, GATE_DENY, reason, session->change, session->step, message);
	watch->tick->loopbreak(watch->tick);
}

/* --- events --- */

static void lose(struct plugin_watch *watch)
{
	watch->readable->del(watch->readable);
	close(watch->fd);
	watch->fd = -1;
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
		if (strcmp(message->stop.run, watch->plugin->session.run) != 0)
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

static int read_all(void *argument)
{
	struct plugin_watch *watch = argument;
	struct error err = ERROR_INIT;
	int code = 0;

	while (code == 0 && !watch->is_stopping) {
		struct arena arena = ARENA_INIT;
		struct gate_message message;

		code = receive(&arena, watch->fd, 0, &message, &err);
		if (code == 0)
			code = take(watch, &message);
		arena_done(&arena);
	}
	if (code < 0 && code != ERROR_TIMEOUT)
		lose(watch);
	return 0;
}

static void on_readable(int fd, int what, void *closure)
{
	struct plugin_watch *watch = closure;

	(void)fd;
	(void)what;
	if (plugin_guard(read_all, watch, -1) < 0)
		plugin_watch_stop(watch, gate_reason_word(REASON_GATE_UNAVAILABLE), "no memory");
}

static int expect(struct plugin_watch *watch)
{
	struct sudo_plugin_event *event = watch->readable;

	return event->set(event, watch->fd, SUDO_PLUGIN_EV_READ | SUDO_PLUGIN_EV_PERSIST, on_readable,
		       watch) == 1 &&
			       event->add(event, NULL) == 1
		       ? 0
		       : -1;
}

/* Without waiting: the gate's word comes, or does not, by on_readable. */
static void find_again(struct plugin_watch *watch)
{
	struct error err = ERROR_INIT;
	int64_t now_ms = time_mono_ms();

	if (plugin_link_open(watch->options, now_ms, &watch->fd, &err) < 0) {
		watch->fd = -1;
		return;
	}
	if (send_watch(watch->fd, watch->plugin->session.run, now_ms, &err) < 0 ||
		expect(watch) < 0)
		lose(watch);
	else
		watch->beat_ms = now_ms;
}

static void beat(struct plugin_watch *watch)
{
	struct error err = ERROR_INIT;
	int64_t now_ms = time_mono_ms();

	if (now_ms - watch->beat_ms < HEARTBEAT_MS)
		return;
	watch->beat_ms = now_ms;
	if (send_heartbeat(watch->fd, watch->plugin->session.run, now_ms, &err) < 0)
		lose(watch);
}

static int look(void *argument)
{
	struct plugin_watch *watch = argument;
	const struct plugin_session *session = &watch->plugin->session;

	if (session->kill_at_us && time_now_us() >= session->kill_at_us) {
		plugin_watch_stop(watch, gate_reason_word(REASON_EXPIRED),
			"the time for this command is over");
	} else if (time_mono_ms() - watch->noted_ms > (int64_t)session->lease_s * 1000) {
		plugin_watch_stop(watch, gate_reason_word(REASON_GATE_UNAVAILABLE),
			"nothing was heard from the gate for as long as the lease");
	} else if (watch->fd < 0) {
		find_again(watch);
	} else {
		beat(watch);
	}
	return 0;
}

/* A second, or less when kill_at is nearer. */
static int arm(struct plugin_watch *watch)
{
	int64_t kill_at_us = watch->plugin->session.kill_at_us, wait_us = TICK_MS * 1000;
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

static int begin_events(struct plugin_watch *watch, struct sudo_plugin_event *(*event_alloc)(void),
	struct error *err)
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

int plugin_watch_open(struct plugin *plugin, const struct plugin_options *options,
	struct sudo_plugin_event *(*event_alloc)(void), struct plugin_watch **ret,
	struct error *err)
{
	int64_t now_ms = time_mono_ms(), deadline_ms = now_ms + PLUGIN_DEADLINE_MS;
	struct plugin_watch *watch = calloc(1, sizeof(*watch));
	int code;

	if (!watch)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	*watch = (struct plugin_watch){
		.plugin = plugin, .options = options, .fd = -1, .noted_ms = now_ms, .beat_ms = now_ms};
	code = plugin_link_open(options, deadline_ms, &watch->fd, err);
	if (code == 0)
		code = send_watch(watch->fd, plugin->session.run, deadline_ms, err);
	if (code == 0)
		code = await_noted(watch->fd, deadline_ms, err);
	if (code == 0)
		code = begin_events(watch, event_alloc, err);
	if (code < 0) {
		plugin_watch_free(watch);
		return code;
	}
	*ret = watch;
	return 0;
}

static void free_event(struct sudo_plugin_event *event)
{
	if (event)
		event->free(event);
}

void plugin_watch_free(struct plugin_watch *watch)
{
	if (!watch)
		return;
	free_event(watch->readable);
	free_event(watch->tick);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
}
