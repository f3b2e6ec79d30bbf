#include "check_main.h"
#include "gate_samples.h"

#include <stdlib.h>
#include <string.h>

/* A copy of exactly that size: a byte read beyond it is seen. */
static int decode_copy(const void *bytes, size_t length, struct arena *arena,
	struct gate_message *ret, struct error *err)
{
	void *copy = malloc(length ? length : 1);
	int code;

	memcpy(copy, bytes, length);
	code = gate_decode(arena, copy, length, ret, err);
	free(copy);
	return code;
}

static bool is_refused(const void *bytes, size_t length)
{
	struct gate_message message = {.kind = GATE_FAULT};
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	int code = decode_copy(bytes, length, &arena, &message, &err);

	if (code < 0) {
		ck_assert_int_eq(code, ERROR_INVALID);
		ck_assert_str_ne(err.field, "");
		ck_assert_int_eq(message.kind, GATE_FAULT);
	}
	arena_done(&arena);
	return code < 0;
}

static void encode_again(const struct gate_message *message, struct buf *out, struct error *err)
{
	switch (message->kind) {
	case GATE_DECIDE:
	case GATE_CHECK:
		gate_encode_request(out, &message->request, err);
		break;
	case GATE_FETCH:
		gate_encode_fetch(out, &message->fetch, err);
		break;
	case GATE_HEARTBEAT:
		gate_encode_heartbeat(out, &message->heartbeat, err);
		break;
	case GATE_END:
		gate_encode_end(out, &message->end, err);
		break;
	case GATE_WATCH:
		gate_encode_watch(out, &message->watch, err);
		break;
	case GATE_VERDICT:
		gate_encode_verdict(out, &message->verdict, err);
		break;
	case GATE_STEP:
		gate_encode_step(out, &message->step, err);
		break;
	case GATE_NOTED:
		gate_encode_noted(out, err);
		break;
	case GATE_STOP:
		gate_encode_stop(out, &message->stop, err);
		break;
	case GATE_FAULT:
		gate_encode_fault(out, &message->fault, err);
		break;
	}
}

START_TEST(every_message_comes_back_the_same)
{
	for (size_t i = 0; i < GATE_SAMPLE_COUNT; i++) {
		struct buf bytes = BUF_INIT, again = BUF_INIT;
		struct arena arena = ARENA_INIT;
		struct error err = ERROR_INIT;
		struct gate_message message;

		gate_sample_encode(i, &bytes);
		ck_assert_msg(decode_copy(bytes.bytes, bytes.length, &arena, &message, &err) == 0,
			"sample %zu: %s", i, err.message);
		encode_again(&message, &again, &err);
		ck_assert_uint_eq(bytes.length, again.length);
		ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.length);
		arena_done(&arena);
		buf_done(&bytes);
		buf_done(&again);
	}
}
END_TEST

START_TEST(a_request_keeps_each_field)
{
	struct gate_request want = gate_sample_request();
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct buf bytes = BUF_INIT;
	struct gate_message message;
	const struct gate_request *got = &message.request;

	gate_sample_encode(0, &bytes);
	ck_assert_int_eq(decode_copy(bytes.bytes, bytes.length, &arena, &message, &err), 0);
	ck_assert_int_eq(message.kind, GATE_DECIDE);
	ck_assert_int_eq(got->kind, GATE_DECIDE);
	ck_assert_str_eq(got->request_id, want.request_id);
	ck_assert_str_eq(got->nonce, want.nonce);
	ck_assert_str_eq(got->change, "CHG-7");
	ck_assert_uint_eq(got->step, 2);
	ck_assert_uint_eq(got->actor_uid, 1000);
	ck_assert_str_eq(got->actor_user, "alice");
	ck_assert_str_eq(got->tty, "pts/0");
	ck_assert(got->is_strict);
	ck_assert_str_eq(got->exec.path, "/usr/bin/systemctl");
	for (size_t i = 0; want.exec.argv[i] || got->exec.argv[i]; i++)
		ck_assert_str_eq(got->exec.argv[i], want.exec.argv[i]);
	ck_assert_str_eq(got->exec.env[1], "PATH=/usr/bin:/bin");
	ck_assert_ptr_null(got->exec.env[2]);
	ck_assert_int_eq(got->exec.stdin_kind, GATE_STDIN_BOUND);
	ck_assert_uint_eq(got->exec.content_count, 2);
	ck_assert_str_eq(got->exec.contents[1].role, "stdin");
	ck_assert(got->exec.contents[1].size == UINT64_MAX);
	ck_assert(got->exec.is_trusted);
	arena_done(&arena);
	buf_done(&bytes);
}
END_TEST

START_TEST(a_verdict_keeps_its_numbers)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct buf bytes = BUF_INIT;
	struct gate_message message;

	gate_sample_encode(6, &bytes);
	ck_assert_int_eq(decode_copy(bytes.bytes, bytes.length, &arena, &message, &err), 0);
	ck_assert_int_eq(message.verdict.verdict, GATE_ALLOW);
	ck_assert_uint_eq(message.verdict.must, GATE_MUST_RECORD | GATE_MUST_PARENT);
	ck_assert(message.verdict.kill_at_us == INT64_MIN);
	ck_assert(message.verdict.expires_at_us == INT64_MAX);
	ck_assert_uint_eq(message.verdict.signature[63], 0x5A);
	arena_done(&arena);
	buf_clear(&bytes);
	gate_sample_encode(4, &bytes);
	ck_assert_int_eq(decode_copy(bytes.bytes, bytes.length, &arena, &message, &err), 0);
	ck_assert_int_eq(message.end.status, -1);
	ck_assert(message.end.recording_bytes == 123456789012);
	arena_done(&arena);
	buf_done(&bytes);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	for (size_t i = 0; i < GATE_SAMPLE_COUNT; i++) {
		struct buf bytes = BUF_INIT;

		gate_sample_encode(i, &bytes);
		for (size_t length = 0; length < bytes.length; length++)
			ck_assert_msg(is_refused(bytes.bytes, length), "sample %zu cut at %zu", i,
				length);
		buf_add_char(&bytes, 0);
		ck_assert(is_refused(bytes.bytes, bytes.length));
		buf_done(&bytes);
	}
}
END_TEST

static size_t length_at(const struct buf *bytes, size_t at)
{
	const unsigned char *b = (const unsigned char *)bytes->bytes + at;

	return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

/* Each bit of each length at the top of a message, one at a time. */
START_TEST(every_flipped_length_is_refused)
{
	size_t tried = 0;

	for (size_t i = 0; i < GATE_SAMPLE_COUNT; i++) {
		struct buf bytes = BUF_INIT;
		size_t at = 5;

		gate_sample_encode(i, &bytes);
		while (at < bytes.length) {
			size_t next = at + 4 + length_at(&bytes, at);

			for (int bit = 0; bit < 32; bit++, tried++) {
				bytes.bytes[at + (size_t)bit / 8] ^= (char)(1 << bit % 8);
				ck_assert_msg(is_refused(bytes.bytes, bytes.length),
					"sample %zu, length at %zu, bit %d", i, at, bit);
				bytes.bytes[at + (size_t)bit / 8] ^= (char)(1 << bit % 8);
			}
			at = next;
		}
		ck_assert_uint_eq(at, bytes.length);
		buf_done(&bytes);
	}
	ck_assert_uint_gt(tried, 2000);
}
END_TEST

/* Whatever byte is changed: refused, or a message that is written back as exactly these bytes. */
START_TEST(a_changed_byte_is_never_read_as_something_else)
{
	for (size_t i = 0; i < GATE_SAMPLE_COUNT; i++) {
		struct buf bytes = BUF_INIT;

		gate_sample_encode(i, &bytes);
		for (size_t at = 0; at < bytes.length; at++) {
			struct arena arena = ARENA_INIT;
			struct buf again = BUF_INIT;
			struct error err = ERROR_INIT;
			struct gate_message message;

			bytes.bytes[at] ^= 1;
			if (decode_copy(bytes.bytes, bytes.length, &arena, &message, &err) == 0) {
				encode_again(&message, &again, &err);
				ck_assert_uint_eq(bytes.length, again.length);
				ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.length);
			}
			bytes.bytes[at] ^= 1;
			arena_done(&arena);
			buf_done(&again);
		}
		buf_done(&bytes);
	}
}
END_TEST

static void check_too_large(const struct gate_request *request, const char *field)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	buf_add_text(&out, "before");
	ck_assert_int_eq(gate_encode_request(&out, request, &err), ERROR_TOO_LARGE);
	ck_assert_str_eq(err.field, field);
	ck_assert_str_ne(err.remedy, "");
	ck_assert_str_eq(buf_text(&out), "before");
	buf_done(&out);
}

START_TEST(what_is_too_long_is_not_sent)
{
	struct gate_request request = gate_sample_request();
	const char **many = calloc(GATE_LIST_MAX + 2, sizeof(*many));
	char *big = malloc(GATE_MESSAGE_MAX + 1);
	const char *const one[] = {big, NULL};

	for (size_t i = 0; i <= GATE_LIST_MAX; i++)
		many[i] = "x";
	memset(big, 'x', GATE_MESSAGE_MAX);
	big[GATE_MESSAGE_MAX] = 0;
	request.exec.argv = many;
	check_too_large(&request, "exec.argv");
	request.exec.argv = one;
	check_too_large(&request, "message");
	request = gate_sample_request();
	request.exec.cwd = big;
	check_too_large(&request, "exec.cwd");
	free(many);
	free(big);
}
END_TEST

static void check_refused_field(const struct gate_request *request, const char *field)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct gate_message message;
	struct buf out = BUF_INIT;

	ck_assert_int_eq(gate_encode_request(&out, request, &err), 0);
	ck_assert_int_eq(decode_copy(out.bytes, out.length, &arena, &message, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, field);
	arena_done(&arena);
	buf_done(&out);
}

START_TEST(a_field_that_is_no_such_thing_is_named)
{
	struct gate_content content = {"program", "ABC", 1};
	struct gate_request request = gate_sample_request();

	strcpy(request.nonce, "short");
	check_refused_field(&request, "nonce");
	strcpy(request.nonce, "00112233445566778899AABBCCDDEEFF");
	check_refused_field(&request, "nonce");
	request = gate_sample_request();
	request.change = "CHG-7\n";
	check_refused_field(&request, "change");
	request = gate_sample_request();
	request.exec.contents = &content;
	request.exec.content_count = 1;
	check_refused_field(&request, "exec.contents");
	request = gate_sample_request();
	request.exec.stdin_kind = (enum gate_stdin)4;
	check_refused_field(&request, "exec.stdin_kind");
}
END_TEST

START_TEST(nothing_is_too_little_to_be_said)
{
	struct gate_request request = {.kind = GATE_CHECK};
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct gate_message message;
	struct buf out = BUF_INIT;

	strcpy(request.nonce, "00112233445566778899aabbccddeeff");
	ck_assert_int_eq(gate_encode_request(&out, &request, &err), 0);
	ck_assert_int_eq(gate_decode(&arena, out.bytes, out.length, &message, &err), 0);
	ck_assert_int_eq(message.kind, GATE_CHECK);
	ck_assert_str_eq(message.request.change, "");
	ck_assert_ptr_nonnull(message.request.exec.argv);
	ck_assert_ptr_null(message.request.exec.argv[0]);
	ck_assert_uint_eq(message.request.exec.content_count, 0);
	arena_done(&arena);
	buf_done(&out);
}
END_TEST

START_TEST(reasons_have_one_row_each)
{
	enum gate_reason reason, again;
	enum gate_verdict_word verdict;

	for (int i = 0; i < REASON_COUNT; i++) {
		reason = (enum gate_reason)i;
		ck_assert(gate_reason_parse(gate_reason_word(reason), &again));
		ck_assert_int_eq(reason, again);
		ck_assert_int_eq(
			gate_reason_exit(reason) == 0, gate_reason_verdict(reason) == GATE_ALLOW);
	}
	ck_assert(gate_reason_parse("rule:FS-001", &reason));
	ck_assert_int_eq(reason, REASON_RULE);
	ck_assert_int_eq(gate_reason_exit(reason), 11);
	ck_assert(!gate_reason_parse("rule:", &reason));
	ck_assert(!gate_reason_parse("ok", &reason));
	ck_assert(!gate_reason_parse("", &reason));
	ck_assert(!gate_reason_parse(NULL, &reason));
	ck_assert_int_eq(gate_reason_verdict((enum gate_reason)REASON_COUNT), GATE_DENY);
	ck_assert_int_eq(gate_reason_exit((enum gate_reason) - 1), 20);
	ck_assert_str_eq(gate_verdict_word((enum gate_verdict_word)7), "deny");
	ck_assert(gate_verdict_parse("review", &verdict) && verdict == GATE_REVIEW);
	ck_assert(!gate_verdict_parse("Allow", &verdict));
}
END_TEST

/* --- what is signed --- */

static void attest(struct buf *out, const struct gate_verdict *verdict, const uint8_t digest[32])
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(gate_attest_bytes(out, verdict, digest, &err), 0);
}

static bool is_same(const struct buf *one, const struct buf *other)
{
	return one->length == other->length && !memcmp(one->bytes, other->bytes, one->length);
}

/* Where `detail` begins in the encoded verdict: its length, then its bytes. */
static size_t attested_end(const struct gate_verdict *verdict, const struct buf *packet)
{
	size_t behind = 4 + strlen(verdict->detail) + 4 + 1 + 4 + GATE_SIGNATURE_BYTES;

	ck_assert_mem_eq(packet->bytes + packet->length - behind + 4, verdict->detail,
		strlen(verdict->detail));
	return packet->length - behind;
}

/* Whatever byte of a field is another on its way: no message any more, or not what was signed. */
START_TEST(each_byte_of_each_field_of_an_answer_is_covered)
{
	struct gate_verdict base = gate_sample_verdict();
	struct buf signed_bytes = BUF_INIT, packet = BUF_INIT;
	const uint8_t digest[32] = {0};
	struct error err = ERROR_INIT;
	size_t end, taken = 0;

	attest(&signed_bytes, &base, digest);
	ck_assert_int_eq(gate_encode_verdict(&packet, &base, &err), 0);
	end = attested_end(&base, &packet);
	for (size_t i = 5; i < end; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct gate_message message;
			struct arena arena = ARENA_INIT;
			struct buf bytes = BUF_INIT;

			packet.bytes[i] = (char)(packet.bytes[i] ^ 1 << bit);
			if (gate_decode(&arena, packet.bytes, packet.length, &message, NULL) == 0) {
				attest(&bytes, &message.verdict, digest);
				ck_assert_msg(!is_same(&bytes, &signed_bytes),
					"bit %d of byte %zu is not covered", bit, i);
				taken++;
			}
			packet.bytes[i] = (char)(packet.bytes[i] ^ 1 << bit);
			buf_done(&bytes);
			arena_done(&arena);
		}
	ck_assert_uint_gt(taken, 100);
	buf_done(&signed_bytes);
	buf_done(&packet);
}
END_TEST

START_TEST(the_attested_bytes_fit_one_question_and_one_cut_of_the_fields)
{
	const uint8_t digest[32] = {0}, other[32] = {1};
	struct gate_verdict base = gate_sample_verdict(), moved = base;
	struct buf first = BUF_INIT, again = BUF_INIT, asked = BUF_INIT, cut = BUF_INIT;

	attest(&first, &base, digest);
	attest(&again, &base, digest);
	ck_assert(is_same(&again, &first));
	attest(&asked, &base, other);
	ck_assert(!is_same(&asked, &first));
	moved.grant = "G1R";
	moved.run = "1";
	attest(&cut, &moved, digest);
	ck_assert(!is_same(&cut, &first));
	buf_done(&first);
	buf_done(&again);
	buf_done(&asked);
	buf_done(&cut);
}
END_TEST

CHECK_MAIN("gate message", &every_message_comes_back_the_same, &a_request_keeps_each_field,
	&a_verdict_keeps_its_numbers, &every_truncation_is_refused,
	&every_flipped_length_is_refused, &a_changed_byte_is_never_read_as_something_else,
	&what_is_too_long_is_not_sent, &a_field_that_is_no_such_thing_is_named,
	&nothing_is_too_little_to_be_said, &reasons_have_one_row_each,
	&each_byte_of_each_field_of_an_answer_is_covered,
	&the_attested_bytes_fit_one_question_and_one_cut_of_the_fields)
