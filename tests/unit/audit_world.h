/* A store with the audit's tables in a directory of its own, and records to put into it. */
#ifndef RB_TESTS_AUDIT_WORLD_H
#define RB_TESTS_AUDIT_WORLD_H

#include "audit/audit.h"

#include <stdbool.h>

struct audit_world {
	char directory[64], path[128];
	struct loop *loop;
	struct store *store;
};
extern struct audit_world audit_world;

void audit_world_open(void);
void audit_world_close(void);
void audit_world_open_store(void);
void audit_world_close_store(void);
/* Runs a closure to its end; its code. */
int audit_world_write(store_ask ask, void *arg, struct error *err);
/* Appends one record in a transaction of its own; its code. */
int audit_world_append(const struct audit_record *record, struct error *err);
/* `count` records of several shapes, with intents and their outcomes. */
void audit_world_fill(int count);

#endif
