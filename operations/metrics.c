#include "operations/metrics.h"

#include "approval/approval.h"
#include "executor/effect.h"
#include "executor/execution.h"
#include "operations/metrics_text.h"
#include "operations/status_rooms.h"
#include "safety/item.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct writing {
	const struct metrics_rooms *rooms;
	struct arena *arena;
	struct buf *out;
	int64_t now_us;
};

static double seconds(int64_t at_us)
{
	return (double)at_us / 1e6;
}

static void one(const struct writing *writing, const char *name, const char *type, const char *help,
	double number)
{
	metrics_one(writing->out, name, type, help, number);
}

/* --- what the product is for --- */

static int write_executions(const struct writing *writing, struct error *err)
{
	int64_t counts[EXECUTION_CANCELED + 1];

	if (execution_count(store_reader(writing->rooms->store), counts, err) < 0)
		return err->code;
	metrics_family(writing->out, "redbutton_executions", "gauge", "Open runs by state.");
	for (int state = 0; state <= EXECUTION_CANCELED; state++)
		if (!execution_is_terminal((enum execution_state)state))
			metrics_sample(writing->out, "redbutton_executions", "state",
				execution_state_word((enum execution_state)state), NULL, NULL,
				(double)counts[state]);
	metrics_family(writing->out, "redbutton_executions_ended_total", "counter",
		"Runs that ended, by their last state, since the database was made.");
	for (int state = 0; state <= EXECUTION_CANCELED; state++)
		if (execution_is_terminal((enum execution_state)state))
			metrics_sample(writing->out, "redbutton_executions_ended_total", "state",
				execution_state_word((enum execution_state)state), NULL, NULL,
				(double)counts[state]);
	return 0;
}

static int write_effects(const struct writing *writing, struct error *err)
{
	uint64_t counts[EXECUTOR_EFFECT_STATES];

	(void)err;
	executor_get_effects(writing->rooms->executor, counts);
	metrics_family(writing->out, "redbutton_effects_total", "counter",
		"Effects by outcome, doing and undoing, since the start of the daemon.");
	for (int state = EFFECT_CONFIRMED; state <= EFFECT_CONFLICT; state++)
		metrics_sample(writing->out, "redbutton_effects_total", "outcome",
			effect_state_word((enum effect_state)state), NULL, NULL,
			(double)counts[state]);
	return 0;
}

static int write_items(const struct writing *writing, struct error *err)
{
	int64_t counts[ITEM_CLOSED + 1], expired;

	if (item_count(store_reader(writing->rooms->store), writing->now_us, counts, &expired,
		    err) < 0)
		return err->code;
	metrics_family(writing->out, "redbutton_items_in_effect", "gauge",
		"Registers that a run has changed and nobody has put back, by state.");
	for (int state = 0; state < ITEM_CLOSED; state++)
		metrics_sample(writing->out, "redbutton_items_in_effect", "state",
			item_state_word((enum item_state)state), NULL, NULL, (double)counts[state]);
	one(writing, "redbutton_items_expired", "gauge", "Of these, how many are past their time.",
		(double)expired);
	return 0;
}

static int write_approvals(const struct writing *writing, struct error *err)
{
	int64_t open;

	if (approval_count_open(store_reader(writing->rooms->store), &open, err) < 0)
		return err->code;
	one(writing, "redbutton_approvals_pending", "gauge", "Approvals that wait for a yes.",
		(double)open);
	return 0;
}

/* --- planes --- */

static void write_each_target(
	const struct writing *writing, const struct target_seen *list, size_t count)
{
	metrics_family(writing->out, "redbutton_target_up", "gauge",
		"1 when the last check of the target was good, 0 when not.");
	for (size_t i = 0; i < count; i++)
		if (list[i].is_checked)
			metrics_sample(writing->out, "redbutton_target_up", "target", list[i].name,
				"kind", list[i].kind, list[i].is_reachable);
	metrics_family(writing->out, "redbutton_target_checked_timestamp_seconds", "gauge",
		"When the target was looked at last.");
	for (size_t i = 0; i < count; i++)
		if (list[i].is_checked)
			metrics_sample(writing->out, "redbutton_target_checked_timestamp_seconds",
				"target", list[i].name, "kind", list[i].kind,
				seconds(list[i].checked_at_us));
}

static int write_targets(const struct writing *writing, struct error *err)
{
	struct status_targets targets = {0};
	const struct metrics_rooms *rooms = writing->rooms;

	if (target_watch_list(rooms->watch, store_reader(rooms->store), writing->arena,
		    &targets.list, &targets.count, err) < 0)
		return err->code;
	status_sum_targets(&targets);
	metrics_family(writing->out, "redbutton_targets", "gauge",
		"Targets by what their last check found.");
	metrics_sample(writing->out, "redbutton_targets", "state", "up", NULL, NULL,
		(double)targets.reachable);
	metrics_sample(writing->out, "redbutton_targets", "state", "down", NULL, NULL,
		(double)targets.unreachable);
	metrics_sample(writing->out, "redbutton_targets", "state", "not_checked", NULL, NULL,
		(double)targets.not_checked);
	if (targets.count <= METRICS_TARGETS_MAX)
		write_each_target(writing, targets.list, targets.count);
	return 0;
}

/* --- store, jail, audit --- */

static int write_store(const struct writing *writing, struct error *err)
{
	const struct store *store = writing->rooms->store;
	struct store_figures figures;

	(void)err;
	store_get_figures(store, &figures);
	one(writing, "redbutton_store_writable", "gauge",
		"0 while nothing can be committed and all runs are held.",
		store_is_writable(store, NULL));
	one(writing, "redbutton_store_space", "gauge",
		"Room on the disk: 0 enough, 1 low (nothing new starts), 2 full (undo only).",
		store_space(store, NULL));
	metrics_histogram(writing->out, "redbutton_store_commit_duration_seconds",
		"How long a COMMIT took, to the end of its sync.", &figures.commits);
	one(writing, "redbutton_store_commit_failures_total", "counter", "COMMITs that failed.",
		(double)figures.failed_commits);
	metrics_family(writing->out, "redbutton_queue_length", "gauge", "What waits for its turn.");
	metrics_sample(writing->out, "redbutton_queue_length", "queue", "store", NULL, NULL,
		(double)figures.waiting);
	return 0;
}

static int write_jail(const struct writing *writing, struct error *err)
{
	struct jail_figures figures;
	struct error why = ERROR_INIT;

	(void)err;
	jail_get_figures(writing->rooms->jail, &figures);
	metrics_sample(writing->out, "redbutton_queue_length", "queue", "runner", NULL, NULL,
		(double)figures.waiting);
	one(writing, "redbutton_jail_up", "gauge", "1 when plans are evaluated in their jail.",
		jail_check(writing->rooms->jail, &why) >= 0);
	one(writing, "redbutton_runners", "gauge", "Evaluations that run now.",
		(double)figures.running);
	one(writing, "redbutton_runner_starts_total", "counter", "Jailed children that were made.",
		(double)figures.children);
	one(writing, "redbutton_runner_start_failures_total", "counter",
		"Jailed children, or their nursery, that could not be had.",
		(double)figures.failed_starts);
	one(writing, "redbutton_runner_failures_total", "counter",
		"Evaluations without a result: deadline, limit, death.", (double)figures.failed);
	metrics_histogram(writing->out, "redbutton_runner_duration_seconds",
		"How long an evaluation took.", &figures.evaluations);
	return 0;
}

static int write_audit(const struct writing *writing, struct error *err)
{
	struct audit_status status;

	(void)err;
	audit_get_status(writing->rooms->audit, &status);
	one(writing, "redbutton_audit_records_total", "counter", "Records of the audit.",
		(double)status.size);
	one(writing, "redbutton_audit_checkpoint_records", "gauge",
		"Records that the newest checkpoint covers.", (double)status.checkpoint_size);
	one(writing, "redbutton_audit_checkpoint_timestamp_seconds", "gauge",
		"When the newest checkpoint was made; 0 = none yet.",
		seconds(status.checkpoint_at_us));
	one(writing, "redbutton_audit_checkpoint_outside", "gauge",
		"1 when checkpoints are kept outside the data directory.", status.is_outside);
	one(writing, "redbutton_audit_checkpoint_failing", "gauge",
		"1 when the last checkpoint could not be made.", status.trouble != NULL);
	return 0;
}

/* --- the process, by the names that all exporters use --- */

static double count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	double count = -3; /* ".", ".." and this one */

	if (!directory)
		return 0;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static double resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long all, resident = 0;

	if (file && fscanf(file, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static int write_process(const struct writing *writing, struct error *err)
{
	struct rusage used = {0};
	struct rlimit limit = {0};

	(void)err;
	getrusage(RUSAGE_SELF, &used);
	getrlimit(RLIMIT_NOFILE, &limit);
	one(writing, "process_cpu_seconds_total", "counter", "CPU time of the daemon.",
		(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	one(writing, "process_resident_memory_bytes", "gauge", "Memory of the daemon.",
		resident_bytes());
	one(writing, "process_open_fds", "gauge", "Open descriptors.", count_descriptors());
	one(writing, "process_max_fds", "gauge", "Descriptors that it may have.",
		(double)limit.rlim_cur);
	one(writing, "process_start_time_seconds", "gauge", "When the daemon started.",
		seconds(writing->rooms->started_at_us));
	metrics_family(writing->out, "redbutton_build_info", "gauge", "Which release this is.");
	metrics_sample(writing->out, "redbutton_build_info", "version", RB_VERSION, NULL, NULL, 1);
	return 0;
}

int metrics_write(const struct metrics_rooms *rooms, int64_t now_us, struct arena *arena,
	struct buf *out, struct error *err)
{
	static int (*const parts[])(const struct writing *writing, struct error *err) = {
		write_executions, write_effects, write_items, write_approvals, write_targets,
		write_store, write_jail, write_audit, write_process};
	const struct writing writing = {rooms, arena, out, now_us};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i](&writing, err) < 0)
			return err->code;
	return 0;
}
