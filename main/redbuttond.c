#include "audit/audit_verify.h"
#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/moment.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "main/app.h"
#include "main/doctor.h"
#include "main/gate.h"
#include "main/manual.h"
#include "main/memory.h"
#include "main/openapi.h"
#include "main/restore.h"
#include "main/settings.h"
#include "operations/restore.h"
#include "plans/plan_test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int print_help(int argc, char **argv);
static int print_version(int argc, char **argv);
static int print_config(int argc, char **argv);

static int print_manual(int argc, char **argv);
static int verify(int argc, char **argv);
static int accept_restore(int argc, char **argv);
static int restore(int argc, char **argv);

static const struct mode modes[] = {
	{"--verify", "[--db FILE | --export FILE] [--checkpoint FILE] [--key FILE] [--json]",
		verify, "check the audit, read-only, with or without a daemon"},
	{"--accept-restore", "--reason TEXT --token-file FILE --second-token-file FILE",
		accept_restore, "go on after a known restore, with the daemon stopped; two admins"},
	{"--restore", "FILE [--checkpoint FILE]", restore,
		"put a backup in the place of the database, with the daemon stopped"},
	{"--doctor", "[--json] [FLAGS]", doctor_main,
		"look at everything the daemon stands on; ends with 0, 1 (look) or 2 (broken)"},
	{"--gate", "[URL] [FLAGS]", gate_main,
		"serve the gate's socket of a production host, asking the daemon there"},
	{"--gate-breakglass-new", "[--gate-glass FILE]", gate_glass_main,
		"make this host's sealed code anew and print it, once: put it into an envelope"},
	{"--plan-test", "FILE [PARAM=VALUE ...] [--lint] [--describe] [--json]", plan_test_main,
		"run a plan's file in the jail and print its graph, without a daemon"},
	{"--print-config", "[FLAGS]", print_config,
		"print the settings as they would hold, and end"},
	{"--print-openapi", "", openapi_print, "print the API document (OpenAPI 3.1), and end"},
	{"--help", "", print_help, "print this"},
	{"--version", "", print_version, "print the version"},
	{"--man", "[settings]", print_manual, NULL},
};

#define MODE_COUNT (sizeof(modes) / sizeof(modes[0]))

/* It may quote a file or a flag, whatever bytes are in there. */
static void say(const char *before, const char *text)
{
	struct buf line = BUF_INIT;

	text_add_visible(&line, text, strlen(text));
	fprintf(stderr, "%s: %s\n", before, buf_text(&line));
	buf_done(&line);
}

static int fail(const struct error *err)
{
	say("redbuttond", err->message);
	if (*err->place)
		say("  at", err->place);
	if (*err->remedy)
		say("  remedy", err->remedy);
	return error_exit(err->code);
}

/* What is not named is looked for where the settings say. */
static int verify(int argc, char **argv)
{
	struct audit_verify_options options = {.may_lack_checkpoint = true, .may_lack_key = true};
	struct config *settings = NULL;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	int none = 1, code;

	if (settings_read(&none, argv, &settings, &err) < 0)
		return fail(&err);
	options.database =
		arena_format(&arena, "%s/redbutton.db", config_text(settings, "data-dir"));
	options.checkpoint_path = settings_text(settings, "checkpoint-file");
	options.key_path = settings_text(settings, "signing-key");
	if (options.key_path && text_starts_with(options.key_path, "file:"))
		options.key_path += strlen("file:");
	options.schemas = app_schemas(&options.schema_count);
	options.crosschecks = app_crosschecks(&options.crosscheck_count);
	code = audit_verify_main(argc, argv, &options);
	config_free(settings);
	arena_done(&arena);
	return code;
}

static int accept_restore(int argc, char **argv)
{
	struct config *settings = NULL;
	struct error err = ERROR_INIT;
	int none = 1, rc = settings_read(&none, argv, &settings, &err);

	if (rc == 0)
		rc = restore_accept(settings, argc, argv, &err);
	config_free(settings);
	if (rc < 0)
		return fail(&err);
	puts("accepted: it is in the audit, and a new checkpoint is outside; start the daemon");
	return 0;
}

static void print_restored(const struct restore_result *result)
{
	printf("restored: %lld records of audit verified%s\n", (long long)result->audit.records,
		result->has_note ? ", and they are those of its checkpoint"
				 : "; no checkpoint of it was given to compare");
	if (*result->kept)
		printf("the database of before is kept: %s\n", result->kept);
	if (result->older.count)
		printf("its tables are older: the next start upgrades them, after a copy\n");
	puts("next: start the daemon; when it refuses because the checkpoint outside is newer, two "
	     "admins go on with\n"
	     "  redbutton audit accept-restore --reason TEXT --first-token-file FILE "
	     "--second-token-file FILE\n"
	     "Runs that were open then ask a person; those that had not started are canceled.");
}

static int fill_restore(const struct config *settings, int argc, char **argv,
	struct restore_options *options, struct arena *arena, struct error *err)
{
	bool is_known = argc == 2 || (argc == 4 && !strcmp(argv[2], "--checkpoint"));

	if (!is_known || *argv[1] == '-') {
		error_set(err, ERROR_USAGE, "which backup?");
		return error_remedy(err, "redbuttond --restore FILE [--checkpoint FILE]");
	}
	options->file = argv[1];
	options->note = argc == 4 ? argv[3] : NULL;
	options->database =
		arena_format(arena, "%s/redbutton.db", config_text(settings, "data-dir"));
	options->signing_key = settings_text(settings, "signing-key");
	if (options->signing_key && text_starts_with(options->signing_key, "file:"))
		options->signing_key += strlen("file:");
	options->schemas = app_schemas(&options->schema_count);
	options->crosschecks = app_crosschecks(&options->crosscheck_count);
	options->at_us = time_now_us();
	return 0;
}

static int restore(int argc, char **argv)
{
	struct restore_options options = {0};
	struct restore_result result = {0};
	struct config *settings = NULL;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	int rc = settings_read(&argc, argv, &settings, &err);

	if (rc >= 0)
		rc = fill_restore(settings, argc, argv, &options, &arena, &err);
	if (rc >= 0)
		rc = restore_database(&options, &result, &err);
	config_free(settings);
	arena_done(&arena);
	if (rc < 0)
		return fail(&err);
	print_restored(&result);
	return 0;
}

static int print_help(int argc, char **argv)
{
	struct buf text = BUF_INIT;

	(void)argc;
	(void)argv;
	buf_add_text(&text, "redbuttond - the daemon of redbutton\n\nUsage: redbuttond [FLAGS]\n");
	for (size_t i = 0; i < MODE_COUNT && modes[i].help; i++)
		buf_add_format(&text, "       redbuttond %s%s%s\n           %s\n", modes[i].flag,
			*modes[i].args ? " " : "", modes[i].args, modes[i].help);
	buf_add_text(&text, "\nSettings; each is also a line of the file, and in the environment "
			    "(RB_DATA_DIR):\n");
	settings_add_help(&text);
	buf_add_text(&text, "\nSettings of --gate; each is also a line of " GATE_FILE ":\n");
	gate_add_help(&text);
	fputs(buf_text(&text), stdout);
	buf_done(&text);
	return 0;
}

/* What the packaging asks for: redbuttond(8), or redbuttond.conf(5). */
static int print_manual(int argc, char **argv)
{
	struct buf page = BUF_INIT;

	if (argc > 1 && strcmp(argv[1], "settings") == 0)
		manual_add_settings(&page);
	else
		manual_add_daemon(&page, modes, MODE_COUNT);
	fputs(buf_text(&page), stdout);
	buf_done(&page);
	return 0;
}

static int print_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("redbuttond %s\n", RB_VERSION);
	return 0;
}

static int read_settings(int argc, char **argv, struct config **ret, struct error *err)
{
	int rc = settings_read(&argc, argv, ret, err);

	if (rc < 0 || argc <= 1)
		return rc;
	config_free(*ret);
	error_set(err, ERROR_USAGE, "\"%s\" is not understood", argv[1]);
	return error_remedy(err, "see redbuttond --help");
}

static int print_config(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	struct config *settings;

	if (read_settings(argc, argv, &settings, &err) < 0)
		return fail(&err);
	settings_add_values(settings, &text);
	fputs(buf_text(&text), stdout);
	buf_done(&text);
	config_free(settings);
	return 0;
}

static int run_daemon(const struct config *settings, struct error *err)
{
	struct app *app = NULL;
	int rc = log_configure(config_text(settings, "log"), err);

	if (rc >= 0 && settings_text(settings, "log-file"))
		rc = log_to_file(settings_text(settings, "log-file"), err);
	if (rc >= 0)
		rc = app_open(settings, &app, err);
	if (rc >= 0)
		rc = app_run(app, err);
	app_close(app);
	return rc;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct config *settings;
	int rc;

	memory_begin();
	for (size_t i = 0; argc > 1 && i < MODE_COUNT; i++)
		if (!strcmp(argv[1], modes[i].flag))
			return modes[i].run(argc - 1, argv + 1);
	signal(SIGPIPE, SIG_IGN);
	if (moment_take_flags(&argc, argv, &err) < 0 ||
		read_settings(argc, argv, &settings, &err) < 0)
		return fail(&err);
	rc = run_daemon(settings, &err);
	config_free(settings);
	return rc < 0 ? fail(&err) : 0;
}
