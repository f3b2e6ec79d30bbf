/* Between the rooms of change/: rows, the SQL, what an act is given. */
#ifndef RB_CHANGE_CHANGE_ROOMS_H
#define RB_CHANGE_CHANGE_ROOMS_H

#include "change/change.h"
#include "change/object/object.h"

#define CHANGE_SUBJECT	   "change"
#define CHANGE_TITLE_MAX   200
#define CHANGE_REASON_MIN  10 /* bytes, of a rejection */
#define CHANGE_REASON_MAX  1000
#define CHANGE_COMMENT_MAX 8192
#define CHANGE_PAGE	   200
#define CHANGE_EXPIRY_US   APPROVAL_EXPIRY_US	    /* pending, from the submit on */
#define CHANGE_GRACE_US	   (15 * INT64_C(60000000)) /* behind the planned end */
#define CHANGE_WAIVER_US   (7 * INT64_C(86400000000))
#define CHANGE_HISTORY_US  (90 * INT64_C(86400000000))
#define CHANGE_AFTER_US	   (72 * INT64_C(3600000000))
#define CHANGE_RENDER_MAX  ((size_t)4 * 1024 * 1024)
#define CHANGE_MAY_FILE	   (ROLE_AUTHOR | ROLE_COMMANDER)
#define CHANGE_SECOND_US   INT64_C(1000000)

/* --- rows --- */

struct change_revision {
	int64_t change_seq, revision;
	const char *body; /* canonical JSON */
	char digest[DIGEST_TEXT_SIZE], render_digest[DIGEST_TEXT_SIZE];
	const char *author, *author_id;
	const char *diff;	/* canonical JSON: array of {path, from, to} */
	const char *rendering;	/* "" until it is assessed */
	const char *exceptions; /* as change->exceptions; "" until it is assessed */
	/* What its assessment took from outside the store, canonical JSON (change_input.c). */
	const char *rule_frame;
	char context_digest[DIGEST_TEXT_SIZE];
	int64_t created_at_us;
};

struct change_comment {
	char id[ID_SIZE];
	const char *written_by, *text;
	int64_t written_at_us;
};

struct change_waiver {
	char id[ID_SIZE];
	int64_t change_seq, revision;
	const char *rule, *reason, *waived_by, *waived_by_id;
	int64_t waived_at_us, expires_at_us;
};

struct change_reading {
	const char *name, *outcome, *value; /* "pass" "fail" "unknown" */
	int64_t read_at_us;
};

struct change_after {
	const char *kind, *reference; /* "caused_incident", "INC-7" */
	int64_t found_at_us;
};

/* --- change_store.c --- */

int change_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err);
int change_store_insert(struct store_tx *tx, const struct change *change, struct error *err);
/* From the row as `old` has it (state, revision, version); ERROR_STALE when it moved on. */
int change_store_update(struct store_tx *tx, const struct change *change, const struct change *old,
	struct error *err);
int change_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, struct change **ret,
	struct error *err);
struct change_filter {
	const char *state;     /* NULL = all */
	const char *requester; /* name; NULL = all */
	int64_t before_seq, limit;
};
/* The newest first. */
int change_store_list(struct store_tx *tx, struct arena *arena, const struct change_filter *filter,
	struct change ***ret, size_t *ret_count, struct error *err);
/* Of those that wait for something by the clock: state, and its moment is not after `now`. */
int change_store_due(struct store_tx *tx, struct arena *arena, int64_t now_us, struct change ***ret,
	size_t *ret_count, struct error *err);
/* Those that became terminal since. */
int change_store_closed_since(struct store_tx *tx, struct arena *arena, int64_t since_us,
	struct change ***ret, size_t *ret_count, struct error *err);
/* Of the last RISK_HISTORY_MAX that closed since, in its environment, of one of its services or of
 * its requester: how many, and how many of them did not end well. */
int change_store_history(struct store_tx *tx, const struct change *change,
	const struct revision *revision, int64_t since_us, int64_t *ret_of, int64_t *ret_failed,
	struct error *err);
struct store_query *change_store_rows(struct store_tx *tx);

/* --- revision_store.c --- */

int revision_store_insert(
	struct store_tx *tx, const struct change_revision *revision, struct error *err);
int revision_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, int64_t revision,
	struct change_revision **ret, struct error *err);
/* Writes what an assessment gave: rendering, its digest, rule_frame, context_digest. */
int revision_store_assess(
	struct store_tx *tx, const struct change_revision *revision, struct error *err);
/* Ids of all who wrote a revision of it, each once; NULL-ended. */
int revision_store_authors(struct store_tx *tx, struct arena *arena, int64_t seq,
	const char *const **ret, struct error *err);
struct store_query *revision_store_rows(struct store_tx *tx);
/* ERROR_NO_EFFECT is not one: the same content twice is the same content. */
int content_store_put(struct store_tx *tx, const char *sha256, const void *bytes, size_t length,
	const char *put_by, int64_t at_us, struct error *err);
/* ERROR_NOT_FOUND. */
int content_store_get(struct store_tx *tx, struct arena *arena, const char *sha256,
	const char **ret_bytes, size_t *ret_length, struct error *err);
/* Its length; ERROR_NOT_FOUND. */
int content_store_size(
	struct store_tx *tx, const char *sha256, int64_t *ret_size, struct error *err);

/* --- note_store.c --- */

int comment_store_insert(
	struct store_tx *tx, int64_t seq, const struct change_comment *comment, struct error *err);
int comment_store_list(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct change_comment **ret, size_t *ret_count, struct error *err);
/* ERROR_CONFLICT for a second one of that rule. */
int waiver_store_insert(struct store_tx *tx, const struct change_waiver *waiver, struct error *err);
int waiver_store_list(struct store_tx *tx, struct arena *arena, int64_t seq, int64_t revision,
	struct change_waiver **ret, size_t *ret_count, struct error *err);
struct store_query *waiver_store_rows(struct store_tx *tx);
int reading_store_put(
	struct store_tx *tx, int64_t seq, const struct change_reading *reading, struct error *err);
int reading_store_list(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct change_reading **ret, size_t *ret_count, struct error *err);
/* 1 when it is new, 0 when it was there. */
int after_store_put(
	struct store_tx *tx, int64_t seq, const struct change_after *after, struct error *err);
int after_store_list(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct change_after **ret, size_t *ret_count, struct error *err);

/* --- change.c: states --- */

#define CHANGE_EVENTS(X)                                                                           \
	X(SUBMIT, "submit")                                                                        \
	X(REASSESS, "reassess")                                                                    \
	X(ASSESSED, "assessed")                                                                    \
	X(APPROVE, "approve")                                                                      \
	X(REJECT, "reject")                                                                        \
	X(EDIT, "edit")                                                                            \
	X(CANCEL, "cancel")                                                                        \
	X(EXPIRE, "expire")                                                                        \
	X(RUN, "run")                                                                              \
	X(RUNS_ENDED, "runs_ended")                                                                \
	X(PASS, "pass")                                                                            \
	X(ROLLED_BACK, "rolled_back")                                                              \
	X(ACCEPT, "accept")                                                                        \
	X(CLOSE, "close")
enum change_event {
#define X(name, word) EVENT_##name,
	CHANGE_EVENTS(X)
#undef X
		EVENT_COUNT
};
const char *change_event_word(enum change_event event);
bool change_is_terminal(enum change_state state);
/* The state that the event leads to; false when there is no such way. */
bool change_next(enum change_state from, enum change_event event, enum change_state *ret);
/*
 * Moves `change` (state, version and times are set in it; what else the caller changed in it since
 * `old` is written too) and records it. ERROR_CONFLICT names the state when there is no such way.
 * `detail` (owned, may be NULL) gets more members of the record.
 */
struct change_move {
	enum change_event event;
	const char *reason, *result; /* or NULL */
	const struct audit_actor *actor;
	int64_t at_us;
	json_t *detail;
	int64_t old_revision; /* the row's, when `change` has a new one already; 0 = the same */
};
int change_move(struct store_tx *tx, struct change *change, const struct change_move *move,
	struct error *err);
int change_record(struct store_tx *tx, const struct change *change, enum audit_action action,
	const struct audit_actor *actor, json_t *owned_detail, int64_t at_us, struct error *err);
/* Everything that an approval or a grant rests on ends: claims, approvals, grants. */
int change_withdraw(struct store_tx *tx, const struct change *change, const char *reason,
	const struct audit_actor *actor, int64_t at_us, struct error *err);
/* "CHG-7" or "7". */
int change_parse_name(const char *name, int64_t *ret_seq, struct error *err);

/* --- acts: what people do --- */

struct change_act {
	const struct principal *by;
	int64_t at_us;
	struct arena *arena;
	struct changes *changes;
	const char *name;   /* "CHG-7" */
	int64_t if_version; /* -1 = any */
	char ids[2][ID_SIZE];
	struct change *ret_change;
};

/* Loads, and refuses another version (ERROR_STALE). */
int change_act_load(
	struct store_tx *tx, struct change_act *act, struct change **ret, struct error *err);
/* One of the roles in the scope of each service of the revision. */
int change_require(const struct principal *by, unsigned roles, const struct revision *revision,
	struct error *err);
bool change_is_executor(const struct principal *by, const struct revision *revision);
bool change_is_requester(const struct principal *by, const struct change *change);

struct change_file {
	struct change_act act;
	const char *title;
	const json_t *body; /* as filed; borrowed */
};
int change_file(struct store_tx *tx, struct change_file *file, struct error *err);
/* A new revision: approvals void, grants revoked. ERROR_CONFLICT once a step ran, ERROR_NO_EFFECT
 * when it is the same. */
int change_edit(struct store_tx *tx, struct change_file *file, struct error *err);

struct change_command {
	struct change_act act;
	const char *reason; /* or NULL */
	/* Of a waiver. */
	const char *rule;
	char waiver_id[ID_SIZE];
	int64_t expires_at_us;
};
int change_submit(struct store_tx *tx, struct change_command *command, struct error *err);
int change_reassess(struct store_tx *tx, struct change_command *command, struct error *err);
int change_cancel(struct store_tx *tx, struct change_command *command, struct error *err);
int change_done(struct store_tx *tx, struct change_command *command, struct error *err);
int change_accept(struct store_tx *tx, struct change_command *command, struct error *err);
/* Closed as failed: nothing of it is put back. */
int change_close_failed(struct store_tx *tx, struct change_command *command, struct error *err);
int change_waive(struct store_tx *tx, struct change_command *command, struct error *err);
int change_comment(struct store_tx *tx, struct change_command *command, struct error *err);

/* --- change_approval.c --- */

/* "sha256:...": what an approval of it signs. */
void change_approval_digest(
	const struct change *change, const char *rules_revision, char ret[static DIGEST_TEXT_SIZE]);
/* Ids of those whose approval never counts: requester, every author, executors; NULL-ended. */
int change_excluded(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, const char *const **ret, struct error *err);
/*
 * The level of approval: what the rules ask for, at least one person; nobody for a standard change
 * without findings that count, whose template was approved and who asks for no exception. A
 * critical finding asks for level 3, whoever waived it.
 */
int64_t change_level(const struct revision *revision, const struct risk_report *report);
/* The levels of that request, by service. */
void change_levels(struct store_tx *tx, const struct change_limits *limits,
	const struct revision *revision, int64_t level, const char *const *excluded,
	struct arena *arena, struct approval_level *ret, size_t *ret_count);
struct change_ask {
	const struct change_limits *limits;
	const struct change *change;
	const struct revision *revision;
	const struct risk_report *report;
	const char *approval_id, *notify_id;
	int64_t at_us;
};
int change_ask_approval(
	struct store_tx *tx, struct arena *arena, const struct change_ask *ask, struct error *err);
/* In the shape of approvals_follow; `changes` is its argument. */
int change_follow_approval(void *changes, struct store_tx *tx, const struct approval_ended *what,
	int64_t at_us, struct error *err);

struct change_decide {
	struct change_act act;
	enum approval_decision decision;
	const char *revision_digest; /* that was shown; NULL for a rejection = the current one */
	const char *reason;
	const char *on_behalf_of; /* who delegated to the principal, or NULL */
	char decision_id[ID_SIZE];
};
/* STALE_REVISION or SELF_APPROVAL when that is why the principal can't decide; else REASON_COUNT.
 */
enum gate_reason change_decide_reason(
	struct store_tx *tx, struct arena *arena, const struct change_decide *decide);
/* The error for one of the two; returns its code. */
int change_refuse_decision(struct error *err, enum gate_reason reason, const char *name);
int change_decide(struct store_tx *tx, struct change_decide *decide, struct error *err);

/* --- change_narrow.c --- */

/*
 * Does the body `to` do less than `from`, and nothing else? A shorter window, or fewer targets,
 * each taken away from all steps.
 */
bool change_is_narrower(const json_t *from, const json_t *to);
/*
 * 1 when the pending revision is only narrower than the newest one of before that the person
 * approved, with nothing found that they had not seen, no higher level and the same exceptions;
 * `ret_diff` (what was taken away) is the caller's then. 0 when not, or negative.
 */
int change_find_narrower(struct store_tx *tx, struct arena *arena, const struct change *change,
	const char *person_id, int64_t *ret_revision, json_t **ret_diff, struct error *err);
/* change_decide, for what change_find_narrower finds; ERROR_CONFLICT for everything else. */
int change_reapprove(struct store_tx *tx, struct change_decide *decide, struct error *err);

/* --- change_exception.c --- */

/* ERROR_NOT_FOUND, ERROR_INVALID for a calendar that is not there or has no approvers. */
int change_check_exception(struct store_tx *tx, struct arena *arena,
	const struct revision *revision, struct error *err);
/*
 * What closes in the window, of the calendars of which the revision asks an exception, as canonical
 * JSON in the arena; "" when there is nothing. A calendar that is stale or has no approvers at any
 * moment of the window is not in it.
 */
int change_list_exceptions(struct store_tx *tx, struct arena *arena,
	const struct revision *revision, int64_t now_us, const char **ret_text, struct error *err);
/* The same as a list; the caller's. */
json_t *change_exceptions_json(const char *exceptions);
/* One level for each group that must say yes to them, behind the others. */
void change_add_exception_levels(struct arena *arena, const struct revision *revision,
	const char *exceptions, struct approval_level *levels, size_t *count);

/* --- change_standard.c --- */

/* Is the version of its template active and approved now? ERROR_NOT_APPROVED says why not. */
int change_check_template(struct store_tx *tx, struct arena *arena, const struct revision *revision,
	int64_t now_us, struct error *err);
/* A pending one of level 0: approved, and its grants minted. */
int change_approve_standard(struct store_tx *tx, struct arena *arena, struct change *change,
	const struct revision *revision, const struct audit_actor *actor, int64_t at_us,
	struct error *err);

/* --- change_mint.c --- */

int change_mint(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, const struct audit_actor *actor, int64_t at_us,
	struct error *err);

/* --- change_waive.c --- */

/* Rules that are waived for that revision at that time; NULL-ended. */
int change_waived(struct store_tx *tx, struct arena *arena, const struct change *change,
	int64_t now_us, const char *const **ret, struct error *err);

/* --- change_input.c: what rules are given --- */

/*
 * {limits, protected_paths, tier0_units, trusted_dirs, baselines}: what does not come out of the
 * store. `baselines` has one of true, false for each metric. The caller's.
 */
json_t *change_rule_frame(const struct change_limits *limits, const bool *baselines, size_t count);
struct rule_input {
	struct store_tx *tx;
	const struct change *change;
	const struct revision *revision;
	const json_t *frame;
	const struct alerts *alerts; /* NULL = no sources */
	size_t rendering_bytes;
	int64_t now_us;
};
/* {request, steps, context}; the caller's. `ret_context` as change_rule_input has it. */
int change_make_input(struct arena *arena, const struct rule_input *input, json_t **ret,
	char ret_context[static DIGEST_TEXT_SIZE], struct error *err);
/* The steps with their commands analysed; the caller's. */
int change_input_steps(
	struct arena *arena, const struct rule_input *input, json_t **ret, struct error *err);

/* --- change_batch.c --- */

/* The batches of the request: array of {seq, phase, targets, percent, observe_s, zones,
 * whole_shards}; the caller's. */
int change_input_batches(
	struct arena *arena, const struct rule_input *input, json_t **ret, struct error *err);

/* --- change_context.c --- */

/* The context of the input; `steps` as above. The caller's. */
int change_input_context(struct arena *arena, const struct rule_input *input, const json_t *steps,
	json_t **ret, struct error *err);
/* Labels of each target, for calendars: array of objects of texts, the caller's. */
int change_labels(struct store_tx *tx, struct arena *arena, const struct revision *revision,
	json_t **ret, struct error *err);

/* --- change_claim.c --- */

/* What the change touches: of its commands, of its services, of what its revision names. */
int change_claims(struct arena *arena, const struct revision *revision, const json_t *steps,
	struct object_claim **ret, size_t *ret_count, struct error *err);

/* --- change_settle.c: what runs mean --- */

/* Of executing and verifying ones: on to verifying, closed as rolled back, or nothing. */
int change_settle(struct store_tx *tx, struct change *change, const struct audit_actor *actor,
	int64_t now_us, struct error *err);
/* Of an executing one: on to verifying, whatever is left. ERROR_CONFLICT while commands run. */
int change_end_runs(struct store_tx *tx, struct change *change, const char *reason,
	const struct audit_actor *actor, int64_t now_us, struct error *err);

/* --- revision_complete.c --- */

struct revision_filing {
	struct store_tx *tx;
	const char *person; /* who files: the executor, when none is named */
	const json_t *filed;
};
/* A whole body out of what was filed: defaults, targets with their identity, contents with their
 * size. *ret_body is the arena's. */
int revision_complete(struct arena *arena, const struct revision_filing *filing, json_t **ret_body,
	struct error *err);

/* --- render.c --- */

struct render_input {
	struct store_tx *tx; /* for contents */
	const struct change *change;
	const struct change_revision *row;
	const struct revision *revision;
	const struct risk_report *report; /* NULL = without findings */
};
/* The canonical rendering, UTF-8, in the arena. ERROR_TOO_LARGE beyond CHANGE_RENDER_MAX. */
int change_render(struct arena *arena, const struct render_input *input, const char **ret_text,
	struct error *err);
void change_render_digest(const char *text, char ret[static DIGEST_TEXT_SIZE]);

/* --- diff.c --- */

/* What differs between two JSON values: array of {path, from, to}; from or to is absent where
 * there is nothing. The caller's. */
json_t *change_diff(const json_t *from, const json_t *to);

/* --- change_json.c --- */

json_t *change_json(const struct change *change);
/* With its revision, findings, approval, waivers, comments, readings. */
int change_detail_json(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct principal *principal, int64_t now_us, json_t **ret, struct error *err);

/* --- changes.c --- */

struct assessment;
struct verification;
struct changes {
	struct changes_options options;
	struct loop_timer *timer;
	struct assessment *assessments; /* that are under way */
	struct verification *verifications;
	struct change_waiter *waiters;
	bool is_looking, is_stopping;
	int64_t looking_at_us; /* time of the closure that is under way */
	int64_t news_at_us;    /* when links of incidents are looked at next */
};

const struct change_limits *changes_limits(const struct changes *changes);
struct approvals *changes_approvals(const struct changes *changes);
/* After the commit of a submit: the assessment begins. From inside the closure. */
void changes_assess_soon(struct changes *changes, struct store_tx *tx, int64_t seq);
/* `told(arg)` once no assessment of it is under way, at the latest when all stops; never now. */
void changes_when_assessed(
	struct changes *changes, int64_t seq, void (*told)(void *arg), void *arg);
/* Says so to those who wait. */
void changes_tell_assessed(struct changes *changes, int64_t seq);

/* --- change_assess.c --- */

/* Begins unless one of it is under way. */
void change_assess(struct changes *changes, int64_t seq);
bool change_is_assessing(const struct changes *changes, int64_t seq);
void change_assess_stop(struct changes *changes);

/* --- change_verify.c --- */

void change_verify(struct changes *changes, int64_t seq);
void change_verify_stop(struct changes *changes);

/* --- change_metric.c: what Prometheus says, three-valued --- */

enum metric_answer { METRIC_UNKNOWN, METRIC_PASS, METRIC_FAIL };
/* Called once, later, on the loop. `value` is what was read, or a sentence why it is not known. */
typedef void metric_done(void *arg, enum metric_answer answer, const char *value);
/* Does the metric hold over its window, now? */
void metric_verify(struct changes *changes, const struct revision_metric *metric, metric_done *done,
	void *arg);
/* Has it had data in the last 7 days? UNKNOWN is no. */
void metric_has_baseline(struct changes *changes, const struct revision_metric *metric,
	metric_done *done, void *arg);
/* Of a value in canonical JSON; UNKNOWN for what is no number. */
enum metric_answer metric_compare(const char *value, const char *op, const char *threshold);
/* The query that gives the worst value within the window; NULL for an op that is none. */
const char *metric_worst_query(struct arena *arena, const struct revision_metric *metric);

#endif
