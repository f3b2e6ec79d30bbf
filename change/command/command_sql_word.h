/* Words of SQL: one statement after the other, without comments and blanks. */
#ifndef RB_CHANGE_COMMAND_COMMAND_SQL_WORD_H
#define RB_CHANGE_COMMAND_COMMAND_SQL_WORD_H

#include "lib/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

#define SQL_WORDS_MAX 20000

enum sql_kind { SQL_WORD, SQL_NAME, SQL_TEXT, SQL_NUMBER, SQL_SIGN };
struct sql_word {
	enum sql_kind kind;
	const char *text;  /* as written; a name without its quotes */
	const char *upper; /* a word in capitals; else "" */
};
struct sql_words {
	struct sql_word *words;
	size_t count, capacity;
	bool is_odd; /* where a text or a comment ends depends on the server: nothing is proved */
};

void sql_words_split(struct arena *arena, const char *text, struct sql_words *ret);

#endif
