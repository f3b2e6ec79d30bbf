#include "plans/plan_rooms.h"

#include <string.h>

static const struct store_statement PUT = STORE_STATEMENT(
	"INSERT INTO plan_graph (digest, bytes, version_id, lines, class, created_at_us)"
	" VALUES (:digest, :bytes, :version, :lines, :class, :at) ON CONFLICT (digest) DO NOTHING");
static const struct store_statement GET = STORE_STATEMENT(
	"SELECT digest, bytes, version_id, lines, class FROM plan_graph WHERE digest = :digest");

static const struct store_statement CLASS =
	STORE_STATEMENT("SELECT class FROM plan_graph WHERE digest = :digest");
static const struct store_statement ROWS =
	STORE_STATEMENT("SELECT digest, bytes, version_id, class FROM plan_graph");

int graph_store_put(
	struct store_tx *tx, const struct stored_graph *graph, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &PUT);
	int rc;

	store_bind_text(query, ":digest", graph->digest);
	store_bind_bytes(query, ":bytes", graph->bytes, graph->length);
	store_bind_text(query, ":version", graph->version_id);
	store_bind_text(query, ":lines", graph->lines ? graph->lines : "{}");
	store_bind_text(query, ":class", approval_class_word(graph->approval_class));
	store_bind_int(query, ":at", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

static int verify(const struct stored_graph *graph, struct error *err)
{
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;

	digest_of_domain(GRAPH_DIGEST_DOMAIN, graph->bytes, graph->length, &digest);
	if (strcmp(digest_text(&digest, text), graph->digest) == 0)
		return 0;
	error_set(err, ERROR_TAMPERED, "the stored graph %s is not what its digest says",
		graph->digest);
	return error_remedy(err, "redbutton audit verify; then restore the store from a backup");
}

int graph_store_get(struct store_tx *tx, struct arena *arena, const char *digest,
	struct stored_graph **ret, struct error *err)
{
	struct stored_graph *graph = arena_alloc(arena, sizeof(*graph));
	struct store_query *query = store_query(tx, &GET);
	const void *bytes;
	int rc;

	store_bind_text(query, ":digest", digest);
	rc = store_one(query, "graph", err);
	if (rc < 0)
		return rc;
	graph->digest = store_text_copy(query, "digest", arena);
	bytes = store_bytes(query, "bytes", &graph->length);
	graph->bytes = arena_text_n(arena, bytes, graph->length);
	graph->version_id = store_text_copy(query, "version_id", arena);
	graph->lines = store_text_copy(query, "lines", arena);
	graph->approval_class = (enum approval_class)(store_text(query, "class")[1] - '0');
	store_finish(query);
	if ((rc = verify(graph, err)) < 0)
		return rc;
	*ret = graph;
	return 0;
}

int graph_store_class(
	struct store_tx *tx, const char *digest, enum approval_class *ret, struct error *err)
{
	struct store_query *query = store_query(tx, &CLASS);
	int rc;

	store_bind_text(query, ":digest", digest);
	rc = store_one(query, "graph", err);
	if (rc < 0)
		return rc;
	*ret = (enum approval_class)(store_text(query, "class")[1] - '0');
	store_finish(query);
	return 0;
}

struct store_query *graph_store_rows(struct store_tx *tx)
{
	return store_query(tx, &ROWS);
}
