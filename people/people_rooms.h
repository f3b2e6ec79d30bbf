/*
 * Between the rooms of people/: rows, requests to the rules, and what the stores do. Rules take
 * one struct: the inputs are filled in by the API, ids and time included, so that a rule can run
 * inside a closure; `ret_*` is its answer.
 */
#ifndef RB_PEOPLE_PEOPLE_ROOMS_H
#define RB_PEOPLE_PEOPLE_ROOMS_H

#include "lib/base/digest.h"
#include "lib/base/text.h"
#include "people/people.h"

#include <jansson.h>

#define PEOPLE_LABEL_SIZE	 (TEXT_NAME_MAX + 1)
#define PEOPLE_CONFIRM_WITHIN_US (24 * INT64_C(3600000000))
#define PEOPLE_BOOTSTRAP_LIFE_US (24 * INT64_C(3600000000))
#define PEOPLE_HASH_SIZE	 65 /* SHA-256 in hex */

/* --- people.c --- */

/* "viewer commander"; the order of the table. */
void people_role_words(unsigned roles, char *ret_words, size_t size);
/* The opposite, for words that the store gave. */
unsigned people_role_bits(const char *words);
/* ASCII letters made small: names are stored folded. `folded` has PEOPLE_LABEL_SIZE. */
int people_fold(const char *field, const char *name, char *folded, struct error *err);
bool scope_is_covered(const struct scope *grant, const struct scope *asked);
/* An admin everywhere; ERROR_FORBIDDEN else. */
int people_require_admin(const struct principal *principal, struct error *err);
/* Copies scope members (NULL stays NULL) and checks each as a name. */
int people_check_scope(const struct scope *scope, struct error *err);
int people_audit(struct store_tx *tx, const struct principal *by, enum audit_action action,
	const char *subject_kind, const char *subject_id, const json_t *detail, int64_t at_us,
	struct error *err);

/* --- persons and groups: person.c, person_store.c --- */

struct person {
	char id[ID_SIZE];
	const char *name; /* folded, unique */
	const char *display_name;
	const char *team; /* "" when none */
	bool is_enabled;
	int64_t version;
	int64_t created_at_us, changed_at_us;
};

struct person_add {
	const struct principal *by;
	int64_t at_us;
	char id[ID_SIZE];
	const char *name, *display_name, *team; /* the last two may be NULL */
	struct arena *arena;
	struct person *ret_person;
};
int person_add(struct store_tx *tx, struct person_add *add, struct error *err);

struct person_change {
	const struct principal *by;
	int64_t at_us;
	const char *name;
	int64_t if_version;		 /* -1 = any */
	const char *display_name, *team; /* NULL = as it is */
	bool has_enabled, enabled;
	struct arena *arena;
	struct person *ret_person;
};
int person_change(struct store_tx *tx, struct person_change *change, struct error *err);

struct person_group {
	char id[ID_SIZE];
	const char *name;
	int64_t created_at_us;
	const char **members; /* names, sorted; NULL-ended */
};

struct group_add {
	const struct principal *by;
	int64_t at_us;
	char id[ID_SIZE];
	const char *name;
	struct arena *arena;
	struct person_group *ret_group;
};
int group_add(struct store_tx *tx, struct group_add *add, struct error *err);

struct group_member {
	const struct principal *by;
	int64_t at_us;
	const char *group, *person;
	bool is_removal;
	struct arena *arena;
	struct person_group *ret_group;
};
/* Adding a member that is there, or removing one that is not, is ERROR_NO_EFFECT. */
int group_member(struct store_tx *tx, struct group_member *member, struct error *err);

/* By name as somebody wrote it; ERROR_NOT_FOUND with the nearest name. */
int person_get(struct store_tx *tx, struct arena *arena, const char *name, struct person **ret,
	struct error *err);
int group_get(struct store_tx *tx, struct arena *arena, const char *name, struct person_group **ret,
	struct error *err);

int person_store_get(struct store_tx *tx, struct arena *arena, const char *folded,
	struct person **ret, struct error *err);
int person_store_by_id(struct store_tx *tx, struct arena *arena, const char *id,
	struct person **ret, struct error *err);
int person_store_list(struct store_tx *tx, struct arena *arena, struct person **ret,
	size_t *ret_count, struct error *err);
int person_store_insert(struct store_tx *tx, const struct person *person, struct error *err);
/* Writes all but id, name and created_at_us; ERROR_STALE when the version moved on. */
int person_store_update(
	struct store_tx *tx, const struct person *person, int64_t old_version, struct error *err);
bool person_store_is_enabled(struct store_tx *tx, const char *person_id);
int64_t person_store_count(struct store_tx *tx, struct error *err);
int person_store_group(struct store_tx *tx, struct arena *arena, const char *folded,
	struct person_group **ret, struct error *err);
int person_store_groups(struct store_tx *tx, struct arena *arena, struct person_group **ret,
	size_t *ret_count, struct error *err);
int person_store_insert_group(
	struct store_tx *tx, const struct person_group *group, struct error *err);
/* Calls with each enabled member. */
int person_store_members(struct store_tx *tx, const char *group_id,
	void (*call)(void *arg, const char *person_id), void *arg, struct error *err);
bool person_store_is_member(struct store_tx *tx, const char *group_id, const char *person_id);
int person_store_add_member(struct store_tx *tx, const char *group_id, const char *person_id,
	int64_t at_us, struct error *err);
int person_store_remove_member(
	struct store_tx *tx, const char *group_id, const char *person_id, struct error *err);

/* --- grants: grant.c, grant_store.c --- */

/* state, word */
#define GRANT_STATES(X)                                                                            \
	X(PENDING, "PENDING")                                                                      \
	X(ACTIVE, "ACTIVE")                                                                        \
	X(REVOKED, "REVOKED")
enum grant_state {
#define X(name, word) GRANT_##name,
	GRANT_STATES(X)
#undef X
};
const char *grant_state_word(enum grant_state state);
int grant_state_parse(const char *word, enum grant_state *ret);

struct grant {
	char id[ID_SIZE];
	char person_id[ID_SIZE], group_id[ID_SIZE]; /* one of them */
	const char *person, *group;		    /* its name; the other is NULL */
	enum role role;
	struct scope scope;
	enum grant_state state;
	bool is_bootstrap;
	char requested_by[ID_SIZE], confirmed_by[ID_SIZE]; /* "" = nobody */
	const char *requested_by_name, *confirmed_by_name; /* NULL = the daemon, nobody */
	int64_t requested_at_us, confirmed_at_us, revoked_at_us;
};

struct grant_add {
	const struct principal *by;
	int64_t at_us;
	char id[ID_SIZE];
	const char *person, *group; /* one of them */
	enum role role;
	struct scope scope;
	struct arena *arena;
	struct grant *ret_grant;
};
/* ACTIVE at once; admin waits (PENDING) for another admin once a second one has acted. */
int grant_add(struct store_tx *tx, struct grant_add *add, struct error *err);

struct grant_decide {
	const struct principal *by;
	int64_t at_us;
	const char *id;
	struct arena *arena;
	struct grant *ret_grant;
};
int grant_confirm(struct store_tx *tx, struct grant_decide *decide, struct error *err);
int grant_revoke(struct store_tx *tx, struct grant_decide *decide, struct error *err);

/* Fails when, without what is about to end, nobody enabled would be an admin everywhere. */
int grant_check_admin_remains(
	struct store_tx *tx, const char *leaving_person_id, struct error *err);

int grant_store_insert(struct store_tx *tx, const struct grant *grant, struct error *err);
int grant_store_get(struct store_tx *tx, struct arena *arena, const char *id, struct grant **ret,
	struct error *err);
/* Revoked ones only when asked for. */
int grant_store_list(struct store_tx *tx, struct arena *arena, bool with_revoked,
	struct grant **ret, size_t *ret_count, struct error *err);
/* 1 when the same right is there, pending or active; 0; or negative. */
int grant_store_find_same(struct store_tx *tx, const struct grant *grant, struct error *err);
int grant_store_confirm(struct store_tx *tx, const struct grant *grant, struct error *err);
int grant_store_revoke(
	struct store_tx *tx, const char *id, const char *by, int64_t at_us, struct error *err);
/* Active rights of a person, its own and its groups'. */
int grant_store_of_person(struct store_tx *tx, struct arena *arena, const char *person_id,
	struct principal_grant **ret, size_t *ret_count, struct error *err);
bool grant_store_has(
	struct store_tx *tx, const char *person_id, enum role role, const struct scope *scope);
/* Distinct enabled persons with the role there. `next` is given each id. */
int grant_store_holders(struct store_tx *tx, enum role role, const struct scope *scope,
	void (*next)(void *arg, const char *person_id), void *arg, struct error *err);

/* --- tokens, peers, the first start: token.c, token_store.c --- */

/* state, word */
#define TOKEN_STATES(X)                                                                            \
	X(PENDING, "PENDING")                                                                      \
	X(ACTIVE, "ACTIVE")                                                                        \
	X(REVOKED, "REVOKED")
enum token_state {
#define X(name, word) TOKEN_##name,
	TOKEN_STATES(X)
#undef X
};
const char *token_state_word(enum token_state state);

struct token {
	char id[ID_SIZE];
	const char *name;
	char person_id[ID_SIZE];
	const char *person; /* its name */
	bool is_person_enabled;
	unsigned roles;
	enum token_state state;
	bool is_bootstrap;
	char hash[PEOPLE_HASH_SIZE];
	char created_by[ID_SIZE];
	const char *created_by_name;
	int64_t created_at_us, expires_at_us, used_at_us, revoked_at_us;
};

/* Draws a token and its hash. */
void token_draw(char text[static TOKEN_TEXT_SIZE], char hash[static PEOPLE_HASH_SIZE]);
void token_hash(const char *text, char hash[static PEOPLE_HASH_SIZE]);
bool token_is_well_formed(const char *text);

struct token_add {
	const struct principal *by;
	int64_t at_us;
	char id[ID_SIZE];
	char hash[PEOPLE_HASH_SIZE];
	const char *person; /* NULL = who asks */
	const char *name;
	unsigned roles;
	int64_t expires_at_us;
	struct arena *arena;
	struct token *ret_token;
};
/* For oneself within one's own roles; for others by an admin. An admin's token made by another
 * admin is PENDING. */
int token_add(struct store_tx *tx, struct token_add *add, struct error *err);

struct token_decide {
	const struct principal *by;
	int64_t at_us;
	const char *id;
	struct arena *arena;
	struct token *ret_token;
};
int token_confirm(struct store_tx *tx, struct token_decide *decide, struct error *err);
int token_revoke(struct store_tx *tx, struct token_decide *decide, struct error *err);
/* One's own, or everybody's for an admin or auditor. */
int token_list(struct store_tx *tx, const struct principal *by, struct arena *arena,
	struct token **ret, size_t *ret_count, struct error *err);

struct peer {
	int64_t uid;
	char person_id[ID_SIZE];
	const char *person;
	bool is_person_enabled;
	bool is_pending;
	char mapped_by[ID_SIZE];
	const char *mapped_by_name;
	int64_t mapped_at_us;
};

struct peer_change {
	const struct principal *by;
	int64_t at_us;
	int64_t uid;
	const char *person; /* map only */
	struct arena *arena;
	struct peer *ret_peer;
};
int peer_map(struct store_tx *tx, struct peer_change *change, struct error *err);
int peer_confirm(struct store_tx *tx, struct peer_change *change, struct error *err);
int peer_unmap(struct store_tx *tx, struct peer_change *change, struct error *err);

int token_store_insert(struct store_tx *tx, const struct token *token, struct error *err);
int token_store_get(struct store_tx *tx, struct arena *arena, const char *id, struct token **ret,
	struct error *err);
/* 1 and *ret for the token with this hash (compared in constant time), 0 for none. */
int token_store_find(struct store_tx *tx, struct arena *arena, const char *hash, struct token **ret,
	struct error *err);
int token_store_list(struct store_tx *tx, struct arena *arena, const char *person_id,
	struct token **ret, size_t *ret_count, struct error *err);
int token_store_set_state(struct store_tx *tx, const char *id, enum token_state state,
	int64_t revoked_at_us, struct error *err);
int token_store_touch(struct store_tx *tx, const char *id, int64_t used_at_us, struct error *err);
/* 1 and *ret, or 0 when the uid is not mapped. */
int token_store_peer(struct store_tx *tx, struct arena *arena, int64_t uid, struct peer **ret,
	struct error *err);
int token_store_peers(struct store_tx *tx, struct arena *arena, struct peer **ret,
	size_t *ret_count, struct error *err);
int token_store_set_peer(struct store_tx *tx, const struct peer *peer, struct error *err);
int token_store_remove_peer(struct store_tx *tx, int64_t uid, struct error *err);

/* --- credential.c --- */

/* Borrowed until the loop turns. */
struct credential {
	struct token *token;		/* NULL: it is a peer's */
	struct peer *peer;		/* NULL: nobody is mapped to this uid, or not yet */
	struct principal_grant *grants; /* of the person */
	size_t grant_count;
	char session[DIGEST_TEXT_SIZE]; /* of a token, for the audit */
};
struct credential_cache;
/* NULL without memory. */
struct credential_cache *credential_cache_new(struct store *store);
void credential_cache_free(struct credential_cache *cache);
/* 1 and *ret, whatever its state is, or 0 when nobody has this token. */
int credential_of_token(struct credential_cache *cache, struct arena *arena, const char *text,
	const struct credential **ret, struct error *err);
int credential_of_peer(struct credential_cache *cache, struct arena *arena, int64_t uid,
	const struct credential **ret, struct error *err);

/* The one row about the first start. */
struct first_start {
	char person_id[ID_SIZE]; /* the first admin */
	char token_id[ID_SIZE];
	int64_t second_acted_at_us; /* 0 = not yet */
};
/* 1 and *ret, or 0 when there was none. */
int token_store_first_start(struct store_tx *tx, struct first_start *ret, struct error *err);
int token_store_set_first_start(
	struct store_tx *tx, const struct first_start *first, int64_t at_us, struct error *err);
int token_store_second_acted(struct store_tx *tx, int64_t at_us, struct error *err);
/* May this principal act alone in what needs two admins? */
bool people_is_bootstrap(struct store_tx *tx, const struct principal *principal);

/* --- people_json.c: one spelling; all results are the caller's --- */

json_t *person_json(const struct person *person);
json_t *group_json(const struct person_group *group);
json_t *grant_json(const struct grant *grant, int64_t now_us);
json_t *token_json(const struct token *token, int64_t now_us);
json_t *peer_json(const struct peer *peer, int64_t now_us);
json_t *scope_json(const struct scope *scope);
json_t *role_list_json(unsigned roles);
json_t *principal_json(const struct principal *principal);
/* Members environment, service, team, kind of the object. Borrowed from it. */
int scope_from_json(const json_t *object, struct scope *ret, struct error *err);

#endif
