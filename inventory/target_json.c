#include "inventory/target_rooms.h"

#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stddef.h>
#include <string.h>

const char *const target_named_labels[] = {"environment", "site", "zone", "service", "tier", NULL};

static const size_t named_offsets[] = {
	offsetof(struct target, environment),
	offsetof(struct target, site),
	offsetof(struct target, zone),
	offsetof(struct target, service),
	offsetof(struct target, tier),
};

const char *target_named_label(const struct target *target, const char *key)
{
	for (size_t i = 0; target_named_labels[i]; i++)
		if (!strcmp(target_named_labels[i], key))
			return *(const char *const *)((const char *)target + named_offsets[i]);
	return NULL;
}

/* Our own rows: what is no object there reads as none. */
static json_t *parse_labels(const struct target *target)
{
	json_t *labels = NULL;

	if (target->labels &&
		json_parse(target->labels, strlen(target->labels), JSON_DEPTH_MAX, &labels, NULL) ==
			0 &&
		json_is_object(labels))
		return labels;
	json_decref(labels);
	return json_object();
}

json_t *target_all_labels(const struct target *target)
{
	json_t *labels = parse_labels(target);

	for (size_t i = 0; target_named_labels[i]; i++) {
		const char *value = target_named_label(target, target_named_labels[i]);

		if (value && *value)
			json_set_text(labels, target_named_labels[i], value);
	}
	return labels;
}

static json_t *list_json(const char *const *list)
{
	json_t *array = json_array();

	for (; *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

char *target_list_text(struct arena *arena, const char *const *list)
{
	json_t *array = list_json(list);
	char *text = json_text(arena, array);

	json_decref(array);
	return text;
}

static const char *const *copy_list(struct arena *arena, const json_t *array)
{
	size_t count = json_array_size(array);
	const char **list = arena_alloc(arena, (count + 1) * sizeof(*list));

	for (size_t i = 0; i < count; i++)
		list[i] = arena_text(arena, json_string_value(json_array_get(array, i)));
	return list;
}

const char *const *target_list_parse(struct arena *arena, const char *text)
{
	const char *const *list;
	json_t *array = NULL;

	(void)json_parse(text, strlen(text), JSON_DEPTH_MAX, &array, NULL);
	list = copy_list(arena, array);
	json_decref(array);
	return list;
}

int target_list_from_json(struct arena *arena, const json_t *object, const char *field,
	const char *const **ret, struct error *err)
{
	json_t *array = NULL, *item;
	size_t i;
	int rc = json_get_array(object, field, false, &array, err);

	if (rc < 0 || !array)
		return rc;
	if (json_array_size(array) > TARGET_LIST_MAX) {
		error_set(
			err, ERROR_INVALID, "%s has more than %d entries", field, TARGET_LIST_MAX);
		return error_field(err, "%s", field);
	}
	json_array_foreach (array, i, item) {
		if (json_is_string(item))
			continue;
		error_set(err, ERROR_INVALID, "%s is a list of texts", field);
		return error_field(err, "%s[%zu]", field, i);
	}
	*ret = copy_list(arena, array);
	return 0;
}

json_t *target_json(const struct target *target)
{
	char text[DIGEST_TEXT_SIZE];
	json_t *object = json_object();
	struct digest identity;

	target_identity(target, &identity);
	json_set_text(object, "id", target->id);
	json_set_text(object, "name", target->name);
	json_set_text(object, "kind", target->kind);
	json_set_text(object, "address", target->address);
	json_set_text(object, "credential", target->credential);
	for (size_t i = 0; target_named_labels[i]; i++)
		json_set_text(object, target_named_labels[i],
			target_named_label(target, target_named_labels[i]));
	json_object_set_new(object, "labels", parse_labels(target));
	json_object_set_new(object, "allow", list_json(target->allow));
	json_object_set_new(object, "networks", list_json(target->networks));
	json_set_text(object, "identity", digest_text(&identity, text));
	json_set_int(object, "version", target->version);
	json_set_time(object, "created_at", target->created_at_us);
	json_set_time(object, "changed_at", target->changed_at_us);
	return object;
}
