/* Filing a change and editing it: each makes a revision. */
#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "change/template/template.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A body that was filed, completed, parsed, in its canonical bytes. */
struct draft {
	struct revision *revision;
	json_t *body;
	struct change_revision row;
};

static int check_title(const char *title, struct error *err)
{
	int rc = text_check_prose("title", title, CHANGE_TITLE_MAX, err);

	if (rc < 0)
		return rc;
	if (!strchr(title, '\n'))
		return 0;
	error_set(err, ERROR_INVALID, "the title has more than one line");
	error_field(err, "title");
	return error_remedy(err, "keep it to one; comments may be longer");
}

/* Executors are persons, and what it is coordinated with are changes: found now, not at the gate.
 */
static int check_names(struct store_tx *tx, struct arena *arena, const struct revision *revision,
	struct error *err)
{
	char id[ID_SIZE];
	struct change *other;
	int rc;

	for (size_t i = 0; revision->executors[i]; i++)
		if ((rc = people_find(tx, revision->executors[i], id, err)) < 0)
			return error_field(err, "executors");
	for (size_t i = 0; revision->coordinated_with[i]; i++)
		if ((rc = change_get(tx, arena, revision->coordinated_with[i], &other, err)) < 0)
			return error_field(err, "coordinated_with");
	return 0;
}

/* A standard change is one that a template made; an emergency has a room of its own. */
static int check_type(const struct revision *revision, struct error *err)
{
	if (!strcmp(revision->type, revision->template_name ? "standard" : "normal"))
		return 0;
	error_set(err, ERROR_INVALID,
		"a change that is filed is a normal one, or made of a "
		"template");
	error_field(err, "type");
	return error_remedy(err, "leave type out; in an emergency: rcm emergency start");
}

/* --- of a template --- */

/* What is said when a change is made of it. */
static const char *const said_keys[] = {"start", "end", "zone", "executors", "coordinated_with",
	"incident", "freeze_exception", NULL};

static bool is_said(const char *key)
{
	for (const char *const *said = said_keys; *said; said++)
		if (!strcmp(*said, key))
			return true;
	return false;
}

static int take_template(
	struct store_tx *tx, const struct change_file *file, json_t **ret_body, struct error *err)
{
	static const char *const keys[] = {"name", "version", "params", NULL};
	const json_t *template = json_object_get(file->body, "template"), *params = NULL;
	struct arena *arena = file->act.arena;
	json_t *made = NULL, *value;
	const char *name = NULL, *key;
	int64_t version;
	int rc;

	if ((rc = json_check_keys(template, keys, err)) < 0 ||
		(rc = json_get_text(template, "name", true, &name, err)) < 0 ||
		(rc = json_get_object(template, "params", true, (json_t **)&params, err)) < 0 ||
		(rc = template_render(
			 tx, arena, name, params, file->act.at_us, &made, &version, err)) < 0)
		return rc;
	made = json_deep_copy(made);
	arena_defer(arena, (void (*)(void *))json_decref, made);
	json_object_foreach ((json_t *)file->body, key, value)
		if (is_said(key) || (!strcmp(key, "environment") && !json_object_get(made, key)))
			json_object_set(made, key, value);
	*ret_body = made;
	return 0;
}

/* What else was filed must be what the template gives: nothing is dropped in silence. */
static int check_against_template(
	const struct change_file *file, const json_t *body, struct error *err)
{
	json_t *value;
	const char *key;

	json_object_foreach ((json_t *)file->body, key, value) {
		if (is_said(key) || json_equal(value, json_object_get(body, key)))
			continue;
		if (!strcmp(key, "template") && !json_object_get(value, "version"))
			continue;
		error_set(err, ERROR_INVALID, "the template gives another %s", key);
		error_field(err, "%s", key);
		return error_remedy(err, "leave it out, or file a normal change without template");
	}
	return 0;
}

/* The field is one of the body's. */
static int within_body(struct error *err)
{
	char field[sizeof(err->field)];

	if (!err || !*err->field || err->code == ERROR_FORBIDDEN)
		return err ? err->code : ERROR_INTERNAL;
	snprintf(field, sizeof(field), "%s", err->field);
	return error_field(err, "body.%s", field);
}

static int make_draft(
	struct store_tx *tx, const struct change_file *file, struct draft *draft, struct error *err)
{
	struct revision_filing filing = {
		.tx = tx, .person = file->act.by->person_name, .filed = file->body};
	const json_t *template = json_object_get(file->body, "template");
	bool is_standard = template && !json_is_null(template);
	struct arena *arena = file->act.arena;
	json_t *made = NULL;
	struct digest digest;
	char *bytes = NULL;
	size_t length;
	int rc;

	if (is_standard && (rc = take_template(tx, file, &made, err)) < 0)
		return rc;
	if (is_standard)
		filing.filed = made;
	if ((rc = revision_complete(arena, &filing, &draft->body, err)) < 0 ||
		(rc = revision_check_release(draft->body, err)) < 0 ||
		(rc = revision_parse(arena, draft->body, &draft->revision, err)) < 0 ||
		(rc = check_type(draft->revision, err)) < 0 ||
		(is_standard && (rc = check_against_template(file, draft->body, err)) < 0) ||
		(rc = check_names(tx, arena, draft->revision, err)) < 0 ||
		(rc = change_check_exception(tx, arena, draft->revision, err)) < 0 ||
		(rc = change_require(file->act.by, CHANGE_MAY_FILE, draft->revision, err)) < 0 ||
		(rc = revision_canonical(draft->body, &bytes, &length, &digest, err)) < 0)
		return rc;
	draft->row.body = arena_text_n(arena, bytes, length);
	free(bytes);
	digest_text(&digest, draft->row.digest);
	draft->row.author = file->act.by->person_name;
	draft->row.author_id = file->act.by->person_id;
	draft->row.diff = "[]";
	draft->row.rendering = "";
	draft->row.created_at_us = file->act.at_us;
	return 0;
}

static json_t *revise_detail(const struct change_revision *row)
{
	json_t *detail = json_object();

	json_set_text(detail, "digest", row->digest);
	json_set_text(detail, "author", row->author);
	json_set_text(detail, "author_id", row->author_id);
	return detail;
}

static int put_revision(struct store_tx *tx, const struct change_file *file, struct draft *draft,
	const struct change *change, struct error *err)
{
	int rc;

	draft->row.change_seq = change->seq;
	draft->row.revision = change->revision;
	if ((rc = revision_store_insert(tx, &draft->row, err)) < 0)
		return rc;
	return change_record(tx, change, AUDIT_CHANGE_REVISE, &file->act.by->actor,
		revise_detail(&draft->row), file->act.at_us, err);
}

static void take_revision(struct change *change, const struct draft *draft, const char *title)
{
	change->title = title;
	change->start_us = draft->revision->start_us;
	change->end_us = draft->revision->end_us;
	change->level = -1;
	change->approval_digest[0] = change->render_digest[0] = 0;
	change->exceptions = "";
	change->submitted_at_us = 0;
	memcpy(change->revision_digest, draft->row.digest, sizeof(change->revision_digest));
}

/* What never changes of it, for the verification: as in change_crosscheck. */
static const char *change_terms(struct arena *arena, const struct change *change)
{
	const char *const values[] = {change->requester_id, change->requester,
		arena_format(arena, "%lld", (long long)change->created_at_us)};

	return audit_terms(arena, values, sizeof(values) / sizeof(values[0]));
}

int change_file(struct store_tx *tx, struct change_file *file, struct error *err)
{
	struct change *change = arena_alloc(file->act.arena, sizeof(*change));
	struct draft draft = {0};
	int rc;

	if (!file->act.by->person_id[0]) {
		error_set(err, ERROR_FORBIDDEN, "only a known person files a change");
		return error_remedy(err, "an admin maps this account: redbutton peer map");
	}
	if ((rc = check_title(file->title, err)) < 0 ||
		(rc = make_draft(tx, file, &draft, err) < 0 ? within_body(err) : 0) < 0 ||
		(rc = change_store_next(tx, &change->seq, err)) < 0)
		return rc;
	snprintf(change->name, sizeof(change->name), "CHG-%lld", (long long)change->seq);
	change->state = CHANGE_DRAFT;
	change->requester = file->act.by->person_name;
	memcpy(change->requester_id, file->act.by->person_id, ID_SIZE);
	change->revision = 1;
	change->created_at_us = change->changed_at_us = file->act.at_us;
	change->version = 1;
	take_revision(change, &draft, file->title);
	if ((rc = change_store_insert(tx, change, err)) < 0 ||
		(rc = change_record(tx, change, AUDIT_CHANGE_CREATE, &file->act.by->actor,
			 json_pack("{s:s, s:s}", "title", change->title, "terms",
				 change_terms(file->act.arena, change)),
			 file->act.at_us, err)) < 0)
		return rc;
	file->act.ret_change = change;
	return put_revision(tx, file, &draft, change, err);
}

/* --- edit --- */

static int check_unrun(
	struct store_tx *tx, struct arena *arena, const struct change *change, struct error *err)
{
	struct rcm_run **runs;
	size_t count;
	int rc = run_list(tx, arena, change->seq, &runs, &count, err);

	if (rc < 0 || !count)
		return rc;
	error_set(err, ERROR_CONFLICT, "a step of %s ran already: it stays as it was approved",
		change->name);
	return error_remedy(err, "file a new change: rcm new");
}

static int make_diff(struct arena *arena, const struct change_revision *old, struct draft *draft,
	struct error *err)
{
	struct buf text = BUF_INIT;
	json_t *before = NULL, *diff;
	int rc = json_parse(old->body, strlen(old->body), JSON_DEPTH_MAX, &before, err);

	if (rc < 0)
		return rc;
	diff = change_diff(before, draft->body);
	rc = canonical_add(&text, diff, err);
	draft->row.diff = arena_text(arena, buf_text(&text));
	buf_done(&text);
	json_decref(diff);
	json_decref(before);
	return rc;
}

static int check_differs(const struct change *change, const struct draft *draft, const char *title,
	struct error *err)
{
	if (strcmp(draft->row.digest, change->revision_digest) != 0 ||
		strcmp(title, change->title) != 0)
		return 0;
	return error_set(
		err, ERROR_NO_EFFECT, "%s is like this already: nothing differs", change->name);
}

int change_edit(struct store_tx *tx, struct change_file *file, struct error *err)
{
	static const char why[] = "a new revision was made";
	struct change_move move = {.event = EVENT_EDIT,
		.reason = why,
		.actor = &file->act.by->actor,
		.at_us = file->act.at_us};
	struct change_revision *old;
	struct draft draft = {0};
	struct change *change;
	int rc = change_act_load(tx, &file->act, &change, err);

	if (rc < 0)
		return rc;
	if (!file->title)
		file->title = change->title;
	if ((rc = check_title(file->title, err)) < 0 ||
		(rc = check_unrun(tx, file->act.arena, change, err)) < 0 ||
		(rc = revision_store_get(
			 tx, file->act.arena, change->seq, change->revision, &old, err)) < 0 ||
		(rc = make_draft(tx, file, &draft, err) < 0 ? within_body(err) : 0) < 0 ||
		(rc = check_differs(change, &draft, file->title, err)) < 0 ||
		(rc = make_diff(file->act.arena, old, &draft, err)) < 0 ||
		(rc = change_withdraw(
			 tx, change, why, &file->act.by->actor, file->act.at_us, err)) < 0)
		return rc;
	move.old_revision = change->revision++;
	take_revision(change, &draft, file->title);
	move.detail = json_pack("{s:s}", "title", change->title);
	/* The revision first: a change's row is read together with it. */
	if ((rc = put_revision(tx, file, &draft, change, err)) < 0)
		return rc;
	return change_move(tx, change, &move, err);
}
