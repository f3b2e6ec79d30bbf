#include "change/risk/risk_rooms.h"
#include "lib/base/buf.h"

#include <stdlib.h>
#include <string.h>

/* The worst first. */
static const struct severity {
	char letter;
	int64_t points;
} severities[] = {{'C', 20}, {'H', 8}, {'M', 3}, {'L', 1}};
#define SEVERITIES (sizeof(severities) / sizeof(severities[0]))

/* From that score on, that level. */
static const int64_t level_from[RISK_LEVELS] = {0, 3, 8, 20};

static size_t rank(char letter)
{
	for (size_t i = 0; i < SEVERITIES; i++)
		if (severities[i].letter == letter)
			return i;
	return 0; /* what is not known is the worst */
}

static int compare(const void *a, const void *b)
{
	const struct risk_finding *left = a, *right = b;
	int order = (int)rank(left->severity) - (int)rank(right->severity);

	if (!order)
		order = strcmp(left->rule, right->rule);
	if (!order)
		order = (left->step > right->step) - (left->step < right->step);
	if (!order)
		order = strcmp(left->object, right->object);
	return order ? order : strcmp(left->message, right->message);
}

void risk_score_sort(struct risk_report *report)
{
	if (report->count)
		qsort(report->findings, report->count, sizeof(*report->findings), compare);
}

static bool is_waived(const struct risk_finding *finding, const char *const *waived)
{
	if (strcmp(finding->waivable, "none") == 0)
		return false;
	for (; waived && *waived; waived++)
		if (strcmp(*waived, finding->rule) == 0)
			return true;
	return false;
}

int64_t risk_history_points(int64_t failed, int64_t of)
{
	return (10 * failed + (of + 2) / 2) / (of + 2);
}

static void add_term(
	struct risk_report *report, struct buf *terms, const char *name, int64_t points)
{
	report->total += points;
	buf_add_format(terms, "%s%s %lld", terms->length ? " + " : "", name, (long long)points);
}

/* The same rule stands in one run of the list, and counts once. */
void risk_recount(struct risk_report *report, const char *const *waived, struct arena *arena)
{
	struct buf terms = BUF_INIT;
	const char *before = "";
	int64_t history = risk_history_points(report->history_failed, report->history_of);

	report->total = 0;
	for (size_t i = 0; i < report->count; i++) {
		const struct risk_finding *finding = &report->findings[i];
		int64_t points = severities[rank(finding->severity)].points;

		if (strcmp(finding->tier, "ENFORCE") != 0 || is_waived(finding, waived) ||
			strcmp(finding->rule, before) == 0)
			continue;
		before = finding->rule;
		add_term(report, &terms, finding->rule, points);
	}
	if (history)
		add_term(report, &terms, "history", history);
	report->level = 0;
	while (report->level + 1 < RISK_LEVELS && report->total >= level_from[report->level + 1])
		report->level++;
	report->terms = arena_text(arena, buf_text(&terms));
	buf_done(&terms);
}
