#include "executor/runner/evaluation.h"

#include "executor/runner/alloc.h"
#include "executor/runner/frame.h"
#include "executor/runner/json_lua.h"
#include "executor/runner/limits.h"
#include "executor/runner/prelude.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define WARM_PARTS	3
#define WARM_PART_BYTES (64UL << 10) /* too small to be a mapping of its own */
#define HEAP_STEP_BYTES (256 << 10)

/* For a person with strace: the other side goes by the frame alone. */
enum life_end { LIFE_GOOD = 0, LIFE_NO_JAIL = 70, LIFE_NO_LUA = 71, LIFE_NO_FRAME = 74 };

/*
 * Moves what will be allocated by a few random steps, in every size that Lua's objects have. Forked
 * children would else share one layout and one hash seed, and a plan whose graph depends on either
 * would look deterministic when it is built twice.
 */
static int shift_heap(struct alloc *alloc)
{
	uint8_t steps[ALLOC_CLASSES];
	void *volatile kept;

	if (getrandom(steps, sizeof(steps), 0) != (ssize_t)sizeof(steps))
		return -1;
	for (size_t i = 0; i < ALLOC_CLASSES; i++)
		for (size_t n = 0; n < steps[i] % 16U; n++)
			kept = malloc(16 * (i + 1));
	kept = malloc(2048 + 16 * (size_t)steps[0]);
	return kept != NULL && alloc_shift(alloc, steps) ? 0 : -1;
}

/* Has the kernel give the memory that most plans need while nobody waits, and keeps it. */
static int warm_heap(struct alloc *alloc)
{
	void *parts[WARM_PARTS];

	if (!mallopt(M_TRIM_THRESHOLD, (int)LIMIT_LUA_BYTES) ||
		!mallopt(M_TOP_PAD, HEAP_STEP_BYTES))
		return -1;
	for (size_t i = 0; i < WARM_PARTS; i++) {
		parts[i] = malloc(WARM_PART_BYTES);
		if (parts[i] == NULL)
			return -1;
		memset(parts[i], 1, WARM_PART_BYTES);
	}
	for (size_t i = WARM_PARTS; i-- > 0;)
		free(parts[i]);
	alloc_warm(alloc);
	return 0;
}

int evaluation_prepare(struct evaluation *evaluation, struct jail_doors doors)
{
	if (jail_build(&evaluation->jail, doors) < 0 || json_lua_prepare() < 0) {
		fprintf(stderr, "redbutton-runner: the jail cannot be built\n");
		return -1;
	}
	return prelude_code_compile(&evaluation->code);
}

noreturn void evaluation_live(const struct evaluation *evaluation, pid_t parent)
{
	const struct jail_doors doors = evaluation->jail.doors;
	struct alloc alloc = {.max_bytes = LIMIT_LUA_BYTES};
	struct jail_walls walls;
	size_t length;
	char *input;
	lua_State *L;
	int status;

	if (jail_enter(&evaluation->jail, parent, &walls) < 0 || shift_heap(&alloc) < 0)
		_exit(LIFE_NO_JAIL);
	L = prelude_open(&alloc, &evaluation->code);
	if (L == NULL)
		_exit(LIFE_NO_LUA);
	if (warm_heap(&alloc) < 0 || jail_seal(&evaluation->jail, &walls) < 0)
		_exit(LIFE_NO_JAIL);
	if (frame_read(doors.in, LIMIT_INPUT_BYTES, &input, &length) < 0)
		_exit(LIFE_NO_FRAME);
	status = prelude_evaluate(L, input, length, doors.out);
	close(doors.out); /* who waits for the end of the stream need not wait for that of our
			     memory */
	_exit(status < 0 ? LIFE_NO_FRAME : LIFE_GOOD);
}
