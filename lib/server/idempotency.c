#include "lib/base/log.h"
#include "lib/server/server_rooms.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX_BYTES 128

static int refuse_key(struct error *err, int code, const char *message, const char *remedy)
{
	error_set(err, code, "%s", message);
	error_field(err, "Idempotency-Key");
	return error_remedy(err, "%s", remedy);
}

static int check_key(const char *key, struct error *err)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < length; i++)
		if (key[i] < 0x21 || key[i] > 0x7e)
			length = 0;
	if (length >= 1 && length <= KEY_MAX_BYTES)
		return 0;
	return refuse_key(err, ERROR_INVALID,
		"the Idempotency-Key is not 1 to 128 visible ASCII characters",
		"use a random UUID");
}

/* What the same request is: method, address, precondition and body. */
static void digest_request(struct request *req)
{
	struct digest_state *state = digest_new();
	const char *if_match = request_header(req, "If-Match");
	struct digest digest;

	digest_add_field(state, req->method, strlen(req->method));
	digest_add_field(state, req->uri, strlen(req->uri));
	digest_add_field(state, if_match ? if_match : "", if_match ? strlen(if_match) : 0);
	digest_add_field(state, buf_text(&req->body), req->body.length);
	digest_end(state, &digest);
	digest_free(state);
	digest_text(&digest, req->keyed.digest);
}

static int check_digest(const struct request *req, const char *digest, struct error *err)
{
	if (!strcmp(req->keyed.digest, digest))
		return 0;
	return refuse_key(err, ERROR_KEY_REUSED, "the Idempotency-Key was used for another request",
		"use a new key for each request");
}

/* The same key on its way in another connection. */
static int check_in_flight(const struct request *req, struct error *err)
{
	for (const struct request *other = req->server->requests; other; other = other->next) {
		if (other == req || !other->keyed.key || strcmp(other->keyed.key, req->keyed.key) ||
			strcmp(other->keyed.principal, req->keyed.principal))
			continue;
		if (check_digest(req, other->keyed.digest, err) < 0)
			return ERROR_KEY_REUSED;
		return refuse_key(err, ERROR_CONFLICT, "the same request is being carried out",
			"ask again with the same key for its answer");
	}
	return 0;
}

static void replay_headers(struct request *req, const char *headers)
{
	char *rest = arena_text(&req->arena, headers), *line;

	while ((line = strsep(&rest, "\n"))) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = 0;
		request_set_header(req, line, colon + 2);
	}
	request_set_header(req, "Idempotency-Replayed", "true");
}

static int replay(struct request *req, const struct kept_reply *kept, struct error *err)
{
	int rc = check_digest(req, kept->digest, err);

	if (rc < 0)
		return rc;
	if (!kept->status)
		return refuse_key(err, ERROR_CONFLICT,
			"the request was carried out, and its answer held a secret that is shown "
			"once",
			"look at what it made; replace the secret if its answer was lost");
	replay_headers(req, kept->headers);
	request_reply_bytes(req, (unsigned)kept->status, kept->type, kept->body, kept->length);
	return 1;
}

int idempotency_begin(struct request *req, struct error *err)
{
	const struct route *route = req->route->route;
	const char *key = request_header(req, "Idempotency-Key");
	struct kept_reply kept;
	int rc;

	if (!key || !req->principal || route->method != ROUTE_POST || (route->flags & ROUTE_NO_KEY))
		return 0;
	rc = check_key(key, err);
	if (rc < 0)
		return rc;
	req->keyed.principal =
		arena_text(&req->arena, req->server->authenticator.principal_id(req->principal));
	digest_request(req);
	req->keyed.key = arena_text(&req->arena, key);
	rc = check_in_flight(req, err);
	if (rc >= 0)
		rc = idempotency_store_find(store_reader(req->store), &req->arena,
			req->keyed.principal, key, req->now_us - IDEMPOTENCY_KEEP_US, &kept, err);
	if (rc > 0)
		rc = replay(req, &kept, err);
	/* Refused and replayed requests do not block the key. */
	if (rc != 0)
		req->keyed.key = NULL;
	return rc;
}

/* --- inside the transaction --- */

static char *join_headers(struct request *req)
{
	struct buf text = BUF_INIT;
	char *joined;

	for (const struct reply_header *header = req->headers; header; header = header->next)
		buf_add_format(&text, "%s: %s\n", header->name, header->value);
	joined = arena_text(&req->arena, buf_text(&text));
	buf_done(&text);
	return joined;
}

static int capture(struct store_tx *tx, struct request *req,
	void (*tell)(struct request *req, void *arg), void *arg, struct error *err)
{
	req->capture_tx = tx;
	tell(req, arg);
	req->capture_tx = NULL;
	if (req->reply.is_captured)
		return 0;
	log_error("server", "a tell did not reply", "route", req->route->route->path);
	return error_set(err, ERROR_INTERNAL, "the request was not answered");
}

/* A refusal changed nothing, so the key is free for another try; a secret's answer is not kept. */
int idempotency_record(struct store_tx *tx, struct request *req,
	void (*tell)(struct request *req, void *arg), void *arg, struct error *err)
{
	struct kept_reply kept = {.digest = req->keyed.digest, .headers = ""};
	int rc = capture(tx, req, tell, arg, err);

	if (rc < 0 || req->reply.status >= 400)
		return rc;
	if (!(req->route->route->flags & ROUTE_SECRET)) {
		kept.status = req->reply.status;
		kept.type = req->reply.type;
		kept.headers = join_headers(req);
		kept.body = req->reply.bytes;
		kept.length = req->reply.length;
	}
	rc = idempotency_store_forget(tx, req->now_us - IDEMPOTENCY_KEEP_US, err);
	if (rc < 0)
		return rc;
	return idempotency_store_insert(
		tx, req->keyed.principal, req->keyed.key, &kept, req->now_us, err);
}
