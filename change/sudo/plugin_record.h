/* The recording of one command's terminal, by the recorder that rcm uses, and what END says of it.
 */
#ifndef RB_CHANGE_SUDO_RECORD_H
#define RB_CHANGE_SUDO_RECORD_H

#include "change/sudo/plugin.h"

/* A new file in `folder` for the run of plugin->session; on errors `*ret` stays as it is. */
int plugin_record_open(const struct plugin *plugin, const char *folder, char *const *argv,
	unsigned lines, unsigned columns, struct recorder **ret, struct error *err);
/* Ends and frees it; the texts of `ret_end` live in the arena. */
void plugin_record_end(
	struct recorder *recorder, int status, struct arena *arena, struct gate_end *ret_end);

#endif
