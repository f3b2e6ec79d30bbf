/* What a step is, fetched from the daemon with its contents. */
#include "change/decision/forward_rooms.h"
#include "lib/base/base64.h"
#include "lib/base/json.h"

#include <string.h>

#define STEP_MAX_BYTES ((size_t)8 * 1024 * 1024)

static int take_bytes(
	struct arena *arena, const json_t *step, struct gate_reply *reply, struct error *err)
{
	json_t *list = NULL;
	struct gate_reply_content *contents;
	int rc = json_get_array(step, "bytes", true, &list, err);

	if (rc < 0)
		return rc;
	contents = arena_alloc(arena, (json_array_size(list) + 1) * sizeof(*contents));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *text = json_string_value(json_object_get(one, "b64"));
		const char *sha256 = json_string_value(json_object_get(one, "sha256"));
		char *bytes, digest_words[DIGEST_TEXT_SIZE];
		struct digest digest;

		contents[i].name = json_string_value(json_object_get(one, "name"));
		if (!text || !sha256 || !base64_parse(arena, text, &bytes, &contents[i].length))
			return error_set(err, ERROR_INVALID, "a content cannot be read");
		digest_of(bytes, contents[i].length, &digest);
		if (strcmp(digest_text(&digest, digest_words) + strlen("sha256:"), sha256) != 0)
			return error_set(err, ERROR_TAMPERED, "a content is another than it says");
		contents[i].bytes = bytes;
	}
	reply->contents = contents;
	reply->content_count = json_array_size(list);
	return 0;
}

static int take_step(struct forwarded *asked, const struct client_response *response,
	struct gate_reply *reply, struct error *err)
{
	struct arena *arena = asked->ask->arena;
	struct gate_step *step = &reply->message.step;
	int64_t seq = 0, timeout_s = 0;
	json_t *object = NULL;
	int rc;

	if (response->status != 200)
		return error_set(err, ERROR_NOT_FOUND, "%s", forward_problem(arena, response));
	if ((rc = forward_parse(arena, response, &object, err)) < 0)
		return rc;
	reply->message.kind = GATE_STEP;
	if ((rc = json_get_text(object, "change", true, &step->change, err)) < 0 ||
		(rc = json_get_int(object, "step", true, 0, UINT32_MAX, &seq, err)) < 0 ||
		(rc = json_get_text(object, "kind", true, &step->kind, err)) < 0 ||
		(rc = json_get_int(object, "timeout_s", true, 0, UINT32_MAX, &timeout_s, err)) <
			0 ||
		(rc = decision_exec_parse(arena, object, &step->exec, err)) < 0)
		return rc;
	step->step = (uint32_t)seq;
	step->timeout_s = (uint32_t)timeout_s;
	return take_bytes(arena, object, reply, err);
}

static void on_step(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;
	struct gate_reply reply = {0};
	struct error why = ERROR_INIT;

	if (err || take_step(asked, response, &reply, &why) < 0)
		gate_answer_fault(asked->ask->exchange, err ? err : &why);
	else
		gate_answer(asked->ask->exchange, &reply);
}

static bool is_change_name(const char *name)
{
	return !strncmp(name, "CHG-", 4) && strlen(name) < 32 &&
	       strspn(name + 4, "0123456789") == strlen(name + 4);
}

void forward_fetch(struct forwarded *asked)
{
	const struct gate_fetch *wanted = &asked->ask->message->fetch;
	const struct forward_call call = {
		.path = arena_format(asked->ask->arena, "/api/v1/gate/steps/%s/%u%s",
			wanted->change, wanted->step,
			!strcmp(wanted->phase, "rollback") ? "?phase=rollback" : ""),
		.max_bytes = STEP_MAX_BYTES,
		.done = on_step,
	};
	struct error err = ERROR_INIT;
	int rc;

	if (!is_change_name(wanted->change))
		rc = error_set(&err, ERROR_INVALID, "a change is named CHG- and a number");
	else
		rc = forward_send_of(asked, &call, &err);
	if (rc < 0)
		gate_answer_fault(asked->ask->exchange, &err);
}
