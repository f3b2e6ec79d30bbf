/*
 * Risk rules: Lua files, evaluated all at once in one jailed child on one structured input; what
 * they find, what that scores, and which level of approval follows. A rule that fails blocks.
 */
#ifndef RB_CHANGE_RISK_RISK_H
#define RB_CHANGE_RISK_RISK_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/jail/jail.h"
#include "lib/store/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RISK_LEVELS	 4  /* 0 .. 3 */
#define RISK_HISTORY_MAX 40 /* past changes that are counted */

struct risk_finding {
	const char *rule; /* "FS-001", or "rule_error" */
	char severity;	  /* 'C' 'H' 'M' 'L' */
	const char *tier; /* "SHADOW" "WARN" "ENFORCE" */
	int64_t step;	  /* 0 = the change as a whole */
	const char *object, *seen, *message;
	const char *why, *suggestion, *doc, *owner, *waivable, *title; /* of the rule */
};

struct risk_report {
	struct risk_finding *findings; /* worst first, then by rule and step */
	size_t count;
	int64_t total;	   /* score of what counts (tier ENFORCE, not waived) */
	const char *terms; /* "K8S-002 8 + GRAY-001 8" */
	int level;	   /* 0 .. 3 */
	bool has_error;	   /* a rule failed, or the set could not be evaluated */
	/* Of past changes like this one, how many did not end well: the term `history`. */
	int64_t history_of, history_failed;
	char input_digest[72]; /* of the canonical input */
	char revision[72];     /* of the set of rules that was evaluated */
};

struct risk; /* the loaded set */
struct risk_options {
	struct jail *jail;
	const char *directory; /* of *.lua; NULL = the rules built into the program */
};
int risk_open(const struct risk_options *options, struct risk **ret, struct error *err);
void risk_close(struct risk *risk);
/* "sha256:...": over names and texts of all rules and their module. */
const char *risk_revision(const struct risk *risk);

/* The report lives in `arena`. Without a usable answer of the jail: err is given, and the caller
 * must treat the change as not assessed. Called once, later, on the loop. */
typedef void risk_done(void *arg, const struct risk_report *report, const struct error *err);
/* `input` is borrowed for the call, and has no real numbers: what is asked is canonical JSON. */
int risk_assess(struct risk *risk, struct arena *arena, const json_t *input, risk_done *done,
	void *arg, struct error *err);

/* Points of the history term, 0 .. 10: the rate of failures, smoothed by two that went well. */
int64_t risk_history_points(int64_t failed, int64_t of);
/*
 * Rules whose findings do not count, by id, NULL-ended (NULL = none): what was waived. Recomputes
 * total, terms and level. A rule counts once, however often it fires; one that nobody may waive,
 * and a rule_error, always.
 */
void risk_recount(struct risk_report *report, const char *const *waived, struct arena *arena);

/* --- findings as rows: of a revision of a change --- */
extern const struct store_schema risk_schema;
int risk_put(struct store_tx *tx, int64_t change_seq, int64_t revision,
	const struct risk_report *report, int64_t at_us, struct error *err);
/* ERROR_NOT_FOUND when that revision was never assessed. */
int risk_get(struct store_tx *tx, struct arena *arena, int64_t change_seq, int64_t revision,
	struct risk_report **ret, struct error *err);
json_t *risk_report_json(const struct risk_report *report); /* the caller's */

#endif
