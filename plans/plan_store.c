#include "plans/plan_rooms.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"id, plan, number, digest, file, script, modules, manifest, state, state_reason, "         \
	"created_by,"                                                                              \
	" created_at_us, changed_at_us, version"

static const struct store_statement INSERT = STORE_STATEMENT(
	"INSERT INTO plan_version (id, plan, number, digest, file, script, modules, manifest, "
	"state,"
	" created_by, created_at_us, changed_at_us, version)"
	" VALUES (:id, :plan, :number, :digest, :file, :script, :modules, :manifest, :state,"
	" :created_by, :at, :at, 1)");
static const struct store_statement ADD_EDITOR = STORE_STATEMENT(
	"INSERT INTO plan_version_editor (version_id, person_id, edited_at_us)"
	" VALUES (:version, :person, :at) ON CONFLICT (version_id, person_id) DO NOTHING");
static const struct store_statement EDITORS = STORE_STATEMENT(
	"SELECT DISTINCT e.person_id FROM plan_version_editor AS e"
	" JOIN plan_version AS v ON v.id = e.version_id"
	" WHERE v.plan = :plan AND v.number <= :number AND v.number > COALESCE((SELECT MAX(number)"
	"  FROM plan_version WHERE plan = :plan AND number < :number"
	"  AND state IN ('ACTIVE', 'SUPERSEDED', 'SUSPENDED', 'RETIRED')), 0)"
	" ORDER BY e.person_id");
static const struct store_statement SET_STATE = STORE_STATEMENT(
	"UPDATE plan_version SET state = :state, state_reason = :reason, changed_at_us = :at,"
	" version = version + 1 WHERE id = :id AND version = :old_version");
static const struct store_statement FIND = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM plan_version WHERE plan = :plan AND number = :number");
static const struct store_statement NEWEST = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM plan_version WHERE plan = :plan ORDER BY number DESC LIMIT 1");
static const struct store_statement ACTIVE = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM plan_version WHERE plan = :plan AND state = 'ACTIVE'");
static const struct store_statement BY_DIGEST =
	STORE_STATEMENT("SELECT " COLUMNS " FROM plan_version WHERE digest = :digest"
			" ORDER BY state = 'ACTIVE' DESC, created_at_us DESC, id DESC LIMIT 1");
static const struct store_statement LIST =
	STORE_STATEMENT("SELECT " COLUMNS " FROM plan_version WHERE (:plan IS NULL OR plan = :plan)"
			" AND (:state IS NULL OR state = :state) ORDER BY plan, number DESC");
static const struct store_statement NAMES =
	STORE_STATEMENT("SELECT DISTINCT plan FROM plan_version ORDER BY plan");

static const struct store_statement ROWS =
	STORE_STATEMENT("SELECT " COLUMNS ", plan || '@' || number AS subject FROM plan_version");

int plan_store_insert(struct store_tx *tx, const struct plan_version *version, struct error *err)
{
	struct store_query *query = store_query(tx, &INSERT);
	int rc;

	store_bind_text(query, ":id", version->id);
	store_bind_text(query, ":plan", version->plan);
	store_bind_int(query, ":number", version->number);
	store_bind_text(query, ":digest", version->digest);
	store_bind_text(query, ":file", version->file);
	store_bind_text(query, ":script", version->script);
	store_bind_text(query, ":modules", version->modules);
	store_bind_text(query, ":manifest", version->manifest);
	store_bind_text(query, ":state", plan_version_state_word(version->state));
	store_bind_text(query, ":created_by", version->created_by);
	store_bind_int(query, ":at", version->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int plan_store_add_editor(struct store_tx *tx, const char *version_id, const char *person_id,
	int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &ADD_EDITOR);
	int rc;

	store_bind_text(query, ":version", version_id);
	store_bind_text(query, ":person", person_id);
	store_bind_int(query, ":at", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

/* A list of texts that grows. */
struct texts {
	const char **items;
	size_t count, capacity;
};

static void add_text(struct arena *arena, struct texts *texts, const char *text)
{
	if (texts->count + 1 >= texts->capacity) {
		size_t capacity = texts->capacity ? 2 * texts->capacity : 16;
		const char **items = arena_alloc(arena, capacity * sizeof(*items));

		if (texts->count)
			memcpy(items, texts->items, texts->count * sizeof(*items));
		texts->items = items;
		texts->capacity = capacity;
	}
	texts->items[texts->count++] = text;
	texts->items[texts->count] = NULL;
}

static int read_texts(struct store_query *query, const char *column, struct arena *arena,
	struct texts *ret, struct error *err)
{
	struct texts texts = {0};
	int row;

	while ((row = store_next(query, err)) > 0)
		add_text(arena, &texts, store_text_copy(query, column, arena));
	if (row < 0)
		return row;
	if (!texts.items)
		texts.items = arena_alloc(arena, sizeof(*texts.items));
	*ret = texts;
	return 0;
}

int plan_store_editors(struct store_tx *tx, struct arena *arena, const struct plan_version *version,
	const char *const **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &EDITORS);
	struct texts texts;
	int rc;

	store_bind_text(query, ":plan", version->plan);
	store_bind_int(query, ":number", version->number);
	rc = read_texts(query, "person_id", arena, &texts, err);
	if (rc >= 0)
		*ret = texts.items;
	return rc;
}

int plan_store_set_state(struct store_tx *tx, struct plan_version *version,
	enum plan_version_state state, const char *reason, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &SET_STATE);
	int rc;

	store_bind_text(query, ":state", plan_version_state_word(state));
	store_bind_text(query, ":reason", reason);
	store_bind_int(query, ":at", at_us);
	store_bind_text(query, ":id", version->id);
	store_bind_int(query, ":old_version", version->version);
	rc = store_run(query, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return error_set(err, ERROR_CONFLICT, "%s@%lld was changed by another",
			version->plan, (long long)version->number);
	version->state = state;
	version->state_reason = reason;
	version->changed_at_us = at_us;
	version->version++;
	return 0;
}

static void read_version(struct store_query *query, struct arena *arena, struct plan_version *ret)
{
	store_text_into(query, "id", ret->id, sizeof(ret->id));
	ret->plan = store_text_copy(query, "plan", arena);
	ret->number = store_int(query, "number");
	ret->digest = store_text_copy(query, "digest", arena);
	ret->file = store_text_copy(query, "file", arena);
	ret->script = store_text_copy(query, "script", arena);
	ret->modules = store_text_copy(query, "modules", arena);
	ret->manifest = store_text_copy(query, "manifest", arena);
	ret->state_reason = store_text_copy(query, "state_reason", arena);
	ret->created_by = store_text_copy(query, "created_by", arena);
	ret->created_at_us = store_int(query, "created_at_us");
	ret->changed_at_us = store_int(query, "changed_at_us");
	ret->version = store_int(query, "version");
	/* The table's CHECK holds the same words. */
	if (plan_version_state_parse(store_text(query, "state"), &ret->state) < 0)
		ret->state = PLAN_SUSPENDED;
}

/* The one row of a bound query: 1, 0 or negative. */
static int read_one(struct store_query *query, struct arena *arena, struct plan_version **ret,
	struct error *err)
{
	struct plan_version *version;
	int rc = store_next(query, err);

	if (rc <= 0)
		return rc;
	version = arena_alloc(arena, sizeof(*version));
	read_version(query, arena, version);
	store_finish(query);
	*ret = version;
	return 1;
}

int plan_store_find(struct store_tx *tx, struct arena *arena, const char *plan, int64_t number,
	struct plan_version **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &FIND);

	store_bind_text(query, ":plan", plan);
	store_bind_int(query, ":number", number);
	return read_one(query, arena, ret, err);
}

int plan_store_newest(struct store_tx *tx, struct arena *arena, const char *plan,
	struct plan_version **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &NEWEST);

	store_bind_text(query, ":plan", plan);
	return read_one(query, arena, ret, err);
}

int plan_store_active(struct store_tx *tx, struct arena *arena, const char *plan,
	struct plan_version **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &ACTIVE);

	store_bind_text(query, ":plan", plan);
	return read_one(query, arena, ret, err);
}

int plan_version_get_by_digest(struct store_tx *tx, struct arena *arena, const char *digest,
	struct plan_version **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &BY_DIGEST);
	int rc;

	store_bind_text(query, ":digest", digest);
	rc = read_one(query, arena, ret, err);
	if (rc == 0)
		return error_set(err, ERROR_NOT_FOUND,
			"there is no plan version with the digest %s", digest);
	return rc < 0 ? rc : 0;
}

int plan_store_list(struct store_tx *tx, struct arena *arena, const char *plan, const char *state,
	struct plan_version ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &LIST);
	struct plan_version **list = NULL;
	size_t count = 0, capacity = 0;
	int row;

	store_bind_text(query, ":plan", plan);
	store_bind_text(query, ":state", state);
	while ((row = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count] = arena_alloc(arena, sizeof(**list));
		read_version(query, arena, list[count++]);
	}
	if (row < 0)
		return row;
	*ret = list;
	*ret_count = count;
	return 0;
}

int plan_store_names(struct store_tx *tx, struct arena *arena, const char ***ret, size_t *ret_count,
	struct error *err)
{
	struct texts texts;
	int rc = read_texts(store_query(tx, &NAMES), "plan", arena, &texts, err);

	if (rc < 0)
		return rc;
	*ret = texts.items;
	*ret_count = texts.count;
	return 0;
}

struct store_query *plan_store_rows(struct store_tx *tx)
{
	return store_query(tx, &ROWS);
}
