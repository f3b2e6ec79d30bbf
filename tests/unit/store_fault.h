/* A VFS that fails when told to: the disk that says no. Becomes the default VFS of the process. */
#ifndef RB_TESTS_STORE_FAULT_H
#define RB_TESTS_STORE_FAULT_H

#include <stdatomic.h>

struct store_fault {
	atomic_int sync_fails;	/* the next n syncs of a log answer EIO */
	atomic_int write_fails; /* the next n writes to a log find the disk full */
	atomic_int syncs;	/* syncs of a log that went through */
};

/* Once a process, before the first store_open. */
void store_fault_register(void);
struct store_fault *store_fault(void);

#endif
