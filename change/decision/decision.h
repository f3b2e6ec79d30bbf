/*
 * The gate's decision: may this command run, now, by this person, on this target? Everything that
 * is not a proved read needs a grant (or an emergency), and every answer is a row that can be
 * computed again. Fails closed: an error here is no decision, and a caller takes that as no.
 */
#ifndef RB_CHANGE_DECISION_DECISION_H
#define RB_CHANGE_DECISION_DECISION_H

#include "audit/audit_ledger.h"
#include "change/gate/gate_message.h"
#include "change/risk/risk.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdint.h>

#define DECISION_LIFE_US (5 * INT64_C(1000000))	 /* of an allow */
#define DECISION_SKEW_US (60 * INT64_C(1000000)) /* a clock that is off by more is refused */

extern const struct store_schema decision_schema;
/* For a verification: decisions against the log. */
extern const struct audit_crosscheck decision_crosscheck;

/* Where the question comes from; the socket and the API fill the same struct. */
struct decision_question {
	struct gate_request request;
	const char *phase;	     /* "pre" "post" "node_start" "node_end" */
	const char *target;	     /* name of the target it runs on, found by identity */
	const char *target_identity; /* "" = not known here: target_mismatch */
	char person_id[ID_SIZE];     /* of the actor; "" when the account is nobody's */
	struct audit_actor actor;
	/* Fills these two, by rows, in each transaction of the decision. NULL = they are filled. */
	int (*find_actor)(struct store_tx *tx, void *arg, struct error *err);
	void *find_arg;
	const json_t *body; /* canonical input as stored; NULL = made of the request */
	const json_t *release;
	int64_t now_us;
	/* What the question says of its place; "" and 0 when it is asked on this host. */
	const char *gate;	/* name of the agent whose token asks: the target's label `gate` */
	int64_t asked_at_us;	/* `ts` */
	const char *key_person; /* id of who typed the second key, "" = nobody or not good */
	const char *asker;	/* namespace of request_id: the token's or account's id */
	const char *host;	/* as people know it */
};

struct decisions;
struct gate_key;

struct decisions_options {
	struct loop *loop;
	struct store *store;
	struct people *people;
	struct risk *risk;
	const struct gate_key *key; /* NULL = answers are not signed */
};
int decisions_open(
	const struct decisions_options *options, struct decisions **ret, struct error *err);
/* No answer is given any more; the loop may still turn. */
void decisions_stop(struct decisions *decisions);
void decisions_close(struct decisions *decisions);

/* Answers once, after the commit of the row. The verdict lives as long as the call. */
typedef void decision_done(void *arg, const struct gate_verdict *verdict, const struct error *err);
/* What the question points to is borrowed until the answer. */
int decision_ask(struct decisions *decisions, const struct decision_question *question,
	decision_done *done, void *arg, struct error *err);

/* --- the key that signs answers --- */

/* From a reference (lib/base/secret.h); a "file:" that does not exist is made, mode 0600, with the
 * public key beside it in "<path>.pub". */
int gate_key_open(const char *reference, struct gate_key **ret, struct error *err);
void gate_key_close(struct gate_key *key); /* NULL is fine */
/* Base64 of the 32 bytes. */
const char *gate_key_public(const struct gate_key *key);
void gate_key_sign(const struct gate_key *key, const void *bytes, size_t length,
	uint8_t ret[static GATE_SIGNATURE_BYTES]);
/* Is it a signature by that public key (base64)? */
bool gate_key_check(const char *public_key, const void *bytes, size_t length,
	const uint8_t signature[static GATE_SIGNATURE_BYTES]);

#endif
