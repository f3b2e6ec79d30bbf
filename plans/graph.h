/*
 * The effect graph: what one plan does for given parameters, as data. Parsed with hard limits
 * from bytes that nobody trusts, canonical, named by its digest. The engine walks this and
 * nothing else; the console and the CLI show it.
 */
#ifndef RB_PLANS_GRAPH_H
#define RB_PLANS_GRAPH_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRAPH_MAX_BYTES	  (8u << 20)
#define GRAPH_MAX_EFFECTS 20000
#define GRAPH_MAX_NODES	  60000
#define GRAPH_NONE	  SIZE_MAX /* no register, no reading */

struct graph_target {
	const char *name;	 /* declared name, "edges"; of a child "plan name/edges" */
	const json_t *selector;	 /* labels, or NULL */
	const char **members;	 /* inventory names, NULL-ended, sorted */
	const char **identities; /* "sha256:..." beside each member; NULL before graph_complete */
};

struct graph_register {
	const char *target;	 /* inventory name; NULL for a switch */
	const char *type;	 /* "haproxy.weight" */
	const char *const *args; /* NULL-ended */
	const json_t *http;	 /* or NULL */
	bool is_written;	 /* by a set of body or restore */
};

/* Predicates: three-valued questions about readings. */
enum graph_op {
	GRAPH_BELOW,
	GRAPH_ABOVE,
	GRAPH_AT_LEAST,
	GRAPH_AT_MOST,
	GRAPH_EQUALS,
	GRAPH_ALL,
	GRAPH_ANY,
	GRAPH_NONE_OF
};
struct graph_predicate {
	enum graph_op op;
	size_t reading;	    /* position in registers; GRAPH_NONE for all any none */
	const json_t *than; /* literal or form */
	struct graph_predicate *of;
	size_t of_count;
	int64_t lasting_ms; /* 0 = now */
};

enum graph_guard_action { GRAPH_PAUSE, GRAPH_ABORT, GRAPH_ROLLBACK };
struct graph_guard {
	const char *path;
	enum graph_guard_action action;
	struct graph_predicate predicate;
};
struct graph_guards {
	struct graph_guard *items;
	size_t count;
};

#define GRAPH_NODE_KINDS(X)                                                                        \
	X(SET, "set")                                                                              \
	X(RUN, "run")                                                                              \
	X(CHECK, "check")                                                                          \
	X(WAIT, "wait")                                                                            \
	X(HOLD, "hold")                                                                            \
	X(GATE, "gate")                                                                            \
	X(MANUAL, "manual")                                                                        \
	X(STEP, "step")                                                                            \
	X(PARALLEL, "parallel")                                                                    \
	X(EACH, "each")                                                                            \
	X(RAMP, "ramp")                                                                            \
	X(CHOOSE, "choose")                                                                        \
	X(CALL, "call")
enum graph_node_kind {
#define X(name, word) GRAPH_NODE_##name,
	GRAPH_NODE_KINDS(X)
#undef X
		GRAPH_NODE_KIND_COUNT
};
const char *graph_node_word(enum graph_node_kind kind);

struct graph_node;
struct graph_list {
	struct graph_node *nodes;
	size_t count;
};
/* A branch of each, a stage of ramp, a side of choose. */
struct graph_branch {
	const char *label; /* item or stage value as text; "yes" / "no" */
	const char *path;
	struct graph_list body;
};

struct graph_node {
	enum graph_node_kind kind;
	const char *path; /* "2.1.3"; in restore "r.1.1" */
	size_t depth;
	const char *title;   /* step: title; gate: question; manual: task; call: plan; else NULL */
	const char *version; /* call: digest of the child's version; else NULL */
	struct graph_guards guards;    /* step parallel call */
	struct graph_list body;	       /* step parallel call */
	struct graph_branch *branches; /* each: branches, ramp: stages, choose: [yes, no] */
	size_t branch_count;
	/* set */
	size_t reg;
	const json_t *value, *if_value;
	const char *if_version;
	/* check wait choose */
	struct graph_predicate *predicate; /* also ramp's go_if */
	struct graph_predicate *back_if;
	int64_t within_ms; /* 0 = none */
	int64_t hold_ms;
	const char *role;	     /* gate manual */
	const char *irreversible;    /* run manual: why, or NULL */
	const json_t *action, *undo; /* run: action objects; manual: undo is a text */
	struct graph_predicate *probe;
	int64_t at_once; /* 0 = all */
	int64_t max_failures;
	const int64_t *batches; /* cumulative counts */
	size_t batch_count;
	const size_t *needs; /* step inside parallel: positions of siblings */
	size_t need_count;
	bool forward_only;
};

struct graph {
	const char *plan;
	const char *version_digest; /* NULL before graph_complete */
	const char *kind;	    /* "real" | "drill" */
	const char *action;	    /* "apply" | "restore" */
	const char *mode;	    /* "graceful" | "ungraceful" */
	const json_t *params;
	struct graph_target *targets;
	size_t target_count;
	struct graph_register *registers;
	size_t register_count;
	struct graph_guards guards;
	struct graph_list body;
	bool has_restore;
	struct graph_guards restore_guards;
	struct graph_list restore;
	size_t node_count;   /* body and restore */
	size_t effect_count; /* of body; that of restore has the same limit */
	const json_t *root;  /* the whole object; kept alive by the arena */
};

/*
 * Parses and checks bytes (closed set of node kinds and fields, limits, register positions,
 * names, roles, durations). The graph lives in the arena. ERROR_PLAN names the node's path.
 */
int graph_parse(struct arena *arena, const char *bytes, size_t length, struct graph **ret,
	struct error *err);

/* What the daemon adds before the digest: version, kind, mode, an identity a target. */
struct graph_completion {
	const char *version_digest;
	const char *kind, *mode;
	/* identity text of an inventory target, or NULL when it is not there */
	const char *(*identity)(void *arg, const char *target_name);
	void *arg;
};
/* Canonical bytes of the completed graph (free with buf_done of the caller's) and its digest. */
int graph_complete(struct arena *arena, const char *runner_bytes, size_t length,
	const struct graph_completion *completion, struct buf *ret_bytes, struct digest *ret_digest,
	struct error *err);
#define GRAPH_DIGEST_DOMAIN "redbutton graph 1\n"

/* The node at a path, or NULL. */
const struct graph_node *graph_node_at(const struct graph *graph, const char *path);
/* Every node in reading order; `visit` returns false to end. */
void graph_each_node(const struct graph *graph, bool with_restore,
	bool (*visit)(void *arg, const struct graph_node *node), void *arg);
/* "weight checkout/zone-a on edge-1": a register for people, in the arena. */
const char *graph_register_text(struct arena *arena, const struct graph_register *reg);
/* "75", "drain", "75 %", "baseline": a value or a form for people, in the arena. */
const char *graph_value_text(struct arena *arena, const json_t *value);
/* "busy above 0.9 for 15s": a predicate for people, in the arena. */
const char *graph_predicate_text(
	struct arena *arena, const struct graph *graph, const struct graph_predicate *predicate);
/* One line of what the node does, without its children: "set weight b/s on edge-1 to 0". */
const char *graph_node_text(
	struct arena *arena, const struct graph *graph, const struct graph_node *node);
/* The whole graph as an indented tree; `lines` ({path: "file:line"}) may be NULL. */
void graph_add_tree(struct buf *out, const struct graph *graph, const json_t *lines);
bool graph_is_irreversible(const struct graph *graph);
/* The first node the engine of this release cannot walk, or NULL; `why` says what. */
const struct graph_node *graph_first_unsupported(const struct graph *graph, const char **ret_why);

#endif
