#include "operations/status_cli.h"

#include "lib/base/text.h"

#include <string.h>

static int run_status(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{.verb = "status",
		.summary = "One screen: what is held, runs, is in effect, and waits for you",
		.help = "The daemon answers from what it knows; no target, metric or directory is "
			"asked.\n"
			"Ends with 0 when nothing needs a person, 10 when something does, 69 when "
			"the daemon is away.",
		.run = run_status},
};
const struct cli_verbs status_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

#define CELLS_MAX    6
#define CELL_COLUMNS 48 /* longer texts are cut */
#define SHOWN_MAX    8	/* of a section; --json has all */

struct row {
	const char *cells[CELLS_MAX]; /* NULL-ended when fewer */
	const char *asks;	      /* whom, or NULL */
	const char *next;	      /* command to type, or NULL */
};

struct section {
	struct cli *cli;
	struct row rows[SHOWN_MAX];
	struct row spare; /* takes what is left out */
	size_t count, left_out;
};

/* --- words --- */

/* "12s", "5m", "3h12m", "2d4h" */
static const char *span(struct cli *cli, int64_t seconds)
{
	struct arena *arena = cli_arena(cli);
	long long s = seconds < 0 ? 0 : seconds;

	if (s < 60)
		return arena_format(arena, "%llds", s);
	if (s < 3600)
		return arena_format(arena, "%lldm", s / 60);
	if (s < 86400)
		return arena_format(arena, "%lldh%02lldm", s / 3600, s / 60 % 60);
	return arena_format(arena, "%lldd%lldh", s / 86400, s / 3600 % 24);
}

static int64_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static const char *clip(struct cli *cli, const char *text)
{
	size_t length = strlen(text), at = 0, end = 0;
	struct arena *arena = cli_arena(cli);

	if (text_columns(text) <= CELL_COLUMNS)
		return text;
	while (at < length && text_next(text, length, &at) >= 0) {
		if (text_columns(arena_text_n(arena, text, at)) > CELL_COLUMNS - 3)
			break;
		end = at;
	}
	return arena_format(arena, "%.*s...", (int)end, text);
}

/* --- sections --- */

static struct row *add_row(struct section *section, const json_t *object)
{
	struct row *row;

	if (section->count == SHOWN_MAX) {
		section->left_out++;
		return &section->spare;
	}
	row = &section->rows[section->count++];
	*row = (struct row){0};
	if (json_object_get(object, "next"))
		row->next = cli_member(section->cli, object, "next");
	return row;
}

static void measure(const struct section *section, int widths[static CELLS_MAX])
{
	memset(widths, 0, CELLS_MAX * sizeof(*widths));
	for (size_t i = 0; i < section->count; i++)
		for (size_t j = 0; j < CELLS_MAX && section->rows[i].cells[j]; j++) {
			int width = text_columns(section->rows[i].cells[j]);

			widths[j] = width > widths[j] ? width : widths[j];
		}
}

static void print_row(struct cli *cli, const struct row *row, const int widths[static CELLS_MAX])
{
	FILE *out = cli_out(cli);

	for (size_t j = 0; j < CELLS_MAX && row->cells[j]; j++) {
		bool is_last = j + 1 == CELLS_MAX || !row->cells[j + 1];

		fprintf(out, "  %s%*s", row->cells[j],
			is_last ? 0 : widths[j] - text_columns(row->cells[j]), "");
	}
	fputc('\n', out);
	if (row->asks)
		fprintf(out, "      asks: %s\n", row->asks);
	if (row->next)
		fprintf(out, "      > %s\n", row->next);
}

static void print_section(struct section *section, const char *title, const char *more)
{
	struct cli *cli = section->cli;
	int widths[CELLS_MAX];

	if (!section->count)
		return;
	fprintf(cli_out(cli), "%s%s%s\n", cli_is_terminal(cli) ? "\033[1m" : "", title,
		cli_is_terminal(cli) ? "\033[0m" : "");
	for (size_t i = 0; i < section->count; i++)
		for (size_t j = 0; j < CELLS_MAX && section->rows[i].cells[j]; j++)
			section->rows[i].cells[j] = clip(cli, section->rows[i].cells[j]);
	measure(section, widths);
	for (size_t i = 0; i < section->count; i++)
		print_row(cli, &section->rows[i], widths);
	if (section->left_out)
		fprintf(cli_out(cli), "  and %zu more: %s\n", section->left_out, more);
}

static void say_holds(struct cli *cli, const json_t *status)
{
	struct section section = {.cli = cli};
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(status, "held"), i, item) {
		struct row *row = add_row(&section, item);

		row->cells[0] = cli_member(cli, item, "what");
		row->cells[1] = cli_member(cli, item, "why");
	}
	print_section(&section, "HELD", "redbutton status --json");
}

static void say_waits(struct cli *cli, const json_t *status)
{
	struct section section = {.cli = cli};
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(status, "waiting_for_you"), i, item) {
		struct row *row = add_row(&section, item);

		row->cells[0] = cli_member(cli, item, "kind");
		row->cells[1] = cli_member(cli, item, "text");
		row->cells[2] = span(cli, number(item, "age_s"));
	}
	print_section(&section, "WAITS FOR YOU", "redbutton status --json");
}

/* What is skipped now, and by whom. */
static void say_emergencies(struct cli *cli, const json_t *status)
{
	struct section section = {.cli = cli};
	struct arena *arena = cli_arena(cli);
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(status, "emergencies"), i, item) {
		bool is_active = json_object_get(item, "ends_at") != NULL;
		const char *name = cli_member(cli, item, "emergency");
		struct row *row = add_row(&section, item);

		row->cells[0] = name;
		row->cells[1] = arena_format(arena, "%s of %s", cli_member(cli, item, "scope"),
			cli_member(cli, item, "person"));
		row->cells[2] = is_active ? arena_format(arena, "for another %s",
						    span(cli, number(item, "left_s")))
					  : arena_format(arena, "asked %s ago",
						    span(cli, number(item, "age_s")));
		row->asks = is_active ? NULL : "a second person who approves in its scope";
		row->next = arena_format(
			arena, "redbutton emergency %s %s", is_active ? "end" : "confirm", name);
	}
	print_section(&section, "EMERGENCIES", "redbutton emergency list --open");
}

/* Whoever looks: nobody starts an emergency until they are closed. */
static void say_overdue(struct cli *cli, const json_t *status)
{
	struct section section = {.cli = cli};
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(status, "overdue_follow_ups"), i, item) {
		struct row *row = add_row(&section, item);

		row->cells[0] = cli_member(cli, item, "emergency");
		row->cells[1] =
			arena_format(cli_arena(cli), "of %s", cli_member(cli, item, "person"));
		row->cells[2] = arena_format(
			cli_arena(cli), "overdue for %s", span(cli, number(item, "overdue_s")));
		row->asks = "an approver of its scope who was not in it";
		row->next = arena_format(cli_arena(cli),
			"redbutton follow-up close %s --verdict justified|unjustified --note TEXT",
			row->cells[0]);
	}
	print_section(&section, "OVERDUE REVIEWS", "redbutton follow-up list --open");
}

/* "checkout/drain-zone zone=a" */
static const char *plan_text(struct cli *cli, const json_t *run)
{
	struct arena *arena = cli_arena(cli);
	char *text = arena_text(arena, cli_member(cli, run, "plan"));
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(run, "params"), key, value)
		text = arena_format(arena, "%s %s=%s", text, text_visible(arena, key),
			cli_member(cli, json_object_get(run, "params"), key));
	return text;
}

static const char *state_text(struct cli *cli, const json_t *run)
{
	const char *reason = cli_member(cli, run, "reason");

	return arena_format(cli_arena(cli), "%s%s%s", cli_member(cli, run, "state"),
		*reason ? " " : "", reason);
}

static const char *step_text(struct cli *cli, const json_t *run)
{
	const json_t *step = json_object_get(run, "step");
	const char *message = cli_member(cli, run, "message");
	int64_t total = number(run, "total");

	if (!step && total)
		return arena_format(cli_arena(cli), "%lld of %lld undone",
			(long long)number(run, "done"), (long long)total);
	if (!step)
		return message;
	return arena_format(cli_arena(cli), "%s %s", cli_member(cli, step, "path"),
		*message && strcmp(cli_member(cli, run, "state"), "PAUSED") == 0
			? message
			: cli_member(cli, step, "text"));
}

static void say_runs(struct cli *cli, const json_t *status)
{
	struct section section = {.cli = cli};
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(status, "running"), i, item) {
		struct row *row = add_row(&section, item);

		row->cells[0] = plan_text(cli, item);
		row->cells[1] = state_text(cli, item);
		row->cells[2] = span(cli, number(item, "elapsed_s"));
		row->cells[3] = step_text(cli, item);
		if (json_object_get(item, "asks"))
			row->asks = cli_member(cli, item, "asks");
	}
	print_section(&section, "RUNNING", "redbutton execution list --state open");
}

static const char *expiry_text(struct cli *cli, const json_t *effect)
{
	int64_t left = number(effect, "expires_in_s");

	if (number(effect, "troubled"))
		return arena_format(cli_arena(cli), "NOT AS IT SHOULD BE: %lld",
			(long long)number(effect, "troubled"));
	if (is_true(effect, "expired"))
		return arena_format(cli_arena(cli), "EXPIRED %s ago", span(cli, -left));
	return arena_format(cli_arena(cli), "expires in %s", span(cli, left));
}

static void say_effects(struct cli *cli, const json_t *status)
{
	struct section section = {.cli = cli};
	const json_t *effects = json_object_get(status, "in_effect"), *item;
	size_t i;

	json_array_foreach (json_object_get(effects, "items"), i, item) {
		struct row *row = add_row(&section, item);
		int64_t count = number(item, "registers");

		row->cells[0] = cli_member(cli, item, "plan");
		row->cells[1] = count == 1 ? cli_member(cli, item, "register")
					   : arena_format(cli_arena(cli), "%lld registers",
						     (long long)count);
		row->cells[2] =
			arena_format(cli_arena(cli), "since %s", span(cli, number(item, "age_s")));
		row->cells[3] =
			arena_format(cli_arena(cli), "by %s", cli_member(cli, item, "person"));
		row->cells[4] = expiry_text(cli, item);
	}
	print_section(&section, "IN EFFECT", "redbutton effects");
}

/* --- the planes: a line of their sum, and those that are not there --- */

static void add_target(struct section *section, const json_t *item)
{
	struct cli *cli = section->cli;
	struct row *row = add_row(section, item);
	bool was_seen = json_object_get(item, "seen_s") != NULL;

	row->cells[0] = cli_member(cli, item, "name");
	row->cells[1] = cli_member(cli, item, "kind");
	row->cells[2] = cli_member(cli, item, "outcome");
	row->cells[3] = was_seen ? arena_format(cli_arena(cli), "last seen %s ago",
					   span(cli, number(item, "seen_s")))
				 : "not seen since the start";
	row->cells[4] = cli_member(cli, item, "message");
	row->next = arena_format(cli_arena(cli), "redbutton target check %s", row->cells[0]);
}

static void say_targets(struct cli *cli, const json_t *status)
{
	struct section section = {.cli = cli};
	const json_t *targets = json_object_get(status, "targets"), *item;
	int64_t oldest = 0;
	size_t i;

	json_array_foreach (json_object_get(targets, "items"), i, item) {
		int64_t age = number(item, "checked_s");

		oldest = age > oldest ? age : oldest;
		if (json_is_false(json_object_get(item, "reachable")))
			add_target(&section, item);
	}
	print_section(&section, "NOT REACHABLE", "redbutton target list");
	cli_say(cli, "TARGETS  %lld reachable, %lld not, %lld not checked; looked at %s ago",
		(long long)number(targets, "reachable"), (long long)number(targets, "unreachable"),
		(long long)number(targets, "not_checked"), span(cli, oldest));
}

/* --- what it stands on, a line each --- */

static void say_store(struct cli *cli, const json_t *status)
{
	const json_t *store = json_object_get(status, "store");

	cli_say(cli, "STORE    %s, a commit takes %.1f ms", cli_member(cli, store, "state"),
		(double)number(store, "commit_us") / 1000);
}

static void say_jail(struct cli *cli, const json_t *status)
{
	const json_t *walls = json_object_get(json_object_get(status, "jail"), "walls");
	struct buf text = BUF_INIT;
	int64_t landlock = number(walls, "landlock_abi");

	if (is_true(walls, "seccomp"))
		buf_add_text(&text, " seccomp");
	if (is_true(walls, "no_new_privs"))
		buf_add_text(&text, " no_new_privs");
	if (is_true(walls, "rlimits"))
		buf_add_text(&text, " rlimits");
	if (landlock)
		buf_add_format(&text, " landlock-%lld", (long long)landlock);
	if (json_array_size(json_object_get(walls, "namespaces")))
		buf_add_format(&text, " namespaces(%s)", cli_member(cli, walls, "namespaces"));
	cli_say(cli, "JAIL     %s",
		is_true(json_object_get(status, "jail"), "ok")
			? arena_format(cli_arena(cli), "holds:%s", buf_text(&text))
			: "does not hold: plans are not evaluated");
	buf_done(&text);
}

static void say_audit(struct cli *cli, const json_t *status)
{
	const json_t *audit = json_object_get(status, "audit");
	const char *trouble = cli_member(cli, audit, "trouble");
	const char *place = is_true(audit, "outside") ? "outside" : "in the database ONLY";

	if (json_object_get(audit, "checkpoint_s"))
		cli_say(cli, "AUDIT    %lld records; checkpoint of %lld %s, %s ago, %s",
			(long long)number(audit, "records"),
			(long long)number(audit, "checkpoint_records"), place,
			span(cli, number(audit, "checkpoint_s")),
			is_true(audit, "signed") ? "signed" : "not signed");
	else
		cli_say(cli, "AUDIT    %lld records; no checkpoint yet",
			(long long)number(audit, "records"));
	if (*trouble)
		cli_say(cli, "         %s\n      > redbutton audit verify", trouble);
}

static void say_head(struct cli *cli, const json_t *status)
{
	const json_t *you = json_object_get(status, "you");
	const char *name = cli_member(cli, you, "name");

	cli_say(cli, "redbutton %s, up %s; you are %s (%s)", cli_member(cli, status, "version"),
		span(cli, number(status, "up_s")), *name ? name : "nobody it knows",
		cli_member(cli, you, "roles"));
}

static void say_verdict(struct cli *cli, const json_t *status)
{
	int64_t open = number(status, "open_approvals");
	size_t mine = json_array_size(json_object_get(status, "waiting_for_you"));

	if (!is_true(status, "needs_person")) {
		cli_say(cli, "Nothing needs a person.");
		return;
	}
	cli_say(cli, "Something needs a person%s.", mine ? ": you" : "");
	if (open)
		cli_say(cli, "%lld approval%s open\n      > redbutton approval list",
			(long long)open, open == 1 ? "" : "s");
}

static int run_status(struct cli *cli, struct error *err)
{
	static void (*const parts[])(struct cli * cli, const json_t *status) = {say_head, say_holds,
		say_emergencies, say_overdue, say_waits, say_runs, say_effects, say_targets,
		say_store, say_jail, say_audit, say_verdict};
	json_t *status;
	int rc = cli_get(cli, "/api/v1/status", &status, err);

	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, status);
	for (size_t i = 0; !cli_is_json(cli) && i < sizeof(parts) / sizeof(parts[0]); i++)
		parts[i](cli, status);
	if (is_true(status, "needs_person"))
		cli_end_with(cli, STATUS_EXIT_NEEDS_PERSON);
	return 0;
}
