/*
 * The I/O half's line to the gate while an allowed command runs: WATCH, a heartbeat each 10 s, and
 * the end of the command when the gate says STOP, when kill_at comes, or when nothing was heard
 * from the gate for as long as the lease. Driven by sudo's own event loop; nothing here blocks it.
 */
#ifndef RB_CHANGE_SUDO_WATCH_H
#define RB_CHANGE_SUDO_WATCH_H

#include "change/sudo/plugin.h"

#define PLUGIN_WATCH_MAX 64

/* Waits for the gate's word that it watches the run, GATE_DEADLINE_MS at most, and puts it behind
 * those in plugin->watch. `event_alloc` is what sudo gave the I/O half. */
int plugin_watch_add(struct plugin *plugin, const struct plugin_run *run,
	plugin_event_alloc event_alloc, struct error *err);
/* All of them; NULL is fine. */
void plugin_watch_free(struct plugin_watch *watch);
const struct plugin_watch *plugin_watch_next(const struct plugin_watch *watch); /* of NULL: NULL */
const char *plugin_watch_run(const struct plugin_watch *watch);

/* Ends the command: says why, once, and breaks sudo's loop, upon which sudo kills it. Any run that
 * must stop ends all of them. */
void plugin_watch_stop(struct plugin_watch *watch, const char *reason, const char *message);
/* Is the command of plugin->watch being ended? */
bool plugin_watch_is_stopping(const struct plugin_watch *watch);

/* Tells the gate how the run ended, and waits for its word. */
int plugin_watch_end(const struct gate_config *gate, const struct gate_end *end, struct error *err);

#endif
