#include "plan_world.h"

#include "audit/audit_ledger.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "notify/notify.h"
#include "test_directory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan_world world;

struct plan_person li = {"01AAAAAAAAAAAAAAAAAAAAAAL1", "li.wei", "edge", "",
	ROLE_AUTHOR | ROLE_APPROVER, NULL, false};
struct plan_person ann = {
	"01AAAAAAAAAAAAAAAAAAAAAANN", "ann", "sre", "dba", ROLE_APPROVER, NULL, false};
struct plan_person bob = {
	"01AAAAAAAAAAAAAAAAAAAAAB0B", "bob", "shop", "", ROLE_APPROVER, NULL, false};
struct plan_person cid = {
	"01AAAAAAAAAAAAAAAAAAAAAC1D", "cid", "sre", "", ROLE_APPROVER, NULL, false};
struct plan_person dan = {
	"01AAAAAAAAAAAAAAAAAAAAADAN", "dan", "sre", "", ROLE_COMMANDER, NULL, false};
struct plan_person eve = {"01AAAAAAAAAAAAAAAAAAAAAEVE", "eve", "", "", ROLE_VIEWER, NULL, false};
static struct plan_person *const persons[] = {&li, &ann, &bob, &cid, &dan, &eve};
#define PERSONS (sizeof(persons) / sizeof(persons[0]))

static const char *const allow[] = {"plane.* *", NULL};
static const char *const networks[] = {NULL};
#define TARGET(target_name, target_kind, target_environment, target_site)                          \
	{                                                                                          \
		.name = (target_name), .kind = (target_kind), .address = "tcp:127.0.0.1:1",        \
		.environment = (target_environment), .site = (target_site), .zone = "",            \
		.service = "shop", .tier = "edge", .labels = "{}", .allow = allow,                 \
		.networks = networks                                                               \
	}
struct target plan_targets[4];
static const struct target first_targets[4] = {TARGET("edge-1", "plane", "production", "north"),
	TARGET("edge-2", "plane", "production", "north"), TARGET("lab-1", "plane", "lab", "lab"),
	TARGET("south-1", "plane", "production", "south")};
#define TARGETS (sizeof(plan_targets) / sizeof(plan_targets[0]))

/* --- the world's life --- */

void plan_world_open(const struct store_schema *const *schemas, size_t count)
{
	struct store_options options = {.schemas = schemas, .schema_count = count};
	struct error err = ERROR_INIT;
	char path[128];

	world = (struct plan_world){0};
	memcpy(plan_targets, first_targets, sizeof(plan_targets));
	for (size_t i = 0; i < PERSONS; i++)
		persons[i]->is_disabled = false;
	li.roles = ROLE_AUTHOR | ROLE_APPROVER;
	ann.roles = bob.roles = cid.roles = ROLE_APPROVER;
	ann.environment = bob.environment = NULL;
	ann.group = "dba";
	li.group = bob.group = cid.group = "";
	test_directory(world.directory, sizeof(world.directory), "plans");
	snprintf(path, sizeof(path), "%s/t.db", world.directory);
	options.path = path;
	ck_assert_int_eq(loop_open(&world.loop, &err), 0);
	ck_assert_msg(store_open(&options, world.loop, &world.store, &err) == 0, "%s", err.message);
}

void plan_world_close(void)
{
	char command[160];

	store_close(world.store);
	loop_close(world.loop);
	arena_done(&world.arena);
	snprintf(command, sizeof(command), "rm -r '%s'", world.directory);
	ck_assert_int_eq(system(command), 0);
}

struct written {
	store_ask ask;
	void *arg;
	struct error *err;
	int rc;
};

static int ask_written(struct store_tx *tx, void *arg, struct error *err)
{
	struct written *written = arg;

	return written->ask(tx, written->arg, err);
}

static void note_told(void *arg, const struct error *err)
{
	struct written *written = arg;

	written->rc = err ? err->code : 0;
	if (err)
		*written->err = *err;
	loop_stop(world.loop);
}

int plan_world_write(store_ask ask, void *arg, struct error *err)
{
	struct written written = {.ask = ask, .arg = arg, .err = err, .rc = 1};

	store_write(world.store, ask_written, note_told, &written);
	while (written.rc == 1)
		loop_run(world.loop);
	return written.rc;
}

struct principal *plan_principal(const struct plan_person *person)
{
	struct principal *principal = arena_alloc(&world.arena, sizeof(*principal));

	memcpy(principal->person_id, person->id, ID_SIZE);
	snprintf(principal->person_name, sizeof(principal->person_name), "%s", person->name);
	snprintf(principal->actor.id, sizeof(principal->actor.id), "%s", person->id);
	snprintf(principal->actor.name, sizeof(principal->actor.name), "%s", person->name);
	principal->roles = person->roles;
	return principal;
}

/* --- audit and notify: they remember --- */

const struct audit_actor audit_system = {.kind = AUDIT_SYSTEM, .id = "system", .name = "system"};

static const char *const action_words[] = {
#define X(name, word) [AUDIT_##name] = word,
	AUDIT_ACTIONS(X)
#undef X
};

static void note(char *list, size_t size, const char *word)
{
	size_t length = strlen(list);

	snprintf(list + length, size - length, "%s%s", length ? " " : "", word);
}

const char *audit_terms(struct arena *arena, const char *const *values, size_t count)
{
	(void)values;
	ck_assert_uint_gt(count, 0);
	return arena_text(arena, "terms");
}

int audit_append(struct store_tx *tx, const struct audit_record *record, int64_t at_us,
	int64_t *ret_seq, struct error *err)
{
	(void)tx;
	(void)ret_seq;
	(void)err;
	ck_assert_int_gt(at_us, 0);
	note(world.audited, sizeof(world.audited), action_words[record->action]);
	return 0;
}

int notify_send(
	struct store_tx *tx, const struct notify_event *event, int64_t at_us, struct error *err)
{
	(void)tx;
	(void)at_us;
	(void)err;
	note(world.notified, sizeof(world.notified), event->type);
	snprintf(world.last_text, sizeof(world.last_text), "%s", event->text);
	return 0;
}

/* --- people --- */

static const struct plan_person *find_person(const char *id)
{
	for (size_t i = 0; i < PERSONS; i++)
		if (strcmp(persons[i]->id, id) == 0)
			return persons[i];
	return NULL;
}

static const char *const role_words[] = {
	"viewer", "author", "approver", "commander", "admin", "auditor", "agent"};

const char *role_word(enum role role)
{
	return role_words[__builtin_ctz(role)];
}

int role_parse(const char *field, const char *word, enum role *ret, struct error *err)
{
	for (size_t i = 0; i < sizeof(role_words) / sizeof(role_words[0]); i++) {
		if (strcmp(role_words[i], word) == 0) {
			*ret = (enum role)(1 << i);
			return 0;
		}
	}
	return error_set(err, ERROR_INVALID, "%s: no role %s", field, word);
}

int people_find(
	struct store_tx *tx, const char *name, char ret_id[static ID_SIZE], struct error *err)
{
	(void)tx;
	for (size_t i = 0; i < PERSONS; i++)
		if (strcmp(persons[i]->name, name) == 0) {
			memcpy(ret_id, persons[i]->id, ID_SIZE);
			return 0;
		}
	return error_set(err, ERROR_NOT_FOUND, "nobody is named %s", name);
}

bool people_is_in_group(struct store_tx *tx, const char *person_id, const char *group)
{
	const struct plan_person *person = find_person(person_id);

	(void)tx;
	return person && strcmp(person->group, group) == 0;
}

bool people_has_group(struct store_tx *tx, const char *group)
{
	bool is_there = false;

	(void)tx;
	for (size_t i = 0; i < PERSONS; i++)
		is_there |= strcmp(persons[i]->group, group) == 0;
	return is_there;
}

bool people_has_role(
	struct store_tx *tx, const char *person_id, enum role role, const struct scope *scope)
{
	const struct plan_person *person = find_person(person_id);

	(void)tx;
	if (!person || !(person->roles & role))
		return false;
	return !person->environment ||
	       (scope && text_is_equal(person->environment, scope->environment));
}

bool people_is_enabled(struct store_tx *tx, const char *person_id)
{
	const struct plan_person *person = find_person(person_id);

	(void)tx;
	return person && !person->is_disabled;
}

int people_team(
	struct store_tx *tx, const char *person_id, char *ret_team, size_t size, struct error *err)
{
	(void)tx;
	(void)err;
	snprintf(ret_team, size, "%s", find_person(person_id)->team);
	return 0;
}

int people_note_act(
	struct store_tx *tx, const struct principal *principal, int64_t at_us, struct error *err)
{
	(void)tx;
	(void)principal;
	(void)at_us;
	(void)err;
	return 0;
}

int people_name(
	struct store_tx *tx, const char *person_id, char *ret_name, size_t size, struct error *err)
{
	const struct plan_person *person = find_person(person_id);

	(void)tx;
	if (!person)
		return error_set(err, ERROR_NOT_FOUND, "no such person");
	snprintf(ret_name, size, "%s", person->name);
	return 0;
}

int64_t people_count_with_role(
	struct store_tx *tx, enum role role, const struct scope *scope, const char *const *excluded)
{
	int64_t count = 0;

	for (size_t i = 0; i < PERSONS; i++) {
		bool is_left_out = persons[i]->is_disabled ||
				   !people_has_role(tx, persons[i]->id, role, scope);

		for (const char *const *id = excluded; id && *id; id++)
			is_left_out |= strcmp(*id, persons[i]->id) == 0;
		count += !is_left_out;
	}
	return count;
}

int64_t people_count_in_group(struct store_tx *tx, const char *group, const char *const *excluded)
{
	int64_t count = 0;

	for (size_t i = 0; i < PERSONS; i++) {
		bool is_left_out =
			persons[i]->is_disabled || !people_is_in_group(tx, persons[i]->id, group);

		for (const char *const *id = excluded; id && *id; id++)
			is_left_out |= strcmp(*id, persons[i]->id) == 0;
		count += !is_left_out;
	}
	return count;
}

int principal_require(const struct principal *principal, enum role role, const struct scope *scope,
	struct error *err)
{
	(void)scope;
	if (principal->roles & role)
		return 0;
	return error_set(
		err, ERROR_FORBIDDEN, "%s has no role %s", principal->person_name, role_word(role));
}

/* --- inventory --- */

int target_get(struct store_tx *tx, struct arena *arena, const char *name, struct target **ret,
	struct error *err)
{
	(void)tx;
	(void)arena;
	for (size_t i = 0; i < TARGETS; i++) {
		if (plan_targets[i].name && strcmp(plan_targets[i].name, name) == 0) {
			*ret = &plan_targets[i];
			return 0;
		}
	}
	return error_set(err, ERROR_NOT_FOUND, "there is no target %s", name);
}

int target_has_service(struct store_tx *tx, const char *service, struct error *err)
{
	(void)tx;
	(void)err;
	return strcmp(service, "shop") == 0;
}

json_t *target_all_labels(const struct target *target)
{
	return json_pack("{s:s, s:s, s:s}", "environment", target->environment, "site",
		target->site, "service", target->service);
}

int target_select(struct store_tx *tx, struct arena *arena, const char *kind, const json_t *labels,
	struct target ***ret, size_t *ret_count, struct error *err)
{
	struct target **list = arena_alloc(arena, TARGETS * sizeof(*list));
	size_t count = 0;

	(void)tx;
	(void)err;
	for (size_t i = 0; i < TARGETS; i++) {
		json_t *all =
			plan_targets[i].name ? target_all_labels(&plan_targets[i]) : json_object();
		bool fits = plan_targets[i].name && strcmp(plan_targets[i].kind, kind) == 0;
		const char *label;
		json_t *value;

		json_object_foreach ((json_t *)labels, label, value)
			fits = fits && json_equal(json_object_get(all, label), value);
		json_decref(all);
		if (fits)
			list[count++] = &plan_targets[i];
	}
	*ret = list;
	*ret_count = count;
	return 0;
}

void target_identity(const struct target *target, struct digest *ret)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %s", target->kind, target->address);
	digest_of(text, strlen(text), ret);
}

int target_check_allowed(
	const struct target *target, const char *type, const char *const *args, struct error *err)
{
	if (!args[0] || strcmp(args[0], "forbidden") != 0)
		return 0;
	return error_set(
		err, ERROR_FORBIDDEN, "%s does not allow %s %s", target->name, type, args[0]);
}

/* --- adapters --- */

const struct adapter *adapter_find(const struct adapter_list *list, const char *kind)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->adapters[i]->kind, kind) == 0)
			return list->adapters[i];
	return NULL;
}

const struct adapter_type *adapter_type_find(const struct adapter_list *list, const char *type)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t j = 0; j < list->adapters[i]->type_count; j++)
			if (strcmp(list->adapters[i]->types[j].name, type) == 0)
				return &list->adapters[i]->types[j];
	return NULL;
}
