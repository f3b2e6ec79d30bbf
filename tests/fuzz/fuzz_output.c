/* The answer of a runner around its graph: errors, manifest, lines. */
#include "fuzz.h"

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_rooms.h"

static void take(struct arena *arena, const json_t *output)
{
	const json_t *errors = NULL, *manifest = NULL, *item;
	struct error err = ERROR_INIT;
	size_t i;

	FUZZ_HOLDS(plan_output_errors(arena, output, &errors, &err) < 0);
	json_array_foreach (errors, i, item) {
		const char *message = json_string_value(json_object_get(item, "message"));

		FUZZ_HOLDS(message && text_is_utf8(message, strlen(message)));
		for (size_t at = 0; message[at]; at++)
			FUZZ_HOLDS((unsigned char)message[at] >= 0x20 || message[at] == '\n');
	}
	error_clear(&err);
	if (plan_output_manifest(output, &manifest, &err) == 0)
		FUZZ_HOLDS(json_is_object(manifest));
	else
		FUZZ_HOLDS(err.code == ERROR_PLAN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size, 0);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	const json_t *output;

	if (plan_output_parse(&arena, bytes, size, &output, &err) == 0)
		take(&arena, output);
	arena_done(&arena);
	free(bytes);
	return 0;
}
