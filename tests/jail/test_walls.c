/*
 * The walls of executor/runner/jail.c, each tried in a child of its own that has entered them. A
 * forbidden call must kill; a permitted one must go on.
 */
#include "executor/runner/jail.h"

#include "tests/unit/check_main.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DOOR	   20 /* so that 3 and the like are closed in the child */
#define X32_BIT	   0x40000000
#define SURVIVED   7
#define PAGE_BYTES 4096UL

static const struct jail_doors doors = {DOOR, DOOR};

/* Runs `act` behind the walls; the wait status of the child. */
static int run_jailed(void (*act)(void), struct jail_walls *ret_walls)
{
	struct jail_walls walls;
	struct jail jail;
	int status = 0;
	int pair[2];
	pid_t pid;

	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_eq(jail_build(&jail, doors), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], DOOR);
		if (jail_enter(&jail, getppid(), &walls) < 0 || jail_seal(&jail, &walls) < 0)
			_exit(1);
		(void)!write(DOOR, &walls, sizeof(walls));
		act();
		_exit(SURVIVED);
	}
	close(pair[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(read(pair[0], &walls, sizeof(walls)), (ssize_t)sizeof(walls));
	close(pair[0]);
	if (ret_walls != NULL)
		*ret_walls = walls;
	return status;
}

static void check_killed(const char *what, void (*act)(void))
{
	const int status = run_jailed(act, NULL);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		"%s is not answered by death: status %x", what, (unsigned)status);
}

static void check_survives(const char *what, void (*act)(void))
{
	const int status = run_jailed(act, NULL);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == SURVIVED,
		"%s is not permitted: status %x", what, (unsigned)status);
}

/* Every system call that the kernel may know, and those of x32, but for the permitted ones. */
static long tried_number;

static void try_number(void)
{
	syscall(tried_number, 0L, 0L, 0L, 0L, 0L, 0L);
}

/*
 * Newer kernels keep uretprobe and uprobe out of every filter. Outside a probe's trampoline the one
 * kills its caller and the other does nothing.
 */
static bool is_for_probes(long number)
{
	return number == 335 || number == 336;
}

static void try_probe(void)
{
	if (syscall(tried_number, 0L, 0L, 0L, 0L, 0L, 0L) >= 0)
		_exit(1);
}

static bool is_permitted(long number)
{
	static const long permitted[] = {SYS_read, SYS_write, SYS_brk, SYS_mmap, SYS_munmap,
		SYS_mremap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_exit, SYS_exit_group,
		SYS_rt_sigreturn, SYS_restart_syscall};

	for (size_t i = 0; i < sizeof(permitted) / sizeof(*permitted); i++)
		if (permitted[i] == number)
			return true;
	return false;
}

START_TEST(every_other_system_call_kills)
{
	char what[32];
	int status;

	for (tried_number = 0; tried_number < 470; tried_number++) {
		if (is_permitted(tried_number))
			continue;
		snprintf(what, sizeof(what), "call %ld", tried_number);
		if (!is_for_probes(tried_number)) {
			check_killed(what, try_number);
			continue;
		}
		status = run_jailed(try_probe, NULL);
		ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == SURVIVED, "%s: %x",
			what, (unsigned)status);
	}
}
END_TEST

START_TEST(the_x32_door_is_shut)
{
	static const long numbers[] = {SYS_read, SYS_write, SYS_openat, SYS_exit_group, 512, 520};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		tried_number = X32_BIT | numbers[i];
		check_killed("an x32 call", try_number);
	}
}
END_TEST

/* int 0x80 is the 32-bit door of the same kernel: getpid there is 20. */
static void call_by_interrupt(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
}

START_TEST(the_32_bit_door_is_shut)
{
	int status = run_jailed(call_by_interrupt, NULL);

	/* SIGSEGV: the kernel has no such door at all. */
	ck_assert(WIFSIGNALED(status));
	ck_assert(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
}
END_TEST

static void open_file(void)
{
	(void)!open("/etc/passwd", O_RDONLY);
}

static void open_socket(void)
{
	(void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void read_clock(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
}

static void fork_child(void)
{
	(void)!fork();
}

static void execute(void)
{
	execl("/bin/true", "true", (char *)NULL);
}

static void signal_parent(void)
{
	kill(1, 0);
}

static void lift_limit(void)
{
	const struct rlimit limit = {1, 1};

	setrlimit(RLIMIT_CPU, &limit);
}

START_TEST(the_usual_ways_out_kill)
{
	check_killed("open", open_file);
	check_killed("socket", open_socket);
	check_killed("clock_gettime", read_clock);
	check_killed("fork", fork_child);
	check_killed("exec", execute);
	check_killed("kill", signal_parent);
	check_killed("setrlimit", lift_limit);
}
END_TEST

static void read_elsewhere(void)
{
	char byte;

	(void)!read(0, &byte, 1);
}

static void write_elsewhere(void)
{
	(void)!write(2, "x", 1);
}

static void close_elsewhere(void)
{
	close(DOOR + 1);
}

static void close_door(void)
{
	if (close(DOOR) < 0)
		_exit(1);
}

START_TEST(reading_and_writing_is_for_the_doors_alone)
{
	check_killed("read from 0", read_elsewhere);
	check_killed("write to 2", write_elsewhere);
	check_killed("close of another", close_elsewhere);
	check_survives("close of the door", close_door);
}
END_TEST

static void map_code(void)
{
	(void)!mmap(NULL, PAGE_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void map_file(void)
{
	(void)!mmap(NULL, PAGE_BYTES, PROT_READ, MAP_PRIVATE, DOOR, 0);
}

static void make_code(void)
{
	void *page =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(page, PAGE_BYTES, PROT_READ | PROT_EXEC);
}

START_TEST(memory_cannot_become_code)
{
	check_killed("mmap with PROT_EXEC", map_code);
	check_killed("mmap of a descriptor", map_file);
	check_killed("mprotect with PROT_EXEC", make_code);
}
END_TEST

static void use_memory(void)
{
	char *page =
		mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page[0] = 1;
	page = mremap(page, PAGE_BYTES, 4 * PAGE_BYTES, MREMAP_MAYMOVE);
	page[3 * PAGE_BYTES] = 1;
	mprotect(page, PAGE_BYTES, PROT_READ);
	madvise(page, PAGE_BYTES, MADV_DONTNEED);
	munmap(page, 4 * PAGE_BYTES);
}

START_TEST(memory_can_be_had)
{
	check_survives("the memory calls", use_memory);
}
END_TEST

static void map_too_much(void)
{
	if (mmap(NULL, 300UL << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		_exit(1);
}

START_TEST(the_address_space_is_bounded)
{
	check_survives("a refused mmap of 300 MB", map_too_much);
}
END_TEST

static void do_nothing(void)
{
}

START_TEST(the_walls_that_must_hold_do)
{
	struct jail_walls walls;

	run_jailed(do_nothing, &walls);
	ck_assert(walls.no_new_privs);
	ck_assert(walls.no_capabilities);
	ck_assert(walls.rlimits);
}
END_TEST

START_TEST(the_list_of_system_calls_is_short)
{
	size_t count = 0;

	while (jail_syscall_name(count) != NULL) {
		ck_assert_str_ne(jail_syscall_name(count), "clock_gettime");
		count++;
	}
	ck_assert_uint_le(count, JAIL_MAX_SYSCALLS);
	printf("system calls that a jailed child may make: %zu\n", count);
}
END_TEST

/* Everything but the filter, so that the walls behind it are seen one by one. */
static int run_unsealed(int (*look)(void))
{
	struct jail_walls walls;
	struct jail jail;
	int status = 0;
	pid_t pid;

	ck_assert_int_eq(jail_build(&jail, doors), 0);
	pid = fork();
	if (pid == 0) {
		dup2(2, DOOR);
		if (jail_enter(&jail, getppid(), &walls) < 0)
			_exit(1);
		_exit(look());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int look_at_limits(void)
{
	struct rlimit limit;
	int death = 0;

	if (getrlimit(RLIMIT_CPU, &limit) < 0 || limit.rlim_max != 5)
		return 10;
	if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_max != 0)
		return 11;
	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_max != 0)
		return 12;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max != DOOR + 1)
		return 13;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 14;
	if (prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL)
		return 15;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 16;
}

static int look_at_descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != (fd == DOOR))
			return 1;
	return 0;
}

START_TEST(the_limits_hold_without_the_filter)
{
	ck_assert_int_eq(run_unsealed(look_at_limits), 0);
}
END_TEST

START_TEST(no_descriptor_but_the_door_is_open)
{
	ck_assert_int_eq(run_unsealed(look_at_descriptors), 0);
}
END_TEST

/* Landlock where the kernel has it: the second wall, with the filter not yet loaded. */
static int look_at_files(void)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
		return 0;
	return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

START_TEST(landlock_refuses_files_by_itself)
{
	ck_assert_int_eq(run_unsealed(look_at_files), 0);
}
END_TEST

CHECK_MAIN("walls", &every_other_system_call_kills, &the_x32_door_is_shut, &the_32_bit_door_is_shut,
	&the_usual_ways_out_kill, &reading_and_writing_is_for_the_doors_alone,
	&memory_cannot_become_code, &memory_can_be_had, &the_address_space_is_bounded,
	&the_walls_that_must_hold_do, &the_list_of_system_calls_is_short,
	&the_limits_hold_without_the_filter, &no_descriptor_but_the_door_is_open,
	&landlock_refuses_files_by_itself)
