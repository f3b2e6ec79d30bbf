#include "lib/base/json.h"
#include "plans/plan_rooms.h"

#include <stdlib.h>
#include <string.h>

static json_t *person_out(struct store_tx *tx, const char *person_id)
{
	json_t *object = json_object();
	struct error ignored = ERROR_INIT;
	char name[128];

	json_set_text(object, "id", person_id);
	json_set_text(object, "name",
		people_name(tx, person_id, name, sizeof(name), &ignored) < 0 ? person_id : name);
	return object;
}

static void set_manifest_text(json_t *object, const json_t *manifest, const char *field)
{
	json_set_text(object, field, json_string_value(json_object_get(manifest, field)));
}

static void set_approval(struct store_tx *tx, struct arena *arena,
	const struct plan_version *version, json_t *object)
{
	struct approval_request *request;
	struct error none = ERROR_INIT;
	char subject[PLAN_SUBJECT_SIZE];
	const char *note;

	plan_subject(version->plan, version->number, subject);
	if (approval_find(tx, arena, PLAN_APPROVAL_SUBJECT, subject, version->digest, &request,
		    &none) < 0)
		return;
	json_set_text(object, "approval", request->id);
	json_set_text(object, "class", approval_class_word(request->approval_class));
	note = approval_note(tx, arena, request, &none);
	if (note && *note && version->state == PLAN_IN_REVIEW)
		json_set_text(object, "note", note);
}

json_t *plan_version_json(struct store_tx *tx, struct arena *arena,
	const struct plan_version *version, bool with_text)
{
	json_t *object = json_object(), *manifest = plan_manifest(arena, version), *modules = NULL;
	struct error ignored = ERROR_INIT;

	json_set_text(object, "id", version->id);
	json_set_text(object, "plan", version->plan);
	json_set_int(object, "number", version->number);
	json_set_text(object, "digest", version->digest);
	json_set_text(object, "file", version->file);
	json_set_text(object, "state", plan_version_state_word(version->state));
	json_set_text(object, "state_reason", version->state_reason);
	set_manifest_text(object, manifest, "summary");
	json_object_set_new(object, "created_by", person_out(tx, version->created_by));
	json_set_time(object, "created_at", version->created_at_us);
	json_set_time(object, "changed_at", version->changed_at_us);
	json_set_int(object, "version", version->version);
	set_approval(tx, arena, version, object);
	if (!with_text)
		return object;
	json_object_set(object, "manifest", manifest);
	json_set_text(object, "script", version->script);
	if (json_parse(version->modules, strlen(version->modules), JSON_DEPTH_MAX, &modules,
		    &ignored) >= 0)
		json_object_set_new(object, "modules", modules);
	return object;
}

static const struct plan_version *find_active(struct plan_version **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i]->state == PLAN_ACTIVE)
			return list[i];
	return NULL;
}

int plan_json(struct store_tx *tx, struct arena *arena, const char *plan, bool with_versions,
	json_t **ret, struct error *err)
{
	const struct plan_version *active;
	struct plan_version **list, *newest;
	json_t *object, *manifest, *versions;
	size_t count;
	int rc = plan_store_list(tx, arena, plan, NULL, &list, &count, err);

	if (rc < 0)
		return rc;
	if (!count)
		return plan_version_get(tx, arena, plan, 1, &newest, err);
	active = find_active(list, count);
	manifest = plan_manifest(arena, active ? active : list[0]);
	object = json_object();
	json_set_text(object, "name", plan);
	set_manifest_text(object, manifest, "kind");
	set_manifest_text(object, manifest, "summary");
	set_manifest_text(object, manifest, "owner");
	set_manifest_text(object, manifest, "runbook");
	if (active)
		json_set_int(object, "active", active->number);
	json_set_int(object, "newest", list[0]->number);
	json_set_text(object, "newest_state", plan_version_state_word(list[0]->state));
	if (with_versions) {
		versions = json_array();
		for (size_t i = 0; i < count; i++)
			json_array_append_new(
				versions, plan_version_json(tx, arena, list[i], false));
		json_object_set_new(object, "versions", versions);
		json_object_set(object, "manifest", manifest);
	}
	*ret = object;
	return 0;
}

/* In the order of plan_version_crosscheck.terms (plan_verify.c). */
const char *plan_terms(struct arena *arena, const struct plan_version *version)
{
	const char *const values[] = {
		version->id,
		version->manifest,
		version->created_by,
		arena_format(arena, "%lld", (long long)version->created_at_us),
	};

	return audit_terms(arena, values, sizeof(values) / sizeof(values[0]));
}
