/* Strict JSON and its canonical form: what one writes the other reads, and there is one form only.
 */
#include "fuzz.h"

#include "lib/base/canonical.h"
#include "lib/base/json.h"

static void check_canonical(const char *bytes, size_t size)
{
	struct error err = ERROR_INIT;
	struct buf again = BUF_INIT;
	json_t *value = NULL;

	if (canonical_parse(bytes, size, JSON_DEPTH_GRAPH, &value, &err) < 0) {
		FUZZ_HOLDS(!value && err.code && err.message[0]);
		return;
	}
	FUZZ_HOLDS(canonical_add(&again, value, &err) == 0);
	FUZZ_HOLDS(again.length == size && !memcmp(again.bytes, bytes, size));
	buf_done(&again);
	json_decref(value);
}

static void check_json(const char *bytes, size_t size)
{
	struct error err = ERROR_INIT;
	struct buf form = BUF_INIT;
	json_t *value = NULL, *same = NULL;

	if (json_parse(bytes, size, JSON_DEPTH_MAX, &value, &err) < 0) {
		FUZZ_HOLDS(!value && err.code && err.message[0]);
		return;
	}
	if (canonical_add(&form, value, &err) == 0) {
		FUZZ_HOLDS(
			canonical_parse(form.bytes, form.length, JSON_DEPTH_MAX, &same, &err) == 0);
		FUZZ_HOLDS(json_equal(value, same));
	}
	buf_done(&form);
	json_decref(value);
	json_decref(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size, 0);

	check_canonical(bytes, size);
	check_json(bytes, size);
	free(bytes);
	return 0;
}
