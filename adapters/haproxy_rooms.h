/*
 * HAProxy's registers as pure functions: what may be said to it (haproxy_value.c) and what its
 * replies mean (haproxy_reply.c). haproxy.c carries the conversations.
 */
#ifndef RB_ADAPTERS_HAPROXY_ROOMS_H
#define RB_ADAPTERS_HAPROXY_ROOMS_H

#include "adapters/adapter_rooms.h"

/* In the order of the table of types. */
enum haproxy_kind { HAPROXY_WEIGHT, HAPROXY_STATE, HAPROXY_MAP, HAPROXY_MAXCONN, HAPROXY_FRONTEND };

/* Names, files and keys: closed sets of characters; what is syntax to HAProxy is refused. */
int haproxy_check_args(enum haproxy_kind kind, const char *const *args, struct error *err);
/* The canonical JSON text of a wanted value. */
int haproxy_parse_value(enum haproxy_kind kind, const json_t *value, struct arena *arena,
	const char **ret, struct error *err);

/* What a read found. */
struct adapter_result haproxy_read_reply(enum haproxy_kind kind, const char *const *args,
	const char *reply, size_t length, struct arena *arena);
/* What became of a write: silence is a yes, known words are a no, anything else is no answer. */
struct adapter_result haproxy_write_reply(
	enum haproxy_kind kind, const char *reply, size_t length, struct arena *arena);
/* "show info;show cli level": who answered, and whether it lets us change things. */
struct adapter_result haproxy_check_reply(const char *reply, size_t length, struct arena *arena);

/*
 * Must listeners be paused while the limit of this frontend goes up? `reply` is that of "show stat
 * F 1 -1;show info". Releases before 2.6.20, 2.8.12, 3.0.6 and 3.1 end themselves when the limit
 * of a full frontend is raised (haproxy issue 2726).
 */
bool haproxy_must_pause(const char *frontend, const char *reply, int64_t wanted);

#endif
