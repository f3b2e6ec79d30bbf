#include "incidents/incident_rooms.h"
#include "lib/base/json.h"

json_t *incident_json(const struct incident *incident)
{
	json_t *object = json_object();

	json_set_text(object, "name", incident->name);
	json_set_text(object, "title", incident->title);
	json_set_text(object, "state", incident->closed_at_us ? "closed" : "open");
	json_set_int(object, "severity", incident->severity);
	json_set_text(object, "environment", incident->environment);
	json_set_text(object, "service", incident->service);
	json_set_text(object, "opened_by", incident->opened_by);
	json_set_time(object, "opened_at", incident->opened_at_us);
	json_set_text(object, "closed_by", incident->closed_by);
	json_set_time(object, "closed_at", incident->closed_at_us);
	json_set_text(object, "finding", incident->finding);
	json_set_int(object, "version", incident->version);
	return object;
}

json_t *incident_link_json(const struct incident_link *link)
{
	json_t *object = json_object();

	json_set_text(object, "kind", link->kind);
	json_set_text(object, "reference", link->reference);
	json_set_text(object, "note", link->note);
	json_set_text(object, "linked_by", link->linked_by);
	json_set_time(object, "linked_at", link->linked_at_us);
	return object;
}
