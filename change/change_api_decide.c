/* Approving and rejecting: a refusal that the gate has a word for says that word too. */
#include "change/change_api_rooms.h"
#include "lib/base/json.h"

static int ask_decide(struct store_tx *tx, void *arg, struct error *err)
{
	return change_decide(tx, arg, err);
}

static void tell_decided(struct request *req, void *arg)
{
	change_api_reply(req, 200, ((const struct change_decide *)arg)->act.ret_change);
}

static int ask_reapprove(struct store_tx *tx, void *arg, struct error *err)
{
	return change_reapprove(tx, arg, err);
}

/* What is known to be refused is refused with its word; the closure decides all the same. */
static void decide(struct request *req, struct change_decide *decide, store_ask ask)
{
	enum gate_reason reason =
		change_decide_reason(request_reader(req), request_arena(req), decide);
	int code = reason == REASON_STALE_REVISION  ? ERROR_STALE
		   : reason == REASON_SELF_APPROVAL ? ERROR_FORBIDDEN
						    : 0;

	if (!code) {
		request_write(req, ask, tell_decided, decide);
		return;
	}
	change_refuse_decision(request_error(req), reason, decide->act.name);
	request_fail_with(req, json_pack("{s:s}", "reason", gate_reason_word(reason)));
}

static int take(struct request *req, struct change_decide *ret, bool required)
{
	static const char *const keys[] = {"reason", "on_behalf_of", NULL};
	const json_t *body = request_json(req);
	struct error *err = request_error(req);
	int rc;

	change_api_fill_act(req, &ret->act);
	ret->act.if_version = -1;
	id_new(ret->decision_id);
	if (!body && !required)
		return 0;
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "on_behalf_of", false, &ret->on_behalf_of, err)) < 0)
		return rc;
	return json_get_text(body, "reason", required, &ret->reason, err);
}

void change_api_approve(struct request *req)
{
	struct change_decide *approve = request_alloc(req, sizeof(*approve));

	approve->decision = APPROVAL_APPROVE;
	approve->revision_digest = request_if_digest(req);
	if (take(req, approve, false) < 0)
		request_fail(req);
	else
		decide(req, approve, ask_decide);
}

void change_api_reapprove(struct request *req)
{
	struct change_decide *again = request_alloc(req, sizeof(*again));

	again->decision = APPROVAL_APPROVE;
	again->revision_digest = request_if_digest(req);
	change_api_fill_act(req, &again->act);
	again->act.if_version = -1;
	id_new(again->decision_id);
	decide(req, again, ask_reapprove);
}

void change_api_reject(struct request *req)
{
	struct change_decide *reject = request_alloc(req, sizeof(*reject));

	reject->decision = APPROVAL_REJECT;
	if (take(req, reject, true) < 0)
		request_fail(req);
	else
		decide(req, reject, ask_decide);
}
