/* The two symbols that sudo looks up, and the only state of the process. */
#include "change/sudo/plugin.h"

static struct plugin plugin;

/* --- approval --- */

static int approval_open(unsigned int version, sudo_conv_t conversation,
	sudo_printf_t sudo_plugin_printf, char *const settings[], char *const user_info[],
	int submit_optind, char *const submit_argv[], char *const submit_envp[],
	char *const plugin_options[], const char **errstr)
{
	const struct plugin_opening opening = {
		.converse = conversation,
		.print = sudo_plugin_printf,
		.version = version,
		.user_info = user_info,
		.environment = submit_envp,
		.options = plugin_options,
	};

	(void)settings;
	(void)submit_optind;
	(void)submit_argv;
	return plugin_check_open(&plugin, &opening, errstr) == 1 ? 1 : -1;
}

static void approval_close(void)
{
	plugin_check_close(&plugin);
}

/* sudo fills in event_alloc when it takes up an I/O plugin, before any is opened. */
static int approval_check(char *const command_info[], char *const run_argv[],
	char *const run_envp[], const char **errstr)
{
	return plugin_check(&plugin, rcm_io.event_alloc, command_info, run_argv, run_envp, errstr);
}

__attribute__((visibility("default"))) struct approval_plugin rcm_approval = {
	.type = SUDO_APPROVAL_PLUGIN,
	.version = SUDO_API_VERSION,
	.open = approval_open,
	.close = approval_close,
	.check = approval_check,
};

/* --- I/O --- */

static int io_open(unsigned int version, sudo_conv_t conversation, sudo_printf_t sudo_plugin_printf,
	char *const settings[], char *const user_info[], char *const command_info[], int argc,
	char *const argv[], char *const user_env[], char *const plugin_options[],
	const char **errstr)
{
	const struct plugin_io_opening opening = {
		.converse = conversation,
		.print = sudo_plugin_printf,
		.version = version,
		.user_info = user_info,
		.argv = argv,
		.options = plugin_options,
		.event_alloc = rcm_io.event_alloc,
	};

	(void)settings;
	(void)command_info;
	(void)argc;
	(void)user_env;
	return plugin_io_open(&plugin, &opening, errstr) == 1 ? 1 : -1;
}

static void io_close(int exit_status, int error)
{
	plugin_io_close(&plugin, exit_status, error);
}

static int log_input(const char *buf, unsigned int len, const char **errstr)
{
	return plugin_io_log(&plugin, 'i', buf, len, errstr);
}

static int log_output(const char *buf, unsigned int len, const char **errstr)
{
	return plugin_io_log(&plugin, 'o', buf, len, errstr);
}

static int io_change_winsize(unsigned int lines, unsigned int cols, const char **errstr)
{
	return plugin_io_resize(&plugin, lines, cols, errstr);
}

__attribute__((visibility("default"))) struct io_plugin rcm_io = {
	.type = SUDO_IO_PLUGIN,
	.version = SUDO_API_VERSION,
	.open = io_open,
	.close = io_close,
	.log_ttyin = log_input,
	.log_ttyout = log_output,
	.log_stdin = log_input,
	.log_stdout = log_output,
	.log_stderr = log_output,
	.change_winsize = io_change_winsize,
};

__attribute__((destructor)) static void at_exit(void)
{
	plugin_io_exit(&plugin);
}
