/* A question on its way to the daemon, and whether its answer is believed. */
#include "change/decision/forward_rooms.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <string.h>

static int check_times(const json_t *answer, const struct gate_verdict *verdict,
	enum gate_reason *ret_reason, struct error *err)
{
	int64_t now_us = time_now_us(), server_us = 0;
	const char *text = NULL;

	*ret_reason = REASON_CLOCK_SKEW;
	if (json_get_text(answer, "server_ts", true, &text, err) < 0 ||
		time_parse("server_ts", text, &server_us, err) < 0)
		return err->code;
	if (server_us - now_us > DECISION_SKEW_US || now_us - server_us > DECISION_SKEW_US)
		return error_set(err, ERROR_CONFLICT,
			"the clock of this host and the daemon's differ by %lld seconds",
			(long long)((server_us - now_us) / 1000000));
	*ret_reason = REASON_POLICY_STALE;
	if (verdict->expires_at_us > server_us + DECISION_LIFE_US)
		return error_set(err, ERROR_CONFLICT, "the answer claims to be good for too long");
	/* Between hosts whose clocks differ a little it is the daemon's time that counts. */
	if (verdict->expires_at_us <= server_us ||
		(verdict->verdict == GATE_ALLOW && now_us >= verdict->expires_at_us))
		return error_set(err, ERROR_CONFLICT, "the answer has ended");
	return 0;
}

/* Of this question, by that daemon, now. */
static int check_answer(struct forwarded *asked, const json_t *answer, struct gate_verdict *verdict,
	enum gate_reason *ret_reason, struct error *err)
{
	const struct gate_request *request = &asked->ask->message->request;
	const char *id = json_string_value(json_object_get(answer, "request_id"));
	int rc;

	*ret_reason = REASON_BAD_SIGNATURE;
	if ((rc = decision_verdict_parse(asked->ask->arena, answer, verdict, err)) < 0)
		return rc;
	if (strcmp(verdict->nonce, request->nonce) != 0 || !id ||
		strcmp(id, request->request_id) != 0)
		return error_set(err, ERROR_TAMPERED, "the answer is of another question");
	rc = decision_check_signature(asked->ask->arena, asked->forward->options.public_key,
		request, answer, verdict, err);
	return rc < 0 ? rc : check_times(answer, verdict, ret_reason, err);
}

static void take_answer(struct forwarded *asked, const struct client_response *response)
{
	enum gate_reason reason;
	struct gate_verdict verdict;
	struct error err = ERROR_INIT;
	json_t *answer = NULL;

	if (forward_parse(asked->ask->arena, response, &answer, &err) < 0) {
		forward_deny(asked, REASON_GATE_UNAVAILABLE, "the daemon's answer cannot be read");
		return;
	}
	if (check_answer(asked, answer, &verdict, &reason, &err) < 0) {
		log_warn("gate", "an answer is not believed", "reason", gate_reason_word(reason),
			"error", err.message);
		forward_deny(asked, reason, "%s", err.message);
		return;
	}
	forward_answer(asked, &verdict);
}

static void on_decided(void *arg, const struct client_response *response, const struct error *err)
{
	struct forwarded *asked = arg;

	if (err) {
		if (!forward_glass(asked))
			forward_deny(asked, REASON_GATE_UNAVAILABLE,
				"the daemon cannot be asked: %s\nin need, type the sealed code of "
				"this host",
				err->message);
	} else if (response->status == 200) {
		take_answer(asked, response);
	} else {
		forward_deny(asked,
			response->status == 422 ? REASON_IDEMPOTENCY_CONFLICT
						: REASON_GATE_UNAVAILABLE,
			"the daemon did not decide (%d): %s", response->status,
			forward_problem(asked->ask->arena, response));
	}
}

/* The daemon knows this gate's word alone: a name that is not the uid's does not leave the host. */
static int check_account(const struct gate_ask *ask, struct error *err)
{
	const char *said = ask->message->request.actor_user, *is = gate_ask_account(ask, said);

	if (!strcmp(said, is))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "the account of uid %u is %s here", ask->uid, is);
	return error_field(err, "actor_user");
}

void forward_decide(struct forwarded *asked)
{
	const struct gate_request *request = &asked->ask->message->request;
	struct error err = ERROR_INIT;
	struct forward_call call = {.done = on_decided};

	if (check_account(asked->ask, &err) < 0) {
		gate_answer_fault(asked->ask->exchange, &err);
		return;
	}
	call.path = request->kind == GATE_CHECK ? "/api/v1/gate/check" : "/api/v1/gate/decide";
	call.body = decision_question_json(
		request, "pre", asked->forward->options.identity, asked->asked_at_us);
	if (forward_send_of(asked, &call, &err) < 0)
		forward_deny(asked, REASON_GATE_UNAVAILABLE, "the daemon cannot be asked: %s",
			err.message);
}
