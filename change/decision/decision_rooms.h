/* Between the rooms of change/decision/. */
#ifndef RB_CHANGE_DECISION_DECISION_ROOMS_H
#define RB_CHANGE_DECISION_DECISION_ROOMS_H

#include "change/change.h"
#include "change/command/command.h"
#include "change/decision/decision.h"
#include "change/grant/grant.h"
#include "inventory/target.h"
#include "lib/base/digest.h"

#define DECISION_BODY_MAX  ((size_t)256 * 1024)
#define DECISION_DEPTH_MAX 32
#define DECISION_POLICY	   1 /* of this table of checks: explain refuses to compare another */
#define DECISION_ROUNDS                                                                            \
	2 /* so often the rules are asked anew because the world moved meanwhile                   \
	   */

/* --- decision.c: the decision itself, over facts alone --- */

/* What follows from facts; texts live in the arena. */
struct decision_outcome {
	enum gate_reason reason;
	const char *rule;    /* of REASON_RULE: "EXEC-005" */
	const char *message; /* for the person */
	const char *check;   /* name of the check that decided */
	enum decision_take {
		DECISION_TAKE_NOTHING,
		DECISION_TAKE_GRANT,	 /* takes the grant, begins a run */
		DECISION_TAKE_EMERGENCY, /* begins a run without a grant */
		DECISION_TAKE_PARENT,	 /* goes on under the parent's run */
	} take;
	uint32_t must; /* GATE_MUST_* */
	int64_t kill_at_us;
};
/* Pure: the same facts, the same outcome. Facts that lack a part are facts that say no. */
void decision_decide(struct arena *arena, const json_t *facts, struct decision_outcome *ret);
/* "used_up", "rule:FS-006"; in the arena. */
const char *decision_reason_text(struct arena *arena, const struct decision_outcome *outcome);
/* The part of an answer that explain computes again and compares: canonical. The caller's. */
json_t *decision_core_json(
	struct arena *arena, const json_t *facts, const struct decision_outcome *outcome);

/* --- decision_facts.c: what is so now --- */

/* What is found out of the question alone, before any transaction. */
struct decision_analysis {
	json_t *commands; /* of command_analyse; NULL when it could not be looked at */
	enum command_proof proof;
	const char *reason;	/* why it is not proved, or NULL */
	const char *text;	/* "" or the reason code of a text that deceives */
	const char *line;	/* as people read it */
	json_t *steering;	/* names of variables that steer what is executed */
	const char *has_secret; /* "" or where */
};
void decision_analyse(struct arena *arena, const struct decision_question *question,
	struct decision_analysis *ret);

/* What the rules said when they were asked again, with what they were asked for. */
struct decision_assessed {
	bool is_done, has_failed;
	char context[DIGEST_TEXT_SIZE];
	const struct risk_report *report;
	char revision[72];	 /* of the rules */
	struct changes *changes; /* of decisions_options */
};
/*
 * All facts as one object (canonical JSON only; the caller's). When the rules must be asked first,
 * *ret_rules is their input (the caller's) and `ret_context` what they are asked for; else NULL.
 */
int decision_load_facts(struct store_tx *tx, struct arena *arena,
	const struct decision_question *question, const struct decision_analysis *analysis,
	const struct decision_assessed *assessed, const struct alerts *alerts, json_t **ret_facts,
	json_t **ret_rules, char ret_context[static DIGEST_TEXT_SIZE], struct error *err);

/* --- decision_match.c: which grant fits, or why none does --- */

struct decision_match {
	struct grant *grant; /* the best that fits by fingerprint; NULL = none */
	bool is_null_input;  /* it fits with the null device in the terminal's place */
	const char *fingerprint;
	enum gate_reason mismatch; /* when a change is named and nothing fits */
	const char *detail;	   /* which part differs */
};
int decision_match(struct store_tx *tx, struct arena *arena,
	const struct decision_question *question, struct decision_match *ret, struct error *err);

/* --- decision_world.c --- */

/* May a change that runs go on now: approved still, in its window, not all of it ended, calendars
 * open, no conflict? *ret_why is "" or one sentence. ERROR_NOT_FOUND. For those who ask while they
 * work (gh-ost). */
int decision_may_go_on(struct store_tx *tx, struct arena *arena, const char *change, int64_t now_us,
	const char **ret_why, struct error *err);

/* Milliseconds that what runs may still go on because a calendar is closed now that says kill; -1
 * when none does, or the change's approval is an exception for it. */
int64_t decision_kill_grace_ms(struct store_tx *tx, struct arena *arena, int64_t change_seq,
	const json_t *subjects, int64_t now_us);

/* --- decision_outlook.c --- */

/* The message of a check, with what the rules find in the command; in the arena. */
const char *decision_outlook_text(struct arena *arena, const json_t *facts, const char *message);

/* --- decision_rules.c: the rules' input for what no change describes --- */

/* One command outside any change, or a release (commands NULL); the caller's. */
struct decision_subject {
	const json_t *commands, *release;
	const json_t *follow_ups; /* that others owe, or the person from before; NULL = none */
	const json_t *frame;	  /* of the site (change_site_frame), or NULL: a bare emergency's */
	const char *secret;	  /* where a word looks like a credential; NULL or "" = nowhere */
	const char *id, *target, *person, *service, *environment, *runas, *cwd;
	int64_t now_us;
};
json_t *decision_rule_input(const struct decision_subject *subject);

/* --- decision_json.c: one spelling of questions and answers --- */

/*
 * Strict: every key known and once. What it fills in points into `body` and the arena. The actor,
 * target and person are the caller's to find.
 */
struct decision_body {
	int64_t ts_us;
	const char *user;
	int64_t uid; /* -1 = not given */
	const char *target_id, *machine_id;
	const char *policy_rev;
};
int decision_question_parse(struct arena *arena, const json_t *body, struct decision_question *ret,
	struct decision_body *ret_body, struct error *err);
/* The same shape, of a question from the socket; the caller's. `target` is this host's identity. */
json_t *decision_question_json(
	const struct gate_request *request, const char *phase, const char *target, int64_t ts_us);
/* Members "exec" and "contents" of a command, there and back. */
void decision_exec_put(json_t *object, const struct gate_exec *exec);
int decision_exec_parse(
	struct arena *arena, const json_t *object, struct gate_exec *ret, struct error *err);
/* Without what nobody may read later: values of variables, the second key. The caller's. */
json_t *decision_input_json(const json_t *body);

/* An answer as an object (all but its signature), the caller's. */
struct decision_answer {
	const struct decision_outcome *outcome;
	const json_t *facts, *core;
	const struct decision_analysis *analysis;
	const char *decision, *request_id, *nonce, *run;
	const char *policy_rev;
	int64_t now_us, expires_at_us;
};
json_t *decision_answer_json(struct arena *arena, const struct decision_answer *answer);
/* The verdict that such an object says. ERROR_INVALID names the field. */
int decision_verdict_parse(
	struct arena *arena, const json_t *answer, struct gate_verdict *ret, struct error *err);
/* Adds "attestation" and "sig"; nothing without a key. `request` is what was asked. */
void decision_sign(struct arena *arena, const struct gate_key *key,
	const struct gate_request *request, json_t *answer, struct gate_verdict *verdict);
/* Checks both with that public key: 0 or ERROR_TAMPERED. */
int decision_check_signature(struct arena *arena, const char *public_key,
	const struct gate_request *request, const json_t *answer,
	const struct gate_verdict *verdict, struct error *err);

/* --- decision_store.c --- */

struct decision_row {
	int64_t seq; /* DEC-<seq> */
	const char *asker, *request_id, *body_digest;
	int64_t at_us, expires_at_us;
	const char *verdict, *reason, *person_id, *target, *change, *run;
	const char *input, *facts, *core, *answer; /* canonical JSON */
	int64_t policy;
	const char *rules; /* revision of the set of rules */
};
int decision_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err);
int decision_store_insert(struct store_tx *tx, const struct decision_row *row, struct error *err);
int decision_store_get(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct decision_row **ret, struct error *err);
/* 1 and *ret, or 0: nothing was asked under that id. */
int decision_store_find(struct store_tx *tx, struct arena *arena, const char *asker,
	const char *request_id, struct decision_row **ret, struct error *err);
struct store_query *decision_store_rows(struct store_tx *tx);

/* --- decision_explain.c --- */

/* Computes a decision again out of what was stored: what it was made of, what it said, what it says
 * now and whether that is the same bit for bit. The caller's. */
int decision_explain(struct store_tx *tx, struct arena *arena, const char *name, json_t **ret,
	struct error *err);

/* --- accounts: account.c, account_store.c --- */

#define ACCOUNT_EVERYWHERE "@all" /* in the place of a host */

struct account {
	const char *target;  /* host that the account is on, or ACCOUNT_EVERYWHERE */
	const char *account; /* name, or its uid in digits */
	char person_id[ID_SIZE];
	const char *person;
	const char *mapped_by;
	int64_t mapped_at_us;
};
struct account_change {
	const struct principal *by;
	int64_t at_us;
	const char *target, *account, *person;
	struct arena *arena;
	struct account *ret_account;
};
int account_map(struct store_tx *tx, struct account_change *change, struct error *err);
int account_unmap(struct store_tx *tx, struct account_change *change, struct error *err);
/* Person of the account on that host: by name first, then by uid (-1 = none); "" when nobody's. */
int account_find(struct store_tx *tx, const char *target, const char *user, int64_t uid,
	char ret_person[static ID_SIZE], struct error *err);
int account_store_list(struct store_tx *tx, struct arena *arena, struct account ***ret,
	size_t *ret_count, struct error *err);
int account_store_put(struct store_tx *tx, const struct account *account, struct error *err);
/* Rows removed. */
int account_store_remove(
	struct store_tx *tx, const char *target, const char *account, struct error *err);
/* 1 and the person, or 0. */
int account_store_find(struct store_tx *tx, const char *target, const char *account,
	char ret_person[static ID_SIZE], struct error *err);
json_t *account_json(const struct account *account);

/* --- releases: release.c, release_store.c --- */

#define RELEASE_LIFE_US (24 * INT64_C(3600000000)) /* a phase that nobody ends */

struct release {
	int64_t seq;   /* REL-<seq> */
	char name[32]; /* "REL-4" */
	const char *platform, *service, *environment;
	const char *artifact_digest, *version_from, *version_to;
	const char *phase; /* that is open, or was last */
	const char *state; /* "running", "between" (a phase ended well), "failed", "done" */
	const char *person_id;
	int64_t batch_no, batch_pct;
	int64_t started_at_us, changed_at_us, open_until_us;
};
int release_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err);
int release_store_put(struct store_tx *tx, const struct release *release, struct error *err);
/* 1 and *ret, or 0: the one that is not done of that service and version. */
int release_store_find(struct store_tx *tx, struct arena *arena, const char *platform,
	const char *service, const char *version_to, struct release **ret, struct error *err);
int release_store_list(struct store_tx *tx, struct arena *arena, bool only_running,
	struct release ***ret, size_t *ret_count, struct error *err);
/* Phases of that artifact that ended well; NULL-ended. */
int release_store_passed(struct store_tx *tx, struct arena *arena, const char *platform,
	const char *service, const char *artifact_digest, const char *const **ret,
	struct error *err);
int release_store_pass(
	struct store_tx *tx, const struct release *release, int64_t at_us, struct error *err);
json_t *release_json(const struct release *release);
/* Begins or ends a phase of what the question's `release` names, when the outcome says yes. */
int release_begin(struct store_tx *tx, struct arena *arena,
	const struct decision_question *question, struct release **ret, struct error *err);
int release_end(struct store_tx *tx, struct arena *arena, const struct decision_question *question,
	struct release **ret, struct error *err);

#endif
