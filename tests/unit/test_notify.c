#include "tests/unit/check_main.h"
#include "tests/unit/feature_world.h"

#include "lib/base/json.h"
#include "lib/base/time.h"
#include "notify/notify_rooms.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "whsec_" and base64 of 32 bytes of 7: the key of the vector in docs of Standard Webhooks tools.
 */
#define KEY    "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
#define SOURCE "/redbutton/test"

static const int64_t quick_delays[] = {40, 80, 0};
static const struct notifier_pace quick = {10, quick_delays};
static struct notifier *notifier;

/* --- a receiver of webhooks, in a thread of its own --- */

#define SEEN_MAX 16

static struct receiver {
	int listener, port;
	pthread_t thread;
	const int *statuses; /* one a request; the last one repeats; ended by 0 */
	const char *location;
	atomic_int count;
	char seen[SEEN_MAX][8192];
} receiver;

static void read_request(int fd, char *text, size_t size)
{
	size_t length = 0, wanted = 0;
	char *body = NULL;

	text[0] = '\0';
	while (length + 1 < size && (!body || strlen(body) < wanted)) {
		ssize_t got = read(fd, text + length, size - length - 1);

		if (got <= 0)
			return;
		length += (size_t)got;
		text[length] = '\0';
		body = strstr(text, "\r\n\r\n");
		if (body) {
			const char *header = strcasestr(text, "\r\nContent-Length: ");

			body += 4;
			wanted = header ? (size_t)atoi(header + 18) : 0;
		}
	}
}

static void *run_receiver(void *arg)
{
	const int *status = receiver.statuses;
	char answer[256];
	int fd;

	(void)arg;
	while ((fd = accept(receiver.listener, NULL, NULL)) >= 0) {
		int n = atomic_load(&receiver.count);

		read_request(fd, receiver.seen[n % SEEN_MAX], sizeof(receiver.seen[0]));
		snprintf(answer, sizeof(answer),
			"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n",
			*status, receiver.location ? receiver.location : "");
		if (write(fd, answer, strlen(answer)) < 0)
			perror("receiver");
		close(fd);
		if (status[1])
			status++;
		atomic_store(&receiver.count, n + 1);
	}
	return NULL;
}

static void open_receiver(const int *statuses)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	socklen_t length = sizeof(address);

	memset(&receiver, 0, sizeof(receiver));
	receiver.statuses = statuses;
	receiver.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(receiver.listener, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(listen(receiver.listener, 16), 0);
	getsockname(receiver.listener, (struct sockaddr *)&address, &length);
	receiver.port = ntohs(address.sin_port);
	ck_assert_int_eq(pthread_create(&receiver.thread, NULL, run_receiver, NULL), 0);
}

static void close_receiver(void)
{
	shutdown(receiver.listener, SHUT_RDWR);
	close(receiver.listener);
	pthread_join(receiver.thread, NULL);
}

/* --- what a receiver does with it: an own verification of the signature --- */

static const char *header_of(const char *request, const char *name, char *value)
{
	char wanted[64];
	const char *at;

	value[0] = '\0';
	snprintf(wanted, sizeof(wanted), "\r\n%s: ", name);
	at = strcasestr(request, wanted);
	if (at)
		sscanf(at + strlen(wanted), "%127[^\r]", value);
	return value;
}

static void verify(const char *request)
{
	char id[128], stamp[128], signature[128], signed_text[8192], expected[128] = "v1,";
	unsigned char key[32], mac[32];
	const char *body = strstr(request, "\r\n\r\n");
	crypto_auth_hmacsha256_state state;

	ck_assert_ptr_nonnull(body);
	memset(key, 7, sizeof(key));
	snprintf(signed_text, sizeof(signed_text), "%s.%s.%s", header_of(request, "webhook-id", id),
		header_of(request, "webhook-timestamp", stamp), body + 4);
	crypto_auth_hmacsha256_init(&state, key, sizeof(key));
	crypto_auth_hmacsha256_update(
		&state, (const unsigned char *)signed_text, strlen(signed_text));
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2base64(expected + 3, sizeof(expected) - 3, mac, sizeof(mac),
		sodium_base64_VARIANT_ORIGINAL);
	ck_assert_str_eq(header_of(request, "webhook-signature", signature), expected);
	ck_assert_int_le(llabs(atoll(stamp) - time_now_us() / 1000000), 60);
}

/* --- the world --- */

static const char *write_key(const char *name, const char *text)
{
	char *path = arena_format(&world.arena, "%s/%s.secret", world.directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return arena_format(&world.arena, "file:%s", path);
}

static json_t *post_hook(
	int status, const char *name, const char *path, const char *secret, const char *types)
{
	return feature_ask(status, world.first_token, "POST", "/api/v1/hooks",
		arena_format(&world.arena,
			"{\"name\":\"%s\",\"url\":\"http://127.0.0.1:%d%s\",\"secret\":\"%s\","
			"\"types\":%s}",
			name, receiver.port, path, secret, types));
}

static void open_notifier(void)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(notifier_open_paced(world.store, world.client, world.loop, SOURCE, &quick,
				 &notifier, &err),
		0);
}

static void open_world(const int *statuses)
{
	feature_open(NULL);
	open_receiver(statuses);
	open_notifier();
}

static void close_world(void)
{
	notifier_close(notifier);
	close_receiver();
	feature_close();
}

static int ask_send(struct store_tx *tx, void *arg, struct error *err)
{
	return notify_send(tx, arg, time_now_us(), err);
}

static const char *send_event(const char *type)
{
	json_t *data = json_pack("{s:i,s:s}", "rev", 7, "actor", "李伟");
	struct notify_event event = {
		.type = type, .subject = "execution/01", .text = "结算已暂停", .data = data};
	struct error err = ERROR_INIT;

	id_new(event.id);
	ck_assert_msg(feature_write(ask_send, &event, &err) == 0, "%s", err.message);
	json_decref(data);
	return arena_text(&world.arena, event.id);
}

/* The newest delivery, after some time in which its state may become `wanted`. */
static json_t *wait_for(const char *wanted)
{
	json_t *item = NULL;

	for (int i = 0; i < 3000; i++) {
		item = json_array_get(json_object_get(feature_ask(200, world.first_token, "GET",
							      "/api/v1/deliveries", NULL),
					      "items"),
			0);
		if (!strcmp(feature_member(item, "state"), wanted))
			return item;
		feature_turn(20);
	}
	ck_abort_msg("never %s, but %s after %lld attempts: %s", wanted,
		feature_member(item, "state"),
		json_integer_value(json_object_get(item, "attempts")),
		feature_member(item, "last_error"));
	return NULL;
}

/* --- rules --- */

START_TEST(the_signature_is_that_of_standard_webhooks)
{
	/* Vector of the specification's reference libraries. */
	static const char body[] = "{\"test\": 2432232314}";
	char signature[NOTIFY_SIGNATURE_SIZE];
	struct error err = ERROR_INIT;

	feature_open(NULL);
	ck_assert_msg(notify_sign(write_key("k", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"),
			      "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body),
			      signature, &err) == 0,
		"%s", err.message);
	ck_assert_str_eq(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	feature_close();
}
END_TEST

START_TEST(retries_grow_and_end_after_a_day)
{
	static const int64_t wanted_s[] = {5, 30, 120, 600, 3600, 10800, 10800};
	struct delivery delivery = {.event_at_us = 0};
	int64_t at_us = 0, due_us;

	for (int i = 0; i < 7; i++) {
		delivery.attempts = i + 1;
		due_us = delivery_next_due(&delivery, notify_delays_ms, at_us);
		ck_assert_int_eq(due_us - at_us, wanted_s[i] * 1000000);
		at_us = due_us;
	}
	delivery.attempts = 14;
	ck_assert_int_eq(
		delivery_next_due(&delivery, notify_delays_ms, INT64_C(22) * 3600 * 1000000), 0);
}
END_TEST

START_TEST(patterns_choose_types)
{
	static const char *const some[] = {"approval.*", "execution.paused", NULL};
	static const char *const all[] = {"*", NULL};
	struct hook hook = {.types = some, .is_enabled = true};

	ck_assert(hook_wants(&hook, "approval.requested"));
	ck_assert(hook_wants(&hook, "execution.paused"));
	ck_assert(!hook_wants(&hook, "execution.paused2"));
	ck_assert(!hook_wants(&hook, "execution.started"));
	hook.types = all;
	ck_assert(hook_wants(&hook, "anything"));
	hook.is_enabled = false;
	ck_assert(!hook_wants(&hook, "anything"));
}
END_TEST

/* --- deliveries --- */

START_TEST(an_event_arrives_signed_after_a_503)
{
	static const int statuses[] = {503, 200, 0};
	char value[128], first_id[128];
	const char *id;
	json_t *item, *event;

	open_world(statuses);
	post_hook(201, "值班", "/in", write_key("k", KEY), "[\"approval.*\"]");
	id = send_event("approval.requested");
	item = wait_for("DELIVERED");
	ck_assert_int_eq(json_integer_value(json_object_get(item, "attempts")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(item, "status")), 200);
	ck_assert_int_eq(atomic_load(&receiver.count), 2);
	verify(receiver.seen[0]);
	verify(receiver.seen[1]);
	ck_assert_str_eq(header_of(receiver.seen[0], "webhook-id", first_id), id);
	ck_assert_str_eq(header_of(receiver.seen[1], "webhook-id", value), id);
	ck_assert_str_eq(header_of(receiver.seen[1], "Content-Type", value),
		"application/cloudevents+json; charset=UTF-8");
	event = json_loads(strstr(receiver.seen[1], "\r\n\r\n") + 4, 0, NULL);
	ck_assert_str_eq(feature_member(event, "specversion"), "1.0");
	ck_assert_str_eq(feature_member(event, "id"), id);
	ck_assert_str_eq(feature_member(event, "source"), SOURCE);
	ck_assert_str_eq(feature_member(event, "type"), "dev.redbutton.approval.requested.v1");
	ck_assert_str_eq(feature_member(event, "subject"), "execution/01");
	ck_assert_str_eq(feature_member(json_object_get(event, "data"), "actor"), "李伟");
	ck_assert_str_eq(feature_member(json_object_get(event, "data"), "text"), "结算已暂停");
	json_decref(event);
	close_world();
}
END_TEST

START_TEST(what_nobody_wants_makes_no_rows_but_a_line)
{
	static const int statuses[] = {200, 0};

	open_world(statuses);
	post_hook(201, "h", "/", write_key("k", KEY), "[\"approval.*\"]");
	send_event("execution.paused");
	feature_turn(60);
	ck_assert_int_eq(atomic_load(&receiver.count), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(feature_ask(200, world.first_token, "GET",
								  "/api/v1/deliveries", NULL),
				  "items")),
		0);
	ck_assert(feature_holds("type=\"execution.paused\"") ||
		  feature_holds("type=execution.paused"));
	close_world();
}
END_TEST

START_TEST(a_redirect_is_not_followed)
{
	static const int statuses[] = {302, 200, 0};
	json_t *item;

	open_world(statuses);
	receiver.location = arena_format(
		&world.arena, "Location: http://127.0.0.1:%d/elsewhere\r\n", receiver.port);
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	send_event("a.b");
	item = wait_for("DELIVERED");
	ck_assert_int_eq(json_integer_value(json_object_get(item, "attempts")), 2);
	ck_assert_ptr_nonnull(strstr(receiver.seen[1], "POST /in "));
	close_world();
}
END_TEST

START_TEST(gone_is_given_up_at_once)
{
	static const int statuses[] = {410, 0};
	json_t *item;

	open_world(statuses);
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	send_event("a.b");
	item = wait_for("GIVEN_UP");
	ck_assert_str_eq(feature_member(item, "last_error"), "the receiver answered 410");
	close_world();
}
END_TEST

START_TEST(an_unreachable_receiver_is_tried_again_with_its_error)
{
	static const int statuses[] = {200, 0};
	json_t *item;

	open_world(statuses);
	close_receiver();
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	send_event("a.b");
	do
		item = wait_for("PENDING");
	while (!json_integer_value(json_object_get(item, "attempts")));
	ck_assert_uint_gt(strlen(feature_member(item, "last_error")), 0);
	notifier_close(notifier);
	feature_close();
}
END_TEST

START_TEST(a_restart_loses_nothing)
{
	static const int statuses[] = {200, 0};
	const char *id;
	char value[128];

	open_world(statuses);
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	notifier_close(notifier);
	id = send_event("a.b");
	feature_restart();
	open_notifier();
	wait_for("DELIVERED");
	ck_assert_str_eq(header_of(receiver.seen[0], "webhook-id", value), id);
	ck_assert_int_eq(atomic_load(&receiver.count), 1);
	close_world();
}
END_TEST

START_TEST(many_events_arrive_once_each)
{
	static const int statuses[] = {200, 0};

	open_world(statuses);
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	for (int i = 0; i < 12; i++)
		send_event("a.b");
	for (int i = 0; i < 3000 && atomic_load(&receiver.count) < 12; i++)
		feature_turn(20);
	feature_turn(100);
	ck_assert_int_eq(atomic_load(&receiver.count), 12);
	close_world();
}
END_TEST

START_TEST(a_removed_hook_gives_up_what_waits)
{
	static const int statuses[] = {503, 0};
	json_t *item;

	open_world(statuses);
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	send_event("a.b");
	feature_turn(30);
	feature_ask(204, world.first_token, "DELETE", "/api/v1/hooks/h", NULL);
	item = wait_for("GIVEN_UP");
	ck_assert_str_eq(feature_member(item, "last_error"), "the hook was removed");
	feature_ask(404, world.first_token, "DELETE", "/api/v1/hooks/h", NULL);
	ck_assert_int_eq(feature_audited("hook.remove"), 1);
	close_world();
}
END_TEST

START_TEST(a_disabled_hook_gets_nothing_and_enabled_what_waited)
{
	static const int statuses[] = {503, 200, 0};
	json_t *items;

	open_world(statuses);
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	feature_ask(409, world.first_token, "POST", "/api/v1/hooks/h/enable", "{}");
	send_event("a.b");
	ck_assert_str_eq(feature_member(feature_ask(200, world.first_token, "POST",
						"/api/v1/hooks/h/disable", "{}"),
				 "name"),
		"h");
	send_event("not.kept");
	feature_turn(60);
	items = json_object_get(
		feature_ask(200, world.first_token, "GET", "/api/v1/deliveries", NULL), "items");
	ck_assert_uint_eq(json_array_size(items), 1);
	ck_assert_str_eq(feature_member(json_array_get(items, 0), "state"), "PENDING");
	feature_ask(400, world.first_token, "POST", "/api/v1/hooks/h/enable", "{\"reason\":\"x\"}");
	feature_ask(404, world.first_token, "POST", "/api/v1/hooks/nosuch/enable", "{}");
	feature_ask(200, world.first_token, "POST", "/api/v1/hooks/h/enable", "{}");
	ck_assert_str_eq(feature_member(wait_for("DELIVERED"), "type"), "a.b");
	ck_assert_int_eq(feature_audited("hook.change"), 2);
	close_world();
}
END_TEST

/* --- hooks --- */

START_TEST(bad_hooks_are_refused_with_the_field)
{
	static const int statuses[] = {200, 0};
	const char *good, *open_file;

	open_world(statuses);
	good = write_key("k", KEY);
	open_file = write_key("bad", "hunter2hunter2");
#define FIELD(...) feature_member(post_hook(400, __VA_ARGS__), "field")
	ck_assert_str_eq(FIELD("h", "/in", "whsec_abc", "[\"*\"]"), "secret");
	ck_assert_str_eq(FIELD("h", "/in", "file:/nowhere/at/all", "[\"*\"]"), "secret");
	ck_assert_str_eq(FIELD("h", "/in", open_file, "[\"*\"]"), "secret");
	ck_assert_str_eq(FIELD("h", "/in", good, "[\"Approval\"]"), "types[0]");
	ck_assert_str_eq(FIELD("h", "/in", good, "[\"*.x\"]"), "types[0]");
	ck_assert_str_eq(FIELD("h", "/in", good, "[]"), "types");
	ck_assert_str_eq(FIELD("h", "\\\\x", good, "[\"*\"]"), "url");
	ck_assert_str_eq(FIELD("a\\u202eb", "/in", good, "[\"*\"]"), "name");
	post_hook(201, "h", "/in", good, "[\"*\"]");
	post_hook(409, "h", "/in", good, "[\"*\"]");
	close_world();
}
END_TEST

START_TEST(only_admins_see_and_make_hooks)
{
	static const int statuses[] = {200, 0};
	const char *token;

	open_world(statuses);
	token = feature_person("li", "commander");
	feature_ask(403, token, "GET", "/api/v1/hooks", NULL);
	feature_ask(403, token, "POST", "/api/v1/hooks", "{}");
	feature_ask(200, token, "GET", "/api/v1/deliveries?state=PENDING&limit=5", NULL);
	feature_ask(400, token, "GET", "/api/v1/deliveries?state=pending", NULL);
	feature_ask(200, world.first_token, "GET", "/api/v1/hooks", NULL);
	close_world();
}
END_TEST

START_TEST(keys_and_paths_of_hooks_are_nowhere)
{
	static const int statuses[] = {503, 200, 0};

	open_world(statuses);
	post_hook(201, "h", "/in", write_key("k", KEY), "[\"*\"]");
	send_event("a.b");
	wait_for("DELIVERED");
	feature_settle();
	ck_assert(feature_holds("execution/01"));
	ck_assert(!feature_holds("BwcHBwcH"));
	ck_assert(!feature_holds("\x07\x07\x07\x07\x07\x07\x07\x07"));
	close_world();
}
END_TEST

CHECK_MAIN("notify", &the_signature_is_that_of_standard_webhooks, &retries_grow_and_end_after_a_day,
	&patterns_choose_types, &an_event_arrives_signed_after_a_503,
	&what_nobody_wants_makes_no_rows_but_a_line, &a_redirect_is_not_followed,
	&gone_is_given_up_at_once, &an_unreachable_receiver_is_tried_again_with_its_error,
	&a_restart_loses_nothing, &many_events_arrive_once_each,
	&a_disabled_hook_gets_nothing_and_enabled_what_waited, &a_removed_hook_gives_up_what_waits,
	&bad_hooks_are_refused_with_the_field, &only_admins_see_and_make_hooks,
	&keys_and_paths_of_hooks_are_nowhere)
