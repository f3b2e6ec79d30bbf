#include "calendar/calendar_cli.h"

#include "lib/base/json.h"
#include "lib/base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ICS_MAX (1024 * 1024)

static int run_add(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_show(struct cli *cli, struct error *err);
static int run_set(struct cli *cli, struct error *err);
static int run_remove(struct cli *cli, struct error *err);
static int run_windows(struct cli *cli, struct error *err);
static int run_state(struct cli *cli, struct error *err);

#define SHAPE_FLAGS                                                                                \
	{"default", "STATE", false, false, "open: its events are freezes; closed: windows"},       \
		{"zone", "ZONE", false, false, "of times without one: Asia/Shanghai"},             \
		{"label", "KEY=VALUE", false, true, "only targets with it; again for more"},       \
		{"overrun", "WHAT", false, false, "allow, warn or kill what still runs"},          \
		{"grace", "DURATION", false, false, "before a kill: 5m"},                          \
		{"approvers", "GROUP", false, false, "whose yes an exception needs too"},          \
	{                                                                                          \
		"max-age", "DURATION", false, false, "an older import counts as closed: 2d"        \
	}

static const struct cli_verb verbs[] = {
	{"calendar", "add", "NAME FILE", 2, 2, "Add a calendar from an iCalendar file",
		"An event of a calendar that is open by default is a freeze; of one that is closed "
		"by\n"
		"default, a window. Changes are held by it; red-button plans are only told. A "
		"time\n"
		"that a clock change makes doubtful is read so that less is allowed.",
		{SHAPE_FLAGS}, run_add},
	{"calendar", "list", "", 0, 0, "List the calendars", NULL, {{0}}, run_list},
	{"calendar", "show", "NAME", 1, 1, "Show a calendar", NULL, {{0}}, run_show},
	{"calendar", "set", "NAME [FILE]", 1, 2, "Change a calendar, or import its file anew",
		"What is not given stays. --label replaces all labels; --approvers '' takes them "
		"away.",
		{SHAPE_FLAGS}, run_set},
	{"calendar", "remove", "NAME", 1, 1, "Remove a calendar", NULL,
		{{"yes", NULL, false, false, "do not ask"}}, run_remove},
	{"calendar", "windows", "NAME", 1, 1, "Its freezes or windows from now on", NULL,
		{{"from", "TIME", false, false, "RFC 3339"},
			{"limit", "N", false, false, "at most"}},
		run_windows},
	{"calendar", "state", "", 0, 0, "Is it open now, why, and until when?", NULL,
		{{"at", "TIME", false, false, "RFC 3339; now when left out"},
			{"environment", "NAME", false, false, "of the target"},
			{"site", "NAME", false, false, "of the target"},
			{"zone", "NAME", false, false, "of the target"},
			{"service", "NAME", false, false, "of the target"},
			{"tier", "NAME", false, false, "of the target"}},
		run_state},
};

const struct cli_verbs calendar_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const columns[] = {"NAME=name", "DEFAULT=default", "ZONE=zone",
	"OVERRUN=overrun", "IMPORTED=imported_at", "KNOWN UNTIL=known_until", NULL};
static const char *const fields[] = {"name=name", "default=default", "zone=zone",
	"labels=labels_text", "overrun=overrun", "grace=grace_ms", "approvers=approvers",
	"max age=max_age_ms", "digest=digest", "imported=imported_at", "known until=known_until",
	"version=version", NULL};
static const char *const window_columns[] = {
	"START=start", "END=end", "ADVISORY=advisory", "TITLE=title", NULL};
static const char *const reason_columns[] = {
	"CALENDAR=calendar", "WHY=why", "EVENT=event", "UNTIL=until", "OVERRUN=overrun", NULL};
static const char *const state_flags[] = {
	"at", "environment", "site", "zone", "service", "tier", NULL};
static const char *const window_flags[] = {"from", "limit", NULL};

/* --- printing --- */

static void print_calendar(struct cli *cli, json_t *calendar)
{
	struct buf text = BUF_INIT;
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(calendar, "selector"), key, value)
		buf_add_format(
			&text, "%s%s=%s", text.length ? " " : "", key, json_string_value(value));
	if (text.length && !cli_is_json(cli))
		json_set_text(calendar, "labels_text", buf_text(&text));
	buf_done(&text);
	cli_print_fields(cli, calendar, fields);
}

/* --- taking --- */

static int set_duration(
	struct cli *cli, json_t *body, const char *flag, const char *field, struct error *err)
{
	int64_t ms;
	int rc;

	if (!cli_flag(cli, flag))
		return 0;
	if ((rc = time_parse_duration(flag, cli_flag(cli, flag), &ms, err)) == 0)
		json_set_int(body, field, ms);
	return rc;
}

static int set_labels(struct cli *cli, json_t *body, struct error *err)
{
	json_t *labels = json_object();
	const char *given, *equals;

	for (size_t i = 0; (given = cli_flag_at(cli, "label", i)); i++) {
		equals = strchr(given, '=');
		if (!equals || equals == given) {
			json_decref(labels);
			error_set(err, ERROR_USAGE, "\"%s\" is not of the form KEY=VALUE", given);
			return error_field(err, "label");
		}
		json_set_text(labels, arena_text_n(cli_arena(cli), given, (size_t)(equals - given)),
			equals + 1);
	}
	if (json_object_size(labels))
		json_object_set(body, "selector", labels);
	json_decref(labels);
	return 0;
}

static int fill_body(struct cli *cli, json_t *body, struct error *err)
{
	const char *ics = NULL, *approvers = cli_flag(cli, "approvers");
	int rc = 0;

	if (cli_arg(cli, 1) && (rc = cli_read_text(cli, cli_arg(cli, 1), ICS_MAX, &ics, err)) < 0)
		return rc;
	json_set_text(body, "ics", ics);
	json_set_text(body, "default", cli_flag(cli, "default"));
	json_set_text(body, "zone", cli_flag(cli, "zone"));
	json_set_text(body, "overrun", cli_flag(cli, "overrun"));
	if (approvers)
		json_object_set_new(
			body, "approvers", *approvers ? json_string(approvers) : json_null());
	if ((rc = set_duration(cli, body, "grace", "grace_ms", err)) < 0 ||
		(rc = set_duration(cli, body, "max-age", "max_age_ms", err)) < 0)
		return rc;
	return set_labels(cli, body, err);
}

static const char *path_with(struct cli *cli, const char *path, const char *const *flags)
{
	const char *between = "?";

	for (; *flags; flags++) {
		if (!cli_flag(cli, *flags))
			continue;
		path = arena_format(cli_arena(cli), "%s%s%s", path, between,
			cli_path(cli, "%s=%s", *flags, cli_flag(cli, *flags)));
		between = "&";
	}
	return path;
}

static const char *calendar_path(struct cli *cli)
{
	return cli_path(cli, "/api/v1/calendars/%s", cli_arg(cli, 0));
}

/* --- verbs --- */

static int run_add(struct cli *cli, struct error *err)
{
	json_t *body = json_object(), *answer;
	int rc;

	json_set_text(body, "name", cli_arg(cli, 0));
	rc = fill_body(cli, body, err);
	if (rc == 0)
		rc = cli_post(cli, "/api/v1/calendars", body, &answer, err);
	json_decref(body);
	if (rc == 0)
		print_calendar(cli, answer);
	return rc;
}

static int run_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/calendars", &answer, err);

	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}

static int run_show(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, calendar_path(cli), &answer, err);

	if (rc == 0)
		print_calendar(cli, answer);
	return rc;
}

static int run_set(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "PUT", .path = calendar_path(cli)};
	json_t *body, *answer;
	int rc = cli_get(cli, request.path, &answer, err);

	if (rc < 0)
		return rc;
	request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
	request.body = body = json_object();
	rc = fill_body(cli, body, err);
	if (rc == 0)
		rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc == 0)
		print_calendar(cli, answer);
	return rc;
}

static int run_remove(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "DELETE", .path = calendar_path(cli)};
	json_t *answer;
	int rc = cli_get(cli, request.path, &answer, err);

	if (rc < 0)
		return rc;
	request.if_match = arena_text(cli_arena(cli), cli_etag(cli));
	rc = cli_confirm(
		cli, arena_format(cli_arena(cli), "Remove the calendar %s?", cli_arg(cli, 0)), err);
	if (rc == 0)
		rc = cli_call(cli, &request, &answer, err);
	if (rc == 0)
		cli_say(cli, "%s is removed\n", cli_arg(cli, 0));
	return rc;
}

static int run_windows(struct cli *cli, struct error *err)
{
	const char *path = cli_path(cli, "/api/v1/calendars/%s/windows", cli_arg(cli, 0));
	json_t *answer;
	int rc = cli_get(cli, path_with(cli, path, window_flags), &answer, err);

	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), window_columns);
	return rc;
}

static int run_state(struct cli *cli, struct error *err)
{
	const char *until;
	json_t *answer;
	int rc = cli_get(cli, path_with(cli, "/api/v1/calendars/state", state_flags), &answer, err);

	if (rc < 0)
		return rc;
	if (cli_is_json(cli)) {
		cli_print_json(cli, answer);
		return 0;
	}
	until = cli_member(cli, answer, "next_transition");
	cli_say(cli, "%s%s%s\n", cli_member(cli, answer, "state"), *until ? " until " : "", until);
	if (json_array_size(json_object_get(answer, "reasons")))
		cli_print_table(cli, json_object_get(answer, "reasons"), reason_columns);
	return 0;
}
