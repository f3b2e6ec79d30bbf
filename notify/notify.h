/*
 * Telling people: an outbox in the same transaction as the fact, delivered with retries to
 * signed webhooks (Standard Webhooks, CloudEvents 1.0 structured) and to the log.
 */
#ifndef RB_NOTIFY_NOTIFY_H
#define RB_NOTIFY_NOTIFY_H

#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/client/client.h"
#include "lib/store/store.h"
#include "people/people.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct notify_event {
	char id[ID_SIZE];    /* drawn by the caller: the webhook-id, the CloudEvents id */
	const char *type;    /* "approval.requested", "execution.paused" ... */
	const char *subject; /* "execution/01J..." */
	const char *text;    /* one sentence for a person */
	const json_t *data;  /* borrowed */
};

extern const struct store_schema notify_schema;

/* Inside the caller's transaction; deliveries start after the commit. */
int notify_send(
	struct store_tx *tx, const struct notify_event *event, int64_t at_us, struct error *err);

/*
 * A webhook: the url of a receiver, the reference of its "whsec_..." key, which types of events it
 * wants ("approval.*").
 */
struct hook_add {
	const struct principal *by;
	int64_t at_us;
	char id[ID_SIZE];
	const char *name, *url, *secret;
	const char *const *types; /* NULL-ended; NULL = all */
	bool is_enabled;
	struct arena *arena;
	struct hook *ret_hook;
};
int hook_add(struct store_tx *tx, struct hook_add *add, struct error *err);

struct hook_switch {
	const struct principal *by;
	int64_t at_us;
	const char *name;
	bool is_enabled;
	struct arena *arena;
	struct hook *ret_hook;
};
/*
 * A disabled hook gets nothing new; what waits for it waits on, and is tried when it is
 * enabled. ERROR_NO_EFFECT when it is so already.
 */
int hook_switch(struct store_tx *tx, struct hook_switch *change, struct error *err);

struct hook_remove {
	const struct principal *by;
	int64_t at_us;
	const char *name;
	struct arena *arena;
};
/* What was still to be delivered to it is given up. */
int hook_remove(struct store_tx *tx, struct hook_remove *remove, struct error *err);

/* The sender: reads due deliveries, posts them, retries (5 s, 30 s, 2 min, 10 min, 1 h, then each 3
 * h for a day). */
struct notifier;
int notifier_open(struct store *store, struct client *client, struct loop *loop, const char *source,
	struct notifier **ret, struct error *err);
void notifier_close(struct notifier *notifier); /* before the client and the store */

#endif
