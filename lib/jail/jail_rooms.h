/* Between the rooms of lib/jail. */
#ifndef RB_JAIL_ROOMS_H
#define RB_JAIL_ROOMS_H

#include "lib/base/error.h"
#include "lib/base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One look at the walls, by the program itself. */
struct jail_walls;

/* Called once. `text` is the callee's (free()), NULL with a `problem`. */
typedef void jail_walls_seen(void *arg, char *text, bool is_jailed, const struct error *problem);

int jail_walls_look(struct loop *loop, const char *runner_path, jail_walls_seen *seen, void *arg,
	struct jail_walls **ret, struct error *err);
/* NULL is fine. `seen` is not called any more. */
void jail_walls_stop(struct jail_walls *walls);

/* The process that forks children. `gone` is called once when it has ended by itself. */
struct jail_nursery;

struct jail_nursery_events {
	/* A child: both descriptors are the callee's. Or socket -1 and the reason in `problem`. */
	void (*born)(void *arg, int socket, int pidfd, const struct error *problem);
	void (*gone)(void *arg);
	void *arg;
};

int jail_nursery_start(struct loop *loop, const char *runner_path,
	const struct jail_nursery_events *events, struct jail_nursery **ret, struct error *err);
/* Asks for one child; `born` follows. False when the nursery does not take it. */
bool jail_nursery_ask(struct jail_nursery *nursery);
/* True when the other end is closed, which may be known before `gone` is called. */
bool jail_nursery_is_ending(const struct jail_nursery *nursery);
/* Kills it and, by its death, its children. NULL is fine. No event follows. */
void jail_nursery_stop(struct jail_nursery *nursery);

/* One child: warm until it is given its frame. */
struct jail_worker;

/* Called once; the worker is to be freed then. Bytes are the frame's content; or `problem`. */
typedef void jail_worker_done(
	void *arg, const char *bytes, size_t length, const struct error *problem);

struct jail_worker *jail_worker_new(struct loop *loop, int socket, int pidfd);
/* Has it neither ended nor spoken while it was warm? */
bool jail_worker_is_waiting(const struct jail_worker *worker);
/* `frame` (with its head) is borrowed until `done`. */
void jail_worker_start(struct jail_worker *worker, const char *frame, size_t length,
	int64_t deadline_ms, jail_worker_done *done, void *arg);
/* Kills the child. NULL is fine. */
void jail_worker_free(struct jail_worker *worker);

#endif
