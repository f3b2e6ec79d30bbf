#include "executor/preview.h"

static const struct store_statement INSERT = STORE_STATEMENT(
	"INSERT INTO preview (id, plan, version_id, graph_digest, reading, created_by, "
	"created_at_us)"
	" VALUES (:id, :plan, :version_id, :digest, :reading, :created_by, :created_at)");
static const struct store_statement GET = STORE_STATEMENT(
	"SELECT id, plan, version_id, graph_digest, reading, created_by, created_at_us FROM preview"
	" WHERE id = :id");

static const struct store_statement ROWS =
	STORE_STATEMENT("SELECT id, plan, version_id, graph_digest, reading, created_by, "
			"created_at_us FROM preview");

int preview_store_insert(struct store_tx *tx, const struct preview *preview, struct error *err)
{
	struct store_query *query = store_query(tx, &INSERT);

	store_bind_text(query, ":id", preview->id);
	store_bind_text(query, ":plan", preview->plan);
	store_bind_text(query, ":version_id", preview->version_id);
	store_bind_text(query, ":digest", preview->graph_digest);
	store_bind_text(query, ":reading", preview->reading);
	store_bind_text(query, ":created_by", preview->created_by);
	store_bind_int(query, ":created_at", preview->created_at_us);
	return store_run(query, err) < 0 ? err->code : 0;
}

int preview_get(struct store_tx *tx, struct arena *arena, const char *id, struct preview **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &GET);
	struct preview *preview;

	store_bind_text(query, ":id", id);
	if (store_one(query, "preview", err) < 0)
		return err->code;
	preview = arena_alloc(arena, sizeof(*preview));
	store_text_into(query, "id", preview->id, sizeof(preview->id));
	preview->plan = store_text_copy(query, "plan", arena);
	preview->version_id = store_text_copy(query, "version_id", arena);
	preview->graph_digest = store_text_copy(query, "graph_digest", arena);
	preview->reading = store_text_copy(query, "reading", arena);
	preview->created_by = store_text_copy(query, "created_by", arena);
	preview->created_at_us = store_int(query, "created_at_us");
	store_finish(query);
	*ret = preview;
	return 0;
}

struct store_query *preview_store_rows(struct store_tx *tx)
{
	return store_query(tx, &ROWS);
}
