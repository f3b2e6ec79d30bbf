/* The command of a step, as the gate knows it. */
#include "change/change_rooms.h"

#include <string.h>

static void set_contents(
	struct arena *arena, const struct revision_step *step, struct gate_exec *ret)
{
	ret->content_count = step->content_count;
	ret->contents = arena_alloc(arena, (step->content_count + 1) * sizeof(*ret->contents));
	for (size_t i = 0; i < step->content_count; i++)
		ret->contents[i] = (struct gate_content){
			.role = step->contents[i].role,
			.sha256 = step->contents[i].sha256,
			.size = (uint64_t)step->contents[i].size,
		};
}

void change_step_exec(struct arena *arena, const struct revision_step *step, struct gate_exec *ret)
{
	*ret = (struct gate_exec){
		.path = step->path,
		.argv = step->argv,
		.env = step->env,
		.cwd = step->cwd,
		.runas = step->runas,
		.stdin_kind = step->stdin_content ? GATE_STDIN_BOUND : GATE_STDIN_NONE,
		.is_trusted = true,
	};
	if (step->kind == STEP_SHELL || step->kind == STEP_EDIT)
		ret->stdin_kind = GATE_STDIN_OPEN;
	if (step->kind == STEP_SCRIPT && step->content_count)
		ret->path = arena_format(arena, "sha256:%s", step->contents[0].sha256);
	set_contents(arena, step, ret);
}
