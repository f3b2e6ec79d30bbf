#include "operations/metrics_text.h"

#include <math.h>
#include <stdio.h>

void metrics_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_add_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_add_format(out, "%s=\"", name);
	for (const char *c = value; *c; c++) {
		if (*c == '\\' || *c == '"')
			buf_add_char(out, '\\');
		if (*c == '\n')
			buf_add_text(out, "\\n");
		else
			buf_add_char(out, *c);
	}
	buf_add_char(out, '"');
}

/* Whole numbers without a point, so that a reader sees what they are. */
static void add_number(struct buf *out, double number)
{
	if (number == floor(number) && fabs(number) < 1e15)
		buf_add_format(out, " %.0f\n", number);
	else
		buf_add_format(out, " %.9g\n", number);
}

void metrics_sample(struct buf *out, const char *name, const char *label, const char *value,
	const char *second, const char *second_value, double number)
{
	buf_add_text(out, name);
	if (label) {
		buf_add_char(out, '{');
		add_label(out, label, value);
		if (second) {
			buf_add_char(out, ',');
			add_label(out, second, second_value);
		}
		buf_add_char(out, '}');
	}
	add_number(out, number);
}

void metrics_one(
	struct buf *out, const char *name, const char *type, const char *help, double number)
{
	metrics_family(out, name, type, help);
	metrics_sample(out, name, NULL, NULL, NULL, NULL, number);
}

void metrics_histogram(
	struct buf *out, const char *name, const char *help, const struct histogram *histogram)
{
	char sample[96], bound[32];
	uint64_t sum = 0;

	metrics_family(out, name, "histogram", help);
	snprintf(sample, sizeof(sample), "%s_bucket", name);
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		sum += histogram->buckets[i];
		snprintf(bound, sizeof(bound), "%g", histogram_bounds_s[i]);
		metrics_sample(out, sample, "le", bound, NULL, NULL, (double)sum);
	}
	metrics_sample(out, sample, "le", "+Inf", NULL, NULL, (double)histogram->count);
	snprintf(sample, sizeof(sample), "%s_sum", name);
	metrics_sample(out, sample, NULL, NULL, NULL, NULL, histogram->sum_s);
	snprintf(sample, sizeof(sample), "%s_count", name);
	metrics_sample(out, sample, NULL, NULL, NULL, NULL, (double)histogram->count);
}
