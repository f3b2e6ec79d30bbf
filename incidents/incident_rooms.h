/* Between the rooms of incidents/. */
#ifndef RB_INCIDENTS_INCIDENT_ROOMS_H
#define RB_INCIDENTS_INCIDENT_ROOMS_H

#include "incidents/incident.h"

#define INCIDENT_TITLE_MAX   200
#define INCIDENT_FINDING_MAX 8192
#define INCIDENT_NOTE_MAX    1024
#define INCIDENT_PAGE	     200

extern const char *const incident_link_kinds[]; /* NULL-ended */

int incident_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err);
int incident_store_insert(struct store_tx *tx, const struct incident *incident, struct error *err);
/* ERROR_STALE when the version moved on. */
int incident_store_update(struct store_tx *tx, const struct incident *incident, int64_t old_version,
	struct error *err);
int incident_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, struct incident **ret,
	struct error *err);
/* Newest first, those before `before_seq`. */
int incident_store_list(struct store_tx *tx, struct arena *arena, bool only_open,
	int64_t before_seq, int64_t limit, struct incident ***ret, size_t *ret_count,
	struct error *err);
int incident_store_list_open(struct store_tx *tx, struct arena *arena, const char *environment,
	const char *service, struct incident ***ret, size_t *ret_count, struct error *err);
int incident_store_insert_link(
	struct store_tx *tx, int64_t seq, const struct incident_link *link, struct error *err);
int incident_store_links(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct incident_link **ret, size_t *ret_count, struct error *err);

json_t *incident_json(const struct incident *incident);
json_t *incident_link_json(const struct incident_link *link);

#endif
