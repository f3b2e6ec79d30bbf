/*
 * What the log says of the rows of the rooms above. While a verification walks the log, each room
 * hears every record and notes what it says of its rows; then the room shows the rows, and what
 * differs, lacks or was never recorded is tampering. The room's part is a struct audit_crosscheck
 * that it exports; main/ hands all of them to the verification.
 */
#ifndef RB_AUDIT_AUDIT_LEDGER_H
#define RB_AUDIT_AUDIT_LEDGER_H

#include "audit/audit.h"

#include <stddef.h>

#define AUDIT_LEDGER_COLUMNS 16
#define AUDIT_LEDGER_TERMS   24

/* A piece of a record; at NULL: null, or not there. Borrowed for the call. */
struct audit_value {
	const char *at;
	size_t length;
};
struct audit_value audit_value_of(const char *text);

struct audit_said; /* one record of the log */

bool audit_said_is(const struct audit_said *said, enum audit_action action);
struct audit_value audit_said_subject(const struct audit_said *said); /* its id */
struct audit_value audit_said_subject_kind(const struct audit_said *said);
struct audit_value audit_said_subject_digest(const struct audit_said *said);
struct audit_value audit_said_intent(const struct audit_said *said);
/* Of the detail: a text without its escapes, anything else as its canonical bytes. */
struct audit_value audit_said_detail(const struct audit_said *said, const char *member);
/* Several members (at most AUDIT_LEDGER_COLUMNS) in one pass; `ret` has as many. */
void audit_said_details(const struct audit_said *said, const char *const *members, size_t count,
	struct audit_value *ret);

struct audit_ledger;
struct audit_subject; /* one row, as the log has it; until the next audit_ledger_hear */

/* The row with that key, which the record is about. Texts "" and NULL are the same. */
struct audit_subject *audit_ledger_hear(
	struct audit_ledger *ledger, struct audit_value key, const struct audit_said *said);
/* `column` counts in the cross check's list. */
void audit_subject_says(struct audit_subject *subject, size_t column, struct audit_value value);
/* Has the log said anything about that column yet? */
bool audit_subject_has(const struct audit_subject *subject, size_t column);
/* The record's detail "terms". */
void audit_subject_terms(struct audit_subject *subject, const struct audit_said *said);

/* A finding of the room's own, at the newest record about that key. */
void audit_ledger_find(struct audit_ledger *ledger, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct audit_crosscheck {
	const char *noun;			   /* "execution" */
	const char *key;			   /* column by which the log knows the row */
	const char *columns[AUDIT_LEDGER_COLUMNS]; /* that the log names; NULL-ended */
	const char *terms[AUDIT_LEDGER_TERMS];	   /* that never change: one digest; NULL-ended */
	void (*hear)(struct audit_ledger *ledger, const struct audit_said *said);
	struct store_query *(*rows)(struct store_tx *tx); /* all, with the columns above */
	/* What else must hold of one row; or NULL. Negative only when it cannot be looked at. */
	int (*check)(struct audit_ledger *ledger, struct store_tx *tx, struct store_query *row,
		struct error *err);
};

/*
 * The digest of the columns that never change ("sha256:...", in the arena), in the order of the
 * cross check's list, numbers in decimal. NULL and "" differ.
 */
const char *audit_terms(struct arena *arena, const char *const *values, size_t count);

#endif
