#include "adapters/haproxy_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define MAP_MAX_BYTES ((size_t)8 * 1024 * 1024)

static const struct adapter_type types[] = {
	[HAPROXY_WEIGHT] = {"haproxy.weight", 1, true, false, false, 0, true},
	[HAPROXY_STATE] = {"haproxy.state", 1, true, false, false, 0, true},
	[HAPROXY_MAP] = {"haproxy.map", 2, true, false, true, 0, true},
	[HAPROXY_MAXCONN] = {"haproxy.maxconn", 1, true, false, false, 0, true},
	[HAPROXY_FRONTEND] = {"haproxy.frontend", 1, true, false, false, 0, true},
};

/* One read, write or check under way; everything it needs, since the caller's structs are borrowed.
 */
struct work {
	struct client *client;
	struct arena arena;
	enum haproxy_kind kind;
	const char *const *args;
	const char *value; /* canonical; NULL = delete */
	const char *address;
	const char *const *networks;
	int64_t deadline_ms;
	adapter_done done;
	void *arg;
};

static const char *const *copy_list(struct arena *arena, const char *const *list)
{
	size_t count = 0;
	const char **copy;

	while (list && list[count])
		count++;
	copy = arena_alloc(arena, (count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = arena_text(arena, list[i]);
	return copy;
}

static struct work *new_work(struct client *client, const struct adapter_target *target,
	int timeout_ms, adapter_done done, void *arg)
{
	struct work *work = calloc(1, sizeof(*work));

	if (!work)
		abort();
	work->client = client;
	work->address = arena_text(&work->arena, target->address);
	work->networks = copy_list(&work->arena, target->networks);
	work->deadline_ms = time_mono_ms() + timeout_ms;
	work->done = done;
	work->arg = arg;
	return work;
}

static void free_work(void *arg)
{
	struct work *work = arg;

	arena_done(&work->arena);
	free(work);
}

static void finish(struct work *work, const struct adapter_result *result)
{
	work->done(work->arg, result);
	free_work(work);
}

static void finish_failed(struct work *work, const struct error *err, bool is_unwritten)
{
	enum adapter_outcome outcome = is_unwritten ? ADAPTER_UNREACHABLE : adapter_outcome_of(err);
	struct adapter_result result = adapter_problem(&work->arena, outcome, "%s", err->message);

	finish(work, &result);
}

/* Sends a line; on failure the caller still owns the work. */
static int say(struct work *work, const char *line, client_done done, struct error *err)
{
	int64_t left_ms = work->deadline_ms - time_mono_ms();
	struct client_conversation conversation = {
		.address = work->address,
		.request = line,
		.request_length = strlen(line),
		.networks = work->networks,
		.timeout_ms = (int)(left_ms > 1 ? left_ms : 1),
		.max_bytes = MAP_MAX_BYTES,
		.drop = free_work,
	};

	return client_converse(work->client, &conversation, done, work, NULL, err);
}

/* Commands. Arguments and values are checked words: nothing in them is syntax. */

static const char *read_line(struct work *work, bool with_version)
{
	const char *name = work->args[0];
	struct arena *arena = &work->arena;

	switch (work->kind) {
	case HAPROXY_WEIGHT:
		return arena_format(arena, "get weight %s\n", name);
	case HAPROXY_STATE:
		return arena_format(
			arena, "show servers state %.*s\n", (int)strcspn(name, "/"), name);
	case HAPROXY_MAP:
		return arena_format(arena, "show map %s\n", name);
	case HAPROXY_MAXCONN:
	case HAPROXY_FRONTEND:
		break;
	}
	return arena_format(arena, "show stat %s 1 -1%s\n", name, with_version ? ";show info" : "");
}

/* The word inside a canonical text; its characters need no escape. */
static const char *bare(struct work *work)
{
	size_t length = strlen(work->value);

	if (work->value[0] != '"')
		return work->value;
	return arena_text_n(&work->arena, work->value + 1, length - 2);
}

static const char *write_line(struct work *work)
{
	const char *name = work->args[0];
	struct arena *arena = &work->arena;

	switch (work->kind) {
	case HAPROXY_WEIGHT:
		return arena_format(arena, "set server %s weight %s\n", name, bare(work));
	case HAPROXY_STATE:
		return arena_format(arena, "set server %s state %s\n", name, bare(work));
	case HAPROXY_FRONTEND:
		return arena_format(arena, "%s frontend %s\n",
			strcmp(work->value, "true") ? "disable" : "enable", name);
	case HAPROXY_MAP:
	case HAPROXY_MAXCONN:
		break;
	}
	return NULL; /* these look before they write */
}

/* "set" of a key that is not there fails, "add" of one that is there makes a second: look, then
 * choose. */
static const char *map_line(struct work *work, bool is_there)
{
	const char *file = work->args[0], *key = work->args[1];

	if (!work->value)
		return arena_format(&work->arena, "del map %s %s\n", file, key);
	return arena_format(
		&work->arena, "%s map %s %s %s\n", is_there ? "set" : "add", file, key, bare(work));
}

/* Paused listeners are in no queue, so raising the limit cannot meet them there. */
static const char *maxconn_line(struct work *work, bool must_pause)
{
	const char *set = arena_format(
		&work->arena, "set maxconn frontend %s %s", work->args[0], work->value);

	if (!must_pause)
		return arena_format(&work->arena, "%s\n", set);
	return arena_format(&work->arena, "disable frontend %s;%s;enable frontend %s\n",
		work->args[0], set, work->args[0]);
}

/* Reading. */

static void on_read(void *arg, const struct client_response *response, const struct error *err)
{
	struct work *work = arg;
	struct adapter_result result;

	if (err) {
		finish_failed(work, err, false);
		return;
	}
	result = haproxy_read_reply(
		work->kind, work->args, response->body, response->body_length, &work->arena);
	finish(work, &result);
}

/* Writing. */

static void on_written(void *arg, const struct client_response *response, const struct error *err)
{
	struct work *work = arg;
	struct adapter_result result;

	if (err) {
		finish_failed(work, err, false);
		return;
	}
	result = haproxy_write_reply(
		work->kind, response->body, response->body_length, &work->arena);
	finish(work, &result);
}

static const char *line_after_look(struct work *work, const struct client_response *response,
	const struct adapter_result *found)
{
	if (work->kind == HAPROXY_MAP)
		return map_line(work, found->outcome == ADAPTER_OK);
	return maxconn_line(work,
		haproxy_must_pause(work->args[0], response->body, strtoll(work->value, NULL, 10)));
}

/* What was found before a write: anything but a value (or none) ends it with nothing changed. */
static void on_looked(void *arg, const struct client_response *response, const struct error *err)
{
	struct work *work = arg;
	struct error refused = ERROR_INIT;
	struct adapter_result found;

	if (err) {
		finish_failed(work, err, true);
		return;
	}
	found = haproxy_read_reply(
		work->kind, work->args, response->body, response->body_length, &work->arena);
	if (found.outcome == ADAPTER_ABSENT && !work->value) {
		found = (struct adapter_result){.outcome = ADAPTER_OK};
		finish(work, &found);
		return;
	}
	if (found.outcome != ADAPTER_OK && found.outcome != ADAPTER_ABSENT) {
		found.outcome =
			found.outcome == ADAPTER_NO_ANSWER ? ADAPTER_UNREACHABLE : ADAPTER_REFUSED;
		finish(work, &found);
		return;
	}
	if (say(work, line_after_look(work, response, &found), on_written, &refused) < 0)
		finish_failed(work, &refused, true);
}

/* The checks that every entrance makes, and the work. */
static int begin(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
	struct work **ret, struct error *err)
{
	size_t type = 0;
	int rc;

	if ((rc = adapter_check_type(&haproxy_adapter, reg, &type, err)) < 0 ||
		(rc = haproxy_check_args((enum haproxy_kind)type, reg->args, err)) < 0)
		return rc;
	*ret = new_work(client, target, timeout_ms, done, arg);
	(*ret)->kind = (enum haproxy_kind)type;
	(*ret)->args = copy_list(&(*ret)->arena, reg->args);
	return 0;
}

static int haproxy_parse(const struct adapter_register *reg, const json_t *value,
	struct arena *arena, const char **ret_value, struct error *err)
{
	size_t type = 0;
	int rc;

	if ((rc = adapter_check_type(&haproxy_adapter, reg, &type, err)) < 0 ||
		(rc = haproxy_check_args((enum haproxy_kind)type, reg->args, err)) < 0 || !value)
		return rc;
	return haproxy_parse_value((enum haproxy_kind)type, value, arena, ret_value, err);
}

static int haproxy_read(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
	struct error *err)
{
	struct work *work = NULL;
	int rc = begin(client, target, reg, timeout_ms, done, arg, &work, err);

	if (rc < 0)
		return rc;
	rc = say(work, read_line(work, false), on_read, err);
	if (rc < 0)
		free_work(work);
	return rc;
}

/* The canonical value again: nobody's text reaches HAProxy unchecked. */
static int take_value(struct work *work, const char *value, struct error *err)
{
	json_t *parsed = NULL;
	int rc;

	if (!value && work->kind == HAPROXY_MAP)
		return 0;
	if (!value)
		return adapter_refuse(err, "value", "%s cannot be absent", types[work->kind].name);
	rc = json_parse(value, strlen(value), JSON_DEPTH_MAX, &parsed, err);
	if (rc < 0)
		return rc;
	rc = haproxy_parse_value(work->kind, parsed, &work->arena, &work->value, err);
	json_decref(parsed);
	return rc;
}

static int haproxy_write(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, const char *value, const char *version, int timeout_ms,
	adapter_done done, void *arg, struct error *err)
{
	struct work *work = NULL;
	int rc = begin(client, target, reg, timeout_ms, done, arg, &work, err);

	(void)version;
	if (rc < 0)
		return rc;
	rc = take_value(work, value, err);
	if (rc >= 0 && (work->kind == HAPROXY_MAP || work->kind == HAPROXY_MAXCONN))
		rc = say(work, read_line(work, true), on_looked, err);
	else if (rc >= 0)
		rc = say(work, write_line(work), on_written, err);
	if (rc < 0)
		free_work(work);
	return rc;
}

static void on_checked(void *arg, const struct client_response *response, const struct error *err)
{
	struct work *work = arg;
	struct adapter_result result;

	if (err) {
		finish_failed(work, err, false);
		return;
	}
	result = haproxy_check_reply(response->body, response->body_length, &work->arena);
	finish(work, &result);
}

static int haproxy_check(struct client *client, const struct adapter_target *target, int timeout_ms,
	adapter_done done, void *arg, struct error *err)
{
	struct work *work = new_work(client, target, timeout_ms, done, arg);
	int rc = say(work, "show info;show cli level\n", on_checked, err);

	if (rc < 0)
		free_work(work);
	return rc;
}

static int haproxy_check_address(const char *address, struct error *err)
{
	struct client_address parsed;

	return client_address_parse("address", address, CLIENT_UNIX | CLIENT_TCP, &parsed, err);
}

const struct adapter haproxy_adapter = {
	.kind = "haproxy",
	.types = types,
	.type_count = sizeof(types) / sizeof(types[0]),
	.parse = haproxy_parse,
	.read = haproxy_read,
	.write = haproxy_write,
	.check = haproxy_check,
	.check_address = haproxy_check_address,
};
