/* The lists of a revision: how many there may be, room in the arena, then one after the other. */
#include "change/revision_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

static int open_list(struct arena *arena, const json_t *object, const struct revision_list *list,
	json_t **ret_array, void **ret_items, struct error *err)
{
	json_t *array = NULL;
	size_t count;
	int rc = json_get_array(object, list->field, true, &array, err);

	if (rc < 0)
		return rc;
	count = json_array_size(array);
	if (count < list->min || count > list->max) {
		if (list->min)
			error_set(err, ERROR_INVALID, "%zu to %zu are taken", list->min, list->max);
		else
			error_set(err, ERROR_INVALID, "at most %zu are taken", list->max);
		error_field(err, "%s", list->field);
		error_remedy(err, "%s", list->remedy);
		return ERROR_INVALID;
	}
	*ret_array = array;
	*ret_items = arena_alloc(arena, (count + 1) * list->item_size);
	return 0;
}

int revision_list(struct arena *arena, const json_t *object, const struct revision_list *list,
	void **ret_items, size_t *ret_count, struct error *err)
{
	void *items = NULL;
	json_t *array = NULL, *value;
	size_t i;
	int rc = open_list(arena, object, list, &array, &items, err);

	if (rc < 0)
		return rc;
	json_array_foreach (array, i, value)
		if (list->read(arena, value, (char *)items + i * list->item_size, err) < 0)
			return error_place(err, "%s[%zu]", list->field, i);
	*ret_items = items;
	*ret_count = json_array_size(array);
	return 0;
}

/* --- texts --- */

int revision_texts(struct arena *arena, const json_t *object, const char *field, size_t max,
	revision_parse_text parse, const char *const **ret, struct error *err)
{
	const struct revision_list list = {
		.field = field,
		.max = max,
		.remedy = "shorten the list",
		.item_size = sizeof(const char *),
	};
	const char **texts;
	void *items = NULL;
	json_t *array = NULL, *value;
	size_t i;
	int rc = open_list(arena, object, &list, &array, &items, err);

	texts = items;
	if (rc < 0)
		return rc;
	json_array_foreach (array, i, value)
		if ((rc = parse(arena, field, value, &texts[i], err)) < 0)
			return rc;
	*ret = texts;
	return 0;
}

static int parse_name(struct arena *arena, const char *field, const json_t *value, const char **ret,
	struct error *err)
{
	const char *name = json_string_value(value);
	int rc;

	if (!name)
		return revision_refuse(err, field, "a text is needed", "a list of names");
	if ((rc = text_check_name(field, name, err)) < 0)
		return rc;
	*ret = arena_text(arena, name);
	return 0;
}

int revision_names(struct arena *arena, const json_t *object, const char *field, size_t max,
	const char *const **ret, struct error *err)
{
	const char *const *names = NULL;
	int rc = revision_texts(arena, object, field, max, parse_name, &names, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; names[i]; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(names[k], names[i]))
				return revision_refuse(
					err, field, "a name stands there twice", "name it once");
	*ret = names;
	return 0;
}
