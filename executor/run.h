/*
 * The engine's memory of one open execution, between its rooms (internal to executor/).
 *
 * A run is walked again at every event (a commit that returned, an answer of a target, a timer,
 * a command): the walk looks at steps and the latest readings and decides what is next. What it
 * decides becomes one batch: facts (outcomes, samples, step states) and proposals (intents, a
 * new state of the run). The batch is one closure; proposals are dropped when a command changed
 * the run meanwhile. Only after its COMMIT does anything leave the house. When a commit fails,
 * its facts are sent again as soon as the store can write, so outcomes are not forgotten; its
 * proposals are decided anew.
 */
#ifndef RB_EXECUTOR_RUN_H
#define RB_EXECUTOR_RUN_H

#include "adapters/adapter.h"
#include "executor/effect.h"
#include "executor/execution.h"
#include "executor/execution_store.h"
#include "executor/executor.h"
#include "executor/executor_rooms.h"
#include "inventory/target.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/loop.h"
#include "lib/base/time.h"
#include "plans/graph.h"
#include "plans/plan.h"
#include "safety/item.h"

#define RUN_UNKNOWN_LIMIT_MS  30000 /* UNKNOWN so long: PAUSED(unknown_health) */
#define RUN_ABORT_LIMIT_MS    30000 /* what is in flight when a run is aborted gets so long */
#define RUN_TARGET_TIMEOUT_MS 5000
#define RUN_FRESH_MS	      1000 /* a reading so young is "now" */

struct run;
struct step;
struct batch;

/* One register or reading of the graph as the run knows it. */
struct probe {
	struct run *run;
	size_t reg;
	const char *key; /* safety_register_key */
	const struct adapter *adapter;
	const struct adapter_type *type;
	struct adapter_target target;
	struct adapter_register address;
	const struct target *source; /* as it was found; NULL = none */
	const char *args_json;	     /* canonical list */
	const char *problem;	     /* why it cannot be read at all, or NULL */
	/* the latest answer */
	bool is_asked;
	int64_t sampled_ms; /* monotonic; 0 = never */
	/* what we wrote makes older samples worthless: writes so far, when it was asked, when the
	 * latest answer was asked */
	int64_t writes, asked_writes, sample_writes;
	enum adapter_outcome outcome;
	char *value; /* NULL = absent or none */
	char *message;
	/* at the start of the run */
	bool has_start;
	enum adapter_outcome start_outcome;
	const char *start_value;
	const char *baseline; /* of the restored run's item; else start_value */
	bool was_touched;     /* by the restored run */
	const char *restored; /* what it was before that run */
	/* what we believe the world has: start, then what we wrote */
	const char *known;
	bool has_known;
	int64_t need_ms; /* somebody wants it at least this fresh; 0 = nobody */
};

/* Since when a predicate is true without a break; a tree beside the predicate's. */
struct tracker {
	int64_t true_since_ms; /* 0 = it is not */
	struct tracker *of;
};
enum tri { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN };

struct guard_state {
	struct tracker tracker;
	int64_t unknown_since_ms;
	enum tri last;
};

struct step_list {
	struct step *steps;
	size_t count;
	size_t cursor;
};

enum effect_phase {
	EFFECT_PHASE_READ,   /* asked for its value now */
	EFFECT_PHASE_DECIDE, /* it is there */
	EFFECT_PHASE_COMMIT, /* the intent is on its way to the disk */
	EFFECT_PHASE_SENT,
	EFFECT_PHASE_READ_BACK,
	EFFECT_PHASE_COMPARE,
	EFFECT_PHASE_SETTLE, /* not yet as wanted: read again soon */
	EFFECT_PHASE_RECORD, /* the outcome is on its way to the disk */
	EFFECT_PHASE_END,
};

struct effect {
	struct run *run;
	struct step *step; /* NULL for an undo */
	struct probe *probe;
	enum effect_phase phase;
	struct effect_row row;
	enum effect_state from; /* what its row says until the outcome is written */
	bool is_recovered;	/* an intent without outcome, found at boot */
	bool has_row;
	bool is_begun, is_counted; /* undo: asked for; in the tally */
	const char *item_ours;	   /* undo: what our item says */
	const char *item_before;   /* undo: or this, when the latest write has no certain end */
	bool item_is_top;
	enum adapter_outcome now_outcome;
	const char *now, *now_version, *now_message;
	enum adapter_outcome sent_outcome;
	const char *sent_message;
	int64_t answered_ms; /* when `now` came */
	int64_t sent_ms, settle_until_ms, again_ms;
};

struct step {
	struct run *run;
	struct step *parent; /* NULL at the top */
	const struct graph_node *node;
	struct step *ramp;	/* the ramp whose stage it stands in, or NULL */
	const char *group_path; /* of the nearest each or parallel around it, or its own */
	enum step_state state;
	const char *message;
	int64_t position; /* ramp: stage; each: batch */
	int64_t started_at_us, ended_at_us;
	int64_t started_ms; /* monotonic; 0 = not in this life of the daemon */
	struct step_list body;
	struct step_list *branches;
	struct step *failed_child; /* each: the latest step that failed in a branch */
	bool *branch_failed;	   /* each: which have failed */
	int64_t hold_since_ms;
	int64_t unknown_since_ms;
	bool is_level_set;  /* ramp: the stage's body is done */
	bool is_going_back; /* ramp: this stage was reached by back_if */
	int back_count;
	struct tracker tracker, back_tracker;
	struct guard_state *guards;
	struct effect *effect;
	int64_t attempt;
	enum pause_reason failure; /* why FAILED: failed_step, conflict, in_doubt */
	bool is_retry;
	int64_t last_seq; /* set: of its latest effect in the journal */
};

struct undo_group {
	const char *path;
	struct effect **effects;
	size_t count;
	size_t at_once; /* so many at a time; 0 = all */
};

struct run {
	struct executor *executor;
	struct run *next;
	struct arena arena;
	struct execution *row;
	struct graph *graph;
	const char *lines;
	struct probe *probes; /* one a register */
	struct step_list body;
	struct guard_state *guards;
	struct step **by_path;	  /* all steps, reading order */
	struct step **path_index; /* the same, sorted by path */
	struct probe **key_index; /* the probes, sorted by key */
	size_t step_count;
	int64_t effect_seq;

	struct batch *draft; /* what this walk decides */
	struct batch *out;   /* what is being committed */
	bool is_dirty;
	bool is_closed; /* thrown away once the last call has come back */
	bool is_sampled;
	bool is_expected;   /* its start is being committed: it reads, and does nothing else */
	int64_t started_ms; /* monotonic, in this life */
	size_t calls;	    /* to targets, under way */
	size_t in_flight;   /* effects between the proposal of an intent and its recorded outcome */
	struct loop_timer *timer;
	int64_t wake_ms; /* monotonic; 0 = never */
	int64_t abort_since_ms;

	/* the walk wants the run to stop when nothing is in flight any more */
	bool is_stopping;
	enum execution_state stop_state;
	enum pause_reason stop_reason;
	const char *stop_message;
	struct step *failed; /* the latest step that failed in this walk */
	bool has_exceptions; /* something was skipped, marked or given up: the end says so */

	bool is_undo_planned;
	struct undo_group *groups;
	size_t group_count, group_capacity, group_cursor;
	size_t undo_conflicts, undo_failures;
	/* a rehearsal only reads: called once, when every register was asked */
	void (*rehearsed)(void *arg, struct run *run);
	void *rehearsed_arg;
};

/* --- run_load.c: from the rows --- */
int run_load(struct executor *executor, const char *id, struct run **ret, struct error *err);
/*
 * A run whose start is being committed, without its row: graph and targets, for reading only.
 * ERROR_TOO_LARGE when it reads more than is worth to be read ahead.
 */
int run_load_expected(struct executor *executor, const char *id, const char *graph_digest,
	struct run **ret, struct error *err);
/* Its start is committed: takes its row. ERROR_STALE when what was loaded is not what is now. */
int run_take_over(struct run *run, struct error *err);
void run_apply_baselines(struct run *run);
/* A run without a row that only looks: for previews. `rehearsed` is called later; then run_close.
 */
int run_rehearse(struct executor *executor, const char *graph_bytes, size_t length,
	const char *restores_id, void (*rehearsed)(void *arg, struct run *run), void *arg,
	struct error *err);

/* --- run.c: life and the turn of the walk --- */
void run_begin(struct run *run);  /* once it is in the executor's list */
void run_wake(struct run *run);	  /* walk it at the start of the next turn */
bool run_sample(struct run *run); /* asks every register; true when all have answered */
void run_keep_start(struct run *run);
void run_wake_at(struct run *run, int64_t at_ms); /* the earliest wins */
void run_close(struct run *run);
void run_try_free(struct run *run); /* when closed and nothing is under way */
/* Walks are many, and their texts live as long as the run: ask before a text is made. */
bool run_can_stop(const struct run *run);
void run_stop(
	struct run *run, enum execution_state state, enum pause_reason reason, const char *message);
const char *run_text(struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Something was skipped, marked, kept or tolerated: the end says so. Durable with this walk. */
void run_note_exception(struct run *run);
/* What a row says now: state, reason, message, version, deadline. */
void run_take_row(struct run *run, const struct execution *row);

/* --- run_tree.c: steps from the graph, state from the rows --- */
void run_tree_build(struct run *run);
struct step *run_step_at(struct run *run, const char *path); /* or NULL */
bool step_is_done(const struct step *step);
/* Failed, and nothing above it got over that (max_failures). */
bool step_is_open_failure(const struct step *step);
/* How many of its children or branches have a failure that they cannot get over by themselves. */
size_t step_count_stuck(const struct step *step);
void step_reset(struct step *step); /* NOT_STARTED again, with all below it */
void step_list_reset(struct step_list *list);
void run_tree_rewind(
	struct run *run); /* after a command: look at everything again, clocks start anew */

/* --- run_batch.c: what a walk decided, as one closure --- */
struct batch *run_batch(struct run *run); /* the open one */
bool run_batch_send(struct run *run);	  /* false when there was nothing */
/* The one whose commit failed, if there is one: what is known in memory is not lost. */
void run_batch_send_again(struct run *run);
void batch_add_step(struct run *run, struct step *step);
void batch_add_samples(struct run *run);
void batch_add_intent(struct run *run, struct effect *effect);	/* dropped when the run changed */
void batch_add_outcome(struct run *run, struct effect *effect); /* a fact */
void batch_add_state(
	struct run *run, enum execution_state state, enum pause_reason reason, const char *message);
void batch_add_exception(struct run *run);
void batch_add_command_seq(struct run *run, int64_t seq);
void batch_add_item_close(struct run *run, const char *item_id, const char *reason);
/* A person chose to undo over the third value that was found: it is what the item has now. */
void batch_add_item_adopt(struct run *run, const char *item_id, const char *reason);
void batch_forget(struct run *run);

/* --- run_walk.c --- */
/* BUSY: something of it is under way. IDLE: not done, nothing under way, and nothing new may start.
 */
enum verdict { VERDICT_DONE, VERDICT_BUSY, VERDICT_IDLE, VERDICT_FAILED };
struct walk {
	struct run *run;
	int64_t now_ms, now_us;
	bool may_start; /* nothing stops new nodes, and every guard around is known and quiet */
};
enum verdict walk_list(struct walk *walk, struct step_list *list);
enum verdict walk_step(struct walk *walk, struct step *step);
void step_begin(struct walk *walk, struct step *step, enum step_state state);
void step_end(struct walk *walk, struct step *step, enum step_state state, const char *message);
enum verdict step_fail(struct walk *walk, struct step *step, enum step_state state,
	enum pause_reason why, const char *message);
/* --- run_block.c: step parallel each ramp call --- */
enum verdict walk_block(struct walk *walk, struct step *step);
enum verdict walk_parallel(struct walk *walk, struct step *step);
enum verdict walk_each(struct walk *walk, struct step *step);
enum verdict walk_ramp(struct walk *walk, struct step *step);
/* Guards of one block; false = nothing new may start under it now. */
bool walk_guards(struct walk *walk, const struct graph_guards *guards, struct guard_state *states,
	int64_t since_ms);

/* --- run_probe.c: reading the world --- */
void probe_need(struct probe *probe, int64_t at_most_ms);
void probes_clear_needs(struct run *run);
void probes_read(struct run *run, int64_t now_ms); /* starts what is due, sets the wake-up */
void probe_ask(struct probe *probe);
/* The latest answer says what is there: not asked before our last write of it. */
bool probe_is_current(const struct probe *probe);
struct probe *probe_of_key(struct run *run, const char *key); /* or NULL */
void probes_index(struct run *run);			      /* once all have their key */

/* --- predicate.c --- */
enum tri predicate_now(struct run *run, const struct graph_predicate *predicate,
	struct tracker *tracker, int64_t since_ms, int64_t now_ms);
void predicate_need(struct run *run, const struct graph_predicate *predicate, int64_t at_most_ms);
void tracker_init(
	struct arena *arena, struct tracker *tracker, const struct graph_predicate *predicate);
void tracker_reset(struct tracker *tracker, const struct graph_predicate *predicate);
const char *predicate_text(
	struct run *run, const struct graph_predicate *predicate); /* with the values now */

/* --- value.c: forms and numbers --- */
enum value_outcome { VALUE_OK, VALUE_LEAVE_ALONE, VALUE_NOT_YET, VALUE_ERROR };
/* The canonical value that a set wants; NULL in *ret = absent. NOT_YET: readings that `rest` needs
 * are asked for. */
enum value_outcome value_of_set(
	struct run *run, const struct graph_node *node, const char **ret, struct error *err);
/* A canonical value for people: 0.3 instead of its decimal form. NULL is "absent". */
const char *value_text(struct arena *arena, const char *canonical);
bool value_number(const char *canonical, long double *ret);
/* A number of a threshold: literal, percent or reading; false = not known. */
bool value_threshold(struct run *run, const json_t *than, size_t reading, long double *ret);
bool value_is_relative(const json_t *value);

/* --- run_effect.c --- */
struct effect *effect_new(struct step *step);
enum verdict walk_set(struct walk *walk, struct step *step);
void effect_go_on(struct walk *walk, struct effect *effect);
void effect_read(struct effect *effect); /* starts its first read */
/* Recorded as IN_DOUBT: an abort waited long enough. Nothing when its outcome is decided. */
void effect_give_up(struct walk *walk, struct effect *effect);
void effect_send(struct effect *effect); /* its intent is on disk */
/* --- run_undo.c --- */
void undo_walk(struct walk *walk);
/* What is on its way ends; nothing new is sent. With `is_given_up` its outcome is IN_DOUBT now. */
void undo_drain(struct walk *walk, bool is_given_up);
/* An undo whose intent has no outcome, found in the rows. */
void undo_recover(struct run *run, const struct effect_row *row);
/* A person's answer to conflicts: of the item with this path, or all (NULL). */
void undo_answer(struct run *run, const char *path, const char *value);
void undo_retry(struct run *run); /* plan anew from the rows */

/* --- run_command.c: commands that the engine takes in --- */
void run_take_commands(struct walk *walk);

/* --- reading.c --- */
/* What the registers hold and what each set would write, as canonical JSON in the run's arena. */
const char *reading_of(struct run *run);
/* What a set would write now against what the preview showed: a sentence when a number moved, else
 * NULL. */
const char *reading_moved(struct run *run);

/* --- effect_rules.c: pure decisions, canonical values in (NULL = absent) --- */
enum effect_choice { EFFECT_DO_NOTHING, EFFECT_SEND, EFFECT_CHOOSE };
/* apply: already so = nothing, else send. */
enum effect_choice effect_rule_apply(const char *now, const char *wanted);
/* undo: at the baseline = nothing; ours = send; else a person chooses. */
enum effect_choice effect_rule_undo(const char *now, const char *baseline, const char *ours);
/* after a crash: as wanted = nothing; at the baseline = send again; else a person chooses. */
enum effect_choice effect_rule_recover(const char *now, const char *baseline, const char *wanted);
/* what a write and its read-back came to; INTENT = look again while it may settle */
enum effect_state effect_rule_outcome(enum adapter_outcome sent, enum adapter_outcome read,
	const char *now, const char *wanted, bool may_settle);

#endif
