#include "incidents/incident_rooms.h"

#include <stdio.h>

#define COLUMNS                                                                                    \
	"seq, title, severity, environment, service, opened_by, opened_at_us, closed_by,"          \
	" closed_at_us, finding, version"

static const struct store_statement select_next =
	STORE_STATEMENT("SELECT coalesce(max(seq), 0) + 1 AS seq FROM incident");
static const struct store_statement insert_incident = STORE_STATEMENT(
	"INSERT INTO incident (" COLUMNS ", state) VALUES (:seq, :title, :severity, :environment,"
	" :service, :opened_by, :opened_at_us, :closed_by, :closed_at_us, :finding, :version,"
	" :state)");
static const struct store_statement update_incident = STORE_STATEMENT(
	"UPDATE incident SET state = :state, closed_by = :closed_by, closed_at_us = :closed_at_us,"
	" finding = :finding, version = :version WHERE seq = :seq AND version = :old_version");
static const struct store_statement select_incident =
	STORE_STATEMENT("SELECT " COLUMNS " FROM incident WHERE seq = :seq");
static const struct store_statement select_page = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM incident WHERE seq < :before ORDER BY seq DESC LIMIT :limit");
static const struct store_statement select_open_page =
	STORE_STATEMENT("SELECT " COLUMNS " FROM incident WHERE state = 'open' AND seq < :before"
			" ORDER BY seq DESC LIMIT :limit");
static const struct store_statement select_open = STORE_STATEMENT(
	"SELECT " COLUMNS " FROM incident WHERE state = 'open'"
	" AND (:environment IS NULL OR environment IN ('', :environment))"
	" AND (:service IS NULL OR service IN ('', :service)) ORDER BY severity, seq");
static const struct store_statement insert_link = STORE_STATEMENT(
	"INSERT INTO incident_link (incident_seq, kind, reference, note, linked_by, linked_at_us)"
	" VALUES (:seq, :kind, :reference, :note, :linked_by, :linked_at_us)"
	" ON CONFLICT DO NOTHING");
static const struct store_statement select_links =
	STORE_STATEMENT("SELECT kind, reference, note, linked_by, linked_at_us FROM incident_link"
			" WHERE incident_seq = :seq ORDER BY linked_at_us, kind, reference");
static const struct store_statement select_linked =
	STORE_STATEMENT("SELECT incident_seq, linked_at_us FROM incident_link"
			" WHERE kind = :kind AND reference = :reference ORDER BY incident_seq");

static void *read_incident(struct store_query *row, struct arena *arena)
{
	struct incident *incident = arena_alloc(arena, sizeof(*incident));

	incident->seq = store_int(row, "seq");
	snprintf(incident->name, sizeof(incident->name), "INC-%lld", (long long)incident->seq);
	incident->title = store_text_copy(row, "title", arena);
	incident->severity = store_int(row, "severity");
	incident->environment = store_text_copy(row, "environment", arena);
	incident->service = store_text_copy(row, "service", arena);
	incident->opened_by = store_text_copy(row, "opened_by", arena);
	incident->opened_at_us = store_int(row, "opened_at_us");
	incident->closed_by = store_text_copy(row, "closed_by", arena);
	incident->closed_at_us = store_int(row, "closed_at_us");
	incident->finding = store_text_copy(row, "finding", arena);
	incident->version = store_int(row, "version");
	return incident;
}

int incident_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err)
{
	struct store_query *query = store_query(tx, &select_next);
	int rc = store_one(query, "incident", err);

	if (rc < 0)
		return rc;
	*ret_seq = store_int(query, "seq");
	store_finish(query);
	return 0;
}

static void bind_end(struct store_query *query, const struct incident *incident)
{
	store_bind_int(query, "seq", incident->seq);
	store_bind_text(query, "state", incident->closed_at_us ? "closed" : "open");
	store_bind_text(query, "closed_by", incident->closed_by);
	store_bind_int(query, "closed_at_us", incident->closed_at_us);
	store_bind_text(query, "finding", incident->finding);
	store_bind_int(query, "version", incident->version);
}

int incident_store_insert(struct store_tx *tx, const struct incident *incident, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_incident);
	int rc;

	bind_end(query, incident);
	store_bind_text(query, "title", incident->title);
	store_bind_int(query, "severity", incident->severity);
	store_bind_text(query, "environment", incident->environment);
	store_bind_text(query, "service", incident->service);
	store_bind_text(query, "opened_by", incident->opened_by);
	store_bind_int(query, "opened_at_us", incident->opened_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int incident_store_update(struct store_tx *tx, const struct incident *incident, int64_t old_version,
	struct error *err)
{
	struct store_query *query = store_query(tx, &update_incident);
	int rc;

	bind_end(query, incident);
	store_bind_int(query, "old_version", old_version);
	if ((rc = store_run(query, err)) < 0)
		return rc;
	return rc ? 0 : error_set(err, ERROR_STALE, "%s was changed meanwhile", incident->name);
}

int incident_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, struct incident **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_incident);
	char name[INCIDENT_NAME_SIZE];
	int rc;

	store_bind_int(query, "seq", seq);
	snprintf(name, sizeof(name), "INC-%lld", (long long)seq);
	if ((rc = store_named(query, "incident", name, "rcm incident list", err)) < 0)
		return rc;
	*ret = read_incident(query, arena);
	store_finish(query);
	return 0;
}

int incident_store_list(struct store_tx *tx, struct arena *arena, bool only_open,
	int64_t before_seq, int64_t limit, struct incident ***ret, size_t *ret_count,
	struct error *err)
{
	struct store_query *query = store_query(tx, only_open ? &select_open_page : &select_page);

	store_bind_int(query, "before", before_seq);
	store_bind_int(query, "limit", limit);
	return store_list(query, arena, read_incident, ret, ret_count, err);
}

int incident_store_list_open(struct store_tx *tx, struct arena *arena, const char *environment,
	const char *service, struct incident ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_open);

	store_bind_text(query, "environment", environment);
	store_bind_text(query, "service", service);
	return store_list(query, arena, read_incident, ret, ret_count, err);
}

int incident_store_insert_link(
	struct store_tx *tx, int64_t seq, const struct incident_link *link, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_link);
	int rc;

	store_bind_int(query, "seq", seq);
	store_bind_text(query, "kind", link->kind);
	store_bind_text(query, "reference", link->reference);
	store_bind_text(query, "note", link->note);
	store_bind_text(query, "linked_by", link->linked_by);
	store_bind_int(query, "linked_at_us", link->linked_at_us);
	if ((rc = store_run(query, err)) < 0)
		return rc;
	return rc ? 0
		  : error_set(err, ERROR_NO_EFFECT, "the %s %s is linked already", link->kind,
			    link->reference);
}

int incident_store_links(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct incident_link **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_links);
	struct incident_link *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_int(query, "seq", seq);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = (struct incident_link){
			.kind = store_text_copy(query, "kind", arena),
			.reference = store_text_copy(query, "reference", arena),
			.note = store_text_copy(query, "note", arena),
			.linked_by = store_text_copy(query, "linked_by", arena),
			.linked_at_us = store_int(query, "linked_at_us"),
		};
	}
	*ret = list;
	*ret_count = count;
	return rc;
}

int incident_linked_to(struct store_tx *tx, struct arena *arena, const char *kind,
	const char *reference, struct incident_linked **ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_linked);
	struct incident_linked *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, "kind", kind);
	store_bind_text(query, "reference", reference);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = (struct incident_linked){
			.incident = arena_format(
				arena, "INC-%lld", (long long)store_int(query, "incident_seq")),
			.linked_at_us = store_int(query, "linked_at_us"),
		};
	}
	*ret = list;
	*ret_count = count;
	return rc;
}
