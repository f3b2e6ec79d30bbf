#include "audit/audit_cli.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_export(struct cli *cli, struct error *err);
static int run_verify(struct cli *cli, struct error *err);
static int run_accept_restore(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{.noun = "audit",
		.verb = "list",
		.args = "",
		.summary = "Records, newest first",
		.flags = {{.name = "action",
				  .value = "WORD",
				  .help = "of one action, as effect.intent"},
			{.name = "subject", .value = "ID", .help = "of one subject and its parts"},
			{.name = "actor", .value = "ID", .help = "of one actor"},
			{.name = "before", .value = "N", .help = "older than record N"},
			{.name = "limit",
				.value = "N",
				.help = "how many, 500 at most; default 50"}},
		.run = run_list},
	{.noun = "audit",
		.verb = "show",
		.args = "N",
		.min_args = 1,
		.max_args = 1,
		.summary = "One record, whole",
		.run = run_show},
	{.noun = "audit",
		.verb = "export",
		.args = "FILE",
		.min_args = 1,
		.max_args = 1,
		.summary =
			"The exact bytes, one record a line, and the checkpoint that covers them",
		.help = "Verify it anywhere: redbutton audit verify --export FILE, or the script "
			"in docs/.",
		.run = run_export},
	{.noun = "audit",
		.verb = "verify",
		.args = "",
		.summary = "Check the log on this host, with or without a running daemon",
		.help = "Names the first bad record. With --checkpoint (the copy outside the data "
			"directory) a cut\n"
			"end and an older file are noticed too; with --key signatures are checked.",
		.flags = {{.name = "data-dir",
				  .value = "DIR",
				  .help = "of the daemon; default /var/lib/redbutton"},
			{.name = "db", .value = "FILE", .help = "the database itself"},
			{.name = "export",
				.value = "FILE",
				.help = "an export instead of a database"},
			{.name = "checkpoint", .value = "FILE", .help = "the copy outside"},
			{.name = "key",
				.value = "FILE",
				.help = "verifier key, or the signing key"}},
		.run = run_verify},
	{.noun = "audit",
		.verb = "accept-restore",
		.args = "",
		.summary =
			"Go on after a known restore of an older database; the daemon is stopped",
		.help = "Two admins prove who they are by their tokens. The settings of the daemon "
			"(data\n"
			"directory, checkpoint, key) come from its file and the environment.",
		.flags = {{.name = "reason",
				  .value = "TEXT",
				  .required = true,
				  .help = "why, for the audit"},
			{.name = "first-token-file",
				.value = "FILE",
				.required = true,
				.help = "of one admin"},
			{.name = "second-token-file",
				.value = "FILE",
				.required = true,
				.help = "of another"}},
		.run = run_accept_restore},
};
const struct cli_verbs audit_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

#define LIMIT_MAX 500

/* The query of one page: what the flags say, from `before` on. */
static char *page_path(struct cli *cli, const char *before, int64_t limit)
{
	static const char *const FLAGS[] = {"action", "subject", "actor", NULL};
	char *path = arena_format(cli_arena(cli), "/api/v1/audit?limit=%lld", (long long)limit);

	for (const char *const *flag = FLAGS; *flag; flag++)
		if (cli_flag(cli, *flag))
			path = arena_format(cli_arena(cli), "%s&%s", path,
				cli_path(cli, "%s=%s", *flag, cli_flag(cli, *flag)));
	return before ? arena_format(
				cli_arena(cli), "%s&before=%s", path, cli_path(cli, "%s", before))
		      : path;
}

/* Pages until there is enough: one may be short, or empty, because the daemon looks only so far. */
static int collect(
	struct cli *cli, json_t *all, int64_t limit, int64_t *ret_next, struct error *err)
{
	const char *before = cli_flag(cli, "before");
	json_t *answer;

	do {
		int64_t left = limit - (int64_t)json_array_size(all);

		if (cli_get(cli, page_path(cli, before, left), &answer, err) < 0)
			return err->code;
		json_array_extend(all, json_object_get(answer, "items"));
		*ret_next = json_integer_value(json_object_get(answer, "next_before"));
		before = arena_format(cli_arena(cli), "%lld", (long long)*ret_next);
	} while (*ret_next && (int64_t)json_array_size(all) < limit);
	return 0;
}

static int run_list(struct cli *cli, struct error *err)
{
	static const char *const COLUMNS[] = {"SEQ=seq", "AT=at", "ACTOR=record.actor.name",
		"ACTION=action", "OUTCOME=outcome", "SUBJECT=subject", NULL};
	const char *text = cli_flag(cli, "limit");
	int64_t limit = 50, next = 0;
	json_t *all;
	int rc = 0;

	if (text)
		rc = text_parse_int64("--limit", text, 1, LIMIT_MAX, &limit, err);
	if (rc < 0)
		return rc;
	all = json_array();
	rc = collect(cli, all, limit, &next, err);
	if (rc == 0)
		cli_print_table(cli, all, COLUMNS);
	if (rc == 0 && next)
		cli_say(cli, "older ones: --before %lld", (long long)next);
	json_decref(all);
	return rc;
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;

	if (cli_get(cli, cli_path(cli, "/api/v1/audit/%s", cli_arg(cli, 0)), &answer, err) < 0)
		return err->code;
	cli_print_json(cli, answer);
	return 0;
}

/* --- export: pieces up to the newest checkpoint, then the checkpoint --- */

struct export
{
	FILE *file;
	int64_t last;
	bool is_failed;
};

static bool write_line(void *arg, const char *line)
{
	struct export *export = arg;

	export->is_failed = fprintf(export->file, "%s\n", line) < 0;
	export->last++;
	return !export->is_failed;
}

static int write_records(struct cli *cli, struct export *export, int64_t size, struct error *err)
{
	while (export->last < size) {
		int64_t before = export->last;

		if (cli_stream(cli,
			    arena_format(cli_arena(cli),
				    "/api/v1/audit/export?after=%lld&until=%lld",
				    (long long)export->last, (long long)size),
			    write_line, export, err) < 0)
			return err->code;
		if (export->is_failed || export->last == before)
			return error_errno(err, ERROR_IO, "the export cannot be written");
	}
	return 0;
}

static int write_export(
	struct cli *cli, struct export *export, const json_t *checkpoint, struct error *err)
{
	json_t *last = json_pack("{s:O}", "checkpoint", json_object_get(checkpoint, "note"));
	char *text = json_dumps(last, JSON_COMPACT);
	int rc = write_records(
		cli, export, json_integer_value(json_object_get(checkpoint, "size")), err);

	if (rc == 0 && fprintf(export->file, "%s\n", text) < 0)
		rc = error_errno(err, ERROR_IO, "the export cannot be written");
	free(text);
	json_decref(last);
	return rc;
}

static int run_export(struct cli *cli, struct error *err)
{
	struct export export = {0};
	json_t *checkpoint;
	const char *key;
	int rc;

	if (cli_get(cli, "/api/v1/audit/checkpoint", &checkpoint, err) < 0)
		return err->code;
	export.file = fopen(cli_arg(cli, 0), "wxe");
	if (!export.file) {
		error_errno(err, ERROR_IO, cli_arg(cli, 0));
		return error_remedy(
			err, "name a file that does not exist yet, in a directory you may write");
	}
	key = cli_member(cli, checkpoint, "key");
	rc = write_export(cli, &export, checkpoint, err);
	if (fclose(export.file) != 0 && rc == 0)
		rc = error_errno(err, ERROR_IO, cli_arg(cli, 0));
	if (rc == 0)
		cli_say(cli, "%lld records; %s%s", (long long)export.last, *key ? "key: " : "",
			*key ? key : "not signed: the daemon has no signing-key");
	return rc;
}

/* --- verify: the daemon's own program, no daemon --- */

static int run_verify(struct cli *cli, struct error *err)
{
	static const char *const FLAGS[][2] = {{"db", "--db"}, {"export", "--export"},
		{"checkpoint", "--checkpoint"}, {"key", "--key"}};
	const char *directory = cli_flag(cli, "data-dir");
	const char *argv[16] = {"redbuttond", "--verify"};
	size_t count = 2;

	if (directory && !cli_flag(cli, "db") && !cli_flag(cli, "export")) {
		argv[count++] = "--db";
		argv[count++] = arena_format(cli_arena(cli), "%s/redbutton.db", directory);
	}
	for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
		if (!cli_flag(cli, FLAGS[i][0]))
			continue;
		argv[count++] = FLAGS[i][1];
		argv[count++] = cli_flag(cli, FLAGS[i][0]);
	}
	if (cli_is_json(cli))
		argv[count++] = "--json";
	return cli_exec_beside(cli, "redbuttond", argv, err);
}

static int run_accept_restore(struct cli *cli, struct error *err)
{
	const char *const argv[] = {"redbuttond", "--accept-restore", "--reason",
		cli_flag(cli, "reason"), "--token-file", cli_flag(cli, "first-token-file"),
		"--second-token-file", cli_flag(cli, "second-token-file"), NULL};

	return cli_exec_beside(cli, "redbuttond", argv, err);
}
