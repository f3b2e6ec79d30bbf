#include "change/risk/risk_files.h"

#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX	  ".lua"
#define FILES_MAX (RISK_RULES_MAX + 64)

static void free_json(void *value)
{
	json_decref(value);
}

/* --- names --- */

/* As the runner wants an id: a capital, capitals and digits, a dash, three digits. */
bool risk_files_is_rule(const char *name)
{
	const char *c = name;

	if (!isupper((unsigned char)*c))
		return false;
	while (isupper((unsigned char)*c) || isdigit((unsigned char)*c))
		c++;
	return c[0] == '-' && isdigit((unsigned char)c[1]) && isdigit((unsigned char)c[2]) &&
	       isdigit((unsigned char)c[3]) && strcmp(c + 4, SUFFIX) == 0;
}

bool risk_files_is_module(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz_");

	return length && strcmp(name + length, SUFFIX) == 0;
}

static int refuse_name(const char *name, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s is neither a rule nor a module", name);
	error_field(err, "file");
	return error_remedy(
		err, "name a rule by its id (FS-001.lua), a module in small letters (lib.lua)");
}

/* --- a set --- */

void risk_files_init(struct arena *arena, struct risk_files *files)
{
	files->rules = json_array();
	files->modules = json_object();
	arena_defer(arena, free_json, files->rules);
	arena_defer(arena, free_json, files->modules);
}

int risk_files_add(struct risk_files *files, const char *name, const char *text, struct error *err)
{
	json_t *row;

	if (risk_files_is_module(name)) {
		json_object_set_new(files->modules, strndupa(name, strlen(name) - strlen(SUFFIX)),
			json_string(text));
		return 0;
	}
	if (!risk_files_is_rule(name))
		return refuse_name(name, err);
	if (json_array_size(files->rules) == RISK_RULES_MAX)
		return error_set(err, ERROR_TOO_LARGE, "more than %d rules", RISK_RULES_MAX);
	row = json_object();
	json_set_text(row, "file", name);
	json_set_text(row, "script", text);
	json_array_append_new(files->rules, row);
	return 0;
}

static int add_file(struct arena *arena, const char *directory, const char *name,
	struct risk_files *files, struct error *err)
{
	const char *path = arena_format(arena, "%s/%s", directory, name), *text;
	struct stat about;
	int rc;

	if (stat(path, &about) < 0 || !S_ISREG(about.st_mode)) {
		error_set(err, ERROR_INVALID, "%s is no regular file", name);
		return error_place(err, "%s", path);
	}
	if ((rc = file_read_text(arena, path, RISK_FILE_MAX_BYTES, &text, err)) < 0)
		return rc;
	if ((rc = risk_files_add(files, name, text, err)) < 0)
		error_place(err, "%s", path);
	return rc;
}

/* --- folders --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the folder that end in .lua and do not begin with a dot, sorted. */
static int list_folder(struct arena *arena, const char *directory, const char ***ret,
	size_t *ret_count, struct error *err)
{
	DIR *folder = opendir(directory);
	struct dirent *entry;
	const char **names = NULL;
	size_t count = 0, capacity = 0;

	if (!folder) {
		error_errno(err, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
			"the folder of rules cannot be read");
		return error_place(err, "%s", directory);
	}
	while ((entry = readdir(folder)) && count <= FILES_MAX) {
		if (entry->d_name[0] == '.' || !text_ends_with(entry->d_name, SUFFIX))
			continue;
		names = arena_grow(arena, names, count, &capacity, sizeof(*names));
		names[count++] = arena_text(arena, entry->d_name);
	}
	closedir(folder);
	if (count > FILES_MAX) {
		error_set(err, ERROR_TOO_LARGE, "more than %d files of rules", FILES_MAX);
		return error_place(err, "%s", directory);
	}
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	*ret = names;
	*ret_count = count;
	return 0;
}

int risk_files_read(
	struct arena *arena, const char *directory, struct risk_files *ret, struct error *err)
{
	struct risk_files files;
	const char **names = NULL;
	size_t count = 0;
	int rc = list_folder(arena, directory, &names, &count, err);

	risk_files_init(arena, &files);
	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = add_file(arena, directory, names[i], &files, err);
	if (rc < 0)
		return rc;
	if (!json_array_size(files.rules)) {
		error_set(err, ERROR_INVALID, "there is no rule in the folder");
		error_place(err, "%s", directory);
		return error_remedy(err, "a rule's file is named by its id: FS-001.lua");
	}
	*ret = files;
	return 0;
}

int risk_files_read_one(
	struct arena *arena, const char *path, struct risk_files *ret, struct error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *directory = slash ? arena_text_n(arena, path, (size_t)(slash - path)) : ".";
	struct risk_files files;
	const char **names = NULL;
	size_t count = 0;
	int rc;

	risk_files_init(arena, &files);
	if (!risk_files_is_rule(name))
		return refuse_name(name, err);
	if ((rc = add_file(arena, directory, name, &files, err)) < 0 ||
		(rc = list_folder(arena, directory, &names, &count, err)) < 0)
		return rc;
	for (size_t i = 0; rc >= 0 && i < count; i++)
		if (risk_files_is_module(names[i]))
			rc = add_file(arena, directory, names[i], &files, err);
	if (rc >= 0)
		*ret = files;
	return rc;
}
