/* Between the files that open, start and close the daemon. */
#ifndef RB_MAIN_APP_ROOMS_H
#define RB_MAIN_APP_ROOMS_H

#include "adapters/adapter.h"
#include "approval/approval.h"
#include "audit/audit_api.h"
#include "calendar/calendar_api.h"
#include "calendar/calendar_horizon.h"
#include "change/change.h"
#include "change/decision/decision_api.h"
#include "change/decision/gate_local.h"
#include "change/emergency/emergency.h"
#include "change/emergency/emergency_api.h"
#include "change/risk/risk.h"
#include "change/template/template.h"
#include "executor/executor.h"
#include "executor/executor_api.h"
#include "inventory/target_api.h"
#include "lib/base/arena.h"
#include "lib/base/loop.h"
#include "lib/client/client.h"
#include "lib/jail/jail.h"
#include "lib/server/server.h"
#include "lib/store/store.h"
#include "main/app.h"
#include "main/bootstrap.h"
#include "main/health_api.h"
#include "main/listeners.h"
#include "notify/notify.h"
#include "operations/backup_api.h"
#include "operations/metrics_api.h"
#include "operations/status.h"
#include "people/people.h"
#include "plans/plan.h"

struct app {
	const struct config *settings;
	struct emergency_hook emergency_hook;
	struct arena arena;
	int given[LISTENER_COUNT]; /* descriptors that systemd handed over; -1 = none */
	/* In the order in which they are opened. */
	struct loop *loop;
	struct client *client;
	struct store *store;
	struct audit *audit;
	struct audit_feed *feed;
	struct people *people;
	struct approvals *approvals;
	struct notifier *notifier;
	struct target_watch *watch;
	struct calendars *calendars;
	struct emergencies *emergencies;
	struct templates *templates;
	struct jail *jail;
	struct risk *risk;
	struct alerts *alerts;
	struct changes *changes;
	struct gate_key *gate_key;
	struct decisions *decisions;
	struct run_guard *runs;
	struct gate_local *gate;
	struct plans *plans;
	struct executor *executor;
	struct backups *backups;
	struct server *server;
	/* What handlers are given. */
	struct health health;
	struct target_context targets;
	struct executor_api executor_api;
	struct calendar_context calendar_context;
	struct audit_api audit_api;
	struct status_rooms status;
	struct backup_api backup_api;
	struct metrics_api metrics;
	struct gate_api gate_api;
	/* The run of the daemon. */
	struct bootstrap bootstrap;
	const char *database;
	bool is_restored;   /* from a backup, since the last stop */
	char upgraded[512]; /* what was upgraded at this start, "" */
	struct loop_timer *watchdog, *status_timer;
	struct error start_error;
	int64_t started_at_us, stopped_at_us;
	bool is_started, is_stopping;
};

/* --- app.c --- */

#define APP_TABLES_MAX 32

/* Every table of routes, with what its handlers are given, as far as it is open. */
size_t app_routes(struct app *app, struct route_table ret[static APP_TABLES_MAX]);

/* --- listeners.c --- */

/* The local and the control listener: what was handed over, else those of the settings. */
int listeners_open(struct app *app, struct error *err);

#endif
