/*
 * Break-glass for changes: for a short time a person may run commands in a scope without approval
 * and outside windows; all of it is recorded, everybody who was skipped is told, and a follow-up is
 * owed. Who owes one cannot start another.
 */
#ifndef RB_CHANGE_EMERGENCY_EMERGENCY_H
#define RB_CHANGE_EMERGENCY_EMERGENCY_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define EMERGENCY_TTL_MAX_US (60 * INT64_C(60000000))
#define EMERGENCY_REASON_MIN 20 /* bytes */
#define FOLLOW_UP_DUE_US     (24 * INT64_C(3600000000))

struct emergency {
	int64_t seq;   /* EMG-<seq> */
	char name[32]; /* "EMG-3" */
	const char *incident, *reason;
	char person_id[ID_SIZE], second_id[ID_SIZE]; /* second "" when one was enough */
	const char *person, *team;
	const char *scope; /* "host:web-1" or "svc:shop" */
	const char *state; /* "pending" (waits for the second person), "active", "ended" */
	bool is_drill;
	int64_t started_at_us, ends_at_us; /* 0 while pending */
	int64_t renewals;
	int64_t version;
};

struct follow_up {
	const char *emergency; /* "EMG-3" */
	const char *person, *team;
	char person_id[ID_SIZE];
	int64_t due_at_us;
	const char *verdict; /* NULL while open; "justified" "unjustified" */
	bool is_overdue;
};

extern const struct store_schema emergency_schema;

/* The active emergency of that person that covers a target (its name) or one of its services;
 * ERROR_NOT_FOUND when there is none. Asked anew at each use. */
int emergency_find(struct store_tx *tx, struct arena *arena, const char *person_id,
	const char *target, const char *const *services, int64_t now_us, struct emergency **ret,
	struct error *err);
/* Notes what ran under it: a command of a run; the follow-up lists them. */
int emergency_note_run(struct store_tx *tx, int64_t seq, const char *run_id, const char *line,
	int64_t at_us, struct error *err);
/* All that are open, for rules and reports. */
int follow_up_list_open(struct store_tx *tx, struct arena *arena, int64_t now_us,
	struct follow_up ***ret, size_t *ret_count, struct error *err);

#endif
