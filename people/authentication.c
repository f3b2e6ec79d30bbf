#include "people/people_rooms.h"

#include "lib/base/json.h"
#include "lib/base/time.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_US	  (60 * INT64_C(1000000))
#define FAILURES_MAX	  10 /* a window and address */
#define DENIALS_MAX	  10 /* records a window and address */
#define DENIALS_TOTAL_MAX 60 /* records a window, all addresses */
#define TOUCH_EVERY_US	  (60 * INT64_C(1000000))
#define ADDRESS_KEY_SIZE  64
#define SLOT_COUNT	  256
#define SLOT_WAYS	  4
#define TOUCHED_COUNT	  64

/* What one address did in its current window. */
struct address_slot {
	char key[ADDRESS_KEY_SIZE];
	int64_t since_us;
	int failures, denials;
	int64_t left_out; /* denials that were not recorded since the last record */
};

struct touched {
	char token_id[ID_SIZE];
	int64_t at_us;
};

struct people {
	struct store *store;
	struct credential_cache *credentials;
	struct address_slot slots[SLOT_COUNT];
	struct address_slot total; /* its `denials` alone */
	struct touched touched[TOUCHED_COUNT];
	size_t touched_next;
	bool is_first_token_over; /* read once as ended, it never lives again */
};

int people_open(struct store *store, struct people **ret, struct error *err)
{
	struct people *people = calloc(1, sizeof(*people));

	if (people)
		people->credentials = credential_cache_new(store);
	if (!people || !people->credentials) {
		free(people);
		return error_set(err, ERROR_NO_MEMORY, "no memory for the people room");
	}
	people->store = store;
	*ret = people;
	return 0;
}

void people_close(struct people *people)
{
	if (people)
		credential_cache_free(people->credentials);
	free(people);
}

/* --- counting by address --- */

/* "10.1.2.3:4711" -> "10.1.2.3"; an IPv6 address stands for its /64: one host owns that many. */
static void address_key(const char *address, char *key)
{
	struct in6_addr v6;
	const char *end = strrchr(address, ':');
	char host[ADDRESS_KEY_SIZE];

	snprintf(host, sizeof(host), "%.*s", end ? (int)(end - address) : ADDRESS_KEY_SIZE - 1,
		address);
	snprintf(key, ADDRESS_KEY_SIZE, "%s", host);
	if (host[0] != '[')
		return;
	host[strcspn(host, "]")] = '\0';
	if (inet_pton(AF_INET6, host + 1, &v6) != 1)
		return;
	if (!IN6_IS_ADDR_V4MAPPED(&v6))
		memset(v6.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &v6, key, ADDRESS_KEY_SIZE);
}

static unsigned hash_key(const char *key)
{
	unsigned hash = 2166136261u;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619u;
	return hash;
}

static void renew_window(struct address_slot *slot, int64_t now_us)
{
	if (now_us - slot->since_us < WINDOW_US && now_us >= slot->since_us)
		return;
	slot->since_us = now_us;
	slot->failures = slot->denials = 0;
}

/* The slot of an address; a new address takes the one of its set that was quiet for longest. */
static struct address_slot *find_slot(struct people *people, const char *address, int64_t now_us)
{
	char key[ADDRESS_KEY_SIZE];
	struct address_slot *set, *oldest;

	address_key(address, key);
	set = people->slots + hash_key(key) % (SLOT_COUNT / SLOT_WAYS) * SLOT_WAYS;
	oldest = set;
	for (struct address_slot *slot = set; slot < set + SLOT_WAYS; slot++) {
		if (!strcmp(slot->key, key)) {
			renew_window(slot, now_us);
			return slot;
		}
		if (slot->since_us < oldest->since_us)
			oldest = slot;
	}
	memset(oldest, 0, sizeof(*oldest));
	memcpy(oldest->key, key, sizeof(key));
	oldest->since_us = now_us;
	return oldest;
}

static bool is_too_often(struct people *people, const char *address, int64_t now_us)
{
	return ++find_slot(people, address, now_us)->failures > FAILURES_MAX;
}

/* --- denials --- */

struct denial {
	struct audit_actor actor;
	char reason[sizeof(((struct error *)0)->message)];
	int code;
	int64_t left_out;
	int64_t at_us;
};

static int ask_denial(struct store_tx *tx, void *arg, struct error *err)
{
	struct denial *denial = arg;
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = &denial->actor,
		.action = AUDIT_DENIED,
		.outcome = AUDIT_REFUSED,
		.subject_kind = "access",
		.subject_id = denial->actor.id,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "reason", denial->reason);
	json_set_text(detail, "code", error_word(denial->code));
	if (denial->left_out)
		json_set_int(detail, "left_out", denial->left_out);
	rc = audit_append(tx, &record, denial->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

static void free_job(void *arg, const struct error *err)
{
	(void)err; /* the store tells of a failed commit; these jobs are owed to nobody */
	free(arg);
}

void people_record_denial(struct people *people, const struct audit_actor *actor,
	const struct error *why, int64_t at_us)
{
	struct address_slot *slot = find_slot(people, actor->address, at_us);
	struct denial *denial;

	renew_window(&people->total, at_us);
	if (slot->denials >= DENIALS_MAX || people->total.denials >= DENIALS_TOTAL_MAX ||
		!(denial = calloc(1, sizeof(*denial)))) {
		slot->left_out++;
		return;
	}
	slot->denials++;
	people->total.denials++;
	denial->actor = *actor;
	memcpy(denial->reason, why->message, sizeof(denial->reason));
	denial->code = why->code;
	denial->left_out = slot->left_out;
	denial->at_us = at_us;
	slot->left_out = 0;
	store_write(people->store, ask_denial, free_job, denial);
}

/* --- what a login leaves behind --- */

struct token_job {
	char token_id[ID_SIZE];
	int64_t at_us;
};

static void write_token_job(
	struct people *people, store_ask ask, const char *token_id, int64_t at_us)
{
	struct token_job *job = calloc(1, sizeof(*job));

	if (!job)
		return;
	memcpy(job->token_id, token_id, ID_SIZE);
	job->at_us = at_us;
	store_write(people->store, ask, free_job, job);
}

static int ask_touch(struct store_tx *tx, void *arg, struct error *err)
{
	struct token_job *job = arg;

	return token_store_touch(tx, job->token_id, job->at_us, err);
}

/* "Last used" to the minute: a busy token costs one write a minute. */
static void touch_token(struct people *people, const struct token *token, int64_t now_us)
{
	struct touched *entry = NULL;

	if (token->used_at_us && now_us - token->used_at_us < TOUCH_EVERY_US)
		return;
	for (size_t i = 0; i < TOUCHED_COUNT && !entry; i++)
		if (!strcmp(people->touched[i].token_id, token->id))
			entry = &people->touched[i];
	if (entry && now_us - entry->at_us < TOUCH_EVERY_US)
		return;
	if (!entry)
		entry = &people->touched[people->touched_next++ % TOUCHED_COUNT];
	memcpy(entry->token_id, token->id, ID_SIZE);
	entry->at_us = now_us;
	write_token_job(people, ask_touch, token->id, now_us);
}

static int ask_end_first_token(struct store_tx *tx, void *arg, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct token_job *job = arg;
	struct token *token;
	json_t *detail;
	int rc = token_store_get(tx, &arena, job->token_id, &token, err);

	if (rc == 0 && token->state == TOKEN_ACTIVE) {
		detail = json_object();
		json_set_text(detail, "reason", "another credential of an admin was used");
		rc = token_store_set_state(tx, token->id, TOKEN_REVOKED, job->at_us, err);
		if (rc == 0)
			rc = people_audit(tx, NULL, AUDIT_TOKEN_REVOKE, "token", token->id, detail,
				job->at_us, err);
		json_decref(detail);
	}
	arena_done(&arena);
	return rc;
}

/* The token of the first start ends when another credential of an admin is used. */
static void end_first_token(
	struct people *people, struct arena *arena, const char *used_token_id, int64_t now_us)
{
	struct store_tx *reader = store_reader(people->store);
	struct first_start first;
	struct token *token;
	int rc;

	if (people->is_first_token_over)
		return;
	rc = token_store_first_start(reader, &first, NULL);
	if (rc == 0)
		people->is_first_token_over = true;
	if (rc <= 0 || !strcmp(first.token_id, used_token_id) ||
		token_store_get(reader, arena, first.token_id, &token, NULL) < 0)
		return;
	if (token->state == TOKEN_REVOKED || token->expires_at_us <= now_us)
		people->is_first_token_over = true;
	else
		write_token_job(people, ask_end_first_token, first.token_id, now_us);
}

/* --- principals --- */

/* Copied: a request may outlive what is kept of its credential. */
static void add_grant(
	struct arena *arena, struct principal *principal, const struct principal_grant *grant)
{
	principal->grants[principal->grant_count++] = (struct principal_grant){
		.role = grant->role,
		.scope = {.environment = arena_text(arena, grant->scope.environment),
			.service = arena_text(arena, grant->scope.service),
			.team = arena_text(arena, grant->scope.team),
			.kind = arena_text(arena, grant->scope.kind)},
	};
	principal->roles |= grant->role;
}

/* Every person is a viewer; a token has of its person's rights those that it names. */
static void fill_grants(struct arena *arena, struct principal *principal,
	const struct credential *credential, unsigned mask)
{
	const struct principal_grant viewer = {.role = ROLE_VIEWER};

	principal->grants =
		arena_alloc(arena, (credential->grant_count + 1) * sizeof(*principal->grants));
	if (mask & ROLE_VIEWER)
		add_grant(arena, principal, &viewer);
	for (size_t i = 0; i < credential->grant_count; i++)
		if (mask & credential->grants[i].role)
			add_grant(arena, principal, &credential->grants[i]);
}

static void set_actor(struct principal *principal, enum audit_actor_kind kind, const char *id,
	const char *name, const char *address)
{
	principal->actor.kind = kind;
	snprintf(principal->actor.id, sizeof(principal->actor.id), "%s", id);
	snprintf(principal->actor.name, sizeof(principal->actor.name), "%s", name);
	snprintf(principal->actor.address, sizeof(principal->actor.address), "%s", address);
}

static int refuse_disabled(const char *person, struct error *err)
{
	error_set(err, ERROR_FORBIDDEN, "%s is disabled", person);
	return error_remedy(err, "an admin can enable it: redbutton person enable %s", person);
}

static int refuse_ended(const char *how, int64_t at_us, struct error *err)
{
	char when[TIME_TEXT_SIZE];

	error_set(err, ERROR_UNAUTHENTICATED, "the token %s %s", how,
		time_format(at_us, when, sizeof(when)));
	return error_remedy(err, "make another: redbutton token create --name NAME --role ROLE");
}

static int check_token(const struct token *token, int64_t now_us, struct error *err)
{
	if (token->state == TOKEN_REVOKED)
		return refuse_ended("was revoked at", token->revoked_at_us, err);
	if (token->expires_at_us <= now_us)
		return refuse_ended("expired at", token->expires_at_us, err);
	if (token->state == TOKEN_PENDING) {
		error_set(err, ERROR_UNAUTHENTICATED,
			"the token waits for the confirmation of another admin");
		return error_remedy(err, "redbutton token confirm %s", token->id);
	}
	if (!token->is_person_enabled)
		return refuse_disabled(token->person, err);
	return 0;
}

static int find_token(struct people *people, struct arena *arena, const char *text, int64_t now_us,
	const struct credential **ret, struct error *err)
{
	int rc = 0;

	if (token_is_well_formed(text))
		rc = credential_of_token(people->credentials, arena, text, ret, err);
	if (rc == 0) {
		error_set(err, ERROR_UNAUTHENTICATED, "the token is not known");
		return error_remedy(err, "a token begins with rb_ and is shown once, by redbutton "
					 "token create");
	}
	return rc < 0 ? rc : check_token((*ret)->token, now_us, err);
}

static int refuse_often(struct error *err)
{
	error_set(err, ERROR_TOO_MANY,
		"more than %d tokens from this address were refused within a minute", FAILURES_MAX);
	return error_remedy(err, "wait a minute and use a token that is valid");
}

int people_authenticate_token(struct people *people, struct arena *arena, const char *text,
	const char *address, int64_t now_us, struct principal **ret, struct error *err)
{
	struct principal *principal = arena_alloc(arena, sizeof(*principal));
	const struct credential *credential;
	const struct token *token;
	int rc = find_token(people, arena, text, now_us, &credential, err);

	if ((rc == ERROR_UNAUTHENTICATED || rc == ERROR_FORBIDDEN) &&
		is_too_often(people, address, now_us))
		return refuse_often(err);
	if (rc < 0)
		return rc;
	token = credential->token;
	set_actor(principal, AUDIT_TOKEN, token->id, token->person, address);
	memcpy(principal->actor.session, credential->session, sizeof(credential->session));
	memcpy(principal->person_id, token->person_id, ID_SIZE);
	snprintf(principal->person_name, sizeof(principal->person_name), "%s", token->person);
	principal->is_token = true;
	principal->expires_at_us = token->expires_at_us;
	fill_grants(arena, principal, credential, token->roles);
	touch_token(people, token, now_us);
	if (principal->roles & ROLE_ADMIN)
		end_first_token(people, arena, token->id, now_us);
	*ret = principal;
	return 0;
}

int people_authenticate_peer(struct people *people, struct arena *arena, int64_t uid,
	const char *address, int64_t now_us, struct principal **ret, struct error *err)
{
	struct principal *principal = arena_alloc(arena, sizeof(*principal));
	const struct credential *credential;
	const struct peer *peer;
	unsigned mask = ROLE_VIEWER;
	int rc = credential_of_peer(people->credentials, arena, uid, &credential, err);

	if (rc < 0)
		return rc;
	peer = credential->peer;
	if (peer) {
		if (!peer->is_person_enabled)
			return refuse_disabled(peer->person, err);
		memcpy(principal->person_id, peer->person_id, ID_SIZE);
		snprintf(
			principal->person_name, sizeof(principal->person_name), "%s", peer->person);
		set_actor(principal, AUDIT_HUMAN, peer->person_id, peer->person, address);
		mask = ROLE_ANY;
	} else {
		snprintf(principal->person_name, sizeof(principal->person_name), "uid:%lld",
			(long long)uid);
		set_actor(principal, AUDIT_HUMAN, principal->person_name, principal->person_name,
			address);
	}
	fill_grants(arena, principal, credential, mask);
	if (principal->roles & ROLE_ADMIN)
		end_first_token(people, arena, "", now_us);
	*ret = principal;
	return 0;
}

int people_peer_person(struct store_tx *tx, struct arena *arena, int64_t uid,
	char ret_person[static ID_SIZE], struct error *err)
{
	struct peer *peer = NULL;
	int rc = token_store_peer(tx, arena, uid, &peer, err);

	ret_person[0] = 0;
	if (rc > 0 && !peer->is_pending && peer->is_person_enabled)
		memcpy(ret_person, peer->person_id, ID_SIZE);
	return rc < 0 ? rc : 0;
}

/* --- for the server --- */

static struct principal *new_anonymous(struct arena *arena, const char *address)
{
	struct principal *principal = arena_alloc(arena, sizeof(*principal));

	snprintf(principal->person_name, sizeof(principal->person_name), "nobody");
	set_actor(principal, AUDIT_HUMAN, "", "nobody", address);
	return principal;
}

static int refuse_anonymous(struct error *err)
{
	error_set(err, ERROR_UNAUTHENTICATED, "a token is needed");
	return error_remedy(
		err, "send Authorization: Bearer rb_..., or use the daemon's unix socket");
}

static int check_access(const struct principal *principal, unsigned access, struct error *err)
{
	char needed[128];

	if (!access || (principal->roles & access))
		return 0;
	people_role_words(access, needed, sizeof(needed));
	error_set(err, ERROR_FORBIDDEN, "%s%s has none of the roles that may do this: %s",
		principal->actor.name, principal->is_token ? " with this token" : "", needed);
	return error_remedy(err, "see what you have: redbutton whoami; an admin grants roles: "
				 "redbutton grant add");
}

int people_authenticate(void *arg, struct arena *arena, const char *token, int64_t peer_uid,
	const char *address, unsigned access, void **ret_principal, struct error *err)
{
	struct people *people = arg;
	struct principal *principal = new_anonymous(arena, address);
	int64_t now_us = time_now_us();
	int rc;

	if (token)
		rc = people_authenticate_token(
			people, arena, token, address, now_us, &principal, err);
	else if (peer_uid >= 0)
		rc = people_authenticate_peer(
			people, arena, peer_uid, address, now_us, &principal, err);
	else
		rc = access ? refuse_anonymous(err) : 0;
	if (rc < 0 && !access) {
		error_clear(err);
		rc = 0;
	}
	if (rc == 0)
		rc = check_access(principal, access, err);
	if (rc < 0) {
		if ((token || peer_uid >= 0) &&
			(rc == ERROR_UNAUTHENTICATED || rc == ERROR_FORBIDDEN ||
				rc == ERROR_TOO_MANY))
			people_record_denial(people, &principal->actor, err, now_us);
		return rc;
	}
	*ret_principal = principal;
	return 0;
}

const char *people_principal_id(const void *principal)
{
	return ((const struct principal *)principal)->actor.id;
}

void people_denied(void *people, const void *principal, const struct error *why, int64_t at_us)
{
	people_record_denial(people, &((const struct principal *)principal)->actor, why, at_us);
}
