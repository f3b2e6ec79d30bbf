/* Between the rooms of audit/. */
#ifndef RB_AUDIT_AUDIT_ROOMS_H
#define RB_AUDIT_AUDIT_ROOMS_H

#include "audit/audit.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"

#include <stdbool.h>

/* --- the tree (audit_tree.c): RFC 6962, kept as its right edge --- */

#define AUDIT_EDGE_MAX 63

struct audit_edge {
	int64_t size; /* leaves */
	int count;    /* bits of size: roots of the whole subtrees, the largest first */
	struct digest hashes[AUDIT_EDGE_MAX];
};

/* SHA-256(0x00 || record). `prefixed` is the record with one byte of room in front of it. */
void audit_leaf(char *prefixed, size_t length, struct digest *ret);
void audit_edge_add(struct audit_edge *edge, const struct digest *leaf);
void audit_edge_root(const struct audit_edge *edge, struct digest *ret);
bool audit_edge_is_equal(const struct audit_edge *a, const struct audit_edge *b);
/* From the bytes of a row; false when they cannot be the edge of that size. */
bool audit_edge_read(struct audit_edge *edge, int64_t size, const void *hashes, size_t length);

/* --- one record as bytes (audit_record.c) --- */

/* -1 when it is none. */
int audit_action_of(const char *word, size_t length);
const char *audit_outcome_word(enum audit_outcome outcome);
const char *audit_actor_word(enum audit_actor_kind kind);

struct audit_stamp {
	int64_t seq, at_us, mono_ns;
	const char *boot;
};
/* Appends the canonical bytes of version 1. */
int audit_record_write(struct buf *out, const struct audit_record *record,
	const struct audit_stamp *stamp, struct error *err);

/* A piece of the bytes: the text between the quotes as written, or a value as written. */
struct audit_slice {
	const char *at;
	size_t length;
};

/* What the bytes say; slices borrow from them. */
struct audit_scan {
	int64_t seq, at_us, mono_ns;
	struct audit_slice action, outcome;
	struct audit_slice actor_address, actor_id, actor_kind, actor_name, actor_session;
	struct audit_slice subject_kind, subject_id, subject_digest, intent_id; /* at NULL: null */
	struct audit_slice boot, approvals, detail;
};

/*
 * Reads what audit_record_write wrote, and nothing else: *ret_at is then the offset of the first
 * byte that does not belong there.
 */
bool audit_record_scan(const char *bytes, size_t length, struct audit_scan *ret, size_t *ret_at);
/* Does the slice, unescaped, say this text? A null slice says NULL only. */
bool audit_slice_is(const struct audit_slice *slice, const char *text, size_t length);
bool audit_slice_is_word(const struct audit_slice *slice, const char *word);
/* Unescaped, in the arena; NULL for null. */
char *audit_slice_text(const struct audit_slice *slice, struct arena *arena);
/*
 * Members at the top of an object's slice, in one pass: a text without its quotes, else the value
 * as written; at NULL when it is not there. Names are plain ASCII.
 */
void audit_slice_find(const struct audit_slice *object, const struct audit_slice *names,
	size_t count, struct audit_slice *ret, bool *ret_is_text);
/* A text member at the top of an object's slice; false when it is not there. */
bool audit_slice_member(
	const struct audit_slice *object, const char *name, struct audit_slice *ret);

/* --- SQL (audit_store.c) --- */

struct audit_row {
	int64_t seq, at_us;
	const char *action, *outcome, *actor_id, *subject_kind, *subject_id, *intent_id;
	const char *bytes;
	size_t length;
	const struct digest *leaf;
	/* What the columns hold, NULs and all; only of audit_store_next_row. */
	size_t action_length, outcome_length, actor_id_length, subject_kind_length,
		subject_id_length, intent_id_length, leaf_length;
};

int audit_store_edge(struct store_tx *tx, struct audit_edge *ret, struct error *err);
int audit_store_set_edge(struct store_tx *tx, const struct audit_edge *edge, struct error *err);
int audit_store_insert(struct store_tx *tx, const struct audit_row *row, struct error *err);
/* Copies `row` and what it borrows into the arena. */
int audit_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, struct audit_row **ret,
	struct error *err);

/* Rows with after < seq <= until, in order; for audit_store_next_row, then store_finish. */
struct store_query *audit_store_rows(struct store_tx *tx, int64_t after, int64_t until);
struct audit_filter {
	int64_t before; /* seq < before */
	int64_t floor;	/* seq >= floor; not looked at with a subject */
	int64_t limit;
	const char *action, *actor; /* NULL = any */
	const char *subject;	    /* with its parts, "<subject>/..."; NULL = any */
};
/* Newest first; for audit_store_next_row. */
struct store_query *audit_store_list(struct store_tx *tx, const struct audit_filter *filter);
/* Borrows from the query until the next one. 1, 0 at the end, or negative. */
int audit_store_next_row(struct store_query *rows, struct audit_row *ret, struct error *err);

struct audit_checkpoint {
	int64_t size, at_us;
	const char *note;
	size_t note_length;
	const void *hashes; /* the edge at that size */
	size_t hashes_length;
};
int audit_store_insert_checkpoint(
	struct store_tx *tx, const struct audit_checkpoint *checkpoint, struct error *err);
/* The newest with size <= max, in the arena; *ret NULL when there is none. */
int audit_store_checkpoint(struct store_tx *tx, struct arena *arena, int64_t max,
	struct audit_checkpoint **ret, struct error *err);
/* The next with size > after, in the arena; *ret NULL when there is none. */
int audit_store_next_checkpoint(struct store_tx *tx, struct arena *arena, int64_t after,
	struct audit_checkpoint **ret, struct error *err);

/* One statement without parameters and rows: the read transaction of a verification. */
int audit_store_begin(struct store_tx *tx, struct error *err);
void audit_store_end(struct store_tx *tx);

/* --- the copy outside (audit_outside.c) --- */

/* *ret NULL when there is no such file. */
int audit_outside_read(
	struct arena *arena, const char *path, char **ret, size_t *ret_length, struct error *err);
/* Written beside, synced, renamed, and the directory synced. */
int audit_outside_write(const char *path, const char *text, size_t length, struct error *err);

/* --- the start (audit_start.c) --- */

struct audit_verifier;

/*
 * The outside checkpoint against the database, and the records behind the newest checkpoint
 * against the tree. `key` NULL: signatures are not looked at. *ret_size is that of the newest
 * checkpoint in the database.
 */
int audit_start_check(struct store_tx *tx, const struct audit_options *options,
	const struct audit_verifier *key, int64_t *ret_size, struct error *err);

#endif
