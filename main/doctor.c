#include "main/doctor.h"

#include "main/app.h"
#include "main/settings.h"
#include "operations/doctor.h"

#include <string.h>

#define MIB (INT64_C(1) << 20)

static bool take_json(int *argc, char **argv)
{
	if (*argc < 2 || strcmp(argv[*argc - 1], "--json") != 0)
		return false;
	argv[--*argc] = NULL;
	return true;
}

static int fail(const struct error *err)
{
	fprintf(stderr, "redbuttond: %s\n", err->message);
	if (*err->place)
		fprintf(stderr, "  at: %s\n", err->place);
	if (*err->remedy)
		fprintf(stderr, "  remedy: %s\n", err->remedy);
	return DOCTOR_FAIL;
}

static void fill(const struct config *settings, struct arena *arena, struct doctor_options *options)
{
	*options = (struct doctor_options){
		.data_dir = config_text(settings, "data-dir"),
		.database =
			arena_format(arena, "%s/redbutton.db", config_text(settings, "data-dir")),
		.socket = settings_text(settings, "socket"),
		.listen = settings_text(settings, "listen"),
		.signing_key = settings_text(settings, "signing-key"),
		.checkpoint_path = settings_text(settings, "checkpoint-file"),
		.origin = config_text(settings, "origin"),
		.tls_certificate = settings_text(settings, "tls-certificate"),
		.tls_key = settings_text(settings, "tls-key"),
		.runner = app_find_runner(settings, arena),
		.reserve_bytes = config_int(settings, "space-reserve") * MIB,
		.adapters = app_adapters(),
	};
	options->schemas = app_schemas(&options->schema_count);
}

int doctor_main(int argc, char **argv)
{
	struct doctor_options options;
	struct doctor_report report;
	struct config *settings = NULL;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	bool is_json = take_json(&argc, argv);

	if (settings_read(&argc, argv, &settings, &err) < 0)
		return fail(&err);
	if (argc > 1) {
		config_free(settings);
		error_set(&err, ERROR_USAGE, "\"%s\" is not understood", argv[1]);
		error_remedy(&err, "redbuttond --doctor [--json] [FLAGS]");
		return fail(&err);
	}
	fill(settings, &arena, &options);
	doctor_examine(&options, &arena, &report);
	doctor_print(&report, is_json, stdout);
	config_free(settings);
	arena_done(&arena);
	return doctor_exit(&report);
}
