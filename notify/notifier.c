#include "notify/notify_rooms.h"

#include "lib/base/loop.h"
#include "lib/base/time.h"
#include "lib/client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_MS		 500
#define PER_HOOK_MAX	 4 /* a dead receiver holds up nobody else */
#define IN_FLIGHT_MAX	 16
#define TIMEOUT_MS	 10000
#define ANSWER_MAX_BYTES 4096
#define FORGET_EVERY_US	 (INT64_C(3600) * 1000000)
#define KEEP_US		 (7 * INT64_C(86400000000))
#define STATUS_GONE	 410
#define ERROR_TEXT_SIZE	 256

static const struct notifier_pace usual_pace = {POLL_MS, notify_delays_ms};

/* One delivery that is being sent or whose outcome is being written. */
struct attempt {
	struct notifier *notifier; /* NULL: it closed meanwhile */
	struct client_call *call;  /* NULL once it ended */
	struct arena arena;
	struct delivery delivery;
	char error_text[ERROR_TEXT_SIZE];
};

struct notifier {
	struct store *store;
	struct client *client;
	struct loop_timer *timer;
	struct notifier_pace pace;
	struct attempt *attempts[IN_FLIGHT_MAX];
	int64_t forgot_at_us;
	char source[256];
};

/* --- outcomes --- */

static void free_attempt(struct attempt *attempt)
{
	struct notifier *notifier = attempt->notifier;

	for (size_t i = 0; notifier && i < IN_FLIGHT_MAX; i++)
		if (notifier->attempts[i] == attempt)
			notifier->attempts[i] = NULL;
	arena_done(&attempt->arena);
	free(attempt);
}

static int ask_outcome(struct store_tx *tx, void *arg, struct error *err)
{
	const struct attempt *attempt = arg;

	return notify_store_update(tx, &attempt->delivery, err);
}

static void on_poll(void *arg);

/*
 * An outcome that could not be written leaves the row due: it is sent again under the same id, at
 * the timer's pace. Otherwise the next row starts at once.
 */
static void on_outcome(void *arg, const struct error *err)
{
	struct attempt *attempt = arg;
	struct notifier *notifier = attempt->notifier;

	free_attempt(attempt);
	if (notifier && !err)
		on_poll(notifier);
}

static bool is_delivered(const struct attempt *attempt)
{
	return attempt->delivery.status >= 200 && attempt->delivery.status < 300;
}

static void end_attempt(struct attempt *attempt, int status, const char *error_text)
{
	struct delivery *delivery = &attempt->delivery;
	int64_t now_us = time_now_us();
	int64_t due_at_us;

	delivery->attempts++;
	delivery->status = status;
	delivery->ended_at_us = now_us;
	delivery->last_error = NULL;
	if (is_delivered(attempt)) {
		delivery->state = DELIVERY_DELIVERED;
	} else {
		snprintf(attempt->error_text, sizeof(attempt->error_text), "%s", error_text);
		delivery->last_error = attempt->error_text;
		due_at_us = delivery_next_due(delivery, attempt->notifier->pace.delays_ms, now_us);
		if (due_at_us && status != STATUS_GONE)
			delivery->due_at_us = due_at_us;
		else
			delivery->state = DELIVERY_GIVEN_UP;
	}
	store_write(attempt->notifier->store, ask_outcome, on_outcome, attempt);
}

static void on_answer(void *arg, const struct client_response *response, const struct error *err)
{
	struct attempt *attempt = arg;
	char text[ERROR_TEXT_SIZE];

	attempt->call = NULL;
	if (err)
		snprintf(text, sizeof(text), "%.200s", err->message);
	else if (response->status >= 300 && response->status < 400)
		snprintf(text, sizeof(text), "the receiver answered %d; redirects are not followed",
			response->status);
	else
		snprintf(text, sizeof(text), "the receiver answered %d", response->status);
	end_attempt(attempt, err ? 0 : response->status, text);
}

/* --- sending --- */

static int send_attempt(struct attempt *attempt, const struct hook *hook, struct error *err)
{
	struct delivery *delivery = &attempt->delivery;
	int64_t now_s = time_now_us() / 1000000;
	char signature[NOTIFY_SIGNATURE_SIZE], stamp[24];
	struct client_header headers[] = {
		{"Content-Type", "application/cloudevents+json; charset=UTF-8"},
		{"webhook-id", delivery->event_id},
		{"webhook-timestamp", stamp},
		{"webhook-signature", signature},
	};
	struct client_request request = {
		.method = "POST",
		.url = hook->url,
		.headers = headers,
		.header_count = sizeof(headers) / sizeof(headers[0]),
		.timeout_ms = TIMEOUT_MS,
		.max_bytes = ANSWER_MAX_BYTES,
	};
	size_t length;
	char *body = notify_body(delivery, attempt->notifier->source, &length);
	int rc;

	snprintf(stamp, sizeof(stamp), "%lld", (long long)now_s);
	request.body = body;
	request.body_length = length;
	rc = notify_sign(hook->secret, delivery->event_id, now_s, body, length, signature, err);
	if (rc == 0)
		rc = client_send(attempt->notifier->client, &request, on_answer, attempt,
			&attempt->call, err);
	free(body);
	return rc;
}

static struct attempt **find_place(struct notifier *notifier)
{
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
		if (!notifier->attempts[i])
			return &notifier->attempts[i];
	return NULL;
}

static bool is_in_flight(const struct notifier *notifier, const struct delivery *delivery)
{
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
		const struct attempt *attempt = notifier->attempts[i];

		if (attempt && !strcmp(attempt->delivery.event_id, delivery->event_id) &&
			!strcmp(attempt->delivery.hook_id, delivery->hook_id))
			return true;
	}
	return false;
}

static int count_in_flight(const struct notifier *notifier, const char *hook_id)
{
	int count = 0;

	for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
		if (notifier->attempts[i] &&
			!strcmp(notifier->attempts[i]->delivery.hook_id, hook_id))
			count++;
	return count;
}

static void copy_delivery(struct attempt *attempt, const struct delivery *delivery)
{
	struct delivery *copy = &attempt->delivery;

	*copy = *delivery;
	copy->hook = arena_text(&attempt->arena, delivery->hook);
	copy->type = arena_text(&attempt->arena, delivery->type);
	copy->subject = arena_text(&attempt->arena, delivery->subject);
	copy->text = arena_text(&attempt->arena, delivery->text);
	copy->data = arena_text(&attempt->arena, delivery->data);
	copy->last_error = NULL;
}

static void start_delivery(
	struct notifier *notifier, const struct hook *hook, const struct delivery *delivery)
{
	struct attempt **place = find_place(notifier);
	struct error err = ERROR_INIT;
	struct attempt *attempt;

	if (!place || is_in_flight(notifier, delivery) || !(attempt = calloc(1, sizeof(*attempt))))
		return;
	attempt->notifier = notifier;
	arena_init(&attempt->arena);
	copy_delivery(attempt, delivery);
	*place = attempt;
	if (send_attempt(attempt, hook, &err) < 0)
		end_attempt(attempt, 0, err.message);
}

/* Rows in flight are due as well, so that many more are asked for. */
static void start_hook(struct notifier *notifier, const struct hook *hook, struct arena *arena)
{
	int in_flight = count_in_flight(notifier, hook->id);
	struct delivery *list;
	size_t count;

	if (in_flight >= PER_HOOK_MAX ||
		notify_store_due(store_reader(notifier->store), arena, hook->id, time_now_us(),
			PER_HOOK_MAX, &list, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		start_delivery(notifier, hook, &list[i]);
}

/* --- the timer --- */

struct forget_job {
	int64_t before_us;
};

static int ask_forget(struct store_tx *tx, void *arg, struct error *err)
{
	return notify_store_forget(tx, ((struct forget_job *)arg)->before_us, err);
}

static void on_forgotten(void *arg, const struct error *err)
{
	(void)err;
	free(arg);
}

static void forget_old(struct notifier *notifier)
{
	int64_t now_us = time_now_us();
	struct forget_job *job;

	if (now_us - notifier->forgot_at_us < FORGET_EVERY_US)
		return;
	notifier->forgot_at_us = now_us;
	job = calloc(1, sizeof(*job));
	if (!job)
		return;
	job->before_us = now_us - KEEP_US;
	store_write(notifier->store, ask_forget, on_forgotten, job);
}

static void on_poll(void *arg)
{
	struct notifier *notifier = arg;
	struct arena arena = ARENA_INIT;
	struct hook *hooks;
	size_t count;

	if (store_is_writable(notifier->store, NULL) &&
		store_space(notifier->store, NULL) != STORE_SPACE_FULL &&
		notify_store_hooks(store_reader(notifier->store), &arena, &hooks, &count, NULL) ==
			0) {
		for (size_t i = 0; i < count; i++)
			if (hooks[i].is_enabled)
				start_hook(notifier, &hooks[i], &arena);
		forget_old(notifier);
	}
	arena_done(&arena);
}

int notifier_open_paced(struct store *store, struct client *client, struct loop *loop,
	const char *source, const struct notifier_pace *pace, struct notifier **ret,
	struct error *err)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));

	if (!notifier)
		return error_set(err, ERROR_NO_MEMORY, "no memory for the notifier");
	notifier->store = store;
	notifier->client = client;
	notifier->pace = *pace;
	notifier->forgot_at_us = time_now_us();
	snprintf(notifier->source, sizeof(notifier->source), "%s", source);
	notifier->timer = loop_timer_new(loop, on_poll, notifier);
	loop_timer_start(notifier->timer, pace->poll_ms, pace->poll_ms);
	*ret = notifier;
	return 0;
}

int notifier_open(struct store *store, struct client *client, struct loop *loop, const char *source,
	struct notifier **ret, struct error *err)
{
	return notifier_open_paced(store, client, loop, source, &usual_pace, ret, err);
}

/* A call is cancelled: its row stays due. What waits for the store frees itself. */
void notifier_close(struct notifier *notifier)
{
	if (!notifier)
		return;
	loop_timer_free(notifier->timer);
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
		struct attempt *attempt = notifier->attempts[i];

		if (!attempt)
			continue;
		attempt->notifier = NULL;
		if (attempt->call) {
			client_cancel(attempt->call);
			free_attempt(attempt);
		}
	}
	free(notifier);
}
