/* The part of a rule's input that is about the world: calendars, conflicts, incidents, inventory.
 */
#include "calendar/calendar.h"
#include "change/change_rooms.h"
#include "change/emergency/emergency.h"
#include "incidents/incident.h"
#include "inventory/target.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

int change_labels(struct store_tx *tx, struct arena *arena, const struct revision *revision,
	json_t **ret, struct error *err)
{
	json_t *list = json_array();
	struct target *target;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < revision->target_count; i++) {
		rc = target_get(tx, arena, revision->targets[i].name, &target, err);
		if (rc >= 0)
			json_array_append_new(list, target_all_labels(target));
	}
	/* A change is about its services, whatever labels its targets have. */
	for (size_t i = 0; revision->services[i]; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s}", "service", revision->services[i],
				      "environment", revision->environment));
	if (rc < 0)
		json_decref(list);
	else
		*ret = list;
	return rc;
}

/* --- calendars --- */

static bool is_listed(const json_t *list, const char *calendar)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (!strcmp(json_string_value(json_object_get(one, "name")), calendar))
			return true;
	return false;
}

struct calendar_look {
	const struct rule_input *input;
	const json_t *subjects;
	const char *exceptions; /* that could be given now */
};

static json_t *calendar_json(
	const struct calendar_look *look, const struct calendar_reason *reason, int64_t next_us)
{
	const char *state = reason->why == CALENDAR_ADVISORY ? "open"
			    : reason->why == CALENDAR_STALE  ? "stale"
							     : "closed";
	bool is_excepted = change_is_excepted(look->exceptions, reason);

	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", reason->calendar, "state", state,
		"event", reason->event, "exception", is_excepted ? reason->approvers : "",
		"next_us", next_us ? json_integer((json_int_t)next_us) : json_null());
}

static int add_state(struct arena *arena, const struct calendar_look *look, int64_t at_us,
	json_t *list, struct error *err)
{
	struct calendar_state state;
	int rc = calendar_get_state(look->input->tx, arena, look->subjects, at_us, &state, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < state.reason_count; i++) {
		const struct calendar_reason *reason = &state.reasons[i];
		int64_t next_us = reason->until_us ? reason->until_us : state.next_transition_us;

		if (!is_listed(list, reason->calendar))
			json_array_append_new(list, calendar_json(look, reason, next_us));
	}
	return 0;
}

/* Closed at any moment of the window is closed: its start, its last moment, each change between. */
static int calendars_json(
	struct arena *arena, const struct rule_input *input, json_t **ret, struct error *err)
{
	const struct revision *revision = input->revision;
	int64_t at_us = revision->start_us > input->now_us ? revision->start_us : input->now_us;
	struct calendar_look look = {.input = input};
	struct calendar_state state = {0};
	json_t *list = json_array(), *subjects = NULL;
	int rc = change_labels(input->tx, arena, revision, &subjects, err);

	look.subjects = subjects;
	if (rc >= 0)
		rc = change_list_exceptions(
			input->tx, arena, revision, input->now_us, &look.exceptions, err);
	for (int looks = 0; rc >= 0 && looks < 64; looks++) {
		rc = add_state(arena, &look, at_us, list, err);
		if (rc >= 0)
			rc = calendar_get_state(input->tx, arena, subjects, at_us, &state, err);
		if (!state.next_transition_us || state.next_transition_us >= revision->end_us)
			break;
		at_us = state.next_transition_us;
	}
	json_decref(subjects);
	if (rc < 0)
		json_decref(list);
	else
		*ret = list;
	return rc;
}

/* --- conflicts, releases --- */

static bool names_each_other(struct arena *arena, const struct rule_input *input, const char *other)
{
	struct revision *theirs;
	struct change *change;
	bool ours_names = false;

	for (size_t i = 0; input->revision->coordinated_with[i]; i++)
		ours_names = ours_names || !strcmp(input->revision->coordinated_with[i], other);
	if (!ours_names || change_get(input->tx, arena, other, &change, NULL) < 0 ||
		change_get_revision(input->tx, arena, change, &theirs, NULL) < 0)
		return false;
	for (size_t i = 0; theirs->coordinated_with[i]; i++)
		if (!strcmp(theirs->coordinated_with[i], input->change->name))
			return true;
	return false;
}

/* Who files is told of whoever else filed; at the gate only what was approved counts. */
static bool is_only_filed(
	struct arena *arena, const struct rule_input *input, const struct object_conflict *conflict)
{
	struct change *other;

	return input->change->state != CHANGE_ASSESSING &&
	       change_get(input->tx, arena, conflict->holder, &other, NULL) == 0 &&
	       !change_holds_up(other);
}

static json_t *release_json(const struct object_conflict *conflict)
{
	const char *service = strchr(conflict->other_key, ':');

	return json_pack("{s:s, s:s, s:s}", "id", conflict->holder, "service",
		service ? service + 1 : conflict->other_key, "state", "running");
}

/* Releases hold claims too, under REL-n. */
static int add_conflicts(struct arena *arena, const struct rule_input *input, const json_t *steps,
	json_t *context, struct error *err)
{
	const struct revision *revision = input->revision;
	json_t *conflicts = json_array(), *releases = json_array();
	struct object_conflict *list = NULL;
	struct object_claim *claims;
	size_t count = 0, claim_count;
	int rc = change_claims(arena, revision, steps, &claims, &claim_count, err);

	json_object_set_new(context, "conflicts", conflicts);
	json_object_set_new(context, "releases", releases);
	if (rc >= 0)
		rc = object_find_conflicts(input->tx, arena, input->change->name, claims,
			claim_count, revision->start_us,
			revision->end_us + revision->observe_s * CHANGE_SECOND_US, &list, &count,
			err);
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		if (text_starts_with(list[i].holder, "REL-")) {
			json_array_append_new(releases, release_json(&list[i]));
			continue;
		}
		if (is_only_filed(arena, input, &list[i]))
			continue;
		json_array_append_new(conflicts,
			json_pack("{s:s, s:s, s:s, s:b}", "change", list[i].holder, "object",
				list[i].key, "kind", list[i].kind, "coordinated",
				names_each_other(arena, input, list[i].holder)));
	}
	return rc;
}

/* --- what it is about: its services, its targets and what those belong to --- */

struct about {
	struct alert_subject *subjects; /* services first */
	size_t count, services;
};

static void add_service(struct arena *arena, struct about *about, const char *name)
{
	for (size_t i = 0; i < about->count; i++)
		if (!strcmp(about->subjects[i].name, name))
			return;
	about->subjects[about->count++] = (struct alert_subject){
		.object = arena_format(arena, "svc:%s", name),
		.kind = "service",
		.name = name,
	};
	about->services = about->count;
}

static void drop_json(void *value)
{
	json_decref(value);
}

static void add_target(struct arena *arena, struct about *about, const struct target *target)
{
	bool is_k8s = !strcmp(target->kind, "k8s");
	const char *space = is_k8s ? strrchr(target->address, '/') : NULL;
	json_t *labels = target_all_labels(target);

	arena_defer(arena, drop_json, labels);
	about->subjects[about->count++] = (struct alert_subject){
		.object = arena_format(arena, "%s:%s",
			strcmp(target->kind, "database") ? target->kind : "db", target->name),
		.kind = target->kind,
		.name = target->name,
		.labels = labels,
		.space = space ? space + 1 : NULL,
	};
}

static int load_about(
	struct arena *arena, const struct rule_input *input, struct about *ret, struct error *err)
{
	const struct revision *revision = input->revision;
	struct target **targets =
		arena_alloc(arena, (revision->target_count + 1) * sizeof(*targets));
	size_t services = 0;
	int rc = 0;

	while (revision->services[services])
		services++;
	*ret = (struct about){
		.subjects = arena_alloc(arena,
			(services + 2 * revision->target_count + 1) * sizeof(*ret->subjects))};
	for (size_t i = 0; i < services; i++)
		add_service(arena, ret, revision->services[i]);
	for (size_t i = 0; rc >= 0 && i < revision->target_count; i++) {
		rc = target_get(input->tx, arena, revision->targets[i].name, &targets[i], err);
		if (rc >= 0 && *targets[i]->service)
			add_service(arena, ret, targets[i]->service);
	}
	for (size_t i = 0; rc >= 0 && i < revision->target_count; i++)
		add_target(arena, ret, targets[i]);
	return rc;
}

static void add_alerts(const struct rule_input *input, const struct about *about, json_t *context)
{
	json_t *alerts, *sources;

	alerts_on(input->alerts, input->revision->environment, about->subjects, about->count,
		&alerts, &sources);
	json_object_set_new(context, "alerts", alerts);
	json_object_set_new(context, "alert_sources", sources);
}

/* --- incidents, follow-ups --- */

static int add_incidents(struct arena *arena, const struct rule_input *input,
	const struct about *about, json_t *context, struct error *err)
{
	const struct revision *revision = input->revision;
	json_t *list = json_array();
	struct incident **open;
	size_t count;
	int rc;

	json_object_set_new(context, "incidents", list);
	for (size_t i = 0; i < about->services; i++) {
		rc = incident_list_open(input->tx, arena, revision->environment,
			about->subjects[i].name, &open, &count, err);
		if (rc < 0)
			return rc;
		for (size_t k = 0; k < count; k++)
			json_array_append_new(list,
				json_pack("{s:s, s:s, s:s, s:b}", "id", open[k]->name, "object",
					about->subjects[i].object, "severity",
					arena_format(arena, "%lld", (long long)open[k]->severity),
					"linked",
					revision->incident &&
						!strcmp(revision->incident, open[k]->name)));
	}
	return 0;
}

static int add_follow_ups(
	struct arena *arena, const struct rule_input *input, json_t *context, struct error *err)
{
	json_t *list = json_array();
	struct follow_up **open;
	size_t count;
	int rc;

	json_object_set_new(context, "follow_ups", list);
	rc = follow_up_list_open(input->tx, arena, input->now_us, &open, &count, err);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		json_array_append_new(list, follow_up_rule_json(open[i]));
	return rc;
}

/* --- inventory --- */

static json_t *zone_of(json_t *zones, const char *name)
{
	json_t *zone;
	size_t i;

	json_array_foreach (zones, i, zone)
		if (!strcmp(json_string_value(json_object_get(zone, "name")), name))
			return zone;
	zone = json_pack("{s:s, s:[]}", "name", name, "targets");
	json_array_append_new(zones, zone);
	return zone;
}

static int add_to_zone(struct arena *arena, const struct rule_input *input, const char *name,
	json_t *zones, struct error *err)
{
	struct target *target;
	int rc = target_get(input->tx, arena, name, &target, err);

	if (rc < 0 || !*target->zone)
		return rc;
	json_append_once(json_object_get(zone_of(zones, target->zone), "targets"), name);
	return 0;
}

/* "n1" of "k8s:CLUSTER/NAMESPACE/node/n1"; NULL for what is no node. */
static const char *node_of(const json_t *impact)
{
	const char *object = json_string_value(json_object_get(impact, "object"));
	const char *node =
		object && text_starts_with(object, "k8s:") ? strstr(object, "/node/") : NULL;

	return node ? node + strlen("/node/") : NULL;
}

/* Nodes of a cluster are commanded from elsewhere; where the inventory has a target of that name,
 * its zone is the node's. */
static int add_nodes(struct arena *arena, const struct rule_input *input, const json_t *steps,
	json_t *zones, struct error *err)
{
	json_t *step, *command, *impact;
	size_t i, k, m;
	int rc = 0;

	json_array_foreach (steps, i, step)
		json_array_foreach (json_object_get(step, "commands"), k, command)
			json_array_foreach (json_object_get(command, "impacts"), m, impact) {
				const char *node = node_of(impact);

				if (node)
					rc = add_to_zone(arena, input, node, zones, err);
				if (rc < 0 && rc != ERROR_NOT_FOUND)
					return rc;
			}
	return 0;
}

static int add_inventory(struct arena *arena, const struct rule_input *input, const json_t *steps,
	json_t *context, struct error *err)
{
	json_t *zones = json_array();
	int rc = 0;

	json_object_set_new(context, "inventory", json_pack("{s:o}", "zones", zones));
	for (size_t i = 0; rc >= 0 && i < input->revision->target_count; i++)
		rc = add_to_zone(arena, input, input->revision->targets[i].name, zones, err);
	return rc < 0 ? rc : add_nodes(arena, input, steps, zones, err);
}

int change_input_context(struct arena *arena, const struct rule_input *input, const json_t *steps,
	json_t **ret, struct error *err)
{
	static const char *const framed[] = {
		"limits", "protected_paths", "tier0_units", "trusted_dirs"};
	json_t *context = json_object(), *calendars = NULL;
	struct about about;
	int rc = calendars_json(arena, input, &calendars, err);

	json_set_int(context, "now_us", input->now_us);
	if (rc >= 0)
		json_object_set_new(context, "calendars", calendars);
	for (size_t i = 0; i < sizeof(framed) / sizeof(framed[0]); i++)
		json_object_set(context, framed[i], json_object_get(input->frame, framed[i]));
	if (rc < 0 || (rc = load_about(arena, input, &about, err)) < 0 ||
		(rc = add_conflicts(arena, input, steps, context, err)) < 0 ||
		(rc = add_incidents(arena, input, &about, context, err)) < 0 ||
		(rc = add_follow_ups(arena, input, context, err)) < 0 ||
		(rc = add_inventory(arena, input, steps, context, err)) < 0) {
		json_decref(context);
		return rc;
	}
	add_alerts(input, &about, context);
	*ret = context;
	return 0;
}
