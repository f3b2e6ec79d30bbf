/* Checkpoints: COMMIT returned -> signed -> written outside -> stored in the database. */
#include "audit/audit_live.h"
#include "audit/audit_rooms.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_MS 60000
#define CLOSE_TRIES 3

struct making {
	struct audit *audit;
	struct audit_edge edge;
	struct buf note;
	int64_t at_us;
	struct error err;
};

static void make(struct audit *audit);

static void finish(struct making *making, const struct error *err)
{
	struct audit *audit = making->audit;

	audit->is_making = false;
	if (err) {
		snprintf(audit->trouble, sizeof(audit->trouble), "%.255s", err->message);
		log_warn("audit", "a checkpoint could not be made", "why", err->message, "place",
			err->place);
	} else {
		audit->trouble[0] = 0;
		audit->made_size = making->edge.size;
		audit->made_at_us = making->at_us;
	}
	buf_done(&making->note);
	free(making);
	if (audit->is_closing)
		loop_stop(audit->options.loop);
	else if (audit->is_wanted && !err)
		make(audit);
}

static int ask_store(struct store_tx *tx, void *arg, struct error *err)
{
	struct making *making = arg;
	struct audit_checkpoint checkpoint = {
		.size = making->edge.size,
		.at_us = making->at_us,
		.note = buf_text(&making->note),
		.hashes = making->edge.hashes,
		.hashes_length = (size_t)making->edge.count * DIGEST_BYTES,
	};

	return audit_store_insert_checkpoint(tx, &checkpoint, err);
}

static void told_store(void *arg, const struct error *err)
{
	finish(arg, err);
}

static void write_outside(void *arg)
{
	struct making *making = arg;

	audit_outside_write(making->audit->checkpoint_path, making->note.bytes, making->note.length,
		&making->err);
}

static void written_outside(void *arg)
{
	struct making *making = arg;

	if (making->err.code)
		finish(making, &making->err);
	else
		store_write_vital(making->audit->options.store, ask_store, told_store, making);
}

static void make(struct audit *audit)
{
	struct making *making;
	struct audit_edge edge;
	struct digest root;

	audit->is_wanted = audit->is_making;
	if (audit->is_making)
		return;
	/* The reader sees only what is committed. */
	if (audit_store_edge(store_reader(audit->options.store), &edge, NULL) < 0 ||
		edge.size == audit->made_size)
		return;
	making = calloc(1, sizeof(*making));
	if (!making)
		abort();
	making->audit = audit;
	making->edge = edge;
	making->at_us = time_now_us();
	audit_edge_root(&edge, &root);
	audit_note_write(&making->note, audit->origin, edge.size, &root, audit->signer);
	audit->is_making = true;
	if (audit->checkpoint_path)
		loop_work(audit->options.loop, write_outside, written_outside, making);
	else
		store_write_vital(audit->options.store, ask_store, told_store, making);
}

static void on_timer(void *arg)
{
	make(arg);
}

void audit_checkpoint_soon(struct audit *audit)
{
	make(audit);
}

static char *copy_text(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		abort();
	return copy;
}

static void free_audit(struct audit *audit)
{
	loop_timer_free(audit->timer);
	audit_signer_free(audit->signer);
	free(audit->origin);
	free(audit->checkpoint_path);
	free(audit);
}

static int open_key(struct audit *audit, struct error *err)
{
	struct audit_checkpoint *newest = NULL;
	struct arena arena = ARENA_INIT;
	int rc = audit_store_checkpoint(
		store_reader(audit->options.store), &arena, INT64_MAX, &newest, err);

	if (rc >= 0 && newest)
		audit->made_at_us = newest->at_us;
	if (rc >= 0 && audit->options.signing_key)
		rc = audit_signer_open(
			audit->options.signing_key, audit->origin, !newest, &audit->signer, err);
	arena_done(&arena);
	if (rc < 0 || !audit->signer)
		return rc;
	audit_signer_verifier(audit->signer, &audit->verifier);
	audit_verifier_text(&audit->verifier, audit->verifier_text);
	return 0;
}

int audit_open(const struct audit_options *options, struct audit **ret, struct error *err)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	int64_t interval_ms = options->interval_ms ? options->interval_ms : INTERVAL_MS;
	int rc;

	if (!audit)
		abort();
	audit->options = *options;
	audit->origin = copy_text(options->origin);
	audit->checkpoint_path = copy_text(options->checkpoint_path);
	rc = open_key(audit, err);
	if (rc >= 0)
		rc = audit_start_check(store_reader(options->store), options,
			audit->signer ? &audit->verifier : NULL, &audit->made_size, err);
	if (rc < 0) {
		free_audit(audit);
		return rc;
	}
	audit->timer = loop_timer_new(options->loop, on_timer, audit);
	loop_timer_start(audit->timer, interval_ms, interval_ms);
	*ret = audit;
	return 0;
}

static bool has_news(struct audit *audit)
{
	struct audit_edge edge;

	return audit_store_edge(store_reader(audit->options.store), &edge, NULL) >= 0 &&
	       edge.size != audit->made_size;
}

void audit_close(struct audit *audit)
{
	if (!audit)
		return;
	audit->is_closing = true;
	for (int i = 0; i < CLOSE_TRIES && (audit->is_making || has_news(audit)); i++) {
		make(audit);
		while (audit->is_making)
			loop_run(audit->options.loop);
	}
	free_audit(audit);
}

void audit_get_status(struct audit *audit, struct audit_status *ret)
{
	struct audit_edge edge = {0};

	audit_store_edge(store_reader(audit->options.store), &edge, NULL);
	*ret = (struct audit_status){
		.size = edge.size,
		.checkpoint_size = audit->made_size,
		.checkpoint_at_us = audit->made_at_us,
		.is_signed = audit->signer != NULL,
		.is_outside = audit->checkpoint_path != NULL,
		.trouble = audit->trouble[0] ? audit->trouble : NULL,
	};
}

int audit_newest_note(struct store_tx *tx, struct arena *arena, const char **ret_note,
	int64_t *ret_size, struct error *err)
{
	struct audit_checkpoint *newest = NULL;
	int rc = audit_store_checkpoint(tx, arena, INT64_MAX, &newest, err);

	if (rc < 0)
		return rc;
	*ret_note = newest ? arena_text_n(arena, newest->note, newest->note_length) : NULL;
	*ret_size = newest ? newest->size : 0;
	return 0;
}

const char *audit_verifier_key(const struct audit *audit)
{
	return audit->signer ? audit->verifier_text : NULL;
}
