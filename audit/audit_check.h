/* One pass over records in their order, from a database or from an export. */
#ifndef RB_AUDIT_AUDIT_CHECK_H
#define RB_AUDIT_AUDIT_CHECK_H

#include "audit/audit_ledger.h"
#include "audit/audit_note.h"
#include "audit/audit_rooms.h"
#include "audit/audit_verify.h"

#define CHECK_KEYS_MAX 8

struct audit_intents;

/* --- what the rooms above find (audit_ledger.c) --- */

struct audit_said {
	const struct audit_scan *scan;
	int action;	     /* enum audit_action; -1 = none of this program's */
	struct arena *arena; /* for the call */
};

struct audit_findings {
	int64_t count, seq; /* seq 0: of no record */
	int64_t rank;
	char words[400];
};

struct audit_ledger *audit_ledger_new(
	const struct audit_crosscheck *crosscheck, struct audit_findings *findings);
void audit_ledger_free(struct audit_ledger *ledger);
/* Compares every row; what was heard and is not among them is a finding too. */
int audit_ledger_show(struct audit_ledger *ledger, struct store_tx *tx, struct error *err);

/* --- one pass --- */

struct audit_check {
	struct audit_verifier keys[CHECK_KEYS_MAX];
	size_t key_count;
	struct audit_edge edge; /* of what was read so far */
	struct digest_state *hash;
	struct audit_intents *intents;
	struct arena arena;
	char origin[NOTE_NAME_SIZE]; /* of the first checkpoint met */
	struct audit_note outside;
	bool has_outside, is_outside_gone;
	const struct audit_verify_options *options;
	struct audit_ledger **ledgers; /* one for each cross check; NULL for an export */
	struct audit_findings findings;
	int64_t good_size; /* up to here a checkpoint says the same */
	struct audit_verify_result *result;
	struct error *err;
};

int audit_check_init(struct audit_check *check, const struct audit_verify_options *options,
	struct audit_verify_result *result, struct error *err);
void audit_check_done(struct audit_check *check);

/* Sets what is wrong, and where. Answers ERROR_TAMPERED. */
int audit_check_fail(struct audit_check *check, int64_t seq, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The next record; *ret_scan borrows from the bytes, *ret_leaf is its hash. */
int audit_check_record(struct audit_check *check, const char *bytes, size_t length,
	struct audit_scan *ret_scan, struct digest *ret_leaf);
/* A checkpoint that covers exactly what was read so far. */
int audit_check_note(struct audit_check *check, const char *text, size_t length);
/* After the last record. */
int audit_check_end(struct audit_check *check);
/* The rows of the rooms above, after the log was found good. */
int audit_check_rows(struct audit_check *check, struct store_tx *tx);

/* --- intents and outcomes (audit_intents.c) --- */

struct audit_intents *audit_intents_new(void);
void audit_intents_free(struct audit_intents *intents);
/* Words for what is wrong with the record, NULL when nothing is. */
const char *audit_intents_add(struct audit_intents *intents, const struct audit_scan *scan);
int64_t audit_intents_open(const struct audit_intents *intents);

#endif
