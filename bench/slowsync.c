/*
 * LD_PRELOAD: each fdatasync and fsync takes SLOWSYNC_US microseconds longer, so that a virtual
 * disk that flushes for nothing stands in for a real one. They are counted: at its end the program
 * writes the count to the file named by SLOWSYNC_COUNT.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef int (*sync_call)(int fd);

static sync_call real_fdatasync, real_fsync;
static struct timespec pause_of;
static atomic_long count;

int fdatasync(int fd);

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("SLOWSYNC_US");
	long us = text ? atol(text) : 0;

	pause_of = (struct timespec){us / 1000000, us % 1000000 * 1000};
	real_fdatasync = (sync_call)dlsym(RTLD_NEXT, "fdatasync");
	real_fsync = (sync_call)dlsym(RTLD_NEXT, "fsync");
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("SLOWSYNC_COUNT");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (file) {
		fprintf(file, "%ld\n", atomic_load(&count));
		fclose(file);
	}
}

static int slow(sync_call call, int fd)
{
	atomic_fetch_add(&count, 1);
	if (pause_of.tv_sec || pause_of.tv_nsec)
		nanosleep(&pause_of, NULL);
	return call(fd);
}

int fdatasync(int fd)
{
	return slow(real_fdatasync, fd);
}

int fsync(int fd)
{
	return slow(real_fsync, fd);
}
