/* Between the rooms of plans/: rows, requests to the rules, the runner's input and output. */
#ifndef RB_PLANS_PLAN_ROOMS_H
#define RB_PLANS_PLAN_ROOMS_H

#include "lib/base/id.h"
#include "plans/plan.h"

#define PLAN_MAX_SCRIPT_BYTES  (1u << 20)
#define PLAN_MAX_MODULES       64
#define PLAN_MAX_MODULES_BYTES (1u << 20)
#define PLAN_MAX_CALLED	       64 /* plans that one build may reach */
#define PLAN_SUBJECT_SIZE      160

/* A plan's text as somebody sent it. */
struct plan_source {
	const char *file, *script;
	const json_t *modules; /* object of texts, or NULL */
};

/* --- plan.c: rules. Inputs are filled in by the API, ids and time included; ret_* is the answer
 * --- */

int plan_version_state_parse(const char *word, enum plan_version_state *ret);
/* File name, sizes, module names, UTF-8. */
int plan_source_check(const struct plan_source *source, struct error *err);
/* "sha256:..." over script and modules. */
void plan_source_digest(const struct plan_source *source, char ret[static DIGEST_TEXT_SIZE]);
/* "checkout/drain-zone@3" */
void plan_subject(const char *plan, int64_t number, char ret[static PLAN_SUBJECT_SIZE]);
/* The same back; false when it is none. */
bool plan_subject_parse(
	struct arena *arena, const char *subject, const char **ret_plan, int64_t *ret_number);

struct plan_add {
	const struct principal *principal;
	int64_t at_us;
	char id[ID_SIZE];
	struct plan_source source;
	const char *modules;	/* canonical JSON of source.modules */
	const json_t *manifest; /* as the runner gave it */
	struct arena *arena;
	struct plan_version *ret_version;
	bool ret_is_new;
};
/* A draft; the newest version when that has the same text and can still become active. */
int plan_add(struct store_tx *tx, struct plan_add *add, struct error *err);

struct plan_change {
	const struct principal *principal;
	int64_t at_us;
	const char *plan;
	int64_t number;
	int64_t if_version; /* -1 = any */
	const char *reason; /* of suspend; of resume, retire and discard it may be NULL */
	/* submit: */
	enum approval_class approval_class;
	struct scope scope; /* environment and service of what it writes */
	char approval_id[ID_SIZE], notify_id[ID_SIZE];
	struct arena *arena;
	struct plan_version *ret_version;
};
int plan_submit(struct store_tx *tx, struct plan_change *change, struct error *err);
int plan_activate(struct store_tx *tx, struct plan_change *change, struct error *err);
/* No run of it starts until it is resumed; those under way go on. An admin or an author of the
 * plan. */
int plan_suspend(struct store_tx *tx, struct plan_change *change, struct error *err);
int plan_resume(struct store_tx *tx, struct plan_change *change, struct error *err);
int plan_retire(struct store_tx *tx, struct plan_change *change, struct error *err);
int plan_discard(struct store_tx *tx, struct plan_change *change, struct error *err);
/* A version in review follows the end of its approval. Nothing to do is no error. */
int plan_follow_approval(
	struct store_tx *tx, const char *plan, int64_t number, int64_t now_us, struct error *err);

/* Kind and owner (team) of a manifest. */
struct scope plan_scope_of_manifest(const json_t *manifest);
/* A known person who is an author there, or has the other role (0 = none). */
int plan_require(const struct principal *principal, const struct scope *scope, unsigned or_role,
	struct error *err);
/* One record about the version; takes the detail. approval_id may be NULL. */
int plan_audit(struct store_tx *tx, const struct plan_version *version,
	const struct audit_actor *actor, enum audit_action action, json_t *owned_detail,
	const char *approval_id, int64_t at_us, struct error *err);

/* --- plan_json.c --- */

/* Of what never changes of a version: the first record about it carries it. */
const char *plan_terms(struct arena *arena, const struct plan_version *version);

/* --- plan_store.c --- */

/* All versions with all columns, and "subject", for a verification. */
struct store_query *plan_store_rows(struct store_tx *tx);
/* All graphs, likewise. */
struct store_query *graph_store_rows(struct store_tx *tx);

int plan_store_insert(struct store_tx *tx, const struct plan_version *version, struct error *err);
int plan_store_add_editor(struct store_tx *tx, const char *version_id, const char *person_id,
	int64_t at_us, struct error *err);
/* Who wrote it, or a version since the last one that was active. Person ids, NULL-ended. */
int plan_store_editors(struct store_tx *tx, struct arena *arena, const struct plan_version *version,
	const char *const **ret, struct error *err);
int plan_store_set_state(struct store_tx *tx, struct plan_version *version,
	enum plan_version_state state, const char *reason, int64_t at_us, struct error *err);
/* 1 and *ret, 0, or negative. */
int plan_store_find(struct store_tx *tx, struct arena *arena, const char *plan, int64_t number,
	struct plan_version **ret, struct error *err);
int plan_store_newest(struct store_tx *tx, struct arena *arena, const char *plan,
	struct plan_version **ret, struct error *err);
int plan_store_active(struct store_tx *tx, struct arena *arena, const char *plan,
	struct plan_version **ret, struct error *err);
/* Newest first. state NULL = all. */
int plan_store_list(struct store_tx *tx, struct arena *arena, const char *plan, const char *state,
	struct plan_version ***ret, size_t *ret_count, struct error *err);
/* Names of all plans, sorted, NULL-ended. */
int plan_store_names(struct store_tx *tx, struct arena *arena, const char ***ret, size_t *ret_count,
	struct error *err);

/* --- plan_input.c: what the runner is told --- */

struct plan_input {
	json_t *root;	 /* {verb, file, script, modules, ...}; the owner ends it */
	json_t *targets; /* name as in the graph -> list that was sent; borrowed from nowhere: its
			    own */
	json_t *called;	 /* plan -> digest of its active version */
};
void plan_input_done(struct plan_input *input);
int plan_input_build(struct store_tx *tx, struct arena *arena, const struct plan_version *version,
	const char *action, const json_t *params, struct plan_input *ret, struct error *err);
/* Of a text that is not stored: verb "manifest" or "lint"; `calls` NULL = none known. */
json_t *plan_input_source(const char *verb, const struct plan_source *source, const json_t *calls);
/*
 * The active versions of these plans and of all that they call, as the runner wants them. For a
 * lint without targets, and what has no active version is left out.
 */
int plan_input_calls(struct store_tx *tx, struct arena *arena, const json_t *names, bool is_lint,
	struct plan_input *input, struct error *err);
/* Values for a build that only looks: default, else example, else the first or least one. */
json_t *plan_trial_params(const json_t *manifest, const json_t *targets);

/* --- plan_output.c: what the runner said --- */

/* The parsed answer, in the arena. ERROR_PLAN when it is not of the contract's shape. */
int plan_output_parse(struct arena *arena, const char *bytes, size_t length, const json_t **ret,
	struct error *err);
bool plan_output_is_ok(const json_t *output);
/* ERROR_PLAN with "file:line: message" of each error as far as it fits; *ret the checked list. */
int plan_output_errors(
	struct arena *arena, const json_t *output, const json_t **ret, struct error *err);
/* The manifest, checked as far as we use it. */
int plan_output_manifest(const json_t *output, const json_t **ret, struct error *err);

/* --- plan_lint.c --- */

struct plan_lint_result {
	const json_t *manifest;		 /* NULL when there are errors */
	const json_t *errors, *warnings; /* lists; never NULL */
};
/* `done` once, later; err NULL or what went wrong (ERROR_PLAN: result has the errors). All
 * borrowed; in the arena. */
int plan_lint(struct plan_builder *builder, struct arena *arena, const struct plan_source *source,
	void (*done)(void *arg, const struct plan_lint_result *result, const struct error *err),
	void *arg, struct error *err);

/* --- plan_build.c, plan_check.c, plan_class.c --- */

struct plan_builder {
	struct store *store;
	struct jail *jail;
	const struct adapter_list *adapters;
};
/* Every register has an adapter, parses and is allowed; every literal parses. `lines` places
 * errors. */
int plan_check_registers(struct store_tx *tx, const struct adapter_list *adapters,
	const struct graph *graph, const json_t *lines, struct error *err);
/* What came back is about what was sent: plan, action, targets, versions of the called plans. */
int plan_check_answer(const struct graph *graph, const struct plan_version *version,
	const char *action, const struct plan_input *input, struct error *err);
/* Class and scope of a version that could not be built, from the targets its manifest names. */
void plan_class_of_manifest(struct store_tx *tx, const struct plan_version *version,
	enum approval_class *ret, struct scope *ret_scope, struct arena *arena);
/* Environment and service that all written targets share. */
int plan_scope_of(struct store_tx *tx, struct arena *arena, const struct graph *graph,
	struct scope *ret, struct error *err);
/* Targets of one declaration ({kind, name | labels ...}) in the inventory; *ret_count 0 = none. */
int plan_resolve(struct store_tx *tx, struct arena *arena, const char *declared,
	const json_t *declaration, struct target ***ret, size_t *ret_count, struct error *err);

/* --- plan_json.c --- */

json_t *plan_manifest(struct arena *arena, const struct plan_version *version);
json_t *plan_version_json(struct store_tx *tx, struct arena *arena,
	const struct plan_version *version, bool with_text);
int plan_json(struct store_tx *tx, struct arena *arena, const char *plan, bool with_versions,
	json_t **ret, struct error *err);

/* --- plan_diff.c --- */

/* Unified diff of two texts with three lines of context; "" when they are the same. In the arena.
 */
const char *plan_diff(struct arena *arena, const char *old_name, const char *old_text,
	const char *new_name, const char *new_text);

#endif
