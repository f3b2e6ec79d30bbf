/* Which targets, and in which batches. */
#include "change/change_cli_rooms.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *label_of(const json_t *target, const char *key)
{
	const char *named = json_string_value(json_object_get(target, key));

	return named ? named
		     : json_string_value(json_object_get(json_object_get(target, "labels"), key));
}

/* "service=shop,zone=a": all of them. */
static bool has_all(struct arena *arena, const json_t *target, const char *selector)
{
	char *rest = arena_text(arena, selector), *word, *equals;
	const char *value;

	while ((word = strsep(&rest, ","))) {
		if (!(equals = strchr(word, '=')))
			return false;
		*equals = 0;
		value = label_of(target, word);
		if (!value || strcmp(value, equals + 1) != 0)
			return false;
	}
	return true;
}

static bool can_run_commands(const json_t *target)
{
	const char *kind = json_string_value(json_object_get(target, "kind"));

	return kind && (!strcmp(kind, "host") || !strcmp(kind, "k8s") || !strcmp(kind, "database"));
}

struct names {
	const char **list;
	size_t count, capacity;
};

static void add(struct arena *arena, struct names *names, const char *name)
{
	names->list = arena_grow(
		arena, names->list, names->count, &names->capacity, sizeof(*names->list));
	names->list[names->count++] = name;
}

static int add_selected(struct cli *cli, const char *environment, const char *selector,
	struct names *names, struct error *err)
{
	size_t before = names->count, i;
	json_t *answer, *target;
	int rc = cli_get(
		cli, cli_path(cli, "/api/v1/targets?environment=%s", environment), &answer, err);

	if (rc < 0)
		return rc;
	json_array_foreach (json_object_get(answer, "items"), i, target)
		if (can_run_commands(target) && has_all(cli_arena(cli), target, selector))
			add(cli_arena(cli), names,
				json_string_value(json_object_get(target, "name")));
	if (names->count > before)
		return 0;
	error_set(err, ERROR_USAGE, "no target of %s has %s", environment, selector);
	error_field(err, "target");
	return error_remedy(err, "rcm target list");
}

int change_cli_targets(struct cli *cli, const char *environment, const char ***ret,
	size_t *ret_count, struct error *err)
{
	struct names names = {0};
	const char *given;
	size_t kept = 0;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && (given = cli_flag_at(cli, "target", i)); i++) {
		if (strchr(given, '='))
			rc = add_selected(cli, environment, given, &names, err);
		else
			add(cli_arena(cli), &names, given);
	}
	if (rc < 0)
		return rc;
	if (!names.count) {
		error_set(err, ERROR_USAGE, "on which targets?");
		error_field(err, "target");
		return error_remedy(err, "--target web-1, or --target service=shop,zone=a");
	}
	qsort(names.list, names.count, sizeof(*names.list), compare);
	for (size_t i = 0; i < names.count; i++)
		if (!kept || strcmp(names.list[kept - 1], names.list[i]) != 0)
			names.list[kept++] = names.list[i];
	*ret = names.list;
	*ret_count = kept;
	return 0;
}

/* --- fewer --- */

/* Of a list of names, or of objects that have one. True when it was there. */
static bool take_away(json_t *targets, const char *name)
{
	json_t *one, *named;
	size_t i;

	json_array_foreach (targets, i, one) {
		named = json_is_object(one) ? json_object_get(one, "name") : one;
		if (text_is_equal(json_string_value(named), name)) {
			json_array_remove(targets, i);
			return true;
		}
	}
	return false;
}

static int drop_target(json_t *body, const char *name, struct error *err)
{
	bool was_there = false, is_empty = false;
	json_t *step, *targets;
	size_t i, number = 0;

	json_array_foreach (json_object_get(body, "steps"), i, step) {
		targets = json_object_get(step, "targets");
		if (!take_away(targets, name))
			continue;
		was_there = true;
		if (!json_array_size(targets) && !is_empty) {
			is_empty = true;
			number = i + 1;
		}
	}
	take_away(json_object_get(body, "targets"), name);
	if (was_there && !is_empty)
		return 0;
	if (is_empty)
		error_set(err, ERROR_USAGE, "step %zu would be left without a target", number);
	else
		error_set(err, ERROR_USAGE, "no step is for %s", name);
	error_field(err, "drop-target");
	return error_remedy(err, is_empty ? "take the step out: rcm edit --from FILE"
					  : "see them: rcm show CHANGE --json");
}

int change_cli_drop_targets(struct cli *cli, json_t *body, struct error *err)
{
	const char *name;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && (name = cli_flag_at(cli, "drop-target", i)); i++)
		rc = drop_target(body, name, err);
	return rc;
}

/* --- batches --- */

static int refuse_batches(const char *text, struct error *err)
{
	error_set(err, ERROR_USAGE,
		"--batches %s: numbers or percents that grow, the last of them all", text);
	error_field(err, "batches");
	return error_remedy(err, "1,20%%,100%%");
}

/* Rounded up: a percent of few is one at least. */
static bool parse_end(char *word, size_t targets, size_t *ret, bool *ret_is_all)
{
	size_t length = strlen(word);
	bool is_percent = length && word[length - 1] == '%';
	int64_t number;

	if (is_percent)
		word[length - 1] = 0;
	if (text_parse_int64("batches", word, 1, is_percent ? 100 : 1000000, &number, NULL) < 0)
		return false;
	*ret = is_percent ? ((size_t)number * targets + 99) / 100 : (size_t)number;
	*ret_is_all = is_percent ? number == 100 : (size_t)number >= targets;
	return true;
}

int change_cli_batches(struct arena *arena, const char *text, size_t targets, size_t **ret_ends,
	size_t *ret_count, struct error *err)
{
	char *rest = arena_text(arena, text), *word;
	size_t *ends = NULL, count = 0, capacity = 0, end;
	bool is_all = false;

	while ((word = strsep(&rest, ","))) {
		if (!parse_end(word, targets, &end, &is_all))
			return refuse_batches(text, err);
		if (end > targets)
			end = targets;
		/* Few targets make some of the batches the same. */
		if (count && end < ends[count - 1])
			return refuse_batches(text, err);
		if (count && end == ends[count - 1])
			continue;
		ends = arena_grow(arena, ends, count, &capacity, sizeof(*ends));
		ends[count++] = end;
	}
	if (!is_all)
		return refuse_batches(text, err);
	*ret_ends = ends;
	*ret_count = count;
	return 0;
}
