/*
 * No walls, for trees built with sanitizers, whose shadow memory fits no address space limit and
 * whose reports need files. `--walls` says so, and a daemon uses such a runner only when it is
 * told.
 */
#include "executor/runner/jail.h"

bool jail_is_built(void)
{
	return false;
}

int jail_build(struct jail *jail, struct jail_doors doors)
{
	*jail = (struct jail){.doors = doors};
	return 0;
}

int jail_enter(const struct jail *jail, pid_t parent, struct jail_walls *walls)
{
	(void)jail;
	(void)parent;
	*walls = (struct jail_walls){0};
	return 0;
}

int jail_seal(const struct jail *jail, struct jail_walls *walls)
{
	(void)jail;
	(void)walls;
	return 0;
}

const char *jail_namespace_name(enum jail_namespace number)
{
	(void)number;
	return "";
}

const char *jail_syscall_name(size_t position)
{
	(void)position;
	return NULL;
}
