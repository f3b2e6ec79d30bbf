/* SQL of execution, execution_sample, execution_node, execution_command, executor_life. */
#ifndef RB_EXECUTOR_EXECUTION_STORE_H
#define RB_EXECUTOR_EXECUTION_STORE_H

#include "executor/execution.h"

#define STEP_STATES(X)                                                                             \
	X(NOT_STARTED, "NOT_STARTED")                                                              \
	X(WAITING, "WAITING")                                                                      \
	X(RUNNING, "RUNNING")                                                                      \
	X(SUCCEEDED, "SUCCEEDED")                                                                  \
	X(FAILED, "FAILED")                                                                        \
	X(TIMED_OUT, "TIMED_OUT")                                                                  \
	X(IN_DOUBT, "IN_DOUBT")                                                                    \
	X(SKIPPED, "SKIPPED")                                                                      \
	X(CANCELED, "CANCELED")                                                                    \
	X(MARKED_DONE, "MARKED_DONE")
enum step_state {
#define X(name, word) STEP_##name,
	STEP_STATES(X)
#undef X
};
const char *step_state_word(enum step_state state);
enum step_state step_state_of(const char *word);

/* In executor_verify.c: of what never changes of a run; its first record carries it. */
const char *execution_terms(struct arena *arena, const struct execution *execution);
int execution_store_insert(
	struct store_tx *tx, const struct execution *execution, struct error *err);

/* A change of state; the row's version goes up by one. Fields left at their "no change" value stay.
 */
struct execution_change {
	const char *id;
	enum execution_state state;
	enum pause_reason reason;
	const char *message;
	int64_t at_us;
	int64_t started_at_us;	 /* 0 = no change */
	int64_t ended_at_us;	 /* 0 = no change */
	int64_t deadline_at_us;	 /* 0 = no change */
	const char *approval_id; /* NULL = no change */
	int has_exceptions;	 /* -1 = no change */
	int is_phase_rollback;	 /* -1 = no change */
	bool was_looked_at;	 /* by a person: recoveries count anew */
};
#define EXECUTION_CHANGE_INIT                                                                      \
	{                                                                                          \
		.has_exceptions = -1, .is_phase_rollback = -1                                      \
	}
/*
 * In execution.c: the change with all that belongs to it (audit, people told, locks released at
 * the end). `row` is as it was.
 */
int execution_change_state(struct store_tx *tx, const struct execution *row,
	const struct execution_change *change, const struct audit_actor *actor,
	const char notify_id[static ID_SIZE], struct error *err);
int execution_store_change(
	struct store_tx *tx, const struct execution_change *change, struct error *err);

struct execution_filter {
	const char *state;  /* word, "open" for all that are not terminal, NULL = any */
	const char *plan;   /* or NULL */
	const char *before; /* id, for the next page; or NULL */
	int64_t limit;
};
int execution_store_list(struct store_tx *tx, struct arena *arena,
	const struct execution_filter *filter, struct execution ***ret, size_t *ret_count,
	struct error *err);
/* Every run with all columns, for a verification. */
struct store_query *execution_store_rows(struct store_tx *tx);
/* Ids in the given state, oldest first. */
int execution_store_ids(struct store_tx *tx, struct arena *arena, enum execution_state state,
	const char ***ret_ids, size_t *ret_count, struct error *err);
/* Open run that waits for this approval: 1 = found. */
int execution_store_find_waiting(struct store_tx *tx, const char *approval_id,
	char ret_id[static ID_SIZE], struct error *err);

/* Ownership: every open run belongs to (owner, epoch). */
int execution_store_own(struct store_tx *tx, const char *id, const char *owner, int64_t epoch,
	bool count_attempt, struct error *err);
/* The end will say that something was skipped, marked, kept or tolerated. */
int execution_store_set_exception(struct store_tx *tx, const char *id, struct error *err);
int execution_store_set_command_seq(
	struct store_tx *tx, const char *id, int64_t command_seq, struct error *err);

/* The daemon's life: when it was last seen, and a new (owner, epoch). */
int executor_store_life(
	struct store_tx *tx, int64_t *ret_epoch, int64_t *ret_alive_at_us, struct error *err);
int executor_store_live(
	struct store_tx *tx, const char *owner, int64_t epoch, int64_t at_us, struct error *err);

struct node_row {
	const char *path;
	enum step_state state;
	const char *message;
	int64_t position;
	int64_t started_at_us, ended_at_us;
};
int node_store_put(struct store_tx *tx, const char *execution_id, const struct node_row *row,
	struct error *err);
int node_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	struct node_row **ret, size_t *ret_count, struct error *err);

struct sample_row {
	int64_t reg;
	const char *outcome; /* ok absent unknown */
	const char *value;
	const char *message;
};
int sample_store_put(struct store_tx *tx, const char *execution_id, const struct sample_row *row,
	struct error *err);
int sample_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	struct sample_row **ret, size_t *ret_count, struct error *err);

struct command_row {
	int64_t seq;
	const char *id, *verb, *path, *value, *reason, *person;
	int64_t at_us;
};
/* Gives it the next seq. */
int command_store_insert(struct store_tx *tx, const char *execution_id,
	const struct command_row *row, struct error *err);
int command_store_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	int64_t after_seq, struct command_row **ret, size_t *ret_count, struct error *err);

#endif
