/* What the answers of Prometheus and Alertmanager mean, as pure functions; prometheus.c carries the
 * requests. */
#ifndef RB_ADAPTERS_PROMETHEUS_ROOMS_H
#define RB_ADAPTERS_PROMETHEUS_ROOMS_H

#include "adapters/adapter_rooms.h"

/*
 * The one number of an instant query. Anything but a scalar or a vector of exactly one finite,
 * fresh sample is ADAPTER_UNKNOWN with its reason: no answer never passes for a good one.
 */
struct adapter_result prometheus_query_reply(
	int status, const char *body, size_t length, int64_t now_us, struct arena *arena);
/* Of /api/v1/status/buildinfo. */
struct adapter_result prometheus_check_reply(
	int status, const char *body, size_t length, struct arena *arena);
/* Of /api/v1/alerts: what fires; what is pending does not. */
struct adapter_result prometheus_alerts_reply(
	int status, const char *body, size_t length, struct arena *arena);
/* Of Alertmanager's /api/v2/alerts and /api/v2/status. */
struct adapter_result alertmanager_alerts_reply(
	int status, const char *body, size_t length, struct arena *arena);
struct adapter_result alertmanager_check_reply(
	int status, const char *body, size_t length, struct arena *arena);

#endif
