/* A metric as people type it: name: query < 0.01 over 5m on prom */
#include "change/change_cli_rooms.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <string.h>

static int refuse(const char *text, const char *what, struct error *err)
{
	error_set(err, ERROR_USAGE, "--verify \"%s\": %s", text, what);
	error_field(err, "verify");
	return error_remedy(err, "'error ratio: shop_errors < 0.01 over 5m on prom'");
}

/* The last place where `word` stands; its end is cut off there, what follows is *ret. */
static bool cut_last(char *text, const char *word, char **ret)
{
	char *found = NULL;

	for (char *at = text; (at = strstr(at, word)); at++)
		found = at;
	if (!found)
		return false;
	*ret = found + strlen(word);
	*found = 0;
	return true;
}

static bool cut_comparison(char *text, const char **ret_op, char **ret_threshold)
{
	static const char *const ops[] = {"<=", ">=", "==", "<", ">"};
	char *best = NULL;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		char spaced[8], *at = text;

		snprintf(spaced, sizeof(spaced), " %s ", ops[i]);
		for (; (at = strstr(at, spaced)); at++)
			if (!best || at > best) {
				best = at;
				*ret_op = ops[i];
			}
	}
	if (!best)
		return false;
	*ret_threshold = best + strlen(*ret_op) + 2;
	*best = 0;
	return true;
}

int change_cli_metric(const char *text, json_t **ret, struct error *err)
{
	struct arena arena = ARENA_INIT;
	char *name = arena_text(&arena, text), *query = strchr(name, ':');
	char *target = NULL, *window = NULL, *threshold = NULL;
	const char *op = NULL;
	int64_t window_ms = 300000;
	int rc = 0;

	if (!query || query == name)
		rc = refuse(text, "it has no name before a colon", err);
	else if (!cut_last(query, " on ", &target))
		rc = refuse(text, "it does not say on which Prometheus", err);
	else if (cut_last(query, " over ", &window) &&
		 time_parse_duration("verify", window, &window_ms, err) < 0)
		rc = err->code;
	else if (!cut_comparison(query, &op, &threshold))
		rc = refuse(text, "it compares with nothing", err);
	if (rc == 0) {
		*query++ = 0;
		query += strspn(query, " ");
		*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "name", name, "target", target,
			"query", query, "op", op, "threshold", threshold, "window_s",
			(json_int_t)(window_ms / 1000));
		if (!*ret)
			rc = refuse(text, "it is no UTF-8", err);
	}
	arena_done(&arena);
	return rc;
}
