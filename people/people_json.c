#include "people/people_rooms.h"

#include "lib/base/json.h"

#define BIT_COUNT 7

json_t *scope_json(const struct scope *scope)
{
	json_t *object = json_object();

	json_set_text(object, "environment", scope->environment);
	json_set_text(object, "service", scope->service);
	json_set_text(object, "team", scope->team);
	json_set_text(object, "kind", scope->kind);
	return object;
}

int scope_from_json(const json_t *object, struct scope *ret, struct error *err)
{
	struct scope scope = {0};
	int rc;

	if ((rc = json_get_text(object, "environment", false, &scope.environment, err)) < 0 ||
		(rc = json_get_text(object, "service", false, &scope.service, err)) < 0 ||
		(rc = json_get_text(object, "team", false, &scope.team, err)) < 0 ||
		(rc = json_get_text(object, "kind", false, &scope.kind, err)) < 0)
		return rc;
	*ret = scope;
	return 0;
}

json_t *role_list_json(unsigned roles)
{
	json_t *list = json_array();

	for (int bit = 0; bit < BIT_COUNT; bit++)
		if (roles & 1u << bit)
			json_array_append_new(list, json_string(role_word((enum role)(1 << bit))));
	return list;
}

json_t *person_json(const struct person *person)
{
	json_t *object = json_object();

	json_set_text(object, "id", person->id);
	json_set_text(object, "name", person->name);
	json_set_text(object, "display_name", person->display_name);
	json_set_text(object, "team", person->team);
	json_set_bool(object, "enabled", person->is_enabled);
	json_set_int(object, "version", person->version);
	json_set_time(object, "created_at", person->created_at_us);
	json_set_time(object, "changed_at", person->changed_at_us);
	return object;
}

json_t *group_json(const struct person_group *group)
{
	json_t *object = json_object();
	json_t *members = json_array();

	json_set_text(object, "id", group->id);
	json_set_text(object, "name", group->name);
	for (const char **name = group->members; *name; name++)
		json_array_append_new(members, json_string(*name));
	json_object_set_new(object, "members", members);
	json_set_time(object, "created_at", group->created_at_us);
	return object;
}

json_t *grant_json(const struct grant *grant, int64_t now_us)
{
	json_t *object = json_object();
	bool is_expired = grant->state == GRANT_PENDING &&
			  now_us - grant->requested_at_us > PEOPLE_CONFIRM_WITHIN_US;

	json_set_text(object, "id", grant->id);
	json_set_text(object, "person", grant->person);
	json_set_text(object, "group", grant->group);
	json_set_text(object, "role", role_word(grant->role));
	json_object_set_new(object, "scope", scope_json(&grant->scope));
	json_set_text(object, "state", is_expired ? "EXPIRED" : grant_state_word(grant->state));
	json_set_bool(object, "bootstrap", grant->is_bootstrap);
	json_set_text(object, "requested_by", grant->requested_by_name);
	json_set_time(object, "requested_at", grant->requested_at_us);
	json_set_text(object, "confirmed_by", grant->confirmed_by_name);
	json_set_time(object, "confirmed_at", grant->confirmed_at_us);
	json_set_time(object, "revoked_at", grant->revoked_at_us);
	return object;
}

static const char *shown_token_state(const struct token *token, int64_t now_us)
{
	bool is_late = token->state == TOKEN_PENDING &&
		       now_us - token->created_at_us > PEOPLE_CONFIRM_WITHIN_US;

	if (token->state != TOKEN_REVOKED && (is_late || token->expires_at_us <= now_us))
		return "EXPIRED";
	return token_state_word(token->state);
}

json_t *token_json(const struct token *token, int64_t now_us)
{
	json_t *object = json_object();

	json_set_text(object, "id", token->id);
	json_set_text(object, "name", token->name);
	json_set_text(object, "person", token->person);
	json_object_set_new(object, "roles", role_list_json(token->roles));
	json_set_text(object, "state", shown_token_state(token, now_us));
	json_set_bool(object, "bootstrap", token->is_bootstrap);
	json_set_text(object, "created_by", token->created_by_name);
	json_set_time(object, "created_at", token->created_at_us);
	json_set_time(object, "expires_at", token->expires_at_us);
	json_set_time(object, "used_at", token->used_at_us);
	json_set_time(object, "revoked_at", token->revoked_at_us);
	return object;
}

json_t *peer_json(const struct peer *peer, int64_t now_us)
{
	json_t *object = json_object();
	bool is_late = peer->is_pending && now_us - peer->mapped_at_us > PEOPLE_CONFIRM_WITHIN_US;

	json_set_int(object, "uid", peer->uid);
	json_set_text(object, "person", peer->person);
	json_set_text(object, "state",
		is_late		   ? "EXPIRED"
		: peer->is_pending ? "PENDING"
				   : "ACTIVE");
	json_set_text(object, "mapped_by", peer->mapped_by_name);
	json_set_time(object, "mapped_at", peer->mapped_at_us);
	return object;
}

json_t *principal_json(const struct principal *principal)
{
	json_t *object = json_object();
	json_t *grants = json_array();

	json_set_text(object, "name", principal->person_name);
	if (principal->person_id[0])
		json_set_text(object, "id", principal->person_id);
	json_set_text(object, "credential", principal->is_token ? "token" : "peer");
	if (principal->is_token)
		json_set_text(object, "token_id", principal->actor.id);
	json_set_time(object, "expires_at", principal->expires_at_us);
	json_object_set_new(object, "roles", role_list_json(principal->roles));
	for (size_t i = 0; i < principal->grant_count; i++) {
		json_t *grant = json_object();

		json_set_text(grant, "role", role_word(principal->grants[i].role));
		json_object_set_new(grant, "scope", scope_json(&principal->grants[i].scope));
		json_array_append_new(grants, grant);
	}
	json_object_set_new(object, "grants", grants);
	return object;
}
