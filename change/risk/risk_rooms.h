/* Between the rooms of change/risk/. */
#ifndef RB_CHANGE_RISK_RISK_ROOMS_H
#define RB_CHANGE_RISK_RISK_ROOMS_H

#include "change/risk/risk.h"
#include "change/risk/risk_files.h"
#include "lib/base/digest.h"

/* What findings are called that say that a rule failed. */
#define RISK_ERROR_RULE "rule_error"

/* What a rule is. The texts of one that cannot be read are "". */
struct risk_rule {
	const char *id;
	char severity;
	const char *tier, *waivable, *owner, *title, *looks_at, *why, *suggestion, *doc;
	bool is_blocking;  /* its failure blocks */
	const char *fault; /* why it cannot be read; NULL = it can */
};

/* --- risk.c: the loaded set --- */

/* Called once: at once when it is known what the rules are, else later, on the loop. */
typedef void risk_ready(void *arg, const struct error *err);
bool risk_is_ready(const struct risk *risk);
int risk_need(struct risk *risk, risk_ready *ready, void *arg, struct error *err);
/* By id; only after risk_need. */
const struct risk_rule *risk_rules(const struct risk *risk, size_t *ret_count);

/*
 * The rules' own tests, in the jail: of the loaded set, or of `given` (without modules of its own:
 * with those of the loaded set). The answer {ok, rules, errors} lives in the arena.
 */
typedef void risk_tested(void *arg, const json_t *answer, const struct error *err);
int risk_test(struct risk *risk, struct arena *arena, const struct risk_files *given,
	risk_tested *done, void *arg, struct error *err);

/* --- risk_answer.c: what the jailed child says, believed in nothing but its text --- */

/* `rules` has the ids of the set, in order; filled in. */
int risk_answer_list(struct arena *arena, const char *bytes, size_t length, struct risk_rule *rules,
	size_t count, struct error *err);
/* Findings, and has_error; what a finding's rule is comes from `rules`. */
int risk_answer_report(struct arena *arena, const char *bytes, size_t length,
	const struct risk_rule *rules, size_t count, struct risk_report *ret, struct error *err);
int risk_answer_test(struct arena *arena, const char *bytes, size_t length, const json_t **ret,
	struct error *err);

/* --- risk_score.c --- */

void risk_score_sort(struct risk_report *report);

/* --- risk_json.c --- */

/* "critical" of 'C' */
const char *risk_severity_word(char severity);
json_t *risk_rule_json(const struct risk_rule *rule);

#endif
