/*
 * Alerts that fire now, as the servers say that the setting `alerts-from` names: targets of kind
 * prometheus or alertmanager. They are asked again and again, so that whoever decides need not wait
 * for them. What could not be asked is not known, and that is never "none".
 */
#ifndef RB_CHANGE_ALERT_ALERT_H
#define RB_CHANGE_ALERT_ALERT_H

#include "adapters/adapter.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/store/store.h"

#include <jansson.h>
#include <stdint.h>

#define ALERTS_EACH_MS	  15000
#define ALERTS_GOOD_TIMES 4 /* an answer is good for so many intervals */

struct alerts;
struct alerts_options {
	struct loop *loop;
	struct store *store;
	struct client *client;
	const struct adapter_list *adapters;
	const char *const *sources; /* names of targets; NULL-ended; borrowed for its whole life */
	int64_t each_ms;	    /* between two questions; 0 = ALERTS_EACH_MS */
};
int alerts_open(const struct alerts_options *options, struct alerts **ret, struct error *err);
/* Nothing is asked any more; who waits is told. */
void alerts_stop(struct alerts *alerts);
void alerts_close(struct alerts *alerts);

/* `told(arg)` once every source was asked within the last interval, or did not answer in time;
 * later, never now. At the latest by alerts_stop. */
void alerts_refresh(struct alerts *alerts, void (*told)(void *arg), void *arg);

/* What an alert may be about. */
struct alert_subject {
	const char *object; /* "host:web-1", "svc:shop": as it is told to the rules */
	const char *kind;   /* of a target; "service" for a service */
	const char *name;
	const json_t *labels; /* all of a target; NULL for a service */
	const char *space;    /* namespace of a target of kind k8s; NULL = none */
};
/*
 * Of the alerts that are known, those that are about one of the subjects in that environment:
 * *ret_alerts is a sorted array of {name, object}, each once, at most ALERTS_TOLD_MAX of them.
 * *ret_sources is an array of {name, known, reason} of all sources; the caller's both. NULL
 * `alerts` has no sources.
 */
#define ALERTS_TOLD_MAX 50
void alerts_on(const struct alerts *alerts, const char *environment,
	const struct alert_subject *subjects, size_t count, json_t **ret_alerts,
	json_t **ret_sources);

/* --- alert_match.c --- */

/* Adds what of `firing` (array of objects of texts) is about one of the subjects. Pure. */
void alert_match(const json_t *firing, const char *environment,
	const struct alert_subject *subjects, size_t count, json_t *list);

#endif
