#include "change/sudo/plugin_record.h"

int plugin_record_open(const struct plugin *plugin, const char *folder, char *const *argv,
	unsigned lines, unsigned columns, struct plugin_record **ret, struct error *err)
{
	(void)plugin; (void)folder; (void)argv; (void)lines; (void)columns; (void)ret;
	return error_set(err, ERROR_IO, "nothing records here");
}
int plugin_record_add(struct plugin_record *record, char kind, const char *bytes, size_t length,
	struct error *err)
{
	(void)record; (void)kind; (void)bytes; (void)length;
	return error_set(err, ERROR_IO, "nothing records here");
}
int plugin_record_resize(
	struct plugin_record *record, unsigned lines, unsigned columns, struct error *err)
{
	(void)record; (void)lines; (void)columns;
	return error_set(err, ERROR_IO, "nothing records here");
}
void plugin_record_end(
	struct plugin_record *record, struct arena *arena, struct gate_end *ret_end)
{
	(void)record; (void)arena; (void)ret_end;
}
