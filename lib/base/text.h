/* UTF-8 and names: what may be stored, and how anything is shown so that nobody is deceived. */
#ifndef RB_BASE_TEXT_H
#define RB_BASE_TEXT_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NAME_MAX 120 /* bytes, without the NUL */

/* Reads one code point at text[*position] and moves on; -1 for bytes that are no UTF-8. */
int32_t text_next(const char *text, size_t length, size_t *position);
bool text_is_utf8(const char *text, size_t length);
/* C0, C1, DEL, bidi controls, zero-width and other invisible format characters. */
bool text_is_deceptive(int32_t code_point);

/* 1..TEXT_NAME_MAX bytes of UTF-8 without deceptive characters, no white space at its ends. `field`
 * names it in the error. */
int text_check_name(const char *field, const char *name, struct error *err);
/* As text_check_name, of [a-z0-9._-] words joined by at most one '/': plans, switches. */
int text_check_path_name(const char *field, const char *name, struct error *err);
/* Free text for a person (reason, comment): 1..max_bytes of UTF-8, newline and tab allowed, nothing
 * else deceptive. */
int text_check_prose(const char *field, const char *prose, size_t max_bytes, struct error *err);

/* Appends the text with each deceptive or broken byte shown as \u{202e} or \x1b. */
void text_add_visible(struct buf *out, const char *text, size_t length);
char *text_visible(struct arena *arena, const char *text);
/* Columns on a terminal: wide for East Asian code points, 0 for combining ones. */
int text_columns(const char *text);

/* The candidate nearest to `word` (edit distance at most a third of its length), or NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

bool text_is_equal(const char *a, const char *b); /* NULL equals NULL only */
bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);
/* Compares in a time that depends on `length` only. */
bool text_is_equal_secret(const void *a, const void *b, size_t length);

/* Whole decimal int64, nothing around it. */
int text_parse_int64(const char *field, const char *text, int64_t min, int64_t max, int64_t *ret,
	struct error *err);

#endif
