#include "change/sudo/plugin_account.h"

#include "change/sudo/plugin_settings.h"
#include "lib/base/text.h"

#include <pwd.h>
#include <string.h>

#define PLACE "command_info of sudo"

static int refuse(const char *setting, const char *name, const char *what, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s: %.64s %s", setting, name, what);
	error_field(err, "%s", setting);
	error_place(err, PLACE);
	return error_remedy(err, "sudo -u ACCOUNT, without -g and -P");
}

static int check_number(char *const *info, const char *setting, bool is_required, const char *name,
	int64_t expected, struct error *err)
{
	const char *text;
	int64_t number;

	if (plugin_setting(PLACE, info, setting, &text, err) < 0)
		return err->code;
	if (!text)
		return is_required ? refuse(setting, name, "is given without it", err) : 0;
	if (text_parse_int64(setting, text, 0, UINT32_MAX, &number, err) < 0)
		return error_place(err, PLACE);
	return number == expected ? 0
				  : refuse(setting, name, "would run as another than itself", err);
}

int plugin_account_check(char *const *command_info, const char *name, struct error *err)
{
	const struct passwd *account = getpwnam(name);
	const char *preserve;

	if (!account)
		return refuse("runas_user", name, "is no account of this host", err);
	if (check_number(command_info, "runas_uid", true, name, account->pw_uid, err) < 0 ||
		check_number(command_info, "runas_gid", true, name, account->pw_gid, err) < 0 ||
		check_number(command_info, "runas_euid", false, name, account->pw_uid, err) < 0 ||
		check_number(command_info, "runas_egid", false, name, account->pw_gid, err) < 0 ||
		plugin_setting(PLACE, command_info, "preserve_groups", &preserve, err) < 0)
		return err->code;
	if (preserve && strcmp(preserve, "false") != 0)
		return refuse("preserve_groups", name, "would keep the caller's groups", err);
	return 0;
}
