/* What differs between two revisions, by the place in the body. */
#include "change/change_rooms.h"
#include "lib/base/json.h"

static void add(json_t *list, const char *path, const json_t *from, const json_t *to)
{
	json_t *one = json_object();

	json_set_text(one, "path", path);
	if (from)
		json_object_set(one, "from", (json_t *)from);
	if (to)
		json_object_set(one, "to", (json_t *)to);
	json_array_append_new(list, one);
}

static void compare(
	struct arena *arena, json_t *list, const char *path, const json_t *from, const json_t *to);

static void compare_arrays(
	struct arena *arena, json_t *list, const char *path, const json_t *from, const json_t *to)
{
	size_t count = json_array_size(from);

	if (json_array_size(to) > count)
		count = json_array_size(to);
	for (size_t i = 0; i < count; i++)
		compare(arena, list, arena_format(arena, "%s[%zu]", path, i),
			json_array_get(from, i), json_array_get(to, i));
}

static void compare_objects(
	struct arena *arena, json_t *list, const char *path, const json_t *from, const json_t *to)
{
	const char *between = *path ? "." : "", *key;
	json_t *value;

	json_object_foreach ((json_t *)from, key, value)
		compare(arena, list, arena_format(arena, "%s%s%s", path, between, key), value,
			json_object_get(to, key));
	json_object_foreach ((json_t *)to, key, value)
		if (!json_object_get(from, key))
			add(list, arena_format(arena, "%s%s%s", path, between, key), NULL, value);
}

static void compare(
	struct arena *arena, json_t *list, const char *path, const json_t *from, const json_t *to)
{
	if (from && to && json_equal(from, to))
		return;
	if (json_is_array(from) && json_is_array(to))
		compare_arrays(arena, list, path, from, to);
	else if (json_is_object(from) && json_is_object(to))
		compare_objects(arena, list, path, from, to);
	else
		add(list, path, from, to);
}

json_t *change_diff(const json_t *from, const json_t *to)
{
	struct arena arena = ARENA_INIT;
	json_t *list = json_array();

	compare(&arena, list, "", from, to);
	arena_done(&arena);
	return list;
}
