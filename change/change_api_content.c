/* Contents: bytes under their SHA-256. */
#include "change/change_api_rooms.h"
#include "lib/base/base64.h"
#include "lib/base/json.h"

#include <string.h>
#include <strings.h>

struct put {
	const char *sha256, *bytes, *by;
	size_t length;
	int64_t at_us;
};

static int take_b64(struct request *req, const char *text, size_t length, struct put *put)
{
	static const char *const keys[] = {"b64", NULL};
	struct error *err = request_error(req);
	const char *b64 = NULL;
	json_t *body = NULL;
	char *bytes;
	int rc = json_parse(text, length, JSON_DEPTH_MAX, &body, err);

	if (rc < 0)
		return error_field(err, "body");
	arena_defer(request_arena(req), (void (*)(void *))json_decref, body);
	if (!json_is_object(body)) {
		error_set(err, ERROR_INVALID, "the body is not a JSON object");
		return error_field(err, "body");
	}
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "b64", true, &b64, err)) < 0)
		return rc;
	if (!base64_parse(request_arena(req), b64, &bytes, &put->length)) {
		error_set(err, ERROR_INVALID, "this is no base64 with padding");
		return error_field(err, "b64");
	}
	put->bytes = bytes;
	return 0;
}

static int take(struct request *req, struct put *put)
{
	const char *type = request_header(req, "Content-Type");
	struct error *err = request_error(req);
	size_t length;
	const char *body = request_body(req, &length);
	int rc = 0;

	put->bytes = body;
	put->length = length;
	if (type && !strncasecmp(type, "application/json", strlen("application/json")) && length)
		rc = take_b64(req, body, length, put);
	if (rc < 0)
		return rc;
	if (put->length && put->length <= REVISION_CONTENT_MAX)
		return 0;
	error_set(err, put->length ? ERROR_TOO_LARGE : ERROR_INVALID,
		"a content has 1 byte to 1 MiB, not %zu", put->length);
	error_field(err, "body");
	return error_remedy(err, "bring larger files onto the hosts by other means, and name their "
				 "SHA-256 in a script");
}

static int ask_put(struct store_tx *tx, void *arg, struct error *err)
{
	const struct put *put = arg;

	return content_store_put(
		tx, put->sha256, put->bytes, put->length, put->by, put->at_us, err);
}

static void tell_put(struct request *req, void *arg)
{
	const struct put *put = arg;

	request_reply_json(req, 200,
		json_pack("{s:s, s:I}", "sha256", put->sha256, "size", (json_int_t)put->length));
}

void content_api_put(struct request *req)
{
	struct put *put = request_alloc(req, sizeof(*put));
	const struct principal *by = request_principal(req);
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;

	put->by = by->person_name;
	put->at_us = request_now_us(req);
	if (take(req, put) < 0) {
		request_fail(req);
		return;
	}
	digest_of(put->bytes, put->length, &digest);
	put->sha256 =
		arena_text(request_arena(req), digest_text(&digest, text) + strlen("sha256:"));
	request_write(req, ask_put, tell_put, put);
}

void content_api_get(struct request *req)
{
	const char *bytes;
	size_t length;

	if (change_get_content(request_reader(req), request_arena(req), request_text(req, "sha256"),
		    &bytes, &length, request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_bytes(req, 200, "application/octet-stream", bytes, length);
}
