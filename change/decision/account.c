/* Accounts of hosts: whose they are. An account that is nobody's may do nothing. */
#include "change/decision/decision_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNT_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@$\\"
#define ACCOUNT_MAX   64

/* As passwd(5) and directories have them. */
static int check_name(const char *account, struct error *err)
{
	size_t length = strlen(account);

	if (length && length <= ACCOUNT_MAX && *account != '-' && *account != '.' &&
		strspn(account, ACCOUNT_BYTES) == length)
		return 0;
	error_set(err, ERROR_INVALID, "this is no account of a host");
	error_field(err, "account");
	return error_remedy(err, "its name as `id -un` prints it, or its uid");
}

static int check_account(const struct account_change *change, struct error *err)
{
	int rc;

	if ((rc = text_check_name("target", change->target, err)) < 0 ||
		(rc = check_name(change->account, err)) < 0)
		return rc;
	if (strcmp(change->account, "root") != 0 && strcmp(change->account, "0") != 0)
		return 0;
	error_set(err, ERROR_INVALID, "root is an account of many, and so of nobody");
	error_field(err, "account");
	return error_remedy(err, "map the accounts from which people become root");
}

static int record(struct store_tx *tx, const struct account_change *change,
	enum audit_action action, struct error *err)
{
	struct arena arena = ARENA_INIT;
	json_t *detail = json_object();
	const struct audit_record record = {
		.actor = &change->by->actor,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = "account",
		.subject_id = arena_format(&arena, "%s/%s", change->target, change->account),
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "person", change->person);
	rc = audit_append(tx, &record, change->at_us, NULL, err);
	json_decref(detail);
	arena_done(&arena);
	return rc;
}

int account_map(struct store_tx *tx, struct account_change *change, struct error *err)
{
	struct account *account = arena_alloc(change->arena, sizeof(*account));
	struct target *target;
	int rc;

	if ((rc = principal_require(change->by, ROLE_ADMIN, NULL, err)) < 0 ||
		(rc = check_account(change, err)) < 0 ||
		(rc = people_find(tx, change->person, account->person_id, err)) < 0)
		return rc;
	if (strcmp(change->target, ACCOUNT_EVERYWHERE) != 0 &&
		(rc = target_get(tx, change->arena, change->target, &target, err)) < 0)
		return rc;
	account->target = change->target;
	account->account = change->account;
	account->person = change->person;
	account->mapped_by = change->by->person_name;
	account->mapped_at_us = change->at_us;
	if ((rc = account_store_put(tx, account, err)) < 0 ||
		(rc = people_note_act(tx, change->by, change->at_us, err)) < 0)
		return rc;
	change->ret_account = account;
	return record(tx, change, AUDIT_ACCOUNT_MAP, err);
}

int account_unmap(struct store_tx *tx, struct account_change *change, struct error *err)
{
	int rc;

	if ((rc = principal_require(change->by, ROLE_ADMIN, NULL, err)) < 0 ||
		(rc = check_name(change->account, err)) < 0 ||
		(rc = account_store_remove(tx, change->target, change->account, err)) < 0)
		return rc;
	if (!rc)
		return error_set(err, ERROR_NOT_FOUND, "the account %s on %s is nobody's",
			change->account, change->target);
	if ((rc = people_note_act(tx, change->by, change->at_us, err)) < 0)
		return rc;
	return record(tx, change, AUDIT_ACCOUNT_UNMAP, err);
}

/* What is said of one host goes before what is said of all. */
int account_find(struct store_tx *tx, const char *target, const char *user, int64_t uid,
	char ret_person[static ID_SIZE], struct error *err)
{
	char digits[24];
	const char *const hosts[] = {target, ACCOUNT_EVERYWHERE};
	const char *const accounts[] = {user, uid >= 0 ? digits : NULL};
	int rc = 0;

	snprintf(digits, sizeof(digits), "%lld", (long long)uid);
	ret_person[0] = 0;
	for (size_t i = 0; rc == 0 && i < 2; i++)
		for (size_t j = 0; rc == 0 && j < 2; j++)
			if (hosts[i] && *hosts[i] && accounts[j] && *accounts[j])
				rc = account_store_find(tx, hosts[i], accounts[j], ret_person, err);
	return rc < 0 ? rc : 0;
}

json_t *account_json(const struct account *account)
{
	json_t *object = json_object();

	json_set_text(object, "target", account->target);
	json_set_text(object, "account", account->account);
	json_set_text(object, "person", account->person);
	json_set_text(object, "mapped_by", account->mapped_by);
	json_set_time(object, "mapped_at", account->mapped_at_us);
	return object;
}
