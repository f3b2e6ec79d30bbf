/* Between the adapters: how a client's error and a plane's words become a result. */
#ifndef RB_ADAPTERS_ROOMS_H
#define RB_ADAPTERS_ROOMS_H

#include "adapters/adapter.h"

/* What happened at the plane when the client reports this error. */
enum adapter_outcome adapter_outcome_of(const struct error *err);
/* A result that is not OK, its message formatted into the arena. */
struct adapter_result adapter_problem(struct arena *arena, enum adapter_outcome outcome,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The first line of what a plane said, made visible, at most 200 bytes. */
const char *adapter_quote(struct arena *arena, const char *text);
/* ERROR_INVALID about an argument or the value of a register. */
int adapter_refuse(struct error *err, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Counts the arguments and checks that the type is known; the position of the type in `adapter`. */
int adapter_check_type(const struct adapter *adapter, const struct adapter_register *reg,
	size_t *ret, struct error *err);

/* --- adapter_bare.c: parse, read and write of kinds that have no registers --- */

/* ERROR_INVALID with the field "type"; nothing is asked. */
int adapter_bare_parse(const struct adapter_register *reg, const json_t *value, struct arena *arena,
	const char **ret_value, struct error *err);
int adapter_bare_read(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
	struct error *err);
int adapter_bare_write(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, const char *value, const char *version, int timeout_ms,
	adapter_done done, void *arg, struct error *err);

/*
 * A decimal in any spelling ("1e+06", "0.50", "-0") as canonical JSON: an integer where it is one
 * within int64, else {"$decimal":"0.5"}. NULL when it is no finite decimal or has more than 38
 * digits before the point; beyond 30 digits after the point it is cut.
 */
const char *adapter_decimal(struct arena *arena, const char *text);
/* The same for a JSON number, a text or a {"$decimal": ...}. */
const char *adapter_decimal_of_json(struct arena *arena, const json_t *value);

#endif
