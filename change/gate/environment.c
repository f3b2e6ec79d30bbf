/* What a command gets as its environment: made anew, so that nothing of the caller's steers it
 * unseen. */
#include "change/gate/rcm_rooms.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of ours, what a terminal and a language need. */
static const char *const passed[] = {"TERM", "TZ", "LANG", "LANGUAGE"};
#define PASSED_PREFIX "LC_"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *rcm_value(const char *const *env, const char *name)
{
	size_t length = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, length) && (*env)[length] == '=')
			return *env + length + 1;
	return NULL;
}

static size_t length_of(const char *const *list)
{
	size_t count = 0;

	while (list[count])
		count++;
	return count;
}

static bool is_passed(const char *variable)
{
	size_t length = strcspn(variable, "=");

	for (size_t i = 0; i < COUNT(passed); i++)
		if (strlen(passed[i]) == length && !strncmp(passed[i], variable, length))
			return true;
	return !strncmp(variable, PASSED_PREFIX, strlen(PASSED_PREFIX));
}

static bool has(const char *const *list, const char *variable)
{
	char name[64];
	size_t length = strcspn(variable, "=");

	if (length >= sizeof(name))
		return false;
	memcpy(name, variable, length);
	name[length] = 0;
	return rcm_value(list, name) != NULL;
}

const struct account *rcm_account(struct rcm *rcm, uid_t uid)
{
	struct account **place = rcm->accounts;

	for (; *place && (*place)->uid != uid; place++)
		;
	if (!*place) {
		struct account found = account_of(&rcm->arena, uid);

		*place = arena_copy(&rcm->arena, &found, sizeof(found));
	}
	return *place;
}

const char *const *rcm_environment(struct rcm *rcm, const char *const *own)
{
	const struct account *account = rcm_account(rcm, geteuid());
	const char *const base[] = {
		arena_format(&rcm->arena, "HOME=%s", account->home),
		arena_format(&rcm->arena, "LOGNAME=%s", account->name),
		"PATH=" RCM_SEARCH,
		arena_format(&rcm->arena, "USER=%s", account->name),
	};
	size_t count = length_of(own), ours = length_of((const char *const *)environ);
	const char **list =
		arena_alloc(&rcm->arena, (count + COUNT(base) + ours + 1) * sizeof(*list));

	memcpy(list, own, count * sizeof(*list));
	for (size_t i = 0; i < COUNT(base); i++)
		if (!has(own, base[i]))
			list[count++] = base[i];
	for (size_t i = 0; i < ours; i++)
		if (is_passed(environ[i]) && !has(own, environ[i]))
			list[count++] = environ[i];
	return list;
}

int rcm_add_variable(struct rcm *rcm, const char *given, struct error *err)
{
	size_t length = strcspn(given, "=");
	const char *value = given[length] ? given + length + 1 : getenv(given);

	if (!length || strspn(given, "0123456789") ||
		strspn(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") <
			length)
		return error_set(err, ERROR_USAGE, "%s is no NAME=VALUE", given);
	if (!value)
		return error_set(
			err, ERROR_USAGE, "%s is not set here: write %s=VALUE", given, given);
	if (rcm->env_count == RCM_VARIABLES_MAX)
		return error_set(err, ERROR_USAGE, "more than %d variables", RCM_VARIABLES_MAX);
	rcm->env[rcm->env_count++] =
		arena_format(&rcm->arena, "%.*s=%s", (int)length, given, value);
	return 0;
}
