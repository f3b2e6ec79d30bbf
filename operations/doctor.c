#include "operations/doctor_rooms.h"

#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdarg.h>
#include <stdlib.h>

static void (*const looks[])(struct doctor *doctor) = {
	doctor_look_at_daemon,
	doctor_look_at_directory,
	doctor_look_at_disk,
	doctor_look_at_sync,
	doctor_look_at_clock,
	doctor_look_at_descriptors,
	doctor_look_at_sockets,
	doctor_look_at_systemd,
	doctor_look_at_database,
	doctor_look_at_key,
	doctor_look_at_checkpoint,
	doctor_look_at_people,
	doctor_look_at_rooms,
};

static const char *const state_words[] = {
	[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "fail"};

void doctor_add(struct doctor *doctor, enum doctor_state state, const char *name, const char *text,
	const char *remedy)
{
	struct doctor_report *report = doctor->report;

	report->findings = arena_grow(doctor->arena, report->findings, report->count,
		&doctor->capacity, sizeof(*report->findings));
	report->findings[report->count++] = (struct doctor_finding){
		.name = arena_text(doctor->arena, name),
		.state = state,
		.text = arena_text(doctor->arena, text),
		.remedy = arena_text(doctor->arena, remedy),
	};
	if (state > report->worst)
		report->worst = state;
}

void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	doctor_add(doctor, DOCTOR_OK, name, arena_vformat(doctor->arena, format, args), "");
	va_end(args);
}

void doctor_add_error(struct doctor *doctor, enum doctor_state state, const char *name,
	const struct error *err, const char *remedy)
{
	const char *text =
		*err->place ? arena_format(doctor->arena, "%s (%s)", err->message, err->place)
			    : err->message;

	doctor_add(doctor, state, name, text, *err->remedy ? err->remedy : remedy);
}

void doctor_examine(
	const struct doctor_options *options, struct arena *arena, struct doctor_report *ret)
{
	struct doctor doctor = {.options = options, .arena = arena, .report = ret};

	*ret = (struct doctor_report){0};
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		looks[i](&doctor);
	store_close(doctor.store);
}

int doctor_exit(const struct doctor_report *report)
{
	return (int)report->worst;
}

/* --- telling --- */

static void print_json(const struct doctor_report *report, FILE *out)
{
	json_t *object = json_object(), *list = json_array();
	char *text;

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *finding = &report->findings[i];
		json_t *item = json_object();

		json_set_text(item, "check", finding->name);
		json_set_text(item, "state", state_words[finding->state]);
		json_set_text(item, "text", finding->text);
		json_set_text(item, "remedy", *finding->remedy ? finding->remedy : NULL);
		json_array_append_new(list, item);
	}
	json_set_text(object, "worst", state_words[report->worst]);
	json_object_set_new(object, "checks", list);
	text = json_dumps(object, JSON_INDENT(2));
	fprintf(out, "%s\n", text ? text : "{}");
	free(text);
	json_decref(object);
}

static int widest_name(const struct doctor_report *report)
{
	int width = 0;

	for (size_t i = 0; i < report->count; i++) {
		int columns = text_columns(report->findings[i].name);

		width = columns > width ? columns : width;
	}
	return width;
}

static void print_lines(const struct doctor_report *report, FILE *out)
{
	struct arena arena = ARENA_INIT;
	int width = widest_name(report);

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_finding *finding = &report->findings[i];

		fprintf(out, "%-4s  %s%*s  %s\n", state_words[finding->state],
			text_visible(&arena, finding->name), width - text_columns(finding->name),
			"", text_visible(&arena, finding->text));
		if (*finding->remedy)
			fprintf(out, "      > %s\n", text_visible(&arena, finding->remedy));
	}
	arena_done(&arena);
}

void doctor_print(const struct doctor_report *report, bool is_json, FILE *out)
{
	if (is_json)
		print_json(report, out);
	else
		print_lines(report, out);
}
