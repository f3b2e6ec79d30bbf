/* From the first record to the last: start, listen, run, stop. */
#include "audit/audit.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"
#include "main/app_rooms.h"
#include "main/settings.h"

#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#define STATUS_EVERY_MS 10000

/* --- the daemon's own records --- */

static int append_life(struct store_tx *tx, enum audit_action action, int64_t at_us,
	bool is_restored, struct error *err)
{
	json_t *detail = json_object();
	struct audit_record record = {
		.actor = &audit_system,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "daemon",
		.subject_id = "redbuttond",
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "version", RB_VERSION);
	json_set_text(detail, "boot", time_boot_id());
	if (is_restored)
		json_set_bool(detail, "restored", true);
	rc = audit_append(tx, &record, at_us, NULL, err);
	json_decref(detail);
	return rc;
}

static int ask_start(struct store_tx *tx, void *arg, struct error *err)
{
	struct app *app = arg;
	int rc = append_life(tx, AUDIT_DAEMON_START, app->started_at_us, app->is_restored, err);

	return rc < 0 ? rc : people_bootstrap(tx, &app->bootstrap.people, err);
}

static int ask_stop(struct store_tx *tx, void *arg, struct error *err)
{
	struct app *app = arg;

	return append_life(tx, AUDIT_DAEMON_STOP, app->stopped_at_us, false, err);
}

static void told_stop(void *arg, const struct error *err)
{
	(void)arg;
	if (err)
		log_warn("main", "the stop is not in the audit", "error", err->message);
}

/* --- systemd --- */

static void beat_watchdog(void *arg)
{
	(void)arg;
	sd_notify(0, "WATCHDOG=1");
}

/* What `systemctl status` shows below the unit's name. */
static void tell_status(void *arg)
{
	struct app *app = arg;
	const char *why = "", *space = "";
	size_t runs = executor_run_count(app->executor);

	if (!store_is_writable(app->store, &why))
		sd_notifyf(0, "STATUS=held: %s", why);
	else if (store_space(app->store, &space) != STORE_SPACE_OK)
		sd_notifyf(0, "STATUS=serving, %zu runs open; %s", runs, space);
	else
		sd_notifyf(0, "STATUS=serving, %zu run%s open", runs, runs == 1 ? "" : "s");
}

static void on_writable(void *arg, bool writable)
{
	(void)writable;
	tell_status(arg);
}

static void start_status(struct app *app)
{
	if (!getenv("NOTIFY_SOCKET"))
		return;
	app->status_timer = loop_timer_new(app->loop, tell_status, app);
	loop_timer_start(app->status_timer, 0, STATUS_EVERY_MS);
	store_on_writable(app->store, on_writable, app);
}

/* logrotate has moved the file away. */
static void reopen_log(void *arg)
{
	struct app *app = arg;
	const char *path = settings_text(app->settings, "log-file");
	struct error err = ERROR_INIT;

	if (path && log_to_file(path, &err) < 0)
		log_error("main", "the log goes on where it went", "error", err.message, "file",
			path);
	else
		log_info("main", path ? "the log file was opened anew"
				      : "SIGHUP: there is no log-file to open anew");
}

static void start_watchdog(struct app *app)
{
	uint64_t interval_us = 0;

	if (sd_watchdog_enabled(0, &interval_us) <= 0)
		return;
	app->watchdog = loop_timer_new(app->loop, beat_watchdog, app);
	loop_timer_start(app->watchdog, 0, (int64_t)(interval_us / 2000));
}

/* --- start and stop --- */

static void fail_start(struct app *app, const struct error *err)
{
	app->start_error = *err;
	loop_stop(app->loop);
}

/* Nobody is let in before the start is recorded and the first admin is there. */
static void told_start(void *arg, const struct error *failed)
{
	struct app *app = arg;
	struct error err = ERROR_INIT;

	if (failed) {
		fail_start(app, failed);
		return;
	}
	if (bootstrap_settle(&app->bootstrap, &err) < 0) {
		fail_start(app, &err);
		return;
	}
	/* The store's last turn may bring us here. */
	if (app->is_stopping)
		return;
	if (listeners_open(app, &err) < 0) {
		fail_start(app, &err);
		return;
	}
	app->is_started = true;
	start_watchdog(app);
	sd_notify(0, "READY=1");
	start_status(app);
	if (*app->upgraded)
		log_warn("main", "an older database was upgraded", "copy", app->upgraded);
	log_info("main", "ready", "version", RB_VERSION);
}

static void start(void *arg)
{
	struct app *app = arg;

	store_write_vital(app->store, ask_start, told_start, app);
}

static void stop(void *arg)
{
	struct app *app = arg;

	log_info("main", "stopping");
	sd_notify(0, "STOPPING=1");
	sd_notify(0, "STATUS=stopping");
	app->is_stopping = true;
	app->stopped_at_us = time_now_us();
	if (app->is_started)
		store_write_vital(app->store, ask_stop, told_stop, app);
	loop_stop(app->loop);
}

int app_run(struct app *app, struct error *err)
{
	int rc = bootstrap_draw(
		&app->bootstrap, config_text(app->settings, "data-dir"), app->started_at_us, err);

	if (rc < 0)
		return rc;
	loop_on_signal(app->loop, SIGTERM, stop, app);
	loop_on_signal(app->loop, SIGINT, stop, app);
	loop_on_signal(app->loop, SIGHUP, reopen_log, app);
	loop_soon(app->loop, start, app);
	loop_run(app->loop);
	if (app->start_error.code && err)
		*err = app->start_error;
	return app->start_error.code;
}
