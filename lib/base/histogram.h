/* How long something took, counted in buckets: for figures that are looked at from outside. */
#ifndef RB_BASE_HISTOGRAM_H
#define RB_BASE_HISTOGRAM_H

#include <stdint.h>

/* Upper bounds in seconds. */
#define HISTOGRAM_BOUNDS(X)                                                                        \
	X(0.0001)                                                                                  \
	X(0.00025)                                                                                 \
	X(0.0005)                                                                                  \
	X(0.001)                                                                                   \
	X(0.0025)                                                                                  \
	X(0.005)                                                                                   \
	X(0.01)                                                                                    \
	X(0.025)                                                                                   \
	X(0.05)                                                                                    \
	X(0.1)                                                                                     \
	X(0.25)                                                                                    \
	X(0.5)                                                                                     \
	X(1)                                                                                       \
	X(2.5)                                                                                     \
	X(5)                                                                                       \
	X(10)

#define HISTOGRAM_BUCKETS 16

struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS]; /* each alone, not summed up; longer ones are in count
					      */
	uint64_t count;
	double sum_s;
};

extern const double histogram_bounds_s[HISTOGRAM_BUCKETS];

void histogram_add(struct histogram *histogram, double seconds);

#endif
