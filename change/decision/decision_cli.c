#include "change/decision/decision_cli.h"

#include "lib/base/json.h"

#include <string.h>

static int gate_explain(struct cli *cli, struct error *err);
static int gate_key(struct cli *cli, struct error *err);
static int account_map(struct cli *cli, struct error *err);
static int account_unmap(struct cli *cli, struct error *err);
static int account_list(struct cli *cli, struct error *err);
static int run_list(struct cli *cli, struct error *err);
static int run_reset(struct cli *cli, struct error *err);
static int run_stop(struct cli *cli, struct error *err);
static int release_list(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"gate", "explain", "DECISION", 1, 1, "Compute a decision again out of what was stored",
		"Says what was decided and why, and ends with 1 when it would not be the same "
		"today: "
		"the row, or the program, has changed.",
		{{0}}, gate_explain},
	{"gate", "key", "", 0, 0, "Print the public key that answers are signed with",
		"Pin it on each production host: redbuttond --gate ... --gate-public-key KEY",
		{{0}}, gate_key},
	{"account", "map", "HOST ACCOUNT PERSON", 3, 3, "Say whose an account on a host is",
		"HOST is the name of its target, or @all for every host. ACCOUNT is a name, or a "
		"uid in "
		"digits. An account that is nobody's runs nothing.",
		{{0}}, account_map},
	{"account", "unmap", "HOST ACCOUNT", 2, 2, "Say that an account is nobody's", NULL, {{0}},
		account_unmap},
	{"account", "list", "", 0, 0, "List whose the accounts of hosts are", NULL, {{0}},
		account_list},
	{"run", "list", "", 0, 0, "List what was run, the newest first", NULL,
		{{"change", "CHANGE", false, false, "only those of this change"},
			{"state", "STATE", false, false, "started, ended, lost or reset"},
			{"limit", "N", false, false, "how many at most"}},
		run_list},
	{"run", "reset", "RUN", 1, 1, "Give the use of a lost run back to its grant",
		"By an approver who did not run it: nobody knows how far a lost run came.",
		{{"reason", "TEXT", true, false, "what is known about it"}}, run_reset},
	{"run", "stop", "RUN", 1, 1, "End what is running under it, on its host",
		"By whoever runs it, an approver or a commander. The command is ended within\n"
		"seconds; its change is then one of which a command failed.",
		{{"reason", "TEXT", true, false, "told to whoever runs it, and kept"}}, run_stop},
	{"release", "list", "", 0, 0, "List releases of other platforms, the newest first", NULL,
		{{"running", NULL, false, false, "only those of which a phase is open"}},
		release_list},
};

const struct cli_verbs decision_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

/* --- the gate --- */

static int gate_explain(struct cli *cli, struct error *err)
{
	static const char *const fields[] = {"decision=decision", "at=at", "verdict=answer.verdict",
		"reason=answer.reason", "message=answer.message", "decided by=computed.check",
		"person=facts.actor.name", "host=facts.target.name", "command=facts.command.line",
		"change=answer.change", "run=answer.run", "rules=rules", "the same today=is_same",
		"proved as then=is_proof_same", NULL};
	json_t *answer;
	int rc = cli_get(cli, cli_path(cli, "/api/v1/gate/decisions/%s/explain", cli_arg(cli, 0)),
		&answer, err);

	if (rc < 0)
		return rc;
	cli_print_fields(cli, answer, fields);
	if (!json_is_true(json_object_get(answer, "is_same")) ||
		!json_is_true(json_object_get(answer, "is_proof_same")))
		cli_end_with(cli, 1);
	return 0;
}

static int gate_key(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/gate/key", &answer, err);

	if (rc < 0)
		return rc;
	if (cli_is_json(cli))
		cli_print_json(cli, answer);
	else
		cli_say(cli, "%s\n", cli_member(cli, answer, "public_key"));
	return 0;
}

/* --- accounts --- */

static const char *account_path(struct cli *cli)
{
	return cli_path(cli, "/api/v1/gate/accounts/%s/%s", cli_arg(cli, 0), cli_arg(cli, 1));
}

static int account_map(struct cli *cli, struct error *err)
{
	static const char *const fields[] = {"host=target", "account=account", "person=person",
		"mapped by=mapped_by", "mapped at=mapped_at", NULL};
	struct cli_request request = {.method = "PUT", .path = account_path(cli)};
	json_t *body = json_object(), *answer;
	int rc;

	json_set_text(body, "person", cli_arg(cli, 2));
	request.body = body;
	rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}

static int account_unmap(struct cli *cli, struct error *err)
{
	struct cli_request request = {.method = "DELETE", .path = account_path(cli)};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc == 0)
		cli_say(cli, "%s on %s is nobody's\n", cli_arg(cli, 1), cli_arg(cli, 0));
	return rc;
}

static int list(struct cli *cli, const char *path, const char *const *columns, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, path, &answer, err);

	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), columns);
	return rc;
}

static int account_list(struct cli *cli, struct error *err)
{
	static const char *const columns[] = {"HOST=target", "ACCOUNT=account", "PERSON=person",
		"BY=mapped_by", "AT=mapped_at", NULL};

	return list(cli, "/api/v1/gate/accounts", columns, err);
}

/* --- runs --- */

static const char *with_query(struct cli *cli, const char *path, const char *flag)
{
	const char *value = cli_flag(cli, flag);

	if (!value)
		return path;
	return arena_format(cli_arena(cli), "%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', flag,
		cli_path(cli, "%s", value));
}

static int run_list(struct cli *cli, struct error *err)
{
	static const char *const columns[] = {"RUN=id", "STATE=state", "CHANGE=change", "STEP=step",
		"PERSON=person", "TARGET=target", "STARTED=started_at", "ENDED=ended_with",
		"COMMAND=line", NULL};
	const char *path = "/api/v1/gate/runs";

	path = with_query(cli, path, "change");
	path = with_query(cli, path, "state");
	return list(cli, with_query(cli, path, "limit"), columns, err);
}

static int act_on_run(struct cli *cli, const char *path, struct error *err)
{
	static const char *const fields[] = {"run=id", "state=state", "change=change", "step=step",
		"person=person", "target=target", "command=line", "must stop=stop_reason", NULL};
	json_t *body = json_object(), *answer;
	int rc;

	json_set_text(body, "reason", cli_flag(cli, "reason"));
	rc = cli_post(cli, path, body, &answer, err);
	json_decref(body);
	if (rc == 0)
		cli_print_fields(cli, answer, fields);
	return rc;
}

static int run_reset(struct cli *cli, struct error *err)
{
	return act_on_run(cli, cli_path(cli, "/api/v1/gate/runs/%s/reset", cli_arg(cli, 0)), err);
}

static int run_stop(struct cli *cli, struct error *err)
{
	return act_on_run(cli, cli_path(cli, "/api/v1/gate/runs/%s/stop", cli_arg(cli, 0)), err);
}

/* --- releases --- */

static int release_list(struct cli *cli, struct error *err)
{
	static const char *const columns[] = {"RELEASE=name", "STATE=state", "PHASE=phase",
		"SERVICE=service", "VERSION=version_to", "PLATFORM=platform", "CHANGED=changed_at",
		NULL};

	return list(cli,
		cli_flag(cli, "running") ? "/api/v1/gate/releases?running=true"
					 : "/api/v1/gate/releases",
		columns, err);
}
