/* Lists the verbs of rcm-client: what an engineer does about changes that needs the daemon. */
#include "approval/approval_cli.h"
#include "audit/audit_cli.h"
#include "calendar/calendar_cli.h"
#include "change/change_cli.h"
#include "change/decision/decision_cli.h"
#include "change/emergency/emergency_cli.h"
#include "change/object/object_cli.h"
#include "change/risk/risk_cli.h"
#include "change/template/template_cli.h"
#include "incidents/incident_cli.h"
#include "inventory/target_cli.h"
#include "lib/cli/cli.h"
#include "people/people_cli.h"

#include <string.h>

/* What a shell offers where these places of arguments stand. */
static const struct cli_names names[] = {
	{NULL, "CHANGE", "/api/v1/changes", "name", "title"},
	{"approval", "ID", "/api/v1/approvals", "id", "state"},
	{"delegation", "ID", "/api/v1/delegations?now=true", "id", "from"},
	{"delegation", "PERSON", "/api/v1/persons", "name", "team"},
	{"--on-behalf-of", "PERSON", "/api/v1/persons", "name", "team"},
	{"target", "NAME", "/api/v1/targets", "name", "kind"},
	{"person", "NAME", "/api/v1/persons", "name", "team"},
	{"--executor", "PERSON", "/api/v1/persons", "name", "team"},
	{"emergency", "NAME", "/api/v1/emergencies", "name", "state"},
	{"follow-up", "EMERGENCY", "/api/v1/follow-ups?open=true", "emergency", "state"},
	{"account", "HOST", "/api/v1/targets", "name", "kind"},
	{"account", "PERSON", "/api/v1/persons", "name", "team"},
	{"run", "RUN", "/api/v1/gate/runs", "id", "line"},
	{"rules", "RULE", "/api/v1/rules", "id", "title"},
};

static const char *const pages[] = {"rcm 1", "redbuttond 8"};

/* People type rcm, which execs this program for verbs that are not its own. */
static const char *called(const char *name)
{
	const char *slash = name ? strrchr(name, '/') : NULL;

	if (slash)
		name = slash + 1;
	return name && !strcmp(name, "rcm-client") ? "rcm-client" : "rcm";
}

int main(int argc, char **argv)
{
	const struct cli_verbs groups[] = {
		change_filing_verbs,
		change_verbs,
		change_run_verbs,
		decision_verbs,
		risk_verbs,
		emergency_verbs,
		template_verbs,
		approval_verbs,
		delegation_verbs,
		incident_verbs,
		calendar_verbs,
		object_verbs,
		target_verbs,
		people_verbs,
		token_verbs,
		audit_verbs,
	};
	const struct cli_program rcm = {
		.name = called(argv[0]),
		.summary =
			"changes of production by hand: filed, checked, approved, run as approved",
		.groups = groups,
		.group_count = sizeof(groups) / sizeof(groups[0]),
		.names = names,
		.name_count = sizeof(names) / sizeof(names[0]),
		.pages = pages,
		.page_count = sizeof(pages) / sizeof(pages[0]),
	};

	return cli_main(&rcm, argc, argv);
}
