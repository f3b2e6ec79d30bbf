/*
 * Incidents: what is wrong in production now, who said so, what was done about it. An incident is
 * opened, things are linked to it, it is closed with what was found. Knows no execution and no
 * change: a link is a kind and a reference.
 */
#ifndef RB_INCIDENTS_INCIDENT_H
#define RB_INCIDENTS_INCIDENT_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define INCIDENT_NAME_SIZE 32 /* "INC-12" */

/* How bad: 1 is the worst. */
#define INCIDENT_SEVERITY_MAX 4

struct incident {
	char name[INCIDENT_NAME_SIZE]; /* "INC-12": given by the program, never used again */
	int64_t seq;
	const char *title;
	int64_t severity;		    /* 1 .. INCIDENT_SEVERITY_MAX */
	const char *environment, *service;  /* what it is about; "" = not said, so all */
	const char *opened_by, *closed_by;  /* names of persons; closed_by NULL while open */
	const char *finding;		    /* what was found, at the close; NULL while open */
	int64_t opened_at_us, closed_at_us; /* 0 while open */
	int64_t version;		    /* for If-Match */
};

struct incident_link {
	const char *kind; /* "execution", "change", "alert", "url" */
	const char *reference;
	const char *note; /* may be "" */
	const char *linked_by;
	int64_t linked_at_us;
};

extern const struct store_schema incident_schema;

/* By its name, "INC-12". ERROR_NOT_FOUND. */
int incident_get(struct store_tx *tx, struct arena *arena, const char *name, struct incident **ret,
	struct error *err);
/* Open ones that concern that environment and service (NULL = any), the worst first. */
int incident_list_open(struct store_tx *tx, struct arena *arena, const char *environment,
	const char *service, struct incident ***ret, size_t *ret_count, struct error *err);
/* ERROR_CONFLICT when it is closed: what acts in its name asks first. */
int incident_check_open(struct store_tx *tx, struct arena *arena, const char *name,
	struct incident **ret, struct error *err);

struct incident_linked {
	const char *incident; /* "INC-12" */
	int64_t linked_at_us;
};
/* The incidents that something is linked to: kind and reference of a link, "change" "CHG-7". */
int incident_linked_to(struct store_tx *tx, struct arena *arena, const char *kind,
	const char *reference, struct incident_linked **ret, size_t *ret_count, struct error *err);

/* Who acts and when; the results live in the arena. */
struct incident_act {
	const struct principal *by;
	int64_t at_us;
	struct arena *arena;
	struct incident *ret_incident;
};
struct incident_open {
	struct incident_act act;
	struct incident incident; /* title, severity, environment, service */
};
int incident_open(struct store_tx *tx, struct incident_open *open, struct error *err);
/* The same link again is ERROR_NO_EFFECT. A closed incident takes links too: what was learned late.
 */
struct incident_add_link {
	struct incident_act act;
	const char *name;
	struct incident_link link; /* kind, reference, note */
};
int incident_add_link(struct store_tx *tx, struct incident_add_link *add, struct error *err);
struct incident_close {
	struct incident_act act;
	const char *name;
	const char *finding;
	int64_t if_version; /* -1 = any */
};
int incident_close(struct store_tx *tx, struct incident_close *close, struct error *err);

#endif
