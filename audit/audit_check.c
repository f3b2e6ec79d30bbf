#include "audit/audit_check.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int audit_check_fail(struct audit_check *check, int64_t seq, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	check->result->bad_seq = seq;
	if (seq)
		error_set(check->err, ERROR_TAMPERED, "record %lld: %s", (long long)seq, words);
	else
		error_set(check->err, ERROR_TAMPERED, "%s", words);
	return error_remedy(check->err,
		"keep this file for examination; restore a backup that verifies, then go on with "
		"`redbutton audit accept-restore`");
}

static bool is_usable(const char *path, bool may_lack)
{
	return path && (!may_lack || access(path, F_OK) == 0);
}

/* Where it usually is, it may be missing only while there is no checkpoint: see audit_check_end. */
static int read_outside(
	struct audit_check *check, const struct audit_verify_options *options, struct error *err)
{
	const char *path = options->checkpoint_path;
	char *text = NULL;
	size_t length = 0;
	int rc;

	check->is_outside_gone = path && !is_usable(path, options->may_lack_checkpoint);
	if (!path || check->is_outside_gone)
		return 0;
	rc = audit_outside_read(&check->arena, path, &text, &length, err);
	if (rc >= 0 && !text)
		rc = error_set(err, ERROR_NOT_FOUND, "there is no checkpoint");
	if (rc >= 0)
		rc = audit_note_parse(text, length, &check->outside, err);
	if (rc >= 0 && check->key_count)
		rc = audit_note_check(&check->outside, check->keys, check->key_count, err);
	if (rc < 0)
		return error_place(err, "%s", path);
	check->has_outside = true;
	memcpy(check->origin, check->outside.origin, sizeof(check->origin));
	return 0;
}

/* An export has no rows to compare. */
static void make_ledgers(struct audit_check *check)
{
	const struct audit_verify_options *options = check->options;

	if (options->export_path)
		return;
	check->ledgers =
		arena_alloc(&check->arena, options->crosscheck_count * sizeof(*check->ledgers) + 1);
	for (size_t i = 0; i < options->crosscheck_count; i++)
		check->ledgers[i] = audit_ledger_new(options->crosschecks[i], &check->findings);
}

int audit_check_init(struct audit_check *check, const struct audit_verify_options *options,
	struct audit_verify_result *result, struct error *err)
{
	int rc = 0;

	*check = (struct audit_check){.result = result, .err = err};
	*result = (struct audit_verify_result){.outside_size = -1};
	check->options = options;
	check->hash = digest_new();
	check->intents = audit_intents_new();
	make_ledgers(check);
	if (is_usable(options->key_path, options->may_lack_key))
		rc = audit_verifiers_read(
			options->key_path, check->keys, CHECK_KEYS_MAX, &check->key_count, err);
	result->has_keys = check->key_count > 0;
	return rc < 0 ? rc : read_outside(check, options, err);
}

void audit_check_done(struct audit_check *check)
{
	digest_free(check->hash);
	audit_intents_free(check->intents);
	for (size_t i = 0; check->ledgers && i < check->options->crosscheck_count; i++)
		audit_ledger_free(check->ledgers[i]);
	arena_done(&check->arena);
}

/* --- the copy outside --- */

static int compare_outside(struct audit_check *check)
{
	struct digest root;

	if (!check->has_outside || check->outside.size != check->edge.size)
		return 0;
	audit_edge_root(&check->edge, &root);
	if (!digest_is_equal(&root, &check->outside.root))
		return audit_check_fail(check, check->good_size + 1,
			"from here to record %lld the log is not the one that the checkpoint "
			"outside was made of",
			(long long)check->edge.size);
	check->result->outside_size = check->outside.size;
	check->good_size = check->edge.size;
	return 0;
}

/* --- the rooms above --- */

static void tell_rooms(struct audit_check *check, const struct audit_scan *scan)
{
	struct arena arena = ARENA_INIT;
	struct audit_said said = {
		scan, audit_action_of(scan->action.at, scan->action.length), &arena};

	for (size_t i = 0; check->ledgers && i < check->options->crosscheck_count; i++)
		check->options->crosschecks[i]->hear(check->ledgers[i], &said);
	arena_done(&arena);
}

int audit_check_rows(struct audit_check *check, struct store_tx *tx)
{
	const struct audit_findings *findings = &check->findings;

	for (size_t i = 0; i < check->options->crosscheck_count; i++) {
		int rc = audit_ledger_show(check->ledgers[i], tx, check->err);

		if (rc < 0)
			return rc;
	}
	if (!findings->count)
		return 0;
	if (findings->seq)
		return audit_check_fail(check, findings->seq, "%s%s", findings->words,
			findings->count > 1 ? "; and it is not the only one" : "");
	return audit_check_fail(check, 0, "%s", findings->words);
}

/* --- one record --- */

int audit_check_record(struct audit_check *check, const char *bytes, size_t length,
	struct audit_scan *ret_scan, struct digest *ret_leaf)
{
	int64_t seq = check->edge.size + 1;
	const char *wrong;
	size_t at;

	if (!audit_record_scan(bytes, length, ret_scan, &at)) {
		ret_scan->seq = 0;
		return audit_check_fail(
			check, seq, "its bytes are no audit record from byte %zu on", at);
	}
	if (ret_scan->seq != seq)
		return audit_check_fail(
			check, seq, "its bytes are those of record %lld", (long long)ret_scan->seq);
	digest_add(check->hash, "", 1);
	digest_add(check->hash, bytes, length);
	digest_end(check->hash, ret_leaf);
	audit_edge_add(&check->edge, ret_leaf);
	tell_rooms(check, ret_scan);
	wrong = audit_intents_add(check->intents, ret_scan);
	return wrong ? audit_check_fail(check, seq, "%s", wrong) : compare_outside(check);
}

/* --- checkpoints --- */

static int check_origin(struct audit_check *check, const struct audit_note *note)
{
	if (!check->origin[0])
		memcpy(check->origin, note->origin, sizeof(check->origin));
	return text_is_equal(check->origin, note->origin)
		       ? 0
		       : audit_check_fail(check, check->edge.size,
				 "its checkpoint is of the log %s, others of %s", note->origin,
				 check->origin);
}

static int check_root(struct audit_check *check, const struct audit_note *note)
{
	int64_t size = check->edge.size;
	struct digest root;

	audit_edge_root(&check->edge, &root);
	if (note->size != size)
		return audit_check_fail(
			check, size, "its checkpoint says %lld records", (long long)note->size);
	if (!digest_is_equal(&root, &note->root))
		return audit_check_fail(check, check->good_size + 1,
			"from here to record %lld something was changed: the checkpoint there has "
			"another root",
			(long long)size);
	check->good_size = check->result->checkpoint_size = size;
	return 0;
}

int audit_check_note(struct audit_check *check, const char *text, size_t length)
{
	struct error why = ERROR_INIT;
	struct audit_note note;
	int64_t seq = check->edge.size;

	check->result->checkpoints++;
	if (audit_note_parse(text, length, &note, &why) < 0)
		return audit_check_fail(check, seq, "%s", why.message);
	if (check->key_count) {
		if (audit_note_check(&note, check->keys, check->key_count, &why) < 0)
			return audit_check_fail(check, seq, "%s", why.message);
		check->result->signatures++;
	}
	if (check_origin(check, &note) < 0)
		return check->err->code;
	return check_root(check, &note);
}

int audit_check_end(struct audit_check *check)
{
	int64_t size = check->edge.size;

	check->result->records = size;
	check->result->open_intents = audit_intents_open(check->intents);
	audit_edge_root(&check->edge, &check->result->root);
	if (check->has_outside && check->outside.size > size)
		return audit_check_fail(check, size + 1,
			"it is missing with all that follow: the checkpoint outside covers %lld "
			"records; the end was cut, or an older file was put back",
			(long long)check->outside.size);
	if (check->is_outside_gone && check->result->checkpoints) {
		error_set(check->err, ERROR_TAMPERED,
			"the checkpoint outside the data directory is gone");
		return error_remedy(check->err,
			"name its place with --checkpoint; the settings say where it should be");
	}
	return size ? 0 : compare_outside(check);
}
