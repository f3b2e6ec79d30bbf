#include "main/health_api.h"

#include "lib/base/json.h"

static void get_health(struct request *req);
static void get_ready(struct request *req);

static const struct route routes[] = {
	{.method = ROUTE_GET,
		.path = "/healthz",
		.flags = ROUTE_KEPT, /* the same as long as this process lives */
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

/* --- what must work; each answers whether it does and says why not --- */

static json_t *new_check(bool is_ok, const char *why)
{
	json_t *check = json_object();

	json_set_bool(check, "ok", is_ok);
	json_set_text(check, "detail", is_ok ? NULL : why);
	return check;
}

static json_t *check_store(const struct health *health)
{
	const char *why = NULL;
	json_t *check = new_check(store_is_writable(health->store, &why), why);

	json_object_set_new(
		check, "commit_ms", json_integer((json_int_t)store_commit_ms(health->store)));
	return check;
}

static json_t *check_space(const struct health *health)
{
	const char *why = NULL;
	bool has_room = store_space(health->store, &why) == STORE_SPACE_OK;

	return new_check(has_room, why);
}

static json_t *check_audit(const struct health *health)
{
	struct audit_status status;
	json_t *check;

	audit_get_status(health->audit, &status);
	check = new_check(!status.trouble, status.trouble);
	json_set_int(check, "records", status.size);
	json_set_int(check, "covered", status.checkpoint_size);
	json_set_bool(check, "outside", status.is_outside);
	return check;
}

static json_t *check_engine(const struct health *health)
{
	return new_check(executor_is_ready(health->executor),
		"the open runs of the daemon before are not taken over yet");
}

static json_t *check_jail(const struct health *health)
{
	struct error err = ERROR_INIT;
	bool holds = jail_check(health->jail, &err) >= 0;
	json_t *check = new_check(holds, err.message);

	json_object_set_new(check, "walls", json_loads(jail_walls(health->jail), 0, NULL));
	return check;
}

static const struct {
	const char *name;
	json_t *(*check)(const struct health *health);
} checks[] = {
	{"store", check_store},
	{"space", check_space},
	{"audit", check_audit},
	{"engine", check_engine},
	{"jail", check_jail},
};

static void get_ready(struct request *req)
{
	const struct health *health = request_context(req);
	json_t *answer = json_object(), *states = json_object(), *state;
	bool is_ready = true;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		state = checks[i].check(health);
		is_ready = is_ready && json_is_true(json_object_get(state, "ok"));
		json_object_set_new(states, checks[i].name, state);
	}
	json_set_bool(answer, "ready", is_ready);
	json_object_set_new(answer, "checks", states);
	request_reply_json(req, is_ready ? 200 : 503, answer);
}
