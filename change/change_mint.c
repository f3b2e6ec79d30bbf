/* Grants of an approved change: one for each step and target, bound to its fingerprint. */
#include "change/change_rooms.h"
#include "change/gate/fingerprint.h"
#include "change/grant/grant.h"

#include <string.h>

static int executor_ids(struct store_tx *tx, struct arena *arena, const struct revision *revision,
	const char *const **ret, struct error *err)
{
	const char **ids;
	size_t count = 0;
	char id[ID_SIZE];
	int rc;

	while (revision->executors[count])
		count++;
	ids = arena_alloc(arena, (count + 1) * sizeof(*ids));
	for (size_t i = 0; i < count; i++) {
		if ((rc = people_find(tx, revision->executors[i], id, err)) < 0)
			return rc;
		ids[i] = arena_text(arena, id);
	}
	*ret = ids;
	return 0;
}

static const char *const *names_of_env(struct arena *arena, const char *const *env)
{
	const char **names;
	size_t count = 0;

	while (env[count])
		count++;
	names = arena_alloc(arena, (count + 1) * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = arena_text_n(arena, env[i], strcspn(env[i], "="));
	return names;
}

static int mint_one(struct store_tx *tx, struct grant *grant, const struct gate_exec *exec,
	const struct revision_target *target, const struct audit_actor *actor, int64_t at_us,
	struct error *err)
{
	uint8_t fingerprint[FINGERPRINT_BYTES];
	char text[FINGERPRINT_TEXT_SIZE];

	id_new(grant->id);
	fingerprint_of(exec, grant->env_allow, target->identity, fingerprint);
	fingerprint_text(fingerprint, text);
	grant->fingerprint = text;
	grant->target = target->name;
	grant->target_identity = target->identity;
	return grant_insert(tx, grant, actor, at_us, err);
}

/* What a platform does by itself asks the decision API, and has no command to bind. */
static bool is_command(const struct revision_step *step)
{
	return step->kind != STEP_API && step->kind != STEP_RELEASE;
}

int change_mint(struct store_tx *tx, struct arena *arena, const struct change *change,
	const struct revision *revision, const struct audit_actor *actor, int64_t at_us,
	struct error *err)
{
	const char *const *persons;
	int rc = executor_ids(tx, arena, revision, &persons, err);

	for (size_t i = 0; rc >= 0 && i < revision->step_count; i++) {
		const struct revision_step *step = &revision->steps[i];
		struct grant grant = {
			.change_seq = change->seq,
			.revision = change->revision,
			.step = step->seq,
			.phase = step_phase_word(step->phase),
			.env_allow = names_of_env(arena, step->env),
			.persons = persons,
			.not_before_us = revision->start_us,
			.not_after_us = revision->end_us,
			.runs_left = step->max_runs,
		};
		struct gate_exec exec;

		if (!is_command(step))
			continue;
		/* What went wrong late in the window must still be put back. */
		if (step->phase == PHASE_ROLLBACK)
			grant.not_after_us +=
				revision->observe_s * CHANGE_SECOND_US + CHANGE_GRACE_US;
		change_step_exec(arena, step, &exec);
		for (size_t k = 0; rc >= 0 && step->targets[k]; k++)
			rc = mint_one(tx, &grant, &exec,
				revision_target_of(revision, step->targets[k]), actor, at_us, err);
	}
	return rc < 0 ? rc : 0;
}
