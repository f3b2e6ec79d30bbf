/*
 * The one loop (libuv) and the end of its turn. Rooms that talk to the kernel take the
 * uv_loop_t; everybody else uses timers, work and the turn from here.
 *
 * At the end of every turn, just before the loop may sleep, the hooks run in rising `order`:
 * store (10), client (20), feed (30), server (40). A hook that answers true keeps the loop awake.
 */
#ifndef RB_BASE_LOOP_H
#define RB_BASE_LOOP_H

#include "lib/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct uv_loop_s;
struct loop;

enum loop_order {
	LOOP_ORDER_STORE = 10,
	LOOP_ORDER_CLIENT = 20,
	LOOP_ORDER_FEED = 30,
	LOOP_ORDER_SERVER = 40
};

int loop_open(struct loop **ret, struct error *err);
/* Closes all that is still open on it. */
void loop_close(struct loop *loop);
struct uv_loop_s *loop_uv(struct loop *loop);
/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* `turn` is called at each end of a turn; it returns true when it has more to do at once. At
 * most 8. */
void loop_on_turn_end(struct loop *loop, int order, bool (*turn)(void *arg), void *arg);
void loop_off_turn_end(struct loop *loop, bool (*turn)(void *arg), void *arg);

/* A timer in the caller's hands. */
struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *loop, void (*fire)(void *arg), void *arg);
/* Fires after delay_ms, then each repeat_ms when that is not 0. Starting again moves it. */
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms, int64_t repeat_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer); /* NULL is fine; safe inside its own callback */

/*
 * A descriptor of the caller's, not blocking. `ready` is told what can be done, as long as it is
 * wanted; the end of the other side counts as readable. Free the watch before closing the
 * descriptor, and before the loop is closed; inside its own callback is fine. NULL when the
 * descriptor cannot be watched.
 */
#define LOOP_READABLE 1u
#define LOOP_WRITABLE 2u
struct loop_watch;
struct loop_watch *loop_watch_new(
	struct loop *loop, int fd, void (*ready)(void *arg, unsigned events), void *arg);
void loop_watch_for(struct loop_watch *watch, unsigned events); /* 0 = nothing */
void loop_watch_free(struct loop_watch *watch);			/* NULL is fine */

/* `call(arg)` at the start of the next turn, never now. */
void loop_soon(struct loop *loop, void (*call)(void *arg), void *arg);
/* SIGINT and SIGTERM call `call` once each. */
void loop_on_signal(struct loop *loop, int signal_number, void (*call)(void *arg), void *arg);
/* `work` on the pool (at most 2 at a time), then `done` on the loop. */
void loop_work(struct loop *loop, void (*work)(void *arg), void (*done)(void *arg), void *arg);

#endif
