#include "people/people_rooms.h"

#include "lib/base/json.h"

#include <string.h>

#define DISPLAY_NAME_MAX TEXT_NAME_MAX

static void add_nearest_person(struct store_tx *tx, const char *folded, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct person *list = NULL;
	const char **names;
	const char *nearest;
	size_t count = 0;

	if (person_store_list(tx, &arena, &list, &count, NULL) == 0) {
		names = arena_alloc(&arena, (count + 1) * sizeof(*names));
		for (size_t i = 0; i < count; i++)
			names[i] = list[i].name;
		nearest = text_nearest(folded, names, count);
		if (nearest)
			error_remedy(err, "did you mean %s?", nearest);
		else
			error_remedy(err, "list them: redbutton person list");
	}
	arena_done(&arena);
}

int person_get(struct store_tx *tx, struct arena *arena, const char *name, struct person **ret,
	struct error *err)
{
	char folded[PEOPLE_LABEL_SIZE];
	int rc = people_fold("person", name, folded, err);

	if (rc < 0)
		return rc;
	rc = person_store_get(tx, arena, folded, ret, err);
	if (rc == ERROR_NOT_FOUND) {
		error_set(err, ERROR_NOT_FOUND, "there is no person %s", folded);
		error_field(err, "person");
		if (err)
			add_nearest_person(tx, folded, err);
	}
	return rc;
}

int group_get(struct store_tx *tx, struct arena *arena, const char *name, struct person_group **ret,
	struct error *err)
{
	char folded[PEOPLE_LABEL_SIZE];
	int rc = people_fold("group", name, folded, err);

	if (rc < 0)
		return rc;
	rc = person_store_group(tx, arena, folded, ret, err);
	if (rc == ERROR_NOT_FOUND) {
		error_set(err, ERROR_NOT_FOUND, "there is no group %s", folded);
		error_field(err, "group");
		error_remedy(err, "list them: redbutton group list");
	}
	return rc;
}

static int check_texts(const char *display_name, const char *team, struct error *err)
{
	int rc;

	if (display_name && (rc = text_check_name("display_name", display_name, err)) < 0)
		return rc;
	return team && *team ? text_check_name("team", team, err) : 0;
}

static int audit_person(struct store_tx *tx, const struct principal *by, enum audit_action action,
	const struct person *person, int64_t at_us, struct error *err)
{
	json_t *detail = json_object();
	int rc;

	json_set_text(detail, "name", person->name);
	json_set_text(detail, "display_name", person->display_name);
	json_set_text(detail, "team", person->team);
	json_set_bool(detail, "enabled", person->is_enabled);
	json_set_int(detail, "version", person->version);
	rc = people_audit(tx, by, action, "person", person->id, detail, at_us, err);
	json_decref(detail);
	return rc;
}

static int refuse_taken(const char *what, const char *name, struct error *err)
{
	error_set(err, ERROR_CONFLICT, "there is a %s %s already", what, name);
	error_field(err, "name");
	return error_remedy(err, "choose another name");
}

int person_add(struct store_tx *tx, struct person_add *add, struct error *err)
{
	struct person *person = arena_alloc(add->arena, sizeof(*person));
	struct person *other;
	char folded[PEOPLE_LABEL_SIZE];
	int rc;

	if ((rc = people_require_admin(add->by, err)) < 0 ||
		(rc = people_fold("name", add->name, folded, err)) < 0 ||
		(rc = check_texts(add->display_name, add->team, err)) < 0)
		return rc;
	rc = person_store_get(tx, add->arena, folded, &other, NULL);
	if (rc == 0)
		return refuse_taken("person", folded, err);
	if (rc != ERROR_NOT_FOUND)
		return error_set(err, rc, "the persons cannot be read");
	memcpy(person->id, add->id, ID_SIZE);
	person->name = arena_text(add->arena, folded);
	person->display_name =
		arena_text(add->arena, add->display_name ? add->display_name : add->name);
	person->team = arena_text(add->arena, add->team ? add->team : "");
	person->is_enabled = true;
	person->version = 1;
	person->created_at_us = person->changed_at_us = add->at_us;
	if ((rc = person_store_insert(tx, person, err)) < 0 ||
		(rc = people_note_act(tx, add->by, add->at_us, err)) < 0 ||
		(rc = audit_person(tx, add->by, AUDIT_PERSON_CREATE, person, add->at_us, err)) < 0)
		return rc;
	add->ret_person = person;
	return 0;
}

static int refuse_stale(const struct person *person, int64_t if_version, struct error *err)
{
	error_set(err, ERROR_STALE, "%s is at version %lld, not at %lld", person->name,
		(long long)person->version, (long long)if_version);
	return error_remedy(
		err, "look at it again and repeat: redbutton person show %s", person->name);
}

/* Puts what is asked for into the person; false when that changes nothing. */
static bool apply_change(const struct person_change *change, struct person *person)
{
	bool is_other = false;

	if (change->display_name && strcmp(change->display_name, person->display_name)) {
		person->display_name = change->display_name;
		is_other = true;
	}
	if (change->team && strcmp(change->team, person->team)) {
		person->team = change->team;
		is_other = true;
	}
	if (change->has_enabled && change->enabled != person->is_enabled) {
		person->is_enabled = change->enabled;
		is_other = true;
	}
	return is_other;
}

int person_change(struct store_tx *tx, struct person_change *change, struct error *err)
{
	struct person *person;
	int64_t old_version;
	int rc;

	if ((rc = people_require_admin(change->by, err)) < 0 ||
		(rc = check_texts(change->display_name, change->team, err)) < 0 ||
		(rc = person_get(tx, change->arena, change->name, &person, err)) < 0)
		return rc;
	old_version = person->version;
	if (change->if_version >= 0 && change->if_version != old_version)
		return refuse_stale(person, change->if_version, err);
	if (change->has_enabled && !change->enabled && person->is_enabled &&
		(rc = grant_check_admin_remains(tx, person->id, err)) < 0)
		return rc;
	if (!apply_change(change, person))
		return error_set(err, ERROR_NO_EFFECT, "%s is like that already", person->name);
	person->version++;
	person->changed_at_us = change->at_us;
	if ((rc = person_store_update(tx, person, old_version, err)) < 0 ||
		(rc = people_note_act(tx, change->by, change->at_us, err)) < 0 ||
		(rc = audit_person(
			 tx, change->by, AUDIT_PERSON_CHANGE, person, change->at_us, err)) < 0)
		return rc;
	change->ret_person = person;
	return 0;
}

static int audit_group(struct store_tx *tx, const struct principal *by, enum audit_action action,
	const struct person_group *group, const char *key, const char *person, int64_t at_us,
	struct error *err)
{
	json_t *detail = json_object();
	int rc;

	json_set_text(detail, "name", group->name);
	if (key)
		json_set_text(detail, key, person);
	rc = people_audit(tx, by, action, "group", group->id, detail, at_us, err);
	json_decref(detail);
	return rc;
}

int group_add(struct store_tx *tx, struct group_add *add, struct error *err)
{
	struct person_group *group;
	char folded[PEOPLE_LABEL_SIZE];
	int rc;

	if ((rc = people_require_admin(add->by, err)) < 0 ||
		(rc = people_fold("name", add->name, folded, err)) < 0)
		return rc;
	rc = person_store_group(tx, add->arena, folded, &group, NULL);
	if (rc == 0)
		return refuse_taken("group", folded, err);
	if (rc != ERROR_NOT_FOUND)
		return error_set(err, rc, "the groups cannot be read");
	group = arena_alloc(add->arena, sizeof(*group));
	memcpy(group->id, add->id, ID_SIZE);
	group->name = arena_text(add->arena, folded);
	group->created_at_us = add->at_us;
	group->members = arena_alloc(add->arena, sizeof(*group->members));
	if ((rc = person_store_insert_group(tx, group, err)) < 0 ||
		(rc = people_note_act(tx, add->by, add->at_us, err)) < 0 ||
		(rc = audit_group(
			 tx, add->by, AUDIT_GROUP_CREATE, group, NULL, NULL, add->at_us, err)) < 0)
		return rc;
	add->ret_group = group;
	return 0;
}

int group_member(struct store_tx *tx, struct group_member *member, struct error *err)
{
	struct person_group *group;
	struct person *person;
	int rc;

	if ((rc = people_require_admin(member->by, err)) < 0 ||
		(rc = group_get(tx, member->arena, member->group, &group, err)) < 0 ||
		(rc = person_get(tx, member->arena, member->person, &person, err)) < 0)
		return rc;
	if (member->is_removal)
		rc = person_store_remove_member(tx, group->id, person->id, err);
	else
		rc = person_store_add_member(tx, group->id, person->id, member->at_us, err);
	if (rc == 0)
		return error_set(err, ERROR_NO_EFFECT, "%s is %s the group %s", person->name,
			member->is_removal ? "not in" : "already in", group->name);
	if (rc < 0 || (rc = people_note_act(tx, member->by, member->at_us, err)) < 0 ||
		(rc = audit_group(tx, member->by, AUDIT_GROUP_CHANGE, group,
			 member->is_removal ? "removed" : "added", person->name, member->at_us,
			 err)) < 0)
		return rc;
	return person_store_group(tx, member->arena, group->name, &member->ret_group, err);
}
