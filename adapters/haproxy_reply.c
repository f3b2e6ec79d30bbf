#include "adapters/haproxy_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_MAX 160

/* Bits of srv_admin_state that people force; the others are inherited or come from checks. */
#define FORCED_MAINT 0x01
#define FORCED_DRAIN 0x08

/*
 * How HAProxy says no: nothing was changed. There are no codes, only words. A frontend that could
 * not be paused or resumed is none of these: some of its listeners may have changed.
 */
static const char *const refusals[] = {
	"No such server.",
	"No such backend.",
	"No such frontend.",
	"No such proxy.",
	"Can't find backend.",
	"Require 'backend/server'.",
	"entry not found.",
	"Key not found.",
	"Unknown map identifier.",
	"unable to parse",
	"Permission denied",
	"Unknown command",
	"Absolute weight can only be",
	"Relative weight can only",
	"Backend is using a static LB algorithm",
	"'set server <srv> state' expects",
	"Value out of range.",
	"Integer value expected.",
	"Frontend was previously shut down",
	NULL,
};

/* Words of a command that found things as they should be. */
static const char *const already_so[] = {
	"All sockets are already disabled.",
	"All sockets are already enabled.",
	NULL,
};

static bool starts_with_one_of(const char *text, const char *const *starts)
{
	for (size_t i = 0; starts[i]; i++)
		if (text_starts_with(text, starts[i]))
			return true;
	return false;
}

/* Each command's reply ends with an empty line, also an empty one; without it the end is missing.
 */
static bool is_whole(const char *reply, size_t length)
{
	if (!length || strlen(reply) != length || reply[length - 1] != '\n')
		return false;
	return length == 1 || reply[length - 2] == '\n';
}

static struct adapter_result refuse_or_wonder(const char *reply, struct arena *arena)
{
	bool is_refusal = starts_with_one_of(reply, refusals);
	const char *quote = adapter_quote(arena, reply);

	if (text_starts_with(reply, "Permission denied"))
		return adapter_problem(arena, ADAPTER_REFUSED,
			"HAProxy: %s (the socket needs \"level admin\")", quote);
	if (is_refusal)
		return adapter_problem(arena, ADAPTER_REFUSED, "HAProxy: %s", quote);
	return adapter_problem(arena, ADAPTER_NO_ANSWER, "not a reply of HAProxy: %s", quote);
}

static struct adapter_result good(const char *value)
{
	return (struct adapter_result){.outcome = ADAPTER_OK, .value = value};
}

/* One line, cut into columns. The texts live in the arena. */
struct row {
	const char *columns[COLUMN_MAX];
	size_t count;
};

static const char *read_row(struct arena *arena, const char *line, char separator, struct row *ret)
{
	size_t length = strcspn(line, "\n");
	char *text = arena_text_n(arena, line, length);

	ret->count = 0;
	while (ret->count < COLUMN_MAX) {
		char *end = strchr(text, separator);

		ret->columns[ret->count++] = text;
		if (!end)
			break;
		*end = 0;
		text = end + 1;
	}
	return line[length] ? line + length + 1 : line + length;
}

/* The column of that name, or NULL. */
static const char *column(const struct row *header, const struct row *row, const char *name)
{
	for (size_t i = 0; i < header->count && i < row->count; i++)
		if (!strcmp(header->columns[i], name))
			return row->columns[i];
	return NULL;
}

static bool read_number(const char *text, int64_t *ret)
{
	return text && text_parse_int64("number", text, 0, INT64_MAX, ret, NULL) == 0;
}

/* "50 (initial 100)" */
static struct adapter_result read_weight(const char *reply, struct arena *arena)
{
	size_t digits = strspn(reply, "0123456789");
	const char *number = arena_text_n(arena, reply, digits);
	int64_t weight;

	if (!read_number(number, &weight) || !text_starts_with(reply + digits, " (initial "))
		return refuse_or_wonder(reply, arena);
	return good(number);
}

/* A version line, a header "# be_id be_name ...", a row a server. */
static struct adapter_result read_state(const char *server, const char *reply, struct arena *arena)
{
	const char *slash = strchr(server, '/'), *line = strchr(reply, '\n') + 1;
	const char *backend = arena_text_n(arena, server, (size_t)(slash - server));
	struct row header, row;
	int64_t flags;

	if (!text_starts_with(line, "# "))
		return refuse_or_wonder(reply, arena);
	line = read_row(arena, line + 2, ' ', &header);
	while (*line && *line != '\n') {
		line = read_row(arena, line, ' ', &row);
		if (!text_is_equal(column(&header, &row, "be_name"), backend) ||
			!text_is_equal(column(&header, &row, "srv_name"), slash + 1))
			continue;
		if (!read_number(column(&header, &row, "srv_admin_state"), &flags))
			return refuse_or_wonder(reply, arena);
		return good(flags & FORCED_MAINT   ? "\"maint\""
			    : flags & FORCED_DRAIN ? "\"drain\""
						   : "\"ready\"");
	}
	return adapter_problem(
		arena, ADAPTER_REFUSED, "HAProxy: backend %s has no server %s", backend, slash + 1);
}

static const char *map_value(struct arena *arena, const char *bytes, size_t length)
{
	json_t *text = json_stringn(bytes, length);
	struct buf out = BUF_INIT;
	const char *canonical = NULL;

	if (text && canonical_add(&out, text, NULL) == 0)
		canonical = arena_text(arena, buf_text(&out));
	json_decref(text);
	buf_done(&out);
	return canonical;
}

/* "0x55d0 key value" an entry. The same key twice is possible, and then which one counts is not
 * known. */
static struct adapter_result read_map(
	const char *file, const char *key, const char *reply, struct arena *arena)
{
	size_t key_length = strlen(key), found = 0, value_length = 0;
	const char *value = NULL, *canonical;

	for (const char *line = reply; *line && *line != '\n'; line = strchr(line, '\n') + 1) {
		size_t length = strcspn(line, "\n"), id = strcspn(line, " \n");

		if (!text_starts_with(line, "0x"))
			return refuse_or_wonder(line, arena);
		if (length < id + 1 + key_length || strncmp(line + id + 1, key, key_length))
			continue;
		if (length > id + 1 + key_length && line[id + 1 + key_length] != ' ')
			continue;
		found++;
		value = line + id + 1 + key_length;
		value += *value == ' ';
		value_length = length - (size_t)(value - line);
	}
	if (found == 0)
		return (struct adapter_result){.outcome = ADAPTER_ABSENT};
	if (found > 1)
		return adapter_problem(arena, ADAPTER_UNKNOWN,
			"the map %s has %zu entries for the key %s: delete all but one", file,
			found, key);
	canonical = map_value(arena, value, value_length);
	return canonical ? good(canonical)
			 : adapter_problem(
				   arena, ADAPTER_UNKNOWN, "the value of %s is not text", key);
}

/* The row of the frontend in the CSV of "show stat". */
static bool find_frontend(struct arena *arena, const char *frontend, const char *reply,
	struct row *header, struct row *ret)
{
	const char *line;

	if (!text_starts_with(reply, "# pxname,"))
		return false;
	line = read_row(arena, reply + 2, ',', header);
	while (*line && *line != '\n') {
		line = read_row(arena, line, ',', ret);
		if (text_is_equal(column(header, ret, "pxname"), frontend) &&
			text_is_equal(column(header, ret, "svname"), "FRONTEND"))
			return true;
	}
	return false;
}

static struct adapter_result read_maxconn(
	const char *frontend, const char *reply, struct arena *arena)
{
	struct row header, row;
	const char *limit;
	int64_t number;

	if (!find_frontend(arena, frontend, reply, &header, &row))
		return refuse_or_wonder(reply, arena);
	limit = column(&header, &row, "slim");
	return read_number(limit, &number) ? good(limit) : refuse_or_wonder(reply, arena);
}

static struct adapter_result read_frontend(
	const char *frontend, const char *reply, struct arena *arena)
{
	struct row header, row;
	const char *status;

	if (!find_frontend(arena, frontend, reply, &header, &row))
		return refuse_or_wonder(reply, arena);
	status = column(&header, &row, "status");
	if (text_is_equal(status, "OPEN") || text_is_equal(status, "FULL"))
		return good("true");
	if (text_is_equal(status, "PAUSED"))
		return good("false");
	return adapter_problem(arena, ADAPTER_UNKNOWN,
		"the frontend %s is neither open nor paused: %s", frontend,
		adapter_quote(arena, status ? status : ""));
}

struct adapter_result haproxy_read_reply(enum haproxy_kind kind, const char *const *args,
	const char *reply, size_t length, struct arena *arena)
{
	struct adapter_result result = {.outcome = ADAPTER_NO_ANSWER};

	if (!is_whole(reply, length))
		return adapter_problem(arena, ADAPTER_NO_ANSWER,
			"the end of the reply is missing: %s", adapter_quote(arena, reply));
	switch (kind) {
	case HAPROXY_WEIGHT:
		result = read_weight(reply, arena);
		break;
	case HAPROXY_STATE:
		result = read_state(args[0], reply, arena);
		break;
	case HAPROXY_MAP:
		result = read_map(args[0], args[1], reply, arena);
		break;
	case HAPROXY_MAXCONN:
		result = read_maxconn(args[0], reply, arena);
		break;
	case HAPROXY_FRONTEND:
		result = read_frontend(args[0], reply, arena);
		break;
	}
	return result;
}

struct adapter_result haproxy_write_reply(
	enum haproxy_kind kind, const char *reply, size_t length, struct arena *arena)
{
	if (!is_whole(reply, length))
		return adapter_problem(arena, ADAPTER_NO_ANSWER,
			"the end of the reply is missing: %s", adapter_quote(arena, reply));
	if (strspn(reply, "\n") == length)
		return good(NULL);
	if (kind == HAPROXY_FRONTEND && starts_with_one_of(reply, already_so))
		return good(NULL);
	return refuse_or_wonder(reply + strspn(reply, "\n"), arena);
}

static const char *find_version(const char *reply)
{
	const char *version = strstr(reply, "\nVersion: ");

	return version ? version + strlen("\nVersion: ") : NULL;
}

struct adapter_result haproxy_check_reply(const char *reply, size_t length, struct arena *arena)
{
	const char *version = find_version(reply), *end = strstr(reply, "\n\n");
	const char *name;
	struct adapter_result result;

	if (!is_whole(reply, length) || !text_starts_with(reply, "Name: HAProxy\n") || !version ||
		!end)
		return refuse_or_wonder(reply, arena);
	name = arena_format(arena, "HAProxy %s", adapter_quote(arena, version));
	if (!text_starts_with(end + 2, "admin\n"))
		return adapter_problem(arena, ADAPTER_REFUSED,
			"%s answers, but this socket has the level %s: it needs \"level admin\"",
			name, adapter_quote(arena, end + 2));
	result = good(NULL);
	result.message = name;
	return result;
}

/* "2.6.12-1+deb12u4" against the releases that can raise the limit of a full frontend. */
static bool is_mended(const char *version)
{
	static const long mended[][3] = {{2, 6, 20}, {2, 8, 12}, {3, 0, 6}};
	long number[3] = {0};

	for (int i = 0; i < 3 && version; i++) {
		char *end;

		number[i] = strtol(version, &end, 10);
		version = *end == '.' ? end + 1 : NULL;
	}
	for (size_t i = 0; i < sizeof(mended) / sizeof(mended[0]); i++)
		if (number[0] == mended[i][0] && number[1] == mended[i][1])
			return number[2] >= mended[i][2];
	return number[0] > 3 || (number[0] == 3 && number[1] >= 1);
}

bool haproxy_must_pause(const char *frontend, const char *reply, int64_t wanted)
{
	const char *version = find_version(reply);
	struct arena arena = ARENA_INIT;
	struct row header, row;
	int64_t limit = 0;
	const char *status;
	bool must_pause = false;

	if (find_frontend(&arena, frontend, reply, &header, &row)) {
		status = column(&header, &row, "status");
		must_pause = !text_is_equal(status, "PAUSED") &&
			     read_number(column(&header, &row, "slim"), &limit) && wanted > limit &&
			     !(version && is_mended(version));
	}
	arena_done(&arena);
	return must_pause;
}
