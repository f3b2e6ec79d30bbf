#include "approval/approval_rooms.h"

#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_EACH_MS 10000

struct subscriber {
	void (*ended)(void *arg, const struct approval_ended *what);
	void *arg;
};

struct follower {
	int (*follow)(void *arg, struct store_tx *tx, const struct approval_ended *what,
		int64_t at_us, struct error *err);
	void *arg;
};

struct approvals {
	struct store *store;
	struct loop_timer *timer;
	struct follower followers[APPROVAL_SUBSCRIBERS_MAX];
	size_t follower_count;
	struct subscriber subscribers[APPROVAL_SUBSCRIBERS_MAX];
	size_t subscriber_count;
	int64_t looking_at_us; /* time of the closure that is under way; 0 = none */
};

struct tell {
	struct approvals *approvals;
	struct approval_ended what;
};

static void tell_all(void *arg)
{
	const struct tell *tell = arg;
	const struct approvals *approvals = tell->approvals;

	for (size_t i = 0; i < approvals->subscriber_count; i++)
		approvals->subscribers[i].ended(approvals->subscribers[i].arg, &tell->what);
}

int approvals_tell(struct approvals *approvals, struct store_tx *tx,
	const struct approval_request *request, enum approval_state state, int64_t at_us,
	struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct tell *tell;
	int rc = 0;

	if (!approvals)
		return 0;
	tell = arena_alloc(arena, sizeof(*tell));
	tell->approvals = approvals;
	tell->what.id = arena_text(arena, request->id);
	tell->what.subject_kind = arena_text(arena, request->subject_kind);
	tell->what.subject_id = arena_text(arena, request->subject_id);
	tell->what.subject_digest = arena_text(arena, request->subject_digest);
	tell->what.state = state;
	for (size_t i = 0; rc >= 0 && i < approvals->follower_count; i++)
		rc = approvals->followers[i].follow(
			approvals->followers[i].arg, tx, &tell->what, at_us, err);
	if (rc < 0)
		return rc;
	store_after_commit(tx, tell_all, tell);
	return 0;
}

static int ask_expire(struct store_tx *tx, void *arg, struct error *err)
{
	struct approvals *approvals = arg;

	return approval_expire(tx, approvals, approvals->looking_at_us, err);
}

static void tell_expired(void *arg, const struct error *err)
{
	struct approvals *approvals = arg;

	if (err)
		log_warn("approval", "cannot end what is overdue", "error", err->message);
	approvals->looking_at_us = 0;
}

/* Looks first: a write a turn for nothing would fill the audit's disk with commits. */
static void look(void *arg)
{
	struct approvals *approvals = arg;
	struct arena arena = ARENA_INIT;
	struct approval_request **due;
	struct error err = ERROR_INIT;
	int64_t now_us = time_now_us();
	size_t count = 0;

	if (approvals->looking_at_us)
		return;
	if (approval_store_due(
		    store_reader(approvals->store), &arena, now_us, &due, &count, &err) >= 0 &&
		count) {
		approvals->looking_at_us = now_us;
		store_write(approvals->store, ask_expire, tell_expired, approvals);
	}
	arena_done(&arena);
}

int approvals_open(
	struct store *store, struct loop *loop, struct approvals **ret, struct error *err)
{
	struct approvals *approvals = calloc(1, sizeof(*approvals));

	if (!approvals)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	approvals->store = store;
	approvals->timer = loop_timer_new(loop, look, approvals);
	loop_timer_start(approvals->timer, 0, LOOK_EACH_MS);
	*ret = approvals;
	return 0;
}

void approvals_close(struct approvals *approvals)
{
	if (!approvals)
		return;
	loop_timer_free(approvals->timer);
	free(approvals);
}

void approvals_subscribe(struct approvals *approvals,
	void (*ended)(void *arg, const struct approval_ended *what), void *arg)
{
	if (approvals->subscriber_count == APPROVAL_SUBSCRIBERS_MAX)
		abort();
	approvals->subscribers[approvals->subscriber_count++] = (struct subscriber){ended, arg};
}

void approvals_follow(struct approvals *approvals,
	int (*follow)(void *arg, struct store_tx *tx, const struct approval_ended *what,
		int64_t at_us, struct error *err),
	void *arg)
{
	if (approvals->follower_count == APPROVAL_SUBSCRIBERS_MAX)
		abort();
	approvals->followers[approvals->follower_count++] = (struct follower){follow, arg};
}
