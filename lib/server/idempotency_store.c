#include "lib/server/server_rooms.h"

static const struct store_statement find =
	STORE_STATEMENT("SELECT digest, status, type, headers, body FROM server_idempotency"
			" WHERE principal = :principal AND key = :key AND created_at_us > :since");

static const struct store_statement insert = STORE_STATEMENT(
	"INSERT INTO server_idempotency"
	" (principal, key, digest, status, type, headers, body, created_at_us)"
	" VALUES (:principal, :key, :digest, :status, :type, :headers, :body, :created_at_us)");

static const struct store_statement forget =
	STORE_STATEMENT("DELETE FROM server_idempotency WHERE created_at_us <= :before");

int idempotency_store_find(struct store_tx *tx, struct arena *arena, const char *principal,
	const char *key, int64_t since_us, struct kept_reply *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &find);
	const void *body;
	int rc;

	store_bind_text(query, "principal", principal);
	store_bind_text(query, "key", key);
	store_bind_int(query, "since", since_us);
	rc = store_next(query, err);
	if (rc <= 0)
		return rc;
	ret->digest = store_text_copy(query, "digest", arena);
	ret->status = store_int(query, "status");
	ret->type = store_text_copy(query, "type", arena);
	ret->headers = store_text_copy(query, "headers", arena);
	body = store_bytes(query, "body", &ret->length);
	ret->body = arena_copy(arena, body, ret->length);
	store_finish(query);
	return 1;
}

int idempotency_store_insert(struct store_tx *tx, const char *principal, const char *key,
	const struct kept_reply *reply, int64_t now_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert);

	store_bind_text(query, "principal", principal);
	store_bind_text(query, "key", key);
	store_bind_text(query, "digest", reply->digest);
	store_bind_int(query, "status", reply->status);
	store_bind_text(query, "type", reply->type);
	store_bind_text(query, "headers", reply->headers);
	store_bind_bytes(query, "body", reply->body ? reply->body : "", reply->length);
	store_bind_int(query, "created_at_us", now_us);
	return store_run(query, err);
}

int idempotency_store_forget(struct store_tx *tx, int64_t before_us, struct error *err)
{
	struct store_query *query = store_query(tx, &forget);

	store_bind_int(query, "before", before_us);
	return store_run(query, err);
}
