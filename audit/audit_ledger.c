#include "audit/audit_check.h"
#include "lib/base/text.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 256 /* a power of two */

struct field {
	uint64_t hash;
	int64_t seq; /* of the record that says so; 0 = none does */
};

struct audit_subject {
	struct audit_ledger *ledger;
	uint64_t key[2];
	int64_t first_seq, last_seq; /* 0: the slot is free */
	bool is_shown;
	struct field fields[];
};

/* Known by keyed hashes, so that nobody can choose two values that collide. */
struct audit_ledger {
	const struct audit_crosscheck *crosscheck;
	struct audit_findings *findings;
	struct digest_state *terms;
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	size_t column_count, stride; /* the terms are one more field */
	char *slots;
	size_t slot_count, used;
};

static struct audit_subject *slot_at(const struct audit_ledger *ledger, char *slots, size_t at)
{
	return (struct audit_subject *)(void *)(slots + at * ledger->stride);
}

struct audit_ledger *audit_ledger_new(
	const struct audit_crosscheck *crosscheck, struct audit_findings *findings)
{
	struct audit_ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger || sodium_init() < 0)
		abort();
	ledger->crosscheck = crosscheck;
	ledger->findings = findings;
	ledger->terms = digest_new();
	randombytes_buf(ledger->secret, sizeof(ledger->secret));
	while (crosscheck->columns[ledger->column_count])
		ledger->column_count++;
	ledger->stride =
		sizeof(struct audit_subject) + (ledger->column_count + 1) * sizeof(struct field);
	ledger->slot_count = FIRST_SLOTS;
	ledger->slots = calloc(ledger->slot_count, ledger->stride);
	if (!ledger->slots)
		abort();
	return ledger;
}

void audit_ledger_free(struct audit_ledger *ledger)
{
	if (!ledger)
		return;
	digest_free(ledger->terms);
	free(ledger->slots);
	free(ledger);
}

static uint64_t hash_value(const struct audit_ledger *ledger, struct audit_value value)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)(value.at ? value.at : ""),
		value.at ? value.length : 0, ledger->secret);
	return hash;
}

static void hash_key(const struct audit_ledger *ledger, struct audit_value key, uint64_t out[2])
{
	crypto_shorthash_siphashx24((unsigned char *)out,
		(const unsigned char *)(key.at ? key.at : ""), key.at ? key.length : 0,
		ledger->secret);
}

static struct audit_subject *find(
	const struct audit_ledger *ledger, char *slots, size_t count, const uint64_t key[2])
{
	for (size_t at = key[0] & (count - 1);; at = (at + 1) & (count - 1)) {
		struct audit_subject *slot = slot_at(ledger, slots, at);

		if (!slot->first_seq || !memcmp(slot->key, key, sizeof(slot->key)))
			return slot;
	}
}

static void grow(struct audit_ledger *ledger)
{
	size_t count = ledger->slot_count * 2;
	char *slots = calloc(count, ledger->stride);

	if (!slots)
		abort();
	for (size_t i = 0; i < ledger->slot_count; i++) {
		const struct audit_subject *slot = slot_at(ledger, ledger->slots, i);

		if (slot->first_seq)
			memcpy(find(ledger, slots, count, slot->key), slot, ledger->stride);
	}
	free(ledger->slots);
	ledger->slots = slots;
	ledger->slot_count = count;
}

/* --- hearing --- */

struct audit_value audit_value_of(const char *text)
{
	return (struct audit_value){text, text ? strlen(text) : 0};
}

/* Without its escapes; what has none is borrowed as it lies. */
static struct audit_value value_of_slice(
	const struct audit_said *said, const struct audit_slice *slice)
{
	char *text;

	if (!slice->at || !memchr(slice->at, '\\', slice->length))
		return (struct audit_value){slice->at, slice->length};
	text = audit_slice_text(slice, said->arena);
	return audit_value_of(text);
}

bool audit_said_is(const struct audit_said *said, enum audit_action action)
{
	return audit_slice_is_word(&said->scan->action, audit_action_word(action));
}

struct audit_value audit_said_subject(const struct audit_said *said)
{
	return value_of_slice(said, &said->scan->subject_id);
}

struct audit_value audit_said_subject_kind(const struct audit_said *said)
{
	return value_of_slice(said, &said->scan->subject_kind);
}

struct audit_value audit_said_subject_digest(const struct audit_said *said)
{
	return value_of_slice(said, &said->scan->subject_digest);
}

struct audit_value audit_said_intent(const struct audit_said *said)
{
	return value_of_slice(said, &said->scan->intent_id);
}

struct audit_value audit_said_detail(const struct audit_said *said, const char *member)
{
	struct audit_slice slice;
	bool is_text;

	if (!audit_slice_find(&said->scan->detail, member, &slice, &is_text))
		return (struct audit_value){0};
	if (is_text)
		return value_of_slice(said, &slice);
	return (struct audit_value){slice.at, slice.length};
}

struct audit_subject *audit_ledger_hear(
	struct audit_ledger *ledger, struct audit_value key, const struct audit_said *said)
{
	struct audit_subject *subject;
	uint64_t hash[2];

	if (ledger->used * 2 >= ledger->slot_count)
		grow(ledger);
	hash_key(ledger, key, hash);
	subject = find(ledger, ledger->slots, ledger->slot_count, hash);
	if (!subject->first_seq) {
		ledger->used++;
		memcpy(subject->key, hash, sizeof(hash));
		subject->first_seq = said->scan->seq;
	}
	subject->ledger = ledger;
	subject->last_seq = said->scan->seq;
	return subject;
}

void audit_subject_says(struct audit_subject *subject, size_t column, struct audit_value value)
{
	subject->fields[column] =
		(struct field){hash_value(subject->ledger, value), subject->last_seq};
}

bool audit_subject_has(const struct audit_subject *subject, size_t column)
{
	return subject->fields[column].seq != 0;
}

void audit_subject_terms(struct audit_subject *subject, const struct audit_said *said)
{
	audit_subject_says(
		subject, subject->ledger->column_count, audit_said_detail(said, "terms"));
}

/* --- findings --- */

/* The one at the first record stays; a row without any record stands behind all others. */
static void add_finding(
	struct audit_findings *findings, int64_t seq, const char *format, va_list args)
{
	int64_t rank = seq ? seq : INT64_MAX;

	findings->count++;
	if (findings->count > 1 && rank >= findings->rank)
		return;
	findings->rank = rank;
	findings->seq = seq;
	vsnprintf(findings->words, sizeof(findings->words), format, args);
}

static void found(struct audit_ledger *ledger, int64_t seq, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void found(struct audit_ledger *ledger, int64_t seq, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_finding(ledger->findings, seq, format, args);
	va_end(args);
}

void audit_ledger_find(struct audit_ledger *ledger, const char *key, const char *format, ...)
{
	const struct audit_subject *subject;
	uint64_t hash[2];
	va_list args;

	hash_key(ledger, audit_value_of(key), hash);
	subject = find(ledger, ledger->slots, ledger->slot_count, hash);
	va_start(args, format);
	add_finding(ledger->findings, subject->last_seq, format, args);
	va_end(args);
}

/* Heard, and never shown. */
static void find_missing(struct audit_ledger *ledger)
{
	for (size_t i = 0; i < ledger->slot_count; i++) {
		const struct audit_subject *subject = slot_at(ledger, ledger->slots, i);

		if (subject->first_seq && !subject->is_shown)
			found(ledger, subject->first_seq, "the row of its %s is not there any more",
				ledger->crosscheck->noun);
	}
}

/* --- rows --- */

static struct audit_value column(struct store_query *row, const char *name)
{
	struct audit_value value;

	value.at = store_bytes(row, name, &value.length);
	if (store_is_null(row, name))
		value = (struct audit_value){0};
	return value;
}

static void add_term(struct digest_state *state, struct audit_value value)
{
	digest_add(state, value.at ? "1" : "0", 1);
	if (value.at)
		digest_add_field(state, value.at, value.length);
}

static void end_terms(struct digest_state *state, char text[static DIGEST_TEXT_SIZE])
{
	struct digest digest;

	digest_end(state, &digest);
	digest_text(&digest, text);
}

const char *audit_terms(struct arena *arena, const char *const *values, size_t count)
{
	struct digest_state *state = digest_new();
	char text[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < count; i++)
		add_term(state, audit_value_of(values[i]));
	end_terms(state, text);
	digest_free(state);
	return arena_text(arena, text);
}

static void compare(struct audit_ledger *ledger, const struct audit_subject *subject, size_t at,
	struct audit_value value, const char *key, const char *what)
{
	const struct field *field = &subject->fields[at];

	if (field->seq ? field->hash == hash_value(ledger, value) : !value.at || !value.length)
		return;
	found(ledger, field->seq ? field->seq : subject->first_seq,
		"the row of the %s %.80s says something else: %s", ledger->crosscheck->noun, key,
		what);
}

static void compare_terms(struct audit_ledger *ledger, const struct audit_subject *subject,
	struct store_query *row, const char *key)
{
	const char *const *terms = ledger->crosscheck->terms;
	char text[DIGEST_TEXT_SIZE], what[200] = "one of ";

	if (!terms[0])
		return;
	for (size_t i = 0; terms[i]; i++) {
		add_term(ledger->terms, column(row, terms[i]));
		snprintf(what + strlen(what), sizeof(what) - strlen(what), "%s%s", i ? ", " : "",
			terms[i]);
	}
	end_terms(ledger->terms, text);
	compare(ledger, subject, ledger->column_count, audit_value_of(text), key, what);
}

static void show_row(struct audit_ledger *ledger, struct store_query *row)
{
	const struct audit_crosscheck *crosscheck = ledger->crosscheck;
	struct audit_value key = column(row, crosscheck->key);
	const char *name = key.at ? key.at : "";
	struct audit_subject *subject;
	uint64_t hash[2];

	hash_key(ledger, key, hash);
	subject = find(ledger, ledger->slots, ledger->slot_count, hash);
	if (!subject->first_seq) {
		found(ledger, 0, "the %s %.80s is in no record: its row was added",
			crosscheck->noun, name);
		return;
	}
	subject->is_shown = true;
	for (size_t i = 0; i < ledger->column_count; i++)
		compare(ledger, subject, i, column(row, crosscheck->columns[i]), name,
			crosscheck->columns[i]);
	compare_terms(ledger, subject, row, name);
}

int audit_ledger_show(struct audit_ledger *ledger, struct store_tx *tx, struct error *err)
{
	const struct audit_crosscheck *crosscheck = ledger->crosscheck;
	struct store_query *rows = crosscheck->rows(tx);
	int rc;

	while ((rc = store_next(rows, err)) == 1) {
		show_row(ledger, rows);
		if (crosscheck->check && (rc = crosscheck->check(ledger, tx, rows, err)) < 0) {
			store_finish(rows);
			return rc;
		}
	}
	if (rc == 0)
		find_missing(ledger);
	return rc;
}
