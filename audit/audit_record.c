#include "audit/audit_rooms.h"

#include "lib/base/canonical.h"
#include "lib/base/text.h"

#include <string.h>

static const char *const action_words[] = {
#define X(name, word) word,
	AUDIT_ACTIONS(X)
#undef X
};
static const unsigned char action_lengths[] = {
#define X(name, word) sizeof(word) - 1,
	AUDIT_ACTIONS(X)
#undef X
};
static const char *const outcome_words[] = {
	[AUDIT_OK] = "ok",
	[AUDIT_INTENT] = "intent",
	[AUDIT_FAILED] = "failed",
	[AUDIT_UNKNOWN] = "unknown",
	[AUDIT_REFUSED] = "denied",
};
static const char *const actor_words[] = {
	[AUDIT_HUMAN] = "human",
	[AUDIT_TOKEN] = "token",
	[AUDIT_SYSTEM] = "system",
};

const struct audit_actor audit_system = {.kind = AUDIT_SYSTEM, .id = "system", .name = "system"};

const char *audit_action_word(enum audit_action action)
{
	return action_words[action];
}

int audit_action_of(const char *word, size_t length)
{
	for (int i = 0; i < AUDIT_ACTION_COUNT; i++)
		if (action_lengths[i] == length && !memcmp(action_words[i], word, length))
			return i;
	return -1;
}

const char *audit_outcome_word(enum audit_outcome outcome)
{
	return outcome_words[outcome];
}

const char *audit_actor_word(enum audit_actor_kind kind)
{
	return actor_words[kind];
}

/* The escapes of lib/base/canonical.h, without building a value first: each fact passes here. */
static int add_text(struct buf *out, const char *field, const char *text, struct error *err)
{
	size_t length, from = 0;

	if (!text) {
		buf_add_text(out, "null");
		return 0;
	}
	length = strlen(text);
	if (!text_is_utf8(text, length)) {
		error_set(err, ERROR_INVALID, "%s is not UTF-8", field);
		return error_field(err, "%s", field);
	}
	buf_add_char(out, '"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
			continue;
		buf_add(out, text + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			buf_add_format(out, "\\%c", c);
		else if (c == '\n' || c == '\t')
			buf_add_text(out, c == '\n' ? "\\n" : "\\t");
		else {
			error_set(err, ERROR_INVALID, "%s holds a control character", field);
			return error_field(err, "%s", field);
		}
	}
	buf_add(out, text + from, length - from);
	buf_add_char(out, '"');
	return 0;
}

static int add_actor(struct buf *out, const struct audit_actor *actor, struct error *err)
{
	int rc;

	buf_add_text(out, ",\"actor\":{\"address\":");
	rc = add_text(out, "actor.address", actor->address, err);
	buf_add_text(out, ",\"id\":");
	if (rc >= 0)
		rc = add_text(out, "actor.id", actor->id, err);
	buf_add_text(out, ",\"kind\":\"");
	buf_add_text(out, audit_actor_word(actor->kind));
	buf_add_text(out, "\",\"name\":");
	if (rc >= 0)
		rc = add_text(out, "actor.name", actor->name, err);
	buf_add_text(out, ",\"session\":");
	if (rc >= 0)
		rc = add_text(out, "actor.session", actor->session, err);
	buf_add_char(out, '}');
	return rc;
}

static int add_subject(struct buf *out, const struct audit_record *record, struct error *err)
{
	int rc;

	buf_add_text(out, ",\"subject\":{\"digest\":");
	rc = add_text(out, "subject.digest", record->subject_digest, err);
	buf_add_text(out, ",\"id\":");
	if (rc >= 0)
		rc = add_text(out, "subject.id", record->subject_id, err);
	buf_add_text(out, ",\"kind\":");
	if (rc >= 0)
		rc = add_text(out, "subject.kind", record->subject_kind, err);
	buf_add_char(out, '}');
	return rc;
}

/* Already canonical where it comes from; read again, because everything that is hashed must be. */
static int add_approvals(struct buf *out, const char *approvals, struct error *err)
{
	size_t length = approvals ? strlen(approvals) : 0;
	json_t *list = NULL;
	int rc;

	buf_add_text(out, ",\"approvals\":");
	if (!approvals) {
		buf_add_text(out, "[]");
		return 0;
	}
	rc = canonical_parse(approvals, length, 2, &list, err);
	if (rc >= 0 && !json_is_array(list))
		rc = error_set(err, ERROR_INVALID, "the approvals are not a list");
	json_decref(list);
	buf_add(out, approvals, length);
	return rc;
}

static int add_detail(struct buf *out, const json_t *detail, struct error *err)
{
	buf_add_text(out, ",\"detail\":");
	if (!detail) {
		buf_add_text(out, "{}");
		return 0;
	}
	if (!json_is_object(detail))
		return error_set(err, ERROR_INVALID, "the detail is not an object");
	return canonical_add(out, detail, err);
}

/* The members in the order of their names. */
int audit_record_write(struct buf *out, const struct audit_record *record,
	const struct audit_stamp *stamp, struct error *err)
{
	size_t before = out->length;
	int rc;

	buf_add_text(out, "{\"action\":\"");
	buf_add_text(out, audit_action_word(record->action));
	buf_add_char(out, '"');
	rc = add_actor(out, record->actor, err);
	if (rc >= 0)
		rc = add_approvals(out, record->approvals, err);
	buf_add_text(out, ",\"at_us\":");
	buf_add_int(out, stamp->at_us);
	if (rc >= 0)
		rc = add_detail(out, record->detail, err);
	buf_add_text(out, ",\"intent_id\":");
	if (rc >= 0)
		rc = add_text(out, "intent_id", record->intent_id, err);
	buf_add_text(out, ",\"mono\":{\"boot\":\"");
	buf_add_text(out, stamp->boot);
	buf_add_text(out, "\",\"ns\":");
	buf_add_int(out, stamp->mono_ns);
	buf_add_text(out, "},\"outcome\":\"");
	buf_add_text(out, audit_outcome_word(record->outcome));
	buf_add_text(out, "\",\"seq\":");
	buf_add_int(out, stamp->seq);
	if (rc >= 0)
		rc = add_subject(out, record, err);
	buf_add_text(out, ",\"v\":1}");
	if (rc >= 0 && out->length - before > AUDIT_RECORD_MAX)
		rc = error_set(err, ERROR_TOO_LARGE, "an audit record of %zu bytes, %d at most",
			out->length - before, AUDIT_RECORD_MAX);
	return rc < 0 ? error_prefix(err, "the audit record cannot be written") : 0;
}
