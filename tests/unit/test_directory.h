/* Where unit tests keep their files: in memory where there is a place for that, since what a disk
 * does is no point of theirs. */
#ifndef RB_TESTS_TEST_DIRECTORY_H
#define RB_TESTS_TEST_DIRECTORY_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Makes a directory of the caller's own, which removes it. */
static inline void test_directory(char *ret_path, size_t size, const char *name)
{
	const char *root = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";

	ck_assert_int_lt(snprintf(ret_path, size, "%s/rb-%s-XXXXXX", root, name), (int)size);
	ck_assert_ptr_nonnull(mkdtemp(ret_path));
}

#endif
