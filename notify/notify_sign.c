#include "notify/notify_rooms.h"

#include "lib/base/json.h"
#include "lib/base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_PREFIX    "whsec_"
#define KEY_BYTES_MIN 24
#define KEY_BYTES_MAX 64
#define TYPE_PREFIX   "dev.redbutton."
#define TYPE_VERSION  ".v1"

struct key {
	unsigned char bytes[KEY_BYTES_MAX];
	size_t length;
};

static int refuse_key(const char *reference, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s holds no key of a webhook", reference);
	error_field(err, "secret");
	return error_remedy(err, "write whsec_ and base64 of 24 to 64 random bytes into it, e.g. "
				 "(printf whsec_; openssl rand -base64 32)");
}

/* The caller zeroes the key. */
static int open_key(const char *reference, struct key *ret, struct error *err)
{
	struct secret secret;
	int rc = secret_open(reference, &secret, err);

	if (rc < 0)
		return rc;
	if (!text_starts_with((const char *)secret.bytes, KEY_PREFIX) ||
		sodium_base642bin(ret->bytes, sizeof(ret->bytes),
			(const char *)secret.bytes + strlen(KEY_PREFIX),
			secret.length - strlen(KEY_PREFIX), NULL, &ret->length, NULL,
			sodium_base64_VARIANT_ORIGINAL) < 0 ||
		ret->length < KEY_BYTES_MIN)
		rc = refuse_key(reference, err);
	secret_close(&secret);
	return rc;
}

int notify_check_secret(const char *reference, struct error *err)
{
	struct key key;
	int rc = open_key(reference, &key, err);

	sodium_memzero(&key, sizeof(key));
	return rc;
}

static void add_text(crypto_auth_hmacsha256_state *state, const char *text, size_t length)
{
	crypto_auth_hmacsha256_update(state, (const unsigned char *)text, length);
}

int notify_sign(const char *reference, const char *id, int64_t timestamp_s, const char *body,
	size_t length, char ret_signature[static NOTIFY_SIGNATURE_SIZE], struct error *err)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char stamp[32];
	struct key key;
	int rc = open_key(reference, &key, err);

	if (rc == 0) {
		snprintf(stamp, sizeof(stamp), ".%lld.", (long long)timestamp_s);
		crypto_auth_hmacsha256_init(&state, key.bytes, key.length);
		add_text(&state, id, strlen(id));
		add_text(&state, stamp, strlen(stamp));
		add_text(&state, body, length);
		crypto_auth_hmacsha256_final(&state, mac);
		memcpy(ret_signature, "v1,", 3);
		sodium_bin2base64(ret_signature + 3, NOTIFY_SIGNATURE_SIZE - 3, mac, sizeof(mac),
			sodium_base64_VARIANT_ORIGINAL);
		sodium_memzero(&state, sizeof(state));
	}
	sodium_memzero(&key, sizeof(key));
	return rc;
}

static json_t *body_data(const struct delivery *delivery)
{
	json_t *data = NULL;

	(void)json_parse(delivery->data, strlen(delivery->data), JSON_DEPTH_GRAPH, &data, NULL);
	if (!json_is_object(data)) {
		json_decref(data);
		data = json_object();
	}
	if (!json_object_get(data, "text"))
		json_set_text(data, "text", delivery->text);
	return data;
}

char *notify_body(const struct delivery *delivery, const char *source, size_t *ret_length)
{
	char type[256];
	json_t *event = json_object();
	char *body;

	snprintf(type, sizeof(type), TYPE_PREFIX "%s" TYPE_VERSION, delivery->type);
	json_set_text(event, "specversion", "1.0");
	json_set_text(event, "id", delivery->event_id);
	json_set_text(event, "source", source);
	json_set_text(event, "type", type);
	json_set_text(event, "subject", delivery->subject);
	json_set_time(event, "time", delivery->event_at_us);
	json_set_text(event, "datacontenttype", "application/json");
	json_object_set_new(event, "data", body_data(delivery));
	body = json_dumps(event, JSON_COMPACT);
	json_decref(event);
	if (!body)
		abort();
	*ret_length = strlen(body);
	return body;
}
