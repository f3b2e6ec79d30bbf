/*
 * Break-glass for changes: for a short time a person may run commands in a scope without approval
 * and outside windows; all of it is recorded, everybody who was skipped is told, and a follow-up is
 * owed. Who owes one cannot start another.
 *
 *   pending -> active -> ended      (pending: a second person has to confirm)
 */
#ifndef RB_CHANGE_EMERGENCY_EMERGENCY_H
#define RB_CHANGE_EMERGENCY_EMERGENCY_H

#include "audit/audit_ledger.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/base/loop.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define EMERGENCY_TTL_MAX_US  (60 * INT64_C(60000000))
#define EMERGENCY_CONFIRM_US  (15 * INT64_C(60000000)) /* a pending one lives so long */
#define EMERGENCY_RENEWAL_MAX 1
#define EMERGENCY_REASON_MIN  20 /* bytes */
#define EMERGENCY_TEAM_LIMIT  2	 /* open follow-ups of a team; with more, nobody of it starts */
#define FOLLOW_UP_DUE_US      (24 * INT64_C(3600000000))

struct emergency {
	int64_t seq;	      /* EMG-<seq> */
	char name[32];	      /* "EMG-3" */
	const char *incident; /* "INC-12"; "" only in a drill */
	const char *reason;
	char person_id[ID_SIZE], second_id[ID_SIZE]; /* second "" when one was enough */
	const char *person, *second, *team;
	const char *scope;	  /* "host:web-1" or "svc:shop" */
	const char *state;	  /* "pending" (waits for the second person), "active", "ended" */
	const char *state_reason; /* why it ended; "" before */
	bool is_drill;
	bool is_override; /* follow-ups are owed; the second person is the admin who lets it pass */
	int64_t ttl_us;
	int64_t asked_at_us;
	int64_t started_at_us, ends_at_us; /* 0 while pending */
	int64_t ended_at_us;		   /* 0 before */
	int64_t renewals;
	int64_t version; /* for If-Match */
};

struct follow_up {
	const char *emergency; /* "EMG-3" */
	int64_t seq;	       /* of the emergency */
	const char *person, *team;
	char person_id[ID_SIZE];
	int64_t due_at_us;
	const char *verdict;	      /* NULL while open; "justified" "unjustified" */
	const char *note, *closed_by; /* NULL while open */
	char closed_by_id[ID_SIZE];
	int64_t closed_at_us;
	bool is_overdue; /* open, and its time has passed */
};

extern const struct store_schema emergency_schema;
/* For a verification: emergencies and follow-ups against the log. */
extern const struct audit_crosscheck emergency_crosscheck, follow_up_crosscheck;

/* By its name, "EMG-3". ERROR_NOT_FOUND. */
int emergency_get(struct store_tx *tx, struct arena *arena, const char *name,
	struct emergency **ret, struct error *err);

/* Those that are active or wait for their second person, the oldest first: for reports. */
int emergency_list_open(struct store_tx *tx, struct arena *arena, struct emergency ***ret,
	size_t *ret_count, struct error *err);

/*
 * The active emergency of that person that covers a target (its name) or one of its services
 * (NULL-ended); ERROR_NOT_FOUND when there is none. Asked anew at each use: its time, its incident,
 * the person, and the right of one who started alone, are looked at again.
 */
int emergency_find(struct store_tx *tx, struct arena *arena, const char *person_id,
	const char *target, const char *const *services, int64_t now_us, struct emergency **ret,
	struct error *err);
/* Notes what ran under it: a command of a run; the follow-up lists them. Audited. */
int emergency_note_run(struct store_tx *tx, int64_t seq, const char *run_id, const char *line,
	int64_t at_us, struct error *err);

/* --- acts; each is audited and told in its transaction --- */

struct emergency_act {
	const struct principal *by;
	int64_t at_us;
	char notify_id[ID_SIZE];
	struct arena *arena;
	struct emergency *ret_emergency;
};
/*
 * A commander of the scope is enough alone; for others, for drills and for an override it waits for
 * a second person. ERROR_CONFLICT: the incident is closed; EMG-001, naming what is owed.
 */
struct emergency_start {
	struct emergency_act act;
	const char *scope, *reason;
	const char *incident; /* NULL only in a drill */
	int64_t ttl_us;
	bool is_drill, is_override;
};
int emergency_start(struct store_tx *tx, struct emergency_start *start, struct error *err);
/* By another person who may approve in the scope; of an override: an admin. */
struct emergency_change {
	struct emergency_act act;
	const char *name;
	int64_t ttl_us;	    /* of a renewal: from now */
	int64_t if_version; /* -1 = any */
};
int emergency_confirm(struct store_tx *tx, struct emergency_change *change, struct error *err);
/* Once; by the person who started it alone, else by another as for a confirmation. */
int emergency_renew(struct store_tx *tx, struct emergency_change *change, struct error *err);
/* By who is in it, a commander or an admin. */
int emergency_end(struct store_tx *tx, struct emergency_change *change, struct error *err);

/*
 * The host's sealed code was used while the gate was unavailable: an emergency that has ended when
 * it becomes known, with what ran and a follow-up that is due a day from now. The person is whose
 * account it was, else who answers for that host's gate.
 */
struct emergency_glass {
	const struct audit_actor *actor;
	const char *person_id, *target, *account, *run_id, *line;
	int64_t used_at_us, at_us;
	char notify_id[ID_SIZE];
	struct arena *arena;
	struct emergency *ret_emergency;
};
int emergency_note_glass(struct store_tx *tx, struct emergency_glass *glass, struct error *err);

/* --- what is owed --- */

/* All that are open, the oldest first: for rules and reports. */
int follow_up_list_open(struct store_tx *tx, struct arena *arena, int64_t now_us,
	struct follow_up ***ret, size_t *ret_count, struct error *err);
/* {change, person, team, overdue}: what rules are told of one. The caller's. */
json_t *follow_up_rule_json(const struct follow_up *follow_up);
/* Of the emergency with that name. */
int follow_up_get(struct store_tx *tx, struct arena *arena, const char *emergency, int64_t now_us,
	struct follow_up **ret, struct error *err);
/* By a person who was not in it. The same again is ERROR_NO_EFFECT. */
struct follow_up_close {
	struct emergency_act act; /* ret_emergency is not set */
	const char *emergency;
	const char *verdict, *note;
	struct follow_up *ret_follow_up;
};
int follow_up_close(struct store_tx *tx, struct follow_up_close *close, struct error *err);

/* --- the living part: what ends by itself, and what is overdue --- */

struct emergencies;
int emergencies_open(
	struct store *store, struct loop *loop, struct emergencies **ret, struct error *err);
/* NULL is fine. */
void emergencies_close(struct emergencies *emergencies);

#endif
