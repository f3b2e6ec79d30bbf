#include "approval/approval_api.h"
#include "audit/audit.h"
#include "calendar/calendar.h"
#include "change/change_api.h"
#include "change/emergency/emergency_api.h"
#include "change/gate/identity.h"
#include "change/grant/grant.h"
#include "change/object/object.h"
#include "change/object/object_api.h"
#include "change/risk/risk_api.h"
#include "change/template/template_api.h"
#include "executor/execution.h"
#include "incidents/incident_api.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"
#include "main/app_rooms.h"
#include "main/settings.h"
#include "notify/notify_api.h"
#include "operations/metrics_api.h"
#include "operations/restore.h"
#include "operations/status_api.h"
#include "people/people_api.h"
#include "plans/plan_api.h"
#include "safety/item_api.h"
#include "safety/lock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array)	  (sizeof(array) / sizeof((array)[0]))
#define GUARD_INTERVAL_MS 5000
#define WAIT_INTERVAL_MS  1000

/* --- what exists --- */

/* Every table of the database, in the order in which they are made. */
static const struct store_schema *const schemas[] = {
	&audit_schema,
	&people_schema,
	&server_schema,
	&notify_schema,
	&inventory_schema,
	&approval_schema,
	&plans_schema,
	&safety_schema,
	&executor_schema,
	&calendar_schema,
	&incident_schema,
	&risk_schema,
	&emergency_schema,
	&template_schema,
	&object_schema,
	&grant_schema,
	&change_schema,
	&decision_schema,
};

const struct store_schema *const *app_schemas(size_t *ret_count)
{
	*ret_count = COUNT(schemas);
	return schemas;
}

/* What a verification compares with the log: each row that may let something run. */
static const struct audit_crosscheck *const crosschecks[] = {
	&approval_crosscheck,
	&approval_decision_crosscheck,
	&plan_version_crosscheck,
	&graph_crosscheck,
	&preview_crosscheck,
	&execution_crosscheck,
	&effect_crosscheck,
	&emergency_crosscheck,
	&follow_up_crosscheck,
	&change_crosscheck,
	&change_revision_crosscheck,
	&change_waiver_crosscheck,
	&change_grant_crosscheck,
	&rcm_run_crosscheck,
	&decision_crosscheck,
	&template_crosscheck,
};

const struct audit_crosscheck *const *app_crosschecks(size_t *ret_count)
{
	*ret_count = COUNT(crosschecks);
	return crosschecks;
}

static const struct adapter *const adapters[] = {
	&haproxy_adapter, &prometheus_adapter, &host_adapter, &k8s_adapter, &database_adapter};
static const struct adapter_list adapter_list = {adapters, COUNT(adapters)};

const struct adapter_list *app_adapters(void)
{
	return &adapter_list;
}

size_t app_routes(struct app *app, struct route_table ret[static APP_TABLES_MAX])
{
	size_t count = 0;

	app->audit_api.read_access = ROLE_AUDITOR | ROLE_ADMIN;
	app->audit_api.feed_access = ROLE_ANY;
	ret[count++] = health_routes(&app->health);
	ret[count++] = people_routes(app->people);
	ret[count++] = notify_routes();
	ret[count++] = calendar_routes(&app->calendar_context);
	ret[count++] = incident_routes();
	ret[count++] = object_routes();
	ret[count++] = risk_routes(app->risk);
	ret[count++] = emergency_routes();
	ret[count++] = change_routes(app->changes);
	ret[count++] = gate_routes(&app->gate_api);
	ret[count++] = gate_run_routes(&app->gate_api);
	ret[count++] = account_routes(&app->gate_api);
	ret[count++] = template_routes();
	ret[count++] = target_routes(&app->targets);
	ret[count++] = approval_routes(app->approvals);
	ret[count++] = plan_routes(app->plans);
	ret[count++] = item_routes();
	ret[count++] = preview_routes(&app->executor_api);
	ret[count++] = execution_routes(&app->executor_api);
	ret[count++] = audit_routes(&app->audit_api);
	ret[count++] = status_routes(&app->status);
	ret[count++] = backup_routes(&app->backup_api);
	ret[count++] = metrics_routes(&app->metrics);
	return count;
}

static int open_server(struct app *app, struct error *err)
{
	struct route_table tables[APP_TABLES_MAX];
	struct server_options options = {
		.loop = app->loop,
		.store = app->store,
		.authenticator = {app->people, people_authenticate, people_principal_id,
			people_denied},
		.tables = tables,
		.table_count = app_routes(app, tables),
		.hosts = settings_list(app->settings, "hosts", &app->arena),
		.request_deadline_ms = config_int(app->settings, "request-timeout"),
		.idle_timeout_s =
			(unsigned)((config_int(app->settings, "idle-timeout") + 999) / 1000),
	};

	if (server_open(&options, &app->server, err) < 0)
		return err->code;
	app->metrics.server = app->server;
	return 0;
}

/* --- opening, from the ground up --- */

static int make_data_dir(struct app *app, struct error *err)
{
	const char *path = config_text(app->settings, "data-dir");

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	error_errno(err, ERROR_IO, "the data directory cannot be made");
	error_place(err, "%s", path);
	return error_remedy(err, "make it, or choose another --data-dir");
}

static int open_loop(struct app *app, struct error *err)
{
	return loop_open(&app->loop, err);
}

static int open_client(struct app *app, struct error *err)
{
	return client_open(app->loop, &app->client, err);
}

/* In the transaction that brings the tables up. */
static int record_upgrade(
	struct store_tx *tx, void *arg, const struct store_upgrade *upgrade, struct error *err)
{
	struct app *app = arg;
	json_t *detail = json_object(), *rooms = json_object();
	struct audit_record record = {
		.actor = &audit_system,
		.action = AUDIT_DATABASE_UPGRADE,
		.subject_kind = "database",
		.subject_id = "redbutton.db",
		.detail = detail,
	};
	int rc;

	for (size_t i = 0; i < upgrade->count; i++) {
		const struct store_upgrade_room *room = &upgrade->rooms[i];

		json_object_set_new(rooms, room->room,
			json_pack("{s:I, s:I}", "from", (json_int_t)room->from, "to",
				(json_int_t)room->to));
	}
	json_object_set_new(detail, "rooms", rooms);
	json_set_text(detail, "version", RB_VERSION);
	json_set_text(detail, "copy", upgrade->copy);
	rc = audit_append(tx, &record, time_now_us(), NULL, err);
	json_decref(detail);
	snprintf(app->upgraded, sizeof(app->upgraded), "%s", upgrade->copy);
	return rc;
}

static const char *name_copy(struct app *app)
{
	char now[TIME_TEXT_SIZE];

	time_format(time_now_us(), now, sizeof(now));
	for (char *c = now; *c; c++)
		if (*c == ':')
			*c = '-';
	return arena_format(&app->arena, "%s.before-%s-%s", app->database, RB_VERSION, now);
}

static int open_store(struct app *app, struct error *err)
{
	struct store_options options = {
		.path = arena_format(
			&app->arena, "%s/redbutton.db", config_text(app->settings, "data-dir")),
		.schemas = schemas,
		.schema_count = COUNT(schemas),
		.append_only = audit_append_only,
		.upgraded = record_upgrade,
		.upgraded_arg = app,
		.reserve_bytes = config_int(app->settings, "space-reserve") * 1024 * 1024,
		.log_bytes = STORE_LOG_BYTES,
	};

	app->database = options.path;
	app->is_restored = restore_is_marked(options.path);
	options.copy_before_upgrade = name_copy(app);

	return store_open(&options, app->loop, &app->store, err);
}

static int open_audit(struct app *app, struct error *err)
{
	struct audit_options options = {
		.store = app->store,
		.loop = app->loop,
		.origin = config_text(app->settings, "origin"),
		.signing_key = settings_text(app->settings, "signing-key"),
		.checkpoint_path = settings_text(app->settings, "checkpoint-file"),
	};

	if (audit_open(&options, &app->audit, err) < 0)
		return err->code;
	return audit_feed_open(app->store, app->loop, &app->feed, err);
}

static int open_people(struct app *app, struct error *err)
{
	return people_open(app->store, &app->people, err);
}

/* The end of a run and of an approval are what a checkpoint must cover soon. */
static void cover_soon(void *arg)
{
	struct app *app = arg;

	audit_checkpoint_soon(app->audit);
}

static void cover_approval(void *arg, const struct approval_ended *what)
{
	(void)what;
	cover_soon(arg);
}

static int open_approvals(struct app *app, struct error *err)
{
	int rc = approvals_open(app->store, app->loop, &app->approvals, err);

	if (rc == 0)
		approvals_subscribe(app->approvals, cover_approval, app);
	return rc;
}

static int open_notifier(struct app *app, struct error *err)
{
	return notifier_open(app->store, app->client, app->loop,
		config_text(app->settings, "origin"), &app->notifier, err);
}

static int open_watch(struct app *app, struct error *err)
{
	struct target_watch_options options = {
		.loop = app->loop,
		.store = app->store,
		.client = app->client,
		.adapters = &adapter_list,
		.interval_ms = config_int(app->settings, "target-check-interval"),
	};

	return target_watch_open(&options, &app->watch, err);
}

static int open_calendars(struct app *app, struct error *err)
{
	return calendars_open(app->store, app->loop, &app->calendars, err);
}

/* Beside the daemon in a build tree; installed it lies in libexec. */
const char *app_find_runner(const struct config *settings, struct arena *arena)
{
	static const char *const places[] = {"", "../libexec/redbutton/"};
	const char *path = settings_text(settings, "runner");
	char directory[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", directory, sizeof(directory) - 1);

	if (path || length < 0)
		return path;
	directory[length] = 0;
	*(strrchr(directory, '/') + 1) = 0;
	for (size_t i = 0; i < COUNT(places); i++) {
		path = arena_format(arena, "%s%sredbutton-runner", directory, places[i]);
		if (access(path, X_OK) == 0)
			break;
	}
	return path;
}

static int open_emergencies(struct app *app, struct error *err)
{
	return emergencies_open(app->store, app->loop, &app->emergencies, err);
}

static int open_templates(struct app *app, struct error *err)
{
	return templates_open(app->approvals, &app->templates, err);
}

static int open_jail(struct app *app, struct error *err)
{
	struct jail_options options = {
		.runner_path = app_find_runner(app->settings, &app->arena),
		.max_children = (size_t)config_int(app->settings, "runner-children"),
	};

	return jail_open(app->loop, &options, &app->jail, err);
}

static int open_risk(struct app *app, struct error *err)
{
	struct risk_options options = {app->jail, settings_text(app->settings, "rules")};

	return risk_open(&options, &app->risk, err);
}

static int open_changes(struct app *app, struct error *err)
{
	const struct config *settings = app->settings;
	struct arena *arena = &app->arena;
	struct changes_options options = {
		.loop = app->loop,
		.store = app->store,
		.client = app->client,
		.adapters = &adapter_list,
		.approvals = app->approvals,
		.risk = app->risk,
		.limits =
			{
				.protected_paths =
					settings_list(settings, "protected-paths", arena),
				.tier0_units = settings_list(settings, "tier0-units", arena),
				.trusted_dirs = settings_list(settings, "trusted-dirs", arena),
				.affected_rows = config_int(settings, "affected-rows"),
				.table_rows = config_int(settings, "table-rows"),
				.drained_nodes = config_int(settings, "drained-nodes"),
				.owners_suffix = config_text(settings, "owners-suffix"),
				.oncall_group = config_text(settings, "oncall-group"),
				.fallback_group = config_text(settings, "fallback-group"),
			},
	};

	return changes_open(&options, &app->changes, err);
}

/* Who asks over HTTP needs no socket here: decisions are made without one. */
static int open_decisions(struct app *app, struct error *err)
{
	const char *reference = settings_text(app->settings, "gate-key");
	struct run_guard_options runs = {app->loop, app->store};
	struct decisions_options options = {
		.loop = app->loop,
		.store = app->store,
		.people = app->people,
		.risk = app->risk,
	};
	int rc;

	if (!reference)
		reference = arena_format(
			&app->arena, "file:%s/gate.key", config_text(app->settings, "data-dir"));
	if ((rc = gate_key_open(reference, &app->gate_key, err)) < 0)
		return rc;
	options.key = app->gate_key;
	if ((rc = decisions_open(&options, &app->decisions, err)) < 0)
		return rc;
	app->gate_api = (struct gate_api){app->store, app->people, app->decisions, app->gate_key};
	return run_guard_open(&runs, &app->runs, err);
}

/* A host without an identity has a gate that says no: the reason is in its log. */
static int open_gate(struct app *app, struct error *err)
{
	struct gate_local_options options = {
		.loop = app->loop,
		.store = app->store,
		.people = app->people,
		.decisions = app->decisions,
		.runs = app->runs,
		.socket_path = settings_text(app->settings, "gate-socket"),
		.fd = app->given[LISTENER_GATE],
		.identity = settings_text(app->settings, "gate-identity"),
	};
	struct error why = ERROR_INIT;

	if (!options.socket_path && options.fd < 0)
		return 0;
	if (!options.identity && identity_host(&app->arena, "", &options.identity, &why) < 0) {
		log_warn("main", "the gate allows nothing: this host has no identity", "error",
			why.message, "remedy", why.remedy);
		options.identity = "";
	}
	return gate_local_open(&options, &app->gate, err);
}

static int open_plans(struct app *app, struct error *err)
{
	struct plans_options options = {app->store, app->jail, &adapter_list, app->approvals};

	return plans_open(&options, &app->plans, err);
}

/* From now on the rows say which runs ask. */
static void forget_restore(void *arg)
{
	struct app *app = arg;
	struct error err = ERROR_INIT;

	if (!app->is_restored)
		return;
	log_warn("main", "a backup was put back: open runs ask, and what waited is canceled");
	if (restore_unmark(app->database, &err) < 0)
		log_warn("main", "the mark of the restore stays", "error", err.message, "place",
			err.place);
}

static int open_executor(struct app *app, struct error *err)
{
	struct executor_options options = {
		.loop = app->loop,
		.store = app->store,
		.client = app->client,
		.adapters = &adapter_list,
		.approvals = app->approvals,
		.guard_interval_ms = GUARD_INTERVAL_MS,
		.wait_interval_ms = WAIT_INTERVAL_MS,
		.is_restored = app->is_restored,
		.taken_over = forget_restore,
		.terminal = cover_soon,
		.arg = app,
	};

	return executor_open(&options, &app->executor, err);
}

static int open_backups(struct app *app, struct error *err)
{
	return backups_open(app->store, app->audit, app->loop, &app->backups, err);
}

static const struct audit_actor *actor_of(const void *principal)
{
	return &((const struct principal *)principal)->actor;
}

static int fill_contexts(struct app *app, struct error *err)
{
	(void)err;
	app->started_at_us = time_now_us();
	app->health = (struct health){
		app->store, app->audit, app->executor, app->jail, app->started_at_us};
	app->targets = (struct target_context){app->client, &adapter_list, app->watch};
	app->calendar_context = (struct calendar_context){app->loop};
	app->audit_api = (struct audit_api){
		.audit = app->audit,
		.store = app->store,
		.feed = app->feed,
		.actor = actor_of,
	};
	app->executor_api = (struct executor_api){
		app->executor, plans_builder(app->plans), app->jail, app->store};
	app->backup_api = (struct backup_api){app->backups};
	app->metrics.rooms = (struct metrics_rooms){
		.store = app->store,
		.executor = app->executor,
		.jail = app->jail,
		.audit = app->audit,
		.watch = app->watch,
		.started_at_us = app->started_at_us,
	};
	app->status = (struct status_rooms){
		.store = app->store,
		.executor = app->executor,
		.jail = app->jail,
		.audit = app->audit,
		.watch = app->watch,
		.started_at_us = app->started_at_us,
	};
	return 0;
}

static int take_listeners(struct app *app, struct error *err)
{
	return listeners_take((1u << LISTENER_COUNT) - 1, app->given, err);
}

typedef int (*open_step)(struct app *app, struct error *err);
static const open_step open_steps[] = {
	take_listeners,
	make_data_dir,
	open_loop,
	open_client,
	open_store,
	open_audit,
	open_people,
	open_approvals,
	open_notifier,
	open_watch,
	open_calendars,
	open_emergencies,
	open_templates,
	open_jail,
	open_risk,
	open_changes,
	open_decisions,
	open_gate,
	open_plans,
	open_executor,
	open_backups,
	fill_contexts,
	open_server,
};

int app_open(const struct config *settings, struct app **ret, struct error *err)
{
	struct app *app = calloc(1, sizeof(*app));
	int rc = 0;

	if (!app)
		abort();
	app->settings = settings;
	for (size_t i = 0; rc >= 0 && i < COUNT(open_steps); i++)
		rc = open_steps[i](app, err);
	if (rc < 0)
		app_close(app);
	else
		*ret = app;
	return rc;
}

/*
 * The store's last turn calls back into the engine, and the engine's into the client: both live
 * until it is closed.
 */
void app_close(struct app *app)
{
	if (!app)
		return;
	server_close(app->server);
	gate_local_stop(app->gate);
	run_guard_stop(app->runs);
	decisions_stop(app->decisions);
	backups_stop(app->backups);
	executor_stop(app->executor);
	changes_stop(app->changes);
	target_watch_stop(app->watch);
	jail_close(app->jail);
	notifier_close(app->notifier);
	audit_feed_close(app->feed);
	audit_close(app->audit);
	store_close(app->store);
	calendars_close(app->calendars);
	emergencies_close(app->emergencies);
	templates_close(app->templates);
	executor_close(app->executor);
	client_close(app->client);
	target_watch_close(app->watch);
	plans_close(app->plans);
	decisions_close(app->decisions);
	gate_local_close(app->gate);
	run_guard_close(app->runs);
	gate_key_close(app->gate_key);
	changes_close(app->changes);
	risk_close(app->risk);
	approvals_close(app->approvals);
	people_close(app->people);
	loop_timer_free(app->watchdog);
	loop_timer_free(app->status_timer);
	loop_close(app->loop);
	backups_close(app->backups);
	arena_done(&app->arena);
	free(app);
}
