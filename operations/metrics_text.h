/* Prometheus' text exposition, version 0.0.4: families with their samples. Pure. */
#ifndef RB_OPERATIONS_METRICS_TEXT_H
#define RB_OPERATIONS_METRICS_TEXT_H

#include "lib/base/buf.h"
#include "lib/base/histogram.h"

#include <stdint.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* # HELP and # TYPE; `type` is "counter", "gauge" or "histogram". */
void metrics_family(struct buf *out, const char *name, const char *type, const char *help);
/* One sample; up to two labels, NULL names = none. Values of labels may be any text. */
void metrics_sample(struct buf *out, const char *name, const char *label, const char *value,
	const char *second, const char *second_value, double number);
/* A family of one sample without labels. */
void metrics_one(
	struct buf *out, const char *name, const char *type, const char *help, double number);
/* A whole family, with its buckets summed up. */
void metrics_histogram(
	struct buf *out, const char *name, const char *help, const struct histogram *histogram);

#endif
