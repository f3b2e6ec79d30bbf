#include "notify/notify_rooms.h"

#include "lib/base/json.h"

#include <string.h>

#define HOOK_COLUMNS "id, name, url, secret, types, state, created_at_us"

#define DELIVERY_SELECT                                                                            \
	"SELECT d.event_id AS event_id, d.hook_id AS hook_id, d.hook AS hook, e.type AS type,"     \
	" e.subject AS subject, e.text AS text, e.data AS data, e.at_us AS event_at_us,"           \
	" d.state AS state, d.attempts AS attempts, d.due_at_us AS due_at_us,"                     \
	" d.ended_at_us AS ended_at_us, d.status AS status, d.last_error AS last_error"            \
	" FROM notify_delivery AS d JOIN notify_event AS e ON e.id = d.event_id"

static const struct store_statement select_hooks =
	STORE_STATEMENT("SELECT " HOOK_COLUMNS " FROM notify_hook ORDER BY name");
static const struct store_statement select_hook =
	STORE_STATEMENT("SELECT " HOOK_COLUMNS " FROM notify_hook WHERE name = :name");
static const struct store_statement insert_hook =
	STORE_STATEMENT("INSERT INTO notify_hook (" HOOK_COLUMNS
			") VALUES (:id, :name, :url, :secret, :types, :state, :created_at_us)");
static const struct store_statement switch_hook =
	STORE_STATEMENT("UPDATE notify_hook SET state = :state WHERE id = :id");
static const struct store_statement delete_hook =
	STORE_STATEMENT("DELETE FROM notify_hook WHERE id = :id");

static const struct store_statement insert_event = STORE_STATEMENT(
	"INSERT INTO notify_event (id, type, subject, text, data, at_us) VALUES (:id, :type,"
	" :subject, :text, :data, :at_us)");
static const struct store_statement insert_delivery = STORE_STATEMENT(
	"INSERT INTO notify_delivery (event_id, hook_id, hook, state, attempts, due_at_us) VALUES"
	" (:event_id, :hook_id, :hook, 'PENDING', 0, :due_at_us)");
static const struct store_statement select_due = STORE_STATEMENT(
	DELIVERY_SELECT " WHERE d.hook_id = :hook_id AND d.state = 'PENDING'"
			" AND d.due_at_us <= :now_us ORDER BY d.due_at_us LIMIT :limit");
static const struct store_statement select_deliveries =
	STORE_STATEMENT(DELIVERY_SELECT " WHERE (:hook IS NULL OR d.hook = :hook)"
					" AND (:state IS NULL OR d.state = :state)"
					" ORDER BY d.event_id DESC, d.hook LIMIT :limit");
static const struct store_statement update_delivery = STORE_STATEMENT(
	"UPDATE notify_delivery SET state = :state, attempts = :attempts, due_at_us = :due_at_us,"
	" ended_at_us = :ended_at_us, status = :status, last_error = :last_error"
	" WHERE event_id = :event_id AND hook_id = :hook_id AND state = 'PENDING'");
static const struct store_statement give_up_hook = STORE_STATEMENT(
	"UPDATE notify_delivery SET state = 'GIVEN_UP', last_error = :why, ended_at_us = :at_us"
	" WHERE hook_id = :hook_id AND state = 'PENDING'");
static const struct store_statement forget_deliveries = STORE_STATEMENT(
	"DELETE FROM notify_delivery WHERE state <> 'PENDING' AND ended_at_us < :before_us");
static const struct store_statement forget_events =
	STORE_STATEMENT("DELETE FROM notify_event WHERE at_us < :before_us AND NOT EXISTS"
			" (SELECT 1 FROM notify_delivery WHERE event_id = notify_event.id)");

static const char *hook_state(bool is_enabled)
{
	return is_enabled ? "ENABLED" : "DISABLED";
}

static const char *const *parse_types(struct arena *arena, const char *text)
{
	json_t *array = NULL;
	const char **types;
	size_t count;

	(void)json_parse(text, strlen(text), JSON_DEPTH_MAX, &array, NULL);
	count = json_array_size(array);
	types = arena_alloc(arena, (count + 1) * sizeof(*types));
	for (size_t i = 0; i < count; i++)
		types[i] = arena_text(arena, json_string_value(json_array_get(array, i)));
	json_decref(array);
	return types;
}

static void read_hook(struct store_query *row, struct arena *arena, struct hook *hook)
{
	store_text_into(row, "id", hook->id, sizeof(hook->id));
	hook->name = store_text_copy(row, "name", arena);
	hook->url = store_text_copy(row, "url", arena);
	hook->secret = store_text_copy(row, "secret", arena);
	hook->types = parse_types(arena, store_text(row, "types"));
	hook->is_enabled = !strcmp(store_text(row, "state"), "ENABLED");
	hook->created_at_us = store_int(row, "created_at_us");
}

int notify_store_hooks(struct store_tx *tx, struct arena *arena, struct hook **ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_hooks);
	struct hook *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		read_hook(query, arena, &list[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

int notify_store_hook(struct store_tx *tx, struct arena *arena, const char *name, struct hook **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_hook);
	int rc;

	store_bind_text(query, "name", name);
	if ((rc = store_one(query, "hook", err)) < 0)
		return rc;
	*ret = arena_alloc(arena, sizeof(**ret));
	read_hook(query, arena, *ret);
	store_finish(query);
	return 0;
}

int notify_store_insert_hook(struct store_tx *tx, const struct hook *hook, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_hook);
	struct arena arena = ARENA_INIT;
	json_t *types = json_array();
	int rc;

	for (const char *const *type = hook->types; *type; type++)
		json_array_append_new(types, json_string(*type));
	store_bind_text(query, "id", hook->id);
	store_bind_text(query, "name", hook->name);
	store_bind_text(query, "url", hook->url);
	store_bind_text(query, "secret", hook->secret);
	store_bind_text(query, "types", json_text(&arena, types));
	store_bind_text(query, "state", hook_state(hook->is_enabled));
	store_bind_int(query, "created_at_us", hook->created_at_us);
	rc = store_run(query, err);
	json_decref(types);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

int notify_store_switch_hook(
	struct store_tx *tx, const char *id, bool is_enabled, struct error *err)
{
	struct store_query *query = store_query(tx, &switch_hook);
	int rc;

	store_bind_text(query, "id", id);
	store_bind_text(query, "state", hook_state(is_enabled));
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int notify_store_delete_hook(struct store_tx *tx, const char *id, struct error *err)
{
	struct store_query *query = store_query(tx, &delete_hook);
	int rc;

	store_bind_text(query, "id", id);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int notify_store_give_up_hook(
	struct store_tx *tx, const char *hook_id, const char *why, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &give_up_hook);
	int rc;

	store_bind_text(query, "hook_id", hook_id);
	store_bind_text(query, "why", why);
	store_bind_int(query, "at_us", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int notify_store_insert_event(
	struct store_tx *tx, const struct notify_event *event, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_event);
	struct arena arena = ARENA_INIT;
	int rc;

	store_bind_text(query, "id", event->id);
	store_bind_text(query, "type", event->type);
	store_bind_text(query, "subject", event->subject);
	store_bind_text(query, "text", event->text);
	store_bind_text(query, "data", event->data ? json_text(&arena, event->data) : "{}");
	store_bind_int(query, "at_us", at_us);
	rc = store_run(query, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

int notify_store_insert_delivery(struct store_tx *tx, const char *event_id, const struct hook *hook,
	int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_delivery);
	int rc;

	store_bind_text(query, "event_id", event_id);
	store_bind_text(query, "hook_id", hook->id);
	store_bind_text(query, "hook", hook->name);
	store_bind_int(query, "due_at_us", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

static void read_delivery(struct store_query *row, struct arena *arena, struct delivery *delivery)
{
	store_text_into(row, "event_id", delivery->event_id, sizeof(delivery->event_id));
	store_text_into(row, "hook_id", delivery->hook_id, sizeof(delivery->hook_id));
	delivery->hook = store_text_copy(row, "hook", arena);
	delivery->type = store_text_copy(row, "type", arena);
	delivery->subject = store_text_copy(row, "subject", arena);
	delivery->text = store_text_copy(row, "text", arena);
	delivery->data = store_text_copy(row, "data", arena);
	delivery->event_at_us = store_int(row, "event_at_us");
	(void)delivery_state_parse("state", store_text(row, "state"), &delivery->state, NULL);
	delivery->attempts = (int)store_int(row, "attempts");
	delivery->due_at_us = store_int(row, "due_at_us");
	delivery->ended_at_us = store_int(row, "ended_at_us");
	delivery->status = (int)store_int(row, "status");
	delivery->last_error = store_text_copy(row, "last_error", arena);
}

static int read_deliveries(struct store_query *query, struct arena *arena, struct delivery **ret,
	size_t *ret_count, struct error *err)
{
	struct delivery *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		read_delivery(query, arena, &list[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}

int notify_store_due(struct store_tx *tx, struct arena *arena, const char *hook_id, int64_t now_us,
	int limit, struct delivery **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_due);

	store_bind_text(query, "hook_id", hook_id);
	store_bind_int(query, "now_us", now_us);
	store_bind_int(query, "limit", limit);
	return read_deliveries(query, arena, ret, ret_count, err);
}

int notify_store_deliveries(struct store_tx *tx, struct arena *arena, const char *hook,
	const char *state, int limit, struct delivery **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_deliveries);

	store_bind_text(query, "hook", hook);
	store_bind_text(query, "state", state);
	store_bind_int(query, "limit", limit);
	return read_deliveries(query, arena, ret, ret_count, err);
}

int notify_store_update(struct store_tx *tx, const struct delivery *delivery, struct error *err)
{
	struct store_query *query = store_query(tx, &update_delivery);
	int rc;

	store_bind_text(query, "event_id", delivery->event_id);
	store_bind_text(query, "hook_id", delivery->hook_id);
	store_bind_text(query, "state", delivery_state_word(delivery->state));
	store_bind_int(query, "attempts", delivery->attempts);
	store_bind_int(query, "due_at_us", delivery->due_at_us);
	if (delivery->state == DELIVERY_PENDING)
		store_bind_null(query, "ended_at_us");
	else
		store_bind_int(query, "ended_at_us", delivery->ended_at_us);
	if (delivery->status)
		store_bind_int(query, "status", delivery->status);
	else
		store_bind_null(query, "status");
	store_bind_text(query, "last_error", delivery->last_error);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int notify_store_forget(struct store_tx *tx, int64_t before_us, struct error *err)
{
	struct store_query *query = store_query(tx, &forget_deliveries);
	int rc;

	store_bind_int(query, "before_us", before_us);
	if ((rc = store_run(query, err)) < 0)
		return rc;
	query = store_query(tx, &forget_events);
	store_bind_int(query, "before_us", before_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}
