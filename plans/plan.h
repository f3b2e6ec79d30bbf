/*
 * Plans and their versions: registered, linted, submitted, approved, activated, superseded.
 * A version never changes; editing makes a new draft. Previews' graphs are built from versions
 * by the jailed runner, twice, and stored by their digest.
 */
#ifndef RB_PLANS_PLAN_H
#define RB_PLANS_PLAN_H

#include "adapters/adapter.h"
#include "approval/approval.h"
#include "inventory/target.h"
#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/error.h"
#include "lib/jail/jail.h"
#include "lib/store/store.h"
#include "people/people.h"
#include "plans/graph.h"

#include <jansson.h>
#include <stdint.h>

#define PLAN_VERSION_STATES(X)                                                                     \
	X(DRAFT, "DRAFT")                                                                          \
	X(IN_REVIEW, "IN_REVIEW")                                                                  \
	X(APPROVED, "APPROVED")                                                                    \
	X(ACTIVE, "ACTIVE")                                                                        \
	X(SUPERSEDED, "SUPERSEDED")                                                                \
	X(SUSPENDED, "SUSPENDED")                                                                  \
	X(RETIRED, "RETIRED")                                                                      \
	X(REJECTED, "REJECTED")                                                                    \
	X(DISCARDED, "DISCARDED")                                                                  \
	X(EXPIRED, "EXPIRED")
enum plan_version_state {
#define X(name, word) PLAN_##name,
	PLAN_VERSION_STATES(X)
#undef X
};
const char *plan_version_state_word(enum plan_version_state state);

struct plan_version {
	char id[ID_SIZE];
	const char *plan;   /* "checkout/drain-zone" */
	int64_t number;	    /* 1 .. */
	const char *digest; /* "sha256:..." over the script and its modules */
	const char *file;   /* display name, "drain-zone.lua" */
	const char *script;
	const char *modules;  /* canonical JSON {name: text} */
	const char *manifest; /* JSON as the runner gave it, defaults filled in */
	enum plan_version_state state;
	const char *state_reason;
	const char *created_by;			       /* person id */
	int64_t created_at_us, changed_at_us, version; /* version: for If-Match */
};

extern const struct store_schema plans_schema;
/* For a verification: versions, and graphs, against the log. */
extern const struct audit_crosscheck plan_version_crosscheck, graph_crosscheck;

/* Approvals of versions: subject kind, and id "<plan>@<number>". */
#define PLAN_APPROVAL_SUBJECT "plan_version"

/* --- the living part: lints, builds, follows approvals --- */

struct plans;
struct plans_options {
	struct store *store;
	struct jail *jail;
	const struct adapter_list *adapters;
	struct approvals *approvals;
};
/* Follows the approvals: the commit that ends one moves its version. Options are copied. */
int plans_open(const struct plans_options *options, struct plans **ret, struct error *err);
/* After jail_close and the store's last turn. NULL is fine. */
void plans_close(struct plans *plans);
struct plan_builder *plans_builder(struct plans *plans);

int plan_version_get(struct store_tx *tx, struct arena *arena, const char *plan, int64_t number,
	struct plan_version **ret, struct error *err);
/* ERROR_NOT_FOUND says whether there is no such plan (nearest name) or no active version (its
 * states, next command). */
int plan_version_get_active(struct store_tx *tx, struct arena *arena, const char *plan,
	struct plan_version **ret, struct error *err);
int plan_version_get_by_digest(struct store_tx *tx, struct arena *arena, const char *digest,
	struct plan_version **ret, struct error *err);

/* --- building a graph (awaits the runner) --- */

struct plan_build_request {
	const char *plan;	 /* the ACTIVE version of it, or `number` */
	int64_t number;		 /* 0 = active */
	const char *action;	 /* "apply" | "restore" */
	const char *kind, *mode; /* "real", "graceful" */
	const json_t *params;	 /* as given; copied. NULL = defaults and examples, for a look */
};
struct plan_build_result {
	const struct plan_version *version;
	struct graph *graph;
	const char *graph_bytes; /* canonical */
	size_t graph_length;
	char digest[DIGEST_TEXT_SIZE];
	const char *lines;		    /* JSON {path: "file:line"} */
	enum approval_class approval_class; /* computed from the graph and its targets */
};
struct plan_builder; /* holds store, jail, adapters: plans_builder */
/* `done` once, later: err with ERROR_PLAN, ERROR_NOT_FOUND ... and `errors` (borrowed JSON list of
 * {file,line,message}) when the plan is at fault. The result lives in `arena`. */
int plan_build(struct plan_builder *builder, struct arena *arena,
	const struct plan_build_request *request,
	void (*done)(void *arg, const struct plan_build_result *result, const json_t *errors,
		const struct error *err),
	void *arg, struct error *err);

/*
 * R0 .. R3 of a graph, from its nodes and the environment and site of the targets it writes. An
 * environment counts as production unless it is one of those known to be none (test, staging,
 * dev, lab ...); a target without an environment, and a switch, count as production.
 */
int plan_class_of(struct store_tx *tx, const struct graph *graph, enum approval_class *ret,
	struct error *err);
/* Are all targets of a stored graph still the same, and does every selector give the same list?
 * ERROR_TARGETS_CHANGED with the difference and the remedy. */
int plan_check_targets(struct store_tx *tx, const struct graph *graph, struct error *err);

/* --- stored graphs: content-addressed, immutable --- */

struct stored_graph {
	const char *digest;
	const char *bytes;
	size_t length;
	const char *version_id;
	const char *lines;
	enum approval_class approval_class;
};
/* Idempotent. */
int graph_store_put(
	struct store_tx *tx, const struct stored_graph *graph, int64_t at_us, struct error *err);
int graph_store_class(
	struct store_tx *tx, const char *digest, enum approval_class *ret, struct error *err);
/* Verified by hashing its bytes: ERROR_TAMPERED when they are not what the digest says. */
int graph_store_get(struct store_tx *tx, struct arena *arena, const char *digest,
	struct stored_graph **ret, struct error *err);

#endif
