#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

/* A script: its text is what runs. One that is bound was read by those who approved it. */
static void run_file(struct command *c, const char *file)
{
	json_t *impact = impact_add(c, "exec", "process", path_resolve(c, file), "one");

	if (path_is_url(file))
		impact_flag(impact, "fetch_and_run");
	if (!path_is_bound(c, file))
		command_doubt(c, "opaque");
}

static void run_inline(struct command *c)
{
	impact_flag(impact_add(c, "exec", "process", "", "one"), "inline_code");
	command_doubt(c, "opaque");
}

/* Others (zsh, fish, csh) split and expand by rules of their own. */
static bool is_plain_shell(const struct command *c)
{
	return text_is_word("bash sh dash ash ksh rbash", c->program);
}

struct shell_words {
	const char *line, *file;
	bool is_line, is_stdin, is_interactive, is_login, is_odd;
};

static size_t take_shell_option(struct shell_words *s, const struct command *c, size_t at)
{
	const char *word = c->words[at];

	if (!strncmp(word, "--", 2)) {
		if (text_is_word("--login", word))
			s->is_login = true;
		else if (!text_is_word("--norc --noprofile --posix --restricted --verbose", word))
			s->is_odd = true;
		return 1;
	}
	s->is_odd |= word[0] == '+';
	for (const char *letter = word + 1; *letter; letter++) {
		if (*letter == 'c')
			s->is_line = true;
		else if (*letter == 's')
			s->is_stdin = true;
		else if (*letter == 'i')
			s->is_interactive = true;
		else if (*letter == 'l')
			s->is_login = true;
		else if (!strchr("euxvnfhmpaEtr", *letter))
			s->is_odd = true;
	}
	return 1;
}

static void act_shell(struct command *c)
{
	struct shell_words s = {0};
	struct command_inner like = {.cwd = c->cwd, .is_shell = true};
	size_t at = 1;

	while (at < c->count && (c->words[at][0] == '-' || c->words[at][0] == '+') &&
		c->words[at][1]) {
		if (!strcmp(c->words[at], "--")) {
			at++;
			break;
		}
		at += take_shell_option(&s, c, at);
	}
	if (s.is_odd || s.is_login || s.is_interactive)
		command_doubt(c, s.is_interactive ? "interactive_shell" : "dynamic");
	if (s.is_line) {
		if (at >= c->count || !is_plain_shell(c))
			command_doubt(c, "dynamic");
		if (at < c->count)
			command_start_line(c, c->words[at], &like);
	} else if (s.is_stdin || at >= c->count) {
		act_interactive(c);
	} else {
		run_file(c, c->words[at]);
	}
}

/* Builtins that stay in a shell; as programs there are none of these names. */
static void act_builtin_only(struct command *c)
{
	command_doubt(c, c->is_shell ? "dynamic" : "opaque");
}

/*
 * python, perl, ruby, node ...: text on the line, a file, or the keyboard. Which letters take text
 * differs; a word that begins with a dash and is not known is text to be safe.
 */
static void act_interpreter(struct command *c)
{
	static const char text_options[] =
		"-c -e -E -r -p -P -pe -ne -n -i -m --eval --print --execute "
		"--expression -R -B --run";
	bool is_question = c->count == 2 && text_is_word("-V -v --version -version", c->words[1]);

	if (is_question)
		return;
	for (size_t i = 1; i < c->count; i++) {
		const char *word = c->words[i];

		if (word[0] != '-') {
			run_file(c, word);
			return;
		}
		if (!strcmp(word, "-")) {
			act_interactive(c);
			return;
		}
		if (text_is_word(text_options, word) || strlen(word) > 2) {
			run_inline(c);
			return;
		}
		command_doubt(c, "opaque");
	}
	act_interactive(c);
}

/* awk: a program on the line can run others and write files; only plain printing is understood. */
static void act_awk(struct command *c)
{
	if (option_has(c, "f")) {
		run_file(c, option_value(c, "f"));
		return;
	}
	run_inline(c);
	for (size_t i = 1; i < c->operand_count; i++)
		if (!strchr(c->operands[i], '='))
			path_read(c, c->operands[i]);
}

/* A line, the last one, or /text/ without anything special in it. Behind it, or NULL. */
static const char *skip_address(const char *at)
{
	const char *end;

	if (*at != '/')
		return at + strspn(at, "0123456789$~+");
	end = strchr(at + 1, '/');
	return end ? end + 1 + strspn(end + 1, "I") : NULL;
}

/*
 * One command of sed that prints, deletes or replaces. Others run programs, read or write files (e,
 * w, W, r, R, s///e, s///w), or are not understood.
 */
static bool is_plain_sed(const char *script)
{
	const char *at = script + strspn(script, " ");
	int parts = 0;
	char edge;

	if (strpbrk(script, "\\[\n") || !(at = skip_address(at)))
		return false;
	if (*at == ',' && !(at = skip_address(at + 1)))
		return false;
	at += strspn(at, " !");
	if (*at && strchr("pdqQ=lnNDPgGhHxz", *at))
		return !at[1] || (*at == 'q' && strspn(at + 1, " 0123456789") == strlen(at + 1));
	if (*at != 's' || !(edge = at[1]))
		return false;
	for (at += 2; *at && parts < 2; at++)
		parts += *at == edge;
	return parts == 2 && strspn(at, "gpiI0123456789") == strlen(at);
}

static void take_sed(struct command *c, const char *script)
{
	if (is_plain_sed(script))
		return;
	if (strchr(script, 'e'))
		impact_runs(c, script);
	command_doubt(c, "opaque");
}

static void act_sed(struct command *c)
{
	bool is_in_place = option_has(c, "i"), has_script = false;
	size_t first = 0;

	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].name[0] == 'e' && c->given[i].value) {
			has_script = true;
			take_sed(c, c->given[i].value);
		}
	if (option_has(c, "f"))
		run_file(c, option_value(c, "f"));
	if (!has_script && !option_has(c, "f")) {
		if (!c->operand_count)
			command_doubt(c, "opaque");
		else
			take_sed(c, c->operands[first++]);
	}
	for (size_t i = first; i < c->operand_count; i++)
		if (is_in_place)
			path_impact(c, "write", c->operands[i], "one");
		else
			path_read(c, c->operands[i]);
}

/* An editor or a pager runs whatever its user types. */
static void act_editor(struct command *c)
{
	bool is_pager = text_is_word("less more most pg man info view", c->program);

	for (size_t i = 0; i < c->operand_count; i++)
		path_impact(c, is_pager ? "read" : "write", c->operands[i], "one");
	act_interactive(c);
}

static void act_printf(struct command *c)
{
	if (c->count > 1 && c->words[1][0] == '-' && strcmp(c->words[1], "--") != 0)
		command_doubt(c, "opaque");
}

/* bash looks into the names of variables that -v is given. */
static void act_test(struct command *c)
{
	for (size_t i = 1; i < c->count; i++)
		if (text_is_word("-v -R", c->words[i]))
			command_doubt(c, "dynamic");
}

static void act_known_builtin(struct command *c)
{
	if (!c->is_shell)
		command_doubt(c, "opaque");
	if (c->count > 1 && !strcmp(c->program, "ulimit"))
		command_doubt(c, "dynamic");
}

const struct program command_shell_programs[] = {
	{"bash sh dash ash zsh fish csh tcsh ksh mksh rbash", "", STYLE_RAW, act_shell},
	{"eval source . trap cd export set unset alias unalias declare typeset local let read "
	 "mapfile "
	 "readarray hash enable shopt bind complete compgen compopt fc history jobs bg fg wait "
	 "pushd popd dirs umask getopts readonly shift times caller logout suspend return break "
	 "continue exit",
		"", STYLE_RAW, act_builtin_only},
	{"type : ulimit", "", STYLE_RAW, act_known_builtin},
	{"printf", "", STYLE_RAW, act_printf},
	{"test [", "", STYLE_RAW, act_test},
	{"python# pypy# perl# ruby# irb node nodejs deno bun lua# luajit php# tclsh# wish# expect "
	 "guile# "
	 "scala groovy jshell java julia R Rscript octave# erl elixir iex ghci ocaml emacs# gdb dc "
	 "bc "
	 "osascript pwsh powershell",
		"", STYLE_RAW, act_interpreter},
	{"awk gawk mawk nawk original-awk",
		"F,field-separator: v,assign: f,file: e,source:% i,include:% l,load:%", STYLE_STOP,
		act_awk},
	{"sed",
		"n,quiet,silent e,expression: f,file: E,r,regexp-extended i,in-place? s,separate "
		"u,unbuffered "
		"z,null-data sandbox posix follow-symlinks l,line-length: debug",
		0, act_sed},
	{"vi vim vim.basic vim.tiny vim.nox nvim view vimdiff ex ed red nano rnano pico joe mcedit "
	 "emacsclient "
	 "less more most pg man info",
		"P,pager:! c,cmd:% S:% u:% R n N i r f F K k a e s w", 0, act_editor},
	{NULL, NULL, 0, NULL},
};
