/* What Prometheus could answer: no answer passes for a number. */
#include "fuzz.h"

#include "adapters/prometheus_rooms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 400, 422, 503, 302};
	int status = size ? statuses[data[0] % 5] : 200;
	size_t length = size ? size - 1 : 0;
	char *body = fuzz_copy(size ? data + 1 : NULL, length, 1);
	struct arena arena = ARENA_INIT;
	struct adapter_result result;

	result = prometheus_query_reply(status, body, length, INT64_C(1764000000000000), &arena);
	if (result.outcome == ADAPTER_OK)
		FUZZ_HOLDS(status == 200 && result.value && result.value[0]);
	else
		FUZZ_HOLDS(result.message && result.message[0]);
	result = prometheus_check_reply(status, body, length, &arena);
	FUZZ_HOLDS(result.outcome == ADAPTER_OK || result.message);
	arena_done(&arena);
	free(body);
	return 0;
}
