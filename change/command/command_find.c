#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

/* Words of find's expression: how many values each takes. What is not here is not understood. */
static const char find_tests[] =
	" -true -false -empty -executable -readable -writable -nouser -nogroup -daystart -depth -d "
	"-mount -xdev -noleaf -follow -warn -nowarn -ignore_readdir_race -noignore_readdir_race "
	"-print -print0 -ls -prune -quit ! -not -a -and -o -or ( ) , ";
static const char find_valued[] =
	" -name -iname -path -ipath -wholename -iwholename -regex -iregex -regextype -type -xtype "
	"-lname -ilname -size -mtime -mmin -atime -amin -ctime -cmin -newer -anewer -cnewer -perm "
	"-user -group -uid -gid -inum -links -samefile -maxdepth -mindepth -used -fstype -context "
	"-printf ";

static bool is_start(const char *word)
{
	return word[0] != '-' && strcmp(word, "!") != 0 && strcmp(word, "(") != 0 &&
	       strcmp(word, ")") != 0 && strcmp(word, ",") != 0;
}

struct walk {
	struct command *command;
	size_t at;
	char **starts;
	size_t start_count;
};

static void impact_starts(struct walk *w, const char *verb)
{
	for (size_t i = 0; i < w->start_count; i++) {
		path_impact(w->command, verb, w->starts[i], "recursive");
	}
}

/* -exec COMMAND ; or + : "{}" becomes each path from where find begins. */
static size_t take_exec(struct walk *w, bool is_in_folder)
{
	struct command *c = w->command;
	struct arena *arena = &c->analysis->arena;
	struct command_inner inner = {.cwd = is_in_folder ? NULL : c->cwd, .is_found = true};
	size_t end = w->at + 1, capacity = 0;
	char **words = NULL;

	while (end < c->count && strcmp(c->words[end], ";") != 0 &&
		!(!strcmp(c->words[end], "+") && !strcmp(c->words[end - 1], "{}")))
		end++;
	if (end >= c->count)
		command_doubt(c, "opaque");
	for (size_t i = w->at + 1; i < end; i++) {
		bool is_path = !strcmp(c->words[i], "{}");

		if (strstr(c->words[i], "{}") && (!is_path || i == w->at + 1))
			inner.doubt = "dynamic";
		for (size_t j = 0; j < (is_path && i > w->at + 1 ? w->start_count : 1); j++) {
			words = arena_grow(arena, words, inner.count, &capacity, sizeof(char *));
			words[inner.count++] =
				is_path && i > w->at + 1 ? w->starts[j] : c->words[i];
		}
	}
	words = arena_grow(arena, words, inner.count, &capacity, sizeof(char *));
	words[inner.count] = NULL;
	inner.words = words;
	command_start(c, &inner);
	return end + 1 - w->at;
}

/* How many words the one at w->at takes with its values. */
static size_t take_word(struct walk *w)
{
	struct command *c = w->command;
	const char *word = c->words[w->at];
	const char *value = w->at + 1 < c->count ? c->words[w->at + 1] : NULL;

	if (text_is_word(find_tests, word))
		return 1;
	if (text_is_word("-exec -ok", word))
		return take_exec(w, false);
	if (text_is_word("-execdir -okdir", word))
		return take_exec(w, true);
	if (!strcmp(word, "-delete")) {
		impact_starts(w, "delete");
		return 1;
	}
	if (text_is_word("-fprint -fprint0 -fls -fprintf", word) && value) {
		path_impact(c, "write", value, "one");
		return !strcmp(word, "-fprintf") ? 3 : 2;
	}
	if (value && (text_is_word(find_valued, word) || text_starts_with(word, "-newer")))
		return 2;
	command_doubt(c, "opaque");
	return 1;
}

static void act_find(struct command *c)
{
	static char here[] = ".";
	static char *here_alone[] = {here, NULL};
	struct walk w = {.command = c, .at = 1, .starts = here_alone, .start_count = 1};

	while (w.at < c->count && text_is_word("-H -L -P -O0 -O1 -O2 -O3", c->words[w.at]))
		w.at++;
	if (w.at < c->count && is_start(c->words[w.at])) {
		w.starts = c->words + w.at;
		for (w.start_count = 0; w.at < c->count && is_start(c->words[w.at]); w.at++)
			w.start_count++;
	}
	impact_starts(&w, "list");
	while (w.at < c->count)
		w.at += take_word(&w);
}

/* What it appends comes from elsewhere, and may be an option as well as a path. */
static void act_xargs(struct command *c)
{
	struct command_inner inner = {.words = c->operands,
		.count = c->operand_count,
		.cwd = c->cwd,
		.is_found = true,
		.doubt = "dynamic"};
	char **words = arena_alloc(&c->analysis->arena, (c->operand_count + 2) * sizeof(char *));
	const char *place = option_has(c, "I")	 ? option_value(c, "I")
			    : option_has(c, "i") ? "{}"
						 : NULL;

	if (!c->operand_count)
		return;
	for (size_t i = 0; i < c->operand_count; i++)
		words[i] = place && i && !strcmp(c->operands[i], place) ? command_unknown
									: c->operands[i];
	if (!place)
		words[inner.count++] = command_unknown;
	inner.words = words;
	command_start(c, &inner);
}

static void act_fd(struct command *c)
{
	impact_add(c, "list", "path", c->cwd, "recursive");
	if (option_has(c, "x"))
		impact_runs(c, "--exec");
}

const struct program command_find_programs[] = {
	{"find", "", STYLE_RAW, act_find},
	{"xargs",
		"0,null a,arg-file:< d,delimiter: E: e,eof? I: i,replace? L,max-lines: l? "
		"n,max-args: "
		"P,max-procs: p,interactive r,no-run-if-empty s,max-chars: t,verbose x,exit "
		"o,open-tty "
		"process-slot-var: show-limits",
		STYLE_STOP, act_xargs},
	{"fd fdfind",
		"x,exec% X,exec-batch% t,type: e,extension: H,hidden I,no-ignore d,max-depth: "
		"g,glob",
		0, act_fd},
	{NULL, NULL, 0, NULL},
};
