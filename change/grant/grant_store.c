#include "change/grant/grant_rooms.h"
#include "lib/base/json.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"id, change_seq, revision, step, phase, target, target_identity, fingerprint, env_allow,"  \
	" persons, not_before_us, not_after_us, runs, runs_left, revoked_reason, revoked_at_us"

static const struct store_statement insert_grant = STORE_STATEMENT(
	"INSERT INTO change_grant (id, change_seq, revision, step, phase, target, target_identity,"
	" fingerprint, env_allow, persons, not_before_us, not_after_us, runs, runs_left)"
	" VALUES (:id, :change, :revision, :step, :phase, :target, :identity,"
	" :fingerprint, :env_allow, :persons, :not_before, :not_after, :runs, :runs)");
static const struct store_statement select_grant =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_grant WHERE id = :id");
static const struct store_statement select_of_change =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_grant WHERE change_seq = :change"
			" AND (:revision = 0 OR revision = :revision)"
			" ORDER BY step, target, id");
static const struct store_statement select_newest =
	STORE_STATEMENT("SELECT ifnull(max(revision), 0) AS revision FROM change_grant"
			" WHERE change_seq = :change");
static const struct store_statement select_fitting = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM change_grant WHERE fingerprint = :fingerprint"
	" AND target_identity = :identity AND (:change = 0 OR change_seq = :change) ORDER BY id");
static const struct store_statement select_env_of_change = STORE_STATEMENT(
	"SELECT min(env_allow) AS env_allow FROM change_grant WHERE change_seq = :change"
	" AND target_identity = :identity AND env_allow > :last");
/* From one to the next along the index, however many grants have the same. */
static const struct store_statement select_env = STORE_STATEMENT(
	"SELECT min(env_allow) AS env_allow FROM change_grant WHERE target_identity = :identity"
	" AND env_allow > :last");
/* The one statement that decides. */
static const struct store_statement take_grant = STORE_STATEMENT(
	"UPDATE change_grant SET runs_left = runs_left - 1 WHERE id = :id AND runs_left > 0"
	" AND revoked_reason IS NULL AND :now >= not_before_us AND :now < not_after_us"
	" AND EXISTS (SELECT 1 FROM json_each(persons) WHERE value = :person)");
static const struct store_statement give_back =
	STORE_STATEMENT("UPDATE change_grant SET runs_left = runs_left + 1 WHERE id = :id"
			" AND runs_left < runs AND revoked_reason IS NULL AND :now < not_after_us");
static const struct store_statement revoke_grant =
	STORE_STATEMENT("UPDATE change_grant SET revoked_reason = :reason, revoked_at_us = :at"
			" WHERE id = :id AND revoked_reason IS NULL");
static const struct store_statement count_left =
	STORE_STATEMENT("SELECT count(*) AS grants FROM change_grant WHERE change_seq = :change"
			" AND phase <> 'rollback' AND runs_left > 0 AND revoked_reason IS NULL"
			" AND :now < not_after_us");
static const struct store_statement all_rows =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_grant");

char *grant_texts_json(struct arena *arena, const char *const *texts)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; texts && texts[i]; i++)
		json_array_append_new(list, json_string(texts[i]));
	text = json_text(arena, list);
	json_decref(list);
	return text;
}

static void drop_json(void *value)
{
	json_decref(value);
}

/* Of a column that grant_texts_json wrote; what is no list of texts is a damaged row. */
static int parse_texts(struct arena *arena, const char *column, const char *text,
	const char *const **ret, struct error *err)
{
	json_t *list = NULL;
	const char **texts;
	size_t count;

	if (json_parse(text, strlen(text), JSON_DEPTH_MAX, &list, NULL) < 0 ||
		!json_is_array(list)) {
		json_decref(list);
		return error_set(err, ERROR_TAMPERED, "a grant's %s cannot be read", column);
	}
	arena_defer(arena, drop_json, list);
	count = json_array_size(list);
	texts = arena_alloc(arena, (count + 1) * sizeof(*texts));
	for (size_t i = 0; i < count; i++)
		if (!(texts[i] = json_string_value(json_array_get(list, i))))
			return error_set(
				err, ERROR_TAMPERED, "a grant's %s cannot be read", column);
	*ret = texts;
	return 0;
}

static int read_grant(
	struct store_query *row, struct arena *arena, struct grant *grant, struct error *err)
{
	int rc;

	store_text_into(row, "id", grant->id, sizeof(grant->id));
	grant->change_seq = store_int(row, "change_seq");
	grant->revision = store_int(row, "revision");
	grant->step = store_int(row, "step");
	grant->phase = store_text_copy(row, "phase", arena);
	grant->target = store_text_copy(row, "target", arena);
	grant->target_identity = store_text_copy(row, "target_identity", arena);
	grant->fingerprint = store_text_copy(row, "fingerprint", arena);
	grant->not_before_us = store_int(row, "not_before_us");
	grant->not_after_us = store_int(row, "not_after_us");
	grant->runs = store_int(row, "runs");
	grant->runs_left = store_int(row, "runs_left");
	grant->revoked_reason = store_text_copy(row, "revoked_reason", arena);
	grant->revoked_at_us = store_int(row, "revoked_at_us");
	rc = parse_texts(arena, "variables", store_text(row, "env_allow"), &grant->env_allow, err);
	if (rc < 0)
		return rc;
	return parse_texts(arena, "persons", store_text(row, "persons"), &grant->persons, err);
}

static int read_all(struct store_query *query, struct arena *arena, struct grant ***ret,
	size_t *ret_count, struct error *err)
{
	struct grant **list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(struct grant *));
		list[count] = arena_alloc(arena, sizeof(struct grant));
		if ((rc = read_grant(query, arena, list[count++], err)) < 0) {
			store_finish(query);
			return rc;
		}
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

int change_grant_store_insert(struct store_tx *tx, const struct grant *grant, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct store_query *query = store_query(tx, &insert_grant);
	int rc;

	store_bind_text(query, "id", grant->id);
	store_bind_int(query, "change", grant->change_seq);
	store_bind_int(query, "revision", grant->revision);
	store_bind_int(query, "step", grant->step);
	store_bind_text(query, "phase", grant->phase);
	store_bind_text(query, "target", grant->target);
	store_bind_text(query, "identity", grant->target_identity);
	store_bind_text(query, "fingerprint", grant->fingerprint);
	store_bind_text(query, "env_allow", grant_texts_json(&arena, grant->env_allow));
	store_bind_text(query, "persons", grant_texts_json(&arena, grant->persons));
	store_bind_int(query, "not_before", grant->not_before_us);
	store_bind_int(query, "not_after", grant->not_after_us);
	store_bind_int(query, "runs", grant->runs_left);
	rc = store_run(query, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

int change_grant_store_get(struct store_tx *tx, struct arena *arena, const char *id,
	struct grant **ret, struct error *err)
{
	struct grant *grant = arena_alloc(arena, sizeof(*grant));
	struct store_query *query = store_query(tx, &select_grant);
	int rc;

	store_bind_text(query, "id", id);
	if ((rc = store_one(query, "grant", err)) < 0)
		return rc;
	rc = read_grant(query, arena, grant, err);
	store_finish(query);
	if (rc >= 0)
		*ret = grant;
	return rc;
}

int change_grant_store_newest(
	struct store_tx *tx, int64_t change_seq, int64_t *ret_revision, struct error *err)
{
	struct store_query *query = store_query(tx, &select_newest);
	int rc;

	store_bind_int(query, "change", change_seq);
	if ((rc = store_one(query, "revision", err)) < 0)
		return rc;
	*ret_revision = store_int(query, "revision");
	store_finish(query);
	return 0;
}

int change_grant_store_list(struct store_tx *tx, struct arena *arena, int64_t change_seq,
	int64_t revision, struct grant ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_of_change);

	store_bind_int(query, "change", change_seq);
	store_bind_int(query, "revision", revision);
	return read_all(query, arena, ret, ret_count, err);
}

int change_grant_store_find(struct store_tx *tx, struct arena *arena, const char *fingerprint,
	const char *target_identity, int64_t change_seq, struct grant ***ret, size_t *ret_count,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_fitting);

	store_bind_text(query, "fingerprint", fingerprint);
	store_bind_text(query, "identity", target_identity);
	store_bind_int(query, "change", change_seq);
	return read_all(query, arena, ret, ret_count, err);
}

/* 1 with the next list after `last`, as text; 0 at the end. */
static int next_env(struct store_tx *tx, struct arena *arena, const char *identity,
	int64_t change_seq, const char *last, const char **ret, struct error *err)
{
	struct store_query *query =
		store_query(tx, change_seq ? &select_env_of_change : &select_env);
	int rc;

	store_bind_text(query, "identity", identity);
	store_bind_text(query, "last", last);
	if (change_seq)
		store_bind_int(query, "change", change_seq);
	if ((rc = store_one(query, "list", err)) < 0)
		return rc;
	*ret = store_text_copy(query, "env_allow", arena);
	store_finish(query);
	return *ret != NULL;
}

int change_grant_store_env_lists(struct store_tx *tx, struct arena *arena, const char *identity,
	int64_t change_seq, const char *const ***ret, size_t *ret_count, struct error *err)
{
	const char *const **lists = NULL;
	const char *text = "";
	size_t count = 0, capacity = 0;
	int rc;

	while ((rc = next_env(tx, arena, identity, change_seq, text, &text, err)) > 0) {
		lists = arena_grow(arena, lists, count, &capacity, sizeof(*lists));
		if ((rc = parse_texts(arena, "variables", text, &lists[count++], err)) < 0)
			return rc;
	}
	*ret = lists;
	*ret_count = count;
	return rc;
}

int change_grant_store_take(struct store_tx *tx, const char *id, const char *person_id,
	int64_t now_us, struct error *err)
{
	struct store_query *query = store_query(tx, &take_grant);

	store_bind_text(query, "id", id);
	store_bind_text(query, "person", person_id);
	store_bind_int(query, "now", now_us);
	return store_run(query, err);
}

int change_grant_store_give_back(
	struct store_tx *tx, const char *id, int64_t now_us, struct error *err)
{
	struct store_query *query = store_query(tx, &give_back);

	store_bind_text(query, "id", id);
	store_bind_int(query, "now", now_us);
	return store_run(query, err);
}

int change_grant_store_revoke(
	struct store_tx *tx, const char *id, const char *reason, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &revoke_grant);

	store_bind_text(query, "id", id);
	store_bind_text(query, "reason", reason);
	store_bind_int(query, "at", at_us);
	return store_run(query, err);
}

int change_grant_store_count_left(
	struct store_tx *tx, int64_t change_seq, int64_t now_us, int64_t *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &count_left);
	int rc;

	store_bind_int(query, "change", change_seq);
	store_bind_int(query, "now", now_us);
	if ((rc = store_one(query, "count", err)) < 0)
		return rc;
	*ret = store_int(query, "grants");
	store_finish(query);
	return 0;
}

struct store_query *change_grant_store_rows(struct store_tx *tx)
{
	return store_query(tx, &all_rows);
}
