#include "plans/plan_files.h"

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_LIBRARY	  "lua-scripts/library"
#define INSTALLED_LIBRARY "../share/redbutton/library"
#define FILE_MAX_BYTES	  (1u << 20)
#define MODULES_MAX	  64

static void free_json(void *value)
{
	json_decref(value);
}

const char *plan_files_beside(struct arena *arena, const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return name;
	return arena_format(arena, "%.*s/%s", (int)(slash - path), path, name);
}

/* The name in `require "name"` at `text`, or NULL. */
static const char *required_name(struct arena *arena, const char *text)
{
	char quote;
	size_t length;

	text += strspn(text, " \t");
	if (*text == '(')
		text += 1 + strspn(text + 1, " \t");
	quote = *text;
	if (quote != '"' && quote != '\'')
		return NULL;
	length = strcspn(text + 1, "\"'\n\\");
	return text[1 + length] == quote ? arena_text_n(arena, text + 1, length) : NULL;
}

/* Of the package, seen from this program's place; NULL when that cannot be read. */
static const char *installed(struct arena *arena, const char *file)
{
	char directory[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", directory, sizeof(directory) - 1);

	if (length < 0)
		return NULL;
	directory[length] = 0;
	return plan_files_beside(
		arena, directory, arena_format(arena, INSTALLED_LIBRARY "/%s", file));
}

static int read_module(struct arena *arena, const char *path, const char *library, const char *name,
	const char **ret, struct error *err)
{
	const char *file = arena_format(arena, "%s.lua", name);
	const char *places[] = {plan_files_beside(arena, path, file),
		plan_files_beside(arena, path, arena_format(arena, "../library/%s", file)),
		arena_format(arena, "%s/%s", library ? library : DEFAULT_LIBRARY, file),
		library ? NULL : installed(arena, file)};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i] && access(places[i], F_OK) == 0)
			return file_read_text(arena, places[i], FILE_MAX_BYTES, ret, err);
	*ret = NULL;
	return 0;
}

/* Adds what a text requires, and what that requires. */
static int add_required(struct arena *arena, const char *path, const char *library,
	const char *text, json_t *modules, struct error *err)
{
	static const char word[] = "require";

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
		const char *name = required_name(arena, at + strlen(word)), *module;
		struct error odd = ERROR_INIT;
		int rc;

		if (!name || json_object_get(modules, name) ||
			text_check_path_name("module", name, &odd) < 0)
			continue;
		if (json_object_size(modules) >= MODULES_MAX)
			return error_set(
				err, ERROR_TOO_LARGE, "more than %d library modules", MODULES_MAX);
		if ((rc = read_module(arena, path, library, name, &module, err)) < 0)
			return rc;
		if (!module)
			continue;
		json_object_set_new(modules, name, json_string(module));
		if ((rc = add_required(arena, path, library, module, modules, err)) < 0)
			return rc;
	}
	return 0;
}

int plan_files_read(struct arena *arena, const char *path, const char *library,
	struct plan_files *ret, struct error *err)
{
	const char *slash = strrchr(path, '/');
	struct plan_files files = {.file = arena_text(arena, slash ? slash + 1 : path)};
	int rc = file_read_text(arena, path, FILE_MAX_BYTES, &files.script, err);

	if (rc < 0)
		return rc;
	files.modules = json_object();
	arena_defer(arena, free_json, files.modules);
	rc = add_required(arena, path, library, files.script, files.modules, err);
	if (rc >= 0)
		*ret = files;
	return rc;
}
