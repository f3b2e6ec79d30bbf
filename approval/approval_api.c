#include "approval/approval_api.h"

#include "approval/approval_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

static void handle_list(struct request *req);
static void handle_show(struct request *req);
static void handle_approve(struct request *req);
static void handle_reject(struct request *req);

/* Whoever is somebody may look and try: the room answers with the exact reason. */
static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/approvals", ROLE_ANY, 0, 0, handle_list, {{0}},
		{{"state", PARAM_WORD, 0, 0, "PENDING APPROVED REJECTED EXPIRED VOID USED"},
			{"mine", PARAM_BOOL, 0, 0, "true: only those that you may decide now"}},
		"The newest approvals", NULL, {"200 ApprovalList"}},
	{ROUTE_GET, "/api/v1/approvals/{id}", ROLE_ANY, 0, ROUTE_ETAG, handle_show,
		{{"id", PARAM_ID, 0, 0, "the approval"}}, {{0}},
		"One approval with its levels and decisions", NULL, {"200 Approval"}},
	{ROUTE_POST, "/api/v1/approvals/{id}/approve", ROLE_ANY, 8192, ROUTE_ETAG | ROUTE_IF_MATCH,
		handle_approve, {{"id", PARAM_ID, 0, 0, "the approval"}}, {{0}},
		"Approve what the digest names", "Decision", {"200 Approval"}},
	{ROUTE_POST, "/api/v1/approvals/{id}/reject", ROLE_ANY, 8192, ROUTE_ETAG | ROUTE_IF_MATCH,
		handle_reject, {{"id", PARAM_ID, 0, 0, "the approval"}}, {{0}},
		"Reject it, with a reason", "Decision", {"200 Approval"}},
	{ROUTE_GET, "/api/v1/delegations", ROLE_ANY, 0, 0, delegation_api_list, {{0}},
		{{"mine", PARAM_BOOL, 0, 0, "true: only those of you or to you"},
			{"now", PARAM_BOOL, 0, 0, "true: only those that stand now"}},
		"Who decides in whose place, the newest first", NULL, {"200 DelegationList"}},
	{ROUTE_POST, "/api/v1/delegations", ROLE_ANY, 8192, ROUTE_ETAG, delegation_api_add, {{0}},
		{{0}}, "Let another person decide approvals in your place, for a time",
		"DelegationAdd", {"201 Delegation"}},
	{ROUTE_GET, "/api/v1/delegations/{id}", ROLE_ANY, 0, ROUTE_ETAG, delegation_api_show,
		{{"id", PARAM_ID, 0, 0, "the delegation"}}, {{0}}, "One delegation", NULL,
		{"200 Delegation"}},
	{ROUTE_POST, "/api/v1/delegations/{id}/withdraw", ROLE_ANY, 0, ROUTE_ETAG | ROUTE_IF_MATCH,
		delegation_api_withdraw, {{"id", PARAM_ID, 0, 0, "the delegation"}}, {{0}},
		"Withdraw it: what was decided by it and is not used yet counts no more", NULL,
		{"200 Delegation"}},
};

struct route_table approval_routes(struct approvals *approvals)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), approvals};
}

static bool is_mine(struct request *req, const struct approval_request *request)
{
	const struct approval_voter voter = {.principal = request_principal(req)};
	struct error why = ERROR_INIT;
	json_t *places;
	bool has_places;
	size_t level;

	if (approval_may_decide(request_reader(req), request_arena(req), request, &voter,
		    APPROVAL_APPROVE, request_now_us(req), &level, &why) >= 0)
		return true;
	if (approval_list_places(request_reader(req), request_arena(req), request,
		    request_principal(req), request_now_us(req), &places, &why) < 0)
		return false;
	has_places = json_array_size(places) > 0;
	json_decref(places);
	return has_places;
}

static int add_all(struct request *req, struct approval_request **list, size_t count, json_t *items)
{
	bool mine = request_bool(req, "mine", false);
	json_t *object;
	int rc;

	for (size_t i = 0; i < count; i++) {
		if (mine && !is_mine(req, list[i]))
			continue;
		rc = approval_json(request_reader(req), request_arena(req), list[i],
			request_principal(req), &object, request_error(req));
		if (rc < 0)
			return rc;
		json_array_append_new(items, object);
	}
	return 0;
}

static void handle_list(struct request *req)
{
	const char *state = request_text(req, "state");
	struct approval_request **list;
	json_t *items;
	size_t count;

	if (!state && request_bool(req, "mine", false))
		state = approval_state_word(APPROVAL_PENDING);
	if (approval_store_list(request_reader(req), request_arena(req), state, &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	if (add_all(req, list, count, items) < 0) {
		json_decref(items);
		request_fail(req);
		return;
	}
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static void reply_one(struct request *req, const char *id)
{
	struct approval_request *request;
	json_t *object;

	if (approval_store_get(request_reader(req), request_arena(req), id, &request,
		    request_error(req)) < 0 ||
		approval_json(request_reader(req), request_arena(req), request,
			request_principal(req), &object, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	request_set_version(req, request->version);
	request_reply_json(req, 200, object);
}

static void handle_show(struct request *req)
{
	reply_one(req, request_text(req, "id"));
}

static int ask_decide(struct store_tx *tx, void *arg, struct error *err)
{
	return approval_decide(tx, arg, err);
}

static void tell_decided(struct request *req, void *arg)
{
	const struct approval_decide *decide = arg;

	reply_one(req, decide->approval_id);
}

static int take_decide(struct request *req, struct approval_decide *decide)
{
	static const char *const fields[] = {"digest", "reason", "on_behalf_of", NULL};
	const json_t *body = request_json(req);
	struct error *err = request_error(req);
	int rc;

	decide->approval_id = request_text(req, "id");
	decide->principal = request_principal(req);
	decide->approvals = request_context(req);
	decide->at_us = request_now_us(req);
	id_new(decide->decision_id);
	id_new(decide->notify_id);
	decide->if_version = request_if_match(req);
	if ((rc = json_check_keys(body, fields, err)) < 0 ||
		(rc = json_get_digest(body, "digest", true, &decide->digest, err)) < 0)
		return rc;
	if ((rc = json_get_text(body, "on_behalf_of", false, &decide->on_behalf_of, err)) < 0)
		return rc;
	return json_get_text(body, "reason", false, &decide->reason, err);
}

static void decide(struct request *req, enum approval_decision decision)
{
	struct approval_decide *decide = request_alloc(req, sizeof(*decide));

	decide->decision = decision;
	if (take_decide(req, decide) < 0)
		request_fail(req);
	else
		request_write(req, ask_decide, tell_decided, decide);
}

static void handle_approve(struct request *req)
{
	decide(req, APPROVAL_APPROVE);
}

static void handle_reject(struct request *req)
{
	decide(req, APPROVAL_REJECT);
}
