#include "change/decision/decision_rooms.h"

#include <stdio.h>

#define COLUMNS                                                                                    \
	"seq, platform, service, environment, artifact_digest, version_from, version_to, phase,"   \
	" state, person_id, batch_no, batch_pct, started_at_us, changed_at_us, open_until_us"

static const struct store_statement select_next =
	STORE_STATEMENT("SELECT ifnull(max(seq), 0) + 1 AS seq FROM change_release");
static const struct store_statement put_release = STORE_STATEMENT(
	"INSERT INTO change_release (" COLUMNS ") VALUES (:seq, :platform, :service, :environment,"
	" :artifact, :version_from, :version_to, :phase, :state, :person, :batch_no, :batch_pct,"
	" :started_at, :changed_at, :open_until)"
	" ON CONFLICT (seq) DO UPDATE SET phase = :phase, state = :state, person_id = :person,"
	" batch_no = :batch_no, batch_pct = :batch_pct, changed_at_us = :changed_at,"
	" open_until_us = :open_until");
static const struct store_statement select_open =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_release WHERE platform = :platform"
			" AND service = :service AND version_to = :version_to"
			" AND state IN ('running', 'between') ORDER BY seq DESC LIMIT 1");
static const struct store_statement select_all =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_release ORDER BY seq DESC LIMIT 200");
static const struct store_statement select_running =
	STORE_STATEMENT("SELECT " COLUMNS " FROM change_release WHERE state = 'running'"
			" ORDER BY seq DESC LIMIT 200");
static const struct store_statement select_passed =
	STORE_STATEMENT("SELECT phase FROM change_release_phase WHERE platform = :platform"
			" AND service = :service AND artifact_digest = :artifact ORDER BY phase");
static const struct store_statement put_phase = STORE_STATEMENT(
	"INSERT INTO change_release_phase (platform, service, artifact_digest, phase, release_seq,"
	" passed_at_us) VALUES (:platform, :service, :artifact, :phase, :seq, :at)"
	" ON CONFLICT (platform, service, artifact_digest, phase)"
	" DO UPDATE SET release_seq = :seq, passed_at_us = :at");

static void *read_release(struct store_query *row, struct arena *arena)
{
	struct release *release = arena_alloc(arena, sizeof(*release));

	release->seq = store_int(row, "seq");
	snprintf(release->name, sizeof(release->name), "REL-%lld", (long long)release->seq);
	release->platform = store_text_copy(row, "platform", arena);
	release->service = store_text_copy(row, "service", arena);
	release->environment = store_text_copy(row, "environment", arena);
	release->artifact_digest = store_text_copy(row, "artifact_digest", arena);
	release->version_from = store_text_copy(row, "version_from", arena);
	release->version_to = store_text_copy(row, "version_to", arena);
	release->phase = store_text_copy(row, "phase", arena);
	release->state = store_text_copy(row, "state", arena);
	release->person_id = store_text_copy(row, "person_id", arena);
	release->batch_no = store_int(row, "batch_no");
	release->batch_pct = store_int(row, "batch_pct");
	release->started_at_us = store_int(row, "started_at_us");
	release->changed_at_us = store_int(row, "changed_at_us");
	release->open_until_us = store_int(row, "open_until_us");
	return release;
}

int release_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err)
{
	struct store_query *query = store_query(tx, &select_next);
	int rc = store_one(query, "release", err);

	if (rc < 0)
		return rc;
	*ret_seq = store_int(query, "seq");
	store_finish(query);
	return 0;
}

int release_store_put(struct store_tx *tx, const struct release *release, struct error *err)
{
	struct store_query *query = store_query(tx, &put_release);
	int rc;

	store_bind_int(query, "seq", release->seq);
	store_bind_text(query, "platform", release->platform);
	store_bind_text(query, "service", release->service);
	store_bind_text(query, "environment", release->environment);
	store_bind_text(query, "artifact", release->artifact_digest);
	store_bind_text(query, "version_from", release->version_from);
	store_bind_text(query, "version_to", release->version_to);
	store_bind_text(query, "phase", release->phase);
	store_bind_text(query, "state", release->state);
	store_bind_text(query, "person", release->person_id);
	store_bind_int(query, "batch_no", release->batch_no);
	store_bind_int(query, "batch_pct", release->batch_pct);
	store_bind_int(query, "started_at", release->started_at_us);
	store_bind_int(query, "changed_at", release->changed_at_us);
	store_bind_int(query, "open_until", release->open_until_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int release_store_find(struct store_tx *tx, struct arena *arena, const char *platform,
	const char *service, const char *version_to, struct release **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_open);
	int rc;

	store_bind_text(query, "platform", platform);
	store_bind_text(query, "service", service);
	store_bind_text(query, "version_to", version_to);
	if ((rc = store_next(query, err)) <= 0)
		return rc;
	*ret = read_release(query, arena);
	store_finish(query);
	return 1;
}

int release_store_list(struct store_tx *tx, struct arena *arena, bool only_running,
	struct release ***ret, size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, only_running ? &select_running : &select_all);

	return store_list(query, arena, read_release, ret, ret_count, err);
}

int release_store_passed(struct store_tx *tx, struct arena *arena, const char *platform,
	const char *service, const char *artifact_digest, const char *const **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_passed);
	const char **list = arena_alloc(arena, sizeof(*list));
	size_t count = 0, capacity = 1;
	int rc;

	store_bind_text(query, "platform", platform);
	store_bind_text(query, "service", service);
	store_bind_text(query, "artifact", artifact_digest);
	while ((rc = store_next(query, err)) > 0) {
		list[count++] = store_text_copy(query, "phase", arena);
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count] = NULL;
	}
	*ret = list;
	return rc;
}

int release_store_pass(
	struct store_tx *tx, const struct release *release, int64_t at_us, struct error *err)
{
	struct store_query *query = store_query(tx, &put_phase);
	int rc;

	store_bind_text(query, "platform", release->platform);
	store_bind_text(query, "service", release->service);
	store_bind_text(query, "artifact", release->artifact_digest);
	store_bind_text(query, "phase", release->phase);
	store_bind_int(query, "seq", release->seq);
	store_bind_int(query, "at", at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}
