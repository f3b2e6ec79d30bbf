#include "store_fault.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct file {
	sqlite3_file base;
	int is_log;
	sqlite3_file real[];
};

static struct store_fault fault;
static sqlite3_vfs *below;
static sqlite3_vfs above;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct file *)file)->real;
}

static int takes_one(atomic_int *left)
{
	int now = atomic_load(left);

	while (now > 0)
		if (atomic_compare_exchange_weak(left, &now, now - 1))
			return 1;
	return 0;
}

static int do_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int do_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), bytes, count, at);
}

static int do_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
	if (((struct file *)file)->is_log && takes_one(&fault.write_fails))
		return SQLITE_FULL;
	return real_of(file)->pMethods->xWrite(real_of(file), bytes, count, at);
}

static int do_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int do_sync(sqlite3_file *file, int flags)
{
	int is_log = ((struct file *)file)->is_log;

	if (is_log && takes_one(&fault.sync_fails))
		return SQLITE_IOERR_FSYNC;
	if (is_log)
		atomic_fetch_add(&fault.syncs, 1);
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int do_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int do_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int do_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int do_check_lock(sqlite3_file *file, int *ret)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int do_control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int do_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int do_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int do_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret);
}

static int do_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void do_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int do_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = do_close,
	.xRead = do_read,
	.xWrite = do_write,
	.xTruncate = do_truncate,
	.xSync = do_sync,
	.xFileSize = do_size,
	.xLock = do_lock,
	.xUnlock = do_unlock,
	.xCheckReservedLock = do_check_lock,
	.xFileControl = do_control,
	.xSectorSize = do_sector,
	.xDeviceCharacteristics = do_traits,
	.xShmMap = do_map,
	.xShmLock = do_shm_lock,
	.xShmBarrier = do_barrier,
	.xShmUnmap = do_unmap,
};

static int do_open(
	sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	int rc = below->xOpen(below, path, real_of(file), flags, ret_flags);

	(void)vfs;
	((struct file *)file)->is_log = (flags & SQLITE_OPEN_WAL) != 0;
	file->pMethods = real_of(file)->pMethods ? &methods : NULL;
	return rc;
}

void store_fault_register(void)
{
	if (below)
		return;
	below = sqlite3_vfs_find(NULL);
	above = *below;
	above.pNext = NULL;
	above.zName = "fault";
	above.szOsFile = (int)sizeof(struct file) + below->szOsFile;
	above.xOpen = do_open;
	if (sqlite3_vfs_register(&above, 1) != SQLITE_OK)
		abort();
}

struct store_fault *store_fault(void)
{
	return &fault;
}
