/*
 * The daemon as a whole: what exists, opened in order, closed in reverse. Wiring only: it lists
 * rooms and connects them, and decides nothing.
 */
#ifndef RB_MAIN_APP_H
#define RB_MAIN_APP_H

#include "lib/base/config.h"
#include "lib/base/error.h"

struct app;

/* Opens everything but the listeners. */
int app_open(const struct config *settings, struct app **ret, struct error *err);
/* Listens, says so, and runs until a signal. An error that comes while starting is returned. */
int app_run(struct app *app, struct error *err);
/* NULL is fine. */
void app_close(struct app *app);

#endif
