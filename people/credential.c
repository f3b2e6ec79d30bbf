/*
 * What the rows say of a token or a uid, and of the rights of its person, kept until the next
 * COMMIT. Time plays no part here: whether a token has expired is asked at each request.
 */
#include "people/people_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_COUNT 256

struct credential_cache {
	struct store *store;
	uint64_t data_version; /* that all of them belong to */
	struct kept {
		char key[PEOPLE_HASH_SIZE];
		struct credential credential;
		struct arena arena;
	} kept[KEPT_COUNT];
};

struct credential_cache *credential_cache_new(struct store *store)
{
	struct credential_cache *cache = calloc(1, sizeof(*cache));

	if (cache)
		cache->store = store;
	return cache;
}

static void forget(struct kept *kept)
{
	arena_done(&kept->arena);
	*kept = (struct kept){0};
}

void credential_cache_free(struct credential_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < KEPT_COUNT; i++)
		forget(&cache->kept[i]);
	free(cache);
}

/* --- from the rows --- */

static int read_grants(struct store_tx *tx, struct arena *arena, const char *person_id,
	struct credential *credential, struct error *err)
{
	return grant_store_of_person(
		tx, arena, person_id, &credential->grants, &credential->grant_count, err);
}

/* 1, or 0 when no token has this hash. */
static int read_token(struct store_tx *tx, struct arena *arena, const char *hash, const char *text,
	struct credential *credential, struct error *err)
{
	struct digest digest;
	int rc = token_store_find(tx, arena, hash, &credential->token, err);

	if (rc <= 0)
		return rc;
	/* Links the requests of one token in the audit; differs from the hash that the store
	 * compares. */
	digest_of_domain("redbutton session\n", text, strlen(text), &digest);
	digest_text(&digest, credential->session);
	rc = read_grants(tx, arena, credential->token->person_id, credential, err);
	return rc < 0 ? rc : 1;
}

static int read_peer(struct store_tx *tx, struct arena *arena, int64_t uid,
	struct credential *credential, struct error *err)
{
	int rc = token_store_peer(tx, arena, uid, &credential->peer, err);

	if (rc > 0 && credential->peer->is_pending)
		credential->peer = NULL;
	if (rc > 0 && credential->peer)
		rc = read_grants(tx, arena, credential->peer->person_id, credential, err);
	return rc < 0 ? rc : 1;
}

/* --- kept --- */

static struct kept *place_of(struct credential_cache *cache, const char *key)
{
	unsigned hash = 2166136261u;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619u;
	return &cache->kept[(hash ^ hash >> 16) % KEPT_COUNT];
}

static bool is_current(struct credential_cache *cache, uint64_t data_version)
{
	if (!data_version)
		return false;
	if (cache->data_version != data_version)
		for (size_t i = 0; i < KEPT_COUNT; i++)
			if (cache->kept[i].key[0])
				forget(&cache->kept[i]);
	cache->data_version = data_version;
	return true;
}

/* The rows are read into the cache's own memory, or the request's while nothing can be kept. */
static int get(struct credential_cache *cache, struct arena *arena,
	const char key[static PEOPLE_HASH_SIZE], const char *text, int64_t uid,
	const struct credential **ret, struct error *err)
{
	struct store_tx *reader = store_reader(cache->store);
	struct kept *kept = place_of(cache, key);
	struct credential *credential;
	bool may_keep = is_current(cache, store_data_version(cache->store));
	int rc;

	*ret = &kept->credential;
	if (may_keep && kept->key[0] && text_is_equal_secret(kept->key, key, PEOPLE_HASH_SIZE))
		return 1;
	forget(kept);
	if (may_keep)
		arena = &kept->arena;
	credential = may_keep ? &kept->credential : arena_alloc(arena, sizeof(*credential));
	*ret = credential;
	rc = text ? read_token(reader, arena, key, text, credential, err)
		  : read_peer(reader, arena, uid, credential, err);
	if (may_keep && rc > 0)
		memcpy(kept->key, key, PEOPLE_HASH_SIZE);
	else if (may_keep)
		forget(kept);
	return rc;
}

int credential_of_token(struct credential_cache *cache, struct arena *arena, const char *text,
	const struct credential **ret, struct error *err)
{
	char hash[PEOPLE_HASH_SIZE];

	token_hash(text, hash);
	return get(cache, arena, hash, text, -1, ret, err);
}

int credential_of_peer(struct credential_cache *cache, struct arena *arena, int64_t uid,
	const struct credential **ret, struct error *err)
{
	char key[PEOPLE_HASH_SIZE] = ""; /* compared with the zeros behind it */
	int rc;

	snprintf(key, sizeof(key), "uid:%lld", (long long)uid);
	rc = get(cache, arena, key, NULL, uid, ret, err);
	return rc < 0 ? rc : 0;
}
