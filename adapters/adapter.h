/*
 * One outside system behind one small struct. Nearly every mitigation is a register: read a
 * value, write a value, read it back. An adapter knows how; preview, undo, drift and
 * verification are the executor's, once for all of them. Owns no table, knows no feature.
 *
 * Values are canonical JSON text ("50", "\"drain\"", "true"): equality is byte equality.
 */
#ifndef RB_ADAPTERS_ADAPTER_H
#define RB_ADAPTERS_ADAPTER_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/client/client.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a target is and how to log in; borrowed for the duration of a call. */
struct adapter_target {
	const char *name;
	const char *kind;
	const char *address;	/* "unix:/run/h.sock", "tcp:10.0.0.7:9999", "http://prom:9090" */
	const char *credential; /* reference (lib/base/secret.h) or NULL */
	const char *const *networks; /* CIDRs that its addresses must lie in; NULL-ended; empty = as
					given by the address */
};

/* A register or reading: type and arguments as in the graph. */
struct adapter_register {
	const char *type;	 /* "haproxy.weight" */
	const char *const *args; /* NULL-ended */
	const json_t *http;	 /* the graph's `http` object, or NULL */
};

enum adapter_outcome {
	ADAPTER_OK,	     /* read: value is there; write: the plane said yes */
	ADAPTER_ABSENT,	     /* read: there is no value */
	ADAPTER_UNKNOWN,     /* reading without a usable value: empty, NaN, several samples */
	ADAPTER_REFUSED,     /* the plane said no: nothing was changed */
	ADAPTER_STALE,	     /* compare-and-set found another value or version */
	ADAPTER_UNREACHABLE, /* nothing was sent */
	ADAPTER_NO_ANSWER,   /* sent, no usable answer: it may have happened */
};

struct adapter_result {
	enum adapter_outcome outcome;
	const char *value;   /* canonical JSON text for ADAPTER_OK of a read, else NULL */
	const char *version; /* opaque, or NULL */
	const char *message; /* one sentence for a person when it is not OK */
};

/* Called exactly once, later, from the loop. The result is borrowed. */
typedef void (*adapter_done)(void *arg, const struct adapter_result *result);

#define ADAPTER_ALERTS_MAX 1000

struct adapter_type {
	const char *name; /* "haproxy.weight" */
	int arg_count;
	bool is_writable;
	bool has_compare_and_set;
	bool can_be_absent;
	int settle_ms;	   /* a written value may take so long to be read back */
	bool is_forgetful; /* lost when the plane restarts */
};

struct adapter {
	const char *kind; /* kind of target: "haproxy" */
	const struct adapter_type *types;
	size_t type_count;
	/* Checks the arguments; with `value` (not NULL, not the $absent form) also gives its
	 * canonical text into the arena. Pure. */
	int (*parse)(const struct adapter_register *reg, const json_t *value, struct arena *arena,
		const char **ret_value, struct error *err);
	/* Starts a read / a write; an error here means nothing was sent. value NULL = delete.
	 * `expected`: value to compare against, `has_expected` false = no comparison. */
	int (*read)(struct client *client, const struct adapter_target *target,
		const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
		struct error *err);
	int (*write)(struct client *client, const struct adapter_target *target,
		const struct adapter_register *reg, const char *value, const char *version,
		int timeout_ms, adapter_done done, void *arg, struct error *err);
	/* Reachability and credentials of a target; NULL = none. message of the result says what
	 * answered ("HAProxy 2.6.12"). */
	int (*check)(struct client *client, const struct adapter_target *target, int timeout_ms,
		adapter_done done, void *arg, struct error *err);
	/* What fires there now; NULL = it knows of no alerts. The value is compact JSON, no
	 * canonical form: an array with the labels of each alert, an object of texts. An answer of
	 * more than ADAPTER_ALERTS_MAX, or one that may be partial, is no value. */
	int (*alerts)(struct client *client, const struct adapter_target *target, int timeout_ms,
		adapter_done done, void *arg, struct error *err);
	/* Address grammar of this kind. */
	int (*check_address)(const char *address, struct error *err);
};

/* The table of adapters, listed in main/. */
struct adapter_list {
	const struct adapter *const *adapters;
	size_t count;
};
const struct adapter *adapter_find(const struct adapter_list *list, const char *kind);
const struct adapter_type *adapter_type_find(const struct adapter_list *list, const char *type);

extern const struct adapter haproxy_adapter;
extern const struct adapter prometheus_adapter, alertmanager_adapter;
/* Targets without registers: their address is an identity (adapters/identity.c). */
extern const struct adapter host_adapter, k8s_adapter, database_adapter;

#endif
