#include "inventory/target_rooms.h"

#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

/* --- reading --- */

static void add_nearest(struct store_tx *tx, const char *name, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct target **list = NULL;
	const char **names, *nearest;
	size_t count = 0;

	if (target_store_list(tx, &arena, NULL, &list, &count, NULL) == 0) {
		names = arena_alloc(&arena, (count + 1) * sizeof(*names));
		for (size_t i = 0; i < count; i++)
			names[i] = list[i]->name;
		nearest = text_nearest(name, names, count);
		if (nearest)
			error_remedy(err, "did you mean %s?", nearest);
		else
			error_remedy(err, "list them: redbutton target list");
	}
	arena_done(&arena);
}

int target_has_service(struct store_tx *tx, const char *service, struct error *err)
{
	return target_store_has_service(tx, service, err);
}

int target_get(struct store_tx *tx, struct arena *arena, const char *name, struct target **ret,
	struct error *err)
{
	int rc = text_check_name("target", name, err);

	if (rc < 0)
		return rc;
	rc = target_store_get(tx, arena, name, ret, err);
	if (rc == ERROR_NOT_FOUND && err) {
		error_set(err, ERROR_NOT_FOUND, "there is no target %s", name);
		error_field(err, "target");
		add_nearest(tx, name, err);
	}
	return rc;
}

int target_find_identity(struct store_tx *tx, struct arena *arena, const char *identity,
	struct target **ret, struct error *err)
{
	return target_store_find_identity(tx, arena, identity, ret, err);
}

static bool has_labels(const struct target *target, const json_t *wanted)
{
	json_t *all = target_all_labels(target), *value;
	const char *key;
	bool has = true;

	json_object_foreach ((json_t *)wanted, key, value)
		has &= json_equal(json_object_get(all, key), value) != 0;
	json_decref(all);
	return has;
}

int target_select(struct store_tx *tx, struct arena *arena, const char *kind, const json_t *labels,
	struct target ***ret, size_t *ret_count, struct error *err)
{
	struct target **list = NULL;
	size_t count = 0, kept = 0;
	int rc;

	if (!json_object_size(labels)) {
		error_set(err, ERROR_INVALID, "a selection without labels would be every target");
		error_field(err, "labels");
		return error_remedy(err, "name at least one label");
	}
	if ((rc = target_store_list(tx, arena, kind, &list, &count, err)) < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (has_labels(list[i], labels))
			list[kept++] = list[i];
	*ret = list;
	*ret_count = kept;
	return 0;
}

static void add_list(struct digest_state *state, const char *const *list)
{
	uint64_t count = 0;

	while (list[count])
		count++;
	digest_add_field(state, &count, sizeof(count));
	for (; *list; list++)
		digest_add_field(state, *list, strlen(*list));
}

void target_identity(const struct target *target, struct digest *ret)
{
	static const char domain[] = "redbutton target 1\n";
	const char *credential = target->credential ? target->credential : "";
	struct digest_state *state = digest_new();

	digest_add(state, domain, sizeof(domain) - 1);
	digest_add_field(state, target->kind, strlen(target->kind));
	digest_add_field(state, target->address, strlen(target->address));
	digest_add_field(state, credential, strlen(credential));
	add_list(state, target->allow);
	add_list(state, target->networks);
	digest_end(state, ret);
	digest_free(state);
}

static bool is_allowed(const char *pattern, const char *type, const char *const *args)
{
	const char *word;
	size_t length, i = 0;

	if (!target_next_word(&pattern, &word, &length) || !target_glob(word, length, type))
		return false;
	if (!pattern[strspn(pattern, " ")])
		return true;
	while (target_next_word(&pattern, &word, &length)) {
		if (!args[i] || !target_glob(word, length, args[i]))
			return false;
		i++;
	}
	return !args[i];
}

static int refuse_register(
	const struct target *target, const char *type, const char *const *args, struct error *err)
{
	struct buf text = BUF_INIT;

	buf_add_text(&text, type);
	for (; *args; args++) {
		buf_add_char(&text, ' ');
		text_add_visible(&text, *args, strlen(*args));
	}
	error_set(err, ERROR_FORBIDDEN, "%s is not on the allow-list of %s", buf_text(&text),
		target->name);
	error_place(err, "target %s", target->name);
	buf_clear(&text);
	for (const char *const *allow = target->allow; *allow; allow++)
		buf_add_format(&text, "%s'%s'", text.length ? ", " : "", *allow);
	error_remedy(err,
		"allowed are %s; an admin extends it: redbutton target set %s --allow ...",
		buf_text(&text), target->name);
	buf_done(&text);
	return ERROR_FORBIDDEN;
}

int target_check_allowed(
	const struct target *target, const char *type, const char *const *args, struct error *err)
{
	for (const char *const *allow = target->allow; *allow; allow++)
		if (is_allowed(*allow, type, args))
			return 0;
	return refuse_register(target, type, args, err);
}

struct adapter_target target_for_adapter(const struct target *target)
{
	return (struct adapter_target){
		.name = target->name,
		.kind = target->kind,
		.address = target->address,
		.credential = target->credential,
		.networks = target->networks,
	};
}

/* --- changing --- */

static int require_admin(
	const struct target_act *act, const struct target *target, struct error *err)
{
	struct scope scope = {
		.environment = *target->environment ? target->environment : NULL,
		.service = *target->service ? target->service : NULL,
	};

	return principal_require(act->by, ROLE_ADMIN, &scope, err);
}

static int audit_target(struct store_tx *tx, const struct target_act *act, enum audit_action action,
	const struct target *target, struct error *err)
{
	json_t *detail = target_json(target);
	char identity[DIGEST_TEXT_SIZE];
	struct audit_record record = {
		.actor = &act->by->actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "target",
		.subject_id = target->name,
		.subject_digest = identity,
		.detail = detail,
	};
	struct digest digest;
	int rc;

	target_identity(target, &digest);
	digest_text(&digest, identity);
	rc = audit_append(tx, &record, act->at_us, NULL, err);
	json_decref(detail);
	return rc < 0 ? rc : people_note_act(tx, act->by, act->at_us, err);
}

static int set_labels(
	struct target *target, const json_t *labels, struct arena *arena, struct error *err)
{
	struct buf text = BUF_INIT;
	json_t *none = labels ? NULL : json_object();
	int rc = canonical_add(&text, labels ? labels : none, err);

	if (rc == 0)
		target->labels = arena_text(arena, buf_text(&text));
	buf_done(&text);
	json_decref(none);
	return rc;
}

/* A kind that can only be read needs no list: everything of it may be read. */
static void default_lists(
	struct target *target, const struct adapter_list *adapters, struct arena *arena)
{
	static const char *const none[] = {NULL};
	const struct adapter *adapter = adapter_find(adapters, target->kind);
	const char **all;

	if (!target->networks)
		target->networks = none;
	if (!target->allow)
		target->allow = none;
	if (target->allow[0] || !adapter)
		return;
	for (size_t i = 0; i < adapter->type_count; i++)
		if (adapter->types[i].is_writable)
			return;
	all = arena_alloc(arena, 2 * sizeof(*all));
	if (adapter->type_count)
		all[0] = arena_format(arena, "%s.*", adapter->kind);
	target->allow = all;
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static void default_texts(struct target *target)
{
	target->name = text_or_empty(target->name);
	target->kind = text_or_empty(target->kind);
	target->address = text_or_empty(target->address);
	target->environment = text_or_empty(target->environment);
	target->site = text_or_empty(target->site);
	target->zone = text_or_empty(target->zone);
	target->service = text_or_empty(target->service);
	target->tier = text_or_empty(target->tier);
}

static int check_free(struct store_tx *tx, struct target_add *add, struct error *err)
{
	struct target *other;
	int rc = target_store_get(tx, add->act.arena, add->target.name, &other, err);

	if (rc == ERROR_NOT_FOUND)
		return 0;
	if (rc < 0)
		return rc;
	error_set(err, ERROR_CONFLICT, "there is a target %s already", add->target.name);
	error_field(err, "name");
	return error_remedy(err, "change it: redbutton target set %s", add->target.name);
}

int target_add(struct store_tx *tx, struct target_add *add, struct error *err)
{
	struct target *target = &add->target;
	int rc;

	default_texts(target);
	default_lists(target, add->act.adapters, add->act.arena);
	if ((rc = target_check(target, add->labels, add->act.adapters, err)) < 0 ||
		(rc = require_admin(&add->act, target, err)) < 0 ||
		(rc = set_labels(target, add->labels, add->act.arena, err)) < 0 ||
		(rc = check_free(tx, add, err)) < 0)
		return rc;
	target->version = 1;
	target->created_at_us = target->changed_at_us = add->act.at_us;
	if ((rc = target_store_insert(tx, target, err)) < 0 ||
		(rc = audit_target(tx, &add->act, AUDIT_TARGET_CREATE, target, err)) < 0)
		return rc;
	add->act.ret_target = target;
	return 0;
}

static int check_version(const struct target *target, int64_t if_version, struct error *err)
{
	if (if_version < 0 || if_version == target->version)
		return 0;
	error_set(err, ERROR_STALE, "%s is at version %lld, not at %lld", target->name,
		(long long)target->version, (long long)if_version);
	return error_remedy(
		err, "look at it again and repeat: redbutton target show %s", target->name);
}

static void apply(const struct target_change *change, struct target *target)
{
	if (change->address)
		target->address = change->address;
	if (change->has_credential)
		target->credential = change->credential;
	if (change->environment)
		target->environment = change->environment;
	if (change->site)
		target->site = change->site;
	if (change->zone)
		target->zone = change->zone;
	if (change->service)
		target->service = change->service;
	if (change->tier)
		target->tier = change->tier;
	if (change->allow)
		target->allow = change->allow;
	if (change->networks)
		target->networks = change->networks;
}

/* Rights are needed for what the target was and for what it will be. */
static int check_change(struct target_change *change, struct target *target, struct error *err)
{
	json_t *labels = NULL;
	int rc;

	if ((rc = require_admin(&change->act, target, err)) < 0 ||
		(rc = check_version(target, change->if_version, err)) < 0)
		return rc;
	apply(change, target);
	default_lists(target, change->act.adapters, change->act.arena);
	if (!change->labels)
		(void)json_parse(
			target->labels, strlen(target->labels), JSON_DEPTH_MAX, &labels, NULL);
	rc = target_check(
		target, change->labels ? change->labels : labels, change->act.adapters, err);
	json_decref(labels);
	if (rc == 0)
		rc = require_admin(&change->act, target, err);
	if (rc == 0 && change->labels)
		rc = set_labels(target, change->labels, change->act.arena, err);
	return rc;
}

static bool is_same(const struct target *a, const struct target *b)
{
	struct target plain = *b;
	json_t *left, *right;
	bool is_equal;

	plain.version = a->version;
	plain.changed_at_us = a->changed_at_us;
	left = target_json(a);
	right = target_json(&plain);
	is_equal = json_equal(left, right);
	json_decref(left);
	json_decref(right);
	return is_equal;
}

int target_change(struct store_tx *tx, struct target_change *change, struct error *err)
{
	struct target *target, before;
	int rc = target_get(tx, change->act.arena, change->name, &target, err);

	if (rc < 0)
		return rc;
	before = *target;
	if ((rc = check_change(change, target, err)) < 0)
		return rc;
	if (is_same(&before, target))
		return error_set(err, ERROR_NO_EFFECT, "%s is like that already", target->name);
	target->version++;
	target->changed_at_us = change->act.at_us;
	if ((rc = target_store_update(tx, target, before.version, err)) < 0 ||
		(rc = audit_target(tx, &change->act, AUDIT_TARGET_CHANGE, target, err)) < 0)
		return rc;
	change->act.ret_target = target;
	return 0;
}

int target_remove(struct store_tx *tx, struct target_remove *remove, struct error *err)
{
	struct target *target;
	int rc;

	if ((rc = target_get(tx, remove->act.arena, remove->name, &target, err)) < 0 ||
		(rc = require_admin(&remove->act, target, err)) < 0 ||
		(rc = check_version(target, remove->if_version, err)) < 0 ||
		(rc = target_store_delete(tx, target->id, err)) < 0)
		return rc;
	remove->act.ret_target = target;
	return audit_target(tx, &remove->act, AUDIT_TARGET_REMOVE, target, err);
}
