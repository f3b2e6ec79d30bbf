/* Signed notes and verifier keys. Nothing that is made up here has a good signature. */
#include "fuzz.h"

#include "audit/audit_note.h"

static const char KEY[] = "redbutton.test/audit+b2b3e4a6+"
			  "AQICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1);
	struct error err = ERROR_INIT;
	struct audit_verifier key;
	struct audit_note note;
	char again[NOTE_KEY_SIZE];

	if (audit_verifier_parse(text, &key, &err) == 0)
		audit_verifier_text(&key, again);
	error_clear(&err);
	if (audit_note_parse(text, size, &note, &err) == 0) {
		FUZZ_HOLDS(note.size >= 0 && note.text == text && note.text_length <= size);
		FUZZ_HOLDS(note.length <= size);
		if (audit_verifier_parse(KEY, &key, &err) == 0)
			FUZZ_HOLDS(audit_note_check(&note, &key, 1, &err) < 0);
	}
	free(text);
	return 0;
}
