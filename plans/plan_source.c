#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

#define VERSION_DIGEST_DOMAIN "redbutton plan 1\n"

static int check_text(const char *field, const char *text, size_t max_bytes, struct error *err)
{
	if (strlen(text) > max_bytes) {
		error_set(err, ERROR_TOO_LARGE, "%s has %zu bytes; at most %zu are allowed", field,
			strlen(text), max_bytes);
		return error_field(err, "%s", field);
	}
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t')
			continue;
		error_set(err, ERROR_INVALID, "%s has the control character 0x%02x at byte %zu",
			field, (unsigned)(unsigned char)*c, (size_t)(c - text));
		error_field(err, "%s", field);
		return error_remedy(
			err, *c == '\r' ? "save it with Unix line ends" : "remove the character");
	}
	return 0;
}

/* "drain-zone.lua", "edge/common": what `require` and errors say; never a way out of a folder. */
static int check_module_name(const char *name, struct error *err)
{
	int rc = text_check_path_name("modules", name, err);

	if (rc < 0)
		return error_remedy(err,
			"a library module is named as its file without .lua, as in \"pacing\"");
	return 0;
}

static int check_modules(const json_t *modules, struct error *err)
{
	const char *name;
	json_t *text;
	size_t total = 0;
	int rc;

	if (json_object_size(modules) > PLAN_MAX_MODULES) {
		error_set(err, ERROR_TOO_LARGE, "more than %d library modules", PLAN_MAX_MODULES);
		return error_field(err, "modules");
	}
	json_object_foreach ((json_t *)modules, name, text) {
		if ((rc = check_module_name(name, err)) < 0)
			return rc;
		if (!json_is_string(text)) {
			error_set(err, ERROR_INVALID, "module %s must be text", name);
			return error_field(err, "modules");
		}
		if ((rc = check_text(name, json_string_value(text), PLAN_MAX_MODULES_BYTES, err)) <
			0)
			return rc;
		total += json_string_length(text);
	}
	if (total <= PLAN_MAX_MODULES_BYTES)
		return 0;
	error_set(err, ERROR_TOO_LARGE,
		"the library modules have %zu bytes together; at most %u are allowed", total,
		PLAN_MAX_MODULES_BYTES);
	return error_field(err, "modules");
}

int plan_source_check(const struct plan_source *source, struct error *err)
{
	int rc;

	if ((rc = text_check_name("file", source->file, err)) < 0)
		return rc;
	if (strchr(source->file, '/')) {
		error_set(err, ERROR_INVALID,
			"file is shown in errors: give its name without folders");
		return error_field(err, "file");
	}
	if (!*source->script) {
		error_set(err, ERROR_INVALID, "script is empty");
		return error_field(err, "script");
	}
	if ((rc = check_text("script", source->script, PLAN_MAX_SCRIPT_BYTES, err)) < 0)
		return rc;
	return check_modules(source->modules, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_modules(struct digest_state *state, const json_t *modules)
{
	const char *names[PLAN_MAX_MODULES];
	const char *name, *text;
	json_t *value;
	size_t count = 0;

	json_object_foreach ((json_t *)modules, name, value)
		if (count < PLAN_MAX_MODULES)
			names[count++] = name;
	qsort(names, count, sizeof(names[0]), compare_names);
	for (size_t i = 0; i < count; i++) {
		text = json_string_value(json_object_get(modules, names[i]));
		digest_add_field(state, names[i], strlen(names[i]));
		digest_add_field(state, text, strlen(text));
	}
}

void plan_source_digest(const struct plan_source *source, char ret[static DIGEST_TEXT_SIZE])
{
	struct digest_state *state = digest_new();
	struct digest digest;

	digest_add(state, VERSION_DIGEST_DOMAIN, strlen(VERSION_DIGEST_DOMAIN));
	digest_add_field(state, source->script, strlen(source->script));
	add_modules(state, source->modules);
	digest_end(state, &digest);
	digest_free(state);
	digest_text(&digest, ret);
}
