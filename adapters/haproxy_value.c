#include "adapters/haproxy_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES	128
#define KEY_MAX_BYTES	512
#define VALUE_MAX_BYTES 1024
#define WEIGHT_MAX	256
#define MAXCONN_MAX	INT32_MAX

/* Space, ';', '\' and newline end or join commands; '<<' begins a payload; '#' and '@' name by
 * number. */
static const char syntax[] = " ;\\\"'#|`$";

static const char *const states[] = {"ready", "drain", "maint"};

#define STATE_COUNT (sizeof(states) / sizeof(states[0]))

static bool is_word(const char *text, size_t max_bytes)
{
	size_t length = strlen(text);

	if (!length || length > max_bytes || strpbrk(text, syntax) || strstr(text, "<<"))
		return false;
	for (size_t at = 0; at < length;) {
		int32_t c = text_next(text, length, &at);

		if (c < 0 || text_is_deceptive(c) || c == 0xA0 || c == 0x3000)
			return false;
	}
	return true;
}

/* Names of proxies and servers, as HAProxy itself allows them. */
static bool is_proxy_name(const char *name, size_t length)
{
	return length && length <= NAME_MAX_BYTES &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-") >=
		       length;
}

static int check_server(const char *arg, struct error *err)
{
	const char *slash = strchr(arg, '/');

	if (slash && is_proxy_name(arg, (size_t)(slash - arg)) &&
		is_proxy_name(slash + 1, strlen(slash + 1)) && !strchr(slash + 1, '/'))
		return 0;
	adapter_refuse(err, "args[0]", "\"%s\" is not a server", arg);
	return error_remedy(err, "write backend/server of letters, digits and _ . : -");
}

static int check_frontend(const char *arg, struct error *err)
{
	if (is_proxy_name(arg, strlen(arg)))
		return 0;
	adapter_refuse(err, "args[0]", "\"%s\" is not the name of a frontend", arg);
	return error_remedy(err, "use letters, digits and _ . : -");
}

static int check_map(const char *const *args, struct error *err)
{
	if (!is_word(args[0], KEY_MAX_BYTES) || args[0][0] == '@') {
		adapter_refuse(err, "args[0]", "\"%s\" cannot name a map file here", args[0]);
		return error_remedy(err, "use the file's name as in HAProxy's configuration, "
					 "without space or any of ; \\ \" ' # | ` $ @");
	}
	if (!is_word(args[1], KEY_MAX_BYTES)) {
		adapter_refuse(err, "args[1]", "\"%s\" cannot be a key of a map here", args[1]);
		return error_remedy(err,
			"a key has 1 to %d bytes without space or any of ; \\ \" ' # | ` $",
			KEY_MAX_BYTES);
	}
	return 0;
}

int haproxy_check_args(enum haproxy_kind kind, const char *const *args, struct error *err)
{
	int rc = 0;

	switch (kind) {
	case HAPROXY_WEIGHT:
	case HAPROXY_STATE:
		rc = check_server(args[0], err);
		break;
	case HAPROXY_MAP:
		rc = check_map(args, err);
		break;
	case HAPROXY_MAXCONN:
	case HAPROXY_FRONTEND:
		rc = check_frontend(args[0], err);
		break;
	}
	return rc < 0 ? ERROR_INVALID : 0;
}

/* "50", 50, 50.0, {"$decimal":"50"} and HAProxy's own "50 (initial 100)" are one value. */
static int parse_integer(const json_t *value, const char *what, int64_t max, struct arena *arena,
	const char **ret, struct error *err)
{
	const char *text = json_string_value(value), *canonical;
	const char *initial = text ? strstr(text, " (initial ") : NULL;
	int64_t number = 0;

	canonical = initial ? adapter_decimal(
				      arena, arena_text_n(arena, text, (size_t)(initial - text)))
			    : adapter_decimal_of_json(arena, value);
	if (!canonical || text_parse_int64("value", canonical, 0, max, &number, NULL) < 0) {
		adapter_refuse(
			err, "value", "%s is a whole number from 0 to %lld", what, (long long)max);
		return error_remedy(err, "for a share of what it was, use percent() in the plan");
	}
	*ret = canonical;
	return 0;
}

static int parse_state(
	const json_t *value, struct arena *arena, const char **ret, struct error *err)
{
	const char *text = json_string_value(value), *nearest;

	for (size_t i = 0; text && i < STATE_COUNT; i++) {
		if (!strcmp(text, states[i])) {
			*ret = arena_format(arena, "\"%s\"", states[i]);
			return 0;
		}
	}
	nearest = text ? text_nearest(text, states, STATE_COUNT) : NULL;
	adapter_refuse(err, "value", "a server's state is \"ready\", \"drain\" or \"maint\"");
	if (nearest)
		error_remedy(err, "did you mean \"%s\"?", nearest);
	return ERROR_INVALID;
}

static const char *canonical_text(struct arena *arena, const char *text)
{
	json_t *value = json_string(text);
	struct buf out = BUF_INIT;
	const char *canonical = NULL;

	if (value && canonical_add(&out, value, NULL) == 0)
		canonical = arena_text(arena, buf_text(&out));
	json_decref(value);
	buf_done(&out);
	return canonical;
}

/* A map holds text; numbers and booleans are written as people write them. */
static int parse_map(const json_t *value, struct arena *arena, const char **ret, struct error *err)
{
	const char *text = json_string_value(value), *number;

	if (json_is_boolean(value))
		text = json_is_true(value) ? "true" : "false";
	else if (!text && (number = adapter_decimal_of_json(arena, value)))
		text = *number != '{' ? number
				      : arena_text_n(arena, number + strlen("{\"$decimal\":\""),
						strlen(number) - strlen("{\"$decimal\":\"\"}"));
	if (!text || !is_word(text, VALUE_MAX_BYTES)) {
		adapter_refuse(err, "value", "a map's value is one word");
		return error_remedy(err, "1 to %d bytes without space or any of ; \\ \" ' # | ` $",
			VALUE_MAX_BYTES);
	}
	*ret = canonical_text(arena, text);
	return *ret ? 0 : adapter_refuse(err, "value", "a map's value is one word");
}

static int parse_enabled(const json_t *value, const char **ret, struct error *err)
{
	const char *text = json_string_value(value);

	if (json_is_true(value) || text_is_equal(text, "enabled"))
		*ret = "true";
	else if (json_is_false(value) || text_is_equal(text, "disabled"))
		*ret = "false";
	else
		return adapter_refuse(err, "value", "a frontend is enabled (true) or not (false)");
	return 0;
}

int haproxy_parse_value(enum haproxy_kind kind, const json_t *value, struct arena *arena,
	const char **ret, struct error *err)
{
	int rc = 0;

	switch (kind) {
	case HAPROXY_WEIGHT:
		rc = parse_integer(value, "a weight", WEIGHT_MAX, arena, ret, err);
		break;
	case HAPROXY_STATE:
		rc = parse_state(value, arena, ret, err);
		break;
	case HAPROXY_MAP:
		rc = parse_map(value, arena, ret, err);
		break;
	case HAPROXY_MAXCONN:
		rc = parse_integer(value, "a limit of connections", MAXCONN_MAX, arena, ret, err);
		break;
	case HAPROXY_FRONTEND:
		rc = parse_enabled(value, ret, err);
		break;
	}
	return rc < 0 ? ERROR_INVALID : 0;
}
