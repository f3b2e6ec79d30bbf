#include "calendar/calendar_rooms.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"id, name, default_state, zone, selector, overrun, grace_ms, approvers, max_age_ms,"       \
	" digest, imported_at_us, known_until_us, version, created_at_us, changed_at_us"

static const struct store_statement select_calendar =
	STORE_STATEMENT("SELECT " COLUMNS " FROM calendar WHERE name = :name");
static const struct store_statement select_all =
	STORE_STATEMENT("SELECT " COLUMNS " FROM calendar ORDER BY name");
static const struct store_statement select_text =
	STORE_STATEMENT("SELECT ics FROM calendar WHERE id = :id");
static const struct store_statement insert_calendar =
	STORE_STATEMENT("INSERT INTO calendar (" COLUMNS ", ics) VALUES (:id, :name,"
			" :default_state, :zone, :selector, :overrun, :grace_ms, :approvers,"
			" :max_age_ms, :digest, :imported_at_us, :known_until_us, :version,"
			" :created_at_us, :changed_at_us, :ics)");
static const struct store_statement update_calendar = STORE_STATEMENT(
	"UPDATE calendar SET default_state = :default_state, zone = :zone, selector = :selector,"
	" overrun = :overrun, grace_ms = :grace_ms, approvers = :approvers,"
	" max_age_ms = :max_age_ms, digest = :digest, imported_at_us = :imported_at_us,"
	" known_until_us = :known_until_us, version = :version, changed_at_us = :changed_at_us,"
	" ics = :ics WHERE id = :id AND version = :old_version");
static const struct store_statement update_known =
	STORE_STATEMENT("UPDATE calendar SET known_until_us = :known_until_us WHERE id = :id");
static const struct store_statement delete_calendar =
	STORE_STATEMENT("DELETE FROM calendar WHERE id = :id");
static const struct store_statement insert_window = STORE_STATEMENT(
	"INSERT INTO calendar_window (calendar_id, seq, start_at_us, end_at_us, uid, title,"
	" is_advisory) VALUES (:id, :seq, :start_at_us, :end_at_us, :uid, :title, :is_advisory)");
static const struct store_statement delete_windows =
	STORE_STATEMENT("DELETE FROM calendar_window WHERE calendar_id = :id");
static const struct store_statement select_windows = STORE_STATEMENT(
	"SELECT start_at_us, end_at_us, uid, title, is_advisory FROM calendar_window"
	" WHERE calendar_id = :id AND end_at_us > :after_us"
	" AND start_at_us < :before_us ORDER BY start_at_us, seq LIMIT :limit");

static void *read_calendar(struct store_query *row, struct arena *arena)
{
	struct calendar *calendar = arena_alloc(arena, sizeof(*calendar));

	store_text_into(row, "id", calendar->id, sizeof(calendar->id));
	calendar->name = store_text_copy(row, "name", arena);
	calendar->is_open_by_default = !strcmp(store_text(row, "default_state"), "open");
	calendar->zone = store_text_copy(row, "zone", arena);
	calendar->selector = store_text_copy(row, "selector", arena);
	(void)calendar_overrun_parse(store_text(row, "overrun"), &calendar->overrun, NULL);
	calendar->grace_ms = store_int(row, "grace_ms");
	calendar->approvers = store_text_copy(row, "approvers", arena);
	calendar->max_age_ms = store_int(row, "max_age_ms");
	calendar->digest = store_text_copy(row, "digest", arena);
	calendar->imported_at_us = store_int(row, "imported_at_us");
	calendar->known_until_us = store_int(row, "known_until_us");
	calendar->version = store_int(row, "version");
	calendar->created_at_us = store_int(row, "created_at_us");
	calendar->changed_at_us = store_int(row, "changed_at_us");
	return calendar;
}

int calendar_store_get(struct store_tx *tx, struct arena *arena, const char *name,
	struct calendar **ret, struct error *err)
{
	struct store_query *query = store_query(tx, &select_calendar);
	int rc;

	store_bind_text(query, "name", name);
	if ((rc = store_named(query, "calendar", name, "rcm calendar list", err)) < 0)
		return rc;
	*ret = read_calendar(query, arena);
	store_finish(query);
	return 0;
}

int calendar_store_list(struct store_tx *tx, struct arena *arena, struct calendar ***ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_all);

	return store_list(query, arena, read_calendar, ret, ret_count, err);
}

int calendar_store_text(struct store_tx *tx, struct arena *arena, const char *id, const char **ret,
	struct error *err)
{
	struct store_query *query = store_query(tx, &select_text);
	int rc;

	store_bind_text(query, "id", id);
	if ((rc = store_one(query, "calendar", err)) < 0)
		return rc;
	*ret = store_text_copy(query, "ics", arena);
	store_finish(query);
	return 0;
}

static void bind_calendar(
	struct store_query *query, const struct calendar *calendar, const char *ics)
{
	store_bind_text(query, "id", calendar->id);
	store_bind_text(query, "default_state", calendar->is_open_by_default ? "open" : "closed");
	store_bind_text(query, "zone", calendar->zone);
	store_bind_text(query, "selector", calendar->selector);
	store_bind_text(query, "overrun", calendar_overrun_word(calendar->overrun));
	store_bind_int(query, "grace_ms", calendar->grace_ms);
	store_bind_text(query, "approvers", calendar->approvers);
	store_bind_int(query, "max_age_ms", calendar->max_age_ms);
	store_bind_text(query, "digest", calendar->digest);
	store_bind_int(query, "imported_at_us", calendar->imported_at_us);
	store_bind_int(query, "known_until_us", calendar->known_until_us);
	store_bind_int(query, "version", calendar->version);
	store_bind_int(query, "changed_at_us", calendar->changed_at_us);
	store_bind_text(query, "ics", ics);
}

int calendar_store_insert(
	struct store_tx *tx, const struct calendar *calendar, const char *ics, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_calendar);
	int rc;

	bind_calendar(query, calendar, ics);
	store_bind_text(query, "name", calendar->name);
	store_bind_int(query, "created_at_us", calendar->created_at_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int calendar_store_update(struct store_tx *tx, const struct calendar *calendar, const char *ics,
	int64_t old_version, struct error *err)
{
	struct store_query *query = store_query(tx, &update_calendar);
	int rc;

	bind_calendar(query, calendar, ics);
	store_bind_int(query, "old_version", old_version);
	if ((rc = store_run(query, err)) < 0)
		return rc;
	return rc ? 0 : error_set(err, ERROR_STALE, "%s was changed meanwhile", calendar->name);
}

static int delete_by(struct store_tx *tx, const struct store_statement *statement, const char *id,
	struct error *err)
{
	struct store_query *query = store_query(tx, statement);
	int rc;

	store_bind_text(query, "id", id);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int calendar_store_delete(struct store_tx *tx, const char *id, struct error *err)
{
	int rc = delete_by(tx, &delete_windows, id, err);

	return rc < 0 ? rc : delete_by(tx, &delete_calendar, id, err);
}

static int insert_one(struct store_tx *tx, const char *id, int64_t seq,
	const struct calendar_window *window, struct error *err)
{
	struct store_query *query = store_query(tx, &insert_window);

	store_bind_text(query, "id", id);
	store_bind_int(query, "seq", seq);
	store_bind_int(query, "start_at_us", window->start_at_us);
	store_bind_int(query, "end_at_us", window->end_at_us);
	store_bind_text(query, "uid", window->uid);
	store_bind_text(query, "title", window->title);
	store_bind_int(query, "is_advisory", window->is_advisory);
	return store_run(query, err);
}

int calendar_store_set_windows(struct store_tx *tx, const char *id,
	const struct calendar_window *windows, size_t count, struct error *err)
{
	int rc = delete_by(tx, &delete_windows, id, err);

	for (size_t i = 0; i < count && rc >= 0; i++)
		rc = insert_one(tx, id, (int64_t)i, &windows[i], err);
	return rc < 0 ? rc : 0;
}

int calendar_store_set_known(
	struct store_tx *tx, const char *id, int64_t known_until_us, struct error *err)
{
	struct store_query *query = store_query(tx, &update_known);
	int rc;

	store_bind_text(query, "id", id);
	store_bind_int(query, "known_until_us", known_until_us);
	rc = store_run(query, err);
	return rc < 0 ? rc : 0;
}

int calendar_store_windows(struct store_tx *tx, struct arena *arena, const char *id,
	int64_t after_us, int64_t before_us, int64_t limit, struct calendar_window **ret,
	size_t *ret_count, struct error *err)
{
	struct store_query *query = store_query(tx, &select_windows);
	struct calendar_window *list = NULL;
	size_t count = 0, capacity = 0;
	int rc;

	store_bind_text(query, "id", id);
	store_bind_int(query, "after_us", after_us);
	store_bind_int(query, "before_us", before_us);
	store_bind_int(query, "limit", limit);
	while ((rc = store_next(query, err)) > 0) {
		list = arena_grow(arena, list, count, &capacity, sizeof(*list));
		list[count++] = (struct calendar_window){
			.start_at_us = store_int(query, "start_at_us"),
			.end_at_us = store_int(query, "end_at_us"),
			.uid = store_text_copy(query, "uid", arena),
			.title = store_text_copy(query, "title", arena),
			.is_advisory = store_int(query, "is_advisory"),
		};
	}
	if (rc < 0)
		return rc;
	*ret = list;
	*ret_count = count;
	return 0;
}
