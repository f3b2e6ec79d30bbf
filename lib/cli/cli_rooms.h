/* Between the files of lib/cli. Nobody else includes this, but its tests. */
#ifndef RB_CLI_CLI_ROOMS_H
#define RB_CLI_CLI_ROOMS_H

#include "lib/cli/cli.h"

#include <stdarg.h>

#define CLI_FLAG_VALUES_MAX 128
#define CLI_WORDS_MAX	    512
#define CLI_SOCKET	    "/run/redbutton/redbutton.sock"

enum cli_mode { CLI_RUN, CLI_HELP, CLI_VERSION, CLI_SHELL, CLI_COMPLETE, CLI_MANUAL };

struct cli_flag_value {
	const struct cli_flag *flag;
	const char *value;
};

struct cli {
	const struct cli_program *program;
	struct arena arena;
	FILE *out, *errors;
	bool is_json;
	bool is_terminal;
	int width;	 /* of the terminal's line; 0 = nothing is folded */
	bool has_result; /* a verb printed one, or took the stream for it */
	enum cli_mode mode;
	const struct cli_verb *verb; /* of CLI_HELP: may be NULL */
	const char *noun;	     /* of CLI_HELP: may be NULL */
	const char *words[CLI_WORDS_MAX];
	int word_count;
	struct cli_flag_value values[CLI_FLAG_VALUES_MAX];
	size_t value_count;
	struct cli_client *client; /* NULL until the first call */
	char *etag;		   /* in the arena */
	int exit_code;		   /* of a verb that went well */
	json_t *problem;	   /* what the daemon answered, in the arena */
};

/* Flags of every verb, ended by a NULL name. */
extern const struct cli_flag cli_common_flags[];

/* As cli_main, on other streams. */
int cli_run(const struct cli_program *program, int argc, char **argv, FILE *out, FILE *errors,
	bool is_terminal);

/* --- parse.c --- */

int parse_command_line(struct cli *cli, int argc, char **argv, struct error *err);
/* `noun` NULL finds verbs of their own. */
const struct cli_verb *parse_find_verb(
	const struct cli_program *program, const char *noun, const char *verb);
bool parse_is_noun(const struct cli_program *program, const char *noun);
/* Calls `each` for every verb, in the order of the tables. */
void parse_each_verb(const struct cli_program *program,
	void (*each)(void *arg, const struct cli_verb *verb), void *arg);
/* "redbutton plan add FILE" */
char *parse_usage(
	struct arena *arena, const struct cli_program *program, const struct cli_verb *verb);

/* The flag of that name (length bytes) of `verb` (may be NULL), or of every verb; NULL = none. */
const struct cli_flag *parse_find_flag(
	const struct cli_verb *verb, const char *name, size_t length);

/* --- help.c, manual.c, shell.c, completion.c --- */

void help_print(struct cli *cli);
/* The page of section 1. */
void manual_print(struct cli *cli);
/* What "bash", "zsh" or "fish" must know to ask for completions. */
int shell_print(struct cli *cli, const char *shell, struct error *err);
/*
 * What may stand where the last of cli->words stands: lines "word TAB what it is", or
 * CLI_COMPLETE_FILES where a file's name may. Asks the daemon for names, and says nothing when it
 * does not answer at once.
 */
#define CLI_COMPLETE_FILES ":files"
void completion_print(struct cli *cli);

/* --- client.c --- */

void client_free(struct cli_client *client);

/* --- path.c --- */

char *path_format(struct arena *arena, const char *format, va_list args);

/* --- fold.c --- */

/* Columns of the terminal that `out` is; 0 when it is none, or too narrow to fold for. */
int fold_width(FILE *out);
/* Appends a line that begins at `column`, broken between words and wide characters where it would
 * pass `width`; what follows is indented. A word that is longer stays whole. `text` is visible
 * already and has no newline. */
void fold_add(struct buf *out, const char *text, int column, int indent, int width);

/* --- print.c --- */

/* The value at "a.b", or NULL. */
const json_t *print_find(const json_t *object, const char *path);
/* Any value as one text, made visible. */
char *print_text(struct arena *arena, const json_t *value);
void print_error(struct cli *cli, const struct error *err);

#endif
