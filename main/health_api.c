#include "main/health_api.h"

#include "lib/base/json.h"

static void get_health(struct request *req);
static void get_ready(struct request *req);

static const struct route routes[] = {
	{.method = ROUTE_GET,
		.path = "/healthz",
		.handle = get_health,
		.summary = "the daemon is alive",
		.answers = {"200 Health"}},
	{.method = ROUTE_GET,
		.path = "/readyz",
		.handle = get_ready,
		.summary = "what works and what does not: 503 when something does not",
		.answers = {"200 Readiness", "503 Readiness"}},
};

struct route_table health_routes(struct health *health)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), health};
}

static void get_health(struct request *req)
{
	const struct health *health = request_context(req);
	json_t *answer = json_object();

	json_set_text(answer, "status", "ok");
	json_set_text(answer, "version", RB_VERSION);
	json_set_time(answer, "started_at", health->started_at_us);
	request_reply_json(req, 200, answer);
}

static json_t *store_state(const struct health *health, bool *is_ready)
{
	json_t *state = json_object();
	const char *why = NULL;
	bool is_writable = store_is_writable(health->store, &why);

	json_set_bool(state, "ok", is_writable);
	json_set_text(state, "detail", is_writable ? NULL : why);
	json_object_set_new(
		state, "commit_ms", json_integer((json_int_t)store_commit_ms(health->store)));
	*is_ready = *is_ready && is_writable;
	return state;
}

static json_t *jail_state(const struct health *health, bool *is_ready)
{
	json_t *state = json_object();
	struct error err = ERROR_INIT;
	bool holds = jail_check(health->jail, &err) >= 0;

	json_set_bool(state, "ok", holds);
	json_set_text(state, "detail", holds ? NULL : err.message);
	json_object_set_new(state, "walls", json_loads(jail_walls(health->jail), 0, NULL));
	*is_ready = *is_ready && holds;
	return state;
}

static void get_ready(struct request *req)
{
	const struct health *health = request_context(req);
	json_t *answer = json_object(), *checks = json_object();
	bool is_ready = true;

	json_object_set_new(checks, "store", store_state(health, &is_ready));
	json_object_set_new(checks, "jail", jail_state(health, &is_ready));
	json_set_bool(answer, "ready", is_ready);
	json_object_set_new(answer, "checks", checks);
	request_reply_json(req, is_ready ? 200 : 503, answer);
}
