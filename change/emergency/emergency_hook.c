/*
 * The second factor of an emergency: before one is started, confirmed or renewed, a hook of the
 * site is asked about the person who acts. Only a whole answer to this very question is a yes; a
 * hook that is away, slow, or says anything else is a no.
 */
#include "change/emergency/emergency_api.h"
#include "change/emergency/emergency_rooms.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/client/client.h"

#include <string.h>

#define TIMEOUT_MS	 30000 /* a person answers on a telephone */
#define ANSWER_MAX_BYTES 4096
#define MESSAGE_MAX	 200

struct asking {
	struct request *req;
	struct emergency_factor factor;
	char nonce[ID_SIZE];
};

static int refuse(struct error *err, const char *why)
{
	error_set(err, ERROR_FORBIDDEN, "the second factor said no: %s", why);
	error_field(err, "code");
	return error_remedy(err, "try again with --code, or ask whoever runs emergency-hook");
}

/* The hook's own word for a no, as far as it can be shown. */
static const char *message_of(struct arena *arena, const json_t *answer)
{
	const char *message = json_string_value(json_object_get(answer, "message"));

	if (!message || strlen(message) > MESSAGE_MAX)
		return "it was not confirmed";
	return text_visible(arena, message);
}

static int check_answer(
	struct asking *asking, const struct client_response *response, struct error *err)
{
	struct arena *arena = request_arena(asking->req);
	struct error ignored = ERROR_INIT;
	json_t *answer = NULL;
	const char *nonce;
	int rc = 0;

	if (response->status != 200 || json_parse(response->body, response->body_length,
					       JSON_DEPTH_MAX, &answer, &ignored) < 0)
		return refuse(err, "the hook gave no answer that is understood");
	nonce = json_string_value(json_object_get(answer, "nonce"));
	if (!nonce || strcmp(nonce, asking->nonce) != 0)
		rc = refuse(err, "the hook answered another question");
	else if (!json_is_true(json_object_get(answer, "allow")))
		rc = refuse(err, message_of(arena, answer));
	json_decref(answer);
	return rc;
}

static void answered(void *arg, const struct client_response *response, const struct error *problem)
{
	struct asking *asking = arg;
	struct request *req = asking->req;
	const struct principal *by = request_principal(req);
	int rc;

	if (response)
		rc = check_answer(asking, response, request_error(req));
	else
		rc = refuse(request_error(req), "the hook could not be asked");
	if (rc >= 0) {
		request_write(req, asking->factor.ask, asking->factor.tell, asking->factor.arg);
		return;
	}
	log_warn("emergency", "the second factor said no", "act", asking->factor.act, "person",
		by->person_name, "error", problem ? problem->message : request_error(req)->message);
	request_fail(req);
}

static json_t *question(const struct asking *asking)
{
	const struct emergency_factor *factor = &asking->factor;
	const struct principal *by = request_principal(asking->req);
	json_t *body = json_object();

	json_set_int(body, "schema", 1);
	json_set_text(body, "nonce", asking->nonce);
	json_set_text(body, "act", factor->act);
	json_set_text(body, "person", by->person_name);
	json_set_text(body, "emergency", factor->emergency);
	json_set_text(body, "scope", factor->scope);
	json_set_text(body, "incident", factor->incident);
	json_set_text(body, "reason", factor->reason);
	json_set_text(body, "code", factor->code);
	return body;
}

static int send(struct asking *asking, const struct emergency_hook *hook, struct error *err)
{
	struct client_request request = {
		.method = "POST",
		.url = hook->url,
		.login = hook->token ? CLIENT_LOGIN_BEARER : CLIENT_LOGIN_NONE,
		.credential = hook->token,
		.timeout_ms = TIMEOUT_MS,
		.max_bytes = ANSWER_MAX_BYTES,
	};
	json_t *body = question(asking);
	const char *text = json_text(request_arena(asking->req), body);

	json_decref(body);
	request.body = text;
	request.body_length = strlen(text);
	return client_send(hook->client, &request, answered, asking, NULL, err);
}

void emergency_hook_write(struct request *req, const struct emergency_factor *factor)
{
	const struct emergency_hook *hook = request_context(req);
	struct error *err = request_error(req);
	struct asking *asking;

	if (!hook->url && factor->code) {
		error_set(err, ERROR_INVALID,
			"no second factor is asked here: a code proves nothing");
		error_field(err, "code");
		error_remedy(err, "leave it out; the setting emergency-hook names who is asked");
		request_fail(req);
		return;
	}
	if (!hook->url) {
		request_write(req, factor->ask, factor->tell, factor->arg);
		return;
	}
	asking = request_alloc(req, sizeof(*asking));
	asking->req = req;
	asking->factor = *factor;
	id_new(asking->nonce);
	if (send(asking, hook, err) < 0) {
		refuse(err, "the hook could not be asked");
		request_fail(req);
		return;
	}
	request_hold(req);
}
