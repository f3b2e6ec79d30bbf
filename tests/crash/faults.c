/*
 * Preloaded into the daemon by tests: counts calls that reach the outside or ask for memory, and at
 * a chosen one fails or kills the process. Orders lie in a file that RB_FAULTS names and that both
 * sides have mapped (tests/harness/faults.py has the same layout). What is started by the daemon
 * has an environment of its own, so nothing but the daemon is touched.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call {
	PWRITE,
	WRITE,
	FDATASYNC,
	FSYNC,
	FTRUNCATE,
	SEND,
	CONNECT,
	RENAME,
	UNLINK,
	CREATE,
	MEMORY,
	CALL_COUNT
};
#define KILL (-1)

struct orders {
	atomic_llong call;   /* enum call, or -1 = none */
	atomic_llong action; /* KILL or an errno */
	atomic_llong left;   /* strikes when it comes to 0 */
	atomic_llong times;  /* so many calls fail, from then on */
	atomic_llong struck;
	atomic_llong clock_s; /* the wall clock is so far ahead */
	atomic_llong seen[CALL_COUNT];
};

static struct orders *orders;

/* Where it gave up, in the log. */
static void show_place(int number)
{
	void *places[40];

	backtrace_symbols_fd(places, backtrace(places, 40), STDERR_FILENO);
	signal(number, SIG_DFL);
	raise(number);
}

/* Before main: the first allocations come earlier and are counted from here on only. */
__attribute__((constructor)) static void map_orders(void)
{
	const char *path = getenv("RB_FAULTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
			   : MAP_FAILED;

	if (fd >= 0)
		close(fd);
	if (at == MAP_FAILED)
		return;
	orders = at;
	signal(SIGABRT, show_place);
	signal(SIGSEGV, show_place);
}

/* True when this call is to fail; errno is set. */
static bool strikes(enum call call)
{
	long long left;

	if (!orders)
		return false;
	atomic_fetch_add(&orders->seen[call], 1);
	if (atomic_load(&orders->call) != (long long)call)
		return false;
	left = atomic_fetch_sub(&orders->left, 1);
	if (left > 1 || left <= 1 - atomic_load(&orders->times))
		return false;
	atomic_fetch_add(&orders->struck, 1);
	if (atomic_load(&orders->action) == KILL)
		kill(getpid(), SIGKILL);
	errno = (int)atomic_load(&orders->action);
	return true;
}

/* Events within the process are no files: they cannot fail. */
static bool is_outside(int fd)
{
	struct stat what;

	return fd > 2 && fstat(fd, &what) == 0 && (S_ISREG(what.st_mode) || S_ISSOCK(what.st_mode));
}

#define NEXT(name)                                                                                 \
	static __typeof__(&name) next;                                                             \
	if (!next)                                                                                 \
	next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
	NEXT(pwrite);
	return strikes(PWRITE) ? -1 : next(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
	NEXT(pwrite64);
	return strikes(PWRITE) ? -1 : next(fd, bytes, count, at);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	NEXT(write);
	return is_outside(fd) && strikes(WRITE) ? -1 : next(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	NEXT(writev);
	return is_outside(fd) && strikes(WRITE) ? -1 : next(fd, parts, count);
}

int fdatasync(int fd)
{
	NEXT(fdatasync);
	return strikes(FDATASYNC) ? -1 : next(fd);
}

int fsync(int fd)
{
	NEXT(fsync);
	return strikes(FSYNC) ? -1 : next(fd);
}

int ftruncate(int fd, off_t length)
{
	NEXT(ftruncate);
	return strikes(FTRUNCATE) ? -1 : next(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
	NEXT(ftruncate64);
	return strikes(FTRUNCATE) ? -1 : next(fd, length);
}

ssize_t send(int fd, const void *bytes, size_t count, int flags)
{
	NEXT(send);
	return strikes(SEND) ? -1 : next(fd, bytes, count, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t count, int flags, const struct sockaddr *to,
	socklen_t length)
{
	NEXT(sendto);
	return strikes(SEND) ? -1 : next(fd, bytes, count, flags, to, length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	NEXT(sendmsg);
	return strikes(SEND) ? -1 : next(fd, message, flags);
}

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
	NEXT(connect);
	return strikes(CONNECT) ? -1 : next(fd, to, length);
}

int rename(const char *from, const char *to)
{
	NEXT(rename);
	return strikes(RENAME) ? -1 : next(from, to);
}

int unlink(const char *path)
{
	NEXT(unlink);
	return strikes(UNLINK) ? -1 : next(path);
}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t mode = 0;                                                                   \
		NEXT(name);                                                                        \
		va_start(args, flags);                                                             \
		if (flags & O_CREAT)                                                               \
			mode = va_arg(args, mode_t);                                               \
		va_end(args);                                                                      \
		if ((flags & O_CREAT) && strikes(CREATE))                                          \
			return -1;                                                                 \
		return next(path, flags, mode);                                                    \
	}
OPEN(open)
OPEN(open64)

/* --- the wall clock, for everybody who asks the C library --- */

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int rc;
	NEXT(clock_gettime);

	rc = next(clock, ret);
	if (rc == 0 && orders && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ret->tv_sec += (time_t)atomic_load(&orders->clock_s);
	return rc;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

/* --- memory: the C library's own functions stay reachable under these names --- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
	return strikes(MEMORY) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return strikes(MEMORY) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *at, size_t size)
{
	return strikes(MEMORY) ? NULL : __libc_realloc(at, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *at = strikes(MEMORY) ? NULL : __libc_memalign(alignment, size);

	if (!at)
		return ENOMEM;
	*ret = at;
	return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return strikes(MEMORY) ? NULL : __libc_memalign(alignment, size);
}
