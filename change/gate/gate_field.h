/*
 * The fields of a message as a table, one for both directions: what is written is what is read.
 * On the wire each field is its length (4 bytes, big-endian) and its bytes; within a list each
 * element again. Numbers are big-endian and have one width each. Between gate_message.c and
 * gate_field.c only.
 */
#ifndef RB_CHANGE_GATE_FIELD_H
#define RB_CHANGE_GATE_FIELD_H

#include "change/gate/gate_message.h"

enum gate_field_type {
	GATE_FIELD_END,	     /* the last row of a table */
	GATE_FIELD_TEXT,     /* const char *; `max` bytes */
	GATE_FIELD_UTF8,     /* the same, of UTF-8: it is stored and shown as JSON */
	GATE_FIELD_WORD,     /* const char *, empty or of printable ASCII; `max` bytes */
	GATE_FIELD_REASON,   /* const char *, a word of reason.h */
	GATE_FIELD_NONCE,    /* char[GATE_NONCE_SIZE] */
	GATE_FIELD_SHA256,   /* const char *, 64 hex digits */
	GATE_FIELD_LIST,     /* const char *const *, NULL-ended; GATE_LIST_MAX elements */
	GATE_FIELD_CONTENTS, /* contents and content_count of a struct gate_exec */
	GATE_FIELD_ENUM,     /* an enum of 0..max, one byte */
	GATE_FIELD_BOOL,     /* one byte, 0 or 1 */
	GATE_FIELD_UINT32,   /* `max` is the largest; 0 is UINT32_MAX */
	GATE_FIELD_INT32,
	GATE_FIELD_UINT64,
	GATE_FIELD_INT64,
	GATE_FIELD_SIGNATURE, /* uint8_t[GATE_SIGNATURE_BYTES] */
	GATE_FIELD_GROUP,     /* a struct inside, with a table of its own */
};

struct gate_field {
	const char *name; /* as errors name it */
	enum gate_field_type type;
	size_t offset; /* in the struct of the table */
	size_t max;
	const struct gate_field *fields; /* GROUP */
};

/* Appends the fields of `object`. NULL texts and lists are empty ones. ERROR_TOO_LARGE, and
 * ERROR_INVALID for what is no UTF-8, name the field; what was appended before it stays: the caller
 * drops it. */
int gate_field_write(
	struct buf *out, const struct gate_field *fields, const void *object, struct error *err);
/* Fills `ret` from exactly these bytes; ERROR_INVALID names the field. */
int gate_field_read(struct arena *arena, const struct gate_field *fields, const uint8_t *bytes,
	size_t length, void *ret, struct error *err);

#endif
