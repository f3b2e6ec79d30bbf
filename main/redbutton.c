/* Lists the verbs of redbutton; each group is a feature's. */
#include "approval/approval_cli.h"
#include "audit/audit_cli.h"
#include "calendar/calendar_cli.h"
#include "change/emergency/emergency_cli.h"
#include "change/object/object_cli.h"
#include "change/risk/risk_cli.h"
#include "change/template/template_cli.h"
#include "executor/execution_cli.h"
#include "incidents/incident_cli.h"
#include "inventory/target_cli.h"
#include "lib/cli/cli.h"
#include "notify/notify_cli.h"
#include "operations/backup_cli.h"
#include "operations/doctor_cli.h"
#include "operations/status_cli.h"
#include "people/people_cli.h"
#include "plans/plan_cli.h"
#include "safety/item_cli.h"

/* What a shell offers where these places of arguments stand; who may not list is offered nothing.
 */
static const struct cli_names names[] = {
	{"plan", "NAME", "/api/v1/plans", "name", "summary"},
	{NULL, "NAME", "/api/v1/plans", "name", "summary"},
	{"--plan", "NAME", "/api/v1/plans", "name", "summary"},
	{"execution", "ID", "/api/v1/executions", "id", "state"},
	{NULL, "EXECUTION", "/api/v1/executions", "id", "state"},
	{"effect", "ITEM", "/api/v1/effects", "id", "key"},
	{"approval", "ID", "/api/v1/approvals", "id", "state"},
	{"delegation", "ID", "/api/v1/delegations?now=true", "id", "from"},
	{"delegation", "PERSON", "/api/v1/persons", "name", "team"},
	{"--on-behalf-of", "PERSON", "/api/v1/persons", "name", "team"},
	{"target", "NAME", "/api/v1/targets", "name", "kind"},
	{"person", "NAME", "/api/v1/persons", "name", "team"},
	{"group", "PERSON", "/api/v1/persons", "name", "team"},
	{"peer", "PERSON", "/api/v1/persons", "name", "team"},
	{"--person", "NAME", "/api/v1/persons", "name", "team"},
	{"group", "GROUP", "/api/v1/groups", "name", NULL},
	{"--group", "NAME", "/api/v1/groups", "name", NULL},
	{"grant", "ID", "/api/v1/grants", "id", "role"},
	{"token", "ID", "/api/v1/tokens", "id", "name"},
	{"peer", "UID", "/api/v1/peers", "uid", "person"},
	{"emergency", "NAME", "/api/v1/emergencies", "name", "state"},
	{"follow-up", "EMERGENCY", "/api/v1/follow-ups?open=true", "emergency", "state"},
	{"template", "NAME", "/api/v1/templates", "name", "summary"},
	{"rules", "RULE", "/api/v1/rules", "id", "title"},
	{"hook", "NAME", "/api/v1/hooks", "name", NULL},
};

static const char *const pages[] = {"redbuttond 8", "redbuttond.conf 5", "redbutton-runner 8"};

int main(int argc, char **argv)
{
	const struct cli_verbs groups[] = {
		plan_verbs,
		preview_verbs,
		execution_verbs,
		item_verbs,
		approval_verbs,
		delegation_verbs,
		audit_verbs,
		target_verbs,
		calendar_verbs,
		incident_verbs,
		risk_verbs,
		emergency_verbs,
		template_verbs,
		object_verbs,
		people_verbs,
		token_verbs,
		notify_verbs,
		status_verbs,
		backup_verbs,
		doctor_verbs,
	};
	const struct cli_note notes[] = {plan_note};
	const struct cli_program redbutton = {
		.name = "redbutton",
		.summary = "mitigations that are prepared, approved and rehearsed, at the press of "
			   "a button",
		.groups = groups,
		.group_count = sizeof(groups) / sizeof(groups[0]),
		.notes = notes,
		.note_count = sizeof(notes) / sizeof(notes[0]),
		.names = names,
		.name_count = sizeof(names) / sizeof(names[0]),
		.pages = pages,
		.page_count = sizeof(pages) / sizeof(pages[0]),
	};

	return cli_main(&redbutton, argc, argv);
}
