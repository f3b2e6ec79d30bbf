/*
 * The daemon as a whole: what exists, opened in order, closed in reverse. Wiring only: it lists
 * rooms and connects them, and decides nothing.
 */
#ifndef RB_MAIN_APP_H
#define RB_MAIN_APP_H

#include "adapters/adapter.h"
#include "audit/audit_ledger.h"
#include "lib/base/arena.h"
#include "lib/base/config.h"
#include "lib/base/error.h"
#include "lib/store/store.h"

struct app;

/* Every table of the database, in the order in which they are made: for verification too. */
const struct store_schema *const *app_schemas(size_t *ret_count);
/* What a verification compares with the log. */
const struct audit_crosscheck *const *app_crosschecks(size_t *ret_count);

/* Every kind of target. */
const struct adapter_list *app_adapters(void);
/* The program redbutton-runner: as set, else beside the daemon or where it is installed; NULL =
 * not found. Lives in the arena. */
const char *app_find_runner(const struct config *settings, struct arena *arena);
/* Opens everything but the listeners. */
int app_open(const struct config *settings, struct app **ret, struct error *err);
/* Listens, says so, and runs until a signal. An error that comes while starting is returned. */
int app_run(struct app *app, struct error *err);
/* NULL is fine. */
void app_close(struct app *app);

#endif
