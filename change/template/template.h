/*
 * Templates of standard changes: the body of a revision with typed parameters, approved once by an
 * approver and by the group that owns it, then used without an approval of each change. A value
 * never becomes more than one argument, and never the program.
 *
 *   draft -> in_review -> active -> suspended      rejected, retired
 */
#ifndef RB_CHANGE_TEMPLATE_TEMPLATE_H
#define RB_CHANGE_TEMPLATE_TEMPLATE_H

#include "approval/approval.h"
#include "audit/audit_ledger.h"
#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define TEMPLATE_SUBJECT	 "change_template"	      /* of approvals; id "name@version" */
#define TEMPLATE_LIFE_US	 (180 * INT64_C(86400000000)) /* of an approval */
#define TEMPLATE_USES		 10			      /* of the newest so many ... */
#define TEMPLATE_FAILURES	 2			      /* ... so many failures suspend it */
#define TEMPLATE_BODY_MAX	 ((size_t)64 * 1024)
#define TEMPLATE_PARAMS_MAX	 20
#define TEMPLATE_VALUE_MAX_BYTES 256

#define TEMPLATE_STATES(X)                                                                         \
	X(DRAFT, "draft")                                                                          \
	X(IN_REVIEW, "in_review")                                                                  \
	X(ACTIVE, "active")                                                                        \
	X(SUSPENDED, "suspended")                                                                  \
	X(REJECTED, "rejected")                                                                    \
	X(RETIRED, "retired")
enum template_state {
#define X(name, word) TEMPLATE_##name,
	TEMPLATE_STATES(X)
#undef X
};
const char *template_state_word(enum template_state state);

struct change_template {
	const char *name;	       /* "nginx/restart" */
	int64_t version;	       /* 1 .. */
	const char *summary;	       /* one line */
	const char *owner;	       /* group that answers for it */
	const char *params;	       /* canonical JSON: what may be given */
	const char *body;	       /* canonical JSON */
	char digest[DIGEST_TEXT_SIZE]; /* over all of the above: what is approved */
	const char *author;
	char author_id[ID_SIZE];
	enum template_state state;
	const char *state_reason; /* "" when there is none */
	int64_t created_at_us;
	int64_t approved_at_us; /* 0 = not yet */
	int64_t row_version;	/* for If-Match */
};

extern const struct store_schema template_schema;
extern const struct audit_crosscheck template_crosscheck;

/* version 0 = the newest. ERROR_NOT_FOUND. */
int template_get(struct store_tx *tx, struct arena *arena, const char *name, int64_t version,
	struct change_template **ret, struct error *err);

/*
 * The body of a change made from the active version with those values, in the arena: type
 * "standard", and "template" with name, version and the values as they were taken. The caller adds
 * who and when, completes and checks it as any body. Nothing is written.
 *
 * ERROR_NOT_APPROVED: none is active, its approval is 180 days old or does not count any more;
 * ERROR_INVALID with the parameter as the field; ERROR_TAMPERED when its text is not the one of its
 * digest.
 */
int template_render(struct store_tx *tx, struct arena *arena, const char *name,
	const json_t *params, int64_t now_us, json_t **ret_body, int64_t *ret_version,
	struct error *err);

/*
 * A change made from that version ended; once a change. Two failures among the ten newest uses
 * since its approval suspend it, which is audited and told.
 */
struct template_outcome {
	const char *name;
	int64_t version;
	const char *change; /* "CHG-7" */
	bool is_success;
	const struct audit_actor *actor;
	char notify_id[ID_SIZE];
	int64_t at_us;
};
int template_note_outcome(
	struct store_tx *tx, const struct template_outcome *outcome, struct error *err);

/* --- acts --- */

struct template_act {
	const struct principal *by;
	int64_t at_us;
	int64_t if_version; /* of the row; -1 = any */
	struct arena *arena;
	char approval_id[ID_SIZE], notify_id[ID_SIZE];
	struct change_template *ret_template;
};
/* A new version, a draft. What is wrong in parameters or body is ERROR_INVALID with its place. */
struct template_add {
	struct template_act act;
	const char *name, *summary, *owner;
	const json_t *params, *body;
};
int template_add(struct store_tx *tx, struct template_add *add, struct error *err);
struct template_change {
	struct template_act act;
	const char *name;
	int64_t version;
	const char *reason; /* of a retirement */
};
/* Asks for the approval: of a draft, of a suspended one, of an active one that does not hold. */
int template_submit(struct store_tx *tx, struct template_change *change, struct error *err);
int template_retire(struct store_tx *tx, struct template_change *change, struct error *err);

/* --- the living part: follows approvals --- */

struct templates;
int templates_open(struct approvals *approvals, struct templates **ret, struct error *err);
/* NULL is fine. */
void templates_close(struct templates *templates);

#endif
