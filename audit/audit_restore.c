#include "audit/audit_note.h"
#include "audit/audit_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REASON_MAX 2000

struct accept {
	const struct audit_options *options;
	const struct audit_restore *restore;
	struct arena arena;
	char *outside;
	size_t outside_length;
	struct audit_edge edge;
	bool is_told;
	struct error err;
};

static int check_persons(const struct audit_restore *restore, struct error *err)
{
	if (!text_is_equal(restore->first->id, restore->second->id))
		return text_check_prose("reason", restore->reason, REASON_MAX, err);
	error_set(err, ERROR_FORBIDDEN, "a restore is accepted by two different persons");
	return error_remedy(err, "ask a second admin for their token");
}

/* Nothing to accept while the copy outside fits; nothing acceptable when the file itself is broken.
 */
static int check_database(struct accept *accept, struct error *err)
{
	struct store_tx *tx = store_reader(accept->options->store);
	struct audit_options inside = *accept->options;
	struct error own = ERROR_INIT;
	int64_t size;
	int rc;

	if (audit_start_check(tx, accept->options, NULL, &size, &own) >= 0) {
		error_set(err, ERROR_NO_EFFECT, "the database fits its checkpoint outside");
		return error_remedy(err, "start the daemon: there is nothing to accept");
	}
	if (own.code != ERROR_TAMPERED) {
		*err = own;
		return own.code;
	}
	inside.checkpoint_path = NULL;
	rc = audit_start_check(tx, &inside, NULL, &size, err);
	if (rc >= 0)
		return 0;
	error_prefix(err, "the database itself is damaged");
	return error_remedy(err, "restore a backup that `redbutton audit verify` finds whole");
}

static json_t *make_detail(struct accept *accept)
{
	const struct audit_restore *restore = accept->restore;
	json_t *detail = json_object();

	json_set_text(detail, "reason", restore->reason);
	json_set_text(detail, "second_id", restore->second->id);
	json_set_text(detail, "second_name", restore->second->name);
	json_set_text(detail, "checkpoint_before", accept->outside);
	return detail;
}

static int ask(struct store_tx *tx, void *arg, struct error *err)
{
	struct accept *accept = arg;
	json_t *detail = make_detail(accept);
	struct audit_record record = {
		.actor = accept->restore->first,
		.action = AUDIT_AUDIT_RESTORE,
		.subject_kind = "audit",
		.subject_id = accept->options->origin,
		.detail = detail,
	};
	int rc = audit_append(tx, &record, accept->restore->at_us, NULL, err);

	json_decref(detail);
	return rc < 0 ? rc : audit_store_edge(tx, &accept->edge, err);
}

static void told(void *arg, const struct error *err)
{
	struct accept *accept = arg;

	accept->is_told = true;
	if (err)
		accept->err = *err;
	loop_stop(accept->options->loop);
}

static int write_and_wait(struct accept *accept, store_ask what, struct error *err)
{
	accept->is_told = false;
	store_write(accept->options->store, what, told, accept);
	while (!accept->is_told)
		loop_run(accept->options->loop);
	if (accept->err.code)
		*err = accept->err;
	return accept->err.code;
}

static int keep_old(struct accept *accept, struct error *err)
{
	const char *path = accept->options->checkpoint_path;
	const char *old;

	if (!accept->outside)
		return 0;
	old = arena_format(
		&accept->arena, "%s.before-restore-%lld", path, (long long)accept->edge.size);
	return audit_outside_write(old, accept->outside, accept->outside_length, err);
}

static int sign_anew(struct accept *accept, struct buf *note, struct error *err)
{
	const struct audit_options *options = accept->options;
	struct audit_signer *signer = NULL;
	struct digest root;
	int rc = 0;

	if (options->signing_key)
		rc = audit_signer_open(options->signing_key, options->origin, false, &signer, err);
	if (rc < 0)
		return rc;
	audit_edge_root(&accept->edge, &root);
	audit_note_write(note, options->origin, accept->edge.size, &root, signer);
	audit_signer_free(signer);
	return 0;
}

static int replace_outside(struct accept *accept, struct error *err)
{
	struct buf note = BUF_INIT;
	int rc = keep_old(accept, err);

	if (rc >= 0)
		rc = sign_anew(accept, &note, err);
	if (rc >= 0)
		rc = audit_outside_write(
			accept->options->checkpoint_path, note.bytes, note.length, err);
	buf_done(&note);
	return rc;
}

static int run(struct accept *accept, struct error *err)
{
	const char *path = accept->options->checkpoint_path;
	int rc = check_persons(accept->restore, err);

	if (rc >= 0 && !path) {
		error_set(err, ERROR_NO_EFFECT, "no checkpoint is kept outside");
		rc = error_remedy(err, "set `checkpoint-file` as the daemon has it");
	}
	if (rc >= 0)
		rc = check_database(accept, err);
	if (rc >= 0)
		rc = audit_outside_read(
			&accept->arena, path, &accept->outside, &accept->outside_length, err);
	if (rc >= 0)
		rc = write_and_wait(accept, ask, err);
	return rc < 0 ? rc : replace_outside(accept, err);
}

int audit_accept_restore(
	const struct audit_options *options, const struct audit_restore *restore, struct error *err)
{
	struct accept accept = {.options = options, .restore = restore};
	int rc = run(&accept, err);

	arena_done(&accept.arena);
	return rc;
}
