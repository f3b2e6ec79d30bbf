/* What a change touches, as keys of objects. */
#include "change/change_rooms.h"
#include "change/command/command.h"
#include "lib/base/text.h"

#include <string.h>

struct claims {
	struct arena *arena;
	struct object_claim *list;
	size_t count, capacity;
};

/* Once each; who also changes it claims it whole. A key that no object may have is not claimed. */
static void add(struct claims *claims, const char *key, bool is_exclusive)
{
	if (object_check_key("objects", key, NULL) < 0)
		return;
	for (size_t i = 0; i < claims->count; i++)
		if (!strcmp(claims->list[i].key, key)) {
			claims->list[i].is_exclusive = claims->list[i].is_exclusive || is_exclusive;
			return;
		}
	claims->list = arena_grow(claims->arena, claims->list, claims->count, &claims->capacity,
		sizeof(*claims->list));
	claims->list[claims->count++] =
		(struct object_claim){arena_text(claims->arena, key), is_exclusive};
}

static void add_commands(struct claims *claims, const json_t *commands, const char *target_key)
{
	json_t *objects = command_objects(commands, target_key), *one;
	size_t i;

	json_array_foreach (objects, i, one) {
		const char *key = json_string_value(json_object_get(one, "key"));
		const char *mode = json_string_value(json_object_get(one, "mode"));

		if (key)
			add(claims, key, !mode || strcmp(mode, "shared") != 0);
	}
	json_decref(objects);
}

static const char *key_of(struct arena *arena, const struct revision_target *target)
{
	if (!strcmp(target->kind, "database"))
		return arena_format(arena, "db:%s", target->name);
	return arena_format(arena, "%s:%s", target->kind, target->name);
}

int change_claims(struct arena *arena, const struct revision *revision, const json_t *steps,
	struct object_claim **ret, size_t *ret_count, struct error *err)
{
	struct claims claims = {.arena = arena};
	int rc;

	for (size_t i = 0; i < revision->step_count; i++)
		for (size_t k = 0; revision->steps[i].targets[k]; k++)
			add_commands(&claims, json_object_get(json_array_get(steps, i), "commands"),
				key_of(arena, revision_target_of(
						      revision, revision->steps[i].targets[k])));
	for (size_t i = 0; revision->services[i]; i++)
		add(&claims, arena_format(arena, "svc:%s", revision->services[i]), false);
	for (size_t i = 0; revision->objects[i]; i++) {
		const char *key = revision->objects[i];
		bool is_shared = text_starts_with(key, "shared ");

		key += is_shared ? strlen("shared ") : 0;
		if ((rc = object_check_key("objects", key, err)) < 0)
			return rc;
		add(&claims, key, !is_shared);
	}
	*ret = claims.list;
	*ret_count = claims.count;
	return 0;
}
