/* One message of each kind with all its fields filled, for the tests of the gate. */
#ifndef RB_TESTS_GATE_SAMPLES_H
#define RB_TESTS_GATE_SAMPLES_H

#include "change/gate/gate_message.h"

#define GATE_SAMPLE_COUNT 12

/* Appends message number `index` (0 .. GATE_SAMPLE_COUNT - 1). */
void gate_sample_encode(size_t index, struct buf *out);
struct gate_exec gate_sample_exec(void);
struct gate_request gate_sample_request(void);
struct gate_verdict gate_sample_verdict(void);

#endif
