/* Kinds of targets that have no registers: each question about one is refused. */
#include "adapters/adapter_rooms.h"

static int refuse(const struct adapter_register *reg, struct error *err)
{
	return adapter_refuse(err, "type", "%s: this kind of target has no registers", reg->type);
}

int adapter_bare_parse(const struct adapter_register *reg, const json_t *value,
	struct arena *arena, const char **ret_value, struct error *err)
{
	(void)value;
	(void)arena;
	(void)ret_value;
	return refuse(reg, err);
}

int adapter_bare_read(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
	struct error *err)
{
	(void)client;
	(void)target;
	(void)timeout_ms;
	(void)done;
	(void)arg;
	return refuse(reg, err);
}

int adapter_bare_write(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, const char *value, const char *version, int timeout_ms,
	adapter_done done, void *arg, struct error *err)
{
	(void)value;
	(void)version;
	return adapter_bare_read(client, target, reg, timeout_ms, done, arg, err);
}
