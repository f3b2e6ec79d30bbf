#include "notify/notify_rooms.h"

#include "lib/base/json.h"
#include "lib/client/client.h"

#include <string.h>

const char *hook_origin(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://");
	size_t length;

	if (!host)
		return "";
	host += 3;
	length = (size_t)(host - url) + strcspn(host, "/?#");
	return arena_text_n(arena, url, length);
}

json_t *hook_json(const struct hook *hook)
{
	json_t *object = json_object();
	json_t *types = json_array();

	for (const char *const *type = hook->types; *type; type++)
		json_array_append_new(types, json_string(*type));
	json_set_text(object, "id", hook->id);
	json_set_text(object, "name", hook->name);
	json_set_text(object, "url", hook->url);
	json_set_text(object, "secret", hook->secret);
	json_object_set_new(object, "types", types);
	json_set_bool(object, "enabled", hook->is_enabled);
	json_set_time(object, "created_at", hook->created_at_us);
	return object;
}

json_t *delivery_json(const struct delivery *delivery)
{
	json_t *object = json_object();

	json_set_text(object, "event", delivery->event_id);
	json_set_text(object, "hook", delivery->hook);
	json_set_text(object, "type", delivery->type);
	json_set_text(object, "subject", delivery->subject);
	json_set_text(object, "text", delivery->text);
	json_set_time(object, "at", delivery->event_at_us);
	json_set_text(object, "state", delivery_state_word(delivery->state));
	json_set_int(object, "attempts", delivery->attempts);
	if (delivery->state == DELIVERY_PENDING)
		json_set_time(object, "due_at", delivery->due_at_us);
	json_set_time(object, "ended_at", delivery->ended_at_us);
	if (delivery->status)
		json_set_int(object, "status", delivery->status);
	json_set_text(object, "last_error", delivery->last_error);
	return object;
}
