/*
 * The I/O half's line to the gate while an allowed command runs: WATCH, a heartbeat each 10 s, and
 * the end of the command when the gate says STOP, when kill_at comes, or when nothing was heard
 * from the gate for as long as the lease. Driven by sudo's own event loop; nothing here blocks it.
 */
#ifndef RB_CHANGE_SUDO_WATCH_H
#define RB_CHANGE_SUDO_WATCH_H

#include "change/sudo/plugin.h"

struct plugin_watch;

/* Waits for the gate's word that it watches the run of plugin->session, GATE_DEADLINE_MS at most.
 * `event_alloc` is what sudo gave the I/O half. */
int plugin_watch_open(struct plugin *plugin, struct sudo_plugin_event *(*event_alloc)(void),
	struct plugin_watch **ret, struct error *err);
void plugin_watch_free(struct plugin_watch *watch);

/* Ends the command: says why, once, and breaks sudo's loop, upon which sudo kills it. */
void plugin_watch_stop(struct plugin_watch *watch, const char *reason, const char *message);
bool plugin_watch_is_stopping(const struct plugin_watch *watch);

/* Tells the gate how the run ended, and waits for its word. */
int plugin_watch_end(const struct gate_config *gate, const struct gate_end *end, struct error *err);

#endif
