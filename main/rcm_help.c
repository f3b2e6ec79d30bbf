#include "main/rcm.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define FILES ":files" /* for the scripts: offer what lies in the folder */

const struct rcm_verb *rcm_find_verb(const struct rcm_verb *verbs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static void print_options(const struct rcm_verb *verb)
{
	for (size_t i = 0; i < RCM_OPTION_COUNT; i++) {
		const struct rcm_option *row = &rcm_options[i];
		char name[64];

		if (!(verb->options & 1u << i))
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", row->name, row->value ? " " : "",
			row->value ? row->value : "");
		printf("    %-18s %s\n", name, row->help);
	}
}

int rcm_help(const struct rcm_verb *verbs, size_t count)
{
	puts("rcm VERB ...: commands through the change gate of this host\n");
	for (size_t i = 0; i < count; i++) {
		printf("  rcm %s%s%s\n    %s\n", verbs[i].name, verbs[i].arguments[0] ? " " : "",
			verbs[i].arguments, verbs[i].summary);
		print_options(&verbs[i]);
	}
	puts("\n  Every other verb is one of rcm-client: new, submit, approve, list and so on.\n"
	     "  rcm-client help lists them, rcm help VERB explains one.\n");
	puts("Exit codes of exec, shell and ssh: the command's own; 125 refused, 126 cannot be "
	     "executed,\n"
	     "127 not found, 128+n ended by signal n. Of check: 0 allow, 10 review, 11 rule, 12 "
	     "frozen or\n"
	     "outside its window, 13 conflict or budget, 14 grant, 15 unprovable, 20 no gate, 64 "
	     "usage,\n"
	     "70 internal, 77 not authenticated, 78 settings.");
	return fflush(stdout) == 0 ? 0 : RCM_INTERNAL;
}

/* Completion. */

static void offer(const char *typed, const char *before, const char *word, const char *about)
{
	char whole[64];

	snprintf(whole, sizeof(whole), "%s%s", before, word);
	if (text_starts_with(whole, typed))
		printf("%s\t%s\n", whole, about);
}

static const struct rcm_option *find_option(const struct rcm_verb *verb, const char *word)
{
	for (size_t i = 0; i < RCM_OPTION_COUNT; i++)
		if (verb->options & 1u << i && !strncmp(word, "--", 2) &&
			!strcmp(rcm_options[i].name, word + 2))
			return &rcm_options[i];
	return NULL;
}

static void offer_options(const struct rcm_verb *verb, const char *typed)
{
	for (size_t i = 0; i < RCM_OPTION_COUNT; i++)
		if (verb->options & 1u << i)
			offer(typed, "--", rcm_options[i].name, rcm_options[i].help);
	if (verb->operands == TAKES_BOTH)
		offer(typed, "", "--", "a command follows");
}

/* Names of changes are the daemon's: rcm-client knows how to ask for them. */
static void offer_changes(const char *typed)
{
	const char *const argv[] = {"rcm", "--complete", "--", "show", typed, NULL};

	fflush(stdout);
	rcm_exec_client((char **)(uintptr_t)argv);
}

/* `words` stand behind the verb; the last is at the cursor. */
static void offer_word(const struct rcm_verb *verb, char **words, size_t count)
{
	const char *typed = words[count - 1];
	const struct rcm_option *open;

	for (size_t i = 0; i + 1 < count; i++)
		if (!strcmp(words[i], "--")) {
			puts(FILES);
			return;
		}
	open = count > 1 ? find_option(verb, words[count - 2]) : NULL;
	if (open && open->value) {
		if (!strcmp(open->value, "PATH"))
			puts(FILES);
	} else if (typed[0] == '-') {
		offer_options(verb, typed);
	} else if (verb->operands == TAKES_PATH) {
		puts(FILES);
	} else if (verb->operands == TAKES_CHANGE || verb->operands == TAKES_BOTH) {
		offer_changes(typed);
	}
}

int rcm_complete(const struct rcm_verb *verbs, size_t count, char **argv)
{
	char **words = argv + 3;
	const struct rcm_verb *verb;
	size_t word_count = 0;

	if (!argv[2] || strcmp(argv[2], "--") || !*words)
		return RCM_USAGE;
	while (words[word_count])
		word_count++;
	verb = word_count > 1 ? rcm_find_verb(verbs, count, words[0]) : NULL;
	if (verb) {
		offer_word(verb, words + 1, word_count - 1);
		return fflush(stdout) == 0 ? 0 : RCM_INTERNAL;
	}
	for (size_t i = 0; i < count && word_count == 1; i++)
		offer(words[0], "", verbs[i].name, verbs[i].summary);
	if (fflush(stdout) != 0)
		return RCM_INTERNAL;
	rcm_exec_client(argv);
	return 0;
}
