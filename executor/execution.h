/*
 * Executions: one run of an approved graph. This is the room of rules: how a run is started,
 * which command is allowed in which state, how it ends. The engine (run.h) walks the graph.
 */
#ifndef RB_EXECUTOR_EXECUTION_H
#define RB_EXECUTOR_EXECUTION_H

#include "audit/audit.h"
#include "audit/audit_ledger.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* state, word, is it terminal */
#define EXECUTION_STATES(X)                                                                        \
	X(PENDING_APPROVAL, "PENDING_APPROVAL", false)                                             \
	X(QUEUED, "QUEUED", false)                                                                 \
	X(RUNNING, "RUNNING", false)                                                               \
	X(PAUSING, "PAUSING", false)                                                               \
	X(PAUSED, "PAUSED", false)                                                                 \
	X(ABORTING, "ABORTING", false)                                                             \
	X(ROLLING_BACK, "ROLLING_BACK", false)                                                     \
	X(MONITORING, "MONITORING", false)                                                         \
	X(SUCCEEDED, "SUCCEEDED", true)                                                            \
	X(SUCCEEDED_WITH_EXCEPTIONS, "SUCCEEDED_WITH_EXCEPTIONS", true)                            \
	X(FAILED, "FAILED", true)                                                                  \
	X(ABORTED, "ABORTED", true)                                                                \
	X(ROLLED_BACK, "ROLLED_BACK", true)                                                        \
	X(ROLLED_BACK_WITH_EXCEPTIONS, "ROLLED_BACK_WITH_EXCEPTIONS", true)                        \
	X(TIMED_OUT, "TIMED_OUT", true)                                                            \
	X(REJECTED, "REJECTED", true)                                                              \
	X(EXPIRED, "EXPIRED", true)                                                                \
	X(CANCELED, "CANCELED", true)
enum execution_state {
#define X(name, word, terminal) EXECUTION_##name,
	EXECUTION_STATES(X)
#undef X
};
const char *execution_state_word(enum execution_state state);
enum execution_state execution_state_of(const char *word);
bool execution_is_terminal(enum execution_state state);

/* Why a run is PAUSED. Only time in those marked `person` does not count against its deadline. */
#define PAUSE_REASONS(X)                                                                           \
	X(NONE, "", false)                                                                         \
	X(OPERATOR, "operator", true)                                                              \
	X(FAILED_STEP, "failed_step", false)                                                       \
	X(GUARD, "guard", false)                                                                   \
	X(UNKNOWN_HEALTH, "unknown_health", false)                                                 \
	X(CONFLICT, "conflict", false)                                                             \
	X(IN_DOUBT, "in_doubt", false)                                                             \
	X(GATE, "gate", true)                                                                      \
	X(DEADLINE, "deadline", false)
enum pause_reason {
#define X(name, word, person) PAUSE_##name,
	PAUSE_REASONS(X)
#undef X
};
const char *pause_reason_word(enum pause_reason reason);
enum pause_reason pause_reason_of(const char *word);
bool pause_reason_is_person(enum pause_reason reason);

struct execution {
	char id[ID_SIZE];
	const char *plan;
	const char *version_id;
	int64_t version_number;
	const char *graph_digest;
	const char *kind, *action, *mode;
	const char *params; /* canonical JSON */
	enum execution_state state;
	enum pause_reason reason;
	const char *message;	  /* one sentence for a person about the state, or "" */
	const char *why;	  /* reason given at the start, or "" */
	const char *requested_by; /* person id */
	const char *requested_name;
	const char *preview_id;	 /* or NULL */
	const char *restores_id; /* the run whose baselines this one goes back to, or NULL */
	const char *approval_id; /* that was used, or is waited for; or NULL */
	const char *reading;	 /* canonical JSON of the previewed values, or NULL */
	bool is_undo;		 /* no graph of its own: undoes the journal of restores_id */
	bool rollback_at_deadline;
	bool has_exceptions;
	bool is_phase_rollback; /* paused while it was rolling back */
	int64_t within_ms;	/* deadline given at the start */
	int64_t deadline_at_us; /* 0 before the start */
	int64_t expires_ms;	/* of its items in effect */
	const char *on_expiry;
	int64_t created_at_us, started_at_us, ended_at_us, changed_at_us;
	int64_t version; /* of the state: ETag */
	char owner[40];
	int64_t epoch;
	int64_t attempts;    /* recoveries so far */
	int64_t command_seq; /* last command that the engine took in */
};

extern const struct store_schema executor_schema;
/* For a verification: previews, runs and effects, against the log. */
extern const struct audit_crosscheck preview_crosscheck, execution_crosscheck, effect_crosscheck;

#define EXECUTION_RESUME_WITHIN_US (5 * 60 * 1000000LL)
#define EXECUTION_RECOVERIES_MAX   3

int execution_get(struct store_tx *tx, struct arena *arena, const char *id, struct execution **ret,
	struct error *err);

/* How many runs are, or ended, in each state: by enum execution_state. */
int execution_count(
	struct store_tx *tx, int64_t ret_counts[static EXECUTION_CANCELED + 1], struct error *err);

/* --- start --- */

/* The daemon itself: starts the way back of what has expired, and nothing else. */
extern const struct principal execution_system;

struct execution_start {
	/* take */
	const struct principal *principal; /* execution_system for the daemon itself */
	char id[ID_SIZE];
	const char *graph_digest;
	const char *preview_id;	 /* whose reading was shown, or NULL */
	const char *restores_id; /* or NULL */
	bool is_undo;
	const char *why;
	int64_t within_ms; /* 0 = the plan's `expires` */
	bool rollback_at_deadline;
	int64_t at_us;
	char approval_id[ID_SIZE], notify_id[ID_SIZE]; /* drawn for what may be opened */
	char owner[40];
	int64_t epoch;
	/* told */
	enum execution_state ret_state;
	char ret_approval_id[ID_SIZE];
};
/*
 * In one transaction: version still active, targets unchanged, approval used or asked for, locks
 * taken or queued, row and audit record written.
 */
int execution_start(struct store_tx *tx, struct execution_start *start, struct error *err);
/* Every reason why a start of this graph would be refused or wait, as problems with the next
 * command; a JSON list is returned (the caller's). */
int execution_can(struct store_tx *tx, const struct execution_start *start, json_t **ret_reasons,
	struct error *err);

/* A pending or queued run goes on when it can: approval granted, locks free. *ret_state tells. */
struct execution_advance {
	const char *id;
	int64_t at_us;
	const char *owner;
	int64_t epoch;
	enum execution_state ret_state;
};
int execution_advance(struct store_tx *tx, struct execution_advance *advance, struct error *err);
/* A run that waits and will never start: REJECTED, EXPIRED, or CANCELED with the reason. */
struct execution_refusal {
	const char *id;
	enum execution_state state;
	const char *message;
	int64_t at_us;
	char notify_id[ID_SIZE];
};
int execution_refuse(struct store_tx *tx, struct execution_refusal *refusal, struct error *err);

/* --- commands --- */

#define EXECUTION_VERBS(X)                                                                         \
	X(PAUSE, "pause")                                                                          \
	X(RESUME, "resume")                                                                        \
	X(ABORT, "abort")                                                                          \
	X(RETRY, "retry")                                                                          \
	X(SKIP, "skip")                                                                            \
	X(MARK, "mark")                                                                            \
	X(ANSWER, "answer")                                                                        \
	X(ACCEPT, "accept")                                                                        \
	X(ROLLBACK, "rollback")                                                                    \
	X(FORCE_CLOSE, "force-close")
enum execution_verb {
#define X(name, word) EXECUTION_VERB_##name,
	EXECUTION_VERBS(X)
#undef X
		EXECUTION_VERB_COUNT
};
const char *execution_verb_word(enum execution_verb verb);

struct execution_command {
	/* take */
	const char *execution_id;
	enum execution_verb verb;
	const struct principal *principal;
	const char *path; /* node, or NULL: the only one that waits or failed */
	const char
		*value; /* answer: "yes" | "no" | "baseline" | "keep"; mark: "done" | "not_done" */
	const char *reason; /* required for skip, mark, force-close */
	int64_t if_version; /* -1 = any */
	int64_t at_us;
	char id[ID_SIZE], notify_id[ID_SIZE];
	/* told */
	enum execution_state ret_state;
	int64_t ret_version;
	bool ret_is_done; /* done now, or accepted and on its way */
	const char *ret_message;
};
/* ERROR_STALE for another version, ERROR_NO_EFFECT when the state has no use for it (naming the
 * commands that have). */
int execution_command(struct store_tx *tx, struct execution_command *command, struct error *err);
/* Commands that the state takes, NULL-ended words. */
const char *const *execution_commands(const struct execution *execution);

#endif
