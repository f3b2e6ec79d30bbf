/*
 * Persons, groups, scoped roles, API tokens, unix-socket peers: who somebody is and what they
 * may do where. An unmapped uid, root too, is a viewer.
 */
#ifndef RB_PEOPLE_PEOPLE_H
#define RB_PEOPLE_PEOPLE_H

#include "audit/audit.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bit, word */
#define ROLE_TABLE(X)                                                                              \
	X(VIEWER, 0, "viewer")                                                                     \
	X(AUTHOR, 1, "author")                                                                     \
	X(APPROVER, 2, "approver")                                                                 \
	X(COMMANDER, 3, "commander")                                                               \
	X(ADMIN, 4, "admin")                                                                       \
	X(AUDITOR, 5, "auditor")                                                                   \
	X(AGENT, 6, "agent")

enum role {
#define X(name, bit, word) ROLE_##name = 1 << (bit),
	ROLE_TABLE(X)
#undef X
};
/* For route tables: whoever is somebody. */
#define ROLE_ANY                                                                                   \
	(ROLE_VIEWER | ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN | ROLE_AUDITOR |  \
		ROLE_AGENT)

const char *role_word(enum role role);
int role_parse(const char *field, const char *word, enum role *ret, struct error *err);

/* What a right is asked for; NULL members match only unscoped grants and grants that do not name
 * them. */
struct scope {
	const char *environment;
	const char *service;
	const char *team;
	const char *kind; /* kind of plan */
};

struct principal_grant {
	enum role role;
	struct scope scope; /* NULL members = any */
};

/* Who makes a request; lives in the request's arena. */
struct principal {
	struct audit_actor actor;
	char person_id[ID_SIZE]; /* "" for an unmapped peer */
	char person_name[128];
	unsigned roles; /* bits held in any scope: what routes check */
	struct principal_grant *grants;
	size_t grant_count;
	bool is_token;
	int64_t expires_at_us; /* of the token; 0 for a peer */
};

extern const struct store_schema people_schema;

/* The role in that scope, or ERROR_FORBIDDEN that names the role, the scope and who could grant it.
 */
int principal_require(const struct principal *principal, enum role role, const struct scope *scope,
	struct error *err);

/* Read through any transaction, so that a decision counts again when it is used. */
bool people_is_in_group(struct store_tx *tx, const char *person_id, const char *group);
bool people_has_group(struct store_tx *tx, const char *group);
bool people_has_role(
	struct store_tx *tx, const char *person_id, enum role role, const struct scope *scope);
bool people_is_enabled(struct store_tx *tx, const char *person_id);
/* Team of a person ("" when none): "2 of different teams". */
int people_team(
	struct store_tx *tx, const char *person_id, char *ret_team, size_t size, struct error *err);
/* How many enabled persons hold the role there, leaving out the given person ids (NULL-ended). */
int64_t people_count_with_role(struct store_tx *tx, enum role role, const struct scope *scope,
	const char *const *excluded);
/* The same of a group's members. A group that does not exist has none. */
int64_t people_count_in_group(struct store_tx *tx, const char *group, const char *const *excluded);
int people_name(
	struct store_tx *tx, const char *person_id, char *ret_name, size_t size, struct error *err);
/* Person id of a name; ERROR_NOT_FOUND with the nearest name. */
int people_find(
	struct store_tx *tx, const char *name, char ret_id[static ID_SIZE], struct error *err);
/*
 * Called by every closure that writes with the admin's right: the first act of a second admin
 * ends the time in which the first may grant alone.
 */
int people_note_act(
	struct store_tx *tx, const struct principal *principal, int64_t at_us, struct error *err);

/* --- tokens as text --- */

#define TOKEN_TEXT_SIZE	  47 /* "rb_" + 43 of base64url + NUL */
#define TOKEN_LIFE_MAX_US (366 * INT64_C(86400000000))

/* --- first start --- */

struct people_bootstrap {
	char person_id[ID_SIZE], grant_id[ID_SIZE], token_id[ID_SIZE];
	char token[TOKEN_TEXT_SIZE]; /* the caller writes it to a file of mode 0600 and zeroes this
				      */
	int64_t at_us;
	bool ret_created; /* false: there are persons already, and nothing was written */
};
/* Draws the ids and the token, outside the closure. */
void people_bootstrap_init(struct people_bootstrap *bootstrap, int64_t at_us);
/*
 * A store_ask. With no person in the store: the person "admin", the grant of admin (marked
 * bootstrap) and a token that lives 24 h and ends as soon as another credential of an admin is
 * used.
 */
int people_bootstrap(struct store_tx *tx, void *bootstrap, struct error *err);

/* --- who is it? The living part: counters of failed attempts, what is owed to the store --- */

struct people;
int people_open(struct store *store, struct people **ret, struct error *err);
/* After store_close's last turn or before it; nothing of it is called later. */
void people_close(struct people *people);
/*
 * The principal of a token, in the arena. ERROR_UNAUTHENTICATED says expired, revoked, waiting for
 * its confirmation or not known; ERROR_FORBIDDEN for a disabled person; ERROR_TOO_MANY after ten
 * failures of one address within a minute (a good token is still let in: no lock-out).
 */
int people_authenticate_token(struct people *people, struct arena *arena, const char *token,
	const char *address, int64_t now_us, struct principal **ret, struct error *err);
/* The principal of a unix socket's peer; an unmapped uid is a viewer. */
int people_authenticate_peer(struct people *people, struct arena *arena, int64_t uid,
	const char *address, int64_t now_us, struct principal **ret, struct error *err);
/* The enabled person whom an admin mapped to this uid, "" without one. For who asks at a door that
 * looks at no role: it counts as no use of a credential. */
int people_peer_person(struct store_tx *tx, struct arena *arena, int64_t uid,
	char ret_person[static ID_SIZE], struct error *err);
/* In the shape of server_authenticator: `people` is its arg, *ret_principal a struct principal. */
int people_authenticate(void *people, struct arena *arena, const char *token, int64_t peer_uid,
	const char *address, unsigned access, void **ret_principal, struct error *err);
const char *people_principal_id(const void *principal);
/* server_authenticator.denied: what people_authenticate let pass and a room refused. */
void people_denied(void *people, const void *principal, const struct error *why, int64_t at_us);
/* Puts "access.denied" into the audit, at most 10 a minute for an address; what was left out is
 * counted in the next. */
void people_record_denial(struct people *people, const struct audit_actor *actor,
	const struct error *why, int64_t at_us);

#endif
