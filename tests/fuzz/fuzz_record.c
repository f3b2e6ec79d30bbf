/* The bytes of an audit record: what the reader takes is canonical, and says what it says. */
#include "fuzz.h"

#include "audit/audit_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"

static void compare(const json_t *parsed, const char *name, const struct audit_slice *slice,
	struct arena *arena)
{
	const char *text = audit_slice_text(slice, arena);
	const json_t *member = json_object_get(parsed, name);

	if (!text) {
		FUZZ_HOLDS(json_is_null(member));
		return;
	}
	FUZZ_HOLDS(json_is_string(member) && !strcmp(json_string_value(member), text));
	FUZZ_HOLDS(audit_slice_is(slice, text, strlen(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size, 0);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct audit_slice member;
	struct audit_scan scan;
	json_t *parsed = NULL;
	size_t at = 0;

	if (!audit_record_scan(bytes, size, &scan, &at)) {
		FUZZ_HOLDS(at <= size);
	} else if (canonical_parse(bytes, size, 130, &parsed, &err) == 0) {
		compare(parsed, "action", &scan.action, &arena);
		compare(parsed, "outcome", &scan.outcome, &arena);
		compare(parsed, "intent_id", &scan.intent_id, &arena);
		compare(json_object_get(parsed, "actor"), "name", &scan.actor_name, &arena);
		compare(json_object_get(parsed, "actor"), "session", &scan.actor_session, &arena);
		compare(json_object_get(parsed, "subject"), "id", &scan.subject_id, &arena);
		FUZZ_HOLDS(json_integer_value(json_object_get(parsed, "seq")) == scan.seq);
		FUZZ_HOLDS(json_integer_value(json_object_get(parsed, "at_us")) == scan.at_us);
		audit_slice_member(&scan.detail, "outcome", &member);
	}
	json_decref(parsed);
	arena_done(&arena);
	free(bytes);
	return 0;
}
