#include "lib/cli/cli_rooms.h"
#include "tests/unit/check_main.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- a program with a few verbs --- */

static char seen[4096]; /* what the verb found */

static int show(struct cli *cli, struct error *err)
{
	json_t *params = NULL;
	int at = 0;

	for (int i = 0; i < cli_arg_count(cli); i++)
		at += sprintf(seen + at, "[%s]", cli_arg(cli, i));
	at += sprintf(seen + at, " reason=%s tags=%s,%s force=%s json=%d",
		cli_flag(cli, "reason") ? cli_flag(cli, "reason") : "-",
		cli_flag_at(cli, "tag", 0) ? cli_flag_at(cli, "tag", 0) : "-",
		cli_flag_at(cli, "tag", 1) ? cli_flag_at(cli, "tag", 1) : "-",
		cli_flag(cli, "force") ? "yes" : "no", cli_is_json(cli));
	ck_assert_ptr_null(cli_arg(cli, cli_arg_count(cli)));
	if (cli_arg_count(cli) > 1 && cli_params(cli, 1, &params, err) < 0)
		return err->code;
	if (params)
		sprintf(seen + at, " zone=%s", json_string_value(json_object_get(params, "zone")));
	return 0;
}

static int refuse(struct cli *cli, struct error *err)
{
	(void)cli;
	error_set(err, ERROR_NOT_FOUND, "no such plan \"x\xe2\x80\xae\"");
	error_place(err, "inventory");
	return error_remedy(err, "redbutton plan list");
}

static int table(struct cli *cli, struct error *err)
{
	static const char *const columns[] = {
		"NAME=name", "SIZE=size", "OWNER=owner.name", "TAGS=tags", NULL};
	json_t *rows = json_pack("[{s:s,s:i,s:{s:s},s:[s,s]},{s:s,s:i,s:{s:s},s:[]},{s:s,s:i}]",
		"name", "开关", "size", 7, "owner", "name", "li", "tags", "a", "b", "name",
		"switch", "size", 1200, "owner", "name", "王伟", "tags", "name",
		"bad\x1b[31m\xe2\x80\xae", "size", 3);

	(void)err;
	cli_print_table(cli, rows, columns);
	json_decref(rows);
	return 0;
}

static int wide_table(struct cli *cli, struct error *err)
{
	static const char *const columns[] = {
		"NAME=name", "SINCE=since", "SIZE=size", "TITLE=title", NULL};
	json_t *rows = json_pack("[{s:s,s:s,s:i,s:s},{s:s,s:s,s:i,s:s}]", "name", "edge-1", "since",
		"2026-12-01T01:10:00.000000Z", "size", 7, "title",
		"where the traffic of all zones comes in", "name", "edge-12", "since",
		"2026-12-01T01:10:00.000000Z", "size", 1200, "title", "other");

	(void)err;
	cli_print_table(cli, rows, columns);
	json_decref(rows);
	return 0;
}

static int fields(struct cli *cli, struct error *err)
{
	static const char *const labels[] = {
		"名称=name", "text=text", "on=on", "missing=nothing", NULL};
	json_t *object =
		json_pack("{s:s,s:s,s:b}", "name", "开关", "text", "one\ntwo\x07", "on", 1);

	(void)err;
	cli_print_fields(cli, object, labels);
	cli_say(cli, "%s", "said\x1b");
	json_decref(object);
	return 0;
}

static int path(struct cli *cli, struct error *err)
{
	(void)err;
	fputs(cli_path(cli, "/api/v1/plans/%s/versions/%d?q=%s&n=%lld%%", "checkout/drain", 3,
		      "a b&c=开", (long long)-5),
		cli_out(cli));
	return 0;
}

static int confirm(struct cli *cli, struct error *err)
{
	return cli_confirm(cli, "Really?", err);
}

static const struct cli_verb verbs[] = {
	{.noun = "plan",
		.verb = "show",
		.args = "NAME [PARAM=VALUE ...]",
		.min_args = 1,
		.max_args = -1,
		.summary = "show a plan",
		.help = "More about it.",
		.flags = {{.name = "reason", .value = "TEXT", .help = "why"},
			{.name = "tag", .value = "TAG", .repeated = true, .help = "a tag"},
			{.name = "force", .help = "do it anyway"}},
		.run = show},
	{.noun = "plan",
		.verb = "delete",
		.args = "NAME",
		.min_args = 1,
		.max_args = 1,
		.summary = "delete a plan",
		.flags = {{.name = "reason", .value = "TEXT", .required = true, .help = "why"}},
		.run = show},
	{.noun = "plan", .verb = "fail", .summary = "fail", .run = refuse},
	{.noun = "print", .verb = "table", .summary = "print a table", .run = table},
	{.noun = "print", .verb = "wide", .summary = "print a wide table", .run = wide_table},
	{.noun = "print", .verb = "fields", .summary = "print fields", .run = fields},
	{.noun = "print",
		.verb = "add",
		.args = "NAME yes|no [FILE ...]",
		.max_args = -1,
		.summary = "add a page",
		.run = show},
	{.verb = "path", .summary = "it's a path", .run = path},
	{.verb = "confirm", .summary = "ask", .run = confirm},
};
static const struct cli_verbs groups[] = {{verbs, sizeof(verbs) / sizeof(verbs[0])}};
static const struct cli_note notes[] = {{"plan", "Read on in the library."}};
static const struct cli_names names[] = {{"plan", "NAME", "/api/v1/plans", "name", NULL}};
static const char *const pages[] = {"buttond 8"};
static const struct cli_program program = {"button", "a program", groups, 1, notes, 1, names,
	sizeof(names) / sizeof(names[0]), pages, 1};

/* --- running it --- */

static char *out, *errors;
static size_t out_size, errors_size;

static int run_on(bool is_terminal, const char *line)
{
	char copy[512], *argv[32], *rest = copy, *word;
	FILE *out_file = open_memstream(&out, &out_size),
	     *error_file = open_memstream(&errors, &errors_size);
	int argc = 0, rc;

	snprintf(copy, sizeof(copy), "button%s%s", *line ? " " : "", line);
	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	argv[argc] = NULL;
	seen[0] = 0;
	rc = cli_run(&program, argc, argv, out_file, error_file, is_terminal);
	fclose(out_file);
	fclose(error_file);
	return rc;
}

static int run(const char *line)
{
	return run_on(false, line);
}

static void forget(void)
{
	free(out);
	free(errors);
}

static void expect_error(const char *line, int code, const char *part)
{
	int rc = run(line);

	ck_assert_msg(rc == code, "%s: %d, not %d: %s", line, rc, code, errors);
	ck_assert_msg(strstr(errors, part) != NULL, "%s: no <%s> in %s", line, part, errors);
	ck_assert_str_eq(out, "");
	forget();
}

static void expect_seen(const char *line, const char *wanted)
{
	int rc = run(line);

	ck_assert_msg(rc == 0, "%s: %s", line, errors);
	ck_assert_str_eq(seen, wanted);
	forget();
}

/* --- a narrow terminal --- */

static void check_folded(const char *text, int column, int indent, const char *expected)
{
	struct buf line = BUF_INIT;

	fold_add(&line, text, column, indent, 40);
	ck_assert_str_eq(buf_text(&line), expected);
	buf_done(&line);
}

START_TEST(lines_are_broken_between_words_and_wide_characters)
{
	check_folded("short", 0, 0, "short");
	check_folded("", 0, 0, "");
	check_folded("words stand whole at the end of a line, all of them", 0, 2,
		"words stand whole at the end of a line,\n  all of them");
	check_folded("behind its label this goes on below", 20, 20,
		"behind its label\n                    this goes on below");
	check_folded("重启一台机器上的网站服务并且看着它的错误率，直到没有错误", 0, 4,
		"重启一台机器上的网站服务并且看着它的错误\n    率，直到没有错误");
	check_folded("sha256:0123456789012345678901234567890123456789", 10, 10,
		"sha256:0123456789012345678901234567890123456789");
	/* What closes stands with what is before it. */
	check_folded("一二三四五六七八九十一二三四五六七八九二，三", 0, 0,
		"一二三四五六七八九十一二三四五六七八九\n二，三");
}
END_TEST

/* What the command prints on a terminal of that width. */
static char *print_on_terminal(const char *line, unsigned short columns)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), side;
	static char shown[4096];
	char copy[64], *argv[8] = {(char *)(uintptr_t) "button"}, *rest = copy;
	int argc = 1;
	ssize_t length;
	FILE *stream;

	ck_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	ck_assert(side >= 0 && ioctl(side, TIOCSWINSZ, &size) == 0);
	stream = fdopen(side, "w");
	snprintf(copy, sizeof(copy), "%s", line);
	while ((argv[argc] = strsep(&rest, " ")))
		argc++;
	ck_assert_int_eq(cli_run(&program, argc, argv, stream, stderr, false), 0);
	length = read(terminal, shown, sizeof(shown) - 1);
	ck_assert(length > 0);
	shown[length] = 0;
	fclose(stream);
	close(terminal);
	return shown;
}

START_TEST(a_table_that_is_too_wide_goes_on_below)
{
	ck_assert_str_eq(print_on_terminal("print wide", 200),
		"NAME     SINCE                        SIZE  TITLE\r\n"
		"edge-1   2026-12-01T01:10:00.000000Z     7  where the traffic of all zones comes "
		"in\r\n"
		"edge-12  2026-12-01T01:10:00.000000Z  1200  other\r\n");
	ck_assert_str_eq(print_on_terminal("print wide", 64),
		"NAME     SINCE                 SIZE  TITLE\r\n"
		"edge-1   2026-12-01T01:10:00Z     7  where the traffic of all\r\n"
		"                                     zones comes in\r\n"
		"edge-12  2026-12-01T01:10:00Z  1200  other\r\n");
	ck_assert_str_eq(print_on_terminal("print wide", 40),
		"NAME     SINCE                 SIZE\r\n"
		"    TITLE\r\n"
		"edge-1   2026-12-01T01:10:00Z     7\r\n"
		"    where the traffic of all zones comes\r\n"
		"    in\r\n"
		"edge-12  2026-12-01T01:10:00Z  1200\r\n"
		"    other\r\n");
}
END_TEST

START_TEST(flags_stand_anywhere_with_equals_or_a_word)
{
	expect_seen("plan show x --reason why", "[x] reason=why tags=-,- force=no json=0");
	expect_seen("plan show --reason=why --force x", "[x] reason=why tags=-,- force=yes json=0");
	expect_seen("plan show x --tag a --tag=b --json", "[x] reason=- tags=a,b force=no json=1");
	expect_seen("--json plan show x", "[x] reason=- tags=-,- force=no json=1");
	expect_seen("plan show x --reason=", "[x] reason= tags=-,- force=no json=0");
	expect_seen("plan show -- --force", "[--force] reason=- tags=-,- force=no json=0");
	expect_seen("plan show x --reason --force", "[x] reason=--force tags=-,- force=no json=0");
}
END_TEST

START_TEST(parameters_are_names_and_values)
{
	expect_seen(
		"plan show x zone=a=b", "[x][zone=a=b] reason=- tags=-,- force=no json=0 zone=a=b");
	expect_error("plan show x zone", 2, "not of the form name=value");
	expect_error("plan show x zone=a zone=b", 2, "twice");
}
END_TEST

START_TEST(mistakes_name_what_was_meant)
{
	expect_error("paln show x", 2, "did you mean: button plan");
	expect_error("plan shwo x", 2, "did you mean: button plan show");
	expect_error("plan", 2, "needs a verb: show, delete, fail");
	expect_error("pth", 2, "did you mean: button path");
	expect_error("qqqqq", 2, "see: button help");
	expect_error("plan show x --raeson=y", 2, "did you mean --reason?");
	expect_error("plan show x -f", 2, "there is no flag -f");
	expect_error("plan show x --force=1", 2, "takes no value");
	expect_error("plan show x --reason", 2, "needs a value");
	expect_error("plan show x --reason a --reason b", 2, "twice");
	expect_error("plan show", 2, "usage: button plan show NAME");
	expect_error(
		"plan delete a b --reason r", 2, "usage: button plan delete NAME --reason TEXT");
	expect_error("plan delete a", 2, "--reason is required");
	expect_error("path extra", 2, "too many arguments");
	expect_error("path --socket=", 2, "--socket needs a value");
}
END_TEST

START_TEST(a_verb_without_a_result_is_json_all_the_same)
{
	ck_assert_int_eq(run("plan show x --json"), 0);
	ck_assert_str_eq(out, "{}\n");
	forget();
	ck_assert_int_eq(run("plan show x"), 0);
	ck_assert_str_eq(out, "");
	forget();
}
END_TEST

START_TEST(errors_say_what_where_and_how_on)
{
	ck_assert_int_eq(run("plan fail"), 6);
	ck_assert_str_eq(errors, "button: no such plan \"x\\u{202e}\"\n"
				 "  at: inventory\n"
				 "  remedy: redbutton plan list\n");
	forget();
	ck_assert_int_eq(run("plan fail --json"), 6);
	ck_assert_ptr_nonnull(strstr(errors, "\"code\":\"not_found\""));
	ck_assert_ptr_nonnull(strstr(errors, "\"remedy\":\"redbutton plan list\""));
	forget();
}
END_TEST

START_TEST(tables_are_aligned_by_what_is_seen)
{
	ck_assert_int_eq(run("print table"), 0);
	ck_assert_str_eq(out, "NAME                 SIZE  OWNER  TAGS\n"
			      "开关                    7  li     a, b\n"
			      "switch               1200  王伟\n"
			      "bad\\x1b[31m\\u{202e}     3\n");
	forget();
}
END_TEST

START_TEST(a_table_as_json_is_the_whole_value)
{
	json_t *value;

	ck_assert_int_eq(run("print table --json"), 0);
	value = json_loads(out, 0, NULL);
	ck_assert_uint_eq(json_array_size(value), 3);
	json_decref(value);
	forget();
}
END_TEST

START_TEST(fields_are_labelled_and_made_visible)
{
	ck_assert_int_eq(run("print fields"), 0);
	ck_assert_str_eq(out, "名称: 开关\n"
			      "text: one\n"
			      "      two\\x07\n"
			      "on:   yes\n"
			      "said\\x1b\n");
	forget();
}
END_TEST

START_TEST(colours_are_for_terminals)
{
	ck_assert_int_eq(run_on(true, "print table"), 0);
	ck_assert_ptr_nonnull(strstr(out, "\033[1mNAME"));
	forget();
	ck_assert_int_eq(run_on(true, "print table --json"), 0);
	ck_assert_ptr_null(strchr(out, '\033'));
	forget();
	ck_assert_int_eq(run("print table"), 0);
	ck_assert_ptr_null(strchr(out, '\033'));
	forget();
}
END_TEST

START_TEST(every_text_of_a_path_is_one_segment)
{
	ck_assert_int_eq(run("path"), 0);
	ck_assert_str_eq(
		out, "/api/v1/plans/checkout%2Fdrain/versions/3?q=a%20b%26c%3D%E5%BC%80&n=-5%");
	forget();
}
END_TEST

START_TEST(the_overview_lists_every_verb)
{
	static const char *const lines[] = {"", "help", "--help", "-h", "--help --socket /x",
		"--socket /x --help", "--socket /x help", "help --url=http://x"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(run(lines[i]), 0);
		ck_assert_ptr_nonnull(strstr(out, "button - a program\n\nUsage: button NOUN VERB"));
		ck_assert_ptr_nonnull(strstr(out, "\n\n  print table   "));
		ck_assert_ptr_nonnull(strstr(out, "\n  confirm  "));
		ck_assert_ptr_nonnull(strstr(out, "--token-file FILE  "));
		forget();
	}
}
END_TEST

START_TEST(help_of_a_verb_is_its_table)
{
	static const char *const lines[] = {"help plan show", "plan show --help",
		"--help plan show", "plan show x --bad --help", "--socket /x help plan show",
		"--help --socket /x plan show", "plan --socket /x show --help"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(run(lines[i]), 0);
		ck_assert_msg(!strncmp(out,
				      "Usage: button plan show NAME [PARAM=VALUE ...] [FLAGS]\n"
				      "\n"
				      "show a plan\n"
				      "\n"
				      "More about it.\n"
				      "\n"
				      "Flags:\n"
				      "  --reason TEXT  why\n"
				      "  --tag TAG      a tag (may be repeated)\n"
				      "  --force        do it anyway\n"
				      "\n"
				      "Flags of every verb:\n"
				      "  --json             print JSON for programs\n",
				      250),
			"%s", out);
		forget();
	}
	ck_assert_int_eq(run("help plan"), 0);
	ck_assert_str_eq(out, "Usage: button plan VERB [ARGUMENTS] [FLAGS]\n"
			      "\n"
			      "  plan show NAME [PARAM=VALUE ...]  show a plan\n"
			      "  plan delete NAME                  delete a plan\n"
			      "  plan fail                         fail\n"
			      "\n"
			      "Read on in the library.\n");
	forget();
	ck_assert_int_eq(run("help print"), 0);
	ck_assert_ptr_null(strstr(out, "library"));
	forget();
	expect_error("help plan shwo", 2, "did you mean");
}
END_TEST

START_TEST(the_version_is_one_line)
{
	ck_assert_int_eq(run("--version"), 0);
	ck_assert_str_eq(out, "button " RB_VERSION "\n");
	forget();
}
END_TEST

static void expect_offer(const char *words, const char *wanted)
{
	char line[256];

	snprintf(line, sizeof(line), "--complete -- %s", words);
	ck_assert_int_eq(run(line), 0);
	ck_assert_str_eq(errors, "");
	ck_assert_msg(!strcmp(out, wanted), "%s: <%s>, not <%s>", words, out, wanted);
	forget();
}

START_TEST(what_may_follow_comes_from_the_tables)
{
	expect_offer("p", "plan\t\nprint\t\npath\tit's a path\n");
	expect_offer("plan ", "show\tshow a plan\ndelete\tdelete a plan\nfail\tfail\n");
	expect_offer("plan d", "delete\tdelete a plan\n");
	expect_offer("nothing ", "");
	expect_offer("help plan s", "show\tshow a plan\n");
	expect_offer("h", "help\texplain a noun or a verb\n");
	expect_offer("completion ", "bash\t\nzsh\t\nfish\t\n");
	expect_offer("print add x ", "yes\t\nno\t\n");
	expect_offer("print add x n", "no\t\n");
	expect_offer("print add x no ", ":files\n");
	expect_offer("print add x no file ", ":files\n");
	expect_offer("plan delete x ", "");
}
END_TEST

START_TEST(flags_are_offered_until_they_are_given)
{
	expect_offer("plan show x --f", "--force\tdo it anyway\n");
	expect_offer("plan show x --force --f", "");
	expect_offer("plan show x --tag a --ta", "--tag\ta tag\n");
	expect_offer("plan show x -- --f", "");
	expect_offer("--so", "--socket\tsocket of the daemon (RB_SOCKET; default "
			     "/run/redbutton/redbutton.sock)\n");
	expect_offer("plan show --token-file ", ":files\n");
	expect_offer("plan show x --reason ", "");
	expect_offer("plan --reason x s", "");
	expect_offer("plan --socket x s", "show\tshow a plan\n");
}
END_TEST

/* Nobody listens there: completion is silent and does not fail. */
START_TEST(a_daemon_that_is_away_offers_nothing)
{
	expect_offer("plan show --socket /nonexistent/socket ", "");
	expect_offer("plan show --url http://127.0.0.1:1 ", "");
	expect_offer("plan show --url nonsense ", "");
	expect_offer("plan show --token-file /nonexistent/token ", "");
}
END_TEST

START_TEST(each_shell_has_a_script_for_this_program)
{
	ck_assert_int_eq(run("completion bash"), 0);
	ck_assert_ptr_nonnull(strstr(out, "complete -F _button button\n"));
	ck_assert_ptr_null(strstr(out, "PROGRAM"));
	ck_assert_ptr_null(strstr(out, "FUNCTION"));
	forget();
	ck_assert_int_eq(run("completion zsh"), 0);
	ck_assert_ptr_nonnull(strstr(out, "#compdef button\n"));
	forget();
	ck_assert_int_eq(run("completion fish"), 0);
	ck_assert_ptr_nonnull(strstr(out, "complete -c button -f -a '(__button_complete)'"));
	forget();
	expect_error("completion", 2, "bash|zsh|fish");
}
END_TEST

START_TEST(the_manual_has_every_verb_and_flag)
{
	ck_assert_int_eq(run("--man"), 0);
	ck_assert_ptr_nonnull(strstr(out, ".TH BUTTON 1 "));
	ck_assert_ptr_nonnull(strstr(out, "\\fBplan delete\\fR \\fINAME\\fR\n"));
	ck_assert_ptr_nonnull(
		strstr(out, "\\fB\\-\\-tag\\fR \\fITAG\\fR\na tag (may be repeated)\n"));
	ck_assert_ptr_nonnull(strstr(out, "Read on in the library."));
	ck_assert_ptr_nonnull(strstr(out, "\\fB\\-\\-token\\-file\\fR"));
	ck_assert_ptr_nonnull(strstr(out, ".SH \"SEE ALSO\"\n.BR buttond (8)\n"));
	forget();
}
END_TEST

START_TEST(without_a_terminal_a_question_needs_yes)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "r", stdin));
	expect_error("confirm", 2, "--yes");
	ck_assert_int_eq(run("confirm --yes"), 0);
	forget();
}
END_TEST

CHECK_MAIN("cli", &flags_stand_anywhere_with_equals_or_a_word, &parameters_are_names_and_values,
	&mistakes_name_what_was_meant, &a_verb_without_a_result_is_json_all_the_same,
	&errors_say_what_where_and_how_on, &tables_are_aligned_by_what_is_seen,
	&a_table_as_json_is_the_whole_value, &fields_are_labelled_and_made_visible,
	&colours_are_for_terminals, &every_text_of_a_path_is_one_segment,
	&the_overview_lists_every_verb, &help_of_a_verb_is_its_table, &the_version_is_one_line,
	&what_may_follow_comes_from_the_tables, &flags_are_offered_until_they_are_given,
	&a_daemon_that_is_away_offers_nothing, &each_shell_has_a_script_for_this_program,
	&the_manual_has_every_verb_and_flag, &without_a_terminal_a_question_needs_yes,
	&lines_are_broken_between_words_and_wide_characters,
	&a_table_that_is_too_wide_goes_on_below)
