/* An answer as an object, what it says as a verdict, and its two signatures. */
#include "change/decision/decision_rooms.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL

/* bit, word */
static const struct {
	uint32_t bit;
	const char *word;
} obligations[] = {
	{GATE_MUST_RECORD, "record"},
	{GATE_MUST_SEAL, "run_from_memfd"},
	{GATE_MUST_MASK, "mask"},
	{GATE_MUST_PARENT, "parent"},
	{GATE_MUST_NULL_INPUT, "null_input"},
	{GATE_WANTS_KEY, "second_key"},
};
#define OBLIGATION_COUNT (sizeof(obligations) / sizeof(obligations[0]))

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- building --- */

static json_t *obligations_json(const struct decision_outcome *outcome)
{
	json_t *list = json_array();

	for (size_t i = 0; i < OBLIGATION_COUNT; i++)
		if (outcome->must & obligations[i].bit)
			json_array_append_new(list, json_string(obligations[i].word));
	return list;
}

static json_t *findings_json(const json_t *facts)
{
	static const char *const places[][2] = {{"rules", "added"}, {"emergency", "hard"},
		{"emergency", "owed"}, {"outlook", "findings"}};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		json_array_extend(
			list, json_object_get(json_object_get(facts, places[i][0]), places[i][1]));
	return list;
}

/* Of a check: the score of its findings, and who would have to approve it. */
static void set_outlook(json_t *object, const json_t *outlook)
{
	static const char *const members[] = {"score", "approvals_needed"};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (json_object_get(outlook, members[i]))
			json_object_set(object, members[i], json_object_get(outlook, members[i]));
}

static json_t *effect_json(const json_t *impact)
{
	json_t *effect = json_object();

	json_set_text(effect, "verb", text_of(impact, "verb"));
	json_set_text(effect, "object", text_of(impact, "object"));
	json_set_text(effect, "mode", text_of(impact, "mode"));
	json_set_text(effect, "proof",
		strcmp(text_of(impact, "proof"), "unproved") ? "proven" : "unproved");
	return effect;
}

static json_t *effects_json(const struct decision_analysis *analysis)
{
	json_t *list = json_array();
	const json_t *command, *impact;
	size_t i, j;

	json_array_foreach (analysis ? analysis->commands : NULL, i, command)
		json_array_foreach (json_object_get(command, "impacts"), j, impact)
			json_array_append_new(list, effect_json(impact));
	return list;
}

static json_t *window_json(const json_t *facts)
{
	const json_t *calendar = json_object_get(facts, "calendar");
	json_t *window = json_object();

	json_set_text(window, "state",
		json_is_true(json_object_get(calendar, "open")) ? "open" : "closed");
	json_set_time(window, "next_transition",
		json_integer_value(json_object_get(calendar, "next_us")));
	return window;
}

static json_t *conflicts_json(const json_t *facts)
{
	json_t *list = json_array();
	const json_t *conflict;
	size_t i;

	json_array_foreach (json_object_get(facts, "conflicts"), i, conflict) {
		json_t *one = json_object();

		json_set_text(one, "change", text_of(conflict, "change"));
		json_set_text(one, "object", text_of(conflict, "key"));
		json_set_time(
			one, "until", json_integer_value(json_object_get(conflict, "until_us")));
		json_array_append_new(list, one);
	}
	return list;
}

json_t *decision_answer_json(struct arena *arena, const struct decision_answer *answer)
{
	const struct decision_outcome *outcome = answer->outcome;
	const json_t *facts = answer->facts, *core = answer->core;
	json_t *object = json_object();

	json_set_text(object, "decision_id", answer->decision);
	json_set_text(object, "request_id", answer->request_id);
	json_set_text(object, "nonce", answer->nonce);
	json_set_text(object, "verdict", text_of(core, "verdict"));
	json_set_text(object, "reason", decision_reason_text(arena, outcome));
	json_set_text(object, "message", outcome->message);
	json_set_int(object, "exit_code", gate_reason_exit(outcome->reason));
	json_set_text(object, "change", text_of(core, "change"));
	json_set_int(object, "step", json_integer_value(json_object_get(core, "step")));
	json_set_text(object, "grant_id", text_of(core, "grant"));
	json_set_text(object, "run", answer->run);
	json_object_set_new(object, "lease",
		json_pack("{s:i}", "ttl_s", *answer->run ? (int)(GRANT_LEASE_US / 1000000) : 0));
	json_object_set_new(object, "obligations", obligations_json(outcome));
	json_set_time(object, "kill_at", outcome->kill_at_us);
	json_object_set_new(object, "findings", findings_json(facts));
	set_outlook(object, json_object_get(facts, "outlook"));
	json_object_set_new(object, "effects", effects_json(answer->analysis));
	if (json_object_get(facts, "calendar"))
		json_object_set_new(object, "window", window_json(facts));
	json_object_set_new(object, "conflicts", conflicts_json(facts));
	json_set_text(object, "policy_rev", answer->policy_rev);
	json_set_time(object, "server_ts", answer->now_us);
	json_set_time(object, "expires_at", answer->expires_at_us);
	return object;
}

/* --- reading --- */

/* The same answer is the same bytes, told now or again. */
static const char *canonical_text(struct arena *arena, const json_t *answer)
{
	struct buf bytes = BUF_INIT;
	const char *text = "{}";

	if (canonical_add(&bytes, answer, NULL) >= 0)
		text = arena_text(arena, buf_text(&bytes));
	buf_done(&bytes);
	return text;
}

static int take_signature(
	const json_t *answer, const char *key, uint8_t ret[static GATE_SIGNATURE_BYTES])
{
	const char *text = text_of(answer, key);
	size_t length = 0;

	if (sodium_base642bin(ret, GATE_SIGNATURE_BYTES, text, strlen(text), NULL, &length, NULL,
		    BASE64) < 0 ||
		length != GATE_SIGNATURE_BYTES)
		return ERROR_TAMPERED;
	return 0;
}

static int take_time(
	const json_t *answer, const char *key, bool is_required, int64_t *ret, struct error *err)
{
	const char *text = NULL;
	int rc = json_get_text(answer, key, is_required, &text, err);

	*ret = 0;
	if (rc < 0 || !text)
		return rc;
	return time_parse(key, text, ret, err);
}

static int take_must(const json_t *answer, uint32_t *ret, struct error *err)
{
	json_t *list = NULL;
	const json_t *word;
	size_t i, j;
	int rc = json_get_array(answer, "obligations", true, &list, err);

	if (rc < 0)
		return rc;
	*ret = 0;
	json_array_foreach (list, i, word) {
		const char *text = json_string_value(word);

		for (j = 0; text && j < OBLIGATION_COUNT; j++)
			if (!strcmp(obligations[j].word, text))
				break;
		/* What this program does not know it cannot do. */
		if (!text || j == OBLIGATION_COUNT) {
			error_set(err, ERROR_INVALID, "an obligation that is not known here");
			return error_field(err, "obligations");
		}
		*ret |= obligations[j].bit;
	}
	return 0;
}

static int take_reason(const json_t *answer, struct gate_verdict *ret, struct error *err)
{
	enum gate_reason reason;
	const char *verdict = NULL;
	int rc;

	if ((rc = json_get_text(answer, "verdict", true, &verdict, err)) < 0 ||
		(rc = json_get_text(answer, "reason", true, &ret->reason, err)) < 0)
		return rc;
	if (!gate_verdict_parse(verdict, &ret->verdict) ||
		!gate_reason_parse(ret->reason, &reason) ||
		gate_reason_verdict(reason) != ret->verdict) {
		error_set(err, ERROR_INVALID, "verdict and reason do not fit");
		return error_field(err, "verdict");
	}
	return 0;
}

int decision_verdict_parse(
	struct arena *arena, const json_t *answer, struct gate_verdict *ret, struct error *err)
{
	const char *nonce = NULL;
	json_t *lease = NULL;
	int64_t step = 0, ttl_s = 0;
	int rc;

	*ret = (struct gate_verdict){
		.message = "", .decision = "", .change = "", .grant = "", .run = ""};
	if ((rc = take_reason(answer, ret, err)) < 0 ||
		(rc = json_get_text(answer, "message", true, &ret->message, err)) < 0 ||
		(rc = json_get_text(answer, "nonce", true, &nonce, err)) < 0 ||
		(rc = json_get_text(answer, "decision_id", true, &ret->decision, err)) < 0 ||
		(rc = json_get_text(answer, "change", true, &ret->change, err)) < 0 ||
		(rc = json_get_int(answer, "step", true, 0, UINT32_MAX, &step, err)) < 0 ||
		(rc = json_get_text(answer, "grant_id", true, &ret->grant, err)) < 0 ||
		(rc = json_get_text(answer, "run", true, &ret->run, err)) < 0 ||
		(rc = json_get_object(answer, "lease", true, &lease, err)) < 0 ||
		(rc = json_get_int(lease, "ttl_s", true, 0, 86400, &ttl_s, err)) < 0 ||
		(rc = take_must(answer, &ret->must, err)) < 0 ||
		(rc = take_time(answer, "kill_at", false, &ret->kill_at_us, err)) < 0 ||
		(rc = take_time(answer, "expires_at", true, &ret->expires_at_us, err)) < 0)
		return rc;
	if (strlen(nonce) != GATE_NONCE_SIZE - 1) {
		error_set(err, ERROR_INVALID, "the nonce is another");
		return error_field(err, "nonce");
	}
	memcpy(ret->nonce, nonce, GATE_NONCE_SIZE);
	ret->step = (uint32_t)step;
	ret->lease_s = (uint32_t)ttl_s;
	ret->is_signed = take_signature(answer, "attestation", ret->signature) == 0;
	ret->detail = canonical_text(arena, answer);
	return 0;
}

/* --- signatures --- */

static int request_digest(const struct gate_request *request, struct digest *ret, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int rc = gate_encode_request(&bytes, request, err);

	if (rc >= 0)
		digest_of(bytes.bytes, bytes.length, ret);
	buf_done(&bytes);
	return rc;
}

static int attest(const struct gate_request *request, const struct gate_verdict *verdict,
	struct buf *ret, struct error *err)
{
	struct digest digest;
	int rc = request_digest(request, &digest, err);

	return rc < 0 ? rc : gate_attest_bytes(ret, verdict, digest.bytes, err);
}

static void set_signature(json_t *answer, const char *key, const uint8_t *signature)
{
	char text[128];

	sodium_bin2base64(text, sizeof(text), signature, GATE_SIGNATURE_BYTES, BASE64);
	json_set_text(answer, key, text);
}

void decision_sign(struct arena *arena, const struct gate_key *key,
	const struct gate_request *request, json_t *answer, struct gate_verdict *verdict)
{
	struct buf bytes = BUF_INIT;
	uint8_t whole[GATE_SIGNATURE_BYTES];

	if (!key || attest(request, verdict, &bytes, NULL) < 0) {
		buf_done(&bytes);
		return;
	}
	gate_key_sign(key, bytes.bytes, bytes.length, verdict->signature);
	verdict->is_signed = true;
	set_signature(answer, "attestation", verdict->signature);
	buf_clear(&bytes);
	if (canonical_add(&bytes, answer, NULL) >= 0) {
		gate_key_sign(key, bytes.bytes, bytes.length, whole);
		set_signature(answer, "sig", whole);
	}
	verdict->detail = canonical_text(arena, answer);
	buf_done(&bytes);
}

static int check_whole(const char *public_key, const json_t *answer, struct error *err)
{
	uint8_t signature[GATE_SIGNATURE_BYTES];
	struct buf bytes = BUF_INIT;
	json_t *bare = json_copy((json_t *)answer);
	bool is_good = take_signature(answer, "sig", signature) == 0;

	json_object_del(bare, "sig");
	is_good = is_good && canonical_add(&bytes, bare, NULL) >= 0 &&
		  gate_key_check(public_key, bytes.bytes, bytes.length, signature);
	json_decref(bare);
	buf_done(&bytes);
	return is_good ? 0 : error_set(err, ERROR_TAMPERED, "the answer's signature is not good");
}

int decision_check_signature(struct arena *arena, const char *public_key,
	const struct gate_request *request, const json_t *answer,
	const struct gate_verdict *verdict, struct error *err)
{
	uint8_t signature[GATE_SIGNATURE_BYTES];
	struct buf bytes = BUF_INIT;
	int rc = check_whole(public_key, answer, err);

	(void)arena;
	if (rc < 0)
		return rc;
	rc = attest(request, verdict, &bytes, err);
	if (rc >= 0 && (take_signature(answer, "attestation", signature) < 0 ||
			       !gate_key_check(public_key, bytes.bytes, bytes.length, signature)))
		rc = error_set(err, ERROR_TAMPERED, "the answer's attestation is not good");
	buf_done(&bytes);
	return rc;
}
