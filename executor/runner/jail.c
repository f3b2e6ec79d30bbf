#include "executor/runner/jail.h"

#include "executor/runner/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum argument_rule { RULE_ANY, RULE_IN, RULE_OUT, RULE_NO_EXEC, RULE_ANONYMOUS };

/* Everything that a jailed child may ask of the kernel. */
static const struct {
	const char *name;
	enum argument_rule rule;
	int number;
} permitted[] = {
	{"read", RULE_IN, SCMP_SYS(read)},
	{"write", RULE_OUT, SCMP_SYS(write)},
	{"close", RULE_OUT, SCMP_SYS(close)},
	{"brk", RULE_ANY, SCMP_SYS(brk)},
	{"mmap", RULE_ANONYMOUS, SCMP_SYS(mmap)},
	{"munmap", RULE_ANY, SCMP_SYS(munmap)},
	{"mremap", RULE_ANY, SCMP_SYS(mremap)},
	{"mprotect", RULE_NO_EXEC, SCMP_SYS(mprotect)},
	{"madvise", RULE_ANY, SCMP_SYS(madvise)},
	{"futex", RULE_ANY, SCMP_SYS(futex)},
	{"exit", RULE_ANY, SCMP_SYS(exit)},
	{"exit_group", RULE_ANY, SCMP_SYS(exit_group)},
	{"rt_sigreturn", RULE_ANY, SCMP_SYS(rt_sigreturn)},
	{"restart_syscall", RULE_ANY, SCMP_SYS(restart_syscall)},
};

_Static_assert(COUNT(permitted) <= JAIL_MAX_SYSCALLS, "the list of system calls has grown");

static const struct {
	int resource;
	rlim_t limit;
} limits[] = {
	{RLIMIT_AS, LIMIT_ADDRESS_SPACE_BYTES},
	{RLIMIT_CPU, LIMIT_CPU_S},
	{RLIMIT_FSIZE, 0},
	{RLIMIT_CORE, 0},
	{RLIMIT_NPROC, 0},
	{RLIMIT_STACK, LIMIT_STACK_BYTES},
	{RLIMIT_MSGQUEUE, 0},
	{RLIMIT_MEMLOCK, 0},
};

static const struct {
	int flag;
	const char *name;
} namespaces[JAIL_NAMESPACE_COUNT] = {
	[JAIL_NAMESPACE_USER] = {CLONE_NEWUSER, "user"},
	[JAIL_NAMESPACE_NET] = {CLONE_NEWNET, "net"},
	[JAIL_NAMESPACE_MOUNT] = {CLONE_NEWNS, "mount"},
	[JAIL_NAMESPACE_IPC] = {CLONE_NEWIPC, "ipc"},
	[JAIL_NAMESPACE_UTS] = {CLONE_NEWUTS, "uts"},
};

/*
 * Landlock as the newest kernel knows it: the headers of the build host may be older. Rights are
 * in the order in which the ABI grew, so each ABI handles the first `rights` of them.
 */
struct landlock_attributes {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

static const struct {
	int abi;
	unsigned fs_rights;
	unsigned net_rights;
	unsigned scopes;
	size_t size;
} landlock_versions[] = {
	{6, 16, 2, 2, 24},
	{5, 16, 2, 0, 16},
	{4, 15, 2, 0, 16},
	{3, 15, 0, 0, 8},
	{2, 14, 0, 0, 8},
	{1, 13, 0, 0, 8},
};

_Static_assert(sizeof(struct sock_filter) == sizeof(uint64_t), "an instruction is eight bytes");

static int add_rule(scmp_filter_ctx context, size_t i, struct jail_doors doors)
{
	const uint64_t in = (uint64_t)doors.in;
	const uint64_t out = (uint64_t)doors.out;
	const int number = permitted[i].number;

	switch (permitted[i].rule) {
	case RULE_ANY:
		return seccomp_rule_add_exact(context, SCMP_ACT_ALLOW, number, 0);
	case RULE_IN:
		return seccomp_rule_add_exact(
			context, SCMP_ACT_ALLOW, number, 1, SCMP_A0(SCMP_CMP_EQ, in));
	case RULE_OUT:
		return seccomp_rule_add_exact(
			context, SCMP_ACT_ALLOW, number, 1, SCMP_A0(SCMP_CMP_EQ, out));
	case RULE_NO_EXEC:
		return seccomp_rule_add_exact(context, SCMP_ACT_ALLOW, number, 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	case RULE_ANONYMOUS:
		return seccomp_rule_add_exact(context, SCMP_ACT_ALLOW, number, 2,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
			SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	}
	return -1;
}

static int export_filter(scmp_filter_ctx context, struct jail *jail)
{
	const int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t length = -1;

	if (fd < 0)
		return -1;
	if (seccomp_export_bpf(context, fd) == 0)
		length = pread(fd, jail->instructions, sizeof(jail->instructions), 0);
	close(fd);
	if (length <= 0 || (size_t)length == sizeof(jail->instructions))
		return -1;
	jail->instruction_count = (size_t)length / sizeof(*jail->instructions);
	return 0;
}

/* False when the kernel refuses even one of them. */
static bool limit_resources(struct jail_doors doors)
{
	const rlim_t descriptors = (rlim_t)(doors.in > doors.out ? doors.in : doors.out) + 1;
	const struct rlimit fd_limit = {descriptors, descriptors};

	for (size_t i = 0; i < COUNT(limits); i++) {
		const struct rlimit limit = {limits[i].limit, limits[i].limit};

		if (setrlimit(limits[i].resource, &limit) < 0)
			return false;
	}
	return setrlimit(RLIMIT_NOFILE, &fd_limit) == 0;
}

static void leave_namespaces(struct jail_walls *walls)
{
	for (size_t i = 0; i < JAIL_NAMESPACE_COUNT; i++)
		walls->namespaces[i] = unshare(namespaces[i].flag) == 0;
}

/* The user namespace gave us all capabilities inside it: drop those too. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[2] = {0};

	return syscall(SYS_capset, &header, none) == 0;
}

/* Handles every right that this kernel knows and allows nothing. The ABI, 0 when there is none. */
static int restrict_by_landlock(void)
{
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* version */);
	struct landlock_attributes attributes = {0};
	size_t row = 0;
	int ruleset;
	bool restricted;

	if (abi < 1)
		return 0;
	while (landlock_versions[row].abi > abi)
		row++;
	attributes.fs = (UINT64_C(1) << landlock_versions[row].fs_rights) - 1;
	attributes.net = (UINT64_C(1) << landlock_versions[row].net_rights) - 1;
	attributes.scoped = (UINT64_C(1) << landlock_versions[row].scopes) - 1;
	ruleset = (int)syscall(
		SYS_landlock_create_ruleset, &attributes, landlock_versions[row].size, 0);
	if (ruleset < 0)
		return 0;
	restricted = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	close(ruleset);
	return restricted ? (int)abi : 0;
}

static void close_all_but(struct jail_doors doors)
{
	const unsigned low = (unsigned)(doors.in < doors.out ? doors.in : doors.out);
	const unsigned high = (unsigned)(doors.in < doors.out ? doors.out : doors.in);

	close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

/* Both are cleared by the kernel when credentials change, so they are set again at the end. */
static int die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return -1;
	return parent != 0 && getppid() != parent ? -1 : 0;
}

bool jail_is_built(void)
{
	return true;
}

int jail_build(struct jail *jail, struct jail_doors doors)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int status = -1;

	*jail = (struct jail){.doors = doors};
	if (context == NULL)
		return -1;
	if (seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0)
		goto out;
	for (size_t i = 0; i < COUNT(permitted); i++)
		if (add_rule(context, i, doors) < 0)
			goto out;
	status = export_filter(context, jail);
out:
	seccomp_release(context);
	return status;
}

int jail_enter(const struct jail *jail, pid_t parent, struct jail_walls *walls)
{
	*walls = (struct jail_walls){0};
	if (die_with_parent(parent) < 0)
		return -1;
	close_all_but(jail->doors);
	leave_namespaces(walls);
	walls->no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	walls->no_capabilities = drop_capabilities();
	walls->landlock_abi = restrict_by_landlock();
	walls->rlimits = limit_resources(jail->doors);
	if (!walls->no_new_privs || !walls->no_capabilities || !walls->rlimits)
		return -1;
	if (personality(PER_LINUX) < 0)
		return -1; /* READ_IMPLIES_EXEC would make every page executable */
	return die_with_parent(parent);
}

int jail_seal(const struct jail *jail, struct jail_walls *walls)
{
	const struct sock_fprog program = {.len = (unsigned short)jail->instruction_count,
		.filter = (struct sock_filter *)(uintptr_t)jail->instructions};

	walls->seccomp =
		program.len > 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
	return walls->seccomp ? 0 : -1;
}

const char *jail_namespace_name(enum jail_namespace number)
{
	return namespaces[number].name;
}

const char *jail_syscall_name(size_t position)
{
	return position < COUNT(permitted) ? permitted[position].name : NULL;
}
