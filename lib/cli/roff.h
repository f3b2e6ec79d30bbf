/*
 * Pages of the manual, man(7): what our programs print of themselves (`--man`). Text is UTF-8 and
 * stays what it is: nothing in it is read as a request or an escape.
 */
#ifndef RB_CLI_ROFF_H
#define RB_CLI_ROFF_H

#include "lib/base/buf.h"

/* Title line and NAME. The date is SOURCE_DATE_EPOCH's, else today's. */
void roff_begin(struct buf *out, const char *name, int section, const char *summary);
void roff_heading(struct buf *out, const char *text);
void roff_subheading(struct buf *out, const char *text);
/* Filled text; an empty line begins a new paragraph, lines that begin with a blank stay as they
 * are. */
void roff_paragraph(struct buf *out, const char *text);
/* A line with a bold `tag` and a light `value` (may be NULL), and the text below it. */
void roff_item(struct buf *out, const char *tag, const char *value, const char *text);
/* More of the item's text. */
void roff_more(struct buf *out, const char *text);
/* Exactly these lines. */
void roff_lines(struct buf *out, const char *text);
/* "redbuttond 8, redbuttond.conf 5": the last section. */
void roff_see_also(struct buf *out, const char *const *pages, size_t count);

#endif
