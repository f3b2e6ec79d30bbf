#include "change/gate/gate_message.h"

#include "change/gate/gate_field.h"

#include <string.h>

#define MAGIC	     "RCM1"
#define MAGIC_BYTES  ((size_t)4)
#define HEADER_BYTES (MAGIC_BYTES + 1)

#define ATTEST_DOMAIN "rcm verdict 2\n"

#define WORD_MAX   256
#define PATH_BYTES 4096 /* PATH_MAX: more cannot be executed */
#define PROSE_MAX  16384
#define DETAIL_MAX (128 * 1024)

/* clang-format off */
#define FIELD(type, kind, member, max) {#member, GATE_FIELD_##kind, offsetof(struct type, member), max, NULL}
#define LAST			       {NULL, GATE_FIELD_END, 0, 0, NULL}

static const struct gate_field exec_fields[] = {
	{"exec.path", GATE_FIELD_UTF8, offsetof(struct gate_exec, path), PATH_BYTES, NULL},
	{"exec.argv", GATE_FIELD_LIST, offsetof(struct gate_exec, argv), 0, NULL},
	{"exec.env", GATE_FIELD_LIST, offsetof(struct gate_exec, env), 0, NULL},
	{"exec.cwd", GATE_FIELD_UTF8, offsetof(struct gate_exec, cwd), PATH_BYTES, NULL},
	{"exec.runas", GATE_FIELD_UTF8, offsetof(struct gate_exec, runas), WORD_MAX, NULL},
	{"exec.stdin_kind", GATE_FIELD_ENUM, offsetof(struct gate_exec, stdin_kind), GATE_STDIN_TERMINAL, NULL},
	{"exec.contents", GATE_FIELD_CONTENTS, 0, 0, NULL},
	{"exec.is_trusted", GATE_FIELD_BOOL, offsetof(struct gate_exec, is_trusted), 0, NULL},
	LAST,
};

static const struct gate_field request_fields[] = {
	FIELD(gate_request, WORD, request_id, WORD_MAX),
	FIELD(gate_request, NONCE, nonce, 0),
	FIELD(gate_request, WORD, source, WORD_MAX),
	FIELD(gate_request, WORD, change, WORD_MAX),
	FIELD(gate_request, UINT32, step, 0),
	FIELD(gate_request, UINT32, actor_uid, 0),
	FIELD(gate_request, UTF8, actor_user, WORD_MAX),
	FIELD(gate_request, UTF8, session, WORD_MAX),
	FIELD(gate_request, UTF8, tty, WORD_MAX),
	FIELD(gate_request, WORD, parent_run, WORD_MAX),
	FIELD(gate_request, BOOL, is_strict, 0),
	FIELD(gate_request, UTF8, typed_key, WORD_MAX),
	{"exec", GATE_FIELD_GROUP, offsetof(struct gate_request, exec), 0, exec_fields},
	LAST,
};

/* What the signature is over: all that is acted on, and all that a person reads. */
#define ATTESTED_FIELDS															\
	FIELD(gate_verdict, ENUM, verdict, GATE_DENY),											\
	FIELD(gate_verdict, REASON, reason, WORD_MAX),											\
	FIELD(gate_verdict, TEXT, message, PROSE_MAX),											\
	FIELD(gate_verdict, NONCE, nonce, 0),												\
	FIELD(gate_verdict, WORD, decision, WORD_MAX),											\
	FIELD(gate_verdict, WORD, change, WORD_MAX),											\
	FIELD(gate_verdict, UINT32, step, 0),												\
	FIELD(gate_verdict, WORD, grant, WORD_MAX),											\
	FIELD(gate_verdict, WORD, run, WORD_MAX),											\
	FIELD(gate_verdict, UINT32, must, GATE_MUST_KNOWN | GATE_WANTS_KEY),	\
	FIELD(gate_verdict, UINT32, lease_s, 0),											\
	FIELD(gate_verdict, INT64, kill_at_us, 0),											\
	FIELD(gate_verdict, INT64, expires_at_us, 0)

static const struct gate_field attested_fields[] = {ATTESTED_FIELDS, LAST};

static const struct gate_field verdict_fields[] = {
	ATTESTED_FIELDS,
	FIELD(gate_verdict, TEXT, detail, DETAIL_MAX),
	FIELD(gate_verdict, BOOL, is_signed, 0),
	FIELD(gate_verdict, SIGNATURE, signature, 0),
	LAST,
};

static const struct gate_field fetch_fields[] = {
	FIELD(gate_fetch, WORD, change, WORD_MAX),
	FIELD(gate_fetch, UINT32, step, 0),
	FIELD(gate_fetch, WORD, phase, WORD_MAX),
	LAST,
};

static const struct gate_field step_fields[] = {
	FIELD(gate_step, WORD, change, WORD_MAX),
	FIELD(gate_step, UINT32, step, 0),
	FIELD(gate_step, WORD, kind, WORD_MAX),
	{"exec", GATE_FIELD_GROUP, offsetof(struct gate_step, exec), 0, exec_fields},
	FIELD(gate_step, UINT32, timeout_s, 0),
	LAST,
};

static const struct gate_field heartbeat_fields[] = {FIELD(gate_heartbeat, WORD, run, WORD_MAX), LAST};

static const struct gate_field end_fields[] = {
	FIELD(gate_end, WORD, run, WORD_MAX),
	FIELD(gate_end, INT32, status, 0),
	FIELD(gate_end, UTF8, recording, PATH_BYTES),
	FIELD(gate_end, WORD, recording_sha256, WORD_MAX),
	FIELD(gate_end, UINT64, recording_bytes, 0),
	FIELD(gate_end, BOOL, is_recording_whole, 0),
	LAST,
};

static const struct gate_field watch_fields[] = {FIELD(gate_watch, WORD, run, WORD_MAX), LAST};
static const struct gate_field noted_fields[] = {LAST};

static const struct gate_field stop_fields[] = {
	FIELD(gate_stop, WORD, run, WORD_MAX),
	FIELD(gate_stop, REASON, reason, WORD_MAX),
	FIELD(gate_stop, TEXT, message, PROSE_MAX),
	LAST,
};

static const struct gate_field fault_fields[] = {
	FIELD(gate_fault, TEXT, field, WORD_MAX),
	FIELD(gate_fault, TEXT, message, PROSE_MAX),
	LAST,
};
/* clang-format on */

static const struct gate_field *const tables[] = {
	[GATE_DECIDE] = request_fields,
	[GATE_CHECK] = request_fields,
	[GATE_FETCH] = fetch_fields,
	[GATE_HEARTBEAT] = heartbeat_fields,
	[GATE_END] = end_fields,
	[GATE_WATCH] = watch_fields,
	[GATE_VERDICT] = verdict_fields,
	[GATE_STEP] = step_fields,
	[GATE_NOTED] = noted_fields,
	[GATE_STOP] = stop_fields,
	[GATE_FAULT] = fault_fields,
};

#define KIND_COUNT (sizeof(tables) / sizeof(tables[0]))

static int encode(struct buf *out, enum gate_kind kind, const void *object, struct error *err)
{
	size_t start = out->length;
	int code;

	buf_add(out, MAGIC, MAGIC_BYTES);
	buf_add_char(out, (char)kind);
	code = gate_field_write(out, tables[kind], object, err);
	if (code == 0 && out->length - start > GATE_MESSAGE_MAX) {
		code = error_set(err, ERROR_TOO_LARGE, "%zu bytes; one message holds %zu",
			out->length - start, GATE_MESSAGE_MAX);
		error_field(err, "message");
		error_remedy(err, "put what is long into a file: a script or a content of a step");
	}
	if (code < 0) {
		out->length = start;
		out->bytes[start] = 0;
	}
	return code;
}

int gate_encode_request(struct buf *out, const struct gate_request *request, struct error *err)
{
	return encode(out, request->kind == GATE_CHECK ? GATE_CHECK : GATE_DECIDE, request, err);
}

int gate_encode_verdict(struct buf *out, const struct gate_verdict *verdict, struct error *err)
{
	return encode(out, GATE_VERDICT, verdict, err);
}

int gate_encode_fetch(struct buf *out, const struct gate_fetch *fetch, struct error *err)
{
	return encode(out, GATE_FETCH, fetch, err);
}

int gate_encode_step(struct buf *out, const struct gate_step *step, struct error *err)
{
	return encode(out, GATE_STEP, step, err);
}

int gate_encode_heartbeat(struct buf *out, const struct gate_heartbeat *beat, struct error *err)
{
	return encode(out, GATE_HEARTBEAT, beat, err);
}

int gate_encode_end(struct buf *out, const struct gate_end *end, struct error *err)
{
	return encode(out, GATE_END, end, err);
}

int gate_encode_watch(struct buf *out, const struct gate_watch *watch, struct error *err)
{
	return encode(out, GATE_WATCH, watch, err);
}

int gate_encode_noted(struct buf *out, struct error *err)
{
	return encode(out, GATE_NOTED, "", err);
}

int gate_encode_stop(struct buf *out, const struct gate_stop *stop, struct error *err)
{
	return encode(out, GATE_STOP, stop, err);
}

int gate_encode_fault(struct buf *out, const struct gate_fault *fault, struct error *err)
{
	return encode(out, GATE_FAULT, fault, err);
}

static int refuse_message(struct error *err, const char *why)
{
	error_set(err, ERROR_INVALID, "%s", why);
	return error_field(err, "message");
}

int gate_decode(struct arena *arena, const void *bytes, size_t length, struct gate_message *ret,
	struct error *err)
{
	const uint8_t *at = bytes;
	struct gate_message message;
	int code;

	if (length > GATE_MESSAGE_MAX)
		return refuse_message(err, "longer than a message may be");
	if (length < HEADER_BYTES || memcmp(at, MAGIC, MAGIC_BYTES) != 0)
		return refuse_message(err, "does not begin with \"" MAGIC "\" and a kind");
	if (at[MAGIC_BYTES] >= KIND_COUNT || !tables[at[MAGIC_BYTES]])
		return refuse_message(err, "is of a kind that is not known");
	memset(&message, 0, sizeof(message));
	message.kind = (enum gate_kind)at[MAGIC_BYTES];
	code = gate_field_read(arena, tables[message.kind], at + HEADER_BYTES,
		length - HEADER_BYTES, &message.request, err);
	if (code < 0)
		return code;
	if (message.kind == GATE_DECIDE || message.kind == GATE_CHECK)
		message.request.kind = message.kind;
	*ret = message;
	return 0;
}

int gate_attest_bytes(struct buf *out, const struct gate_verdict *verdict,
	const uint8_t request_digest[static 32], struct error *err)
{
	buf_add_text(out, ATTEST_DOMAIN);
	buf_add(out, request_digest, 32);
	return gate_field_write(out, attested_fields, verdict, err);
}
