#include "audit/audit.h"

#include "audit/audit_rooms.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

/* Hashes what is behind the first byte of `bytes`, which is the leaf's prefix. */
static int insert(struct store_tx *tx, const struct audit_record *record, struct buf *bytes,
	const struct audit_stamp *stamp, struct digest *leaf, struct error *err)
{
	struct audit_row row = {
		.seq = stamp->seq,
		.at_us = stamp->at_us,
		.action = audit_action_word(record->action),
		.outcome = audit_outcome_word(record->outcome),
		.actor_id = record->actor->id,
		.subject_kind = record->subject_kind,
		.subject_id = record->subject_id,
		.intent_id = record->intent_id,
		.bytes = bytes->bytes + 1,
		.length = bytes->length - 1,
		.leaf = leaf,
	};

	audit_leaf(bytes->bytes, row.length, leaf);
	return audit_store_insert(tx, &row, err);
}

int audit_append(struct store_tx *tx, const struct audit_record *record, int64_t at_us,
	int64_t *ret_seq, struct error *err)
{
	struct buf bytes = BUF_INIT;
	struct audit_edge edge;
	struct audit_stamp stamp = {
		.at_us = at_us, .mono_ns = time_mono_ns(), .boot = time_boot_id()};
	struct digest leaf;
	int rc = audit_store_edge(tx, &edge, err);

	if (rc < 0)
		return rc;
	stamp.seq = edge.size + 1;
	buf_reserve(&bytes, 512);
	buf_add_char(&bytes, 0);
	rc = audit_record_write(&bytes, record, &stamp, err);
	if (rc >= 0)
		rc = insert(tx, record, &bytes, &stamp, &leaf, err);
	buf_done(&bytes);
	if (rc < 0)
		return rc;
	audit_edge_add(&edge, &leaf);
	rc = audit_store_set_edge(tx, &edge, err);
	if (rc >= 0 && ret_seq)
		*ret_seq = stamp.seq;
	return rc;
}

static void make_entry(const struct audit_row *row, struct audit_entry *ret)
{
	*ret = (struct audit_entry){
		.seq = row->seq,
		.at_us = row->at_us,
		.action = row->action,
		.outcome = row->outcome,
		.actor_id = row->actor_id,
		.subject_kind = row->subject_kind,
		.subject_id = row->subject_id,
		.intent_id = row->intent_id,
		.bytes = row->bytes,
		.length = row->length,
	};
}

int audit_each(struct store_tx *tx, const char *action,
	int (*call)(void *arg, const struct audit_entry *entry, struct error *err), void *arg,
	struct error *err)
{
	struct store_query *rows = audit_store_rows(tx, 0, INT64_MAX);
	struct audit_entry entry;
	struct audit_row row;
	int rc;

	while ((rc = audit_store_next_row(rows, &row, err)) == 1) {
		if (action && !text_is_equal(action, row.action))
			continue;
		make_entry(&row, &entry);
		if ((rc = call(arg, &entry, err)) != 0)
			break;
	}
	store_finish(rows);
	return rc;
}
