#include "people/people.h"

#include "lib/base/buf.h"
#include "people/people_rooms.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum role role;
	const char *word;
} role_rows[] = {
#define X(name, bit, word) {ROLE_##name, word},
	ROLE_TABLE(X)
#undef X
};
#define ROLE_COUNT (sizeof(role_rows) / sizeof(role_rows[0]))

const char *role_word(enum role role)
{
	for (size_t i = 0; i < ROLE_COUNT; i++)
		if (role_rows[i].role == role)
			return role_rows[i].word;
	return "none";
}

static int refuse_role(const char *field, const char *word, struct error *err)
{
	const char *words[ROLE_COUNT];
	const char *nearest;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ROLE_COUNT; i++)
		words[i] = role_rows[i].word;
	nearest = text_nearest(word, words, ROLE_COUNT);
	text_add_visible(&text, word, strnlen(word, TEXT_NAME_MAX));
	error_set(err, ERROR_INVALID, "there is no role \"%s\"", buf_text(&text));
	error_field(err, "%s", field);
	buf_done(&text);
	if (nearest)
		return error_remedy(err, "did you mean %s?", nearest);
	return error_remedy(
		err, "the roles are viewer, author, approver, commander, admin, auditor, agent");
}

int role_parse(const char *field, const char *word, enum role *ret, struct error *err)
{
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		if (!strcmp(role_rows[i].word, word)) {
			*ret = role_rows[i].role;
			return 0;
		}
	}
	refuse_role(field, word, err);
	return ERROR_INVALID;
}

void people_role_words(unsigned roles, char *ret_words, size_t size)
{
	size_t at = 0;

	ret_words[0] = '\0';
	for (size_t i = 0; i < ROLE_COUNT && at < size; i++)
		if (roles & role_rows[i].role)
			at += (size_t)snprintf(ret_words + at, size - at, "%s%s", at ? " " : "",
				role_rows[i].word);
}

unsigned people_role_bits(const char *words)
{
	unsigned roles = 0;

	for (const char *at = words; at && *at;) {
		size_t length = strcspn(at, " ");

		for (size_t i = 0; i < ROLE_COUNT; i++)
			if (strlen(role_rows[i].word) == length &&
				!memcmp(role_rows[i].word, at, length))
				roles |= role_rows[i].role;
		at += length;
		at += strspn(at, " ");
	}
	return roles;
}

int people_fold(const char *field, const char *name, char *folded, struct error *err)
{
	int rc = text_check_name(field, name, err);

	if (rc < 0)
		return rc;
	for (; *name; name++, folded++)
		*folded = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
	*folded = '\0';
	return 0;
}

static bool is_member_covered(const char *granted, const char *asked)
{
	return !granted || (asked && !strcmp(granted, asked));
}

bool scope_is_covered(const struct scope *grant, const struct scope *asked)
{
	static const struct scope everywhere = {0};

	if (!asked)
		asked = &everywhere;
	return is_member_covered(grant->environment, asked->environment) &&
	       is_member_covered(grant->service, asked->service) &&
	       is_member_covered(grant->team, asked->team) &&
	       is_member_covered(grant->kind, asked->kind);
}

static void add_member(struct buf *out, const char *before, const char *key, const char *between,
	const char *value)
{
	if (!value)
		return;
	buf_add_format(out, "%s%s%s", before, key, between);
	text_add_visible(out, value, strlen(value));
}

static void add_scope(
	struct buf *out, const struct scope *scope, const char *before, const char *between)
{
	if (!scope)
		return;
	add_member(out, before, "environment", between, scope->environment);
	add_member(out, before, "service", between, scope->service);
	add_member(out, before, "team", between, scope->team);
	add_member(out, before, "kind", between, scope->kind);
}

static bool is_scoped(const struct scope *scope)
{
	return scope && (scope->environment || scope->service || scope->team || scope->kind);
}

static int refuse_principal(const struct principal *principal, enum role role,
	const struct scope *scope, struct error *err)
{
	struct buf text = BUF_INIT;

	buf_add_format(&text, "%s %s not %s", principal->actor.name,
		principal->is_token ? "with this token is" : "is", role_word(role));
	if (is_scoped(scope))
		add_scope(&text, scope, " in ", " ");
	else
		buf_add_text(&text, " everywhere");
	error_set(err, ERROR_FORBIDDEN, "%s", buf_text(&text));
	buf_clear(&text);
	add_scope(&text, scope, " --", " ");
	if (principal->person_id[0])
		error_remedy(err,
			"an admin can grant it: redbutton grant add --person %s --role %s%s",
			principal->person_name, role_word(role), buf_text(&text));
	else
		error_remedy(err,
			"an admin can map this user to a person: redbutton peer map UID PERSON");
	buf_done(&text);
	return ERROR_FORBIDDEN;
}

int principal_require(const struct principal *principal, enum role role, const struct scope *scope,
	struct error *err)
{
	if (!principal)
		return error_set(err, ERROR_FORBIDDEN, "nobody is logged in");
	for (size_t i = 0; i < principal->grant_count; i++)
		if (principal->grants[i].role == role &&
			scope_is_covered(&principal->grants[i].scope, scope))
			return 0;
	return refuse_principal(principal, role, scope, err);
}

int people_require_admin(const struct principal *principal, struct error *err)
{
	return principal_require(principal, ROLE_ADMIN, NULL, err);
}

static int check_label(const char *field, const char *value, struct error *err)
{
	return value ? text_check_name(field, value, err) : 0;
}

int people_check_scope(const struct scope *scope, struct error *err)
{
	int rc;

	if ((rc = check_label("environment", scope->environment, err)) < 0 ||
		(rc = check_label("service", scope->service, err)) < 0 ||
		(rc = check_label("team", scope->team, err)) < 0)
		return rc;
	return check_label("kind", scope->kind, err);
}

int people_audit(struct store_tx *tx, const struct principal *by, enum audit_action action,
	const char *subject_kind, const char *subject_id, const json_t *detail, int64_t at_us,
	struct error *err)
{
	struct audit_record record = {
		.actor = by ? &by->actor : &audit_system,
		.action = action,
		.outcome = AUDIT_OK,
		.subject_kind = subject_kind,
		.subject_id = subject_id,
		.detail = detail,
	};

	return audit_append(tx, &record, at_us, NULL, err);
}

bool people_is_in_group(struct store_tx *tx, const char *person_id, const char *group)
{
	struct arena arena = ARENA_INIT;
	struct person_group *found;
	char folded[PEOPLE_LABEL_SIZE];
	bool is_in;

	is_in = people_fold("group", group, folded, NULL) == 0 &&
		person_store_group(tx, &arena, folded, &found, NULL) == 0 &&
		person_store_is_member(tx, found->id, person_id) &&
		person_store_is_enabled(tx, person_id);
	arena_done(&arena);
	return is_in;
}

bool people_has_group(struct store_tx *tx, const char *group)
{
	struct arena arena = ARENA_INIT;
	struct person_group *found;
	char folded[PEOPLE_LABEL_SIZE];
	bool is_there = people_fold("group", group, folded, NULL) == 0 &&
			person_store_group(tx, &arena, folded, &found, NULL) == 0;

	arena_done(&arena);
	return is_there;
}

bool people_has_role(
	struct store_tx *tx, const char *person_id, enum role role, const struct scope *scope)
{
	if (!person_store_is_enabled(tx, person_id))
		return false;
	return role == ROLE_VIEWER || grant_store_has(tx, person_id, role, scope);
}

bool people_is_enabled(struct store_tx *tx, const char *person_id)
{
	return person_store_is_enabled(tx, person_id);
}

struct holder_count {
	const char *const *excluded;
	int64_t count;
};

static void count_holder(void *arg, const char *person_id)
{
	struct holder_count *holders = arg;

	for (const char *const *left_out = holders->excluded; left_out && *left_out; left_out++)
		if (!strcmp(*left_out, person_id))
			return;
	holders->count++;
}

int64_t people_count_with_role(
	struct store_tx *tx, enum role role, const struct scope *scope, const char *const *excluded)
{
	struct holder_count holders = {.excluded = excluded};

	if (grant_store_holders(tx, role, scope, count_holder, &holders, NULL) < 0)
		return 0;
	return holders.count;
}

int64_t people_count_in_group(struct store_tx *tx, const char *group, const char *const *excluded)
{
	struct holder_count members = {.excluded = excluded};
	struct arena arena = ARENA_INIT;
	struct person_group *found;
	char folded[PEOPLE_LABEL_SIZE];

	if (people_fold("group", group, folded, NULL) == 0 &&
		person_store_group(tx, &arena, folded, &found, NULL) == 0 &&
		person_store_members(tx, found->id, count_holder, &members, NULL) < 0)
		members.count = 0;
	arena_done(&arena);
	return members.count;
}

static int copy_text(const char *text, char *out, size_t size, struct error *err)
{
	if (snprintf(out, size, "%s", text) >= (int)size)
		return error_set(err, ERROR_INTERNAL, "%zu bytes cannot hold a name", size);
	return 0;
}

int people_team(
	struct store_tx *tx, const char *person_id, char *ret_team, size_t size, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct person *person;
	int rc = person_store_by_id(tx, &arena, person_id, &person, err);

	if (rc == 0)
		rc = copy_text(person->team, ret_team, size, err);
	arena_done(&arena);
	return rc;
}

int people_name(
	struct store_tx *tx, const char *person_id, char *ret_name, size_t size, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct person *person;
	int rc = person_store_by_id(tx, &arena, person_id, &person, err);

	if (rc == 0)
		rc = copy_text(person->name, ret_name, size, err);
	arena_done(&arena);
	return rc;
}

int people_find(
	struct store_tx *tx, const char *name, char ret_id[static ID_SIZE], struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct person *person;
	int rc = person_get(tx, &arena, name, &person, err);

	if (rc == 0)
		memcpy(ret_id, person->id, ID_SIZE);
	arena_done(&arena);
	return rc;
}
