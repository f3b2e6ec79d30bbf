#include "people/people_rooms.h"

#include "lib/base/id.h"
#include "lib/base/json.h"

#include <string.h>

#define FIRST_ADMIN "admin"

void people_bootstrap_init(struct people_bootstrap *bootstrap, int64_t at_us)
{
	char hash[PEOPLE_HASH_SIZE];

	memset(bootstrap, 0, sizeof(*bootstrap));
	id_new(bootstrap->person_id);
	id_new(bootstrap->grant_id);
	id_new(bootstrap->token_id);
	token_draw(bootstrap->token, hash);
	bootstrap->at_us = at_us;
}

static int add_first_person(
	struct store_tx *tx, const struct people_bootstrap *bootstrap, struct error *err)
{
	struct person person = {
		.name = FIRST_ADMIN,
		.display_name = FIRST_ADMIN,
		.team = "",
		.is_enabled = true,
		.version = 1,
		.created_at_us = bootstrap->at_us,
		.changed_at_us = bootstrap->at_us,
	};

	memcpy(person.id, bootstrap->person_id, ID_SIZE);
	return person_store_insert(tx, &person, err);
}

static int add_first_grant(
	struct store_tx *tx, const struct people_bootstrap *bootstrap, struct error *err)
{
	struct grant grant = {
		.role = ROLE_ADMIN,
		.state = GRANT_ACTIVE,
		.is_bootstrap = true,
		.requested_at_us = bootstrap->at_us,
	};

	memcpy(grant.id, bootstrap->grant_id, ID_SIZE);
	memcpy(grant.person_id, bootstrap->person_id, ID_SIZE);
	return grant_store_insert(tx, &grant, err);
}

static int add_first_token(
	struct store_tx *tx, const struct people_bootstrap *bootstrap, struct error *err)
{
	struct first_start first = {0};
	struct token token = {
		.name = "first start",
		.roles = ROLE_ADMIN | ROLE_VIEWER,
		.state = TOKEN_ACTIVE,
		.is_bootstrap = true,
		.created_at_us = bootstrap->at_us,
		.expires_at_us = bootstrap->at_us + PEOPLE_BOOTSTRAP_LIFE_US,
	};
	int rc;

	memcpy(token.id, bootstrap->token_id, ID_SIZE);
	memcpy(token.person_id, bootstrap->person_id, ID_SIZE);
	token_hash(bootstrap->token, token.hash);
	if ((rc = token_store_insert(tx, &token, err)) < 0)
		return rc;
	memcpy(first.person_id, bootstrap->person_id, ID_SIZE);
	memcpy(first.token_id, bootstrap->token_id, ID_SIZE);
	return token_store_set_first_start(tx, &first, bootstrap->at_us, err);
}

static int audit_first(struct store_tx *tx, const struct people_bootstrap *bootstrap,
	enum audit_action action, const char *kind, const char *id, struct error *err)
{
	json_t *detail = json_object();
	int rc;

	json_set_text(detail, "person", FIRST_ADMIN);
	json_set_bool(detail, "bootstrap", true);
	rc = people_audit(tx, NULL, action, kind, id, detail, bootstrap->at_us, err);
	json_decref(detail);
	return rc;
}

int people_bootstrap(struct store_tx *tx, void *arg, struct error *err)
{
	struct people_bootstrap *bootstrap = arg;
	int64_t count = person_store_count(tx, err);
	int rc;

	if (count < 0)
		return (int)count;
	bootstrap->ret_created = false;
	if (count > 0)
		return 0;
	if ((rc = add_first_person(tx, bootstrap, err)) < 0 ||
		(rc = add_first_grant(tx, bootstrap, err)) < 0 ||
		(rc = add_first_token(tx, bootstrap, err)) < 0 ||
		(rc = audit_first(tx, bootstrap, AUDIT_PERSON_CREATE, "person",
			 bootstrap->person_id, err)) < 0 ||
		(rc = audit_first(tx, bootstrap, AUDIT_GRANT_CREATE, "grant", bootstrap->grant_id,
			 err)) < 0 ||
		(rc = audit_first(
			 tx, bootstrap, AUDIT_TOKEN_CREATE, "token", bootstrap->token_id, err)) < 0)
		return rc;
	bootstrap->ret_created = true;
	return 0;
}
