/*
 * Room on the disk. A reserve file is kept beside the database; the first full disk costs it, and
 * what is vital (undo, abort, their audit) can still be committed. Everything else is refused
 * until there is room to make it again.
 */
#include "lib/store/store_rooms.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOOK_EVERY_MS 2000
#define MIB	      ((int64_t)1024 * 1024)

int64_t store_space_free(const struct store *store)
{
	struct statvfs disk;

	if (statvfs(store->path, &disk) < 0)
		return INT64_MAX; /* what cannot be asked is no reason to refuse */
	return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

/* Less than a small transaction needs. */
static bool is_nothing_left(const struct store *store)
{
	return store_space_free(store) < MIB;
}

static int64_t reserve_of(const struct store *store)
{
	return store->options.reserve_bytes;
}

/* --- the reserve file --- */

/* Blocks, not a hole: where the file system cannot promise them, they are written. */
static bool fill(int fd, int64_t bytes)
{
	static const char zeros[64 * 1024];

	if (fallocate(fd, 0, 0, bytes) == 0)
		return true;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return false;
	for (int64_t at = 0; at < bytes; at += (int64_t)sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) != (ssize_t)sizeof(zeros))
			return false;
	return true;
}

static bool make_reserve(struct store_space *space, int64_t bytes)
{
	int fd = open(space->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool is_made = fd >= 0 && ftruncate(fd, 0) == 0 && fill(fd, bytes);

	if (fd >= 0)
		close(fd);
	if (!is_made)
		unlink(space->path);
	space->has_reserve = is_made;
	return is_made;
}

static bool is_there(const struct store_space *space, int64_t bytes)
{
	struct stat file;

	return stat(space->path, &file) == 0 && S_ISREG(file.st_mode) && file.st_size >= bytes &&
	       (int64_t)file.st_blocks * 512 >= bytes;
}

bool store_space_release(struct store *store)
{
	struct store_space *space = &store->space;

	if (!space->has_reserve || unlink(space->path) < 0)
		return false;
	space->has_reserve = false;
	return true;
}

bool store_space_is_full(const struct store *store, int rc)
{
	return reserve_of(store) > 0 && ((rc & 0xff) == SQLITE_FULL || is_nothing_left(store));
}

/* --- the state --- */

static void describe(struct store *store)
{
	struct store_space *space = &store->space;
	long long need = (long long)(reserve_of(store) / MIB);

	switch (space->state) {
	case STORE_SPACE_OK:
		space->why[0] = '\0';
		return;
	case STORE_SPACE_LOW:
		snprintf(space->why, sizeof(space->why),
			"the disk of the data directory is nearly full (less than %lld MiB are "
			"free): no new run is started",
			need);
		return;
	case STORE_SPACE_FULL:
		snprintf(space->why, sizeof(space->why),
			"the disk of the data directory is full: only undo, rollback, abort and "
			"looking go on");
		return;
	}
}

void store_space_set(struct store *store, enum store_space_state state)
{
	struct store_space *space = &store->space;

	if (space->state == state)
		return;
	space->state = state;
	describe(store);
	for (size_t i = 0; i < space->watcher_count; i++)
		space->watchers[i].call(space->watchers[i].arg, state);
}

/* Room for the reserve itself and a quarter more, so that it is not lost again at once. */
static bool has_room_for_reserve(const struct store *store)
{
	return store_space_free(store) >= reserve_of(store) + reserve_of(store) / 4;
}

static void look(struct store *store)
{
	struct store_space *space = &store->space;

	if (!space->has_reserve &&
		!(has_room_for_reserve(store) && make_reserve(space, reserve_of(store)))) {
		if (space->state == STORE_SPACE_OK)
			store_space_set(store, STORE_SPACE_LOW);
		return;
	}
	store_space_set(store,
		store_space_free(store) < reserve_of(store) ? STORE_SPACE_LOW : STORE_SPACE_OK);
}

static void on_look(void *arg)
{
	struct store *store = arg;

	if (!store->is_busy) /* the thread may be giving the reserve away */
		look(store);
}

/* --- life --- */

void store_space_open(struct store *store)
{
	struct store_space *space = &store->space;
	size_t length;

	if (reserve_of(store) <= 0)
		return;
	length = strlen(store->path) + sizeof(".reserve");
	space->path = malloc(length);
	if (!space->path)
		abort();
	snprintf(space->path, length, "%s.reserve", store->path);
	space->has_reserve = is_there(space, reserve_of(store));
	/* On a disk that is full already even the start needs what was kept back for it. */
	if (is_nothing_left(store)) {
		store_space_release(store);
		store_space_set(store, STORE_SPACE_FULL);
	} else {
		look(store);
	}
	space->timer = loop_timer_new(store->loop, on_look, store);
	loop_timer_start(space->timer, LOOK_EVERY_MS, LOOK_EVERY_MS);
}

void store_space_close(struct store *store)
{
	loop_timer_free(store->space.timer);
	free(store->space.path);
}

enum store_space_state store_space(const struct store *store, const char **why)
{
	if (why)
		*why = store->space.why;
	return store->space.state;
}

int store_check_space(const struct store *store, struct error *err)
{
	if (store->space.state == STORE_SPACE_OK)
		return 0;
	error_set(err, ERROR_DISK_FULL, "%s", store->space.why);
	return error_remedy(err, "free space there; it goes on by itself");
}

void store_on_space(
	struct store *store, void (*call)(void *arg, enum store_space_state state), void *arg)
{
	struct store_space *space = &store->space;

	if (space->watcher_count == STORE_WATCHERS_MAX)
		abort();
	space->watchers[space->watcher_count].call = call;
	space->watchers[space->watcher_count++].arg = arg;
}
