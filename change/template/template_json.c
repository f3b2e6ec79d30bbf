#include "change/template/template_rooms.h"
#include "lib/base/json.h"

#include <string.h>

static json_t *parsed(const char *text)
{
	json_t *value;

	return json_parse(text, strlen(text), JSON_DEPTH_MAX, &value, NULL) < 0 ? json_object()
										: value;
}

json_t *template_json(const struct change_template *template, int64_t now_us)
{
	json_t *object = json_object();
	int64_t until_us =
		template->approved_at_us ? template->approved_at_us + TEMPLATE_LIFE_US : 0;

	json_set_text(object, "name", template->name);
	json_set_int(object, "number", template->version);
	json_set_text(object, "summary", template->summary);
	json_set_text(object, "owner", template->owner);
	json_set_text(object, "state", template_state_word(template->state));
	if (*template->state_reason)
		json_set_text(object, "state_reason", template->state_reason);
	json_set_text(object, "digest", template->digest);
	json_set_text(object, "author", template->author);
	json_set_time(object, "created_at", template->created_at_us);
	json_set_time(object, "approved_at", template->approved_at_us);
	json_set_time(object, "approved_until", until_us);
	json_set_bool(object, "usable", template->state == TEMPLATE_ACTIVE && now_us < until_us);
	json_set_int(object, "version", template->row_version);
	json_object_set_new(object, "params", parsed(template->params));
	json_object_set_new(object, "body", parsed(template->body));
	return object;
}
