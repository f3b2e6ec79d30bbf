/*
 * Why the gate says what it says: one row a reason code, stable in answers, logs and exit codes of
 * `rcm check`. A finding of a rule is the reason "rule:<ID>" (REASON_RULE and the rule's id).
 */
#ifndef RB_CHANGE_GATE_REASON_H
#define RB_CHANGE_GATE_REASON_H

#include <stdbool.h>

enum gate_verdict_word { GATE_ALLOW, GATE_REVIEW, GATE_DENY };
const char *gate_verdict_word(enum gate_verdict_word verdict); /* "allow" */
bool gate_verdict_parse(const char *word, enum gate_verdict_word *ret);

/* code, word, verdict, exit code of `rcm check` */
#define GATE_REASONS(X)                                                                            \
	X(OK_READONLY, "ok_readonly", ALLOW, 0)                                                    \
	X(OK_GRANT, "ok_grant", ALLOW, 0)                                                          \
	X(OK_EMERGENCY, "ok_emergency", ALLOW, 0)                                                  \
	X(NO_CHANGE, "no_change", REVIEW, 10)                                                      \
	X(NOT_APPROVED, "not_approved", REVIEW, 10)                                                \
	X(STALE_REVISION, "stale_revision", DENY, 14)                                              \
	X(REVISION_MISMATCH, "revision_mismatch", DENY, 14)                                        \
	X(CONTENT_MISMATCH, "content_mismatch", DENY, 14)                                          \
	X(CONTENT_UNBOUND, "content_unbound", DENY, 14)                                            \
	X(FINGERPRINT_MISMATCH, "fingerprint_mismatch", DENY, 14)                                  \
	X(TARGET_MISMATCH, "target_mismatch", DENY, 14)                                            \
	X(ACTOR_MISMATCH, "actor_mismatch", DENY, 14)                                              \
	X(USED_UP, "used_up", DENY, 14)                                                            \
	X(NOT_YET, "not_yet", DENY, 12)                                                            \
	X(EXPIRED, "expired", DENY, 14)                                                            \
	X(REVOKED, "revoked", DENY, 14)                                                            \
	X(APPROVER_INVALID, "approver_invalid", DENY, 14)                                          \
	X(SELF_APPROVAL, "self_approval", DENY, 14)                                                \
	X(NO_ELIGIBLE_APPROVER, "no_eligible_approver", DENY, 14)                                  \
	X(FROZEN, "frozen", DENY, 12)                                                              \
	X(OUTSIDE_WINDOW, "outside_window", DENY, 12)                                              \
	X(CALENDAR_STALE, "calendar_stale", DENY, 12)                                              \
	X(CONFLICT, "conflict", DENY, 13)                                                          \
	X(BUDGET, "budget", DENY, 13)                                                              \
	X(RULE, "rule", DENY, 11)                                                                  \
	X(RULE_ERROR, "rule_error", DENY, 11)                                                      \
	X(DYNAMIC, "dynamic", DENY, 15)                                                            \
	X(OPAQUE, "opaque", DENY, 15)                                                              \
	X(GLOB, "glob", DENY, 15)                                                                  \
	X(MUTABLE_REF, "mutable_ref", DENY, 15)                                                    \
	X(INTERACTIVE_SHELL, "interactive_shell", DENY, 15)                                        \
	X(SESSION_STATE, "session_state", DENY, 14)                                                \
	X(CONTROL_CHAR, "control_char", DENY, 15)                                                  \
	X(UNICODE, "unicode", DENY, 15)                                                            \
	X(ENCODING, "encoding", DENY, 15)                                                          \
	X(RENDER_INCOMPLETE, "render_incomplete", DENY, 15)                                        \
	X(PARAM_SCHEMA, "param_schema", DENY, 15)                                                  \
	X(GATE_UNAVAILABLE, "gate_unavailable", DENY, 20)                                          \
	X(POLICY_STALE, "policy_stale", DENY, 20)                                                  \
	X(CLOCK_SKEW, "clock_skew", DENY, 20)                                                      \
	X(BAD_SIGNATURE, "bad_signature", DENY, 20)                                                \
	X(IDEMPOTENCY_CONFLICT, "idempotency_conflict", DENY, 20)

enum gate_reason {
#define X(code, word, verdict, exit_code) REASON_##code,
	GATE_REASONS(X)
#undef X
		REASON_COUNT
};

const char *gate_reason_word(enum gate_reason reason); /* "used_up" */
/* False for a word that is none of the table. "rule:FS-001" is REASON_RULE. */
bool gate_reason_parse(const char *word, enum gate_reason *ret);
enum gate_verdict_word gate_reason_verdict(enum gate_reason reason);
int gate_reason_exit(enum gate_reason reason);

#endif
