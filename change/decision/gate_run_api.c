/* Runs over HTTP: what the gate of another host tells of them and asks for. */
#include "change/decision/decision_api.h"
#include "change/decision/decision_rooms.h"
#include "change/decision/gate_spool.h"
#include "change/decision/run_guard.h"
#include "lib/base/base64.h"
#include "lib/base/json.h"

#include <string.h>

#define BODY_MAX  65536
#define RUNS_PAGE 200

static void list_runs(struct request *req);
static void post_heartbeat(struct request *req);
static void post_end(struct request *req);
static void post_reset(struct request *req);
static void post_stop(struct request *req);
static void show_step(struct request *req);
static void post_spool(struct request *req);

#define RUN                                                                                        \
	{                                                                                          \
		"run", PARAM_ID, 0, 0, "id of the run"                                             \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/gate/runs", ROLE_ANY, 0, 0, list_runs, {{0}},
		{{"change", PARAM_NAME, 0, 0, "only those of this change"},
			{"state", PARAM_WORD, 0, 0, "started ended lost reset"},
			{"before", PARAM_INT, 0, INT64_MAX,
				"only those that began before, in microseconds since 1970"},
			{"limit", PARAM_INT, 1, RUNS_PAGE, "how many at most"}},
		"Runs, the newest first", NULL, {"200 RunList"}},
	{ROUTE_POST, "/api/v1/gate/runs/{run}/heartbeat", ROLE_AGENT, BODY_MAX, ROUTE_NO_KEY,
		post_heartbeat, {RUN}, {{0}}, "The run goes on: moves its lease. 409: it must stop",
		"GateHeartbeat", {"204"}},
	{ROUTE_POST, "/api/v1/gate/runs/{run}/end", ROLE_AGENT, BODY_MAX,
		ROUTE_NO_KEY | ROUTE_VITAL, post_end, {RUN}, {{0}}, "The run has ended", "GateEnd",
		{"204"}},
	{ROUTE_POST, "/api/v1/gate/runs/{run}/reset", ROLE_APPROVER, BODY_MAX, 0, post_reset, {RUN},
		{{0}}, "Give the use of a lost run back to its grant", "RunReset", {"200 Run"}},
	{ROUTE_POST, "/api/v1/gate/runs/{run}/stop", ROLE_ANY, BODY_MAX, ROUTE_VITAL, post_stop,
		{RUN}, {{0}},
		"End a run that is under way: by whoever runs it, an approver or a commander",
		"RunStop", {"200 Run"}},
	{ROUTE_GET, "/api/v1/gate/steps/{change}/{step}", ROLE_AGENT, 0, 0, show_step,
		{{"change", PARAM_NAME, 0, 0, "CHG- and a number"},
			{"step", PARAM_INT, 0, INT32_MAX, "its number; 0 with a phase"}},
		{{"phase", PARAM_WORD, 0, 0, "rollback"}},
		"A step as it is to be executed, with its contents", NULL, {"200 GateStep"}},
	{ROUTE_POST, "/api/v1/gate/spool", ROLE_AGENT, SPOOL_RECORD_MAX + 4096,
		ROUTE_NO_KEY | ROUTE_VITAL, post_spool, {{0}}, {{0}},
		"One record of what a gate could not tell when it happened", "GateSpool",
		{"200 GateSpooled"}},
};

struct route_table gate_run_routes(struct gate_api *api)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), api};
}

/* --- listing --- */

static int load_runs(struct request *req, struct rcm_run ***ret, size_t *ret_count)
{
	struct store_tx *tx = request_reader(req);
	struct error *err = request_error(req);
	struct change *change;
	int rc;

	if (!request_has(req, "change"))
		return run_page(tx, request_arena(req), request_text(req, "state"),
			request_int(req, "before", INT64_MAX), request_int(req, "limit", RUNS_PAGE),
			ret, ret_count, err);
	if ((rc = change_get(tx, request_arena(req), request_text(req, "change"), &change, err)) <
		0)
		return rc;
	return run_list(tx, request_arena(req), change->seq, ret, ret_count, err);
}

static json_t *named_run_json(struct store_tx *tx, const struct rcm_run *run)
{
	json_t *object = run_json(run);
	char name[128] = "";

	if (people_name(tx, run->person_id, name, sizeof(name), NULL) == 0)
		json_set_text(object, "person", name);
	return object;
}

static void list_runs(struct request *req)
{
	struct rcm_run **runs = NULL;
	json_t *items = json_array();
	size_t count = 0;

	if (load_runs(req, &runs, &count) < 0) {
		json_decref(items);
		request_fail(req);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (!request_has(req, "change") || !request_has(req, "state") ||
			!strcmp(runs[i]->state, request_text(req, "state")))
			json_array_append_new(items, named_run_json(request_reader(req), runs[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

/* --- from the gate of the run's host --- */

struct told_run {
	const struct principal *by;
	struct run_end end;
	int64_t at_us;
	struct arena *arena;
};

/* A gate tells of runs on its own hosts alone. */
static int check_gate(struct store_tx *tx, const struct told_run *told, struct error *err)
{
	struct target *target;
	struct rcm_run *run;
	const char *gate;
	json_t *labels;
	bool fits;
	int rc;

	if ((rc = run_get(tx, told->arena, told->end.id, &run, err)) < 0 ||
		(rc = target_get(tx, told->arena, run->target, &target, err)) < 0)
		return rc;
	labels = target_all_labels(target);
	gate = json_string_value(json_object_get(labels, "gate"));
	fits = gate && !strcmp(gate, told->by->person_name);
	json_decref(labels);
	return fits ? 0
		    : error_set(err, ERROR_FORBIDDEN, "%s is not the gate of %s",
			      told->by->person_name, run->target);
}

static int ask_heartbeat(struct store_tx *tx, void *arg, struct error *err)
{
	const struct told_run *told = arg;
	int rc = check_gate(tx, told, err);

	return rc < 0 ? rc : run_heartbeat(tx, told->end.id, NULL, told->at_us, err);
}

static int ask_end(struct store_tx *tx, void *arg, struct error *err)
{
	const struct told_run *told = arg;
	int rc = check_gate(tx, told, err);

	return rc < 0 ? rc : run_guard_end(tx, &told->end, &told->by->actor, err);
}

static void tell_noted(struct request *req, void *arg)
{
	(void)arg;
	request_reply_empty(req);
}

static struct told_run *told_of(struct request *req)
{
	struct told_run *told = request_alloc(req, sizeof(*told));

	told->by = request_principal(req);
	told->end.id = request_text(req, "run");
	told->end.at_us = told->at_us = request_now_us(req);
	told->arena = request_arena(req);
	return told;
}

static void post_heartbeat(struct request *req)
{
	static const char *const keys[] = {NULL};

	if (json_check_keys(request_json(req), keys, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_heartbeat, tell_noted, told_of(req));
}

static int take_end(struct request *req, struct run_end *end, struct error *err)
{
	static const char *const keys[] = {"status", "recording", "recording_sha256",
		"recording_bytes", "is_recording_whole", NULL};
	const json_t *body = request_json(req);
	int rc;

	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_int(body, "status", true, INT32_MIN, INT32_MAX, &end->status, err)) <
			0 ||
		(rc = json_get_text(body, "recording", false, &end->recording, err)) < 0 ||
		(rc = json_get_text(body, "recording_sha256", false, &end->recording_sha256, err)) <
			0 ||
		(rc = json_get_int(body, "recording_bytes", false, 0, INT64_MAX,
			 &end->recording_bytes, err)) < 0)
		return rc;
	return json_get_bool(body, "is_recording_whole", false, &end->is_recording_whole, err);
}

static void post_end(struct request *req)
{
	struct told_run *told = told_of(req);

	if (take_end(req, &told->end, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_end, tell_noted, told);
}

/* --- by an approver --- */

static int ask_reset(struct store_tx *tx, void *arg, struct error *err)
{
	return run_reset(tx, arg, err);
}

static void tell_run(struct request *req, void *arg)
{
	const struct run_act *act = arg;

	request_reply_json(req, 200, named_run_json(request_reader(req), act->ret_run));
}

static void act_on_run(
	struct request *req, int (*ask)(struct store_tx *tx, void *arg, struct error *err))
{
	static const char *const keys[] = {"reason", NULL};
	struct run_act *act = request_alloc(req, sizeof(*act));
	struct error *err = request_error(req);

	act->by = request_principal(req);
	act->id = request_text(req, "run");
	act->at_us = request_now_us(req);
	act->arena = request_arena(req);
	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_text(request_json(req), "reason", true, &act->reason, err) < 0)
		request_fail(req);
	else
		request_write(req, ask, tell_run, act);
}

static void post_reset(struct request *req)
{
	act_on_run(req, ask_reset);
}

static int ask_stop(struct store_tx *tx, void *arg, struct error *err)
{
	return run_call_off(tx, arg, err);
}

static void post_stop(struct request *req)
{
	act_on_run(req, ask_stop);
}

/* --- steps --- */

static const struct revision_step *find_step(struct request *req, const struct revision *revision)
{
	bool is_rollback = request_has(req, "phase");
	int64_t seq = request_int(req, "step", 0);

	for (size_t i = 0; i < revision->step_count; i++) {
		const struct revision_step *step = &revision->steps[i];

		if (is_rollback && step->phase != PHASE_ROLLBACK)
			continue;
		if (step->seq == seq || (is_rollback && !seq))
			return step;
	}
	return NULL;
}

static json_t *contents_json(struct request *req, const struct revision_step *step)
{
	json_t *list = json_array();

	for (size_t i = 0; i < step->content_count; i++) {
		const struct revision_content *content = &step->contents[i];
		json_t *object = json_object();
		const char *bytes;
		size_t length;

		if (change_get_content(request_reader(req), request_arena(req), content->sha256,
			    &bytes, &length, request_error(req)) < 0) {
			json_decref(object);
			json_decref(list);
			return NULL;
		}
		json_set_text(object, "role", content->role);
		json_set_text(object, "name", content->name);
		json_set_text(object, "sha256", content->sha256);
		json_set_text(object, "b64", base64_text(request_arena(req), bytes, length));
		json_array_append_new(list, object);
	}
	return list;
}

static int load_step(struct request *req, json_t **ret, struct error *err)
{
	const struct revision_step *step;
	struct revision *revision;
	struct change *change;
	json_t *contents, *object;
	struct gate_exec exec;
	int rc;

	if ((rc = change_get(request_reader(req), request_arena(req), request_text(req, "change"),
		     &change, err)) < 0 ||
		(rc = change_get_revision(
			 request_reader(req), request_arena(req), change, &revision, err)) < 0)
		return rc;
	step = find_step(req, revision);
	if (!step)
		return error_set(err, ERROR_NOT_FOUND, "%s has no such step", change->name);
	contents = contents_json(req, step);
	if (!contents)
		return err->code;
	change_step_exec(request_arena(req), step, &exec);
	object = json_object();
	json_set_text(object, "change", change->name);
	json_set_int(object, "step", step->seq);
	json_set_text(object, "kind", step_kind_word(step->kind));
	json_set_int(object, "timeout_s", step->timeout_s);
	decision_exec_put(object, &exec);
	json_object_set_new(object, "bytes", contents);
	*ret = object;
	return 0;
}

static void show_step(struct request *req)
{
	json_t *step = NULL;

	if (load_step(req, &step, request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, step);
}

/* --- the spool --- */

static int ask_spool(struct store_tx *tx, void *arg, struct error *err)
{
	return spool_take(tx, arg, err);
}

static void tell_spooled(struct request *req, void *arg)
{
	const struct spool_take *take = arg;

	request_reply_json(req, 200, json_pack("{s:b}", "gap", take->ret_has_gap));
}

static void post_spool(struct request *req)
{
	static const char *const keys[] = {"record", NULL};
	struct spool_take *take = request_alloc(req, sizeof(*take));
	const struct principal *principal = request_principal(req);
	struct error *err = request_error(req);

	take->actor = &principal->actor;
	take->gate = principal->person_name;
	take->person_id = principal->person_id;
	take->at_us = request_now_us(req);
	take->arena = request_arena(req);
	id_new(take->notify_id);
	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_text(request_json(req), "record", true, &take->record, err) < 0)
		request_fail(req);
	else
		request_write(req, ask_spool, tell_spooled, take);
}
