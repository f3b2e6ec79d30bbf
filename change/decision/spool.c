#include "change/decision/decision_rooms.h"
#include "change/decision/gate_spool.h"
#include "change/decision/run_guard.h"
#include "change/emergency/emergency.h"
#include "lib/base/canonical.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

struct taking {
	struct store_tx *tx;
	struct spool_take *take;
	const json_t *record;
	struct target *target; /* that the record is about, of this gate */
	struct error *err;
};

static void drop_json(void *value)
{
	json_decref(value);
}

static const char *word_of(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));

	return text ? text : "";
}

static int64_t number_of(const json_t *record, const char *key)
{
	return json_integer_value(json_object_get(record, key));
}

/* --- of which host --- */

static bool is_of_gate(const struct target *target, const char *gate)
{
	json_t *labels = target_all_labels(target);
	const char *label = json_string_value(json_object_get(labels, "gate"));
	bool fits = label && !strcmp(label, gate);

	json_decref(labels);
	return fits;
}

static int find_target(struct taking *t)
{
	int rc = target_find_identity(
		t->tx, t->take->arena, word_of(t->record, "target"), &t->target, t->err);

	if (rc < 0)
		return rc;
	if (is_of_gate(t->target, t->take->gate))
		return 0;
	return error_set(t->err, ERROR_FORBIDDEN, "%s is not the gate of %s", t->take->gate,
		t->target->name);
}

/* --- kinds --- */

static int take_end(struct taking *t)
{
	struct run_end end = {
		.id = word_of(t->record, "run"),
		.status = number_of(t->record, "status"),
		.recording_bytes = number_of(t->record, "recording_bytes"),
		.is_recording_whole =
			json_is_true(json_object_get(t->record, "is_recording_whole")),
		.at_us = number_of(t->record, "at_us"),
	};
	struct rcm_run *run;
	int rc = run_get(t->tx, t->take->arena, end.id, &run, t->err);

	if (rc == ERROR_NOT_FOUND)
		return 0; /* kept as it was told; a record that waits would hold up the others */
	if (rc < 0)
		return rc;
	if (strcmp(run->target, t->target->name) != 0)
		return error_set(t->err, ERROR_FORBIDDEN, "the run is of %s", run->target);
	if (*word_of(t->record, "recording")) {
		end.recording = word_of(t->record, "recording");
		end.recording_sha256 = word_of(t->record, "recording_sha256");
	}
	rc = run_guard_end(t->tx, &end, t->take->actor, t->err);
	return rc == ERROR_NO_EFFECT ? 0 : rc; /* told before the gate knew it was */
}

static int take_glass(struct taking *t)
{
	struct emergency_glass glass = {
		.actor = t->take->actor,
		.target = t->target->name,
		.account = word_of(t->record, "account"),
		.run_id = word_of(t->record, "run"),
		.line = word_of(t->record, "line"),
		.used_at_us = number_of(t->record, "at_us"),
		.at_us = t->take->at_us,
		.arena = t->take->arena,
	};
	struct rcm_run run = {.host = word_of(t->record, "host"), .line = glass.line};
	char person[ID_SIZE];
	int rc = account_find(t->tx, t->target->name, glass.account,
		json_object_get(t->record, "uid") ? number_of(t->record, "uid") : -1, person,
		t->err);

	if (rc < 0)
		return rc;
	glass.person_id = *person ? person : t->take->person_id;
	memcpy(glass.notify_id, t->take->notify_id, ID_SIZE);
	if ((rc = emergency_note_glass(t->tx, &glass, t->err)) < 0)
		return rc;
	if (!id_is_valid(glass.run_id))
		return error_set(t->err, ERROR_INVALID, "the record names no run");
	memcpy(run.id, glass.run_id, ID_SIZE);
	run.emergency = glass.ret_emergency->name;
	run.target = t->target->name;
	run.person_id = glass.person_id;
	return rcm_run_begin(t->tx, &run, t->take->actor, t->take->at_us, t->err);
}

static const struct {
	const char *kind;
	int (*take)(struct taking *t);
} kinds[] = {
	{"end", take_end},
	{"glass", take_glass},
};

static int take_kind(struct taking *t)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].kind, word_of(t->record, "kind")))
			return kinds[i].take(t);
	error_set(t->err, ERROR_INVALID, "a record of a kind that is not known here");
	return error_field(t->err, "kind");
}

/* --- the chain --- */

static int find_gap(struct taking *t, struct spool_row *row)
{
	const char *before = NULL;
	int rc;

	if (row->seq == 1) {
		row->has_gap = *word_of(t->record, "prev") != 0;
		return 0;
	}
	rc = spool_store_digest(
		t->tx, t->take->arena, row->gate, row->chain, row->seq - 1, &before, t->err);
	row->has_gap = rc == 0 || (before && strcmp(before, word_of(t->record, "prev")) != 0);
	return rc < 0 ? rc : 0;
}

static int audit_record_of(struct taking *t, const struct spool_row *row)
{
	json_t *detail = json_object();
	const struct audit_record record = {
		.actor = t->take->actor,
		.action = AUDIT_GATE_SPOOL,
		.outcome = row->has_gap ? AUDIT_UNKNOWN : AUDIT_OK,
		.subject_kind = "gate",
		.subject_id = row->gate,
		.subject_digest = row->digest,
		.detail = detail,
	};
	int rc;

	json_set_text(detail, "chain", row->chain);
	json_set_int(detail, "seq", row->seq);
	json_set_text(detail, "kind", row->kind);
	json_set_text(detail, "run", word_of(t->record, "run"));
	json_set_bool(detail, "gap", row->has_gap);
	rc = audit_append(t->tx, &record, row->at_us, NULL, t->err);
	json_decref(detail);
	return rc;
}

static int take_new(struct taking *t, struct spool_row *row)
{
	int rc;

	if ((rc = find_gap(t, row)) < 0 || (rc = find_target(t)) < 0 || (rc = take_kind(t)) < 0 ||
		(rc = spool_store_insert(t->tx, row, t->err)) < 0)
		return rc;
	t->take->ret_has_gap = row->has_gap;
	return audit_record_of(t, row);
}

int spool_take(struct store_tx *tx, struct spool_take *take, struct error *err)
{
	char digest_words[DIGEST_TEXT_SIZE];
	struct taking t = {.tx = tx, .take = take, .err = err};
	const char *known = NULL;
	struct digest digest;
	struct spool_row row;
	json_t *record;
	int rc = canonical_parse(take->record, strlen(take->record), JSON_DEPTH_MAX, &record, err);

	if (rc < 0)
		return rc;
	arena_defer(take->arena, drop_json, record);
	t.record = record;
	digest_of(take->record, strlen(take->record), &digest);
	row = (struct spool_row){
		.gate = take->gate,
		.chain = word_of(record, "chain"),
		.seq = number_of(record, "seq"),
		.digest = digest_text(&digest, digest_words),
		.kind = word_of(record, "kind"),
		.record = take->record,
		.at_us = take->at_us,
	};
	if (row.seq < 1 || !id_is_valid(row.chain))
		return error_set(err, ERROR_INVALID, "the record has no place in a chain");
	rc = spool_store_digest(tx, take->arena, row.gate, row.chain, row.seq, &known, err);
	if (rc <= 0)
		return rc < 0 ? rc : take_new(&t, &row);
	if (!strcmp(known, row.digest))
		return 0;
	return error_set(err, ERROR_CONFLICT,
		"record %lld of this chain was told before, and was another", (long long)row.seq);
}
