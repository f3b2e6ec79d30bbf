#include "main/health_cli.h"

static int run_status(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{.verb = "status",
		.summary = "tell whether the daemon runs and what works",
		.help = "Asks /readyz. Ends with 69 when the daemon is away or something does not "
			"work.",
		.run = run_status},
};

const struct cli_verbs health_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static int run_status(struct cli *cli, struct error *err)
{
	static const char *const fields[] = {"version=version", "started=started_at", NULL};
	static const char *const checks[] = {"store=store.detail", "store writable=store.ok",
		"jail=jail.detail", "jail holds=jail.ok", NULL};
	json_t *health = NULL, *ready = NULL;
	int rc = cli_get(cli, "/healthz", &health, err);

	if (rc < 0)
		return rc;
	rc = cli_call(cli,
		&(struct cli_request){.method = "GET", .path = "/readyz", .accepts_503 = true},
		&ready, err);
	if (rc < 0)
		return rc;
	if (cli_is_json(cli)) {
		cli_print_json(cli, ready);
	} else {
		cli_print_fields(cli, health, fields);
		cli_print_fields(cli, json_object_get(ready, "checks"), checks);
	}
	if (json_is_true(json_object_get(ready, "ready")))
		return 0;
	error_set(err, ERROR_UNREACHABLE, "the daemon runs, but is not ready");
	return error_remedy(err, "see its log");
}
