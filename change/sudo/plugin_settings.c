#include "change/sudo/plugin_settings.h"

#include "change/gate/gate_key.h"
#include "change/gate/gate_message.h"
#include "lib/base/text.h"

#include <limits.h>
#include <string.h>
#include <sys/un.h>

static int refuse(struct error *err, const char *list, const char *name, const char *what)
{
	error_set(err, ERROR_INVALID, "%s %s", name, what);
	error_field(err, "%s", name);
	return error_place(err, "%s", list);
}

/* The value when `entry` is "name=value". */
static const char *value_of(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1
									 : NULL;
}

int plugin_setting(const char *list_name, char *const *list, const char *name, const char **ret,
	struct error *err)
{
	const char *found = NULL;

	for (size_t i = 0; list[i]; i++) {
		const char *value = value_of(list[i], name);

		if (value && found)
			return refuse(err, list_name, name, "is given twice");
		if (value)
			found = value;
	}
	*ret = found;
	return 0;
}

static int copy_required(struct arena *arena, const char *list_name, char *const *list,
	const char *name, const char **ret, struct error *err)
{
	const char *value = NULL;

	if (plugin_setting(list_name, list, name, &value, err) < 0)
		return err->code;
	if (!value || !*value)
		return refuse(err, list_name, name, "is missing");
	*ret = arena_text(arena, value);
	return 0;
}

static int read_number(const char *list_name, const char *name, const char *value, int64_t max,
	uint32_t *ret, struct error *err)
{
	int64_t number;

	if (text_parse_int64(name, value, 0, max, &number, err) < 0)
		return error_place(err, "%s", list_name);
	*ret = (uint32_t)number;
	return 0;
}

/* --- the Plugin line --- */

#define OPTIONS_PLACE "/etc/sudo.conf, Plugin rcm_approval and rcm_io"

static int take_path(const char *name, const char *value, const char **ret, struct error *err)
{
	if (value[0] != '/' || strlen(value) >= PATH_MAX)
		return refuse(err, OPTIONS_PLACE, name, "must be an absolute path");
	*ret = value;
	return 0;
}

static int take_socket(struct plugin_options *options, const char *value, struct error *err)
{
	if (strlen(value) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return refuse(err, OPTIONS_PLACE, "socket", "is too long for a socket's path");
	return take_path("socket", value, &options->gate.socket, err);
}

static int take_server_uid(struct plugin_options *options, const char *value, struct error *err)
{
	return read_number(
		OPTIONS_PLACE, "server_uid", value, UINT32_MAX - 1, &options->gate.server_uid, err);
}

static int take_public_key(struct plugin_options *options, const char *value, struct error *err)
{
	if (!gate_key_parse(value, options->gate.key))
		return refuse(err, OPTIONS_PLACE, "public_key", GATE_KEY_FORM);
	options->gate.has_key = true;
	return 0;
}

static int take_interactive(struct plugin_options *options, const char *value, struct error *err)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return refuse(err, OPTIONS_PLACE, "interactive", "must be yes or no");
	options->is_interactive = value[0] == 'y';
	return 0;
}

static int take_record_dir(struct plugin_options *options, const char *value, struct error *err)
{
	return take_path("record_dir", value, &options->gate.recordings, err);
}

static const struct {
	const char *name;
	int (*take)(struct plugin_options *options, const char *value, struct error *err);
} option_table[] = {
	{"socket", take_socket},
	{"server_uid", take_server_uid},
	{"public_key", take_public_key},
	{"interactive", take_interactive},
	{"record_dir", take_record_dir},
};

#define OPTION_COUNT (sizeof(option_table) / sizeof(option_table[0]))

static int take_option(struct arena *arena, const char *entry, unsigned *seen,
	struct plugin_options *options, struct error *err)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *value = value_of(entry, option_table[i].name);

		if (!value)
			continue;
		if (*seen & 1u << i)
			return refuse(err, OPTIONS_PLACE, option_table[i].name, "is given twice");
		*seen |= 1u << i;
		return option_table[i].take(options, arena_text(arena, value), err);
	}
	error_set(err, ERROR_INVALID, "option \"%.80s\" is not known", entry);
	error_field(err, "%.80s", entry);
	error_place(err, "%s", OPTIONS_PLACE);
	return error_remedy(err, "there are: socket=PATH server_uid=N public_key=HEX "
				 "interactive=yes|no record_dir=PATH");
}

int plugin_options_read(
	struct arena *arena, char *const *options, struct plugin_options *ret, struct error *err)
{
	struct plugin_options read = {
		.gate = {.socket = GATE_SOCKET_PATH, .recordings = PLUGIN_RECORD_DIR}};
	unsigned seen = 0;

	for (size_t i = 0; options && options[i]; i++)
		if (take_option(arena, options[i], &seen, &read, err) < 0)
			return err->code;
	*ret = read;
	return 0;
}

/* --- who calls --- */

#define CALLER_PLACE	  "user_info of sudo"
#define ENVIRONMENT_PLACE "the environment"

static int read_user(
	struct arena *arena, char *const *info, struct plugin_caller *caller, struct error *err)
{
	const struct {
		const char *name;
		int64_t max;
		uint32_t *ret;
	} numbers[] = {
		{"uid", UINT32_MAX - 1, &caller->uid},
		{"sid", INT32_MAX, &caller->session},
		{"lines", UINT16_MAX, &caller->lines},
		{"cols", UINT16_MAX, &caller->columns},
	};
	const char *text;

	if (copy_required(arena, CALLER_PLACE, info, "user", &caller->user, err) < 0 ||
		copy_required(arena, CALLER_PLACE, info, "cwd", &caller->cwd, err) < 0 ||
		plugin_setting(CALLER_PLACE, info, "tty", &text, err) < 0)
		return err->code;
	caller->tty = text ? arena_text(arena, text) : "";
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (copy_required(arena, CALLER_PLACE, info, numbers[i].name, &text, err) < 0 ||
			read_number(CALLER_PLACE, numbers[i].name, text, numbers[i].max,
				numbers[i].ret, err) < 0)
			return err->code;
	return 0;
}

/* "CHG-" and a number without a leading zero. */
static bool is_change(const char *text)
{
	size_t digits;

	if (!text_starts_with(text, "CHG-"))
		return false;
	text += strlen("CHG-");
	digits = strspn(text, "0123456789");
	return digits >= 1 && digits <= 18 && text[0] != '0' && text[digits] == 0;
}

static int read_wish(struct arena *arena, char *const *environment, struct plugin_caller *caller,
	struct error *err)
{
	const char *change, *step;

	if (plugin_setting(ENVIRONMENT_PLACE, environment, "RCM_CHANGE", &change, err) < 0 ||
		plugin_setting(ENVIRONMENT_PLACE, environment, "RCM_STEP", &step, err) < 0)
		return err->code;
	caller->change = change ? arena_text(arena, change) : "";
	if (*caller->change && !is_change(caller->change)) {
		refuse(err, ENVIRONMENT_PLACE, "RCM_CHANGE", "is no change");
		return error_remedy(err, "RCM_CHANGE=CHG-7 sudo ...");
	}
	if (!step || !*step)
		return 0;
	if (!*caller->change) {
		refuse(err, ENVIRONMENT_PLACE, "RCM_STEP", "is given without RCM_CHANGE");
		return error_remedy(err, "RCM_CHANGE=CHG-7 RCM_STEP=2 sudo ...");
	}
	if (read_number(ENVIRONMENT_PLACE, "RCM_STEP", step, INT32_MAX, &caller->step, err) < 0)
		return err->code;
	return caller->step ? 0 : refuse(err, ENVIRONMENT_PLACE, "RCM_STEP", "must be 1 or more");
}

int plugin_caller_read(struct arena *arena, char *const *user_info, char *const *environment,
	struct plugin_caller *ret, struct error *err)
{
	struct plugin_caller read = {0};

	if (!user_info)
		return refuse(err, CALLER_PLACE, "user_info", "is missing");
	if (!environment)
		return refuse(err, ENVIRONMENT_PLACE, "submit_envp", "is missing");
	if (read_user(arena, user_info, &read, err) < 0 ||
		read_wish(arena, environment, &read, err) < 0)
		return err->code;
	*ret = read;
	return 0;
}

/* --- what will run --- */

#define COMMAND_PLACE "command_info of sudo"

static int check_absolute(const char *name, const char *path, struct error *err)
{
	return path[0] == '/' ? 0 : refuse(err, COMMAND_PLACE, name, "is no absolute path");
}

/* A command in another root is another program under the same name. */
static int refuse_chroot(char *const *info, struct error *err)
{
	const char *root = NULL;

	if (plugin_setting(COMMAND_PLACE, info, "chroot", &root, err) < 0)
		return err->code;
	if (!root || strcmp(root, "/") == 0)
		return 0;
	refuse(err, COMMAND_PLACE, "chroot", "is set: the gate knows no program of another root");
	return error_remedy(err, "take CHROOT out of the rule in sudoers");
}

static int read_edit(char *const *info, struct plugin_command *command, struct error *err)
{
	const char *text;

	if (plugin_setting(COMMAND_PLACE, info, "sudoedit", &text, err) < 0)
		return err->code;
	if (text && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return refuse(err, COMMAND_PLACE, "sudoedit", "is neither true nor false");
	command->is_edit = text && text[0] == 't';
	if (!command->is_edit)
		return 0;
	if (plugin_setting(COMMAND_PLACE, info, "sudoedit_nfiles", &text, err) < 0)
		return err->code;
	if (!text)
		return refuse(err, COMMAND_PLACE, "sudoedit_nfiles", "is missing");
	return read_number(
		COMMAND_PLACE, "sudoedit_nfiles", text, GATE_LIST_MAX, &command->edit_files, err);
}

int plugin_command_read(struct arena *arena, char *const *command_info, struct plugin_command *ret,
	struct error *err)
{
	struct plugin_command read = {0};
	const char *cwd, *runcwd;

	if (!command_info)
		return refuse(err, COMMAND_PLACE, "command_info", "is missing");
	if (copy_required(arena, COMMAND_PLACE, command_info, "command", &read.path, err) < 0 ||
		copy_required(arena, COMMAND_PLACE, command_info, "runas_user", &read.runas, err) <
			0 ||
		plugin_setting(COMMAND_PLACE, command_info, "cwd", &cwd, err) < 0 ||
		plugin_setting(COMMAND_PLACE, command_info, "runcwd", &runcwd, err) < 0 ||
		refuse_chroot(command_info, err) < 0 || read_edit(command_info, &read, err) < 0 ||
		check_absolute("command", read.path, err) < 0 ||
		(cwd && check_absolute("cwd", cwd, err) < 0) ||
		(runcwd && check_absolute("runcwd", runcwd, err) < 0))
		return err->code;
	read.cwd = arena_text(arena, cwd);
	read.runcwd = arena_text(arena, runcwd);
	*ret = read;
	return 0;
}
