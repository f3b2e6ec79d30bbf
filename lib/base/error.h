/*
 * What went wrong, as a value: a code (one row of the table below), a sentence for a person,
 * the field and place it is about, and the remedy. The caller owns the struct; nothing is
 * allocated. Low floors fill it in, the edge (HTTP, CLI, log) prints it.
 */
#ifndef RB_BASE_ERROR_H
#define RB_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* code, word (stable, in problem+json and --json), HTTP status, exit code of the programs */
#define ERROR_TABLE(X)                                                                             \
	X(INTERNAL, "internal", 500, 70)                                                           \
	X(NO_MEMORY, "no_memory", 503, 71)                                                         \
	X(IO, "io", 503, 74)                                                                       \
	X(USAGE, "usage", 400, 2)                                                                  \
	X(INVALID, "invalid", 400, 2)                                                              \
	X(UNAUTHENTICATED, "unauthenticated", 401, 3)                                              \
	X(FORBIDDEN, "forbidden", 403, 4)                                                          \
	X(NOT_FOUND, "not_found", 404, 6)                                                          \
	X(METHOD, "method_not_allowed", 405, 2)                                                    \
	X(CONFLICT, "conflict", 409, 5)                                                            \
	X(NO_EFFECT, "no_effect", 409, 5)                                                          \
	X(NOT_APPROVED, "not_approved", 409, 5)                                                    \
	X(LOCKED, "locked", 409, 5)                                                                \
	X(TARGETS_CHANGED, "targets_changed", 409, 5)                                              \
	X(READING_CHANGED, "reading_changed", 409, 5)                                              \
	X(STALE, "stale", 412, 7)                                                                  \
	X(TOO_LARGE, "too_large", 413, 2)                                                          \
	X(MEDIA, "unsupported_media_type", 415, 2)                                                 \
	X(PLAN, "plan_error", 422, 8)                                                              \
	X(NONDETERMINISTIC, "nondeterministic", 422, 8)                                            \
	X(RUNNER_TIMEOUT, "runner_timeout", 422, 8)                                                \
	X(RUNNER_LIMIT, "runner_limit", 422, 8)                                                    \
	X(KEY_REUSED, "idempotency_key_reused", 422, 2)                                            \
	X(PRECONDITION, "precondition_required", 428, 7)                                           \
	X(TOO_MANY, "too_many_requests", 429, 75)                                                  \
	X(UNREACHABLE, "unreachable", 503, 69)                                                     \
	X(REFUSED, "refused_by_target", 409, 5)                                                    \
	X(TIMEOUT, "timeout", 503, 75)                                                             \
	X(NOT_DURABLE, "not_durable", 503, 75)                                                     \
	X(DISK_FULL, "disk_full", 503, 75)                                                         \
	X(OUTCOME_UNKNOWN, "outcome_unknown", 503, 75)                                             \
	X(NO_JAIL, "no_jail", 503, 69)                                                             \
	X(TAMPERED, "tampered", 500, 9)

enum error_code {
	ERROR_NONE = 0,
#define X(name, word, http, exit_code) ERROR_POSITION_##name,
	ERROR_TABLE(X)
#undef X
#define X(name, word, http, exit_code) ERROR_##name = -ERROR_POSITION_##name,
		ERROR_TABLE(X)
#undef X
};

struct error {
	int code; /* 0 or one of enum error_code (negative) */
	char message[1024];
	char field[128];  /* which input, "" when none */
	char place[192];  /* where: file:line, target, path; "" when none */
	char remedy[384]; /* what to do or the next command; "" when none */
};

#define ERROR_INIT ((struct error){0})

/* Sets code and message, clears field, place and remedy. Returns `code`. err may be NULL. */
int error_set(struct error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Add to what error_set left; they return err->code, so that they can end a `return`. A NULL err
 * gives ERROR_INTERNAL: pass one where the code matters. */
int error_field(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int error_place(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int error_remedy(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "words: " before the message: each floor adds its few. Returns err->code. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sets `code` with the message "what: strerror(errno)". */
int error_errno(struct error *err, int code, const char *what);
void error_clear(struct error *err);

const char *error_word(int code);      /* "conflict"; "internal" for an unknown code */
int error_http(int code);	       /* 409 */
int error_exit(int code);	       /* exit code of the programs; 0 for 0 */
int error_from_word(const char *word); /* ERROR_INTERNAL when unknown */

#endif
