#include "gate_samples.h"

#include <check.h>
#include <string.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0"

static const char *const argv[] = {"systemctl", "restart", "a b", "", "\xff\x01", NULL};
static const char *const env[] = {"LANG=C", "PATH=/usr/bin:/bin", NULL};
static struct gate_content contents[] = {{"manifest", SHA_A, 4096}, {"stdin", SHA_B, UINT64_MAX}};

struct gate_exec gate_sample_exec(void)
{
	return (struct gate_exec){.path = "/usr/bin/systemctl",
		.argv = argv,
		.env = env,
		.cwd = "/root",
		.runas = "root",
		.stdin_kind = GATE_STDIN_BOUND,
		.contents = contents,
		.content_count = 2,
		.is_trusted = true};
}

struct gate_request gate_sample_request(void)
{
	return (struct gate_request){.kind = GATE_DECIDE,
		.request_id = "0192f0c1-7c3a-7000-8000-000000000001",
		.nonce = "00112233445566778899aabbccddeeff",
		.source = "terminal",
		.change = "CHG-7",
		.step = 2,
		.actor_uid = 1000,
		.actor_user = "alice",
		.session = "s1",
		.tty = "pts/0",
		.parent_run = "RUN-1",
		.is_strict = true,
		.typed_key = "key",
		.exec = gate_sample_exec()};
}

struct gate_verdict gate_sample_verdict(void)
{
	struct gate_verdict verdict = {.verdict = GATE_ALLOW,
		.reason = "ok_grant",
		.message = "CHG-7 step 2: allowed\nand recorded",
		.nonce = "00112233445566778899aabbccddeeff",
		.decision = "DEC-12",
		.change = "CHG-7",
		.step = 2,
		.grant = "G1",
		.run = "R1",
		.must = GATE_MUST_RECORD | GATE_MUST_PARENT,
		.lease_s = 60,
		.kill_at_us = INT64_MIN,
		.expires_at_us = INT64_MAX,
		.detail = "{\"schema\":1}",
		.is_signed = true};

	memset(verdict.signature, 0x5A, sizeof(verdict.signature));
	return verdict;
}

static int encode_sample(size_t index, struct buf *out, struct error *err)
{
	struct gate_request request = gate_sample_request();
	struct gate_verdict verdict = gate_sample_verdict();

	switch (index) {
	case 0:
		return gate_encode_request(out, &request, err);
	case 1:
		request.kind = GATE_CHECK;
		return gate_encode_request(out, &request, err);
	case 2:
		return gate_encode_fetch(out, &(struct gate_fetch){"CHG-7", 2, "rollback"}, err);
	case 3:
		return gate_encode_heartbeat(out, &(struct gate_heartbeat){"R1"}, err);
	case 4:
		return gate_encode_end(out,
			&(struct gate_end){"R1", -1, "/var/lib/r.cast", SHA_A, 123456789012, true},
			err);
	case 5:
		return gate_encode_watch(out, &(struct gate_watch){"R1"}, err);
	case 6:
		return gate_encode_verdict(out, &verdict, err);
	case 7:
		return gate_encode_step(out,
			&(struct gate_step){"CHG-7", 2, "script", gate_sample_exec(), 30}, err);
	case 8:
		return gate_encode_noted(out, err);
	case 9:
		return gate_encode_stop(out, &(struct gate_stop){"R1", "revoked", "by bob"}, err);
	case 10:
		return gate_encode_fault(out, &(struct gate_fault){"nonce", "too short"}, err);
	default:
		verdict.reason = "rule:FS-001";
		verdict.verdict = GATE_DENY;
		verdict.is_signed = false;
		return gate_encode_verdict(out, &verdict, err);
	}
}

void gate_sample_encode(size_t index, struct buf *out)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(encode_sample(index, out, &err) == 0, "%s", err.message);
}
