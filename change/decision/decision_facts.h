/* Between the files that load the facts of a decision. */
#ifndef RB_CHANGE_DECISION_DECISION_FACTS_H
#define RB_CHANGE_DECISION_DECISION_FACTS_H

#include "change/decision/decision_rooms.h"

struct loading {
	struct store_tx *tx;
	struct arena *arena;
	const struct decision_question *question;
	const struct decision_analysis *analysis;
	const struct decision_assessed *assessed;
	const struct alerts *alerts; /* NULL = no sources */
	json_t *facts;
	/* What was found on the way. */
	struct target *target; /* NULL = not known */
	struct change *change; /* of the grant, or named by a release; NULL = none */
	struct revision *revision;
	struct decision_match match;
	struct object_claim *claims;
	size_t claim_count;
	struct release *release;
	/* What the rules are to be asked first; NULL = nothing. */
	json_t *rules;
	char context[DIGEST_TEXT_SIZE];
	struct error *err;
};

int loading_parent_kind(struct loading *l, const struct rcm_run *run, json_t *parent);

/* --- decision_world.c: what moves by itself --- */

int loading_calendar(struct loading *l);
int loading_conflicts(struct loading *l);
int loading_rules(struct loading *l);
int loading_emergency(struct loading *l);

/* What the rules are given of the command; of the release, when there is one. `frame` or NULL: what
 * they are told of the site; `follow_ups` or NULL: what is owed. The caller's. */
json_t *loading_rule_input(const struct loading *l, const json_t *frame, const json_t *follow_ups);
void loading_digest(const json_t *input, char ret[static DIGEST_TEXT_SIZE]);
json_t *loading_finding_json(const struct risk_finding *finding); /* the caller's */

/* --- decision_outlook.c --- */

int loading_outlook(struct loading *l);

/* --- release.c --- */

int loading_release(struct loading *l);

#endif
