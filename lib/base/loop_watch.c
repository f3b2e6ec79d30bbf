/* Descriptors of others on the loop: their owner reads and writes, the loop says when. */
#include "lib/base/loop.h"

#include <stdlib.h>
#include <uv.h>

struct loop_watch {
	uv_poll_t handle;
	void (*ready)(void *arg, unsigned events);
	void *arg;
	int wanted; /* as libuv knows it */
	bool is_freed;
};

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct loop_watch *watch = handle->data;
	unsigned ready = 0;

	if (watch->is_freed)
		return;
	/* What went wrong is found by who reads; libuv watches no more. */
	if (status < 0) {
		ready = LOOP_READABLE | LOOP_WRITABLE;
		watch->wanted = 0;
	}
	if (events & (UV_READABLE | UV_DISCONNECT))
		ready |= LOOP_READABLE;
	if (events & UV_WRITABLE)
		ready |= LOOP_WRITABLE;
	watch->ready(watch->arg, ready);
}

struct loop_watch *loop_watch_new(
	struct loop *loop, int fd, void (*ready)(void *arg, unsigned events), void *arg)
{
	struct loop_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		abort();
	watch->ready = ready;
	watch->arg = arg;
	watch->handle.data = watch;
	if (uv_poll_init(loop_uv(loop), &watch->handle, fd) < 0) {
		free(watch);
		return NULL;
	}
	return watch;
}

void loop_watch_for(struct loop_watch *watch, unsigned events)
{
	int wanted = (events & LOOP_READABLE ? UV_READABLE | UV_DISCONNECT : 0) |
		     (events & LOOP_WRITABLE ? UV_WRITABLE : 0);

	if (wanted == watch->wanted)
		return; /* libuv would tell the kernel anew */
	watch->wanted = wanted;
	if (wanted)
		uv_poll_start(&watch->handle, wanted, on_poll);
	else
		uv_poll_stop(&watch->handle);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void loop_watch_free(struct loop_watch *watch)
{
	if (!watch || watch->is_freed)
		return;
	watch->is_freed = true;
	uv_poll_stop(&watch->handle);
	uv_close((uv_handle_t *)&watch->handle, on_closed);
}
