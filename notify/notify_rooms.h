/* Between the rooms of notify/. */
#ifndef RB_NOTIFY_NOTIFY_ROOMS_H
#define RB_NOTIFY_NOTIFY_ROOMS_H

#include "lib/base/buf.h"
#include "lib/base/secret.h"
#include "notify/notify.h"

#include <stddef.h>

#define HOOK_TYPES_MAX	      32
#define NOTIFY_GIVE_UP_US     (24 * INT64_C(3600000000))
#define NOTIFY_SIGNATURE_SIZE 64 /* "v1," + 44 + NUL */

struct hook {
	char id[ID_SIZE];
	const char *name;
	const char *url;
	const char *secret;	  /* a reference */
	const char *const *types; /* NULL-ended; never empty */
	bool is_enabled;
	int64_t created_at_us;
};

/* state, word */
#define DELIVERY_STATES(X)                                                                         \
	X(PENDING, "PENDING")                                                                      \
	X(DELIVERED, "DELIVERED")                                                                  \
	X(GIVEN_UP, "GIVEN_UP")
enum delivery_state {
#define X(name, word) DELIVERY_##name,
	DELIVERY_STATES(X)
#undef X
};
const char *delivery_state_word(enum delivery_state state);
int delivery_state_parse(
	const char *field, const char *word, enum delivery_state *ret, struct error *err);

/* One event on its way to one hook. */
struct delivery {
	char event_id[ID_SIZE];
	char hook_id[ID_SIZE];
	const char *hook; /* its name */
	const char *type, *subject, *text, *data;
	int64_t event_at_us;
	enum delivery_state state;
	int attempts;
	int64_t due_at_us, ended_at_us;
	int status;		/* HTTP status of the last attempt, 0 = none */
	const char *last_error; /* NULL = none */
};

/* --- notify.c --- */

bool hook_wants(const struct hook *hook, const char *type);
/* When to try again after so many attempts; 0 = never: the day is over. */
int64_t delivery_next_due(
	const struct delivery *delivery, const int64_t *delays_ms, int64_t ended_at_us);
extern const int64_t notify_delays_ms[]; /* ended by 0; the last one repeats */

/* --- notify_sign.c: Standard Webhooks, CloudEvents --- */

/* Reads "whsec_" and base64 of 24..64 bytes out of the secret. */
int notify_check_secret(const char *reference, struct error *err);
/* "v1,<base64 of HMAC-SHA256 over id.timestamp.body>" */
int notify_sign(const char *reference, const char *id, int64_t timestamp_s, const char *body,
	size_t length, char ret_signature[static NOTIFY_SIGNATURE_SIZE], struct error *err);
/* The structured CloudEvents body. */
char *notify_body(const struct delivery *delivery, const char *source, size_t *ret_length);

/* --- notify_store.c --- */

int notify_store_hooks(struct store_tx *tx, struct arena *arena, struct hook **ret,
	size_t *ret_count, struct error *err);
int notify_store_hook(struct store_tx *tx, struct arena *arena, const char *name, struct hook **ret,
	struct error *err);
int notify_store_insert_hook(struct store_tx *tx, const struct hook *hook, struct error *err);
int notify_store_switch_hook(
	struct store_tx *tx, const char *id, bool is_enabled, struct error *err);
int notify_store_delete_hook(struct store_tx *tx, const char *id, struct error *err);
int notify_store_give_up_hook(struct store_tx *tx, const char *hook_id, const char *why,
	int64_t at_us, struct error *err);
int notify_store_insert_event(
	struct store_tx *tx, const struct notify_event *event, int64_t at_us, struct error *err);
int notify_store_insert_delivery(struct store_tx *tx, const char *event_id, const struct hook *hook,
	int64_t at_us, struct error *err);
int notify_store_due(struct store_tx *tx, struct arena *arena, const char *hook_id, int64_t now_us,
	int limit, struct delivery **ret, size_t *ret_count, struct error *err);
/* Newest first; hook and state may be NULL. */
int notify_store_deliveries(struct store_tx *tx, struct arena *arena, const char *hook,
	const char *state, int limit, struct delivery **ret, size_t *ret_count, struct error *err);
/* Only while it is pending: a delivery ends once. */
int notify_store_update(struct store_tx *tx, const struct delivery *delivery, struct error *err);
int notify_store_forget(struct store_tx *tx, int64_t before_us, struct error *err);

/* --- notifier.c --- */

/* As notifier_open, with another pace: for tests that cannot wait for minutes. */
struct notifier_pace {
	int64_t poll_ms;
	const int64_t *delays_ms;
};
int notifier_open_paced(struct store *store, struct client *client, struct loop *loop,
	const char *source, const struct notifier_pace *pace, struct notifier **ret,
	struct error *err);

/* --- notify_json.c --- */

json_t *hook_json(const struct hook *hook);
json_t *delivery_json(const struct delivery *delivery);
/* "https://host:port", without the path: paths of webhooks may hold keys. */
const char *hook_origin(struct arena *arena, const char *url);

#endif
