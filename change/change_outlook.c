/* What a command would need as a change, before anybody files it: asked by a check of the gate. */
#include "change/change_rooms.h"

json_t *change_site_frame(struct changes *changes)
{
	return change_rule_frame(changes_limits(changes), NULL, 0);
}

void change_look_out(struct store_tx *tx, struct arena *arena, struct changes *changes,
	struct change_outlook *outlook)
{
	const char *services[] = {*outlook->service ? outlook->service : NULL, NULL};
	const char *excluded[] = {outlook->person_id, NULL};
	const struct revision revision = {
		.environment = outlook->environment, .services = services};
	struct approval_level levels[APPROVAL_LEVELS_MAX];
	const char **who;
	size_t count;

	outlook->ret_level = change_level(&revision, outlook->report);
	change_levels(tx, changes_limits(changes), &revision, outlook->ret_level, excluded, arena,
		levels, &count);
	who = arena_alloc(arena, (count + 1) * sizeof(*who));
	for (size_t i = 0; i < count; i++)
		who[i] = approval_level_text(arena, &levels[i]);
	who[count] = NULL;
	outlook->ret_who = who;
}
