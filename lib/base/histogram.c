#include "lib/base/histogram.h"

const double histogram_bounds_s[HISTOGRAM_BUCKETS] = {
#define X(bound) bound,
	HISTOGRAM_BOUNDS(X)
#undef X
};

void histogram_add(struct histogram *histogram, double seconds)
{
	int i = 0;

	while (i < HISTOGRAM_BUCKETS && seconds > histogram_bounds_s[i])
		i++;
	if (i < HISTOGRAM_BUCKETS)
		histogram->buckets[i]++;
	histogram->count++;
	histogram->sum_s += seconds;
}
