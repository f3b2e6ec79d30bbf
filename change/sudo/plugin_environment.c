#include "change/sudo/plugin_environment.h"

#include "change/command/steering.h"
#include "change/gate/trust.h"

#include <limits.h>
#include <string.h>

#define NAME_SHOWN 80

/* Also one that is not there is harmless, where nobody but root can make it. */
static bool is_root_only(const char *path)
{
	struct error doubt = ERROR_INIT;
	int code = trust_check(path, &doubt);

	return code == 0 || code == ERROR_NOT_FOUND;
}

static bool has_safe_folders(const char *value)
{
	char folder[PATH_MAX];

	for (;;) {
		size_t length = strcspn(value, ":");

		if (length == 0 || length >= sizeof(folder))
			return false;
		memcpy(folder, value, length);
		folder[length] = 0;
		if (!is_root_only(folder))
			return false;
		if (!value[length])
			return true;
		value += length + 1;
	}
}

static bool is_callers_choice(const char *value)
{
	(void)value;
	return true;
}

static const struct {
	const char *name;
	bool is_of_edits; /* only there */
	bool (*is_harmless)(const char *value);
} usual[] = {
	{"PATH", false, has_safe_folders},
	{"SHELL", false, is_root_only},
	{"PATH", true, is_callers_choice},
	{"SHELL", true, is_callers_choice},
	{"EDITOR", true, is_callers_choice},
	{"VISUAL", true, is_callers_choice},
	{"SUDO_EDITOR", true, is_callers_choice},
};

static bool is_usual(const char *variable, bool is_edit)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		size_t length = strlen(usual[i].name);

		if (strncmp(variable, usual[i].name, length) == 0 && variable[length] == '=' &&
			(is_edit || !usual[i].is_of_edits) &&
			usual[i].is_harmless(variable + length + 1))
			return true;
	}
	return false;
}

int plugin_environment_check(char *const *environment, bool is_edit, struct error *err)
{
	for (size_t i = 0; environment[i]; i++) {
		int length = (int)strcspn(environment[i], "=");

		if (!command_is_steering(environment[i]) || is_usual(environment[i], is_edit))
			continue;
		error_set(err, ERROR_FORBIDDEN, "environment changes what runs: %.*s",
			length < NAME_SHOWN ? length : NAME_SHOWN, environment[i]);
		error_field(err, "%.*s", length, environment[i]);
		return error_remedy(err, "unset it; sudoers must not keep it (env_keep, SETENV)");
	}
	return 0;
}
