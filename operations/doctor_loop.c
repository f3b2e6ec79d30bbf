/* What takes a loop: the jail is really entered, targets are really asked. */
#include "inventory/target_watch.h"
#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/jail/jail.h"
#include "operations/doctor_rooms.h"

#include <string.h>
#include <unistd.h>

#define LOOK_MS	       20
#define DEADLINE_MS    15000
#define WALLS_UNKNOWN  "{\"jail\":false}"
#define TARGETS_SHOWN  20
#define CHECK_EVERY_MS 3600000

struct looking {
	struct doctor *doctor;
	struct loop *loop;
	struct client *client;
	struct jail *jail;
	struct target_watch *watch;
	int64_t until_ms;
};

/* --- waiting --- */

static bool are_targets_known(struct looking *looking)
{
	struct target_seen *list;
	struct error err = ERROR_INIT;
	size_t count;

	if (!looking->watch)
		return true;
	if (target_watch_list(looking->watch, store_reader(looking->doctor->store),
		    looking->doctor->arena, &list, &count, &err) < 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (list[i].has_check && !list[i].is_checked)
			return false;
	return true;
}

static bool is_jail_known(const struct looking *looking)
{
	return !looking->jail || strcmp(jail_walls(looking->jail), WALLS_UNKNOWN) != 0;
}

static void look(void *arg)
{
	struct looking *looking = arg;

	if (time_mono_ms() > looking->until_ms ||
		(is_jail_known(looking) && are_targets_known(looking)))
		loop_stop(looking->loop);
}

static void wait_for_all(struct looking *looking)
{
	struct loop_timer *timer = loop_timer_new(looking->loop, look, looking);

	looking->until_ms = time_mono_ms() + DEADLINE_MS;
	loop_timer_start(timer, LOOK_MS, LOOK_MS);
	loop_run(looking->loop);
	loop_timer_free(timer);
}

/* --- the jail --- */

static void look_at_wall(
	struct doctor *doctor, const json_t *walls, const char *wall, enum doctor_state missing)
{
	const char *name = arena_format(doctor->arena, "wall %s", wall);
	const json_t *value = json_object_get(walls, wall);
	bool holds =
		json_is_true(value) || json_integer_value(value) > 0 || json_array_size(value) > 0;

	if (holds)
		doctor_ok(doctor, name, "holds");
	else
		doctor_add(doctor, missing, name, "does not hold",
			missing == DOCTOR_FAIL
				? "no plan is evaluated without it: see docs/install.md for the "
				  "kernel and containers"
				: "a second wall: see docs/install.md for the kernel and "
				  "containers");
}

static void look_at_jail(struct looking *looking)
{
	static const char *const needed[] = {"seccomp", "no_new_privs", "rlimits"};
	static const char *const second[] = {"landlock_abi", "namespaces", "no_capabilities"};
	struct doctor *doctor = looking->doctor;
	struct error err = ERROR_INIT;
	json_t *walls;

	if (!looking->jail)
		return;
	if (jail_check(looking->jail, &err) < 0) {
		doctor_add_error(
			doctor, DOCTOR_FAIL, "jail", &err, "no plan is evaluated until it holds");
		return;
	}
	walls = json_loads(jail_walls(looking->jail), 0, NULL);
	doctor_ok(doctor, "jail", "a runner was started, and killed for a forbidden call");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		look_at_wall(doctor, walls, needed[i], DOCTOR_FAIL);
	for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++)
		look_at_wall(doctor, walls, second[i], DOCTOR_WARN);
	json_decref(walls);
}

static void open_jail(struct looking *looking)
{
	const char *runner = looking->doctor->options->runner;
	struct jail_options options = {.runner_path = runner, .max_children = 1};
	struct error err = ERROR_INIT;

	if (!runner || access(runner, X_OK) < 0) {
		doctor_add(looking->doctor, DOCTOR_FAIL, "runner",
			arena_format(looking->doctor->arena, "%s is not there, or no program",
				runner ? runner : "redbutton-runner"),
			"install it beside the daemon, or set runner");
		return;
	}
	doctor_ok(looking->doctor, "runner", "%s", runner);
	if (jail_open(looking->loop, &options, &looking->jail, &err) < 0)
		doctor_add_error(looking->doctor, DOCTOR_FAIL, "jail", &err,
			"no plan is evaluated until it holds");
}

/* --- targets --- */

static void look_at_credential(struct doctor *doctor, const char *name)
{
	struct error err = ERROR_INIT;
	struct target *target;
	struct secret secret;

	if (target_get(store_reader(doctor->store), doctor->arena, name, &target, &err) < 0 ||
		!target->credential || text_starts_with(target->credential, "cred:"))
		return; /* what systemd gives only the unit has */
	if (secret_open(target->credential, &secret, &err) < 0)
		doctor_add_error(doctor, DOCTOR_FAIL,
			arena_format(doctor->arena, "credential %s", name), &err,
			"mode 0600, owned by the daemon's user or root");
	else
		secret_close(&secret);
}

static void tell_target(struct doctor *doctor, const struct target_seen *seen)
{
	const char *name = arena_format(doctor->arena, "target %s", seen->name);
	const char *text;

	if (!seen->has_check)
		return;
	text = seen->is_checked
		       ? arena_format(doctor->arena, "%s%s%s", seen->outcome,
				 seen->message ? ": " : "", seen->message ? seen->message : "")
		       : "no answer in time";
	if (seen->is_reachable)
		doctor_ok(doctor, name, "%s", text);
	else
		doctor_add(doctor, DOCTOR_WARN, name, text,
			arena_format(doctor->arena, "redbutton target check %s", seen->name));
}

/* All that is wrong is told; of what is well, some. */
static void look_at_targets(struct looking *looking)
{
	struct doctor *doctor = looking->doctor;
	struct error err = ERROR_INIT;
	struct target_seen *list;
	size_t count, shown = 0, left_out = 0;

	if (!looking->watch || target_watch_list(looking->watch, store_reader(doctor->store),
				       doctor->arena, &list, &count, &err) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		look_at_credential(doctor, list[i].name);
		if (!list[i].is_reachable || shown++ < TARGETS_SHOWN)
			tell_target(doctor, &list[i]);
		else
			left_out++;
	}
	if (left_out)
		doctor_ok(doctor, "targets", "%zu more are well", left_out);
}

static void open_watch(struct looking *looking)
{
	struct target_watch_options options = {
		.loop = looking->loop,
		.store = looking->doctor->store,
		.client = looking->client,
		.adapters = looking->doctor->options->adapters,
		.interval_ms = CHECK_EVERY_MS,
	};
	struct error err = ERROR_INIT;

	if (!looking->doctor->is_readable || !looking->client)
		return;
	if (target_watch_open(&options, &looking->watch, &err) >= 0)
		target_watch_now(looking->watch);
}

void doctor_look_at_rooms(struct doctor *doctor)
{
	struct looking looking = {.doctor = doctor};
	struct error err = ERROR_INIT;

	if (loop_open(&looking.loop, &err) < 0) {
		doctor_add_error(
			doctor, DOCTOR_FAIL, "loop", &err, "look at the limits of this host");
		return;
	}
	if (client_open(looking.loop, &looking.client, &err) < 0)
		doctor_add_error(
			doctor, DOCTOR_FAIL, "client", &err, "look at the limits of this host");
	open_jail(&looking);
	open_watch(&looking);
	wait_for_all(&looking);
	look_at_jail(&looking);
	look_at_targets(&looking);
	target_watch_stop(looking.watch);
	jail_close(looking.jail);
	client_close(looking.client);
	target_watch_close(looking.watch);
	loop_close(looking.loop);
}
