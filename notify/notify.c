#include "notify/notify.h"

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/client/client.h"
#include "notify/notify_rooms.h"

#include <string.h>

/* Five seconds, then longer, then each three hours. */
const int64_t notify_delays_ms[] = {5000, 30000, 120000, 600000, 3600000, 10800000, 0};

static const char *const state_words[] = {
#define X(name, word) [DELIVERY_##name] = word,
	DELIVERY_STATES(X)
#undef X
};
#define STATE_COUNT (sizeof(state_words) / sizeof(state_words[0]))

const char *delivery_state_word(enum delivery_state state)
{
	return state_words[state];
}

int delivery_state_parse(
	const char *field, const char *word, enum delivery_state *ret, struct error *err)
{
	for (size_t i = 0; i < STATE_COUNT; i++) {
		if (!strcmp(state_words[i], word)) {
			*ret = (enum delivery_state)i;
			return 0;
		}
	}
	error_set(err, ERROR_INVALID, "%s is no state of a delivery", field);
	error_field(err, "%s", field);
	return error_remedy(err, "PENDING, DELIVERED or GIVEN_UP");
}

/* --- events --- */

static bool is_match(const char *pattern, const char *text)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(pattern, text, length - 1);
	return !strcmp(pattern, text);
}

bool hook_wants(const struct hook *hook, const char *type)
{
	for (const char *const *pattern = hook->types; hook->is_enabled && *pattern; pattern++)
		if (is_match(*pattern, type))
			return true;
	return false;
}

struct log_line {
	const char *id, *type, *subject, *text;
};

static void write_line(void *arg)
{
	const struct log_line *line = arg;

	log_info("notify", line->text, "type", line->type, "subject", line->subject, "event",
		line->id);
}

static void log_later(struct store_tx *tx, const struct notify_event *event)
{
	struct arena *arena = store_tx_arena(tx);
	struct log_line *line = arena_alloc(arena, sizeof(*line));

	line->id = arena_text(arena, event->id);
	line->type = arena_text(arena, event->type);
	line->subject = arena_text(arena, event->subject);
	line->text = arena_text(arena, event->text);
	store_after_commit(tx, write_line, line);
}

int notify_send(
	struct store_tx *tx, const struct notify_event *event, int64_t at_us, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	bool is_stored = false;
	struct hook *hooks;
	size_t count;
	int rc = notify_store_hooks(tx, arena, &hooks, &count, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (!hook_wants(&hooks[i], event->type))
			continue;
		if (!is_stored && (rc = notify_store_insert_event(tx, event, at_us, err)) < 0)
			return rc;
		is_stored = true;
		if ((rc = notify_store_insert_delivery(tx, event->id, &hooks[i], at_us, err)) < 0)
			return rc;
	}
	log_later(tx, event);
	return 0;
}

int64_t delivery_next_due(
	const struct delivery *delivery, const int64_t *delays_ms, int64_t ended_at_us)
{
	int64_t due_at_us;
	int i = 0;

	while (i < delivery->attempts - 1 && delays_ms[i + 1])
		i++;
	due_at_us = ended_at_us + delays_ms[i] * 1000;
	return due_at_us - delivery->event_at_us > NOTIFY_GIVE_UP_US ? 0 : due_at_us;
}

/* --- hooks --- */

static int check_type(const char *pattern, size_t i, struct error *err)
{
	size_t length = strlen(pattern);
	bool is_good = length >= 1 && length <= 100;

	for (size_t at = 0; at < length; at++) {
		char c = pattern[at];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("._-", c) ||
			    (c == '*' && at + 1 == length)))
			is_good = false;
	}
	if (is_good)
		return 0;
	error_set(err, ERROR_INVALID, "a pattern of event types is not of the form approval.*");
	error_field(err, "types[%zu]", i);
	return error_remedy(err, "write a type (execution.paused), the start of types (approval.*) "
				 "or * for all");
}

static int check_hook(struct hook *hook, struct error *err)
{
	struct client_address address;
	size_t count = 0;
	int rc;

	if ((rc = text_check_name("name", hook->name, err)) < 0 ||
		(rc = client_address_parse(
			 "url", hook->url, CLIENT_HTTP | CLIENT_HTTPS, &address, err)) < 0 ||
		(rc = secret_check_reference("secret", hook->secret, err)) < 0)
		return rc;
	for (; hook->types[count]; count++)
		if ((rc = check_type(hook->types[count], count, err)) < 0)
			return rc;
	if (count >= 1 && count <= HOOK_TYPES_MAX)
		return 0;
	error_set(err, ERROR_INVALID, "a hook has 1 to %d patterns of event types", HOOK_TYPES_MAX);
	return error_field(err, "types");
}

/* The path of the url is left out: it may hold a key. */
static int audit_hook(struct store_tx *tx, const struct principal *by, enum audit_action action,
	const struct hook *hook, struct arena *arena, int64_t at_us, struct error *err)
{
	json_t *detail = hook_json(hook);
	struct audit_record record = {
		.actor = &by->actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "hook",
		.subject_id = hook->name,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "url", hook_origin(arena, hook->url));
	rc = audit_append(tx, &record, at_us, NULL, err);
	json_decref(detail);
	return rc < 0 ? rc : people_note_act(tx, by, at_us, err);
}

static int refuse_taken(const char *name, struct error *err)
{
	error_set(err, ERROR_CONFLICT, "there is a hook %s already", name);
	error_field(err, "name");
	return error_remedy(
		err, "choose another name, or remove it: redbutton hook remove %s", name);
}

int hook_add(struct store_tx *tx, struct hook_add *add, struct error *err)
{
	static const char *const all[] = {"*", NULL};
	struct hook *hook = arena_alloc(add->arena, sizeof(*hook));
	struct hook *other;
	int rc;

	memcpy(hook->id, add->id, ID_SIZE);
	hook->name = add->name;
	hook->url = add->url;
	hook->secret = add->secret;
	hook->types = add->types ? add->types : all;
	hook->is_enabled = add->is_enabled;
	hook->created_at_us = add->at_us;
	if ((rc = principal_require(add->by, ROLE_ADMIN, NULL, err)) < 0 ||
		(rc = check_hook(hook, err)) < 0)
		return rc;
	rc = notify_store_hook(tx, add->arena, hook->name, &other, err);
	if (rc == 0)
		return refuse_taken(hook->name, err);
	if (rc != ERROR_NOT_FOUND || (rc = notify_store_insert_hook(tx, hook, err)) < 0 ||
		(rc = audit_hook(
			 tx, add->by, AUDIT_HOOK_CREATE, hook, add->arena, add->at_us, err)) < 0)
		return rc;
	add->ret_hook = hook;
	return 0;
}

/* For somebody who may change it. */
static int load_hook(struct store_tx *tx, const struct principal *by, const char *name,
	struct arena *arena, struct hook **ret, struct error *err)
{
	int rc = principal_require(by, ROLE_ADMIN, NULL, err);

	if (rc < 0)
		return rc;
	rc = notify_store_hook(tx, arena, name, ret, err);
	if (rc != ERROR_NOT_FOUND)
		return rc;
	error_set(err, ERROR_NOT_FOUND, "there is no hook %s", name);
	return error_remedy(err, "list them: redbutton hook list");
}

int hook_switch(struct store_tx *tx, struct hook_switch *change, struct error *err)
{
	struct hook *hook;
	int rc = load_hook(tx, change->by, change->name, change->arena, &hook, err);

	if (rc < 0)
		return rc;
	if (hook->is_enabled == change->is_enabled) {
		error_set(err, ERROR_NO_EFFECT, "the hook %s is %s already", hook->name,
			hook->is_enabled ? "enabled" : "disabled");
		return error_remedy(err, "redbutton hook list");
	}
	if ((rc = notify_store_switch_hook(tx, hook->id, change->is_enabled, err)) < 0)
		return rc;
	hook->is_enabled = change->is_enabled;
	change->ret_hook = hook;
	return audit_hook(
		tx, change->by, AUDIT_HOOK_CHANGE, hook, change->arena, change->at_us, err);
}

int hook_remove(struct store_tx *tx, struct hook_remove *remove, struct error *err)
{
	struct hook *hook;
	int rc = load_hook(tx, remove->by, remove->name, remove->arena, &hook, err);

	if (rc < 0 ||
		(rc = notify_store_give_up_hook(
			 tx, hook->id, "the hook was removed", remove->at_us, err)) < 0 ||
		(rc = notify_store_delete_hook(tx, hook->id, err)) < 0)
		return rc;
	return audit_hook(
		tx, remove->by, AUDIT_HOOK_REMOVE, hook, remove->arena, remove->at_us, err);
}
