/*
 * Persons, groups, scoped roles, API tokens, unix-socket peers: who somebody is and what they
 * may do where. An unmapped uid, root too, is a viewer.
 */
#ifndef RB_PEOPLE_PEOPLE_H
#define RB_PEOPLE_PEOPLE_H

#include "audit/audit.h"
#include "lib/base/arena.h"
#include "lib/base/id.h"
#include "lib/base/error.h"
#include "lib/store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* bit, word */
#define ROLE_TABLE(X)              \
	X(VIEWER, 0, "viewer")     \
	X(AUTHOR, 1, "author")     \
	X(APPROVER, 2, "approver") \
	X(COMMANDER, 3, "commander") \
	X(ADMIN, 4, "admin")       \
	X(AUDITOR, 5, "auditor")   \
	X(AGENT, 6, "agent")

enum role {
#define X(name, bit, word) ROLE_##name = 1 << (bit),
	ROLE_TABLE(X)
#undef X
};
/* For route tables: whoever is somebody. */
#define ROLE_ANY (ROLE_VIEWER | ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN | ROLE_AUDITOR | ROLE_AGENT)

const char *role_word(enum role role);
int role_parse(const char *field, const char *word, enum role *ret, struct error *err);

/* What a right is asked for; NULL members match only unscoped grants and grants that do not name them. */
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
};

extern const struct store_schema people_schema;

/* The role in that scope, or ERROR_FORBIDDEN that names the role, the scope and who could grant it. */
int principal_require(const struct principal *principal, enum role role, const struct scope *scope, struct error *err);

/* Read through any transaction, so that a decision counts again when it is used. */
bool people_is_in_group(struct store_tx *tx, const char *person_id, const char *group);
bool people_has_role(struct store_tx *tx, const char *person_id, enum role role, const struct scope *scope);
bool people_is_enabled(struct store_tx *tx, const char *person_id);
/* Team of a person ("" when none): "2 of different teams". */
int people_team(struct store_tx *tx, const char *person_id, char *ret_team, size_t size, struct error *err);
/* How many enabled persons hold the role there, leaving out the given person ids (NULL-ended). */
int64_t people_count_with_role(struct store_tx *tx, enum role role, const struct scope *scope, const char *const *excluded);
int people_name(struct store_tx *tx, const char *person_id, char *ret_name, size_t size, struct error *err);
/* Person id of a name; ERROR_NOT_FOUND with the nearest name. */
int people_find(struct store_tx *tx, const char *name, char ret_id[static ID_SIZE], struct error *err);

#endif
