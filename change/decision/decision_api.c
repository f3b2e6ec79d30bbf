#include "change/decision/decision_api.h"

#include "change/decision/decision_rooms.h"
#include "change/decision/gate_local.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

static void post_decide(struct request *req);
static void post_check(struct request *req);
static void show_explain(struct request *req);
static void show_throttle(struct request *req);
static void show_key(struct request *req);

#define MAY_CHECK (ROLE_AGENT | ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN)

static const struct route routes[] = {
	{ROUTE_POST, "/api/v1/gate/decide", ROLE_AGENT, DECISION_BODY_MAX, ROUTE_NO_KEY,
		post_decide, {{0}}, {{0}},
		"May this run now? The same request_id and body has the same answer while it is "
		"good",
		"GateQuestion", {"200 GateAnswer", "422 Problem"}},
	{ROUTE_POST, "/api/v1/gate/check", MAY_CHECK, DECISION_BODY_MAX, ROUTE_NO_KEY, post_check,
		{{0}}, {{0}}, "What would be answered; nothing is taken and nothing is kept",
		"GateQuestion", {"200 GateAnswer"}},
	{ROUTE_GET, "/api/v1/gate/decisions/{id}/explain", ROLE_ANY, 0, 0, show_explain,
		{{"id", PARAM_NAME, 0, 0, "DEC- and a number"}}, {{0}},
		"A decision computed again out of what was stored, and whether it is the same",
		NULL, {"200 GateExplained"}},
	/* Whoever throttles by it (gh-ost) sends no token; it is told a status and no more. */
	{ROUTE_GET, "/api/v1/gate/throttle/{change}", 0, 0, 0, show_throttle,
		{{"change", PARAM_NAME, 0, 0, "CHG- and a number"}}, {{0}},
		"200 while the change may go on, else 429: anything but 200 is a pause", NULL,
		{"200 GateThrottle", "429 Problem"}},
	{ROUTE_GET, "/api/v1/gate/key", ROLE_ANY, 0, 0, show_key, {{0}}, {{0}},
		"The public key that answers are signed with", NULL, {"200 GateKey"}},
};

struct route_table gate_routes(struct gate_api *api)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), api};
}

/* --- asking --- */

struct asked {
	struct request *req;
	struct decision_question question;
	char asker[80], key_person[ID_SIZE];
};

/* What a host's gate forwards is of an account there; what a platform asks is its own. */
static bool is_of_host(const struct decision_question *question)
{
	static const char *const sources[] = {"terminal", "sudo", "ssh", NULL};

	for (const char *const *source = sources; *source; source++)
		if (!strcmp(*source, question->request.source))
			return true;
	return false;
}

static int find_person(struct request *req, struct decision_question *question,
	const struct decision_body *body, struct error *err)
{
	const struct principal *principal = request_principal(req);
	struct target *target = NULL;

	if (!(principal->roles & ROLE_AGENT) || !is_of_host(question)) {
		memcpy(question->person_id, principal->person_id, ID_SIZE);
		return 0;
	}
	(void)target_find_identity(
		request_reader(req), request_arena(req), body->target_id, &target, NULL);
	question->target = target ? target->name : "";
	return account_find(request_reader(req), question->target, body->user, body->uid,
		question->person_id, err);
}

static int take(struct request *req, struct asked *asked, enum gate_kind kind)
{
	const struct principal *principal = request_principal(req);
	struct decision_question *question = &asked->question;
	struct gate_api *api = request_context(req);
	struct error *err = request_error(req);
	struct decision_body body;
	int rc = decision_question_parse(
		request_arena(req), request_json(req), question, &body, err);

	if (rc < 0 || (rc = find_person(req, question, &body, err)) < 0)
		return rc;
	asked->req = req;
	question->request.kind = kind;
	question->now_us = request_now_us(req);
	question->actor = principal->actor;
	question->gate = principal->roles & ROLE_AGENT ? principal->person_name : "";
	question->host = *question->target ? question->target : body.machine_id;
	snprintf(asked->asker, sizeof(asked->asker), "%s", principal->actor.id);
	question->asker = asked->asker;
	gate_key_person(api->people, request_arena(req), question->request.typed_key,
		principal->actor.address, question->now_us, asked->key_person);
	question->key_person = asked->key_person;
	return 0;
}

static void on_decided(void *arg, const struct gate_verdict *verdict, const struct error *err)
{
	struct asked *asked = arg;

	if (err) {
		*request_error(asked->req) = *err;
		request_fail(asked->req);
		return;
	}
	request_reply_bytes(
		asked->req, 200, "application/json", verdict->detail, strlen(verdict->detail));
}

static void ask(struct request *req, enum gate_kind kind)
{
	struct asked *asked = request_alloc(req, sizeof(*asked));
	struct gate_api *api = request_context(req);

	if (take(req, asked, kind) < 0) {
		request_fail(req);
		return;
	}
	request_hold(req);
	if (decision_ask(api->decisions, &asked->question, on_decided, asked, request_error(req)) <
		0)
		request_fail(req);
}

static void post_decide(struct request *req)
{
	ask(req, GATE_DECIDE);
}

static void post_check(struct request *req)
{
	ask(req, GATE_CHECK);
}

/* --- looking --- */

static void show_explain(struct request *req)
{
	json_t *explained;

	if (decision_explain(request_reader(req), request_arena(req), request_text(req, "id"),
		    &explained, request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, explained);
}

static void show_throttle(struct request *req)
{
	const char *why = "";

	if (decision_may_go_on(request_reader(req), request_arena(req), request_text(req, "change"),
		    request_now_us(req), &why, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	if (!*why) {
		request_reply_json(req, 200, json_pack("{s:b}", "may_go_on", 1));
		return;
	}
	error_set(request_error(req), ERROR_TOO_MANY, "pause: %s", why);
	request_fail(req);
}

static void show_key(struct request *req)
{
	struct gate_api *api = request_context(req);
	json_t *object;

	if (!api->key) {
		error_set(request_error(req), ERROR_NOT_FOUND, "answers are not signed here");
		error_remedy(request_error(req), "set gate-key: file:/path");
		request_fail(req);
		return;
	}
	object = json_object();
	json_set_text(object, "algorithm", "Ed25519");
	json_set_text(object, "public_key", gate_key_public(api->key));
	request_reply_json(req, 200, object);
}
