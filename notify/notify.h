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

#include <jansson.h>
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
int notify_send(struct store_tx *tx, const struct notify_event *event, int64_t at_us, struct error *err);

/* The sender: reads due deliveries, posts them, retries (5 s, 30 s, 2 min, 10 min, 1 h, then each 3 h for a day). */
struct notifier;
int notifier_open(struct store *store, struct client *client, struct loop *loop, const char *source,
	struct notifier **ret, struct error *err);
void notifier_close(struct notifier *notifier);

#endif
