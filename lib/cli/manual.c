#include "lib/base/text.h"
#include "lib/cli/cli_rooms.h"
#include "lib/cli/roff.h"

#include <string.h>

/* What exit codes mean; which code of an error has which, says the table of errors. */
static const struct {
	int code;
	const char *meaning;
} exits[] = {
	{0, "It was done."},
	{2, "The command line or a value is wrong."},
	{3, "Nobody is logged in."},
	{4, "You may not do that."},
	{5, "It is in conflict with the state of things: locked, not approved, without effect."},
	{6, "There is no such thing."},
	{7, "It changed since you looked at it."},
	{8, "The plan is at fault."},
	{9, "The audit was tampered with."},
	{69, "The daemon, or what it needs, cannot be reached."},
	{70, "A mistake of the program."},
	{71, "There is no memory."},
	{74, "A file or the store cannot be read or written."},
	{75, "It did not happen now, or it is not known whether it did: look, then try again."},
};

static const struct {
	const char *name, *meaning;
} variables[] = {
	{"RB_SOCKET", "Socket of the daemon, as --socket."},
	{"RB_URL", "Address of the daemon, as --url."},
	{"RB_TOKEN_FILE", "File with the API token, as --token-file."},
	{"RB_TOKEN", "The API token itself. A file is better: the environment of a process can be "
		     "read."},
	{"RB_CA_FILE", "Certificates to trust, as --ca-file."},
	{"NO_COLOR", "No colours, also on a terminal."},
};

struct page {
	struct cli *cli;
	struct buf out;
	bool is_own; /* verbs without a noun, or those with one */
	const char *last_noun;
};

static void add_flags(struct page *page, const struct cli_flag *flags, size_t max)
{
	for (size_t i = 0; i < max && flags[i].name; i++)
		roff_item(&page->out, arena_format(&page->cli->arena, "--%s", flags[i].name),
			flags[i].value,
			arena_format(&page->cli->arena, "%s%s%s", flags[i].help,
				flags[i].required ? " (required)" : "",
				flags[i].repeated ? " (may be repeated)" : ""));
}

static void add_note(struct page *page, const char *noun)
{
	const struct cli_program *program = page->cli->program;

	for (size_t i = 0; i < program->note_count; i++)
		if (text_is_equal(program->notes[i].noun, noun))
			roff_paragraph(&page->out, program->notes[i].text);
}

static void add_verb_flags(struct page *page, const struct cli_verb *verb)
{
	if (!verb->flags[0].name)
		return;
	buf_add_text(&page->out, ".RS\n");
	add_flags(page, verb->flags, CLI_FLAGS_MAX);
	buf_add_text(&page->out, ".RE\n");
}

static void add_verb(void *arg, const struct cli_verb *verb)
{
	struct page *page = arg;
	struct arena *arena = &page->cli->arena;

	if (!verb->noun != page->is_own)
		return;
	if (verb->noun && !text_is_equal(verb->noun, page->last_noun)) {
		roff_subheading(&page->out, verb->noun);
		add_note(page, verb->noun);
	}
	page->last_noun = verb->noun;
	roff_item(&page->out,
		arena_format(arena, "%s%s%s", verb->noun ? verb->noun : "", verb->noun ? " " : "",
			verb->verb),
		verb->args, verb->summary);
	if (verb->help)
		roff_more(&page->out, verb->help);
	add_verb_flags(page, verb);
}

static void add_synopsis(struct page *page)
{
	const char *name = page->cli->program->name;

	roff_heading(&page->out, "SYNOPSIS");
	buf_add_format(&page->out,
		".B %s\n.I NOUN VERB\n.RI [ ARGUMENTS ]\n.RI [ FLAGS ]\n.br\n"
		".B %s help\n.RI [ NOUN\\~ [ VERB ]]\n.br\n"
		".B %s completion\nbash|zsh|fish\n",
		name, name, name);
}

static void add_description(struct page *page)
{
	roff_heading(&page->out, "DESCRIPTION");
	roff_paragraph(&page->out, "The command line speaks HTTP to the daemon, over its unix "
				   "socket on the daemon's own host, "
				   "or to an address. Flags stand anywhere behind the verb, as "
				   "--name value or --name=value; "
				   "-- ends them. There are no short flags.\n\n"
				   "On the daemon's host people are known by their uid; elsewhere "
				   "by a token. With --json, "
				   "results go to standard output, and an error as one line of "
				   "JSON to standard error.\n");
}

static void add_end(struct page *page)
{
	struct buf *out = &page->out;

	roff_heading(out, "ENVIRONMENT");
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		roff_item(out, variables[i].name, NULL, variables[i].meaning);
	roff_heading(out, "FILES");
	roff_item(out, CLI_SOCKET, NULL, "The daemon's socket, when nothing else is said.");
	roff_heading(out, "EXIT STATUS");
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		roff_item(out, arena_format(&page->cli->arena, "%d", exits[i].code), NULL,
			exits[i].meaning);
	if (page->cli->program->page_count)
		roff_see_also(out, page->cli->program->pages, page->cli->program->page_count);
}

void manual_print(struct cli *cli)
{
	struct page page = {.cli = cli};

	roff_begin(&page.out, cli->program->name, 1, cli->program->summary);
	add_synopsis(&page);
	add_description(&page);
	roff_heading(&page.out, "VERBS");
	page.is_own = true;
	parse_each_verb(cli->program, add_verb, &page);
	page.is_own = false;
	parse_each_verb(cli->program, add_verb, &page);
	roff_heading(&page.out, "FLAGS OF EVERY VERB");
	add_flags(&page, cli_common_flags, SIZE_MAX);
	add_end(&page);
	fputs(buf_text(&page.out), cli->out);
	buf_done(&page.out);
}
