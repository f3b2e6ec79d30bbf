/*
 * Any bytes as a message of the gate: refused with a named field, or a message whose bytes are
 * exactly those that come out when it is written again.
 */
#include "fuzz.h"

#include "change/gate/fingerprint.h"
#include "change/gate/gate_message.h"

static int encode(const struct gate_message *message, struct buf *out, struct error *err)
{
	switch (message->kind) {
	case GATE_DECIDE:
	case GATE_CHECK:
		return gate_encode_request(out, &message->request, err);
	case GATE_FETCH:
		return gate_encode_fetch(out, &message->fetch, err);
	case GATE_HEARTBEAT:
		return gate_encode_heartbeat(out, &message->heartbeat, err);
	case GATE_END:
		return gate_encode_end(out, &message->end, err);
	case GATE_WATCH:
		return gate_encode_watch(out, &message->watch, err);
	case GATE_VERDICT:
		return gate_encode_verdict(out, &message->verdict, err);
	case GATE_STEP:
		return gate_encode_step(out, &message->step, err);
	case GATE_NOTED:
		return gate_encode_noted(out, err);
	case GATE_STOP:
		return gate_encode_stop(out, &message->stop, err);
	case GATE_FAULT:
		return gate_encode_fault(out, &message->fault, err);
	}
	return ERROR_INTERNAL;
}

static void take_fingerprint(const struct gate_exec *exec)
{
	uint8_t fingerprint[FINGERPRINT_BYTES];

	fingerprint_of(exec, exec->argv, exec->cwd, fingerprint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_copy(data, size, 0);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct gate_message message;

	if (gate_decode(&arena, copy, size, &message, &err) == 0) {
		FUZZ_HOLDS(encode(&message, &out, &err) == 0);
		FUZZ_HOLDS(out.length == size && !memcmp(out.bytes, copy, size));
		if (message.kind == GATE_DECIDE)
			take_fingerprint(&message.request.exec);
		if (message.kind == GATE_STEP)
			take_fingerprint(&message.step.exec);
	} else {
		FUZZ_HOLDS(err.code == ERROR_INVALID && err.field[0]);
	}
	buf_done(&out);
	arena_done(&arena);
	free(copy);
	return 0;
}
