/*
 * bench_fill DATABASE RECORDS: a log of that many records made by the product's own rooms, with the
 * rows that it speaks of: runs of 25 effects, each an intent and an outcome. A verification of it
 * finds nothing wrong.
 */
#include "fill_store.h"

#include "audit/audit.h"
#include "executor/effect.h"
#include "executor/execution_store.h"
#include "executor/preview.h"
#include "lib/base/json.h"
#include "lib/base/time.h"
#include "plans/plan_rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EFFECTS_OF_RUN 25
#define RECORDS_OF_RUN (2 + 2 * EFFECTS_OF_RUN)
#define RUNS_OF_COMMIT 20
#define REGISTER       "haproxy.weight edge-%d checkout/zone-%c"

static const char graph_text[] = "{\"plan\":\"bench/fill\"}";
static const struct audit_actor person = {.kind = AUDIT_HUMAN,
	.id = "01JD0000000000000000000ABC",
	.name = "li.wei",
	.session = "sha256:5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02",
	.address = "127.0.0.1:4711"};

struct fill {
	bool is_begun;
	int64_t left; /* runs */
	int64_t at_us;
	char version_id[ID_SIZE];
	char digest[DIGEST_TEXT_SIZE];
};

static int64_t next_us(struct fill *fill)
{
	return fill->at_us += 137;
}

/* --- one plan, one graph --- */

static int put_version(struct store_tx *tx, struct fill *fill, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct plan_source source = {
		.file = "fill.lua", .script = "plan { name = \"bench/fill\" }"};
	struct plan_version version = {.plan = "bench/fill",
		.number = 1,
		.file = source.file,
		.script = source.script,
		.modules = "{}",
		.manifest = "{}",
		.state = PLAN_DRAFT,
		.created_by = person.id,
		.created_at_us = next_us(fill),
		.version = 1};
	char digest[DIGEST_TEXT_SIZE];
	int rc;

	plan_source_digest(&source, digest);
	version.digest = digest;
	memcpy(version.id, fill->version_id, ID_SIZE);
	rc = plan_store_insert(tx, &version, err);
	if (rc < 0)
		return rc;
	return plan_audit(tx, &version, &person, AUDIT_PLAN_ADD,
		json_pack("{s:s, s:s}", "file", version.file, "terms", plan_terms(arena, &version)),
		NULL, fill->at_us, err);
}

static int put_graph(struct store_tx *tx, struct fill *fill, struct error *err)
{
	struct stored_graph graph = {.digest = fill->digest,
		.bytes = graph_text,
		.length = strlen(graph_text),
		.version_id = fill->version_id,
		.approval_class = APPROVAL_R0};
	struct preview preview = {.plan = "bench/fill",
		.version_id = fill->version_id,
		.graph_digest = fill->digest,
		.reading = "{}",
		.created_by = person.id,
		.created_at_us = next_us(fill)};
	json_t *detail = json_object();
	struct audit_record record = {.actor = &person,
		.action = AUDIT_PREVIEW_CREATE,
		.subject_kind = "preview",
		.subject_id = preview.id,
		.subject_digest = fill->digest,
		.detail = detail};
	int rc;

	id_new(preview.id);
	json_set_text(detail, "class", "R0");
	json_set_text(detail, "version", fill->version_id);
	json_set_text(detail, "terms", preview_terms(store_tx_arena(tx), &preview));
	rc = graph_store_put(tx, &graph, fill->at_us, err);
	if (rc >= 0)
		rc = preview_store_insert(tx, &preview, err);
	if (rc >= 0)
		rc = audit_append(tx, &record, fill->at_us, NULL, err);
	json_decref(detail);
	return rc;
}

static int put_plan(struct store_tx *tx, struct fill *fill, struct error *err)
{
	int rc = put_version(tx, fill, err);

	if (rc >= 0)
		rc = put_graph(tx, fill, err);
	fill->is_begun = rc >= 0;
	return rc;
}

/* --- runs --- */

static int record_run(struct store_tx *tx, const struct execution *run, enum audit_action action,
	const char *state, const char *terms, int64_t at_us, struct error *err)
{
	json_t *detail = json_object();
	struct audit_record record = {.actor = &person,
		.action = action,
		.subject_kind = "execution",
		.subject_id = run->id,
		.subject_digest = run->graph_digest,
		.detail = detail};
	int rc;

	json_set_text(detail, "plan", run->plan);
	json_set_text(detail, "state", state);
	json_set_text(detail, "terms", terms);
	rc = audit_append(tx, &record, at_us, NULL, err);
	json_decref(detail);
	return rc;
}

static int put_effect(struct store_tx *tx, struct fill *fill, const struct execution *run, int i,
	struct error *err)
{
	static const enum effect_state intent = EFFECT_INTENT;
	struct arena *arena = store_tx_arena(tx);
	struct effect_row row = {.execution_id = run->id,
		.seq = i + 1,
		.path = arena_format(arena, "%d.1", i + 1),
		.group_path = arena_format(arena, "%d", i + 1),
		.attempt = 1,
		.reg = i,
		.register_key = arena_format(arena, REGISTER, i % 8, 'a' + i % 26),
		.baseline = "\"100\"",
		.wanted = "\"0\"",
		.state = EFFECT_INTENT,
		.message = "",
		.intent_at_us = next_us(fill)};
	char key[ID_SIZE];

	id_new(row.id);
	id_new(key);
	row.idempotency_key = key;
	if (effect_record_intent(tx, &row, run->graph_digest, row.intent_at_us, err) < 0)
		return err->code;
	row.state = EFFECT_CONFIRMED;
	row.observed = row.wanted;
	row.outcome_at_us = next_us(fill);
	return effect_record_outcome(tx, &row, &intent, run, row.outcome_at_us, err);
}

static int put_run(struct store_tx *tx, struct fill *fill, struct error *err)
{
	struct arena *arena = store_tx_arena(tx);
	struct execution run = {.plan = "bench/fill",
		.version_id = fill->version_id,
		.version_number = 1,
		.graph_digest = fill->digest,
		.kind = "real",
		.action = "apply",
		.mode = "graceful",
		.params = "{\"zone\":\"a\"}",
		.state = EXECUTION_RUNNING,
		.message = "",
		.why = "",
		.requested_by = person.id,
		.requested_name = person.name,
		.within_ms = 1000,
		.expires_ms = 1000,
		.on_expiry = "ask"};
	struct execution_change change = EXECUTION_CHANGE_INIT;

	id_new(run.id);
	run.created_at_us = run.started_at_us = next_us(fill);
	if (execution_store_insert(tx, &run, err) < 0 ||
		record_run(tx, &run, AUDIT_EXECUTION_CREATE, "RUNNING",
			execution_terms(arena, &run), run.created_at_us, err) < 0)
		return err->code;
	for (int i = 0; i < EFFECTS_OF_RUN; i++)
		if (put_effect(tx, fill, &run, i, err) < 0)
			return err->code;
	change.id = run.id;
	change.state = EXECUTION_SUCCEEDED;
	change.at_us = change.ended_at_us = next_us(fill);
	if (execution_store_change(tx, &change, err) < 0)
		return err->code;
	return record_run(tx, &run, AUDIT_EXECUTION_STATE, "SUCCEEDED", NULL, change.at_us, err);
}

static int ask_runs(struct store_tx *tx, void *arg, struct error *err)
{
	struct fill *fill = arg;

	if (!fill->is_begun && put_plan(tx, fill, err) < 0)
		return err->code;
	for (int i = 0; i < RUNS_OF_COMMIT && fill->left > 0; i++, fill->left--)
		if (put_run(tx, fill, err) < 0)
			return err->code;
	return 0;
}

static void name_plan(struct fill *fill)
{
	struct digest digest;

	digest_of_domain(GRAPH_DIGEST_DOMAIN, graph_text, strlen(graph_text), &digest);
	digest_text(&digest, fill->digest);
	id_new(fill->version_id);
	fill->at_us = time_now_us();
}

int main(int argc, char **argv)
{
	struct fill fill = {0};
	struct error err = ERROR_INIT;

	if (argc != 3 || atoll(argv[2]) <= 0) {
		fputs("bench_fill DATABASE RECORDS\n", stderr);
		return 2;
	}
	fill.left = (atoll(argv[2]) + RECORDS_OF_RUN - 1) / RECORDS_OF_RUN;
	name_plan(&fill);
	if (fill_store(argv[1], ask_runs, &fill, &fill.left, &err) < 0) {
		fprintf(stderr, "bench_fill: %s\n", err.message);
		return 1;
	}
	return 0;
}
