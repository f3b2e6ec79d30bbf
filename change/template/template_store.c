#include "change/template/template_rooms.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"name, version, summary, owner, params, body, digest, author_id, author, state,"           \
	" state_reason, created_at_us, approved_at_us, row_version"

static const struct store_statement select_version = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM change_template WHERE name = :name AND version = :version");
static const struct store_statement select_newest =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_template WHERE name = :name"
			" ORDER BY version DESC LIMIT 1");
static const struct store_statement select_active = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM change_template WHERE name = :name AND state = 'active'");
static const struct store_statement select_page =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_template AS one WHERE name > :after"
			" AND version = (SELECT max(version) FROM change_template AS other"
			" WHERE other.name = one.name) ORDER BY name LIMIT :limit");
static const struct store_statement insert_template = STORE_STATEMENT(
	"INSERT INTO change_template (" COLUMNS ") VALUES (:name, :version, :summary, :owner,"
	" :params, :body, :digest, :author_id, :author, :state, :state_reason, :created_at_us,"
	" :approved_at_us, :row_version)");
static const struct store_statement update_template =
	STORE_STATEMENT("UPDATE change_template SET state = :state, state_reason = :state_reason,"
			" approved_at_us = :approved_at_us, row_version = :row_version + 1"
			" WHERE name = :name AND version = :version AND row_version ="
			" :row_version");
static const struct store_statement insert_use =
	STORE_STATEMENT("INSERT INTO change_template_use (name, version, change, is_success, at_us)"
			" VALUES (:name, :version, :change, :is_success, :at_us)");
static const struct store_statement count_failures =
	STORE_STATEMENT("SELECT count(*) AS n FROM (SELECT is_success FROM change_template_use"
			" WHERE name = :name AND version = :version AND at_us > :since_us"
			" ORDER BY at_us DESC, change DESC LIMIT :limit) AS newest"
			" WHERE is_success = 0");
static const struct store_statement select_rows = STORE_STATEMENT(
	"SELECT name || '@' || version AS subject, " COLUMNS " FROM change_template");

static enum template_state parse_state(const char *word)
{
	enum template_state state = TEMPLATE_RETIRED; /* what cannot be read is not used */

#define X(name, text)                                                                              \
	if (strcmp(word, text) == 0)                                                               \
		state = TEMPLATE_##name;
	TEMPLATE_STATES(X)
#undef X
	return state;
}

static void *read_template(struct store_query *row, struct arena *arena)
{
	struct change_template *template = arena_alloc(arena, sizeof(*template));

	template->name = store_text_copy(row, "name", arena);
	template->version = store_int(row, "version");
	template->summary = store_text_copy(row, "summary", arena);
	template->owner = store_text_copy(row, "owner", arena);
	template->params = store_text_copy(row, "params", arena);
	template->body = store_text_copy(row, "body", arena);
	store_text_into(row, "digest", template->digest, DIGEST_TEXT_SIZE);
	store_text_into(row, "author_id", template->author_id, ID_SIZE);
	template->author = store_text_copy(row, "author", arena);
	template->state = parse_state(store_text(row, "state"));
	template->state_reason = store_text_copy(row, "state_reason", arena);
	template->created_at_us = store_int(row, "created_at_us");
	template->approved_at_us = store_int(row, "approved_at_us");
	template->row_version = store_int(row, "row_version");
	return template;
}

/* 1 with the row in hand, 0 without. */
static int read_one(struct store_query *query, struct arena *arena, struct change_template **ret,
	struct error *err)
{
	int rc = store_next(query, err);

	if (rc <= 0)
		return rc;
	*ret = read_template(query, arena);
	store_finish(query);
	return 1;
}

int template_store_find(struct store_tx *tx, struct arena *arena, const char *name, int64_t version,
	struct change_template **ret, struct error *err)
{
	struct store_query *query = store_query(tx, version ? &select_version : &select_newest);

	store_bind_text(query, "name", name);
	if (version)
		store_bind_int(query, "version", version);
	return read_one(query, arena, ret, err);
}

int template_store_find_active(struct store_tx *tx, struct arena *arena, const char *name,
	struct change_template **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_active);

	store_bind_text(query, "name", name);
	return read_one(query, arena, ret, err);
}

int template_store_list(struct store_tx *tx, struct arena *arena, const char *after, int64_t limit,
	struct change_template ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_page);

	store_bind_text(query, "after", after);
	store_bind_int(query, "limit", limit);
	return store_list(query, arena, read_template, ret, ret_count, err);
}

static void bind_state(struct store_query *query, const struct change_template *template)
{
	store_bind_text(query, "name", template->name);
	store_bind_int(query, "version", template->version);
	store_bind_text(query, "state", template_state_word(template->state));
	store_bind_text(query, "state_reason", template->state_reason);
	store_bind_int(query, "approved_at_us", template->approved_at_us);
	store_bind_int(query, "row_version", template->row_version);
}

int template_store_insert(
	struct store_tx *tx, const struct change_template *template, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_template);
	int rc;

	bind_state(query, template);
	store_bind_text(query, "summary", template->summary);
	store_bind_text(query, "owner", template->owner);
	store_bind_text(query, "params", template->params);
	store_bind_text(query, "body", template->body);
	store_bind_text(query, "digest", template->digest);
	store_bind_text(query, "author_id", template->author_id);
	store_bind_text(query, "author", template->author);
	store_bind_int(query, "created_at_us", template->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int template_store_update(struct store_tx *tx, struct change_template *template, struct error *err)
{
	struct store_query *query = store_query(tx, &update_template);
	int rc;

	bind_state(query, template);
	if ((rc = store_run(query, err)) < 0)
		return rc;
	if (!rc)
		return error_set(err, ERROR_STALE, "%s@%lld was changed meanwhile", template->name,
			(long long)template->version);
	template->row_version++;
	return 0;
}

int template_store_insert_use(
	struct store_tx *tx, const struct template_outcome *outcome, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_use);
	int rc;

	store_bind_text(query, "name", outcome->name);
	store_bind_int(query, "version", outcome->version);
	store_bind_text(query, "change", outcome->change);
	store_bind_int(query, "is_success", outcome->is_success);
	store_bind_int(query, "at_us", outcome->at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int template_store_failures(struct store_tx *tx, const char *name, int64_t version,
	int64_t since_us, int64_t limit, int64_t *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &count_failures);
	int rc;

	store_bind_text(query, "name", name);
	store_bind_int(query, "version", version);
	store_bind_int(query, "since_us", since_us);
	store_bind_int(query, "limit", limit);
	if ((rc = store_one(query, "count", err)) < 0)
		return rc;
	*ret = store_int(query, "n");
	store_finish(query);
	return 0;
}

struct store_query *template_store_rows(struct store_tx *tx)
{
	return store_query(tx, &select_rows);
}
