/*
 * Changes: a request for work on production by hand. Filed, assessed by risk rules, approved by
 * people over the digest of exactly what will run, run through the gate, verified, closed.
 *
 *   draft -> assessing -> pending -> approved -> executing -> verifying -> closed
 *   exits: rejected, cancelled, expired
 *
 * Terminal states are final. Every transition is one transaction with its audit record, and
 * compares state and revision first. An edit is a new revision: approvals of the old one are void,
 * its grants revoked.
 */
#ifndef RB_CHANGE_CHANGE_H
#define RB_CHANGE_CHANGE_H

#include "adapters/adapter.h"
#include "approval/approval.h"
#include "audit/audit_ledger.h"
#include "change/alert/alert.h"
#include "change/gate/gate_message.h"
#include "change/gate/reason.h"
#include "change/revision.h"
#include "change/risk/risk.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define CHANGE_STATES(X)                                                                           \
	X(DRAFT, "draft")                                                                          \
	X(ASSESSING, "assessing")                                                                  \
	X(PENDING, "pending")                                                                      \
	X(APPROVED, "approved")                                                                    \
	X(EXECUTING, "executing")                                                                  \
	X(VERIFYING, "verifying")                                                                  \
	X(CLOSED, "closed")                                                                        \
	X(REJECTED, "rejected")                                                                    \
	X(CANCELLED, "cancelled")                                                                  \
	X(EXPIRED, "expired")
enum change_state {
#define X(name, word) CHANGE_##name,
	CHANGE_STATES(X)
#undef X
};
const char *change_state_word(enum change_state state);

struct change {
	int64_t seq;   /* CHG-<seq> */
	char name[32]; /* "CHG-7": never used again */
	enum change_state state;
	const char *result; /* of a closed one: "success" "failed" "rolled_back"; else NULL */
	const char *state_reason;
	const char *title;
	const char *requester; /* name */
	char requester_id[ID_SIZE];
	int64_t revision; /* current one, 1 .. */
	char revision_digest[DIGEST_TEXT_SIZE];
	char render_digest[DIGEST_TEXT_SIZE];	/* of the canonical rendering, "" for a draft */
	char approval_digest[DIGEST_TEXT_SIZE]; /* what an approval signs, "" before it is assessed
						 */
	const char *exceptions;	  /* what closes in its window and its approvers are asked to let
				     through: canonical JSON, "" = nothing */
	int64_t level;		  /* 0 .. 3, -1 before it is assessed */
	int64_t start_us, end_us; /* of the current revision */
	int64_t created_at_us, changed_at_us;
	int64_t submitted_at_us;  /* of the current revision; 0 = not yet */
	int64_t runs_ended_at_us; /* since when it is verified; 0 = not yet */
	int64_t verify_at_us;	  /* when its metrics are looked at next; 0 = never */
	const char *verdict;	  /* what its runs or metrics say: NULL = not known yet, "failed",
				     "inconclusive" */
	int64_t closed_at_us;	  /* 0 until it is terminal */
	int64_t version;	  /* for If-Match of commands; approvals match the digest */
};

extern const struct store_schema change_schema;
/* For a verification: changes, their revisions, waivers, against the log. */
extern const struct audit_crosscheck change_crosscheck, change_revision_crosscheck,
	change_waiver_crosscheck;

/* By its name "CHG-7" (or by number). ERROR_NOT_FOUND. */
int change_get(struct store_tx *tx, struct arena *arena, const char *name, struct change **ret,
	struct error *err);
int change_get_seq(struct store_tx *tx, struct arena *arena, int64_t seq, struct change **ret,
	struct error *err);
/* Must others wait for it? What nobody approved holds up nothing: else filing would be enough to
 * stop the work of others. */
bool change_holds_up(const struct change *change);
/* The body of its current revision. */
int change_get_revision(struct store_tx *tx, struct arena *arena, const struct change *change,
	struct revision **ret, struct error *err);
/*
 * The command of a step as the gate knows it: what its grants are minted over and what FETCH gives
 * out, in the arena. A script's path is "sha256:<hex>" of its first content; contents are in the
 * step's order (role, sha256, size); cwd "" is any. The environment is all of the step's.
 */
void change_step_exec(struct arena *arena, const struct revision_step *step, struct gate_exec *ret);
/* Bytes of a content by its sha256, in the arena. */
int change_get_content(struct store_tx *tx, struct arena *arena, const char *sha256,
	const char **ret_bytes, size_t *ret_length, struct error *err);

/*
 * Is its approval good now? Counts each decision again (still in the group, still enabled, none of
 * the excluded). *ret_reason: NOT_APPROVED, STALE_REVISION, APPROVER_INVALID,
 * NO_ELIGIBLE_APPROVER, EXPIRED, SESSION_STATE (a state in which nothing runs).
 */
int change_check_approved(struct store_tx *tx, struct arena *arena, const struct change *change,
	int64_t now_us, enum gate_reason *ret_reason, struct error *err);

/* Was that closing of a calendar, with those times and those approvers, in what is asked to be let
 * through (`change->exceptions`)? Whether they said yes: change_check_approved. */
struct calendar_reason;
bool change_is_excepted(const char *exceptions, const struct calendar_reason *reason);

/*
 * What the rules are given for its current revision as of now (executor/runner/prelude/
 * rule_input.lua); *ret_input is the caller's. `ret_context` is the digest over what of it moves by
 * itself: calendars (name, state, event), conflicts, incidents, releases, alerts and which of their
 * sources are known; no time is in it. `alerts` NULL = no sources.
 */
int change_rule_input(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct alerts *alerts, int64_t now_us, json_t **ret_input,
	char ret_context[static DIGEST_TEXT_SIZE], struct error *err);
/* The same digest as it was when the findings that are stored were made; "" before. */
int change_assessed_context(struct store_tx *tx, const struct change *change,
	char ret_context[static DIGEST_TEXT_SIZE], struct error *err);

/* --- called by the gate, in its own transactions --- */

/* The first run: approved -> executing. Later ones change nothing. */
int change_note_run(struct store_tx *tx, const struct change *change,
	const struct audit_actor *actor, int64_t now_us, struct error *err);
/*
 * A run ended or was lost. When every run of every non-rollback grant is through: -> verifying. A
 * failed one (status not 0): -> verifying with that said; rollback grants stay live.
 */
int change_note_run_ended(struct store_tx *tx, int64_t seq, const struct audit_actor *actor,
	int64_t now_us, struct error *err);

/* --- the living part: assessments that run, timers (expiry, verification) --- */

/* What rules are told of this site and of their limits. Lists are NULL-ended. */
struct change_limits {
	const char *const *protected_paths, *const *tier0_units, *const *trusted_dirs;
	int64_t affected_rows, table_rows, drained_nodes;
	const char *owners_suffix;  /* of a service's group of owners: "-owners" */
	const char *oncall_group;   /* asked at level 3: "sre-oncall" */
	const char *fallback_group; /* asked where a group of owners has nobody */
};

struct changes;
/* What rules are told of this site (limits, protected_paths, tier0_units, trusted_dirs); the
 * caller's. */
json_t *change_site_frame(struct changes *changes);
/* What a change of this would need, by what the rules found: its level, and who must approve it in
 * that order, NULL-ended. */
struct change_outlook {
	const char *environment, *service; /* "" = of none */
	const char *person_id;		   /* who would file and run it */
	const struct risk_report *report;
	int64_t ret_level;
	const char *const *ret_who;
};
void change_look_out(struct store_tx *tx, struct arena *arena, struct changes *changes,
	struct change_outlook *outlook);

struct changes_options {
	struct loop *loop;
	struct store *store;
	struct client *client;
	const struct adapter_list *adapters;
	struct approvals *approvals; /* followed: a decision moves the change in its transaction */
	struct risk *risk;
	struct alerts *alerts; /* NULL = none are looked at */
	struct change_limits limits;
	int64_t look_each_ms; /* at what is due; 0 = 5 s */
};
int changes_open(const struct changes_options *options, struct changes **ret, struct error *err);
void changes_stop(struct changes *changes);
void changes_close(struct changes *changes);

#endif
