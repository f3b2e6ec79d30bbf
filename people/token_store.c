#include "people/people_rooms.h"

#include <stdio.h>
#include <string.h>

#define LOOKUP_SIZE 17

#define TOKEN_SELECT                                                                               \
	"SELECT t.id AS id, t.name AS name, t.person_id AS person_id, p.name AS person,"           \
	" p.state AS person_state, t.roles AS roles, t.state AS state,"                            \
	" t.is_bootstrap AS is_bootstrap, t.hash AS hash, t.created_by AS created_by,"             \
	" c.name AS created_by_name, t.created_at_us AS created_at_us,"                            \
	" t.expires_at_us AS expires_at_us, t.used_at_us AS used_at_us,"                           \
	" t.revoked_at_us AS revoked_at_us"                                                        \
	" FROM person_token AS t JOIN person AS p ON p.id = t.person_id"                           \
	" LEFT JOIN person AS c ON c.id = t.created_by"

#define PEER_SELECT                                                                                \
	"SELECT e.uid AS uid, e.person_id AS person_id, p.name AS person,"                         \
	" p.state AS person_state, e.state AS state, e.mapped_by AS mapped_by,"                    \
	" m.name AS mapped_by_name, e.mapped_at_us AS mapped_at_us"                                \
	" FROM person_peer AS e JOIN person AS p ON p.id = e.person_id"                            \
	" LEFT JOIN person AS m ON m.id = e.mapped_by"

static const struct store_statement insert_token = STORE_STATEMENT(
	"INSERT INTO person_token (id, name, person_id, roles, state, is_bootstrap, lookup, hash,"
	" created_by, created_at_us, expires_at_us) VALUES (:id, :name, :person_id, :roles, :state,"
	" :is_bootstrap, :lookup, :hash, :created_by, :created_at_us, :expires_at_us)");
static const struct store_statement select_token =
	STORE_STATEMENT(TOKEN_SELECT " WHERE t.id = :id");
static const struct store_statement select_lookup =
	STORE_STATEMENT(TOKEN_SELECT " WHERE t.lookup = :lookup");
static const struct store_statement select_tokens = STORE_STATEMENT(
	TOKEN_SELECT " WHERE :person_id IS NULL OR t.person_id = :person_id ORDER BY t.id");
static const struct store_statement update_state = STORE_STATEMENT(
	"UPDATE person_token SET state = :state, revoked_at_us = :revoked_at_us WHERE id = :id");
static const struct store_statement touch_token =
	STORE_STATEMENT("UPDATE person_token SET used_at_us = :used_at_us WHERE id = :id"
			" AND (used_at_us IS NULL OR used_at_us < :used_at_us)");

static const struct store_statement select_peer =
	STORE_STATEMENT(PEER_SELECT " WHERE e.uid = :uid");
static const struct store_statement select_peers = STORE_STATEMENT(PEER_SELECT " ORDER BY e.uid");
static const struct store_statement upsert_peer = STORE_STATEMENT(
	"INSERT INTO person_peer (uid, person_id, state, mapped_by, mapped_at_us) VALUES (:uid,"
	" :person_id, :state, :mapped_by, :mapped_at_us) ON CONFLICT (uid) DO UPDATE SET"
	" person_id = excluded.person_id, state = excluded.state, mapped_by = excluded.mapped_by,"
	" mapped_at_us = excluded.mapped_at_us");
static const struct store_statement delete_peer =
	STORE_STATEMENT("DELETE FROM person_peer WHERE uid = :uid");

static const struct store_statement select_first = STORE_STATEMENT(
	"SELECT person_id, token_id, second_acted_at_us FROM person_first_start WHERE id = 1");
static const struct store_statement insert_first =
	STORE_STATEMENT("INSERT INTO person_first_start (id, person_id, token_id, created_at_us)"
			" VALUES (1, :person_id, :token_id, :created_at_us)");
static const struct store_statement update_first =
	STORE_STATEMENT("UPDATE person_first_start SET second_acted_at_us = :at_us"
			" WHERE id = 1 AND second_acted_at_us IS NULL");

static void bind_id(struct store_query *query, const char *name, const char *id)
{
	store_bind_text(query, name, id[0] ? id : NULL);
}

static enum token_state parse_state(const char *word)
{
	if (!strcmp(word, token_state_word(TOKEN_ACTIVE)))
		return TOKEN_ACTIVE;
	return strcmp(word, token_state_word(TOKEN_PENDING)) ? TOKEN_REVOKED : TOKEN_PENDING;
}

static void read_token(struct store_query *row, struct arena *arena, struct token *token)
{
	store_text_into(row, "id", token->id, sizeof(token->id));
	token->name = store_text_copy(row, "name", arena);
	store_text_into(row, "person_id", token->person_id, sizeof(token->person_id));
	token->person = store_text_copy(row, "person", arena);
	token->is_person_enabled = !strcmp(store_text(row, "person_state"), "ENABLED");
	token->roles = people_role_bits(store_text(row, "roles"));
	token->state = parse_state(store_text(row, "state"));
	token->is_bootstrap = store_int(row, "is_bootstrap");
	store_text_into(row, "hash", token->hash, sizeof(token->hash));
	store_text_into(row, "created_by", token->created_by, sizeof(token->created_by));
	token->created_by_name = store_text_copy(row, "created_by_name", arena);
	token->created_at_us = store_int(row, "created_at_us");
	token->expires_at_us = store_int(row, "expires_at_us");
	token->used_at_us = store_int(row, "used_at_us");
	token->revoked_at_us = store_int(row, "revoked_at_us");
}

static void bind_lookup(struct store_query *query, const char *hash)
{
	char lookup[LOOKUP_SIZE];

	memcpy(lookup, hash, LOOKUP_SIZE - 1);
	lookup[LOOKUP_SIZE - 1] = '\0';
	store_bind_text(query, "lookup", lookup);
}

int token_store_insert(struct store_tx *tx, const struct token *token, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_token);
	char roles[128];
	int rc;

	people_role_words(token->roles, roles, sizeof(roles));
	store_bind_text(query, "id", token->id);
	store_bind_text(query, "name", token->name);
	store_bind_text(query, "person_id", token->person_id);
	store_bind_text(query, "roles", roles);
	store_bind_text(query, "state", token_state_word(token->state));
	store_bind_int(query, "is_bootstrap", token->is_bootstrap);
	bind_lookup(query, token->hash);
	store_bind_text(query, "hash", token->hash);
	bind_id(query, "created_by", token->created_by);
	store_bind_int(query, "created_at_us", token->created_at_us);
	store_bind_int(query, "expires_at_us", token->expires_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int token_store_get(struct store_tx *tx, struct arena *arena, const char *id, struct token **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_token);
	int rc;

	store_bind_text(query, "id", id);
	if ((rc = store_one(query, "token", err)) < 0)
		return rc;
	*ret = arena_alloc(arena, sizeof(**ret));
	read_token(query, arena, *ret);
	store_finish(query);
	return 0;
}

/* The index finds by 64 bits of the hash; the whole of it is compared in constant time. */
int token_store_find(struct store_tx *tx, struct arena *arena, const char *hash, struct token **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_lookup);
	struct token *token = arena_alloc(arena, sizeof(*token));
	int rc;

	bind_lookup(query, hash);
	while ((rc = store_next(query, err)) > 0) {
		read_token(query, arena, token);
		if (!text_is_equal_secret(token->hash, hash, PEOPLE_HASH_SIZE - 1))
			continue;
		store_finish(query);
		*ret = token;
		return 1;
	}
	return rc;
}

int token_store_list(struct store_tx *tx, struct arena *arena, const char *person_id,
	struct token **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_tokens);
	struct token *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, "person_id", person_id);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		read_token(query, arena, &list[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

int token_store_set_state(struct store_tx *tx, const char *id, enum token_state state,
	int64_t revoked_at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &update_state);
	int rc;

	store_bind_text(query, "id", id);
	store_bind_text(query, "state", token_state_word(state));
	if (revoked_at_us)
		store_bind_int(query, "revoked_at_us", revoked_at_us);
	else
		store_bind_null(query, "revoked_at_us");
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int token_store_touch(struct store_tx *tx, const char *id, int64_t used_at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &touch_token);
	int rc;

	store_bind_text(query, "id", id);
	store_bind_int(query, "used_at_us", used_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

static void read_peer(struct store_query *row, struct arena *arena, struct peer *peer)
{
	peer->uid = store_int(row, "uid");
	store_text_into(row, "person_id", peer->person_id, sizeof(peer->person_id));
	peer->person = store_text_copy(row, "person", arena);
	peer->is_person_enabled = !strcmp(store_text(row, "person_state"), "ENABLED");
	peer->is_pending = strcmp(store_text(row, "state"), "ACTIVE") != 0;
	store_text_into(row, "mapped_by", peer->mapped_by, sizeof(peer->mapped_by));
	peer->mapped_by_name = store_text_copy(row, "mapped_by_name", arena);
	peer->mapped_at_us = store_int(row, "mapped_at_us");
}

int token_store_peer(
	struct store_tx *tx, struct arena *arena, int64_t uid, struct peer **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_peer);
	int rc;

	store_bind_int(query, "uid", uid);
	if ((rc = store_next(query, err)) <= 0)
		return rc;
	*ret = arena_alloc(arena, sizeof(**ret));
	read_peer(query, arena, *ret);
	store_finish(query);
	return 1;
}

int token_store_peers(struct store_tx *tx, struct arena *arena, struct peer **ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_peers);
	struct peer *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		read_peer(query, arena, &list[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

int token_store_set_peer(struct store_tx *tx, const struct peer *peer, struct error *err)
{
	struct store_query *query = store_query(tx, &upsert_peer);
	int rc;

	store_bind_int(query, "uid", peer->uid);
	store_bind_text(query, "person_id", peer->person_id);
	store_bind_text(query, "state", peer->is_pending ? "PENDING" : "ACTIVE");
	bind_id(query, "mapped_by", peer->mapped_by);
	store_bind_int(query, "mapped_at_us", peer->mapped_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int token_store_remove_peer(struct store_tx *tx, int64_t uid, struct error *err)
{
	struct store_query *query = store_query(tx, &delete_peer);
	int rc;

	store_bind_int(query, "uid", uid);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int token_store_first_start(struct store_tx *tx, struct first_start *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_first);
	int rc = store_next(query, err);

	if (rc <= 0)
		return rc;
	store_text_into(query, "person_id", ret->person_id, sizeof(ret->person_id));
	store_text_into(query, "token_id", ret->token_id, sizeof(ret->token_id));
	ret->second_acted_at_us = store_int(query, "second_acted_at_us");
	store_finish(query);
	return 1;
}

int token_store_set_first_start(
	struct store_tx *tx, const struct first_start *first, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_first);
	int rc;

	store_bind_text(query, "person_id", first->person_id);
	store_bind_text(query, "token_id", first->token_id);
	store_bind_int(query, "created_at_us", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int token_store_second_acted(struct store_tx *tx, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &update_first);
	int rc;

	store_bind_int(query, "at_us", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}
