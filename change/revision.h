/*
 * What a change is to do, as data: the body of a revision. Canonical JSON; its digest is what
 * people approve. Everything that can change an effect, a risk or who may approve is in it; title
 * and comments are not. Immutable once submitted.
 */
#ifndef RB_CHANGE_REVISION_H
#define RB_CHANGE_REVISION_H

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REVISION_STEPS_MAX   200
#define REVISION_TARGETS_MAX 5000
#define REVISION_BODY_MAX    ((size_t)256 * 1024)
#define REVISION_CONTENT_MAX ((size_t)1024 * 1024)

/* word */
#define STEP_PHASES(X)                                                                             \
	X(CANARY, "canary")                                                                        \
	X(BATCH, "batch")                                                                          \
	X(FULL, "full")                                                                            \
	X(VERIFY, "verify")                                                                        \
	X(ROLLBACK, "rollback")
/* exec: argv; script: contents[0] is executed; sql: argv is the client, contents[0] its input;
 * api, release: done by a platform through the decision API; edit: sudoedit of files; shell: a
 * session on the targets. */
#define STEP_KINDS(X)                                                                              \
	X(EXEC, "exec")                                                                            \
	X(SCRIPT, "script")                                                                        \
	X(SQL, "sql")                                                                              \
	X(API, "api")                                                                              \
	X(RELEASE, "release")                                                                      \
	X(EDIT, "edit")                                                                            \
	X(SHELL, "shell")
enum step_phase {
#define X(name, word) PHASE_##name,
	STEP_PHASES(X)
#undef X
};
enum step_kind {
#define X(name, word) STEP_##name,
	STEP_KINDS(X)
#undef X
};
const char *step_phase_word(enum step_phase phase);
const char *step_kind_word(enum step_kind kind);

struct revision_content {
	const char *role;   /* "script", "sql", "manifest", "diff", "stdin", "file" */
	const char *name;   /* as people know it: "rotate.sh" */
	const char *sha256; /* 64 hex digits */
	int64_t size, mode; /* permission bits */
};

struct revision_step {
	int64_t seq; /* 1 .. */
	enum step_phase phase;
	enum step_kind kind;
	const char *path;	    /* realpath of argv[0]; "" for a script */
	const char *const *argv;    /* bytes, NULL-ended */
	const char *runas, *cwd;    /* cwd "" = any: "-" in the fingerprint */
	const char *const *targets; /* names, NULL-ended */
	const char *const *env;	    /* "NAME=value", sorted: what it may and must have */
	const char *stdin_content;  /* role "stdin": sha256, or NULL = none */
	struct revision_content *contents;
	size_t content_count;
	int64_t max_runs, timeout_s, observe_s;
	const char *irreversible_reason; /* NULL = it can be undone */
	int64_t rows; /* that a statement of it touches, or its table has, as declared; -1 = not
			 said */
};

struct revision_target {
	const char *name, *kind, *identity; /* identity: address of the target, "host:<...>" */
};

struct revision_metric {
	const char *name, *target, *query; /* target: a prometheus target of the inventory */
	const char *op;			   /* "<" "<=" ">" ">=" "==" */
	const char *threshold;		   /* decimal text */
	int64_t window_s;
};

struct revision {
	const char *type; /* "normal" "standard" "emergency" */
	const char *environment;
	const char *const *services, *const *executors, *const *coordinated_with; /* NULL-ended */
	int64_t start_us, end_us;
	const char *zone; /* of the tz database, for people */
	struct revision_step *steps;
	size_t step_count;
	struct revision_target *targets;
	size_t target_count;
	struct revision_metric *verification;
	size_t metric_count;
	int64_t observe_s;	    /* after the last step, before it can be closed */
	const char *const *objects; /* keys besides those that the steps show, "shared " before what
				       is only looked at */
	const char *template_name;  /* or NULL */
	int64_t template_version;
	const json_t *template_params; /* or NULL */
	const json_t *release;	       /* or NULL: platform, versions, phases, model (REL rules) */
	const char *incident;	       /* or NULL */
	/* Calendars of which it asks an exception, and why: NULL-ended, empty = of none. */
	const char *const *exception_calendars;
	const char *exception_reason; /* or NULL */
};

/*
 * Does the release of a body, where it has one, say all that the rules for releases look at? Asked
 * of what is filed; what was filed before may say less. The error names the field within it.
 */
int revision_check_release(const json_t *body, struct error *err);
/* Parses and checks a body (all fields, closed set of keys); the result lives in the arena. What a
 * person files has the same shape, with defaults filled in by revision_complete. */
int revision_parse(
	struct arena *arena, const json_t *body, struct revision **ret, struct error *err);
/* The canonical bytes and their digest ("rcm revision 1\n" before them). */
int revision_canonical(const json_t *body, char **ret_bytes, size_t *ret_length,
	struct digest *ret_digest, struct error *err);

/* By name; NULL when it is none of the revision. */
const struct revision_target *revision_target_of(const struct revision *revision, const char *name);

/* Arguments as JSON: text where it is UTF-8 without control characters, else {"b64": ...}. */
json_t *revision_bytes_json(const char *bytes);
int revision_bytes_parse(struct arena *arena, const char *field, const json_t *value,
	const char **ret, struct error *err);

#endif
