#include "people/people_rooms.h"

#include "lib/base/id.h"
#include "lib/base/json.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_PREFIX	   "rb_"
#define TOKEN_PREFIX_BYTES 3
#define TOKEN_RANDOM_BYTES 32

static const char *const state_words[] = {
#define X(name, word) [TOKEN_##name] = word,
	TOKEN_STATES(X)
#undef X
};

const char *token_state_word(enum token_state state)
{
	return state_words[state];
}

void token_hash(const char *text, char hash[static PEOPLE_HASH_SIZE])
{
	char shown[DIGEST_TEXT_SIZE];
	struct digest digest;

	digest_of(text, strlen(text), &digest);
	digest_text(&digest, shown);
	memcpy(hash, shown + strlen("sha256:"), PEOPLE_HASH_SIZE);
}

void token_draw(char text[static TOKEN_TEXT_SIZE], char hash[static PEOPLE_HASH_SIZE])
{
	unsigned char bytes[TOKEN_RANDOM_BYTES];

	id_random(bytes, sizeof(bytes));
	memcpy(text, TOKEN_PREFIX, TOKEN_PREFIX_BYTES);
	sodium_bin2base64(text + TOKEN_PREFIX_BYTES, TOKEN_TEXT_SIZE - TOKEN_PREFIX_BYTES, bytes,
		sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
	token_hash(text, hash);
}

bool token_is_well_formed(const char *text)
{
	if (strnlen(text, TOKEN_TEXT_SIZE) != TOKEN_TEXT_SIZE - 1 ||
		!text_starts_with(text, TOKEN_PREFIX))
		return false;
	for (const char *c = text + TOKEN_PREFIX_BYTES; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			    (*c >= '0' && *c <= '9') || *c == '-' || *c == '_'))
			return false;
	return true;
}

static int audit_token(struct store_tx *tx, const struct principal *by, enum audit_action action,
	const struct token *token, int64_t at_us, struct error *err)
{
	json_t *detail = json_object();
	int rc;

	json_set_text(detail, "name", token->name);
	json_set_text(detail, "person", token->person);
	json_object_set_new(detail, "roles", role_list_json(token->roles));
	json_set_text(detail, "state", token_state_word(token->state));
	json_set_bool(detail, "bootstrap", token->is_bootstrap);
	json_set_time(detail, "expires_at", token->expires_at_us);
	rc = people_audit(tx, by, action, "token", token->id, detail, at_us, err);
	json_decref(detail);
	return rc;
}

static int check_life(const struct token_add *add, struct error *err)
{
	if (add->expires_at_us <= add->at_us) {
		error_set(err, ERROR_INVALID, "the token would have ended already");
		error_field(err, "expires_in");
		return error_remedy(err, "give a time to come, e.g. 30d");
	}
	if (add->expires_at_us - add->at_us > TOKEN_LIFE_MAX_US) {
		error_set(err, ERROR_INVALID, "a token lives at most 366 days");
		error_field(err, "expires_in");
		return error_remedy(err, "give 366d or less");
	}
	if (!add->roles) {
		error_set(err, ERROR_INVALID, "a token needs at least one role");
		error_field(err, "roles");
		return error_remedy(err, "e.g. \"roles\": [\"viewer\"]");
	}
	return 0;
}

/* For oneself: not more than one has in this very request. */
static int check_own(const struct token_add *add, struct error *err)
{
	unsigned beyond = add->roles & ~add->by->roles;
	char words[128];

	if (!beyond)
		return 0;
	people_role_words(beyond, words, sizeof(words));
	error_set(err, ERROR_FORBIDDEN, "%s does not have %s and cannot hand it to a token",
		add->by->person_name, words);
	error_field(err, "roles");
	return error_remedy(err, "see what you have: redbutton whoami");
}

/* Whose token it is, and whether it waits for a second admin. */
static int find_owner(
	struct store_tx *tx, const struct token_add *add, struct token *token, struct error *err)
{
	struct person *person;
	int rc;

	if (!add->person && !add->by->person_id[0]) {
		error_set(err, ERROR_FORBIDDEN, "%s is not a person here", add->by->actor.name);
		return error_remedy(
			err, "an admin can map this user: redbutton peer map UID PERSON");
	}
	rc = add->person ? person_get(tx, add->arena, add->person, &person, err)
			 : person_store_by_id(tx, add->arena, add->by->person_id, &person, err);
	if (rc < 0)
		return rc;
	memcpy(token->person_id, person->id, ID_SIZE);
	token->person = person->name;
	token->is_person_enabled = person->is_enabled;
	token->state = TOKEN_ACTIVE;
	if (!strcmp(person->id, add->by->person_id))
		return check_own(add, err);
	if ((rc = people_require_admin(add->by, err)) < 0)
		return rc;
	if ((add->roles & ROLE_ADMIN) && !people_is_bootstrap(tx, add->by))
		token->state = TOKEN_PENDING;
	return 0;
}

int token_add(struct store_tx *tx, struct token_add *add, struct error *err)
{
	struct token *token = arena_alloc(add->arena, sizeof(*token));
	int rc;

	if ((rc = text_check_name("name", add->name, err)) < 0 || (rc = check_life(add, err)) < 0 ||
		(rc = find_owner(tx, add, token, err)) < 0)
		return rc;
	memcpy(token->id, add->id, ID_SIZE);
	memcpy(token->hash, add->hash, PEOPLE_HASH_SIZE);
	memcpy(token->created_by, add->by->person_id, ID_SIZE);
	token->created_by_name = add->by->person_name;
	token->name = add->name;
	token->roles = add->roles;
	token->created_at_us = add->at_us;
	token->expires_at_us = add->expires_at_us;
	if ((rc = token_store_insert(tx, token, err)) < 0 ||
		(rc = people_note_act(tx, add->by, add->at_us, err)) < 0 ||
		(rc = audit_token(tx, add->by, AUDIT_TOKEN_CREATE, token, add->at_us, err)) < 0)
		return rc;
	add->ret_token = token;
	return 0;
}

/* Another admin than the one who made it; its owner may. */
static int check_second(
	const struct token_decide *decide, const struct token *token, struct error *err)
{
	if (token->state != TOKEN_PENDING)
		return error_set(err, ERROR_NO_EFFECT,
			"the token is %s: there is nothing to confirm",
			token_state_word(token->state));
	if (!strcmp(token->created_by, decide->by->person_id)) {
		error_set(err, ERROR_FORBIDDEN,
			"%s made this token: another admin has to confirm it",
			decide->by->person_name);
		return error_remedy(
			err, "ask another admin: redbutton token confirm %s", token->id);
	}
	if (decide->at_us - token->created_at_us > PEOPLE_CONFIRM_WITHIN_US) {
		error_set(err, ERROR_CONFLICT, "the token waited for more than 24 hours");
		return error_remedy(err, "revoke it and make another");
	}
	return 0;
}

static int set_state(struct store_tx *tx, const struct token_decide *decide, struct token *token,
	enum token_state state, enum audit_action action, struct error *err)
{
	int rc;

	token->state = state;
	token->revoked_at_us = state == TOKEN_REVOKED ? decide->at_us : 0;
	if ((rc = token_store_set_state(tx, token->id, state, token->revoked_at_us, err)) < 0 ||
		(rc = people_note_act(tx, decide->by, decide->at_us, err)) < 0)
		return rc;
	return audit_token(tx, decide->by, action, token, decide->at_us, err);
}

int token_confirm(struct store_tx *tx, struct token_decide *decide, struct error *err)
{
	struct token *token;
	int rc;

	if ((rc = people_require_admin(decide->by, err)) < 0 ||
		(rc = token_store_get(tx, decide->arena, decide->id, &token, err)) < 0 ||
		(rc = check_second(decide, token, err)) < 0 ||
		(rc = set_state(tx, decide, token, TOKEN_ACTIVE, AUDIT_TOKEN_CONFIRM, err)) < 0)
		return rc;
	decide->ret_token = token;
	return 0;
}

int token_revoke(struct store_tx *tx, struct token_decide *decide, struct error *err)
{
	struct token *token;
	int rc;

	if ((rc = token_store_get(tx, decide->arena, decide->id, &token, err)) < 0)
		return rc;
	if ((!decide->by->person_id[0] || strcmp(token->person_id, decide->by->person_id)) &&
		(rc = people_require_admin(decide->by, err)) < 0)
		return rc;
	if (token->state == TOKEN_REVOKED)
		return error_set(err, ERROR_NO_EFFECT, "the token is revoked already");
	if ((rc = set_state(tx, decide, token, TOKEN_REVOKED, AUDIT_TOKEN_REVOKE, err)) < 0)
		return rc;
	decide->ret_token = token;
	return 0;
}

int token_list(struct store_tx *tx, const struct principal *by, struct arena *arena,
	struct token **ret, size_t *ret_count, struct error *err)
{
	bool sees_all = principal_require(by, ROLE_ADMIN, NULL, NULL) == 0 ||
			principal_require(by, ROLE_AUDITOR, NULL, NULL) == 0;

	return token_store_list(tx, arena, sees_all ? NULL : by->person_id, ret, ret_count, err);
}

static int audit_peer(struct store_tx *tx, const struct peer_change *change,
	enum audit_action action, const struct peer *peer, struct error *err)
{
	char uid[24];
	json_t *detail = json_object();
	int rc;

	snprintf(uid, sizeof(uid), "%lld", (long long)peer->uid);
	json_set_text(detail, "person", peer->person);
	json_set_bool(detail, "pending", peer->is_pending);
	rc = people_audit(tx, change->by, action, "peer", uid, detail, change->at_us, err);
	json_decref(detail);
	return rc;
}

static int end_peer_change(struct store_tx *tx, struct peer_change *change,
	enum audit_action action, struct peer *peer, struct error *err)
{
	int rc;

	if ((rc = people_note_act(tx, change->by, change->at_us, err)) < 0 ||
		(rc = audit_peer(tx, change, action, peer, err)) < 0)
		return rc;
	change->ret_peer = peer;
	return 0;
}

int peer_map(struct store_tx *tx, struct peer_change *change, struct error *err)
{
	struct peer *peer = arena_alloc(change->arena, sizeof(*peer));
	struct peer *old;
	struct person *person;
	int rc;

	if ((rc = people_require_admin(change->by, err)) < 0 ||
		(rc = person_get(tx, change->arena, change->person, &person, err)) < 0 ||
		(rc = token_store_peer(tx, change->arena, change->uid, &old, err)) < 0)
		return rc;
	if (rc > 0 && !strcmp(old->person_id, person->id))
		return error_set(err, ERROR_NO_EFFECT, "uid %lld is %s already",
			(long long)change->uid, person->name);
	peer->uid = change->uid;
	memcpy(peer->person_id, person->id, ID_SIZE);
	peer->person = person->name;
	peer->is_person_enabled = person->is_enabled;
	memcpy(peer->mapped_by, change->by->person_id, ID_SIZE);
	peer->mapped_by_name = change->by->person_name;
	peer->mapped_at_us = change->at_us;
	peer->is_pending = strcmp(person->id, change->by->person_id) != 0 &&
			   people_has_role(tx, person->id, ROLE_ADMIN, NULL) &&
			   !people_is_bootstrap(tx, change->by);
	if ((rc = token_store_set_peer(tx, peer, err)) < 0)
		return rc;
	return end_peer_change(tx, change, AUDIT_PEER_MAP, peer, err);
}

static int get_peer(
	struct store_tx *tx, const struct peer_change *change, struct peer **ret, struct error *err)
{
	int rc = token_store_peer(tx, change->arena, change->uid, ret, err);

	if (rc == 0)
		return error_set(err, ERROR_NOT_FOUND, "uid %lld is not mapped to anybody",
			(long long)change->uid);
	return rc < 0 ? rc : 0;
}

int peer_confirm(struct store_tx *tx, struct peer_change *change, struct error *err)
{
	struct peer *peer;
	int rc;

	if ((rc = people_require_admin(change->by, err)) < 0 ||
		(rc = get_peer(tx, change, &peer, err)) < 0)
		return rc;
	if (!peer->is_pending)
		return error_set(err, ERROR_NO_EFFECT, "uid %lld is %s already",
			(long long)peer->uid, peer->person);
	if (!strcmp(peer->mapped_by, change->by->person_id)) {
		error_set(err, ERROR_FORBIDDEN,
			"%s mapped this uid: another admin has to confirm it",
			change->by->person_name);
		return error_remedy(err, "ask another admin: redbutton peer confirm %lld",
			(long long)peer->uid);
	}
	if (change->at_us - peer->mapped_at_us > PEOPLE_CONFIRM_WITHIN_US) {
		error_set(err, ERROR_CONFLICT, "the mapping waited for more than 24 hours");
		return error_remedy(err, "unmap it and map it anew");
	}
	peer->is_pending = false;
	if ((rc = token_store_set_peer(tx, peer, err)) < 0)
		return rc;
	return end_peer_change(tx, change, AUDIT_PEER_CONFIRM, peer, err);
}

int peer_unmap(struct store_tx *tx, struct peer_change *change, struct error *err)
{
	struct peer *peer;
	int rc;

	if ((rc = people_require_admin(change->by, err)) < 0 ||
		(rc = get_peer(tx, change, &peer, err)) < 0 ||
		(rc = token_store_remove_peer(tx, change->uid, err)) < 0)
		return rc;
	return end_peer_change(tx, change, AUDIT_PEER_UNMAP, peer, err);
}
