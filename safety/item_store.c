#include "safety/item_store.h"

#include "lib/base/text.h"

#define COLUMNS                                                                                    \
	"id, register_key, target, type, args, execution_id, plan, person, baseline, ours,"        \
	" has_previous, previous,"                                                                 \
	" observed, state, since_us, expires_at_us, on_expiry, closed_at_us, closed_reason,"       \
	" NOT EXISTS (SELECT 1 FROM safety_item above WHERE above.register_key = "                 \
	"item.register_key"                                                                        \
	"  AND above.state <> 'CLOSED' AND above.position > item.position) AS is_top"

static const struct store_statement INSERT = STORE_STATEMENT(
	"INSERT INTO safety_item (id, position, register_key, target, type, args, execution_id, "
	"plan,"
	" person, baseline, ours, state, since_us, expires_at_us, on_expiry) VALUES (:id,"
	" (SELECT coalesce(max(position), 0) + 1 FROM safety_item WHERE register_key = :key AND "
	"state <> 'CLOSED'),"
	" :key, :target, :type, :args, :execution, :plan, :person, :baseline, :ours, 'UNCONFIRMED',"
	" :at, :expires, :on_expiry)");
/* Where it stands while the write is out: at its baseline, where a write without certain end left
 * it, or at our value. A foreign value is never taken for ours. */
static const struct store_statement MOVE =
	STORE_STATEMENT("UPDATE safety_item SET previous = CASE WHEN baseline IS :now THEN "
			"baseline WHEN has_previous = 1 AND previous IS :now THEN previous ELSE "
			"ours END,"
			" has_previous = 1, ours = :ours, state = 'UNCONFIRMED' WHERE id = :id");
static const struct store_statement MOVE_BACK =
	STORE_STATEMENT("UPDATE safety_item SET ours = previous, state = 'IN_EFFECT' WHERE id = "
			":id AND has_previous = 1");
static const struct store_statement SET_STATE =
	STORE_STATEMENT("UPDATE safety_item SET state = :state, observed = :observed WHERE id = "
			":id AND state <> 'CLOSED'");
static const struct store_statement ADOPT =
	STORE_STATEMENT("UPDATE safety_item SET ours = observed, state = 'UNKNOWN' WHERE id = :id "
			"AND state = 'CONFLICT'");
static const struct store_statement CLOSE = STORE_STATEMENT(
	"UPDATE safety_item SET state = 'CLOSED', closed_at_us = :at, closed_reason = :reason"
	" WHERE id = :id AND state <> 'CLOSED'");
static const struct store_statement HAND_UP = STORE_STATEMENT(
	"UPDATE safety_item SET baseline = :baseline WHERE id = (SELECT above.id FROM safety_item "
	"above"
	" JOIN safety_item below ON below.id = :id AND above.register_key = below.register_key"
	"  AND above.position > below.position AND above.state <> 'CLOSED'"
	" ORDER BY above.position LIMIT 1)");
static const struct store_statement FIND = STORE_STATEMENT(
	"SELECT id FROM safety_item WHERE register_key = :key AND execution_id = :execution"
	" AND state <> 'CLOSED'");
static const struct store_statement HAS_PREVIOUS =
	STORE_STATEMENT("SELECT has_previous FROM safety_item WHERE id = :id");
static const struct store_statement SET_EXPIRY =
	STORE_STATEMENT("UPDATE safety_item SET expires_at_us = :expires, expiry_told = 0 WHERE id "
			"= :id AND state <> 'CLOSED'");
static const struct store_statement GET =
	STORE_STATEMENT("SELECT " COLUMNS " FROM safety_item item WHERE id = :id");
static const struct store_statement LIST = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM safety_item item WHERE state <> 'CLOSED'"
	" AND (:execution IS NULL OR execution_id = :execution)"
	" AND (:key IS NULL OR register_key = :key) ORDER BY since_us DESC, id DESC LIMIT 20000");
static const struct store_statement LIST_EXPIRED = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM safety_item item WHERE state <> 'CLOSED'"
	" AND expires_at_us <= :now AND expiry_told = 0 ORDER BY expires_at_us LIMIT 1000");
static const struct store_statement LIST_GROUPS =
	STORE_STATEMENT("SELECT execution_id, min(plan) AS plan, min(person) AS person,"
			" min(register_key) AS register_key, count(*) AS items,"
			" sum(state IN ('UNKNOWN', 'CONFLICT', 'ORPHANED')) AS troubled,"
			" sum(state = 'UNCONFIRMED') AS unconfirmed, min(since_us) AS since_us,"
			" min(expires_at_us) AS first_end_us, min(on_expiry) AS on_expiry"
			" FROM safety_item WHERE state <> 'CLOSED' GROUP BY execution_id"
			" ORDER BY troubled > 0 DESC, first_end_us, execution_id LIMIT :limit");
static const struct store_statement COUNT_STATES = STORE_STATEMENT(
	"SELECT state, count(*) AS items, sum(expires_at_us <= :now) AS expired FROM safety_item"
	" WHERE state <> 'CLOSED' GROUP BY state");
static const struct store_statement TELL_EXPIRY =
	STORE_STATEMENT("UPDATE safety_item SET expiry_told = 1 WHERE id = :id");

static const char *const STATE_WORDS[] = {
#define X(name, word) [ITEM_##name] = (word),
	ITEM_STATES(X)
#undef X
};

const char *item_state_word(enum item_state state)
{
	return STATE_WORDS[state];
}

static enum item_state state_of(const char *word)
{
	for (size_t i = 0; i < sizeof(STATE_WORDS) / sizeof(STATE_WORDS[0]); i++)
		if (text_is_equal(STATE_WORDS[i], word))
			return (enum item_state)i;
	return ITEM_UNKNOWN;
}

int item_store_insert(struct store_tx *tx, const struct item_write *write, struct error *err)
{
	struct store_query *query = store_query(tx, &INSERT);

	store_bind_text(query, ":id", write->id);
	store_bind_text(query, ":key", write->register_key);
	store_bind_text(query, ":target", write->target ? write->target : "");
	store_bind_text(query, ":type", write->type);
	store_bind_text(query, ":args", write->args);
	store_bind_text(query, ":execution", write->execution_id);
	store_bind_text(query, ":plan", write->plan);
	store_bind_text(query, ":person", write->person);
	store_bind_text(query, ":baseline", write->baseline);
	store_bind_text(query, ":ours", write->wanted);
	store_bind_int(query, ":at", write->at_us);
	store_bind_int(query, ":expires", write->expires_at_us);
	store_bind_text(query, ":on_expiry", write->on_expiry);
	return store_run(query, err);
}

int item_store_move(
	struct store_tx *tx, const char *id, const char *wanted, const char *now, struct error *err)
{
	struct store_query *query = store_query(tx, &MOVE);

	store_bind_text(query, ":id", id);
	store_bind_text(query, ":ours", wanted);
	store_bind_text(query, ":now", now);
	return store_run(query, err);
}

int item_store_set_state(struct store_tx *tx, const char *id, enum item_state state,
	const char *observed, struct error *err)
{
	struct store_query *query = store_query(tx, &SET_STATE);

	store_bind_text(query, ":id", id);
	store_bind_text(query, ":state", item_state_word(state));
	store_bind_text(query, ":observed", observed);
	return store_run(query, err);
}

int item_store_move_back(struct store_tx *tx, const char *id, struct error *err)
{
	struct store_query *query = store_query(tx, &MOVE_BACK);

	store_bind_text(query, ":id", id);
	return store_run(query, err);
}

int item_store_adopt(struct store_tx *tx, const char *id, struct error *err)
{
	struct store_query *query = store_query(tx, &ADOPT);

	store_bind_text(query, ":id", id);
	return store_run(query, err);
}

int item_store_close(
	struct store_tx *tx, const char *id, const char *reason, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &CLOSE);

	store_bind_text(query, ":id", id);
	store_bind_text(query, ":reason", reason);
	store_bind_int(query, ":at", at_us);
	return store_run(query, err);
}

int item_store_hand_up(struct store_tx *tx, const char *id, const char *baseline, struct error *err)
{
	struct store_query *query = store_query(tx, &HAND_UP);

	store_bind_text(query, ":id", id);
	store_bind_text(query, ":baseline", baseline);
	return store_run(query, err);
}

int item_store_find(struct store_tx *tx, const char *register_key, const char *execution_id,
	char ret_id[static ID_SIZE], struct error *err)
{
	struct store_query *query = store_query(tx, &FIND);
	int rc;

	store_bind_text(query, ":key", register_key);
	store_bind_text(query, ":execution", execution_id);
	rc = store_next(query, err);
	if (rc <= 0)
		return rc;
	store_text_into(query, "id", ret_id, ID_SIZE);
	store_finish(query);
	return 1;
}

int item_store_has_previous(struct store_tx *tx, const char *id, struct error *err)
{
	struct store_query *query = store_query(tx, &HAS_PREVIOUS);
	int has_previous;

	store_bind_text(query, ":id", id);
	if (store_one(query, "item in effect", err) < 0)
		return err->code;
	has_previous = (int)store_int(query, "has_previous");
	store_finish(query);
	return has_previous;
}

int item_store_set_expiry(
	struct store_tx *tx, const char *id, int64_t expires_at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &SET_EXPIRY);

	store_bind_text(query, ":id", id);
	store_bind_int(query, ":expires", expires_at_us);
	return store_run(query, err);
}

static void read_row(struct store_query *query, struct arena *arena, struct item *item)
{
	store_text_into(query, "id", item->id, sizeof(item->id));
	item->register_key = store_text_copy(query, "register_key", arena);
	item->target = store_text_copy(query, "target", arena);
	item->type = store_text_copy(query, "type", arena);
	item->args = store_text_copy(query, "args", arena);
	item->execution_id = store_text_copy(query, "execution_id", arena);
	item->plan = store_text_copy(query, "plan", arena);
	item->person = store_text_copy(query, "person", arena);
	item->baseline = store_text_copy(query, "baseline", arena);
	item->ours = store_text_copy(query, "ours", arena);
	item->has_previous = store_int(query, "has_previous") != 0;
	item->previous = store_text_copy(query, "previous", arena);
	item->observed = store_text_copy(query, "observed", arena);
	item->state = state_of(store_text(query, "state"));
	item->is_top = store_int(query, "is_top") != 0;
	item->since_us = store_int(query, "since_us");
	item->expires_at_us = store_int(query, "expires_at_us");
	item->on_expiry = store_text_copy(query, "on_expiry", arena);
	item->closed_at_us = store_int(query, "closed_at_us");
	item->closed_reason = store_text_copy(query, "closed_reason", arena);
}

int item_get(struct store_tx *tx, struct arena *arena, const char *id, struct item **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &GET);
	struct item *item;

	store_bind_text(query, ":id", id);
	if (store_one(query, "item in effect", err) < 0)
		return err->code;
	item = arena_alloc(arena, sizeof(*item));
	read_row(query, arena, item);
	store_finish(query);
	*ret = item;
	return 0;
}

/* Runs the query to its end. */
static int read_all(struct store_query *query, struct arena *arena, struct item ***ret,
	size_t *ret_count, struct error *err)
{
	struct item **items = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) == 1) {
		items = arena_grow(arena, items, count, &capacity, sizeof(*items));
		items[count] = arena_alloc(arena, sizeof(*items[count]));
		read_row(query, arena, items[count++]);
	}
	if (rc < 0)
		return rc;
	*ret = items;
	*ret_count = count;
	return 0;
}

int item_list(struct store_tx *tx, struct arena *arena, const char *execution_id,
	const char *register_key, struct item ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST);

	store_bind_text(query, ":execution", execution_id);
	store_bind_text(query, ":key", register_key);
	return read_all(query, arena, ret, ret_count, err);
}

int item_list_expired(struct store_tx *tx, struct arena *arena, int64_t now_us, struct item ***ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST_EXPIRED);

	store_bind_int(query, ":now", now_us);
	return read_all(query, arena, ret, ret_count, err);
}

int item_store_tell_expiry(struct store_tx *tx, const char *id, struct error *err)
{
	struct store_query *query = store_query(tx, &TELL_EXPIRY);

	store_bind_text(query, ":id", id);
	return store_run(query, err);
}

int item_list_groups(struct store_tx *tx, struct arena *arena, int64_t limit,
	struct item_group **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST_GROUPS);
	struct item_group *groups = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, ":limit", limit);
	while ((rc = store_next(query, err)) == 1) {
		groups = arena_grow(arena, groups, count, &capacity, sizeof(*groups));
		groups[count++] = (struct item_group){
			.execution_id = store_text_copy(query, "execution_id", arena),
			.plan = store_text_copy(query, "plan", arena),
			.person = store_text_copy(query, "person", arena),
			.register_key = store_text_copy(query, "register_key", arena),
			.count = store_int(query, "items"),
			.troubled = store_int(query, "troubled"),
			.unconfirmed = store_int(query, "unconfirmed"),
			.since_us = store_int(query, "since_us"),
			.expires_at_us = store_int(query, "first_end_us"),
			.on_expiry = store_text_copy(query, "on_expiry", arena),
		};
	}
	if (rc < 0)
		return rc;
	*ret = groups;
	*ret_count = count;
	return 0;
}

int item_count(struct store_tx *tx, int64_t now_us, int64_t ret_counts[static ITEM_CLOSED + 1],
	int64_t *ret_expired, struct error *err)
{
	struct store_query *query = store_query(tx, &COUNT_STATES);
	int64_t expired = 0;
	int rc;

	for (int state = 0; state <= ITEM_CLOSED; state++)
		ret_counts[state] = 0;
	store_bind_int(query, ":now", now_us);
	while ((rc = store_next(query, err)) == 1) {
		ret_counts[state_of(store_text(query, "state"))] = store_int(query, "items");
		expired += store_int(query, "expired");
	}
	if (rc < 0)
		return rc;
	*ret_expired = expired;
	return 0;
}
