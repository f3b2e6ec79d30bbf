#include "change/command/command.h"

#include <string.h>

#define KEY_MAX 200

/* "k8s:main/shop/..." and "db:orders-1/...": the place is named. Slashes at the end go. */
static bool copy_key(const char *object, char key[KEY_MAX + 1])
{
	size_t length = strlen(object);
	const char *place = strchr(object, ':');

	if (strncmp(object, "k8s:", 4) != 0 && strncmp(object, "db:", 3) != 0)
		return false;
	if (place[1] == '/' || !place[1])
		return false;
	while (length && object[length - 1] == '/')
		length--;
	/* A longer one is claimed by what lies above it. */
	while (length > KEY_MAX ||
		(length && strstr(object, "//") && strstr(object, "//") < object + length))
		do
			length--;
		while (length && object[length] != '/');
	if (!length)
		return false;
	memcpy(key, object, length);
	key[length] = 0;
	return true;
}

static void claim(json_t *objects, const char *key, const char *mode)
{
	json_t *item, *made;
	size_t i;

	json_array_foreach (objects, i, item)
		if (!strcmp(json_string_value(json_object_get(item, "key")), key)) {
			if (!strcmp(mode, "exclusive"))
				json_object_set_new(item, "mode", json_string(mode));
			return;
		}
	made = json_object();
	json_object_set_new(made, "key", json_string(key));
	json_object_set_new(made, "mode", json_string(mode));
	json_array_append_new(objects, made);
}

static const char *mode_of(const json_t *thing)
{
	const char *proof = json_string_value(json_object_get(thing, "proof"));

	return proof && !strcmp(proof, "read") ? "shared" : "exclusive";
}

json_t *command_objects(const json_t *commands, const char *target_key)
{
	json_t *objects = json_array();
	const json_t *command, *impact;
	size_t i, j;

	json_array_foreach (commands, i, command) {
		const json_t *impacts = json_object_get(command, "impacts");

		if (!json_array_size(impacts))
			claim(objects, target_key, mode_of(command));
		json_array_foreach (impacts, j, impact) {
			char key[KEY_MAX + 1];
			const char *object = json_string_value(json_object_get(impact, "object"));

			claim(objects, object && copy_key(object, key) ? key : target_key,
				mode_of(impact));
		}
	}
	return objects;
}
