/*
 * The audit: an append-only RFC 6962 Merkle log in the same transaction as each fact, C2SP
 * checkpoints in the database and in a file outside it, verification, export, and the event feed
 * read from it. A fact that cannot be audited does not happen.
 */
#ifndef RB_AUDIT_AUDIT_H
#define RB_AUDIT_AUDIT_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/store/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum audit_actor_kind { AUDIT_HUMAN, AUDIT_TOKEN, AUDIT_SYSTEM };

struct audit_actor {
	enum audit_actor_kind kind;
	char id[64];	  /* person or token id; "system" */
	char name[128];	  /* as shown: "li.wei" */
	char session[80]; /* digest of the token or session, "" for peers and the system */
	char address[96]; /* "127.0.0.1:4711", "unix", "" */
};
extern const struct audit_actor audit_system; /* the daemon itself */

/* The closed list of actions: code, word. A room adds its rows here. */
#define AUDIT_ACTIONS(X)                                                                           \
	X(DAEMON_START, "daemon.start")                                                            \
	X(DAEMON_STOP, "daemon.stop")                                                              \
	X(BACKUP_CREATE, "backup.create")                                                          \
	X(DATABASE_UPGRADE, "database.upgrade")                                                    \
	X(DENIED, "access.denied")                                                                 \
	X(AUDIT_READ, "audit.read")                                                                \
	X(AUDIT_EXPORT, "audit.export")                                                            \
	X(AUDIT_RESTORE, "audit.accept-restore")                                                   \
	X(PERSON_CREATE, "person.create")                                                          \
	X(PERSON_CHANGE, "person.change")                                                          \
	X(GROUP_CREATE, "group.create")                                                            \
	X(GROUP_CHANGE, "group.change")                                                            \
	X(GRANT_CREATE, "grant.create")                                                            \
	X(GRANT_CONFIRM, "grant.confirm")                                                          \
	X(GRANT_REVOKE, "grant.revoke")                                                            \
	X(TOKEN_CREATE, "token.create")                                                            \
	X(TOKEN_CONFIRM, "token.confirm")                                                          \
	X(TOKEN_REVOKE, "token.revoke")                                                            \
	X(PEER_MAP, "peer.map")                                                                    \
	X(PEER_CONFIRM, "peer.confirm")                                                            \
	X(PEER_UNMAP, "peer.unmap")                                                                \
	X(TARGET_CREATE, "target.create")                                                          \
	X(TARGET_CHANGE, "target.change")                                                          \
	X(TARGET_REMOVE, "target.remove")                                                          \
	X(CALENDAR_CREATE, "calendar.create")                                                      \
	X(CALENDAR_CHANGE, "calendar.change")                                                      \
	X(CALENDAR_REMOVE, "calendar.remove")                                                      \
	X(INCIDENT_OPEN, "incident.open")                                                          \
	X(INCIDENT_LINK, "incident.link")                                                          \
	X(INCIDENT_CLOSE, "incident.close")                                                        \
	X(HOOK_CREATE, "hook.create")                                                              \
	X(HOOK_CHANGE, "hook.change")                                                              \
	X(HOOK_REMOVE, "hook.remove")                                                              \
	X(PLAN_ADD, "plan.add")                                                                    \
	X(PLAN_SUBMIT, "plan.submit")                                                              \
	X(PLAN_STATE, "plan.state")                                                                \
	X(PLAN_ACTIVATE, "plan.activate")                                                          \
	X(PLAN_RETIRE, "plan.retire")                                                              \
	X(APPROVAL_OPEN, "approval.open")                                                          \
	X(APPROVAL_DECIDE, "approval.decide")                                                      \
	X(APPROVAL_VOID, "approval.void")                                                          \
	X(APPROVAL_USE, "approval.use")                                                            \
	X(APPROVAL_CLOSE, "approval.close")                                                        \
	X(DELEGATION_CREATE, "delegation.create")                                                  \
	X(DELEGATION_WITHDRAW, "delegation.withdraw")                                              \
	X(PREVIEW_CREATE, "preview.create")                                                        \
	X(EXECUTION_CREATE, "execution.create")                                                    \
	X(EXECUTION_STATE, "execution.state")                                                      \
	X(EXECUTION_COMMAND, "execution.command")                                                  \
	X(STEP_STATE, "step.state")                                                                \
	X(EFFECT_INTENT, "effect.intent")                                                          \
	X(EFFECT_OUTCOME, "effect.outcome")                                                        \
	X(ITEM_OPEN, "item.open")                                                                  \
	X(ITEM_CHANGE, "item.change")                                                              \
	X(ITEM_CLOSE, "item.close")                                                                \
	X(CHANGE_CREATE, "change.create")                                                          \
	X(CHANGE_REVISE, "change.revise")                                                          \
	X(CHANGE_STATE, "change.state")                                                            \
	X(CHANGE_ASSESS, "change.assess")                                                          \
	X(CHANGE_COMMENT, "change.comment")                                                        \
	X(CHANGE_WAIVE, "change.waive")                                                            \
	X(CHANGE_VERIFY, "change.verify")                                                          \
	X(CHANGE_FINDING, "change.finding")                                                        \
	X(TEMPLATE_CREATE, "template.create")                                                      \
	X(TEMPLATE_STATE, "template.state")                                                        \
	X(TEMPLATE_USE, "template.use")                                                            \
	X(GRANT_MINT, "change-grant.mint")                                                         \
	X(GRANT_TAKE, "change-grant.take")                                                         \
	X(GRANT_VOID, "change-grant.revoke")                                                       \
	X(RUN_BEGIN, "run.begin")                                                                  \
	X(RUN_END, "run.end")                                                                      \
	X(RUN_LOST, "run.lost")                                                                    \
	X(RUN_STOP, "run.stop")                                                                    \
	X(RUN_RESET, "run.reset")                                                                  \
	X(GATE_DECIDE, "gate.decide")                                                              \
	X(GATE_SPOOL, "gate.spool")                                                                \
	X(ACCOUNT_MAP, "account.map")                                                              \
	X(ACCOUNT_UNMAP, "account.unmap")                                                          \
	X(EDGES_PUT, "object.edges")                                                               \
	X(RELEASE_BEGIN, "release.begin")                                                          \
	X(RELEASE_END, "release.end")                                                              \
	X(EMERGENCY_START, "emergency.start")                                                      \
	X(EMERGENCY_CONFIRM, "emergency.confirm")                                                  \
	X(EMERGENCY_RENEW, "emergency.renew")                                                      \
	X(EMERGENCY_USE, "emergency.use")                                                          \
	X(EMERGENCY_END, "emergency.end")                                                          \
	X(FOLLOW_UP_CLOSE, "follow-up.close")

enum audit_action {
#define X(name, word) AUDIT_##name,
	AUDIT_ACTIONS(X)
#undef X
		AUDIT_ACTION_COUNT
};
const char *audit_action_word(enum audit_action action);

enum audit_outcome { AUDIT_OK, AUDIT_INTENT, AUDIT_FAILED, AUDIT_UNKNOWN, AUDIT_REFUSED };

struct audit_record {
	const struct audit_actor *actor;
	enum audit_action action;
	enum audit_outcome outcome;
	const char *subject_kind;   /* "plan", "execution", "effect" ... */
	const char *subject_id;	    /* id or name; for an effect "<execution>/<node path>" */
	const char *subject_digest; /* "sha256:..." or NULL */
	const char *intent_id;	    /* of the intent that this outcome ends, or NULL */
	const char *approvals;	    /* canonical JSON list of approval ids, or NULL */
	const json_t *detail;	    /* borrowed; canonical JSON only (no reals); NULL = {} */
};

extern const struct store_schema audit_schema;
/* Tables that nobody may change, us included: for store_options.append_only, NULL-ended. */
extern const char *const audit_append_only[];

/* Bytes of one record, at most. */
#define AUDIT_RECORD_MAX (256 * 1024)

/*
 * Appends inside the caller's transaction. at_us is the closure's time. *ret_seq may be NULL.
 * Refuses (ERROR_INVALID) texts that are no UTF-8 or hold control characters, and real numbers.
 */
int audit_append(struct store_tx *tx, const struct audit_record *record, int64_t at_us,
	int64_t *ret_seq, struct error *err);

/* --- records as they stand --- */

struct audit_entry {
	int64_t seq, at_us;
	const char *action, *outcome, *actor_id, *subject_kind, *subject_id, *intent_id;
	const char *bytes; /* canonical JSON, "v":1 */
	size_t length;
};
/*
 * Each record with that action word (NULL = all), in order, until `call` answers other than 0:
 * that is then returned. The entry is borrowed for the call.
 */
int audit_each(struct store_tx *tx, const char *action,
	int (*call)(void *arg, const struct audit_entry *entry, struct error *err), void *arg,
	struct error *err);

/* --- the living part: checkpoints and the feed --- */

struct audit;

struct audit_options {
	struct store *store;
	struct loop *loop;
	const char *origin;	     /* name of this log */
	const char *signing_key;     /* reference (lib/base/secret.h); NULL = unsigned */
	const char *checkpoint_path; /* outside the data directory; NULL = none */
	int64_t interval_ms;	     /* of checkpoints while anything changes; 0 = 60 s */
};

/*
 * Compares the checkpoint outside with the database first: ERROR_TAMPERED when the database is
 * older, was cut or changed, naming what to do. Makes a "file:" key that does not exist yet, but
 * only while there is no checkpoint.
 */
int audit_open(const struct audit_options *options, struct audit **ret, struct error *err);
/* Makes the last checkpoint (turns the loop for it) and frees. Before store_close. NULL is fine. */
void audit_close(struct audit *audit);

/* After the COMMIT of what should be covered: a run's end, a decision. Cheap when nothing changed.
 */
void audit_checkpoint_soon(struct audit *audit);

struct audit_status {
	int64_t size;		  /* records */
	int64_t checkpoint_size;  /* covered by the newest checkpoint */
	int64_t checkpoint_at_us; /* 0 = none yet */
	bool is_signed;
	bool is_outside;     /* a copy is kept outside the data directory */
	const char *trouble; /* one sentence about the last checkpoint that failed, or NULL */
};
void audit_get_status(struct audit *audit, struct audit_status *ret);
/*
 * As audit_open compares, without opening: does the checkpoint outside fit the database that
 * `options->store` reads? Signatures are not looked at. ERROR_TAMPERED as there.
 */
int audit_check_outside(
	const struct audit_options *options, int64_t *ret_checkpoint_size, struct error *err);
/* The newest checkpoint that is stored, as a note; *ret_note is NULL when there is none yet. */
int audit_newest_note(struct store_tx *tx, struct arena *arena, const char **ret_note,
	int64_t *ret_size, struct error *err);
/* The public key as C2SP writes it, NULL when unsigned. */
const char *audit_verifier_key(const struct audit *audit);

/*
 * The way on after a known restore (the database is older than its checkpoint outside): one record
 * with the reason and the two persons, then a new checkpoint. The old one is kept beside it. Opens
 * nothing: the store must be open, audit_open not called yet.
 */
struct audit_restore {
	const struct audit_actor *first,
		*second; /* two different persons, admins: the caller's check */
	const char *reason;
	int64_t at_us;
};
int audit_accept_restore(const struct audit_options *options, const struct audit_restore *restore,
	struct error *err);

#endif
