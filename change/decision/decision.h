/*
 * The gate's decision: may this command run, now, by this person, on this target? Everything that
 * is not a proved read needs a grant (or an emergency), and every answer is a row that can be
 * computed again. Fails closed: an error here is no decision, and a caller takes that as no.
 */
#ifndef RB_CHANGE_DECISION_DECISION_H
#define RB_CHANGE_DECISION_DECISION_H

#include "change/gate/gate_message.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdint.h>

#define DECISION_LIFE_US (5 * INT64_C(1000000)) /* of an allow */

extern const struct store_schema decision_schema;

/* Where the question comes from; the socket and the API fill the same struct. */
struct decision_question {
	struct gate_request request;
	const char *phase;	     /* "pre" "post" "node_start" "node_end" */
	const char *target;	     /* name of the target it runs on, found by identity */
	const char *target_identity; /* "" = not known here: target_mismatch */
	char person_id[ID_SIZE];     /* of the actor; "" when the account is nobody's */
	struct audit_actor actor;
	const json_t *body; /* canonical input as stored */
	const json_t *release;
	int64_t now_us;
};

struct decisions;
/* Answers once, after the commit of the row. The verdict lives as long as the call. */
typedef void decision_done(void *arg, const struct gate_verdict *verdict, const struct error *err);
int decision_ask(struct decisions *decisions, const struct decision_question *question,
	decision_done *done, void *arg, struct error *err);

#endif
