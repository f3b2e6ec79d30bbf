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
};

int audit_store_edge(struct store_tx *tx, struct audit_edge *ret, struct error *err);
int audit_store_set_edge(struct store_tx *tx, const struct audit_edge *edge, struct error *err);
int audit_store_insert(struct store_tx *tx, const struct audit_row *row, struct error *err);
/* Copies `row` and what it borrows into the arena. */
int audit_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, struct audit_row **ret,
	struct error *err);

#endif
