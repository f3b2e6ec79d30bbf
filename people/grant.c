#include "people/people_rooms.h"

#include "lib/base/json.h"

#include <string.h>

static const char *const state_words[] = {
#define X(name, word) [GRANT_##name] = word,
	GRANT_STATES(X)
#undef X
};
#define STATE_COUNT (sizeof(state_words) / sizeof(state_words[0]))

const char *grant_state_word(enum grant_state state)
{
	return state_words[state];
}

int grant_state_parse(const char *word, enum grant_state *ret)
{
	for (size_t i = 0; i < STATE_COUNT; i++) {
		if (!strcmp(state_words[i], word)) {
			*ret = (enum grant_state)i;
			return 0;
		}
	}
	return ERROR_INVALID;
}

bool people_is_bootstrap(struct store_tx *tx, const struct principal *principal)
{
	struct first_start first;

	return token_store_first_start(tx, &first, NULL) > 0 && !first.second_acted_at_us &&
	       !strcmp(first.person_id, principal->person_id);
}

int people_note_act(
	struct store_tx *tx, const struct principal *principal, int64_t at_us, struct error *err)
{
	struct first_start first;
	int rc;

	if (!(principal->roles & ROLE_ADMIN))
		return 0;
	rc = token_store_first_start(tx, &first, err);
	if (rc <= 0)
		return rc;
	if (first.second_acted_at_us || !strcmp(first.person_id, principal->person_id))
		return 0;
	return token_store_second_acted(tx, at_us, err);
}

int grant_check_admin_remains(struct store_tx *tx, const char *leaving_person_id, struct error *err)
{
	const char *excluded[] = {leaving_person_id, NULL};

	if (!people_has_role(tx, leaving_person_id, ROLE_ADMIN, NULL) ||
		people_count_with_role(tx, ROLE_ADMIN, NULL, excluded) > 0)
		return 0;
	error_set(err, ERROR_CONFLICT, "this is the last admin");
	return error_remedy(err, "grant admin to another person first");
}

static int audit_grant(struct store_tx *tx, const struct principal *by, enum audit_action action,
	const struct grant *grant, int64_t at_us, struct error *err)
{
	json_t *detail = json_object();
	int rc;

	json_set_text(detail, "person", grant->person);
	json_set_text(detail, "group", grant->group);
	json_set_text(detail, "role", role_word(grant->role));
	json_object_set_new(detail, "scope", scope_json(&grant->scope));
	json_set_text(detail, "state", grant_state_word(grant->state));
	json_set_bool(detail, "bootstrap", grant->is_bootstrap);
	rc = people_audit(tx, by, action, "grant", grant->id, detail, at_us, err);
	json_decref(detail);
	return rc;
}

/* Fills in who gets it. Admin is for persons only: each one is confirmed by two. */
static int find_holder(
	struct store_tx *tx, const struct grant_add *add, struct grant *grant, struct error *err)
{
	struct person_group *group;
	struct person *person;
	int rc;

	if (!add->person == !add->group) {
		error_set(err, ERROR_INVALID, "a grant is for one person or for one group");
		error_field(err, "person");
		return error_remedy(err, "give \"person\" or \"group\", not both");
	}
	if (add->person) {
		if ((rc = person_get(tx, add->arena, add->person, &person, err)) < 0)
			return rc;
		memcpy(grant->person_id, person->id, ID_SIZE);
		grant->person = person->name;
		return 0;
	}
	if (add->role == ROLE_ADMIN) {
		error_set(err, ERROR_INVALID, "admin is granted to persons, not to groups");
		error_field(err, "group");
		return error_remedy(err, "grant it to each person: two admins look at each one");
	}
	if ((rc = group_get(tx, add->arena, add->group, &group, err)) < 0)
		return rc;
	memcpy(grant->group_id, group->id, ID_SIZE);
	grant->group = group->name;
	return 0;
}

static int refuse_same(const struct grant *grant, struct error *err)
{
	error_set(err, ERROR_CONFLICT, "%s has %s there already, or it waits for its confirmation",
		grant->person ? grant->person : grant->group, role_word(grant->role));
	return error_remedy(err, "see redbutton grant list");
}

int grant_add(struct store_tx *tx, struct grant_add *add, struct error *err)
{
	struct grant *grant = arena_alloc(add->arena, sizeof(*grant));
	int rc;

	if ((rc = people_require_admin(add->by, err)) < 0 ||
		(rc = people_check_scope(&add->scope, err)) < 0 ||
		(rc = find_holder(tx, add, grant, err)) < 0)
		return rc;
	memcpy(grant->id, add->id, ID_SIZE);
	memcpy(grant->requested_by, add->by->person_id, ID_SIZE);
	grant->requested_by_name = add->by->person_name;
	grant->role = add->role;
	grant->scope = add->scope;
	grant->requested_at_us = add->at_us;
	grant->is_bootstrap = people_is_bootstrap(tx, add->by);
	grant->state =
		add->role == ROLE_ADMIN && !grant->is_bootstrap ? GRANT_PENDING : GRANT_ACTIVE;
	if ((rc = grant_store_find_same(tx, grant, err)) != 0)
		return rc < 0 ? rc : refuse_same(grant, err);
	if ((rc = grant_store_insert(tx, grant, err)) < 0 ||
		(rc = people_note_act(tx, add->by, add->at_us, err)) < 0 ||
		(rc = audit_grant(tx, add->by, AUDIT_GRANT_CREATE, grant, add->at_us, err)) < 0)
		return rc;
	add->ret_grant = grant;
	return 0;
}

/* Two different admins, neither of them the one who gets it. */
static int check_second(struct store_tx *tx, const struct grant_decide *decide,
	const struct grant *grant, struct error *err)
{
	if (grant->state != GRANT_PENDING)
		return error_set(err, ERROR_NO_EFFECT,
			"the grant is %s: there is nothing to confirm",
			grant_state_word(grant->state));
	if (!strcmp(grant->requested_by, decide->by->person_id)) {
		error_set(err, ERROR_FORBIDDEN,
			"%s asked for this grant: another admin has to confirm it",
			decide->by->person_name);
		return error_remedy(
			err, "ask another admin: redbutton grant confirm %s", grant->id);
	}
	if (!strcmp(grant->person_id, decide->by->person_id))
		return error_set(err, ERROR_FORBIDDEN, "nobody confirms a grant to themselves");
	if (decide->at_us - grant->requested_at_us > PEOPLE_CONFIRM_WITHIN_US) {
		error_set(err, ERROR_CONFLICT, "the request is older than 24 hours");
		return error_remedy(
			err, "revoke it and ask anew: redbutton grant revoke %s", grant->id);
	}
	if (!people_has_role(tx, grant->requested_by, ROLE_ADMIN, NULL)) {
		error_set(err, ERROR_CONFLICT, "who asked for it is no admin any more");
		return error_remedy(
			err, "revoke it and ask anew: redbutton grant revoke %s", grant->id);
	}
	return 0;
}

int grant_confirm(struct store_tx *tx, struct grant_decide *decide, struct error *err)
{
	struct grant *grant;
	int rc;

	if ((rc = people_require_admin(decide->by, err)) < 0 ||
		(rc = grant_store_get(tx, decide->arena, decide->id, &grant, err)) < 0 ||
		(rc = check_second(tx, decide, grant, err)) < 0)
		return rc;
	memcpy(grant->confirmed_by, decide->by->person_id, ID_SIZE);
	grant->confirmed_by_name = decide->by->person_name;
	grant->confirmed_at_us = decide->at_us;
	grant->state = GRANT_ACTIVE;
	if ((rc = grant_store_confirm(tx, grant, err)) < 0 ||
		(rc = people_note_act(tx, decide->by, decide->at_us, err)) < 0 ||
		(rc = audit_grant(tx, decide->by, AUDIT_GRANT_CONFIRM, grant, decide->at_us, err)) <
			0)
		return rc;
	decide->ret_grant = grant;
	return 0;
}

static bool is_everywhere(const struct scope *scope)
{
	static const struct scope everywhere = {0};

	return scope_is_covered(scope, &everywhere);
}

int grant_withdraw(struct store_tx *tx, struct grant_decide *decide, struct error *err)
{
	struct grant *grant;
	int rc;

	if ((rc = people_require_admin(decide->by, err)) < 0 ||
		(rc = grant_store_get(tx, decide->arena, decide->id, &grant, err)) < 0)
		return rc;
	if (grant->state == GRANT_ACTIVE && grant->role == ROLE_ADMIN &&
		is_everywhere(&grant->scope) &&
		(rc = grant_check_admin_remains(tx, grant->person_id, err)) < 0)
		return rc;
	if ((rc = grant_store_revoke(tx, grant->id, decide->by->person_id, decide->at_us, err)) < 0)
		return rc;
	grant->state = GRANT_REVOKED;
	grant->revoked_at_us = decide->at_us;
	if ((rc = people_note_act(tx, decide->by, decide->at_us, err)) < 0 ||
		(rc = audit_grant(tx, decide->by, AUDIT_GRANT_REVOKE, grant, decide->at_us, err)) <
			0)
		return rc;
	decide->ret_grant = grant;
	return 0;
}
