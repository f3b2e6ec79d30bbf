/* The recording of one command's terminal, by the recorder that rcm uses. */
#ifndef RB_CHANGE_SUDO_RECORD_H
#define RB_CHANGE_SUDO_RECORD_H

#include "change/sudo/plugin.h"

#include <stdbool.h>
#include <stddef.h>

struct plugin_record;

/* A new file in `folder`, for the run of plugin->session. */
int plugin_record_open(const struct plugin *plugin, const char *folder, char *const *argv,
	unsigned lines, unsigned columns, struct plugin_record **ret, struct error *err);
/* `kind` is 'o' or 'i'. */
int plugin_record_add(struct plugin_record *record, char kind, const char *bytes, size_t length,
	struct error *err);
int plugin_record_resize(
	struct plugin_record *record, unsigned lines, unsigned columns, struct error *err);
/* Ends the file and fills in what END says of it; the texts live in the arena. Always frees. */
void plugin_record_end(
	struct plugin_record *record, struct arena *arena, struct gate_end *ret_end);

#endif
