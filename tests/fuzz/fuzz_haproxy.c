/* What HAProxy could answer: the first byte chooses the register, the rest is the reply. */
#include "fuzz.h"

#include "adapters/haproxy_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

static const char *const args[][3] = {
	[HAPROXY_WEIGHT] = {"app/s1", NULL},
	[HAPROXY_STATE] = {"app/s1", NULL},
	[HAPROXY_MAP] = {"f.map", "/x", NULL},
	[HAPROXY_MAXCONN] = {"web", NULL},
	[HAPROXY_FRONTEND] = {"web", NULL},
};

static void check(const struct adapter_result *result)
{
	json_t *value;

	FUZZ_HOLDS(result->outcome == ADAPTER_OK || result->outcome == ADAPTER_ABSENT ||
		   result->message);
	if (!result->value)
		return;
	value = json_loads(result->value, JSON_DECODE_ANY, NULL);
	FUZZ_HOLDS(value);
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum haproxy_kind kind = size ? data[0] % 5 : 0;
	size_t length = size ? size - 1 : 0;
	char *reply = fuzz_copy(size ? data + 1 : NULL, length, 1);
	struct arena arena = ARENA_INIT;
	struct adapter_result result;

	result = haproxy_read_reply(kind, args[kind], reply, length, &arena);
	check(&result);
	FUZZ_HOLDS(!(result.outcome == ADAPTER_OK) || result.value);
	result = haproxy_write_reply(kind, reply, length, &arena);
	check(&result);
	FUZZ_HOLDS(result.outcome != ADAPTER_OK || length <= 2 || kind == HAPROXY_MAXCONN ||
		   strspn(reply, " \r\n") == length);
	result = haproxy_check_reply(reply, length, &arena);
	check(&result);
	haproxy_must_pause("web", reply, 200);
	arena_done(&arena);
	free(reply);
	return 0;
}
