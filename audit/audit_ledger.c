#include "audit/audit_check.h"
#include "lib/base/text.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE     80  /* of a row in a finding; what is longer is cut */
#define FIRST_ENTRIES 256 /* a power of two */

/*
 * What the log says of one column of one row, in a word: 40 bits of a keyed hash of the value, so
 * that nobody can choose two values that collide, and how far behind the row's first record it
 * says so, from 1; 0 = the log says nothing.
 */
#define DISTANCE_BITS 24
#define DISTANCE_MAX  ((UINT64_C(1) << DISTANCE_BITS) - 1)

/* One row; `fields` are as many as the cross check's columns, and one for the terms. */
struct entry {
	uint64_t key[2];
	int64_t first_seq, last_seq;
	bool is_shown;
	uint64_t fields[];
};

struct audit_subject {
	struct audit_ledger *ledger;
	struct entry *entry;
};

struct audit_ledger {
	const struct audit_crosscheck *crosscheck;
	struct audit_findings *findings;
	struct digest_state *terms;
	struct audit_subject subject; /* the one that was heard of last */
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	size_t column_count, entry_size;
	char *entries; /* in the order of their first record */
	size_t count, capacity;
	uint32_t *slots; /* number of an entry, from 1, by its key; twice the capacity */
};

static struct entry *entry_at(const struct audit_ledger *ledger, size_t at)
{
	return (struct entry *)(void *)(ledger->entries + at * ledger->entry_size);
}

/* Where the key is, or would be. */
static uint32_t *find_slot(const struct audit_ledger *ledger, const uint64_t key[2])
{
	size_t mask = ledger->capacity * 2 - 1;

	for (size_t at = key[0] & mask;; at = (at + 1) & mask) {
		uint32_t number = ledger->slots[at];

		if (!number || !memcmp(entry_at(ledger, number - 1)->key, key, 2 * sizeof(key[0])))
			return &ledger->slots[at];
	}
}

static struct entry *find(const struct audit_ledger *ledger, const uint64_t key[2])
{
	uint32_t number = *find_slot(ledger, key);

	return number ? entry_at(ledger, number - 1) : NULL;
}

static void set_capacity(struct audit_ledger *ledger, size_t capacity)
{
	ledger->capacity = capacity;
	ledger->entries = realloc(ledger->entries, capacity * ledger->entry_size);
	free(ledger->slots);
	ledger->slots = calloc(capacity * 2, sizeof(*ledger->slots));
	if (!ledger->entries || !ledger->slots || capacity > UINT32_MAX)
		abort();
	for (size_t i = 0; i < ledger->count; i++)
		*find_slot(ledger, entry_at(ledger, i)->key) = (uint32_t)i + 1;
}

static struct entry *add_entry(struct audit_ledger *ledger, const uint64_t key[2], int64_t seq)
{
	struct entry *entry;

	if (ledger->count == ledger->capacity)
		set_capacity(ledger, ledger->capacity * 2);
	entry = entry_at(ledger, ledger->count++);
	memset(entry, 0, ledger->entry_size);
	memcpy(entry->key, key, sizeof(entry->key));
	entry->first_seq = seq;
	*find_slot(ledger, key) = (uint32_t)ledger->count;
	return entry;
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
	ledger->subject.ledger = ledger;
	randombytes_buf(ledger->secret, sizeof(ledger->secret));
	while (crosscheck->columns[ledger->column_count])
		ledger->column_count++;
	ledger->entry_size = sizeof(struct entry) + (ledger->column_count + 1) * sizeof(uint64_t);
	set_capacity(ledger, FIRST_ENTRIES);
	return ledger;
}

void audit_ledger_free(struct audit_ledger *ledger)
{
	if (!ledger)
		return;
	digest_free(ledger->terms);
	free(ledger->entries);
	free(ledger->slots);
	free(ledger);
}

static uint64_t hash_value(const struct audit_ledger *ledger, struct audit_value value)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)(value.at ? value.at : ""),
		value.at ? value.length : 0, ledger->secret);
	return hash & ~DISTANCE_MAX;
}

static void hash_key(const struct audit_ledger *ledger, struct audit_value key, uint64_t out[2])
{
	crypto_shorthash_siphashx24((unsigned char *)out,
		(const unsigned char *)(key.at ? key.at : ""), key.at ? key.length : 0,
		ledger->secret);
}

/* The record that says so; 0 = none does. One far behind is told as the row's newest. */
static int64_t field_seq(const struct entry *entry, size_t column)
{
	uint64_t distance = entry->fields[column] & DISTANCE_MAX;

	if (!distance)
		return 0;
	return distance == DISTANCE_MAX ? entry->last_seq
					: entry->first_seq + (int64_t)distance - 1;
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
	return said->action == (int)action;
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

void audit_said_details(const struct audit_said *said, const char *const *members, size_t count,
	struct audit_value *ret)
{
	struct audit_slice names[AUDIT_LEDGER_COLUMNS] = {{0}}, slices[AUDIT_LEDGER_COLUMNS];
	bool is_text[AUDIT_LEDGER_COLUMNS];

	for (size_t i = 0; i < count; i++)
		names[i] = (struct audit_slice){members[i], strlen(members[i])};
	audit_slice_find(&said->scan->detail, names, count, slices, is_text);
	for (size_t i = 0; i < count; i++)
		ret[i] = slices[i].at && is_text[i]
				 ? value_of_slice(said, &slices[i])
				 : (struct audit_value){slices[i].at, slices[i].length};
}

struct audit_value audit_said_detail(const struct audit_said *said, const char *member)
{
	struct audit_value value;

	audit_said_details(said, &member, 1, &value);
	return value;
}

struct audit_subject *audit_ledger_hear(
	struct audit_ledger *ledger, struct audit_value key, const struct audit_said *said)
{
	struct entry *entry;
	uint64_t hash[2];

	hash_key(ledger, key, hash);
	entry = find(ledger, hash);
	if (!entry)
		entry = add_entry(ledger, hash, said->scan->seq);
	entry->last_seq = said->scan->seq;
	ledger->subject.entry = entry;
	return &ledger->subject;
}

void audit_subject_says(struct audit_subject *subject, size_t column, struct audit_value value)
{
	struct entry *entry = subject->entry;
	uint64_t distance = (uint64_t)(entry->last_seq - entry->first_seq) + 1;

	entry->fields[column] = hash_value(subject->ledger, value) |
				(distance < DISTANCE_MAX ? distance : DISTANCE_MAX);
}

bool audit_subject_has(const struct audit_subject *subject, size_t column)
{
	return subject->entry->fields[column] != 0;
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
	const struct entry *entry;
	uint64_t hash[2];
	va_list args;

	hash_key(ledger, audit_value_of(key), hash);
	entry = find(ledger, hash);
	va_start(args, format);
	add_finding(ledger->findings, entry ? entry->last_seq : 0, format, args);
	va_end(args);
}

/* Heard, and never shown. */
static void find_missing(struct audit_ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct entry *entry = entry_at(ledger, i);

		if (!entry->is_shown)
			found(ledger, entry->first_seq, "the row of its %s is not there any more",
				ledger->crosscheck->noun);
	}
}

/* --- rows --- */

static struct audit_value column(struct store_query *row, const char *name)
{
	struct audit_value value;

	value.at = store_value(row, name, &value.length);
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

static void compare(struct audit_ledger *ledger, const struct entry *entry, size_t at,
	struct audit_value value, const char *key, const char *what)
{
	uint64_t field = entry->fields[at];

	if (field ? (field & ~DISTANCE_MAX) == hash_value(ledger, value)
		  : !value.at || !value.length)
		return;
	found(ledger, field ? field_seq(entry, at) : entry->first_seq,
		"the row of the %s %s says something else: %s", ledger->crosscheck->noun, key,
		what);
}

static void compare_terms(struct audit_ledger *ledger, const struct entry *entry,
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
	compare(ledger, entry, ledger->column_count, audit_value_of(text), key, what);
}

static void show_row(struct audit_ledger *ledger, struct store_query *row)
{
	const struct audit_crosscheck *crosscheck = ledger->crosscheck;
	struct audit_value key = column(row, crosscheck->key);
	char name[NAME_SIZE];
	struct entry *entry;
	uint64_t hash[2];

	snprintf(name, sizeof(name), "%.*s", (int)(key.length < NAME_SIZE ? key.length : NAME_SIZE),
		key.at ? key.at : "");
	hash_key(ledger, key, hash);
	entry = find(ledger, hash);
	if (!entry) {
		found(ledger, 0, "the %s %s is in no record: its row was added", crosscheck->noun,
			name);
		return;
	}
	entry->is_shown = true;
	for (size_t i = 0; i < ledger->column_count; i++)
		compare(ledger, entry, i, column(row, crosscheck->columns[i]), name,
			crosscheck->columns[i]);
	compare_terms(ledger, entry, row, name);
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
