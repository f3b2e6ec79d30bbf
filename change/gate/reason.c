#include "change/gate/reason.h"

#include <stddef.h>
#include <string.h>

#define RULE_PREFIX "rule:"

struct reason_row {
	const char *word;
	enum gate_verdict_word verdict;
	int exit_code;
};

static const struct reason_row reason_rows[REASON_COUNT] = {
#define X(code, word, verdict, exit_code) [REASON_##code] = {word, GATE_##verdict, exit_code},
	GATE_REASONS(X)
#undef X
};

static const char *const verdict_words[] = {
	[GATE_ALLOW] = "allow", [GATE_REVIEW] = "review", [GATE_DENY] = "deny"};

#define VERDICT_COUNT (sizeof(verdict_words) / sizeof(verdict_words[0]))

/* A number that is none of the table is the strictest row there is. */
static const struct reason_row *find_row(enum gate_reason reason)
{
	return &reason_rows[(unsigned)reason < REASON_COUNT ? reason : REASON_GATE_UNAVAILABLE];
}

const char *gate_verdict_word(enum gate_verdict_word verdict)
{
	return verdict_words[(size_t)verdict < VERDICT_COUNT ? verdict : GATE_DENY];
}

bool gate_verdict_parse(const char *word, enum gate_verdict_word *ret)
{
	for (size_t i = 0; word && i < VERDICT_COUNT; i++)
		if (!strcmp(word, verdict_words[i])) {
			*ret = (enum gate_verdict_word)i;
			return true;
		}
	return false;
}

const char *gate_reason_word(enum gate_reason reason)
{
	return find_row(reason)->word;
}

bool gate_reason_parse(const char *word, enum gate_reason *ret)
{
	const size_t prefix = sizeof(RULE_PREFIX) - 1;

	if (word && !strncmp(word, RULE_PREFIX, prefix) && word[prefix]) {
		*ret = REASON_RULE;
		return true;
	}
	for (int i = 0; word && i < REASON_COUNT; i++)
		if (!strcmp(word, reason_rows[i].word)) {
			*ret = (enum gate_reason)i;
			return true;
		}
	return false;
}

enum gate_verdict_word gate_reason_verdict(enum gate_reason reason)
{
	return find_row(reason)->verdict;
}

int gate_reason_exit(enum gate_reason reason)
{
	return find_row(reason)->exit_code;
}
