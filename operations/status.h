/*
 * One screen for 3 a.m.: what is held and why, what is in effect, what runs and whom it asks, what
 * waits for the person who looks, which planes were last seen, and whether the store, the jail and
 * the audit are well. Made from memory and committed rows: nobody is asked while it answers.
 */
#ifndef RB_OPERATIONS_STATUS_H
#define RB_OPERATIONS_STATUS_H

#include "approval/approval.h"
#include "audit/audit.h"
#include "change/emergency/emergency.h"
#include "executor/execution_look.h"
#include "inventory/target_watch.h"
#include "lib/jail/jail.h"
#include "lib/store/store.h"
#include "safety/item.h"

/* The living parts that are looked at; main's, as long as the server is open. */
struct status_rooms {
	struct store *store;
	struct executor *executor;
	const struct jail *jail;
	struct audit *audit;
	struct target_watch *watch;
	int64_t started_at_us;
};

/* At most so many of a kind are shown one by one; sums are over all. */
#define STATUS_LIST_MAX	 50
#define STATUS_HOLDS_MAX 4

/* Nothing moves because of this. */
struct status_hold {
	const char *what; /* "store", "runs", "space", "plans" */
	const char *why, *next;
};

struct status_effect {
	const struct item_group *group;
	bool is_expired, needs_person;
	const char *next;
};

struct status_run {
	const struct execution_look *look;
	const char *asks; /* whom, as a sentence; NULL = nobody */
	bool needs_person;
	const char *next;
};

/* What the person who looks may do something about. */
struct status_wait {
	const char *kind; /* "approval", "gate", "run", "effect" */
	const char *id, *text, *next;
	int64_t since_us;
};

struct status_targets {
	struct target_seen *list; /* first those that are not reachable, then by name */
	size_t count, reachable, unreachable, not_checked;
};

struct status {
	int64_t now_us, started_at_us;
	const struct principal *who;
	struct status_hold holds[STATUS_HOLDS_MAX];
	size_t hold_count;
	struct status_effect *effects; /* one a run */
	size_t effect_count;
	int64_t items, items_expired, items_troubled;
	struct status_run *runs;
	size_t run_count;
	struct status_wait *waits;
	size_t wait_count;
	size_t open_approvals;
	struct emergency **emergencies; /* active, or waiting for a second person */
	size_t emergency_count;
	struct follow_up *
		*overdue; /* reviews of emergencies: until they are closed nobody starts one */
	size_t overdue_count;
	struct status_targets targets;
	bool is_store_writable;
	double commit_ms;
	const char *jail_walls; /* one line of JSON */
	bool is_jail_good;
	struct audit_status audit;
	bool needs_person; /* anybody's hand, not only that of who looks */
};

/* Everything lives in the arena or in the rooms. */
int status_look(const struct status_rooms *rooms, const struct principal *who, int64_t now_us,
	struct arena *arena, struct status *ret, struct error *err);

#endif
