/*
 * The canonical rendering: all that an approver has to see, and its digest is part of what they
 * sign. One argument a line; what a terminal would hide or act on is spelled out, and a text in
 * which something was spelled out says so.
 */
#include "calendar/calendar.h"
#include "change/change_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <string.h>

/* "text" with what deceives spelled out; the mark tells a typed \x1b from one that was there. */
static void add_quoted(struct buf *out, const char *bytes)
{
	struct buf visible = BUF_INIT;

	text_add_visible(&visible, bytes, strlen(bytes));
	buf_add_format(out, "\"%s\"", buf_text(&visible));
	if (strcmp(buf_text(&visible), bytes) != 0)
		buf_add_format(out, "   (%zu bytes, some are spelled out)", strlen(bytes));
	buf_done(&visible);
}

static void add_names(struct buf *out, const char *label, const char *const *names)
{
	if (!names[0])
		return;
	buf_add_format(out, "%s", label);
	for (; *names; names++)
		buf_add_format(out, " %s", *names);
	buf_add_char(out, '\n');
}

static void add_time(
	struct buf *out, struct arena *arena, const char *label, const char *zone, int64_t at_us)
{
	char text[TIME_TEXT_SIZE];

	buf_add_format(out, "%s %s %s (%s)\n", label, calendar_format_local(arena, zone, at_us),
		zone, time_format(at_us, text, sizeof(text)));
}

/* --- frame --- */

static void add_frame(struct buf *out, struct arena *arena, const struct render_input *input)
{
	const struct revision *revision = input->revision;

	buf_add_format(out,
		"%s revision %lld\n%s\ntitle: %s\nrequested by %s, this revision by %s\n",
		input->change->name, (long long)input->row->revision, input->row->digest,
		text_visible(arena, input->change->title), input->change->requester,
		input->row->author);
	buf_add_format(out, "type %s, environment %s\n", revision->type, revision->environment);
	add_names(out, "services:", revision->services);
	add_names(out, "executors:", revision->executors);
	add_names(out, "coordinated with:", revision->coordinated_with);
	if (revision->incident)
		buf_add_format(out, "incident: %s\n", text_visible(arena, revision->incident));
	add_time(out, arena, "from ", revision->zone, revision->start_us);
	add_time(out, arena, "until", revision->zone, revision->end_us);
}

/* --- exceptions to calendars --- */

static void add_closing(struct buf *out, struct arena *arena, const struct revision *revision,
	const json_t *closing)
{
	const char *event = json_string_value(json_object_get(closing, "event"));
	int64_t since_us = json_integer_value(json_object_get(closing, "since_us"));
	int64_t until_us = json_integer_value(json_object_get(closing, "until_us"));

	buf_add_format(out, "  %s needs a yes of the group %s to %s\n",
		json_string_value(json_object_get(closing, "calendar")),
		json_string_value(json_object_get(closing, "approvers")),
		event && *event ? text_visible(arena, event) : "work outside its windows");
	if (since_us)
		add_time(out, arena, "    from ", revision->zone, since_us);
	if (until_us)
		add_time(out, arena, "    until", revision->zone, until_us);
}

/* What is not listed stays as closed as it is. */
static void add_exceptions(struct buf *out, struct arena *arena, const struct render_input *input)
{
	const struct revision *revision = input->revision;
	json_t *list = change_exceptions_json(input->row->exceptions), *closing;
	size_t i;

	if (revision->exception_calendars[0]) {
		add_names(out, "\nFREEZE EXCEPTION asked of:", revision->exception_calendars);
		buf_add_format(
			out, "  because: %s\n", text_visible(arena, revision->exception_reason));
		json_array_foreach (list, i, closing)
			add_closing(out, arena, revision, closing);
		if (!i)
			buf_add_text(out, "  nothing is let through\n");
	}
	json_decref(list);
}

static void add_targets(struct buf *out, struct arena *arena, const struct revision *revision)
{
	buf_add_format(out, "\ntargets: %zu\n", revision->target_count);
	for (size_t i = 0; i < revision->target_count; i++)
		buf_add_format(out, "  %s  %s\n", text_visible(arena, revision->targets[i].name),
			text_visible(arena, revision->targets[i].identity));
}

/* --- steps --- */

static void add_command(struct buf *out, const struct revision_step *step)
{
	if (*step->path) {
		buf_add_text(out, "  runs ");
		add_quoted(out, step->path);
		buf_add_char(out, '\n');
	}
	for (size_t i = 0; step->argv[i]; i++) {
		buf_add_format(out, "  [%zu] ", i);
		add_quoted(out, step->argv[i]);
		buf_add_char(out, '\n');
	}
	if (*step->cwd) {
		buf_add_text(out, "  in ");
		add_quoted(out, step->cwd);
		buf_add_char(out, '\n');
	}
	for (size_t i = 0; step->env[i]; i++) {
		buf_add_text(out, "  with ");
		add_quoted(out, step->env[i]);
		buf_add_char(out, '\n');
	}
}

static void add_step(struct buf *out, struct arena *arena, const struct revision_step *step)
{
	buf_add_format(out, "\nstep %lld: %s, %s, as %s\n", (long long)step->seq,
		step_phase_word(step->phase), step_kind_word(step->kind), step->runas);
	add_names(out, "  on", step->targets);
	add_command(out, step);
	for (size_t i = 0; i < step->content_count; i++)
		buf_add_format(out, "  %s %s: sha256 %s, %lld bytes, mode %04llo\n",
			step->contents[i].role, text_visible(arena, step->contents[i].name),
			step->contents[i].sha256, (long long)step->contents[i].size,
			(unsigned long long)step->contents[i].mode);
	buf_add_format(
		out, "  standard input: %s\n", step->stdin_content ? step->stdin_content : "none");
	buf_add_format(out, "  at most %lld times, each within %llds, then %llds of looking\n",
		(long long)step->max_runs, (long long)step->timeout_s, (long long)step->observe_s);
	if (step->rows >= 0)
		buf_add_format(out, "  rows, as declared: %lld\n", (long long)step->rows);
	if (step->irreversible_reason)
		buf_add_format(out, "  CANNOT BE UNDONE: %s\n",
			text_visible(arena, step->irreversible_reason));
}

static void add_steps(
	struct buf *out, struct arena *arena, const struct revision *revision, bool is_rollback)
{
	bool has_any = false;

	for (size_t i = 0; i < revision->step_count; i++)
		if ((revision->steps[i].phase == PHASE_ROLLBACK) == is_rollback) {
			if (is_rollback && !has_any)
				buf_add_text(out, "\nto roll back\n");
			add_step(out, arena, &revision->steps[i]);
			has_any = true;
		}
	if (is_rollback && !has_any)
		buf_add_text(out, "\nno rollback steps\n");
}

/* --- verification, objects, release --- */

static void add_verification(struct buf *out, struct arena *arena, const struct revision *revision)
{
	buf_add_format(out, "\nverification, after %llds\n", (long long)revision->observe_s);
	for (size_t i = 0; i < revision->metric_count; i++) {
		const struct revision_metric *metric = &revision->verification[i];

		buf_add_format(out, "  %s: %s %s %s over %llds on %s\n",
			text_visible(arena, metric->name), text_visible(arena, metric->query),
			metric->op, metric->threshold, (long long)metric->window_s,
			text_visible(arena, metric->target));
	}
	if (!revision->metric_count)
		buf_add_text(out, "  nothing is measured\n");
}

static int add_json(struct buf *out, const char *label, const json_t *value, struct error *err)
{
	if (!value)
		return 0;
	buf_add_format(out, "\n%s ", label);
	if (canonical_add(out, value, err) < 0)
		return err->code;
	buf_add_char(out, '\n');
	return 0;
}

/* --- contents, whole --- */

static void add_content_text(struct buf *out, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		const char *end = memchr(bytes + at, '\n', length - at);
		size_t line = end ? (size_t)(end - bytes) - at : length - at;

		buf_add_text(out, "  | ");
		text_add_visible(out, bytes + at, line);
		buf_add_text(out, end ? "\n" : "\n  (no line end)\n");
		at += line + 1;
	}
}

static bool is_shown_before(const struct revision *revision, size_t step, size_t content)
{
	const char *sha256 = revision->steps[step].contents[content].sha256;

	for (size_t i = 0; i <= step; i++)
		for (size_t k = 0; k < (i == step ? content : revision->steps[i].content_count);
			k++)
			if (!strcmp(revision->steps[i].contents[k].sha256, sha256))
				return true;
	return false;
}

static int add_contents(
	struct buf *out, struct arena *arena, const struct render_input *input, struct error *err)
{
	const struct revision *revision = input->revision;
	const char *bytes;
	size_t length;
	int rc;

	for (size_t i = 0; i < revision->step_count; i++)
		for (size_t k = 0; k < revision->steps[i].content_count; k++) {
			if (is_shown_before(revision, i, k) || out->length > CHANGE_RENDER_MAX)
				continue;
			rc = change_get_content(input->tx, arena,
				revision->steps[i].contents[k].sha256, &bytes, &length, err);
			if (rc < 0)
				return rc;
			buf_add_format(out, "\ncontent %s, %zu bytes\n",
				revision->steps[i].contents[k].sha256, length);
			add_content_text(out, bytes, length);
		}
	return 0;
}

/* --- findings, diff --- */

static void add_findings(struct buf *out, struct arena *arena, const struct risk_report *report)
{
	if (!report)
		return;
	buf_add_format(out, "\nscore %lld", (long long)report->total);
	if (report->terms && *report->terms)
		buf_add_format(out, " = %s", report->terms);
	if (report->history_failed)
		buf_add_format(out, "\nhistory: %lld of the last %lld like it did not end well",
			(long long)report->history_failed, (long long)report->history_of);
	buf_add_format(out, "\nrules %s\n", report->revision);
	for (size_t i = 0; i < report->count; i++) {
		const struct risk_finding *finding = &report->findings[i];

		buf_add_format(out, "  %c %s %s", finding->severity, finding->rule, finding->tier);
		if (finding->step)
			buf_add_format(out, " step %lld", (long long)finding->step);
		buf_add_format(out, ": %s\n", text_visible(arena, finding->message));
	}
	if (!report->count)
		buf_add_text(out, "  no findings\n");
}

static void add_side(struct buf *out, char sign, const json_t *value)
{
	struct buf text = BUF_INIT;

	if (!value)
		return;
	if (canonical_add(&text, value, NULL) == 0) {
		buf_add_format(out, "    %c ", sign);
		text_add_visible(out, buf_text(&text), text.length);
		buf_add_char(out, '\n');
	}
	buf_done(&text);
}

static void add_diff(struct buf *out, const struct change_revision *row)
{
	json_t *diff = NULL, *one;
	size_t i;

	if (row->revision < 2 ||
		json_parse(row->diff, strlen(row->diff), JSON_DEPTH_MAX, &diff, NULL) < 0)
		return;
	buf_add_format(out, "\nchanged since revision %lld\n", (long long)row->revision - 1);
	json_array_foreach (diff, i, one) {
		buf_add_format(out, "  %s\n", json_string_value(json_object_get(one, "path")));
		add_side(out, '-', json_object_get(one, "from"));
		add_side(out, '+', json_object_get(one, "to"));
	}
	json_decref(diff);
}

static int render(
	struct buf *out, struct arena *arena, const struct render_input *input, struct error *err)
{
	const struct revision *revision = input->revision;
	int rc;

	add_frame(out, arena, input);
	add_exceptions(out, arena, input);
	add_targets(out, arena, revision);
	add_steps(out, arena, revision, false);
	add_steps(out, arena, revision, true);
	add_verification(out, arena, revision);
	add_names(out, "\nobjects:", revision->objects);
	if ((rc = add_json(out, "release", revision->release, err)) < 0 ||
		(rc = add_contents(out, arena, input, err)) < 0)
		return rc;
	add_findings(out, arena, input->report);
	add_diff(out, input->row);
	if (out->length <= CHANGE_RENDER_MAX)
		return 0;
	error_set(err, ERROR_TOO_LARGE,
		"render_incomplete: what an approver would have to read is longer than 4 MiB");
	return error_remedy(err, "split the change");
}

int change_render(struct arena *arena, const struct render_input *input, const char **ret_text,
	struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = render(&out, arena, input, err);

	if (rc >= 0)
		*ret_text = arena_text(arena, buf_text(&out));
	buf_done(&out);
	return rc;
}

void change_render_digest(const char *text, char ret[static DIGEST_TEXT_SIZE])
{
	struct digest digest;

	digest_of_domain("rcm rendering 1\n", text, strlen(text), &digest);
	digest_text(&digest, ret);
}
