/*
 * Inside the analysis: one simple command on its way, what its program's row says, and what every
 * family of programs uses to say what it does. A family is a file with a table of programs.
 */
#ifndef RB_CHANGE_COMMAND_COMMAND_ROOMS_H
#define RB_CHANGE_COMMAND_COMMAND_ROOMS_H

#include "change/command/command.h"

#include <stdint.h>

struct analysis {
	struct arena arena;
	const struct command_input *input;
	json_t *commands; /* what is answered */
	size_t count;
	bool is_cut; /* more commands than are looked at */
};

/* An option as it was given, under the first of its names. */
struct given {
	const char *name; /* length `name_length`, in the row's text */
	size_t name_length;
	const char *value; /* NULL: none */
	const char *word;  /* as written */
};

struct command {
	struct analysis *analysis;
	const struct command *outer; /* what starts it, or NULL */
	const struct program *row;   /* NULL: not known */
	const char *program, *path;
	int is_trusted;
	char **words; /* words[0] names the program; NULL-ended */
	size_t count;
	const char *cwd; /* NULL: not known */
	bool is_found;	 /* find puts its paths in: the objects are where it begins */
	bool is_shell;	 /* a shell runs it: builtins count */
	struct given *given;
	size_t given_count, given_capacity;
	char **operands;
	size_t operand_count, operand_capacity;
	json_t *impacts, *runs, *environment;
	enum command_proof proof;
	const char *reason;
};

/*
 * A program. `options` are rows parted by blanks: names joined by commas, the first one counts; a
 * letter is -x, more are --xyz; then how it takes a value and what it means:
 *   :  a value     ?  a value only when joined to it
 *   !  runs a program (its value)      >  writes the file (its value)
 *   <  reads the file                  %  known, but what it does is not analysed: unproved
 */
struct program {
	const char *
		names; /* blanks between; # at the end stands for digits and dots, * for anything */
	const char *options;
	unsigned style;
	void (*act)(struct command *command);
};

enum program_style {
	STYLE_STOP = 1,	      /* options end before the first operand */
	STYLE_ONE_DASH = 2,   /* long options have one dash (two as well) */
	STYLE_FIRST_BARE = 4, /* the first word may be letters of options without a dash */
	STYLE_NUMBER = 8,     /* -5 is the option "#" */
	STYLE_RAW = 16,	      /* `act` reads the words itself */
};

/* command.c */
extern char command_unknown[]; /* the operand, by its address, that nobody knows */
const struct program *command_find_program(const char *name);
/* Another command that `outer` starts. `words` live in the arena. */
struct command_inner {
	char **words;
	size_t count;
	const char *cwd; /* NULL: not known */
	bool is_found, is_shell;
	const char *doubt;  /* NULL, or why it can't be proved whatever it is */
	char **environment; /* "NAME=value" set for it */
	size_t environment_count;
};
void command_start(struct command *outer, const struct command_inner *inner);
/* As command_start, of a shell's line; what is no simple command is a doubt "dynamic". */
void command_start_line(struct command *outer, const char *line, const struct command_inner *like);
/* Notes a variable that is set for it or for what it starts. */
void command_note_variable(struct command *command, const char *assignment, bool is_explicit);
/* It can't be proved. The first reason stays. */
void command_doubt(struct command *command, const char *reason);
/* Looks up, parses and acts on `words` as if another program had been named (busybox rm ...). */
void command_become(struct command *command, const char *name);

/* command_option.c */
void option_parse(struct command *command);
bool option_has(const struct command *command, const char *name);
const char *option_value(const struct command *command, const char *name); /* last one; or NULL */
bool text_is_word(const char *list, const char *word);			   /* "a b c" has "b" */
char *text_lower(struct arena *arena, const char *text);

/* command_impact.c */
/* `object` NULL: "". Verbs that read make it shared and a proved read. */
json_t *impact_add(struct command *command, const char *verb, const char *kind, const char *object,
	const char *scope);
void impact_flag(json_t *impact, const char *flag);
bool impact_has_flag(const json_t *impact, const char *flag);
void impact_number(json_t *impact, const char *field, int64_t number);
void impact_rows(json_t *impact, int64_t rows);
/* It looks only, whatever its verb says; or it is not proved. */
void impact_is_read(json_t *impact);
void impact_is_unproved(struct command *command, json_t *impact, const char *reason);
/* An option or text that runs a program: noted in `runs`, and a doubt. */
void impact_runs(struct command *command, const char *word);

/* command_path.c */
/* Without ".", ".." and doubled slashes, from the command's folder. Relative when that is not
 * known. */
char *path_resolve(const struct command *command, const char *path);
const char *path_base(const char *path);
bool path_is_device(const char *path);
bool path_is_below(const char *path, const char *folder); /* or it itself */
/* What a verb does to a path, with all flags that follow from its name. NULL: nothing to say. */
json_t *path_impact(struct command *command, const char *verb, const char *path, const char *scope);
void path_read(struct command *command, const char *path);
/* It and all below it. */
void path_read_all(struct command *command, const char *path);
bool path_is_bound(const struct command *command, const char *path);
bool path_is_url(const char *text);

/* What many rows do: nothing; operands are read, listed, written; a console. */
void act_nothing(struct command *command);
void act_read(struct command *command);
void act_list(struct command *command);
void act_interactive(struct command *command);
void act_unproved(struct command *command);

/* Statements of SQL: command_sql.c. `server` is what stands before the slash of an object. */
enum sql_dialect { SQL_MYSQL, SQL_POSTGRES, SQL_SQLITE };
void sql_analyse(struct command *command, const char *text, enum sql_dialect dialect,
	const char *server, const char *schema);

extern const struct program command_wrap_programs[], command_find_programs[],
	command_shell_programs[], command_look_programs[], command_files_programs[],
	command_system_programs[], command_disk_programs[], command_net_programs[],
	command_kube_programs[], command_container_programs[], command_db_programs[],
	command_package_programs[];

#endif
