/*
 * A typed line to words: POSIX quoting (' " \) and nothing else. Every unquoted character that a
 * shell would act on (| & ; < > ( ) $ ` * ? [ ] { } ~ # ! = at the first word's assignment,
 * newline, and $ ` \ inside double quotes) is refused by name and place: what needs a shell is a
 * script.
 */
#ifndef RB_CHANGE_COMMAND_WORDS_H
#define RB_CHANGE_COMMAND_WORDS_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stddef.h>

#define WORDS_MAX	4096
#define WORDS_BYTES_MAX ((size_t)128 * 1024)

/* NULL-ended list in the arena. ERROR_INVALID: field "line", place "column 12". */
int words_split(struct arena *arena, const char *line, char ***ret_words, size_t *ret_count,
	struct error *err);
/* The words as a line that words_split, and a POSIX shell, split into the same words. */
char *words_join(struct arena *arena, const char *const *words);

#endif
