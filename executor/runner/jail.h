/*
 * The walls around one evaluation. The caller is a process of its own that evaluates one plan and
 * ends; it enters the walls before it reads a byte of input and never leaves them.
 *
 * The order is fixed: jail_build once in the parent, jail_enter in the child, whatever still needs
 * system calls, jail_seal last. A wall that must hold and does not is an error: the caller ends.
 */
#ifndef RB_RUNNER_JAIL_H
#define RB_RUNNER_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JAIL_MAX_SYSCALLS 14

enum jail_namespace {
	JAIL_NAMESPACE_USER,
	JAIL_NAMESPACE_NET,
	JAIL_NAMESPACE_MOUNT,
	JAIL_NAMESPACE_IPC,
	JAIL_NAMESPACE_UTS,
	JAIL_NAMESPACE_COUNT,
};

/* Which walls hold in the process that called jail_enter and jail_seal. */
struct jail_walls {
	bool no_new_privs;
	bool rlimits;
	bool no_capabilities;
	bool seccomp;
	int landlock_abi; /* 0: the kernel has none */
	bool namespaces[JAIL_NAMESPACE_COUNT];
};

/* The descriptors that stay open, from 3 on: input and output may be the same. */
struct jail_doors {
	int in;
	int out;
};

/* Made once before any fork; the children only read it. */
struct jail {
	struct jail_doors doors;
	size_t instruction_count;
	uint64_t instructions[256]; /* struct sock_filter */
};

/* False when the program was built without a jail. */
bool jail_is_built(void);
/* Compiles the filter for these descriptors. 0 or -1. */
int jail_build(struct jail *jail, struct jail_doors doors);
/*
 * All walls but the filter. `parent` must still be the parent, 0 = do not look. Closes every
 * descriptor but the doors. -1 when a wall that must hold does not: end the process.
 */
int jail_enter(const struct jail *jail, pid_t parent, struct jail_walls *walls);
/* The filter: from here on any other system call kills the process. */
int jail_seal(const struct jail *jail, struct jail_walls *walls);

/* The name of a namespace ("user"), and of the n-th permitted system call, NULL behind the last. */
const char *jail_namespace_name(enum jail_namespace number);
const char *jail_syscall_name(size_t position);

#endif
