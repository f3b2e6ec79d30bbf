/*
 * Doubles of what the engine asks: one plan that is always active, graphs by their digest,
 * targets that are always there, approvals that nobody needs, an audit that counts.
 */
#ifndef RB_TESTS_ENGINE_NEIGHBOURS_H
#define RB_TESTS_ENGINE_NEIGHBOURS_H

#include "adapters/adapter.h"

#include <stdint.h>

/* The one plane that there is. */
extern const struct adapter *neighbours_adapter;
/* Of every target there is: another number is another target. */
extern int64_t neighbours_target_version;
/* Manifest of the plan, JSON. */
extern const char *neighbours_manifest;

/* A stored graph; the bytes are copied. */
void neighbours_put_graph(const char *digest, const char *bytes);
/* All graphs and counts. */
void neighbours_forget(void);
/* How many audit records with this action were written. */
size_t neighbours_audit_count(const char *action);

#endif
