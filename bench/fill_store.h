/* A database filled by the product's own rooms: commit after commit, until nothing is left. */
#ifndef RB_BENCH_FILL_STORE_H
#define RB_BENCH_FILL_STORE_H

#include "lib/store/store.h"

#include <stdint.h>

/*
 * Opens the database at `path`, made when it is not there, and calls `ask(arg)` in one transaction
 * after the other until it has counted *left down to 0. Ends with the first error.
 */
int fill_store(const char *path, store_ask ask, void *arg, const int64_t *left, struct error *err);

#endif
