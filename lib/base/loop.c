#include "lib/base/loop.h"

#include "lib/base/loop_rooms.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define HOOK_MAX   8
#define SIGNAL_MAX 8
#define WORK_MAX   2

struct hook {
	int order;
	bool (*turn)(void *arg);
	void *arg;
};

struct soon {
	struct soon *next;
	void (*call)(void *arg);
	void *arg;
};

struct soon_list {
	struct soon *first, **end;
};

struct signal_watch {
	uv_signal_t handle;
	void (*call)(void *arg);
	void *arg;
};

struct work {
	uv_work_t request;
	struct work *next;
	struct loop *loop;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

struct loop_timer {
	uv_timer_t handle;
	struct loop *loop;
	struct loop_timer *before, *next;
	void (*fire)(void *arg);
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_idle_t idle;
	struct hook hooks[HOOK_MAX]; /* in rising order */
	size_t hook_count;
	struct soon_list soon;	/* asked for during this turn */
	struct soon_list ready; /* to be called at the start of the next */
	struct signal_watch signals[SIGNAL_MAX];
	size_t signal_count;
	struct work *waiting, **waiting_end;
	int working;
	struct loop_timer *timers;
	struct child *children;
	bool is_closing;
};

static void *must_alloc(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

static void clear_list(struct soon_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

/* The idle handle keeps the poll from sleeping; its callback is the start of a turn. */
static void start_turn(uv_idle_t *idle)
{
	struct loop *loop = idle->data;
	struct soon *item = loop->ready.first;

	clear_list(&loop->ready);
	while (item) {
		struct soon *next = item->next;

		item->call(item->arg);
		free(item);
		item = next;
	}
}

static void end_turn(uv_prepare_t *prepare)
{
	struct loop *loop = prepare->data;
	bool is_busy = false;

	for (size_t i = 0; i < loop->hook_count; i++)
		if (loop->hooks[i].turn(loop->hooks[i].arg))
			is_busy = true;
	if (loop->soon.first) {
		*loop->ready.end = loop->soon.first;
		loop->ready.end = loop->soon.end;
		clear_list(&loop->soon);
	}
	if (is_busy || loop->ready.first)
		uv_idle_start(&loop->idle, start_turn);
	else
		uv_idle_stop(&loop->idle);
}

int loop_open(struct loop **ret, struct error *err)
{
	struct loop *loop = must_alloc(sizeof(*loop));
	int rc = uv_loop_init(&loop->uv);

	if (rc < 0) {
		free(loop);
		return error_set(err, ERROR_INTERNAL, "the event loop cannot be opened: %s",
			uv_strerror(rc));
	}
	clear_list(&loop->soon);
	clear_list(&loop->ready);
	loop->waiting_end = &loop->waiting;
	uv_prepare_init(&loop->uv, &loop->prepare);
	uv_idle_init(&loop->uv, &loop->idle);
	loop->prepare.data = loop;
	loop->idle.data = loop;
	uv_prepare_start(&loop->prepare, end_turn);
	*ret = loop;
	return 0;
}

static void free_list(struct soon_list *list)
{
	struct soon *item = list->first;

	while (item) {
		struct soon *next = item->next;

		free(item);
		item = next;
	}
	clear_list(list);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	loop->is_closing = true;
	child_end_all(loop);
	while (loop->timers)
		loop_timer_free(loop->timers);
	uv_walk(&loop->uv, close_handle, NULL);
	while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
		continue;
	free_list(&loop->soon);
	free_list(&loop->ready);
	if (uv_loop_close(&loop->uv) < 0)
		abort();
	free(loop);
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
	return &loop->uv;
}

struct child **loop_children(struct loop *loop)
{
	return &loop->children;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

void loop_on_turn_end(struct loop *loop, int order, bool (*turn)(void *arg), void *arg)
{
	size_t at = loop->hook_count;

	if (loop->hook_count == HOOK_MAX)
		abort();
	for (; at > 0 && loop->hooks[at - 1].order > order; at--)
		loop->hooks[at] = loop->hooks[at - 1];
	loop->hooks[at] = (struct hook){order, turn, arg};
	loop->hook_count++;
}

void loop_off_turn_end(struct loop *loop, bool (*turn)(void *arg), void *arg)
{
	for (size_t i = 0; i < loop->hook_count; i++) {
		if (loop->hooks[i].turn != turn || loop->hooks[i].arg != arg)
			continue;
		loop->hook_count--;
		memmove(&loop->hooks[i], &loop->hooks[i + 1],
			(loop->hook_count - i) * sizeof(loop->hooks[0]));
		return;
	}
}

static void on_timer(uv_timer_t *handle)
{
	struct loop_timer *timer = handle->data;

	timer->fire(timer->arg);
}

static void free_timer(uv_handle_t *handle)
{
	free(handle->data);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*fire)(void *arg), void *arg)
{
	struct loop_timer *timer = must_alloc(sizeof(*timer));

	timer->loop = loop;
	timer->fire = fire;
	timer->arg = arg;
	uv_timer_init(&loop->uv, &timer->handle);
	timer->handle.data = timer;
	timer->next = loop->timers;
	if (timer->next)
		timer->next->before = timer;
	loop->timers = timer;
	return timer;
}

/* libuv counts from the start of the turn; a timer must not fire early after a long one. */
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms, int64_t repeat_ms)
{
	uv_update_time(&timer->loop->uv);
	uv_timer_start(&timer->handle, on_timer, (uint64_t)(delay_ms > 0 ? delay_ms : 0),
		(uint64_t)(repeat_ms > 0 ? repeat_ms : 0));
}

void loop_timer_stop(struct loop_timer *timer)
{
	uv_timer_stop(&timer->handle);
}

void loop_timer_free(struct loop_timer *timer)
{
	if (!timer)
		return;
	if (timer->before)
		timer->before->next = timer->next;
	else
		timer->loop->timers = timer->next;
	if (timer->next)
		timer->next->before = timer->before;
	uv_close((uv_handle_t *)&timer->handle, free_timer);
}

void loop_soon(struct loop *loop, void (*call)(void *arg), void *arg)
{
	struct soon *item = must_alloc(sizeof(*item));

	item->call = call;
	item->arg = arg;
	*loop->soon.end = item;
	loop->soon.end = &item->next;
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
	struct signal_watch *watch = handle->data;

	/* The second SIGINT or SIGTERM has its usual effect: the way out of a stop that hangs. */
	if (signal_number == SIGINT || signal_number == SIGTERM)
		uv_signal_stop(handle);
	watch->call(watch->arg);
}

void loop_on_signal(struct loop *loop, int signal_number, void (*call)(void *arg), void *arg)
{
	struct signal_watch *watch;

	if (loop->signal_count == SIGNAL_MAX)
		abort();
	watch = &loop->signals[loop->signal_count++];
	watch->call = call;
	watch->arg = arg;
	uv_signal_init(&loop->uv, &watch->handle);
	watch->handle.data = watch;
	uv_signal_start(&watch->handle, on_signal, signal_number);
}

static void run_work(uv_work_t *request)
{
	struct work *work = request->data;

	work->work(work->arg);
}

static void start_waiting(struct loop *loop);

static void end_work(uv_work_t *request, int status)
{
	struct work *work = request->data;
	struct loop *loop = work->loop;

	(void)status;
	loop->working--;
	work->done(work->arg);
	free(work);
	start_waiting(loop);
}

static void start_waiting(struct loop *loop)
{
	while (loop->waiting && loop->working < WORK_MAX) {
		struct work *work = loop->waiting;

		loop->waiting = work->next;
		if (!loop->waiting)
			loop->waiting_end = &loop->waiting;
		loop->working++;
		uv_queue_work(&loop->uv, &work->request, run_work, end_work);
	}
}

void loop_work(struct loop *loop, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct work *item = must_alloc(sizeof(*item));

	item->loop = loop;
	item->work = work;
	item->done = done;
	item->arg = arg;
	item->request.data = item;
	*loop->waiting_end = item;
	loop->waiting_end = &item->next;
	start_waiting(loop);
}
