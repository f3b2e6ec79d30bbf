/*
 * The kit of the command line: verbs as tables (help, completion and checks come from them),
 * an HTTP client for the daemon, tables for people, JSON for programs, stable exit codes.
 */
#ifndef RB_CLI_CLI_H
#define RB_CLI_CLI_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli;

struct cli_flag {
	const char *name;  /* "reason" for --reason */
	const char *value; /* "TEXT" in help; NULL = a switch without a value */
	bool required;
	bool repeated;
	const char *help;
};

#define CLI_FLAGS_MAX 32

struct cli_verb {
	const char *noun; /* "plan"; NULL for a verb of its own ("run") */
	const char *verb;
	const char *args;		      /* "NAME [PARAM=VALUE ...]" */
	int min_args, max_args;		      /* max -1 = any */
	const char *summary;		      /* one line */
	const char *help;		      /* more, may be NULL */
	struct cli_flag flags[CLI_FLAGS_MAX]; /* ended by a NULL name */
	int (*run)(struct cli *cli, struct error *err);
};

struct cli_verbs {
	const struct cli_verb *verbs;
	size_t count;
};

/* Below the verbs on a noun's page of help: where to read on. */
struct cli_note {
	const char *noun;
	const char *text;
};

/*
 * For completion: what the argument `place` ("NAME") of verbs of `noun` stands for. The noun NULL
 * means verbs of their own, "--person" the value of that flag. A verb `add` names what is not
 * there yet, and is left out.
 */
struct cli_names {
	const char *noun, *place;
	const char *path;   /* answers an array, or an object with one */
	const char *member; /* of each row: the word */
	const char *about;  /* of each row: what is shown beside it; may be NULL */
};

struct cli_program {
	const char *name; /* "redbutton" */
	const char *summary;
	const struct cli_verbs *groups; /* one a feature */
	size_t group_count;
	const struct cli_note *notes; /* may be NULL */
	size_t note_count;
	const struct cli_names *names; /* may be NULL */
	size_t name_count;
	const char *const *pages; /* of the manual, "redbuttond 8": what its own names to read on */
	size_t page_count;
};

/* Parses, runs, prints an error if any (to stderr; as JSON with --json). Returns the exit code. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* What the verb was given. */
int cli_arg_count(const struct cli *cli);
const char *cli_arg(const struct cli *cli, int position); /* NULL past the end */
const char *cli_flag(
	const struct cli *cli, const char *name); /* NULL when not given; "" for a switch */
const char *cli_flag_at(
	const struct cli *cli, const char *name, size_t position); /* of a repeated flag */
bool cli_is_json(const struct cli *cli);
bool cli_is_terminal(const struct cli *cli); /* colours and live views are allowed */
struct arena *cli_arena(struct cli *cli);
FILE *cli_out(struct cli *cli);
/* "k=v" arguments from `first` on, as an object of texts. */
int cli_params(struct cli *cli, int first, json_t **ret, struct error *err);

/* --- the daemon: --url / RB_URL, else the unix socket --socket / RB_SOCKET /
 * /run/redbutton/redbutton.sock; --token-file / RB_TOKEN --- */

struct cli_request {
	const char *method;
	const char *path;   /* already escaped: cli_path */
	const json_t *body; /* NULL = none */
	const char *raw_body, *raw_type;
	size_t raw_length;
	const char *if_match; /* "v7", NULL = none */
	bool accepts_503;     /* an answer with 503 is an answer: /readyz */
	const char *accept;
};
/* *ret is the parsed answer (in the arena), NULL for 204. A problem+json becomes err with its code.
 */
int cli_call(struct cli *cli, const struct cli_request *request, json_t **ret, struct error *err);
int cli_get(struct cli *cli, const char *path, json_t **ret, struct error *err);
int cli_post(
	struct cli *cli, const char *path, const json_t *body, json_t **ret, struct error *err);
/* Each line of a long answer as it comes; `line` returns false to end it. */
int cli_stream(struct cli *cli, const char *path, bool (*line)(void *arg, const char *line),
	void *arg, struct error *err);
/* printf with every %s percent-escaped as one path segment or query value. */
char *cli_path(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The ETag of the last answer ("v7"), or NULL. */
const char *cli_etag(const struct cli *cli);

/* --- printing --- */

/* With --json prints the whole value; otherwise a table of the array's objects, columns
 * "title=member" (members may be paths "a.b"), aligned by display width. */
void cli_print_table(struct cli *cli, const json_t *rows, const char *const *columns);
/* --json: the value; otherwise "label: text" lines for each "label=member". */
void cli_print_fields(struct cli *cli, const json_t *object, const char *const *fields);
void cli_print_json(struct cli *cli, const json_t *value);
void cli_say(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* not with --json */
/* One line of prose behind its label, folded on a terminal so that it hangs there; not with --json.
 */
void cli_say_label(struct cli *cli, const char *label, const char *text);
/* A text member, made visible; "" when absent. */
const char *cli_member(struct cli *cli, const json_t *object, const char *path);
/* Asks on the terminal; ERROR_USAGE naming --yes when there is none. */
int cli_confirm(struct cli *cli, const char *question, struct error *err);
/* What the program ends with when the verb went well; 0 unless set. */
void cli_end_with(struct cli *cli, int exit_code);
/* A whole file, into the arena with a NUL behind it. ERROR_USAGE names the file. ret_length may be
 * NULL. */
int cli_read_file(struct cli *cli, const char *path, size_t max_bytes, const char **ret,
	size_t *ret_length, struct error *err);
/* The same for a text: without NUL bytes inside. */
int cli_read_text(
	struct cli *cli, const char *path, size_t max_bytes, const char **ret, struct error *err);
/* Execs another program of ours that lies beside this one. */
int cli_exec_beside(
	struct cli *cli, const char *program, const char *const *argv, struct error *err);

#endif
