#include "executor/run.h"
#include "lib/base/canonical.h"
#include "lib/base/text.h"

#include <string.h>

static const char *const OP_WORDS[] = {
	[GRAPH_BELOW] = "below",
	[GRAPH_ABOVE] = "above",
	[GRAPH_AT_LEAST] = "at least",
	[GRAPH_AT_MOST] = "at most",
	[GRAPH_EQUALS] = "equal to",
	[GRAPH_ALL] = "all",
	[GRAPH_ANY] = "any",
	[GRAPH_NONE_OF] = "none",
};

static enum tri tri_of(bool is_true)
{
	return is_true ? TRI_TRUE : TRI_FALSE;
}

/* Equality is that of canonical values; `than` may be a number, a text, true, false, absent. */
static enum tri compare_equal(
	struct run *run, const struct graph_predicate *predicate, const struct probe *probe)
{
	struct buf buf = BUF_INIT;
	long double now, than;
	enum tri answer;

	if (json_object_get(predicate->than, "$absent"))
		return tri_of(probe->outcome == ADAPTER_ABSENT);
	if (probe->outcome == ADAPTER_ABSENT)
		return TRI_FALSE;
	if (!json_is_string(predicate->than) && value_number(probe->value, &now) &&
		value_threshold(run, predicate->than, predicate->reading, &than))
		return tri_of(now == than);
	if (canonical_add(&buf, predicate->than, NULL) < 0)
		answer = TRI_UNKNOWN;
	else
		answer = tri_of(text_is_equal(buf_text(&buf), probe->value));
	buf_done(&buf);
	return answer;
}

/* A stale sample tells nothing: taken too long ago for who asks, or before our last write. */
static bool is_usable(const struct probe *probe, int64_t since_ms, int64_t now_ms)
{
	return probe_is_current(probe) && probe->sampled_ms >= since_ms &&
	       now_ms - probe->sampled_ms <= probe->need_ms + RUN_TARGET_TIMEOUT_MS;
}

static enum tri compare(
	struct run *run, const struct graph_predicate *predicate, int64_t since_ms, int64_t now_ms)
{
	const struct probe *probe = &run->probes[predicate->reading];
	long double now, than;

	if (!is_usable(probe, since_ms, now_ms))
		return TRI_UNKNOWN;
	if (probe->outcome != ADAPTER_OK && probe->outcome != ADAPTER_ABSENT)
		return TRI_UNKNOWN;
	if (predicate->op == GRAPH_EQUALS)
		return compare_equal(run, predicate, probe);
	if (probe->outcome != ADAPTER_OK || !value_number(probe->value, &now) ||
		!value_threshold(run, predicate->than, predicate->reading, &than))
		return TRI_UNKNOWN;
	switch (predicate->op) {
	case GRAPH_BELOW:
		return tri_of(now < than);
	case GRAPH_ABOVE:
		return tri_of(now > than);
	case GRAPH_AT_LEAST:
		return tri_of(now >= than);
	case GRAPH_AT_MOST:
		return tri_of(now <= than);
	default:
		return TRI_UNKNOWN;
	}
}

/* all: one false is false; any: one true is true; none: the opposite of any. */
static enum tri combine(struct run *run, const struct graph_predicate *predicate,
	struct tracker *tracker, int64_t since_ms, int64_t now_ms)
{
	enum tri decisive = predicate->op == GRAPH_ALL ? TRI_FALSE : TRI_TRUE;
	enum tri answer = predicate->op == GRAPH_ALL ? TRI_TRUE : TRI_FALSE;

	for (size_t i = 0; i < predicate->of_count; i++) {
		enum tri one =
			predicate_now(run, &predicate->of[i], &tracker->of[i], since_ms, now_ms);

		if (one == decisive)
			answer = decisive;
		else if (one == TRI_UNKNOWN && answer != decisive)
			answer = TRI_UNKNOWN;
	}
	if (predicate->op != GRAPH_NONE_OF || answer == TRI_UNKNOWN)
		return answer;
	return answer == TRI_TRUE ? TRI_FALSE : TRI_TRUE;
}

enum tri predicate_now(struct run *run, const struct graph_predicate *predicate,
	struct tracker *tracker, int64_t since_ms, int64_t now_ms)
{
	bool is_group = predicate->op == GRAPH_ALL || predicate->op == GRAPH_ANY ||
			predicate->op == GRAPH_NONE_OF;
	enum tri answer = is_group ? combine(run, predicate, tracker, since_ms, now_ms)
				   : compare(run, predicate, since_ms, now_ms);

	if (predicate->lasting_ms == 0)
		return answer;
	if (answer != TRI_TRUE) {
		tracker->true_since_ms = 0;
		return answer;
	}
	if (!tracker->true_since_ms)
		tracker->true_since_ms = now_ms;
	if (now_ms - tracker->true_since_ms >= predicate->lasting_ms)
		return TRI_TRUE;
	run_wake_at(run, tracker->true_since_ms + predicate->lasting_ms);
	return TRI_FALSE;
}

void predicate_need(struct run *run, const struct graph_predicate *predicate, int64_t at_most_ms)
{
	const json_t *other = json_object_get(predicate->than, "$reading");

	for (size_t i = 0; i < predicate->of_count; i++)
		predicate_need(run, &predicate->of[i], at_most_ms);
	if (predicate->reading != GRAPH_NONE)
		probe_need(&run->probes[predicate->reading], at_most_ms);
	if (other)
		probe_need(&run->probes[json_integer_value(other)], at_most_ms);
}

void tracker_init(
	struct arena *arena, struct tracker *tracker, const struct graph_predicate *predicate)
{
	tracker->true_since_ms = 0;
	tracker->of = predicate->of_count
			      ? arena_alloc(arena, predicate->of_count * sizeof(*tracker->of))
			      : NULL;
	for (size_t i = 0; i < predicate->of_count; i++)
		tracker_init(arena, &tracker->of[i], &predicate->of[i]);
}

void tracker_reset(struct tracker *tracker, const struct graph_predicate *predicate)
{
	tracker->true_since_ms = 0;
	for (size_t i = 0; i < predicate->of_count; i++)
		tracker_reset(&tracker->of[i], &predicate->of[i]);
}

static void add_comparison(
	struct run *run, const struct graph_predicate *predicate, struct buf *out)
{
	const struct probe *probe = &run->probes[predicate->reading];
	long double than;

	buf_add_text(out, probe->key);
	if (!probe->sampled_ms)
		buf_add_text(out, " has not been read yet");
	else if (probe->outcome == ADAPTER_ABSENT)
		buf_add_text(out, " is absent");
	else if (probe->outcome != ADAPTER_OK)
		buf_add_format(
			out, " is UNKNOWN (%s)", probe->message ? probe->message : "no answer");
	else
		buf_add_format(out, " is %s", value_text(&run->arena, probe->value));
	if (value_threshold(run, predicate->than, predicate->reading, &than))
		buf_add_format(out, ", asked: %s %.6Lg", OP_WORDS[predicate->op], than);
	else if (json_is_string(predicate->than))
		buf_add_format(out, ", asked: %s %s", OP_WORDS[predicate->op],
			json_string_value(predicate->than));
	else if (json_is_boolean(predicate->than))
		buf_add_format(out, ", asked: %s %s", OP_WORDS[predicate->op],
			json_is_true(predicate->than) ? "true" : "false");
}

static void add_predicate(struct run *run, const struct graph_predicate *predicate, struct buf *out)
{
	char lasting[TIME_TEXT_SIZE];

	if (predicate->reading != GRAPH_NONE) {
		add_comparison(run, predicate, out);
	} else {
		buf_add_format(out, "%s of (", OP_WORDS[predicate->op]);
		for (size_t i = 0; i < predicate->of_count; i++) {
			if (i)
				buf_add_text(out, "; ");
			add_predicate(run, &predicate->of[i], out);
		}
		buf_add_char(out, ')');
	}
	if (predicate->lasting_ms)
		buf_add_format(out, " for %s",
			time_format_duration(predicate->lasting_ms, lasting, sizeof(lasting)));
}

const char *predicate_text(struct run *run, const struct graph_predicate *predicate)
{
	struct buf out = BUF_INIT;
	const char *text;

	add_predicate(run, predicate, &out);
	text = arena_text(&run->arena, buf_text(&out));
	buf_done(&out);
	return text;
}
