/*
 * When each target was last seen: every target is checked (read only) every few minutes, and what
 * came back is kept in memory. Whoever wants to know whether a plane is there reads this, and asks
 * nobody. After a restart nothing is known until the first round is over.
 */
#ifndef RB_INVENTORY_TARGET_WATCH_H
#define RB_INVENTORY_TARGET_WATCH_H

#include "adapters/adapter.h"
#include "inventory/target.h"
#include "lib/base/loop.h"
#include "lib/client/client.h"

struct target_watch;

struct target_watch_options {
	struct loop *loop;
	struct store *store;
	struct client *client;
	const struct adapter_list *adapters;
	int64_t interval_ms; /* between two checks of one target; 0 = none is made */
};

/* What the last check found; texts live until the next one. */
struct target_seen {
	const char *name, *kind;
	bool has_check;	       /* its kind can be checked */
	bool is_checked;       /* at least once since the start */
	bool is_reachable;     /* it answered, and let us in */
	const char *outcome;   /* "ok", "refused", "unreachable" ... */
	const char *message;   /* one sentence, or NULL */
	int64_t checked_at_us; /* 0 = never */
	int64_t seen_at_us;    /* when it last answered as it should; 0 = not since the start */
};

int target_watch_open(
	const struct target_watch_options *options, struct target_watch **ret, struct error *err);
/* Begins a round at once, whatever the interval. */
void target_watch_now(struct target_watch *watch);
/* Before the client is closed nothing more is asked. NULL is fine. */
void target_watch_stop(struct target_watch *watch);
/* After client_close. NULL is fine. */
void target_watch_close(struct target_watch *watch);

/* A check that somebody else made counts too. */
void target_watch_note(struct target_watch *watch, const struct target *target,
	enum adapter_outcome outcome, const char *message, int64_t at_us);
/* Every target of the inventory, by name. */
int target_watch_list(struct target_watch *watch, struct store_tx *tx, struct arena *arena,
	struct target_seen **ret, size_t *ret_count, struct error *err);
/* "ok", "refused" ... */
const char *target_outcome_word(enum adapter_outcome outcome);

#endif
